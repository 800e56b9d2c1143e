"""The JSON of everything the API gives. Written out by hand: it is a promise to programs, not a mirror of classes."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation
from hub.domain.errors import ConfigurationInvalid, FernamtError
from hub.domain.facts import Call
from hub.domain.message import Participant
from hub.domain.outbox import OutboxItem
from hub.domain.people import AuditEntry
from hub.domain.turn import Choice
from hub.domain.views import (
    ChannelLine,
    ContactCard,
    ContactMatch,
    ConversationLine,
    EntryDetail,
    HubStatus,
    QuarantineLine,
    ReplyDraft,
    ReplyReceipt,
    TimelineEntry,
    UserLine,
)
from hub.ports.bot import BotReply
from hub.ports.connector import ProbeStep
from hub.ports.store import Page

T = TypeVar("T")
Json = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def listing(page: Page[T], shape: Callable[[T], Json]) -> Json:
    """`{items, next}`."""
    return {"items": [shape(item) for item in page.items], "next": page.next}


def address(value: Address) -> Json:
    """An address."""
    return {"channel": value.channel, "address": value.normal, "display": value.display or value.normal}


def participant(value: Participant | None) -> Json | None:
    """Somebody in a message."""
    if value is None:
        return None
    return {
        "name": value.name,
        "channel": value.address.channel,
        "address": value.address.normal,
        "role": value.role.value,
    }


def contact(value: Contact) -> Json:
    """A contact's own fields."""
    return {
        "id": value.id,
        "version": value.version,
        "kind": value.kind.value,
        "name": value.name,
        "organisation": value.organisation,
        "city": value.city,
        "roles": [role.value for role in value.roles],
        "language": value.language,
        "owner": value.owner,
        "provisional": value.provisional,
        "notes": value.notes,
        "members": list(value.members),
        "department": value.department,
        "tags": list(value.tags),
        "custom": {one.name: one.value for one in value.custom},
        "preferred_channel": value.preferred_channel,
        "automatic": value.automatic,
        "relations": [{"kind": one.kind, "contact": one.contact_id} for one in value.relations],
        "consents": [
            {"purpose": one.purpose, "since": moment(one.since), "source": one.source} for one in value.consents
        ],
        "created_at": moment(value.created_at),
    }


def match(value: ContactMatch) -> Json:
    """A contact that may be meant."""
    return contact(value.contact) | {
        "score": value.score,
        "address": value.address.normal if value.address else None,
    }


def identity(value: Identity) -> Json:
    """An address bound to a contact."""
    return address(value.address) | {
        "strength": value.strength.value,
        "source": value.source,
        "since": moment(value.since),
    }


def card(value: ContactCard) -> Json:
    """A contact with its addresses and conversations."""
    return contact(value.contact) | {
        "owner_name": value.owner_name,
        "addresses": [identity(item) for item in value.identities],
        "conversations": [conversation(item) for item in value.conversations],
        "last": entry(TimelineEntry(interaction=value.last)) if value.last else None,
        "waiting": conversation(value.waiting) if value.waiting else None,
    }


def entry(value: TimelineEntry) -> Json:
    """One entry of a timeline."""
    it = value.interaction
    return {
        "id": it.id,
        "at": moment(it.at),
        "channel": it.channel,
        "account": it.account,
        "direction": it.direction.value,
        "kind": it.kind.value,
        "subject": it.subject,
        "text": it.text,
        "contact_id": it.contact_id,
        "contact_name": value.contact_name,
        "conversation_id": value.conversation_id,
        "sender": participant(it.sender),
        "recipients": [participant(item) for item in it.recipients],
        "attachments": [
            {"index": f.index, "name": f.name, "type": f.type, "size": f.size, "sha256": f.sha256, "inline": f.inline}
            for f in it.attachments
        ],
        "delivery": value.delivery.value if value.delivery else None,
        "delivery_detail": value.delivery_detail,
        "author": value.author_name or None,
        "author_id": it.author,
        "message_id": it.message_id,
        "caused_by": it.caused_by,
        "class": it.message_class.value,
        "strength": it.strength.value,
        "confidence": value.confidence,
        "has_html": it.has_html,
        "marks": list(it.marks),
        "problems": list(it.problems),
        "call": call(it.call) if it.call else None,
    }


def call(value: Call) -> Json:
    """A call that is over."""
    return {
        "incoming": value.incoming,
        "answered": value.answered,
        "seconds": value.seconds,
        "line": value.line,
        "started_at": moment(value.started_at),
    }


def detail(value: EntryDetail) -> Json:
    """An entry with its evidence and what became of it."""
    placed = value.placement
    return entry(value.entry) | {
        "placement": None
        if placed is None
        else {
            "conversation_id": placed.conversation_id,
            "evidence": placed.evidence.value,
            "confidence": placed.confidence,
            "detail": placed.detail,
            "suggestion": placed.suggestion,
        },
        "sightings": [{"account": seen.account, "at": moment(seen.at)} for seen in value.sightings],
        "items": [outbox_item(item) for item in value.items],
    }


def conversation(value: Conversation) -> Json:
    """A conversation."""
    return {
        "id": value.id,
        "version": value.version,
        "contact_id": value.contact_id,
        "channel": value.channel,
        "account": value.account,
        "peer": address(value.peer),
        "subject": value.subject,
        "number": value.number,
        "state": value.state.value,
        "owner": value.owner,
        "waiting_since": moment(value.waiting_since),
        "created_at": moment(value.created_at),
        "last_at": moment(value.last_at),
        "last_text": value.last_text,
        "closed_at": moment(value.closed_at),
    }


