"""The composition root: builds every object by hand. The only module (beside the parse worker and the offline commands,
decision 5) that imports everyone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from bots.customer.assistant import CustomerAssistant
from bots.staff.staff import Staff as StaffBot
from bots.staff.staff import StaffSettings
from bots.warming import warming_steps
from config.model import Config
from connectors.registry import KINDS
from hub.archive import archive_for, build_checking, make_renderer
from hub.business import Ground, build_business
from hub.configuring import LiveConfiguration
from hub.counter import build_verbs
from hub.daemon import Daemon, Parts, Plans
from hub.demo import build_demo
from hub.exchange import build_exchange
from hub.front import build_site
from hub.logs import set_up_logs
from hub.metrics import Metrics
from hub.parsing.process import ProcessParseWorker
from hub.plans import customer_bot_rules, first_listener, make_proposer, open_store, plan_channels, read_plans
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext
from hub.ports.parser import ParseContext
from hub.ports.store import Store
from hub.reception import build_reception
from hub.reporting import build_reporting
from hub.services.audit import Audit
from hub.services.broadcast import Broadcast
from hub.services.deliveries import Deliveries
from hub.services.dispatch import Dispatcher
from hub.services.door import LateDoor
from hub.services.forms import Forms
from hub.services.happenings import Happenings
from hub.services.intake import Intake
from hub.services.notices import Notices
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries
from hub.services.passwords import Passwords
from hub.services.peers import Peers
from hub.services.reports.marking import mark_store
from hub.services.search.following import follow_store
from hub.services.secrets import load_secret
from hub.services.sharing import Sharing
from hub.services.staff import Staff
from hub.services.supervise import Supervisor
from hub.services.suppressions import Suppressions
from hub.services.transmission import Transmitter
from hub.services.turns import Turns
from hub.services.users import Users
from hub.telephony import build_calls
from hub.tenure import Tenure
from hub.web.sentences import translate
from hub.web.site import Health
from storage.terms import extract_terms

log = structlog.get_logger()
WARM_UP_AFTER = 2.0
"""Seconds: who has just started the hub looks at the console first."""


def run_hub(config: Config, data_dir: Path, *, reload: Callable[[], Config], file: Path) -> None:
    """Run until told to stop. `file` is where the configuration is changed. Raises FernamtError where it cannot start,
    and what ended it where a task failed."""
    set_up_logs(config.log.level, config.log.format)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, data_dir, reload, file))


async def _serve(config: Config, data_dir: Path, reload: Callable[[], Config], file: Path) -> None:
    store = await open_store(config, data_dir)
    try:
        daemon = Daemon(await build(config, data_dir, store, reload, file))
    except BaseException:
        await store.close()
        raise
    daemon.obey_signals()
    await daemon.run()


async def build(config: Config, data_dir: Path, store: Store, reload: Callable[[], Config], file: Path) -> Parts:
    """Make every object of a hub on this store; becomes the store's one hub, starts nothing else."""
    return (await assemble(config, data_dir, store, reload, file)).finish()


async def assemble(
    config: Config, data_dir: Path, store: Store, reload: Callable[[], Config], file: Path
) -> "Assembly":
    """The objects, before they are handed to a daemon."""
    assembly = Assembly(config, data_dir, store, lambda: read_plans(config, reload))
    await assembly.begin()
    assembly.build_people()
    assembly.build_outbox()
    assembly.build_business()
    assembly.build_intake()
    assembly.build_verbs(file)
    assembly.build_bot()
    return assembly


