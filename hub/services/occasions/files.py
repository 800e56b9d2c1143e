"""The calendar file of an event, and the QR code of a registration. Libraries are loaded on first use."""

import asyncio
import io
from datetime import datetime

from hub.domain.appointment import Appointment, AppointmentState
from hub.domain.occasion import Occasion, OccasionState, Registration, find_session
from hub.domain.views import FileData
from hub.services.calendar.files import write_calendar


def calendar_file(occasion: Occasion, now: datetime, *, session: str = "") -> FileData:
    """The event, or one of its sessions, as `event.ics`."""
    part = find_session(occasion.sessions, session)
    off = occasion.state is OccasionState.CANCELLED
    entry = Appointment(
        id=occasion.id,
        uid=f"{occasion.id}{f'-{session}' if part else ''}@fernamt",
        sequence=occasion.version,
        state=AppointmentState.CANCELLED if off else AppointmentState.CONFIRMED,
        calendars=(),
        title=f"{occasion.title} – {part.title}" if part else occasion.title,
        location=occasion.place,
        start=part.start if part else occasion.start,
        end=part.end if part else occasion.end,
        time_zone=occasion.time_zone,
        created_by=occasion.created_by,
        created_at=occasion.created_at,
    )
    return FileData(name="event.ics", type="text/calendar", data=write_calendar([entry], now, method="PUBLISH"))


async def code_picture(registration: Registration) -> FileData:
    """The check-in code as a QR picture (PNG). Small, but drawn beside the loop."""
    data = await asyncio.to_thread(_draw, registration.code)
    return FileData(name=f"code-{registration.code}.png", type="image/png", data=data)


def _draw(code: str) -> bytes:
    import segno

    out = io.BytesIO()
    segno.make(code, error="m", micro=False).save(out, kind="png", scale=8, border=4)
    return out.getvalue()
