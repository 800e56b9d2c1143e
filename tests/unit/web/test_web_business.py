"""The console's pages about money, time, queues and duplicates, over the real services."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.appointment import AppointmentDraft
from hub.domain.desk import Queue
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.people import RowScope, UserRole
from hub.ports.kinds import (
    APPOINTMENTS,
    CALENDARS,
    CANNED_REPLIES,
    CONTACTS,
    CONVERSATIONS,
    INVITES,
    OUTBOX,
    QUEUES,
    REMINDERS,
)
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.web.server import make_site
from hub.web.site import Health, SiteFacts
from tests.architecture.test_rights import bundle
from tests.fake_connector import START, LinkConnector
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

    async def send(self, path: str, content: str) -> tuple[int, str]:
        """A form with a file."""
        form = FormData({"nonce": "n"})
        form.add_field("file", content.encode(), filename="file.csv", content_type="text/csv")
        response = await self.client.post(path, data=form, headers={"Cookie": self.cookie, **SAME_ORIGIN})
        return response.status, await response.text()


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
    _, asked = await console.post(f"/appointments/{made.id}/cancel")
    assert "Aufmaß" in asked
    assert "Aufmaß" in (await console.get("/calendar?day=2026-11-25"))[1]
    status, where = await console.post(f"/appointments/{made.id}/cancel", sure="yes")
    assert status == 303
    assert "Aufmaß" not in (await console.get(where))[1]


async def test_who_did_not_come_is_noted_once_it_has_begun_and_taken_back(console: Console) -> None:
    await owing(console)
    await console.post("/calendar", date="2026-11-23", time="16:00", minutes="60", contact="Petra Müller", title="X")
    (made,) = console.office.store.documents(APPOINTMENTS).rows.values()
    act = f"/appointments/{made.id}/missed"
    assert act not in (await console.get("/calendar?day=2026-11-23"))[1]
    console.office.clock.advance((made.start - console.office.clock.now()).total_seconds() + 60)
    _, text = await console.get("/calendar?day=2026-11-23")
    assert act in text
    assert "Nicht gekommen" in text
    form = {"occurrence": made.start.isoformat(), "user": ""}
    status, where = await console.post(act, missed="yes", **form)
    assert (status, where) == (303, "/calendar?day=2026-11-23&done=missed")
    _, text = await console.get(where)
    assert "nicht gekommen</span>" in text
    assert "Niemand hat etwas bekommen" in text
    assert "nicht gekommen" in (await console.get(f"/contacts/{made.contact_id}"))[1]
    assert (await console.post(act, **form))[1] == "/calendar?day=2026-11-23&done=came"
    assert "nicht gekommen</span>" not in (await console.get("/calendar?day=2026-11-23"))[1]
    assert (await console.post(act, occurrence="gestern"))[0] == 400


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
    _, asked = await console.post(f"/reminders/{made.id}/drop")
    assert made.text in asked
    assert await console.office.store.documents(REMINDERS).get(made.id) is not None
    await console.post(f"/reminders/{made.id}/drop", sure="yes")
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
    assert (await console.post("/canned-replies/versand/delete"))[0] == 200
    assert (await console.post("/canned-replies/versand/delete", sure="yes"))[0] == 303
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
    assert "Record a payment" not in text
    assert (await console.post(f"/contacts/{petra}/payments", amount="5"))[0] == 403
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


async def test_tags_relations_and_consents_are_added_and_taken_away(console: Console) -> None:
    petra = (await console.office.customer("Petra Müller", "petra@carpenter.example")).id
    jens = (await console.office.customer("Jens Holz", "jens@timber.example")).id
    edit = f"/contacts/{petra}/edit"
    assert await console.post(f"/contacts/{petra}/tags", tag="Stammkunde") == (303, f"{edit}?done=saved#tags")
    assert (await console.post(f"/contacts/{petra}/relations", kind="beliefert von", other="Jens Holz"))[0] == 303
    assert (await console.post(f"/contacts/{petra}/consents", purpose="Rundbrief", source="Formular"))[0] == 303
    _, card = await console.get(f"/contacts/{petra}/card")
    for shown in ("Stammkunde", "beliefert von", "Jens Holz", "Rundbrief", "Formular"):
        assert shown in card
    await console.post(f"/contacts/{petra}/tags", drop="Stammkunde")
    await console.post(f"/contacts/{petra}/relations", drop=f"beliefert von|{jens}")
    await console.post(f"/contacts/{petra}/consents", drop="Rundbrief")
    left = console.office.store.documents(CONTACTS).rows[petra]
    assert (left.tags, left.relations, left.consents) == ((), (), ())


@pytest.mark.parametrize(
    ("what", "form", "field"),
    [
        ("tags", {"tag": ""}, "tag"),
        ("tags", {"tag": "!!"}, "tag"),
        ("relations", {"kind": "", "other": "Petra Müller"}, "kind"),
        ("relations", {"kind": "kennt", "other": "Niemand Sonst"}, "other"),
        ("consents", {"purpose": "Rundbrief", "source": ""}, "source"),
    ],
)
async def test_a_tie_that_cannot_be_is_told_beside_its_field(
    console: Console, what: str, form: dict[str, str], field: str
) -> None:
    petra = (await console.office.customer("Petra Müller", "petra@carpenter.example")).id
    status, text = await console.post(f"/contacts/{petra}/{what}", **form)
    assert 400 <= status < 500
    assert f'id="wrong-{field}"' in text
    assert f'aria-describedby="wrong-{field}" autofocus' in text
    assert all(f'value="{kept}"' in text for kept in form.values())


async def test_the_card_shows_the_balance_and_the_next_appointment(console: Console) -> None:
    petra = await owing(console)
    await console.post("/calendar", date="2026-11-25", time="10:00", contact="Petra Müller", title="Aufmaß")
    _, card = await console.get(f"/contacts/{petra}/card")
    assert "1.000,00 €" in card
    assert "25. Nov., 10:00" in card


async def test_home_shows_the_day(console: Console) -> None:
    await console.post("/calendar", date="2026-11-23", time="15:00", title="Aufmaß heute")
    await console.post("/calendar", date="2026-11-24", time="15:00", title="Aufmaß morgen")
    await console.post("/reminders", date="2026-11-23", time="16:00", text="Petra anrufen")
    _, text = await console.get("/")
    assert "Aufmaß heute" in text
    assert "Petra anrufen" in text
    assert "Aufmaß morgen" not in text


async def test_queues_are_boxes_with_counts(console: Console) -> None:
    petra = await console.office.customer("Petra Müller", "petra@carpenter.example")
    talk = await console.office.conversation(petra, "Angebot für Stühle")
    await console.verbs.desk.save_queue(console.office.admin, Queue(id="", name="Verkauf"))  # type: ignore[attr-defined]
    conversations = console.office.store.documents(CONVERSATIONS)
    await conversations.replace(replace(conversations.rows[talk.id], queue="verkauf"), talk.version)
    _, text = await console.get("/inbox?box=queue:verkauf")
    assert "Angebot für Stühle" in text
    assert '>Verkauf <span class="count">1' in text
    _, text = await console.get("/inbox?box=queue:queue")
    assert "Angebot für Stühle" not in text
    assert "In dieser Warteschlange wartet niemand." in text


CSV = "name,email\nPetra Müller,petra@carpenter.example\nJens Holz,jens@timber.example\n"


async def test_a_file_of_contacts_is_looked_at_and_then_taken_in(console: Console) -> None:
    status, text = await console.send("/imports/contacts", CSV)
    assert status == 200
    assert "Jens Holz" in text
    assert console.office.store.documents(CONTACTS).rows == {}
    ticket = re.search(r'name="ticket" value="([^"]+)"', text)
    assert ticket is not None
    assert await console.post("/imports/contacts", ticket=ticket[1]) == (303, "/imports?done=taken-in")
    assert {one.name for one in console.office.store.documents(CONTACTS).rows.values()} == {"Petra Müller", "Jens Holz"}
    status, text = await console.post("/imports/contacts", ticket=ticket[1])
    assert status == 409
    assert "Diese Datei ist nicht mehr da" in text
    await console.sign_in("admin")
    assert "Jens Holz" in (await console.get("/exports/csv"))[1]


@pytest.mark.parametrize(
    ("what", "content", "told"),
    [
        ("contacts", "", "Wähle zuerst eine Datei aus."),
        ("contacts", "Vorname;Ort\nPetra;Köln\n", 'id="wrong-file"'),
        ("contacts", "name,email\nPetra,unsinn\n", 'data-label="Spalte">email<'),
        ("ledger", "contact,kind,number,date,amount\nNiemand,invoice,R-1,2026-11-01,5\n", "Nichts wurde übernommen"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told(console: Console, what: str, content: str, told: str) -> None:
    status, text = await console.send(f"/imports/{what}", content)
    assert status in (400, 422)
    assert told in text


async def test_bookings_of_a_file_are_shown_as_people_write_them(console: Console) -> None:
    _, looked = await console.send("/imports/contacts", CSV)
    ticket = re.search(r'name="ticket" value="([^"]+)"', looked)
    assert ticket is not None
    await console.post("/imports/contacts", ticket=ticket[1])
    status, text = await console.send(
        "/imports/ledger", "contact,kind,number,date,amount\nPetra Müller,invoice,R-1,2025-11-01,1200.50\n"
    )
    assert status == 200
    assert '<td data-label="Kontakt">Petra Müller</td>' in text
    assert '<td data-label="Tag">1. Nov. 2025</td>' in text
    assert "1.200,50" in text
    assert "1200.50" not in text


async def test_a_feed_is_made_shown_once_and_ended(console: Console) -> None:
    await console.get("/calendars")
    (mine,) = console.office.store.documents(CALENDARS).rows
    status, text = await console.post(f"/calendars/{mine}/feed")
    found = re.search(r"http[^<]+(/feeds/[^<]+\.ics)", text) if status == 200 else None
    assert found is not None, text
    assert (await console.get(found[1]))[0] == 200
    assert found[1] not in (await console.get(f"/calendars?calendar={mine}"))[1]
    assert (await console.post(f"/calendars/{mine}/feed/end"))[0] == 200
    assert (await console.get(found[1]))[0] == 200
    assert (await console.post(f"/calendars/{mine}/feed/end", sure="yes"))[0] == 303
    assert (await console.get(found[1]))[0] == 404


async def test_a_contact_that_is_not_clear_keeps_the_appointment_form(console: Console) -> None:
    for name in ("Petra Müller", "Jens Müller"):
        await console.office.customer(name, f"{name.split()[0].lower()}@mueller.example")
    status, text = await console.post("/calendar", date="2026-11-25", time="10:00", contact="Müller", title="Aufmaß")
    assert 400 <= status < 500
    assert 'id="wrong-contact"' in text
    assert 'value="Aufmaß"' in text


async def test_a_taken_time_proposes_free_ones(console: Console) -> None:
    for _ in range(2):
        answer = await console.post("/calendar", date="2026-11-25", time="10:00", minutes="60", nonce=f"{_}")
    assert answer[0] == 409
    assert "Freie Zeiten in der Nähe: 25. Nov., 09:00 · 25. Nov., 11:00" in answer[1]


async def test_an_invitation_is_shown_once(console: Console) -> None:
    petra = await console.office.customer("Petra Müller", "petra@carpenter.example")
    status, text = await console.post(f"/contacts/{petra.id}/invite", vouched="on")
    assert status == 200
    assert "t.me" not in text
    console.office.accounts._connectors["chat"] = LinkConnector()
    _, text = await console.post(f"/contacts/{petra.id}/invite")
    code = re.search(r"https://t\.me/joinery_bot\?start=c_(\w{20})", text)
    assert code is not None
    invites = console.office.store.documents(INVITES).rows.values()
    assert sorted(invite.vouched for invite in invites) == [False, True]
    _, text = await console.get(f"/contacts/{petra.id}")
    assert code[1] not in text


async def test_the_weekly_report_by_mail_is_chosen_and_the_address_proved(console: Console) -> None:
    status, text = await console.get("/me")
    assert (status, "Wochenbericht" in text) == (200, True)
    assert (await console.post("/me/reports", topics="weekly-mail"))[1] == "/me?done=saved"
    assert "sobald deine Mail-Adresse bestätigt ist" in (await console.get("/me"))[1]
    status, text = await console.post("/me/mail", act="ask", address="keine")
    assert (status, "wrong" in text) == (400, True)
    assert (await console.post("/me/mail", act="ask", address="anna@privat.example"))[1] == "/me?done=mail-code"
    (item,) = [one for one in console.office.store.documents(OUTBOX).rows.values() if one.channel == "email"]
    _, text = await console.get("/me?done=mail-code")
    assert "Code aus der Mail an anna@privat.example" in text
    assert item.content.hidden not in text
    form = {"act": "prove", "address": "anna@privat.example"}
    status, text = await console.post("/me/mail", proof="AAAAAAAAAA", **form)
    assert (status, "falsch oder zu alt" in text) == (400, True)
    assert (await console.post("/me/mail", proof=item.content.hidden, **form))[1] == "/me?done=mail-proved"
    _, text = await console.get("/me")
    assert "Meine Mail-Adresse: anna@privat.example" in text
    assert 'value="weekly-mail" checked' in text
    assert (await console.post("/me/mail", act="forget"))[1] == "/me?done=mail-forgotten"
    assert "anna@privat.example" not in (await console.get("/me"))[1]


async def test_an_appointment_behind_a_number_stands_on_the_readers_day(console: Console) -> None:
    """Half past midnight in Berlin is still the day before in UTC."""
    petra = await owing(console)
    verbs: Any = console.verbs  # type: ignore[attr-defined]
    start = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    draft = AppointmentDraft(start=start, contact_id=petra, title="Nachtschicht", outside_hours=True)
    await verbs.calendar.book(console.office.anna, draft, key="late")
    _, text = await console.get("/reports/appointments/entries?since=2026-11-25&until=2026-11-25")
    assert "Nachtschicht" in text
    assert ">25.11.2026</td>" in text
    assert "Geplant" in text
