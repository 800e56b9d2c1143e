"""What a turn means in the light of the turns before it: yes, no, a number, a name that was asked for, a new command.

A command that writes is proposed first. The yes marks the proposal with its turn's id, durably, before anything is
written; the id is the key under which the verb writes at most once. A turn that a crash cut off finds its mark and is
carried out again under the same key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from bots.language.recognition import Reading, Recogniser
from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.help import allowed_topics
from bots.staff.commands.reply import answer_notice
from bots.staff.failures import explain_failure, is_certain, lacks
from bots.staff.memory import Memories, Pending
from bots.staff.proposing import check_proposal
from bots.staff.talk import Talk
from bots.staff.targets import no_such_choice, pick
from hub.domain.errors import FernamtError
from hub.domain.folding import fold
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Text
from hub.ports.proposer import Proposer

log = structlog.get_logger()
CONTEXTUAL = frozenset({"confirm", "decline", "cancel", "change", "choose", "undo"})
"""Intents that mean something only after what was just said."""
KNOWN_NAME = 90
"""From this score on, every word typed stands in the name: a bare name is taken for "who is"."""
MAX_BARE_NAME = 5
SLOT_OF_CHOICE = {
    "contact": ("contact_id", ("contact", "unknown")),
    "conversation": ("conversation_id", ("contact",)),
    "user": ("user_id", ("user",)),
    "appointment": ("appointment_id", ("contact",)),
    "slot": ("when", ("when", "start")),
    "duplicate": ("pair", ("contact", "other")),
    "document": ("document_id", ("document",)),
    "query": ("query", ("query",)),
    "occasion": ("occasion_id", ("occasion",)),
    "session": ("session_id", ()),
}
OPENS = {"open_item": "balance", "duplicate": "merge"}
"""What a bare number does to a choice of that kind: the intent that gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """Takes one turn. `commands` by intent."""

    commands: Mapping[str, Command]
    recogniser: Recogniser
    memories: Memories
    proposer: Proposer | None = None

    async def take(self, talk: Talk, text: str, reading: Reading | None) -> Answer:
        """The answer. Raises what the verbs raise while reading; failures of writing are answers already."""
        pending = talk.memory.pending
        if pending and pending.turn == talk.key:
            return await self._carry_out(talk, pending)
        if not text and talk.memory.files:
            return await self._take_files(talk, pending)
        if not text:
            return Answer(blocks=(talk.text("dialogue.empty"),), pending=pending, intent="unknown")
        intent = reading.intent if reading else ""
        if intent in CONTEXTUAL and talk.at < talk.memory.updated_at:
            return Answer(blocks=(talk.text("dialogue.outdated"),), pending=pending, intent=intent)
        if pending and pending.stage in ("text", "name", "when"):
            asked = await self._take_asked(talk, text, reading, pending)
            if asked:
                return asked
        if reading is None:
            return await self._take_unknown(talk, text)
        if intent in self.commands:
            return await self._take_command(talk, reading, pending)
        return await self._take_contextual(talk, reading, pending)

    async def answer_notice(
        self, talk: Talk, text: str, reading: Reading | None, about: str, files: bool
    ) -> Answer | None:
        """A direct answer to the notice of a contact's message; None where it is rather a word to us: a command with
        its slash, or "back"."""
        pending = talk.memory.pending
        if not (text or files) or text.startswith("/") or (pending and pending.turn == talk.key):
            return None
        if reading is not None and reading.exact and reading.intent in ("undo", "cancel"):
            return None
        if refusal := lacks(talk, Right.WRITE_MESSAGES):
            return replace(refusal, intent="reply")
        answer, at_once = await answer_notice(talk, about, text, files=files)
        if at_once and answer.pending:
            sent = await self._carry_out(talk, answer.pending)
            answer = replace(sent, contact_id=answer.contact_id, conversation_id=answer.conversation_id)
        return replace(answer, intent="reply")

    async def _take_contextual(self, talk: Talk, reading: Reading, pending: Pending | None) -> Answer:
        if reading.intent == "choose":
            return await self._choose(talk, reading.slots["number"])
        if reading.intent == "confirm":
            return await self._confirm(talk, pending)
        if reading.intent == "change":
            return await self._change(talk, reading.slots, pending)
        return await self._decline(talk, reading.intent, pending)

    async def _take_command(self, talk: Talk, reading: Reading, pending: Pending | None) -> Answer:
        if reading.intent == "undo" and pending and not pending.turn:
            return await self._decline(talk, "decline", pending)
        answer = await self.propose(talk, reading.intent, reading.slots)
        if self.commands[reading.intent].aside:
            return replace(answer, pending=pending)
        if pending and pending.stage == "confirm" and not pending.turn:
            what = talk.say(f"intent.{pending.intent}")
            answer = replace(answer, blocks=(*answer.blocks, talk.text("dialogue.dropped", what=what)))
        return answer

    async def propose(self, talk: Talk, intent: str, slots: Slots) -> Answer:
        """Run a command's first step, if the colleague may."""
        command = self.commands[intent]
        answer = lacks(talk, command.right) or await command.propose(talk, slots)
        return replace(answer, intent=answer.intent or intent)

    async def _take_files(self, talk: Talk, pending: Pending | None) -> Answer:
        """Files without a word: where they could be filed, for whoever may; else what can be done with them."""
        told = _tell_files(talk, pending)
        waits = pending is not None and pending.turn
        if waits or Right.EDIT_CONTACTS not in talk.actor.rights:
            return told
        proposed = await self.commands["file_document"].propose(talk, {})
        return replace(proposed, intent="files")

    # A question of ours is open

    async def _take_asked(self, talk: Talk, text: str, reading: Reading | None, pending: Pending) -> Answer | None:
        """The text or the name that was asked for, unless this is something else."""
        command = self.commands[pending.intent]
        intent = reading.intent if reading and reading.exact else ""
        if intent in ("cancel", "decline"):
            return await self._decline(talk, intent, pending)
        message = pending.stage == "text" and command.free_text == "text"
        if not message and intent in self.commands:
            return None
        if pending.stage == "when":
            return await self._take_when(talk, text, reading, pending)
        slot = command.free_text if pending.stage == "text" else "contact"
        if reading and reading.intent == "choose" and slot == "contact":
            text = f"@{reading.slots['number']}"
        elif slot in ("contact", "user"):
            text = self.recogniser.read_slot(slot, text, talk.pack.code) or text
        return await self.propose(talk, pending.intent, pending.slots | {slot: text})

    async def _take_when(self, talk: Talk, text: str, reading: Reading | None, pending: Pending) -> Answer | None:
        """The time that was asked for; a number picks one of the free times just shown."""
        if reading and reading.intent == "choose":
            number = reading.slots["number"]
            choice = pick(talk.memory.choices, number)
            if choice is not None and choice.kind == "slot":
                return await self.propose(talk, pending.intent, pending.slots | {"when": choice.id})
        found = self.recogniser.read_when(text, talk.pack.code, talk.at.astimezone(talk.zone))
        if not found:
            return None
        kept = {name: value for name, value in pending.slots.items() if name not in found}
        return await self.propose(talk, pending.intent, _joined(kept, found, pending.slots.get("when", "")))

    async def _confirm(self, talk: Talk, pending: Pending | None) -> Answer:
        if pending is None:
            return Answer(blocks=(talk.text("dialogue.nothing_waits"),), intent="confirm")
        if pending.stage == "choose":
            if pending.slots.get("unknown") and not talk.memory.choices:
                return await self.propose(talk, "create", {})
            if len(talk.memory.choices) == 1:
                return await self._choose(talk, "1")
            last = len(talk.memory.choices)
            return Answer(blocks=(talk.text("dialogue.number", last=last),), pending=pending, intent=pending.intent)
        if not talk.exact:
            return self._ask_again(talk, pending)
        return await self._carry_out(talk, pending)

    async def _decline(self, talk: Talk, intent: str, pending: Pending | None) -> Answer:
        undo = talk.memory.undo
        if pending is None and intent == "cancel" and undo and undo.kind == "reply":
            return await self.propose(talk, "undo", {})
        key = "dialogue.declined"
        if pending and pending.turn:
            key = "dialogue.declined_unsure"
        elif pending and pending.intent == "reply":
            key = "dialogue.declined_send"
        return Answer(blocks=(talk.text(key),), choices=(), intent="decline")

    async def _change(self, talk: Talk, slots: Slots, pending: Pending | None) -> Answer:
        if pending is None or pending.stage != "confirm" or pending.turn:
            return Answer(blocks=(talk.text("dialogue.nothing_to_change"),), pending=pending, intent="change")
        free = self.commands[pending.intent].free_text
        if not free:
            return Answer(blocks=(talk.text("dialogue.say_anew"),), intent="decline")
        kept = {name: value for name, value in pending.slots.items() if name not in (free, f"{free}_id", "digest")}
        if slots.get("text"):
            kept[free] = slots["text"]
        return await self.propose(talk, pending.intent, kept)

    async def _choose(self, talk: Talk, number: str) -> Answer:
        choice = pick(talk.memory.choices, number)
        if choice is None:
            return no_such_choice(talk)
        pending = talk.memory.pending
        if pending and pending.stage == "confirm":
            return self._ask_again(talk, pending)
        if pending and pending.stage == "choose" and choice.kind in SLOT_OF_CHOICE:
            slot, replaced = SLOT_OF_CHOICE[choice.kind]
            kept = {name: value for name, value in pending.slots.items() if name not in replaced}
            return await self.propose(talk, pending.intent, kept | {slot: choice.id})
        if choice.kind == "intent":
            return await self._choose_intent(talk, choice)
        if choice.kind == "contact":
            return await self.propose(talk, "who", {"contact_id": choice.id})
        if choice.kind == "document":
            return await self.propose(talk, "find_document", {"document_id": choice.id})
        if choice.kind == "occasion":
            return await self.propose(talk, "occasion_guests", {"occasion_id": choice.id})
        if choice.kind in OPENS:
            return await self.propose(talk, OPENS[choice.kind], {"contact": f"@{number}"})
        if choice.kind in ("appointment", "slot", "reminder", "found", "session"):
            return Answer(blocks=(talk.text(f"choice.{choice.kind}", label=choice.label),), intent="choose")
        slot = "entry_id" if choice.kind == "entry" else "conversation_id"
        return await self.propose(talk, "timeline", {slot: choice.id})

    async def _choose_intent(self, talk: Talk, choice: Choice) -> Answer:
        command = self.commands.get(choice.id)
        if command and command.stands_alone and not command.free_text:
            return await self.propose(talk, choice.id, {})
        return await self.propose(talk, "help", {"topic": choice.id})

    def _ask_again(self, talk: Talk, pending: Pending) -> Answer:
        names = ("yes", "no", "change") if self.commands[pending.intent].free_text else ("yes", "no")
        buttons = tuple(talk.say(f"button.{name}") for name in names)
        said = f"{talk.say('dialogue.reask')} {' / '.join(buttons)}"
        return Answer(blocks=(Text(text=said),), pending=pending, buttons=buttons, intent=pending.intent)

    # Writing

    async def _carry_out(self, talk: Talk, pending: Pending) -> Answer:
        command = self.commands[pending.intent]
        refusal = lacks(talk, command.right)
        if refusal or command.carry_out is None:
            return refusal or self._ask_again(talk, pending)
        marked = pending if pending.turn else replace(pending, turn=talk.key, since=talk.at.isoformat())
        talk.memory.pending = marked
        begun = talk.begun(marked, repeated=bool(pending.turn))
        try:
            await self.memories.save(talk.memory)
        except FernamtError as error:
            talk.memory.pending = pending
            answer = explain_failure(talk, pending.intent, error, writing=True, kept=None)
            return replace(answer, pending=pending)
        try:
            answer = await command.carry_out(begun, marked.slots)
        except Exception as error:  # noqa: BLE001 - whatever failed, the colleague learns what became of their command
            certain = is_certain(error)
            log_failure(error, pending.intent, talk)
            kept = None if certain else marked
            return explain_failure(talk, pending.intent, error, writing=True, kept=kept)
        return replace(answer, intent=answer.intent or pending.intent)

    # Nothing fits

    async def _take_unknown(self, talk: Talk, text: str) -> Answer:
        pending = talk.memory.pending
        if pending and pending.stage == "confirm":
            return self._ask_again(talk, pending)
        words = fold(text).split()
        if pending and pending.stage == "choose":
            named = [
                number
                for number, choice in enumerate(talk.memory.choices, 1)
                if set(words) <= set(fold(choice.label).split())
            ]
            if words and len(named) == 1:
                return await self._choose(talk, str(named[0]))
        if 1 <= len(words) <= MAX_BARE_NAME and Right.READ_CONTACTS in talk.actor.rights:
            matches = await talk.verbs.contacts.find(talk.actor, text, limit=2)
            if matches and matches[0].score >= KNOWN_NAME:
                carried = pending if pending and pending.stage == "choose" else None
                slots = {name: value for name, value in carried.slots.items() if name != "unknown"} if carried else {}
                return await self.propose(talk, carried.intent if carried else "who", slots | {"contact": text})
        if self.proposer is not None and pending is None:
            topics = {topic: talk.say(f"example.{topic}") for topic in allowed_topics(talk) if topic in self.commands}
            proposal = await self.proposer.propose(text, topics)
            checked = check_proposal(talk, proposal, text, topics, self.recogniser) if proposal else None
            if checked is not None:
                return await self.propose(replace(talk, exact=False), *checked)
        return self._suggest(talk, text)

    def _suggest(self, talk: Talk, text: str) -> Answer:
        """What was understood, and three things that could have been meant."""
        # Loaded on first use: the daemon starts and idles without it.
        from rapidfuzz import fuzz

        folded = fold(text[:200])
        allowed = allowed_topics(talk)
        ranked = sorted(
            allowed, key=lambda topic: -fuzz.partial_ratio(folded, fold(talk.say(f"example.{topic}"))) if folded else 0
        )
        nearest = (ranked or ["help"])[:3]
        words = self.recogniser.understood_words(text)[:5]
        quoted = ", ".join(talk.quote(word) for word in dict.fromkeys(words))
        said = talk.text("unknown.partly", words=quoted) if words else talk.text("unknown.title")
        return Answer(
            blocks=(said,),
            choices=tuple(Choice(kind="intent", id=topic, label=talk.say(f"example.{topic}")) for topic in nearest),
            buttons=(talk.say("button.help"),),
            intent="unknown",
        )


def log_failure(error: Exception, intent: str, talk: Talk) -> None:
    """The kind of failure and where it arose; never what was said."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    level = log.warning if isinstance(error, (FernamtError, TimeoutError)) else log.error
    level("bot_turn_failed", intent=intent, turn=talk.key, kind=type(error).__name__, where=where)


def _joined(kept: dict[str, str], found: Mapping[str, str], before: str) -> dict[str, str]:
    """What was said now, with the day that was said before where now only a time was."""
    when = found.get("when", "")
    if when.startswith("T"):
        when = f"{before[:10]}{when}" if len(before) >= 10 else ""
    return kept | dict(found) | {"when": when}


def _tell_files(talk: Talk, pending: Pending | None) -> Answer:
    """Files without a word: what they are, and what can be done with them."""
    names = ", ".join(talk.quote(file.name) for file in talk.memory.files)
    return Answer(blocks=(talk.text("dialogue.files", names=names),), pending=pending, intent="files")
