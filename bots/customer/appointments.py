"""Booking, moving and cancelling with a customer: free times as numbers, one to pick, then a receipt."""

from datetime import datetime, timedelta

from bots.customer.talk import Talk
from bots.language.spoken import moment_of, span_of
from hub.domain.appointment import Appointment, Occurrence, Slot
from hub.domain.errors import Conflict, NotFound, TooMany
from hub.domain.turn import Choice
from hub.ports.customer_verbs import CustomerReply

AHEAD = timedelta(days=14)
SHOWN = 5


async def tell_next(talk: Talk) -> CustomerReply:
    """The next appointment, and those after it."""
    found = await talk.verbs.appointments(talk.customer)
    talk.memory.settle()
    if not found:
        return CustomerReply(text=talk.say("no_appointment"), intent="my_appointment")
    if len(found) == 1:
        title = found[0].appointment.title
        text = talk.say("appointment", when=_when(talk, found[0]), title=f" – {title}" if title else "")
        return CustomerReply(text=text, intent="my_appointment")
    lines = [f"• {_when(talk, one)} – {one.appointment.title}".rstrip(" –") for one in found[:SHOWN]]
    return CustomerReply(text="\n".join([talk.say("appointments"), *lines]), intent="my_appointment")


def _when(talk: Talk, one: Occurrence | Appointment) -> str:
    return talk.span(one.start, one.end)


# Booking


async def offer(talk: Talk, when: str, *, opening: str = "", appointment: Appointment | None = None) -> CustomerReply:
    """Free times at (or after) what was asked for. `appointment`: to which it would be moved."""
    intent = "move" if appointment else "book"
    wanted, opening = await _find(talk, when, opening, appointment)
    if not wanted:
        talk.memory.settle()
        return CustomerReply(text=talk.say("no_slots"), intent=intent, hand_over=True)
    choices = tuple(Choice(kind="slot", id=_slot_id(one), label=talk.slot(one.start)) for one in wanted)
    talk.memory.ask("slot", subject_id=appointment.id if appointment else "", choices=choices)
    listed = " · ".join(f"{n} {choice.label}" for n, choice in enumerate(choices, 1))
    zone = str(talk.zone).rpartition("/")[2].replace("_", " ")
    if appointment:
        text = talk.say("slots_move", choices=listed, zone=zone, before=_when(talk, appointment))
    else:
        text = talk.say("slots", choices=listed, zone=zone)
    return CustomerReply(text=talk.say(opening, slots=text) if opening else text, intent=intent)


async def _find(talk: Talk, when: str, opening: str, appointment: Appointment | None) -> tuple[list[Slot], str]:
    subject = appointment.id if appointment else ""
    if talk.heard.when_problem:
        when, opening = "", "bad_time"
    since, until = talk.now, talk.now + AHEAD
    if when and when[:1] != "T":
        since, until = span_of(talk.now, talk.zone, when)
        if until <= talk.now:
            since, until, opening = talk.now, talk.now + AHEAD, "bad_time"
    exact = moment_of(talk.zone, when) if when[:1] != "T" else None
    if exact is not None and exact > talk.now:
        # From that moment on, so that what was asked for comes first where it is free.
        found = await talk.verbs.slots(talk.customer, exact, until, appointment_id=subject)
        if found and found[0].start == exact:
            return found, opening
    found = await talk.verbs.slots(talk.customer, since, until, appointment_id=subject)
    if found:
        return found, "slots_other" if exact is not None and not opening else opening
    found = await talk.verbs.slots(talk.customer, max(since, talk.now), until + AHEAD, appointment_id=subject)
    return found, opening or ("slots_other" if when else "")


def _slot_id(slot: Slot) -> str:
    return f"{slot.calendar_id}|{slot.start.isoformat()}|{slot.end.isoformat()}"


def _read_slot(text: str) -> Slot:
    calendar_id, start, end = text.split("|")
    return Slot(
        calendar_id=calendar_id,
        calendar_name="",
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
    )


