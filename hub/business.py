"""The part of the composition root that builds what the company's business needs: accounts, calendars,
reminders, the desk. hub.app hands in what it made before."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from hub.domain.reminder import ReminderKind
from hub.gatherings import Gatherings, build_gatherings
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.connector import Accounts as Channels
from hub.ports.events import Events
from hub.ports.parser import ParseWorker
from hub.ports.search import Terms
from hub.ports.store import Store
from hub.services.accounts import Accounts
from hub.services.alerts import Alerts
from hub.services.appointment_reminders import AppointmentReminders
from hub.services.audit import Audit
from hub.services.briefing import Briefings
from hub.services.calendar.invitations import Invitations
from hub.services.calendar.inviting import InvitingCalendars
from hub.services.calendar.recurrence import expand
from hub.services.chronicle import Chronicle
from hub.services.contacts import Contacts
from hub.services.conversations import Conversations
from hub.services.correspondence import Correspondence
from hub.services.deletion import Deletion
from hub.services.desk.desk import Desk
from hub.services.enclosures import Enclosures
from hub.services.faxes import Faxes
from hub.services.invites import Invites
from hub.services.lines import Lines
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries
from hub.services.overdue_news import OverdueNews
from hub.services.own_mail import OwnMail
from hub.services.payment_news import PaymentNews
from hub.services.reachability import Reachability
from hub.services.register.merging import Merging
from hub.services.register.register import Register
from hub.services.reminders import Reminders
from hub.services.reminding import Reminding
from hub.services.replies import Replies
from hub.services.routing import Router
from hub.services.rows import Rows
from hub.services.sales import Sales
from hub.services.search.filling import Filling
from hub.services.search.findable import Findable
from hub.services.search.finder import Finder
from hub.services.search.indexing import Indexing
from hub.services.search.upkeep import IndexUpkeep
from hub.services.sharing import Sharing
from hub.services.sources import Sources
from hub.services.staff import Staff
from hub.services.suppressions import Suppressions
from hub.services.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """Made by `build_business`."""

    contacts: Contacts
    timeline: Timeline
    accounts: Accounts
    calendar: InvitingCalendars
    reminders: Reminders
    reminding: Reminding
    desk: Desk
    alerts: Alerts
    own_mail: OwnMail
    letters: Correspondence
    register: Register
    gatherings: Gatherings
    faxes: Faxes
    invites: Invites
    reachability: Reachability
    sales: Sales
    search: Finder
    index: IndexUpkeep

    async def repair(self) -> int:
        """Finish what a crash left half done: summaries of accounts, merges, seats of events."""
        return await self.accounts.repair() + await self.register.repair() + await self.gatherings.repair()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What it stands on."""

    store: Store
    clock: Clock
    audit: Audit
    events: Events
    staff: Staff
    channels: Channels
    outbox: Outbox
    entries: OutgoingEntries
    suppressions: Suppressions
    forms: AddressForms
    terms: Terms
    findable: Findable
    worker: ParseWorker
    secret: bytes
    sharing: Sharing
    hostname: str
    company: str
    time_zone: str
    language: str


