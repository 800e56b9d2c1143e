"""The demo company's money, time and shared work, by the real services over a store in memory: the pages about them
show what they would show in a hub, with names long and short, several currencies and ages."""

import hashlib
import hmac
from base64 import b32encode
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.archive import Filed
from hub.domain.appointment import Appointment, AppointmentDraft, Calendar, CalendarKind, WorkingHours
from hub.domain.contact import Consent, CustomField, Relation
from hub.domain.desk import Assignment, CannedReply, Queue
from hub.domain.document import DocumentTemplate
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.occasion import CampaignDraft, OccasionDraft, Session, registration_id
from hub.domain.people import Actor, Right, Role, UserRole, user_id_of
from hub.domain.views import FileData
from hub.ports.kinds import APPOINTMENTS, CONTACTS, CONVERSATIONS, IDENTITIES
from hub.ports.store import Documents
from hub.services.occasions.registering import PATH
from tests.browser.figures import insert_history
from tests.fake_company import contact_id
from tests.fake_verbs import START, FakeVerbs
from tests.office import SYSTEM, Office
from tests.office_files import pdf, png
from tests.outbox_world import SECRET

ZONE = ZoneInfo("Europe/Berlin")
TODAY = START.astimezone(ZONE).date()
LONG = "Gemeinnützige Wohnungsbaugesellschaft Ehrenfeld-Nippes-Bickendorf mbH"
INVOICES = [
    ("Petra Müller", "R-2026-1187", "4860.00", "EUR", 2, "Stühle, Anzahlung"),
    ("Petra Müller", "R-2026-1042", "1249.50", "EUR", 37, "Tisch Eiche"),
    ("Daniel Okafor", "R-2026-1190", "7450.00", "GBP", -9, "Walnut desk"),
    ("Sabine Krüger", "R-2026-0988", "12480.90", "EUR", 64, "Tresen, erste Rate"),
    ("Hannah Brandt", "R-2026-0871", "389.00", "EUR", 121, ""),
    ("Tom Fletcher", "1187", "950.00", "GBP", 12, "Sample boards"),
    ("Dr. Ines Vogel", "R-2026-1201", "2310.00", "EUR", -5, "Garderobe"),
    (LONG, "R-2026-1133", "148200.00", "EUR", 18, "Haustüren, 24 Stück, Bauabschnitt 2"),
]
DAY = timedelta(days=1)


async def open_business(verbs: FakeVerbs) -> Office:
    """Put the real accounts, calendars, reminders, desk and register beside the fakes, over the same contacts."""
    office = await Office.open()
    office.clock.advance((START - office.clock.now()).total_seconds())
    await office.users.add(SYSTEM, "kim", UserRole.AGENT, display_name="Kim Wagner", language="de")
    _enrich(verbs)
    for contact in verbs.state.contacts.values():
        await office.store.documents(CONTACTS).insert(contact)
    for bound in verbs.state.identities.values():
        await office.store.documents(IDENTITIES).insert_many(bound)
    for talk in verbs.state.conversations.values():
        await office.store.documents(CONVERSATIONS).insert(talk)
    business = office.open_business()
    verbs.accounts, verbs.calendar, verbs.reminders = business.accounts, business.calendar, business.reminders
    verbs.desk, verbs.register = business.desk, business.register
    filed = office.open_archive(business)
    verbs.documents = filed.documents
    verbs.reports = office.open_reports(business)
    await insert_history(office.store, TODAY)
    verbs.occasions, verbs.guests = business.gatherings.verbs, business.gatherings.guests
    anna = await verbs.users.actor_of(user_id_of("anna"), "console")
    assert anna is not None
    await _book(verbs, anna)
    await _plan(verbs, anna, office.store.documents(APPOINTMENTS))
    await _share(verbs, anna)
    event = await _gather(verbs, anna)
    id = registration_id(event, contact_id("Hannah Brandt"))
    verbs.guest_path = PATH + business.gatherings.registering.token("registration", id)
    await _file(filed, anna)
    return office


