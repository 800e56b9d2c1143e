"""Canned replies: texts with fields, by name."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from hub.domain.desk import CannedReply
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.template import check_fields, fill_fields
from hub.ports.kinds import CANNED_REPLIES
from hub.ports.store import Exists, Store

FIELDS = ("name", "first_name", "company", "user", "number")
MAX_TEXT = 8_000
MAX_NAME = 60
MOST = 500


class Canned:
    """Keeps and fills them."""

    def __init__(self, store: Store) -> None:
        self._replies = store.documents(CANNED_REPLIES)

    async def all(self) -> list[CannedReply]:
        """By name."""
        return (await self._replies.page("by_name", limit=MOST)).items

    async def get(self, name: str) -> CannedReply:
        """Raises NotFound; fields["nearest"] names the likeliest."""
        found = await self._replies.get(fold(name))
        if found is None:
            names = {one.id: one.name for one in await self.all()}
            nearest = [names[id] for id in get_close_matches(fold(name), list(names), n=3, cutoff=0.5)]
            raise NotFound(f'There is no canned reply named "{name[:MAX_NAME]}".', nearest=nearest)
        return found

    async def save(self, reply: CannedReply) -> CannedReply:
        """New where `version` is 0, else by version. Raises Invalid, Conflict."""
        name, text = reply.name.strip(), reply.text.strip()
        if not fold(name) or len(name) > MAX_NAME:
            raise Invalid(f"The name of a canned reply has letters or digits, at most {MAX_NAME}.", field="name")
        if not 1 <= len(text) <= MAX_TEXT:
            raise Invalid(f"A canned reply has 1 to {MAX_TEXT:,} characters.", field="text")
        check_fields(text, FIELDS)
        wanted = CannedReply(id=fold(name), version=1, name=name, language=reply.language, text=text)
        if reply.version == 0:
            if await self._replies.count("by_name", cap=MOST) >= MOST:
                raise Invalid(f"There are {MOST} canned replies; delete one first.", field="name")
            if isinstance(await self._replies.insert(wanted), Exists):
                raise Conflict(f'There is a canned reply named "{name}" already.', field="name")
            return wanted
        if reply.id != wanted.id:
            raise Invalid("The name of a canned reply stays; save it anew and delete the old one.", field="name")
        if not await self._replies.replace(wanted, reply.version):
            raise Conflict("Somebody else changed this canned reply first; load again.")
        return CannedReply(
            id=wanted.id, version=reply.version + 1, name=name, language=wanted.language, text=wanted.text
        )

    async def delete(self, name: str) -> None:
        """Raises NotFound."""
        found = await self.get(name)
        await self._replies.delete(found.id)


def fill(text: str, values: Mapping[str, Callable[[], str]]) -> str:
    """The text with its fields. Raises Invalid."""
    check_fields(text, FIELDS)
    return fill_fields(text, lambda field: values[field]())
