"""Things of the hub in a few words: names, addresses, entries, conversations."""

import unicodedata

from bots.staff.talk import Talk
from hub.domain.address import Address
from hub.domain.contact import Contact, ContactKind
from hub.domain.conversation import Conversation
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.turn import Choice
from hub.domain.views import ContactMatch, TimelineEntry

SNIPPET = 80


def one_line(text: str, limit: int = SNIPPET) -> str:
    """What a stranger wrote, fit for the middle of a line: no line breaks, no control or direction characters."""
    shown = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    folded = " ".join(shown.split())
    return folded if len(folded) <= limit else f"{folded[: limit - 1].rstrip()}…"


def mask(address: Address) -> str:
    """Enough to recognise a recipient: `p.mueller@…`, `+49 221 …`."""
    local, at, _ = address.normal.rpartition("@")
    if at:
        return f"{local}@…"
    return f"{address.normal[:6]}…" if len(address.normal) > 6 else address.normal


def channel_name(talk: Talk, channel: str) -> str:
    """ "email" -> "Mail"."""
    key = f"channel.{channel}"
    return talk.say(key) if talk.knows(key) else talk.say("channel.other", channel=channel)


def role_name(talk: Talk, contact: Contact) -> str:
    """The contact's roles in words."""
    roles = [talk.say(f"role.{role.value}") for role in contact.roles]
    return ", ".join(roles) if roles else talk.say("role.none")


def contact_label(talk: Talk, contact: Contact) -> str:
    """ "Petra Müller (Tischlerei Müller, Kundin/Kunde)"."""
    organisation = contact.organisation if contact.kind is ContactKind.PERSON else ""
    facts = [one_line(organisation, 40), role_name(talk, contact) if contact.roles else "", one_line(contact.city, 30)]
    known = [fact for fact in facts if fact][:2]
    return f"{one_line(contact.name)} ({', '.join(known)})" if known else one_line(contact.name)


def contact_choices(talk: Talk, matches: list[ContactMatch], limit: int = 9) -> tuple[Choice, ...]:
    """Numbered contacts."""
    return tuple(
        Choice(kind="contact", id=match.contact.id, label=contact_label(talk, match.contact))
        for match in matches[:limit]
    )


def topic_of(talk: Talk, subject: str, text: str) -> str:
    """The subject in quotation marks, or the beginning of the text; '' where there is neither."""
    shown = one_line(subject) or one_line(text)
    return talk.quote(shown) if shown else ""


def conversation_title(talk: Talk, conversation: Conversation) -> str:
    """ "Vorgang „Angebot für 12 Stühle“"."""
    topic = topic_of(talk, conversation.subject, conversation.last_text)
    return talk.say("conversation.title", topic=topic) if topic else talk.say("conversation.untitled")


def conversation_choice(talk: Talk, conversation: Conversation) -> Choice:
    """A conversation to pick."""
    topic = topic_of(talk, conversation.subject, conversation.last_text) or channel_name(talk, conversation.channel)
    label = talk.say("conversation.label", topic=topic, when=talk.moment(conversation.last_at))
    return Choice(kind="conversation", id=conversation.id, label=label)


def entry_what(talk: Talk, entry: Interaction) -> str:
    """ "Mail „Angebot für 12 Stühle“"."""
    if entry.kind is InteractionKind.STATUS:
        told = [talk.say(f"mark.{mark}") for mark in entry.marks if talk.knows(f"mark.{mark}")]
        return told[0] if told else one_line(entry.text)
    kind = talk.say("entry.note") if entry.kind is InteractionKind.NOTE else channel_name(talk, entry.channel)
    topic = topic_of(talk, entry.subject, entry.text)
    return talk.say("entry.what", kind=kind, topic=topic).strip()


def entry_who(talk: Talk, entry: TimelineEntry, contact_name: str) -> str:
    """ "von Petra Müller", "an Petra Müller", "Notiz von Anna"."""
    direction = entry.interaction.direction
    if direction is Direction.INTERNAL:
        return talk.say("entry.internal", name=entry.author_name or talk.say("entry.someone"))
    return talk.say(f"entry.{direction.value}", name=one_line(contact_name or entry.contact_name, 40))
