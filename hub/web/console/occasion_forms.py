"""The form in which an event is planned or changed, with a row for each of its sessions."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from hub.domain.errors import FernamtError, Invalid
from hub.domain.ids import derived_id
from hub.domain.occasion import Occasion, OccasionDraft, Session
from hub.web.console.forms import Form
from hub.web.formats import Reader
from hub.web.pages import Errors, beside

SPARE = 3
"""Empty rows for further sessions, so that adding some needs no script."""
YEARS = range(2000, 9000)
PARTS = ("session_id", "session_title", "session_start", "session_end", "session_capacity")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """What stands in one row of the form; `gone` where it is ticked to be removed."""

    id: str = ""
    title: str = ""
    start: str = ""
    end: str = ""
    capacity: str = ""
    gone: bool = False

    @property
    def blank(self) -> bool:
        """Nothing was entered."""
        return not (self.id or self.title or self.start or self.end or self.capacity)


def session_rows(form: Form) -> list[SessionRow]:
    """As sent, with spare ones at the end; a row that is new is named by the form and its number."""
    columns = [form.all(part) for part in PARTS]
    count = min(map(len, columns), default=0)
    gone = form.all("session_gone")
    rows = [
        SessionRow(**dict(zip(("id", "title", "start", "end", "capacity"), values, strict=True)), gone=str(n) in gone)
        for n, values in enumerate(zip(*(column[:count] for column in columns), strict=True))
    ]
    while rows and rows[-1].blank:
        rows.pop()
    return [*rows, *(SessionRow() for _ in range(SPARE))]


def read_occasion(form: Form, zone: str, known: Occasion | None = None) -> OccasionDraft:
    """Raises Invalid naming the field; of a session its id as `session` and the input as `part`."""
    try:
        capacity, fee = int(form["capacity"] or "0"), Decimal((form["fee"] or "0").replace(",", "."))
    except (ValueError, InvalidOperation) as error:
        raise Invalid("Seats and fee are numbers.", field="capacity") from error
    if not fee.is_finite():
        raise Invalid("The fee is an amount like 49.90.", field="fee")
    draft = OccasionDraft(
        title=form["title"],
        place=form["place"],
        description=form["description"],
        start=_when(form["date"], zone, field="date"),
        end=_when(form["end"], zone, field="end"),
        deadline=_when(form["deadline"], zone, field="deadline") if form["deadline"] else None,
        time_zone=zone,
        capacity=capacity,
        fee=fee,
        currency=known.currency if known else "EUR",
        sessions=known.sessions if known else (),
    )
    return replace(draft, sessions=_read_sessions(form, draft)) if form.all("session_title") else draft


def _when(text: str, zone: str, **where: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise Invalid("Say when, with date and time.", **where) from error
    if moment.year not in YEARS:
        raise Invalid("Say when, with date and time.", **where)
    return moment


def _row_id(form: Form, number: int, row: SessionRow) -> str:
    return row.id or derived_id("s", form["nonce"][:64], str(number))


def _read_sessions(form: Form, draft: OccasionDraft) -> tuple[Session, ...]:
    return tuple(
        _read_session(_row_id(form, number, row), row, draft)
        for number, row in enumerate(session_rows(form))
        if not row.blank and not row.gone
    )


def _read_session(id: str, row: SessionRow, draft: OccasionDraft) -> Session:
    """What is left empty is as of the event."""
    try:
        capacity = int(row.capacity or "0")
    except ValueError as error:
        raise Invalid("Seats are a number.", field="session", session=id, part="capacity") from error
    zone = draft.time_zone
    return Session(
        id=id,
        title=row.title,
        start=_when(row.start, zone, field="session", session=id, part="start") if row.start else draft.start,
        end=_when(row.end, zone, field="session", session=id, part="end") if row.end else draft.end,
        capacity=capacity,
    )


def form_of(it: Occasion) -> Form:
    """The form of an event that is to be changed."""
    zone = ZoneInfo(it.time_zone)

    def local(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}" if at else ""

    values = {
        "title": it.title,
        "place": it.place,
        "description": it.description,
        "date": local(it.start),
        "end": local(it.end),
        "deadline": local(it.deadline),
        "capacity": str(it.capacity),
        "fee": str(it.fee),
        "version": str(it.version),
    }
    many = {
        "session_id": [one.id for one in it.sessions],
        "session_title": [one.title for one in it.sessions],
        "session_start": [local(one.start) for one in it.sessions],
        "session_end": [local(one.end) for one in it.sessions],
        "session_capacity": [str(one.capacity or "") for one in it.sessions],
    }
    return Form(values=values, many=many)


def occasion_errors(error: FernamtError, form: Form, reader: Reader) -> Errors:
    """Beside the field that is wrong, also within the row of a session."""
    wrong = str(error.fields.get("session", ""))
    for number, row in enumerate(session_rows(form)):
        if wrong and _row_id(form, number, row) == wrong:
            return beside(f"session_{error.fields.get('part', 'title')}-{number}", error, reader)
    return beside("sessions", error, reader) if error.fields.get("field") == "session" else error
