"""Intake ended at every call of a real store, before it and after it, and the message delivered again: SQLite, and
MongoDB over the wire. More sorts of message and finer points: tests/state/test_intake_crashes.py, in memory."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.domain.arrival import ArrivalState
from hub.domain.ids import ArrivalId
from hub.ports.clock import SystemClock
from hub.ports.kinds import ALL_KINDS, ARRIVALS, CONVERSATIONS, INTERACTIONS, PLACEMENTS
from hub.ports.store import Store
from tests.crashing_store import CrashingStore
from tests.intake_world import IntakeWorld, chat, mail
from tests.memory_points import Crash
from tests.store_engines import ENGINES, WIRE

SORTS = ("mail", "answer", "large", "chat")


@pytest.fixture(params=["sqlite", "mongodb"])
async def inner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An open engine."""
    WIRE.serve(request.param, request)
    store = await ENGINES[request.param](tmp_path / "data", clock=SystemClock(), kinds=ALL_KINDS)
    yield store
    await store.close()


class Case:
    """One message of a sender of its own, so that all crash points share a store."""

    def __init__(self, world: IntakeWorld, sort: str, number: int) -> None:
        self.world, self.sort, self.word = world, sort, f"wort{sort}{number}"
        self.sender = f"kunde{sort}{number}@holz.example"
        self.account = "chat" if sort == "chat" else "office"

    async def prepare(self) -> None:
        """What was there before: an answer has something that it answers."""
        if self.sort == "answer":
            await self.world.accept(
                mail("Vorher", sender=self.sender, id=f"one-{self.word}@x"), native_id=f"a{self.word}"
            )
            await self.world.intake.drain()

    def raw(self) -> bytes:
        if self.sort == "chat":
            return chat(self.word, sender=self.sender, id=self.word)
        text = f"{self.word} " + "Eiche " * (14_000 if self.sort == "large" else 3)
        answered = {"References": f"<one-{self.word}@x>"} if self.sort == "answer" else {}
        return mail(text, sender=self.sender, id=f"{self.word}@x", **answered)

    async def deliver(self) -> ArrivalId:
        kept = await self.world.accept(self.raw(), account=self.account, native_id=self.word)
        await self.world.intake.drain()
        return kept

    async def check(self, store: Store, arrival: ArrivalId) -> None:
        record = await store.documents(ARRIVALS).get(arrival)
        assert record is not None
        assert record.state is ArrivalState.DONE, record.reason
        entry = await store.documents(INTERACTIONS).get(str(record.result))
        placement = await store.documents(PLACEMENTS).get(str(record.result))
        assert entry is not None
        assert placement is not None
        earlier = 1 if self.sort == "answer" else 0
        timeline = await store.documents(INTERACTIONS).page("timeline", entry.contact_id)
        assert len(timeline.items) == 1 + earlier
        conversations = await store.documents(CONVERSATIONS).page("by_contact", entry.contact_id)
        assert [one.id for one in conversations.items] == [placement.conversation_id]
        assert conversations.items[0].last_interaction == entry.id
        assert conversations.items[0].waiting_since is not None
        found = await store.search.find([self.word], scope=("all",))
        assert found.ids == [entry.id]


@pytest.mark.parametrize("sort", SORTS)
async def test_ac41_a_crash_at_every_call_of_a_real_store(inner: Store, sort: str) -> None:
    store, world = CrashingStore(inner), IntakeWorld()
    world.store = store  # type: ignore[assignment]
    world.build()
    point, crashed = 0, True
    while crashed:
        point += 1
        case = Case(world, sort, point)
        await case.prepare()
        store.restart(crash_after=point)
        with contextlib.suppress(Crash):
            await case.deliver()
        crashed = store.points.crashed
        store.restart()
        world.build()
        await case.check(inner, await case.deliver())
    assert point > 20, "the last run came through; every one before it was ended one call later than the one before"
