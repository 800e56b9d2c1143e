"""Dates and times in words, by language and time zone. Relative only within today: tomorrow, "yesterday" is wrong."""

from datetime import datetime, tzinfo

from bots.language.pack import LanguagePack


def _fields(moment: datetime, pack: LanguagePack) -> dict[str, object]:
    formats = pack.formats
    hour12 = moment.hour % 12 or 12
    return {
        "day": moment.day,
        "dd": f"{moment.day:02}",
        "month": formats["months"][moment.month - 1],
        "mm": f"{moment.month:02}",
        "year": moment.year,
        "weekday": formats["weekdays"][moment.weekday()],
        "hh": f"{moment.hour:02}",
        "h": hour12,
        "mi": f"{moment.minute:02}",
        "ampm": "am" if moment.hour < 12 else "pm",
    }


def tell_time(moment: datetime, pack: LanguagePack, zone: tzinfo) -> str:
    """ "10:02" """
    return str(pack.formats["time"]).format(**_fields(moment.astimezone(zone), pack))


def tell_moment(moment: datetime, now: datetime, pack: LanguagePack, zone: tzinfo) -> str:
    """ "heute 09:12", "Do 6. Aug., 14:30", "6. Aug. 2025, 14:30"."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    key = "this_year" if local.year == today.year else "other_year"
    key = "today" if local.date() == today.date() else key
    return str(pack.formats[key]).format(time=tell_time(moment, pack, zone), **_fields(local, pack))


def tell_month(moment: datetime, pack: LanguagePack, zone: tzinfo) -> str:
    """ "03/2024" """
    return str(pack.formats["month_only"]).format(**_fields(moment.astimezone(zone), pack))
