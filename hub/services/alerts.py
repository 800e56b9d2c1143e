"""What colleagues are told by themselves, on every native account that is linked to them. Each piece of news is one
outbox item for each account under a deterministic id: told once, however often it is repeated after a crash."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from hub.domain.errors import Conflict, Invalid
from hub.domain.ids import OutboxId, UserId, derived_id
from hub.domain.message import Participant
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, Right, User
from hub.domain.reminder import ALERT_TOPICS, AlertChoice
from hub.ports.clock import Clock
from hub.ports.connector import Account, Accounts, LinkState
from hub.ports.kinds import ALERTS
from hub.ports.store import Exists, Store
from hub.services.alert_choices import AlertChoices
from hub.services.audit import Audit
from hub.services.outbox import MAX_ITEMS, Outbox
from hub.services.staff import Staff

log = structlog.get_logger()
LIFETIME = timedelta(hours=12)
TRIES = 5
Text = str | Callable[[str], str]
"""A line, or what makes it for a language."""


class Alerts:
    """Choices of colleagues, and telling them."""

    def __init__(
        self, *, store: Store, clock: Clock, audit: Audit, accounts: Accounts, outbox: Outbox, staff: Staff
    ) -> None:
        self._choices, self._chosen = store.documents(ALERTS), AlertChoices(store)
        self._clock, self._audit, self._accounts = clock, audit, accounts
        self._outbox, self._staff = outbox, staff

    # Choices

    async def choice(self, user_id: UserId) -> AlertChoice:
        """What the colleague wants to be told."""
        return await self._chosen.one(user_id)

    async def choices(self, users: Sequence[UserId]) -> dict[str, AlertChoice]:
        """Of all of them."""
        return await self._chosen.all(users)

    async def wanting(self, topic: str, users: Iterable[UserId]) -> list[UserId]:
        """Those of the colleagues who want to hear of the topic."""
        return await self._chosen.wanting(topic, users)

    def everybody(self, right: Right) -> list[UserId]:
        """Active colleagues with the right: for what is nobody's own."""
        active = [user for user in self._staff.all() if user.active]
        return [user.id for user in active if right in self._staff.actor(user, via="system").rights]

    async def choose(self, actor: Actor, topic: str, on: bool) -> AlertChoice:
        """Switch a topic on or off for oneself. Raises Invalid for an unknown topic."""
        user_id = self._audit.permit_oneself(actor, "reminders.set_alert")
        if topic not in ALERT_TOPICS:
            raise Invalid(f"There are alerts for: {', '.join(ALERT_TOPICS)}.", field="topic", topics=ALERT_TOPICS)

        def change(old: AlertChoice) -> AlertChoice:
            wanted = frozenset(old.topics) | {topic} if on else frozenset(old.topics) - {topic}
            return replace(old, topics=tuple(one for one in ALERT_TOPICS if one in wanted))

        changed = await self.change(user_id, change)
        await self._audit.record(actor, "reminders.set_alert", user_id, detail=f"{topic} {on}")
        return changed

    async def change(self, user_id: UserId, change: Callable[[AlertChoice], AlertChoice]) -> AlertChoice:
        """Replace the choice by what `change` makes of it, once more where somebody else was faster."""
        for _ in range(TRIES):
            old = await self.choice(user_id)
            new = change(old)
            if old.version == 0:
                done = not isinstance(await self._choices.insert(new), Exists)
            else:
                done = new == old or await self._choices.replace(new, old.version)
            if done:
                return replace(new, version=old.version + (new != old or old.version == 0))
        raise Conflict("Your alerts change all the time; try again.")

    # Telling

    async def tell(self, topic: str, users: Iterable[UserId], text: Text, key: str) -> int:
        """Tell those of the colleagues who want to hear of `topic`; `key` names the piece of news. Returns how many
        items were accepted. Raises StoreUnavailable."""
        items = [
            item
            for user_id in await self.wanting(topic, users)
            for item in self.items(user_id, text, key=key, story=topic)
        ]
        await self.submit(items)
        return len(items)

    async def tell_all(self, users: Iterable[UserId], text: Text, key: str) -> int:
        """As `tell`, for what is not a matter of choice: a question to a colleague, an alarm to those in charge."""
        items = [item for user_id in dict.fromkeys(users) for item in self.items(user_id, text, key=key, story="said")]
        await self.submit(items)
        return len(items)

    async def submit(self, items: Sequence[OutboxItem]) -> None:
        """In batches as large as the outbox takes."""
        for start in range(0, len(items), MAX_ITEMS):
            await self._outbox.submit(items[start : start + MAX_ITEMS])

    def items(self, user_id: UserId, text: Text, *, key: str, story: str) -> list[OutboxItem]:
        """One for each linked native account that a channel for staff reaches; none where no chat reaches the
        colleague, or where they have left."""
        user = self._staff.known(user_id)
        if user is None:
            return []
        said = text if isinstance(text, str) else text(user.language)
        carriers = self._carriers()
        return [self._item(user, reached, said, key=key, story=story) for reached in self._reach(user_id, carriers)]

    def _carriers(self) -> dict[str, Account]:
        """The account that carries staff chats, for each channel; if possible one that is connected now."""
        found = [account for account in self._accounts.all() if account.carries_staff and account.can_send]
        found.sort(key=lambda account: self._accounts.link(account.name)[0] is not LinkState.UP)
        return {account.channel: account for account in reversed(found)}

    def _reach(self, user_id: UserId, carriers: dict[str, Account]) -> list[tuple[Participant, Account]]:
        return [
            (Participant(address=address), carriers[address.channel])
            for address in self._staff.links(user_id)
            if address.channel in carriers
        ]

    def _item(self, user: User, reached: tuple[Participant, Account], text: str, *, key: str, story: str) -> OutboxItem:
        person, account = reached
        now = self._clock.now()
        item_id = OutboxId(derived_id("o", key, story, user.id, person.address.key))
        return OutboxItem(
            id=item_id,
            account=account.name,
            channel=account.channel,
            recipient=person.address,
            lane=lane_of(account.name, person.address),
            purpose=Purpose.NOTICE,
            content=OutgoingContent(
                text=text,
                message_id=item_id,
                to=(replace(person, name=user.display_name),),
                language=user.language,
            ),
            due_at=now,
            created_at=now,
            give_up_at=now + LIFETIME,
            cause=key,
        )
