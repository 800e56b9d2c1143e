"""Address lists of header fields (RFC 5322 §3.4), read tolerantly: names and addresses as written, in order."""

import re

from connectors.email.header import decode_words

MAX_MAILBOXES = 500
"""Mailboxes read from one field."""

_SIMPLE = re.compile(r'(?:"([^"\\]*+)"|([^"<>,;:()@\\]*+))\s*<([^<>\s",;()]++)>')
_BARE = re.compile(r'[^<>\s",;:()@]{1,128}+@[^<>\s",;:()]{1,255}+')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|\((?:[^()\\]|\\.)*+\)?|<[^<>]*+>|<[^<>,;]*+|[,;]|[^",;<(]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_mailboxes(field: str) -> list[tuple[str, str]]:
    """(name, address) of each mailbox in an unfolded field. Names are decoded; entries without an `@` are left out
    unless they stand in angle brackets."""
    if not field:
        return []
    if simple := _SIMPLE.fullmatch(field):
        return [_mailbox(simple[1] if simple[1] is not None else simple[2], simple[3])]
    if _BARE.fullmatch(field):
        return [("", field)]
    found: list[tuple[str, str]] = []
    item: list[str] = []
    for token in _TOKEN.findall(field):
        if token in {",", ";"}:
            _close(item, found)
            if len(found) >= MAX_MAILBOXES:
                return found
        else:
            item.append(token)
    _close(item, found)
    return found


def _close(item: list[str], found: list[tuple[str, str]]) -> None:
    if item:
        mailbox = _read_item(item) or _read_encoded(item)
        if mailbox is not None:
            found.append(mailbox)
        item.clear()


def _read_item(tokens: list[str]) -> tuple[str, str] | None:
    address, words, comment = "", [], ""
    for token in tokens:
        first = token[0]
        if first == "<":
            address = address or "".join(token.strip("<>").split())
        elif first == '"':
            words.append(_ESCAPED.sub(r"\1", token[1:].removesuffix('"')))
        elif first == "(":
            comment = comment or token[1:].removesuffix(")")
        else:
            words.append(token)
    name = " ".join(" ".join(words).split())
    if not address:
        match = _BARE.search(name)
        if match is None:
            return None
        address, name = match[0], (name[: match.start()] + name[match.end() :]).rpartition(":")[2].strip()
    elif ":" in name and "=?" not in name and '"' not in "".join(tokens):
        name = name.rpartition(":")[2].strip()  # a group's name, RFC 5322 §3.4
    return _mailbox(name or comment, address)


def _read_encoded(tokens: list[str]) -> tuple[str, str] | None:
    """Some senders encode name and address together, against RFC 2047 §5."""
    written = "".join(tokens)
    decoded = decode_words(written)
    if decoded == written or "@" not in decoded:
        return None
    return _read_item(_TOKEN.findall(decoded.replace(",", " ").replace(";", " ")))


def _mailbox(name: str, address: str) -> tuple[str, str]:
    name = decode_words(name).strip().strip("'\"").strip()
    return ("" if name.lower() == address.lower() else name[:200]), address
