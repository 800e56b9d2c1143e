"""Sending through the submission server: one message, one recipient, one outcome that is certain or said not to be.

Until the first byte of the message leaves, every failure is certain: nothing was sent. From then until the server's
answer a broken connection or a time-out is an unknown outcome. Connections are kept for a few seconds, because replies
come in bursts.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiosmtplib
import structlog
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings

from config.fields import TlsMode
from connectors.email.address import wire_form
from connectors.email.client_tls import certificate_problem, client_context
from connectors.email.compose import compose_mail
from connectors.email.settings import EmailSettings, SubmissionSettings
from hub.domain.errors import (
    AuthRejected,
    Invalid,
    LinkError,
    Misconfigured,
    PermanentFailure,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)
from hub.domain.outbox import Purpose
from hub.ports.connector import Parcel, Receipt

log = structlog.get_logger()
E = TypeVar("E", bound=BaseException)
KEEP_SECONDS = 15.0
_ATTEMPT_SECONDS = 55.0
"""Below the dispatcher's deadline, so that it is we who say how far an attempt got."""
_NO_AUTH = frozenset({530, 534, 535, 538})
"""RFC 4954 §6: the server wants a sign-in, another one, or TLS first. Ours to mend, not the recipient's fault."""


@dataclass(slots=True)
class _Progress:
    """How far an attempt got."""

    data_left: bool = False


