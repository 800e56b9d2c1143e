"""Faxes that were handed to Telnyx and have not ended: what is known of each, kept across restarts. Pure."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.fax.hylafax_jobs import OTHER_STATUS, STATUS
from connectors.fax.words import explain, reason_of, say
from hub.domain.message import RecipientStatus

MAX_JOBS = 2_000
LIFETIME = timedelta(days=2)
AGAIN = frozenset({"busy", "no-answer", "no-carrier"})
"""Failures after which the number is called again, as long as no page arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelnyxJob:
    """One fax. `media` names its file; `due` (ISO 8601) when it is to be called again, '' while a call runs."""

    message_id: str
    number: str
    media: str
    pages: int
    since: str
    fax_id: str = ""
    tries: int = 1
    due: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxEvent:
    """What a webhook says."""

    type: str
    fax_id: str
    message_id: str
    sender: str
    recipient: str
    media_url: str
    pages: int
    reason: str
    at: str
    partial: bool
    direction: str


def read_event(body: bytes) -> FaxEvent | None:
    """A webhook's body; None where it is none of a fax. Raises ValueError for what is no JSON."""
    whole = json.loads(body)
    data = whole.get("data") if isinstance(whole, dict) else None
    payload = data.get("payload") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(payload, dict):
        return None
    kind = _text(data, "event_type")
    fax_id = _text(payload, "fax_id") or _text(payload, "id")
    if not kind.startswith("fax.") or not fax_id:
        return None
    pages = payload.get("page_count")
    return FaxEvent(
        type=kind,
        fax_id=fax_id,
        message_id=read_state(_text(payload, "client_state")),
        sender=_text(payload, "from"),
        recipient=_text(payload, "to"),
        media_url=_text(payload, "media_url", 2_000),
        pages=pages if isinstance(pages, int) and not isinstance(pages, bool) and 0 <= pages < 10_000 else 0,
        reason=_text(payload, "failure_reason"),
        at=_text(data, "occurred_at"),
        partial=payload.get("partial_content") is True,
        direction=_text(payload, "direction"),
    )


def _text(source: dict[str, Any], key: str, limit: int = 200) -> str:
    value = source.get(key)
    return value[:limit] if isinstance(value, str) else ""


def write_state(message_id: str) -> str:
    """`client_state`: Telnyx wants base64."""
    return base64.b64encode(message_id.encode()).decode("ascii")


def read_state(text: str) -> str:
    """Our message's id; '' where it is none of ours."""
    try:
        found = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return found if found.startswith("o_") and len(found) < 100 else ""


def write_jobs(jobs: dict[str, TelnyxJob]) -> bytes:
    """For the cursor."""
    return json.dumps([asdict(job) for job in list(jobs.values())[-MAX_JOBS:]]).encode("ascii")


def read_jobs(value: bytes | None) -> dict[str, TelnyxJob]:
    """From the cursor."""
    return {job["message_id"]: TelnyxJob(**job) for job in json.loads(value or b"[]")}


def fate_of(event: FaxEvent, job: TelnyxJob | None, language: str) -> RecipientStatus | None:
    """The news that an event is; None where it is none."""
    pages = event.pages or (job.pages if job and event.type == "fax.delivered" else 0)
    whole = max(job.pages if job else 0, pages)
    progress = say(language, "sent-pages", sent=pages, pages=whole)
    if event.type == "fax.delivered":
        words = say(language, "delivered", progress=progress)
        return RecipientStatus(recipient="", action="delivered", status="", diagnostic=words)
    if event.type == "fax.failed":
        words = say(language, "failed", why=explain(language, event.reason), progress=progress)
        status = STATUS.get(reason_of(event.reason), OTHER_STATUS)
        return RecipientStatus(recipient="", action="failed", status=status, diagnostic=words)
    if event.type == "fax.sending.started":
        words = say(language, "running", progress=progress)
        return RecipientStatus(recipient="", action="relayed", status="", diagnostic=words)
    return None


def call_again(
    event: FaxEvent, job: TelnyxJob | None, *, tries: int, pause: timedelta, now: datetime
) -> TelnyxJob | None:
    """The job as it waits for its next call; None where there is none: once a page arrived a person decides."""
    if job is None or event.type != "fax.failed" or event.pages or job.tries >= tries:
        return None
    if reason_of(event.reason) not in AGAIN:
        return None
    return replace(job, due=(now + pause * 2 ** (job.tries - 1)).isoformat())


def waiting(event: FaxEvent, job: TelnyxJob, tries: int, language: str) -> RecipientStatus:
    """The news that it will be called again."""
    words = say(language, "waiting", why=explain(language, event.reason), dials=job.tries, most=tries)
    return RecipientStatus(recipient="", action="relayed", status="", diagnostic=words)
