"""Send somebody the link to their page of what is shared with them."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.reply import find_conversation, propose_draft, submit_draft
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from hub.domain.ids import ContactId
from hub.domain.people import Right


async def propose(talk: Talk, slots: Slots) -> Answer:
    """To whom, and the message as it would go out; the link is made after the yes."""
    target = await find_target(talk, "send_overview", slots)
    if isinstance(target, Answer):
        return target
    conversation_id = await find_conversation(talk, target)
    if conversation_id is None:
        return Answer(blocks=(talk.text("reply.nothing", name=target.name),), contact_id=target.contact_id)
    shares = await talk.verbs.documents.shared_with(talk.actor, target.contact_id)
    draft = await talk.verbs.conversations.draft(talk.actor, conversation_id)
    found = target.slots | {
        "conversation_id": str(conversation_id),
        "text": slots.get("text", "").strip(),
        "files": talk.say("overview.shown", count=talk.number(len(shares))),
    }
    return propose_draft(talk, draft, found, intent="send_overview")


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """The address goes to the contact alone, in their language."""

    async def share() -> str:
        contact = await talk.verbs.contacts.resolve(talk.actor, slots["contact_id"])
        address, _ = await talk.verbs.documents.share_overview(talk.actor, ContactId(slots["contact_id"]), key=talk.key)
        pack = talk.packs.get(contact.language, talk.pack)
        return pack.sentence("overview.line", address=address) or address

    return await submit_draft(talk, slots, intent="send_overview", enclose=share)


SEND_OVERVIEW = Command(intent="send_overview", propose=propose, carry_out=carry_out, right=Right.WRITE_MESSAGES)