def build_business(ground: Ground) -> Business:
    """Make every object, in order; starts nothing."""
    store, clock, audit, staff = ground.store, ground.clock, ground.audit, ground.staff
    letters, contacts, timeline = build_register(ground)
    alerts = Alerts(store=store, clock=clock, audit=audit, accounts=ground.channels, outbox=ground.outbox, staff=staff)
    reminding = Reminding(
        store=store, clock=clock, staff=staff, alerts=alerts, contacts=letters, time_zone=ground.time_zone
    )
    indexing = Indexing(store, ground.terms)
    accounts, sales = build_accounts(ground, contacts, letters, alerts, indexing)
    news, calendar = build_calendar(ground, reminding, alerts, letters, indexing)
    briefings = Briefings(
        store=store,
        clock=clock,
        staff=staff,
        alerts=alerts,
        calendars=calendar,
        accounts=accounts,
        time_zone=ground.time_zone,
        expect=reminding.expect,
        late=reminding.late,
    )
    own_mail = build_own_mail(ground, alerts)
    reminders = Reminders(
        store=store,
        clock=clock,
        audit=audit,
        alerts=alerts,
        briefings=briefings,
        own_mail=own_mail,
        expect=reminding.expect,
    )
    register, invites = build_verbs_of_register(ground, alerts)
    desk = build_desk(ground, alerts, timeline, reminding)
    overdue = build_overdue(ground, accounts, alerts, reminding)
    reminding.handle({ReminderKind.BRIEFING: briefings.fire, ReminderKind.OVERDUE: overdue.fire, **desk.handlers})
    reminding.follow(news.continue_after)
    reminding.prepare(briefings.plan_all)
    reminding.prepare(overdue.plan)
    search, index = build_search(ground, contacts)
    return Business(
        contacts=contacts,
        timeline=timeline,
        accounts=accounts,
        calendar=calendar,
        reminders=reminders,
        reminding=reminding,
        desk=desk,
        alerts=alerts,
        own_mail=own_mail,
        letters=letters,
        gatherings=build_gatherings(ground, letters, accounts, reminding),
        register=register,
        invites=invites,
        reachability=Reachability(store=store, suppressions=ground.suppressions, alerts=alerts),
        faxes=build_faxes(ground, letters),
        sales=sales,
        search=search,
        index=index,
    )


def build_search(ground: Ground, contacts: Contacts) -> tuple[Finder, IndexUpkeep]:
    """Finding, and what fills the index of an older store anew."""
    filling = Filling(ground.store, ground.terms, ground.findable)
    upkeep = IndexUpkeep(ground.store, ground.clock, filling, ground.findable.unsettled)
    finder = Finder(
        store=ground.store,
        audit=ground.audit,
        terms=ground.terms,
        people=contacts.find,
        rows=Rows(ground.store, ground.staff),
        filling=filling,
        upkeep=upkeep,
    )
    return finder, upkeep


def build_own_mail(ground: Ground, alerts: Alerts) -> OwnMail:
    """What colleagues get by mail."""
    return OwnMail(
        clock=ground.clock,
        audit=ground.audit,
        alerts=alerts,
        accounts=ground.channels,
        outbox=ground.outbox,
        forms=ground.forms,
        secret=ground.secret,
        company=ground.company,
    )


def build_verbs_of_register(ground: Ground, alerts: Alerts) -> tuple[Register, Invites]:
    """Merging, importing, inviting."""
    merging = Merging(ground.store, ground.clock)
    invites = Invites(
        store=ground.store,
        clock=ground.clock,
        audit=ground.audit,
        alerts=alerts,
        accounts=ground.channels,
        forms=ground.forms,
        merging=merging,
    )
    register = Register(
        store=ground.store,
        clock=ground.clock,
        audit=ground.audit,
        events=ground.events,
        forms=ground.forms,
        rows=Rows(ground.store, ground.staff),
        merging=merging,
        invites=invites,
    )
    return register, invites


def build_faxes(ground: Ground, letters: Correspondence) -> Faxes:
    """Faxing to contacts."""
    return Faxes(
        store=ground.store,
        clock=ground.clock,
        audit=ground.audit,
        accounts=ground.channels,
        forms=ground.forms,
        letters=letters,
    )


def build_accounts(
    ground: Ground, contacts: Contacts, letters: Correspondence, alerts: Alerts, indexing: Indexing
) -> tuple[Accounts, Sales]:
    """Accounts, and what shops bring onto them."""
    store, clock, audit = ground.store, ground.clock, ground.audit
    news = PaymentNews(staff=ground.staff, alerts=alerts, rows=Rows(store, ground.staff)).tell
    accounts = Accounts(
        store=store,
        clock=clock,
        audit=audit,
        events=ground.events,
        resolve=contacts.resolve,
        letters=letters,
        company=ground.company,
        time_zone=ground.time_zone,
        news=news,
        index=indexing.put_bookings,
    )
    zone, put = ground.time_zone, indexing.put_bookings
    return accounts, Sales(store=store, clock=clock, audit=audit, time_zone=zone, news=news, index=put)


