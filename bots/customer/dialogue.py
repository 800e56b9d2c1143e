"""The conversation with a customer: what a bare answer means, what is done for a request, and when a person goes on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bots.customer import account, appointments, documents, occasions
from bots.customer.recognition import CONTEXTUAL, Heard
from bots.customer.talk import Talk
from hub.domain.errors import Conflict, NotProved, TooMany
from hub.ports.customer_verbs import CustomerReply

PATIENCE = 2
"""Misunderstandings in a row after which a person goes on."""
Answer = Callable[[Talk], Awaitable[CustomerReply]]


async def take_turn(talk: Talk) -> CustomerReply:
    """One answer. Raises StoreUnavailable, and whatever a failing verb raises."""
    reply = await _answer(talk)
    if reply.intent != "unknown":
        talk.memory.misunderstood = 0
    return reply


async def _answer(talk: Talk) -> CustomerReply:
    heard, pending = talk.heard, talk.memory.pending
    try:
        if pending and (handler := _PENDING.get(pending)):
            reply = await handler(talk)
            if reply is not None:
                return reply
        if heard.intent and heard.intent not in CONTEXTUAL | {"greeting"}:
            # A new request: what was asked before is over.
            talk.memory.settle()
        return await _carry_out(talk, heard)
    except NotProved:
        return await _ask_proof(talk, heard)
    except Conflict as error:
        if error.fields.get("code") != "recurring":
            raise
        talk.memory.settle()
        return CustomerReply(text=talk.say("recurring"), intent=heard.intent, hand_over=True)


async def _carry_out(talk: Talk, heard: Heard) -> CustomerReply:
    handler = _INTENTS.get(heard.intent)
    return await handler(talk) if handler else await _misunderstood(talk)


# Requests


async def _balance(talk: Talk) -> CustomerReply:
    return await account.tell_balance(talk)


async def _order(talk: Talk) -> CustomerReply:
    return await account.tell_orders(talk, talk.heard.number)


async def _book(talk: Talk) -> CustomerReply:
    return await appointments.offer(talk, talk.heard.when)


async def _move(talk: Talk) -> CustomerReply:
    return await appointments.choose_own(talk, "move", talk.heard.when)


async def _cancel(talk: Talk) -> CustomerReply:
    return await appointments.choose_own(talk, "cancel", talk.heard.when)


async def _attend(talk: Talk) -> CustomerReply:
    return await occasions.answer(talk, "attend") or await _misunderstood(talk)


async def _withdraw(talk: Talk) -> CustomerReply:
    return await occasions.answer(talk, "withdraw") or await _misunderstood(talk)


async def _human(talk: Talk) -> CustomerReply:
    talk.memory.settle()
    return await _hand_over(talk, "human")


async def _hand_over(talk: Talk, intent: str) -> CustomerReply:
    opens = await talk.verbs.opens(talk.customer)
    closed = opens > talk.now
    text = talk.say("handed_over_closed", when=talk.moment(opens)) if closed else talk.say("handed_over")
    return CustomerReply(text=text, intent=intent, hand_over=True)


async def _hours(talk: Talk) -> CustomerReply:
    opens = await talk.verbs.opens(talk.customer)
    lines = [talk.say("hours", hours=talk.week(await talk.verbs.hours(talk.customer)))]
    lines.append(talk.say("hours_next", when=talk.moment(opens)) if opens > talk.now else talk.say("hours_now"))
    return CustomerReply(text=" ".join(lines), intent="hours")


async def _opt_out(talk: Talk) -> CustomerReply:
    await talk.verbs.set_consent(talk.customer, False)
    talk.memory.settle()
    return CustomerReply(text=talk.say("opted_out"), intent="opt_out", receipt=True)


async def _opt_in(talk: Talk) -> CustomerReply:
    await talk.verbs.set_consent(talk.customer, True)
    return CustomerReply(text=talk.say("opted_in"), intent="opt_in")


async def _greeting(talk: Talk) -> CustomerReply:
    return CustomerReply(text=talk.say("hello"), intent="greeting")


async def _thanks(talk: Talk) -> CustomerReply:
    return CustomerReply(text=talk.say("thanks"), intent="thanks")


async def _help(talk: Talk) -> CustomerReply:
    return CustomerReply(text=talk.say("abilities"), intent="help")


async def _who(talk: Talk) -> CustomerReply:
    return CustomerReply(text=talk.say("who"), intent="who_are_you")


async def _misunderstood(talk: Talk) -> CustomerReply:
    talk.memory.misunderstood += 1
    if talk.memory.misunderstood >= PATIENCE:
        talk.memory.misunderstood = 0
        talk.memory.settle()
        return await _hand_over(talk, "unknown-twice")
    return CustomerReply(text=talk.say("not_understood"), intent="unknown")


_INTENTS: Mapping[str, Answer] = {
    "my_balance": _balance,
    "my_order": _order,
    "my_appointment": appointments.tell_next,
    "my_documents": documents.tell_shared,
    "book": _book,
    "move": _move,
    "cancel": _cancel,
    "attend": _attend,
    "withdraw": _withdraw,
    "human": _human,
    "hours": _hours,
    "opt_out": _opt_out,
    "opt_in": _opt_in,
    "greeting": _greeting,
    "thanks": _thanks,
    "help": _help,
    "who_are_you": _who,
}


# Proof


async def _ask_proof(talk: Talk, heard: Heard) -> CustomerReply:
    """Keep what was wanted, and offer a code. Whoever's message nothing authenticates does not come here."""
    if not talk.memory.wanted.get("intent"):
        talk.memory.wanted = {"intent": heard.intent, "when": heard.when, "number": heard.number}
    masked = await talk.verbs.offer_code(talk.customer)
    if not masked:
        talk.memory.ask("address")
        return CustomerReply(text=talk.say("ask_address"), intent="offer_code")
    talk.memory.ask("offer")
    acts = talk.memory.wanted["intent"] in ("book", "move", "cancel", "take")
    return CustomerReply(text=talk.say("offer_act" if acts else "offer", address=masked), intent="offer_code")


