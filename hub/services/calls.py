"""The telephone rings: the right colleague is told at once who it is and what is open. Algorithm:

1. Whom: the colleague whose line rings (the channel's `lines`), else the contact's owner, else everybody who can be
   reached. Each is told once for a call, however many telephones ring.
2. What: who calls, what they wait for, what is open, the next appointment. Each part only to colleagues who may see the
   contact and have the right; what cannot be read within half a second is left out, because the name is what counts.
3. How: straight through the colleague's chat (StaffLine), beside the outbox: news of a ringing telephone is worthless a
   minute later, so it is tried once on each of their links and never repeated. Missed calls are told durably: those of
   a number as any new message (hub/services/notices.py), those of hidden numbers from here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog

from hub.domain.address import Address
from hub.domain.appointment import Occurrence
from hub.domain.contact import Contact, identity_id
from hub.domain.conversation import Conversation
from hub.domain.errors import FernamtError
from hub.domain.folding import fold
from hub.domain.ids import UserId, derived_id
from hub.domain.ledger import AccountSummary
from hub.domain.people import Actor, Right, User
from hub.domain.signal import Signal, SignalKind
from hub.ports.account_verbs import AccountVerbs
from hub.ports.calendar_verbs import CalendarVerbs
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts, LinkState, StaffLine
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.ledger.statement import tell_amount
from hub.services.merged import find_survivor
from hub.services.rows import Rows
from hub.services.staff import Staff
from hub.services.wording import one_line, say

log = structlog.get_logger()
T = TypeVar("T")
DETAIL_SECONDS = 0.5
SAY_SECONDS = 5.0
AT_ONCE = 50
"""Calls that ring at the same time; what is more is not told."""
REMEMBERED = 2_000
LOOK_BACK = 20
MEMBERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What is known of who calls. Without `contact`: an unknown or hidden number."""

    contact: Contact | None = None
    waiting: tuple[Conversation, ...] = ()
    account: AccountSummary | None = None
    appointment: Occurrence | None = None


@dataclass(slots=True)
class _Told:
    """Who was told of which call; bounded."""

    seen: OrderedDict[tuple[str, str, str], None] = field(default_factory=OrderedDict)

    def first(self, account: str, call: str, user: UserId) -> bool:
        """True the first time."""
        key = (account, call, user)
        if key in self.seen:
            return False
        self.seen[key] = None
        while len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)
        return True


