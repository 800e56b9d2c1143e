"""Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3), quoted. Pure."""

import base64
import re

_SHIFTED = re.compile(r"&([^-]*)-")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


def encode_name(name: str) -> str:
    """`Gelöschte & alte` gives `Gel&APY-schte &- alte`."""

    def shift(run: re.Match[str]) -> str:
        packed = base64.b64encode(run[0].encode("utf-16-be")).decode("ascii").rstrip("=")
        return f"&{packed.replace('/', ',')}-"

    return _UNPRINTABLE.sub(shift, name.replace("&", "&-"))


def decode_name(wire: str) -> str:
    """The opposite; what is not valid stays as it is."""

    def unshift(run: re.Match[str]) -> str:
        if not run[1]:
            return "&"
        packed = run[1].replace(",", "/")
        try:
            return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode("utf-16-be")
        except (ValueError, UnicodeDecodeError):
            return run[0]

    return _SHIFTED.sub(unshift, wire)


def quote(text: str) -> str:
    """A quoted string (RFC 3501 §9)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wire_name(name: str) -> str:
    """The mailbox name as an argument of a command."""
    return quote(encode_name(name))


def listed_folder(line: bytes) -> tuple[frozenset[str], str] | None:
    r"""Attributes (lower case) and name in a LIST line such as `(\HasNoChildren \Sent) "/" "Sent"`; None where the
    line is something else (a name sent as a literal is not read)."""
    match = re.match(rb'\(([^)]*)\) (?:NIL|"(?:\\.|[^"\\])*") (?:"((?:\\.|[^"\\])*)"|([^\s"{]+))$', line.strip())
    if match is None:
        return None
    attributes = frozenset(match[1].decode("ascii", "replace").lower().split())
    name = re.sub(rb"\\(.)", rb"\1", match[2]) if match[2] is not None else match[3]
    return attributes, decode_name(name.decode("ascii", "replace"))