async def _gather(verbs: FakeVerbs, anna: Actor) -> str:
    """A fair that is full, a training with a long name and sessions (its id), and invitations."""
    start = datetime.combine(TODAY + 9 * DAY, time(10), ZONE)
    fair = OccasionDraft(
        title="Hausmesse Holz & Licht",
        place="Ausstellung, Halle 3",
        start=start,
        end=start + timedelta(hours=6),
        capacity=3,
        fee=Decimal("49.90"),
        description="Neue Oberflächen, Leuchten zum Anfassen, Kaffee.",
    )
    made = await verbs.occasions.create(anna, fair, key="fair")
    for name in ("Petra Müller", "Daniel Okafor", "Sabine Krüger", "Tom Fletcher", LONG):
        done = await verbs.occasions.register(anna, made.occasion.id, contact_id(name), tell=False)
        if name == "Petra Müller":
            await verbs.occasions.check_in(anna, done.registration.code)
    training = replace(fair, title="Schulung: Pflege geölter Oberflächen im Objektbereich für Hausverwaltungen")
    parts = (
        Session(id="s_morning", title="Vormittag: Grundlagen", start=start, end=start + timedelta(hours=3), capacity=2),
        Session(
            id="s_afternoon",
            title="Nachmittag: Ausbesserungsarbeiten an geölten Treppenstufen im laufenden Betrieb",
            start=start + timedelta(hours=4),
            end=start + timedelta(hours=6),
        ),
    )
    training = replace(training, capacity=0, fee=Decimal(0), sessions=parts)
    with_parts = (await verbs.occasions.create(anna, training, key="training")).occasion
    for name, part in (("Petra Müller", 0), ("Sabine Krüger", 0), ("Tom Fletcher", 0), (LONG, 1)):
        await verbs.occasions.register(anna, with_parts.id, contact_id(name), session=parts[part].id, tell=False)
    names = ("Hannah Brandt", "Dr. Ines Vogel")
    draft = CampaignDraft(
        name="", subject="", text="", contacts=tuple(map(contact_id, names)), occasion_id=made.occasion.id
    )
    await verbs.occasions.start_campaign(anna, draft, key="invite")
    to_training = replace(draft, contacts=(contact_id("Hannah Brandt"),), occasion_id=with_parts.id, name="Schulung")
    await verbs.occasions.start_campaign(anna, to_training, key="training")
    return str(with_parts.id)


def _enrich(verbs: FakeVerbs) -> None:
    """A contact with everything that a card can show, a very long name, and a pair that may be one."""
    state = verbs.state
    petra = state.contacts[contact_id("Petra Müller")]
    state.contacts[petra.id] = replace(
        petra,
        tags=("Stammkunde", "Gastronomie"),
        custom=(CustomField(name="Rabatt", value="3 %"),),
        relations=(Relation(kind="empfohlen von", contact_id=contact_id("Sabine Krüger")),),
        consents=(Consent(purpose="newsletter", since=START - 200 * DAY, source="Formular auf der Messe"),),
    )
    long = replace(petra, id=contact_id(LONG), name=LONG, sort_name=fold(LONG), organisation="", city="Köln", notes="")
    again = replace(petra, id=contact_id("Petra Mueller"), name="Petra Mueller", sort_name=fold("Petra Mueller"))
    for one in (long, again):
        bare = replace(one, tags=(), custom=(), relations=(), consents=())
        state.contacts[one.id] = replace(bare, created_at=START - 30 * DAY)
    for talk in list(state.conversations.values()):
        state.conversations[talk.id] = replace(talk, queue="verkauf" if talk.channel == "email" else "queue")


TEMPLATES = (
    ("Anschreiben", "Ihr Auftrag bei {company}", "Guten Tag {name},\n\nvielen Dank.\n\n{user}", "Briefe/2026"),
    ("Kontostand", "Ihr Konto am {date}", "Offen sind {balance}:\n{open_items}", ""),
)


def overview_path() -> str:
    """Where the demo customer's page of what is shared with them stands."""
    return f"/d/{_secret('overview|' + contact_id('Petra Müller') + '|demo')}"


def upload_path() -> str:
    """Where the demo customer puts in files."""
    return f"/u/{_secret('upload|' + user_id_of('anna') + '|demo')}"


