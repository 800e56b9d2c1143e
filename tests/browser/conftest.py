"""One Chromium for a test, a console over the demo company behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.site import CHROMIUM, CHROMIUM_ARGUMENTS, Demo

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with Demo() as running:
        yield running


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(demo: Demo, chromium: Browser) -> AsyncIterator[OpenPage]:
    """A page in a context of its own, signed in; what its scripts complain about fails the test."""
    complaints: list[str] = []

    async def open_in(
        language: str = "de", *, name: str = "anna", width: int = 1280, height: int = 800, **options: Any
    ) -> Page:
        context = await chromium.new_context(
            viewport={"width": width, "height": height},
            locale={"de": "de-DE", "en": "en-GB"}[language],
            timezone_id="Europe/Berlin",
            **options,
        )
        await demo.sign_in(context, name, language)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        return page

    yield open_in
    expected = ("404", "400", "422", "net::ERR_")
    assert [line for line in complaints if not any(word in line for word in expected)] == []
