"""From a message stanza (XML text) to a Message. Pure."""

import hashlib
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime

from connectors.xmpp.address import XMPP_FORM
from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.domain.instant import to_utc_ms
from hub.domain.message import (
    Content,
    Envelope,
    Message,
    MessageClass,
    Participant,
    ParticipantRole,
    Strength,
)
from hub.ports.parser import ParseContext

MAX_TEXT = 65_536
_CLIENT = "{jabber:client}"
_DELAY = "{urn:xmpp:delay}delay"
_STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
_ORIGIN_ID = "{urn:xmpp:sid:0}origin-id"


class XmppParser:
    """hub.ports.parser.Parser for message stanzas."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """The message; raises Unreadable for what is no message stanza with a readable sender."""
        stanza = _read_stanza(raw)
        sender = _read_sender(stanza.get("from", ""))
        text, problems = _read_body(stanza)
        identifier = name_stanza(stanza)
        seal = hashlib.sha256("\n".join((sender.address.normal, identifier, text)).encode("utf-8", "replace"))
        return Message(
            channel=XMPP_FORM.name,
            sender=sender,
            recipients=_read_recipients(stanza),
            message_id=identifier,
            date=read_delay(stanza),
            content=Content(text=text, reply_text=text),
            message_class=MessageClass.HUMAN,
            strength=Strength.AUTHENTICATED if envelope.authenticated else Strength.CLAIMED,
            fingerprint=seal.hexdigest(),
            problems=problems,
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """A stanza carries no files."""
        raise NotFound("A chat message carries no files of its own.", index=index)

    def render_html(self, raw: bytes) -> str | None:
        """Chat has no HTML that we show."""
        return None


def _read_stanza(raw: bytes) -> ElementTree.Element:
    # RFC 6120 §11.1 forbids DTDs in streams; refusing them also refuses entity bombs.
    if b"<!" in raw[:1000]:
        raise Unreadable("The stanza holds a document type or comment, which XMPP forbids (RFC 6120 11.1).")
    try:
        stanza = ElementTree.fromstring(raw)  # noqa: S314 - without a DTD there are no entities to expand
    except (ElementTree.ParseError, ValueError) as error:
        raise Unreadable(f"The stanza is not well-formed XML ({error}).") from error
    if stanza.tag not in (f"{_CLIENT}message", "message"):
        raise Unreadable(f"This is no message stanza but <{stanza.tag[-40:]}>.")
    return stanza


def _read_sender(text: str) -> Participant:
    try:
        return Participant(address=XMPP_FORM.normalise(text), role=ParticipantRole.FROM)
    except Invalid as error:
        raise Unreadable("The stanza has no readable sender.") from error


def _read_recipients(stanza: ElementTree.Element) -> tuple[Participant, ...]:
    try:
        return (Participant(address=XMPP_FORM.normalise(stanza.get("to", "")), role=ParticipantRole.TO),)
    except Invalid:
        return ()


def _read_body(stanza: ElementTree.Element) -> tuple[str, tuple[str, ...]]:
    element = stanza.find(f"{_CLIENT}body")
    if element is None:
        element = stanza.find("body")
    text = "" if element is None else (element.text or "")
    if len(text) > MAX_TEXT:
        return text[:MAX_TEXT], (f"The text was cut after {MAX_TEXT} of {len(text)} characters.",)
    return text, ()


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


XMPP_PARSER = XmppParser()
