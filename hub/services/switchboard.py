"""Contacts as entries in a colleague's own contact list: who is in it, and where words written to one of them go.

Implements hub.ports.switchboard.Switchboard over the verbs, so that rights, rows and audit are those of every other
door. What a colleague should look at before sending (another colleague is in charge, recipients mix) is refused once
with the reason; the same words again within two minutes are the confirmation.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog

from hub.domain.address import Address
from hub.domain.contact import Contact, identity_id
from hub.domain.conversation import Conversation, ConversationState
from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound, Refused, StoreUnavailable
from hub.domain.folding import fold
from hub.domain.ids import ContactId, InteractionId, OutboxId, derived_id
from hub.domain.outbox import OutboxItem, Purpose
from hub.domain.people import Actor, Right
from hub.domain.signal import Signal, SignalKind
from hub.domain.views import FileData, UserLine
from hub.ports.bot import BotReply, StaffDoor
from hub.ports.clock import Clock
from hub.ports.connector import Accounts
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES, OUTBOX, PLACEMENTS
from hub.ports.store import Store
from hub.ports.switchboard import MAX_CALLERS, Caller, Relayed, ShowsWriting
from hub.ports.verbs import Verbs
from hub.services.merged import find_survivor
from hub.services.replies import LINK_DOWN, MIXES, ON_SUPPRESSION_LIST, OTHER_ANSWERS, OTHER_OWNS
from hub.services.rows import Rows
from hub.services.turns import LINK_COMMAND
from hub.services.wording import channel_label, say

log = structlog.get_logger()
FindItems = Callable[[str], Awaitable[list[OutboxItem]]]
"""The outbox items of a timeline entry."""
Linked = Callable[[], Sequence[tuple[UserLine, Address]]]
"""Active colleagues with the native accounts that are linked to them."""
CONFIRM_SECONDS = 120.0
MAX_REMEMBERED = 1_000
PAGE = 100
MAX_OWN_PAGES = 20
_WHY = {
    MIXES: "look-mixes",
    OTHER_ANSWERS: "look-other-answers",
    OTHER_OWNS: "look-other-owns",
    ON_SUPPRESSION_LIST: "why-suppressed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Warned:
    """What was refused to be looked at."""

    words: str
    at: float


class Exchange:
    """Implements Switchboard."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        verbs: Verbs,
        door: StaffDoor,
        rows: Rows,
        accounts: Accounts,
        linked: Linked,
        find_items: FindItems,
        time_zone: str,
    ) -> None:
        self._contacts, self._identities = store.documents(CONTACTS), store.documents(IDENTITIES)
        self._conversations, self._placements = store.documents(CONVERSATIONS), store.documents(PLACEMENTS)
        self._items = store.documents(OUTBOX)
        self._clock, self._verbs, self._door = clock, verbs, door
        self._rows, self._linked, self._find_items = rows, linked, find_items
        self._accounts = accounts
        self._zone = ZoneInfo(time_zone)
        self._warned: dict[tuple[str, str], _Warned] = {}
        self._last: dict[str, str] = {}
        """The entry that a colleague relayed last."""

    # Who

    def is_colleague(self, address: Address) -> bool:
        """See Switchboard."""
        return self._user(address) is not None

    def admits(self, address: Address, text: str) -> bool:
        """See Switchboard."""
        return self.is_colleague(address) or LINK_COMMAND.match(text) is not None

    def colleagues(self, channel: str) -> list[Address]:
        """See Switchboard."""
        return [address for _, address in self._linked() if address.channel == channel]

    def language(self, address: Address) -> str:
        """See Switchboard."""
        user = self._user(address)
        return user.language if user is not None else "en"

    async def knows(self, address: Address) -> bool:
        """See Switchboard."""
        return self.is_colleague(address) or await self._identities.get(identity_id(address)) is not None

    def _user(self, address: Address) -> UserLine | None:
        return self._verbs.users.staff_at(address)

    async def _actor(self, address: Address, via: str = "") -> Actor | None:
        user = self._user(address)
        return await self._verbs.users.actor_of(user.id, via or address.channel) if user is not None else None

    # The list

    async def callers(self, address: Address, limit: int = MAX_CALLERS) -> list[Caller]:
        """See Switchboard."""
        actor = await self._actor(address)
        if actor is None:
            return []
        found: dict[str, Caller] = {}
        try:
            await self._add_waiting(actor, found, limit)
            await self._add_own(actor, found, limit)
        except Refused:
            return []
        return list(found.values())

    async def _add_waiting(self, actor: Actor, found: dict[str, Caller], limit: int) -> None:
        after: str | None = None
        while len(found) < limit:
            page = await self._verbs.conversations.inbox(actor, "all", after=after, limit=PAGE)
            ids = [line.conversation.contact_id for line in page.items]
            contacts = await self._contacts.get_many(ids) if ids else {}
            for line in page.items[: limit - len(found)]:
                contact = await self._survivor(contacts.get(line.conversation.contact_id))
                if contact is not None:
                    found.setdefault(contact.id, self._describe(actor, contact, line.conversation))
            after = page.next
            if after is None:
                return

    async def _add_own(self, actor: Actor, found: dict[str, Caller], limit: int) -> None:
        after: str | None = None
        for _ in range(MAX_OWN_PAGES):
            page = await self._verbs.contacts.page(actor, after=after, limit=PAGE)
            for contact in page.items:
                if contact.owner == actor.user_id and contact.id not in found and len(found) < limit:
                    found[contact.id] = self._describe(actor, contact, None)
            after = page.next
            if after is None or len(found) >= limit:
                return

    async def caller(self, address: Address, contact_id: str) -> Caller | None:
        """See Switchboard. Asked at every presence, so no more is read, told or audited than stands in the list."""
        actor = await self._actor(address)
        if actor is None or Right.READ_CONTACTS not in actor.rights:
            return None
        contact = await self._survivor(await self._contacts.get(ContactId(contact_id)))
        if contact is None or not self._rows.shows(actor, contact):
            return None
        page = await self._conversations.page("by_contact", contact.id, limit=10, newest_first=True)
        waiting = [one for one in page.items if one.waiting_since is not None and not one.deleted]
        waiting.sort(key=lambda one: (one.waiting_since or one.last_at, one.id))
        return self._describe(actor, contact, waiting[0] if waiting else None)

    async def _survivor(self, contact: Contact | None) -> Contact | None:
        if contact is None or contact.merged_into is None:
            return contact
        return await find_survivor(self._contacts, contact.id)

    def _describe(self, actor: Actor, contact: Contact, waiting: Conversation | None) -> Caller:
        """`waiting`: the conversation in which they wait longest."""
        status = ""
        if waiting is not None and waiting.waiting_since is not None:
            zone = ZoneInfo(actor.time_zone) if actor.time_zone else self._zone
            when = f"{waiting.waiting_since.astimezone(zone):%d.%m. %H:%M}"
            channel = channel_label(actor.language, waiting.channel)
            status = say(actor.language, "caller-waits", when=when, channel=channel)
        return Caller(
            contact_id=contact.id,
            name=contact.name,
            organisation=contact.organisation,
            city=contact.city,
            waiting=waiting is not None,
            status=status,
        )

    async def _resolve(self, contact_id: str) -> ContactId:
        """Whom an address means now: a merged contact's leads to the survivor."""
        contact = await self._survivor(await self._contacts.get(ContactId(contact_id)))
        return contact.id if contact is not None else ContactId(contact_id)

    # Words

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
        """See Switchboard."""
        actor = await self._actor(address)
        if actor is None:
            return Relayed(accepted=False, forbidden=True)
        try:
            conversation = await self._find_conversation(actor, address, contact_id, answers)
            draft = await self._verbs.conversations.draft(actor, conversation.id)
            known = await self._find_items(_entry_of(actor, key))
            objection = "" if known else self._object(actor, conversation.id, draft.problem, draft.can_send, text)
            if objection:
                return Relayed(accepted=False, sentence=objection)
            receipt = await self._verbs.conversations.reply(actor, conversation.id, text, key=key, files=files)
        except Conflict as error:
            # The key was used in another conversation: the words were accepted before, and came again.
            if "conversation" in error.fields:
                return Relayed(accepted=True)
            return self._refused(actor, error)
        except StoreUnavailable:
            raise
        except FernamtError as error:
            return self._refused(actor, error)
        self._last.pop(actor.id, None)
        self._last[actor.id] = receipt.entry_id
        while len(self._last) > MAX_REMEMBERED:
            del self._last[next(iter(self._last))]
        return Relayed(accepted=True)

    async def _find_conversation(self, actor: Actor, address: Address, contact_id: str, answers: str) -> Conversation:
        """That of the notice which is answered, where it was told to this account and is of this contact; else the one
        that "answer X" means."""
        meant = await self._resolve(contact_id)
        item = await self._items.get(OutboxId(answers)) if answers.startswith("o_") else None
        if item is not None and item.purpose is Purpose.NOTICE and item.recipient == address:
            placement = await self._placements.get(InteractionId(item.cause))
            if placement is not None:
                line = await self._verbs.conversations.get(actor, placement.conversation_id)
                if await self._resolve(line.conversation.contact_id) == meant:
                    return line.conversation
        return await self._verbs.conversations.answerable(actor, meant)

    def _object(self, actor: Actor, conversation_id: str, problem: str, can_send: bool, text: str) -> str:
        """What to look at first; '' where nothing is in the way, or the same words came again."""
        if not problem or problem == LINK_DOWN:
            return ""
        why = say(actor.language, _WHY.get(problem, "look-cannot-send"))
        if not can_send:
            return why
        place, words = (actor.id, conversation_id), fold(text)
        earlier = self._warned.pop(place, None)
        now = self._clock.monotonic()
        if earlier is not None and earlier.words == words and now - earlier.at <= CONFIRM_SECONDS:
            return ""
        self._warned[place] = _Warned(words=words, at=now)
        while len(self._warned) > MAX_REMEMBERED:
            del self._warned[next(iter(self._warned))]
        return say(actor.language, "look-first", why=why)

    def _refused(self, actor: Actor, error: FernamtError) -> Relayed:
        log.info("relay_refused", actor=actor.id, code=error.code)
        match error:
            case Refused():
                return Relayed(accepted=False, forbidden=True, sentence=say(actor.language, "relay-no-right"))
            case NotFound() | Ambiguous():
                return Relayed(accepted=False, sentence=say(actor.language, "relay-nothing"))
            case Invalid():
                return Relayed(accepted=False, sentence=say(actor.language, "relay-too-much"))
        return Relayed(accepted=False, sentence=say(actor.language, "relay-failed", code=error.code))

    async def take_back(self, address: Address, key: str) -> Relayed:
        """See Switchboard."""
        actor = await self._actor(address)
        if actor is None:
            return Relayed(accepted=False, forbidden=True)
        entry_id = _entry_of(actor, key) if key else self._last.get(actor.id, "")
        items = await self._find_items(entry_id) if entry_id else []
        try:
            for item in items:
                await self._verbs.outbox.cancel(actor, item.id)
        except StoreUnavailable:
            raise
        except Refused as error:
            return self._refused(actor, error)
        except FernamtError:
            items = []
        if not items:
            return Relayed(accepted=False, sentence=say(actor.language, "relay-too-late"))
        return Relayed(accepted=True, sentence=say(actor.language, "relay-taken-back"))

    async def note(self, address: Address, contact_id: str, text: str, *, key: str) -> Relayed:
        """See Switchboard."""
        actor = await self._actor(address)
        if actor is None:
            return Relayed(accepted=False, forbidden=True)
        try:
            await self._verbs.timeline.note(actor, await self._resolve(contact_id), text, key=key)
        except StoreUnavailable:
            raise
        except FernamtError as error:
            return self._refused(actor, error)
        return Relayed(accepted=True, sentence=say(actor.language, "relay-noted"))

    async def ask(self, address: Address, text: str) -> BotReply | None:
        """See Switchboard. Forms keep a context of their own, apart from the chat's."""
        actor = await self._actor(address, f"{address.channel}-forms")
        return await self._door.ask(actor, text) if actor is not None else None

    # Of the moment

    async def listen(self, account: str, signal: Signal) -> None:
        """For Happenings: who looks after a contact sees in their list that the contact writes, on whatever channel."""
        if signal.kind not in (SignalKind.COMPOSING, SignalKind.PAUSED) or signal.address is None:
            return
        identity = await self._identities.get(identity_id(signal.address))
        if identity is None:
            return
        contact_id = await self._resolve(identity.contact_id)
        page = await self._conversations.page("by_contact", contact_id, limit=10, newest_first=True)
        owners = {one.owner_user for one in page.items if one.state is ConversationState.OPEN}
        for user, address in self._linked():
            if user.id in owners:
                await self._show_writing(address, contact_id, writing=signal.kind is SignalKind.COMPOSING)

    async def _show_writing(self, address: Address, contact_id: ContactId, *, writing: bool) -> None:
        for account in self._accounts.all():
            line: object = self._accounts.connector(account.name)
            if account.speaks_as_contacts and account.channel == address.channel and isinstance(line, ShowsWriting):
                await line.show_writing(address, contact_id, writing=writing)


def _entry_of(actor: Actor, key: str) -> str:
    """The timeline entry that `Replies.reply` makes of this key."""
    return derived_id("i", "reply", actor.id, key)
