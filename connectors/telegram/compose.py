"""From an item to the messages that carry it: texts cut where Telegram ends them, files, keyboards. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.telegram.update import read_name

MAX_TEXT = 4_096
MAX_CAPTION = 1_024
MAX_PHOTO = 10 * 1024 * 1024
PHOTOS = frozenset({"image/jpeg", "image/png"})
MAX_DATA = 64
MAX_LABEL = 60
MAX_BUTTONS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file as it leaves."""

    name: str
    type: str
    data: bytes

    @property
    def is_photo(self) -> bool:
        """Shown as a picture; larger ones go as documents."""
        return self.type in PHOTOS and len(self.data) <= MAX_PHOTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message. `text` is the file's caption where there is one. The keyboard hangs on the last part."""

    text: str = ""
    file: OutgoingFile | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    """Words and callback data."""
    answers: int = 0
    """The message that it quotes; 0 for none."""


def length(text: str) -> int:
    """As Telegram counts: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def split_text(text: str, limit: int = MAX_TEXT) -> list[str]:
    """Pieces of at most `limit`, cut at line breaks or blanks where there are any in the second half; never inside a
    character. Nothing but blanks at the cuts is lost."""
    pieces: list[str] = []
    rest = text.strip()
    while length(rest) > limit:
        cut = _fitting(rest, limit)
        for sign in ("\n\n", "\n", " "):
            at = rest.rfind(sign, cut // 2, cut + 1)
            if at > 0:
                cut = at
                break
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in (*pieces, rest) if piece]


def _fitting(text: str, limit: int) -> int:
    """How many characters fit."""
    units = 0
    for index, sign in enumerate(text):
        units += 2 if ord(sign) > 0xFFFF else 1
        if units > limit:
            return index
    return len(text)


def make_buttons(choices: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The words of a choice are its callback data, so that a press can be read even where the message is gone."""
    made = []
    for index, words in enumerate(choices[:MAX_BUTTONS]):
        data = f"w:{words}"
        made.append((words[:MAX_LABEL], data if len(data.encode()) <= MAX_DATA else f"n:{index + 1}"))
    return tuple([one for one in made if one[0].strip()])


def compose(
    text: str, files: Sequence[OutgoingFile], choices: Sequence[str], *, chat_id: int, in_reply_to: str = ""
) -> list[Part]:
    """The parts, in order. A single file carries a short text as its caption, so that both arrive or neither."""
    answered = read_name(in_reply_to)
    answers = answered[1] if answered is not None and answered[0] == chat_id else 0
    if len(files) == 1 and 0 < length(text.strip()) <= MAX_CAPTION:
        parts = [Part(text=text.strip(), file=files[0])]
    else:
        parts = [Part(text=piece) for piece in split_text(text)] + [Part(file=file) for file in files]
    if not parts:
        return []
    first = parts[0]
    parts[0] = Part(text=first.text, file=first.file, answers=answers)
    last = parts[-1]
    parts[-1] = Part(text=last.text, file=last.file, answers=last.answers, buttons=make_buttons(choices))
    return parts
