"""Company events: which there are, who comes, inviting, and checking in by code."""

from collections.abc import Sequence

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from bots.staff.targets import find_target
from bots.staff.telling import tell_span
from hub.domain.errors import Ambiguous, Conflict, NotFound
from hub.domain.ids import ContactId
from hub.domain.occasion import CampaignDraft, OccasionView, RegistrationState, find_session
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Block, Confirm, Table

SHOWN = 10
MOST_GUESTS = 50
MOST_CHOICES = 9


async def list_occasions(talk: Talk, slots: Slots) -> Answer:
    """Those to come, with their seats."""
    found = (await talk.verbs.occasions.page(talk.actor, limit=SHOWN)).items
    if not found:
        return Answer(blocks=(talk.text("occasion.none"),), choices=())
    rows = tuple(
        (one_line(it.occasion.title, 60), tell_span(talk, it.occasion.start, it.occasion.end), tell_seats(talk, it))
        for it in found
    )
    table = Table(headings=talk.headings("occasion.headings"), rows=rows)
    return Answer(blocks=(talk.text("occasion.title"), table), choices=())


def tell_seats(talk: Talk, view: OccasionView) -> str:
    """ "3/40 + 2": taken, of all, and who waits."""
    if not view.capacity:
        return talk.number(view.taken)
    seats = f"{talk.number(view.taken)}/{talk.number(view.capacity)}"
    return seats + (f" + {talk.number(view.waiting)}" if view.waiting else "")


async def find_occasion(talk: Talk, intent: str, slots: Slots) -> OccasionView | Answer:
    """The event that is meant, or the question which one; a number answers it and carries the command on."""
    wanted = slots.get("occasion_id") or slots.get("occasion", "").strip(" ?!.\"„“”'")
    coming = (await talk.verbs.occasions.page(talk.actor, limit=SHOWN)).items
    if not wanted:
        if len(coming) == 1:
            return coming[0]
        return _ask_which(talk, intent, slots, talk.text("occasion.choose"), coming)
    try:
        return await talk.verbs.occasions.find(talk.actor, wanted)
    except Ambiguous as error:
        found = error.fields.get("choices")
        fitting = [it for it in found if isinstance(it, OccasionView)] if isinstance(found, list) else []
        said = talk.text("occasion.several", name=talk.quote(one_line(wanted, 60)))
        return _ask_which(talk, intent, slots, said, fitting)
    except NotFound:
        said = talk.text("occasion.which", name=talk.quote(one_line(wanted, 60)))
        return _ask_which(talk, intent, slots, said, coming)


def _ask_which(talk: Talk, intent: str, slots: Slots, said: Block, fitting: Sequence[OccasionView]) -> Answer:
    if not fitting:
        return Answer(blocks=(said, talk.text("occasion.none")), choices=())
    choices = tuple(
        Choice(
            kind="occasion",
            id=it.occasion.id,
            label=f"{one_line(it.occasion.title, 60)}, {tell_span(talk, it.occasion.start, it.occasion.end)}",
        )
        for it in fitting[:MOST_CHOICES]
    )
    kept = {name: value for name, value in slots.items() if name != "occasion"}
    pending = Pending(stage="choose", intent=intent, slots=kept)
    return Answer(blocks=(said,), choices=choices, pending=pending, slots=dict(slots))


async def list_guests(talk: Talk, slots: Slots) -> Answer:
    """Who has a seat, and who waits; in which session."""
    view = await find_occasion(talk, "occasion_guests", slots)
    if isinstance(view, Answer):
        return view
    event = view.occasion
    lines = []
    for state in (RegistrationState.REGISTERED, RegistrationState.ATTENDED, RegistrationState.WAITING):
        page = await talk.verbs.occasions.registrations(talk.actor, event.id, state, limit=MOST_GUESTS)
        said = talk.say(f"occasion.{state.value}")
        for one in page.items:
            part = find_session(event.sessions, one.registration.session)
            lines.append((one_line(one.contact_name, 60), f"{said}, {one_line(part.title, 60)}" if part else said))
    head = talk.text("occasion.guests", title=event.title, seats=tell_seats(talk, view))
    if not lines:
        nobody = talk.text("occasion.nobody", title=event.title)
        return Answer(blocks=(nobody,), slots={"occasion_id": event.id}, choices=())
    table = Table(headings=talk.headings("occasion.guest_headings"), rows=tuple(lines))
    return Answer(blocks=(head, table), slots={"occasion_id": event.id}, choices=())


async def propose_invitation(talk: Talk, slots: Slots) -> Answer:
    """Whom to what, told whole."""
    target = await find_target(talk, "invite_to_occasion", slots)
    if isinstance(target, Answer):
        return target
    view = await find_occasion(talk, "invite_to_occasion", dict(slots) | target.slots)
    if isinstance(view, Answer):
        return view
    event = view.occasion
    found = target.slots | {"occasion_id": event.id, "title": event.title}
    when = tell_span(talk, event.start, event.end)
    said = talk.say("occasion.confirm", name=target.name, title=event.title, when=when)
    return Answer(
        blocks=(Confirm(text=said),),
        slots=found,
        choices=(),
        buttons=(talk.say("button.yes"), talk.say("button.no")),
        pending=Pending(stage="confirm", intent="invite_to_occasion", slots=found),
        contact_id=target.contact_id,
    )


async def invite(talk: Talk, slots: Slots) -> Answer:
    """Once for the turn."""
    draft = CampaignDraft(
        name="", subject="", text="", contacts=(ContactId(slots["contact_id"]),), occasion_id=slots["occasion_id"]
    )
    try:
        await talk.verbs.occasions.start_campaign(talk.actor, draft, key=talk.key)
    except Conflict:
        return Answer(blocks=(talk.text("occasion.closed", title=slots["title"]),), slots=dict(slots))
    said = talk.text("occasion.invited", name=slots["contact"], title=slots["title"])
    return Answer(blocks=(said,), slots=dict(slots))


async def check_in(talk: Talk, slots: Slots) -> Answer:
    """At once: at the door nobody has time for a question, and saying it twice is saying it once."""
    code = slots.get("code", "")
    if not code:
        return Answer(blocks=(talk.text("check_in.which"),))
    try:
        done = await talk.verbs.occasions.check_in(talk.actor, code)
    except NotFound:
        return Answer(blocks=(talk.text("check_in.wrong"),))
    except Conflict:
        return Answer(blocks=(talk.text("check_in.no_seat"),))
    return Answer(blocks=(talk.text("check_in.done", name=done.contact_name),), slots={"code": code})


OCCASIONS = Command(intent="occasions", propose=list_occasions, right=Right.READ_CALENDARS, stands_alone=True)
OCCASION_GUESTS = Command(intent="occasion_guests", propose=list_guests, right=Right.READ_CALENDARS, stands_alone=True)
INVITE_TO_OCCASION = Command(
    intent="invite_to_occasion", propose=propose_invitation, carry_out=invite, right=Right.WRITE_MESSAGES
)
CHECK_IN = Command(intent="check_in", propose=check_in, right=Right.BOOK_APPOINTMENTS, stands_alone=True)
