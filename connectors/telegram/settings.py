"""Settings of a Telegram channel: one bot."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.fields import Secret

_API = re.compile(r"^(https://[^\s/]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?)$")
_HOOK = re.compile(r"^(https://[^\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?/[^\s]*)$")


class TelegramSettings(BaseModel):
    """`[channels.NAME]` with `kind = "telegram"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Secret = Field(
        description="The bot's token, as BotFather gave it.", examples=[{"file": "/etc/fernamt/telegram-token"}]
    )
    mode: Literal["polling", "webhook"] = Field(
        default="polling",
        description='How messages come: "polling" asks Telegram and needs no public address, "webhook" is called by '
        "Telegram under /in/NAME/.",
    )
    webhook_url: str = Field(
        default="",
        description="For webhook: the public address of this channel, which ends in /in/NAME/.",
        examples=["https://hub.example.org/in/telegram/"],
    )
    webhook_secret: Secret | None = Field(
        default=None,
        description="For webhook: 16 to 256 letters, digits, _ and - that Telegram sends along, so that nobody else "
        "can send us messages.",
        examples=[{"file": "/etc/fernamt/telegram-webhook-secret"}],
    )
    api_base: str = Field(
        default="https://api.telegram.org",
        description="Address of the Bot API; another one for a Bot API server of your own. Plain HTTP only to this "
        "machine.",
    )
    staff: bool = Field(default=False, description="Colleagues may talk to the CRM bot through this bot.")
    strangers: Literal["welcome", "refuse"] = Field(
        default="welcome",
        description='What to do with unknown people: "welcome" them as provisional contacts, or "refuse" politely.',
    )
    catch_up_hours: int = Field(
        default=24,
        ge=0,
        le=24,
        description="Messages that waited longer than this at Telegram while the hub was away are recorded as "
        "history: nobody is told, nothing is answered by itself. Telegram keeps them for 24 hours.",
    )

    @field_validator("api_base")
    @classmethod
    def _check_api(cls, value: str) -> str:
        if not _API.match(value):
            raise ValueError("must be https://HOST, or http://127.0.0.1:PORT for a server on this machine")
        return value

    @model_validator(mode="after")
    def _check_hook(self) -> Self:
        if self.mode == "webhook":
            if not _HOOK.match(self.webhook_url):
                raise ValueError("webhook_url must be the public https:// address that ends in /in/NAME/")
            if self.webhook_secret is None:
                raise ValueError("webhook_secret is needed for webhook; without it anybody could send messages")
        return self


def bot_id_of(settings: TelegramSettings) -> str:
    """The bot's own numeric id, which stands before the colon of its token; '' while the token cannot be read."""
    try:
        number = settings.token.reveal().partition(":")[0]
    except ValueError:
        return ""
    return number if number.isascii() and number.isdigit() else ""