class Assembly:
    """The steps of building, in order; each uses what the earlier ones made."""

    def __init__(self, config: Config, data_dir: Path, store: Store, plans: Callable[[], Plans]) -> None:
        self.config, self.data_dir, self.plans = config, data_dir, plans
        marked, self.marks = mark_store(store, config.hub.time_zone)
        self.clock, self.events = SystemClock(), Broadcast()
        self.store, self.findable = follow_store(marked, extract_terms, self.clock)
        self.forms = Forms([kind.address_form for kind in KINDS.values()])
        self.door, self.happenings = LateDoor(), Happenings()
        self.ready = False

    async def begin(self) -> None:
        """Become the store's hub; read the hub's own secrets."""
        self.started_at = self.clock.now()
        self.tenure = Tenure(self.store, self.clock)
        await self.tenure.begin()
        self.secret = await load_secret(self.store, "tokens", self.clock)
        self.signature = await load_secret(self.store, "signature", self.clock)
        self.audit, self.staff = Audit(self.store, self.clock), Staff(self.store)
        self.sharing = Sharing(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            secret=self.secret,
            base_url=self.config.http.public_url or f"http://{self.config.http.listen}",
        )

    def build_people(self) -> None:
        """Colleagues, channels, the parse worker."""
        self.users = Users(
            store=self.store, clock=self.clock, audit=self.audit, staff=self.staff, passwords=Passwords()
        )
        self.supervisor = Supervisor(
            context=self.context,
            inlet=lambda name: self.intake.inlet(name),
            events=self.events,
            clock=self.clock,
            alarm=lambda name, detail: self.notices.tell_outage(name, detail),
        )
        self.metrics = Metrics(store=self.store, accounts=self.supervisor, clock=self.clock)
        self.worker = ProcessParseWorker(self.parse_context)

    def context(self, name: str) -> ConnectorContext:
        """What a channel's connector is given."""
        return ConnectorContext(
            name=name,
            hostname=self.config.hub.hostname,
            clock=self.clock,
            data_dir=self.data_dir,
            max_message_bytes=self.config.intake.max_message_bytes,
            switchboard=self.exchange,
        )

    def parse_context(self, name: str) -> ParseContext:
        """What a parser must know of an account."""
        account = self.supervisor.get(name)
        return ParseContext(
            account=name,
            own_addresses=account.own_addresses if account else (),
            authserv_id=account.authserv_id if account else "",
            own_signature_key=self.signature,
        )

    def build_outbox(self) -> None:
        """Everything that leaves."""
        store, clock, accounts, zone = self.store, self.clock, self.supervisor, self.config.hub.time_zone
        self.entries = OutgoingEntries(
            store=store, events=self.events, terms=extract_terms, accounts=accounts, forms=self.forms
        )
        self.suppressions = Suppressions(store, clock)
        self.outbox = Outbox(
            store=store,
            clock=clock,
            events=self.events,
            audit=self.audit,
            entries=self.entries,
            suppressions=self.suppressions,
            lifetime=timedelta(hours=self.config.replies.give_up_hours),
        )
        self.checking = build_checking(self.config, store, clock)
        transmitter = Transmitter(
            store=store,
            clock=clock,
            accounts=accounts,
            outbox=self.outbox,
            entries=self.entries,
            suppressions=self.suppressions,
            epoch=self.tenure.epoch,
            signature_key=self.signature,
            observe=lambda outcome: self.metrics.note_attempt(outcome.value),
            find_infected=self.checking.find_infected,
        )
        self.dispatcher = Dispatcher(store=store, clock=clock, outbox=self.outbox, transmitter=transmitter)
        self.supervisor.on_change(self.dispatcher.link_changed)
        self.notices = Notices(
            store=store, clock=clock, accounts=accounts, outbox=self.outbox, staff=self.users.staff, time_zone=zone
        )
        self.outbox.tell_with(self.notices.tell_author)
        self.deliveries = Deliveries(store=store, clock=clock, outbox=self.outbox, suppressions=self.suppressions)

    def build_intake(self) -> None:
        """Everything that comes in."""
        self.intake = Intake(
            store=self.store,
            worker=self.worker,
            accounts=self.supervisor,
            forms=self.forms,
            events=self.events,
            teller=self.reception,
            door=self.door,
            deliveries=self.deliveries,
            report=self.supervisor.note,
            clock=self.clock,
            secret=self.secret,
            terms=extract_terms,
            max_message_bytes=self.config.intake.max_message_bytes,
            observe=self.metrics.note_arrival,
            facts=self.happenings,
            signals=self.happenings.signal,
            introduce=self.business.invites.introduce,
        )

    def build_verbs(self, file: Path) -> None:
        """What people and programs can do, and the bot that does it for them."""
        self.verbs = build_verbs(
            self.ground,
            self.business,
            config=self.config,
            configuration=LiveConfiguration(file, self.data_dir / "secrets", KINDS, self.apply_plans),
            intake=self.intake,
            users=self.users,
            documents=self.filed.documents,
            reports=self.reporting.reports,
            started_at=self.started_at,
            ready=lambda: self.ready,
        )

    async def apply_plans(self) -> None:
        """Make the running channels equal to the configuration file."""
        await self.supervisor.apply(self.plans().channels)

    def build_business(self) -> None:
        """Contacts, accounts, calendars, reminders, the desk."""
        hub = self.config.hub
        self.ground = ground = Ground(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            events=self.events,
            staff=self.staff,
            channels=self.supervisor,
            outbox=self.outbox,
            entries=self.entries,
            suppressions=self.suppressions,
            forms=self.forms,
            terms=extract_terms,
            findable=self.findable,
            worker=self.worker,
            secret=self.secret,
            sharing=self.sharing,
            hostname=hub.hostname,
            company=hub.company,
            time_zone=hub.time_zone,
            language=hub.language,
        )
        self.business = build_business(ground)
        self.renderer = make_renderer()
        self.filed = archive_for(
            self.config, ground, self.business, self.checking, self.renderer, self.metrics.note_purge
        )
        self.reporting = build_reporting(ground, self.business, self.marks)
        self.calls = build_calls(ground, self.business, self.happenings)
        self.happenings.act(self.business.sales)
        self.happenings.act(self.business.reachability)
        self.reception = build_reception(
            ground,
            self.business,
            self.notices,
            self.filed.overviews,
            make_bot=CustomerAssistant,
            rules=customer_bot_rules(self.config),
        )

    def note_ready(self, ready: bool) -> None:
        """The daemon says so."""
        self.ready = ready

    def build_bot(self) -> None:
        """The staff bot and its door."""
        bot = StaffBot(
            verbs=self.verbs,
            store=self.store,
            clock=self.clock,
            settings=StaffSettings(time_zone=self.config.hub.time_zone, translate=translate),
            proposer=make_proposer(self.config),
        )
        self.turns = Turns(
            store=self.store,
            users=self.users,
            bot=bot,
            accounts=self.supervisor,
            forms=self.forms,
            parsers={name: kind.parser for name, kind in KINDS.items()},
            outbox=self.outbox,
            clock=self.clock,
            company=self.config.hub.company,
        )
        self.door.real = self.turns
        self.exchange = build_exchange(self.ground, self.verbs, self.turns, self.users.staff, self.happenings)

    def make_site(self, health: Callable[[], Awaitable[Health]]) -> web.Application:
        """Console, API, and the door for other systems."""
        return build_site(
            config=self.config,
            verbs=self.verbs,
            events=self.events,
            door=self.turns,
            clock=self.clock,
            health=health,
            metrics=self.metrics.render,
            plant=build_demo(self).plant,
            sharing=self.sharing,
            guests=self.business.gatherings.guests,
            requests=self.filed.requests,
            overviews=self.filed.overviews,
            peers=Peers(accounts=self.supervisor, inlet=self.intake.inlet, audit=self.audit),
        )

    async def stop_workers(self) -> None:
        """Parsing and rendering."""
        await asyncio.gather(self.worker.close(), self.renderer.close())

    async def warm_up(self) -> None:
        """The bots' languages, once the start is over."""
        await self.clock.sleep(WARM_UP_AFTER)
        for step in warming_steps():
            await asyncio.to_thread(step)

    def finish(self) -> Parts:
        """The parts for the daemon."""
        listen = self.config.http.listen
        return Parts(
            data_dir=self.data_dir,
            store=self.store,
            clock=self.clock,
            tenure=self.tenure,
            users=self.users,
            audit=self.audit,
            supervisor=self.supervisor,
            intake=self.intake,
            dispatcher=self.dispatcher,
            turns=self.turns,
            reception=self.reception,
            reminding=self.business.reminding,
            repair=self.business.repair,
            counting=self.reporting.aggregation.run,
            indexing=self.business.index.run,
            metrics=self.metrics,
            note_ready=self.note_ready,
            worker_start=self.worker.start,
            warm_up=self.warm_up,
            worker_stop=self.stop_workers,
            documents=self.filed.tasks,
            site=self.make_site,
            http_host=listen.host,
            http_port=listen.port,
            smtp=first_listener(self.config),
            first_plans=Plans(channels=plan_channels(self.config)),
            reload=self.plans,
        )
