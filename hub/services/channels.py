"""Channels: how each link is, what came through it, and whether it works."""

import asyncio
from collections.abc import Mapping

from hub.domain.arrival import ArrivalState
from hub.domain.errors import Conflict, NotFound
from hub.domain.people import Actor, Right
from hub.domain.views import ChannelLine
from hub.ports.configuration import Configuration, KindLine
from hub.ports.connector import Account, Accounts, LinkState, Probes, ProbeStep
from hub.ports.kinds import ARRIVALS
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.deep_links import STAFF_PAYLOAD, find_links

EXACT = 1_000_000_000
"""No cap: seen = done + duplicates + quarantined + pending must come out exactly (AC-06)."""


class Channels:
    """Implements hub.ports.verbs.ChannelVerbs."""

    def __init__(self, *, store: Store, audit: Audit, accounts: Accounts, configuration: Configuration) -> None:
        self._arrivals = store.documents(ARRIVALS)
        self._audit, self._accounts, self._configuration = audit, accounts, configuration

    async def all(self, actor: Actor) -> list[ChannelLine]:
        """In the order of the configuration."""
        self._audit.permit(actor, Right.READ_STATUS, "channels.all")
        return await self.lines()

    async def probe(self, actor: Actor, name: str) -> list[ProbeStep]:
        """Try the channel step by step. Raises NotFound."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "channels.probe", name)
        account = self._accounts.get(name)
        if account is None:
            known = ", ".join(sorted(account.name for account in self._accounts.all())) or "none"
            raise NotFound(f'There is no channel "{name[:60]}"; configured: {known}.')
        connector: object = self._accounts.connector(name)
        steps = await connector.probe() if isinstance(connector, Probes) else [self._link_step(name)]
        outcome = "ok" if all(step.ok for step in steps) else "failed"
        await self._audit.record(actor, "channels.probe", name, outcome)
        return steps

    async def links(self, actor: Actor, code: str) -> tuple[tuple[str, str], ...]:
        """See ChannelVerbs."""
        self._audit.permit_oneself(actor, "channels.links", writes=False)
        return find_links(self._accounts, f"{STAFF_PAYLOAD}{code}", staff=True)

    async def kinds(self, actor: Actor) -> list[KindLine]:
        """What can be configured, and what each kind asks for."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "channels.kinds")
        await self._audit.seen(actor, "channels.kinds")
        return self._configuration.kinds()

    async def configure(self, actor: Actor, name: str, kind: str, values: Mapping[str, str]) -> list[ProbeStep]:
        """Add the channel, or configure it anew, and try it. Raises ConfigurationInvalid (nothing has changed then),
        NotFound for an unknown kind, Conflict where the name belongs to a channel of another kind."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "channels.configure", name)
        present = self._accounts.get(name)
        if present is not None and present.kind != kind:
            raise Conflict(f'There is a channel "{name}" of another kind already; choose another name.', field="name")
        await self._configuration.put_channel(name, kind, values)
        await self._audit.record(actor, "channels.configure", name, detail=kind)
        return await self.probe(actor, name)

    async def remove(self, actor: Actor, name: str) -> None:
        """Take the channel out of the configuration; what it brought stays. Raises ConfigurationInvalid."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "channels.remove", name)
        await self._configuration.remove_channel(name)
        await self._audit.record(actor, "channels.remove", name)

    async def lines(self) -> list[ChannelLine]:
        """For verbs that have checked the right."""
        return list(await asyncio.gather(*(self._line(account) for account in self._accounts.all())))

    async def _line(self, account: Account) -> ChannelLine:
        done, duplicates, quarantined, pending = await asyncio.gather(
            *(
                self._arrivals.count("by_account", account.name, state, cap=EXACT)
                for state in (ArrivalState.DONE, ArrivalState.DUPLICATE, ArrivalState.QUARANTINED, ArrivalState.NEW)
            )
        )
        state, detail, since = self._accounts.link(account.name)
        return ChannelLine(
            name=account.name,
            kind=account.kind,
            state=state.value,
            detail=detail,
            since=since,
            can_send=account.can_send,
            addresses=account.own_addresses,
            seen=done + duplicates + quarantined + pending,
            done=done,
            duplicates=duplicates,
            quarantined=quarantined,
            pending=pending,
        )

    def _link_step(self, name: str) -> ProbeStep:
        """All that can be said of a channel without a test of its own."""
        state, detail, _ = self._accounts.link(name)
        return ProbeStep(title="The link is up", ok=state is LinkState.UP, detail=detail or state.value)
