"""The hub dies at every point of taking in one message of each sort, and its store fails once at every verb: afterwards
everything is as if nothing had happened."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.domain.errors import StoreUnavailable
from hub.domain.interaction import MessageReference, message_reference_id
from hub.ports.kinds import (
    ARRIVALS,
    CONTACTS,
    CONVERSATIONS,
    IDENTITIES,
    INTERACTIONS,
    MESSAGE_REFERENCES,
    PLACEMENTS,
    SIGHTINGS,
)
from hub.services.tombstones import lay_tombstones
from tests.intake_world import DOMAIN, PETRA, SECRET, Envelope, IntakeWorld, chat, mail
from tests.memory_store import Crash

KINDS = (ARRIVALS, CONTACTS, CONVERSATIONS, IDENTITIES, INTERACTIONS, MESSAGE_REFERENCES, PLACEMENTS, SIGHTINGS)
KNOWN = mail(id="one@x.example")
OUTGOING = Envelope(folder="Sent", outgoing=True)
Step = Callable[[IntakeWorld], Awaitable[None]]


async def nothing(world: IntakeWorld) -> None:
    return None


async def known(world: IntakeWorld) -> None:
    await world.receive(KNOWN, native_id="known")


async def deleted(world: IntakeWorld) -> None:
    record = await world.receive(KNOWN, native_id="known")
    assert record.result is not None
    await lay_tombstones(world.store, SECRET, [record.result], world.clock.now())
    del world.entries[record.result]


async def answered(world: IntakeWorld) -> None:
    record = await world.receive(KNOWN, native_id="known")
    ours = replace(world.entry(record), id="i_ours", direction="out", outbox_id="o_ours", arrival_id=None)  # type: ignore[arg-type]
    await world.store.documents(INTERACTIONS).insert(ours)
    await world.store.documents(MESSAGE_REFERENCES).insert(
        MessageReference(
            id=message_reference_id("ours@x.example"),
            message_id="ours@x.example",
            conversation_id=world.conversation(record).id,
            interactions=(ours.id,),
        )
    )


SORTS: dict[str, tuple[Step, bytes, dict[str, Any]]] = {
    "first": (nothing, mail("hallo", id="first@x.example"), {}),
    "large": (nothing, mail("hallo " * 14_000, id="large@x.example"), {}),
    "answer": (known, mail("hallo", id="two@x.example", References="<gone@x.example> <one@x.example>"), {}),
    "same-id": (known, mail("anders", id="one@x.example"), {}),
    "duplicate": (known, KNOWN, {"account": "sales"}),
    "deleted": (deleted, KNOWN, {}),
    "from-outlook": (
        known,
        mail("hier", sender=f"anna@{DOMAIN}", to=PETRA, id="o@pc", In_Reply_To="<one@x.example>"),
        {"envelope": OUTGOING},
    ),
    "our-own": (answered, mail("hier", sender=f"anna@{DOMAIN}", to=PETRA, id="ours@x.example"), {"envelope": OUTGOING}),
    "away": (known, mail("bin weg", id="a@x.example", Auto_Submitted="auto-replied", References="<one@x.example>"), {}),
    "unroutable": (nothing, mail(to="who@else.example", id="u@x.example"), {}),
    "chat": (nothing, chat("hallo", id="s1"), {"account": "chat"}),
    "stranger": (nothing, chat("hallo", to=f"bot@{DOMAIN}", id="s2"), {"account": "bot"}),
    "unreadable": (nothing, b"<message", {"account": "chat"}),
    "poison": (nothing, b"poison-for-the-worker", {}),
}


def snapshot(world: IntakeWorld) -> dict[str, Any]:
    """Everything that lasts, but for how often it was written."""
    found: dict[str, Any] = {
        kind.name: {id: replace(row, version=0) for id, row in world.store.documents(kind).rows.items()}
        for kind in KINDS
    }
    found["search"], found["names"] = dict(world.store.search.entries), dict(world.store.search.names)
    found["blobs"] = set(world.store.blobs.rows)
    found["told"] = {told.interaction.id for told in world.teller.told}
    found["refused"] = set(world.door.refused)
    found["found"] = set(world.deliveries.found)
    return found


async def take_in(world: IntakeWorld, sort: str) -> None:
    _, raw, options = SORTS[sort]
    await world.accept(raw, native_id="it", **options)
    await world.intake.drain()


async def prepare(sort: str) -> IntakeWorld:
    world = IntakeWorld()
    await SORTS[sort][0](world)
    world.build()
    return world


@pytest.mark.parametrize("sort", SORTS)
async def test_ac41_a_crash_at_every_point_of_intake_loses_and_doubles_nothing(sort: str) -> None:
    world = await prepare(sort)
    world.store.restart()
    await take_in(world, sort)
    expected, points = snapshot(world), world.store.points.passed
    assert points > 5
    for point in range(1, points + 1):
        world = await prepare(sort)
        world.store.restart(crash_after=point)
        with pytest.raises(Crash):
            await take_in(world, sort)
        world.store.restart()
        world.build()
        await take_in(world, sort)
        assert _settled(snapshot(world)) == _settled(expected), f"after a crash at point {point}"


@pytest.mark.parametrize("sort", SORTS)
async def test_ac10_a_store_that_fails_once_at_any_verb_costs_nothing(sort: str) -> None:
    world = await prepare(sort)
    world.store.points.log.clear()
    await take_in(world, sort)
    expected = snapshot(world)
    verbs = {name.partition(":")[0] for name in world.store.points.log}
    for verb in sorted(verbs):
        world = await prepare(sort)
        world.store.fail(StoreUnavailable("down"), times=1, on={verb})
        with pytest.raises(StoreUnavailable):
            await take_in(world, sort)
        await take_in(world, sort)
        assert _settled(snapshot(world)) == _settled(expected), f"after a failure of {verb}"


def _settled(found: dict[str, Any]) -> dict[str, Any]:
    """How often the worker died may differ: a crash of the hub may come between."""
    rows = {
        id: replace(row, tries=0, reason=row.reason.rstrip("0123456789 times."))
        for id, row in found["arrivals"].items()
    }
    return {**found, "arrivals": rows}
