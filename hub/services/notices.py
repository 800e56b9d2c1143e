"""Telling colleagues: of new messages, and authors of what became of theirs. Each piece of news is one outbox item
under a deterministic id, so that it is told once, however often it is repeated after a crash."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation, OwnerKind
from hub.domain.facts import Relation
from hub.domain.ids import OutboxId, UserId, derived_id
from hub.domain.interaction import Interaction
from hub.domain.message import Participant
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.domain.people import RowScope, UserRole
from hub.domain.views import UserLine
from hub.ports.bot import Recorded
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts, LinkState
from hub.ports.store import Store
from hub.services.alert_choices import AlertChoices
from hub.services.attempts import NO_WAY_TO_SEND
from hub.services.outbox import MAX_ITEMS, Outbox
from hub.services.standing import awaits_answer
from hub.services.wording import TEXTS, channel_label, one_line, say

log = structlog.get_logger()
Staff = Callable[[], Sequence[tuple[UserLine, Address]]]
"""Active colleagues with the native accounts that are linked to them."""

BUDGET = 10
WORDS_BUDGET = 100
"""Where each contact is a chat of its own, its words arrive there like anybody's."""
MAX_WORDS = 4_000
MAX_FILE_NAMES = 20
WINDOW = timedelta(minutes=5)
LIFETIME = timedelta(hours=12)
"""Older news than that is seen in the inbox."""

FAX = "fax"
_STATUS = re.compile(r"^[245]\.\d{1,3}\.\d{1,3} ")
"""RFC 3463, in front of a report's words."""
_STORIES = {
    OutboxState.HELD: "item-held",
    OutboxState.FAILED: "item-failed",
    OutboxState.BOUNCED: "item-bounced",
    OutboxState.CANCELLED: "item-cancelled",
}


class Budget:
    """At most `most` pieces of news in `WINDOW` for each colleague."""

    def __init__(self, clock: Clock, most: int = BUDGET) -> None:
        self._clock, self._most = clock, most
        self._told: dict[UserId, deque[float]] = {}

    def spend(self, user_id: UserId) -> bool:
        """True where one more may be told. Bounded: one short queue for each colleague."""
        now, told = self._clock.monotonic(), self._told.setdefault(user_id, deque())
        while told and now - told[0] > WINDOW.total_seconds():
            told.popleft()
        if len(told) >= self._most:
            return False
        told.append(now)
        return True


