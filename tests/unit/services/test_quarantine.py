"""The quarantine's verbs: looked at by those who may, replayed once."""

from dataclasses import replace

import pytest

from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.message import Envelope
from hub.domain.people import Actor, ActorKind, UserRole
from hub.ports.kinds import AUDIT
from hub.services.audit import Audit
from hub.services.quarantine import Quarantine
from tests.intake_world import OFFICE, IntakeWorld, chat, mail

LOST = mail(to="info@old-name.example")
SENT_BY = Envelope(sender="petra@carpenter.example", recipients=("info@old-name.example",))


def someone(role: UserRole) -> Actor:
    return Actor(kind=ActorKind.USER, id="u_x", roles=(role,), via="console")


ADMIN, AGENT = someone(UserRole.ADMIN), someone(UserRole.AGENT)


@pytest.fixture
def world() -> IntakeWorld:
    return IntakeWorld()


@pytest.fixture
def verbs(world: IntakeWorld) -> Quarantine:
    return Quarantine(store=world.store, intake=world.intake, audit=Audit(world.store, world.clock))


async def test_a_line_says_what_why_and_from_whom(world: IntakeWorld, verbs: Quarantine) -> None:
    first = await world.receive(LOST, envelope=SENT_BY)
    second = await world.receive(b"<message", account="chat", sender_hint="who@x.example")
    page = await verbs.page(ADMIN)
    assert [line.id for line in page.items] == [second.id, first.id]
    assert (page.items[1].stage, page.items[1].sender, page.items[1].size) == ("route", SENT_BY.sender, len(LOST))
    assert page.items[1].recipients == SENT_BY.recipients
    assert page.items[0].sender == "who@x.example"
    assert all(line.reason for line in page.items)
    shorter = await verbs.page(ADMIN, limit=1)
    assert [line.id for line in (await verbs.page(ADMIN, after=shorter.next, limit=1)).items] == [first.id]
    with pytest.raises(Invalid):
        await verbs.page(ADMIN, limit=0)


async def test_the_bytes_are_kept_and_never_called_harmless(world: IntakeWorld, verbs: Quarantine) -> None:
    record = await world.receive(LOST)
    file = await verbs.raw(ADMIN, record.id)
    assert (file.data, file.type) == (LOST, "application/octet-stream")
    large = await world.receive(mail("x" * 70_000, to="info@old-name.example"))
    assert len((await verbs.raw(ADMIN, large.id)).data) > 70_000
    world.store.blobs.rows.clear()
    with pytest.raises(NotFound):
        await verbs.raw(ADMIN, large.id)


async def test_a_replay_says_what_became_of_it(world: IntakeWorld, verbs: Quarantine) -> None:
    record = await world.receive(LOST)
    assert await verbs.replay(ADMIN, record.id) == "quarantined"
    world.accounts.accounts["office"] = replace(OFFICE, own_addresses=())
    assert await verbs.replay(ADMIN, record.id) == "done"
    with pytest.raises(Conflict):
        await verbs.replay(ADMIN, record.id)
    with pytest.raises(NotFound):
        await verbs.replay(ADMIN, "a_nothing")
    audited = [entry.verb for entry in world.store.documents(AUDIT).rows.values()]
    assert audited == ["quarantine.replay", "quarantine.replay"]


async def test_agents_are_refused_before_anything_is_read(world: IntakeWorld, verbs: Quarantine) -> None:
    record = await world.receive(chat("x").replace(b"<body", b"<bo"), account="chat")
    for call in (verbs.page(AGENT), verbs.raw(AGENT, record.id), verbs.replay(AGENT, record.id)):
        with pytest.raises(Refused):
            await call
