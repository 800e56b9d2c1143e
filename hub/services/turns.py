"""Colleagues' chats with the bot. Algorithm:

1. A colleague's chat message is durable as a BotTurn before anything else happens (one commit). The turn's id is the
   arrival's, so that a redelivery is the same turn.
2. Turns of one colleague are answered in order, those of different colleagues in parallel. The bot gets the turn's id
   and writes or sends at most once for it.
3. The reply goes out under a stanza id derived from the turn's. Then the turn is closed with the reply in it.
A turn that a crash left open is answered again under the same stanza id, at the next start.
"""

import asyncio
import re
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import structlog

from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.errors import FernamtError, Invalid, NotFound, SendError, StoreUnavailable, Unreadable
from hub.domain.facts import Relation
from hub.domain.ids import ArrivalId, OutboxId, UserId, derived_id, random_id
from hub.domain.message import Attachment, InteractionKind, Message
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor
from hub.domain.turn import BotTurn
from hub.ports.addresses import AddressForms
from hub.ports.bot import BotReply, StaffBot
from hub.ports.clock import Clock
from hub.ports.connector import Accounts, StaffLine
from hub.ports.kinds import BOT_TURNS, OUTBOX
from hub.ports.parser import ParseContext, Parser
from hub.ports.store import Exists, Store
from hub.ports.verbs import UserVerbs
from hub.services.notices import notice_id
from hub.services.wording import say

log = structlog.get_logger()
LINK_COMMAND = re.compile(
    r"^\s*/?(?:(?:link|verbinde|koppeln)\s+|start\s+link_)([A-Za-z0-9 -]{4,20})\s*$", re.IGNORECASE
)
SILENT_RELATIONS = (Relation.REACTION, Relation.RETRACTION)
"""A thumb up is no command, and least of all a yes."""
MAX_NAMES = 5
MAX_TEXT = 8_000
MAX_WAITING = 100
REFUSAL_LIFETIME = timedelta(hours=1)


class Submits(Protocol):
    """What turns needs of the outbox."""

    async def submit_notice(self, item: OutboxItem) -> None:
        """Accept an item that stands on no timeline."""


MAX_OFFERS = 10
MAX_FILES = 10


