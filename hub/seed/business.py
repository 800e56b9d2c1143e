"""The demo company's business: invoices, orders and payments, a showroom that customers may book, appointments with
their reminders, a queue, canned replies; through the same verbs that people use. Planting again finds it all there."""

import contextlib
import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.domain.appointment import AppointmentDraft, Calendar, CalendarKind, WorkingHours
from hub.domain.contact import Contact, ContactRole
from hub.domain.desk import Assignment, CannedReply, Queue
from hub.domain.errors import Conflict, Invalid
from hub.domain.folding import fold
from hub.domain.ids import derived_id
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.occasion import OccasionDraft
from hub.domain.people import Actor
from hub.ports.clock import Clock
from hub.ports.verbs import Verbs
from hub.seed.papers import DemoPapers

CUSTOMERS = 60
"""That many have an account; enough to look at, and soon planted."""
HISTORY_DAYS, RECENT_DAYS = 730, 200
"""Of the books: long enough for trends and a forecast."""
SEASON = (0.7, 0.75, 0.9, 1.0, 1.1, 1.15, 1.0, 0.8, 1.05, 1.2, 1.3, 1.1)
"""How much each month is to the others, for a joinery."""
SHOWROOM = derived_id("k", "demo", "showroom")
TITLES = ("Aufmaß", "Beratung", "Abnahme", "Muster ansehen", "Besprechung")
WORKSHOP = "Werkstatt"
EVENTS = (("Hausmesse Holz & Licht", "Ausstellung", 12, 17), ("Schulung Oberflächenpflege", "Werkstatt", 20, 9))
"""Title, place, seats, and how many come."""
REPLIES = (
    ("Versand", "de", "Hallo {first_name},\n\nIhre Ware ist unterwegs.\n\n{company}"),
    ("Delivery", "en", "Hello {first_name},\n\nyour goods are on their way.\n\n{company}"),
)


