"""Close a conversation."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import conversation_title
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_conversation
from hub.domain.conversation import ConversationState
from hub.domain.ids import ConversationId
from hub.domain.people import Right
from hub.ports.bot import Confirm, Text


async def propose_state(talk: Talk, slots: Slots, intent: str, before: ConversationState) -> Answer:
    """Tell which conversation would leave the state `before`; shared by closing and re-opening."""
    found = await find_conversation(talk, intent, slots, before)
    if isinstance(found, Answer):
        return found
    target, conversation = found
    what = conversation_title(talk, conversation)
    kept = target.slots | {"conversation_id": str(conversation.id), "what": what}
    shown = {name: value for name, value in kept.items() if name != "what"}
    if conversation.state is not before:
        return Answer(blocks=(say_state(talk, f"{intent}.already", kept),), slots=shown, contact_id=target.contact_id)
    return Answer(
        blocks=(Confirm(text=say_state(talk, f"{intent}.confirm", kept).text),),
        slots=shown,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent=intent, slots=kept),
        contact_id=target.contact_id,
        conversation_id=conversation.id,
    )


def say_state(talk: Talk, key: str, slots: Slots) -> Text:
    """A sentence that may begin with the conversation's title."""
    said = talk.say(key, what=slots["what"], name=slots["contact"])
    return Text(text=f"{said[:1].upper()}{said[1:]}")


def receipt(talk: Talk, intent: str, slots: Slots) -> Answer:
    """Done, and how to take it back."""
    return Answer(
        blocks=(say_state(talk, f"{intent}.done", slots),),
        slots={name: slots[name] for name in ("contact", "contact_id", "conversation_id")},
        buttons=(talk.say("button.back"),),
        undo=Undo(kind=intent, conversation_id=slots["conversation_id"]),
    )


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Tell what would be closed."""
    return await propose_state(talk, slots, "close", ConversationState.OPEN)


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """A repeated turn finds it closed already, and is content."""
    conversation_id = ConversationId(slots["conversation_id"])
    line = await talk.verbs.conversations.get(talk.actor, conversation_id)
    if line.conversation.state is ConversationState.OPEN:
        await talk.verbs.conversations.close(talk.actor, conversation_id)
    return receipt(talk, "close", slots)


CLOSE = Command(intent="close", propose=propose, carry_out=carry_out, right=Right.OWN_CONVERSATIONS)
