"""Intake over the in-memory store: what is kept becomes one entry, or says why not."""

import asyncio
from dataclasses import replace

import pytest

from hub.domain.arrival import ArrivalState
from hub.domain.errors import Conflict, Invalid, NotFound, StoreUnavailable
from hub.domain.ids import ArrivalId
from hub.domain.interaction import Direction
from hub.domain.message import Envelope, RecipientStatus
from hub.ports.connector import DeliveryUpdate, LinkState
from hub.ports.events import Topic
from hub.services.tombstones import lay_tombstones
from tests.intake_world import (
    DOMAIN,
    OFFICE,
    PETRA,
    SALES,
    SECRET,
    FragileWorker,
    IntakeWorld,
    chat,
    mail,
)


@pytest.fixture
def world() -> IntakeWorld:
    return IntakeWorld()


async def test_a_mail_becomes_one_entry_on_one_timeline(world: IntakeWorld) -> None:
    record = await world.receive(mail("Was kostet ein Tisch?", subject="Anfrage Tisch"))
    entry, conversation, contact = world.entry(record), world.conversation(record), world.contact(record)
    assert (record.state, entry.direction, entry.text) == (
        ArrivalState.DONE,
        Direction.INBOUND,
        "Was kostet ein Tisch?",
    )
    assert (contact.name, contact.provisional, entry.marks) == ("Petra Holz", True, ("first-contact",))
    assert (conversation.contact_id, conversation.subject) == (contact.id, "Anfrage Tisch")
    assert (conversation.waiting_since, conversation.last_interaction) == (entry.at, entry.id)
    assert conversation.participants == (f"email:{PETRA}",)
    assert world.teller.told[0].interaction.id == entry.id
    assert (await world.store.search.find(("tisch",), scope=("all",))).ids == [entry.id]
    assert await world.store.search.suggest("Petra Holz") == [contact.id]


async def test_events_name_the_new_entry(world: IntakeWorld) -> None:
    async with world.events.subscribe([Topic.TIMELINE, Topic.QUARANTINE]) as news:
        record = await world.receive(mail())
        event = await anext(news)
    assert (event.entry, event.contact) == (record.result, world.contact(record).id)


async def test_ac02_one_poisoned_message_in_a_batch_of_100(world: IntakeWorld) -> None:
    for number in range(100):
        poison = FragileWorker.POISON.decode() if number == 42 else ""
        await world.accept(mail(f"Nummer {number} {poison}", sender=f"k{number}@x.example"))
    await world.intake.drain()
    states = [record.state for record in world.arrivals.values()]
    assert (states.count(ArrivalState.DONE), states.count(ArrivalState.QUARANTINED)) == (99, 1)
    bad = next(record for record in world.arrivals.values() if record.state is ArrivalState.QUARANTINED)
    assert (bad.tries, bad.stage, world.worker.deaths) == (3, "parse", 3)
    world.worker.POISON = b"cured"  # type: ignore[misc]
    assert (await world.intake.replay(bad.id)).state is ArrivalState.DONE
    assert len(world.entries) == 100


