"""What each visitor said and was told, so that their page shows it again: the last 50 lines, kept as a cursor of the
account, written before anybody is told that a line was taken. Nothing of a contact is in it, only this browser's chat.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.domain.views import FileData
from hub.ports.connector import Inlet

MAX_LINES = 50
MAX_CHARACTERS = 200_000
IN_MEMORY = 1_000
"""Visitors whose lines are held in memory; the others are read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chat. `who`: "you" (the visitor) or "us"; `number` counts within the chat."""

    number: int
    id: str
    who: str
    text: str
    at: str
    choices: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    """`{name, type, size}`."""
    message_id: str = ""
    """Of ours: for the receipt."""


@dataclass(slots=True)
class Chat:
    """One visitor's."""

    lines: list[Line] = field(default_factory=list)
    last: int = 0
    seen: int = 0
    """Up to which number the page has shown them."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    listeners: set[asyncio.Event] = field(default_factory=set)

    def after(self, number: int) -> list[Line]:
        """What came after that line."""
        return [line for line in self.lines if line.number > number]


class Shelf:
    """All chats of an account."""

    def __init__(self) -> None:
        self._chats: OrderedDict[str, Chat] = OrderedDict()

    async def open(self, visitor: str, inlet: Inlet) -> Chat:
        """The visitor's chat. Raises StoreUnavailable."""
        chat = self._chats.get(visitor)
        if chat is None:
            kept = await inlet.load_cursor(f"visitor/{visitor}")
            chat = self._chats.setdefault(visitor, _read(kept))
        self._chats.move_to_end(visitor)
        self._forget()
        return chat

    def _forget(self) -> None:
        idle = [key for key, chat in self._chats.items() if not chat.listeners and not chat.lock.locked()]
        for key in idle[: max(0, len(self._chats) - IN_MEMORY)]:
            del self._chats[key]

    async def add(
        self, visitor: str, inlet: Inlet, make: Callable[[int], Line], files: Sequence[FileData] = ()
    ) -> tuple[Line, bool]:
        """Write the line that `make` gives for its number, once for its id; True where it is new. Raises
        StoreUnavailable: then nothing was added."""
        chat = await self.open(visitor, inlet)
        async with chat.lock:
            line = make(chat.last + 1)
            known = next((one for one in chat.lines if one.id == line.id), None)
            if known is not None:
                return known, False
            for index, file in enumerate(files):
                await inlet.save_cursor(f"file/{visitor}/{line.number}/{index}", file.data)
            lines = [*chat.lines, line]
            dropped = _overflow(lines)
            await inlet.save_cursor(f"visitor/{visitor}", _write(lines[dropped:], line.number, chat.seen))
            gone, chat.lines, chat.last = lines[:dropped], lines[dropped:], line.number
            for one in gone:
                await self._drop_files(visitor, inlet, one)
        for listener in chat.listeners:
            listener.set()
        return line, True

    async def _drop_files(self, visitor: str, inlet: Inlet, line: Line) -> None:
        for index in range(len(line.files) if line.who == "us" else 0):
            await inlet.save_cursor(f"file/{visitor}/{line.number}/{index}", b"")

    async def note_seen(self, visitor: str, inlet: Inlet, number: int) -> list[Line]:
        """The page has shown everything up to there: our lines of which that is news. Raises StoreUnavailable."""
        chat = await self.open(visitor, inlet)
        async with chat.lock:
            number = min(number, chat.last)
            if number <= chat.seen:
                return []
            fresh = [line for line in chat.after(chat.seen) if line.who == "us" and line.number <= number]
            await inlet.save_cursor(f"visitor/{visitor}", _write(chat.lines, chat.last, number))
            chat.seen = number
            return fresh

    async def file(self, visitor: str, inlet: Inlet, number: int, index: int) -> FileData | None:
        """A file of ours to this visitor; None where there is none (any more)."""
        chat = await self.open(visitor, inlet)
        line = next((one for one in chat.lines if one.number == number and one.who == "us"), None)
        if line is None or not 0 <= index < len(line.files):
            return None
        data = await inlet.load_cursor(f"file/{visitor}/{number}/{index}")
        meta = line.files[index]
        return FileData(name=str(meta["name"]), type=str(meta["type"]), data=data) if data else None

    def wake_all(self) -> None:
        """Let every open page look again."""
        for chat in self._chats.values():
            for listener in chat.listeners:
                listener.set()


def _overflow(lines: Sequence[Line]) -> int:
    """How many of the oldest lines have to go."""
    dropped = max(0, len(lines) - MAX_LINES)
    while dropped < len(lines) - 1 and sum(len(line.text) for line in lines[dropped:]) > MAX_CHARACTERS:
        dropped += 1
    return dropped


def _write(lines: Sequence[Line], last: int, seen: int) -> bytes:
    return json.dumps({"last": last, "seen": seen, "lines": [asdict(line) for line in lines]}).encode("ascii")


def _read(kept: bytes | None) -> Chat:
    """What cannot be read begins anew: the timeline has it all the same."""
    try:
        stored = json.loads(kept or b"{}")
        lines = [Line(**line) for line in stored.get("lines", [])]
        return Chat(lines=lines, last=int(stored.get("last", 0)), seen=int(stored.get("seen", 0)))
    except (ValueError, TypeError, AttributeError):
        return Chat()


def ours(number: int, *, id: str, text: str, at: datetime, choices: Sequence[str], message_id: str) -> Line:
    """A line of the company."""
    return Line(
        number=number,
        id=id,
        who="us",
        text=text,
        at=at.isoformat(),
        choices=list(choices)[:10],
        message_id=message_id,
    )


def with_files(line: Line, files: Sequence[FileData]) -> Line:
    """The line with what it says of its files."""
    described = [{"name": file.name[:200], "type": file.type[:100], "size": len(file.data)} for file in files]
    return replace(line, files=described)
