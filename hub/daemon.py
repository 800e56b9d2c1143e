"""The life of a running hub: start in order, watch every task, reload on SIGHUP, stop in order.

Start: colleagues -> parse worker -> intake, dispatcher, upkeep -> channels -> console and API -> READY.
Stop: STOPPING -> channels (no new arrivals) -> console -> what is being answered -> the tasks -> the store last.
What is cut off then is found again at the next start. A task that ends by itself is an event: the hub stops with
exit code 1, and the service manager starts it again.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from hub.banner import show_banner
from hub.domain.errors import FernamtError, StoreUnavailable
from hub.domain.people import system_actor
from hub.metrics import Metrics
from hub.ports.clock import Clock
from hub.ports.connector import LinkState
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.customers.reception import Reception
from hub.services.dispatch import Dispatcher
from hub.services.intake import Intake
from hub.services.reminding import Reminding
from hub.services.supervise import ChannelPlan, Supervisor
from hub.services.turns import Turns
from hub.services.users import Users
from hub.tenure import Tenure
from hub.watchdog import Watchdog, notify
from hub.web.server import WebServer
from hub.web.site import Health

log = structlog.get_logger()
ADDRESS_FILE, TOKEN_FILE = "hub.json", "token"
FIRST_LINKS_SECONDS = 3.0
DRAIN_SECONDS = 10.0
METRIC_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """What a configuration asks for and can change while the hub runs."""

    channels: Mapping[str, ChannelPlan]
    restart_needed: tuple[str, ...] = ()
    """Tables that changed but take effect at the next start only."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything that runs; made by hub.app."""

    data_dir: Path
    store: Store
    clock: Clock
    tenure: Tenure
    users: Users
    audit: Audit
    supervisor: Supervisor
    intake: Intake
    dispatcher: Dispatcher
    turns: Turns
    reception: Reception
    reminding: Reminding
    documents: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
    """What runs for documents, by name: following the entries, reading the files, purging what was removed."""
    repair: Callable[[], Coroutine[Any, Any, int]]
    """Mends what a crash left of the accounts' summaries."""
    counting: Callable[[], Coroutine[Any, Any, None]]
    """Counts for the reports, until cancelled."""
    indexing: Callable[[], Coroutine[Any, Any, None]]
    """Fills the search index of an older store anew, until cancelled."""
    metrics: Metrics
    note_ready: Callable[[bool], None]
    worker_start: Callable[[], Coroutine[Any, Any, None]]
    warm_up: Callable[[], Coroutine[Any, Any, None]]
    """Makes ready what the first question would wait for."""
    worker_stop: Callable[[], Awaitable[None]]
    site: Callable[[Callable[[], Awaitable[Health]]], web.Application]
    http_host: str
    http_port: int
    smtp: str
    """Where the first mail channel listens, for the banner."""
    first_plans: Plans
    reload: Callable[[], Plans]
    """Reads the configuration again; raises FernamtError where it is bad."""
    tasks: dict[str, asyncio.Task[Any]] = field(default_factory=dict)


