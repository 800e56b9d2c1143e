"""AC-45: every page is usable by keyboard, by screen reader, 320 px wide and at 200 % zoom."""

import asyncio
import re

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe

from hub.web.console.routes import CONSOLE_ROUTES
from tests.browser.site import Demo, demo_pages

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


NOT_PAGES = {
    "/static/{name}",
    "/favicon.ico",
    "/robots.txt",
    "/feeds/{secret}.ics",
    "/events",
    "/find",
    "/contacts/{id}/reply",
    "/contacts/{id}/statement",
    "/documents/{id}/file",
    "/occasions/{id}/event.ics",
    "/documents/{id}/preview",
    "/entries/{id}/raw",
    "/entries/{id}/html",
    "/entries/{id}/attachments/{index}",
    "/assistant/{line}/files/{index}",
    "/exports/{form}",
    "/reports/{name}/picture",
    "/reports/{name}/export/{form}",
}
"""What answers a GET with a file, a fragment, a stream or a redirection."""
AT_ONCE = 3
"""Pages that are looked at side by side."""


async def look(demo, page, judge):
    """`judge(page, name)` for every page; a few side by side in the context of `page`. What they found, in order."""
    pages = demo_pages(demo)
    found = []
    for name, path in pages[:1]:  # signed out, so nothing may run beside it
        await demo.open(page, name, path)
        found += await judge(page, name)
    waiting = iter(pages[1:])

    async def work(own):
        for name, path in waiting:
            await demo.open(own, name, path)
            found.extend(await judge(own, name))

    others = [await page.context.new_page() for _ in range(AT_ONCE - 1)]
    await asyncio.gather(*(work(one) for one in (page, *others)))
    return sorted(found)


def violations(name, results):
    return [
        f"{name}: {it['id']} ({it['help']}) {[node['html'][:160] for node in it['nodes'][:3]]}"
        for it in results.response["violations"]
    ]


def test_ac45_every_page_is_looked_at():
    """A page that is added later must be added to `demo_pages` too."""
    paths = [path.partition("?")[0] for _, path in demo_pages(Demo())]
    missing = []
    for route in CONSOLE_ROUTES:
        it = web.Application().router.add_resource(route.path)
        shape = it.canonical
        pattern = it.get_info().get("pattern") or re.compile(re.escape(shape))
        if route.method == "GET" and shape not in NOT_PAGES and not any(map(pattern.fullmatch, paths)):
            missing.append(shape)
    assert missing == []


CONTROLS = "button, .button, input, select, textarea, summary, .tag, .mark, .amount"
CLIPPED = """(controls) => [...document.querySelectorAll(controls)]
    .filter((e) => !e.matches("[type=hidden], .filepick input"))
    .filter((e) => !e.closest(".unseen, .scroll, dialog:not([open]), details:not([open]) > :not(summary)"))
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5
        || (e.matches("button, .button, .tag, .mark") && e.scrollWidth > e.clientWidth + 1)))
    .map(([e, box]) => `${Math.round(box.left)} to ${Math.round(box.right)}: ${e.outerHTML.slice(0, 120)}`)"""


TARGETS = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter((e) => !e.closest("p, dd, .unseen, .text") && !e.matches(".skip, [type=hidden], [type=file]"))
    .map((e) => [e.outerHTML.slice(0, 120), e.closest("label") ?? e])
    .map(([html, e]) => [html, e.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.height < 23.5 || box.width < 23.5))
    .map(([html, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)"""


CUT = """() => [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1)
    .map((e) => `${e.clientWidth} of ${e.scrollWidth}: ${e.getAttribute("aria-label")}`)"""
"""A phone shows no bar for scrolling, so that a number at the edge of a table would look complete."""


async def fit(page, name):
    """What is wrong with the page in narrow windows: 320 px are 1280 px at 400 % (WCAG 1.4.10), 640 px are 1280 px at
    200 %. Targets have 24 px and more, or enough room around, or are a link within a sentence (WCAG 2.5.8)."""
    found = []
    for width in (640, 390, 320):
        await page.set_viewport_size({"width": width, "height": 800})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found += [f"{name}, {width}: scrolls sideways, {wide}"] if wide > width else []
        found += [f"{name}, {width}: {control}" for control in await page.evaluate(CLIPPED, CONTROLS)]
        found += [f"{name}, {width}: small: {target}" for target in await page.evaluate(TARGETS)]
        found += [f"{name}, {width}: cut: {table}" for table in await page.evaluate(CUT)]
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("language", "scheme", "width", "height"),
    # On the phone tall enough that the bar at the bottom covers no half of a target.
    [("de", "light", 1280, 800), ("en", "dark", 390, 6100)],
    ids=["de", "en"],
)
async def test_ac45_axe_finds_nothing_and_every_width_fits(language, scheme, width, height, demo, open_page):
    """Each page is opened once a language. Light and dark are one document in two sets of colours, so that the other of
    the two is judged for contrast alone."""
    page = await open_page(language, width=width, height=height, color_scheme=scheme, reduced_motion="reduce")
    other = {"light": "dark", "dark": "light"}[scheme]
    axe = Axe()

    async def judge(own, name):
        found = violations(name, await axe.run(own, options=RULES))
        await own.emulate_media(color_scheme=other)
        found += violations(f"{name}, {other}", await axe.run(own, options=CONTRAST))
        found += await fit(own, name)
        await own.emulate_media(color_scheme=scheme)
        await own.set_viewport_size({"width": width, "height": height})
        return found

    assert await look(demo, page, judge) == []


async def test_ac45_the_main_path_by_keyboard_alone(demo, open_page):
    """From the inbox to a sent answer and a note, without a mouse."""
    page = await open_page("en")
    await page.goto(demo.url + "/inbox")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("location.hash") == "#main"
    for _ in range(20):
        await page.keyboard.press("Tab")
        if "Petra" in await page.evaluate("document.activeElement.innerText || ''"):
            break
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#text")
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.id") == "text":
            break
    await page.keyboard.type("Yes, two deliveries are fine.")
    async with page.expect_navigation():
        await page.keyboard.press("Control+Enter")
    article = page.locator("article", has_text="Yes, two deliveries are fine.")
    assert await article.count() == 1
    assert await article.get_by_role("button", name="Take back").count() == 1


async def expect_focus(page, element: str) -> None:
    """The focus comes to `element`.

    A browser sets the autofocus of a page when it first draws it, which may be after its load event
    (HTML, "flush autofocus candidates"), so we wait for it.
    """
    await page.wait_for_function("id => document.activeElement.id === id", arg=element)


async def test_ac45_landmarks_and_focus(demo, open_page):
    page = await open_page("en")
    await page.goto(demo.url + "/contacts/new")
    await expect_focus(page, "f-name")
    assert await page.get_by_role("main").count() == 1
    assert await page.get_by_role("navigation", name="Main").count() == 1
    assert await page.get_by_role("search").count() == 1
    await page.fill("#f-name", "New")
    await page.fill("#f-email", "nonsense")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Save").click()
    described = await page.locator("#f-email").get_attribute("aria-describedby")
    assert described == "wrong-email"
    await expect_focus(page, "f-email")
    assert await page.input_value("#f-email") == "nonsense"
