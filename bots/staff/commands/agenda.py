"""What stands in the calendar, and what is free."""

from bots.language.recognition import ME
from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from bots.staff.telling import span_of, tell_day, tell_occurrence, tell_slot
from hub.domain.appointment import Occurrence
from hub.domain.ids import UserId
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Table

SHOWN = 12
DEFAULT_MINUTES = 60


async def show_agenda(talk: Talk, slots: Slots) -> Answer:
    """Appointments of a day, a week or a month: one's own, or a colleague's."""
    since, until = span_of(talk, slots.get("when", ""))
    user_id = await _user(talk, slots)
    found = await talk.verbs.calendar.agenda(talk.actor, since, until, user_id=user_id, limit=SHOWN)
    last = (until.astimezone(talk.zone)).date()
    first = since.astimezone(talk.zone).date()
    title = tell_day(talk, first)
    if (last - first).days > 1:
        title = f"{title} – {tell_day(talk, last.fromordinal(last.toordinal() - 1))}"
    if not found:
        return Answer(blocks=(talk.text("agenda.empty", span=title),), choices=(), slots=_shown(slots))
    rows = tuple((str(number), tell_occurrence(talk, it)) for number, it in enumerate(found, 1))
    return Answer(
        blocks=(talk.text("agenda.title", span=title), Table(headings=talk.headings("agenda.headings"), rows=rows)),
        choices=tuple(choice_of(talk, it) for it in found),
        slots=_shown(slots),
    )


def _shown(slots: Slots) -> dict[str, str]:
    return {name: slots[name] for name in ("when", "user") if slots.get(name)}


async def _user(talk: Talk, slots: Slots) -> UserId | None:
    wanted = slots.get("user", "")
    if not wanted or wanted == ME:
        return None
    return (await talk.verbs.users.get(talk.actor, wanted)).id


def choice_of(talk: Talk, occurrence: Occurrence) -> Choice:
    """An appointment to pick; a single instance of a recurring one keeps its moment."""
    it = occurrence.appointment
    id_ = f"{it.id}|{occurrence.start.isoformat()}" if it.recurrence else it.id
    return Choice(kind="appointment", id=id_, label=one_line(tell_occurrence(talk, occurrence), 120))


async def show_next(talk: Talk, slots: Slots) -> Answer:
    """One's next appointment, or the next with somebody."""
    contact_id = None
    name, kept = "", dict(slots)
    if slots.get("contact") or slots.get("contact_id"):
        target = await find_target(talk, "next_appointment", slots)
        if isinstance(target, Answer):
            return target
        contact_id, name, kept = target.contact_id, target.name, target.slots
    found = await talk.verbs.calendar.next(talk.actor, contact_id)
    if found is None:
        block = talk.text("agenda.no_next_with", name=name) if name else talk.text("agenda.no_next")
        return Answer(blocks=(block,), slots=kept, contact_id=contact_id)
    shown = found.appointment.contact_id or contact_id
    return Answer(
        blocks=(talk.text("agenda.next", what=tell_occurrence(talk, found)),),
        slots=kept,
        choices=(choice_of(talk, found),),
        contact_id=shown,
        conversation_id="" if shown else None,
    )


async def show_free(talk: Talk, slots: Slots) -> Answer:
    """Free times of a day or week: numbers to book one."""
    since, until = span_of(talk, slots.get("when", ""))
    since = max(since, talk.now)
    minutes = int(slots.get("minutes") or DEFAULT_MINUTES)
    calendars: tuple[str, ...] = ()
    user_id = await _user(talk, slots)
    if user_id is not None:
        own = [it.id for it in await talk.verbs.calendar.calendars(talk.actor) if it.user_id == user_id]
        calendars = tuple(own)
    found = await talk.verbs.calendar.free(talk.actor, since, until, minutes, calendars, limit=9)
    if not found:
        return Answer(blocks=(talk.text("agenda.nothing_free"),), choices=(), slots=_shown(slots))
    rows = tuple((str(number), tell_slot(talk, slot)) for number, slot in enumerate(found, 1))
    return Answer(
        blocks=(
            talk.text("agenda.free_title"),
            Table(headings=talk.headings("agenda.headings"), rows=rows),
            talk.text("agenda.free_next"),
        ),
        choices=tuple(Choice(kind="slot", id=slot.start.isoformat(), label=tell_slot(talk, slot)) for slot in found),
        slots=_shown(slots),
    )


_READ = Right.READ_CALENDARS
AGENDA = Command(intent="agenda", propose=show_agenda, right=_READ, stands_alone=True)
NEXT_APPOINTMENT = Command(intent="next_appointment", propose=show_next, right=_READ, stands_alone=True)
FREE = Command(intent="free", propose=show_free, right=_READ, stands_alone=True)
