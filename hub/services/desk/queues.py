"""Queues: where new conversations wait, and who of the queue gets them."""

import asyncio
from dataclasses import replace
from zoneinfo import ZoneInfo

from hub.domain.conversation import QUEUE_OWNER, Conversation, OwnerKind
from hub.domain.desk import Assignment, Queue
from hub.domain.errors import Conflict, Invalid
from hub.domain.folding import fold
from hub.domain.ids import UserId
from hub.ports.kinds import CONTACTS, CONVERSATIONS, QUEUES
from hub.ports.store import Exists, Store
from hub.services.desk.targets import Targets
from hub.services.staff import Staff

DEFAULT = Queue(id=QUEUE_OWNER, version=1, name="queue")
MOST = 100
MOST_MEMBERS = 200
MOST_MINUTES = 100_000
TRIES = 10
MOST_COUNTED = 1_000


class Queues:
    """Keeps queues and places conversations."""

    def __init__(self, *, store: Store, staff: Staff, targets: Targets) -> None:
        self._queues = store.documents(QUEUES)
        self._conversations = store.documents(CONVERSATIONS)
        self._contacts = store.documents(CONTACTS)
        self._staff, self._targets = staff, targets

    async def all(self) -> list[Queue]:
        """By name; "queue" is made at the first look."""
        found = (await self._queues.page("by_name", limit=MOST + 1)).items
        if not any(one.id == DEFAULT.id for one in found):
            match await self._queues.insert(DEFAULT):
                case Exists(current):
                    found.append(current)
                case _:
                    found.append(DEFAULT)
        return sorted(found, key=lambda one: (one.name, one.id))

    async def waiting(self) -> dict[str, int]:
        """How many conversations of each queue wait for an answer, counted up to 1,000."""
        queues = await self.all()
        counts = await asyncio.gather(
            *(self._conversations.count("waiting_by_queue", one.id, cap=MOST_COUNTED) for one in queues)
        )
        return {one.id: count for one, count in zip(queues, counts, strict=True)}

    async def save(self, queue: Queue) -> Queue:
        """New where `version` is 0, else by version. Raises Invalid, Conflict."""
        known = await self.all()
        wanted = replace(queue, id=queue.id if queue.version else fold(queue.name), name=queue.name.strip(), version=1)
        self._check(wanted)
        for other in known:
            shared = set(other.accounts) & set(wanted.accounts)
            if other.id != wanted.id and shared:
                raise Conflict(f'The channel {min(shared)} belongs to the queue "{other.name}".', field="accounts")
        if queue.version == 0:
            if len(known) >= MOST:
                raise Invalid(f"There are {MOST} queues already.", field="name")
            if isinstance(await self._queues.insert(wanted), Exists):
                raise Conflict(f'There is a queue named "{wanted.name}" already.', field="name")
            return wanted
        if not await self._queues.replace(wanted, queue.version):
            raise Conflict("Somebody else changed this queue first; load again.")
        return replace(wanted, version=queue.version + 1)

    def _check(self, queue: Queue) -> None:
        if not queue.id or len(queue.name) > 60:
            raise Invalid("The name of a queue has letters or digits, at most 60.", field="name")
        if len(queue.members) > MOST_MEMBERS or any(self._staff.known(user) is None for user in queue.members):
            raise Invalid(f"Members are colleagues who are active, at most {MOST_MEMBERS}.", field="members")
        for minutes in (queue.first_response_minutes, queue.resolution_minutes):
            if not 0 <= minutes <= MOST_MINUTES:
                raise Invalid(f"A target has 0 to {MOST_MINUTES:,} minutes.", field="first_response_minutes")
        if len(queue.hours) > 50 or any(
            not 0 <= one.weekday <= 6 or not 0 <= one.start < one.end <= 1440 for one in queue.hours
        ):
            raise Invalid(
                "Business hours are weekdays 0 to 6 with minutes of the day, start before end.", field="hours"
            )
        if queue.time_zone:
            try:
                ZoneInfo(queue.time_zone)
            except (KeyError, ValueError, OSError) as error:
                raise Invalid("There is no such time zone.", field="time_zone") from error
        self._targets.check(queue)

    # Placing

    async def place(self, conversation: Conversation) -> Conversation:
        """Give a new conversation to its queue, and to a member where the queue assigns; of one that is placed already
        only the target of its answer is planned. To be called for each conversation in which somebody has just written,
        once that is in the store; calling again changes nothing. A bot's is placed when the bot hands it over."""
        for _ in range(TRIES):
            # What intake holds may be older than what is there by now; a turn is only taken for what is not placed.
            current = await self._conversations.get(conversation.id)
            if current is None:
                return conversation
            conversation = current
            if conversation.deleted or conversation.owner_kind is OwnerKind.BOT:
                return conversation
            if conversation.queue:
                await self._wait_again(conversation)
                return conversation
            queue = await self.of_account(conversation.account)
            # Before the conversation says that it is placed, so that a crash in between is finished by a repetition.
            await self._targets.plan(conversation, queue)
            owner = conversation.owner
            if owner == QUEUE_OWNER:
                owner = await self._choose(queue, conversation) or QUEUE_OWNER
            placed = replace(conversation, queue=queue.id, owner=owner)
            if await self._conversations.replace(placed, conversation.version):
                return replace(placed, version=conversation.version + 1)
        raise Conflict("The conversation changes all the time; try again.")

    async def _wait_again(self, conversation: Conversation) -> None:
        """The contact wrote again after our answer: that answer too has its target."""
        queue = await self._queues.get(conversation.queue)
        if queue is not None:
            await self._targets.plan(conversation, queue)

    async def of_account(self, account: str) -> Queue:
        """The queue to which the channel's conversations come."""
        queues = await self.all()
        named = [one for one in queues if account in one.accounts]
        return (named or [one for one in queues if one.id == DEFAULT.id])[0]

    async def _choose(self, queue: Queue, conversation: Conversation) -> UserId | None:
        members = [user for user in queue.members if self._staff.known(user) is not None]
        match queue.assignment:
            case Assignment.OWNER:
                contact = await self._contacts.get(conversation.contact_id)
                owner = self._staff.known(contact.owner) if contact is not None else None
                return owner.id if owner is not None else None
            case Assignment.ROUND_ROBIN:
                return await self._next_member(queue.id)
            case Assignment.LEAST_BUSY if members:
                loads = [
                    (await self._conversations.count("waiting_by_owner", user), n) for n, user in enumerate(members)
                ]
                return members[min(loads)[1]]
        return None

    async def _next_member(self, queue_id: str) -> UserId | None:
        """The turn is taken by version. A crash before the conversation is written skips a turn, never takes it
        twice."""
        for _ in range(TRIES):
            queue = await self._queues.get(queue_id)
            members = [user for user in queue.members if self._staff.known(user) is not None] if queue else []
            if queue is None or not members:
                return None
            turn = queue.next_member % len(members)
            if await self._queues.replace(replace(queue, next_member=turn + 1), queue.version):
                return members[turn]
        raise Conflict("The queue changes all the time; try again.")
