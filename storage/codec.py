"""Dataclasses to BSON documents and back. Both engines store the same documents, and the parse worker speaks them.

A codec is compiled once for each dataclass: reflection over the type hints writes two straight-line functions, because
a generic walk costs ten times as much and every message passes here several times. The stored form is kept small and
open to change:

* `id` is stored as `_id`; StrEnum as its value, Decimal and date as text, datetime as a BSON date (whole milliseconds).
* A field that equals its default is left out (unless it is `kept`, as the fields of indexes are), and so is None.
* Reading ignores fields it does not know, and gives missing ones their default: old documents stay readable.
"""

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, NewType, TypeVar

import bson
from bson.codec_options import DEFAULT_CODEC_OPTIONS
from bson.errors import BSONError

from hub.domain.errors import Invalid

T = TypeVar("T")

MAX_BYTES = 16_000_000
"""MongoDB refuses documents above 16 MiB; every engine keeps to that."""
_ABSENT = object()
_PLAIN: tuple[type, ...] = (str, bool, int, float, bytes)


@dataclasses.dataclass(frozen=True, slots=True)
class _Form:
    """How one type is written and read: Python expressions with `v` for the value. None: as it is."""

    write: str | None = None
    read: str | None = None
    optional: bool = False
    document: bool = False
    """It is a nested dataclass."""


class Codec(Generic[T]):
    """Writes and reads one dataclass. Make it with `codec_for`."""

    __slots__ = ("from_document", "to_document", "type")

    def __init__(
        self, type: type[T], to_document: Callable[[T], dict[str, Any]], from_document: Callable[[dict[str, Any]], T]
    ) -> None:
        self.type = type
        self.to_document = to_document
        self.from_document = from_document
        """Raises ValueError where a field without default is missing or an enum value is unknown."""

    def encode(self, value: T) -> bytes:
        """The value as BSON. Raises Invalid where BSON cannot hold it (lone surrogates, too large)."""
        return encode_document(self.to_document(value))

    def decode(self, data: bytes) -> T:
        """The value of these bytes. Raises ValueError where they are none."""
        return self.from_document(decode_document(data))


def encode_document(document: dict[str, Any]) -> bytes:
    """A plain document as BSON. Raises Invalid as `Codec.encode` does."""
    try:
        data = bson.encode(document)
    except (UnicodeEncodeError, OverflowError, BSONError) as error:
        raise Invalid("This value cannot be stored: it holds text or a number outside the permitted range.") from error
    if len(data) > MAX_BYTES:
        raise Invalid("This document is larger than 16 MB.", size=len(data))
    return data


def decode_document(data: bytes) -> dict[str, Any]:
    """The plain document of BSON bytes; dates are naive UTC. Raises ValueError."""
    try:
        return bson.decode(data, DEFAULT_CODEC_OPTIONS)
    except BSONError as error:
        raise ValueError("these bytes are no BSON document") from error


def codec_for(cls: type[T], kept: frozenset[str] = frozenset()) -> Codec[T]:
    """The codec of a dataclass, compiled at the first call. `kept` names fields that are stored even where they equal
    their default. Raises TypeError for a type that has no stored form."""
    codec = _CODECS.get((cls, kept))
    if codec is None:
        compiler = _Compiler(cls, kept)
        codec = _CODECS[cls, kept] = Codec(cls, compiler.writer(), compiler.reader())
    return codec


_CODECS: dict[tuple[type[Any], frozenset[str]], Codec[Any]] = {}


