"""Collections, indexes and filters, made from the declarations of the kinds.

A kind is a collection of that name. An index of the port is an index of MongoDB over its keys and `_id`, so that a page
is one stretch of it. None is never stored: a sparse index is a partial one over the documents that have its keys.

On a cluster a kind is sharded by `Kind.shard`, hashed (`id` is `_id`): `sh.shardCollection("fernamt.interactions",
{contact_id: "hashed"})`. A single server and a replica set need nothing of it, and the hub does not declare it.
"""

import typing
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING, IndexModel

from hub.domain.instant import from_epoch_ms
from hub.ports.kinds import Index, Kind
from hub.ports.store import Value
from storage.codec import Codec, codec_for, encode_document
from storage.keys import Key, check_kind, key_fields, sortable
from storage.mongodb.calls import Fields

T = TypeVar("T")
Stored = str | int | bool | datetime
Sort = list[tuple[str, int]]


class Layout(Generic[T]):
    """One kind as MongoDB sees it."""

    def __init__(self, kind: Kind[T]) -> None:
        check_kind(kind)
        self.kind = kind
        self.name = kind.name
        self.codec: Codec[T] = codec_for(kind.type, key_fields(kind))
        hints = typing.get_type_hints(kind.type)
        self._keys = {key: hints[key] for key in key_fields(kind)}

    def index_models(self) -> list[IndexModel]:
        """The indexes to make."""
        return [self._index_model(index) for index in self.kind.indexes]

    def _index_model(self, index: Index) -> IndexModel:
        keys = [(key, ASCENDING) for key in (*index.keys, "_id")]
        if not index.sparse:
            return IndexModel(keys, name=index.name)
        present = {key: {"$exists": True} for key in index.keys}
        return IndexModel(keys, name=index.name, partialFilterExpression=present)

    def fields(self, document: T, version: int) -> Fields:
        """The document as stored."""
        fields = self.codec.to_document(document)
        fields["version"] = version
        return {name: value for name, value in fields.items() if value is not None}

    def body(self, document: T, version: int) -> RawBSONDocument:
        """The document as bytes on the wire. Raises Invalid where BSON cannot hold it or it is too large."""
        return RawBSONDocument(encode_document(self.fields(document, version)))

    def read(self, fields: Fields) -> T:
        """The document again."""
        return self.codec.from_document(fields)

    def stored(self, key: str, value: Key) -> Stored:
        """The value of an index key as documents hold it, from its sortable form."""
        if key == "_id":
            return value
        hint = self._keys[key]
        types = {hint, *typing.get_args(hint)}
        if datetime in types:
            return from_epoch_ms(typing.cast(int, value))
        return bool(value) if bool in types else value

    def equal(self, index: Index, values: Sequence[Value]) -> Fields:
        """The filter of the leading keys. A query must imply a partial index's own filter to be served by it."""
        conditions: Fields = {}
        if index.sparse:
            conditions = {key: {"$exists": True} for key in index.keys}
        for key, value in zip(index.keys, values, strict=False):
            # Spelled out: SecantusDB 0.7.0b3 misses negative numbers where a plain equality stands beside a range.
            conditions.setdefault(key, {})["$eq"] = self.stored(key, sortable(value))
        return conditions

    def bounded(self, index: Index, equal: Sequence[Value], *, since: Key | None, until: Key | None) -> Fields:
        """The filter of the leading keys, and of the first remaining one within its bounds."""
        conditions = self.equal(index, equal)
        for operator, bound in (("$gte", since), ("$lte", until)):
            if bound is not None:
                key = index.keys[len(equal)]
                conditions.setdefault(key, {})[operator] = self.stored(key, bound)
        return conditions

    def page(
        self,
        index: Index,
        equal: Sequence[Value],
        *,
        since: Key | None,
        until: Key | None,
        last: Sequence[Key] | None,
        newest_first: bool,
    ) -> tuple[Fields, Sort]:
        """Filter and order of a page behind the key `last`."""
        conditions = self.bounded(index, equal, since=since, until=until)
        rest = [*index.keys[len(equal) :], "_id"]
        if last is not None:
            behind = [self.stored(key, value) for key, value in zip(rest, last, strict=True)]
            # The bound on the first key keeps the scan on the index; the alternatives only order what ties with it.
            # The cursor already lies within the page's own bound on that side.
            conditions.setdefault(rest[0], {})["$lte" if newest_first else "$gte"] = behind[0]
            conditions["$or"] = _beyond(rest, behind, "$lt" if newest_first else "$gt")
        return conditions, [(key, DESCENDING if newest_first else ASCENDING) for key in rest]


def _beyond(keys: Sequence[str], values: Sequence[Any], operator: str) -> list[Fields]:
    """Alternatives for "the keys, compared in turn, lie beyond the values"."""
    return [
        {**dict(zip(keys[:place], values, strict=False)), keys[place]: {operator: values[place]}}
        for place in range(len(keys))
    ]


def same_content(body: RawBSONDocument, fields: Fields) -> bool:
    """Whether a stored document is what we wrote: the same fields at version 1, in whatever order."""
    options: bson.CodecOptions[Fields] = bson.CodecOptions(tz_aware=True)
    return bson.decode(body.raw, options) == fields
