"""The files that a message names: which they are, what they are called, how large they are."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from connectors.telegram.plain import number_of, part_of, parts_of, text_of
from connectors.telegram.update import Update

MAX_FETCH = 20 * 1024 * 1024
"""What getFile gives at most (https://core.telegram.org/bots/api#getfile)."""
_ENDINGS = {
    "voice": ("audio/ogg", "ogg"),
    "video_note": ("video/mp4", "mp4"),
    "video": ("video/mp4", "mp4"),
    "animation": ("video/mp4", "mp4"),
    "audio": ("audio/mpeg", "mp3"),
    "document": ("application/octet-stream", "bin"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file at Telegram. `name` and `type` as the sender claims, or ours where there are none. `size` 0: unknown."""

    file_id: str
    name: str
    type: str
    size: int


def list_files(updates: tuple[Update, ...]) -> tuple[NamedFile, ...]:
    """Of all messages, in order."""
    return tuple([file for update in updates for file in _of_message(update.message if update.kind else {})])


def _of_message(message: dict[str, Any]) -> list[NamedFile]:
    number = number_of(message, "message_id")
    if sizes := parts_of(message, "photo"):
        largest = max(sizes, key=lambda size: number_of(size, "width") * number_of(size, "height"))
        return _named(largest, f"photo-{number}.jpg", "image/jpeg")
    if sticker := part_of(message, "sticker"):
        ending = "tgs" if sticker.get("is_animated") is True else "webm" if sticker.get("is_video") is True else "webp"
        type = {"tgs": "application/x-tgsticker", "webm": "video/webm", "webp": "image/webp"}[ending]
        return _named(sticker, f"sticker-{number}.{ending}", type)
    # An animation names itself as a document too.
    for kind in ("voice", "video_note", "video", "animation", "audio", "document"):
        if found := part_of(message, kind):
            type, ending = _ENDINGS[kind]
            return _named(found, f"{kind.replace('_', '-')}-{number}.{ending}", type)
    return []


def _named(plain: dict[str, Any], name: str, type: str) -> list[NamedFile]:
    file_id = text_of(plain, "file_id")[:512]
    if not file_id:
        return []
    return [
        NamedFile(
            file_id=file_id,
            name=_plain_name(text_of(plain, "file_name")) or name,
            type=(text_of(plain, "mime_type") or type)[:100],
            size=max(0, number_of(plain, "file_size")),
        )
    ]


def _plain_name(name: str) -> str:
    """The last part of a path, without signs that nobody sees or that turn the text round."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join([sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf")])
    return shown.strip()[-255:]
