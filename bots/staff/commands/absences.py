"""Who did not come: said of an appointment that has begun, and taken back. Nobody is sent anything."""

from datetime import timedelta

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.appointments import find_appointment, instance_of, kept_of, told_of
from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from bots.staff.telling import tell_occurrence
from hub.domain.appointment import AppointmentState, Occurrence
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.ports.bot import Confirm

LOOK_BACK = timedelta(days=60)
USUAL = timedelta(days=2)
"""Who says that somebody did not come means the last appointment, if it was so lately."""


async def propose(talk: Talk, slots: Slots) -> Answer:
    """Which one was missed; or, with `came`, was not."""
    came = bool(slots.get("came"))

    async def begun(talk: Talk, contact_id: ContactId) -> tuple[list[Occurrence], str]:
        found = await talk.verbs.calendar.agenda(
            talk.actor, talk.now - LOOK_BACK, talk.now + timedelta(minutes=1), contact_id=contact_id
        )
        fitting = [
            one
            for one in reversed(found)
            if one.start <= talk.now and one.appointment.state is AppointmentState.CONFIRMED and one.missed is came
        ]
        if fitting and talk.now - fitting[0].start < USUAL:
            fitting = fitting[:1]
        return fitting[:9], "absence.none_missed" if came else "absence.none"

    found = await find_appointment(talk, "missed_appointment", slots, begun)
    if isinstance(found, Answer):
        return found
    if found.start > talk.now:
        return Answer(blocks=(talk.text("absence.not_begun", what=tell_occurrence(talk, found)),))
    kept = kept_of(found) | ({"came": "1"} if came else {})
    key = "absence.confirm_came" if came else "absence.confirm"
    return Answer(
        blocks=(Confirm(text=talk.say(key, what=tell_occurrence(talk, found))),),
        slots=kept,
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="missed_appointment", slots=kept),
        contact_id=found.appointment.contact_id,
    )


async def carry_out(talk: Talk, slots: Slots) -> Answer:
    """Noting it twice is noting it once."""
    came, occurrence = bool(slots.get("came")), instance_of(slots)
    await talk.verbs.calendar.mark_missed(talk.actor, slots["appointment_id"], missed=not came, occurrence=occurrence)
    items = (slots["appointment_id"], slots.get("occurrence", ""), "missed" if came else "came")
    return Answer(
        blocks=(talk.text("absence.came" if came else "absence.noted"),),
        slots=told_of(slots),
        choices=(),
        buttons=(talk.say("button.back"),),
        undo=Undo(kind="missed_appointment", items=items),
    )


MISSED_APPOINTMENT = Command(
    intent="missed_appointment", propose=propose, carry_out=carry_out, right=Right.BOOK_APPOINTMENTS
)