class _Compiler:
    """Writes the two functions of one dataclass."""

    def __init__(self, cls: type[Any], kept: frozenset[str]) -> None:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls!r} is no dataclass")
        self._cls = cls
        self._kept = kept
        self._names: dict[str, Any] = {"cls": cls, "new": object.__new__, "UTC": UTC, "Decimal": Decimal, "date": date}
        self._names["missing"] = _ABSENT
        hints = typing.get_type_hints(cls)
        self._fields = [(field, self._form(hints[field.name])) for field in dataclasses.fields(cls) if field.init]

    def _bind(self, value: object) -> str:
        name = f"g{len(self._names)}"
        self._names[name] = value
        return name

    def _form(self, hint: Any) -> _Form:
        while isinstance(hint, NewType):
            hint = hint.__supertype__
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._optional(hint, arguments)
        if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return self._tuple(self._form(arguments[0]))
        if origin is dict and arguments[0] is str and self._form(arguments[1]) == _Form():
            return _Form()
        if hint in _PLAIN:
            return _Form()
        if hint is datetime:
            return _Form(read="v.replace(tzinfo=UTC)")
        if hint is date:
            return _Form(write="v.isoformat()", read="date.fromisoformat(v)")
        if hint is Decimal:
            return _Form(write="str(v)", read="Decimal(v)")
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return _Form(write="v._value_", read=f"{self._bind(hint._value2member_map_)}[v]")
        if dataclasses.is_dataclass(hint):
            nested = codec_for(typing.cast(type[Any], hint))
            write, read = self._bind(nested.to_document), self._bind(nested.from_document)
            return _Form(write=f"{write}(v)", read=f"{read}(v)", document=True)
        raise TypeError(f"{self._cls.__name__}: {hint!r} has no stored form")

    def _optional(self, hint: Any, arguments: tuple[Any, ...]) -> _Form:
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) != 1 or len(arguments) != 2:
            raise TypeError(f"{self._cls.__name__}: {hint!r} has no stored form")
        form = self._form(inner[0])
        write = f"None if v is None else {form.write}" if form.write else None
        read = f"None if v is None else {form.read}" if form.read else None
        return _Form(write=write, read=read, optional=True)

    def _tuple(self, inner: _Form) -> _Form:
        write = f"[{inner.write} for v in v]" if inner.write else None
        read = f"tuple([{inner.read} for v in v])" if inner.read else "tuple(v)"
        return _Form(write=write, read=read)

    def _compile(self, name: str, lines: list[str]) -> Callable[[Any], Any]:
        source = "\n    ".join(lines)
        # The source is made of the field names of our own dataclasses, never of data.
        exec(compile(source, f"<codec of {self._cls.__qualname__}>", "exec"), self._names)  # noqa: S102
        return typing.cast(Callable[[Any], Any], self._names[name])

    def writer(self) -> Callable[[Any], dict[str, Any]]:
        """`write(value) -> document`."""
        lines = ["def write(o):", "d = {}"]
        for field, form in self._fields:
            key = "_id" if field.name == "id" else field.name
            store = f"d[{key!r}] = {form.write or 'v'}"
            lines.append(f"v = o.{field.name}")
            lines += self._guarded(field, form, key, store)
        return self._compile("write", [*lines, "return d"])

    def _guarded(self, field: "dataclasses.Field[Any]", form: _Form, key: str, store: str) -> list[str]:
        """The lines that store `v`, unless it may be left out."""
        default = _default(field)
        if field.name in self._kept:
            return [store]
        if default is MISSING:
            return [f"if v is not None: {store}"] if form.optional else [store]
        if default is None:
            return [f"if v is not None: {store}"]
        if form.document and not codec_for(type(default)).to_document(default):
            return [f"v = {form.write}", f"if v: d[{key!r}] = v"]
        if not default and not form.optional and isinstance(default, (str, bool, tuple, bytes)):
            return [f"if v: {store}"]
        return [f"if v != {self._bind(default)}: {store}"]

    def reader(self) -> Callable[[dict[str, Any]], Any]:
        """`read(document) -> value`."""
        plain = "__post_init__" not in dir(self._cls) and "__slots__" in self._cls.__dict__
        lines = ["def read(d):", "try:"]
        body = ["o = new(cls)"] if plain else []
        for index, (field, form) in enumerate(self._fields):
            body += self._fetched(field, form)
            # Filling the slots by their descriptors costs half of what the frozen dataclass's __init__ does.
            setter = self._bind(getattr(self._cls, field.name).__set__) if plain else ""
            body.append(f"{setter}(o, v)" if plain else f"v{index} = v")
        arguments = ", ".join(f"{field.name}=v{index}" for index, (field, _) in enumerate(self._fields))
        body.append("return o" if plain else f"return cls({arguments})")
        lines += [f"    {line}" for line in body]
        lines += ["except KeyError as error:", f"    raise ValueError(f'{self._cls.__name__}: {{error}}') from error"]
        return self._compile("read", lines)

    def _fetched(self, field: "dataclasses.Field[Any]", form: _Form) -> list[str]:
        """The lines that put the field's value into `v`."""
        key = "_id" if field.name == "id" else field.name
        default = _default(field)
        if default is MISSING and not form.optional:
            return [f"v = d[{key!r}]", *([f"v = {form.read}"] if form.read else [])]
        missing = "None" if default is MISSING or default is None else self._bind(default)
        if field.default_factory is not MISSING:
            missing = f"{self._bind(field.default_factory)}()"
        if form.read is None:
            return [
                f"v = d[{key!r}] if {key!r} in d else {missing}" if "(" in missing else f"v = d.get({key!r}, {missing})"
            ]
        return [f"v = d.get({key!r}, missing)", f"v = {missing} if v is missing else {form.read}"]


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return MISSING
