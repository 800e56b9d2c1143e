"""sipgate.io push: form posts for each call. The end is told only where the answer to `newCall` asks for it. Pure.

Numbers are E.164 without the plus. There is no signature: the address itself holds the secret (connector.py)."""

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from connectors.phone.calls import CallEvent, EventKind
from connectors.phone.number import clean

UNTAKEN = frozenset({"busy", "cancel", "noanswer", "congestion", "notfound"})
REASONS = {"busy": "busy", "cancel": "", "noanswer": "no answer", "congestion": "congestion", "notfound": "not found"}


def read_push(form: Mapping[str, str]) -> CallEvent | None:
    """The event of a push; None for a push of another sort."""
    call, event = form.get("callId", ""), form.get("event", "").lower()
    if not call:
        return None
    incoming = form.get("direction", "in").lower() != "out"
    caller, callee = clean(form.get("from", "")), clean(form.get("to", ""))
    line = form.get("userId", "") or form.get("user", "")
    if event == "newcall":
        ours = callee if incoming else caller
        return CallEvent(
            kind=EventKind.RINGING if incoming else EventKind.DIALLED,
            slot=call,
            id=call,
            caller=caller,
            callee=callee,
            line=ours or line,
        )
    if event == "answer":
        return CallEvent(kind=EventKind.ANSWERED, slot=call, machine=form.get("user", "").lower() == "voicemail")
    if event == "hangup":
        cause = form.get("cause", "").lower()
        return CallEvent(
            kind=EventKind.OVER,
            slot=call,
            caller=caller,
            callee=callee,
            line=callee if incoming else caller,
            incoming=incoming,
            # A call that somebody took always ends with normalClearing; one that nobody took sometimes does.
            answered=_answered(cause, form.get("answeringNumber", "")),
            reason=REASONS.get(cause, ""),
        )
    return None


def _answered(cause: str, answering: str) -> bool | None:
    """None: what `answer` told before. `answeringNumber` stands in where that push was lost."""
    if cause in UNTAKEN:
        return False
    return True if cause == "normalclearing" and answering else None


def ask_for_more(url: str) -> bytes:
    """The answer to `newCall`: tell us at `url` when it is answered and when it ends."""
    quoted = quoteattr(url)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response onAnswer={quoted} onHangup={quoted}/>'.encode()
