"""What of a text is new: the text without what it quotes and without the signature.

Read line by line; only a line whose first character can open something is looked at closely, so that ordinary text
costs next to nothing. Knows the quotation marks of the common programs in the languages of Europe: `> ` lines,
attribution lines ("Am ... schrieb", "On ... wrote:"), separators ("-----Ursprüngliche Nachricht-----"), header blocks
("Von: / Gesendet: / An:"), and the `-- ` of signatures. Rather too much is kept than too little: where nothing would
remain, the whole text does.
"""

import re
from dataclasses import dataclass

from connectors.email.phrases import (
    ATTRIBUTION_START,
    ATTRIBUTION_VERB,
    FORWARDED_LINE,
    FORWARDED_RULE,
    FROM_LABELS,
    LABELS,
    ORIGINAL_MESSAGE,
    SENT_FROM,
)

_ATTRIBUTION_START = re.compile(rf"[ \t]*{ATTRIBUTION_START}", re.IGNORECASE)
_ATTRIBUTION_END = re.compile(rf"\b{ATTRIBUTION_VERB}\s?:\s*$", re.IGNORECASE)
_NAMES_TIME_OR_ADDRESS = re.compile(r"\d|@")
_SEPARATOR = re.compile(rf"-{{2,}}\s*{ORIGINAL_MESSAGE}\s*-{{2,}}\s*$", re.IGNORECASE)
_FORWARDED = re.compile(rf"(?:-{{4,}}\s*{FORWARDED_RULE}\s*-{{0,40}}|{FORWARDED_LINE}\s?:)\s*$", re.IGNORECASE)
_RULE = re.compile(r"[ \t]*(?:_{8,}|-{8,}|\*{8,}|={8,})[ \t]*$")
_SENT_FROM = re.compile(rf"{SENT_FROM}\.?\s*$", re.IGNORECASE)
_LONGEST_LABEL = 45
_HEADER_WINDOW = 7
_ATTRIBUTION_WINDOW = 4
_RULE_STARTS = frozenset("-_*=")
_SIGNATURES = frozenset({"-- ", "--", "--\xa0"})


@dataclass(frozen=True, slots=True)
class Reading:
    """`reply`: what is new. `forwarded`: the first thing quoted is a forwarded message."""

    reply: str
    forwarded: bool


def read_quotation(text: str) -> Reading:
    """Takes a text (lines ended by \\n) apart. The caller bounds its length."""
    written = text.split("\n")
    lines = text.replace("：", ":").split("\n") if "：" in text else written
    attributions = _attributions(lines)
    kept: list[str] = []
    forwarded = False
    skip_to = 0
    for index, line in enumerate(lines):
        if index < skip_to:
            continue
        first = line[:1]
        if first == ">":
            continue
        if first in _RULE_STARTS:
            if line in _SIGNATURES or _SEPARATOR.match(line):
                break
            forwarded = _FORWARDED.match(line) is not None
            if forwarded or _opens_header_block(lines, index):
                break
        elif 0 < line.find(":") < _LONGEST_LABEL:
            forwarded = line.endswith(":") and _FORWARDED.match(line) is not None
            if forwarded or (_label(line) in LABELS and _opens_header_block(lines, index)):
                break
        if index in attributions:
            skip_to = index + attributions[index]
            if not _quote_follows(lines, skip_to):
                break
            continue
        kept.append(written[index])
    return Reading(_tidy(kept) or text.strip(), forwarded)


def _opens_header_block(lines: list[str], index: int) -> bool:
    """A From line and two more labels close together, perhaps under a rule: how Outlook, GMX and T-Online quote."""
    start = index
    if _RULE.match(lines[index]):
        start = next((i for i in range(index + 1, min(index + 3, len(lines))) if lines[i].strip()), index)
    labels = [_label(one) for one in lines[start : start + _HEADER_WINDOW]]
    if labels[0] not in LABELS:
        return False
    return sum(1 for label in labels if label in LABELS) >= 3 and not FROM_LABELS.isdisjoint(labels)


def _label(line: str) -> str:
    """What stands before the first colon: `*Von:* Anna` gives `von`."""
    head, colon, _ = line.partition(":")
    return head.strip(" \t*\xa0").lower() if colon and len(head) < _LONGEST_LABEL else ""


def _attributions(lines: list[str]) -> dict[int, int]:
    """Where attributions begin, and how many lines each takes. They end with a colon, and programs wrap them."""
    found: dict[int, int] = {}
    for end, line in enumerate(lines):
        if line[-1:] not in ": \xa0" or not line.rstrip().endswith(":") or len(line) > 400:
            continue
        for start in range(end, max(-1, end - _ATTRIBUTION_WINDOW), -1):
            if not lines[start].strip() or lines[start].startswith(">"):
                break
            written = " ".join(lines[start : end + 1])
            # "Am Montag schrieb:" alone names nobody and no time: it is a sentence, no attribution.
            if (
                _ATTRIBUTION_START.match(written)
                and _ATTRIBUTION_END.search(written[-300:])
                and _NAMES_TIME_OR_ADDRESS.search(written)
            ):
                found[start] = end + 1 - start
                break
    return found


def _quote_follows(lines: list[str], index: int) -> bool:
    """Whether the next written line is marked `>`: then what follows may be answers in between."""
    return next((line.startswith(">") for line in lines[index : index + 5] if line.strip()), False)


def _tidy(kept: list[str]) -> str:
    while kept and (not kept[-1].strip() or _SENT_FROM.match(kept[-1].strip()) or _RULE.match(kept[-1])):
        kept.pop()
    text = "\n".join(kept).strip()
    return re.sub(r"\n{3,}", "\n\n", text) if "\n\n\n" in text else text
