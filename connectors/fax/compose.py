"""From an outbox item to what is to be drawn, and the mark by which the same fax is known again. Pure."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers

from connectors.fax.letter import Letter
from connectors.fax.settings import FaxSettings
from connectors.fax.words import say
from hub.domain.outbox import OutboxItem, OutgoingContent
from hub.ports.bundle import BundledFile, pack_bundle


def spell(number: str) -> str:
    """`+492211234567` as people write it."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def compose_job(
    settings: FaxSettings,
    content: OutgoingContent,
    number: str,
    files: tuple[bytes, ...],
    *,
    now: datetime,
    previews: int = 0,
) -> bytes:
    """The drawing process's job. `files`: the attachments' bytes in order."""
    date = now.astimezone(ZoneInfo(settings.time_zone)).strftime(say(settings.language, "date-form"))
    name = next((person.name for person in content.to if person.address.normal == number), "")
    letter = Letter(
        language=settings.language,
        company=settings.company,
        own_number=spell(settings.number),
        name=name,
        number=spell(number),
        date=date,
        subject=content.subject,
        text=content.text,
        cover=settings.cover,
    )
    # 47 CFR 68.318(d) and its kin: who sends, from which number, and when, on every page.
    header = "   ".join(filter(None, (settings.company, date, f"{spell(settings.number)} > {spell(number)}")))
    native = {
        "letter": asdict(letter),
        "max_pages": settings.max_pages,
        "header": header,
        "previews": previews,
    }
    bundled = [
        BundledFile(name=part.name, type=part.type, data=data)
        for part, data in zip(content.attachments, files, strict=True)
    ]
    return pack_bundle(json.dumps(native).encode("ascii"), bundled)


def digest_of(item: OutboxItem) -> str:
    """The same words and files to the same number."""
    content = item.content
    parts = (item.recipient.normal, content.subject, content.text, *(file.sha256 for file in content.attachments))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def wait_for_window(settings: FaxSettings, now: datetime) -> timedelta:
    """How long until faxes may leave; nothing where they may now. A window over midnight is one, too."""
    window = settings.window
    if window is None:
        return timedelta(0)
    opens, closes = window
    zone = ZoneInfo(settings.time_zone)
    local = now.astimezone(zone)
    at = local.time()
    inside = opens <= at < closes if opens <= closes else at >= opens or at < closes
    if inside or opens == closes:
        return timedelta(0)
    return _next(local, opens, zone) - now


def _next(local: datetime, opens: time, zone: ZoneInfo) -> datetime:
    day = local.date() if local.time() < opens else local.date() + timedelta(days=1)
    return datetime.combine(day, opens, tzinfo=zone)
