"""Visitors whose connections break: in the middle of a message, while they listen, again and again."""

import asyncio
import json

import aiohttp

from tests.fake_inlet import FakeInlet
from tests.integration.test_chat_widget_door import PAGE, connector_for, parcel, served
from tests.peers.cut_proxy import CutProxy


async def test_half_a_message_is_no_message() -> None:
    inlet = FakeInlet()
    async with served(connector_for(), inlet) as (door, visitor):
        await visitor.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        body = json.dumps({"token": visitor.token, "id": "abcdefgh", "text": "halb"}).encode()
        head = f"POST /in/web/send HTTP/1.1\r\nHost: hub\r\nOrigin: {PAGE}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body[:-5])
        await writer.drain()
        writer.close()
        assert await reader.read() == b""
        assert (await visitor.post("send", id="abcdefgh", text="ganz"))[0] == 202
    assert len(inlet.arrivals) == 1


async def test_a_page_that_vanishes_leaves_no_listener_and_misses_nothing() -> None:
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (door, visitor):
        await visitor.start()
        async with CutProxy("127.0.0.1", door.port) as proxy, aiohttp.ClientSession() as far:
            body = json.dumps({"token": visitor.token, "after": 0})
            url = f"http://127.0.0.1:{proxy.port}/in/web/stream"
            stream = await far.post(url, data=body, headers={"Origin": PAGE})
            assert await stream.content.readline() == b": here\n"
            chat = await connector._shelf.open(visitor.id, inlet)
            assert len(chat.listeners) == 1
            proxy.reset()
            stream.close()
            await connector.send(parcel(visitor.id, "noch da?"))
            await connector.send(parcel(visitor.id, "hallo?", id="o_2"))
            async with asyncio.timeout(20):
                while chat.listeners:
                    await asyncio.sleep(0)
        _, news = await visitor.post("poll", after=0)
    assert [line["text"] for line in news["lines"]] == ["noch da?", "hallo?"]
    assert connector._streams == 0


async def test_more_open_pages_than_one_visitor_may_have_are_told_to_wait() -> None:
    inlet, connector = FakeInlet(), connector_for()
    async with served(connector, inlet) as (_, visitor):
        await visitor.start()
        body = json.dumps({"token": visitor.token, "after": 0})
        streams = []
        for _ in range(5):
            stream = await visitor.session.post(f"{visitor.url}/stream", data=body, headers={"Origin": PAGE})
            assert await stream.content.readline() == b": here\n"
            await stream.content.readline()
            streams.append(stream)
        await connector.send(parcel(visitor.id, "an alle"))
        for stream in streams:
            assert json.loads((await stream.content.readline()).removeprefix(b"data: "))["text"] == "an alle"
        async with visitor.session.post(f"{visitor.url}/stream", data=body, headers={"Origin": PAGE}) as sixth:
            assert sixth.status == 429
        for stream in streams:
            stream.close()
