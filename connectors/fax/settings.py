"""Settings of a fax channel: our number, how pages look, and one gateway: a HylaFAX server, a provider that faxes what
is mailed to it, or Telnyx."""

import re
from datetime import time
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.fields import Secret, TlsMode

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class _Table(BaseModel):
    # A faulty value is never echoed: it may be a secret that stands in the wrong place.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HylafaxSettings(_Table):
    """`[channels.NAME.hylafax]`: a HylaFAX server (hfaxd)."""

    host: str = Field(
        default="127.0.0.1",
        max_length=253,
        description="Server. Its protocol is not encrypted: use it on this machine or in a network of your own.",
    )
    port: int = Field(default=4559, ge=1, le=65535, description="Port of hfaxd.")
    user: str = Field(
        default="fernamt",
        max_length=100,
        pattern=r"^[A-Za-z0-9_.@-]+$",
        description="Sign-in name, as etc/hosts.hfaxd permits it.",
    )
    password: Secret | None = Field(default=None, description="Password of that user, where hosts.hfaxd asks for one.")
    modem: str = Field(
        default="",
        max_length=60,
        pattern=r"^[A-Za-z0-9_.:/-]*$",
        description="Modem or modem class to send with; empty: whichever is free.",
    )
    receive: bool = Field(default=True, description="Take faxes from the server's recvq in. They stay there.")
    poll_seconds: int = Field(default=5, ge=1, le=600, description="How often the queues are looked at.")
    dials: int = Field(default=5, ge=1, le=50, description="How often the number is dialled (busy, no answer).")
    tries: int = Field(default=3, ge=1, le=20, description="How often pages are tried once a fax machine answered.")
    give_up_hours: int = Field(default=12, ge=1, le=96, description="After that the server gives a fax up.")
    timeout: int = Field(default=15, ge=1, le=25, description="Seconds without an answer that end a connection.")


