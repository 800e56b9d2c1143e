"""Create a contact."""

from bots.language.recognition import SHOWN
from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from hub.domain.folding import fold
from hub.domain.people import Right
from hub.domain.views import ContactDraft
from hub.ports.bot import Confirm

MAX_NAME = 200


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Tell name and address of the new contact. Without a name: of the one that nobody fitted just now."""
    name = slots.get("contact", "")
    if not name or name.startswith("@"):
        pending = talk.memory.pending
        name = pending.slots.get("contact", "") if pending and pending.slots.get("unknown") else ""
    name = one_line(name, MAX_NAME)
    if not name or name == SHOWN:
        return Answer(blocks=(talk.text("create.whom"),), pending=Pending(stage="text", intent="create"))
    found = {"contact": name}
    if "@" in name and " " not in name:
        found = {"contact": name.partition("@")[0], "address": name}
    key = "create.confirm_address" if "address" in found else "create.confirm"
    said = talk.say(key, name=talk.quote(found["contact"]), address=found.get("address", ""))
    return Answer(
        blocks=(Confirm(text=said),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="create", slots=found),
    )


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Create it. A repeated turn first looks whether it was created meanwhile."""
    name = slots["contact"]
    if talk.repeated:
        for match in await talk.verbs.contacts.find(talk.actor, name):
            if fold(match.contact.name) == fold(name) and match.contact.created_at >= talk.at:
                return _receipt(talk, match.contact.id, name)
    addresses = (("email", slots["address"]),) if slots.get("address") else ()
    contact = await talk.verbs.contacts.create(talk.actor, ContactDraft(name=name, addresses=addresses))
    return _receipt(talk, contact.id, name)


def _receipt(talk: Talk, contact_id: str, name: str) -> Answer:
    return Answer(
        blocks=(talk.text("create.done", name=name),),
        slots={"contact": name, "contact_id": contact_id},
        contact_id=contact_id,
        conversation_id="",
        undo=Undo(kind="create"),
    )


CREATE = Command(
    intent="create",
    propose=propose,
    carry_out=carry_out,
    right=Right.EDIT_CONTACTS,
    free_text="contact",
    stands_alone=True,
)
