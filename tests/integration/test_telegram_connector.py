"""The Telegram connector against the Bot API emulator: polling, albums, files, buttons, webhook, and the offset that
moves only after the store has what lies before it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from config.fields import Secret
from connectors.telegram.connector import SECRET_HEADER, TelegramConnector
from connectors.telegram.parse import TELEGRAM_PARSER
from connectors.telegram.settings import TelegramSettings
from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.errors import PermanentFailure, Refused, StoreUnavailable, Unreachable
from hub.domain.ids import OutboxId
from hub.domain.message import Attachment, Message, Strength
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.views import FileData
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, HttpRequest, Parcel
from hub.ports.parser import ParseContext
from tests.fake_inlet import FakeInlet
from tests.peers.bot_api import ANNA, BotApi
from tests.peers.process import LOOPBACK, free_port
from tests.running_connector import running

CLOCK = SystemClock()
SECRET = "a-secret-of-the-webhook"


def settings_for(bot_api: BotApi, token: str, **changes: object) -> TelegramSettings:
    values: dict[str, object] = {"token": Secret.parse(token), "api_base": bot_api.base}
    return TelegramSettings.model_validate(values | changes)


def connector_for(settings: TelegramSettings, **changes: int) -> TelegramConnector:
    context = ConnectorContext(name="telegram", hostname="hub.test", clock=CLOCK, data_dir=Path("."), **changes)
    return TelegramConnector(settings, context)


def read(arrival: Arrival) -> Message:
    return TELEGRAM_PARSER.parse(arrival.raw, arrival.envelope, ParseContext(account="telegram"))


def parcel(text: str, *, choices: tuple[str, ...] = (), files: tuple[FileData, ...] = (), to: str = "4711") -> Parcel:
    address, now = Address(channel="telegram", normal=to), CLOCK.now()
    attachments = tuple(
        Attachment(index=index, name=file.name, type=file.type, size=len(file.data), sha256="")
        for index, file in enumerate(files)
    )
    item = OutboxItem(
        id=OutboxId("o_abc"),
        account="telegram",
        channel="telegram",
        recipient=address,
        lane=lane_of("telegram", address),
        purpose=Purpose.REPLY,
        content=OutgoingContent(text=text, message_id="o_abc", choices=choices, attachments=attachments),
        due_at=now,
        created_at=now,
        give_up_at=now,
    )
    return Parcel(item=item, attempt=1, files=tuple(file.data for file in files))


async def test_a_message_is_kept_before_it_is_confirmed(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    inlet.accept_gate = asyncio.Event()
    async with running(connector_for(settings_for(bot_api, "11:A")), inlet):
        number = await bot_api.write("11:A", "Wann wird der Tisch geliefert? 🎉")
        await inlet.until(lambda: inlet.attempts == 1)
        assert f'"update_ids":[{number}]' in bot_api.journaled()
        inlet.accept_gate.set()
        (arrival,) = await inlet.until_arrivals(1)
    message = read(arrival)
    assert message.sender is not None
    assert (message.sender.address.normal, message.sender.name) == ("4711", "Anna Schmidt")
    assert message.content.text == "Wann wird der Tisch geliefert? 🎉"
    assert message.strength is Strength.AUTHENTICATED
    assert arrival.native_id == f"11:{number}"


async def test_a_store_that_is_down_brings_the_same_update_again(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("down"), 1
    connector = connector_for(settings_for(bot_api, "12:A"))
    async with running(connector, inlet) as task:
        await bot_api.write("12:A", "keep me")
        await asyncio.wait({task}, timeout=10)
        assert isinstance(task.exception(), Unreachable)
    assert inlet.arrivals == []
    async with running(connector, inlet):
        (arrival,) = await inlet.until_arrivals(1)
        await bot_api.write("12:A", "the next")
        await inlet.until_arrivals(2)
    assert read(arrival).content.text == "keep me"
    assert inlet.repeated == []
    async with running(connector, inlet):
        await bot_api.write("12:A", "a third")
        await inlet.until_arrivals(3)
    # The last one was accepted, but not confirmed any more: it came again, under the same name.
    assert {arrival.native_id for arrival in inlet.repeated} <= {inlet.arrivals[1].native_id}


async def test_an_album_becomes_one_arrival_with_its_files(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    ids = [await bot_api.upload("13:A", f"{index}.jpg", f"picture {index}".encode()) for index in range(3)]
    async with running(connector_for(settings_for(bot_api, "13:A")), inlet):
        for index, file_id in enumerate(ids):
            sizes = [
                {"file_id": "thumbnail", "width": 90, "height": 90},
                {"file_id": file_id, "width": 9, "height": 9e9},
            ]
            sizes[1]["height"] = 2000
            caption = {"caption": "Drei Ansichten"} if index == 0 else {}
            await bot_api.write("13:A", media_group_id="77", photo=sizes, **caption)
        await bot_api.write("13:A", "danach")
        album, after = await inlet.until_arrivals(2)
    message = read(album)
    assert [file.size for file in message.content.attachments] == [9, 9, 9]
    assert message.content.text == "Drei Ansichten"
    assert TELEGRAM_PARSER.extract(album.raw, 2) == b"picture 2"
    assert read(after).content.text == "danach"


async def test_a_file_that_cannot_be_fetched_is_named_and_does_not_stop_the_message(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    document = {"file_name": "Plan.pdf", "mime_type": "application/pdf"}
    async with running(connector_for(settings_for(bot_api, "14:A"), max_message_bytes=500_000), inlet):
        await bot_api.write("14:A", document=document | {"file_id": "gone", "file_size": 10})
        await bot_api.write("14:A", document=document | {"file_id": "huge", "file_size": 30_000_000})
        await bot_api.write("14:A", document=document | {"file_id": "roomy", "file_size": 400_000})
        arrivals = await inlet.until_arrivals(3)
    problems = [read(arrival).problems for arrival in arrivals]
    assert [len(said) for said in problems] == [1, 1, 1]
    assert "could not be fetched" in problems[0][0]
    assert "gone" in problems[0][0]
    assert "20 MB" in problems[1][0]
    assert "larger than this hub takes in" in problems[2][0]


async def test_a_pressed_button_is_its_words_and_is_answered(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    connector = connector_for(settings_for(bot_api, "15:A"))
    async with running(connector, inlet):
        receipt = await connector.send(parcel("Passt Dienstag?", choices=("Ja, gern", "Lieber später")))
        number = int(receipt.native_ref.rpartition(":")[2])
        keyboard = {"inline_keyboard": [[{"text": "Lieber später", "callback_data": "w:Lieber später"}]]}
        chat = {"id": 4711, "type": "private"}
        pressed = {"message_id": number, "date": 1, "chat": chat, "text": "Passt Dienstag?", "reply_markup": keyboard}
        press = {"id": "99", "from": ANNA, "message": pressed, "chat_instance": "1", "data": "w:Lieber später"}
        await bot_api.push("15:A", callback_query=press)
        (arrival,) = await inlet.until_arrivals(1)
        async with asyncio.timeout(10):
            while "editMessageReplyMarkup" not in bot_api.journaled():
                await asyncio.sleep(0.02)
    message = read(arrival)
    assert message.content.text == "Lieber später"
    assert message.related_to == (receipt.native_ref,)
    assert "answerCallbackQuery" in bot_api.journaled()


async def test_yes_under_an_earlier_question_of_the_staff_bot_is_not_taken(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    connector = connector_for(settings_for(bot_api, "16:A", staff=True))
    async with running(connector, inlet):
        await connector.say("4711", "Senden?", "t-1", choices=("ja", "nein"))
        await connector.say("4711", "Wirklich löschen?", "t-2", choices=("ja", "nein"))
        pressed = {"message_id": 1, "date": 1, "chat": {"id": 4711, "type": "private"}}
        press = {"id": "99", "from": ANNA, "message": pressed, "chat_instance": "1", "data": "w:ja"}
        await bot_api.push("16:A", callback_query=press)
        await bot_api.write("16:A", "danach")
        (arrival,) = await inlet.until_arrivals(1)
    assert read(arrival).content.text == "danach"


async def test_long_texts_and_files_leave_in_order(bot_api: BotApi) -> None:
    connector, inlet = connector_for(settings_for(bot_api, "17:A")), FakeInlet()
    plan = FileData(name="Übersicht.pdf", type="application/pdf", data=b"%PDF-1.7")
    async with running(connector, inlet):
        short = await connector.send(parcel("Anbei.", files=(plan,)))
        long = await connector.send(parcel("Zeile eins. " * 500, choices=("Gut",)))
        picture = FileData(name="Tisch.jpg", type="image/jpeg", data=b"\xff\xd8\xff")
        several = await connector.send(parcel("Zwei Bilder", files=(picture, picture)))
    assert short.more_refs == ()
    assert len(long.more_refs) == 1
    assert len(several.more_refs) == 2
    numbers = [int(name.rpartition(":")[2]) for name in (long.native_ref, *long.more_refs)]
    assert numbers == sorted(numbers)
    asked = [json.loads(line) for line in bot_api.journaled().splitlines()]
    sent = [(one["method"], one["status"]) for one in asked if one.get("method", "").startswith("send")][-6:]
    assert [method for method, _ in sent] == ["sendDocument", *["sendMessage"] * 3, "sendPhoto", "sendPhoto"]
    assert {status for _, status in sent} == {200}


async def test_what_telegram_refuses_is_not_tried_again(bot_api: BotApi) -> None:
    connector, inlet = connector_for(settings_for(bot_api, "18:A")), FakeInlet()
    async with running(connector, inlet):
        with pytest.raises(PermanentFailure):
            await connector.send(parcel(" "))
        with pytest.raises(PermanentFailure):
            await connector.send(parcel("an niemanden", to="anna"))


@asynccontextmanager
async def public_address(connector: TelegramConnector, inlet: FakeInlet) -> AsyncIterator[str]:
    """What the hub's own HTTP server does for /in/telegram/."""
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        headers = tuple((name.lower(), value) for name, value in request.headers.items())
        asked = HttpRequest(method="POST", path="", url="", headers=headers, body=await request.read())
        try:
            answer = await connector.answer(asked, inlet)
            status = answer.status
        except StoreUnavailable:
            status = 503
        except Refused:
            status = 401
        statuses.append(status)
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/in/telegram/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield f"http://{LOOPBACK}:{port}/in/telegram/"
    finally:
        await runner.cleanup()


