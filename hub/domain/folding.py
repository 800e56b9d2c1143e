"""Folding of words for comparison: case, accents, German umlauts and sharp s, width."""

import re
import unicodedata

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(r"\w+", re.UNICODE)


def fold(text: str) -> str:
    """`"Müller-Lüdenscheidt"` and `"mueller luedenscheidt"` fold to the same words: lower case, umlauts spelt out,
    other accents dropped, everything but letters and digits a single blank."""
    if text.isascii():
        return " ".join(_WORD.findall(text.lower().replace("_", " ")))
    composed = unicodedata.normalize("NFKC", text).casefold().translate(_GERMAN)
    plain = "".join(c for c in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(c))
    return " ".join(_WORD.findall(plain.replace("_", " ")))
