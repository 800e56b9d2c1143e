"""The configuration object: one frozen tree, documentation on the field. Channel tables bring their own settings
classes, which `load` is given; this package knows none of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from config.fields import HostPort, Secret


class Table(BaseModel):
    """A TOML table: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class HubTable(Table):
    """Who we are."""

    company: str = Field(default="My Company", min_length=1, max_length=100, description="The company's name.")
    hostname: str = Field(
        default="localhost",
        pattern=r"^[A-Za-z0-9.-]{1,253}$",
        description="The hub's name towards mail servers (EHLO) and in Message-IDs where a channel has none.",
    )
    language: Literal["de", "en"] = Field(default="en", description="Language for people who have not chosen one.")
    time_zone: str = Field(default="Europe/Berlin", description="The company's time zone.")

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("is no time zone that this machine knows; use a name such as Europe/Berlin") from error
        return value


class StorageTable(Table):
    """Where everything is kept."""

    url: Secret | None = Field(
        default=None,
        description="MongoDB address, such as mongodb://127.0.0.1:27017/?replicaSet=rs0. "
        "Nothing set: SQLite in the data directory.",
    )
    database: str = Field(default="fernamt", pattern=r"^[A-Za-z0-9_-]{1,60}$", description="Database name in MongoDB.")


class HttpTable(Table):
    """Console and API."""

    listen: HostPort = Field(default=HostPort(host="127.0.0.1", port=8080), description="Where console and API listen.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/]+)?$",
        description="Address under which people reach it, for links and for Secure cookies, "
        "such as https://hub.example.org.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="Addresses of proxies in front, such as 127.0.0.1: their X-Forwarded-For is believed, "
        "so that limits count people and not the proxy.",
    )


class IntakeTable(Table):
    """Bounds of what is taken in."""

    max_message_bytes: int = Field(
        default=26_214_400, ge=65_536, le=209_715_200, description="Largest message taken in, in bytes."
    )


class RepliesTable(Table):
    """Answers of colleagues."""

    take_back_seconds: int = Field(
        default=20, ge=0, le=600, description="How long a sent answer can be taken back, in seconds."
    )
    give_up_hours: int = Field(
        default=48, ge=1, le=240, description="After how many hours of trying an item counts as failed."
    )


class CustomerBotTable(Table):
    """The bot that answers customers, and the budgets of everything automatic."""

    enabled: bool = Field(default=True, description="Whether the bot answers customers at all.")
    acknowledge: Literal["never", "closed", "always"] = Field(
        default="never",
        description="Whether messages for people are acknowledged by themselves: never, only while nobody is there, "
        "or always.",
    )
    known_days: int = Field(
        default=7,
        ge=0,
        le=365,
        description="How many days ago we must have entered or imported a mail address before one-time codes go there.",
    )
    codes_a_day: int = Field(
        default=3, ge=1, le=20, description="One-time codes a day, for each contact and for each address that asks."
    )
    address_hour: int = Field(
        default=5, ge=1, le=100, description="Automatic mails and acknowledgements an hour to one address."
    )
    domain_hour: int = Field(default=20, ge=1, le=1_000, description="The same to one domain.")
    total_hour: int = Field(
        default=200, ge=1, le=100_000, description="The same in all; then they stop, and the admins are told."
    )
    chat_address_hour: int = Field(
        default=30, ge=1, le=1_000, description="Answers an hour in a chat to one address that asks."
    )
    chat_total_hour: int = Field(default=2_000, ge=1, le=1_000_000, description="The same in all.")


class ProposerTable(Table):
    """A language model that proposes what a colleague meant where the hub's own rules do not know. Off while no url is
    set. Only the sentence that the colleague wrote is sent there, and every proposal is checked and confirmed."""

    url: str = Field(
        default="",
        pattern=r"^(https://[^\s]+|http://(127\.0\.0\.1|localhost|\[::1\])[^\s]*)?$",
        description="Address of an OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1. Plain HTTP only to "
        "this machine.",
    )
    model: str = Field(default="", max_length=200, description="Name of the model there.")
    key: Secret | None = Field(default=None, description="Its key, where it wants one.")
    seconds: float = Field(default=8.0, ge=1, le=25, description="How long an answer may take.")


class DocumentsTable(Table):
    """Files that come, go and are kept."""

    clamd: str = Field(
        default="",
        max_length=200,
        pattern=r"^(/[^\s]+|[^\s/]+:[0-9]{1,5})?$",
        description="Where clamd checks files for viruses, such as 127.0.0.1:3310 or /run/clamav/clamd.ctl. "
        "Nothing set: nothing is checked.",
    )
    max_upload_bytes: int = Field(
        default=52_428_800,
        ge=65_536,
        le=209_715_200,
        description="Largest file that can be uploaded, by colleagues and by visitors, in bytes.",
    )
    keep_removed_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="How long a removed document can be restored. After that it goes for good, with its contents.",
    )


class LogTable(Table):
    """What is logged. Bodies and secrets never are."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description='"text" for people, "json" for machines; "auto": text on a terminal.'
    )


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """One `[channels.NAME]`: its kind and the settings that the kind's class has read."""

    name: str
    kind: str
    settings: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration, validated."""

    hub: HubTable
    storage: StorageTable
    http: HttpTable
    intake: IntakeTable
    replies: RepliesTable
    log: LogTable
    customer_bot: CustomerBotTable
    proposer: ProposerTable
    documents: DocumentsTable
    channels: dict[str, ChannelTable]
    path: Path | None = None
    """The file it came from; None for the defaults."""


TABLES: dict[str, type[Table]] = {
    "hub": HubTable,
    "storage": StorageTable,
    "http": HttpTable,
    "intake": IntakeTable,
    "replies": RepliesTable,
    "log": LogTable,
    "customer_bot": CustomerBotTable,
    "proposer": ProposerTable,
    "documents": DocumentsTable,
}
