"""The console's pages about money, time, queues and duplicates, over the real services."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.people import RowScope, UserRole
from hub.ports.kinds import APPOINTMENTS, CALENDARS, CANNED_REPLIES, CONTACTS, QUEUES, REMINDERS
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.web.server import make_site
from hub.web.site import Health, SiteFacts
from tests.architecture.test_rights import bundle
from tests.fake_connector import START
from tests.office import SYSTEM, Office

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class Console:
    """A colleague's browser over the real office."""

    def __init__(self, office: Office, client: TestClient[Any, Any]) -> None:
        self.office, self.client, self.cookie = office, client, ""

    async def sign_in(self, name: str) -> None:
        user_id = self.office.user_id(name)
        await self.office.users.set_password(await self.office.actor(name), user_id, "a-long-password")
        opened = await self.office.users.sign_in(name, "a-long-password", "test")
        assert opened is not None
        self.cookie = f"fernamt={opened.cookie}"

    async def get(self, path: str) -> tuple[int, str]:
        response = await self.client.get(path, headers={"Cookie": self.cookie}, allow_redirects=False)
        return response.status, await response.text(errors="replace")

    async def post(self, path: str, **form: Any) -> tuple[int, str]:
        headers = {"Cookie": self.cookie, **SAME_ORIGIN}
        response = await self.client.post(
            path, data={"nonce": f"n{len(form)}{path}{form}", **form}, headers=headers, allow_redirects=False
        )
        return response.status, response.headers.get("Location", "") or await response.text()


@pytest.fixture
async def console() -> AsyncIterator[Console]:
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
    async with TestClient(TestServer(site)) as client:
        made = Console(office, client)
        made.verbs = verbs  # type: ignore[attr-defined]
        await made.sign_in("anna")
        yield made


async def _healthy() -> Health:
    return Health(alive=True, ready=True, problems=())


async def owing(console: Console) -> ContactId:
    petra = await console.office.customer("Petra Müller", "petra@carpenter.example")
    verbs: Any = console.verbs  # type: ignore[attr-defined]
    today = START.date()
    for number, kind in (("R-2001", EntryKind.INVOICE), ("A-77", EntryKind.ORDER)):
        draft = EntryDraft(
            contact_id=petra.id,
            kind=kind,
            amount=Decimal("1000"),
            number=number,
            date=today - timedelta(days=60),
            due=today - timedelta(days=45) if kind is EntryKind.INVOICE else None,
        )
        await verbs.accounts.post(console.office.anna, draft, key=number)
    return petra.id


async def test_accounts_at_a_glance_and_one_by_one(console: Console) -> None:
    petra = await owing(console)
    status, text = await console.get("/accounts")
    assert status == 200
    assert "R-2001" in text
    assert "1.000,00 €" in text
    assert "<meter" in text
    status, text = await console.get(f"/contacts/{petra}/account")
    assert status == 200
    assert "A-77" in text
    status, text = await console.get(f"/contacts/{petra}/statement")
    assert status == 200
    assert text.startswith("%PDF")


async def test_a_payment_is_booked_once_for_each_form(console: Console) -> None:
    petra = await owing(console)
    for _ in range(2):
        status, where = await console.post(f"/contacts/{petra}/payments", amount="1.000,00", reference="danke")
        assert (status, where) == (303, f"/contacts/{petra}/account?done=booked")
    _, text = await console.get(where)
    assert "Nichts ist offen." in text
    assert text.count("danke") == 1


@pytest.mark.parametrize("amount", ["", "viel", "-5", "0", "1e9999999"])
async def test_an_amount_that_is_none_is_told_beside_the_field(console: Console, amount: str) -> None:
    petra = await owing(console)
    status, text = await console.post(f"/contacts/{petra}/payments", amount=amount)
    assert status == 400
    assert "wrong" in text


