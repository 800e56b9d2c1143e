"""The console over the demo company, served on a free port, for browsers."""

from types import TracebackType
from typing import Self

from aiohttp import web
from playwright.async_api import BrowserContext, FilePayload, Page

from hub.domain.document import document_id
from hub.domain.ids import derived_id
from hub.domain.outbox import OutboxState
from hub.domain.people import user_id_of
from hub.web.guests import open_guest_pages
from hub.web.overviews import open_overviews
from hub.web.server import WebServer, make_site
from hub.web.site import Health, SiteFacts
from hub.web.uploads import open_upload_pages
from tests.browser.business import LONG, open_business, overview_path, upload_path
from tests.fake_company import contact_id
from tests.fake_verbs import FakeDoor, FakeVerbs

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


async def healthy() -> Health:
    return Health(ready=True)


def make_demo_site(verbs: FakeVerbs, *, base_url: str = "") -> web.Application:
    """The application over these fakes."""
    return make_site(
        verbs=verbs,
        events=verbs.bus,
        door=FakeDoor(),
        clock=verbs.clock,
        facts=SiteFacts(version="0.1.0", time_zone="Europe/Berlin", base_url=base_url, metrics_token="scrape-me"),
        health=healthy,
        metrics=lambda: b"fernamt_up 1\n",
    )


FILES = {
    "import-looked-at": ("contacts", "name,organisation,email\nIda Neu,Neu & Söhne,ida@neu.example\n"),
    "import-ledger": (
        "ledger",
        "contact,kind,number,date,amount\nSabine Krüger,invoice,R-2026-2001,2026-11-01,1200.50\n",
    ),
    "import-wrong": ("contacts", "name,email\nIda,unsinn\n,leer@neu.example\n"),
}
"""What is chosen on the page of imports: the form, and the file."""

CLICKED = {
    "follow-up": (
        "form[action$='/follow-up']",
        {"subject": "Danke für Ihren Besuch, {name}", "text": "Guten Tag {name},\n\nschön, dass Sie kommen: {title}."},
    ),
    "campaign-preview": (
        "form[action='/campaigns']",
        {"tag": "Stammkunde", "subject": "Neue Oberflächen", "text": "Guten Tag {name}, kommen Sie vorbei!"},
    ),
}
"""Forms that are filled in to reach a page."""


class Demo:
    """A running console."""

    def __init__(self) -> None:
        self.verbs = FakeVerbs()
        self._site = make_demo_site(self.verbs)
        self._server = WebServer(self._site, "127.0.0.1", 0)

    async def __aenter__(self) -> Self:
        await open_business(self.verbs)
        open_upload_pages(self._site, self.verbs.documents.requests)
        open_guest_pages(self._site, self.verbs.guests)
        open_overviews(self._site, self.verbs.documents.overviews_kept)
        await self._server.start()
        return self

    async def stop(self) -> None:
        """End the server while pages are open."""
        await self._server.stop()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    async def sign_in(self, context: BrowserContext, name: str, language: str) -> None:
        """A session without the form."""
        user_id = user_id_of(name)
        await self.verbs.users.set_preferences(None, user_id, language=language)  # type: ignore[arg-type]
        opened = await self.verbs.users.sign_in(name, f"{name}-password", "test")
        assert opened is not None
        await context.add_cookies([{"name": "fernamt", "value": opened.cookie, "url": self.url}])

    async def open(self, page: Page, name: str, path: str) -> None:
        """Go to a page; those that answer a button are reached by pressing it."""
        if name.startswith("sign-in"):
            cookies = await page.context.cookies()
            await page.context.clear_cookies()
            await page.goto(self.url + path)
            await page.context.add_cookies(cookies)  # type: ignore[arg-type]
            return
        await page.goto(self.url + path)
        if name == "channel-test":
            await page.locator("form[action^='/channels/support/test'] button").click()
            await page.wait_for_selector(".steps")
        if name in FILES:
            what, content = FILES[name]
            file = FilePayload(name="file.csv", mimeType="text/csv", buffer=content.encode())
            await page.locator(f"#f-{what}").set_input_files(file)
            await page.locator(f"form[action='/imports/{what}'] .primary").click()
            await page.wait_for_selector("#report")
        if name == "channel-remove":
            await page.locator("[action$='/remove'] button, [formaction$='/remove']").first.click()
            await page.wait_for_selector("input[name=sure]", state="attached")
        if name.endswith("-delete"):
            await page.locator("main .button.bad, .slot-acts [action$='/cancel'] button").first.click()
            await page.wait_for_selector("input[name=sure]", state="attached")
        if name == "feed":
            await page.locator("form[action$='/feed'] button").click()
            await page.wait_for_selector(".code")
        if name.startswith("wrong-"):
            await page.evaluate("document.querySelectorAll('main form').forEach((form) => { form.noValidate = true; })")
            await page.locator("main form:has(.primary) .primary").first.click()
            await page.wait_for_selector(".wrong")
        if name in CLICKED:
            form, fields = CLICKED[name]
            for field, text in fields.items():
                await page.locator(f"{form} [name={field}]").first.fill(text)
            await page.locator(f"{form} .primary").click()
            await page.wait_for_selector("[name=step]")
        if name == "user-code":
            await page.locator("tbody .button").first.click()
            await page.wait_for_selector(".code")
        if name == "assistant-talk":
            for text in ("wer ist müller", "antworte müller: hallo", "eingang"):
                await page.fill("#text", text)
                await page.locator(".asker button").click()
                await page.wait_for_function("t => document.querySelector('.turns').innerText.includes(t)", arg=text)
        if name == "quickbox":
            await page.keyboard.press("Control+k")
            await page.keyboard.type("mül")
            await page.wait_for_selector("#quickbox-found a")


