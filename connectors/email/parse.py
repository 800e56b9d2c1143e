"""The mail parser: raw bytes to a Message, purely.

The structure is cut within fixed bounds (structure.py), headers are decoded when asked for (header.py), the body is
chosen (body.py), and then the questions that concern one matter each are asked: who sent it, to whom, which class,
how well proven, what is new in it. Whatever the bytes, the answer is a Message or Unreadable.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.email.address import EMAIL_FORM
from connectors.email.authentication import judge_strength
from connectors.email.body import Body, BodyReader
from connectors.email.bounce import read_bounce
from connectors.email.classification import classify, is_own
from connectors.email.fingerprint import fingerprint_fp1
from connectors.email.header import Headers, decode_words
from connectors.email.hypertext import sanitise_html
from connectors.email.identification import find_quoted_ids, read_date, read_message_id, read_references
from connectors.email.mailbox import read_mailboxes
from connectors.email.quotation import Reading, read_quotation
from connectors.email.structure import Part, read_structure
from hub.domain.address import Address
from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.domain.message import (
    Attachment,
    Content,
    Envelope,
    Message,
    MessageClass,
    Participant,
    ParticipantRole,
)
from hub.domain.subject import read_subject
from hub.ports.parser import ParseContext

MAX_TEXT = 64 * 1024
MAX_ATTACHMENTS = 200
MAX_RECIPIENTS = 50
MAX_DELIVERED_TO = 100
MAX_SUBJECT = 1000
MAX_PROBLEMS = 30

_MARKS_OF_MAIL = (
    *("from", "to", "date", "subject", "message-id", "received", "return-path", "mime-version", "content-type"),
    *("cc", "sender", "reply-to"),
)
_DELIVERY_FIELDS = ("delivered-to", "x-original-to", "x-envelope-to", "envelope-to")


class EmailParser:
    """hub.ports.parser.Parser for RFC 5322 messages. Holds no state."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """Raises Unreadable where the bytes are no mail at all; never anything else."""
        try:
            return _Reader(raw, envelope, context).read()
        except Unreadable:
            raise
        except Exception as error:
            # The port promises Unreadable and nothing else: one poisoned message must not stop the next (AC-02).
            raise Unreadable(f"The mail could not be read ({type(error).__name__}); its raw bytes are kept.") from error

    def extract(self, raw: bytes, index: int) -> bytes:
        """The decoded bytes of attachment `index`, as numbered by `parse`. Raises NotFound."""
        body = BodyReader(read_structure(raw, []), []).read()
        if not 0 <= index < min(len(body.files), MAX_ATTACHMENTS):
            raise NotFound(f"The mail has no attachment number {index}.", index=index)
        return body.files[index].data()

    def render_html(self, raw: bytes) -> str | None:
        """The HTML body, safe to show; None where the mail has none."""
        markup = BodyReader(read_structure(raw, []), []).html()
        return sanitise_html(markup) if markup is not None else None


EMAIL_PARSER = EmailParser()


@dataclass(slots=True)
class _Reader:
    raw: bytes
    envelope: Envelope
    context: ParseContext

    def read(self) -> Message:
        problems: list[str] = []
        root = self._structure(problems)
        headers = root.headers
        senders = _participants(headers, "from", ParticipantRole.FROM, problems)
        sender = _sender(headers, senders, problems)
        message_id = read_message_id(headers.raw("message-id"))
        if not message_id and "message-id" in headers:
            problems.append("The Message-ID is damaged or too long; the mail is known by its fingerprint.")
        subject = _bounded_subject(headers.text("subject"), problems)
        body = BodyReader(root, problems).read()
        text = _cut(body.text, problems)
        reading = read_quotation(text)
        own = is_own(headers, message_id, self.context.own_signature_key)
        normal = sender.address.normal if sender else ""
        kind = classify(root, self.envelope, sender=normal, subject=subject, own=own)
        bounced, bounced_id = read_bounce(root, text) if kind is MessageClass.BOUNCE else ((), "")
        attachments, fingerprint = self._files(headers, subject, body, problems)
        recipients = _recipients(headers, problems)
        single = normal if len(senders) == 1 else ""
        return Message(
            channel="email",
            sender=sender,
            reply_to=_first(_participants(headers, "reply-to", ParticipantRole.FROM, problems)),
            recipients=recipients,
            delivered_to=self._delivered_to(headers, recipients),
            message_id=message_id,
            in_reply_to=read_references(headers.raw("in-reply-to")),
            references=read_references(headers.raw("references")),
            date=self._date(headers, problems),
            content=_content(subject, text, reading, body, attachments),
            message_class=kind,
            strength=judge_strength(headers, self.envelope, sender=single, authserv_id=self.context.authserv_id),
            forwarded=kind is not MessageClass.BOUNCE and _is_forward(subject, reading),
            fingerprint=fingerprint,
            quoted_ids=find_quoted_ids(text),
            bounced=bounced,
            bounced_message_id=bounced_id,
            problems=tuple(dict.fromkeys(problems))[:MAX_PROBLEMS],
        )

    def _structure(self, problems: list[str]) -> Part:
        if not self.raw.strip(b"\x00 \t\r\n"):
            raise Unreadable("The mail is empty.")
        root = read_structure(self.raw, problems)
        if not any(name in root.headers for name in _MARKS_OF_MAIL):
            raise Unreadable("This is no mail: it has none of the header fields that a mail carries.")
        return root

    def _files(
        self, headers: Headers, subject: str, body: Body, problems: list[str]
    ) -> tuple[tuple[Attachment, ...], str]:
        """The attachments (the first 200) and the fingerprint, which covers all of them."""
        attachments: list[Attachment] = []
        hashes: list[str] = []
        for index, file in enumerate(body.files):
            data = file.data(problems)
            sha256 = hashlib.sha256(data).hexdigest()
            hashes.append(sha256)
            if index < MAX_ATTACHMENTS:
                attachments.append(
                    Attachment(
                        index=index,
                        name=file.name,
                        type=file.type,
                        size=len(data),
                        sha256=sha256,
                        inline=file.inline,
                        content_id=file.content_id,
                    )
                )
        if len(body.files) > MAX_ATTACHMENTS:
            problems.append(f"Of {len(body.files)} attachments the first {MAX_ATTACHMENTS} are shown.")
        fingerprint = fingerprint_fp1(
            date=headers.text("date"),
            sender=headers.text("from"),
            to=headers.text("to"),
            subject=headers.text("subject"),
            text=body.first_text,
            files=hashes,
        )
        return tuple(attachments), fingerprint

    def _delivered_to(self, headers: Headers, recipients: tuple[Participant, ...]) -> tuple[Address, ...]:
        found = {participant.address: None for participant in recipients}
        written = [one for name in _DELIVERY_FIELDS if name in headers for one in headers.every(name)]
        for address in (*_addresses(written), *_addresses(self.envelope.recipients)):
            found.setdefault(address)
        return tuple(found)[:MAX_DELIVERED_TO]

    def _date(self, headers: Headers, problems: list[str]) -> datetime | None:
        field = headers.raw("date")
        moment = read_date(field) if field else None
        if moment is None:
            problems.append(f"The date “{field[:60]}” cannot be read." if field else "The mail has no date.")
        return moment


def _content(subject: str, text: str, reading: Reading, body: Body, attachments: tuple[Attachment, ...]) -> Content:
    return Content(
        subject=subject, text=text, reply_text=reading.reply, has_html=body.has_html, attachments=attachments
    )


def _is_forward(subject: str, reading: Reading) -> bool:
    line = read_subject(subject) if ":" in subject or "：" in subject else None
    if line is not None and (line.forward or line.reply):
        return line.forward
    return reading.forwarded


def _first(participants: list[Participant]) -> Participant | None:
    return participants[0] if participants else None


def _sender(headers: Headers, senders: list[Participant], problems: list[str]) -> Participant | None:
    if headers.count("from") > 1 or len(senders) > 1:
        problems.append("The mail names several senders; the first counts, and none is taken for proven.")
    if senders:
        return senders[0]
    # RFC 5322 §3.6.2 requires From; where it is missing or unreadable, Sender is who sent it on its behalf.
    substitute = _first(_participants(headers, "sender", ParticipantRole.FROM, problems))
    missing = "The mail does not say whom it is from."
    problems.append(missing if substitute is None else "From is missing; the Sender field counts instead.")
    return substitute


def _participants(
    headers: Headers, name: str, role: ParticipantRole, problems: list[str], limit: int = MAX_RECIPIENTS
) -> list[Participant]:
    """The mailboxes of a field (and of its repetitions), each address once."""
    if name not in headers:
        return []
    found: dict[Address, Participant] = {}
    for field in headers.every(name, 10):
        for display, written in read_mailboxes(field):
            try:
                address = EMAIL_FORM.normalise(written)
            except Invalid:
                problems.append(f"The address “{written[:80]}” in {name.title()} is not one that mail can go to.")
                continue
            if address in found:
                continue
            if len(found) >= limit:
                problems.append(f"{name.title()} names more than {limit} people; the rest is left out.")
                return list(found.values())
            found[address] = Participant(address=address, name=display, role=role)
    return list(found.values())


def _recipients(headers: Headers, problems: list[str]) -> tuple[Participant, ...]:
    return (
        *_participants(headers, "to", ParticipantRole.TO, problems),
        *_participants(headers, "cc", ParticipantRole.CC, problems),
        *_participants(headers, "bcc", ParticipantRole.BCC, problems),
    )


def _addresses(written: Iterable[str]) -> list[Address]:
    """Delivery addresses are the servers' own words; one that is none says nothing about the mail."""
    found = []
    for text in written:
        bare = text if text.startswith("<") or " " not in text else decode_words(text)
        try:
            found.append(EMAIL_FORM.normalise(bare))
        except Invalid:
            continue
    return found


def _bounded_subject(subject: str, problems: list[str]) -> str:
    if len(subject) > MAX_SUBJECT:
        problems.append(f"The subject is longer than {MAX_SUBJECT} characters; the rest is left out.")
        return subject[:MAX_SUBJECT]
    return subject


def _cut(text: str, problems: list[str]) -> str:
    if len(text) > MAX_TEXT:
        problems.append("The text is longer than 64 Ki characters; the rest is left out (it is in the raw mail).")
        return text[:MAX_TEXT]
    return text