def _secret(of: str) -> str:
    mac = hmac.new(SECRET, of.encode(), hashlib.sha256).digest()
    return b32encode(mac[:25]).decode("ascii").lower()


async def _file(filed: Filed, anna: Actor) -> None:
    """Documents in folders, with a long name, versions, a duplicate, one that is removed; links and an upload link."""
    petra, documents = contact_id("Petra Müller"), filed.documents
    plan = pdf("Treppe aus Kirschholz, 14 Stufen, Geländer beidseitig.\n\nAlle Maße in Millimetern.", "Angebot Treppe")
    files = [
        ("Angebot Treppe Müller.pdf", "application/pdf", plan, "Angebote/2026", ("Treppe", "Kirschholz"), petra),
        ("Preisliste 2026.txt", "text/plain", b"Eiche 120 Euro", "Preislisten", (), None),
        ("Baustelle.png", "image/png", png(640, 400), "Bilder", ("Treppe",), petra),
        (f"{LONG} Ausschreibung Haustüren Bauabschnitt 2 endgültig_v7.txt", "text/plain", b"Los 1", "", (), None),
        ("Kopie.pdf", "application/pdf", plan, "Angebote", (), None),
        ("Alt.txt", "text/plain", b"alt", "", (), None),
    ]
    kept = [
        await documents.upload(
            anna, FileData(name=name, type=type, data=data), folder=folder, tags=tags, contact_id=contact, key=name
        )
        for name, type, data, folder, tags, contact in files
    ]
    await filed.digesting.digest_all()
    for name, title, text, folder in TEMPLATES:
        template = DocumentTemplate(id="", name=name, title=title, text=text, folder=folder)
        await filed.documents.letters.save(template)
    first = await documents.get(anna, kept[1].id)
    newer = FileData(name="Preisliste 2027.txt", type="text/plain", data=b"Eiche 140 Euro")
    await documents.add_version(anna, first.id, newer, first.version)
    await documents.remove(anna, kept[-1].id)
    _, share = await documents.share(anna, kept[0].id, limit=5, key="demo")
    await documents.revoke(anna, share.id)
    await documents.share(anna, kept[0].id, key="demo-2")
    await documents.share(anna, kept[0].id, contact_id=petra, limit=3, key="demo-3")
    await documents.share(anna, kept[1].id, contact_id=petra, key="demo-4")
    _, overview = await filed.overviews.make(petra, days=60, key="old")
    await filed.overviews.end(overview.id)
    address, _ = await filed.overviews.make(petra, days=30, key="demo")
    assert address.endswith(overview_path())
    await documents.file(anna, kept[0].id, links=("order:R-2001", "invoice:X-1"))
    address, _ = await documents.request_upload(
        anna, contact_id=petra, folder="Pläne", text="Bitte Ihren Plan", key="demo"
    )
    assert address.endswith(upload_path())
    await filed.digesting.digest_all()


async def _book(verbs: FakeVerbs, anna: Actor) -> None:
    for name, number, amount, currency, overdue, reference in INVOICES:
        due = TODAY - overdue * DAY
        await _post(verbs, anna, name, EntryKind.INVOICE, number, amount, currency, due - 14 * DAY, due, reference)
    order = EntryKind.ORDER
    await _post(verbs, anna, "Petra Müller", order, "A-2026-311", "9720.00", "EUR", TODAY - 20 * DAY, None, "")
    await _post(verbs, anna, "Petra Müller", order, "A-2026-287", "1249.50", "EUR", TODAY - 60 * DAY, None, "", "done")
    paid = EntryKind.PAYMENT
    await _post(verbs, anna, "Petra Müller", paid, "", "500.00", "EUR", TODAY - DAY, None, "Überweisung 22.11.")


async def _post(
    verbs: FakeVerbs, actor: Actor, name: str, kind: EntryKind, number: str, amount: str, currency: str,
    day: date, due: date | None, reference: str, state: str = "",
) -> None:  # fmt: skip
    draft = EntryDraft(
        contact_id=ContactId(contact_id(name)), kind=kind, amount=Decimal(amount), currency=currency, number=number,
        date=day, due=due, reference=reference, state=state,
    )  # fmt: skip
    await verbs.accounts.post(actor, draft, key=f"{name}|{kind}|{number}")


