"""What is shared with somebody who has proved who they are, and the link to their page where they fetch it."""

from bots.customer.talk import Talk
from hub.ports.customer_verbs import CustomerReply

SHOWN = 10


async def tell_shared(talk: Talk) -> CustomerReply:
    """Each with how long it can be fetched, and where."""
    shared = await talk.verbs.shared(talk.customer, key=talk.key)
    talk.memory.settle()
    if not shared.files:
        return CustomerReply(text=talk.say("nothing_shared"), intent="my_documents")
    lines = [talk.say("shared")]
    for share in shared.files[:SHOWN]:
        day = talk.day(share.expires_at.astimezone(talk.zone).date())
        lines.append(f"• {talk.say('shared_file', name=' '.join(share.name.split()), day=day)}")
    if len(shared.files) > SHOWN:
        lines.append(talk.say("more", n=len(shared.files) - SHOWN))
    lines.append(talk.say("shared_where", address=shared.address))
    return CustomerReply(text="\n".join(lines), intent="my_documents")
