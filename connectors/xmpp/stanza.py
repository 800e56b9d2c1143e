"""Reading message stanzas as XML: which elements say what. Pure; shared by the parser and the connector."""

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime

from hub.domain.facts import Relation
from hub.domain.instant import to_utc_ms

CLIENT = "{jabber:client}"
_DELAY = "{urn:xmpp:delay}delay"
_STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
_ORIGIN_ID = "{urn:xmpp:sid:0}origin-id"
_REPLACE = "{urn:xmpp:message-correct:0}replace"
_REACTIONS = "{urn:xmpp:reactions:0}reactions"
_REACTION = "{urn:xmpp:reactions:0}reaction"
_REPLY = "{urn:xmpp:reply:0}reply"
_RETRACT = "{urn:xmpp:message-retract:1}retract"
_APPLY_TO = "{urn:xmpp:fasten:0}apply-to"
_RETRACT_OLD = "{urn:xmpp:message-retract:0}retract"
_FALLBACK = "{urn:xmpp:fallback:0}fallback"
_FALLBACK_BODY = "{urn:xmpp:fallback:0}body"
_OOB_URL = "{jabber:x:oob}x/{jabber:x:oob}url"
_ENCRYPTED = (
    "{eu.siacs.conversations.axolotl}encrypted",
    "{urn:xmpp:omemo:2}encrypted",
    "{urn:xmpp:openpgp:0}openpgp",
    "{jabber:x:encrypted}x",
)
MAX_REACTIONS = 20
MAX_FILES = 10
MAX_ID = 500


def find_text(stanza: ElementTree.Element, name: str) -> str:
    """The text of a child of the stanza's own namespace; '' without one."""
    space = stanza.tag.rpartition("}")[0]
    for tag in dict.fromkeys((f"{space}}}{name}" if space else name, f"{CLIENT}{name}", name)):
        element = stanza.find(tag)
        if element is not None:
            return element.text or ""
    return ""


def sender_id(stanza: ElementTree.Element) -> str:
    """By which its sender, and whoever corrects, answers or reacts to it, names the message: the id attribute
    (XEP-0308 §3, XEP-0444 §3.1), else the origin-id (XEP-0359 §3.2)."""
    origin = stanza.find(_ORIGIN_ID)
    return (stanza.get("id", "") or (origin.get("id", "") if origin is not None else ""))[:MAX_ID]


def name_stanza(stanza: ElementTree.Element) -> str:
    """The stanza's identity: the id given by our own server (XEP-0359 §3.1; only that one can be trusted), else the
    sender's origin-id, else its id attribute, each with who said it."""
    own = stanza.get("to", "").partition("/")[0].lower()
    for element in stanza.findall(_STANZA_ID):
        by, value = element.get("by", "").lower(), element.get("id", "")
        if value and by == own:
            return f"xmpp:{by}:{value}"
    origin = stanza.find(_ORIGIN_ID)
    value = (origin.get("id", "") if origin is not None else "") or stanza.get("id", "")
    bare = stanza.get("from", "").partition("/")[0].lower()
    return f"xmpp:{bare}:{value}" if value else ""


def drop_stanza_ids(stanza: ElementTree.Element) -> None:
    """For streams whose server does not guarantee them: anybody could have written them (XEP-0359 §5)."""
    for element in stanza.findall(_STANZA_ID):
        stanza.remove(element)


def read_delay(stanza: ElementTree.Element) -> datetime | None:
    """When the server took the message, where it was delivered late (XEP-0203)."""
    element = stanza.find(_DELAY)
    if element is None:
        return None
    try:
        moment = datetime.fromisoformat(element.get("stamp", "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return to_utc_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def read_relation(stanza: ElementTree.Element) -> tuple[Relation, str] | None:
    """What the message is to an earlier one, and the id by which it names that one."""
    for tag, relation in (
        (_RETRACT, Relation.RETRACTION),  # XEP-0424 §3.1, since version 0.4
        (_APPLY_TO, Relation.RETRACTION),  # XEP-0424 before, by way of XEP-0422
        (_REPLACE, Relation.CORRECTION),  # XEP-0308 §3
        (_REACTIONS, Relation.REACTION),  # XEP-0444 §3.1
        (_REPLY, Relation.REPLY),  # XEP-0461 §3.1
    ):
        element = stanza.find(tag)
        if element is None or not element.get("id"):
            continue
        if tag == _APPLY_TO and element.find(_RETRACT_OLD) is None:
            continue
        return relation, element.get("id", "")[:MAX_ID]
    return None


def read_reactions(stanza: ElementTree.Element) -> str:
    """The emojis, each once, in order (XEP-0444 §3.1); '' where they were taken away."""
    element = stanza.find(_REACTIONS)
    if element is None:
        return ""
    found = [(child.text or "").strip()[:20] for child in element.findall(_REACTION)[:MAX_REACTIONS]]
    return " ".join(dict.fromkeys(one for one in found if one))


def strip_fallback(stanza: ElementTree.Element, body: str) -> str:
    """The body without the quotation that clients put there for those who know no replies (XEP-0461 §3.1,
    XEP-0428 §3): a range of Unicode code points."""
    for fallback in stanza.findall(_FALLBACK):
        if fallback.get("for") != "urn:xmpp:reply:0":
            continue
        part = fallback.find(_FALLBACK_BODY)
        try:
            start = int(part.get("start", "0")) if part is not None else 0
            end = int(part.get("end", str(len(body)))) if part is not None else len(body)
        except ValueError:
            continue
        if 0 <= start < end <= len(body):
            return (body[:start] + body[end:]).strip("\n")
    return body


def read_links(stanza: ElementTree.Element) -> list[str]:
    """Addresses of files that the message shares (XEP-0066 §3); links within the text are none."""
    found = [(element.text or "").strip() for element in stanza.findall(_OOB_URL)[:MAX_FILES]]
    return [url for url in dict.fromkeys(found) if url and len(url) <= 2_000]


def is_encrypted(stanza: ElementTree.Element) -> bool:
    """Whether its words are for other eyes than ours (XEP-0384, XEP-0373, XEP-0027): the body only says so."""
    return any(stanza.find(tag) is not None for tag in _ENCRYPTED)


def says_something(stanza: ElementTree.Element) -> bool:
    """Whether it is a message of a person at all. Receipts, markers and chat states are none."""
    if stanza.get("type", "normal") not in ("chat", "normal"):  # RFC 6121 §5.2.2
        return False
    if find_text(stanza, "body") or read_links(stanza):
        return True
    return is_gesture(stanza)


def is_gesture(stanza: ElementTree.Element) -> bool:
    """A reaction or retraction, which says nothing to a bot."""
    relation = read_relation(stanza)
    return relation is not None and relation[0] in (Relation.REACTION, Relation.RETRACTION)
