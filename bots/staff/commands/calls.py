"""Record a call that no exchange told of."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.reply import MAX_TEXT
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.ports.bot import Confirm


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Tell the call as it would be recorded, and wait for a yes."""
    target = await find_target(talk, "log_call", slots)
    if isinstance(target, Answer):
        return target
    text = slots.get("text", "").strip()
    kept = {name: slots[name] for name in ("minutes", "incoming") if slots.get(name)}
    found = target.slots | kept | ({"text": text} if text else {})
    if not text or len(text) > MAX_TEXT:
        key = "reply.too_long" if text else "call.ask_text"
        said = talk.text(key, name=target.name, number=talk.number(len(text)), limit=talk.number(MAX_TEXT))
        pending = None if text else Pending(stage="text", intent="log_call", slots=found)
        return Answer(blocks=(said,), slots=target.slots | kept, pending=pending, contact_id=target.contact_id)
    key = "call.confirm_in" if kept.get("incoming") else "call.confirm"
    length = talk.say("call.length", minutes=kept["minutes"]) if kept.get("minutes") else ""
    call = talk.say(key, name=target.name, length=length, text=talk.quote_sentence(text))
    return Answer(
        blocks=(Confirm(text=call),),
        slots=found,
        buttons=tuple(talk.say(f"button.{button}") for button in ("yes", "no", "change")),
        pending=Pending(stage="confirm", intent="log_call", slots=found),
        contact_id=target.contact_id,
    )


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Write it, once for the turn."""
    await talk.verbs.timeline.log_call(
        talk.actor,
        ContactId(slots["contact_id"]),
        slots["text"],
        minutes=int(slots.get("minutes") or 0),
        incoming=bool(slots.get("incoming")),
        key=talk.key,
    )
    return Answer(
        blocks=(talk.text("call.done", name=slots["contact"]),), slots=dict(slots), undo=Undo(kind="log_call")
    )


LOG_CALL = Command(intent="log_call", propose=propose, carry_out=carry_out, right=Right.WRITE_NOTES, free_text="text")