class DemoBusiness:
    """Books what a company of this kind has."""

    def __init__(self, verbs: Verbs, clock: Clock, time_zone: str, company: str = "") -> None:
        self._contacts, self._accounts = verbs.contacts, verbs.accounts
        self._calendar, self._desk = verbs.calendar, verbs.desk
        self._occasions = verbs.occasions
        self._papers = DemoPapers(verbs.documents, company)
        self._clock, self._zone = clock, ZoneInfo(time_zone)

    async def plant(self, actor: Actor) -> int:
        """How many contacts have an account now. Raises Refused, StoreUnavailable."""
        people = [
            contact
            for contact in (await self._contacts.page(actor, limit=200)).items
            if ContactRole.CUSTOMER in contact.roles
        ][:CUSTOMERS]
        for number, contact in enumerate(people):
            await self._open_account(actor, contact, number)
        await self._open_showroom(actor)
        await self._book_appointments(actor, people)
        await self._share_work(actor)
        await self._gather(actor, people)
        await self._papers.plant(actor, people, self._clock.now().astimezone(self._zone).date())
        return len(people)

    async def _gather(self, actor: Actor, people: list[Contact]) -> None:
        """A fair that is full and a training that is not; nobody is written to."""
        today = self._clock.now().astimezone(self._zone).date()
        for index, (title, place, seats, guests) in enumerate(EVENTS):
            start = datetime.combine(today + timedelta(days=12 + 9 * index), time(10), self._zone)
            draft = OccasionDraft(title=title, place=place, start=start, end=start + timedelta(hours=5), capacity=seats)
            event = (await self._occasions.create(actor, draft, key=f"demo-event-{index}")).occasion
            for contact in people[:guests]:
                with contextlib.suppress(Conflict):
                    await self._occasions.register(actor, event.id, contact.id, tell=False)

    async def _open_account(self, actor: Actor, contact: Contact, number: int) -> None:
        dice = random.Random(f"account-{contact.id}")  # noqa: S311 - invented figures
        today = self._clock.now().astimezone(self._zone).date()
        # Days after the due day on which this customer usually pays.
        habit = dice.choice((-4, 0, 2, 5, 12, 25))
        # Most buy all the time; some came later, some stay away since.
        oldest = HISTORY_DAYS if number % 3 else dice.randrange(40, 600)
        newest = dice.randrange(380, 560) if number % 7 == 1 else 3
        for index in range(dice.randrange(4, 13)):
            age = dice.randrange(min(newest, oldest - 1), oldest)
            day = today - timedelta(days=age)
            amount = Decimal(int(dice.randrange(5_000, 400_000) * SEASON[day.month - 1])) / 100
            name = f"{2000 + number * 20 + index}"
            if age < RECENT_DAYS:
                await self._post(actor, contact, EntryKind.ORDER, f"A-{name}", day, amount, state=dice.choice(
                    ("open", "shipped", "done")))  # fmt: skip
            await self._post(actor, contact, EntryKind.INVOICE, f"R-{name}", day, amount, days=14)
            paid_on = day + timedelta(days=max(1, 14 + habit + dice.randrange(-3, 8)))
            if paid_on <= today and dice.random() < (0.99 if age > RECENT_DAYS else 0.85):
                paid = amount if dice.random() < 0.95 or age > RECENT_DAYS else amount / 2
                await self._post(actor, contact, EntryKind.PAYMENT, "", paid_on, paid, key=name)

    async def _post(
        self, actor: Actor, contact: Contact, kind: EntryKind, number: str, day: date, amount: Decimal,
        *, days: int = 0, state: str = "", key: str = "",
    ) -> None:  # fmt: skip
        draft = EntryDraft(
            contact_id=contact.id,
            kind=kind,
            amount=amount.quantize(Decimal("0.01")),
            number=number,
            date=day,
            due=day + timedelta(days=days) if days else None,
            state=state,
        )
        try:
            await self._accounts.post(actor, draft, key=f"demo|{contact.id}|{kind.value}|{number or key}")
        except (Conflict, Invalid):
            # Planted before on another day: what is booked stays as it is.
            return

    async def _open_showroom(self, actor: Actor) -> None:
        if any(one.id == SHOWROOM for one in await self._calendar.calendars(actor)):
            return
        await self._calendar.save_calendar(
            actor,
            Calendar(
                id=SHOWROOM,
                name="Ausstellung",
                sort_name="ausstellung",
                kind=CalendarKind.ROOM,
                time_zone=str(self._zone),
                hours=tuple(WorkingHours(weekday=day, start=9 * 60, end=17 * 60) for day in range(5)),
                bookable=True,
            ),
        )

    async def _book_appointments(self, actor: Actor, people: list[Contact]) -> None:
        dice = random.Random("appointments")  # noqa: S311
        today = self._clock.now().astimezone(self._zone).date()
        for number, contact in enumerate([*people[:15], *people]):
            # A fortnight ahead, and half a year behind.
            day = today + timedelta(days=1 + number if number < 15 else -3 * (number - 14))
            start = datetime.combine(day, time(9 + dice.randrange(8)), tzinfo=self._zone)
            draft = AppointmentDraft(
                start=start, minutes=60, title=dice.choice(TITLES), contact_id=contact.id, calendars=(SHOWROOM,),
                outside_hours=True, afterwards=number >= 15,
            )  # fmt: skip
            try:
                made = await self._calendar.book(
                    actor, draft, key=f"demo|{contact.id}" if number < 15 else f"demo|{contact.id}|then"
                )
            except Conflict:
                # Planted before on another day, or two at one time.
                continue
            if draft.afterwards and number % 9 == 0:
                await self._calendar.mark_missed(actor, made.id)

    async def _share_work(self, actor: Actor) -> None:
        known = {queue.id for queue in await self._desk.queues(actor)}
        if fold(WORKSHOP) not in known:
            hours = tuple(WorkingHours(weekday=day, start=8 * 60, end=16 * 60) for day in range(5))
            await self._desk.save_queue(
                actor,
                Queue(
                    id="",
                    name=WORKSHOP,
                    assignment=Assignment.LEAST_BUSY,
                    first_response_minutes=240,
                    hours=hours,
                    time_zone=str(self._zone),
                ),
            )
        for name, language, text in REPLIES:
            try:
                await self._desk.save_canned(actor, CannedReply(id="", name=name, language=language, text=text))
            except Conflict:
                continue