async def test_a_week_with_an_appointment_that_is_booked_and_called_off(console: Console) -> None:
    await owing(console)
    status, where = await console.post(
        "/calendar", date="2026-11-25", time="10:00", minutes="60", contact="Petra Müller", title="Aufmaß"
    )
    assert (status, where) == (303, "/calendar?day=2026-11-25&done=booked")
    _, text = await console.get(where)
    assert "10:00–11:00" in text
    assert "Petra Müller" in text
    (made,) = console.office.store.documents(APPOINTMENTS).rows.values()
    status, where = await console.post(f"/appointments/{made.id}/invite")
    assert (status, where) == (303, "/calendar?day=2026-11-25&done=invited")
    assert "keine Antwort" in (await console.get(where))[1]
    status, where = await console.post(f"/appointments/{made.id}/cancel")
    assert status == 303
    assert "Aufmaß" not in (await console.get(where))[1]


@pytest.mark.parametrize(
    "form",
    [
        {"date": "", "time": "10:00"},
        {"date": "2026-11-25", "time": "25:00"},
        {"date": "2020-01-01", "time": "10:00"},
        {"date": "2026-11-25", "time": "03:00"},
        {"date": "2026-11-25", "time": "10:00", "contact": "Niemand Sonst"},
    ],
)
async def test_what_cannot_be_booked_is_told(console: Console, form: dict[str, str]) -> None:
    status, text = await console.post("/calendar", **form)
    assert status in (400, 404, 409, 422)
    assert "<h1" in text


async def test_a_bookable_room_is_set_up_by_an_admin(console: Console) -> None:
    await console.sign_in("admin")
    form = {"name": "Ausstellung", "bookable": "yes", "slot_minutes": "45", "country": "DE", "subdivision": "NW"}
    status, where = await console.post("/calendars", **form, from0="09:00", to0="12:00")
    assert (status, where) == (303, "/calendars?done=saved")
    made = next(one for one in console.office.store.documents(CALENDARS).rows.values() if one.name == "Ausstellung")
    assert (made.bookable, made.slot_minutes, [(h.weekday, h.start, h.end) for h in made.hours]) == (
        True, 45, [(0, 540, 720)],
    )  # fmt: skip
    _, text = await console.get(f"/calendars?calendar={made.id}")
    assert 'value="45"' in text
    status, _ = await console.post("/calendars", id=made.id, name="", slot_minutes="45")
    assert status == 400


async def test_reminders_are_set_and_dropped(console: Console) -> None:
    status, _ = await console.post("/reminders", text="Petra anrufen", date="2026-11-24", time="09:00")
    assert status == 303
    _, text = await console.get("/reminders")
    assert "Petra anrufen" in text
    (made,) = console.office.store.documents(REMINDERS).rows.values()
    await console.post(f"/reminders/{made.id}/drop")
    assert "Petra anrufen" not in (await console.get("/reminders"))[1]
    status, _ = await console.post("/reminders", text="x", date="2020-01-01", time="09:00")
    assert status == 400


async def test_queues_and_canned_replies(console: Console) -> None:
    assert (await console.post("/queues", name="Verkauf"))[0] == 403
    await console.sign_in("admin")
    anna = str(console.office.user_id("anna"))
    status, _ = await console.post(
        "/queues", name="Verkauf", assignment="round-robin", members=anna, first_response_minutes="60"
    )
    assert status == 303
    made = console.office.store.documents(QUEUES).rows["verkauf"]
    assert (made.members, made.first_response_minutes) == ((anna,), 60)
    _, text = await console.get("/queues?queue=verkauf")
    assert "the colleagues in turn" in text
    assert (await console.post("/queues", name="X", first_response_minutes="viele"))[0] == 400
    assert (await console.post("/canned-replies", name="Versand", text="Hallo {name}"))[0] == 303
    assert "versand" in console.office.store.documents(CANNED_REPLIES).rows
    assert "Hallo {name}" in (await console.get("/queues"))[1]
    assert (await console.post("/canned-replies/versand/delete"))[0] == 303
    assert console.office.store.documents(CANNED_REPLIES).rows == {}


