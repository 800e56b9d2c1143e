"""Two small bounded memories: which forms were already sent, and what was just said to the bot."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

from hub.ports.bot import BotReply

MAX_NONCES = 2_000
MAX_CHATS = 200
MAX_LINES = 30
MAX_UPLOADS = 20
MAX_UPLOADED = 64_000_000
"""Bytes of all files together."""


class Nonces:
    """Where a form that was sent twice (double click, back button) ended the first time. Replies and notes do not need
    it: their nonce is the key under which the verb writes once, even across a restart."""

    def __init__(self) -> None:
        self._done: OrderedDict[tuple[str, str], str] = OrderedDict()

    def seen(self, actor_id: str, nonce: str) -> str | None:
        """The location of the first sending, or None."""
        return self._done.get((actor_id, nonce)) if nonce else None

    def remember(self, actor_id: str, nonce: str, location: str) -> None:
        """Keep it; the oldest is forgotten."""
        if nonce:
            self._done[actor_id, nonce[:64]] = location
            while len(self._done) > MAX_NONCES:
                self._done.popitem(last=False)


class Uploads:
    """The file that each colleague has looked at and not yet taken in. Forgotten with a restart; then it is
    sent again."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, tuple[str, bytes, dict[str, str]]] = OrderedDict()

    def keep(self, actor_id: str, ticket: str, data: bytes, mapping: dict[str, str]) -> None:
        """One for each colleague; the oldest make room."""
        self._files.pop(actor_id, None)
        self._files[actor_id] = (ticket, data, mapping)
        while len(self._files) > MAX_UPLOADS or self._bytes() > MAX_UPLOADED:
            self._files.popitem(last=False)

    def take(self, actor_id: str, ticket: str) -> tuple[bytes, dict[str, str]] | None:
        """The file of that ticket with the names of its columns, or None where it is gone."""
        kept = self._files.get(actor_id)
        if kept is None or not ticket or kept[0] != ticket:
            return None
        del self._files[actor_id]
        return kept[1], kept[2]

    def _bytes(self) -> int:
        return sum(len(data) for _, data, _ in self._files.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLine:
    """A question and its answer."""

    id: str
    at: datetime
    question: str
    reply: BotReply


class Chats:
    """The last lines of each colleague's chat with the bot in the console. The durable record is the bot turn; this is
    only what the page shows again."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[ChatLine]] = OrderedDict()

    def lines(self, actor_id: str) -> list[ChatLine]:
        """Oldest first."""
        return list(self._lines.get(actor_id, ()))

    def add(self, actor_id: str, line: ChatLine) -> None:
        """Append; only the newest lines of the newest chats stay."""
        self._lines.setdefault(actor_id, deque(maxlen=MAX_LINES)).append(line)
        self._lines.move_to_end(actor_id)
        while len(self._lines) > MAX_CHATS:
            self._lines.popitem(last=False)

    def clear(self, actor_id: str) -> None:
        """Forget one colleague's lines."""
        self._lines.pop(actor_id, None)
