"""Answering an invitation to an event: to come, or not to. A seat that is given back goes to whoever waits."""

from bots.customer.talk import Talk
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.occasion import Invitation, RegistrationState, find_session
from hub.domain.turn import Choice
from hub.ports.customer_verbs import CustomerReply

SHOWN = 5
MOST_SESSIONS = 9
COMING = (RegistrationState.REGISTERED, RegistrationState.WAITING, RegistrationState.ATTENDED)


async def answer(talk: Talk, intent: str) -> CustomerReply | None:
    """ "attend" or "withdraw": for the only invitation that it can mean, or a numbered choice. None where there is
    none."""
    found = await talk.verbs.invitations(talk.customer)
    if not found:
        return None
    # What is not answered yet is meant first; then what can be answered the other way.
    open_ = [one for one in found if one.registration.state is RegistrationState.INVITED]
    other = [one for one in found if (one.registration.state in COMING) != (intent == "attend")]
    fitting = (open_ if intent == "attend" else other) or other or found
    if len(fitting) == 1:
        return await _settle(talk, intent, fitting[0])
    choices = tuple(Choice(kind=intent, id=one.occasion.id, label=one.occasion.title) for one in fitting[:SHOWN])
    talk.memory.ask("occasion", choices=choices)
    listed = " · ".join(f"{n} {choice.label}" for n, choice in enumerate(choices, 1))
    return CustomerReply(text=talk.say("which_occasion", choices=listed), intent=intent)


async def _settle(talk: Talk, intent: str, one: Invitation) -> CustomerReply:
    """At once; but whoever comes to an event of several sessions says first to which."""
    if intent != "attend" or one.registration.state in COMING or len(one.sessions) < 2:
        return await carry_out(talk, intent, one.occasion.id)
    if len(one.sessions) > MOST_SESSIONS:
        # Too many for a message: they stand on the page behind the link, and people can help.
        return CustomerReply(text=talk.say("too_many_sessions"), intent=intent, hand_over=True)
    choices = tuple(
        Choice(kind=intent, id=f"{one.occasion.id}|{it.session.id}", label=it.session.title) for it in one.sessions
    )
    talk.memory.ask("occasion", choices=choices)
    listed = " · ".join(f"{n} {choice.label}" for n, choice in enumerate(choices, 1))
    return CustomerReply(text=talk.say("which_session", title=one.occasion.title, choices=listed), intent=intent)


async def picked(talk: Talk) -> CustomerReply | None:
    """A number after the list."""
    if talk.heard.intent != "choose":
        return None
    if talk.heard.choice > len(talk.memory.choices):
        said = talk.say("no_such_choice", n=len(talk.memory.choices))
        return CustomerReply(text=said, intent="no_such_choice")
    chosen = talk.memory.choices[talk.heard.choice - 1]
    occasion_id, _, session = chosen.id.partition("|")
    found = [one for one in await talk.verbs.invitations(talk.customer) if one.occasion.id == occasion_id]
    if found and not session:
        return await _settle(talk, chosen.kind, found[0])
    return await carry_out(talk, chosen.kind, occasion_id, session)


async def carry_out(talk: Talk, intent: str, occasion_id: str, session: str = "") -> CustomerReply:
    """Register or cancel; saying it twice is saying it once."""
    talk.memory.settle()
    try:
        one = await talk.verbs.attend(talk.customer, occasion_id, intent == "attend", session=session)
    except (NotFound, Invalid):
        return CustomerReply(text=talk.say("no_invitation"), intent=intent, hand_over=True)
    except Conflict:
        return CustomerReply(text=talk.say("occasion_closed"), intent=intent, hand_over=True)
    if one.registration.state is RegistrationState.REGISTERED:
        files = await talk.verbs.occasion_files(talk.customer, occasion_id)
        talk.memory.file_of = occasion_id
        text = _tell(talk, "occasion_registered", one)
        return CustomerReply(text=text, intent="attend-done", receipt=True, files=tuple(files))
    key = "occasion_waiting" if one.registration.state is RegistrationState.WAITING else "occasion_cancelled"
    return CustomerReply(text=_tell(talk, key, one), intent=f"{intent}-done", receipt=True)


def _tell(talk: Talk, key: str, one: Invitation) -> str:
    event = one.occasion
    part = find_session(event.sessions, one.registration.session)
    return talk.say(
        key,
        title=f"{event.title} – {part.title}" if part else event.title,
        when=talk.span(part.start, part.end) if part else talk.span(event.start, event.end),
        code=one.registration.code,
        position=one.position,
    )
