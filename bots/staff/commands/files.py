"""Send a contact the files that the colleague has dropped on the bot: "send this to Müller"."""

from dataclasses import replace

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.documents import propose_send
from bots.staff.commands.reply import find_conversation, propose_draft, submit_draft
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from hub.domain.people import Right


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The whole message as it would go out, with the names of its files."""
    shown = [choice for choice in talk.memory.choices if choice.kind == "document"]
    if len(shown) == 1:
        # "Send the document" after one was shown means that one.
        answer = await propose_send(talk, dict(slots) | {"document_id": shown[0].id})
        return replace(answer, intent="send_document")
    if not talk.memory.files:
        return Answer(blocks=(talk.text("send_file.none"),), slots=dict(slots))
    target = await find_target(talk, "send_file", slots)
    if isinstance(target, Answer):
        return target
    conversation_id = await find_conversation(talk, target)
    if conversation_id is None:
        return Answer(blocks=(talk.text("reply.nothing", name=target.name),), contact_id=target.contact_id)
    draft = await talk.verbs.conversations.draft(talk.actor, conversation_id)
    text = slots.get("text", "").strip()
    names = ", ".join(file.name for file in talk.memory.files)
    found = target.slots | {"conversation_id": str(conversation_id), "text": text, "files": names}
    return propose_draft(talk, draft, found, intent="send_file")


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Submit it with the files, unless it would now go elsewhere."""
    return await submit_draft(talk, slots, intent="send_file", files=await talk.files())


SEND_FILE = Command(
    intent="send_file", propose=propose, carry_out=carry_out, right=Right.WRITE_MESSAGES, free_text="text"
)
