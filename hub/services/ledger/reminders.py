"""Payment reminders that go out: drafted by the rules, sent once, noted at the account."""

from dataclasses import replace
from datetime import date
from typing import Protocol

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.errors import Conflict
from hub.domain.ids import ContactId
from hub.domain.ledger import DunningDraft, LedgerAccount, OpenItem, PaymentReminder, Side
from hub.ports.clock import Clock
from hub.ports.kinds import LEDGER_ACCOUNTS
from hub.ports.store import Store
from hub.services.ledger import dunning
from hub.services.ledger.family import load_family, open_items
from hub.services.ledger.fold import account_id
from hub.services.ledger.stream import Streams

KEPT = 50
TRIES = 20


class Letters(Protocol):
    """What reminders need to reach a contact (hub/services/correspondence.py)."""

    async def find_way(self, contact_id: ContactId) -> tuple[str, Address] | None:
        """(account, address) that a message would take now."""

    async def say(self, contact_id: ContactId, text: str, *, subject: str, key: str) -> object | None:
        """Submit it once for this key; None where the contact cannot be reached."""


class PaymentReminders:
    """Three steps, each once."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        streams: Streams,
        letters: Letters,
        company: str,
        rules: dunning.DunningRules | None = None,
    ) -> None:
        self._lines = store.documents(LEDGER_ACCOUNTS)
        self._clock, self._streams, self._letters = clock, streams, letters
        self._company, self._rules = company, rules or dunning.DunningRules()

    async def draft(self, contact: Contact, today: date) -> DunningDraft:
        """What would go out now, or why nothing would."""
        items: list[OpenItem] = []
        lines: list[LedgerAccount] = []
        for member, account in await load_family(self._streams, contact, Side.RECEIVABLE):
            line = await self._lines.get(account_id(member, Side.RECEIVABLE))
            items += dunning.with_levels(open_items(contact, account, today), line)
            lines += [line] if line else []
        items.sort(key=lambda it: (it.open < 0, it.due or it.date, it.number))
        draft = dunning.draft(contact, items, _joined(lines), self._clock.now(), self._rules, self._company)
        if draft.problem:
            return draft
        way = await self._letters.find_way(contact.id)
        if way is None:
            return replace(draft, problem="no-address")
        local, at, _ = way[1].normal.partition("@")
        return replace(draft, recipient=f"{local}{at}…" if at else way[1].normal, channel=way[1].channel)

    async def send(self, contact: Contact, level: int, today: date) -> DunningDraft:
        """Raises Conflict where it is not what `draft` would propose now. The letter's id follows from level and oldest
        item, so that two who press at once send one."""
        draft = await self.draft(contact, today)
        if draft.problem or draft.level != level:
            raise Conflict("This reminder is not due (any more); look again.", code=draft.problem or "level")
        key = f"dunning:{level}:{draft.items[0].entry_id}"
        if await self._letters.say(contact.id, draft.text, subject=draft.subject, key=key) is None:
            raise Conflict("The contact cannot be reached.", code="no-address")
        numbers: dict[ContactId, list[str]] = {}
        for item in draft.items:
            # The account that owns the invoice keeps what was sent for it.
            numbers.setdefault(ContactId(item.entry_id.partition("/")[0]), []).append(item.number)
        for owner, named in numbers.items():
            sent = PaymentReminder(level=level, at=self._clock.now(), numbers=tuple(named))
            await self.note(owner, reminder=sent)
        return draft

    async def stop(self, contact: Contact, stopped: bool) -> None:
        """On every account of the contact that has anything, and on its own. Raises Conflict."""
        for member in (contact.id, *contact.members):
            known = member == contact.id or await self._lines.get(account_id(member, Side.RECEIVABLE))
            if known:
                await self.note(member, stopped=stopped)

    async def note(
        self, contact_id: ContactId, *, reminder: PaymentReminder | None = None, stopped: bool | None = None
    ) -> None:
        """Keep it at the account. Raises Conflict where others change it all the time."""
        key = account_id(contact_id, Side.RECEIVABLE)
        for _ in range(TRIES):
            line = await self._lines.get(key)
            if line is None:
                await self._streams.summarise(contact_id, Side.RECEIVABLE)
                continue
            reminders = (*line.reminders, reminder)[-KEPT:] if reminder else line.reminders
            changed = replace(line, reminders=reminders, stopped=line.stopped if stopped is None else stopped)
            if await self._lines.replace(changed, line.version):
                return
        raise Conflict("Somebody else changes this account all the time; try again.")


def _joined(lines: list[LedgerAccount]) -> LedgerAccount | None:
    """What holds for all accounts of a contact: every reminder counts, and one stop stops them all."""
    if not lines:
        return None
    reminders = tuple(reminder for line in lines for reminder in line.reminders)
    return replace(lines[0], reminders=reminders, stopped=any(line.stopped for line in lines))
