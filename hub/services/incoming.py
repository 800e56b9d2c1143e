"""One arrival on its way through intake: what was read from it, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime

from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.facts import Booking, BookingKind
from hub.domain.ids import InteractionId, derived_id, with_prefix
from hub.domain.interaction import Direction, message_interaction_id
from hub.domain.message import Message
from hub.domain.sale import order_reference_id, sale_reference_id
from hub.domain.subject import read_subject
from hub.ports.connector import Account
from hub.services.routing import Route, Router
from hub.services.threading import Clues, read_clues
from hub.services.tombstones import tombstone_id

MAX_BOOKINGS = 20
"""Of which orders are looked up and remembered."""
THREADED = frozenset({"email"})
"""Channels whose messages name their ancestors; the others are chats, one conversation a peer."""


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A parsed arrival and everything that can be said of it without the store."""

    record: ArrivalRecord
    account: Account
    message: Message
    terms: tuple[str, ...]
    entry_id: InteractionId
    tombstone: str
    """The mark that it would have, had it been deleted on request."""
    route: Route
    clues: Clues | None
    """None for chat."""
    sales: tuple[str, ...] = ()
    """Keys of the orders that it is about (`sale_reference_id`)."""
    orders: dict[str, str] = field(default_factory=dict)
    """What to remember an order by, which it tells of: names, with their keys."""

    @property
    def outbound(self) -> bool:
        """We wrote it, from elsewhere."""
        return self.route.direction is Direction.OUTBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an arrival."""

    state: ArrivalState
    reason: str = ""
    stage: str = ""
    result: InteractionId | None = None


def done(reason: str = "", result: InteractionId | None = None) -> Outcome:
    """Dealt with; without a result the reason says why there is no entry."""
    return Outcome(state=ArrivalState.DONE, reason=reason, result=result)


def quarantined(stage: str, reason: str) -> Outcome:
    """For a person to look at; the raw bytes are kept. The reason may quote them: what cannot be stored is replaced."""
    storable = reason[:500].encode("utf-8", "replace").decode("utf-8")
    return Outcome(state=ArrivalState.QUARANTINED, stage=stage, reason=storable)


def read_incoming(
    record: ArrivalRecord,
    account: Account,
    message: Message,
    terms: tuple[str, ...],
    *,
    router: Router,
    secret: bytes,
    now: datetime,
) -> Incoming:
    """Pure but for the router's view of our addresses."""
    threaded = message.channel in THREADED
    entry_id = entry_id_of(record, message)
    return Incoming(
        record=record,
        account=account,
        message=message,
        terms=terms,
        entry_id=entry_id,
        tombstone=tombstone_id(secret, entry_id),
        route=router.route(record, message, account),
        clues=read_clues(message, read_subject(message.content.subject), secret, now, router.shops())
        if threaded
        else None,
        sales=tuple(dict.fromkeys(sale_reference_id(record.account, one.sale) for one in _sales(message))),
        orders=_orders(record.account, message),
    )


def _sales(message: Message) -> list[Booking]:
    return [booking for booking in message.bookings[:MAX_BOOKINGS] if booking.sale]


def _orders(account: str, message: Message) -> dict[str, str]:
    """Only the order itself says whose it is."""
    found: dict[str, str] = {}
    for one in _sales(message):
        if one.kind is BookingKind.ORDER:
            found[f"sale {one.sale}"] = sale_reference_id(account, one.sale)
            found[f"order {one.number}"] = order_reference_id(account, one.number)
    return found


def entry_id_of(record: ArrivalRecord, message: Message) -> InteractionId:
    """Mail: Message-ID and fingerprint, whichever mailbox it lay in; without a Message-ID the fingerprint stands in.
    Chat ids are only unique within their source, so the arrival names the entry."""
    if message.channel in THREADED and message.fingerprint:
        return message_interaction_id(message.message_id, message.fingerprint)
    if message.channel in THREADED and message.message_id:
        return InteractionId(derived_id("i", message.message_id))
    return InteractionId(with_prefix("i", record.id))
