"""The API of what is set up: calendars, queues, canned replies, roles, colleagues, the register. Over the real
services."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.ports.kinds import CALENDARS, CONTACTS
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.web.server import make_site
from hub.web.site import Health, SiteFacts
from tests.architecture.test_rights import bundle
from tests.office import Office


class Program:
    """An admin's program."""

    def __init__(self, office: Office, client: TestClient[Any, Any], token: str) -> None:
        self.office, self._client, self._token = office, client, token

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {self._token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        data = {"data": body} if isinstance(body, bytes) else {"json": body}
        response = await self._client.request(method, f"/api/v1{path}", headers=sent, **data)  # type: ignore[arg-type]
        text = await response.text()
        return response.status, (await response.json() if "json" in response.content_type else text)


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    office, verbs = await bundle()
    site = make_site(
        verbs=scope_rows(verbs, Rows(office.store, office.staff)),
        events=office.events,
        door=None,  # type: ignore[arg-type]
        clock=office.clock,
        facts=SiteFacts(version="1", company="Tischlerei Nord", base_url="", language="de", time_zone="Europe/Berlin"),
        health=lambda: _healthy(),
        metrics=lambda: b"",
    )
    _, token = await office.users.add_token(office.admin, "test")
    async with TestClient(TestServer(site)) as client:
        yield Program(office, client, token)


async def _healthy() -> Health:
    return Health(alive=True, ready=True, problems=())


async def test_a_calendar_is_made_and_changed(program: Program) -> None:
    hours = [{"weekday": 0, "start": 540, "end": 720}]
    status, made = await program.call("POST", "/calendars", {"name": "Ausstellung", "hours": hours, "bookable": True})
    assert (status, made["bookable"], made["hours"], made["time_zone"]) == (201, True, hours, "Europe/Berlin")
    assert made["id"].startswith("k_")
    status, changed = await program.call("PATCH", f"/calendars/{made['id']}", {"slot_minutes": 30})
    assert (status, changed["slot_minutes"], changed["bookable"]) == (200, 30, True)
    assert (await program.call("PATCH", f"/calendars/{made['id']}", {"name": "X"}, If_Match='"1"'))[0] == 409
    assert (await program.call("PATCH", "/calendars/k_none", {"name": "X"}))[0] == 404
    wrong = {"hours": [{"weekday": 0, "start": 720, "end": 540}]}
    assert (await program.call("PATCH", f"/calendars/{made['id']}", wrong))[0] == 400
    assert program.office.store.documents(CALENDARS).rows[made["id"]].slot_minutes == 30


async def test_queues_and_canned_replies(program: Program) -> None:
    status, made = await program.call("POST", "/queues", {"name": "Verkauf", "members": ["anna"]})
    assert (status, made["members"], made["assignment"]) == (201, ["anna"], "manual")
    status, made = await program.call("PATCH", "/queues/verkauf", {"assignment": "least-busy"})
    assert (status, made["assignment"], made["members"]) == (200, "least-busy", ["anna"])
    assert (await program.call("PATCH", "/queues/none", {}))[0] == 404
    assert (await program.call("POST", "/queues", {"name": "Y", "members": ["nobody"]}))[0] == 404
    assert len((await program.call("GET", "/queues"))[1]["items"]) == 2
    assert (await program.call("PUT", "/canned-replies/Versand", {"text": "Hallo {name}"}))[0] == 201
    assert (await program.call("PUT", "/canned-replies/Versand", {"text": "Guten Tag"}))[0] == 200
    assert (await program.call("GET", "/canned-replies"))[1]["items"][0]["text"] == "Guten Tag"
    assert (await program.call("DELETE", "/canned-replies/Versand"))[0] == 204


async def test_roles_and_what_colleagues_may(program: Program) -> None:
    status, made = await program.call("POST", "/roles", {"name": "Aushilfe", "rights": ["read-contacts"]})
    assert (status, made["rights"]) == (201, ["read-contacts"])
    assert "book" in (await program.call("GET", "/roles"))[1]["rights"]
    status, ben = await program.call("PATCH", "/users/ben", {"own_role": "aushilfe", "rows": "own", "teams": ["Lager"]})
    assert (status, ben["own_role"], ben["rows"], ben["teams"]) == (200, "aushilfe", "own", ["lager"])
    assert (await program.call("DELETE", "/roles/aushilfe"))[0] == 409
    await program.call("PATCH", "/users/ben", {"own_role": ""})
    status, made = await program.call("PUT", "/roles/aushilfe", {"name": "Aushilfe", "rights": ["book"]})
    assert (status, made["rights"]) == (200, ["book"])
    assert (await program.call("DELETE", "/roles/aushilfe"))[0] == 204
    assert (await program.call("POST", "/roles", {"name": "X", "rights": ["run-users"]}))[0] == 400
    assert (await program.call("PATCH", "/users/admin", {"role": "agent"}))[0] == 409


async def test_the_register_over_the_api(program: Program) -> None:
    data = b"name,email,city\nJens Holz,jens@holz.example,Bonn\nJens  Holz,jens.holz@home.example,Bonn\n"
    status, looked = await program.call("POST", "/import/contacts?dry_run=1", data)
    assert (status, looked["new"], looked["written"]) == (200, 2, False)
    assert (await program.call("POST", "/import/contacts", data))[1]["written"]
    status, problems = await program.call("POST", "/import/contacts", b"name,email\nX,kein-at\n")
    assert status == 422
    assert problems["problems"][0]["row"] == 2
    card = b"BEGIN:VCARD\nFN:Nora Berg\nEMAIL:nora@berg.example\nEND:VCARD\n"
    assert (await program.call("POST", "/import/contacts", card))[1]["new"] == 1
    pair = (await program.call("GET", "/duplicates"))[1]["items"][0]
    path = f"/contacts/{pair['first']['id']}"
    status, merged = await program.call("POST", f"{path}/merge", {"member": pair["second"]["id"], "fields": ["notes"]})
    assert (status, merged["members"]) == (200, [pair["second"]["id"]])
    status, apart = await program.call("POST", f"{path}/unmerge", {"member": pair["second"]["id"]})
    assert (status, apart["survivor"]["members"], apart["kept"]) == (200, [], [])
    status, invited = await program.call("POST", f"{path}/invite", {"vouched": True})
    assert (status, len(invited["code"]), invited["links"]) == (201, 20, [])
    status, tagged = await program.call("POST", f"{path}/tags", {"tag": "Messe"})
    assert tagged["tags"] == ["Messe"]
    body = {"custom": {"Rabatt": "3 %"}, "department": "Einkauf", "preferred_channel": "email"}
    status, changed = await program.call("PATCH", path, body)
    assert (status, changed["custom"], changed["department"]) == (200, {"Rabatt": "3 %"}, "Einkauf")
    for form, beginning in (("csv", "\ufeffname,"), ("vcard3", "BEGIN:VCARD"), ("vcard4", "BEGIN:VCARD")):
        status, file = await program.call("GET", f"/export/contacts?form={form}")
        assert (status, file.startswith(beginning)) == (200, True)
    assert (await program.call("GET", "/export/contacts?form=xlsx"))[0] == 400
    assert len(program.office.store.documents(CONTACTS).rows) == 3


async def test_an_appointment_is_an_invitation(program: Program) -> None:
    await program.office.customer("Petra Müller", "petra@carpenter.example")
    body = {"start": "2026-11-25T10:00:00+01:00", "title": "Aufmaß", "contact": "Petra Müller"}
    status, made = await program.call("POST", "/appointments", body)
    assert status == 201
    status, invited = await program.call("POST", f"/appointments/{made['id']}/invite")
    assert status == 200
    status, refused = await program.call("POST", f"/appointments/{made['id']}/answer", {"participation": "accepted"})
    assert (status, refused["error"]["code"] if "error" in refused else refused.get("code")) == (400, "invalid")
    assert (await program.call("POST", "/appointments/p_none/invite"))[0] == 404
    assert invited["id"] == made["id"]


async def test_a_missed_appointment(program: Program) -> None:
    await program.office.customer("Petra Müller", "petra@carpenter.example")
    body = {"start": "2026-11-25T10:00:00+01:00", "title": "Aufmaß", "contact": "Petra Müller"}
    _, made = await program.call("POST", "/appointments", body)
    path = f"/appointments/{made['id']}/missed"
    status, early = await program.call("POST", path, {})
    assert (status, early["fields"]["code"]) == (409, "not-begun")
    program.office.clock.advance(3 * 86_400)
    status, missed = await program.call("POST", path, {})
    assert (status, missed["missed"], missed["state"]) == (200, [made["start"]], "confirmed")
    status, listed = await program.call("GET", "/appointments?since=2026-11-25T00:00:00Z&until=2026-11-26T00:00:00Z")
    assert [one["missed"] for one in listed["items"]] == [True]
    status, came = await program.call("POST", path, {"missed": False})
    assert (status, came["missed"]) == (200, [])


async def test_the_audit_log_by_subject(program: Program) -> None:
    petra = await program.office.customer("Petra Müller", "petra@carpenter.example")
    await program.call("GET", f"/contacts/{petra.id}")
    status, page = await program.call("GET", f"/audit?subject={petra.id}")
    assert status == 200
    assert {entry["subject"] for entry in page["items"]} == {petra.id}


async def test_relations_and_consents(program: Program) -> None:
    petra = await program.office.customer("Petra Müller", "petra@carpenter.example")
    firm = await program.office.customer("Tischlerei Müller")
    body = {
        "relations": [{"kind": "arbeitet bei", "contact": firm.id}],
        "consents": [{"purpose": "Rundbrief", "source": "Messe 2026, Karte"}],
    }
    status, changed = await program.call("PATCH", f"/contacts/{petra.id}", body)
    assert (status, changed["relations"]) == (200, [{"kind": "arbeitet bei", "contact": firm.id}])
    since = changed["consents"][0]["since"]
    program.office.clock.advance(3600)
    more = {"consents": [*body["consents"], {"purpose": "Anrufe", "source": "am Telefon"}]}
    _, changed = await program.call("PATCH", f"/contacts/{petra.id}", more)
    assert [(one["purpose"], one["since"] == since) for one in changed["consents"]] == [
        ("Anrufe", False), ("Rundbrief", True),
    ]  # fmt: skip
    for wrong in (
        {"relations": [{"kind": "x", "contact": "c_none"}]},
        {"relations": [{"kind": "x", "contact": petra.id}]},
        {"consents": [{"purpose": "x", "source": ""}]},
    ):
        assert (await program.call("PATCH", f"/contacts/{petra.id}", wrong))[0] == 400


async def test_channels_are_configured_over_the_api(program: Program) -> None:
    status, kinds = await program.call("GET", "/channel-kinds")
    assert (status, [kind["name"] for kind in kinds["items"]]) == (200, ["xmpp"])
    assert [one["form"] for one in kinds["items"][0]["settings"] if one["name"] == "password"] == ["secret"]
    name = next(account.name for account in program.office.accounts.all() if account.kind == "xmpp")
    body = {"kind": "xmpp", "settings": {"jid": "hub@joinery.example", "password": "x"}}
    status, answer = await program.call("PUT", f"/channels/{name}", body)
    assert (status, bool(answer["steps"])) == (200, True)
    program.office.configuration.problems = [("jid", "must be an account")]
    status, told = await program.call("PUT", f"/channels/{name}", body)
    assert (status, told["fields"]) == (400, {"jid": "must be an account"})
    program.office.configuration.problems = []
    assert (await program.call("DELETE", f"/channels/{name}"))[0] == 204
    assert (await program.call("DELETE", f"/channels/{name}"))[0] == 400
