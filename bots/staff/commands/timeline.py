"""What happened last with a contact, in a conversation, or in one entry."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import conversation_title, entry_what, entry_who
from bots.staff.talk import Talk
from bots.staff.targets import Target, find_target
from hub.domain.ids import InteractionId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.domain.views import TimelineEntry
from hub.ports.bot import Block, Table, Text
from hub.ports.store import Page

SHOWN_ENTRIES = 10
MAX_ENTRY_TEXT = 3_000


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The newest entries; a picked entry whole."""
    if slots.get("entry_id"):
        return await _show_entry(talk, InteractionId(slots["entry_id"]))
    target = await find_target(talk, "timeline", slots)
    if isinstance(target, Answer):
        return target
    # Only a conversation that was picked from a list narrows it; "timeline of her" is everything with her.
    conversation = target.conversation if slots.get("conversation_id") else None
    if conversation:
        page = await talk.verbs.conversations.entries(talk.actor, conversation.id, limit=SHOWN_ENTRIES)
        title = talk.say("timeline.conversation", topic=conversation_title(talk, conversation), name=target.name)
    else:
        page = await talk.verbs.timeline.page(talk.actor, target.contact_id, limit=SHOWN_ENTRIES)
        title = talk.say("timeline.title", name=target.name)
    return _list(talk, target, page, f"{title[:1].upper()}{title[1:]}")


def _list(talk: Talk, target: Target, page: Page[TimelineEntry], title: str) -> Answer:
    if not page.items:
        return Answer(
            blocks=(talk.text("timeline.empty", name=target.name),),
            slots=target.slots,
            choices=(),
            contact_id=target.contact_id,
        )
    rows = tuple(
        (
            str(number),
            talk.moment(entry.interaction.at),
            entry_who(talk, entry, target.name),
            entry_what(talk, entry.interaction),
        )
        for number, entry in enumerate(page.items, 1)
    )
    blocks: tuple[Block, ...] = (
        Text(text=title),
        Table(headings=talk.headings("timeline.headings"), rows=rows),
        talk.text("timeline.more" if page.next else "timeline.pick"),
    )
    return Answer(
        blocks=blocks,
        slots=target.slots,
        choices=tuple(
            Choice(kind="entry", id=entry.interaction.id, label=entry_what(talk, entry.interaction))
            for entry in page.items
        ),
        contact_id=target.contact_id,
        conversation_id=target.conversation.id if target.conversation else "",
    )


async def _show_entry(talk: Talk, interaction_id: InteractionId) -> Answer:
    entry = (await talk.verbs.timeline.entry(talk.actor, interaction_id)).entry
    interaction = entry.interaction
    contact = await talk.verbs.contacts.resolve(talk.actor, interaction.contact_id)
    head = talk.say(
        "timeline.entry",
        when=talk.moment(interaction.at),
        what=entry_what(talk, interaction),
        who=entry_who(talk, entry, contact.name),
    )
    text = interaction.text.strip()[:MAX_ENTRY_TEXT] or talk.say("timeline.nothing_in_it")
    return Answer(
        blocks=(Text(text=head), Text(text=text)),
        slots={"contact": contact.name, "contact_id": contact.id, "entry_id": interaction_id},
        contact_id=contact.id,
        conversation_id=entry.conversation_id or "",
    )


TIMELINE = Command(intent="timeline", propose=propose, right=Right.READ_CONTACTS)