class Turns:
    """Implements StaffDoor."""

    def __init__(
        self,
        *,
        store: Store,
        users: UserVerbs,
        bot: StaffBot,
        accounts: Accounts,
        forms: AddressForms,
        parsers: Mapping[str, Parser],
        outbox: Submits,
        clock: Clock,
        company: str,
    ) -> None:
        self._turns, self._items = store.documents(BOT_TURNS), store.documents(OUTBOX)
        self._blobs = store.blobs
        self._users, self._bot, self._accounts, self._forms = users, bot, accounts, forms
        self._parsers, self._outbox, self._clock, self._company = parsers, outbox, clock, company
        self._waiting: dict[str, deque[BotTurn]] = {}
        self._replying: set[str] = set()
        """Turns whose reply is on its way and which are not closed yet."""
        self._behind = False
        """Turns are open in the store that did not fit into `_waiting`."""
        self._tasks: set[asyncio.Task[None]] = set()

    # From chat

    async def take(self, arrival: Arrival) -> bool:
        """See StaffDoor. Raises StoreUnavailable."""
        account = self._accounts.get(arrival.account)
        if account is None or not account.carries_staff:
            return False
        try:
            address = self._forms.normalise(account.channel, arrival.envelope.sender)
        except Invalid:
            return False
        user = self._users.staff_at(address)
        message = self._read(account.kind, arrival)
        if message is None:
            return False
        text = _words(message)
        if user is None or LINK_COMMAND.match(text):
            return await self._take_link(arrival, text, address)
        if message.relation in SILENT_RELATIONS or message.kind is not InteractionKind.MESSAGE:
            return True
        turn = BotTurn(
            id=arrival.id,
            user_id=user.id,
            via=account.channel,
            account=arrival.account,
            address=arrival.envelope.sender,
            text=text[:MAX_TEXT],
            files=await self._keep_files(account.kind, arrival, message),
            at=arrival.received_at,
            answers=message.related_to[:MAX_NAMES] if message.relation is Relation.REPLY else (),
            open_since=arrival.received_at,
        )
        if not isinstance(await self._turns.insert(turn), Exists):
            self._queue(turn)
        return True

    def _read(self, kind: str, arrival: Arrival) -> Message | None:
        try:
            return self._parsers[kind].parse(arrival.raw, arrival.envelope, ParseContext(account=arrival.account))
        except Unreadable:
            return None

    async def _keep_files(self, kind: str, arrival: Arrival, message: Message) -> tuple[Attachment, ...]:
        """Durable before the turn is: what a colleague dropped on the bot is not lost with the process."""
        kept = []
        for file in message.content.attachments[:MAX_FILES]:
            try:
                data = self._parsers[kind].extract(arrival.raw, file.index)
            except (NotFound, Unreadable):
                continue
            kept.append(replace(file, sha256=await self._blobs.put(data), size=len(data)))
        return tuple(kept)

    async def _take_link(self, arrival: Arrival, text: str, address: Address) -> bool:
        match = LINK_COMMAND.match(text)
        if match is None:
            return False
        if await self._turns.get(arrival.id) is not None:
            return True  # It came again (from an archive, after a restart): the code is used up, and that was said.
        user = await self._users.bind(address, match[1].replace(" ", "").replace("-", ""))
        if user is None:
            reply = f"{say('de', 'link-wrong')}\n{say('en', 'link-wrong')}"
        else:
            reply = say(user.language, "link-done", name=user.display_name or user.name)
            await self._turns.insert(_linked(arrival, user.id, address.channel, reply))
        self._hold(self._say_once(arrival.account, arrival.envelope.sender, reply, f"l-{arrival.id[2:]}"), "link-reply")
        return True

    async def _say_once(
        self, account: str, address: str, text: str, stanza_id: str, reply: BotReply | None = None
    ) -> bool:
        line: object = self._accounts.connector(account)
        if not isinstance(line, StaffLine):
            return False
        try:
            choices, files = (_offers(reply), reply.files) if reply is not None else ((), ())
            await line.say(address, text, stanza_id, choices=choices, files=files)
        except SendError as error:
            log.warning("bot_reply_not_sent", account=account, code=error.code)
            return False
        return True

    async def refuse(self, account: str, address: Address, arrival_id: ArrivalId) -> None:
        """See StaffDoor: the id holds the day, so that it is said once a day."""
        now = self._clock.now()
        item_id = OutboxId(derived_id("o", "refusal", address.key, now.date().isoformat()))
        text = "\n".join(say(language, "refusal", company=self._company) for language in ("de", "en"))
        await self._outbox.submit_notice(
            OutboxItem(
                id=item_id,
                account=account,
                channel=address.channel,
                recipient=address,
                lane=lane_of(account, address),
                purpose=Purpose.AUTOMATIC,
                content=OutgoingContent(text=text, message_id=f"r-{item_id[2:]}"),
                due_at=now,
                created_at=now,
                give_up_at=now + REFUSAL_LIFETIME,
                cause=arrival_id,
            )
        )

    # Answering

    def _queue(self, turn: BotTurn) -> None:
        waiting = self._waiting.get(turn.user_id)
        if waiting is None:
            self._waiting[turn.user_id] = deque((turn,))
            self._hold(self._answer_all(turn.user_id), f"turns:{turn.user_id}")
        elif len(waiting) < MAX_WAITING:
            waiting.append(turn)
        else:
            self._behind = True

    def _hold(self, work: Coroutine[Any, Any, object], name: str) -> None:
        async def run() -> None:
            try:
                await work
            except StoreUnavailable as error:
                log.warning("turn_not_stored", code=error.code)
            except FernamtError as error:
                log.warning("turn_failed", code=error.code)

        task = asyncio.create_task(run(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_all(self, user_id: str) -> None:
        waiting = self._waiting[user_id]
        try:
            while waiting:
                await self._answer(waiting[0])
                waiting.popleft()
        finally:
            del self._waiting[user_id]
        if self._behind:
            self._behind = False
            await self.recover()

    async def _answer(self, turn: BotTurn) -> None:
        actor = await self._users.actor_of(turn.user_id, turn.via)
        if actor is None:
            await self._close(turn, None, sent=False)
            return
        reply = await self._bot.answer(
            actor, turn.text, turn_id=turn.id, at=turn.at, files=turn.files, about=await self._noticed(turn)
        )
        self._replying.add(turn.id)
        self._hold(self._send_and_close(turn, reply), f"turn-reply:{turn.id}")

    async def _noticed(self, turn: BotTurn) -> str:
        """The entry whose notice the turn directly answers; '' where it answers nothing of that kind. A notice that
        tells of several messages at once is none: nobody could say whom the answer is for."""
        for name in turn.answers:
            named = await self._items.get(OutboxId(name)) if name.startswith("o_") else None
            found = [named] if named else list((await self._items.page("by_native", name, limit=MAX_NAMES)).items)
            for item in found:
                if item.account == turn.account and item.id == notice_id(item.cause, turn.user_id):
                    return item.cause
        return ""

    async def _send_and_close(self, turn: BotTurn, reply: BotReply) -> None:
        try:
            if await self._say_once(turn.account, turn.address, reply.text, f"t-{turn.id[2:]}", reply):
                await self._close(turn, reply, sent=True)
            # Not sent: the turn stays open; `recover` answers it again once the link is back.
        finally:
            self._replying.discard(turn.id)

    async def _close(self, turn: BotTurn, reply: BotReply | None, *, sent: bool) -> None:
        closed = BotTurn(
            id=turn.id,
            user_id=turn.user_id,
            via=turn.via,
            account=turn.account,
            address=turn.address,
            text=turn.text,
            files=turn.files,
            at=turn.at,
            answers=turn.answers,
            reply=reply.text[:MAX_TEXT] if reply else "",
            intent=reply.intent if reply else "",
            answered=True,
            sent=sent,
        )
        await self._turns.replace(closed, 1)

    async def recover(self) -> int:
        """Answer what a crash, or a link that was down, left open. Call when nothing else is being answered."""
        count = 0
        cursor: str | None = None
        busy = {turn.id for waiting in self._waiting.values() for turn in waiting} | self._replying
        while True:
            page = await self._turns.page("open", after=cursor, limit=100)
            for turn in page.items:
                if turn.id not in busy and turn.account:
                    self._queue(turn)
                    count += 1
            cursor = page.next
            if cursor is None:
                return count

    async def drain(self) -> None:
        """Wait for what is being answered."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # From console, API and terminal

    async def ask(self, actor: Actor, text: str) -> BotReply:
        """See StaffDoor. The caller waits for the reply, so nothing is left to recover."""
        user_id = actor.user_id
        if user_id is None:
            raise Invalid("Only a colleague can talk to the staff bot; name one with --as USER.", field="as")
        now = self._clock.now()
        turn = BotTurn(id=random_id("a"), user_id=user_id, via=actor.via, text=text.strip()[:MAX_TEXT], at=now)
        await self._turns.insert(turn)
        reply = await self._bot.answer(actor, turn.text, turn_id=turn.id, at=now)
        await self._close(turn, reply, sent=True)
        return reply


def _words(message: Message) -> str:
    """What the colleague said, without what they quoted."""
    return (message.content.reply_text or message.content.text).strip()


def _linked(arrival: Arrival, user_id: UserId, via: str, reply: str) -> BotTurn:
    """The closed turn of a code that was redeemed, without the code."""
    return BotTurn(
        id=arrival.id,
        user_id=user_id,
        via=via,
        account=arrival.account,
        address=arrival.envelope.sender,
        text="/link",
        at=arrival.received_at,
        reply=reply,
        intent="link",
        answered=True,
        sent=True,
    )


def _offers(reply: BotReply) -> tuple[str, ...]:
    """What to offer as buttons: the words that the bot proposes, else the numbers of what it has listed."""
    return reply.buttons or tuple(str(number) for number, _ in enumerate(reply.choices[:MAX_OFFERS], start=1))
