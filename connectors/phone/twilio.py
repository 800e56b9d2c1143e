"""Twilio's voice webhooks: signed form posts. `voice` asks what to do with a call that rings, `dialled` tells how the
forwarding ended, `status` tells the end of the call. Pure.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from connectors.phone.calls import CallEvent, EventKind
from connectors.phone.number import clean

RING_SECONDS = 30
ENDS = {"completed": "", "busy": "busy", "no-answer": "no answer", "failed": "failed", "canceled": ""}


def sign(url: str, form: Sequence[tuple[str, str]], token: str) -> str:
    """X-Twilio-Signature: base64 of HMAC-SHA1 over the address and every parameter with its value, by name."""
    signed = url + "".join(f"{key}{value}" for key, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode("ascii")


def is_signed(url: str, form: Sequence[tuple[str, str]], token: str, signature: str) -> bool:
    """Whether the signature is ours; in constant time. Twilio leaves a standard port in the address or not."""
    expected = [sign(url, form, token)]
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if ":" not in host:
        expected.append(sign(f"{scheme}://{host}:{443 if scheme == 'https' else 80}{slash}{path}", form, token))
    given = signature.encode("utf-8", "replace")
    fits = [hmac.compare_digest(one.encode("ascii"), given) for one in expected]
    return any(fits)


def read_status(form: Mapping[str, str], *, forwards: bool) -> CallEvent | None:
    """The event of a post; None where it tells nothing of a call of a person. `forwards`: our own TwiML lets people
    ring, and hears who took it."""
    call, status = form.get("CallSid", ""), form.get("CallStatus", "").lower()
    if not call or form.get("ParentCallSid"):
        return None
    incoming = form.get("Direction", "inbound").lower() == "inbound"
    event = CallEvent(
        kind=EventKind.STARTED,
        slot=call,
        id=call,
        caller=clean(form.get("From", "")),
        callee=clean(form.get("To", "")),
        line=form.get("To", "") if incoming else form.get("From", ""),
        name=form.get("CallerName", ""),
        incoming=incoming,
    )
    if "DialCallStatus" in form:
        taken = form["DialCallStatus"].lower() in ("completed", "answered")
        return replace(event, kind=EventKind.ANSWERED) if taken else event
    if status in ("queued", "initiated", "ringing"):
        return replace(event, kind=EventKind.RINGING if incoming else EventKind.DIALLED)
    if status == "in-progress" and not (incoming and forwards):
        return replace(event, kind=EventKind.ANSWERED)
    return _read_end(form, event, status, forwards=forwards) if status in ENDS else None


def _read_end(form: Mapping[str, str], event: CallEvent, status: str, *, forwards: bool) -> CallEvent:
    seconds = form.get("CallDuration", "")[:6]
    return replace(
        event,
        kind=EventKind.OVER,
        seconds=int(seconds) if seconds.isdigit() else None,
        # Where our TwiML answers, "completed" says only that it ran: whether somebody took the call came before.
        answered=None if status == "completed" and event.incoming and forwards else status == "completed",
        reason=ENDS[status],
    )


def forward(numbers: Sequence[str], action: str) -> bytes:
    """TwiML: let all of these ring, then tell `action` how it went."""
    targets = "".join(f"<Number>{escape(number)}</Number>" for number in numbers)
    dial = f'<Dial timeout="{RING_SECONDS}" action={quoteattr(action)}>{targets}</Dial>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{dial}</Response>'.encode()


NOTHING = b'<?xml version="1.0" encoding="UTF-8"?>\n<Response/>'
"""TwiML: nothing more to do."""
