"""The door for other systems, /in/NAME/...: no session, no same-origin check, raw bytes, bounded, floods throttled."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.errors import Invalid, NotFound, StoreUnavailable
from hub.ports.connector import HttpAnswer, HttpRequest
from hub.web import peers as door
from hub.web.peers import open_peer_door
from tests.browser.site import make_demo_site
from tests.fake_verbs import FakeVerbs


class FakePeers:
    """Answers with `answers[name]`, or raises it."""

    def __init__(self) -> None:
        self.answers: dict[str, HttpAnswer | Exception] = {"northwind": HttpAnswer(status=202, body=b"kept")}
        self.requests: list[HttpRequest] = []

    async def answer(self, name: str, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        answer = self.answers.get(name) or NotFound("There is no such address.")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def peers() -> FakePeers:
    return FakePeers()


@pytest.fixture
async def outside(peers: FakePeers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestClient[Any, Any]]:
    monkeypatch.setattr(door, "BURST", 5)
    site = make_demo_site(FakeVerbs(), base_url="https://hub.example")
    open_peer_door(site, peers)
    async with TestClient(TestServer(site)) as client:
        yield client


async def test_a_request_comes_as_it_was_sent_without_session_or_origin(
    outside: TestClient[Any, Any], peers: FakePeers
) -> None:
    body = b'{"a": "\xc3\xa4"}\r\n\x00'
    headers = {"X-Shopify-Topic": "orders/paid", "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    response = await outside.post("/in/northwind/hook/1?b=2&a=%20x", data=body, headers=headers)
    assert (response.status, await response.read()) == (202, b"kept")
    (request,) = peers.requests
    assert (request.method, request.path, request.body) == ("POST", "hook/1", body)
    assert request.url == "https://hub.example/in/northwind/hook/1?b=2&a=%20x"
    assert request.query == (("b", "2"), ("a", " x"))
    assert request.header("x-shopify-topic") == "orders/paid"
    assert request.client == "127.0.0.1"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/in/northwind", "/in/northwind/"])
async def test_the_last_slash_may_be_missing(outside: TestClient[Any, Any], path: str) -> None:
    assert (await outside.post(path, data=b"x")).status == 202


@pytest.mark.parametrize("path", ["/in/nobody/", "/in/nobody", "/in/nobody/hook"])
async def test_an_unknown_channel_is_not_found(outside: TestClient[Any, Any], path: str) -> None:
    assert (await outside.post(path, data=b"x")).status == 404


async def test_ac32_a_store_that_is_down_says_when_to_send_again(
    outside: TestClient[Any, Any], peers: FakePeers
) -> None:
    peers.answers["northwind"] = StoreUnavailable("the disk is full at /secret/path")
    response = await outside.post("/in/northwind/", data=b"x")
    assert (response.status, response.headers["Retry-After"]) == (503, "30")
    assert "secret" not in await response.text()


async def test_what_is_refused_for_good_is_400_with_the_reason(outside: TestClient[Any, Any], peers: FakePeers) -> None:
    peers.answers["northwind"] = Invalid("The message has 9 bytes; 8 are permitted here.")
    response = await outside.post("/in/northwind/", data=b"x")
    assert (response.status, await response.text()) == (400, "The message has 9 bytes; 8 are permitted here.")


async def test_a_body_that_is_too_large_reaches_nobody(outside: TestClient[Any, Any], peers: FakePeers) -> None:
    response = await outside.post("/in/northwind/", data=b"x" * (outside.app._client_max_size + 1))  # type: ignore[union-attr]
    assert response.status == 413
    assert peers.requests == []


async def test_a_flood_on_one_channel_is_throttled_and_harms_no_other(
    outside: TestClient[Any, Any], peers: FakePeers
) -> None:
    peers.answers["chat"] = HttpAnswer()
    statuses = [(await outside.post("/in/northwind/", data=b"x")).status for _ in range(7)]
    assert statuses == [202] * 5 + [429] * 2
    throttled = await outside.post("/in/northwind/", data=b"x")
    assert int(throttled.headers["Retry-After"]) > 0
    assert (await outside.post("/in/chat/", data=b"x")).status == 200
    assert (await outside.get("/healthz")).status == 200


async def test_a_stream_is_sent_piece_by_piece_and_closed(outside: TestClient[Any, Any], peers: FakePeers) -> None:
    closed, more = asyncio.Event(), asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            await more.wait()
            yield b"data: 2\n\n"
        finally:
            closed.set()

    peers.answers["northwind"] = HttpAnswer(type="text/event-stream", stream=pieces())
    response = await outside.get("/in/northwind/events")
    assert await response.content.readexactly(9) == b"data: 1\n\n"
    assert not closed.is_set()
    more.set()
    assert await response.content.read() == b"data: 2\n\n"
    async with asyncio.timeout(10):
        await closed.wait()
    assert response.headers["Content-Type"] == "text/event-stream"


async def test_a_stream_whose_reader_went_is_closed(outside: TestClient[Any, Any], peers: FakePeers) -> None:
    closed = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)
        finally:
            closed.set()

    peers.answers["northwind"] = HttpAnswer(stream=pieces())
    response = await outside.get("/in/northwind/events")
    await response.content.readexactly(10)
    response.close()
    async with asyncio.timeout(10):
        await closed.wait()