class Submission:
    """The sending part of a channel."""

    def __init__(self, settings: SubmissionSettings, channel: EmailSettings, hostname: str) -> None:
        self._settings = settings
        self._channel = channel
        self._hostname = hostname
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._kept: list[tuple[aiosmtplib.SMTP, asyncio.TimerHandle]] = []
        self._trouble = asyncio.Event()

    @property
    def where(self) -> str:
        return f"{self._settings.host}:{self._settings.effective_port}"

    async def run(self, ready: Callable[[str], None]) -> None:
        """Check the server and our sign-in, then wait until a sending attempt finds it broken, and raise what is the
        matter. Raises LinkErrors."""
        try:
            while True:
                self._trouble.clear()
                await self.check()
                ready(f"submission {self.where}")
                await self._trouble.wait()
        finally:
            self.close()

    async def check(self) -> None:
        """Connect, secure, sign in, say goodbye. Raises LinkErrors."""
        client = await self.connect()
        await self.sign_in(client)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=3)
        client.close()

    async def send(self, parcel: Parcel) -> Receipt:
        """One attempt. Raises SendErrors."""
        try:
            raw = compose_mail(parcel, from_address=self._channel.address, from_name=self._channel.display_name)
            recipient = wire_form(parcel.item.recipient.normal)
        except Invalid as error:
            raise PermanentFailure(
                f"The message cannot be written as mail: {error.sentence}", **error.fields
            ) from error
        # Automatic mail has a null return path, so that no bounce of it can start a loop (RFC 3834 §3.3).
        sender = "" if parcel.item.purpose is Purpose.AUTOMATIC else wire_form(self._channel.address)
        progress = _Progress()
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                return await self._deliver(sender, recipient, raw, progress)
        except TimeoutError as error:
            raise self._no_answer(progress, "did not answer in time") from error
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError) as error:
            raise self._no_answer(progress, "broke the connection off") from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._refusal(error, progress) from error
        except (aiosmtplib.SMTPException, ValueError) as error:
            raise self._no_answer(progress, f"gave no sensible answer ({type(error).__name__})") from error

    def close(self) -> None:
        """Close what is kept open."""
        for client, timer in self._kept:
            timer.cancel()
            client.close()
        self._kept.clear()

    # One attempt

    async def _deliver(self, sender: str, recipient: str, raw: bytes, progress: _Progress) -> Receipt:
        async with self._connection() as client:
            options, encoding = _options(client, sender, recipient, raw)
            try:
                await client.mail(sender, options=options, encoding=encoding)
            except aiosmtplib.SMTPServerDisconnected:
                # A kept connection that the server has closed meanwhile: nothing was said, so say it on a new one.
                client.close()
                await self._reopen(client)
                await client.mail(sender, options=options, encoding=encoding)
            await client.rcpt(recipient, encoding=encoding)
            response = await self._transfer(client, raw, progress)
        words = _shorten(response.message)
        return Receipt(
            native_ref=_queue_id(response.message), detail=f"{response.code} {words} ({self._settings.host})"
        )

    async def _transfer(
        self, client: aiosmtplib.SMTP, raw: bytes, progress: _Progress
    ) -> aiosmtplib.response.SMTPResponse:
        """DATA in two steps, because between them the outcome ceases to be certain."""
        start = await client.execute_command(b"DATA")
        if start.code != 354:
            raise aiosmtplib.SMTPDataError(start.code, start.message)
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        # RFC 5321 §4.5.2: double the dot at the beginning of a line.
        message = PERIOD_REGEX.sub(b"..", normalize_message_line_endings(raw)) + b".\r\n"
        progress.data_left = True
        protocol.write(message)
        response = await protocol.read_response(timeout=self._settings.timeout)
        if not 200 <= response.code < 300:
            raise aiosmtplib.SMTPDataError(response.code, response.message)
        return response

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that is signed in. It is kept after use unless anything at all went wrong."""
        async with self._slots:
            client = self._take_kept() or await self._open()
            try:
                yield client
            except aiosmtplib.SMTPResponseException as error:
                # A clear refusal leaves the connection sound, but for 421 (RFC 5321 §3.8).
                if error.code != 421 and 400 <= error.code < 600 and await self._reset(client):
                    self._keep(client)
                else:
                    client.close()
                raise
            except BaseException:
                client.close()
                raise
            self._keep(client)

    async def _reset(self, client: aiosmtplib.SMTP) -> bool:
        try:
            await client.rset(timeout=5)
        except (aiosmtplib.SMTPException, OSError):
            return False
        return True

    def _take_kept(self) -> aiosmtplib.SMTP | None:
        while self._kept:
            client, timer = self._kept.pop()
            timer.cancel()
            if client.is_connected:
                return client
            client.close()
        return None

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        timer = asyncio.get_running_loop().call_later(KEEP_SECONDS, self._drop, client)
        self._kept.append((client, timer))

    def _drop(self, client: aiosmtplib.SMTP) -> None:
        self._kept = [kept for kept in self._kept if kept[0] is not client]
        client.close()

    async def _open(self) -> aiosmtplib.SMTP:
        """As `connect` and `sign_in`, for an attempt: trouble is temporary, and the link's affair too."""
        try:
            client = await self.connect()
            await self.sign_in(client)
        except LinkError as error:
            raise self._link_trouble(error) from error
        return client

    async def _reopen(self, client: aiosmtplib.SMTP) -> None:
        try:
            await self._connect(client)
            await self.sign_in(client)
        except LinkError as error:
            raise self._link_trouble(error) from error

    # Connecting

    async def connect(self) -> aiosmtplib.SMTP:
        """A connection with TLS as configured, not signed in. Raises LinkErrors."""
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.effective_port,
            local_hostname=self._hostname,
            timeout=settings.timeout,
            use_tls=settings.tls is TlsMode.IMPLICIT,
            start_tls=settings.tls is TlsMode.STARTTLS,
            tls_context=client_context(settings.ca_file) if settings.tls is not TlsMode.NONE else None,
        )
        await self._connect(client)
        return client

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        settings = self._settings
        try:
            await client.connect()
        except BaseException as error:
            client.close()
            certificate = _cause(error, ssl.SSLCertVerificationError)
            if certificate is not None:
                raise certificate_problem(settings.host, certificate) from error
            if _cause(error, ssl.SSLError) is not None:
                raise Misconfigured(
                    f'{self.where} does not speak TLS as configured: check port and tls ("starttls" is usually port '
                    '587, "implicit" port 465).'
                ) from error
            if isinstance(error, aiosmtplib.SMTPNotSupported | aiosmtplib.SMTPResponseException):
                raise self._greeting_problem(error) from error
            if isinstance(error, aiosmtplib.SMTPException | OSError):
                raise Unreachable(
                    f"{self.where} cannot be reached ({_shorten(str(error))}): check host and port, and that the "
                    "server runs."
                ) from error
            raise

    def _greeting_problem(self, error: aiosmtplib.SMTPException) -> LinkError:
        if isinstance(error, aiosmtplib.SMTPNotSupported):
            return Misconfigured(f'{self.where} does not offer STARTTLS: use tls = "implicit" (usually port 465).')
        return Unreachable(f"{self.where} does not serve us now: {_shorten(str(error))}")

    async def sign_in(self, client: aiosmtplib.SMTP) -> None:
        """AUTH where a user is configured. Raises AuthRejected, Misconfigured, Unreachable."""
        settings = self._settings
        try:
            if settings.password is not None:
                await client.login(settings.user, settings.password.reveal())
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            # 454 is the server's own trouble (RFC 4954 §6).
            if 400 <= error.code < 500:
                raise Unreachable(f"{self.where} cannot sign us in now: {_shorten(error.message)}") from error
            raise AuthRejected(
                f"{self.where} refuses name or password of {settings.user}: correct them in [submission].",
                peer=_shorten(error.message),
            ) from error
        except aiosmtplib.SMTPNotSupported as error:
            client.close()
            raise Misconfigured(
                f"{self.where} offers no way to sign in that we know: leave out user and password, or use another "
                "port or tls mode."
            ) from error
        except ValueError as error:
            client.close()
            raise Misconfigured(f"The password for sending: {error}.") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Unreachable(f"{self.where} broke off while we signed in: {_shorten(str(error))}") from error

    # What failures mean

    def _link_trouble(self, error: LinkError) -> TemporaryFailure:
        """Nothing was sent; what is the matter with the link is told by `run`."""
        self._trouble.set()
        return TemporaryFailure(error.sentence, reply=error.code, peer=str(error.fields.get("peer", "")))

    def _no_answer(self, progress: _Progress, what: str) -> TemporaryFailure | UnknownOutcome:
        if progress.data_left:
            return UnknownOutcome(
                f"{self.where} {what} after the message had left: nobody knows whether it was sent.", reply="no-answer"
            )
        self._trouble.set()
        return TemporaryFailure(f"{self.where} {what} before the message left.", reply="no-answer")

    def _refusal(
        self, error: aiosmtplib.SMTPResponseException, progress: _Progress
    ) -> TemporaryFailure | PermanentFailure | UnknownOutcome:
        code, words = error.code, _shorten(error.message)
        fields: dict[str, Any] = {"peer": f"{code} {words}", "reply": str(code), "status": _status(code, error.message)}
        if not 400 <= code < 600:
            return self._no_answer(progress, "gave no sensible answer")
        if code in _NO_AUTH:
            self._trouble.set()
            return TemporaryFailure(f"{self.where} wants another sign-in: {code} {words}", **fields)
        if code < 500:
            return TemporaryFailure(f"{self.where} refuses for now: {code} {words}", **fields)
        return PermanentFailure(f"{self.where} refuses: {code} {words}", **fields)


