"""Documents to BSON and back."""

import timeit
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.address import Address
from hub.domain.arrival import ArrivalRecord
from hub.domain.errors import Invalid
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Envelope, Message, Parsed, Participant
from hub.domain.outbox import OutboxItem
from hub.ports.kinds import ALL_KINDS
from storage.codec import Codec, codec_for, decode_document

ThingId = NewType("ThingId", str)
MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    name: str = ""
    colours: tuple[Colour, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    id: ThingId
    needed: int
    maybe: bytes | None
    colour: Colour = Colour.RED
    odd: int | None = 5
    price: Decimal = Decimal("0.00")
    ratio: float = 1.0
    at: datetime | None = None
    times: tuple[datetime, ...] = ()
    inner: Inner = Inner()
    other: Inner | None = None
    inners: tuple[Inner, ...] = ()
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """Neither slotted nor without __post_init__: made by its constructor."""

    count: int = 0

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("negative")


def smallest() -> Outer:
    return Outer(id=ThingId("x"), needed=1, maybe=None)


def test_defaults_and_none_are_left_out() -> None:
    codec = codec_for(Outer)
    assert codec.to_document(smallest()) == {"_id": "x", "needed": 1}
    assert codec.decode(codec.encode(smallest())) == smallest()
    kept = codec_for(Outer, frozenset({"colour", "at"}))
    assert kept.to_document(smallest()) == {"_id": "x", "needed": 1, "colour": "red", "at": None}


def test_everything_comes_back() -> None:
    full = Outer(
        id=ThingId("x"),
        needed=-(2**63),
        maybe=b"\x00",
        colour=Colour.BLUE,
        odd=None,
        price=Decimal("12.340"),
        ratio=0.5,
        at=MOMENT,
        times=(MOMENT,),
        inner=Inner(name="n", colours=(Colour.RED,)),
        other=Inner(),
        inners=(Inner(), Inner(name="b")),
        words={"a": "b"},
    )
    codec = codec_for(Outer)
    back = codec.decode(codec.encode(full))
    assert back == full
    assert back.at is not None
    assert back.at.tzinfo is UTC
    assert type(back.colour) is Colour
    assert type(codec.to_document(full)["colour"]) is str


def test_old_and_new_documents_are_readable() -> None:
    codec = codec_for(Outer)
    assert codec.from_document({"_id": "x", "needed": 1, "later": "field"}) == smallest()
    with pytest.raises(ValueError, match="needed"):
        codec.from_document({"_id": "x"})
    with pytest.raises(ValueError, match="green"):
        codec.from_document({"_id": "x", "needed": 1, "colour": "green"})
    with pytest.raises(ValueError, match="BSON"):
        codec.decode(b"\x05\x00\x00\x00")


def test_default_dictionaries_are_not_shared() -> None:
    codec = codec_for(Outer)
    first = codec.from_document({"_id": "x", "needed": 1})
    assert first.words is not codec.from_document({"_id": "x", "needed": 1}).words


def test_constructors_that_check_are_called() -> None:
    codec = codec_for(Checked)
    assert codec.decode(codec.encode(Checked(3))) == Checked(3)
    with pytest.raises(ValueError, match="negative"):
        codec.from_document({"count": -1})


def test_other_time_zones_become_utc() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=2)))
    codec = codec_for(Outer)
    assert codec.decode(codec.encode(replace(smallest(), at=there))).at == MOMENT


@pytest.mark.parametrize("change", [{"id": "\ud800"}, {"needed": 2**63}, {"words": {"a\x00": "b"}}])
def test_what_bson_cannot_hold_is_invalid(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        codec_for(Outer).encode(replace(smallest(), **change))


def test_documents_above_sixteen_megabytes_are_invalid() -> None:
    with pytest.raises(Invalid, match="16 MB"):
        codec_for(Outer).encode(replace(smallest(), maybe=b"x" * 16_000_000))


@pytest.mark.parametrize("hint", [complex, list[str], tuple[int, str], int | str, dict[int, str], Any])
def test_types_without_a_stored_form_are_refused(hint: Any) -> None:
    wrong = dataclass(type("Wrong", (), {"__annotations__": {"value": hint}}))
    with pytest.raises(TypeError):
        codec_for(wrong)


@pytest.mark.parametrize("cls", [*(kind.type for kind in ALL_KINDS), Parsed, Message], ids=lambda cls: cls.__name__)
def test_every_stored_type_has_a_codec(cls: type[Any]) -> None:
    assert codec_for(cls) is codec_for(cls)


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
ADDRESSES = st.builds(Address, channel=TEXT, normal=TEXT, display=TEXT)
MOMENTS = st.integers(-(10**12), 4 * 10**12).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(Address, ADDRESSES)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False))
# Amounts are finite: what is not is refused where it comes in, and a NaN is not even equal to itself.
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("cls", [Interaction, OutboxItem, ArrivalRecord, Parsed], ids=lambda cls: cls.__name__)
def test_any_value_comes_back(cls: type[Any]) -> None:
    codec: Codec[Any] = codec_for(cls)

    @given(st.from_type(cls))
    def check(value: Any) -> None:
        assert codec.decode(codec.encode(value)) == value

    check()


def test_a_document_takes_microseconds() -> None:
    person = Participant(address=Address(channel="email", normal="p@example.org"), name="P")
    entry = Interaction(
        id="i_x",  # type: ignore[arg-type]
        contact_id="c_x",  # type: ignore[arg-type]
        at=MOMENT,
        kind=InteractionKind.MESSAGE,
        direction=Direction.INBOUND,
        text="x" * 2000,
        sender=person,
        recipients=(person,),
    )
    codec = codec_for(Interaction)
    data = codec.encode(entry)
    both = min(timeit.repeat(lambda: codec.decode(codec.encode(entry)), number=500, repeat=5)) / 500
    bare = min(timeit.repeat(lambda: bson.encode(decode_document(data)), number=500, repeat=5)) / 500
    assert both < 6 * bare, "a codec costs little beside BSON itself"


def test_arrivals_keep_their_bytes() -> None:
    record = ArrivalRecord(
        id="a_x",  # type: ignore[arg-type]
        account="info",
        native_id="n",
        envelope=Envelope(sender="a@b.de", recipients=("x@y.de",)),
        received_at=MOMENT,
        raw=bytes(range(256)),
        size=256,
    )
    assert codec_for(ArrivalRecord).decode(codec_for(ArrivalRecord).encode(record)) == record