async def test_duplicates_are_merged_and_taken_apart(console: Console) -> None:
    first = await console.office.customer("Petra Müller", "petra@carpenter.example")
    second = await console.office.customer("Petra Mueller", "petra@home.example")
    _, text = await console.get("/duplicates")
    assert "gleicher Name" in text
    status, where = await console.post("/duplicates", survivor=first.id, member=second.id, name_of="member")
    assert (status, where) == (303, f"/contacts/{first.id}?done=merged")
    assert console.office.store.documents(CONTACTS).rows[first.id].name == "Petra Mueller"
    _, text = await console.get(f"/contacts/{first.id}")
    assert "Trennen 1" in text
    await console.post(f"/contacts/{first.id}/unmerge", member=second.id)
    assert console.office.store.documents(CONTACTS).rows[first.id].name == "Petra Müller"


async def test_pages_keep_to_rights_and_rows(console: Console) -> None:
    petra = await owing(console)
    await console.office.users.add(SYSTEM, "rita", UserRole.READ_ONLY)
    await console.sign_in("rita")
    status, text = await console.get(f"/contacts/{petra}/account")
    assert status == 200
    assert "Book a payment" not in text
    assert (await console.post(f"/contacts/{petra}/payments", amount="5"))[0] == 403
    from dataclasses import replace

    contacts = console.office.store.documents(CONTACTS)
    row = contacts.rows[petra]
    await contacts.replace(replace(row, owner=console.office.user_id("anna")), row.version)
    await console.office.users.change(console.office.admin, console.office.user_id("rita"), rows=RowScope.OWN)
    assert (await console.get(f"/contacts/{petra}/account"))[0] == 404
    assert "R-2001" not in (await console.get("/accounts"))[1]


async def test_odd_days_are_no_pages(console: Console) -> None:
    assert (await console.get("/calendar?day=9999-12-31"))[0] == 404
    assert (await console.get("/calendar?day=tomorrow"))[0] == 400


async def test_the_api_books_a_payment_on_the_merged_account_that_has_the_invoice(console: Console) -> None:
    petra = await owing(console)
    lisa = await console.office.customer("Lisa Berg", "lisa@berg.example")
    verbs: Any = console.verbs  # type: ignore[attr-defined]
    bill = EntryDraft(contact_id=lisa.id, kind=EntryKind.INVOICE, amount=Decimal(300), number="M-7", date=START.date())
    await verbs.accounts.post(console.office.anna, bill, key="M-7")
    await verbs.register.merge(console.office.admin, petra, lisa.id, key="m")
    _, token = await console.office.users.add_token(console.office.admin, "test")
    body = {
        "contact": petra,
        "kind": "payment",
        "amount": "300",
        "date": START.date().isoformat(),
        "allocations": [{"number": "M-7", "amount": "300"}],
    }
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}
    for _ in range(2):
        response = await console.client.post("/api/v1/ledger", json=body, headers=headers)
        assert (response.status, (await response.json())["contact_id"]) == (201, lisa.id)
    response = await console.client.get(f"/api/v1/contacts/{petra}/account", headers=headers)
    assert [item["number"] for item in (await response.json())["open_items"]] == ["R-2001"]
    _, page = await console.get(f"/contacts/{petra}/account")
    assert "M-7" in page


async def test_an_import_through_the_api_answers_with_its_steps(console: Console) -> None:
    await console.office.customer("Petra Müller", "petra@carpenter.example")
    rows = "".join(f"petra@carpenter.example,invoice,R-{n},2026-11-01,,10,EUR,\n" for n in range(600))
    data = f"contact,kind,number,date,due,amount,currency,reference\n{rows}".encode()
    _, token = await console.office.users.add_token(console.office.admin, "test")
    headers = {"Authorization": f"Bearer {token}"}

    async def send(body: bytes, query: str) -> tuple[int, list[Any]]:
        response = await console.client.post(f"/api/v1/import/ledger{query}", data=body, headers=headers)
        return response.status, [json.loads(line) for line in (await response.text()).splitlines()]

    status, lines = await send(data, "?progress=1")
    assert status == 200
    assert [line["done"] for line in lines if line.get("stage") == "writing"] == [500, 600]
    assert (lines[-1]["report"]["new"], lines[-1]["report"]["problems"]) == (600, [])
    status, lines = await send(b"no table", "?progress=1")
    assert (status, lines[0]["code"]) == (400, "invalid")
    status, lines = await send(data, "?dry_run=1")
    assert (status, lines[0]["same"]) == (200, 600)
