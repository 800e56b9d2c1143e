"""The reception: which messages the customer bot takes, its answers, and handing over. Algorithm:

1. Intake tells of a new message. What the bot may take is durable as a CustomerTurn, and the conversation is the bot's,
   before the arrival is marked done. Everything else goes on to the queue, as ever.
2. `run` answers open turns: those of one conversation in order, different ones in parallel.
3. The answer is one outbox item under an id derived from the entry, within the budgets; then the turn is closed. A
   turn that a crash left open is answered again: with the stored reply, under the same id.
4. What the bot cannot answer (failure, time-out, a spent budget, somebody who wants a person) goes to the queue at
   once, waiting since it was written, and the bot is silent there until a colleague closes the conversation.

Never answered automatically (RFC 3834 and docs/messages.md): automatic mail, bulk, bounces, our own, no-reply
addresses, old messages, senders that nothing authenticates, suppliers and partners.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import structlog

from hub.domain.contact import Contact, ContactRole, identity_id
from hub.domain.conversation import BOT_OWNER, QUEUE_OWNER, BotStance, Conversation
from hub.domain.errors import Conflict, FernamtError, StoreUnavailable
from hub.domain.ids import ContactId, with_prefix
from hub.domain.interaction import Interaction
from hub.domain.message import Strength
from hub.domain.people import system_actor
from hub.domain.reception import CustomerTurn
from hub.ports.bot import Recorded, Teller
from hub.ports.clock import Clock
from hub.ports.connector import Accounts, Strangers
from hub.ports.customer_verbs import Customer, CustomerBot, CustomerReply
from hub.ports.kinds import CONTACTS, CONVERSATIONS, CUSTOMER_TURNS, IDENTITIES, INTERACTIONS
from hub.ports.store import Exists, Store
from hub.services.chronicle import QUEUED, Chronicle
from hub.services.correspondence import Correspondence
from hub.services.customers.budgets import Budgets
from hub.services.desk.desk import Desk
from hub.services.standing import awaits_answer

log = structlog.get_logger()
BOT = system_actor("customer-bot")
MAIL = "email"
LONGEST_TEXT = 1_000
"""Characters; a longer letter is for a person."""
OLDEST = timedelta(hours=24)
NO_REPLY = re.compile(r"^(no-?_?\.?reply|do-?not-?reply|noreply|mailer-daemon|postmaster|bounces?|abuse)\b|^$", re.I)
SWAPS = 10
AT_ONCE = 16
SCAN_SECONDS = 30.0
ANSWER_SECONDS = 20.0
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionRules:
    """`acknowledge`: whether a message for people is acknowledged: "never", only while nobody is there ("closed"), or
    "always". `language`: of contacts whose own is not known."""

    enabled: bool = True
    acknowledge: Literal["never", "closed", "always"] = "never"
    language: str = "en"


class Reception:
    """Implements Teller in front of `then`, which tells colleagues."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accounts: Accounts,
        bot: CustomerBot,
        letters: Correspondence,
        budgets: Budgets,
        desk: Desk,
        chronicle: Chronicle,
        then: Teller,
        rules: ReceptionRules,
        invitations: Callable[[ContactId, str], Awaitable[Sequence[object]]] | None = None,
    ) -> None:
        """`invitations`: which events somebody may answer to from an address, by its key."""
        self._invitations = invitations
        self._turns, self._conversations = store.documents(CUSTOMER_TURNS), store.documents(CONVERSATIONS)
        self._entries, self._contacts = store.documents(INTERACTIONS), store.documents(CONTACTS)
        self._identities = store.documents(IDENTITIES)
        self._clock, self._accounts, self._bot, self._letters = clock, accounts, bot, letters
        self._budgets, self._desk, self._chronicle, self._then, self._rules = budgets, desk, chronicle, then, rules
        self._wake = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """What is being answered, by conversation."""

    # Taking

    async def tell(self, recorded: Sequence[Recorded]) -> None:
        """See Teller. Raises StoreUnavailable: then intake repeats it, and taking twice is the same as once."""
        passed = []
        for news in recorded:
            if awaits_answer(news.interaction):
                news = replace(news, conversation=await self._receive(news))
            passed.append(news)
        await self._then.tell(passed)

    async def _receive(self, news: Recorded) -> Conversation:
        entry = news.interaction
        for _ in range(SWAPS):
            conversation = await self._conversations.get(news.conversation.id)
            if conversation is None or conversation.deleted:
                return news.conversation
            mine = self._may_take(entry, conversation, news.contact, await self._is_invited(entry))
            if mine:
                taken = replace(conversation, owner=BOT_OWNER, bot=BotStance.OPEN)
            elif conversation.owner == BOT_OWNER:
                # Too long, from a sender that nothing authenticates, with files: a person goes on.
                taken = replace(conversation, owner=QUEUE_OWNER, bot=BotStance.SILENT)
            else:
                if self._may_acknowledge(entry, conversation, news.contact):
                    await self._open_turn(entry, conversation, acknowledge=True)
                return conversation
            if taken == conversation or await self._conversations.replace(taken, conversation.version):
                if mine:
                    # Only now: a turn of a conversation that is not the bot's is passed on unanswered.
                    await self._open_turn(entry, conversation)
                return replace(taken, version=conversation.version + (taken != conversation))
        raise Conflict("The conversation changes all the time; try again.")

    async def _open_turn(self, entry: Interaction, conversation: Conversation, *, acknowledge: bool = False) -> None:
        now = self._clock.now()
        turn = CustomerTurn(
            id=with_prefix("t", entry.id),
            interaction_id=entry.id,
            conversation_id=conversation.id,
            at=entry.at,
            acknowledge=acknowledge,
            open_since=now,
        )
        if not isinstance(await self._turns.insert(turn), Exists):
            self._wake.set()

    def _may_answer(self, entry: Interaction, conversation: Conversation, contact: Contact) -> bool:
        """Whether anything automatic may answer this message at all."""
        account = self._accounts.get(conversation.account)
        if account is None or not account.can_send or account.strangers is not Strangers.WELCOME:
            return False
        if entry.sender is None or entry.strength is Strength.CLAIMED:
            return False
        if entry.contact_id != conversation.contact_id:
            # Somebody else writes in the thread: nothing of the contact's is said to them.
            return False
        if entry.channel == MAIL and NO_REPLY.match(entry.sender.address.normal.rpartition("@")[0]):
            return False
        if not timedelta(hours=-1) <= self._clock.now() - entry.at < OLDEST:
            return False
        return not contact.roles or ContactRole.CUSTOMER in contact.roles

    async def _is_invited(self, entry: Interaction) -> bool:
        if self._invitations is None or entry.sender is None or entry.strength is Strength.CLAIMED:
            return False
        return bool(await self._invitations(entry.contact_id, entry.sender.address.key))

    def _may_take(self, entry: Interaction, conversation: Conversation, contact: Contact, invited: bool) -> bool:
        if not self._rules.enabled or not self._may_answer(entry, conversation, contact):
            return False
        if conversation.bot is BotStance.SILENT or entry.attachments or len(entry.text) > LONGEST_TEXT:
            return False
        if conversation.owner == BOT_OWNER and contact.automatic:
            return True
        # Whoever waits for a person already keeps waiting for that person, or the earlier question would be lost.
        waited = conversation.waiting_since is None or conversation.waiting_since < entry.at
        if waited and conversation.owner != BOT_OWNER:
            return False
        intent = self._understand(entry, contact, invited)
        return bool(intent) and (contact.automatic or intent == "opt_in")

    def _understand(self, entry: Interaction, contact: Contact, invited: bool) -> str:
        now, language = self._clock.now(), contact.language or self._rules.language
        intent = self._bot.understands(entry.text, language, now, invited=invited)
        if not intent and entry.channel == MAIL and not entry.text.strip():
            intent = self._bot.understands(entry.subject, language, now)
        return intent

    def _may_acknowledge(self, entry: Interaction, conversation: Conversation, contact: Contact) -> bool:
        return (
            self._rules.enabled
            and self._rules.acknowledge != "never"
            and contact.automatic
            and conversation.bot is not BotStance.SILENT
            and conversation.waiting_since == entry.at
            and self._may_answer(entry, conversation, contact)
        )

    # Answering

    async def run(self) -> None:
        """Answer what is open, until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self._start()
                except StoreUnavailable as error:
                    log.warning("reception_waits_for_store", reason=error.sentence)
                waiting = asyncio.create_task(self._wake.wait(), name="reception-wake")
                pause = asyncio.create_task(self._clock.sleep(SCAN_SECONDS), name="reception-pause")
                try:
                    await asyncio.wait({waiting, pause}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiting.cancel()
                    pause.cancel()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def settle(self) -> None:
        """Answer everything that is open now, and return; for tests, when `run` does not run."""
        while await self._start() or self._tasks:
            await asyncio.gather(*self._tasks.values())

    async def _start(self) -> int:
        """A task for each conversation with open turns that has none; returns how many were started."""
        waiting: dict[str, list[CustomerTurn]] = {}
        for turn in (await self._turns.page("open", limit=PAGE)).items:
            waiting.setdefault(turn.conversation_id, []).append(turn)
        started = 0
        for conversation_id, turns in waiting.items():
            if conversation_id in self._tasks or len(self._tasks) >= AT_ONCE:
                continue
            task = asyncio.create_task(self._answer_all(turns), name=f"reception:{conversation_id}")
            self._tasks[conversation_id] = task
            task.add_done_callback(lambda _, key=conversation_id: self._ended(key))  # type: ignore[misc]
            started += 1
        return started

    def _ended(self, conversation_id: str) -> None:
        del self._tasks[conversation_id]
        self._wake.set()

    async def _answer_all(self, turns: Sequence[CustomerTurn]) -> None:
        for turn in turns:
            try:
                await self._answer(turn)
            except (StoreUnavailable, Conflict) as error:
                # The turn stays open, and what follows it in this conversation waits with it.
                log.warning("customer_turn_postponed", turn=turn.id, code=error.code)
                await self._clock.sleep(1.0)
                return

    async def _answer(self, turn: CustomerTurn) -> None:
        entry = await self._entries.get(turn.interaction_id)
        conversation = await self._conversations.get(turn.conversation_id)
        contact = await self._contacts.get(conversation.contact_id) if conversation else None
        if entry is None or conversation is None or contact is None or conversation.deleted:
            return await self._close(turn, "gone")
        if turn.acknowledge:
            return await self._close(turn, await self._acknowledge(turn, entry, conversation, contact))
        if conversation.owner != BOT_OWNER:
            await self._then.tell([Recorded(interaction=entry, conversation=conversation, contact=contact)])
            return await self._close(turn, "handed-over")
        customer = await self._customer(entry, conversation, contact)
        if not await self._budgets.may_speak(customer.address, key=turn.id, dialogue=_is_dialogue(entry, turn)):
            await self._hand_over(entry, conversation, contact)
            return await self._close(turn, "withheld")
        reply = await self._ask(turn, entry, customer)
        # A proof may have moved the conversation to the contact that the writer turned out to be.
        conversation = await self._conversations.get(turn.conversation_id) or conversation
        contact = await self._contacts.get(conversation.contact_id) or contact
        said = reply.text != "" and await self._say(turn, entry, conversation, contact, reply)
        if reply.hand_over or not said:
            await self._hand_over(entry, conversation, contact)
        await self._close(turn, reply.intent if said else "withheld")

    async def _customer(self, entry: Interaction, conversation: Conversation, contact: Contact) -> Customer:
        assert entry.sender is not None
        identity = await self._identities.get(identity_id(entry.sender.address))
        held = identity is not None and identity.contact_id == contact.id
        return Customer(
            contact_id=contact.id,
            conversation_id=conversation.id,
            address=entry.sender.address,
            account=conversation.account,
            bound=identity.strength if identity is not None and held else Strength.CLAIMED,
            message=entry.strength,
            name="" if contact.provisional else contact.name,
            language=contact.language or self._rules.language,
        )

    async def _ask(self, turn: CustomerTurn, entry: Interaction, customer: Customer) -> CustomerReply:
        """The bot's answer; where it fails or takes too long, a handing over that says so."""
        if self._clock.now() - entry.at >= OLDEST:
            return CustomerReply(text="", intent="too-old", hand_over=True)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._bot.answer(
                    customer, entry.text, subject=entry.subject, turn_id=turn.id, at=self._clock.now()
                )
        except StoreUnavailable:
            raise
        except Exception as error:  # a failing bot hands over to the queue at once
            code = error.code if isinstance(error, FernamtError) else type(error).__name__
            log.error("customer_bot_failed", turn=turn.id, code=code, exc_info=True)
            return CustomerReply(text=self._bot.say("failed", customer.language), intent="failed", hand_over=True)

    async def _say(
        self, turn: CustomerTurn, entry: Interaction, conversation: Conversation, contact: Contact, reply: CustomerReply
    ) -> bool:
        assert entry.sender is not None
        if not reply.receipt and not await self._budgets.may_say(
            entry.sender.address,
            conversation.id,
            reply.text,
            reason=reply.intent,
            key=turn.id,
            dialogue=_is_dialogue(entry, turn),
        ):
            return False
        item = await self._letters.answer(
            entry,
            conversation,
            contact,
            reply.text,
            reason="answer",
            language=reply.language or contact.language or self._rules.language,
            files=reply.files,
            choices=reply.choices,
        )
        return item is not None

    async def _acknowledge(
        self, turn: CustomerTurn, entry: Interaction, conversation: Conversation, contact: Contact
    ) -> str:
        """Say that it has arrived, and when somebody will be there."""
        now, opens = self._clock.now(), await self._desk.opens(conversation.account)
        if self._rules.acknowledge == "closed" and opens <= now:
            return "open"
        if now - entry.at >= OLDEST:
            return "too-old"
        language = contact.language or self._rules.language
        text = self._bot.say("received_closed" if opens > now else "received", language, opens=opens)
        reply = CustomerReply(text=text, intent="acknowledgement")
        assert entry.sender is not None
        if not await self._budgets.may_speak(entry.sender.address, key=turn.id, dialogue=False):
            return "withheld"
        return "acknowledged" if await self._say(turn, entry, conversation, contact, reply) else "withheld"

    # Handing over

    async def _hand_over(self, entry: Interaction, conversation: Conversation, contact: Contact) -> None:
        """To the queue, waiting since the message was written; colleagues hear of it."""
        for _ in range(SWAPS):
            current = await self._conversations.get(conversation.id)
            if current is None or current.owner != BOT_OWNER:
                break
            given = replace(
                current, owner=QUEUE_OWNER, bot=BotStance.SILENT, waiting_since=current.waiting_since or entry.at
            )
            if await self._conversations.replace(given, current.version):
                current = replace(given, version=current.version + 1)
                await self._chronicle.record(replace(BOT, language=self._rules.language), current, QUEUED)
                break
        else:
            raise Conflict("The conversation changes all the time; try again.")
        if current is not None:
            await self._then.tell([Recorded(interaction=entry, conversation=current, contact=contact)])

    async def _close(self, turn: CustomerTurn, outcome: str) -> None:
        await self._turns.replace(replace(turn, outcome=outcome, open_since=None), turn.version)


def _is_dialogue(entry: Interaction, turn: CustomerTurn) -> bool:
    """An answer in a chat to somebody who has just asked; mail and acknowledgements have the stricter budgets."""
    return entry.channel != MAIL and not turn.acknowledge
