"""The supervisor: one task for each configured channel, back-off, and the state of every link.

Connectors never reconnect by themselves. `run` that raises Unreachable is tried again after full-jitter back-off, which
starts over once a session has lasted a minute; AuthRejected and Misconfigured park the channel, to be tried again every
hour or on reload. A break is said once, and once when it heals: short losses (under `DEBOUNCE`) are nobody's news.
An outage that lasts longer than `ALARM_AFTER` is handed to `alarm`, which tells the admins through another channel.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from hub.domain.errors import AuthRejected, LinkError, Misconfigured
from hub.ports.clock import Clock
from hub.ports.connector import Account, ChannelKind, Connector, ConnectorContext, Inlet, LinkState
from hub.ports.events import Event, Events, Topic

log = structlog.get_logger()
FIRST_DELAY, LONGEST_DELAY = 1.0, 300.0
STEADY_AFTER = 60.0
PARKED_FOR = 3600.0
ALARM_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """One channel as configured: equal plans need no restart."""

    name: str
    kind: ChannelKind
    settings: Any


@dataclass(slots=True, kw_only=True)
class _Link:
    plan: ChannelPlan
    account: Account
    connector: Connector
    task: asyncio.Task[None] | None = None
    state: LinkState = LinkState.DOWN
    detail: str = ""
    since: datetime | None = None
    down_since: datetime | None = None
    alarmed: bool = False
    watch: asyncio.Task[None] | None = None
    kick: asyncio.Event = field(default_factory=asyncio.Event)


def describe_account(plan: ChannelPlan) -> Account:
    """What services may know of a configured channel."""
    kind, settings = plan.kind, plan.settings
    return Account(
        name=plan.name,
        kind=kind.name,
        channel=kind.address_form.name,
        own_addresses=tuple(kind.own_addresses(settings)),
        can_send=kind.can_send(settings),
        on_repeat=kind.on_repeat_of(settings) if kind.on_repeat_of else kind.on_repeat,
        message_domain=kind.message_domain(settings),
        sender_address=kind.sender_address(settings),
        carries_staff=kind.carries_staff(settings),
        speaks_as_contacts=kind.speaks_as_contacts(settings),
        strangers=kind.strangers(settings),
        authserv_id=kind.authserv_id(settings),
        max_file_bytes=kind.max_file_bytes(settings),
        lines=tuple(kind.lines(settings)),
    )


class Supervisor:
    """Runs the channels. Implements `Accounts`."""

    def __init__(
        self,
        *,
        context: Callable[[str], ConnectorContext],
        inlet: Callable[[str], Inlet],
        events: Events,
        clock: Clock,
        alarm: Callable[[str, str], Awaitable[None]] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._context, self._inlet = context, inlet
        self._events, self._clock, self._alarm, self._jitter = events, clock, alarm, jitter
        self._links: dict[str, _Link] = {}
        self._listeners: list[Callable[[str, LinkState], None]] = []

    # Accounts

    def get(self, name: str) -> Account | None:
        """The account, or None where no such channel is configured (any more)."""
        link = self._links.get(name)
        return link.account if link else None

    def all(self) -> list[Account]:
        """All accounts, in the order of the configuration."""
        return [link.account for link in self._links.values()]

    def connector(self, name: str) -> Connector | None:
        """The running connector of the channel."""
        link = self._links.get(name)
        return link.connector if link else None

    def link(self, name: str) -> tuple[LinkState, str, datetime | None]:
        """State, detail, since when."""
        link = self._links.get(name)
        return (link.state, link.detail, link.since) if link else (LinkState.DOWN, "not configured", None)

    def on_change(self, listener: Callable[[str, LinkState], None]) -> None:
        """Call `listener(name, state)` at every change; the dispatcher wakes up by it."""
        self._listeners.append(listener)

    # Running

    async def apply(self, plans: Mapping[str, ChannelPlan]) -> list[str]:
        """Make the running channels equal to the plans: only what changed restarts. Returns the names that did."""
        changed = [name for name, link in self._links.items() if plans.get(name) != link.plan]
        for name in changed:
            await self._end(self._links.pop(name))
        fresh = [name for name in plans if name not in self._links]
        for name in fresh:
            self._links[name] = self._begin(plans[name])
        self._links = {name: self._links[name] for name in plans}
        return sorted({*changed, *fresh})

    async def stop(self) -> None:
        """End all channels."""
        links, self._links = list(self._links.values()), {}
        await asyncio.gather(*(self._end(link) for link in links))

    async def end_intake(self) -> None:
        """End the running sessions but keep the accounts known (shutdown: no new arrivals)."""
        await asyncio.gather(*(self._end(link) for link in self._links.values()))

    def retry_now(self, name: str) -> None:
        """Do not wait for the back-off."""
        link = self._links.get(name)
        if link:
            link.kick.set()

    def _begin(self, plan: ChannelPlan) -> _Link:
        connector = plan.kind.connect(plan.settings, self._context(plan.name))
        link = _Link(plan=plan, account=describe_account(plan), connector=connector, since=self._clock.now())
        link.task = asyncio.create_task(self._keep(link), name=f"channel:{plan.name}")
        return link

    async def _end(self, link: _Link) -> None:
        if link.watch is not None:
            link.watch.cancel()
        if link.task is None:
            return
        link.task.cancel()
        await asyncio.gather(link.task, return_exceptions=True)
        link.task = None
        link.state = LinkState.DOWN

    async def _keep(self, link: _Link) -> None:
        failures = 0
        while True:
            started = self._clock.monotonic()
            error = await self._run_once(link)
            failures = 0 if self._clock.monotonic() - started >= STEADY_AFTER else failures + 1
            parked = isinstance(error, AuthRejected | Misconfigured)
            self.note(link.plan.name, LinkState.PARKED if parked else LinkState.DOWN, error.sentence)
            await self._alarm_if_long(link)
            await self._pause(link, PARKED_FOR if parked else self._delay(failures))

    def _delay(self, failures: int) -> float:
        # Full jitter, with a floor so that a peer that accepts and drops is not hammered.
        return float(max(0.2, self._jitter() * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures, 12))))

    async def _run_once(self, link: _Link) -> LinkError:
        try:
            await link.connector.run(_StatefulInlet(self._inlet(link.plan.name), self, link.plan.name))
        except LinkError as error:
            return error
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # A fault of ours in one channel must not end the others: it is logged whole and the channel starts again.
            log.exception("channel_failed", channel=link.plan.name)
            return LinkError(f"An unexpected fault ended the channel ({type(error).__name__}); see the log.")
        return LinkError("The channel ended without saying why.")

    async def _pause(self, link: _Link, seconds: float) -> None:
        link.kick.clear()
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        kick = asyncio.ensure_future(link.kick.wait())
        try:
            await asyncio.wait({sleep, kick}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            kick.cancel()

    async def _alarm_if_long(self, link: _Link) -> None:
        if link.down_since is None or link.alarmed or self._alarm is None:
            return
        parked = link.state is LinkState.PARKED
        if parked or self._clock.now() - link.down_since >= ALARM_AFTER:
            link.alarmed = True
            await self._alarm(link.plan.name, link.detail)

    def report(self, name: str, state: LinkState, detail: str) -> None:
        """What a running connector says of itself. A channel of several parts runs on while one of them is broken; the
        alarm about it must not wait for the run to end."""
        self.note(name, state, detail)
        link = self._links.get(name)
        if link is not None and link.down_since is not None and (link.watch is None or link.watch.done()):
            link.watch = asyncio.create_task(self._alarm_in_time(link), name=f"outage:{name}")

    async def _alarm_in_time(self, link: _Link) -> None:
        while link.down_since is not None and link.state is not LinkState.PARKED:
            left = (link.down_since + ALARM_AFTER - self._clock.now()).total_seconds()
            if left <= 0:
                break
            await self._clock.sleep(left)
        await self._alarm_if_long(link)

    def note(self, name: str, state: LinkState, detail: str = "") -> None:
        """Record a link's state; publish and log it where it changed."""
        link = self._links.get(name)
        if link is None or (link.state is state and link.detail == detail):
            return
        changed = link.state is not state
        link.state, link.detail = state, detail
        now = self._clock.now()
        if state in (LinkState.DOWN, LinkState.PARKED) and link.down_since is None:
            link.down_since = now
            log.warning("link_down", channel=name, detail=detail, state=state.value)
        if not changed:
            return
        link.since = now
        if state is LinkState.UP:
            log.info("link_up", channel=name, detail=detail)
            link.down_since, link.alarmed = None, False
        self._events.publish(Event(topic=Topic.CHANNEL, id=name, state=state.value))
        for listener in self._listeners:
            listener(name, state)


class _StatefulInlet:
    """The inlet of one channel whose reports go to the supervisor."""

    def __init__(self, inner: Inlet, supervisor: Supervisor, name: str) -> None:
        self._supervisor, self._name = supervisor, name
        self.accept = inner.accept
        self.delivered = inner.delivered
        self.load_cursor = inner.load_cursor
        self.save_cursor = inner.save_cursor
        self.signal = inner.signal

    def report(self, state: LinkState, detail: str = "") -> None:
        self._supervisor.report(self._name, state, detail)
