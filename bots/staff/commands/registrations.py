"""Registering somebody for an event, and cancelling it, as in the console: told whole, done once after a yes."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.commands.occasions import MOST_CHOICES, find_occasion, tell_seats
from bots.staff.describing import one_line
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from bots.staff.telling import tell_money, tell_span
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.occasion import OccasionState, OccasionView, RegistrationState, SessionView
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Confirm

REGISTER, CANCEL = "register_for_occasion", "cancel_registration"


async def propose_registration(talk: Talk, slots: Slots) -> Answer:
    """Whom for what, in which session; where it is full, that they would wait."""
    target = await find_target(talk, REGISTER, slots)
    if isinstance(target, Answer):
        return target
    named = dict(slots) | target.slots
    view = await find_occasion(talk, REGISTER, named)
    if isinstance(view, Answer):
        return view
    event = view.occasion
    if event.state is not OccasionState.OPEN or event.start <= talk.now:
        closed = talk.text("occasion.closed", title=event.title)
        return Answer(blocks=(closed,), slots=dict(slots), choices=(), contact_id=target.contact_id)
    session = _session(view, slots)
    if view.sessions and session is None:
        kept = {name: value for name, value in named.items() if name != "occasion"} | {"occasion_id": event.id}
        return _ask_session(talk, view, kept)
    title = f"{event.title} – {session.session.title}" if session else event.title
    found = target.slots | {"occasion_id": event.id, "title": one_line(title, 160)}
    found |= {"session_id": session.session.id} if session else {}
    return _confirm(talk, view, session, found)


def _session(view: OccasionView, slots: Slots) -> SessionView | None:
    if len(view.sessions) == 1:
        return view.sessions[0]
    return next((one for one in view.sessions if one.session.id == slots.get("session_id")), None)


def _ask_session(talk: Talk, view: OccasionView, kept: dict[str, str]) -> Answer:
    """More sessions than can be chosen by number are for the console."""
    choices = tuple(
        Choice(kind="session", id=one.session.id, label=f"{one_line(one.session.title, 60)}, {_room(talk, one)}")
        for one in view.sessions[:MOST_CHOICES]
    )
    said = talk.text("occasion.which_session", title=view.occasion.title)
    return Answer(
        blocks=(said,), choices=choices, slots=kept, pending=Pending(stage="choose", intent=REGISTER, slots=kept)
    )


def _room(talk: Talk, one: SessionView) -> str:
    if one.full:
        return talk.say("occasion.waiting")
    taken = talk.number(one.taken)
    return f"{taken}/{talk.number(one.capacity)}" if one.capacity else taken


def _confirm(talk: Talk, view: OccasionView, session: SessionView | None, found: dict[str, str]) -> Answer:
    event = view.occasion
    start, end = (session.session.start, session.session.end) if session else (event.start, event.end)
    full = session.full if session else bool(view.waiting) or 0 < view.capacity <= view.taken
    said = talk.say(
        "occasion.register_full" if full else "occasion.register_confirm",
        name=found["contact"],
        title=found["title"],
        when=tell_span(talk, start, end),
        seats=_room(talk, session) if session else tell_seats(talk, view),
    )
    if event.fee:
        said = f"{said} {talk.say('occasion.fee', fee=tell_money(talk, event.fee, event.currency))}"
    return _ask(talk, REGISTER, said, found)


def _ask(talk: Talk, intent: str, said: str, found: dict[str, str]) -> Answer:
    return Answer(
        blocks=(Confirm(text=said),),
        slots=found,
        choices=(),
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent=intent, slots=found),
        contact_id=ContactId(found["contact_id"]),
    )


async def register(talk: Talk, slots: Slots) -> Answer:
    """Doing it twice is doing it once. No way back is offered: they are told at once, and may have been in before."""
    named = {"name": slots["contact"], "title": slots["title"]}
    try:
        done = await talk.verbs.occasions.register(
            talk.actor, slots["occasion_id"], ContactId(slots["contact_id"]), session=slots.get("session_id", "")
        )
    except Conflict as error:
        key = {"waiting-full": "occasion.no_room", "other-session": "occasion.elsewhere"}.get(
            str(error.fields.get("code")), "occasion.closed"
        )
        return Answer(blocks=(talk.text(key, **named),), slots=dict(slots))
    except Invalid:
        return Answer(blocks=(talk.text("occasion.session_gone", **named),), slots=dict(slots))
    if done.registration.state is RegistrationState.WAITING:
        said = talk.text("occasion.waits", position=str(done.position), **named)
    else:
        said = talk.text("occasion.is_registered", code=done.registration.code, **named)
    return Answer(blocks=(said,), slots=dict(slots), contact_id=slots["contact_id"])


async def propose_cancellation(talk: Talk, slots: Slots) -> Answer:
    """Whose registration for what."""
    target = await find_target(talk, CANCEL, slots)
    if isinstance(target, Answer):
        return target
    view = await find_occasion(talk, CANCEL, dict(slots) | target.slots)
    if isinstance(view, Answer):
        return view
    event = view.occasion
    found = target.slots | {"occasion_id": event.id, "title": one_line(event.title, 160)}
    when = tell_span(talk, event.start, event.end)
    said = talk.say("occasion.cancel_confirm", name=target.name, title=event.title, when=when)
    return _ask(talk, CANCEL, said, found)


async def cancel(talk: Talk, slots: Slots) -> Answer:
    """Whoever waits longest moves up; cancelling twice is cancelling once."""
    named = {"name": slots["contact"], "title": slots["title"]}
    try:
        await talk.verbs.occasions.cancel(talk.actor, slots["occasion_id"], ContactId(slots["contact_id"]))
    except NotFound:
        return Answer(blocks=(talk.text("occasion.not_registered", **named),), slots=dict(slots))
    except Conflict:
        return Answer(blocks=(talk.text("occasion.over", **named),), slots=dict(slots))
    return Answer(blocks=(talk.text("occasion.cancelled", **named),), slots=dict(slots), contact_id=slots["contact_id"])


REGISTER_FOR_OCCASION = Command(
    intent=REGISTER, propose=propose_registration, carry_out=register, right=Right.BOOK_APPOINTMENTS
)
CANCEL_REGISTRATION = Command(
    intent=CANCEL, propose=propose_cancellation, carry_out=cancel, right=Right.BOOK_APPOINTMENTS
)