class Daemon:
    """Runs the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._watchdog = Watchdog(parts.clock)
        self._web = WebServer(parts.site(self.health), parts.http_host, parts.http_port)
        self._stop = asyncio.Event()
        self._ready = False
        self._failed: BaseException | None = None
        self._recovering: asyncio.Task[Any] | None = None
        self._reloads: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until `stop` is called or a task fails; raises what failed."""
        try:
            await self._start()
            await self._stop.wait()
        finally:
            await self._end()
        if self._failed is not None:
            raise self._failed

    def obey_signals(self) -> None:
        """SIGTERM and SIGINT stop it, SIGHUP makes it read its configuration again."""
        loop = asyncio.get_running_loop()

        def start_reload() -> None:
            task = asyncio.create_task(self.reload(), name="reload")
            self._reloads.add(task)
            task.add_done_callback(self._reloads.discard)

        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self.stop)
        loop.add_signal_handler(signal.SIGHUP, start_reload)

    def stop(self) -> None:
        """Ask it to end (SIGTERM, SIGINT)."""
        self._stop.set()

    # Starting

    async def _start(self) -> None:
        parts = self._parts
        await parts.users.load()
        password = await parts.users.ensure_admin()
        token = await parts.users.ensure_local_token()
        await self._web.start()
        self._run("intake", parts.intake.run())
        self._run("dispatch", parts.dispatcher.run())
        self._run("audit", parts.audit.run())
        self._run("users", parts.users.run())
        self._run("reception", parts.reception.run())
        self._run("reminding", parts.reminding.run())
        for name, run in parts.documents.items():
            self._run(f"documents-{name}", run())
        self._run("reports", parts.counting())
        self._run("search-index", parts.indexing())
        self._run("tenure", parts.tenure.run())
        self._run("watchdog", self._watchdog.run())
        self._run("metrics", self._measure())
        parts.supervisor.on_change(self._link_changed)
        await parts.supervisor.apply(parts.first_plans.channels)
        self._write_place(token)
        self._ready = True
        parts.note_ready(True)
        notify("READY=1")
        log.info("hub_ready", engine=parts.store.engine, port=self._web.port)
        # The first message need not wait for the worker's process; being ready need not either.
        parts.tasks["repair"] = asyncio.create_task(parts.repair(), name="repair")
        parts.tasks["warm-up"] = asyncio.create_task(parts.warm_up(), name="warm-up")
        parts.tasks["worker-start"] = asyncio.create_task(parts.worker_start(), name="worker-start")
        await self._first_links()
        self._greet(password)

    def _run(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work, name=name)
        self._parts.tasks[name] = task
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or self._stop.is_set():
            return
        self._failed = task.exception() or FernamtError(f"The task {task.get_name()} ended by itself.")
        log.critical("task_ended", task=task.get_name(), exc_info=self._failed)
        self._stop.set()

    async def _first_links(self) -> None:
        """Give the channels a moment, so that the banner tells how they are."""
        parts = self._parts
        waited = 0.0
        while waited < FIRST_LINKS_SECONDS:
            states = [parts.supervisor.link(account.name)[0] for account in parts.supervisor.all()]
            if all(state in (LinkState.UP, LinkState.PARKED) for state in states):
                return
            await parts.clock.sleep(0.05)
            waited += 0.05

    def _write_place(self, token: str) -> None:
        """Tell client commands where we are; both files are for the hub's own user only."""
        host = self._parts.http_host
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
        shown = f"[{reachable}]" if ":" in reachable else reachable
        place = {"api": f"http://{shown}:{self._web.port}", "pid": os.getpid()}
        for name, text in ((TOKEN_FILE, token + "\n"), (ADDRESS_FILE, json.dumps(place) + "\n")):
            path = self._parts.data_dir / name
            fresh = path.with_suffix(".new")
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            fresh.replace(path)

    def _greet(self, password: str | None) -> None:
        parts = self._parts
        place = json.loads((parts.data_dir / ADDRESS_FILE).read_text("utf-8"))
        channels = [
            (account.name, account.kind, *parts.supervisor.link(account.name)[:2]) for account in parts.supervisor.all()
        ]
        text = show_banner(
            console=place["api"], data=str(parts.data_dir), channels=channels, smtp=parts.smtp, password=password
        )
        print(text, flush=True)  # noqa: T201 - the one thing that a person reads on the terminal

    def _link_changed(self, name: str, state: LinkState) -> None:
        account = self._parts.supervisor.get(name)
        if state is not LinkState.UP or account is None or not account.carries_staff or self._stop.is_set():
            return
        if self._recovering is None or self._recovering.done():
            self._recovering = asyncio.create_task(self._recover_turns(), name="turns-recover")

    async def _recover_turns(self) -> None:
        try:
            count = await self._parts.turns.recover()
        except StoreUnavailable as error:
            log.warning("turns_not_recovered", code=error.code)
            return
        if count:
            log.info("turns_recovered", count=count)

    async def _measure(self) -> None:
        while True:
            self._parts.metrics.note_lag(self._watchdog.lag)
            try:
                await self._parts.metrics.refresh()
            except StoreUnavailable as error:
                log.debug("metrics_not_refreshed", code=error.code)
            await self._parts.clock.sleep(METRIC_SECONDS)

    async def health(self) -> Health:
        """For /healthz and /readyz: ready means that a write would succeed now."""
        problems: list[str] = []
        try:
            await asyncio.wait_for(self._parts.store.ping(), 5)
        except (StoreUnavailable, TimeoutError):
            problems.append("the store does not take writes")
        if not self._ready or self._stop.is_set():
            problems.append("starting or stopping")
        return Health(alive=self._failed is None, ready=not problems, problems=tuple(problems))

    # Reloading

    async def reload(self) -> None:
        """SIGHUP: only what changed restarts; a bad edit keeps what runs."""
        notify("RELOADING=1")
        try:
            plans = self._parts.reload()
        except FernamtError as error:
            log.error("reload_refused", code=error.code, problems=error.sentence)
        else:
            changed = await self._parts.supervisor.apply(plans.channels)
            log.info("reloaded", restarted=changed, next_start=list(plans.restart_needed))
            actor = system_actor("reload")
            await self._parts.audit.record(actor, "channels.reload", detail=", ".join(changed))
        notify("READY=1")

    # Stopping

    async def _end(self) -> None:
        notify("STOPPING=1")
        parts = self._parts
        self._ready = False
        parts.note_ready(False)
        await parts.supervisor.end_intake()
        await self._web.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(parts.turns.drain(), DRAIN_SECONDS)
        for task in parts.tasks.values():
            task.cancel()
        await asyncio.gather(*parts.tasks.values(), return_exceptions=True)
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.gather(self._recovering, return_exceptions=True)
        try:
            await parts.audit.flush()
        except StoreUnavailable as error:
            log.warning("audit_not_flushed", code=error.code)
        await parts.worker_stop()
        await parts.supervisor.stop()
        (parts.data_dir / ADDRESS_FILE).unlink(missing_ok=True)
        await parts.tenure.end()
        await parts.store.close()
        log.info("hub_stopped")
