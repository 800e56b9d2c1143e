"""The settings of a kind of channel as a form: what may be asked, and how the words that people type become values.

Names of nested tables are dotted (`imap.host`). Lists are typed with commas, or as TOML where their items are tables.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.fields import ESSENTIAL, Secret
from config.load import ConfigError, Problem
from config.reference import permitted, spell, table_of

MAX_VALUE = 20_000
_YES, _NO = ("true", "yes", "ja", "on", "1"), ("false", "no", "nein", "off", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineField:
    """One thing to ask. `form`: "text", "secret", "number", "yes-no", "choice" (of `choices`), "list". `table`: the
    nested table that it belongs to, '' for none; where that one may be left out, so may all its fields."""

    name: str
    description: str
    form: str = "text"
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    table: str = ""
    essential: bool = False
    """Asked at once: needed, a secret, or marked so on the field (`json_schema_extra=ESSENTIAL`)."""


def outline(settings: type[BaseModel]) -> list[OutlineField]:
    """What may be asked for a channel with these settings, in the order of the class."""
    return list(_walk(settings, ""))


def _walk(settings: type[BaseModel], table: str) -> Iterator[OutlineField]:
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in settings.model_fields.items():
        nested = table_of(field)
        path = f"{table}.{name}" if table else name
        if nested is not None and not _is_list(field):
            inner.append((path, nested))
        else:
            yield _field(path, field, table)
    for path, nested in inner:
        yield from _walk(nested, path)


def _field(path: str, field: FieldInfo, table: str) -> OutlineField:
    choices = tuple(value.strip('"') for value in permitted(field))
    default = field.default if field.default is not PydanticUndefined else ""
    kinds = {field.annotation, *get_args(field.annotation)}
    form = "text"
    if choices:
        form = "choice"
    elif Secret in kinds:
        form, default = "secret", ""
    elif bool in kinds:
        form = "yes-no"
    elif kinds & {int, float}:
        form = "number"
    elif _is_list(field):
        form = "list"
    shown = "" if default in (None, "", ()) else spell(default).strip('"')
    return OutlineField(
        name=path,
        description=field.description or "",
        form=form,
        required=field.is_required(),
        default=shown,
        choices=choices,
        table=table,
        essential=field.is_required() or form == "secret" or field.json_schema_extra is ESSENTIAL,
    )


def _is_list(field: FieldInfo) -> bool:
    origins = {getattr(kind, "__origin__", kind) for kind in (field.annotation, *get_args(field.annotation))}
    return bool(origins & {tuple, list, dict})


def read_values(settings: type[BaseModel], values: Mapping[str, str]) -> dict[str, Any]:
    """A channel's table from what was typed, empty fields left out. Raises ConfigError for names that there are not
    and values that have the wrong form; whether they fit together is for `load` to say."""
    known = {field.name: field for field in outline(settings)}
    problems: list[Problem] = [(name, "unknown setting") for name in values if name not in known]
    table: dict[str, Any] = {}
    for name, typed in values.items():
        if name not in known or not typed.strip():
            continue
        try:
            _put(table, name.split("."), _value(known[name], typed.strip()))
        except ValueError as error:
            problems.append((name, str(error)))
    if problems:
        raise ConfigError(problems)
    return table


def _put(table: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        table = table.setdefault(step, {})
    table[steps[-1]] = value


def _value(field: OutlineField, typed: str) -> Any:
    if len(typed) > MAX_VALUE:
        raise ValueError(f"at most {MAX_VALUE:,} characters are permitted")
    if typed.startswith(("{", "[")) and field.form in ("secret", "list"):
        return _toml(typed)
    if field.form == "number":
        try:
            return int(typed) if typed.lstrip("-").isdigit() else float(typed)
        except ValueError as error:
            raise ValueError("must be a number") from error
    if field.form == "yes-no":
        if typed.lower() not in (*_YES, *_NO):
            raise ValueError("must be yes or no")
        return typed.lower() in _YES
    if field.form == "list":
        return [item.strip() for item in typed.split(",") if item.strip()]
    return typed


def _toml(typed: str) -> Any:
    try:
        return tomllib.loads(f"value = {typed}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is no TOML value: {error}") from error