def _document(name: str) -> str:
    return document_id(user_id_of("anna"), name)


def demo_pages(demo: Demo) -> list[tuple[str, str]]:
    """Every page of the console, with an address that shows it at work."""
    state = demo.verbs.state
    petra = contact_id("Petra Müller")
    talk = next(c.id for c in state.conversations.values() if c.subject == "Angebot für 12 Stühle")
    chat = next(c.id for c in state.conversations.values() if c.peer.normal.startswith("elena"))
    entry = next(e.id for e in state.entries.values() if e.has_html)
    held = next(i.id for i in state.items.values() if i.state is OutboxState.HELD)
    quarantined = next(iter(state.quarantined))
    return [
        ("sign-in", "/sign-in"),
        ("home", "/"),
        ("inbox", "/inbox"),
        ("inbox-mine", "/inbox?box=mine"),
        ("conversation", f"/conversations/{talk}"),
        ("conversation-chat", f"/conversations/{chat}"),
        ("delete", f"/conversations/{talk}/delete"),
        ("contacts", "/contacts"),
        ("contact", f"/contacts/{petra}"),
        ("contact-card", f"/contacts/{petra}/card"),
        ("contact-new", "/contacts/new"),
        ("contact-edit", f"/contacts/{petra}/edit"),
        ("contacts-none", "/contacts?q=Zacharias"),
        ("entry", f"/entries/{entry}"),
        ("search", "/search?q=st%C3%BChle"),
        ("search-none", "/search?q=zebra"),
        ("search-meant", "/search?q=M%C3%BClllerr"),
        ("assistant", "/assistant"),
        ("assistant-talk", "/assistant"),
        ("quickbox", "/inbox"),
        ("channels", "/channels"),
        ("channel-test", "/channels"),
        ("channel-kinds", "/channels/new"),
        ("channel-form", "/channels/new/email"),
        ("channel-form-xmpp", "/channels/new/xmpp"),
        ("channel-remove", "/channels"),
        ("outbox", "/outbox"),
        ("outbox-empty", "/outbox?state=sending"),
        ("outbox-item", f"/outbox/{held}"),
        ("quarantine", "/quarantine"),
        ("quarantine-raw", f"/quarantine/{quarantined}"),
        ("users", "/users"),
        ("user-new", "/users/new"),
        ("user-code", "/users"),
        ("audit", "/audit"),
        ("occasions", "/occasions"),
        ("occasion", f"/occasions/{derived_id('n', user_id_of('anna'), 'fair')}"),
        ("occasion-sessions", f"/occasions/{derived_id('n', user_id_of('anna'), 'training')}"),
        ("wrong-occasion", "/occasions?past=1"),
        ("follow-up", f"/occasions/{derived_id('n', user_id_of('anna'), 'training')}"),
        ("guest", demo.verbs.guest_path),
        ("campaigns", "/campaigns"),
        ("campaign-preview", "/campaigns"),
        ("campaign", f"/campaigns/{derived_id('j', user_id_of('anna'), 'invite')}"),
        ("accounts", "/accounts"),
        ("reports", "/reports"),
        ("report-revenue", "/reports/revenue"),
        ("report-messages", "/reports/messages"),
        ("report-hours", "/reports/hours"),
        ("report-response", "/reports/response"),
        ("report-waiting", "/reports/waiting"),
        ("report-bot", "/reports/bot"),
        ("report-appointments", "/reports/appointments"),
        ("report-events", "/reports/events"),
        ("report-events-entries", "/reports/events/entries?since=2026-01-01&until=2027-12-31"),
        ("report-appointments-entries", "/reports/appointments/entries?since=2026-01-01&until=2027-12-31"),
        ("report-open-items", "/reports/open-items"),
        ("report-customers", "/reports/customers"),
        ("report-messages-forecast", "/reports/messages-forecast"),
        ("report-revenue-forecast", "/reports/revenue-forecast"),
        ("report-payments-forecast", "/reports/payments-forecast"),
        ("report-entries", "/reports/revenue/entries?since=2026-01-01&until=2027-12-31"),
        ("account", f"/contacts/{petra}/account"),
        ("account-long", f"/contacts/{contact_id(LONG)}/account"),
        ("account-none", f"/contacts/{contact_id('Oliver Grant')}/account"),
        ("contact-long", f"/contacts/{contact_id(LONG)}"),
        ("calendar", "/calendar"),
        ("calendar-empty", "/calendar?day=2027-02-01"),
        ("calendar-room", "/calendar?user=k_show"),
        ("calendars", "/calendars"),
        ("calendars-one", "/calendars?calendar=k_show"),
        ("reminders", "/reminders"),
        ("documents", "/documents"),
        ("documents-none", "/documents?q=zebra"),
        ("documents-removed", "/documents?removed=1"),
        ("document", f"/documents/{_document('Angebot Treppe Müller.pdf')}"),
        ("document-versions", f"/documents/{_document('Preisliste 2026.txt')}"),
        ("document-links", "/document-links"),
        ("document-templates", "/document-templates"),
        ("document-templates-one", "/document-templates?template=anschreiben"),
        ("portfolio", f"/contacts/{petra}/documents"),
        ("portfolio-none", f"/contacts/{contact_id(LONG)}/documents"),
        ("overview", overview_path()),
        ("upload", upload_path()),
        ("queues", "/queues"),
        ("queues-one", "/queues?queue=verkauf"),
        ("queues-reply", "/queues?reply=versand"),
        ("duplicates", "/duplicates"),
        ("user", f"/users/{user_id_of('ben')}"),
        ("roles", "/roles"),
        ("roles-one", "/roles?role=buero"),
        ("appointment-delete", "/calendar"),
        ("role-delete", "/roles"),
        ("reply-delete", "/queues"),
        ("reminder-delete", "/reminders"),
        ("audit-empty", "/audit?day=2026-01-01"),
        ("imports", "/imports"),
        ("import-looked-at", "/imports"),
        ("import-ledger", "/imports"),
        ("import-wrong", "/imports"),
        ("feed", "/calendars?calendar=k_show"),
        ("wrong-account", f"/contacts/{petra}/account"),
        ("wrong-calendar", "/calendar"),
        ("wrong-reminders", "/reminders"),
        ("wrong-contact", "/contacts/new"),
        ("inbox-queue", "/inbox?box=queue:verkauf"),
        ("inbox-queue-empty", "/inbox?box=queue:werkstatt"),
        ("me", "/me"),
        ("password", "/password"),
        ("more", "/more"),
        ("missing", "/contacts/c_none"),
    ]
