"""The chat widget in Chromium, on a page of another origin with a strict policy: keyboard, screen reader, languages,
small screens, files, buttons, a lost hub."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from connectors.chat.connector import ChatConnector
from connectors.chat.settings import ChatSettings
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, LinkState
from hub.web.server import WebServer
from tests.fake_inlet import FakeInlet
from tests.integration.test_chat_widget_door import parcel
from tests.peers.cut_proxy import CutProxy
from tests.peers.door import ServedConnector

NOTE = {"note_de": "Mo–Fr 9–17 Uhr", "note_en": "Mon–Fri 9–17", "privacy_url": "https://www.example.org/privacy"}


class Website:
    """The company's page, on an origin of its own, and the hub behind the widget."""

    def __init__(self, **settings: Any) -> None:
        self.inlet, self._settings = FakeInlet(), settings
        app = web.Application()
        app.router.add_get("/{language}", self._show)
        self._site = WebServer(app, "127.0.0.1", 0)
        self.hub = ""

    async def _show(self, request: web.Request) -> web.Response:
        language = request.match_info["language"]
        text = (
            f"<!doctype html><html lang={language}><head><title>Tischlerei</title>"
            "<meta name=viewport content='width=device-width'></head>"
            f"<body><main><h1>Tischlerei</h1><p><a href=#x>link</a></p></main>"
            f"<script src='{self.hub}/in/web/widget.js' async></script></body></html>"
        )
        policy = f"default-src 'none'; script-src {self.hub}; connect-src {self.hub}; base-uri 'none'"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def __aenter__(self) -> Self:
        await self._site.start()
        settings = {"origins": [self.origin], "title": "Tischlerei Nord", **NOTE, **self._settings}
        context = ConnectorContext(name="web", hostname="hub.test", clock=SystemClock(), data_dir=Path("."))
        self.connector = ChatConnector(ChatSettings.model_validate(settings), context)
        self._run = asyncio.create_task(self.connector.run(self.inlet))
        await self.inlet.until_state(LinkState.UP)
        self.door = ServedConnector("web", self.connector, self.inlet)
        await self.door.__aenter__()
        self.hub = self.door.origin
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run.cancel()
        await asyncio.gather(self._run, return_exceptions=True)
        await self.door.__aexit__(None, None, None)
        await self._site.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._site.port}"

    @property
    def visitor(self) -> str:
        return self.inlet.arrivals[-1].sender_hint

    async def answer(self, text: str, *, id: str = "o_1", **more: Any) -> None:
        await self.connector.send(parcel(self.visitor, text, id=id, **more))


@pytest.fixture
async def website() -> AsyncIterator[Website]:
    async with Website() as running:
        yield running


@pytest.fixture
async def complaints() -> AsyncIterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


async def open_page(
    chromium: Browser, website: Website, complaints: list[str], language: str = "de", **options: Any
) -> Page:
    context = await chromium.new_context(
        **{"viewport": {"width": 1000, "height": 760}, "timezone_id": "Europe/Berlin", **options}
    )
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(f"{website.origin}/{language}")
    await expect(page.locator(".opener")).to_be_visible()
    return page


async def axe(page: Page) -> list[str]:
    results = await Axe().run(page)
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in results.response["violations"]]


async def write(page: Page, text: str) -> None:
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def test_a_visitor_writes_with_the_keyboard_alone_and_is_answered(
    chromium: Browser, website: Website, complaints: list[str]
) -> None:
    page = await open_page(chromium, website, complaints)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Chat öffnen")).to_be_focused()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Tischlerei Nord")
    await expect(dialog.get_by_label("Ihre Nachricht")).to_be_focused()
    await expect(dialog.get_by_text("Guten Tag! Wie können wir helfen?")).to_be_visible()
    await expect(dialog.get_by_text("Mo–Fr 9–17 Uhr")).to_be_visible()
    await write(page, "Haben Sie <b>Eiche</b>?")
    (arrival,) = await website.inlet.until_arrivals(1)
    assert json.loads(arrival.raw)["page"] == f"{website.origin}/de"
    await website.answer("Ja: https://www.example.org/eiche. Vorbeikommen?", choices=("Ja", "Nein"))
    log = page.get_by_role("log")
    await expect(log.get_by_text("Haben Sie <b>Eiche</b>?")).to_be_visible()
    await expect(log.get_by_role("link", name="https://www.example.org/eiche")).to_be_visible()
    await log.get_by_role("button", name="Ja", exact=True).click()
    await website.inlet.until_arrivals(2)
    assert json.loads(website.inlet.arrivals[1].raw)["text"] == "Ja"
    await expect(log.get_by_role("button", name="Nein")).to_have_count(0)
    await website.inlet.until(lambda: len(website.inlet.updates) == 1)
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="Chat öffnen")).to_be_focused()


async def test_it_speaks_english_on_english_pages_in_the_dark(
    chromium: Browser, website: Website, complaints: list[str]
) -> None:
    page = await open_page(chromium, website, complaints, "en", color_scheme="dark", reduced_motion="reduce")
    await page.get_by_role("button", name="Open chat").click()
    await expect(page.get_by_text("Hello! How can we help?")).to_be_visible()
    await write(page, "Hello")
    await website.inlet.until_arrivals(1)
    await website.answer("Good morning", choices=("Yes", "No"))
    await expect(page.get_by_role("button", name="Yes")).to_be_visible()
    assert await axe(page) == []
    assert json.loads(website.inlet.arrivals[0].raw)["language"] == "en"


