"""Keep something about a contact that only colleagues see."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.reply import MAX_TEXT
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from hub.domain.ids import ContactId, ConversationId
from hub.domain.people import Right
from hub.ports.bot import Confirm


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Tell the note and wait for a yes."""
    target = await find_target(talk, "note", slots)
    if isinstance(target, Answer):
        return target
    text = slots.get("text", "").strip()
    found = target.slots | ({"text": text} if text else {})
    if not text or len(text) > MAX_TEXT:
        key = "reply.too_long" if text else "note.ask_text"
        said = talk.text(key, name=target.name, number=talk.number(len(text)), limit=talk.number(MAX_TEXT))
        pending = None if text else Pending(stage="text", intent="note", slots=found)
        return Answer(blocks=(said,), slots=target.slots, pending=pending, contact_id=target.contact_id)
    return Answer(
        blocks=(Confirm(text=talk.say("note.confirm", name=target.name, text=talk.quote_sentence(text))),),
        slots=found,
        buttons=tuple(talk.say(f"button.{button}") for button in ("yes", "no", "change")),
        pending=Pending(stage="confirm", intent="note", slots=found),
        contact_id=target.contact_id,
        conversation_id=target.conversation.id if target.conversation else "",
    )


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Write it, once for the turn."""
    conversation = ConversationId(slots["conversation_id"]) if slots.get("conversation_id") else None
    await talk.verbs.timeline.note(
        talk.actor, ContactId(slots["contact_id"]), slots["text"], conversation, key=talk.key
    )
    return Answer(blocks=(talk.text("note.done", name=slots["contact"]),), slots=dict(slots), undo=Undo(kind="note"))


NOTE = Command(intent="note", propose=propose, carry_out=carry_out, right=Right.WRITE_NOTES, free_text="text")