async def test_a_webhook_is_set_proved_and_answered_after_the_store(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    port_settings = {"mode": "webhook", "webhook_secret": Secret.parse(SECRET)}
    placeholder = connector_for(settings_for(bot_api, "19:A"))
    async with contextlib.AsyncExitStack() as stack:
        holder: list[TelegramConnector] = [placeholder]

        class Door:
            async def answer(self, request: HttpRequest, inlet: FakeInlet) -> object:
                return await holder[0].answer(request, inlet)

        url = await stack.enter_async_context(public_address(Door(), inlet))  # type: ignore[arg-type]
        holder[0] = connector_for(settings_for(bot_api, "19:A", webhook_url=url, **port_settings))
        await stack.enter_async_context(running(holder[0], inlet))
        inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("down"), 1
        await bot_api.write("19:A", "per Webhook")
        assert inlet.arrivals == []
        await bot_api.write("19:A", "und noch eine")
        first, second = await inlet.until_arrivals(2)
        assert [read(first).content.text, read(second).content.text] == ["per Webhook", "und noch eine"]
        with pytest.raises(Refused):
            await holder[0].answer(HttpRequest(method="POST", path="", url="", body=b"{}"), inlet)
        good = ((SECRET_HEADER, SECRET),)
        answer = await holder[0].answer(HttpRequest(method="POST", path="", url="", headers=good, body=b"{"), inlet)
        assert answer.status == 200
        assert len(inlet.arrivals) == 3  # kept as it is, for the quarantine
        probe = await holder[0].probe()
        assert [step.ok for step in probe] == [True, True, True]
        assert probe[-1].title == "Webhook"


async def test_parts_of_an_album_come_in_requests_of_their_own(bot_api: BotApi) -> None:
    inlet = FakeInlet()
    changes = {"mode": "webhook", "webhook_url": "https://hub.test/in/telegram/"}
    connector = connector_for(settings_for(bot_api, "20:A", webhook_secret=Secret.parse(SECRET), **changes))
    async with running(connector, inlet):

        async def post(number: int) -> int:
            body = {"update_id": number, "message": bot_api.message("", media_group_id="5", caption=f"Teil {number}")}
            asked = HttpRequest(
                method="POST", path="", url="", headers=((SECRET_HEADER, SECRET),), body=json.dumps(body).encode()
            )
            return (await connector.answer(asked, inlet)).status

        assert await asyncio.gather(post(2), post(1), post(3)) == [200, 200, 200]
    (arrival,) = inlet.arrivals
    assert read(arrival).content.text == "Teil 1\nTeil 2\nTeil 3"


async def test_polling_takes_a_forgotten_webhook_away_and_the_probe_names_it(bot_api: BotApi) -> None:
    hooked = {"mode": "webhook", "webhook_url": "https://old.example/in/telegram/"}
    old, inlet = (
        connector_for(settings_for(bot_api, "21:A", webhook_secret=Secret.parse(SECRET), **hooked)),
        FakeInlet(),
    )
    async with running(old, inlet):
        pass
    connector = connector_for(settings_for(bot_api, "21:A"))
    steps = await connector.probe()
    assert not steps[-1].ok
    assert "old.example" in steps[-1].detail
    async with running(connector, FakeInlet()):
        assert (await connector.probe())[-1].ok
