"""Values of index keys as both engines compare them: text, or whole numbers (moments in milliseconds)."""

import types
import typing
from datetime import date, datetime
from typing import Any

from hub.domain.instant import epoch_ms
from hub.ports.kinds import Index, Kind
from hub.ports.store import Value

Key = str | int


def sortable(value: Value) -> str | int:
    """The value as it stands in an index. Raises TypeError for what cannot stand there."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):
        return epoch_ms(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, date):
        # As the codec stores it: ISO days sort by time.
        return value.isoformat()
    raise TypeError(f"{value!r} cannot stand in an index")


def key_fields(kind: Kind[Any]) -> frozenset[str]:
    """Every field that stands in an index: engines store these even where they equal their default."""
    return frozenset(key for index in kind.indexes for key in index.keys)


def check_kind(kind: Kind[Any]) -> None:
    """Raises TypeError where a declaration cannot work: None has no place in an index that is not sparse, and only
    the first key of a `many` index is a list."""
    hints = typing.get_type_hints(kind.type)
    for index in kind.indexes:
        for position, key in enumerate(index.keys):
            if _is_optional(hints[key]) and not index.sparse:
                raise TypeError(f"{kind.name}.{index.name}: {key} may be None, so the index must be sparse")
            if (typing.get_origin(hints[key]) is tuple) != (index.many and position == 0):
                raise TypeError(f"{kind.name}.{index.name}: {key} must{'' if index.many else ' not'} be a list")
    if kind.clustered:
        clustered = kind.index(kind.clustered)
        if clustered.sparse or clustered.many:
            raise TypeError(f"{kind.name}: rows cannot be laid out along a sparse index or one over a list")


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType) and type(None) in typing.get_args(hint)


def check_equal(kind: Kind[Any], index: Index, equal: tuple[Value, ...], bounded: bool) -> None:
    """Raises ValueError where a call does not fit the index: a mistake of the program, not of its user."""
    least, most = int(index.many), len(index.keys)
    if not least <= len(equal) <= most:
        raise ValueError(f"{kind.name}.{index.name} takes {least} to {most} values, not {len(equal)}")
    if bounded and len(equal) == most:
        raise ValueError(f"{kind.name}.{index.name}: no key is left to bound")


def page_scope(kind: Kind[Any], index: Index, equal: tuple[Value, ...], newest_first: bool) -> str:
    """What a cursor of this page is sealed with."""
    return f"{kind.name}/{index.name}/{[sortable(value) for value in equal]!r}/{newest_first:d}"
