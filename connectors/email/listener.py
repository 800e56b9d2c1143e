"""The listener: takes mail in by SMTP and LMTP, and says 250 only when the message is kept.

A message becomes an arrival under SHA-256 over envelope and raw bytes (we add no trace headers of our own), so that a
peer which did not hear our 250 and sends again changes nothing. The store being away is a temporary refusal: the
sender keeps the mail.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import socket
import ssl
import stat
from pathlib import Path

import structlog

from config.fields import HostPort
from connectors.email.settings import EmailSettings, is_own, own_patterns
from connectors.email.smtp_session import BusyProtocol, LmtpSession, ReceivedMail, SmtpSession
from hub.domain.arrival import Arrival
from hub.domain.errors import Invalid, Misconfigured, StoreUnavailable, Unreachable
from hub.domain.message import Envelope
from hub.ports.connector import ConnectorContext, Inlet

log = structlog.get_logger()
_GRACE_SECONDS = 3.0


class Listener:
    """The sockets of one channel. `open` before `close`; `close` is idempotent."""

    def __init__(self, settings: EmailSettings, context: ConnectorContext, inlet: Inlet) -> None:
        self._settings = settings
        self._context = context
        self._inlet = inlet
        self._own = own_patterns(settings)
        self._limit = settings.max_message_bytes or context.max_message_bytes
        self._servers: list[asyncio.Server] = []
        self._sessions: set[SmtpSession] = set()

    # Reception, for the sessions

    @property
    def max_recipients(self) -> int:
        return self._settings.max_recipients

    def refuses(self, recipient: str) -> bool:
        """Only where the settings ask for it: otherwise intake routes, or quarantines."""
        return self._settings.refuse_unknown and not is_own(recipient, self._own)

    def opened(self, session: SmtpSession) -> None:
        self._sessions.add(session)

    def closed(self, session: SmtpSession) -> None:
        self._sessions.discard(session)

    async def receive(self, mail: ReceivedMail) -> str:
        """Keep it, then acknowledge."""
        try:
            arrival = self._arrival(mail)
            await self._inlet.accept(arrival)
        except StoreUnavailable as error:
            log.warning("mail_refused_for_now", channel=self._context.name, code=error.code)
            return "451 4.3.0 Cannot be stored now, please try again later"
        except Invalid as error:
            log.warning("mail_refused", channel=self._context.name, code=error.code, **error.fields)
            return "554 5.6.0 Message cannot be accepted"
        except Exception:
            # Any fault of ours: logged whole, told to nobody outside, and the sender keeps the mail.
            log.exception("mail_not_kept", channel=self._context.name)
            return "451 4.3.0 Temporary failure, please try again later"
        return f"250 2.0.0 OK {arrival.id}"

    def _arrival(self, mail: ReceivedMail) -> Arrival:
        return Arrival(
            account=self._context.name,
            native_id=native_id(mail),
            raw=mail.raw,
            envelope=Envelope(sender=mail.sender, recipients=mail.recipients, client=mail.client, tls=mail.tls),
            received_at=self._context.clock.now(),
            sender_hint=mail.sender.lower(),
        )

    # Sockets

    async def open(self) -> list[str]:
        """Listen; where, in words. Raises Misconfigured or Unreachable, with nothing left open."""
        context = _server_context(self._settings)
        places: list[str] = []
        try:
            for name, place, kind in (
                ("SMTP", self._settings.listen, SmtpSession),
                ("LMTP", self._settings.lmtp, LmtpSession),
            ):
                if place is not None:
                    server = await self._listen(place, kind, context)
                    self._servers.append(server)
                    places.append(f"{name} on {_bound(place, server)}")
        except OSError as error:
            await self.close()
            raise _listen_error(error) from error
        return places

    @property
    def ports(self) -> list[int]:
        """The TCP ports that are bound, in the order SMTP, LMTP."""
        names = [server.sockets[0].getsockname() for server in self._servers]
        return [name[1] for name in names if isinstance(name, tuple)]

    async def close(self) -> None:
        """Take no new connection, let messages that are being kept finish for a moment, then hang up."""
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            if not session.busy:
                session.dismiss("421 4.3.2 Closing for maintenance")
        busy = [session.finished() for session in self._sessions if session.busy]
        if busy:
            await asyncio.wait(busy, timeout=_GRACE_SECONDS)
        for session in list(self._sessions):
            session.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        if self._settings.lmtp and self._settings.lmtp.is_unix:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._settings.lmtp.path)

    async def _listen(self, place: HostPort, kind: type[SmtpSession], context: ssl.SSLContext | None) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def session() -> asyncio.Protocol:
            if len(self._sessions) >= self._settings.max_connections:
                log.warning("too_many_connections", channel=self._context.name)
                return BusyProtocol()
            return kind(
                self,
                hostname=self._context.hostname,
                ident="Fernamt",
                loop=loop,
                data_size_limit=self._limit,
                tls_context=context,
            )

        if not place.is_unix:
            return await loop.create_server(session, place.host, place.port, backlog=128)
        await _remove_stale_socket(place.path)
        server = await loop.create_unix_server(session, place.path)
        # The mail server runs as another user; the directory decides who reaches the socket.
        os.chmod(place.path, 0o666)  # noqa: S103
        return server


def native_id(mail: ReceivedMail) -> str:
    """SHA-256 over envelope and raw: two deliveries of identical bytes under one envelope are one."""
    digest = hashlib.sha256()
    for part in (mail.sender, *sorted(mail.recipients)):
        data = part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(4, "big") + data)
    digest.update(b"\x00\x00\x00\x00")
    digest.update(mail.raw)
    return digest.hexdigest()


def _server_context(settings: EmailSettings) -> ssl.SSLContext | None:
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"The certificate {settings.tls_certificate} or its key {settings.tls_key} cannot be used ({error}): "
            "check both paths, their rights, and that they belong together."
        ) from error
    return context


async def _remove_stale_socket(path: str) -> None:
    """A socket that nobody listens on is left over from a crash; one that answers belongs to somebody."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if not Path(path).parent.is_dir():
            raise Misconfigured(f"The directory of the socket {path} does not exist: create it.") from None
        return
    if not stat.S_ISSOCK(mode):
        raise Misconfigured(f"{path} is no socket: choose another path for lmtp.")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        if probe.connect_ex(path) == 0:
            raise Unreachable(f"Another program listens on {path}: stop it, or choose another path for lmtp.")
    os.unlink(path)


def _bound(place: HostPort, server: asyncio.Server) -> str:
    name = server.sockets[0].getsockname()
    return str(HostPort(host=name[0], port=name[1])) if isinstance(name, tuple) else str(place)


def _listen_error(error: OSError) -> Misconfigured | Unreachable:
    if error.errno == errno.EADDRINUSE:
        return Unreachable(f"The port is in use ({error.strerror}): stop the other program, or choose another port.")
    return Misconfigured(f"Cannot listen for mail: {error.strerror or error}. Check the address and the rights to it.")
