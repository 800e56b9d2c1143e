"""One connection to a HylaFAX server: its protocol is FTP (RFC 959) with verbs for jobs (hfaxd(8)). Blocking: for a
thread. Errors are those of our catalogue; `abort` may be called from another thread and ends whatever is waiting."""

import contextlib
import ftplib
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.fax.settings import HylafaxSettings
from hub.domain.errors import AuthRejected, PermanentFailure, TemporaryFailure, UnknownOutcome, Unreachable

MAX_LINES = 20_000
MAX_LINE = 4_000
JOB_FORMAT = "%j|%a|%P|%D|%J|%s"
"""Number, state, pages sent/all, dials/most, our tag, the server's words."""
RECEIVED_FORMAT = "%f|%Z|%p|%z|%s|%j|%i|%n|%e"
"""File, seconds since 1970, pages, * while it comes, TSI, caller's number, caller's name, size, error."""
_JOB_ID = re.compile(r"jobid: (\d+)")
_FILE = re.compile(r"FILE: (\S+?)\)?\.?(?:\s|$)")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """A job in one of the server's queues. `state`: a letter of hfaxd(8), D done, F failed, R running, S asleep
    until the next try, W waiting for a modem."""

    id: str
    state: str
    sent: int
    pages: int
    dials: int
    most_dials: int
    tag: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFax:
    """A file in recvq. Everything but `name` is as the caller or the exchange says."""

    name: str
    seconds: int
    pages: int
    coming: bool
    tsi: str
    caller: str
    caller_name: str
    size: int
    error: str


