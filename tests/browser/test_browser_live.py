"""What the script adds, and that everything else works without it."""

import dataclasses

from hub.domain.people import user_id_of
from hub.ports.events import Event, Topic
from tests.fake_company import contact_id

PETRA = contact_id("Petra Müller")


async def note(demo, text, contact=PETRA):
    actor = await demo.verbs.users.actor_of(user_id_of("kim"), "console")
    return await demo.verbs.timeline.note(actor, contact, text)


async def test_a_new_entry_arrives_by_itself(demo, open_page):
    page = await open_page("de")
    await page.goto(f"{demo.url}/contacts/{PETRA}")
    await page.wait_for_selector("body[data-listening]")
    assert await page.inner_text("#live") == "live"
    before = await page.locator("article").count()
    made = await note(demo, "Jens hat das Holz geliefert.")
    await page.wait_for_selector(f"#{made.id}")
    assert await page.locator("article").count() == before + 1
    first = await page.evaluate("document.querySelector('.stream article').id")
    assert first == made.id
    await page.wait_for_function("() => document.getElementById('announce').textContent === 'Es gibt Neues.'")


async def test_what_one_types_survives_an_update(demo, open_page):
    page = await open_page("de")
    await page.goto(f"{demo.url}/contacts/{PETRA}")
    await page.wait_for_selector("body[data-listening]")
    await page.fill("#note", "halb fertig")
    made = await note(demo, "anderes")
    demo.verbs.bus.publish(Event(topic=Topic.CONTACT, contact=PETRA))
    await page.wait_for_selector(f"#{made.id}")
    assert await page.input_value("#note") == "halb fertig"


async def test_a_conversation_grows_at_the_bottom(demo, open_page):
    page = await open_page("en")
    talk = next(c for c in demo.verbs.state.conversations.values() if c.subject == "Angebot für 12 Stühle")
    await page.goto(f"{demo.url}/conversations/{talk.id}")
    await page.wait_for_selector("body[data-listening]")
    actor = await demo.verbs.users.actor_of(user_id_of("ben"), "console")
    receipt = await demo.verbs.conversations.reply(actor, talk.id, "From another page.")
    await page.wait_for_selector(f"#{receipt.entry_id}")
    assert await page.evaluate("[...document.querySelectorAll('.stream article')].at(-1).id") == receipt.entry_id
    await demo.verbs.outbox.cancel(actor, receipt.items[0])
    await page.wait_for_function(
        "id => document.getElementById(id).innerText.includes('taken back')", arg=receipt.entry_id
    )


async def test_older_entries_come_while_scrolling(demo, open_page):
    page = await open_page("de")
    await page.goto(f"{demo.url}/contacts/{PETRA}")
    assert await page.locator("article").count() == 50
    await page.locator("article").nth(49).scroll_into_view_if_needed()
    await page.wait_for_function("() => document.querySelectorAll('article').length === 65")
    ids = await page.evaluate("[...document.querySelectorAll('.stream > *')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    assert await page.locator("[data-older]").count() == 0


async def test_long_lists_grow_while_scrolling(demo, open_page):
    petra = demo.verbs.state.contacts[PETRA]
    for n in range(120):
        extra = dataclasses.replace(petra, id=f"c_extra{n}", name=f"Zoe {n:03}", sort_name=f"zoe {n:03}")
        demo.verbs.state.contacts[extra.id] = extra
    page = await open_page("en")
    await page.goto(f"{demo.url}/contacts")
    assert await page.locator(".list li").count() == 50
    for expected in (100, 135):
        await page.locator(".list li").last.scroll_into_view_if_needed()
        await page.wait_for_function("n => document.querySelectorAll('.list li').length >= n", arg=expected)
    assert await page.locator("[data-more]").count() == 0


async def test_the_page_says_when_live_updates_stop(demo, open_page):
    page = await open_page("en")
    await page.goto(f"{demo.url}/inbox")
    await page.wait_for_selector("body[data-listening]")
    await page.context.clear_cookies()
    await demo.stop()
    await page.wait_for_selector("#live.off")
    assert "paused" in await page.inner_text("#live")


async def test_the_quick_box_finds_and_asks(demo, open_page):
    page = await open_page("en")
    await page.goto(f"{demo.url}/inbox")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("krüg")
    await page.wait_for_selector("#quickbox-found a")
    await page.keyboard.press("ArrowDown")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await page.inner_text("h1") == "Sabine Krüger"
    await page.keyboard.press("Control+k")
    await page.keyboard.type("who is müller")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#quickbox-found .choices button")
    assert await page.evaluate("document.activeElement.id") == "quickbox-text"


async def test_the_assistant_chats_in_place(demo, open_page):
    page = await open_page("en")
    await page.goto(f"{demo.url}/assistant")
    # The field has the focus from the start; on a busy machine only once the page is drawn.
    await page.wait_for_selector("#text:focus")
    await page.keyboard.type("reply to Petra: hello")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="yes").click()
    await page.wait_for_function("() => document.querySelectorAll('.turn').length === 2")
    assert await page.evaluate("location.pathname") == "/assistant"


async def test_everything_works_without_script(demo, open_page):
    page = await open_page("en", java_script_enabled=False)
    await page.goto(f"{demo.url}/contacts/{PETRA}")
    await page.fill("#note", "No script here.")
    await page.get_by_role("button", name="Save the note").click()
    await page.wait_for_selector("text=No script here.")
    await page.get_by_role("link", name="Show older entries").click()
    await page.wait_for_selector("article >> text=Rückfrage 59")
    talk = next(c for c in demo.verbs.state.conversations.values() if c.subject == "Angebot für 12 Stühle")
    await page.goto(f"{demo.url}/conversations/{talk.id}")
    await page.fill("#text", "Sent without script.")
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("button", name="Take back").click()
    await page.wait_for_selector(".flash >> text=It was not sent")
    await page.fill("#quick", "stühle")
    await page.locator("#quick").press("Enter")
    await page.wait_for_selector("h1 >> text=stühle")
    await page.goto(f"{demo.url}/assistant")
    await page.fill("#text", "inbox")
    await page.get_by_role("button", name="Ask", exact=True).first.click()
    await page.wait_for_selector(".turn table")


async def test_signing_in_and_out(demo, chromium):
    context = await chromium.new_context(locale="de-DE")
    page = await context.new_page()
    await page.goto(f"{demo.url}/contacts")
    await page.keyboard.type("anna")
    await page.fill("#f-password", "wrong")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".flash-bad >> text=stimmt nicht")
    await page.fill("#f-password", "anna-password")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/contacts")
    await page.goto(f"{demo.url}/me")
    await page.get_by_role("button", name="Abmelden").click()
    await page.wait_for_url("**/sign-in")
