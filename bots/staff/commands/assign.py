"""Hand a conversation to a colleague, to oneself, or back to the queue."""

from bots.language.recognition import ME, QUEUE
from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import conversation_title, one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import find_conversation
from hub.domain.conversation import QUEUE_OWNER, ConversationState
from hub.domain.errors import NotFound
from hub.domain.folding import fold
from hub.domain.ids import ConversationId, UserId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.domain.views import UserLine
from hub.ports.bot import Confirm, Text


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Tell who would get what."""
    found = await find_conversation(talk, "assign", slots, ConversationState.OPEN)
    if isinstance(found, Answer):
        return found
    target, conversation = found
    owner = await _owner(talk, dict(slots) | target.slots)
    if isinstance(owner, Answer):
        return owner
    owner_id, owner_name, suffix = owner
    what = conversation_title(talk, conversation)
    fields = {"what": what, "name": target.name, "user": owner_name}
    kept = target.slots | {
        "conversation_id": str(conversation.id),
        "what": what,
        "user": owner_name,
        "user_id": owner_id,
        "suffix": suffix,
        "before": conversation.owner,
    }
    shown = {name: kept[name] for name in ("contact", "contact_id", "conversation_id", "user", "user_id")}
    if conversation.owner == owner_id:
        return Answer(
            blocks=(talk.text(f"assign.already{suffix}", **fields),), slots=shown, contact_id=target.contact_id
        )
    return Answer(
        blocks=(Confirm(text=_upper(talk.say(f"assign.confirm{suffix}", **fields))),),
        slots=shown,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="assign", slots=kept),
        contact_id=target.contact_id,
        conversation_id=conversation.id,
    )


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """A repeated turn finds it assigned already, and is content."""
    conversation_id = ConversationId(slots["conversation_id"])
    line = await talk.verbs.conversations.get(talk.actor, conversation_id)
    if line.conversation.owner != slots["user_id"]:
        user_id = None if slots["user_id"] == QUEUE_OWNER else UserId(slots["user_id"])
        await talk.verbs.conversations.assign(talk.actor, conversation_id, user_id)
    said = talk.say(f"assign.done{slots['suffix']}", what=slots["what"], name=slots["contact"], user=slots["user"])
    return Answer(
        blocks=(Text(text=_upper(said)),),
        slots={name: slots[name] for name in ("contact", "contact_id", "conversation_id", "user", "user_id")},
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="assign", conversation_id=slots["conversation_id"], owner=slots["before"]),
    )


async def _owner(talk: Talk, slots: Slots) -> tuple[str, str, str] | Answer:
    """(id, name, which sentence)."""
    wanted = slots.get("user", "")
    if wanted == QUEUE:
        return QUEUE_OWNER, talk.say("inbox.queue"), "_queue"
    if wanted == ME or slots.get("user_id") == talk.actor.id:
        return talk.actor.id, talk.actor.name, "_me"
    if not wanted and not slots.get("user_id"):
        pending = Pending(stage="text", intent="assign", slots=dict(slots))
        return Answer(blocks=(talk.text("assign.whom", name=slots["contact"]),), pending=pending)
    try:
        user = await talk.verbs.users.get(talk.actor, slots.get("user_id") or wanted)
    except NotFound:
        return await _ask_colleague(talk, slots, wanted)
    suffix = "_me" if user.id == talk.actor.id else ""
    return user.id, user.display_name or user.name, suffix


async def _ask_colleague(talk: Talk, slots: Slots, wanted: str) -> tuple[str, str, str] | Answer:
    """By display name or part of it, where the sign-in name did not fit."""
    words = set(fold(wanted).split())
    users = [user for user in await talk.verbs.users.all(talk.actor) if user.active]
    fitting = [user for user in users if words & set(fold(f"{user.name} {user.display_name}").split())]
    if len(fitting) == 1:
        user = fitting[0]
        return user.id, user.display_name or user.name, "_me" if user.id == talk.actor.id else ""
    key = "assign.which_user" if fitting else "assign.unknown_user"
    return Answer(
        blocks=(talk.text(key, user=talk.quote(one_line(wanted))),),
        choices=tuple(_choice(user) for user in (fitting or users)[:9]),
        pending=Pending(stage="choose", intent="assign", slots=dict(slots)),
        slots=dict(slots),
    )


def _choice(user: UserLine) -> Choice:
    return Choice(kind="user", id=user.id, label=one_line(user.display_name or user.name))


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


ASSIGN = Command(intent="assign", propose=propose, carry_out=carry_out, right=Right.OWN_CONVERSATIONS, free_text="user")