async def _offered(talk: Talk) -> CustomerReply | None:
    match talk.heard.intent:
        case "confirm":
            return await _send_code(talk)
        case "address":
            return await _send_code(talk, talk.heard.address)
        case "decline":
            talk.memory.ask("address")
            return CustomerReply(text=talk.say("ask_address"), intent="offer_code")
    return None


async def _address_asked(talk: Talk) -> CustomerReply | None:
    if talk.heard.address:
        return await _send_code(talk, talk.heard.address)
    if talk.heard.intent == "decline":
        return _drop(talk)
    return None


async def _send_code(talk: Talk, named: str = "") -> CustomerReply:
    masked = "" if named else await talk.verbs.offer_code(talk.customer)
    try:
        await talk.verbs.send_code(talk.customer, named=named, key=talk.key)
    except TooMany:
        talk.memory.settle()
        return CustomerReply(text=talk.say("code_too_many"), intent="code_too_many", hand_over=True)
    talk.memory.ask("code")
    text = talk.say("code_sent_known", address=masked) if masked else talk.say("code_sent")
    return CustomerReply(text=text, intent="send_code")


async def _code_asked(talk: Talk) -> CustomerReply | None:
    heard = talk.heard
    if heard.intent == "decline":
        return _drop(talk)
    if heard.intent == "address":
        return await _send_code(talk, heard.address)
    if not heard.code:
        return None
    # Proved already: a crash came between the proof and its answer.
    proved = talk.customer if talk.customer.proved else await talk.verbs.redeem_code(talk.customer, heard.code)
    if proved is None:
        return CustomerReply(text=talk.say("code_wrong"), intent="code_wrong")
    talk.customer = proved
    wanted = talk.memory.wanted
    thanks = talk.say("proved", name=talk.name())
    talk.memory.settle()
    talk.heard = replace(heard, intent=wanted.get("intent", ""), when=wanted.get("when", ""), number=wanted.get(
        "number", ""), code="", choice=0)  # fmt: skip
    if talk.heard.intent == "take":
        reply = await appointments.take(talk, wanted["slot"], wanted.get("appointment", ""))
    elif talk.heard.intent in _INTENTS:
        reply = await _carry_out(talk, talk.heard)
    else:
        reply = await _greeting(talk)
    return replace(reply, text=f"{thanks} {reply.text}")


def _drop(talk: Talk) -> CustomerReply:
    talk.memory.settle()
    return CustomerReply(text=talk.say("dropped"), intent="decline")


# Choices


async def _slot_asked(talk: Talk) -> CustomerReply | None:
    heard, memory = talk.heard, talk.memory
    if heard.intent == "decline":
        return _drop(talk)
    choice = 1 if heard.intent == "confirm" and len(memory.choices) == 1 else heard.choice
    if choice and heard.intent in ("choose", "confirm", "book", "time", ""):
        if choice > len(memory.choices):
            return CustomerReply(text=talk.say("no_such_choice", n=len(memory.choices)), intent="no_such_choice")
        chosen, subject = memory.choices[choice - 1].id, memory.subject_id
        try:
            return await appointments.take(talk, chosen, subject)
        except NotProved:
            memory.wanted = {"intent": "take", "slot": chosen, "appointment": subject}
            raise
    if heard.intent in ("time", "book", "move") and (heard.when or heard.when_problem):
        appointment = await appointments.own_of(talk, memory.subject_id) if memory.subject_id else None
        return await appointments.offer(talk, heard.when, appointment=appointment)
    return None


async def _pick_asked(talk: Talk) -> CustomerReply | None:
    memory = talk.memory
    if talk.heard.intent == "decline":
        return _drop(talk)
    if talk.heard.intent != "choose":
        return None
    if talk.heard.choice > len(memory.choices):
        return CustomerReply(text=talk.say("no_such_choice", n=len(memory.choices)), intent="no_such_choice")
    chosen, when = memory.choices[talk.heard.choice - 1], memory.wanted.get("when", "")
    appointment = await appointments.own_of(talk, chosen.id)
    if appointment is None:
        return await appointments.tell_next(talk)
    return await appointments.go_on(talk, chosen.kind, appointment, when if chosen.kind == "move" else "")


async def _cancel_asked(talk: Talk) -> CustomerReply | None:
    subject = talk.memory.subject_id
    if talk.heard.intent in ("confirm", "cancel"):
        return await appointments.cancel(talk, subject)
    if talk.heard.intent == "decline":
        appointment = await appointments.own_of(talk, subject)
        talk.memory.settle()
        when = talk.span(appointment.start, appointment.end) if appointment else ""
        return CustomerReply(text=talk.say("kept", when=when), intent="decline")
    return None


_PENDING: Mapping[str, Callable[[Talk], Awaitable[CustomerReply | None]]] = {
    "offer": _offered,
    "address": _address_asked,
    "code": _code_asked,
    "slot": _slot_asked,
    "pick": _pick_asked,
    "cancel": _cancel_asked,
    "occasion": occasions.picked,
}
