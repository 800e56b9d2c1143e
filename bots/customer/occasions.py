"""Answering an invitation to an event: to come, or not to. A seat that is given back goes to whoever waits."""

from bots.customer.talk import Talk
from hub.domain.errors import Conflict, NotFound
from hub.domain.occasion import Invitation, RegistrationState
from hub.domain.turn import Choice
from hub.ports.customer_verbs import CustomerReply

SHOWN = 5
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
        return await carry_out(talk, intent, fitting[0].occasion.id)
    choices = tuple(Choice(kind=intent, id=one.occasion.id, label=one.occasion.title) for one in fitting[:SHOWN])
    talk.memory.ask("occasion", choices=choices)
    listed = " · ".join(f"{n} {choice.label}" for n, choice in enumerate(choices, 1))
    return CustomerReply(text=talk.say("which_occasion", choices=listed), intent=intent)


async def picked(talk: Talk) -> CustomerReply | None:
    """A number after the list."""
    if talk.heard.intent != "choose":
        return None
    if talk.heard.choice > len(talk.memory.choices):
        said = talk.say("no_such_choice", n=len(talk.memory.choices))
        return CustomerReply(text=said, intent="no_such_choice")
    chosen = talk.memory.choices[talk.heard.choice - 1]
    return await carry_out(talk, chosen.kind, chosen.id)


async def carry_out(talk: Talk, intent: str, occasion_id: str) -> CustomerReply:
    """Register or cancel; saying it twice is saying it once."""
    talk.memory.settle()
    try:
        one = await talk.verbs.attend(talk.customer, occasion_id, intent == "attend")
    except NotFound:
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
    return talk.say(
        key,
        title=one.occasion.title,
        when=talk.span(one.occasion.start, one.occasion.end),
        code=one.registration.code,
        position=one.position,
    )
