"""A hand-written switchboard for tests of channels: who is a colleague, which contacts they see, what was relayed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable
from hub.domain.views import FileData
from hub.ports.bot import BotReply
from hub.ports.switchboard import MAX_CALLERS, Caller, Relayed


@dataclass(slots=True)
class FakeSwitchboard:
    """`staff` maps native accounts to languages; `seen` lists the contacts that each sees. `answers` are what the bot
    says, one a question; `outcome` is what becomes of words."""

    staff: dict[str, str] = field(default_factory=dict)
    seen: dict[str, list[Caller]] = field(default_factory=dict)
    contacts: set[str] = field(default_factory=set)
    outcome: Relayed = field(default_factory=lambda: Relayed(accepted=True))
    relayed: list[tuple[str, str, str, str, tuple[FileData, ...]]] = field(default_factory=list)
    """(address, contact, text, key, files)"""
    answered: list[str] = field(default_factory=list)
    """Which notice each of the words answered."""
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answers: list[BotReply] = field(default_factory=list)
    error: StoreUnavailable | None = None

    def is_colleague(self, address: Address) -> bool:
        return address.normal in self.staff

    def admits(self, address: Address, text: str) -> bool:
        return self.is_colleague(address) or text.startswith("link ")

    def colleagues(self, channel: str) -> list[Address]:
        return [Address(channel=channel, normal=normal) for normal in self.staff]

    def language(self, address: Address) -> str:
        return self.staff.get(address.normal, "en")

    async def knows(self, address: Address) -> bool:
        self._fail()
        return self.is_colleague(address) or address.normal in self.contacts

    async def callers(self, address: Address, limit: int = MAX_CALLERS) -> list[Caller]:
        self._fail()
        return self.seen.get(address.normal, [])[:limit]

    async def caller(self, address: Address, contact_id: str) -> Caller | None:
        self._fail()
        if not self.is_colleague(address):
            return None
        return next((one for one in self.seen.get(address.normal, []) if one.contact_id == contact_id), None)

    async def relay(
        self,
        address: Address,
        contact_id: str,
        text: str,
        *,
        key: str,
        files: Sequence[FileData] = (),
        answers: str = "",
    ) -> Relayed:
        self._fail()
        self.answered.append(answers)
        if self.outcome.accepted:
            self.relayed.append((address.normal, contact_id, text, key, tuple(files)))
        return self.outcome

    async def take_back(self, address: Address, key: str) -> Relayed:
        self._fail()
        self.taken_back.append(key)
        return self.outcome

    async def note(self, address: Address, contact_id: str, text: str, *, key: str) -> Relayed:
        self._fail()
        self.notes.append((address.normal, contact_id, text))
        return Relayed(accepted=True, sentence="Notiert.")

    async def ask(self, address: Address, text: str) -> BotReply | None:
        self._fail()
        if not self.is_colleague(address):
            return None
        self.asked.append(text)
        return self.answers.pop(0) if self.answers else BotReply(text=f"> {text}", intent="who")

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