async def take(talk: Talk, chosen: str, appointment_id: str) -> CustomerReply:
    """Book the slot that was chosen, or move the appointment to it."""
    slot, verbs = _read_slot(chosen), talk.verbs
    intent = "move" if appointment_id else "book"
    try:
        if appointment_id:
            done = await verbs.move(talk.customer, appointment_id, slot, key=talk.key)
        else:
            done = await verbs.book(talk.customer, slot, key=talk.key)
    except TooMany:
        talk.memory.settle()
        return CustomerReply(text=talk.say("book_limit"), intent=intent, hand_over=True)
    except (Conflict, NotFound):
        return await _taken(talk, slot, appointment_id)
    talk.memory.settle()
    lines = [talk.say("moved" if appointment_id else "booked", when=_when(talk, done))]
    file = await verbs.calendar_file(talk.customer, done.id)
    if not talk.customer.chats:
        talk.memory.file_of = done.id
        lines.append(talk.say("file_attached"))
        return CustomerReply(text=" ".join(lines), intent=f"{intent}-done", receipt=True, files=(file,))
    if await verbs.mail_file(talk.customer, lines[0], done.title, file, key=talk.key):
        lines.append(talk.say("file_mailed"))
    return CustomerReply(text=" ".join(lines), intent=f"{intent}-done", receipt=True)


async def _taken(talk: Talk, slot: Slot, appointment_id: str) -> CustomerReply:
    appointment = None
    if appointment_id:
        own = {one.appointment.id: one.appointment for one in await talk.verbs.appointments(talk.customer)}
        appointment = own.get(appointment_id)
        if appointment is None:
            return await tell_next(talk)
    day = slot.start.astimezone(talk.zone).date().isoformat()
    return await offer(talk, day, opening="slots_taken", appointment=appointment)


# Moving and cancelling


async def choose_own(talk: Talk, purpose: str, when: str = "") -> CustomerReply:
    """Which appointment is to be moved or cancelled: the only one, or a numbered choice."""
    found = await talk.verbs.appointments(talk.customer)
    if not found:
        talk.memory.settle()
        return CustomerReply(text=talk.say("no_appointment"), intent=purpose)
    if purpose == "cancel" and when:
        # "Cancel the one on Friday" names the appointment; for moving it names where to.
        since, until = span_of(talk.now, talk.zone, when) if when[:1] != "T" else (talk.now, talk.now)
        found = [one for one in found if since <= one.start < until] or found
    if len(found) == 1:
        return await go_on(talk, purpose, found[0].appointment, when)
    choices = tuple(Choice(kind=purpose, id=one.appointment.id, label=_when(talk, one)) for one in found[:SHOWN])
    talk.memory.ask("pick", choices=choices)
    talk.memory.wanted = {"when": when}
    listed = " · ".join(f"{n} {choice.label}" for n, choice in enumerate(choices, 1))
    return CustomerReply(text=talk.say("which_appointment", choices=listed), intent=purpose)


async def go_on(talk: Talk, purpose: str, appointment: Appointment, when: str = "") -> CustomerReply:
    """With this one: offer times, or ask whether it is to be cancelled."""
    if appointment.recurrence:
        talk.memory.settle()
        return CustomerReply(text=talk.say("recurring"), intent=purpose, hand_over=True)
    if purpose == "move":
        return await offer(talk, when, appointment=appointment)
    talk.memory.ask("cancel", subject_id=appointment.id)
    talk.memory.wanted = {}
    return CustomerReply(text=talk.say("ask_cancel", when=_when(talk, appointment)), intent="cancel")


async def own_of(talk: Talk, appointment_id: str) -> Appointment | None:
    """One of their own, as it stands now."""
    for one in await talk.verbs.appointments(talk.customer):
        if one.appointment.id == appointment_id:
            return one.appointment
    return None


async def cancel(talk: Talk, appointment_id: str) -> CustomerReply:
    """After a yes. What is gone already is told like what was just cancelled."""
    try:
        gone = await talk.verbs.cancel(talk.customer, appointment_id, key=talk.key)
    except NotFound:
        return await tell_next(talk)
    talk.memory.settle()
    return CustomerReply(text=talk.say("cancelled", when=_when(talk, gone)), intent="cancel-done", receipt=True)