async def _plan(verbs: FakeVerbs, anna: Actor, appointments: Documents[Appointment]) -> None:
    hours = tuple(WorkingHours(weekday=day, start=9 * 60, end=17 * 60) for day in range(5))
    room = Calendar(
        id="k_show", name="Ausstellung", sort_name="ausstellung", kind=CalendarKind.ROOM, time_zone=str(ZONE),
        hours=hours, bookable=True, slot_minutes=45, subdivision="NW",
    )  # fmt: skip
    room = await verbs.calendar.save_calendar(anna, room)
    for day, at, minutes, who, title, where in (
        (0, "14:30", 45, "Sabine Krüger", "Aufmaß Tresen", "Café Morgenrot, Bonn"),
        (0, "16:00", 60, None, "Angebote durchgehen", ""),
        (1, "09:00", 90, LONG, "Baubesprechung Haustüren, Bauabschnitt 2", "Baubüro Venloer Straße 400, 2. OG"),
        (2, "11:00", 60, "Petra Müller", "Muster ansehen", "Ausstellung"),
        (3, "14:30", 30, "Grace Lindqvist", "Call: samples", ""),
    ):
        start = datetime.combine(TODAY + day * DAY, time.fromisoformat(at), tzinfo=ZONE)
        draft = AppointmentDraft(
            start=start, minutes=minutes, title=title, location=where, outside_hours=True,
            contact_id=ContactId(contact_id(who)) if who else None,
        )  # fmt: skip
        made = await verbs.calendar.book(anna, draft, key=title)
        if who == "Petra Müller":
            await verbs.calendar.invite(anna, made.id)
    for day, who, title in ((-1, "Hannah Brandt", "Beratung"), (0, "Tom Fletcher", "Boards"), (-3, LONG, "Aufmaß")):
        start = datetime.combine(TODAY + day * DAY, time(8, 15), tzinfo=ZONE)
        contact = ContactId(contact_id(who))
        # Nobody can book what is past: it stands in the store, and was missed.
        made = await verbs.calendar.book(
            anna,
            AppointmentDraft(start=start + 400 * DAY, minutes=45, title=title, contact_id=contact, outside_hours=True),
            key=title,
        )
        await appointments.replace(replace(made, start=start, end=start + timedelta(minutes=45)), made.version)
        if title == "Boards":
            await verbs.calendar.mark_missed(anna, made.id)
    for hours_ahead, text, about in (
        (2, "Jens wegen der Eiche anrufen", "Jens Müller"),
        (26, "Angebot für die zwölf Stühle nachrechnen und bei der Gelegenheit die Lieferzeit prüfen", "Petra Müller"),
        (24 * 9, "Miete der Ausstellung", ""),
    ):
        contact = ContactId(contact_id(about)) if about else None
        at = START.replace(minute=0) + timedelta(hours=hours_ahead)
        await verbs.reminders.remind(anna, at, text, contact_id=contact, key=text)


async def _share(verbs: FakeVerbs, anna: Actor) -> None:
    people = (user_id_of("anna"), user_id_of("kim"))
    sales = Queue(
        id="", name="Verkauf", accounts=("office",), members=people, assignment=Assignment.ROUND_ROBIN,
        first_response_minutes=120, resolution_minutes=2880,
    )  # fmt: skip
    await verbs.desk.save_queue(anna, sales)
    await verbs.desk.save_queue(anna, Queue(id="", name="Werkstatt", members=(user_id_of("ben"),)))
    for name, language, text in (
        ("Versand", "de", "Guten Tag {name},\n\nIhre Ware ist unterwegs.\n\n{company}"),
        ("Delivery", "en", "Hello {first_name},\n\nyour goods are on their way.\n\n{company}"),
    ):
        await verbs.desk.save_canned(anna, CannedReply(id="", name=name, language=language, text=text))
    role = Role(id="buero", name="Büro", rights=(Right.READ_CONTACTS, Right.WRITE_NOTES, Right.READ_ACCOUNTS))
    verbs.state.roles[role.id] = role
