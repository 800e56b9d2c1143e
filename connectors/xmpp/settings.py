"""Settings of an XMPP channel: the bot's own account on the company's server, or a component of it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.fields import Secret, TlsMode

CLIENT_PORT, COMPONENT_PORT = 5222, 5347


class XmppSettings(BaseModel):
    """`[channels.NAME]` with `kind = "xmpp"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jid: str = Field(
        description="The bot's account, such as hub@example.org; of a component, the bot's address in its domain.",
        examples=["hub@example.org"],
    )
    password: Secret = Field(
        description="Its password; of a component, the secret that it shares with the server.",
        examples=[{"file": "/etc/fernamt/xmpp-password"}],
    )
    mode: Literal["client", "component"] = Field(
        default="client",
        description='"client": an account as any person has. "component" (XEP-0114): a domain of its own on the '
        "company's server, in which every contact has an address, so that any XMPP client is a desk.",
    )
    public: str = Field(
        default="info", description="Component only: the name before the @ that customers write to, as in info@DOMAIN."
    )
    host: str = Field(default="", description="Server to connect to; empty: found by DNS (SRV) from the JID.")
    port: int = Field(
        default=0, ge=0, le=65535, description="Port of the server; 0: 5222 for an account, 5347 for a component."
    )
    tls: TlsMode = Field(
        default=TlsMode.STARTTLS,
        description='"starttls", "implicit" (direct TLS, usually port 5223), or "none" (loopback only). Components '
        'know no STARTTLS: "implicit", or a server on this machine.',
    )
    ca_file: str = Field(default="", description="Certificate authority to trust instead of the system's.")
    strangers: Literal["", "refuse", "welcome"] = Field(
        default="",
        description='What to do with unknown people: "refuse" politely, or "welcome" them as provisional contacts. '
        "Empty: an account refuses, a component's public address welcomes.",
    )
    staff: bool = Field(default=True, description="Colleagues may talk to the CRM bot on this account.")
    catch_up_hours: int = Field(
        default=72, ge=0, le=720, description="How far back the server's archive is read after an outage (XEP-0313)."
    )
    upload: str = Field(
        default="",
        description="The server's service for files (XEP-0363), such as upload.example.org; empty: found out.",
    )
    max_file_bytes: int = Field(
        default=10 * 1024 * 1024,
        ge=0,
        description="Largest file to send; what the server permits may be less. 0: no files.",
    )
    stranger_minute: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Messages a minute that one unknown sender may send; 3 times as many a domain.",
    )

    @field_validator("jid")
    @classmethod
    def _check_jid(cls, value: str) -> str:
        if "@" not in value or value.startswith("@"):
            raise ValueError("must be an account such as hub@example.org")
        return value

    @field_validator("public")
    @classmethod
    def _check_public(cls, value: str) -> str:
        if not value or "@" in value or value.startswith("c-") or value.strip() != value:
            raise ValueError('must be the name before the @, such as "info", and not begin with c-')
        return value.lower()

    @model_validator(mode="after")
    def _check_component(self) -> Self:
        if self.is_component and not self.host:
            raise ValueError('a component needs the host of its server, such as "127.0.0.1"')
        if self.is_component and self.public == self.local:
            raise ValueError("the public address and the bot's must differ")
        return self

    @property
    def is_component(self) -> bool:
        """Whether it is a component."""
        return self.mode == "component"

    @property
    def bare(self) -> str:
        """The account's own bare JID."""
        return self.jid.partition("/")[0].lower()

    @property
    def local(self) -> str:
        """What stands before the @ of the bot's address."""
        return self.bare.partition("@")[0]

    @property
    def domain(self) -> str:
        """The account's domain, of a component its own."""
        return self.bare.partition("@")[2]

    @property
    def server_port(self) -> int:
        """The port to connect to."""
        return self.port or (COMPONENT_PORT if self.is_component else CLIENT_PORT)

    @property
    def writes_from(self) -> str:
        """The address that contacts see and answer."""
        return f"{self.public}@{self.domain}" if self.is_component else self.bare

    @property
    def welcomes(self) -> bool:
        """Whether unknown people become provisional contacts."""
        return self.strangers == "welcome" or (not self.strangers and self.is_component)