def conversation_line(value: ConversationLine) -> Json:
    """A conversation with the names of its people."""
    return conversation(value.conversation) | {"contact_name": value.contact_name, "owner_name": value.owner_name}


def draft(value: ReplyDraft) -> Json:
    """How an answer would go out."""
    return {
        "conversation_id": value.conversation.id,
        "contact_name": value.contact_name,
        "channel": value.channel,
        "account": value.account,
        "subject": value.subject,
        "to": [participant(item) for item in value.to],
        "cc": [participant(item) for item in value.cc],
        "added": [address(item) for item in value.added],
        "dropped": [address(item) for item in value.dropped],
        "can_send": value.can_send,
        "problem": value.problem,
        "take_back_seconds": value.take_back_seconds,
    }


def receipt(value: ReplyReceipt) -> Json:
    """What was accepted for sending."""
    return {
        "entry_id": value.entry_id,
        "items": list(value.items),
        "leaves_at": moment(value.leaves_at),
        "draft": draft(value.draft),
    }


def outbox_item(value: OutboxItem) -> Json:
    """An intention to send, with its tries."""
    return {
        "id": value.id,
        "version": value.version,
        "account": value.account,
        "channel": value.channel,
        "recipient": address(value.recipient),
        "purpose": value.purpose.value,
        "subject": value.content.subject,
        "state": value.state.value,
        "reason": value.reason,
        "detail": value.detail,
        "created_at": moment(value.created_at),
        "due_at": moment(value.due_at),
        "give_up_at": moment(value.give_up_at),
        "contact_id": value.contact_id,
        "conversation_id": value.conversation_id,
        "entry_id": value.entry_id,
        "message_id": value.content.message_id,
        "attempts": [
            {
                "number": attempt.number,
                "started_at": moment(attempt.started_at),
                "ended_at": moment(attempt.ended_at),
                "outcome": attempt.outcome.value,
                "code": attempt.code,
                "detail": attempt.detail,
            }
            for attempt in value.attempts
        ],
    }


def quarantine_line(value: QuarantineLine) -> Json:
    """An arrival that could not be recorded."""
    return {
        "id": value.id,
        "account": value.account,
        "received_at": moment(value.received_at),
        "sender": value.sender,
        "recipients": list(value.recipients),
        "size": value.size,
        "stage": value.stage,
        "reason": value.reason,
    }


def channel(value: ChannelLine) -> Json:
    """A channel; seen = done + duplicates + quarantined + pending."""
    return {
        "name": value.name,
        "kind": value.kind,
        "state": value.state,
        "detail": value.detail,
        "since": moment(value.since),
        "can_send": value.can_send,
        "addresses": list(value.addresses),
        "seen": value.seen,
        "done": value.done,
        "duplicates": value.duplicates,
        "quarantined": value.quarantined,
        "pending": value.pending,
    }


def step(value: ProbeStep) -> Json:
    """One step of a channel test."""
    return {"title": value.title, "ok": value.ok, "detail": value.detail, "fix": value.fix}


def user(value: UserLine) -> Json:
    """A colleague."""
    return {
        "id": value.id,
        "name": value.name,
        "display_name": value.display_name,
        "role": value.role.value,
        "language": value.language,
        "active": value.active,
        "own_role": value.own_role,
        "rows": value.rows.value,
        "teams": list(value.teams),
        "links": [address(link) for link in value.links],
    }


def audit_entry(value: AuditEntry) -> Json:
    """Who did what."""
    return {
        "id": value.id,
        "at": moment(value.at),
        "actor": value.actor,
        "via": value.via,
        "verb": value.verb,
        "subject": value.subject,
        "outcome": value.outcome,
        "detail": value.detail,
    }


def status(value: HubStatus) -> Json:
    """How the hub is."""
    return {
        "version": value.version,
        "engine": value.engine,
        "started_at": moment(value.started_at),
        "now": moment(value.now),
        "ready": value.ready,
        "channels": [channel(line) for line in value.channels],
        "outbox": dict(value.outbox),
        "oldest_due": moment(value.oldest_due),
        "waiting": value.waiting,
        "quarantined": value.quarantined,
        "problems": list(value.problems),
        "rebuilding": value.rebuilding,
    }


def choice(value: Choice) -> Json:
    """One of the numbered things an answer offers."""
    return {"kind": value.kind, "id": value.id, "label": value.label}


def bot_reply(value: BotReply) -> Json:
    """The bot's answer."""
    return {
        "reply": value.text,
        "intent": value.intent,
        "slots": dict(value.slots),
        "choices": [choice(item) for item in value.choices],
        "buttons": list(value.buttons),
        "files": [{"name": one.name, "type": one.type, "data": b64encode(one.data).decode()} for one in value.files],
        "language": value.language,
    }


def error_fields(error: FernamtError) -> Json:
    """An error's fields as JSON: contacts that may be meant become objects, everything unknown its text; problems of
    the configuration stand by the name of their setting."""
    if isinstance(error, ConfigurationInvalid):
        return dict(error.problems)
    return {name: _plain(value) for name, value in error.fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, ContactMatch):
        return match(value)
    if isinstance(value, Choice):
        return choice(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value[:50]]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
