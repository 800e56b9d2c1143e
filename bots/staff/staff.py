"""The staff bot: one question in, one answer out, never an exception. See docs/employees.md for what it understands."""

import asyncio
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bots.language.pack import FALLBACK, HERE, load_packs
from bots.language.recognition import Reading, Recogniser
from bots.rendering import render
from bots.staff.command import Answer
from bots.staff.commands import COMMANDS
from bots.staff.dialogue import Dialogue, log_failure
from bots.staff.failures import explain_failure
from bots.staff.memory import Memories, Memory, read_reply
from bots.staff.talk import Talk, Translate, as_it_is
from hub.domain.message import Attachment
from hub.domain.people import Actor
from hub.domain.turn import Choice
from hub.ports.bot import BotReply
from hub.ports.clock import Clock
from hub.ports.proposer import Proposer
from hub.ports.store import Store
from hub.ports.verbs import Verbs

MAX_INPUT = 16_000
"""Characters of one question; more is cut, and the reply's own limit then says so."""
ANSWERS = frozenset({"confirm", "decline", "cancel", "change"})
"""What answers a question of ours is answered in that question's language: "ok" to a German one."""
HIDDEN_SLOTS = frozenset({"digest", "suffix", "before", "what", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSettings:
    """`time_zone` is for colleagues who set none of their own. Proposals and lists are forgotten after `forget_after`;
    an answer that takes longer than `answer_within` is given up."""

    time_zone: str = "Europe/Berlin"
    forget_after: timedelta = timedelta(hours=1)
    answer_within: timedelta = timedelta(seconds=30)
    languages: Path = field(default=HERE)
    translate: Translate = as_it_is
    """The hub's own sentences (of errors, of problems) in a language."""


class Staff:
    """Implements hub.ports.bot.StaffBot. Turns of one colleague on one door are answered one after the other."""

    def __init__(
        self,
        *,
        verbs: Verbs,
        store: Store,
        clock: Clock,
        settings: StaffSettings | None = None,
        proposer: Proposer | None = None,
    ) -> None:
        self._settings = settings or StaffSettings()
        self._verbs, self._clock, self._blobs = verbs, clock, store.blobs
        self._packs = load_packs(self._settings.languages)
        self._recogniser = Recogniser(self._packs)
        self._memories = Memories(store)
        self._dialogue = Dialogue(
            commands=COMMANDS, recogniser=self._recogniser, memories=self._memories, proposer=proposer
        )

    async def answer(
        self,
        actor: Actor,
        text: str,
        *,
        turn_id: str,
        at: datetime,
        files: Sequence[Attachment] = (),
        about: str = "",
    ) -> BotReply:
        """See StaffBot."""
        key = f"{actor.id}|{actor.via}"
        memory = Memory(id=key)
        lock = self._memories.lock(key)
        try:
            async with lock, asyncio.timeout(self._settings.answer_within.total_seconds()):
                memory = await self._memories.load(key)
                if turn_id in memory.turns:
                    return self._repeat(actor, memory, turn_id, at)
                return await self._take(actor, memory, text, turn_id, at, tuple(files), about)
        except Exception as error:  # noqa: BLE001 - the promise of the port: a failure is an answer
            talk = self._talk(actor, Memory(id=key), self._language(actor, memory, text, None), turn_id, at)
            log_failure(error, "other", talk)
            return _reply(talk, explain_failure(talk, "other", error, writing=False, kept=None))

    async def _take(
        self,
        actor: Actor,
        memory: Memory,
        written: str,
        turn_id: str,
        at: datetime,
        files: tuple[Attachment, ...],
        about: str,
    ) -> BotReply:
        text = _clean(written)
        self._forget(memory, turn_id, at)
        before = memory.substance()
        memory.files = files or memory.files
        reading = self._recogniser.read(text, self._preferred(actor, memory), at.astimezone(self._zone_of(actor)))
        language = self._language(actor, memory, text, reading)
        talk = self._talk(actor, memory, language, turn_id, at, exact=reading is None or reading.exact)
        memory.language = language
        try:
            whole = written[:MAX_INPUT].strip()
            direct = self._dialogue.answer_notice(talk, whole, reading, about, bool(files)) if about else None
            answer = (await direct if direct else None) or await self._dialogue.take(talk, text, reading)
        except Exception as error:  # noqa: BLE001 - as above; the proposal before it is no longer on the table
            intent = reading.intent if reading else "other"
            log_failure(error, intent, talk)
            answer = explain_failure(talk, intent, error, writing=False, kept=None)
        _apply(memory, answer)
        reply = _reply(talk, answer)
        unsure = memory.pending is not None and memory.pending.turn == turn_id
        if memory.substance() != before and not unsure:
            memory.remember(turn_id, reply, at)
        if memory.substance() != before:
            await self._memories.save_if_possible(memory)
        return reply

    def _repeat(self, actor: Actor, memory: Memory, turn_id: str, at: datetime) -> BotReply:
        """A turn that was answered before, but whose answer did not get out."""
        if memory.reply and memory.turns[-1] == turn_id:
            return read_reply(memory.reply)
        talk = self._talk(actor, memory, self._language(actor, memory, "", None), turn_id, at)
        return _reply(talk, Answer(blocks=(talk.text("dialogue.already_done"),), intent="confirm"))

    def _forget(self, memory: Memory, turn_id: str, at: datetime) -> None:
        pending = memory.pending
        if at - memory.updated_at > self._settings.forget_after and not (pending and pending.turn == turn_id):
            memory.pending, memory.choices, memory.files = None, (), ()

    def _preferred(self, actor: Actor, memory: Memory) -> tuple[str, ...]:
        """In which language something is meant that several have: the one of the open question, else the actor's."""
        if memory.pending or memory.choices:
            return (memory.language, actor.language)
        return (actor.language, memory.language)

    def _language(self, actor: Actor, memory: Memory, text: str, reading: Reading | None) -> str:
        pending = memory.pending
        answering = reading is None or reading.intent in ANSWERS
        asked = pending is not None and (pending.stage in ("text", "name") or answering)
        if asked and memory.language in self._packs:
            return memory.language
        if reading:
            return reading.language
        spoken = self._recogniser.language_of(text)
        fallback = actor.language if actor.language in self._packs else FALLBACK
        return spoken or fallback

    def _zone_of(self, actor: Actor) -> tzinfo:
        return _zone(actor.time_zone) or _zone(self._settings.time_zone) or ZoneInfo("UTC")

    def _talk(
        self, actor: Actor, memory: Memory, language: str, turn_id: str, at: datetime, *, exact: bool = True
    ) -> Talk:
        return Talk(
            actor=actor,
            verbs=self._verbs,
            memory=memory,
            pack=self._packs[language],
            packs=self._packs,
            zone=self._zone_of(actor),
            now=self._clock.now(),
            at=at,
            key=turn_id,
            exact=exact,
            blobs=self._blobs,
            translate=self._settings.translate,
        )


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _clean(text: str) -> str:
    """Without control characters, surrogates and the slash that chat clients put before commands."""
    kept = "".join(c for c in text[:MAX_INPUT] if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return kept.strip().removeprefix("/").strip()


def _apply(memory: Memory, answer: Answer) -> None:
    if answer.choices is not None:
        memory.choices = answer.choices
    if answer.contact_id is not None:
        memory.contact_id = answer.contact_id
        memory.conversation_id = answer.conversation_id or ""
    if answer.undo is not None:
        memory.undo = answer.undo
    memory.pending = answer.pending


def _listed(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Choices to be told with their numbers. A single appointment was told already; it only stays what "it" means."""
    return () if len(choices) == 1 and choices[0].kind == "appointment" else choices


def _reply(talk: Talk, answer: Answer) -> BotReply:
    choices = answer.choices or ()
    return BotReply(
        text=render(answer.blocks, _listed(choices), answer.buttons),
        intent=answer.intent,
        slots={name: value for name, value in answer.slots.items() if name not in HIDDEN_SLOTS and value},
        choices=choices,
        buttons=answer.buttons,
        blocks=answer.blocks,
        files=answer.files,
        language=talk.pack.code,
    )
