"""Testing an email channel step by step, for `fernamt channel test` and the console."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from connectors.email.imap_session import ImapSession
from connectors.email.listener import Listener
from connectors.email.settings import EmailSettings
from connectors.email.submission import Submission
from hub.domain.arrival import Arrival
from hub.domain.errors import AuthRejected, LinkError, Misconfigured, StoreUnavailable
from hub.domain.ids import ArrivalId
from hub.domain.signal import Signal
from hub.ports.connector import ConnectorContext, DeliveryUpdate, LinkState, ProbeStep

PROBE_SECONDS = 28.0
_FIX_NAME = "Check the host name in the settings, and this machine's DNS."
_FIX_CONNECT = "Check host, port and tls, that the server runs, and that no firewall is between."
_FIX_SIGN_IN = "Check user and password; the provider may want a password for applications."
_FIX_SETTINGS = "Correct the channel's settings as the sentence says."
_FIX_FOLDER = "Correct folders and sent_folder; names are those that a mail program shows."
_FIX_LISTEN = "Stop the program that has the port, or choose another address to listen on."


class _Failed(Exception):
    """The last step says why."""


class _Probe:
    """The steps so far. `step` stops the probe at the first that fails."""

    def __init__(self) -> None:
        self.steps: list[ProbeStep] = []

    async def step(self, title: str, work: Callable[[], Awaitable[str]], fix: str) -> None:
        try:
            detail = await work()
        except (LinkError, OSError) as error:
            sentence = error.sentence if isinstance(error, LinkError) else str(error)
            if isinstance(error, AuthRejected):
                fix = _FIX_SIGN_IN
            elif isinstance(error, Misconfigured):
                fix = fix if fix == _FIX_FOLDER else _FIX_SETTINGS
            self.steps.append(ProbeStep(title=title, ok=False, detail=sentence[:300], fix=fix))
            raise _Failed from error
        self.steps.append(ProbeStep(title=title, ok=True, detail=detail[:300]))


async def probe_channel(settings: EmailSettings, context: ConnectorContext, *, listening: bool) -> list[ProbeStep]:
    """Every configured part in turn; ends at the first step that fails. Never raises."""
    probe = _Probe()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            with contextlib.suppress(_Failed):
                await _probe_listener(probe, settings, context, listening)
                await _probe_mailbox(probe, settings)
                await _probe_submission(probe, settings, context)
    except TimeoutError:
        probe.steps.append(
            ProbeStep(title="Answer in time", ok=False, detail="No answer within 28 seconds.", fix=_FIX_CONNECT)
        )
    return probe.steps


async def _probe_listener(probe: _Probe, settings: EmailSettings, context: ConnectorContext, listening: bool) -> None:
    if not (settings.listen or settings.lmtp):
        return

    async def listen() -> str:
        if listening:
            return "Mail is being taken in."
        listener = Listener(settings, context, _ClosedInlet())
        places = await listener.open()
        await listener.close()
        return ", ".join(places)

    await probe.step("Listen for mail", listen, _FIX_LISTEN)


async def _probe_mailbox(probe: _Probe, settings: EmailSettings) -> None:
    if settings.imap is None:
        return
    imap = settings.imap
    session = ImapSession(imap)

    async def connect() -> str:
        await session.connect()
        return f"{session.where}, TLS: {imap.tls.value}"

    async def sign_in() -> str:
        await session.sign_in()
        return imap.user

    async def folders() -> str:
        names = list(imap.folders)
        sent = await session.sent_folder() if imap.sent_folder == "auto" else imap.sent_folder
        for name in [*names, *([sent] if sent else [])]:
            await session.examine(name)
        idle = "tells of new mail at once (IDLE)" if session.can_idle else f"is asked every {imap.poll_seconds} s"
        return f"{', '.join(names)}; sent mail: {sent or 'not read'}; the server {idle}"

    try:
        await probe.step("Find the mailbox's server", lambda: _resolve(imap.host, imap.effective_port), _FIX_NAME)
        await probe.step("Connect to the mailbox", connect, _FIX_CONNECT)
        await probe.step("Sign in to the mailbox", sign_in, _FIX_SIGN_IN)
        await probe.step("Open the folders", folders, _FIX_FOLDER)
    finally:
        session.drop()


async def _probe_submission(probe: _Probe, settings: EmailSettings, context: ConnectorContext) -> None:
    if settings.submission is None:
        return
    server = settings.submission
    submission = Submission(server, settings, context.hostname)

    async def connect() -> str:
        client = await submission.connect()
        client.close()
        return f"{submission.where}, TLS: {server.tls.value}"

    async def sign_in() -> str:
        await submission.check()
        return server.user or "without a password"

    await probe.step("Find the server for sending", lambda: _resolve(server.host, server.effective_port), _FIX_NAME)
    await probe.step("Connect to the server for sending", connect, _FIX_CONNECT)
    await probe.step("Sign in for sending", sign_in, _FIX_SIGN_IN)


async def _resolve(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found[:4]))


class _ClosedInlet:
    """For the moment in which a probe listens: whoever comes is told to come again."""

    async def accept(self, arrival: Arrival) -> ArrivalId:
        raise StoreUnavailable("The channel is only being tested.")

    async def delivered(self, update: DeliveryUpdate) -> None:
        return

    async def load_cursor(self, stream: str) -> bytes | None:
        return None

    async def save_cursor(self, stream: str, value: bytes) -> None:
        return

    async def signal(self, signal: Signal) -> None:
        return

    def report(self, state: LinkState, detail: str = "") -> None:
        return
