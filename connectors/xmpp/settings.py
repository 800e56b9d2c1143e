"""Settings of an XMPP channel: the bot's own account on the company's server."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from config.fields import Secret, TlsMode


class XmppSettings(BaseModel):
    """`[channels.NAME]` with `kind = "xmpp"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jid: str = Field(description="The bot's account, such as hub@example.org.", examples=["hub@example.org"])
    password: Secret = Field(description="Its password.", examples=[{"file": "/etc/fernamt/xmpp-password"}])
    host: str = Field(default="", description="Server to connect to; empty: found by DNS (SRV) from the JID.")
    port: int = Field(default=5222, ge=1, le=65535, description="Port of the server.")
    tls: TlsMode = Field(
        default=TlsMode.STARTTLS,
        description='"starttls", "implicit" (direct TLS, usually port 5223), or "none" (loopback only).',
    )
    ca_file: str = Field(default="", description="Certificate authority to trust instead of the system's.")
    strangers: Literal["refuse", "welcome"] = Field(
        default="refuse",
        description='What to do with unknown people: "refuse" politely, or "welcome" them as provisional contacts.',
    )
    staff: bool = Field(default=True, description="Colleagues may talk to the CRM bot on this account.")
    catch_up_hours: int = Field(
        default=72, ge=0, le=720, description="How far back the server's archive is read after an outage (XEP-0313)."
    )

    @field_validator("jid")
    @classmethod
    def _check_jid(cls, value: str) -> str:
        if "@" not in value or value.startswith("@"):
            raise ValueError("must be an account such as hub@example.org")
        return value
