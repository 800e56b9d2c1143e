"""Answer a contact on the way their message came. Algorithm:

1. Find the contact, then the conversation that is meant, and draft the answer: recipients, channel, subject.
2. Tell the whole of it and wait for a yes. A digest of recipients and subject is kept with the proposal.
3. After the yes draft again: where the digest differs, somebody wrote in between, and the proposal is told anew.
   Else submit it under the turn's id, so that the same yes submits once, and keep the outbox items for "back".
"""

from collections.abc import Awaitable, Callable, Sequence

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import channel_name, mask, one_line
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import Target, find_target
from hub.domain.address import Address
from hub.domain.errors import NotFound
from hub.domain.ids import ConversationId, InteractionId
from hub.domain.people import Right
from hub.domain.views import FileData, ReplyDraft
from hub.ports.bot import Block, Confirm, Text

MAX_TEXT = 8_000
MAX_RECIPIENTS = 20
Enclose = Callable[[], Awaitable[str]]


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The whole answer as it would go out."""
    target = await find_target(talk, "reply", slots)
    if isinstance(target, Answer):
        return target
    conversation_id = await find_conversation(talk, target)
    if conversation_id is None:
        return _plain(talk, target, "reply.nothing")
    draft = await talk.verbs.conversations.draft(talk.actor, conversation_id)
    if not draft.can_send:
        return _plain(talk, target, "reply.cannot", problem=_problem(talk, draft))
    found = target.slots | {"conversation_id": str(conversation_id)}
    text = slots.get("text", "").strip()
    if not text:
        return Answer(
            blocks=(talk.text("reply.ask_text", name=target.name),),
            slots=found,
            pending=Pending(stage="text", intent="reply", slots=found),
            contact_id=target.contact_id,
            conversation_id=conversation_id,
        )
    if len(text) > MAX_TEXT:
        return _plain(talk, target, "reply.too_long", number=talk.number(len(text)), limit=talk.number(MAX_TEXT))
    return propose_draft(talk, draft, found | {"text": text})


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Submit it, unless it would now go elsewhere."""
    return await submit_draft(talk, slots, intent="reply")


async def submit_draft(
    talk: Talk, slots: Slots, *, intent: str, files: Sequence[FileData] = (), enclose: Enclose | None = None
) -> Answer:
    """What was confirmed, unless it would now go elsewhere: then it is told anew. `enclose` makes what stands below the
    text, only where it is sent."""
    conversation_id = ConversationId(slots["conversation_id"])
    if not talk.repeated:
        draft = await talk.verbs.conversations.draft(talk.actor, conversation_id)
        if _digest(draft) != slots["digest"]:
            again = propose_draft(talk, draft, dict(slots), intent=intent)
            return Answer(
                blocks=(talk.text("reply.changed"), *again.blocks),
                slots=again.slots,
                pending=again.pending,
                buttons=again.buttons,
            )
    if enclose is not None:
        slots = dict(slots) | {"text": "\n\n".join(part for part in (slots["text"], await enclose()) if part)}
    receipt = await talk.verbs.conversations.reply(
        talk.actor, conversation_id, slots["text"], key=talk.key, files=files
    )
    seconds = int((receipt.leaves_at - talk.now).total_seconds())
    undo = Undo(kind="reply", items=tuple(receipt.items)) if seconds > 0 else None
    shown = {name: slots[name] for name in ("contact", "contact_id", "conversation_id", "text")}
    # Told where nobody was asked before.
    whom = (talk.text("reply.to_whom", name=slots["contact"], channel=slots["via"]),) if slots.get("via") else ()
    if undo is None:
        return Answer(blocks=(*whom, talk.text("reply.sent_final", time=talk.time(talk.now))), slots=shown)
    return Answer(
        blocks=(*whom, talk.text("reply.sent", time=talk.time(talk.now), seconds=seconds)),
        slots=shown,
        buttons=(talk.say("button.back"),),
        undo=undo,
    )


