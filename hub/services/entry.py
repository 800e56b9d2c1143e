"""The timeline entry of a message, bounded: what a parser let through is cut here, and the cut is recorded."""

from dataclasses import replace

from hub.domain.ids import ContactId, InteractionId
from hub.domain.interaction import Direction, Interaction
from hub.domain.message import Participant
from hub.services.incoming import Incoming

MAX_TEXT = 32_768
MAX_SUBJECT = 1_000
MAX_NAME = 200
MAX_PEOPLE = 100
MAX_ATTACHMENTS = 200
MAX_PROBLEMS = 50
MAX_PROBLEM = 300
MAX_MARKS = 10

FIRST_CONTACT = "first-contact"
REUSED_ID = "reused-id"
SUBJECT_CHANGED = "subject-changed"
SENT_ELSEWHERE = "sent-elsewhere"
HISTORY = "history"
CUT = "cut"


def build_entry(
    item: Incoming, contact_id: ContactId, marks: list[str], *, caused_by: InteractionId | None = None
) -> Interaction:
    """The entry, under its deterministic id. `caused_by`: the earlier one that it is about."""
    message, record, content = item.message, item.record, item.message.content
    text = content.reply_text or content.text
    if item.outbound:
        marks = [*marks, SENT_ELSEWHERE]
    marks = [*marks, *message.marks[:MAX_MARKS]]
    if message.relation is not None:
        marks.append(message.relation.value)
    if record.history:
        marks = [*marks, HISTORY]
    if _too_much(item, text):
        marks = [*marks, CUT]
    attachments = content.attachments[:MAX_ATTACHMENTS]
    if any(len(file.name) > MAX_NAME for file in attachments):
        attachments = tuple(replace(file, name=file.name[-MAX_NAME:]) for file in attachments)
    return Interaction(
        id=item.entry_id,
        contact_id=contact_id,
        at=record.received_at,
        kind=message.kind,
        direction=Direction.OUTBOUND if item.outbound else Direction.INBOUND,
        channel=message.channel,
        account=record.account,
        subject=content.subject[:MAX_SUBJECT],
        text=text[:MAX_TEXT],
        sender=None if message.sender is None else _bounded(message.sender),
        reply_to=None if message.reply_to is None else _bounded(message.reply_to),
        recipients=tuple([_bounded(person) for person in message.recipients[:MAX_PEOPLE]]),
        message_id=message.message_id,
        attachments=attachments,
        has_html=content.has_html,
        message_class=message.message_class,
        strength=message.strength,
        marks=tuple(marks),
        problems=tuple([problem[:MAX_PROBLEM] for problem in message.problems[:MAX_PROBLEMS]]),
        arrival_id=record.id,
        caused_by=caused_by,
        call=message.call,
    )


def _too_much(item: Incoming, text: str) -> bool:
    content = item.message.content
    return (
        len(text) > MAX_TEXT
        or len(content.subject) > MAX_SUBJECT
        or len(content.attachments) > MAX_ATTACHMENTS
        or len(item.message.recipients) > MAX_PEOPLE
    )


def _bounded(person: Participant) -> Participant:
    return person if len(person.name) <= MAX_NAME else replace(person, name=person.name[:MAX_NAME])
