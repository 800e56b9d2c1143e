"""Changing the configuration file: comments and order stay, the result is validated as a whole before it counts, the
previous version is kept beside it, and a crash leaves either the old file or the new one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.items import Table

from config.load import DEFAULT_CHANNELS, ConfigError, Problem, check_channel_name, load, read_channels

PREVIOUS, FRESH = ".previous", ".new"


class ConfigFile:
    """The file at `path`, which need not exist yet: then it begins with what a hub without a file runs with."""

    def __init__(self, path: Path, kinds: Mapping[str, type[BaseModel]]) -> None:
        self.path, self._kinds = path, kinds

    def check_channel(self, name: str, kind: str, table: Mapping[str, Any]) -> None:
        """Whether the channel could be put like this. Raises ConfigError; writes nothing."""
        check_channel_name(name)
        problems: list[Problem] = []
        read_channels({name: {"kind": kind, **table}}, self._kinds, problems)
        if problems:
            raise ConfigError(problems)

    def put_channel(self, name: str, kind: str, table: Mapping[str, Any]) -> None:
        """Add the channel, or write it anew. Raises ConfigError; then nothing has changed."""
        check_channel_name(name)
        document = self._read()
        channels = document.setdefault("channels", tomlkit.table(is_super_table=True))
        channels[name] = _as_table({"kind": kind, **table})
        self._write(document)

    def remove_channel(self, name: str) -> None:
        """Take the channel out; what it brought stays on the timelines. Raises ConfigError where there is none."""
        document = self._read()
        channels = document.get("channels", {})
        if name not in channels:
            raise ConfigError([(f"channels.{name}", "there is no such channel in the file")])
        del channels[name]
        self._write(document)

    def _read(self) -> tomlkit.TOMLDocument:
        if not self.path.exists():
            document = tomlkit.document()
            document.add(tomlkit.comment("Configuration of Fernamt, begun by the hub; see docs/configuration.md."))
            channels = tomlkit.table(is_super_table=True)
            for name, table in DEFAULT_CHANNELS.items():
                channels[name] = _as_table(table)
            document["channels"] = channels
            return document
        try:
            return tomlkit.parse(self.path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomlkit.exceptions.TOMLKitError) as error:
            raise ConfigError([(str(self.path), f"the file cannot be read: {error}")]) from error

    def _write(self, document: tomlkit.TOMLDocument) -> None:
        fresh = self.path.with_name(self.path.name + FRESH)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(tomlkit.dumps(document))
                file.flush()
                os.fsync(file.fileno())
            load(fresh, self._kinds)
            if self.path.exists():
                previous = self.path.with_name(self.path.name + PREVIOUS)
                previous.unlink(missing_ok=True)
                os.link(self.path, previous)
            os.replace(fresh, self.path)
        except OSError as error:
            raise ConfigError([(str(self.path), f"the file cannot be written: {error.strerror}")]) from error
        finally:
            fresh.unlink(missing_ok=True)


def _as_table(values: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        if isinstance(value, Mapping):
            # A secret by file or credential reads best on its own line.
            inline = set(value) <= {"file", "credential"}
            table[key] = _as_inline(value) if inline else _as_table(value)
        else:
            table[key] = value
    return table


def _as_inline(value: Mapping[str, Any]) -> Any:
    inline = tomlkit.inline_table()
    inline.update(dict(value))
    return inline
