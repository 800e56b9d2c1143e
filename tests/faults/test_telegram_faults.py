"""A broken network between us and Telegram: nothing is lost, and what may have left is not sent again by itself."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from config.fields import Secret
from connectors.telegram import api, polling
from connectors.telegram.connector import TelegramConnector
from connectors.telegram.settings import TelegramSettings
from hub.domain.errors import AuthRejected, TemporaryFailure, UnknownOutcome, Unreachable
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.integration.test_telegram_connector import connector_for, parcel, read
from tests.peers.bot_api import BotApi
from tests.peers.cut_proxy import CutProxy
from tests.peers.process import LOOPBACK
from tests.running_connector import running


@pytest.fixture(scope="module")
def bot_api() -> Iterator[BotApi]:
    """A server of its own: one holds 16 bots."""
    server = BotApi().start()
    yield server
    server.stop()


def behind(proxy: CutProxy, token: str) -> TelegramConnector:
    settings = {"token": Secret.parse(token), "api_base": f"http://{LOOPBACK}:{proxy.port}"}
    return connector_for(TelegramSettings.model_validate(settings))


async def ended(task: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait({task}, timeout=15)
    assert task.done()
    return task.exception()


async def test_a_reset_while_waiting_for_updates_ends_the_session_and_nothing_is_lost(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    async with CutProxy(LOOPBACK, bot_api.port) as proxy:
        connector = behind(proxy, "31:A")
        async with running(connector, inlet) as task:
            proxy.reset()
            assert isinstance(await ended(task), Unreachable)
        await bot_api.write("31:A", "während der Störung")
        async with running(connector, inlet):
            (arrival,) = await inlet.until_arrivals(1)
    assert read(arrival).content.text == "während der Störung"


async def test_half_an_answer_is_no_answer_and_the_updates_come_again(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    async with CutProxy(LOOPBACK, bot_api.port) as proxy:
        connector = behind(proxy, "32:A")
        async with running(connector, inlet) as task:
            proxy.after_server(b"halbe Antwort", proxy.reset)
            await bot_api.write("32:A", "halbe Antwort")
            assert isinstance(await ended(task), Unreachable)
        assert inlet.arrivals == []
        async with running(connector, inlet):
            await inlet.until_arrivals(1)


async def test_a_stalled_connection_is_noticed(bot_api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(polling, "POLL_SECONDS", 1)
    inlet = FakeInlet()
    async with (
        CutProxy(LOOPBACK, bot_api.port) as proxy,
        running(behind(proxy, "33:A"), inlet) as task,
    ):
        proxy.stall()
        assert isinstance(await ended(task), Unreachable)


async def test_a_send_whose_answer_does_not_come_is_unknown(bot_api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "ANSWER_SECONDS", 0.5)
    async with CutProxy(LOOPBACK, bot_api.port) as proxy:
        connector, inlet = behind(proxy, "34:A"), FakeInlet()
        async with running(connector, inlet):
            proxy.after_client(b"sendMessage", proxy.mute)
            with pytest.raises(UnknownOutcome):
                await connector.send(parcel("Kommt das an?"))
    assert '"method":"sendMessage"' in bot_api.journaled()


async def test_a_send_that_is_cut_off_is_unknown_and_not_sent_again(bot_api: BotApi) -> None:
    async with CutProxy(LOOPBACK, bot_api.port) as proxy:
        connector, inlet = behind(proxy, "35:A"), FakeInlet()
        async with running(connector, inlet):
            accepted = proxy.accepted
            proxy.after_client(b"sendMessage", proxy.reset)
            with pytest.raises(UnknownOutcome):
                await connector.send(parcel("Kommt das an?"))
            assert proxy.accepted <= accepted + 2  # no hidden retries


async def test_after_the_first_part_a_cut_makes_the_whole_unknown(bot_api: BotApi) -> None:
    async with CutProxy(LOOPBACK, bot_api.port) as proxy:
        connector, inlet = behind(proxy, "36:A"), FakeInlet()
        async with running(connector, inlet):
            proxy.after_client(b"ENDE-DES-TEXTES", proxy.reset)
            with pytest.raises(UnknownOutcome, match="1 of 2 parts"):
                await connector.send(parcel("wort " * 900 + "ENDE-DES-TEXTES"))


async def test_a_restart_of_the_server_is_a_pause() -> None:
    bot_api = BotApi().start()
    try:
        connector, inlet = connector_for(_settings(bot_api, "37:A")), FakeInlet()
        async with running(connector, inlet) as task:
            bot_api.process.signal(signal.SIGKILL)
            bot_api.process.wait()
            with pytest.raises(TemporaryFailure):
                await connector.send(parcel("Geht nicht hinaus"))
            assert isinstance(await ended(task), Unreachable)
        with pytest.raises(TemporaryFailure):
            await connector.send(parcel("Ohne Verbindung"))
        bot_api.start()
        async with running(connector, inlet):
            await bot_api.write("37:A", "wieder da")
            await inlet.until_arrivals(1)
            await connector.send(parcel("Geht wieder"))
    finally:
        bot_api.stop()


async def test_a_file_that_stalls_does_not_hold_up_the_message(
    bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.telegram.gathering.FETCH_SECONDS", 0.3)
    inlet = FakeInlet()
    file_id = await bot_api.upload("38:A", "Plan.pdf", b"never arrives")
    async with CutProxy(LOOPBACK, bot_api.port) as proxy, running(behind(proxy, "38:A"), inlet):
        proxy.after_client(b"/getFile", proxy.mute)
        await bot_api.write("38:A", document={"file_id": file_id, "file_name": "Plan.pdf"}, caption="Hier der Plan")
        (arrival,) = await inlet.until_arrivals(1)
    message = read(arrival)
    assert message.content.text == "Hier der Plan"
    assert file_id in message.problems[0]


async def test_a_second_program_at_the_same_bot_is_named(bot_api: BotApi) -> None:
    inlet, second = FakeInlet(), FakeInlet()
    async with running(connector_for(_settings(bot_api, "39:A")), inlet):
        with pytest.raises(Unreachable, match="Another program"):
            await asyncio.wait_for(connector_for(_settings(bot_api, "39:A")).run(second), 10)
    assert second.state is LinkState.CONNECTING


async def test_a_refused_token_parks_and_is_told_nobody() -> None:
    from aiohttp import web

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        settings = {"token": Secret.parse("40:A-SECRET"), "api_base": f"http://{LOOPBACK}:{port}"}
        connector = connector_for(TelegramSettings.model_validate(settings))
        with pytest.raises(AuthRejected) as refused:
            await connector.run(FakeInlet())
        assert "SECRET" not in f"{refused.value!r}{refused.value.__cause__!r}{refused.value.fields}"
        steps = await connector.probe()
        assert not steps[-1].ok
        assert "BotFather" in steps[-1].fix
        assert "SECRET" not in repr(steps)
    finally:
        await runner.cleanup()


def _settings(bot_api: BotApi, token: str) -> TelegramSettings:
    return TelegramSettings.model_validate({"token": Secret.parse(token), "api_base": bot_api.base})
