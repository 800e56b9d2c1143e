"""What somebody may have meant: words with typing errors, mended by names that they see."""

from collections.abc import Sequence

from hub.domain.folding import fold
from hub.domain.people import Actor
from hub.ports.kinds import CONTACTS
from hub.ports.store import Store
from hub.services.matching import alike
from hub.services.rows import Rows
from hub.services.search.resolving import Resolvers

MOST_MENDED, SHORTEST, NAMES = 6, 3, 30
ALIKE = 66
"""How alike a word must be to one of a name. Less than what finds by itself: here somebody is asked."""


class Meaning:
    """Proposes; whether the proposal finds anything is the caller's to see."""

    def __init__(self, store: Store, rows: Rows, resolvers: Resolvers) -> None:
        self._search, self._contacts = store.search, store.documents(CONTACTS)
        self._rows, self._resolvers = rows, resolvers

    async def propose(self, actor: Actor, words: str) -> str:
        """The words with those mended that can be; '' where none can."""
        typed = words.split()
        mended = [await self._mend(actor, word) if place < MOST_MENDED else word for place, word in enumerate(typed)]
        return " ".join(mended) if mended != typed else ""

    async def _mend(self, actor: Actor, word: str) -> str:
        folded = fold(word)
        if len(folded) < SHORTEST or not folded.isalpha():
            return word
        best, mended = float(ALIKE), word
        for name in await self._names(actor, word):
            score = alike(folded, fold(name))
            if score == 100:
                return word
            if score >= best:
                best, mended = score, name
        return mended

    async def _names(self, actor: Actor, word: str) -> list[str]:
        """Words of names like this one, of what the actor sees; the likest last, so that it wins among equals."""
        ids = await self._search.suggest(word, limit=NAMES)
        people = await self._contacts.get_many([id for id in ids if id.startswith("c_")])
        things = await self._resolvers.resolve([id for id in ids if not id.startswith("c_")])
        seen = await self._rows.visible(actor, [*people, *(one.contact_id for one in things.values())])
        texts = {id: f"{one.name} {one.organisation}" for id, one in people.items() if id in seen}
        texts |= {id: one.title for id, one in things.items() if one.contact_id is None or one.contact_id in seen}
        return [part for id in reversed(ids) if id in texts for part in _parts(texts[id])]


def _parts(text: str) -> Sequence[str]:
    """The words as they are written, without what stands around them and without the ending of a file."""
    return [part for part in text.replace("_", " ").replace(".", " ").replace("-", " ").split() if part.isalpha()]
