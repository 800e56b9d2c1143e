"""Settings of an email channel: a listener (SMTP, LMTP), a mailbox (IMAP), a server to send through (submission).
Each part is optional; at least one is needed."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.fields import ESSENTIAL, HostPort, Secret, TlsMode

_PATTERN = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")

AddressPattern = Annotated[str, Field(max_length=320)]
FolderName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00\r\n]+$")]


class _Table(BaseModel):
    # A faulty value is never echoed: it may be a secret that stands in the wrong place.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Server(_Table):
    """A server that we log in to."""

    host: str = Field(min_length=1, max_length=253, description="Name of the server, such as mail.example.org.")
    user: str = Field(
        default="",
        max_length=320,
        description="Sign-in name, often the whole address.",
        json_schema_extra=ESSENTIAL,
    )
    password: Secret | None = Field(
        default=None,
        description="Password of that user: by file, by systemd credential, or as text.",
        examples=[{"file": "/etc/fernamt/mail-password"}],
    )
    ca_file: str = Field(default="", description="Certificate authority (PEM) to trust instead of the system's.")

    def _check(self, tls: TlsMode) -> None:
        if tls is TlsMode.NONE and not is_loopback(self.host):
            raise ValueError('tls = "none" is for servers on this machine only; use "starttls" or "implicit"')
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password belong together: set both or neither")


class ImapSettings(_Server):
    """`[channels.NAME.imap]`: a mailbox that is read. Nothing in it is ever changed, marked or deleted."""

    port: int | None = Field(default=None, ge=1, le=65535, description="Port; by default 993, or 143 with starttls.")
    tls: TlsMode = Field(
        default=TlsMode.IMPLICIT,
        description='"implicit" (TLS from the start), "starttls", or "none" (this machine only).',
    )
    folders: tuple[FolderName, ...] = Field(
        default=("INBOX",), min_length=1, max_length=10, description="Folders that hold arriving mail."
    )
    sent_folder: str = Field(
        default="auto",
        max_length=255,
        pattern=r"^[^\x00\r\n]*$",
        description="Folder of sent mail, read so that answers written elsewhere join their thread. "
        '"auto" finds the one that the server marks as such; empty reads none.',
    )
    backfill_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="How many days of old mail the first connection takes in. They are never answered automatically.",
    )
    poll_seconds: int = Field(
        default=60, ge=5, le=3600, description="How often to look for new mail where the server cannot tell (no IDLE)."
    )
    timeout: int = Field(default=60, ge=1, le=300, description="Seconds without an answer that end the connection.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check(self.tls)
        if self.password is None:
            raise ValueError("a mailbox needs user and password")
        return self

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        return self.port or (993 if self.tls is TlsMode.IMPLICIT else 143)


class SubmissionSettings(_Server):
    """`[channels.NAME.submission]`: the server that takes our mail (RFC 6409)."""

    port: int | None = Field(default=None, ge=1, le=65535, description="Port; by default 587, or 465 with implicit.")
    tls: TlsMode = Field(
        default=TlsMode.STARTTLS,
        description='"starttls", "implicit" (TLS from the start), or "none" (this machine only).',
    )
    timeout: int = Field(default=30, ge=1, le=50, description="Seconds without an answer that end an attempt.")
    max_connections: int = Field(default=4, ge=1, le=20, description="Most connections at the same time.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check(self.tls)
        return self

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        return self.port or (465 if self.tls is TlsMode.IMPLICIT else 587)


class EmailSettings(_Table):
    """`[channels.NAME]` with `kind = "email"`."""

    addresses: tuple[AddressPattern, ...] = Field(
        default=(),
        max_length=200,
        description="Our own addresses here, such as info@example.org or *@example.org. Empty: any address is ours.",
        examples=[["info@example.org", "*@shop.example.org"]],
        json_schema_extra=ESSENTIAL,
    )
    address: str = Field(
        default="",
        max_length=320,
        description="Address that we write from.",
        examples=["info@example.org"],
        json_schema_extra=ESSENTIAL,
    )
    display_name: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Name beside that address, such as the company's.",
    )
    listen: HostPort | None = Field(
        default=None,
        description="Where to take mail in by SMTP, such as 127.0.0.1:8025.",
        examples=["127.0.0.1:8025"],
        json_schema_extra=ESSENTIAL,
    )
    lmtp: HostPort | None = Field(
        default=None,
        description="Where to take mail in by LMTP: HOST:PORT, or unix:/path. Choose this behind Postfix.",
        examples=["unix:/run/fernamt/lmtp.sock"],
    )
    tls_certificate: str = Field(default="", description="Certificate (PEM, with chain) for STARTTLS of the listeners.")
    tls_key: str = Field(default="", description="Its private key (PEM).")
    max_message_bytes: int | None = Field(
        default=None,
        ge=65_536,
        le=209_715_200,
        description="Largest message taken in here, in bytes. Empty: what the hub allows.",
    )
    max_recipients: int = Field(default=100, ge=1, le=1000, description="Most recipients of one message (listener).")
    max_connections: int = Field(default=100, ge=1, le=1000, description="Most connections to a listener at once.")
    refuse_unknown: bool = Field(
        default=False,
        description="Whether a listener refuses recipients that are not among `addresses` (550). "
        "Otherwise their mail is kept in quarantine.",
    )
    imap: ImapSettings | None = Field(default=None, description="A mailbox to read.")
    submission: SubmissionSettings | None = Field(default=None, description="The server that sends our mail.")
    outgoing_directory: str = Field(
        default="",
        max_length=500,
        description="Without a submission server: write outgoing mail to this directory (in the data directory) as "
        ".eml files instead of sending it. For trying out.",
        examples=["outgoing"],
    )
    authserv_id: str = Field(
        default="",
        max_length=255,
        pattern=r"^[^\s;]*$",
        description="Name under which our own mail server writes Authentication-Results. Empty: none is trusted.",
        examples=["mail.example.org"],
    )
    on_unknown: Literal["hold", "retry"] = Field(
        default="hold",
        description="When nobody knows whether a mail was sent (the connection broke before the server's answer): "
        '"hold" it for a person, or "retry" at the risk of sending it twice.',
    )

    @field_validator("addresses")
    @classmethod
    def _check_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if not _PATTERN.fullmatch(pattern):
                raise ValueError("each must be an address or a pattern such as info@example.org or *@example.org")
        return tuple(pattern.lower() for pattern in value)

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if value and ("*" in value or not _PATTERN.fullmatch(value)):
            raise ValueError("must be one address, such as info@example.org")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.listen or self.lmtp or self.imap or self.submission):
            raise ValueError("nothing to do: set listen, lmtp, [imap] or [submission]")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key belong together: set both or neither")
        if self.submission and not self.address:
            raise ValueError("address is needed for sending: the address that we write from")
        if self.refuse_unknown and not self.addresses:
            raise ValueError("refuse_unknown needs addresses: otherwise every mail would be refused")
        if self.listen and self.listen.is_unix:
            raise ValueError("listen must be HOST:PORT; a Unix socket is for lmtp")
        return self


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_patterns(settings: EmailSettings) -> tuple[str, ...]:
    """Patterns of our own addresses; empty where any address is ours."""
    if not settings.addresses or not settings.address:
        return settings.addresses
    return tuple(dict.fromkeys((*settings.addresses, settings.address.lower())))


def is_own(address: str, patterns: tuple[str, ...]) -> bool:
    """Whether the address fits one of the patterns; `*` stands for a whole local part or any of its pieces. What
    follows a `+` in the local part is ignored, because answers come to tagged addresses."""
    lowered = address.lower()
    local, _, domain = lowered.rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return any(_fits(candidate, pattern) for pattern in patterns for candidate in (lowered, plain))


def _fits(address: str, pattern: str) -> bool:
    if "*" not in pattern:
        return address == pattern
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), address) is not None