async def test_at_320_pixels_everything_can_be_reached(
    chromium: Browser, website: Website, complaints: list[str]
) -> None:
    page = await open_page(chromium, website, complaints, viewport={"width": 320, "height": 560})
    await page.get_by_role("button", name="Chat öffnen").click()
    await write(page, "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " * 3)
    await website.inlet.until_arrivals(1)
    await expect(page.get_by_role("button", name="Senden")).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Chat schließen")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    wide = "document.querySelector('body > div').shadowRoot.querySelector('.log')"
    assert await page.evaluate(f"{wide}.scrollWidth <= {wide}.clientWidth")
    assert await axe(page) == []


async def test_whoever_comes_back_sees_what_was_said_and_that_there_is_an_answer(
    chromium: Browser, website: Website, complaints: list[str]
) -> None:
    page = await open_page(chromium, website, complaints)
    await page.get_by_role("button", name="Chat öffnen").click()
    await write(page, "Bis gleich")
    await website.inlet.until_arrivals(1)
    await page.goto("about:blank")
    await website.answer("Wir sind da")
    await page.goto(f"{website.origin}/de")
    await page.get_by_role("button", name="Chat öffnen, neue Nachrichten: 1").click()
    await expect(page.get_by_role("log").get_by_text("Bis gleich")).to_be_visible()
    await expect(page.get_by_role("log").get_by_text("Wir sind da")).to_be_visible()
    await website.inlet.until(lambda: len(website.inlet.updates) == 1)
    await page.get_by_role("button", name="Verlauf auf diesem Gerät vergessen").click()
    await expect(page.get_by_role("log").get_by_text("Wir sind da")).to_have_count(0)
    await write(page, "jemand anderes")
    await website.inlet.until_arrivals(2)
    first, second = website.inlet.arrivals
    assert first.sender_hint != second.sender_hint


async def test_files_are_attached_and_fetched(chromium: Browser, website: Website, complaints: list[str]) -> None:
    page = await open_page(chromium, website, complaints)
    await page.get_by_role("button", name="Chat öffnen").click()
    photo = {"name": "Küche.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8photo"}
    await page.get_by_label("Datei anhängen").first.set_input_files(photo)  # type: ignore[arg-type]
    await expect(page.get_by_role("button", name="Datei entfernen: Küche.jpg")).to_be_visible()
    await write(page, "So sieht es aus")
    (arrival,) = await website.inlet.until_arrivals(1)
    assert arrival.raw.endswith(b"\xff\xd8photo")
    await website.answer("Unser Angebot", data=b"%PDF-1.4 offer")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Angebot.pdf").click()
    saved = await download.value
    assert saved.suggested_filename == "Angebot.pdf"
    assert Path(await saved.path()).read_bytes() == b"%PDF-1.4 offer"
    large = {"name": "x.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 6_000_000}
    await page.get_by_label("Datei anhängen").first.set_input_files(large)  # type: ignore[arg-type]
    await expect(page.get_by_role("status")).to_contain_text("zu groß")


async def test_what_could_not_be_sent_says_so_and_is_sent_once_later(
    chromium: Browser, website: Website, complaints: list[str]
) -> None:
    page = await open_page(chromium, website, complaints)
    await page.get_by_role("button", name="Chat öffnen").click()
    await expect(page.get_by_text("Guten Tag! Wie können wir helfen?")).to_be_visible()
    await page.route("**/in/web/send", lambda route: route.abort())
    await write(page, "Hören Sie mich?")
    again = page.get_by_role("button", name="Noch einmal versuchen")
    await expect(again).to_be_visible()
    assert await axe(page) == []
    await page.unroute("**/in/web/send")
    await again.click()
    await website.inlet.until_arrivals(1)
    await expect(again).to_have_count(0)
    await expect(page.get_by_role("log").get_by_text("Hören Sie mich?")).to_have_count(1)
    assert all("net::ERR_FAILED" in line for line in complaints)
    complaints.clear()


async def test_nothing_is_sent_before_the_chat_is_opened(
    chromium: Browser, website: Website, complaints: list[str]
) -> None:
    asked: list[str] = []
    context = await chromium.new_context()
    page = await context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{website.origin}/de")
    await expect(page.locator(".opener")).to_be_visible()
    assert sorted(asked) == sorted([f"{website.origin}/de", f"{website.door.url}/widget.js"])


async def test_an_open_page_finds_the_hub_again(chromium: Browser, complaints: list[str]) -> None:
    async with Website() as website, CutProxy("127.0.0.1", website.door.port) as proxy:
        website.hub = f"http://127.0.0.1:{proxy.port}"
        page = await open_page(chromium, website, complaints)
        await page.get_by_role("button", name="Chat öffnen").click()
        await write(page, "Sind Sie da?")
        await website.inlet.until_arrivals(1)
        await website.answer("Ja")
        await expect(page.get_by_role("log").get_by_text("Ja", exact=True)).to_be_visible()
        proxy.refusing = True
        proxy.reset()
        await expect(page.get_by_role("status")).to_contain_text("Keine Verbindung")
        await website.answer("Immer noch", id="o_2")
        proxy.refusing = False
        await expect(page.get_by_role("log").get_by_text("Immer noch")).to_be_visible(timeout=60_000)
        await expect(page.get_by_role("log").get_by_text("Sind Sie da?")).to_have_count(1)
        await page.close()
    assert all("net::ERR_" in line for line in complaints)
    complaints.clear()
