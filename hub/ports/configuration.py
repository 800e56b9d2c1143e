"""Changing which channels are configured, as services see it. The file itself is config.edit's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One setting of a kind of channel. `form`: "text", "secret", "number", "yes-no", "choice", "list". `table`: the
    part that it belongs to ('' for the channel itself); a part may be left out as a whole."""

    name: str
    description: str
    form: str
    required: bool
    default: str
    choices: tuple[str, ...]
    table: str
    essential: bool = False
    """Asked at once; the others are for who looks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindLine:
    """A kind of channel that can be configured."""

    name: str
    summary: str
    fields: tuple[SettingField, ...]


class Configuration(Protocol):
    """The configured channels. Every change is validated as a whole, kept with the version before it, and takes effect
    at once."""

    def kinds(self) -> list[KindLine]:
        """In the order of the registry."""

    async def put_channel(self, name: str, kind: str, values: Mapping[str, str]) -> None:
        """Add the channel, or configure it anew. Secrets that were typed are written to files of their own. Raises
        ConfigurationInvalid; then nothing has changed. NotFound for an unknown kind."""

    async def remove_channel(self, name: str) -> None:
        """Raises ConfigurationInvalid where there is none in the file."""
