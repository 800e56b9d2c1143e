"""What other systems send us reaches the connector that it names, and refusals are in the audit log."""

import asyncio

import pytest

from hub.domain.errors import Invalid, NotFound, Refused, StoreUnavailable
from hub.ports.connector import HttpAnswer, HttpRequest, Inlet, LinkState
from hub.ports.kinds import AUDIT
from hub.services import peers
from hub.services.audit import Audit
from hub.services.peers import Peers
from tests.fake_connector import ManualClock
from tests.fake_inlet import FakeInlet
from tests.intake_world import KnownAccounts
from tests.memory_store import MemoryStore

REQUEST = HttpRequest(method="POST", path="", url="https://hub.example/in/northwind/", body=b"x", client="203.0.113.9")


class Serving:
    """A connector that serves; raises `error` while it is set."""

    error: Exception | None = None
    hangs = False

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        inlet.report(LinkState.UP)
        return HttpAnswer(status=202, body=request.body)


class Channels(KnownAccounts):
    """One channel that serves, one that does not."""

    def __init__(self, serving: Serving) -> None:
        super().__init__([])
        self.connectors: dict[str, object] = {"northwind": serving, "mail": object()}

    def connector(self, name: str) -> object:  # type: ignore[override]
        return self.connectors.get(name)


class Door:
    def __init__(self) -> None:
        self.serving, self.store, self.inlets = Serving(), MemoryStore(), list[str]()
        self.peers = Peers(accounts=Channels(self.serving), inlet=self._inlet, audit=Audit(self.store, ManualClock()))

    def _inlet(self, name: str) -> FakeInlet:
        self.inlets.append(name)
        return FakeInlet()

    def audited(self) -> list[tuple[str, str, str, str]]:
        rows = self.store.documents(AUDIT).rows.values()
        return [(row.verb, row.subject, row.outcome, row.detail) for row in rows]


@pytest.fixture
def door() -> Door:
    return Door()


async def test_the_connector_answers_with_its_own_inlet(door: Door) -> None:
    answer = await door.peers.answer("northwind", REQUEST)
    assert (answer.status, answer.body, door.inlets) == (202, b"x", ["northwind"])
    assert door.audited() == []


@pytest.mark.parametrize("name", ["nobody", "mail"])
async def test_a_channel_that_takes_no_requests_is_not_found(door: Door, name: str) -> None:
    with pytest.raises(NotFound):
        await door.peers.answer(name, REQUEST)
    assert door.inlets == []


async def test_ac32_a_wrong_signature_is_401_and_audited(door: Door) -> None:
    door.serving.error = Refused("The shop's signature is wrong: secret 1234.")
    answer = await door.peers.answer("northwind", REQUEST)
    assert answer.status == 401
    assert b"1234" not in answer.body
    assert door.audited() == [("peers.answer", "northwind", "refused", "from 203.0.113.9")]


@pytest.mark.parametrize("error", [StoreUnavailable("full"), Invalid("too large")])
async def test_what_the_edge_must_tell_passes(door: Door, error: Exception) -> None:
    door.serving.error = error
    with pytest.raises(type(error)):
        await door.peers.answer("northwind", REQUEST)


async def test_a_refusal_that_cannot_be_audited_is_tried_again(door: Door) -> None:
    door.serving.error = Refused("wrong")
    door.store.fail(StoreUnavailable("full"), times=1, on={"audit.insert"})
    with pytest.raises(StoreUnavailable):
        await door.peers.answer("northwind", REQUEST)


async def test_a_connector_that_hangs_is_cut_off(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "SECONDS", 0.01)
    door.serving.hangs = True
    with pytest.raises(Invalid):
        await door.peers.answer("northwind", REQUEST)
