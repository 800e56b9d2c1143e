"""Reports: figures of a day as they were counted from the facts, and trends and forecasts made of them."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.domain.views import FileData


class Area(StrEnum):
    """What a bucket counts: messages, conversations by the day they began, the ledger by the day of its entries,
    appointments and events (occasions) by the day they begin."""

    MESSAGES = "messages"
    CONVERSATIONS = "conversations"
    MONEY = "money"
    APPOINTMENTS = "appointments"
    OCCASIONS = "occasions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a bucket. `counts` are whole numbers: one, or one for each hour of the day. `minutes` are durations,
    sorted and packed: a report reads hundreds of thousands of them."""

    key: str
    counts: tuple[int, ...] = ()
    amount: Decimal = Decimal(0)
    minutes: bytes = b""


def pack_minutes(found: Sequence[int]) -> bytes:
    """Four bytes each, the least first; from 0 to 8,000 years."""
    return struct.pack(f"<{len(found)}I", *found)


def unpack_minutes(packed: bytes) -> tuple[int, ...]:
    """The reverse. Raises struct.error for what pack_minutes did not make."""
    return struct.unpack(f"<{len(packed) // 4}I", packed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The figures of one area on one day of the company's zone: id = `area/2026-11-24`. Always counted anew."""

    id: str
    version: int = 0
    area: Area
    day: str
    figures: tuple[Figure, ...] = ()
    names: tuple[str, ...] = ()
    """Contacts who were invoiced that day (MONEY)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtyDay:
    """A bucket that is to be counted anew: id = the bucket's. Marked again while it is counted, its version grows."""

    id: str
    version: int = 0
    area: Area
    day: str


class ReportName(StrEnum):
    """The reports there are."""

    MESSAGES = "messages"
    HOURS = "hours"
    RESPONSE = "response"
    WAITING = "waiting"
    REVENUE = "revenue"
    OPEN_ITEMS = "open-items"
    CUSTOMERS = "customers"
    APPOINTMENTS = "appointments"
    EVENTS = "events"
    BOT = "bot"
    MESSAGES_FORECAST = "messages-forecast"
    REVENUE_FORECAST = "revenue-forecast"
    PAYMENTS_FORECAST = "payments-forecast"


FORECASTS = frozenset({ReportName.MESSAGES_FORECAST, ReportName.REVENUE_FORECAST, ReportName.PAYMENTS_FORECAST})
MONEY_REPORTS = frozenset(
    {
        ReportName.REVENUE,
        ReportName.OPEN_ITEMS,
        ReportName.CUSTOMERS,
        ReportName.REVENUE_FORECAST,
        ReportName.PAYMENTS_FORECAST,
    }
)
NEEDS: Mapping[ReportName, Right] = {
    **dict.fromkeys(MONEY_REPORTS, Right.READ_ACCOUNTS),
    ReportName.EVENTS: Right.READ_CALENDARS,
}
"""The right that a report needs beside READ_STATUS."""


class Step(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Unit(StrEnum):
    """What values are."""

    COUNT = "count"
    MONEY = "money"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """What is asked. `since` and `until` (inclusive) are widened to whole periods; None: the usual span of the step.
    `span` names one instead: "today", "week", "month", "year", "last-week", "last-month", "last-year". `language` of
    names and labels: "de" or "en"."""

    name: str
    step: str = ""
    since: date | None = None
    until: date | None = None
    span: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A column: from `first` to `last`, both inclusive. `running`: it is not over."""

    first: date
    last: date
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One series: a value for each period, None where there is none; `before` the same of the span before. `key` says
    what: "email", "EUR", "median". `low` and `high` are the band of a forecast."""

    key: str
    values: tuple[Decimal | None, ...]
    before: tuple[Decimal | None, ...] = ()
    currency: str = ""
    low: tuple[Decimal | None, ...] = ()
    high: tuple[Decimal | None, ...] = ()
    total: Decimal | None = None
    """Of the whole span; None where adding up says nothing."""
    total_before: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a forecast was made: the model, the error of its backtest as a share of what came (0.06 = 6 %) and as it is,
    a step (`off`), or how little there is. `rare`: so little came that a share says nothing."""

    key: str
    model: str = ""
    error: float | None = None
    scaled: float | None = None
    off: float | None = None
    rare: bool = False
    have: int = 0
    need: int = 0
    """Above 0: too little data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was asked for. `labels` stand instead of periods where columns are no spans of time (hours, ages).
    `pending`: so many days of it are still being counted anew."""

    name: ReportName
    step: Step
    unit: Unit
    at: datetime
    periods: tuple[Period, ...] = ()
    labels: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    outlooks: tuple[Outlook, ...] = ()
    pending: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    """A fact behind a number: a message, a booking, an event."""

    id: str
    kind: str
    at: str
    """A day (bookings) or a moment (messages), ISO."""
    contact_id: ContactId | None = None
    contact_name: str = ""
    title: str = ""
    amount: Decimal | None = None
    currency: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    """Of an event: what it adds to each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldReport:
    """A report in sentences, and its picture where there is something to draw."""

    text: str
    pictures: tuple[FileData, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """How far a full recount is."""

    done: int
    total: int


def bucket_id(area: Area, day: str) -> str:
    """The key of a bucket and of its mark."""
    return f"{area.value}/{day}"