class HylafaxSession:
    """Open, ask, close; one thread at a time."""

    def __init__(self, settings: HylafaxSettings) -> None:
        self._settings = settings
        self._ftp = _Client()

    def open(self) -> str:
        """Connect and sign in; the server's greeting. Raises Unreachable, AuthRejected."""
        settings, ftp = self._settings, self._ftp
        with self._translated():
            greeting = ftp.connect(settings.host, settings.port, timeout=settings.timeout)
            # 331: a password is wanted, 332: an account for administrators, which we never are.
            if ftp.sendcmd(f"USER {settings.user}").startswith("331"):
                if settings.password is None:
                    raise AuthRejected(
                        f"The HylaFAX server asks user {settings.user} for a password: set it, or permit this host "
                        "without one in etc/hosts.hfaxd."
                    )
                ftp.sendcmd(f"PASS {settings.password.reveal()}")
            ftp.sendcmd("TZONE GMT")
            ftp.sendcmd("TYPE I")
            ftp.sendcmd(f'JOBFMT "{JOB_FORMAT}"')
            ftp.sendcmd(f'RCVFMT "{RECEIVED_FORMAT}"')
            return greeting[:200]

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            yield
        except ftplib.error_perm as error:
            if str(error)[:3] == "530":
                raise AuthRejected(
                    f"The HylaFAX server {where} refuses user {self._settings.user}: permit it in etc/hosts.hfaxd."
                ) from error
            raise Unreachable(f"The HylaFAX server {where} refuses: {str(error)[:200]}") from error
        except (ftplib.Error, OSError, EOFError, ValueError, UnicodeError) as error:
            detail = str(error)[:200] or type(error).__name__
            raise Unreachable(f"The HylaFAX server {where} does not answer as it should: {detail}") from error

    # Sending

    def submit(self, tiff: bytes, parameters: Mapping[str, str]) -> str:
        """Hand the pages over; the job's number. Raises TemporaryFailure, PermanentFailure: certainly not queued.
        UnknownOutcome: the last word went out and its answer did not come."""
        try:
            document = self._upload(tiff)
            match = _JOB_ID.search(self._ftp.sendcmd("JNEW"))
            if match is None:
                raise TemporaryFailure("The HylaFAX server names no job.")
            for name, value in (*parameters.items(), ("DOCUMENT", document)):
                self._ftp.sendcmd(f"JPARM {name} {value}")
        except (ftplib.error_perm, ftplib.error_temp) as error:
            raise _refusal(error) from error
        except (ftplib.Error, OSError, EOFError, ValueError) as error:
            raise TemporaryFailure(f"The HylaFAX server broke off: {str(error)[:200]}") from error
        try:
            self._ftp.sendcmd("JSUBM")
        except (ftplib.error_perm, ftplib.error_temp) as error:
            raise _refusal(error) from error
        except (ftplib.Error, OSError, EOFError, ValueError) as error:
            raise UnknownOutcome("The HylaFAX server did not answer when the fax was handed over.") from error
        return match[1]

    def _upload(self, tiff: bytes) -> str:
        with self._ftp.transfercmd("STOT") as line:
            line.sendall(tiff)
        match = _FILE.search(answer := self._ftp.voidresp())
        if match is None:
            raise TemporaryFailure("The HylaFAX server names no document.", peer=answer[:200])
        return match[1]

    # Queues

    def jobs(self) -> list[JobState]:
        """Those that wait and those that are done. Raises Unreachable, AuthRejected."""
        found = []
        for queue in ("sendq", "doneq"):
            found += [job for line in self._list(queue) if (job := read_job(line)) is not None]
        return found

    def received(self) -> list[ReceivedFax]:
        """What lies in recvq. Raises Unreachable, AuthRejected."""
        return [fax for line in self._list("recvq") if (fax := read_received(line)) is not None]

    def _list(self, queue: str) -> list[str]:
        lines: list[str] = []

        def keep(line: str) -> None:
            if len(lines) >= MAX_LINES:
                raise ValueError(f"{queue} has more than {MAX_LINES} lines")
            lines.append(line[:MAX_LINE])

        with self._translated():
            self._ftp.retrlines(f"LIST {queue}", keep)
        return lines

    def fetch(self, name: str, limit: int) -> bytes | None:
        """A received file; None where the server does not give it to us. Raises Unreachable; ValueError where it is
        larger than `limit` bytes."""
        pieces: list[bytes] = []
        size = 0

        def keep(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            if size > limit:
                raise _TooLarge
            pieces.append(piece)

        try:
            with self._translated():
                self._ftp.voidcmd("TYPE I")
                try:
                    self._ftp.retrbinary(f"RETR recvq/{name}", keep)
                except ftplib.error_perm as error:
                    if str(error)[:3] == "550":
                        return None
                    raise
        except _TooLarge as error:
            raise ValueError(f"{name} is larger than {limit} bytes") from error
        return b"".join(pieces)

    def close(self) -> None:
        """Say goodbye, if it still listens."""
        with contextlib.suppress(ftplib.Error, OSError, EOFError, AttributeError, ValueError):
            self._ftp.quit()
        self._ftp.close()

    def abort(self) -> None:
        """End it from another thread."""
        self._ftp.cut()


class _TooLarge(Exception):
    """Never leaves this module."""


class _Client(ftplib.FTP):
    """As ftplib's, but a data connection that breaks off without the server's closing word is an error there too
    (retrlines and retrbinary await it), and waiting can be ended from outside."""

    encoding = "latin-1"
    _lines: socket.socket | None = None

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        line, size = super().ntransfercmd(cmd, rest)
        self._lines = line
        return line, size

    def cut(self) -> None:
        for line in (self._lines, self.sock):
            if line is not None:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


def _refusal(error: ftplib.Error) -> TemporaryFailure | PermanentFailure:
    words = str(error)[:200]
    if words.startswith("4"):
        return TemporaryFailure("The HylaFAX server does not take the fax now.", peer=words)
    return PermanentFailure("The HylaFAX server refuses the fax.", peer=words)


def _pair(text: str) -> tuple[int, int]:
    first, _, second = text.partition(":")
    return _number(first), _number(second)


def _number(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0


def _told(text: str) -> str:
    """What a caller said of itself; the server writes <unknown> or <UNSPECIFIED> where it said nothing."""
    word = text.strip()
    return "" if word.startswith("<") and word.endswith(">") else word[:100]


def read_job(line: str) -> JobState | None:
    """A line of JOB_FORMAT; None for anything else."""
    parts = line.split("|", 5)
    if len(parts) != 6 or not parts[0].strip().isdigit():
        return None
    (sent, pages), (dials, most) = _pair(parts[2]), _pair(parts[3])
    return JobState(
        id=parts[0].strip(),
        state=parts[1].strip()[:1],
        sent=sent,
        pages=pages,
        dials=dials,
        most_dials=most,
        tag=parts[4].strip(),
        words=parts[5].strip()[:300],
    )


def read_received(line: str) -> ReceivedFax | None:
    """A line of RECEIVED_FORMAT; None for anything else, and for names that are none of ours to ask for."""
    parts = line.split("|", 8)
    if len(parts) != 9 or not _NAME.fullmatch(name := parts[0].strip()) or name.startswith("."):
        return None
    return ReceivedFax(
        name=name,
        seconds=_number(parts[1]),
        pages=_number(parts[2]),
        coming=parts[3].strip() == "*",
        tsi=_told(parts[4]),
        caller=_told(parts[5]),
        caller_name=_told(parts[6]),
        size=_number(parts[7]),
        error=parts[8].strip()[:200],
    )