async def answer_notice(talk: Talk, entry_id: str, text: str, *, files: bool) -> tuple[Answer, bool]:
    """A direct answer to the notice of a contact's message, as `propose` tells it, and whether it may leave at once
    (it can be taken back): not where something about it wants a look first. `files`: some came with it."""
    entry = (await talk.verbs.timeline.entry(talk.actor, InteractionId(entry_id))).entry
    target = await find_target(talk, "reply", {"contact_id": str(entry.interaction.contact_id)})
    if isinstance(target, Answer):
        return target, False
    if entry.conversation_id is None:
        return _plain(talk, target, "reply.nothing"), False
    draft = await talk.verbs.conversations.draft(talk.actor, entry.conversation_id)
    if not draft.can_send:
        return _plain(talk, target, "reply.cannot", problem=_problem(talk, draft)), False
    if len(text) > MAX_TEXT:
        return _plain(talk, target, "reply.too_long", number=talk.number(len(text)), limit=talk.number(MAX_TEXT)), False
    slots = target.slots | {"conversation_id": str(entry.conversation_id), "text": text}
    intent = "send_file" if files else "reply"
    if files:
        slots["files"] = ", ".join(file.name for file in talk.memory.files)
    # Of a mail the recipients are those of the message answered: somebody else may have written since.
    moved_on = bool(draft.subject) and draft.conversation.last_interaction != entry.interaction.id
    if draft.problem or draft.added or draft.dropped or moved_on:
        return propose_draft(talk, draft, slots, intent=intent), False
    told = slots | {"via": channel_name(talk, draft.channel)}
    return propose_draft(talk, draft, told, intent=intent), True


async def find_conversation(talk: Talk, target: Target) -> ConversationId | None:
    """The one that is meant, else the one that would be answered; None where there is none."""
    if target.conversation:
        return target.conversation.id
    try:
        return (await talk.verbs.conversations.answerable(talk.actor, target.contact_id)).id
    except NotFound:
        return None


def propose_draft(talk: Talk, draft: ReplyDraft, slots: dict[str, str], *, intent: str = "reply") -> Answer:
    """The draft told whole, with whatever is odd about it, and the question whether to send it."""
    slots = slots | {"digest": _digest(draft)}
    recipients = [recipient.address for recipient in draft.to]
    said = talk.say(
        "reply.confirm" if draft.subject else "reply.confirm_chat",
        to=_addresses(recipients),
        channel=channel_name(talk, draft.channel),
        subject=talk.quote(one_line(draft.subject, 200)),
        text=talk.quote_sentence(slots["text"]) if slots["text"] else talk.say("reply.no_text"),
    )
    if slots.get("files"):
        said = f"{talk.say('send_file.with', names=slots['files'])} {said}"
    blocks: list[Block] = []
    if draft.problem:
        blocks.append(Text(text=_problem(talk, draft)))
    if draft.cc:
        blocks.append(talk.text("reply.copy", cc=_addresses([recipient.address for recipient in draft.cc])))
    for key, addresses in (("reply.added", draft.added), ("reply.dropped", draft.dropped)):
        if addresses:
            blocks.append(talk.text(key, addresses=_addresses(addresses)))
    return Answer(
        blocks=(*blocks, Confirm(text=said)),
        slots=slots,
        buttons=tuple(talk.say(f"button.{button}") for button in ("yes", "no", "change")),
        pending=Pending(stage="confirm", intent=intent, slots=slots),
        contact_id=slots["contact_id"],
        conversation_id=slots["conversation_id"],
    )


def _addresses(addresses: Sequence[Address]) -> str:
    shown = [mask(address) for address in addresses[:MAX_RECIPIENTS]]
    return ", ".join(shown) + ("" if len(addresses) <= MAX_RECIPIENTS else f", … ({len(addresses)})")


def _digest(draft: ReplyDraft) -> str:
    """What the yes was given for: account, subject and every recipient. Short enough to be kept as it is."""
    recipients = sorted(recipient.address.key for recipient in (*draft.to, *draft.cc))
    return "|".join((draft.account, draft.subject, *recipients))


def _problem(talk: Talk, draft: ReplyDraft) -> str:
    key = f"problem.{draft.problem}"
    return talk.say(key) if talk.knows(key) else one_line(draft.problem, 300)


def _plain(talk: Talk, target: Target, key: str, **fields: object) -> Answer:
    return Answer(
        blocks=(talk.text(key, name=target.name, **fields),), slots=target.slots, contact_id=target.contact_id
    )


REPLY = Command(intent="reply", propose=propose, carry_out=carry_out, right=Right.WRITE_MESSAGES, free_text="text")