async def test_ac02_recording_that_fails_isolates_the_faulty_message(
    world: IntakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = world.intake._recorder._decider.decide

    def fails_for_one(item, sheet, after):  # type: ignore[no-untyped-def]
        if "Nummer 3" in item.message.content.text:
            raise ZeroDivisionError
        return decide(item, sheet, after)

    monkeypatch.setattr(world.intake._recorder._decider, "decide", fails_for_one)
    for number in range(8):
        await world.accept(mail(f"Nummer {number}", sender=f"k{number}@x.example"))
    await world.intake.drain()
    bad = [record for record in world.arrivals.values() if record.state is ArrivalState.QUARANTINED]
    assert [(record.stage, "ZeroDivisionError" in record.reason) for record in bad] == [("record", True)]
    assert len(world.entries) == 7


async def test_ac03_two_mails_with_one_message_id(world: IntakeWorld) -> None:
    first = await world.receive(mail("eins", id="same@x.example"))
    second = await world.receive(mail("zwei", id="same@x.example"))
    assert first.result != second.result
    assert "reused-id" not in world.entry(first).marks
    assert "reused-id" in world.entry(second).marks


async def test_ac04_one_mail_to_two_of_our_mailboxes(world: IntakeWorld) -> None:
    raw = mail(to=f"info@{DOMAIN}, sales@{DOMAIN}")
    first = await world.receive(raw, account="office")
    second = await world.receive(raw, account="sales")
    assert (second.state, second.result) == (ArrivalState.DUPLICATE, first.result)
    assert [sighting.account for sighting in world.sightings] == ["sales"]
    assert len(world.entries) == len(world.teller.told) == 1


async def test_ac05_two_fetchers_see_the_same_mail_at_once(world: IntakeWorld) -> None:
    bracketed, bare = (
        mail(id="same@x.example"),
        mail(id="same@x.example").replace(b"<same@x.example>", b"same@x.example"),
    )
    assert bracketed != bare
    await asyncio.gather(world.accept(bracketed, account="office"), world.accept(bare, account="sales"))
    await world.intake.drain()
    states = sorted(record.state for record in world.arrivals.values())
    assert states == [ArrivalState.DONE, ArrivalState.DUPLICATE]
    assert len(world.entries) == 1


async def test_ac05_without_message_id_the_fingerprint_stands_in(world: IntakeWorld) -> None:
    await world.receive(mail(id=None), account="office")
    await world.receive(mail(id=None), account="sales")
    await world.receive(mail("etwas anderes", id=None), account="sales")
    assert len(world.entries) == 2


async def test_the_same_arrival_again_is_kept_once(world: IntakeWorld) -> None:
    raw = mail()
    first = await world.accept(raw, native_id="INBOX/1/7")
    assert await world.accept(raw, native_id="INBOX/1/7") == first
    await world.intake.drain()
    assert await world.accept(raw, native_id="INBOX/1/7") == first
    await world.intake.drain()
    assert len(world.arrivals) == len(world.entries) == 1


async def test_ac06_seen_is_recorded_duplicates_quarantined_and_pending(world: IntakeWorld) -> None:
    raw = mail()
    await world.receive(raw)
    await world.receive(raw)
    await world.receive(mail(to="someone@else.example"))
    await world.accept(mail("wartet"))
    counts = await world.counts("office")
    assert counts == {
        ArrivalState.NEW: 1,
        ArrivalState.DONE: 1,
        ArrivalState.DUPLICATE: 1,
        ArrivalState.QUARANTINED: 1,
    }
    assert sum(counts.values()) == len(world.arrivals)
    assert all(r.reason for r in world.arrivals.values() if r.state in ("duplicate", "quarantined"))


@pytest.mark.parametrize(
    ("headers", "envelope"),
    [
        ({"Cc": f"info@{DOMAIN}"}, Envelope()),
        ({"Delivered_To": f"info@{DOMAIN}"}, Envelope()),
        ({"X_Original_To": f"info@{DOMAIN}"}, Envelope()),
        ({}, Envelope(recipients=(f"info@{DOMAIN}",))),
    ],
)
async def test_ac07_our_address_elsewhere_is_routed(
    world: IntakeWorld, headers: dict[str, str], envelope: Envelope
) -> None:
    record = await world.receive(mail(to="list@else.example", **headers), envelope=envelope)
    assert record.state is ArrivalState.DONE


async def test_ac07_unroutable_is_quarantined_and_replayable(world: IntakeWorld) -> None:
    record = await world.receive(mail(to="info@old-name.example"))
    assert (record.state, record.stage) == (ArrivalState.QUARANTINED, "route")
    assert record.raw is not None
    widened = replace(OFFICE, own_addresses=(*OFFICE.own_addresses, "*@old-name.example"))
    world.accounts.accounts["office"] = widened
    assert (await world.intake.replay(record.id)).state is ArrivalState.DONE


async def test_ac07_an_account_without_patterns_takes_everything() -> None:
    world = IntakeWorld(replace(OFFICE, own_addresses=()))
    assert (await world.receive(mail(to="anyone@else.example"))).state is ArrivalState.DONE


async def test_ac11_deleted_on_request_does_not_come_back(world: IntakeWorld) -> None:
    raw = mail()
    first = await world.receive(raw, native_id="INBOX/1/7")
    assert first.result is not None
    await lay_tombstones(world.store, SECRET, [first.result], world.clock.now())
    del world.entries[first.result]
    again = await world.receive(raw, native_id="INBOX/2/7")
    assert (again.state, again.reason, again.result) == (ArrivalState.DONE, "deleted on request", None)
    assert not world.entries
    other = await world.receive(mail("etwas Neues"))
    assert other.result in world.entries


async def test_what_cannot_be_read_is_quarantined_with_its_bytes(world: IntakeWorld) -> None:
    record = await world.receive(b"<message", account="chat")
    assert (record.state, record.stage, record.raw) == (ArrivalState.QUARANTINED, "parse", b"<message")
    assert record.reason


async def test_a_channel_that_is_gone_keeps_its_arrivals(world: IntakeWorld) -> None:
    await world.accept(mail(), account="sales")
    del world.accounts.accounts["sales"]
    await world.intake.drain()
    (record,) = world.arrivals.values()
    assert (record.state, record.stage) == (ArrivalState.QUARANTINED, "parse")
    world.accounts.accounts["sales"] = SALES
    assert (await world.intake.replay(record.id)).state is ArrivalState.DONE


async def test_large_messages_lie_in_the_blob_store(world: IntakeWorld) -> None:
    record = await world.receive(mail("x" * 60 + "\n" + ("Holz und Leim\n" * 9_000)))
    assert (record.state, record.raw, len(world.store.blobs.rows)) == (ArrivalState.DONE, None, 1)
    assert "cut" in world.entry(record).marks
    world.build()
    await world.accept(mail("y" * 70_000))
    world.build()
    await world.intake.drain()
    assert len(world.entries) == 2


async def test_bounds_refuse_before_anything_is_kept(world: IntakeWorld) -> None:
    inlet = world.intake.inlet("office")
    with pytest.raises(Invalid):
        await inlet.accept(world.arrival(b"x" * 1_000_001))
    with pytest.raises(Invalid):
        await inlet.accept(world.arrival(b"x", native_id="n" * 1_001))
    with pytest.raises(Invalid):
        await inlet.accept(world.arrival(b"x", account="sales"))
    assert not world.arrivals


async def test_ac10_a_store_that_is_down_acknowledges_nothing_and_recovers_alone(world: IntakeWorld) -> None:
    world.store.fail(StoreUnavailable("full"), on={"arrivals.insert"})
    with pytest.raises(StoreUnavailable):
        await world.accept(mail())
    world.store.fail(StoreUnavailable("down"), on={"interactions.insert_many"}, times=2)
    await world.accept(mail())
    running = asyncio.create_task(world.intake.run())
    for _ in range(200):
        await asyncio.sleep(0)
        world.clock.advance(1)
    running.cancel()
    (record,) = world.arrivals.values()
    assert (record.state, record.tries, len(world.entries)) == (ArrivalState.DONE, 0, 1)


async def test_staff_chats_go_through_the_door(world: IntakeWorld) -> None:
    world.door.staff.add("anna@joinery.example")
    arrival_id = await world.accept(
        chat("wer ist Petra?"), account="bot", envelope=Envelope(sender="anna@joinery.example/phone")
    )
    assert world.door.taken == [arrival_id]
    assert not world.arrivals


async def test_strangers_are_refused_where_the_account_says_so(world: IntakeWorld) -> None:
    record = await world.receive(chat("hallo", sender="who@x.example", to=f"bot@{DOMAIN}"), account="bot")
    assert (record.state, record.result) == (ArrivalState.DONE, None)
    assert "refused" in record.reason
    assert [address.normal for address in world.door.refused] == ["who@x.example"]
    assert not world.contacts


async def test_the_inlet_passes_deliveries_reports_and_cursors_on(world: IntakeWorld) -> None:
    inlet = world.intake.inlet("chat")
    status = RecipientStatus(recipient="petra@chat.example", action="delivered", status="2.0.0")
    update = DeliveryUpdate(message_id="m", at=world.clock.now(), status=status)
    await inlet.delivered(update)
    inlet.report(LinkState.UP, "signed in")
    assert (world.deliveries.updates, world.links) == ([("chat", update)], [("chat", LinkState.UP, "signed in")])
    assert await inlet.load_cursor("INBOX") is None
    for value in (b"1:7", b"1:7", b"1:8"):
        await inlet.save_cursor("INBOX", value)
    assert await inlet.load_cursor("INBOX") == b"1:8"
    assert await world.intake.inlet("office").load_cursor("INBOX") is None


async def test_only_what_is_quarantined_can_be_replayed(world: IntakeWorld) -> None:
    record = await world.receive(mail())
    with pytest.raises(Conflict):
        await world.intake.replay(record.id)
    with pytest.raises(NotFound):
        await world.intake.replay(ArrivalId("a_nothing"))


async def test_a_failing_teller_does_not_cost_the_entry(world: IntakeWorld) -> None:
    world.teller.error = ZeroDivisionError()
    record = await world.receive(mail())
    assert record.state is ArrivalState.DONE


async def test_a_teller_without_store_is_repeated(world: IntakeWorld) -> None:
    world.teller.error = StoreUnavailable("down")
    await world.accept(mail())
    with pytest.raises(StoreUnavailable):
        await world.intake.drain()
    world.teller.error = None
    await world.intake.drain()
    assert len(world.teller.told) == len(world.entries) == 1


async def test_arrivals_of_one_sender_run_in_order_even_behind_a_large_one(world: IntakeWorld) -> None:
    await world.accept(mail("groß " * 80_000, subject="groß"), sender_hint=PETRA)
    await world.accept(mail("klein", subject="AW: groß"), sender_hint=PETRA)
    await world.accept(mail("fremd", sender="x@y.example"), sender_hint="x@y.example")
    running = asyncio.create_task(world.intake.run())
    while any(record.state is ArrivalState.NEW for record in world.arrivals.values()):
        await asyncio.sleep(0)
    running.cancel()
    assert [told.interaction.text[:5] for told in world.teller.told if told.contact.name == "Petra Holz"] == [
        "groß ",
        "klein",
    ]


async def test_history_is_recorded_but_nobody_waits_or_is_told(world: IntakeWorld) -> None:
    record = await world.receive(mail(), history=True)
    assert "history" in world.entry(record).marks
    assert world.conversation(record).waiting_since is None
    assert not world.teller.told


async def test_after_a_restart_the_store_is_the_queue(world: IntakeWorld) -> None:
    for number in range(300):
        await world.accept(mail(f"Nummer {number}", sender=f"k{number % 7}@x.example"))
    world.build()
    await world.intake.drain()
    assert len(world.entries) == 300
    assert {record.state for record in world.arrivals.values()} == {ArrivalState.DONE}


async def test_chat_accounts_make_entries_too(world: IntakeWorld) -> None:
    first = await world.receive(chat("hallo"), account="chat", envelope=Envelope(authenticated=True))
    second = await world.receive(chat("hallo?"), account="chat")
    assert world.conversation(first).id == world.conversation(second).id
    assert world.conversation(first).last_text == "hallo?"


async def test_a_failure_that_nobody_foresaw_costs_no_arrival(
    world: IntakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = world.intake._mark

    async def fails_for_two(readings):  # type: ignore[no-untyped-def]
        if any("zwei" in reading.incoming.message.content.text for reading in readings):
            raise ZeroDivisionError
        await mark(readings)

    monkeypatch.setattr(world.intake, "_mark", fails_for_two)
    for text in ("eins", "zwei", "drei"):
        await world.accept(mail(text, sender=f"{text}@x.example"))
    running = asyncio.create_task(world.intake.run())
    while len([record for record in world.arrivals.values() if record.state is ArrivalState.DONE]) < 2:
        await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    monkeypatch.undo()
    await world.intake.drain()
    assert {record.state for record in world.arrivals.values()} == {ArrivalState.DONE}
    assert len(world.entries) == 3


async def test_a_quick_exchange_stays_in_order_where_the_clock_is_slower_than_the_messages() -> None:
    world = IntakeWorld()
    moments = []
    for step in (0, 0, 0, 0.001, 0.001, 0.004):
        world.clock.advance(step)
        moments.append(world.record(await world.accept(chat("text"), account="chat")).received_at)
    assert moments == sorted(set(moments))
