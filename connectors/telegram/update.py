"""One update of the Bot API (https://core.telegram.org/bots/api#update): of which kind it is, in which chat, by whom,
whether it is for us, and how its message is named."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.telegram.plain import number_of, part_of, parts_of, text_of
from hub.domain.errors import Unreadable

MESSAGES = ("message", "business_message")
EDITS = ("edited_message", "edited_business_message")
DELETION, PRESS, REACTION, MEMBERSHIP = (
    "deleted_business_messages",
    "callback_query",
    "message_reaction",
    "my_chat_member",
)
TAKEN = (*MESSAGES, *EDITS, DELETION, PRESS, REACTION, MEMBERSHIP)
"""What Telegram is asked to send."""
GROUPS = ("group", "supergroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """`kind` is the one field beside `update_id`, `body` its value."""

    id: int
    kind: str
    body: dict[str, Any]
    plain: dict[str, Any]
    """As Telegram sent it."""

    @property
    def message(self) -> dict[str, Any]:
        """The message that came, or that a button hangs on."""
        return part_of(self.body, "message") if self.kind == PRESS else self.body

    @property
    def chat(self) -> dict[str, Any]:
        return part_of(self.message, "chat")

    @property
    def person(self) -> dict[str, Any]:
        """Who did it; of a deletion, whose chat it was."""
        if self.kind == REACTION:
            return part_of(self.body, "user") or part_of(self.body, "actor_chat")
        return part_of(self.body, "from") or (self.chat if self.kind == DELETION else {})

    @property
    def chat_id(self) -> int:
        return number_of(self.chat, "id") or number_of(self.person, "id")

    @property
    def in_group(self) -> bool:
        return text_of(self.chat, "type") in GROUPS

    @property
    def album(self) -> str:
        """The name that the parts of one album share; '' for what is in none."""
        return text_of(self.body, "media_group_id")[:64] if self.kind in MESSAGES else ""

    @property
    def by_colleague(self) -> bool:
        """A colleague wrote it to the customer, from the own account that the bot is connected to."""
        if self.kind not in ("business_message", "edited_business_message"):
            return False
        return number_of(self.person, "id") != self.chat_id

    @property
    def at(self) -> datetime | None:
        """When it happened, as Telegram's own clock says."""
        seconds = number_of(self.body, "edit_date") if self.kind in EDITS else 0
        seconds = seconds or number_of(self.body, "date") or number_of(self.message, "date")
        if self.kind == PRESS or not 0 < seconds < 32_503_680_000:
            return None  # a press tells the date of the message that it was pressed on
        return datetime.fromtimestamp(seconds, UTC)


def read_update(plain: Any) -> Update:
    """Raises Unreadable for what is no update with one body."""
    if not isinstance(plain, dict):
        raise Unreadable("This is no update of the Telegram Bot API.")
    kinds = [key for key, value in plain.items() if key != "update_id" and isinstance(value, dict)]
    if number_of(plain, "update_id") <= 0 or len(kinds) != 1:
        raise Unreadable("This update of the Telegram Bot API has no number, or not one content.")
    return Update(id=plain["update_id"], kind=kinds[0], body=plain[kinds[0]], plain=plain)


def why_ignored(update: Update, bot_id: str, username: str) -> str:
    """Why an update is nobody's message to us, in a word for the log; '' where it is one."""
    if update.kind not in TAKEN:
        return "kind"
    if not update.chat_id:
        return "no-chat"
    if text_of(update.chat, "type") == "channel":
        return "channel"
    if str(number_of(part_of(update.body, "sender_business_bot"), "id")) == bot_id:
        return "own"
    if not update.in_group or update.kind == PRESS:
        return ""
    if update.kind == MEMBERSHIP:
        return "group-membership"
    return "" if _is_addressed(update, bot_id, username) else "group-not-addressed"


def _is_addressed(update: Update, bot_id: str, username: str) -> bool:
    """In groups we hear only what names us, answers us, or is a command."""
    body = update.body
    if str(number_of(part_of(part_of(body, "reply_to_message"), "from"), "id")) == bot_id:
        return True
    text = text_of(body, "text") or text_of(body, "caption")
    if username and f"@{username}".casefold() in text.casefold():
        return True
    entities = parts_of(body, "entities") or parts_of(body, "caption_entities")
    commands = [one for one in entities if one.get("type") == "bot_command"]
    return bool(commands) and "@" not in text.split(maxsplit=1)[0]


def message_name(bot_id: str, chat_id: int, message_id: int) -> str:
    """How a message is known here: ids of messages are unique only in their chat."""
    return f"telegram:{bot_id}:{chat_id}:{message_id}"


def album_name(bot_id: str, chat_id: int, album: str) -> str:
    """How an album is known here."""
    return f"telegram:{bot_id}:{chat_id}:album:{album}"


def read_name(name: str) -> tuple[int, int] | None:
    """Chat and message of a name that `message_name` made; None for any other."""
    parts = name.split(":")
    if len(parts) != 4 or parts[0] != "telegram":
        return None
    try:
        return int(parts[2]), int(parts[3])
    except ValueError:
        return None


def names_of(bot_id: str, chat_id: int, message: dict[str, Any]) -> tuple[str, ...]:
    """Every name by which an earlier message may be known."""
    number, album = number_of(message, "message_id"), text_of(message, "media_group_id")[:64]
    names = (message_name(bot_id, chat_id, number),) if number else ()
    return (*names, album_name(bot_id, chat_id, album)) if album else names


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of an arrival beside its files: the bot, the updates, which files are there, which are missing."""

    bot_id: str
    username: str
    updates: tuple[Update, ...]
    files: tuple[str, ...] = ()
    """File ids, in the order of the bundle's files."""
    missing: tuple[tuple[str, str], ...] = ()
    """File id and why it could not be fetched: "too-large", "failed", "no-room"."""
    deleted: int = 0
    """Of a deletion of several messages: which one this is about."""

    def write(self) -> bytes:
        """As JSON."""
        plain = {
            "bot": {"id": self.bot_id, "username": self.username},
            "updates": [update.plain for update in self.updates],
            "files": self.files,
            "missing": self.missing,
            "deleted": self.deleted,
        }
        return json.dumps(plain, separators=(",", ":")).encode("ascii")


def read_kept(native: bytes) -> Kept:
    """What `write` wrote. Raises Unreadable."""
    try:
        plain = json.loads(native)
    except (ValueError, RecursionError) as error:
        raise Unreadable("This is no JSON.") from error
    updates = tuple([read_update(one) for one in parts_of(plain, "updates")])
    if not updates:
        raise Unreadable("This is no update of the Telegram Bot API.")
    files, missing = plain.get("files"), plain.get("missing")
    bot = part_of(plain, "bot")
    return Kept(
        bot_id=text_of(bot, "id"),
        username=text_of(bot, "username"),
        updates=updates,
        files=tuple([str(one) for one in files]) if isinstance(files, list) else (),
        missing=tuple([(str(one[0]), str(one[1])) for one in missing if isinstance(one, list) and len(one) == 2])
        if isinstance(missing, list)
        else (),
        deleted=number_of(plain, "deleted"),
    )
