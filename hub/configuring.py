"""The part of the composition root that changes the configuration while the hub runs: implements
hub.ports.configuration over config.edit. Typed secrets go to files of their own, for the hub's user only."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from config.edit import ConfigFile
from config.load import ConfigError
from config.outline import OutlineField, outline, read_values
from hub.domain.errors import ConfigurationInvalid, NotFound
from hub.ports.configuration import KindLine, SettingField
from hub.ports.connector import ChannelKind


class LiveConfiguration:
    """Implements Configuration. `reload` makes the running channels equal to the file."""

    def __init__(
        self, file: Path, secrets: Path, kinds: Mapping[str, ChannelKind], reload: Callable[[], Awaitable[None]]
    ) -> None:
        self._kinds, self._secrets, self._reload = kinds, secrets, reload
        self._file = ConfigFile(file, {name: kind.settings for name, kind in kinds.items()})
        self._turn = asyncio.Lock()

    def kinds(self) -> list[KindLine]:
        """See Configuration."""
        return [
            KindLine(
                name=name,
                summary=_summary(kind),
                fields=tuple(_line(field) for field in outline(kind.settings)),
            )
            for name, kind in self._kinds.items()
        ]

    async def put_channel(self, name: str, kind: str, values: Mapping[str, str]) -> None:
        """See Configuration."""
        known = self._kinds.get(kind)
        if known is None:
            raise NotFound(f"There is no kind of channel called {kind[:40]!r}; there are: {', '.join(self._kinds)}.")
        async with self._turn:
            try:
                table = read_values(known.settings, values)
                secret = {field.name for field in outline(known.settings) if field.form == "secret"}
                await asyncio.to_thread(self._put, name, kind, table, secret)
            except ConfigError as error:
                raise ConfigurationInvalid(_relative(error, name)) from error
            await self._reload()

    def _put(self, name: str, kind: str, table: dict[str, Any], secret: set[str]) -> None:
        """First with the secrets as they were typed, to see whether all is well; then with their files."""
        kept, files = dict(table), []
        for path in secret:
            steps = path.split(".")
            part = kept
            for step in steps[:-1]:
                if step in part:
                    part[step] = dict(part[step])
                part = part.get(step, {})
            if isinstance(part.get(steps[-1]), str):
                file = self._secrets / f"{name}-{path.replace('.', '-')}"
                files.append((file, part[steps[-1]]))
                part[steps[-1]] = {"file": str(file.absolute())}
        self._file.check_channel(name, kind, table)
        for file, text in files:
            _write_secret(file, text)
        self._file.put_channel(name, kind, kept)

    async def remove_channel(self, name: str) -> None:
        """See Configuration."""
        async with self._turn:
            try:
                await asyncio.to_thread(self._file.remove_channel, name)
            except ConfigError as error:
                raise ConfigurationInvalid(error.problems) from error
            await self._reload()


def _write_secret(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(fresh, file)


def _relative(error: ConfigError, name: str) -> list[tuple[str, str]]:
    """Problems of this channel by the name of the setting, so that they can stand beside its field."""
    prefix = f"channels.{name}."
    return [(path.removeprefix(prefix), sentence) for path, sentence in error.problems]


def _summary(kind: ChannelKind) -> str:
    text = kind.summary or (kind.settings.__doc__ or "")
    return text.strip().partition("\n")[0]


def _line(field: OutlineField) -> SettingField:
    return SettingField(
        name=field.name,
        description=field.description,
        form=field.form,
        required=field.required,
        default=field.default,
        choices=field.choices,
        table=field.table,
        essential=field.essential,
    )
