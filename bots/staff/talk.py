"""One turn of a conversation with a colleague: who asks, in which language, what was shown, and the verbs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from bots.language.moments import tell_moment, tell_month, tell_time
from bots.language.pack import FALLBACK, LanguagePack
from bots.staff.memory import Memory, Pending
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.blobs import Blobs
from hub.ports.bot import Text
from hub.ports.verbs import Verbs

Translate = Callable[[str, str], str]
"""(sentence, language) to the sentence in it."""


def as_it_is(sentence: str, language: str) -> str:
    """Where nobody translates."""
    return sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`now` is the clock's, `at` when the colleague wrote. `key` is the id under which a confirmed command happens at
    most once; `repeated` tells that it may have been begun before."""

    actor: Actor
    verbs: Verbs
    memory: Memory
    pack: LanguagePack
    packs: Mapping[str, LanguagePack]
    zone: tzinfo
    now: datetime
    at: datetime
    key: str
    blobs: Blobs
    repeated: bool = False
    translate: Translate = as_it_is
    exact: bool = True
    """False where a misspelt command word was read as another."""

    async def files(self) -> list[FileData]:
        """The files last sent to the bot: "this". Raises BlobMissing, StoreUnavailable."""
        return [
            FileData(name=file.name, type=file.type, data=await self.blobs.get(file.sha256))
            for file in self.memory.files
        ]

    def say(self, key: str, **fields: object) -> str:
        """The sentence in the language of this turn; in the fallback language where the pack lacks it."""
        sentence = self.pack.sentence(key, **fields)
        if sentence is None:
            sentence = self.packs[FALLBACK].sentence(key, **fields)
        return key if sentence is None else sentence

    def told(self, sentence: str) -> str:
        """A sentence of the hub in the language of this turn, where it is one that is known."""
        return self.translate(sentence, self.pack.code)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence of that key."""
        return key in self.pack.wording or key in self.packs[FALLBACK].wording

    def text(self, key: str, **fields: object) -> Text:
        """A paragraph."""
        return Text(text=self.say(key, **fields))

    def quote(self, text: str) -> str:
        """In the language's quotation marks."""
        return str(self.pack.formats["quote"]).format(text=text)

    def quote_sentence(self, text: str) -> str:
        """As `quote`, and a full stop after it unless the text ends a sentence itself."""
        return self.quote(text) + ("" if text.endswith((".", "!", "?", "…")) else ".")

    def number(self, value: int) -> str:
        """With the language's thousands separator."""
        return self.pack.number(value)

    def moment(self, moment: datetime) -> str:
        """Date and time, relative only within today."""
        return tell_moment(moment, self.now, self.pack, self.zone)

    def time(self, moment: datetime) -> str:
        """Time of day."""
        return tell_time(moment, self.pack, self.zone)

    def month(self, moment: datetime) -> str:
        """Month and year."""
        return tell_month(moment, self.pack, self.zone)

    def headings(self, key: str) -> tuple[str, ...]:
        """The headings of a table."""
        return tuple(self.say(key).split("|"))

    def begun(self, pending: Pending, *, repeated: bool) -> "Talk":
        """This turn while it carries out a confirmed command: under the id, and since the time, of the turn that
        confirmed it first."""
        return replace(self, key=pending.turn, at=datetime.fromisoformat(pending.since), repeated=repeated)
