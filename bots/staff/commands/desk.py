"""Put off, answer with a canned reply, ask a colleague."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands import reply as answering
from bots.staff.describing import conversation_title, one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_conversation, find_target
from bots.staff.telling import has_day, moment_of, tell_day
from hub.domain.conversation import ConversationState
from hub.domain.errors import NotFound
from hub.domain.ids import ContactId, ConversationId, UserId
from hub.domain.people import Right
from hub.ports.bot import Confirm

MORNING = "T09:00"


async def propose_snooze(talk: Talk, slots: Slots) -> Answer:
    """Until when."""
    found = await find_conversation(talk, "snooze", slots, ConversationState.OPEN)
    if isinstance(found, Answer):
        return found
    target, conversation = found
    when = slots.get("when", "")
    until = moment_of(talk, f"{when}{MORNING}" if has_day(when) and "T" not in when else when)
    kept = target.slots | {"conversation_id": str(conversation.id)}
    if until is None or until <= talk.now or slots.get("when_problem"):
        key = "snooze.until_when" if not when else "reminder.bad_time"
        return Answer(blocks=(talk.text(key),), pending=Pending(stage="when", intent="snooze", slots=kept))
    told = f"{tell_day(talk, until.astimezone(talk.zone).date())}, {talk.time(until)}"
    kept |= {"until": until.isoformat(), "told": told}
    said = talk.say("snooze.confirm", what=conversation_title(talk, conversation), name=target.name, when=told)
    return Answer(
        blocks=(Confirm(text=f"{said[:1].upper()}{said[1:]}"),),
        slots=kept,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="snooze", slots=kept),
        contact_id=target.contact_id,
        conversation_id=conversation.id,
    )


async def snooze(talk: Talk, slots: Slots) -> Answer:
    """Doing it twice is the same as once."""
    until = moment_of(talk, slots["until"])
    assert until is not None
    await talk.verbs.desk.snooze(talk.actor, ConversationId(slots["conversation_id"]), until)
    return Answer(blocks=(talk.text("snooze.done", when=slots["told"]),), slots={"until": slots["until"]})


async def propose_template(talk: Talk, slots: Slots) -> Answer:
    """The canned reply filled in, then confirmed as any answer is."""
    name = slots.get("template", "").strip()
    listed = await talk.verbs.desk.canned(talk.actor)
    if not name or not listed:
        named = ", ".join(talk.quote(one_line(it.name, 40)) for it in listed[:20])
        block = talk.text("canned.which", names=named) if listed else talk.text("canned.none")
        return Answer(blocks=(block,))
    target = await find_target(talk, "reply_template", slots)
    if isinstance(target, Answer):
        return target
    conversation_id = target.conversation.id if target.conversation else None
    if conversation_id is None:
        conversation_id = (await talk.verbs.conversations.answerable(talk.actor, target.contact_id)).id
    try:
        text = await talk.verbs.desk.fill_canned(talk.actor, name, conversation_id)
    except NotFound:
        named = ", ".join(talk.quote(one_line(it.name, 40)) for it in listed[:20])
        return Answer(blocks=(talk.text("canned.which", names=named),), contact_id=target.contact_id)
    answer = await answering.propose(talk, target.slots | {"text": text})
    return Answer(
        blocks=answer.blocks,
        slots=answer.slots,
        buttons=answer.buttons,
        pending=answer.pending,
        contact_id=answer.contact_id,
        conversation_id=answer.conversation_id,
        intent="reply",
    )


async def propose_question(talk: Talk, slots: Slots) -> Answer:
    """An internal question to a colleague about a contact."""
    target = await find_target(talk, "ask_colleague", slots)
    if isinstance(target, Answer):
        return target
    if not slots.get("user"):
        pending = Pending(stage="text", intent="ask_colleague", slots=target.slots | _text(slots))
        return Answer(blocks=(talk.text("question.whom", name=target.name),), pending=pending)
    user = await talk.verbs.users.get(talk.actor, slots["user"])
    text = slots.get("text", "").strip()[:4_000]
    if not text:
        return Answer(blocks=(talk.text("question.what", user=user.display_name or user.name, name=target.name),))
    shown = user.display_name or user.name
    found = target.slots | {"user": shown, "user_id": user.id, "text": text}
    said = talk.say("question.confirm", user=shown, name=target.name, text=talk.quote_sentence(text))
    return Answer(
        blocks=(Confirm(text=said),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="ask_colleague", slots=found),
        contact_id=target.contact_id,
    )


def _text(slots: Slots) -> dict[str, str]:
    return {"text": slots["text"]} if slots.get("text") else {}


async def ask_colleague(talk: Talk, slots: Slots) -> Answer:
    """Once for the turn."""
    await talk.verbs.desk.ask_colleague(
        talk.actor, ContactId(slots["contact_id"]), UserId(slots["user_id"]), slots["text"], key=talk.key
    )
    return Answer(blocks=(talk.text("question.done", user=slots["user"]),), slots=dict(slots), undo=Undo(kind="note"))


_OWN = Right.OWN_CONVERSATIONS
SNOOZE = Command(intent="snooze", propose=propose_snooze, carry_out=snooze, right=_OWN)
REPLY_TEMPLATE = Command(intent="reply_template", propose=propose_template, right=Right.WRITE_MESSAGES)
ASK_COLLEAGUE = Command(
    intent="ask_colleague",
    propose=propose_question,
    carry_out=ask_colleague,
    right=Right.WRITE_NOTES,
    free_text="user",
)
