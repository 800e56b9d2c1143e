"""Open a closed conversation again."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.close import propose_state, receipt
from bots.staff.talk import Talk
from hub.domain.conversation import ConversationState
from hub.domain.ids import ConversationId
from hub.domain.people import Right


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Tell what would be opened."""
    return await propose_state(talk, slots, "reopen", ConversationState.CLOSED)


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """A repeated turn finds it open already, and is content."""
    conversation_id = ConversationId(slots["conversation_id"])
    line = await talk.verbs.conversations.get(talk.actor, conversation_id)
    if line.conversation.state is ConversationState.CLOSED:
        await talk.verbs.conversations.reopen(talk.actor, conversation_id)
    return receipt(talk, "reopen", slots)


REOPEN = Command(intent="reopen", propose=propose, carry_out=carry_out, right=Right.OWN_CONVERSATIONS)
