"""The Telnyx gateway against a scripted Telnyx on loopback: orders, signed webhooks, pages both ways."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.fax.connector import FaxConnector
from connectors.fax.parse import FAX_PARSER
from connectors.fax.settings import FaxSettings
from connectors.fax.telnyx_jobs import write_state
from hub.domain.errors import (
    AuthRejected,
    Misconfigured,
    PermanentFailure,
    Refused,
    StoreUnavailable,
    TemporaryFailure,
    UnknownOutcome,
    Unreadable,
)
from hub.domain.message import Envelope
from hub.ports.connector import HttpRequest
from hub.ports.parser import ParseContext
from tests.fake_connector import ManualClock
from tests.fake_inlet import FakeInlet
from tests.fax_channel import OWN, connector_for, parcel
from tests.fax_files import pdf
from tests.peers.telnyx import API_KEY, APPLICATION, Telnyx
from tests.running_connector import running

STATE = write_state("o_1")


@pytest.fixture
async def telnyx() -> AsyncIterator[Telnyx]:
    async with Telnyx() as peer:
        yield peer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def settings(telnyx: Telnyx, **changes: Any) -> FaxSettings:
    table = {
        "api_key": API_KEY,
        "connection_id": APPLICATION,
        "public_key": telnyx.public_key,
        "public_url": "https://hub.example.org/in/fax",
        "api_url": f"{telnyx.url}/v2",
        **changes,
    }
    return FaxSettings.model_validate({"gateway": "telnyx", "number": OWN, "company": "Muster", "telnyx": table})


@pytest.fixture
def channel(telnyx: Telnyx, clock: ManualClock, tmp_path: Path) -> FaxConnector:
    return connector_for(settings(telnyx), clock=clock, data_dir=tmp_path)


def news(inlet: FakeInlet) -> list[tuple[str, str, str]]:
    return [(one.message_id, one.status.action, one.status.diagnostic) for one in inlet.updates]


def get(path: str) -> HttpRequest:
    return HttpRequest(method="GET", path=path, url=f"https://hub.example.org/in/fax/{path}")


async def test_a_fax_is_ordered_and_its_pages_are_fetched_by_their_secret_name(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock, tmp_path: Path
) -> None:
    inlet = FakeInlet()
    async with running(channel, inlet):
        receipt = await channel.send(parcel(clock=clock))
        order = telnyx.orders[0]
        assert (order["from"], order["to"], order["connection_id"]) == (OWN, "+49300000001", APPLICATION)
        assert order["client_state"] == STATE
        assert receipt.native_ref == "fax-1"
        path = order["media_url"].removeprefix("https://hub.example.org/in/fax/")
        given = await channel.answer(get(path), inlet)
        assert given.status == 200
        assert given.body.startswith(b"%PDF")
        assert path.split("/")[1].removesuffix(".pdf") not in str(list(tmp_path.rglob("*")))
        for event, more in (
            ("fax.queued", {}),
            ("fax.sending.started", {}),
            ("fax.delivered", {"page_count": 1, "client_state": STATE}),
        ):
            assert (await channel.answer(telnyx.webhook(event, clock.now(), **more), inlet)).status == 200
        assert news(inlet) == [
            ("o_1", "relayed", "wird übertragen, 0 von 1 Seiten"),
            ("o_1", "delivered", "übertragen, 1 von 1 Seiten"),
        ]
        # Then they are gone.
        assert (await channel.answer(get(path), inlet)).status == 404
        assert list(tmp_path.rglob("*.pdf")) == []


async def test_the_pages_are_given_ten_times_and_no_other_name_opens_anything(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet = FakeInlet()
    async with running(channel, inlet):
        await channel.send(parcel(clock=clock))
        path = telnyx.orders[0]["media_url"].removeprefix("https://hub.example.org/in/fax/")
        for odd in ("media/", "media/x.pdf", "media/../../secret", f"media/{'a' * 43}.pdf", "media/\x00" + "a" * 50):
            assert (await channel.answer(get(odd), inlet)).status == 404
        answers = [(await channel.answer(get(path), inlet)).status for _ in range(12)]
        assert answers == [200] * 10 + [404] * 2


async def test_ac42_a_busy_number_is_called_again_after_a_pause_and_then_given_up(
    telnyx: Telnyx, clock: ManualClock, tmp_path: Path
) -> None:
    inlet = FakeInlet()
    channel = connector_for(settings(telnyx, tries=2, pause_minutes=5), clock=clock, data_dir=tmp_path)
    async with running(channel, inlet):
        await channel.send(parcel(clock=clock))
        busy = telnyx.webhook("fax.failed", clock.now(), failure_reason="user_busy", client_state=STATE)
        await channel.answer(busy, inlet)
        assert news(inlet) == [("o_1", "relayed", "besetzt; 1 von 2 Anrufen, weitere folgen")]
        # A late copy of the same news changes nothing.
        await channel.answer(busy, inlet)
        assert len(news(inlet)) == 1
        clock.advance(60)
        assert len(telnyx.orders) == 1
        clock.advance(300)
        await inlet.until(lambda: b'"fax_id": "fax-2"' in inlet.cursors["telnyx"])
        assert len(telnyx.orders) == 2
        assert telnyx.orders[0]["media_url"] == telnyx.orders[1]["media_url"]
        await channel.answer(telnyx.sign(busy.body, clock.now()), inlet)
        assert len(news(inlet)) == 1
        again = telnyx.webhook(
            "fax.failed", clock.now(), fax_id="fax-2", failure_reason="user_busy", client_state=STATE
        )
        await channel.answer(again, inlet)
    assert news(inlet)[1:] == [("o_1", "failed", "besetzt; 0 von 1 Seiten")]
    assert list(tmp_path.rglob("*.pdf")) == []


async def test_ac42_pages_that_arrived_are_not_sent_again_without_a_person(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet = FakeInlet()
    async with running(channel, inlet):
        await channel.send(parcel(clock=clock, files=[("a.txt", "text/plain", b"Zwei")]))
        failed = telnyx.webhook(
            "fax.failed", clock.now(), failure_reason="fax_call_dropped", page_count=1, client_state=STATE
        )
        await channel.answer(failed, inlet)
        clock.advance(3_600)
    assert news(inlet) == [("o_1", "failed", "es meldet sich kein Faxgerät; 1 von 2 Seiten")]
    assert len(telnyx.orders) == 1


async def test_waiting_calls_survive_a_restart(telnyx: Telnyx, clock: ManualClock, tmp_path: Path) -> None:
    inlet = FakeInlet()
    channel = connector_for(settings(telnyx), clock=clock, data_dir=tmp_path)
    async with running(channel, inlet):
        await channel.send(parcel(clock=clock))
        busy = telnyx.webhook("fax.failed", clock.now(), failure_reason="no_answer", client_state=STATE)
        await channel.answer(busy, inlet)
    clock.advance(600)
    async with running(connector_for(settings(telnyx), clock=clock, data_dir=tmp_path), inlet):
        await inlet.until(lambda: len(telnyx.orders) == 2 and b"fax-2" in inlet.cursors["telnyx"])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((422, {"errors": [{"code": "10015", "title": "Invalid", "detail": "to is no number"}]}), PermanentFailure),
        ((429, {"errors": [{"title": "Too many requests"}]}), TemporaryFailure),
        ((401, {"errors": [{"title": "Authentication failed"}]}), TemporaryFailure),
        ((500, {}), UnknownOutcome),
        ((202, {"data": {}}), UnknownOutcome),
        ((0, {}), UnknownOutcome),
    ],
)
async def test_what_an_order_can_come_to(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock, answer: tuple[int, dict[str, Any]], expected: type
) -> None:
    telnyx.answer = answer
    async with running(channel, FakeInlet()):
        with pytest.raises(expected) as caught:
            await channel.send(parcel(clock=clock))
    if answer[0] == 429:
        assert caught.value.retry_after == timedelta(seconds=90)
    if answer[0] == 422:
        assert "to is no number" in caught.value.fields["peer"]


async def test_after_an_unknown_outcome_the_webhook_tells(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet = FakeInlet()
    telnyx.answer = (0, {})
    async with running(channel, inlet):
        with pytest.raises(UnknownOutcome):
            await channel.send(parcel(clock=clock))
        delivered = telnyx.webhook("fax.delivered", clock.now(), page_count=1, client_state=STATE)
        await channel.answer(delivered, inlet)
    assert [(message, action) for message, action, _ in news(inlet)] == [("o_1", "delivered")]


async def test_a_fax_that_came_is_fetched_before_it_is_kept(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet = FakeInlet()
    telnyx.media["in.pdf"] = pdf("Bestellung", "Seite zwei")
    hook = telnyx.webhook(
        "fax.received",
        clock.now(),
        fax_id="in-1",
        direction="inbound",
        media_url=f"{telnyx.url}/media/in.pdf",
        page_count=2,
        partial_content=False,
        **{"from": "+493012345678", "to": OWN},
    )
    telnyx.media_status = 503
    assert (await channel.answer(hook, inlet)).status == 503
    assert inlet.arrivals == []
    telnyx.media_status = 200
    assert (await channel.answer(hook, inlet)).status == 200
    assert (await channel.answer(hook, inlet)).status == 200
    assert len(inlet.arrivals) == 1
    message = FAX_PARSER.parse(inlet.arrivals[0].raw, Envelope(), ParseContext(account="fax"))
    assert message.sender is not None
    assert message.sender.address.normal == "+493012345678"
    assert message.content.subject == "Fax, 2 Seiten"


async def test_a_fax_whose_pages_are_gone_is_kept_for_a_person(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet = FakeInlet()
    hook = telnyx.webhook("fax.received", clock.now(), fax_id="in-2", media_url=f"{telnyx.url}/media/gone.pdf")
    assert (await channel.answer(hook, inlet)).status == 200
    with pytest.raises(Unreadable):
        FAX_PARSER.parse(inlet.arrivals[0].raw, Envelope(), ParseContext(account="fax"))


async def test_a_store_that_is_down_makes_telnyx_ask_again(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet = FakeInlet(accept_error=StoreUnavailable("down"))
    telnyx.media["in.pdf"] = pdf("Bestellung")
    hook = telnyx.webhook("fax.received", clock.now(), fax_id="in-1", media_url=f"{telnyx.url}/media/in.pdf")
    with pytest.raises(StoreUnavailable):
        await channel.answer(hook, inlet)


async def test_forged_late_and_unsigned_webhooks_are_refused(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet, now = FakeInlet(), clock.now()
    good = telnyx.webhook("fax.delivered", now, client_state=STATE)
    stranger = Telnyx()
    bad = [
        replace(good, headers=()),
        replace(good, body=good.body.replace(b"delivered", b"failed000")),
        replace(good, headers=(good.headers[0], ("telnyx-signature-ed25519", "bm9uZQ=="))),
        replace(good, headers=(("telnyx-timestamp", "²"), good.headers[1])),
        replace(good, headers=(("telnyx-timestamp", str(int(now.timestamp()) + 1)), good.headers[1])),
        stranger.webhook("fax.delivered", now, client_state=STATE),
        telnyx.sign(good.body, now, at=now - timedelta(minutes=6)),
        telnyx.sign(good.body, now, at=now + timedelta(minutes=6)),
    ]
    for request in bad:
        with pytest.raises(Refused):
            await channel.answer(request, inlet)
    assert inlet.updates == []
    assert inlet.arrivals == []


async def test_signed_nonsense_is_kept_or_passed_over(
    telnyx: Telnyx, channel: FaxConnector, clock: ManualClock
) -> None:
    inlet, now = FakeInlet(), clock.now()
    assert (await channel.answer(telnyx.sign(b"{", now), inlet)).status == 200
    assert len(inlet.arrivals) == 1
    for body in (b"[]", b"{}", b'{"data": {"event_type": "call.initiated", "payload": {}}}', b'{"data": 7}'):
        assert (await channel.answer(telnyx.sign(body, now), inlet)).status == 200
    assert len(inlet.arrivals) == 1
    assert (await channel.answer(get("elsewhere"), inlet)).status == 404


async def test_a_wrong_key_or_application_is_parked_and_the_probe_says_so(
    telnyx: Telnyx, clock: ManualClock, tmp_path: Path
) -> None:
    wrong_key = connector_for(settings(telnyx, api_key="no"), clock=clock, data_dir=tmp_path)
    with pytest.raises(AuthRejected):
        await wrong_key.run(FakeInlet())
    other = connector_for(settings(telnyx, connection_id="99"), clock=clock, data_dir=tmp_path)
    with pytest.raises(Misconfigured):
        await other.run(FakeInlet())
    assert [step.ok for step in await wrong_key.probe()] == [False]
    fine = connector_for(settings(telnyx), clock=clock, data_dir=tmp_path)
    assert [step.ok for step in await fine.probe()] == [True, True]
