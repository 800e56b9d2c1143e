"""Sessions, follow-ups and campaigns over HTTP: the console's forms, the guest's page, the API."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.occasion import CampaignDraft, RegistrationState, Session
from hub.domain.people import RowScope
from hub.ports.kinds import CONTACTS
from tests.unit.web.test_web_occasions import SAME_ORIGIN, Scene
from tests.unit.web.test_web_occasions import scene as open_scene

scene = open_scene
EVENT = {"title": "Holzmesse", "date": "2031-05-06T10:00", "end": "2031-05-06T16:00", "capacity": "0", "fee": "0"}
Fields = list[tuple[str, str]]


def row(id: str = "", title: str = "", start: str = "", end: str = "", capacity: str = "") -> Fields:
    return [
        ("session_id", id),
        ("session_title", title),
        ("session_start", start),
        ("session_end", end),
        ("session_capacity", capacity),
    ]


MORNING = row(title="Vormittag", end="2031-05-06T12:00", capacity="1")
AFTERNOON = row(title="Nachmittag", start="2031-05-06T13:00")


async def send(scene: Scene, path: str, fields: Fields, nonce: str = "") -> tuple[int, str]:
    """A form with fields that come several times."""
    headers = {"Cookie": scene.cookie, **SAME_ORIGIN}
    data = [("nonce", nonce or f"{path}{fields}"), *fields]
    answer = await scene.client.post(path, data=data, headers=headers, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "") or await answer.text()


async def plan(scene: Scene) -> str:
    """An event with two sessions, planned by the form; its path."""
    status, where = await send(scene, "/occasions", [*EVENT.items(), *MORNING, *AFTERNOON, *row()])
    assert status == 303, where
    return where.partition("?")[0]


async def sessions(scene: Scene, path: str) -> tuple[Any, ...]:
    return (await scene.business.gatherings.verbs.get(scene.office.anna, path.rpartition("/")[2])).sessions


def rows_in(text: str) -> Fields:
    """What the form of the page holds of sessions."""
    found = re.findall(r'name="(session_(?:id|title|start|end|capacity))"[^>]*? value="([^"]*)"', text)
    return [(name, value) for name, value in found]


async def test_sessions_are_planned_changed_and_removed_in_the_form(scene: Scene) -> None:
    path = await plan(scene)
    one, two = await sessions(scene, path)
    assert (one.session.title, one.capacity, one.session.end.hour) == ("Vormittag", 1, 10)
    # What was left empty is as of the event.
    assert (two.session.title, two.capacity, two.session.end.hour) == ("Nachmittag", 0, 14)
    status, text = await scene.get(path)
    assert status == 200
    assert "Vormittag" in text
    sent = rows_in(text)
    assert len(sent) == 5 * 5, "two sessions and three spare rows"
    version = re.findall(r'name="version" value="(\d+)"', text)[0]
    changed = [(name, "Früh" if value == "Vormittag" else value) for name, value in sent]
    fields = [*EVENT.items(), ("version", version), *changed, ("session_gone", "1")]
    status, _ = await send(scene, path, fields)
    assert status == 303
    (left,) = await sessions(scene, path)
    assert (left.session.id, left.session.title) == (one.session.id, "Früh")


@pytest.mark.parametrize(
    ("bad", "field", "sentence"),
    [
        (row(capacity="5"), "session_title-1", "Ein Programmpunkt braucht einen Titel"),
        (row(title="x", start="soon"), "session_start-1", "Sag wann"),
        (row(title="x", start="0001-01-01T00:00"), "session_start-1", "Sag wann"),
        (row(title="x", end="2031-05-06T09:00"), "session_end-1", "endet, nachdem"),
        (row(title="x", end="2032-05-06T09:00"), "session_start-1", "innerhalb seiner Veranstaltung"),
        (row(title="x", capacity="many"), "session_capacity-1", "Plätze sind eine Zahl"),
        (row(title="x", capacity="5001"), "session_capacity-1", "5.000 Plätze"),
    ],
)
async def test_a_wrong_session_is_told_in_its_row_and_keeps_what_was_entered(
    scene: Scene, bad: Fields, field: str, sentence: str
) -> None:
    status, text = await send(scene, "/occasions", [*EVENT.items(), *MORNING, *bad])
    assert status == 400
    wrong = re.search(rf'id="wrong-{field}".*?</p>', text, re.DOTALL)
    assert wrong is not None, re.findall(r'id="wrong-[^"]*"', text)
    assert sentence.replace("5.000", "5") in wrong[0].replace("5.000", "5").replace("5,000", "5")
    assert ("session_title", "Vormittag") in rows_in(text)
    assert re.search(r"<details open>", text)


async def test_sessions_with_guests_are_neither_removed_nor_made_smaller(scene: Scene) -> None:
    path = await plan(scene)
    for name in ("Petra Müller", "Jens Vogel", "Ida Neu"):
        await scene.office.customer(name, f"{name.split()[0].lower()}@guest.example")
    one, two = await sessions(scene, path)
    for name, id in (("Petra Müller", one.session.id), ("Jens Vogel", two.session.id), ("Ida Neu", two.session.id)):
        status, _ = await scene.post(f"{path}/register", contact=name, session=id)
        assert status == 303
    status, text = await scene.get(path)
    assert re.search(r"Vormittag<br>.*?1 / 1", text, re.DOTALL)
    assert "Warteliste" in text  # the choice of the full session says so
    sent, version = rows_in(text), re.findall(r'name="version" value="(\d+)"', text)[0]
    status, text = await send(scene, path, [*EVENT.items(), ("version", version), *sent, ("session_gone", "0")])
    assert status == 409
    assert "Vormittag“ sind Leute angemeldet" in text
    last = max(at for at, (name, _) in enumerate(sent[:10]) if name == "session_capacity")
    sent[last] = ("session_capacity", "1")
    status, text = await send(scene, path, [*EVENT.items(), ("version", version), *sent])
    assert status == 409
    assert 'id="wrong-session_capacity-1"' in text
    assert "sind 2 Plätze belegt" in text


async def test_a_colleague_chooses_the_session_and_hears_of_a_second_one(scene: Scene) -> None:
    path = await plan(scene)
    await scene.office.customer("Petra Müller", "petra@carpenter.example")
    one, two = await sessions(scene, path)
    assert (await scene.post(f"{path}/register", contact="Petra Müller", session=two.session.id))[0] == 303
    assert (await scene.post(f"{path}/register", contact="Petra Müller", session=two.session.id))[0] == 303
    status, text = await scene.post(f"{path}/register", contact="Petra Müller", session=one.session.id)
    assert status == 409
    assert "schon für „Nachmittag“ angemeldet" in text
    status, text = await scene.post(f"{path}/register", contact="Petra Müller", session="s_none")
    assert status in (400, 409)
    assert [it.taken for it in await sessions(scene, path)] == [0, 1]


async def test_a_guest_chooses_a_session_on_the_page_behind_the_link(scene: Scene) -> None:
    start = scene.office.clock.now().replace(microsecond=0) + timedelta(days=3)
    parts = tuple(
        Session(id=id, title=title, start=start, end=start + timedelta(hours=1), capacity=1)
        for id, title in (("a", "Sägen"), ("b", "Ölen"))
    )
    id = await scene.plan(sessions=parts)
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    jens = await scene.office.customer("Jens Vogel", "jens@vogel.example")
    verbs = scene.business.gatherings.verbs
    await verbs.register(scene.office.anna, id, jens.id, session="a")
    draft = CampaignDraft(name="", subject="", text="", contacts=(petra.id,), occasion_id=id)
    await verbs.start_campaign(scene.office.anna, draft, key="invite")
    link = scene.link(petra)
    text = await (await scene.client.get(link)).text()
    assert "Sägen" in text
    assert text.count('type="radio"') == 2
    assert text.count("ausgebucht, Warteliste") == 1
    for wrong in ({"act": "register"}, {"act": "register", "session": "c"}):
        answer = await scene.client.post(link, data=wrong)
        assert answer.status == 400
        assert "wählen Sie einen der Programmpunkte" in await answer.text()
    answer = await scene.client.post(link, data={"act": "register", "session": "b"})
    text = await answer.text()
    assert "Sie sind angemeldet." in text
    assert "Ihr Programmpunkt: Ölen" in text
    assert 'type="radio"' not in text
    # A page that stood open in another tab.
    answer = await scene.client.post(link, data={"act": "register", "session": "a"})
    assert answer.status == 409
    assert "um zu wechseln, sagen Sie zuerst ab" in await answer.text()
    await scene.client.post(link, data={"act": "cancel"})
    answer = await scene.client.post(link, data={"act": "register", "session": "a"})
    assert "Warteliste, Platz 1" in await answer.text()


# Follow-up

THANKS = [("states", "attended"), ("subject", "Danke"), ("text", "Guten Tag {name}, danke für {title}.")]


async def attended(scene: Scene) -> tuple[str, Any]:
    """The path of an event, and a guest who was there."""
    id = await scene.plan()
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    verbs = scene.business.gatherings.verbs
    done = await verbs.register(scene.office.anna, id, petra.id)
    await verbs.check_in(scene.office.anna, done.registration.code)
    return f"/occasions/{id}", petra


def thanks(scene: Scene) -> int:
    return sum(item.content.subject == "Danke" for item in scene.office.world.rows.values())


async def test_a_follow_up_is_looked_at_then_sent_once_however_often_it_is_clicked(scene: Scene) -> None:
    path, _ = await attended(scene)
    status, text = await send(scene, f"{path}/follow-up", THANKS)
    assert status == 200
    assert "An 1 Kontakt senden?" in text
    assert "Guten Tag Petra Müller, danke für Holzmesse." in text
    assert thanks(scene) == 0
    confirmed = [*THANKS, ("step", "send")]
    status, where = await send(scene, f"{path}/follow-up", confirmed, nonce="shown-once")
    assert status == 303
    assert (await send(scene, f"{path}/follow-up", confirmed, nonce="shown-once"))[1] == where
    assert thanks(scene) == 1
    status, text = await scene.get(where.partition("?")[0])
    assert "1 von 1 sind abgearbeitet." in text
    status, text = await scene.get(path)
    assert "Nachrichten zu dieser Veranstaltung" in text
    assert where.partition("?")[0] in text


async def test_a_follow_up_can_be_changed_before_it_is_sent(scene: Scene) -> None:
    path, _ = await attended(scene)
    status, text = await send(scene, f"{path}/follow-up", [*THANKS, ("step", "change")])
    assert status == 200
    assert 'value="attended" checked' in text
    assert 'value="registered" checked' not in text
    assert "danke für {title}." in text
    assert thanks(scene) == 0


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ([("states", "missed"), *THANKS[1:]], "follow-states", "So steht niemand"),
        (THANKS[1:], "follow-states", "Sag, an wen"),
        ([("states", "everybody"), *THANKS[1:]], "follow-states", "Sag, an wen"),
        ([THANKS[0], ("subject", ""), THANKS[2]], "follow-subject", "Betreff"),
        ([*THANKS[:2], ("text", "")], "follow-text", "Schreib"),
        ([*THANKS[:2], ("text", "{nobody}")], "follow-text", "nobody"),
        ([*THANKS, ("name", "x" * 201)], "follow-name", "200 Zeichen"),
    ],
)
@pytest.mark.parametrize("step", ["", "send"])
async def test_a_follow_up_that_cannot_be_says_what_is_wrong_and_sends_nothing(
    scene: Scene, fields: Fields, field: str, sentence: str, step: str
) -> None:
    path, _ = await attended(scene)
    status, text = await send(scene, f"{path}/follow-up", [*fields, ("step", step)])
    assert status == 400
    wrong = re.search(rf'id="wrong-{field}".*?</p>', text, re.DOTALL)
    assert wrong is not None, re.findall(r'id="wrong-[^"]*"', text)
    assert sentence in wrong[0]
    assert thanks(scene) == 0


async def test_a_follow_up_that_nobody_would_get_is_not_offered(scene: Scene) -> None:
    path, petra = await attended(scene)
    contacts = scene.office.store.documents(CONTACTS)
    current = await contacts.get(petra.id)
    assert current is not None
    await contacts.replace(replace(current, automatic=False), current.version)
    status, text = await send(scene, f"{path}/follow-up", THANKS)
    assert status == 400
    assert "Niemandem von ihnen kann geschrieben werden." in text


async def test_without_its_number_a_form_to_many_is_refused(scene: Scene) -> None:
    path, _ = await attended(scene)
    data = [*THANKS, ("step", "send")]
    headers = {"Cookie": scene.cookie, **SAME_ORIGIN}
    answer = await scene.client.post(f"{path}/follow-up", data=data, headers=headers, allow_redirects=False)
    assert answer.status == 400
    assert thanks(scene) == 0


# Campaigns


async def test_campaigns_stand_by_name_and_are_renamed(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    contacts = scene.office.store.documents(CONTACTS)
    current = await contacts.get(petra.id)
    assert current is not None
    await contacts.replace(replace(current, tags=("Stammkunde",)), current.version)
    news = [("tag", "stammkunde"), ("subject", "Danke"), ("text", "Hallo {name}"), ("name", "Frühjahr")]
    status, text = await send(scene, "/campaigns", news)
    assert status == 200
    assert "An 1 Kontakt senden?" in text
    assert thanks(scene) == 0
    status, where = await send(scene, "/campaigns", [*news, ("step", "send")])
    assert status == 303
    path = where.partition("?")[0]
    assert thanks(scene) == 1
    assert "Frühjahr" in (await scene.get("/campaigns"))[1]
    assert "Frühjahr" in (await scene.get("/occasions"))[1]
    assert (await scene.post(f"{path}/name", name="Frühjahr 2031"))[0] == 303
    status, text = await scene.post(f"{path}/name", name=" ")
    assert status == 400
    assert "Name einer Kampagne" in text
    status, text = await scene.get("/campaigns")
    assert "Frühjahr 2031" in text
    assert "Danke" in text
    status, text = await scene.post(f"{path}/pause", paused="yes")
    assert status == 409
    assert "abgeschlossen" in text


async def test_whoever_sees_some_contacts_sends_to_those_and_sees_no_numbers(scene: Scene) -> None:
    path, petra = await attended(scene)
    contacts = scene.office.store.documents(CONTACTS)
    current = await contacts.get(petra.id)
    assert current is not None
    await contacts.replace(replace(current, owner=scene.office.user_id("ben")), current.version)
    await scene.office.limit("anna", RowScope.OWN)
    status, text = await scene.get("/campaigns")
    assert status == 200
    assert "Neue Kampagne" in text
    status, text = await send(scene, f"{path}/follow-up", THANKS)
    assert status == 400
    assert "So steht niemand" in text
    assert (await scene.post("/campaigns/j_none/name", name="x"))[0] == 403


async def test_the_api_previews_names_and_lists(scene: Scene) -> None:
    path, _ = await attended(scene)
    _, token = await scene.office.users.add_token(scene.office.anna, "test")

    async def call(method: str, path: str, key: str = "", **body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        answer = await scene.client.request(method, f"/api/v1{path}", json=body or None, headers=headers)
        return answer.status, await answer.json()

    follow_up = {"states": ["attended"], "subject": "Danke", "text": "Hallo {name}", "name": "Nachlese"}
    status, told = await call("POST", f"{path}/invite", **follow_up, preview=True)
    assert status == 200
    assert (told["receivers"], told["text"]) == (1, "Hallo Petra Müller")
    assert thanks(scene) == 0
    status, made = await call("POST", f"{path}/invite", "once", **follow_up)
    assert (status, made["name"], made["subject"]) == (201, "Nachlese", "Danke")
    assert (await call("POST", f"{path}/invite", "once", **follow_up))[1]["id"] == made["id"]
    assert thanks(scene) == 1
    status, error = await call("POST", f"{path}/invite", **(follow_up | {"states": ["missed"]}), preview=True)
    assert (status, error["code"]) == (400, "invalid")
    status, renamed = await call("PATCH", f"/campaigns/{made['id']}", name="Nachlese 2031")
    assert (status, renamed["name"]) == (200, "Nachlese 2031")
    assert (await call("PATCH", f"/campaigns/{made['id']}", name=" "))[0] == 400
    assert (await call("PATCH", "/campaigns/j_none", name="x"))[0] == 404
    about = path.rpartition("/")[2]
    assert [it["name"] for it in (await call("GET", f"/campaigns?occasion={about}"))[1]["items"]] == ["Nachlese 2031"]
    assert (await call("GET", "/campaigns?occasion=n_none"))[1]["items"] == []


async def test_the_api_tells_the_seats_of_each_session(scene: Scene) -> None:
    path = await plan(scene)
    petra = await scene.office.customer("Petra Müller", "petra@carpenter.example")
    one, _ = await sessions(scene, path)
    verbs = scene.business.gatherings.verbs
    done = await verbs.register(scene.office.anna, path.rpartition("/")[2], petra.id, session=one.session.id)
    assert done.registration.state is RegistrationState.REGISTERED
    _, token = await scene.office.users.add_token(scene.office.anna, "test")
    answer = await scene.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    shown = (await answer.json())["sessions"]
    assert [(it["title"], it["taken"], it["waiting"], it["capacity"]) for it in shown] == [
        ("Vormittag", 1, 0, 1),
        ("Nachmittag", 0, 0, 0),
    ]