class Notices:
    """Implements Teller, and tells authors (`tell_author` is to be given to `Outbox.tell_with`)."""

    def __init__(
        self, *, store: Store, clock: Clock, accounts: Accounts, outbox: Outbox, staff: Staff, time_zone: str = "UTC"
    ) -> None:
        self._zone = time_zone
        self._clock, self._accounts, self._outbox, self._staff = clock, accounts, outbox, staff
        self._choices = AlertChoices(store)
        self._budget, self._words = Budget(clock), Budget(clock, WORDS_BUDGET)

    # New messages

    async def tell(self, recorded: Sequence[Recorded]) -> None:
        """See Teller. Raises StoreUnavailable: then intake repeats it."""
        items: dict[OutboxId, OutboxItem] = {}
        news_now = [news for news in recorded if is_news(news.interaction)]
        reachable = [user.id for user, _ in self._staff()] if news_now else []
        wanting = frozenset(await self._choices.wanting("new-message", reachable))
        for news in news_now:
            for user, address, account in self._listeners(news.conversation):
                if user.id not in wanting or not self._shows(user, news.contact):
                    continue
                item = self._announce(news, user, address, account)
                items.setdefault(item.id, item)
        queue = list(items.values())
        for start in range(0, len(queue), MAX_ITEMS):
            await self._outbox.submit(queue[start : start + MAX_ITEMS])

    def _listeners(self, conversation: Conversation) -> Iterable[tuple[UserLine, Address, Account]]:
        """The colleague in charge; everybody where the queue, or somebody who has left, is. A bot looks after its own
        conversations."""
        if conversation.owner_kind is OwnerKind.BOT:
            return []
        everybody = self._reachable()
        owner = conversation.owner_user
        active = {user.id for user, _ in self._staff() if user.active}
        if owner is not None and owner in active:
            return [everybody[owner]] if owner in everybody else []
        return list(everybody.values())

    def _shows(self, user: UserLine, contact: Contact) -> bool:
        """Whether the colleague sees the contact (hub/services/rows.py); the one in charge of the conversation is told
        by whoever gave it to them."""
        if user.rows is RowScope.ALL or contact.owner in (None, user.id):
            return True
        owner = next((one for one, _ in self._staff() if one.id == contact.owner), None)
        return user.rows is RowScope.TEAM and owner is not None and bool(set(owner.teams) & set(user.teams))

    def _reachable(self) -> dict[UserId, tuple[UserLine, Address, Account]]:
        """One native account for each colleague: the first that a channel for staff reaches, if possible one that is
        connected now."""
        carriers = [account for account in self._accounts.all() if account.carries_staff and account.can_send]
        # Connected ones first; among them those from which the contact itself speaks, so that one just answers.
        carriers.sort(
            key=lambda one: (self._accounts.link(one.name)[0] is not LinkState.UP, not one.speaks_as_contacts)
        )
        found: dict[UserId, tuple[UserLine, Address, Account]] = {}
        for carrier in carriers:
            for user, address in self._staff():
                if user.active and address.channel == carrier.channel:
                    found.setdefault(user.id, (user, address, carrier))
        return found

    def _announce(self, news: Recorded, user: UserLine, address: Address, account: Account) -> OutboxItem:
        if account.speaks_as_contacts and self._words.spend(user.id):
            item_id = notice_id(news.interaction.id, user.id)
            text = words_of(news.interaction, user.language)
            notice = self._notice(item_id, user, address, account, text, cause=news.interaction.id)
            return replace(notice, contact_id=news.contact.id)
        if self._budget.spend(user.id):
            item_id = notice_id(news.interaction.id, user.id)
            text = new_message_line(news.interaction, news.contact, user.language, self._zone)
        else:
            window = int(self._clock.now().timestamp() // WINDOW.total_seconds())
            item_id = OutboxId(derived_id("o", "many-new-messages", user.id, str(window)))
            minutes = int(WINDOW.total_seconds() // 60)
            text = say(user.language, "many-new", count=BUDGET, minutes=minutes)
        return self._notice(item_id, user, address, account, text, cause=news.interaction.id)

    def _notice(
        self, item_id: OutboxId, user: UserLine, address: Address, account: Account, text: str, *, cause: str
    ) -> OutboxItem:
        now = self._clock.now()
        return OutboxItem(
            id=item_id,
            account=account.name,
            channel=account.channel,
            recipient=address,
            lane=lane_of(account.name, address),
            purpose=Purpose.NOTICE,
            content=OutgoingContent(
                text=text,
                message_id=item_id,
                to=(Participant(address=address, name=user.display_name),),
                language=user.language,
            ),
            due_at=now,
            created_at=now,
            give_up_at=now + LIFETIME,
            cause=cause,
        )

    # Outages

    async def tell_outage(self, channel: str, detail: str) -> None:
        """Tell the admins that a channel has been down for long, through another channel than that one; once a day."""
        day = self._clock.now().date().isoformat()
        for user, address, account in self._reachable().values():
            if user.role is UserRole.ADMIN and account.name != channel:
                item_id = OutboxId(derived_id("o", "outage", channel, day, user.id))
                text = say(user.language, "outage", channel=channel, detail=one_line(detail, 200))
                await self._outbox.submit([self._notice(item_id, user, address, account, text, cause=channel)])

    async def tell_breaker(self, scope: str, count: int) -> None:
        """Tell the admins that the budget of automatic messages is used up; once an hour."""
        hour = self._clock.now().isoformat()[:13]
        for user, address, account in self._reachable().values():
            if user.role is UserRole.ADMIN:
                item_id = OutboxId(derived_id("o", "breaker", scope, hour, user.id))
                text = say(user.language, "breaker", count=count)
                await self._outbox.submit([self._notice(item_id, user, address, account, text, cause=scope)])

    # What became of an author's message

    async def tell_author(self, item: OutboxItem) -> None:
        """Tell the author of a held, failed, bounced, deferred, waiting or (by somebody else) cancelled item. Nothing
        happens where no chat reaches the author: the outbox shows it too. Raises StoreUnavailable."""
        reached = self._reachable().get(item.author) if item.author else None
        if reached is None:
            log.info("author_not_reachable", item=item.id, state=item.state.value)
            return
        user, address, account = reached
        story = _STORIES.get(item.state)
        if story is None:
            story = "item-waiting" if item.reason == NO_WAY_TO_SEND else "item-deferred"
        # A deferral is told once; an end once for each attempt that led to it.
        occasion = str(item.attempts[-1].number if item.attempts else 0) if item.state in _STORIES else ""
        item_id = OutboxId(derived_id("o", item.id, story, occasion))
        notice = self._notice(item_id, user, address, account, author_line(item, story, user.language), cause=item.id)
        await self._outbox.submit([replace(notice, contact_id=item.contact_id)])


def notice_id(entry: str, user: str) -> OutboxId:
    """The item by which a colleague hears of one new message. A direct answer to it is for who wrote that message."""
    return OutboxId(derived_id("o", entry, "new-message", user))


def is_news(entry: Interaction) -> bool:
    """Whether colleagues are told: a person wrote to us, just now."""
    return awaits_answer(entry)


def new_message_line(entry: Interaction, contact: Contact, language: str, time_zone: str = "UTC") -> str:
    """ "Neue Mail von Petra Müller: „Angebot“ – antworten mit: antworte Petra Müller: …"."""
    if entry.call is not None:
        when = f"{entry.call.started_at.astimezone(ZoneInfo(time_zone)):%H:%M}"
        return say(language, "missed-call", name=one_line(contact.name, 60), number=_topic("", entry.text), when=when)
    key = "new-email" if entry.channel == "email" else "new-message"
    return say(language, key, name=one_line(contact.name, 60), topic=_topic(entry.subject, entry.text))


def words_of(entry: Interaction, language: str) -> str:
    """What a contact wrote, as their own words in a colleague's chat: the channel where it is another one, the subject,
    the text, the names of files."""
    place = "" if entry.channel == "xmpp" else channel_label(language, entry.channel)
    head = ": ".join(part for part in (place, one_line(entry.subject, 200)) if part)
    text = entry.text.strip()
    if Relation.CORRECTION.value in entry.marks:
        text = f"✎ {text}"
    if len(text) > MAX_WORDS:
        text = f"{text[:MAX_WORDS].rstrip()}\n{say(language, 'as-contact-more')}"
    names = ", ".join(one_line(file.name, 100) for file in entry.attachments[:MAX_FILE_NAMES])
    files = say(language, "as-contact-files", names=names) if names else ""
    return "\n".join(part for part in (f"[{head}]" if head else "", text, files) if part) or "…"


def author_line(item: OutboxItem, story: str, language: str) -> str:
    """What became of the item, to whom, and why."""
    names = {person.address: person.name for person in (*item.content.to, *item.content.cc)}
    why = f"why-{item.reason}"
    reason = say(language, why if why in TEXTS["en"] else "why-refused", account=item.account)
    if item.channel == FAX and item.detail and (item.state is OutboxState.BOUNCED or _code(item).startswith("fax-")):
        # "busy; 1 of 3 pages" says more than any class of failure.
        told = one_line(_STATUS.sub("", item.detail), 200)
        reason = told if told.endswith((".", "!", "?", "“", "”")) else f"{told}."
    return say(
        language,
        story,
        name=one_line(names.get(item.recipient) or item.recipient.normal, 60),
        topic=_topic(item.content.subject, item.content.text),
        why=reason,
        until=f"{item.give_up_at:%d.%m. %H:%M} UTC",
    )


def _code(item: OutboxItem) -> str:
    """Of the last attempt."""
    return item.attempts[-1].code if item.attempts else ""


def _topic(subject: str, text: str) -> str:
    return one_line(subject) or one_line(text[:400]) or "…"
