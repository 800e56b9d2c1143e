"""Book, move and cancel appointments. The date is always read back whole before anything is booked."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.agenda import DEFAULT_MINUTES, choice_of
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.targets import Target, find_target, pick
from bots.staff.telling import has_day, moment_of, same_time_on, tell_occurrence, tell_slot, tell_span
from hub.domain.appointment import Appointment, AppointmentDraft, AppointmentState, Occurrence, Slot
from hub.domain.errors import Conflict
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Confirm

LOOK_AHEAD = timedelta(days=365)


async def propose_booking(talk: Talk, slots: Slots) -> Answer:
    """With whom, when, how long."""
    target = await find_target(talk, "book_appointment", slots)
    if isinstance(target, Answer):
        return target
    kept = target.slots | {name: slots[name] for name in ("when", "minutes", "title") if slots.get(name)}
    if slots.get("when_problem"):
        return _again(talk, "appointment.bad_time", "book_appointment", target.slots, target)
    when = _picked_slot(talk, slots.get("when", ""))
    start = moment_of(talk, when)
    if start is None:
        key = "appointment.what_time" if has_day(when) else "appointment.when"
        return _again(talk, key, "book_appointment", kept, target)
    minutes = int(slots.get("minutes") or DEFAULT_MINUTES)
    if start <= talk.now:
        return _again(talk, "appointment.past", "book_appointment", target.slots, target)
    end = start + timedelta(minutes=minutes)
    found = target.slots | {"start": start.isoformat(), "minutes": str(minutes)}
    said = talk.say("appointment.confirm", span=tell_span(talk, start, end), name=target.name)
    return Answer(
        blocks=(Confirm(text=said),),
        slots=found,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="book_appointment", slots=found),
        contact_id=target.contact_id,
    )


def _picked_slot(talk: Talk, when: str) -> str:
    if when.startswith("@"):
        choice = pick(talk.memory.choices, when[1:])
        return choice.id if choice is not None and choice.kind == "slot" else ""
    return when


def _again(talk: Talk, key: str, intent: str, kept: Slots, target: Target) -> Answer:
    pending = Pending(stage="when", intent=intent, slots=dict(kept))
    return Answer(
        blocks=(talk.text(key, name=target.name),), slots=dict(kept), pending=pending, contact_id=target.contact_id
    )


async def book(talk: Talk, slots: Slots) -> Answer:
    """Book it once for the turn; a taken time offers the next free ones."""
    draft = AppointmentDraft(
        start=datetime.fromisoformat(slots["start"]),
        minutes=int(slots["minutes"]),
        contact_id=ContactId(slots["contact_id"]),
        title=slots.get("title", ""),
    )
    try:
        made = await talk.verbs.calendar.book(talk.actor, draft, key=talk.key)
    except Conflict as error:
        return _offer(talk, error, "book_appointment", slots)
    said = talk.text("appointment.done", span=tell_span(talk, made.start, made.end), name=slots["contact"])
    return Answer(
        blocks=(said,),
        slots=told_of(slots),
        choices=(_choice(talk, made, slots["contact"]),),
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="book_appointment", items=(made.id,)),
    )


def told_of(slots: Slots) -> dict[str, str]:
    return {name: slots[name] for name in ("contact", "contact_id", "start") if slots.get(name)}


def _choice(talk: Talk, made: Appointment, name: str) -> Choice:
    return choice_of(talk, Occurrence(appointment=made, start=made.start, end=made.end, contact_name=name))


def _offer(talk: Talk, error: Conflict, intent: str, slots: Slots) -> Answer:
    free = error.fields.get("slots")
    listed = [it for it in free if isinstance(it, Slot)] if isinstance(free, (list, tuple)) else []
    key = f"appointment.{error.fields.get('code', 'taken')}"
    said = talk.text(key if talk.knows(key) else "appointment.taken")
    if not listed:
        return Answer(blocks=(said,), slots=dict(slots))
    kept = {name: value for name, value in slots.items() if name not in ("start", "when")}
    return Answer(
        blocks=(said, talk.text("appointment.next_free")),
        slots=dict(slots),
        choices=tuple(Choice(kind="slot", id=it.start.isoformat(), label=tell_slot(talk, it)) for it in listed[:3]),
        pending=Pending(stage="choose", intent=intent, slots=kept),
    )


# Moving and cancelling

Listing = Callable[[Talk, ContactId], Awaitable[tuple[list[Occurrence], str]]]
"""Those with a contact that may be meant, and the key of the sentence that there are none."""


async def _coming(talk: Talk, contact_id: ContactId) -> tuple[list[Occurrence], str]:
    found = await talk.verbs.calendar.agenda(
        talk.actor, talk.now, talk.now + LOOK_AHEAD, contact_id=contact_id, limit=10
    )
    return found, "agenda.no_next_with"


async def find_appointment(talk: Talk, intent: str, slots: Slots, listing: Listing = _coming) -> Occurrence | Answer:
    """The appointment that is meant: picked, just shown, or the only (or next) one with the contact."""
    wanted = slots.get("appointment_id", "")
    if not wanted and slots.get("contact", "").startswith("@") and slots["contact"][1:].isdigit():
        choice = pick(talk.memory.choices, slots["contact"][1:])
        wanted = choice.id if choice is not None and choice.kind == "appointment" else ""
    if not wanted and slots.get("contact", "@shown") == "@shown":
        shown = [choice for choice in talk.memory.choices if choice.kind == "appointment"]
        wanted = shown[0].id if len(shown) == 1 else ""
    if wanted:
        appointment_id, _, start = wanted.partition("|")
        found = await talk.verbs.calendar.get(talk.actor, appointment_id)
        begins = datetime.fromisoformat(start) if start else found.start
        name = await _name(talk, found)
        return Occurrence(appointment=found, start=begins, end=begins + (found.end - found.start), contact_name=name)
    target = await find_target(talk, intent, slots)
    if isinstance(target, Answer):
        return target
    listed, nothing = await listing(talk, target.contact_id)
    if not listed:
        return Answer(blocks=(talk.text(nothing, name=target.name),), slots=target.slots, contact_id=target.contact_id)
    if len(listed) == 1:
        return listed[0]
    kept = {name: value for name, value in slots.items() if name != "contact"}
    return Answer(
        blocks=(talk.text("appointment.which", name=target.name),),
        choices=tuple(choice_of(talk, it) for it in listed[:9]),
        slots=target.slots,
        pending=Pending(stage="choose", intent=intent, slots=kept),
        contact_id=target.contact_id,
    )


async def _name(talk: Talk, found: Appointment) -> str:
    if found.contact_id is None:
        return ""
    return (await talk.verbs.contacts.resolve(talk.actor, found.contact_id)).name


def kept_of(it: Occurrence) -> dict[str, str]:
    kept = {
        "appointment_id": it.appointment.id,
        "occurrence": it.start.isoformat() if it.appointment.recurrence else "",
        "before": it.start.isoformat(),
        "contact": it.contact_name,
        "contact_id": str(it.appointment.contact_id or ""),
    }
    return {name: value for name, value in kept.items() if value}


async def propose_move(talk: Talk, slots: Slots) -> Answer:
    """To another day at the same time, or to another moment."""
    found = await find_appointment(talk, "move_appointment", slots)
    if isinstance(found, Answer):
        return found
    when = _picked_slot(talk, slots.get("when", ""))
    start = moment_of(talk, when)
    if start is None and has_day(when):
        start = same_time_on(talk, when, found.start)
    if start is None or slots.get("when_problem") or start <= talk.now:
        key = "appointment.where_to" if start is None and not slots.get("when_problem") else "appointment.bad_time"
        kept = {"appointment_id": _choice_id(found)}
        return Answer(
            blocks=(talk.text(key, name=found.contact_name),),
            pending=Pending(stage="when", intent="move_appointment", slots=kept),
        )
    end = start + (found.end - found.start)
    kept = kept_of(found) | {"start": start.isoformat()}
    said = talk.say("appointment.confirm_move", what=tell_occurrence(talk, found), span=tell_span(talk, start, end))
    return Answer(
        blocks=(Confirm(text=said),),
        slots=kept,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="move_appointment", slots=kept),
        contact_id=found.appointment.contact_id,
    )


def _choice_id(found: Occurrence) -> str:
    it = found.appointment
    return f"{it.id}|{found.start.isoformat()}" if it.recurrence else it.id


def instance_of(slots: Slots) -> datetime | None:
    return datetime.fromisoformat(slots["occurrence"]) if slots.get("occurrence") else None


async def move(talk: Talk, slots: Slots) -> Answer:
    """Move it once for the turn."""
    start = datetime.fromisoformat(slots["start"])
    try:
        moved = await talk.verbs.calendar.move(
            talk.actor, slots["appointment_id"], start, occurrence=instance_of(slots), key=talk.key
        )
    except Conflict as error:
        return _offer(talk, error, "move_appointment", slots)
    span = tell_span(talk, start, start + (moved.end - moved.start))
    undo = Undo(kind="move_appointment", items=(slots["appointment_id"], slots["before"]))
    return Answer(
        blocks=(talk.text("appointment.moved", span=span),),
        slots=told_of(slots),
        choices=(_choice(talk, moved, slots.get("contact", "")),),
        buttons=(talk.say("button.back"),) if not slots.get("occurrence") else (),
        undo=undo if not slots.get("occurrence") else None,
    )


async def propose_cancel(talk: Talk, slots: Slots) -> Answer:
    """Which one would go."""
    found = await find_appointment(talk, "cancel_appointment", slots)
    if isinstance(found, Answer):
        return found
    kept = kept_of(found)
    return Answer(
        blocks=(Confirm(text=talk.say("appointment.confirm_cancel", what=tell_occurrence(talk, found))),),
        slots=kept,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="cancel_appointment", slots=kept),
        contact_id=found.appointment.contact_id,
    )


async def cancel(talk: Talk, slots: Slots) -> Answer:
    """Cancelling twice is the same as once."""
    found = await talk.verbs.calendar.get(talk.actor, slots["appointment_id"])
    if found.state is not AppointmentState.CANCELLED:
        await talk.verbs.calendar.cancel(talk.actor, found.id, occurrence=instance_of(slots), key=talk.key)
    return Answer(blocks=(talk.text("appointment.cancelled"),), slots=told_of(slots), choices=())


_BOOK = Right.BOOK_APPOINTMENTS
BOOK_APPOINTMENT = Command(intent="book_appointment", propose=propose_booking, carry_out=book, right=_BOOK)
MOVE_APPOINTMENT = Command(intent="move_appointment", propose=propose_move, carry_out=move, right=_BOOK)
CANCEL_APPOINTMENT = Command(intent="cancel_appointment", propose=propose_cancel, carry_out=cancel, right=_BOOK)
