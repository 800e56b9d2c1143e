"""Take the last thing back while that is possible."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bots.staff.command import Answer, Command, Slots
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.telling import tell_span
from hub.domain.conversation import QUEUE_OWNER
from hub.domain.errors import Conflict, NotFound
from hub.domain.ids import ContactId, ConversationId, OutboxId, UserId
from hub.domain.outbox import OutboxState
from hub.ports.bot import Confirm


async def propose(talk: Talk, slots: Slots) -> Answer:
    """At once: that is what "back" is for. Only a misspelt "back" is asked about first."""
    undo = talk.memory.undo
    if undo is None:
        return Answer(blocks=(talk.text("undo.nothing"),))
    if not talk.exact:
        key = f"intent.{undo.kind}"
        what = talk.say(key) if talk.knows(key) else talk.say("undo.meant_last")
        return Answer(
            blocks=(Confirm(text=talk.say("undo.meant", what=what)),),
            buttons=(talk.say("button.yes"), talk.say("button.no")),
            pending=Pending(stage="confirm", intent="undo"),
        )
    return await carry_out(talk, slots)


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Taking back twice is the same as once."""
    undo = talk.memory.undo
    if undo is None:
        return Answer(blocks=(talk.text("undo.nothing"),))
    answer = await _take_back(talk, undo)
    talk.memory.undo = None
    return answer


async def _take_back(talk: Talk, undo: Undo) -> Answer:
    if undo.kind == "reply":
        return await _stop_sending(talk, undo)
    if undo.kind in ("note", "create", "log_call"):
        return Answer(blocks=(talk.text(f"undo.impossible_{undo.kind}"),))
    if undo.kind in BUSINESS:
        return await BUSINESS[undo.kind](talk, undo)
    conversation_id = ConversationId(undo.conversation_id)
    if undo.kind == "assign":
        back_to = None if undo.owner in (QUEUE_OWNER, "bot") else UserId(undo.owner)
        await talk.verbs.conversations.assign(talk.actor, conversation_id, back_to)
        line = await talk.verbs.conversations.get(talk.actor, conversation_id)
        key = "undo.assigned" if line.owner_name else "undo.assigned_queue"
        said = talk.text(key, user=line.owner_name)
    elif undo.kind == "close":
        await talk.verbs.conversations.reopen(talk.actor, conversation_id)
        said = talk.text("undo.reopened")
    else:
        await talk.verbs.conversations.close(talk.actor, conversation_id)
        said = talk.text("undo.closed")
    return Answer(blocks=(said,))


async def _stop_sending(talk: Talk, undo: Undo) -> Answer:
    kept = 0
    for item in undo.items:
        kept += await _cancel(talk, OutboxId(item))
    if kept == len(undo.items):
        said = talk.text("undo.taken_back")
    elif kept:
        said = talk.text("undo.partly", kept=kept, number=len(undo.items))
    else:
        said = talk.text("undo.too_late")
    return Answer(blocks=(said,))


async def _cancel(talk: Talk, item_id: OutboxId) -> bool:
    try:
        await talk.verbs.outbox.cancel(talk.actor, item_id)
    except Conflict:
        return (await talk.verbs.outbox.get(talk.actor, item_id)).state is OutboxState.CANCELLED
    except NotFound:
        return False
    return True


async def _reverse_payment(talk: Talk, undo: Undo) -> Answer:
    await talk.verbs.accounts.reverse(talk.actor, undo.items[0], talk.say("undo.reason"), key=talk.key)
    return Answer(blocks=(talk.text("undo.payment"),))


async def _cancel_appointment(talk: Talk, undo: Undo) -> Answer:
    await talk.verbs.calendar.cancel(talk.actor, undo.items[0], key=talk.key)
    return Answer(blocks=(talk.text("appointment.cancelled"),))


async def _move_back(talk: Talk, undo: Undo) -> Answer:
    before = datetime.fromisoformat(undo.items[1])
    moved = await talk.verbs.calendar.move(talk.actor, undo.items[0], before, key=talk.key)
    return Answer(blocks=(talk.text("appointment.moved", span=tell_span(talk, moved.start, moved.end)),))


async def _mark_back(talk: Talk, undo: Undo) -> Answer:
    appointment_id, occurrence, to = undo.items
    when = datetime.fromisoformat(occurrence) if occurrence else None
    missed = to == "missed"
    await talk.verbs.calendar.mark_missed(talk.actor, appointment_id, missed=missed, occurrence=when)
    return Answer(blocks=(talk.text("absence.noted" if missed else "absence.came"),))


async def _drop_reminder(talk: Talk, undo: Undo) -> Answer:
    await talk.verbs.reminders.drop(talk.actor, undo.items[0])
    return Answer(blocks=(talk.text("reminder.dropped"),))


async def _untag(talk: Talk, undo: Undo) -> Answer:
    await talk.verbs.register.tag(talk.actor, ContactId(undo.items[0]), undo.items[1], on=False)
    return Answer(blocks=(talk.text("undo.tag", tag=talk.quote(undo.items[1])),))


async def _unmerge(talk: Talk, undo: Undo) -> Answer:
    survivor, member = ContactId(undo.items[0]), ContactId(undo.items[1])
    report = await talk.verbs.register.unmerge(talk.actor, survivor, member, key=talk.key)
    return Answer(blocks=(talk.text("merge.apart", name=report.survivor.name, other=report.member.name),))


async def _remove_documents(talk: Talk, undo: Undo) -> Answer:
    for document_id in undo.items:
        await talk.verbs.documents.remove(talk.actor, document_id)
    return Answer(blocks=(talk.text("document.taken_back"),))


BUSINESS: dict[str, Callable[[Talk, Undo], Awaitable[Answer]]] = {
    "book_payment": _reverse_payment,
    "book_appointment": _cancel_appointment,
    "move_appointment": _move_back,
    "missed_appointment": _mark_back,
    "remind_me": _drop_reminder,
    "tag": _untag,
    "merge": _unmerge,
    "file_document": _remove_documents,
}
UNDO = Command(intent="undo", propose=propose, carry_out=carry_out, stands_alone=True)
