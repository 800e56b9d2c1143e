"""Testing an XMPP account step by step, for `fernamt channel test` and the console."""

import asyncio

from slixmpp.basexmpp import BaseXMPP

from connectors.xmpp.session import close_stream
from connectors.xmpp.settings import XmppSettings
from connectors.xmpp.stream import open_client, open_component, secure_context
from hub.domain.errors import Misconfigured
from hub.ports.connector import ProbeStep

PROBE_SECONDS = 20.0


async def probe_account(settings: XmppSettings) -> list[ProbeStep]:
    """Settings, then connection with TLS and sign-in. Never raises."""
    try:
        context = secure_context(settings)
    except Misconfigured as error:
        return [ProbeStep(title="Settings", ok=False, detail=error.sentence, fix="Correct the channel's settings.")]
    client = open_client(settings, context, resource="fernamt-test")
    outcome: asyncio.Future[ProbeStep] = asyncio.get_running_loop().create_future()
    where = f"{settings.host or settings.domain}:{settings.server_port}"
    _listen(client, settings.jid, where, outcome)
    client.connect(settings.host or None, settings.server_port if settings.host else None)
    try:
        last = await asyncio.wait_for(outcome, PROBE_SECONDS)
    except TimeoutError:
        last = ProbeStep(
            title="Connect", ok=False, detail=f"{where} does not answer.", fix="Check host, port and firewall."
        )
    finally:
        await close_stream(client)
    return [ProbeStep(title="Settings", ok=True), last]


async def probe_component(settings: XmppSettings, *, connected: bool) -> list[ProbeStep]:
    """Settings, then connection and secret. A server takes one stream of a component: while ours is up, that is the
    answer. Never raises."""
    try:
        context = secure_context(settings)
    except Misconfigured as error:
        return [ProbeStep(title="Settings", ok=False, detail=error.sentence, fix="Correct the channel's settings.")]
    if connected:
        return [ProbeStep(title="Settings", ok=True), ProbeStep(title="Sign in", ok=True, detail=settings.domain)]
    component = open_component(settings, context)
    outcome: asyncio.Future[ProbeStep] = asyncio.get_running_loop().create_future()
    where = f"{settings.host}:{settings.server_port}"
    _listen(component, settings.domain, where, outcome)
    refused = ProbeStep(
        title="Sign in",
        ok=False,
        detail="The server refuses the component.",
        fix="Check that the server's configuration has a component of this domain with this secret.",
    )

    def refuse(_: object) -> None:
        if not outcome.done():
            outcome.set_result(refused)

    component.add_event_handler("stream_error", refuse)
    component.connect(settings.host, settings.server_port)
    try:
        last = await asyncio.wait_for(outcome, PROBE_SECONDS)
    except TimeoutError:
        last = ProbeStep(
            title="Connect", ok=False, detail=f"{where} does not answer.", fix="Check host, port and firewall."
        )
    finally:
        await close_stream(component)
    return [ProbeStep(title="Settings", ok=True), last]


def _listen(client: BaseXMPP, jid: str, where: str, outcome: asyncio.Future[ProbeStep]) -> None:
    """The first event that tells something settles the outcome."""

    def settle(step: ProbeStep) -> None:
        if not outcome.done():
            outcome.set_result(step)

    rejected = ProbeStep(
        title="Sign in",
        ok=False,
        detail="The server refuses name or password.",
        fix="Check jid and password; the account must exist on the server.",
    )

    def distrust(error: object) -> None:
        fix = "Set ca_file to the server's certificate authority, or give the server a valid certificate."
        settle(ProbeStep(title="Certificate", ok=False, detail=str(error)[:200], fix=fix))

    def fail(error: object) -> None:
        fix = "Check host and port, and that the server runs and no firewall is between."
        settle(ProbeStep(title="Connect", ok=False, detail=f"{where}: {error}"[:200], fix=fix))

    client.add_event_handler("session_start", lambda _: settle(ProbeStep(title="Sign in", ok=True, detail=jid)))
    client.add_event_handler("failed_all_auth", lambda _: settle(rejected))
    client.add_event_handler("ssl_invalid_chain", distrust)
    client.add_event_handler("connection_failed", fail)
