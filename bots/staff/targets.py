"""Whom, or which conversation, a command means: a name, a number of the list just shown, or "her"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bots.language.recognition import SHOWN
from bots.staff.command import Answer, Slots
from bots.staff.describing import contact_choices, conversation_choice, one_line
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation, ConversationState
from hub.domain.errors import Ambiguous, NotFound
from hub.domain.ids import ContactId, ConversationId, InteractionId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.domain.views import ContactMatch

MAX_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The contact that is meant, and the conversation where one was picked."""

    contact_id: ContactId
    name: str
    conversation: Conversation | None = None

    @property
    def slots(self) -> dict[str, str]:
        """For BotReply.slots, and for a pending command."""
        found = {"contact": self.name, "contact_id": str(self.contact_id)}
        return found | ({"conversation_id": str(self.conversation.id)} if self.conversation else {})


async def find_target(talk: Talk, intent: str, slots: Slots) -> Target | Answer:
    """The target, or the question to ask instead; the question carries the command on. Raises FernamtError."""
    if slots.get("conversation_id"):
        return await _conversation_target(talk, slots["conversation_id"])
    if slots.get("contact_id"):
        return _contact_target(await talk.verbs.contacts.resolve(talk.actor, slots["contact_id"]))
    wanted = slots.get("contact", SHOWN)[:MAX_NAME]
    if wanted == SHOWN:
        return await _shown_target(talk, intent, slots)
    if wanted.startswith("@") and (wanted[1:].isdigit() or wanted == "@last"):
        choice = pick(talk.memory.choices, wanted[1:])
        if choice is None:
            return no_such_choice(talk)
        return await _choice_target(talk, intent, slots, choice)
    try:
        return _contact_target(await talk.verbs.contacts.resolve(talk.actor, wanted))
    except Ambiguous as error:
        return _ask_which(talk, intent, slots, error.fields.get("choices"))
    except NotFound as error:
        return _ask_nearest(talk, intent, slots, wanted, error.fields.get("nearest"))


def pick(choices: Sequence[Choice], number: str) -> Choice | None:
    """The n-th choice; "last" is the last of them."""
    if not choices:
        return None
    index = len(choices) if number == "last" else int(number)
    return choices[index - 1] if 1 <= index <= len(choices) else None


def no_such_choice(talk: Talk) -> Answer:
    """The number fits nothing: what would fit. The list stays."""
    count = len(talk.memory.choices)
    block = talk.text("contact.no_such_number", last=count) if count else talk.text("contact.no_choices")
    return Answer(blocks=(block,), pending=talk.memory.pending, intent="choose")


def ask_whom(talk: Talk, intent: str, slots: Slots, key: str = "contact.whom") -> Answer:
    """Ask for a name; the next turn carries the command on."""
    kept = {name: value for name, value in slots.items() if name != "contact"}
    pending = Pending(stage="name", intent=intent, slots=kept)
    return Answer(blocks=(talk.text(key),), pending=pending, intent=intent)


async def find_conversation(
    talk: Talk, intent: str, slots: Slots, state: ConversationState
) -> tuple[Target, Conversation] | Answer:
    """The one conversation of the target in that state, else the last one; a question where several fit."""
    target = await find_target(talk, intent, slots)
    if isinstance(target, Answer):
        return target
    if target.conversation:
        return target, target.conversation
    card = await talk.verbs.contacts.card(talk.actor, target.contact_id)
    fitting = [conversation for conversation in card.conversations if conversation.state is state]
    if len(fitting) > 1:
        choices = tuple(conversation_choice(talk, conversation) for conversation in fitting[:9])
        key = "reopen.which" if state is ConversationState.CLOSED else "close.which"
        pending = Pending(stage="choose", intent=intent, slots=dict(slots) | target.slots)
        return Answer(
            blocks=(talk.text(key, name=target.name),), choices=choices, pending=pending, slots=target.slots,
            contact_id=target.contact_id,
        )  # fmt: skip
    found = fitting or list(card.conversations)
    if not found:
        return Answer(
            blocks=(talk.text("conversation.none", name=target.name),), slots=target.slots, contact_id=target.contact_id
        )
    return target, found[0]


def _contact_target(contact: Contact) -> Target:
    return Target(contact_id=contact.id, name=one_line(contact.name))


async def _conversation_target(talk: Talk, conversation_id: str) -> Target:
    line = await talk.verbs.conversations.get(talk.actor, ConversationId(conversation_id))
    return Target(
        contact_id=line.conversation.contact_id, name=one_line(line.contact_name), conversation=line.conversation
    )


async def _shown_target(talk: Talk, intent: str, slots: Slots) -> Target | Answer:
    memory = talk.memory
    if memory.conversation_id:
        return await _conversation_target(talk, memory.conversation_id)
    if memory.contact_id:
        return _contact_target(await talk.verbs.contacts.resolve(talk.actor, memory.contact_id))
    return ask_whom(talk, intent, slots)


async def _choice_target(talk: Talk, intent: str, slots: Slots, choice: Choice) -> Target | Answer:
    if choice.kind == "contact":
        return _contact_target(await talk.verbs.contacts.resolve(talk.actor, choice.id))
    if choice.kind == "conversation":
        return await _conversation_target(talk, choice.id)
    if choice.kind == "open_item":
        return _contact_target(await talk.verbs.contacts.resolve(talk.actor, choice.id.partition("|")[0]))
    if choice.kind == "entry":
        detail = await talk.verbs.timeline.entry(talk.actor, InteractionId(choice.id))
        if detail.entry.conversation_id:
            return await _conversation_target(talk, detail.entry.conversation_id)
        contact = await talk.verbs.contacts.resolve(talk.actor, detail.entry.interaction.contact_id)
        return _contact_target(contact)
    return ask_whom(talk, intent, slots, "contact.not_a_contact")


def _matches(value: Any) -> list[ContactMatch]:
    return [match for match in value if isinstance(match, ContactMatch)] if isinstance(value, (list, tuple)) else []


def _ask_which(talk: Talk, intent: str, slots: Slots, fitting: object) -> Answer:
    choices = contact_choices(talk, _matches(fitting))
    count = talk.say(f"count.{len(choices)}") if choices else talk.say("contact.whom")
    return Answer(
        blocks=(talk.text("contact.ambiguous", count=count),),
        choices=choices,
        slots={"contact": slots.get("contact", "")},
        pending=Pending(stage="choose", intent=intent, slots=dict(slots)),
        intent=intent,
    )


def _ask_nearest(talk: Talk, intent: str, slots: Slots, wanted: str, nearest: object) -> Answer:
    choices = contact_choices(talk, _matches(nearest), limit=3)
    may_create = Right.EDIT_CONTACTS in talk.actor.rights
    quoted = talk.quote(one_line(wanted))
    blocks = [talk.text("contact.nearest" if choices else "contact.nobody", name=quoted)]
    if may_create:
        blocks.append(talk.text("contact.create_offer"))
    return Answer(
        blocks=tuple(blocks),
        choices=choices,
        slots={"contact": wanted},
        buttons=(talk.say("button.create"),) if may_create else (),
        pending=Pending(stage="choose", intent=intent, slots=dict(slots) | {"contact": wanted, "unknown": "1"}),
        intent=intent,
    )
