"""Calls that are under way, and what an exchange says of them. Pure: no clock, no connection.

Each exchange's own language is turned into `CallEvent`s (fritzbox.py, asterisk.py, sipgate.py, twilio.py). The book
keeps what is open and, at the end of a call, gives its record: the raw arrival that parse.py reads. The book is kept as
a cursor, so that a call that spans a restart is not forgotten; what nobody ends is given up after some hours and says
so.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

MOST_OPEN = 500
LONGEST = timedelta(hours=6)
MAX_FIELD = 200


class EventKind(StrEnum):
    """What happened to a call."""

    STARTED = "started"
    """It is there; nobody hears it yet (a menu answers)."""
    RINGING = "ringing"
    DIALLED = "dialled"
    """We call."""
    ANSWERED = "answered"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """One thing that an exchange says. `slot` is by what the exchange names the call while it lasts; `id` names it for
    ever. What an exchange does not say is ''."""

    kind: EventKind
    slot: str
    id: str = ""
    caller: str = ""
    callee: str = ""
    line: str = ""
    """Our side: extension or own number."""
    name: str = ""
    """The caller's, as the exchange knows it."""
    seconds: int | None = None
    """Of talking, where the exchange counts."""
    answered: bool | None = None
    """Where the end of a call says it."""
    machine: bool = False
    """An answering machine took it."""
    reason: str = ""
    incoming: bool = True
    """For the end of a call whose beginning was not heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call under way; moments are ISO 8601 in UTC."""

    id: str
    incoming: bool
    caller: str
    callee: str
    line: str
    name: str
    started_at: str
    answered_at: str = ""
    machine: bool = False


class CallBook:
    """The open calls, by slot; at most 500, the oldest give way."""

    def __init__(self, exchange: str, *, country: str, area: str) -> None:
        self._head = {"exchange": exchange, "country": country, "area": area}
        self._open: dict[str, OpenCall] = {}

    def load(self, kept: bytes | None) -> None:
        """What `dump` gave; what cannot be read is as if there were none."""
        try:
            stored = json.loads(kept or b"{}")
            self._open = {str(slot): OpenCall(**call) for slot, call in stored.items()}
        except (ValueError, TypeError, AttributeError):
            self._open = {}

    def dump(self) -> bytes:
        """For a cursor."""
        return json.dumps({slot: asdict(call) for slot, call in self._open.items()}).encode()

    def get(self, slot: str) -> OpenCall | None:
        """The call under way there."""
        return self._open.get(slot)

    def take(self, event: CallEvent, now: datetime) -> list[dict[str, Any]]:
        """Note what happened; the records of the calls that are over by it."""
        event = _bounded(event)
        over: list[dict[str, Any]] = []
        known = self._open.get(event.slot)
        match event.kind:
            case EventKind.STARTED | EventKind.RINGING | EventKind.DIALLED:
                if known is not None and event.id and known.id != event.id:
                    # The exchange uses the slot again: the end of the former call was not heard.
                    over.append(self._close(self._open.pop(event.slot), now, forgotten=True))
                    known = None
                self._open[event.slot] = _opened(event, now) if known is None else _joined(known, event)
            case EventKind.ANSWERED:
                if known is not None:
                    self._open[event.slot] = _answered(known, event, now)
            case EventKind.OVER:
                self._open.pop(event.slot, None)
                call = known or _unheard(event, now)
                if call is not None:
                    over.append(self._close(call, now, event))
        return [*over, *self._bound(now)]

    def give_up(self, now: datetime) -> list[dict[str, Any]]:
        """The records of calls whose end nobody told for hours."""
        late = [slot for slot, call in self._open.items() if now - datetime.fromisoformat(call.started_at) > LONGEST]
        return [self._close(self._open.pop(slot), now, forgotten=True) for slot in late]

    def _bound(self, now: datetime) -> Iterator[dict[str, Any]]:
        while len(self._open) > MOST_OPEN:
            yield self._close(self._open.pop(next(iter(self._open))), now, forgotten=True)

    def _close(
        self, call: OpenCall, now: datetime, event: CallEvent | None = None, *, forgotten: bool = False
    ) -> dict[str, Any]:
        answered, seconds = bool(call.answered_at), 0
        if event is not None and event.answered is not None:
            answered = event.answered
        if answered and event is not None:
            since = datetime.fromisoformat(call.answered_at) if call.answered_at else now
            seconds = event.seconds if event.seconds is not None else int((now - since).total_seconds())
        machine = call.machine or (event is not None and event.machine)
        return {
            **self._head,
            "id": call.id,
            "incoming": call.incoming,
            "caller": call.caller,
            "callee": call.callee,
            "line": call.line,
            "name": call.name,
            "started_at": call.started_at,
            "answered": answered and not machine,
            "machine": machine,
            "seconds": max(0, min(seconds, 86_400)),
            "reason": event.reason if event is not None else "",
            "forgotten": forgotten,
        }


def _bounded(event: CallEvent) -> CallEvent:
    cut: dict[str, Any] = {
        field.name: value[:MAX_FIELD]
        for field in fields(event)
        if isinstance(value := getattr(event, field.name), str) and len(value) > MAX_FIELD
    }
    return replace(event, **cut) if cut else event


def _opened(event: CallEvent, now: datetime) -> OpenCall:
    return OpenCall(
        id=event.id or event.slot,
        incoming=event.kind is not EventKind.DIALLED,
        caller=event.caller,
        callee=event.callee,
        line=event.line,
        name=event.name,
        started_at=now.isoformat(),
    )


def _joined(call: OpenCall, event: CallEvent) -> OpenCall:
    """More is known of a call that is under way: it rings somewhere else too, or goes out."""
    if event.kind is EventKind.DIALLED and not call.answered_at:
        return replace(call, incoming=False, callee=event.callee or call.callee, line=event.line or call.line)
    return replace(call, line=call.line or event.line, caller=call.caller or event.caller, name=call.name or event.name)


def _answered(call: OpenCall, event: CallEvent, now: datetime) -> OpenCall:
    if call.answered_at and not call.machine:
        return call
    return replace(call, answered_at=now.isoformat(), line=event.line or call.line, machine=event.machine)


def _unheard(event: CallEvent, now: datetime) -> OpenCall | None:
    """A call of which only the end was heard; None where that does not tell who it was."""
    if not event.caller and not event.callee:
        return None
    started = now - timedelta(seconds=event.seconds or 0)
    return replace(_opened(event, started), incoming=event.incoming)
