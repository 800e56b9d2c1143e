"""One IMAP connection: typed answers, typed errors, and no call without a time limit.

Any time-out, lost connection or answer that makes no sense ends the connection: the library stays wedged after them.
Folders are opened with EXAMINE, so that the server itself refuses every change; bodies are fetched with PEEK.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from aioimaplib.aioimaplib import AioImapException, CommandTimeout

from config.fields import TlsMode
from connectors.email.client_tls import certificate_problem, client_context
from connectors.email.imap_names import listed_folder, quote, wire_name
from connectors.email.imap_protocol import WatchfulClient
from connectors.email.settings import ImapSettings
from hub.domain.errors import AuthRejected, Misconfigured, Unreachable

T = TypeVar("T")
WINDOW = 200
"""Most messages asked for at once; the library's parser recurses with every line."""
_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE = re.compile(rb'\bINTERNALDATE "([^"]+)"', re.IGNORECASE)
_QUOTED_BODY = re.compile(rb'BODY\[[^\]]*\](?:<\d+>)? "((?:\\.|[^"\\])*)"', re.IGNORECASE)
# RFC 5530: the server's own trouble, not a refusal of our credentials or of the name.
_BUSY = re.compile(rb"\[(UNAVAILABLE|INUSE|SERVERBUG|LIMIT|OVERQUOTA)\]", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Folder:
    """An opened folder."""

    name: str
    validity: int
    next_uid: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What is known of a message before it is fetched."""

    uid: int
    size: int
    received_at: datetime | None


class ImapSession:
    """`async with ImapSession(settings) as session:` connects, secures and signs in. Raises LinkErrors."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._client: WatchfulClient | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
            await self.sign_in()
        except BaseException:
            self.drop()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        if exception[0] is None and self._client is not None and not self._client.protocol.lost:
            with contextlib.suppress(AioImapException, OSError, TimeoutError):
                await asyncio.wait_for(self._client.logout(), 3)
        self.drop()

    def drop(self) -> None:
        """Close at once; the library's logout alone does not."""
        client = self._client
        if client is None:
            return
        client._client_task.cancel()
        for task in [*client.tasks, *client.protocol.tasks]:
            task.cancel()
        if client.protocol.transport is not None:
            client.protocol.transport.abort()

    @property
    def where(self) -> str:
        return f"{self._settings.host}:{self._settings.effective_port}"

    # Steps

    async def connect(self) -> None:
        """Connect, TLS included."""
        settings = self._settings
        context = client_context(settings.ca_file) if settings.tls is not TlsMode.NONE else None
        implicit = context if settings.tls is TlsMode.IMPLICIT else None
        self._client = WatchfulClient(settings.host, settings.effective_port, timeout=settings.timeout, tls=implicit)
        try:
            await self._bounded(self._client.wait_hello_from_server(), "greet us")
            if context is not None and implicit is None:
                await self._upgrade(context)
        except ssl.SSLCertVerificationError as error:
            raise certificate_problem(settings.host, error) from error
        except ssl.SSLError as error:
            raise Misconfigured(
                f"{self.where} does not speak TLS as configured ({error.reason or error}): check port and tls "
                '("implicit" is usually port 993, "starttls" port 143).'
            ) from error

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        client = self._opened()
        if not client.has_capability("STARTTLS"):
            raise Misconfigured(f'{self.where} does not offer STARTTLS: use tls = "implicit" (usually port 993).')
        upgrade = client.protocol.start_tls(context, self._settings.host, self._settings.timeout)
        if not await self._bounded(upgrade, "start TLS"):
            raise Misconfigured(f"{self.where} refuses STARTTLS: check the server's certificate and settings.")

    async def sign_in(self) -> None:
        """LOGIN with user and password. Raises AuthRejected."""
        settings, client = self._settings, self._opened()
        if client.has_capability("LOGINDISABLED"):
            raise Misconfigured(f'{self.where} allows no sign-in without TLS: use tls = "starttls" or "implicit".')
        assert settings.password is not None
        try:
            password = settings.password.reveal()
        except ValueError as error:
            raise Misconfigured(f"The mailbox's password: {error}.") from error
        response = await self._bounded(client.login(quote(settings.user), password), "answer the sign-in")
        if response.result == "OK":
            return
        if _says_busy(response.lines):
            raise Unreachable(f"{self.where} cannot sign us in now: {_words(response.lines)}")
        raise AuthRejected(
            f"{self.where} refuses name or password of {settings.user}: correct them, or allow IMAP for this account.",
            peer=_words(response.lines),
        )

    async def sent_folder(self) -> str | None:
        r"""The folder that the server marks as holding sent mail (RFC 6154 \Sent)."""
        response = await self._command("LIST", '""', '"*"')
        for line in response.lines:
            found = listed_folder(bytes(line))
            if found is not None and "\\sent" in found[0]:
                return found[1]
        return None

    async def examine(self, name: str) -> Folder:
        """Open the folder read-only. Raises Misconfigured where it does not exist."""
        client = self._opened()
        response = await self._bounded(client.examine(wire_name(name)), f"open the folder {name}")
        if response.result != "OK":
            if _says_busy(response.lines):
                raise Unreachable(f"{self.where} cannot open the folder {name} now: {_words(response.lines)}")
            raise Misconfigured(
                f"{self.where} has no folder “{name}” for {self._settings.user}: correct folders or sent_folder.",
                peer=_words(response.lines),
            )
        # The library knows EXAMINE, but not that a folder is open after it.
        client.protocol.state = "SELECTED"
        validity, next_uid = _number(response.lines, b"UIDVALIDITY"), _number(response.lines, b"UIDNEXT")
        if validity is None:
            raise Misconfigured(f"{self.where} gives no lasting message numbers (UIDVALIDITY): it cannot be read.")
        if next_uid is None:
            highest = await self.search("UID *")
            next_uid = (highest[-1] if highest else 0) + 1
        return Folder(name, validity, next_uid)

    async def search(self, criteria: str) -> list[int]:
        """UIDs in rising order."""
        # Plain ASCII criteria need no CHARSET, which some servers reject.
        client = self._opened()
        response = await self._bounded(client.uid_search(criteria, charset=None), "search")
        self._expect_ok(response, "search")
        words = (bytes(line).split() for line in response.lines[:-1])
        return sorted({int(word) for line in words for word in line if word.isdigit()})

    async def listings(self, uids: Sequence[int]) -> list[Listing]:
        """Size and date of at most WINDOW messages; those that are gone are missing."""
        wanted = set(uids[:WINDOW])
        response = await self._fetch(",".join(map(str, sorted(wanted))), "(UID INTERNALDATE RFC822.SIZE)")
        found: dict[int, Listing] = {}
        for line in response.lines:
            uid, size = _UID.search(bytes(line)), _SIZE.search(bytes(line))
            if uid and size and int(uid[1]) in wanted:
                found[int(uid[1])] = Listing(int(uid[1]), int(size[1]), _internal_date(bytes(line)))
        return [found[uid] for uid in sorted(found)]

    async def body(self, uid: int, size: int) -> bytes | None:
        """The whole message, or None where it is gone."""
        # The library's own limit starts over with each block; this one holds for a server that drips.
        return await self._literal(uid, "BODY.PEEK[]", extra_seconds=size / 20_000)

    async def header(self, uid: int, limit: int) -> bytes | None:
        """The first `limit` bytes of the header."""
        return await self._literal(uid, f"BODY.PEEK[HEADER]<0.{limit}>")

    # Waiting

    @property
    def announced(self) -> int:
        """How often the server told of new mail."""
        return self._opened().protocol.announced

    @property
    def can_idle(self) -> bool:
        return bool(self._opened().has_capability("IDLE"))

    async def idle(self, announced: int, seconds: float) -> None:
        """Wait until the server tells of mail beyond `announced`, at most so long (RFC 2177). Raises Unreachable."""
        client = self._opened()
        protocol = client.protocol
        protocol.wake.clear()
        done = await self._bounded(client.idle_start(seconds + 60), "start IDLE")
        if protocol.announced == announced and not protocol.lost:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(protocol.wake.wait(), seconds)
        if protocol.lost:
            raise Unreachable(f"{self.where} closed the connection.")
        client.idle_done()
        await self._bounded(done, "end IDLE")
        while not protocol.idle_queue.empty():
            protocol.idle_queue.get_nowait()

    async def noop(self) -> None:
        """Keep the connection, and let the server tell what is new."""
        self._expect_ok(await self._bounded(self._opened().noop(), "answer NOOP"), "NOOP")

    # Plumbing

    def _opened(self) -> WatchfulClient:
        assert self._client is not None
        return self._client

    async def _command(self, name: str, *arguments: str) -> Any:
        call = self._opened().protocol.simple_command(name, *arguments)
        response = await self._bounded(call, name)
        self._expect_ok(response, name)
        return response

    async def _fetch(self, uids: str, parts: str, extra_seconds: float = 0) -> Any:
        call = self._opened().uid("fetch", uids, parts)
        response = await self._bounded(call, "send mail", self._settings.timeout + extra_seconds)
        self._expect_ok(response, "FETCH")
        return response

    async def _literal(self, uid: int, part: str, extra_seconds: float = 0) -> bytes | None:
        response = await self._fetch(str(uid), f"(UID {part})", extra_seconds)
        for line, following in zip(response.lines, [*response.lines[1:], b""], strict=True):
            if isinstance(line, bytearray) or b"BODY[" not in line.upper():
                continue
            if isinstance(following, bytearray):
                return bytes(following)
            # Short ones may come as a quoted string (RFC 3501 §4.3), empty ones as NIL.
            quoted = _QUOTED_BODY.search(line)
            return re.sub(rb"\\(.)", rb"\1", quoted[1]) if quoted else b""
        return None

    def _expect_ok(self, response: Any, what: str) -> None:
        if response.result != "OK":
            raise Unreachable(f"{self.where} refuses {what}: {_words(response.lines)}")

    async def _bounded(self, call: Awaitable[T], what: str, seconds: float | None = None) -> T:
        """Every call ends: by its answer, by time, or by the loss of the connection, of which the library tells
        nobody who waits."""
        client = self._opened()
        work = asyncio.ensure_future(call)
        try:
            await asyncio.wait(
                {work, client.lost},
                timeout=seconds or self._settings.timeout + 1,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not work.done() and client.lost.done():
                raise Unreachable(f"{self.where} closed the connection instead of letting us {what}.")
            if not work.done():
                raise Unreachable(f"{self.where} did not {what} in time.")
        except BaseException:
            work.cancel()
            raise
        try:
            return work.result()
        except ssl.SSLError:
            # Also a ValueError; `connect` tells what it means.
            raise
        except (CommandTimeout, TimeoutError) as error:
            raise Unreachable(f"{self.where} did not {what} in time.") from error
        except (AioImapException, asyncio.InvalidStateError, IndexError, ValueError) as error:
            # What the library raises over an answer that it does not understand, or that did not come.
            raise Unreachable(f"{self.where} did not {what} properly ({type(error).__name__}).") from error
        except OSError as error:
            raise Unreachable(
                f"{self.where} cannot be reached ({error.strerror or error}): check host and port, and that the "
                "server runs."
            ) from error


def _says_busy(lines: Sequence[bytes]) -> bool:
    return any(_BUSY.search(bytes(line)) for line in lines)


def _words(lines: Sequence[bytes]) -> str:
    text = bytes(lines[-1]).decode("utf-8", "replace") if lines else ""
    return "".join(c for c in text[:200] if c.isprintable())


def _number(lines: Sequence[bytes], name: bytes) -> int | None:
    for line in lines:
        match = re.search(rb"\[" + name + rb" (\d+)\]", bytes(line), re.IGNORECASE)
        if match:
            return int(match[1])
    return None


def _internal_date(line: bytes) -> datetime | None:
    """`17-Jul-1996 02:44:25 -0700`, whatever the locale; None where it makes no sense."""
    found = _DATE.search(line)
    match = re.match(rb" ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d:\d\d:\d\d [+-]\d{4})", found[1]) if found else None
    if match is None:
        return None
    try:
        month = _MONTHS.index(match[2].decode("ascii").lower()) + 1
        text = f"{match[3].decode()}-{month:02d}-{int(match[1]):02d} {match[4].decode()}"
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except (ValueError, UnicodeDecodeError, OverflowError):
        return None
