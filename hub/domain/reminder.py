"""Reminders: durable, once, also after a restart; and what a colleague wants to be told by itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.appointment import Occurrence
from hub.domain.ids import ContactId, UserId
from hub.domain.ledger import OpenItem


class ReminderState(StrEnum):
    """FIRED once the outbox has it."""

    DUE = "due"
    FIRED = "fired"
    DROPPED = "dropped"


class ReminderKind(StrEnum):
    """OWN: a colleague's own words. APPOINTMENT_STAFF and APPOINTMENT_CONTACT: of an appointment, to either side.
    SNOOZE: a conversation comes back. TARGET: an answer is late. BRIEFING: the day's overview. OVERDUE: the daily look
    for invoices that became overdue. WEEKLY_REPORT: the numbers of the week. OCCASION: those registered are reminded a
    day before. CAMPAIGN: the next batch."""

    OWN = "own"
    APPOINTMENT_STAFF = "appointment-staff"
    APPOINTMENT_CONTACT = "appointment-contact"
    SNOOZE = "snooze"
    TARGET = "target"
    BRIEFING = "briefing"
    OVERDUE = "overdue"
    WEEKLY_REPORT = "weekly-report"
    OCCASION = "occasion"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """Something to be said at a minute. Id derived from what it is about, so that it exists once."""

    id: str
    """`n_...`"""
    version: int = 0
    kind: ReminderKind
    state: ReminderState = ReminderState.DUE
    due_at: datetime
    user_id: UserId | None = None
    """Whom to tell, if a colleague."""
    contact_id: ContactId | None = None
    """Whom to tell, if a contact (APPOINTMENT_CONTACT); else whom it is about."""
    subject_id: str = ""
    """The appointment or conversation it belongs to."""
    occurrence: datetime | None = None
    """Which instance of a recurring appointment."""
    text: str = ""
    created_at: datetime
    fired_at: datetime | None = None
    open_for: UserId | None = None
    """Equal to `user_id` while OWN and DUE, or OWN and FIRED though no chat reached the colleague (then overdue): the
    sparse index of "my reminders"."""
    subject: str = ""
    """Of a mail to the contact."""


ALERT_TOPICS = (
    "new-message",
    "overdue-invoice",
    "payment",
    "appointment",
    "late-answer",
    "briefing",
    "weekly-report",
    "weekly-mail",
)
"""What a colleague can choose to be told by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChoice:
    """What a colleague wants to be told: id = user id, `topics` of ALERT_TOPICS."""

    id: str
    version: int = 0
    topics: tuple[str, ...] = ()
    briefing_at: str = "08:00"
    mail: str = ""
    """The colleague's own mail address, proved by a code; '' for none."""
    mail_wanted: str = ""
    """An address that a code went to, the last time at the last of `mail_codes`: those of a day."""
    mail_codes: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """A colleague's day."""

    at: datetime
    appointments: tuple[Occurrence, ...]
    reminders: tuple[Reminder, ...]
    waiting: int
    longest_waiting: tuple[str, ...]
    """Names of contacts who wait longest, at most five."""
    overdue: tuple[OpenItem, ...] = ()
    """At most five, and only for those who may see accounts."""
