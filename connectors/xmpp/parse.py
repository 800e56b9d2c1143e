"""From a message stanza (XML text), with its files where it has some (hub/ports/bundle.py), to a Message. Pure."""

import hashlib
import mimetypes
import re
import xml.etree.ElementTree as ElementTree

from connectors.xmpp.address import XMPP_FORM
from connectors.xmpp.stanza import (
    CLIENT,
    find_text,
    is_encrypted,
    name_stanza,
    read_delay,
    read_links,
    read_reactions,
    read_relation,
    sender_id,
    strip_fallback,
)
from hub.domain.errors import Invalid, Unreadable
from hub.domain.facts import Relation
from hub.domain.message import (
    Attachment,
    Content,
    Envelope,
    Message,
    MessageClass,
    Participant,
    ParticipantRole,
    Strength,
)
from hub.ports.bundle import Bundle, open_bundle
from hub.ports.parser import ParseContext

MAX_TEXT = 65_536
MAX_SUBJECT = 1_000
ENCRYPTED = "The message is encrypted for its reader's devices (OMEMO or OpenPGP); ask the sender to write unencrypted."
NOT_FETCHED = "A shared file was not fetched; its address is in the text."


_OURS = re.compile(r"^o_[a-z2-7]{26}(-\d+)?$")
"""Ids under which our own messages go out; any other could be the name of somebody else's message."""


class XmppParser:
    """hub.ports.parser.Parser for message stanzas."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """The message; raises Unreadable for what is no message stanza with a readable sender."""
        bundle = open_bundle(raw)
        stanza = _read_stanza(bundle.native)
        sender = _read_sender(stanza.get("from", ""))
        content, problems = _read_content(stanza, bundle)
        relation = read_relation(stanza)
        identifier = _name_for_relations(stanza, sender)
        digest = "\n".join((sender.address.normal, name_stanza(stanza), content.text))
        return Message(
            channel=XMPP_FORM.name,
            sender=sender,
            recipients=_read_recipients(stanza),
            message_id=identifier,
            date=read_delay(stanza),
            content=content,
            message_class=MessageClass.HUMAN,
            strength=Strength.AUTHENTICATED if envelope.authenticated else Strength.CLAIMED,
            fingerprint=hashlib.sha256(digest.encode("utf-8", "replace")).hexdigest(),
            relation=relation[0] if relation else None,
            related_to=_names_of_earlier(stanza, sender, relation[1]) if relation else (),
            problems=problems,
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """The bytes of a file that came with it."""
        return open_bundle(raw).file(index)

    def render_html(self, raw: bytes) -> str | None:
        """Chat has no HTML that we show."""
        return None


def _read_stanza(raw: bytes) -> ElementTree.Element:
    # RFC 6120 §11.1 forbids DTDs in streams; refusing them also refuses entity bombs.
    if b"<!" in raw[:1000] or b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Unreadable("The stanza holds a document type or comment, which XMPP forbids (RFC 6120 11.1).")
    try:
        stanza = ElementTree.fromstring(raw)  # noqa: S314 - without a DTD there are no entities to expand
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"The stanza is not well-formed XML ({error}).") from error
    if stanza.tag not in (f"{CLIENT}message", "message"):
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


def _name_for_relations(stanza: ElementTree.Element, sender: Participant) -> str:
    """By which later messages name this one; within its sender, because ids are no more unique than that."""
    identifier = sender_id(stanza)
    return f"xmpp:{sender.address.normal}:{identifier}" if identifier else name_stanza(stanza)


def _names_of_earlier(stanza: ElementTree.Element, sender: Participant, identifier: str) -> tuple[str, ...]:
    """The earlier message is the sender's own (which alone may be corrected or retracted: XEP-0308 §5, XEP-0424 §5),
    or one of ours, which went out under its outbox id."""
    own = f"xmpp:{sender.address.normal}:{identifier}"
    relation = read_relation(stanza)
    if relation is not None and relation[0] in (Relation.CORRECTION, Relation.RETRACTION):
        return (own,)
    return (identifier, own) if _OURS.match(identifier) else (own,)


def _read_content(stanza: ElementTree.Element, bundle: Bundle) -> tuple[Content, tuple[str, ...]]:
    text, problems = find_text(stanza, "body"), []
    relation = read_relation(stanza)
    kind = relation[0] if relation else None
    if kind is Relation.REACTION:
        text = read_reactions(stanza)
    elif kind is Relation.RETRACTION:
        text = ""  # The body is only for clients that know no retractions (XEP-0424 §3.1).
    if len(text) > MAX_TEXT:
        problems.append(f"The text was cut after {MAX_TEXT} of {len(text)} characters.")
        text = text[:MAX_TEXT]
    if is_encrypted(stanza):
        problems.append(ENCRYPTED)
    links = read_links(stanza)
    files = tuple(_describe(index, file.name, file.type, file.data) for index, file in enumerate(bundle.files))
    if len(files) < len(links):
        problems.append(NOT_FETCHED)
        text = "\n".join((text, *(link for link in links if link not in text))).strip()
    elif files and text.strip() in links:
        text = ""  # Clients repeat the address as text for those that know no XEP-0066.
    reply_text = strip_fallback(stanza, text) if kind is Relation.REPLY else text
    subject = " ".join(find_text(stanza, "subject").split())[:MAX_SUBJECT]
    return Content(subject=subject, text=text, reply_text=reply_text, attachments=files), tuple(problems)


def _describe(index: int, name: str, type: str, data: bytes) -> Attachment:
    guessed = mimetypes.guess_type(name)[0]
    shown = type if type and type != "application/octet-stream" else guessed or "application/octet-stream"
    return Attachment(
        index=index,
        name=name or f"file-{index + 1}",
        type=shown,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


XMPP_PARSER = XmppParser()
