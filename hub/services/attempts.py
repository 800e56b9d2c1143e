"""The rules of one outbox item: which state may follow which, what an attempt's result makes of it, and when it lets
the next one of its lane pass. Pure; who reads and writes items is in hub/services/transmission.py and outbox.py."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hub.domain.errors import Conflict
from hub.domain.instant import to_utc_ms
from hub.domain.outbox import TRANSITIONS, Attempt, AttemptOutcome, OutboxItem, OutboxState
from hub.ports.connector import OnRepeat
from hub.services.backoff import next_delay

LIFETIME = timedelta(days=2)
"""After that an item that nobody took is given up."""
PATIENCE = timedelta(minutes=15)
"""How long a deferred item holds up its lane."""
SHORTEST_WAIT = timedelta(seconds=1)
"""A peer that says "retry after 0" is not hammered."""
KEPT_ATTEMPTS = 100
MAX_REFS = 50
DETAIL_LIMIT = 500

UNKNOWN_OUTCOME = "unknown-outcome"
GAVE_UP = "gave-up"
REFUSED = "refused"
TEMPORARY = "temporary"
SUPPRESSED = "suppressed"
BLOB_MISSING = "blob-missing"
NO_WAY_TO_SEND = "no-way-to-send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one attempt came to."""

    outcome: AttemptOutcome
    code: str = ""
    detail: str = ""
    retry_after: timedelta | None = None
    native_ref: str = ""
    more_refs: tuple[str, ...] = ()
    delivered: bool = False
    hard: bool = False
    """The peer says that there is no such address."""


def transition(item: OutboxItem, state: OutboxState, **changes: Any) -> OutboxItem:
    """The item in its next state. Raises Conflict where the table of states does not allow the step."""
    if state not in TRANSITIONS[item.state]:
        raise Conflict(
            f"An item that is {item.state.value} cannot become {state.value}.", id=item.id, state=item.state.value
        )
    return replace(item, state=state, **changes)


def opened(item: OutboxItem, *, epoch: int, now: datetime) -> OutboxItem:
    """The item as it must stand in the store before the network is touched."""
    attempt = Attempt(number=next_number(item), epoch=epoch, started_at=now)
    kept = item.attempts[-(KEPT_ATTEMPTS - 1) :]
    return transition(item, OutboxState.SENDING, attempts=(*kept, attempt), reason="", detail="")


def next_number(item: OutboxItem) -> int:
    """The number of the next attempt; they count from 1 and never repeat."""
    return item.attempts[-1].number + 1 if item.attempts else 1


def has_open_attempt(item: OutboxItem) -> bool:
    """Whether its last attempt has no outcome yet."""
    return bool(item.attempts) and item.attempts[-1].outcome is AttemptOutcome.OPEN


def concluded(
    item: OutboxItem,
    result: Result,
    *,
    now: datetime,
    on_repeat: OnRepeat,
    jitter: Callable[[], float],
) -> OutboxItem:
    """The item that was being sent, with the result of its open attempt."""
    detail = result.detail[:DETAIL_LIMIT]
    attempt = replace(item.attempts[-1], ended_at=now, outcome=result.outcome, code=result.code, detail=detail)
    item = replace(item, attempts=(*item.attempts[:-1], attempt), detail=detail)
    if result.outcome is AttemptOutcome.SENT:
        refs = tuple([name for name in (result.native_ref, *result.more_refs) if name])[:MAX_REFS]
        sent = transition(item, OutboxState.SENT, native_ref=result.native_ref, native_refs=refs, reason="", due_at=now)
        return transition(sent, OutboxState.DELIVERED) if result.delivered else sent
    if result.outcome is AttemptOutcome.PERMANENT:
        return transition(item, OutboxState.FAILED, reason=REFUSED, due_at=now)
    if result.outcome is AttemptOutcome.UNKNOWN and on_repeat is OnRepeat.NOT_RECOGNISED:
        return transition(item, OutboxState.HELD, reason=UNKNOWN_OUTCOME, due_at=now)
    wait = result.retry_after
    if wait is None:
        wait = next_delay(len(item.attempts), jitter=jitter)
    due = to_utc_ms(now + max(wait, SHORTEST_WAIT))
    if due >= item.give_up_at:
        return given_up(item, now)
    reason = UNKNOWN_OUTCOME if result.outcome is AttemptOutcome.UNKNOWN else TEMPORARY
    return transition(item, OutboxState.QUEUED, reason=reason, due_at=due)


def given_up(item: OutboxItem, now: datetime) -> OutboxItem:
    """The item after its absolute end. Where one attempt's outcome is unknown, "not sent" would be a guess: a person
    must look."""
    if any(attempt.outcome is AttemptOutcome.UNKNOWN for attempt in item.attempts):
        return transition(item, OutboxState.HELD, reason=UNKNOWN_OUTCOME, due_at=now)
    return transition(item, OutboxState.FAILED, reason=GAVE_UP, due_at=now)


def is_deferred(item: OutboxItem, now: datetime) -> bool:
    """Whether a queued item has been, or will be, waiting for so long that it lets the next one of its lane pass."""
    tried_long_ago = bool(item.attempts) and now - item.attempts[0].started_at > PATIENCE
    return item.due_at - now > PATIENCE or tried_long_ago
