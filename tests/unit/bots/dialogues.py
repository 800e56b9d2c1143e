"""Dialogues as they are read: "> du: ..." and what the bot answers, "> bot: ..." with its further lines below.

`# ...` is a remark; `! wait 30` lets seconds pass; `! fail reply store-unavailable` makes a verb fail once, before its
effect, `! fail-late` after it; `! as ben` goes on as somebody else; `! cannot-send TEXT`; `! writes reply=1` counts.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bots.staff import Staff
from hub.domain.errors import Conflict, FernamtError, Invalid, StoreUnavailable
from hub.domain.people import UserRole
from tests.memory_store import MemoryStore
from tests.unit.bots.fake_desk import Desk, actor, laid_desk

FOLDER = Path(__file__).parents[2] / "cases" / "bot" / "dialogues"
ERRORS: dict[str, FernamtError] = {
    "store-unavailable": StoreUnavailable("The disk is full."),
    "conflict": Conflict("It was closed meanwhile."),
    "invalid": Invalid("A name has at most 200 characters."),
}
LINE = re.compile(r"> (?P<who>du|you|bot): ?(?P<said>.*)")


@dataclass
class Player:
    """Plays a dialogue and writes down what was really said."""

    desk: Desk
    bot: Staff
    who: str = "anna"
    language: str = "de"
    turn: int = 0

    async def play(self, script: str) -> str:
        said: list[str] = []
        skipping = False
        for line in script.splitlines():
            match = LINE.fullmatch(line)
            if match and match["who"] == "bot":
                skipping = True
                continue
            if match:
                skipping = False
                said += [line, *await self._ask(match["said"].replace("\\n", "\n"))]
            elif line.startswith(("#", "!")) or not line:
                skipping = False
                said.append(line)
                if line.startswith("!"):
                    self._do(*line[2:].split(" ", 1))
            elif not skipping:
                raise ValueError(f"not a line of a dialogue: {line!r}")
        return "\n".join(said) + "\n"

    async def _ask(self, text: str) -> list[str]:
        self.turn += 1
        role = UserRole.ADMIN if self.who == "chef" else UserRole.AGENT
        asker = actor(self.who, role, self.language)
        now = self.desk.clock.now()
        reply = await self.bot.answer(asker, text, turn_id=f"a_{self.turn}", at=now)
        return f"> bot: {reply.text}".splitlines()

    def _do(self, verb: str, rest: str = "") -> None:
        if verb == "wait":
            self.desk.clock.moment += timedelta(seconds=int(rest))
        elif verb in ("fail", "fail-late"):
            name, code = rest.split()
            self.desk.fail(name, ERRORS[code], late=verb == "fail-late")
        elif verb == "as":
            self.who, _, language = rest.partition(" ")
            self.language = language or self.language
        elif verb == "cannot-send":
            self.desk.can_send, self.desk.problem = False, rest
        elif verb == "writes":
            assert Counter(self.desk.writes) == Counter(
                {name: int(count) for name, _, count in (part.partition("=") for part in rest.split())}
            ), self.desk.writes
        else:
            raise ValueError(verb)


def new_player() -> Player:
    desk = laid_desk()
    return Player(desk, Staff(verbs=desk, store=MemoryStore(), clock=desk.clock))