def _options(client: aiosmtplib.SMTP, sender: str, recipient: str, raw: bytes) -> tuple[list[str], str]:
    """Parameters of MAIL, and the encoding of addresses. Raises PermanentFailure."""
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(raw)}")
    if not raw.isascii() and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    if sender.isascii() and recipient.isascii():
        return options, "ascii"
    if not client.supports_extension("smtputf8"):
        raise PermanentFailure(
            "The mail server cannot send to addresses with letters beyond ASCII (SMTPUTF8).", status="5.6.7"
        )
    return [*options, "SMTPUTF8"], "utf-8"


def _cause(error: BaseException | None, kind: type[E]) -> E | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None


def _status(code: int, message: str) -> str:
    """The enhanced status (RFC 3463) at the beginning of a reply, as in `5.1.1`; else the class alone."""
    first = message.split(maxsplit=1)[0] if message.split() else ""
    parts = first.split(".")
    return first if len(parts) == 3 and all(part.isdigit() for part in parts) else f"{code // 100}.0.0"


def _queue_id(message: str) -> str:
    """Postfix and Exim say under which name they keep it: `queued as 4Q1`, `id=1r6`."""
    for mark in ("queued as ", "id="):
        _, found, rest = message.partition(mark)
        if found and rest.split():
            return rest.split()[0][:100]
    return ""


def _shorten(words: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:200]
