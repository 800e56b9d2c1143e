"""Events over HTTP: the console's pages, the API, and the page behind a guest's secret link."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.occasion import CampaignDraft, OccasionDraft, RegistrationState
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.web.guests import open_guest_pages
from hub.web.server import make_site
from hub.web.site import Health, SiteFacts
from tests.architecture.test_rights import bundle
from tests.office import Office

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class Scene:
    """A hub with an event of two seats, and a signed-in colleague."""

    def __init__(self, office: Office, client: TestClient[Any, Any], business: Any) -> None:
        self.office, self.client, self.business = office, client, business
        self.cookie = ""
        self.token = ""

    async def sign_in(self) -> None:
        user_id = self.office.user_id("anna")
        await self.office.users.set_password(await self.office.actor("anna"), user_id, "a-long-password")
        opened = await self.office.users.sign_in("anna", "a-long-password", "test")
        assert opened is not None
        self.cookie = f"fernamt={opened.cookie}"

    async def plan(self, **fields: Any) -> str:
        start = self.office.clock.now().replace(microsecond=0) + timedelta(days=3)
        given = {"title": "Holzmesse", "place": "Halle 3", "start": start, "end": start + timedelta(hours=2)}
        draft = OccasionDraft(**(given | {"capacity": 1} | fields))
        made = await self.business.gatherings.verbs.create(self.office.anna, draft, key=str(fields))
        return str(made.occasion.id)

    async def get(self, path: str) -> tuple[int, str]:
        answer = await self.client.get(path, headers={"Cookie": self.cookie}, allow_redirects=False)
        return answer.status, await answer.text()

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        headers = {"Cookie": self.cookie, **SAME_ORIGIN}
        data = {"nonce": f"{path}{form}", **form}
        answer = await self.client.post(path, data=data, headers=headers, allow_redirects=False)
        return answer.status, answer.headers.get("Location", "") or await answer.text()

    def link(self, contact: Any) -> str:
        """The newest link in a letter to the contact."""
        texts = [item.content.text for item in self.office.world.rows.values() if item.contact_id == contact.id]
        return re.findall(r"https://hub\.example(/e/[a-z2-7]{40})", texts[-1])[0]


async def _healthy() -> Health:
    return Health(alive=True, ready=True, problems=())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    office, verbs = await bundle()
    business = office.open_business()
    site = make_site(
        verbs=scope_rows(verbs, Rows(office.store, office.staff)),
        events=office.events,
        door=None,  # type: ignore[arg-type]
        clock=office.clock,
        facts=SiteFacts(version="1", company="Tischlerei Nord", base_url="", language="de", time_zone="Europe/Berlin"),
        health=lambda: _healthy(),
        metrics=lambda: b"",
    )
    open_guest_pages(site, business.gatherings.guests)
    async with TestClient(TestServer(site)) as client:
        made = Scene(office, client, business)
        await made.sign_in()
        yield made


async def test_an_event_is_planned_invited_to_and_checked_in_on_its_pages(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    form = {"title": "Holzmesse", "date": "2031-05-06T10:00", "end": "2031-05-06T12:00", "capacity": "2", "fee": "0"}
    status, where = await scene.post("/occasions", **form)
    assert status == 303
    path = where.partition("?")[0]
    status, text = await scene.get("/occasions")
    assert status == 200
    assert "Holzmesse" in text
    assert "Anmeldung offen" in text
    status, where = await scene.post(f"{path}/invite", contact="Petra Müller")
    assert status == 303
    assert where.startswith("/campaigns/")
    status, text = await scene.get(where.partition("?")[0])
    assert status == 200
    assert "gesendet" in text
    status, _ = await scene.post(f"{path}/register", contact="Petra Müller")
    assert status == 303
    status, text = await scene.get(path)
    assert status == 200
    assert "<meter" in text
    assert "Petra Müller" in text
    code = re.findall(r"<code>(\w{10})</code>", text)[0]
    status, text = await scene.post("/check-in", code="WRONGCODE1")
    assert status == 404
    assert "Diesen Code gibt es nicht." in text
    status, where = await scene.post("/check-in", code=code)
    assert status == 303
    assert where.startswith(path)
    status, text = await scene.get(path)
    assert "Waren da" in text
    assert petra.id in text


async def test_forms_with_mistakes_say_what_is_wrong(scene: Scene) -> None:
    status, text = await scene.post("/occasions", title="x", date="tomorrow", end="2031-05-06T12:00")
    assert status == 400
    assert "Sag wann, mit Datum und Uhrzeit." in text
    id = await scene.plan()
    status, text = await scene.post(f"/occasions/{id}/register", contact="Nobody Known")
    assert status == 404
    assert "wrong-contact" in text
    status, text = await scene.post("/campaigns", subject="Neu", text="Hallo", tag="nobody")
    assert status == 400
    assert "Niemand passt" in text
    status, _ = await scene.post(f"/occasions/{id}/state", state="gone")
    assert status == 400


async def test_a_guest_registers_and_cancels_by_the_link_and_opening_it_changes_nothing(scene: Scene) -> None:
    id = await scene.plan()
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    verbs = scene.business.gatherings.verbs
    await verbs.start_campaign(
        scene.office.anna,
        CampaignDraft(name="", subject="", text="", contacts=(petra.id,), occasion_id=id),
        key="invite",
    )
    link = scene.link(petra)
    answer = await scene.client.get(link)
    text = await answer.text()
    assert answer.status == 200
    assert "Sie sind eingeladen." in text
    assert "<script" not in text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert (await verbs.get(scene.office.anna, id)).taken == 0
    answer = await scene.client.post(link, data={"act": "register"})
    assert "Sie sind angemeldet." in await answer.text()
    answer = await scene.client.post(link, data={"act": "register"})
    assert (await verbs.get(scene.office.anna, id)).taken == 1
    answer = await scene.client.post(link, data={"act": "cancel"})
    assert "Sie sind nicht angemeldet." in await answer.text()
    answer = await scene.client.post(link, data={"act": "unsubscribe"})
    assert answer.status == 400
    gone = await verbs.registrations(scene.office.anna, id, RegistrationState.CANCELLED)
    assert [one.contact_name for one in gone.items] == ["Petra Müller"]


async def test_guessed_links_are_refused_and_then_throttled(scene: Scene) -> None:
    answers = [(await scene.client.get(f"/e/{'a' * 39}{n % 6 + 2}")).status for n in range(30)]
    assert answers[0] == 404
    assert answers[-1] == 429
    assert 200 not in answers


async def test_a_mail_program_unsubscribes_with_one_click(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    draft = CampaignDraft(name="", subject="Neu", text="Hallo", contacts=(petra.id,))
    campaign = await scene.business.gatherings.verbs.start_campaign(scene.office.anna, draft, key="news")
    answer = await scene.client.post(scene.link(petra), data={"List-Unsubscribe": "One-Click"})
    assert answer.status == 200
    report = await scene.business.gatherings.verbs.campaign(scene.office.anna, campaign.id)
    assert report.opted_out == 1
    page = await (await scene.client.get(scene.link(petra))).text()
    assert "keine solchen Nachrichten mehr" in page


async def test_the_api_does_what_the_console_does(scene: Scene) -> None:
    await scene.office.customer("Petra Müller", "petra@carpenter.example")
    _, token = await scene.office.users.add_token(scene.office.anna, "test")

    async def call(method: str, path: str, **body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await scene.client.request(method, f"/api/v1{path}", json=body or None, headers=headers)
        return answer.status, await answer.json()

    event = {"title": "Schulung", "start": "2031-05-06T10:00+02:00", "end": "2031-05-06T12:00+02:00", "capacity": 1}
    status, made = await call("POST", "/occasions", **event)
    assert status == 201
    assert made["taken"] == 0
    path = f"/occasions/{made['id']}"
    status, done = await call("POST", f"{path}/registrations", contact="Petra Müller")
    assert (status, done["state"]) == (200, "registered")
    status, again = await call("POST", f"{path}/registrations", contact="Petra Müller")
    assert again["id"] == done["id"]
    status, listed = await call("GET", f"{path}/registrations")
    assert [one["contact_name"] for one in listed["items"]] == ["Petra Müller"]
    assert "link" not in listed["items"][0]
    status, there = await call("POST", "/check-in", code=done["code"])
    assert there["state"] == "attended"
    assert (await call("POST", "/check-in", code="nope"))[0] == 404
    assert (await call("PUT", path, **(event | {"capacity": -1})))[0] == 400
    status, changed = await call("PUT", path, **(event | {"capacity": 3}))
    assert (status, changed["capacity"], changed["taken"]) == (200, 3, 1)
    status, campaign = await call("POST", "/campaigns", subject="Neu", text="Hallo {name}", contacts=["Petra Müller"])
    assert status == 201
    assert (await call("GET", f"/campaigns/{campaign['id']}"))[1]["planned"] == 1
    assert [one["id"] for one in (await call("GET", "/occasions"))[1]["items"]] == [made["id"]]
