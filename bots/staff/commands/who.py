"""Who somebody is."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import channel_name, entry_what, one_line, role_name, topic_of
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from hub.domain.conversation import ConversationState
from hub.domain.people import Right
from hub.domain.views import ContactCard
from hub.ports.bot import Text

MAX_ADDRESSES = 6


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The card of the contact."""
    target = await find_target(talk, "who", slots)
    if isinstance(target, Answer):
        return target
    card = await talk.verbs.contacts.card(talk.actor, target.contact_id)
    conversation = target.conversation.id if target.conversation else card.waiting.id if card.waiting else ""
    return Answer(
        blocks=(Text(text=describe_card(talk, card)),),
        slots=target.slots,
        contact_id=target.contact_id,
        conversation_id=conversation,
    )


def describe_card(talk: Talk, card: ContactCard) -> str:
    """ "Petra Müller, Tischlerei Müller, Köln. Kundin seit 03/2024, Betreuung: Anna. ..." """
    contact = card.contact
    name = [one_line(fact) for fact in (contact.name, contact.organisation, contact.city)]
    key = "card.provisional" if contact.provisional else "card.since"
    since = talk.say(key, role=role_name(talk, contact), month=talk.month(contact.created_at))
    owner = talk.say("card.owner", owner=card.owner_name) if card.owner_name else talk.say("card.no_owner")
    facts = [
        f"{', '.join(dict.fromkeys(fact for fact in name if fact))}.",
        f"{since[:1].upper()}{since[1:]}, {owner}.",
        _describe_addresses(talk, card),
    ]
    if contact.notes:
        facts.append(talk.say("card.notes", text=talk.quote(one_line(contact.notes, 300))))
    open_count = sum(conversation.state is ConversationState.OPEN for conversation in card.conversations)
    facts.append(talk.say("card.open", n=open_count, number=talk.number(open_count)))
    facts.append(_describe_last(talk, card))
    return " ".join(facts)


def _describe_addresses(talk: Talk, card: ContactCard) -> str:
    lines = [
        talk.say(
            "card.address", address=identity.address.normal, strength=talk.say(f"strength.{identity.strength.value}")
        )
        for identity in card.identities[:MAX_ADDRESSES]
    ]
    return f"{', '.join(lines)}." if lines else talk.say("card.no_address")


def _describe_last(talk: Talk, card: ContactCard) -> str:
    if card.last is None:
        return talk.say("card.nothing_yet")
    waiting = card.waiting
    same = waiting is not None and waiting.last_interaction == card.last.id
    said = talk.say(
        "card.last_waiting" if same else "card.last", when=talk.moment(card.last.at), what=entry_what(talk, card.last)
    )
    if waiting is None or same or waiting.waiting_since is None:
        return said
    subject = topic_of(talk, waiting.subject, waiting.last_text) or channel_name(talk, waiting.channel)
    return f"{said} {talk.say('card.waiting', when=talk.moment(waiting.waiting_since), subject=subject)}"


WHO = Command(intent="who", propose=propose, right=Right.READ_CONTACTS)
