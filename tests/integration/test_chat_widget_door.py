"""The web chat through the hub's own door: tokens, durable sending, what comes, receipts, files, origins, floods."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connectors.chat.connector import ChatConnector
from connectors.chat.parse import CHAT_PARSER
from connectors.chat.settings import ChatSettings
from connectors.chat.tokens import issue, redeem
from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable, TemporaryFailure
from hub.domain.ids import OutboxId
from hub.domain.message import Attachment, Envelope
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.signal import SignalKind
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, LinkState, Parcel
from hub.ports.parser import ParseContext
from tests.fake_inlet import FakeInlet
from tests.peers.door import ServedConnector

PAGE = "https://www.example.org"
CLOCK = SystemClock()


def connector_for(**more: Any) -> ChatConnector:
    settings = ChatSettings.model_validate({"origins": [PAGE], "title": "Tischlerei Nord", **more})
    context = ConnectorContext(name="web", hostname="hub.test", clock=CLOCK, data_dir=Path("."))
    return ChatConnector(settings, context)


class Visitor:
    """What the widget does, without a browser."""

    def __init__(self, url: str, session: aiohttp.ClientSession, origin: str = PAGE) -> None:
        self.url, self.session, self.origin, self.token = url, session, origin, ""

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        sent = json.dumps({"token": self.token, **body})
        async with self.session.post(f"{self.url}/{path}", data=sent, headers={"Origin": self.origin}) as answer:
            raw = await answer.read()
            self.headers = answer.headers
            return answer.status, json.loads(raw) if answer.content_type == "application/json" else raw

    async def start(self) -> Any:
        status, facts = await self.post("start")
        assert status == 200
        self.token = facts["token"]
        return facts

    @property
    def id(self) -> str:
        return self.token.partition(".")[0]


@asynccontextmanager
async def served(connector: ChatConnector, inlet: FakeInlet) -> AsyncIterator[tuple[ServedConnector, Visitor]]:
    task = asyncio.create_task(connector.run(inlet))
    try:
        await inlet.until_state(LinkState.UP)
        async with ServedConnector("web", connector, inlet) as door, aiohttp.ClientSession() as session:
            yield door, Visitor(door.url, session)
            task.cancel()  # as the hub stops: channels first, so that open pages end
            with contextlib.suppress(asyncio.CancelledError):
                await task
    finally:
        task.cancel()


def parcel(visitor: str, text: str, *, id: str = "o_1", choices: tuple[str, ...] = (), data: bytes = b"") -> Parcel:
    now, address = CLOCK.now(), Address(channel="chat", normal=visitor)
    file = Attachment(index=0, name="Angebot.pdf", type="application/pdf", size=len(data), sha256="")
    item = OutboxItem(
        id=OutboxId(id),
        account="web",
        channel="chat",
        recipient=address,
        lane=lane_of("web", address),
        purpose=Purpose.REPLY,
        content=OutgoingContent(text=text, message_id=f"m-{id}", choices=choices, attachments=(file,) if data else ()),
        due_at=now,
        created_at=now,
        give_up_at=now,
    )
    return Parcel(item=item, attempt=1, files=(data,) if data else ())


async def test_a_message_is_durable_before_it_is_answered_and_the_same_id_is_one() -> None:
    inlet = FakeInlet()
    async with served(connector_for(), inlet) as (_, visitor):
        facts = await visitor.start()
        assert (facts["title"], facts["lines"], facts["greeting"]["de"]) == (
            "Tischlerei Nord",
            [],
            "Guten Tag! Wie können wir helfen?",
        )
        for _ in range(2):
            status, line = await visitor.post("send", id="abcdefgh", text=" Guten Tag ")
            assert (status, line["text"], line["who"]) == (202, "Guten Tag", "you")
        again = await visitor.start()
    assert (len(inlet.arrivals), len(inlet.repeated)) == (1, 1)
    arrival = inlet.arrivals[0]
    assert (arrival.native_id, arrival.envelope.authenticated) == (f"{visitor.id}/abcdefgh", True)
    message = CHAT_PARSER.parse(arrival.raw, arrival.envelope, ParseContext(account="web"))
    assert message.sender is not None
    assert (message.sender.address.normal, message.content.text) == (visitor.id, "Guten Tag")
    assert [line["text"] for line in again["lines"]] == ["Guten Tag"]


async def test_a_store_that_is_down_is_503_and_the_next_try_is_taken() -> None:
    inlet = FakeInlet(accept_error=StoreUnavailable("down"), accept_errors_left=1)
    async with served(connector_for(), inlet) as (_, visitor):
        await visitor.start()
        assert (await visitor.post("send", id="abcdefgh", text="x"))[0] == 503
        assert (await visitor.post("send", id="abcdefgh", text="x"))[0] == 202
    assert len(inlet.arrivals) == 1


async def test_an_answer_comes_through_the_open_stream_with_its_buttons_and_is_received_when_seen() -> None:
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        body = json.dumps({"token": visitor.token, "after": 0})
        async with visitor.session.post(f"{visitor.url}/stream", data=body, headers={"Origin": PAGE}) as stream:
            assert stream.content_type == "text/event-stream"
            assert await stream.content.readline() == b": here\n"
            await stream.content.readline()
            receipt = await connector.send(parcel(visitor.id, "Samstag ab 9.", choices=("Ja", "Nein")))
            event = await asyncio.wait_for(stream.content.readline(), 10)
        line = json.loads(event.removeprefix(b"data: "))
        assert (line["who"], line["text"], line["choices"], line["number"]) == (
            "us",
            "Samstag ab 9.",
            ["Ja", "Nein"],
            1,
        )
        assert "message_id" not in line
        assert (receipt.native_ref, receipt.delivered, inlet.updates) == ("o_1", False, [])
        for _ in range(2):
            await visitor.post("seen", number=1)
    (update,) = inlet.updates
    assert (update.message_id, update.status.action, update.status.recipient) == ("m-o_1", "delivered", visitor.id)


async def test_the_same_item_sent_twice_is_one_line() -> None:
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        for _ in range(2):
            await connector.send(parcel(visitor.id, "once"))
        _, news = await visitor.post("poll", after=0)
    assert [line["text"] for line in news["lines"]] == ["once"]


async def test_what_was_said_survives_a_restart_of_the_hub() -> None:
    inlet, first = FakeInlet(), connector_for()
    async with served(first, inlet) as (_, visitor):
        await visitor.start()
        await visitor.post("send", id="abcdefgh", text="hallo")
        await first.send(parcel(visitor.id, "Guten Tag"))
        token = visitor.token
    inlet.reports.clear()
    async with served(connector_for(), inlet) as (_, later):
        later.token = token
        facts = await later.start()
    assert [(line["who"], line["text"]) for line in facts["lines"]] == [("you", "hallo"), ("us", "Guten Tag")]
    assert later.id == token.partition(".")[0]


async def test_files_go_both_ways() -> None:
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        file = {"name": "Küche.jpg", "type": "image/jpeg", "data": base64.b64encode(b"\xff\xd8photo").decode()}
        status, line = await visitor.post("send", id="abcdefgh", text="", files=[file])
        assert (status, line["files"]) == (202, [{"name": "Küche.jpg", "type": "image/jpeg", "size": 7}])
        await connector.send(parcel(visitor.id, "Bitte sehr", data=b"%PDF-1.4"))
        status, data = await visitor.post("file", number=2, index=0)
        assert (status, data, visitor.headers["Content-Disposition"]) == (200, b"%PDF-1.4", "attachment")
        assert (await visitor.post("file", number=1, index=0))[0] == 400
        assert (await visitor.post("file", number=2, index=1))[0] == 400
        stranger = Visitor(visitor.url, visitor.session)
        await stranger.start()
        assert (await stranger.post("file", number=2, index=0))[0] == 400
    raw = inlet.arrivals[0].raw
    assert CHAT_PARSER.extract(raw, 0) == b"\xff\xd8photo"
    assert CHAT_PARSER.parse(raw, Envelope(), ParseContext(account="web")).content.attachments[0].name == "Küche.jpg"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "short", "text": "x"},
        {"id": "x" * 65, "text": "x"},
        {"id": "abcdefgh", "text": ""},
        {"id": "abcdefgh", "text": "x" * 4_001},
        {"id": "abcdefgh", "text": 5},
        {"id": "abcdefgh", "text": "", "files": [{"data": "no base64!"}]},
        {"id": "abcdefgh", "text": "", "files": [{"data": base64.b64encode(b"x" * 2_000).decode()}]},
        {"id": "abcdefgh", "text": "", "files": [{"data": ""}]},
        {"id": "abcdefgh", "text": "", "files": [{}] * 6},
        {"id": "abcdefgh", "text": "", "files": "x"},
    ],
)
async def test_what_is_out_of_bounds_is_refused_with_words(body: dict[str, Any]) -> None:
    inlet = FakeInlet()
    async with served(connector_for(max_file_bytes=1_000), inlet) as (_, visitor):
        await visitor.start()
        status, answer = await visitor.post("send", **body)
        assert status == 400
        assert answer["error"]
        assert visitor.headers["Access-Control-Allow-Origin"] == PAGE
    assert inlet.arrivals == []


async def test_only_the_configured_pages_are_let_in() -> None:
    inlet = FakeInlet()
    async with served(connector_for(), inlet) as (door, visitor):
        for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", ""):
            stranger = Visitor(visitor.url, visitor.session, origin)
            assert (await stranger.post("start"))[0] == 401
            assert "Access-Control-Allow-Origin" not in stranger.headers
        await visitor.start()
        assert (visitor.headers["Access-Control-Allow-Origin"], visitor.headers["Vary"]) == (PAGE, "Origin")
        async with visitor.session.options(f"{visitor.url}/send", headers={"Origin": PAGE}) as preflight:
            assert preflight.status == 204
        async with visitor.session.get(f"{visitor.url}/widget.js") as script:
            text = await script.text()
            assert (script.status, script.content_type) == (200, "text/javascript")
            assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert "MIT License" in text
    assert door.audit.recorded == [("peers.answer", "web", "refused")] * 4


async def test_a_forged_or_foreign_token_is_401_and_a_start_with_it_makes_a_new_visitor() -> None:
    inlet = FakeInlet()
    async with served(connector_for(), inlet) as (door, visitor):
        await visitor.start()
        mine = visitor.token
        for forged in (
            "",
            "x",
            mine[:-1],
            mine.replace("web-", "web-0", 1),
            issue(b"k" * 32, "web", visitor.id, CLOCK.now()),
        ):
            visitor.token = forged
            assert (await visitor.post("send", id="abcdefgh", text="x"))[0] == 401
            assert (await visitor.post("poll"))[0] == 401
        await visitor.start()
        assert visitor.id != mine.partition(".")[0]
    assert inlet.arrivals == []
    assert len(door.audit.recorded) == 10


def test_a_token_is_of_one_account_and_ends() -> None:
    now, key, visitor = CLOCK.now(), b"k" * 32, "web-" + "0" * 32
    token = issue(key, "web", visitor, now)
    assert redeem(key, "web", token, now, days=1) == visitor
    assert redeem(key, "other", token, now, days=1) == ""
    assert redeem(key, "web", token, now.replace(year=now.year + 1), days=30) == ""


async def test_a_visitor_who_floods_is_slowed_and_others_are_not() -> None:
    inlet = FakeInlet()
    async with served(connector_for(visitor_minute=3), inlet) as (_, visitor):
        await visitor.start()
        answers = [(await visitor.post("send", id=f"abcdefg{number}", text="x"))[0] for number in range(5)]
        assert answers == [202, 202, 202, 429, 429]
        assert int(visitor.headers["Retry-After"]) > 0
        other = Visitor(visitor.url, visitor.session)
        await other.start()
        assert (await other.post("send", id="abcdefgh", text="x"))[0] == 202


async def test_an_address_that_makes_visitors_without_end_is_slowed() -> None:
    async with served(connector_for(address_minute=3), FakeInlet()) as (_, visitor):
        assert [(await visitor.post("start"))[0] for _ in range(4)] == [200, 200, 200, 429]


async def test_typing_is_signalled() -> None:
    inlet = FakeInlet()
    async with served(connector_for(), inlet) as (_, visitor):
        await visitor.start()
        await visitor.post("typing", on=True)
        await visitor.post("typing", on=False)
    assert [signal.kind for signal in inlet.signals] == [SignalKind.COMPOSING, SignalKind.PAUSED]


async def test_only_the_last_lines_are_kept_for_the_page() -> None:
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        await connector.send(parcel(visitor.id, "with a file", id="o_file", data=b"%PDF"))
        for number in range(55):
            await connector.send(parcel(visitor.id, f"line {number}", id=f"o_{number}"))
        _, news = await visitor.post("poll", after=0)
    assert (len(news["lines"]), news["lines"][-1]["text"]) == (50, "line 54")
    assert inlet.cursors[f"file/{visitor.id}/1/0"] == b""


async def test_without_a_running_channel_or_store_the_outbox_tries_again() -> None:
    inlet, connector = FakeInlet(), connector_for()
    with pytest.raises(TemporaryFailure):
        await connector.send(parcel("web-" + "0" * 32, "x"))
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        inlet.save_error = StoreUnavailable("down")
        with pytest.raises(TemporaryFailure):
            await connector.send(parcel(visitor.id, "x"))
        inlet.save_error = None
        assert (await connector.send(parcel(visitor.id, "x"))).native_ref == "o_1"


async def test_malformed_posts_are_400() -> None:
    inlet = FakeInlet()
    async with served(connector_for(), inlet) as (_, visitor):
        for body in (b"", b"{", b"[]", b"[" * 5_000, b"\xff"):
            async with visitor.session.post(f"{visitor.url}/start", data=body, headers={"Origin": PAGE}) as answer:
                assert answer.status == 400


def test_settings_refuse_what_cannot_work() -> None:
    for wrong in (
        {"origins": []},
        {"origins": ["https://www.example.org/path"]},
        {"origins": ["*"]},
        {"origins": [PAGE], "accent": "#ffd700"},
    ):
        with pytest.raises(ValueError, match=r"origin|colour|at least"):
            ChatSettings.model_validate(wrong)


async def test_a_replaced_item_keeps_its_words() -> None:
    """A subject stands above the text, as on every chat."""
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        sent = parcel(visitor.id, "text")
        item = replace(sent.item, content=replace(sent.item.content, subject="Angebot"))
        await connector.send(replace(sent, item=item))
        _, news = await visitor.post("poll", after=0)
    assert news["lines"][0]["text"] == "Angebot\n\ntext"