def build_overdue(ground: Ground, accounts: Accounts, alerts: Alerts, reminding: Reminding) -> OverdueNews:
    """The morning's news of what became overdue."""
    return OverdueNews(
        store=ground.store,
        clock=ground.clock,
        audit=ground.audit,
        staff=ground.staff,
        alerts=alerts,
        rows=Rows(ground.store, ground.staff),
        find=accounts.due_between,
        time_zone=ground.time_zone,
        expect=reminding.expect,
    )


def build_register(ground: Ground) -> tuple[Correspondence, Contacts, Timeline]:
    """Contacts, what was said with them, and letters to them."""
    store, clock, audit, staff = ground.store, ground.clock, ground.audit, ground.staff
    letters = Correspondence(
        store=store,
        clock=clock,
        accounts=ground.channels,
        outbox=ground.outbox,
        entries=ground.entries,
        suppressions=ground.suppressions,
        secret=ground.secret,
        hostname=ground.hostname,
        enclosures=Enclosures(store.blobs, ground.sharing, ZoneInfo(ground.time_zone)),
    )
    contacts = Contacts(store=store, clock=clock, audit=audit, events=ground.events, forms=ground.forms, staff=staff)
    timeline = Timeline(
        store=store,
        clock=clock,
        audit=audit,
        events=ground.events,
        terms=ground.terms,
        lines=Lines(store, staff),
        sources=Sources(store, ground.channels, ground.worker),
    )
    return letters, contacts, timeline


def build_calendar(
    ground: Ground, reminding: Reminding, alerts: Alerts, letters: Correspondence, indexing: Indexing
) -> tuple[AppointmentReminders, InvitingCalendars]:
    """Calendars, and the reminders of what stands in them."""
    store, clock, audit, staff = ground.store, ground.clock, ground.audit, ground.staff
    news = AppointmentReminders(
        store=store,
        clock=clock,
        staff=staff,
        expand=expand,
        time_zone=ground.time_zone,
        language=ground.language,
        expect=reminding.expect,
    )
    invitations = Invitations(
        store=store,
        clock=clock,
        events=ground.events,
        alerts=alerts,
        letters=letters,
        channels=ground.channels,
        company=ground.company,
        language=ground.language,
        time_zone=ground.time_zone,
        index=indexing.put_appointments,
    )
    calendar = InvitingCalendars(
        store=store,
        clock=clock,
        audit=audit,
        events=ground.events,
        staff=staff,
        time_zone=ground.time_zone,
        news=[news, invitations, indexing],
    )
    calendar.invitations = invitations
    return news, calendar


def build_desk(ground: Ground, alerts: Alerts, timeline: Timeline, reminding: Reminding) -> Desk:
    """How work is shared out."""
    store, clock, audit, staff = ground.store, ground.clock, ground.audit, ground.staff
    return Desk(
        store=store,
        clock=clock,
        audit=audit,
        staff=staff,
        alerts=alerts,
        timeline=timeline,
        chronicle=Chronicle(store, clock, ground.events),
        company=ground.company,
        time_zone=ground.time_zone,
        expect=reminding.expect,
    )


def build_conversations(ground: Ground, lines: Lines, *, take_back_seconds: int, lifetime: timedelta) -> Conversations:
    """Reading and owning conversations, and answering in them."""
    store, clock, audit = ground.store, ground.clock, ground.audit
    replies = Replies(
        store=store,
        clock=clock,
        accounts=ground.channels,
        outbox=ground.outbox,
        entries=ground.entries,
        suppressions=ground.suppressions,
        audit=audit,
        owns=Router(ground.channels, ground.forms).owns,
        secret=ground.secret,
        hostname=ground.hostname,
        take_back_seconds=take_back_seconds,
        lifetime=lifetime,
        enclosures=Enclosures(store.blobs, ground.sharing, ZoneInfo(ground.time_zone)),
    )
    return Conversations(
        store=store,
        clock=clock,
        audit=audit,
        staff=ground.staff,
        lines=lines,
        chronicle=Chronicle(store, clock, ground.events),
        deletion=Deletion(store, clock, ground.secret),
        replies=replies,
    )
