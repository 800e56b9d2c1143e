"""Subject lines: the prefixes that mail programs put before them, our conversation number, and what remains.

Answers are recognised only to be stripped; forwards matter, because a forward is no answer. Prefixes count only where
a colon follows; a counter may stand between (`Re[2]:`, `AW (3):`, `Re^4:`).
"""

import re
from dataclasses import dataclass

from hub.domain.folding import fold

LONGEST_NORMAL = 200
_ROUNDS = 40
"""Prefixes stripped from one subject; a longer chain is somebody's game."""

_REPLIES = (
    "re",  # Latin, used in nearly every language
    "aw",  # German
    "antw",  # Dutch, German (Notes)
    "antwort",
    "sv",  # Swedish, Danish, Norwegian, Icelandic
    "svar",
    "vs",  # Finnish; Danish forwards are also `VS`, and are known by their forwarded block
    "vast",  # Finnish, Estonian
    "réf",  # French
    "ref",
    "rép",
    "rep",
    "rif",  # Italian
    "r",
    "res",  # Portuguese
    "resp",  # Spanish
    "odp",  # Polish, Czech, Slovak
    "odpověď",
    "odpoveď",
    "odg",  # Croatian, Slovene, Bosnian
    "ynt",  # Turkish
    "cevap",
    "atb",  # Latvian
    "ats",  # Lithuanian
    "vá",  # Hungarian
    "válasz",
    "răsp",  # Romanian
    "rasp",
    "απ",  # Greek
    "απάντηση",
    "σχετ",
    "отв",  # Russian, Bulgarian
    "ответ",
    "на",
    "відп",  # Ukrainian
    "bls",  # Indonesian, Malay
    "balas",
    "tl",  # Vietnamese
    "trả lời",
    "回复",  # Chinese
    "回覆",
    "答复",
    "答覆",
    "返信",  # Japanese
    "회신",  # Korean
    "답장",
    "השב",  # Hebrew
    "תגובה",
    "رد",  # Arabic
    "پاسخ",  # Persian
)
_FORWARDS = (
    "fwd",
    "fw",
    "wg",  # German
    "weitergeleitet",
    "tr",  # French
    "rv",  # Spanish
    "reenv",
    "enc",  # Portuguese
    "i",  # Italian
    "inoltra",
    "doorst",  # Dutch
    "vb",  # Swedish
    "vl",  # Finnish
    "vid",  # Norwegian, Danish
    "pd",  # Polish
    "přep",  # Czech
    "ilt",  # Turkish
    "i̇lt",
    "tov",  # Hungarian
    "továbbítás",
    "fs",  # Icelandic
    "πρθ",  # Greek
    "пер",  # Russian
    "пересл",
    "препр",  # Bulgarian, Serbian
    "trs",  # Indonesian
    "转发",  # Chinese
    "轉寄",
    "転送",  # Japanese
    "전달",  # Korean
    "הועבר",  # Hebrew
    "إعادة توجيه",  # Arabic
)
_FORWARD_SET = frozenset(_FORWARDS)
_PREFIX = re.compile(
    r"(?P<word>" + "|".join(sorted(map(re.escape, _REPLIES + _FORWARDS), key=len, reverse=True)) + r")"
    r"(?:\s?[\[(^]\d{1,3}[\])]?)?\s?[:：]\s*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\[#(\d{8})\]")
_TAG = re.compile(r"\[[^\[\]]{1,40}\]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectLine:
    """A subject, read."""

    bare: str
    """Without prefixes and without our number."""
    normal: str
    """`bare`, folded, at most 200 characters: equal for messages of one thread."""
    number: str = ""
    """The eight digits of `[#12345678]`, '' where there are none."""
    reply: bool = False
    """It starts with an answer's prefix."""
    forward: bool = False
    """It starts with a forward's prefix: `WG: AW: x` is a forward, `AW: WG: x` an answer to one."""


def read_subject(subject: str) -> SubjectLine:
    """Takes a subject apart; any text is one."""
    found = _NUMBER.search(subject) if "[#" in subject else None
    rest = _NUMBER.sub(" ", subject) if found else subject
    first, rest = _strip(rest)
    bare = " ".join(rest.split())
    return SubjectLine(
        bare=bare,
        normal=fold(bare)[:LONGEST_NORMAL],
        number=found.group(1) if found else "",
        reply=bool(first) and first not in _FORWARD_SET,
        forward=first in _FORWARD_SET,
    )


def _strip(subject: str) -> tuple[str, str]:
    """The outermost prefix ('' if none) and the subject without any; `[list]` tags stay in front."""
    first, tags, rest = "", "", subject.strip()
    for _ in range(_ROUNDS):
        if match := _PREFIX.match(rest):
            first = first or match.group("word").lower()
            rest = rest[match.end() :]
        elif (tag := _TAG.match(rest)) and _PREFIX.match(rest, tag.end()):
            tags = tags or tag.group()
            rest = rest[tag.end() :]
        else:
            break
    if tags and not rest.startswith(tags.strip()):
        rest = tags + rest
    return first, rest
