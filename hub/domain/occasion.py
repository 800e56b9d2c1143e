"""Company events: trade fairs, webinars, trainings. In the code they are *occasions*, because "events" are what the hub
tells its own parts. Who has a seat stands in one document for each occasion; everything else follows from it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hub.domain.ids import ContactId, derived_id


class OccasionState(StrEnum):
    """OPEN: people may register. CLOSED: not any more. DONE: it took place, attendance is settled."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A part that is registered for by itself. `capacity` 0: as many as the occasion's."""

    id: str
    title: str
    start: datetime
    end: datetime
    capacity: int = 0


def find_session(sessions: tuple[Session, ...], id: str) -> Session | None:
    """The one with this id."""
    return next((one for one in sessions if one.id == id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Changed by version."""

    id: str
    """`n_...`"""
    version: int = 0
    title: str
    description: str = ""
    place: str = ""
    start: datetime
    end: datetime
    time_zone: str
    sessions: tuple[Session, ...] = ()
    capacity: int = 0
    """Seats; 0 for as many as the hub keeps."""
    fee: Decimal = Decimal(0)
    currency: str = "EUR"
    deadline: datetime | None = None
    """Nobody registers after it; None: until it starts."""
    state: OccasionState = OccasionState.OPEN
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OccasionDraft:
    """What somebody plans. `start` and `end` aware."""

    title: str
    start: datetime
    end: datetime
    time_zone: str = ""
    description: str = ""
    place: str = ""
    sessions: tuple[Session, ...] = ()
    capacity: int = 0
    fee: Decimal = Decimal(0)
    currency: str = "EUR"
    deadline: datetime | None = None


class RegistrationState(StrEnum):
    """INVITED has not answered yet. REGISTERED holds a seat. ATTENDED and MISSED are known once it took place."""

    INVITED = "invited"
    REGISTERED = "registered"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A contact and an occasion: there is one, whoever asks how often. Who has a seat is decided by the seat list;
    `state` follows it. `revision` counts the changes that were told, and names them."""

    id: str
    """`g_...`, derived from both."""
    version: int = 0
    occasion_id: str
    contact_id: ContactId
    state: RegistrationState
    session: str = ""
    code: str
    """For the check-in: 10 letters and digits."""
    link: str
    """SHA-256 of the secret in the contact's link."""
    via: str
    """"console", "reply", "link", "campaign", ..."""
    revision: int = 0
    address: str = ""
    """Key of the address that the invitation or the last word went to: an answer from there is the contact's."""
    language: str = ""
    invoice: str = ""
    """The ledger entry of the fee."""
    created_at: datetime
    changed_at: datetime
    checked_in_at: datetime | None = None


class CampaignState(StrEnum):
    """PAUSED sends nothing until it runs again."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Contacts that fit all that is said. Nothing said fits nobody."""

    tag: str = ""
    role: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDraft:
    """One message to many. Fields in the text: {name}, {first_name}, {company}, and for an occasion {title}, {when},
    {place}, {link}. `contacts` and `segment` add up."""

    name: str
    """For colleagues only; empty for the event's title or the subject."""
    subject: str
    text: str
    contacts: tuple[ContactId, ...] = ()
    segment: Segment = Segment()
    occasion_id: str = ""
    """Invite to it."""
    states: tuple[RegistrationState, ...] = ()
    """Only who stands so with the occasion: a follow-up to those who attended."""
    per_minute: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A message that goes to many, a batch each minute."""

    id: str
    """`j_...`"""
    version: int = 0
    name: str
    subject: str
    text: str
    occasion_id: str = ""
    invites: bool = False
    per_minute: int
    state: CampaignState
    planned: int = 0
    """For how many contacts."""
    created_by: str
    created_at: datetime


class MailingState(StrEnum):
    """SKIPPED: see `reason`."""

    DUE = "due"
    SUBMITTED = "submitted"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One contact of a campaign: id derived from both, so that nobody gets it twice."""

    id: str
    version: int = 0
    campaign_id: str
    contact_id: ContactId
    number: int
    state: MailingState = MailingState.DUE
    reason: str = ""
    """"opted-out", "no-address", "gone"."""
    item_id: str = ""
    link: str
    """SHA-256 of the secret in its opt-out link."""
    opted_out_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """What became of a campaign."""

    campaign: Campaign
    due: int = 0
    sent: int = 0
    """Left us: sent or delivered."""
    delivered: int = 0
    bounced: int = 0
    failed: int = 0
    skipped: int = 0
    opted_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPreview:
    """What a campaign would do if it began now: nothing was sent yet. `exact`: it was looked up for everybody whether
    there is an address that we may write to; else `receivers` counts those too of whom it is not known."""

    chosen: int
    receivers: int
    unwanted: int = 0
    """Want no automatic messages."""
    unreachable: int = 0
    exact: bool = True
    name: str = ""
    """Of the contact that subject and text are filled in for."""
    subject: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session and how full it is. `capacity` 0: no limit of its own."""

    session: Session
    capacity: int
    taken: int
    waiting: int
    full: bool = False
    """Whoever registers now waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OccasionView:
    """An occasion and how full it is; `capacity` of all sessions together, 0 for no limit."""

    occasion: Occasion
    taken: int
    waiting: int
    capacity: int = 0
    sessions: tuple[SessionView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationView:
    """A registration with the contact's name; `position` in the waiting list, from 1."""

    registration: Registration
    contact_name: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a contact may answer to: an occasion to come and how they stand with it."""

    occasion: Occasion
    registration: Registration
    position: int = 0
    full: bool = False
    sessions: tuple[SessionView, ...] = ()


def registration_id(occasion_id: str, contact_id: str) -> str:
    """The one of this contact and occasion."""
    return derived_id("g", occasion_id, contact_id)


def mailing_id(campaign_id: str, contact_id: str) -> str:
    """The one of this contact and campaign."""
    return derived_id("y", campaign_id, contact_id)
