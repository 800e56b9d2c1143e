from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.arrival import ArrivalState
from hub.domain.errors import NotFound, Refused
from hub.domain.outbox import OutboxState
from hub.ports.connector import LinkState, Probes, ProbeStep
from hub.ports.kinds import ARRIVALS, OUTBOX
from tests.office import CONTACT_ACTOR, Office
from tests.unit.services.test_timeline import item


@pytest.fixture
async def office() -> Office:
    office = await Office.open()
    petra = await office.customer("Petra Müller")
    states = [*ArrivalState, ArrivalState.DONE, ArrivalState.DUPLICATE]
    for number, state in enumerate(states):
        entry = await office.message(petra, str(number))
        arrivals = office.store.documents(ARRIVALS)
        await arrivals.replace(replace(arrivals.rows[str(entry.arrival_id)], state=state), 1)
    return office


async def test_ac06_seen_is_the_sum_of_what_became_of_it(office: Office) -> None:
    mail, chat = await office.channels.all(office.anna)
    assert (mail.name, mail.seen, mail.done, mail.duplicates, mail.quarantined, mail.pending) == (
        "office", 6, 2, 2, 1, 1,
    )  # fmt: skip
    assert (chat.name, chat.seen) == ("chat", 0)
    assert (mail.state, mail.can_send) == ("up", True)


async def test_status_says_how_the_hub_is_and_what_to_look_at(office: Office) -> None:
    calm = await office.status.read(office.anna)
    assert calm.ready
    assert calm.oldest_due is None
    assert calm.problems == ("Messages in quarantine: 1.",)
    petra = await office.contacts.resolve(office.anna, "Petra Müller")
    conversation = await office.conversation(petra, "chairs")
    entry = await office.message(petra, "answer", conversation)
    states = (OutboxState.QUEUED, OutboxState.HELD, OutboxState.SENT)
    await office.store.documents(OUTBOX).insert_many([item(entry, n, state) for n, state in enumerate(states)])
    office.later(minutes=20)
    office.accounts.states["chat"] = LinkState.PARKED
    office.accounts.states["office"] = LinkState.CONNECTING
    status = await office.status.read(office.anna)
    assert dict(status.outbox) == {state.value: int(state in states) for state in OutboxState}
    assert (status.waiting, status.quarantined) == (1, 1)
    assert status.oldest_due == entry.at
    assert status.now - status.started_at == timedelta(minutes=20)
    assert status.problems == (
        "The channel chat is parked until its settings are mended.",
        "Outgoing messages that a person must decide about: 1.",
        "The oldest outgoing message has been due for 20 minutes.",
        "Messages in quarantine: 1.",
    )
    with pytest.raises(Refused):
        await office.status.read(CONTACT_ACTOR)


class Probing:
    """A connector that can be tested."""

    def __init__(self, *steps: ProbeStep) -> None:
        self.steps = list(steps)

    async def probe(self) -> list[ProbeStep]:
        return self.steps


async def test_a_probe_is_run_and_audited(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = Probing(ProbeStep(title="Connect", ok=True), ProbeStep(title="Sign in", ok=False, fix="Check it."))
    assert isinstance(connector, Probes)
    monkeypatch.setattr(office.accounts, "connector", lambda name: connector)
    assert await office.channels.probe(office.admin, "office") == connector.steps
    assert (f"user:{office.admin.id}", "channels.probe", "office", "failed") in office.audited()
    with pytest.raises(Refused):
        await office.channels.probe(office.anna, "office")
    with pytest.raises(NotFound) as unknown:
        await office.channels.probe(office.admin, "fax")
    assert "chat, office" in unknown.value.sentence


async def test_a_channel_without_a_test_tells_its_link(office: Office) -> None:
    assert await office.channels.probe(office.admin, "chat") == [
        ProbeStep(title="The link is up", ok=True, detail="up")
    ]
