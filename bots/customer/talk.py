"""One turn with a customer: who writes, what was understood, and the words of the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from bots.customer.memory import Memory
from bots.customer.recognition import CustomerPack, Heard
from bots.language import spoken
from bots.language.moments import tell_moment, tell_time
from bots.language.pack import FALLBACK
from hub.domain.appointment import WorkingHours
from hub.domain.message import Strength
from hub.ports.customer_verbs import Customer, CustomerVerbs


@dataclass(slots=True, kw_only=True)
class Talk:
    """`key`: under which this turn acts once. `customer` changes when a code is redeemed."""

    customer: Customer
    verbs: CustomerVerbs
    memory: Memory
    heard: Heard
    packs: Mapping[str, CustomerPack]
    language: str
    company: str
    zone: tzinfo
    now: datetime
    key: str

    @property
    def pack(self) -> CustomerPack:
        """The language of this turn."""
        return self.packs[self.language]

    def say(self, key: str, **fields: object) -> str:
        """The sentence; in the fallback language where the pack lacks it."""
        return sentence(self.packs, self.language, key, company=self.company, **fields)

    def name(self) -> str:
        """ ", Petra Müller" where the name may be said: only to somebody who is known to be them."""
        known = self.customer.name and self.customer.bound is Strength.VERIFIED
        return f", {self.customer.name}" if known else ""

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount."""
        return spoken.tell_money(self.pack.pack, amount, currency)

    def day(self, day: date) -> str:
        """A day."""
        return spoken.tell_day(self.pack.pack, day)

    def span(self, start: datetime, end: datetime) -> str:
        """A day with from and to."""
        return spoken.tell_span(self.pack.pack, self.zone, start, end)

    def slot(self, start: datetime) -> str:
        """A free time, short."""
        return tell_moment(start, self.now, self.pack.pack, self.zone)

    def moment(self, moment: datetime) -> str:
        """When somebody will be there."""
        return tell_moment(moment, self.now, self.pack.pack, self.zone)

    def time(self, moment: datetime) -> str:
        """A time of day."""
        return tell_time(moment, self.pack.pack, self.zone)

    def week(self, hours: Sequence[WorkingHours]) -> str:
        """ "Mo–Do 09:00–17:00, Fr 09:00–13:00" """
        names = self.pack.pack.formats["weekdays"]
        days: dict[int, list[str]] = {}
        for one in sorted(hours, key=lambda one: (one.weekday, one.start)):
            days.setdefault(one.weekday, []).append(f"{_clock(one.start)}–{_clock(one.end)}")
        parts: list[tuple[int, int, str]] = []
        for weekday, spans in days.items():
            told = " + ".join(spans)
            if parts and parts[-1][1] == weekday - 1 and parts[-1][2] == told:
                parts[-1] = (parts[-1][0], weekday, told)
            else:
                parts.append((weekday, weekday, told))
        return ", ".join(
            f"{names[first]}{f'–{names[last]}' if last > first else ''} {told}" for first, last, told in parts
        )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def sentence(packs: Mapping[str, CustomerPack], language: str, key: str, **fields: object) -> str:
    """A sentence with its fields; {abilities} is filled in by itself. Raises KeyError for an unknown key."""
    wording = packs[language if language in packs else FALLBACK].wording
    text = wording.get(key) or packs[FALLBACK].wording[key]
    return text.format_map({"abilities": wording.get("abilities", ""), **fields})