class Calls:
    """See the module's text. `listen` is for Happenings."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        channels: Accounts,
        staff: Staff,
        rows: Rows,
        alerts: Alerts,
        accounts: AccountVerbs,
        calendar: CalendarVerbs,
        time_zone: str,
    ) -> None:
        self._identities, self._contacts = store.documents(IDENTITIES), store.documents(CONTACTS)
        self._conversations = store.documents(CONVERSATIONS)
        self._clock, self._channels, self._staff, self._rows = clock, channels, staff, rows
        self._alerts, self._accounts, self._calendar, self._zone = alerts, accounts, calendar, time_zone
        self._told = _Told()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, account: str, signal: Signal) -> None:
        """Begin to tell, and return: the exchange's next line must not wait for a chat server."""
        if signal.kind is SignalKind.MISSED:
            return await self._tell_missed(account, signal)
        if signal.kind is not SignalKind.RINGING:
            return None
        if len(self._tasks) >= AT_ONCE:
            log.warning("ringing_not_told", account=account, code="too-many")
            return None
        task = asyncio.create_task(self._ring(account, signal), name=f"ringing:{account}:{signal.native_id}"[:100])
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("ringing_failed", error=type(error).__name__, exc_info=error)

    async def drain(self) -> None:
        """Wait for what is being told."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    # Whom

    async def _ring(self, account: str, signal: Signal) -> None:
        contact = await self._soon(self._find(signal.address)) if signal.address is not None else None
        users = [
            user
            for user in self._listeners(account, signal.line, contact)
            if self._told.first(account, signal.native_id, user.id)
        ]
        if not users:
            return
        actors = {user.id: self._staff.actor(user, via="system") for user in users}
        caller = await self._describe(contact, [actor for actor in actors.values() if self._may_see(actor, contact)])
        await asyncio.gather(
            *(self._say(user, self._line(signal, actors[user.id], caller), signal.native_id) for user in users)
        )

    def _listeners(self, account: str, line: str, contact: Contact | None) -> list[User]:
        configured = self._channels.get(account)
        lines = dict(configured.lines) if configured is not None else {}
        name = fold(lines.get(line) or lines.get(line.lstrip("+")) or "")
        reached = [user for user in self._staff.all() if user.active and self._staff.links(user.id)]
        owner = contact.owner if contact is not None else None
        for chosen in ([user for user in reached if user.name == name], [user for user in reached if user.id == owner]):
            if chosen:
                return chosen
        return reached

    def _may_see(self, actor: Actor, contact: Contact | None) -> bool:
        return contact is not None and Right.READ_CONTACTS in actor.rights and self._rows.shows(actor, contact)

    # What

    async def _find(self, address: Address) -> Contact | None:
        identity = await self._identities.get(identity_id(address))
        return await find_survivor(self._contacts, identity.contact_id) if identity is not None else None

    async def _describe(self, contact: Contact | None, actors: Sequence[Actor]) -> Caller:
        """Everything that somebody of the actors may see, read once and in parallel."""
        if contact is None or not actors:
            return Caller(contact=contact)
        bookkeeper = next((actor for actor in actors if Right.READ_ACCOUNTS in actor.rights), None)
        planner = next((actor for actor in actors if Right.READ_CALENDARS in actor.rights), None)
        waiting, account, appointment = await asyncio.gather(
            self._soon(self._waiting(contact)),
            self._soon(self._accounts.summary(bookkeeper, contact.id)) if bookkeeper else _nothing(),
            self._soon(self._calendar.next(planner, contact.id)) if planner else _nothing(),
        )
        return Caller(contact=contact, waiting=waiting or (), account=account, appointment=appointment)

    async def _waiting(self, contact: Contact) -> tuple[Conversation, ...]:
        pages = await asyncio.gather(
            *(
                self._conversations.page("by_contact", member, limit=LOOK_BACK, newest_first=True)
                for member in (contact.id, *contact.members)[:MEMBERS]
            )
        )
        found = [one for page in pages for one in page.items if one.waiting_since is not None and not one.deleted]
        return tuple(sorted(found, key=lambda one: (one.waiting_since or one.last_at, one.id)))

    async def _soon(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What it gives within half a second; None for what is late or cannot be read."""
        try:
            async with asyncio.timeout(DETAIL_SECONDS):
                return await work
        except (FernamtError, TimeoutError) as error:
            code = error.code if isinstance(error, FernamtError) else "timeout"
            log.warning("ringing_detail_missing", code=code)
            return None

    def _line(self, signal: Signal, actor: Actor, caller: Caller) -> str:
        language, zone = actor.language, ZoneInfo(actor.time_zone or self._zone)
        number = signal.address.normal if signal.address is not None else ""
        contact = caller.contact
        if not number:
            return say(language, "ringing-hidden")
        if contact is None or not self._may_see(actor, contact):
            return say(language, "ringing-unknown", number=number)
        parts = [say(language, "ringing", name=one_line(contact.name, 60), number=number)]
        if caller.waiting:
            first = caller.waiting[0]
            topic = one_line(first.subject) or one_line(first.last_text) or "…"
            when = _moment(first.waiting_since or first.last_at, zone, self._clock.now())
            parts.append(say(language, "ringing-waiting", count=len(caller.waiting), topic=topic, when=when))
        if caller.account is not None and Right.READ_ACCOUNTS in actor.rights:
            parts.extend(_money(caller.account, language))
        if caller.appointment is not None and Right.READ_CALENDARS in actor.rights:
            when = _moment(caller.appointment.start, zone, self._clock.now())
            title = one_line(caller.appointment.appointment.title, 60)
            parts.append(say(language, "ringing-next", when=when, title=title).rstrip(" :"))
        return "\n".join(parts)

    # How

    async def _say(self, user: User, text: str, call: str) -> None:
        """On the first of the colleague's chats that takes it."""
        stanza_id = derived_id("k", "ringing", call, user.id)
        for address, carrier in self._ways(user.id):
            line: object = self._channels.connector(carrier.name)
            if not isinstance(line, StaffLine):
                continue
            try:
                async with asyncio.timeout(SAY_SECONDS):
                    await line.say(address.normal, text, stanza_id)
                return
            except (FernamtError, TimeoutError) as error:
                code = error.code if isinstance(error, FernamtError) else "timeout"
                log.warning("ringing_not_told", account=carrier.name, code=code)

    def _ways(self, user_id: UserId) -> Iterable[tuple[Address, Account]]:
        up = [
            account
            for account in self._channels.all()
            if account.carries_staff and self._channels.link(account.name)[0] is LinkState.UP
        ]
        for address in self._staff.links(user_id):
            for account in up:
                if account.channel == address.channel:
                    yield address, account
                    break

    async def _tell_missed(self, account: str, signal: Signal) -> None:
        when = signal.at.astimezone(ZoneInfo(self._zone))
        users = [user.id for user in self._listeners(account, signal.line, None)]
        key = f"missed:{account}:{signal.native_id}"
        await self._alerts.tell_all(users, lambda language: say(language, "missed-hidden", when=f"{when:%H:%M}"), key)


async def _nothing() -> None:
    return None


def _moment(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    there = moment.astimezone(zone)
    return f"{there:%H:%M}" if there.date() == now.astimezone(zone).date() else f"{there:%d.%m. %H:%M}"


def _money(account: AccountSummary, language: str) -> list[str]:
    """What is open and, of that, overdue, by currency."""
    late = {one.currency: one.amount for one in account.overdue}
    lines = []
    for one in account.balances:
        if one.amount <= 0:
            continue
        amount = tell_amount(one.amount, one.currency, language)
        if late.get(one.currency, 0) > 0:
            overdue = tell_amount(late[one.currency], one.currency, language)
            lines.append(say(language, "ringing-overdue", amount=amount, overdue=overdue))
        else:
            lines.append(say(language, "ringing-open", amount=amount))
    return lines