class MailGatewaySettings(_Table):
    """`[channels.NAME.mail]`: a provider that faxes the PDF of a mail."""

    recipient: str = Field(
        max_length=320,
        pattern=r"^[^\s<>\x00]*\{number\}[^\s<>\x00]*$",
        description="Address that the provider gave, with the word number in curly brackets where the fax number "
        "stands.",
        examples=["{number}@fax.example.com"],
    )
    sender: str = Field(
        max_length=320,
        pattern=r"^[^\s@<>\x00]+@[^\s@<>\x00]+$",
        description="Address that may fax at the provider.",
        examples=["office@example.org"],
    )
    form: Literal["e164", "digits", "00"] = Field(
        default="digits",
        description='How the number is written: "e164" (+49221...), "digits" (49221...), "00" (0049221...).',
    )
    subject: str = Field(
        default="", max_length=200, description="Subject of the mail; some providers want a password or a code there."
    )
    host: str = Field(min_length=1, max_length=253, description="Server that takes our mail (submission).")
    port: int = Field(default=587, ge=1, le=65535, description="Port: 587, or 465 with implicit.")
    tls: TlsMode = Field(
        default=TlsMode.STARTTLS,
        description='"starttls", "implicit" (TLS from the start), or "none" (this machine only).',
    )
    user: str = Field(default="", max_length=320, description="Sign-in name.")
    password: Secret | None = Field(default=None, description="Password of that user.")
    ca_file: str = Field(default="", description="Certificate authority (PEM) to trust instead of the system's.")
    timeout: int = Field(default=20, ge=1, le=40, description="Seconds without an answer that end an attempt.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tls is TlsMode.NONE and self.host not in LOOPBACK:
            raise ValueError('tls = "none" is for servers on this machine only; use "starttls" or "implicit"')
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password belong together: set both or neither")
        return self


class TelnyxSettings(_Table):
    """`[channels.NAME.telnyx]`: a Programmable Fax application."""

    api_key: Secret = Field(description="API key (API Keys in the portal).")
    connection_id: str = Field(
        min_length=1, max_length=60, pattern=r"^[A-Za-z0-9-]+$", description="Id of the Programmable Fax application."
    )
    public_key: str = Field(
        pattern=r"^[A-Za-z0-9+/]{43}=$",
        description="Public key of the account (Keys & Credentials, Public Key): webhooks are checked with it.",
    )
    public_url: str = Field(
        pattern=r"^https?://[^\s/]+/in/[a-z][a-z0-9_-]*$",
        max_length=300,
        description="Address of this channel from outside; it is also the webhook's address.",
        examples=["https://hub.example.org/in/fax"],
    )
    api_url: str = Field(
        default="https://api.telnyx.com/v2",
        pattern=r"^https?://[^\s]+[^/]$",
        max_length=300,
        description="Address of the API.",
    )
    tries: int = Field(default=3, ge=1, le=10, description="How often a busy or silent number is called.")
    pause_minutes: int = Field(default=5, ge=1, le=120, description="Pause before it is called again; it doubles.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for url in (self.api_url, self.public_url):
            host = (
                url.partition("://")[2].partition("/")[0].rpartition(":")[0]
                or url.partition("://")[2].partition("/")[0]
            )
            if url.startswith("http:") and host not in LOOPBACK:
                raise ValueError("api_url and public_url must be https (http is for this machine only)")
        return self


class FaxSettings(_Table):
    """`[channels.NAME]` with `kind = "fax"`."""

    gateway: Literal["hylafax", "mail", "telnyx"] = Field(
        default="hylafax",
        description='"hylafax" (a server with modems), "mail" (a provider that faxes what is mailed to it), "telnyx".',
    )
    number: str = Field(
        max_length=30,
        pattern=r"^\+[0-9]{6,15}$",
        description="Our own fax number, with + and the country.",
        examples=["+492211234568"],
    )
    company: str = Field(
        default="", max_length=60, description="Name in the header line and on the cover sheet.", examples=["Muster"]
    )
    language: Literal["de", "en"] = Field(
        default="de", description='Language of cover sheet, header line and states: "de" or "en".'
    )
    time_zone: str = Field(default="Europe/Berlin", description="Time zone of header line and hours.")
    cover: bool = Field(default=True, description="Begin with a cover sheet; it carries the text of the message.")
    hours: str = Field(
        default="",
        description="Times of day in which faxes leave, such as 07:00-21:00; empty: always. What comes later waits.",
    )
    max_pages: int = Field(default=100, ge=1, le=200, description="Longest fax that is sent, with the cover sheet.")
    repeat_minutes: int = Field(
        default=60,
        ge=0,
        le=1440,
        description="The same document to the same number within this time is sent only on request; 0: always.",
    )
    hylafax: HylafaxSettings | None = Field(default=None, description="The HylaFAX server; without it, this machine's.")
    mail: MailGatewaySettings | None = Field(default=None, description="The mail gateway.")
    telnyx: TelnyxSettings | None = Field(default=None, description="The Programmable Fax application.")

    @field_validator("hours")
    @classmethod
    def _check_hours(cls, value: str) -> str:
        if value and not _HOURS.fullmatch(value):
            raise ValueError("must be two times of day such as 07:00-21:00")
        return value

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("must be a time zone such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _has_gateway(self) -> Self:
        if self.gateway == "mail" and self.mail is None:
            raise ValueError('gateway = "mail" needs a table [channels.NAME.mail]')
        if self.gateway == "telnyx" and self.telnyx is None:
            raise ValueError('gateway = "telnyx" needs a table [channels.NAME.telnyx]')
        return self

    @property
    def server(self) -> HylafaxSettings:
        """The HylaFAX server."""
        return self.hylafax or HylafaxSettings()

    @property
    def window(self) -> tuple[time, time] | None:
        """`hours`, read."""
        match = _HOURS.fullmatch(self.hours)
        if match is None:
            return None
        return time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
