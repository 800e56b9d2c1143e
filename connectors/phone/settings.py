"""Settings of a telephone channel: which exchange tells of calls, and whose lines are whose."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.fields import ESSENTIAL, Secret

PORTS = {"fritzbox": 1012, "asterisk": 5038}


class PhoneSettings(BaseModel):
    """`[channels.NAME]` with `kind = "phone"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: Literal["fritzbox", "asterisk", "sipgate", "twilio"] = Field(
        description="Which exchange tells of calls.", examples=["fritzbox"]
    )
    host: str = Field(
        default="",
        max_length=255,
        description="FRITZ!Box or Asterisk: its name or address.",
        examples=["fritz.box"],
        json_schema_extra=ESSENTIAL,
    )
    port: int = Field(
        default=0, ge=0, le=65535, description="Its port; 0: the usual one (FRITZ!Box 1012, Asterisk 5038)."
    )
    username: str = Field(
        default="",
        max_length=100,
        description="Asterisk: name of the manager account.",
        json_schema_extra=ESSENTIAL,
    )
    secret: Secret | None = Field(
        default=None,
        description="Asterisk: the manager's secret. sipgate: the secret part of the webhook's address, at least 16 "
        "letters and digits. Twilio: the auth token.",
        examples=[{"file": "/etc/fernamt/phone-secret"}],
    )
    country: str = Field(
        default="DE", pattern=r"^[A-Z]{2}$", description="Country of numbers that name none (ISO 3166, two letters)."
    )
    area: str = Field(
        default="",
        pattern=r"^(0[0-9]{1,6})?$",
        description='Area code with its zero, such as "0221", put before numbers that are dialled without one.',
        json_schema_extra=ESSENTIAL,
    )
    numbers: list[str] = Field(
        default_factory=list,
        max_length=200,
        description="Our own numbers, so that calls among ourselves make no contacts.",
    )
    lines: dict[str, str] = Field(
        default_factory=dict,
        max_length=500,
        description="Whose line is whose: extension, or own number as the exchange names it, and the colleague's name, "
        'as in { 20 = "anna", 4922112345 = "ben" }. Calls on other lines are told to the contact\'s owner, else to '
        "everybody.",
    )
    trunks: list[str] = Field(
        default_factory=list,
        max_length=50,
        description='Asterisk: channels of the lines to the outside, such as ["PJSIP/provider"].',
        json_schema_extra=ESSENTIAL,
    )
    forward_to: list[str] = Field(
        default_factory=list,
        max_length=10,
        description="Twilio: numbers that ring when somebody calls, all at once; empty where your own TwiML decides.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.exchange in PORTS and not self.host:
            raise ValueError(f'host is needed for exchange = "{self.exchange}"')
        if self.exchange != "fritzbox" and self.secret is None:
            raise ValueError(f'secret is needed for exchange = "{self.exchange}"')
        if self.exchange == "asterisk" and not (self.username and self.trunks):
            raise ValueError('username and trunks are needed for exchange = "asterisk"')
        return self

    @property
    def peer_port(self) -> int:
        """The port to connect to."""
        return self.port or PORTS.get(self.exchange, 0)
