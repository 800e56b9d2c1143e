"""Reading the TOML file: validated as a whole, every problem in one report, with path and permitted values."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config.model import TABLES, ChannelTable, Config

MAX_FILE_BYTES = 1_048_576
DEFAULT_CHANNELS: dict[str, Any] = {
    "mail": {
        "kind": "email",
        "listen": "127.0.0.1:8025",
        "address": "info@company.example",
        "outgoing_directory": "outgoing",
    }
}
"""Where nothing is configured: mail in by SMTP on this machine, any recipient is ours, answers become files."""
_CHANNEL_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,31}$")

_NAME_SENTENCE = "a channel's name is lower case letters, digits, - and _, at most 32"

Problem = tuple[str, str]


class ConfigError(Exception):
    """The file cannot be used; `problems` lists all of them as (path, sentence)."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{path}: {sentence}" for path, sentence in problems))
        self.problems = problems


def check_channel_name(name: str) -> None:
    """Raises ConfigError where it cannot be one."""
    if not _CHANNEL_NAME.match(name):
        raise ConfigError([("name", _NAME_SENTENCE)])


def load(
    path: Path | None,
    kinds: Mapping[str, type[BaseModel]],
    *,
    http: str | None = None,
    smtp: str | None = None,
    lmtp: str | None = None,
) -> Config:
    """The configuration in `path`, or the defaults. `kinds` gives each channel kind's settings class; `http`, `smtp`
    and `lmtp` are the command line's places to listen, which win. Raises ConfigError."""
    data = _read(path) if path else {"channels": DEFAULT_CHANNELS}
    _override(data, http, smtp, lmtp)
    problems: list[Problem] = []
    problems += _unknown(data, [*TABLES, "channels"], "")
    tables: dict[str, Any] = {}
    for name, table in TABLES.items():
        tables[name] = _validate(table, data.get(name, {}), name, problems)
    channels = read_channels(data.get("channels", {}), kinds, problems)
    if problems:
        raise ConfigError(problems)
    return Config(**tables, channels=channels, path=path)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as source:
            raw = source.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise ConfigError([(str(path), "the file is larger than 1 MiB")])
        return tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise ConfigError([(str(path), f"the file cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([(str(path), "the file is not UTF-8 text")]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([(str(path), f"not valid TOML: {error}")]) from error


def _override(data: dict[str, Any], http: str | None, smtp: str | None, lmtp: str | None) -> None:
    if http:
        data.setdefault("http", {})
        if isinstance(data["http"], dict):
            data["http"] = {**data["http"], "listen": http}
    given = {key: value for key, value in (("listen", smtp), ("lmtp", lmtp)) if value}
    if not given:
        return
    channels = data.setdefault("channels", {})
    if not isinstance(channels, dict):
        return  # told with the other problems
    name = next((n for n, t in channels.items() if isinstance(t, dict) and t.get("kind") == "email"), "mail")
    table = channels.get(name, {})
    if isinstance(table, dict):
        data["channels"] = {**channels, name: {"kind": "email", **table, **given}}


def _unknown(data: Mapping[str, Any], known: Iterable[str], path: str) -> list[Problem]:
    names = list(known)
    return [(f"{path}{key}", _unknown_sentence(key, names)) for key in data if key not in names]


def _unknown_sentence(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
    return f"unknown setting; {hint}"


def _validate(table: type[BaseModel], value: Any, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        problems.append((path, "must be a table"))
        return None
    try:
        return table.model_validate(value)
    except ValidationError as error:
        problems += [_explain(table, path, detail) for detail in error.errors(include_input=False)]
        return None


def _explain(table: type[BaseModel], path: str, detail: Any) -> Problem:
    where = ".".join([path, *(str(step) for step in detail["loc"])])
    kind = detail["type"]
    if kind == "extra_forbidden":
        owner = _table_at(table, detail["loc"][:-1])
        return where, _unknown_sentence(str(detail["loc"][-1]), list(owner.model_fields) if owner else [])
    if kind == "missing":
        return where, "is needed but missing"
    sentence = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return where, sentence[:1].lower() + sentence[1:]


def _table_at(table: type[BaseModel], steps: Iterable[Any]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = table
    for step in steps:
        field = current.model_fields.get(str(step)) if current else None
        choices = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        current = next((c for c in choices if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return current


def read_channels(value: Any, kinds: Mapping[str, type[BaseModel]], problems: list[Problem]) -> dict[str, ChannelTable]:
    """The tables of `[channels]`; what is wrong with them is added to `problems`."""
    channels: dict[str, ChannelTable] = {}
    if not isinstance(value, dict):
        problems.append(("channels", "must hold one table for each channel, such as [channels.mail]"))
        return channels
    for name, table in value.items():
        path = f"channels.{name}"
        if not _CHANNEL_NAME.match(name):
            problems.append((path, _NAME_SENTENCE))
            continue
        if not isinstance(table, dict):
            problems.append((path, "must be a table"))
            continue
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in kinds:
            problems.append((f"{path}.kind", f"must be one of: {', '.join(sorted(kinds))}"))
            continue
        rest = {key: item for key, item in table.items() if key != "kind"}
        settings = _validate(kinds[kind], rest, path, problems)
        channels[name] = ChannelTable(name=name, kind=kind, settings=settings)
    return channels
