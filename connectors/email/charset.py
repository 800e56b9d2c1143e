"""Bytes to text by a ladder: declared charset, BOM or strict UTF-8, Windows-1252. No detector: none can be trusted with
a short German sentence.

Only charsets on our list are tried, because Python's codec names include transformations that are no charsets and
some (punycode, idna) whose time grows with the square of the input.
"""

import codecs
import re
from functools import lru_cache

_NAME = re.compile(r"[A-Za-z0-9_.:+-]{1,40}")
_ALIASES = {
    # WHATWG Encoding §4.2: who says Latin-1 or ASCII means Windows-1252, and so on for the East Asian supersets.
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "tis-620": "cp874",
    "x-unknown": "",
    "unknown-8bit": "",
    "unknown": "",
    "default": "",
    "binary": "",
}
_KNOWN = frozenset(
    codecs.lookup(name).name
    for name in [
        *["ascii", "utf-8", "utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
        *[f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869)],
        *[f"cp{number}" for number in (874, 932, 949, 950, *range(1250, 1259))],
        *[f"iso8859-{number}" for number in (*range(1, 12), *range(13, 17))],
        *["koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154", "mac-roman", "mac-cyrillic", "mac-latin2", "hp-roman8"],
        *["iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext"],
        *["iso2022_kr", "euc_jp", "euc_jis_2004", "gb18030", "hz", "big5", "big5hkscs", "johab"],
    ]
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL_BYTES = bytes(c for c in (*range(0x20), 0x7F) if c not in b"\t\n\r")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BYTEWISE = frozenset({"utf-8", "ascii", "cp1252"})
"""Charsets in which control bytes can be dropped before decoding, which is far cheaper."""


@lru_cache(maxsize=512)
def known_charset(declared: str) -> str:
    """Python's name of a declared charset, or '' where it is none that we decode."""
    name = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if not name or not _NAME.fullmatch(name):
        return ""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    if found in {"ascii", "iso8859-1"}:
        return "ascii" if found == "ascii" else "cp1252"
    return found if found in _KNOWN else ""


def decode_text(data: bytes, declared: str = "") -> tuple[str, str]:
    """The text, and in plain English what was wrong with its charset ('' where nothing was). Never raises. Control
    characters and lone surrogates are dropped; line ends stay as they are."""
    charset = known_charset(declared) if declared else "utf-8"
    complaint = "" if charset else f"its charset “{declared[:40]}” is unknown"
    if charset in _BYTEWISE and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        data = data.translate(None, _CONTROL_BYTES)
    if charset:
        try:
            text = data.decode(charset)
        except (UnicodeDecodeError, UnicodeError):
            if declared and charset != "ascii":
                complaint = f"it is not the {declared[:40]} that it claims to be"
        else:
            return (text.removeprefix("\ufeff") if charset in _BYTEWISE else clean(text)), ""
    return _guess(data), complaint


def _guess(data: bytes) -> str:
    for mark, charset in _BOMS:
        if data.startswith(mark):
            return clean(data.decode(charset, "replace"))
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    damaged = data.decode("utf-8", "replace")
    # UTF-8 with a few broken bytes (cut in the middle) reads better as such than as Windows-1252.
    broken = damaged.count("\ufffd")
    if sum(1 for c in damaged if c > "\x7f") > 2 * broken:
        return clean(damaged)
    return clean(data.decode("cp1252", "replace"))


def clean(text: str) -> str:
    """The text without control characters and lone surrogates."""
    return _CONTROLS.sub("", text)
