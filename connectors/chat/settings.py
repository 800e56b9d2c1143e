"""Settings of the web chat."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

WHITE_CONTRAST = 4.5


class ChatSettings(BaseModel):
    """`[channels.NAME]` with `kind = "chat"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origins: list[str] = Field(
        min_length=1,
        max_length=50,
        description="Origins of the pages that may show the chat.",
        examples=[["https://www.example.org"]],
    )
    title: str = Field(default="", max_length=60, description='Head of the chat; empty: "Chat".')
    greeting_de: str = Field(
        default="Guten Tag! Wie können wir helfen?", max_length=500, description="First words, in German."
    )
    greeting_en: str = Field(default="Hello! How can we help?", max_length=500, description="First words, in English.")
    note_de: str = Field(
        default="", max_length=200, description="Line under the head, in German: business hours, privacy."
    )
    note_en: str = Field(
        default="", max_length=200, description="Line under the head, in English: business hours, privacy."
    )
    privacy_url: str = Field(
        default="", pattern=r"^(https://[^\s]+)?$", description="Address of the privacy statement, linked in the chat."
    )
    accent: str = Field(
        default="#1d4f91",
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="Colour of button and head; white text on it must stay readable (contrast 4.5).",
    )
    max_file_bytes: int = Field(
        default=5_242_880, ge=0, le=8_388_608, description="Largest file, either way; 0: no files."
    )
    remember_days: int = Field(
        default=30, ge=1, le=365, description="How long a browser is known again after its last visit."
    )
    visitor_minute: int = Field(default=20, ge=1, le=600, description="Messages of one visitor a minute.")
    address_minute: int = Field(
        default=60, ge=1, le=6_000, description="Messages and new visitors of one IP address a minute."
    )

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            scheme, _, host = origin.partition("://")
            if scheme not in ("https", "http") or not host or any(sign in host for sign in "/?#*@ "):
                raise ValueError("an origin is written without a path, as in https://www.example.org")
        return [origin.lower() for origin in value]

    @field_validator("accent")
    @classmethod
    def _check_accent(cls, value: str) -> str:
        if 1.05 / (_luminance(value) + 0.05) < WHITE_CONTRAST:
            raise ValueError("white text cannot be read on this colour; choose a darker one")
        return value.lower()


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
