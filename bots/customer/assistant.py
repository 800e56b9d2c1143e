"""The customer bot: implements hub.ports.customer_verbs.CustomerBot. It says that it is one."""

import json
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bots.customer.dialogue import take_turn
from bots.customer.memory import Memories, Memory
from bots.customer.recognition import CONTEXTUAL, CustomerRecogniser, load_customer_packs
from bots.customer.talk import Talk, sentence
from bots.language.moments import tell_moment
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.customer_verbs import Customer, CustomerReply, CustomerVerbs
from hub.ports.store import Store


class CustomerAssistant:
    """Answers customers. `time_zone`: in which times are understood and told."""

    def __init__(
        self, *, verbs: CustomerVerbs, store: Store, clock: Clock, company: str, time_zone: str, language: str
    ) -> None:
        self._packs = load_customer_packs()
        self._recogniser = CustomerRecogniser(self._packs)
        self._memories = Memories(store)
        self._verbs, self._clock, self._company = verbs, clock, company
        self._zone, self._language = ZoneInfo(time_zone), language

    def understands(self, text: str, language: str, now: datetime, *, invited: bool = False) -> str:
        """See CustomerBot."""
        heard = self._recogniser.read(text, language, now.astimezone(self._zone), invited=invited)
        return "" if heard.intent in CONTEXTUAL else heard.intent

    def say(self, key: str, language: str, **fields: object) -> str:
        """See CustomerBot. A moment `opens` becomes {when}."""
        code = language if language in self._packs else self._language
        opens = fields.pop("opens", None)
        if isinstance(opens, datetime):
            fields["when"] = tell_moment(opens, self._clock.now(), self._packs[code].pack, self._zone)
        return sentence(self._packs, code, key, company=self._company, **fields)

    async def answer(
        self, customer: Customer, text: str, *, subject: str = "", turn_id: str, at: datetime
    ) -> CustomerReply:
        """See CustomerBot."""
        memory = await self._memories.load(customer.conversation_id)
        if turn_id in memory.turns:
            return await self._repeat(customer, memory, turn_id)
        invited = bool(await self._verbs.invitations(customer))
        talk = self._talk(customer, memory, text, subject, turn_id, invited)
        reply = replace(self._with_greeting(talk, await take_turn(talk)), language=talk.language)
        memory.language, memory.greeted = talk.language, True
        memory.remember(turn_id, reply)
        await self._memories.save(memory, at)
        return reply

    def _talk(self, customer: Customer, memory: Memory, text: str, subject: str, turn_id: str, invited: bool) -> Talk:
        now = self._clock.now().astimezone(self._zone)
        prefer = memory.language or customer.language or self._language
        # Asked for something else, a bare "yes" answers that.
        invited = invited and not memory.pending
        heard = self._recogniser.read(text, prefer, now, invited=invited)
        if not heard.intent and not customer.chats and not text.strip():
            heard = self._recogniser.read(subject, prefer, now)
        said = heard.intent not in ("", "choose", "code", "address")
        language = heard.language if said else prefer
        return Talk(
            customer=customer,
            verbs=self._verbs,
            memory=memory,
            heard=heard,
            packs=self._packs,
            language=language if language in self._packs else self._language,
            company=self._company,
            zone=self._zone,
            now=now,
            key=turn_id,
        )

    @staticmethod
    def _with_greeting(talk: Talk, reply: CustomerReply) -> CustomerReply:
        """Who speaks is said once in a conversation, before anything else."""
        if talk.memory.greeted or reply.intent == "who_are_you":
            return reply
        greeting = talk.say("greet", name=talk.name())
        apart = " " if talk.customer.chats else "\n\n"
        return replace(reply, text=f"{greeting}{apart}{reply.text}")

    async def _repeat(self, customer: Customer, memory: Memory, turn_id: str) -> CustomerReply:
        """Answered before a crash: the same words again, the file made anew."""
        if memory.turns[-1] != turn_id or not memory.reply:
            return CustomerReply(text="", intent="answered-before", hand_over=True)
        said = json.loads(memory.reply)
        files = await self._files_of(customer, said["file_of"])
        return CustomerReply(
            text=said["text"],
            intent=said["intent"],
            hand_over=said["hand_over"],
            receipt=said["receipt"],
            language=memory.language,
            files=files,
        )

    async def _files_of(self, customer: Customer, id: str) -> tuple[FileData, ...]:
        """Of an appointment, or of an event (`n_...`)."""
        if id.startswith("n_"):
            return tuple(await self._verbs.occasion_files(customer, id))
        return (await self._verbs.calendar_file(customer, id),) if id else ()
