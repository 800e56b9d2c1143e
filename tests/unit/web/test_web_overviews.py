"""The customer's page of what is shared with them, letters and what a document belongs to, over HTTP."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hub.domain.appointment import AppointmentDraft, Calendar
from hub.domain.document import Document
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.occasion import OccasionDraft
from hub.domain.people import UserRole
from hub.domain.views import FileData
from tests.unit.web.test_web_documents import PLAN, Scene
from tests.unit.web.test_web_documents import scene as _scene

scene = _scene


async def kept(scene: Scene, name: str, **more: Any) -> Document:
    file = FileData(name=name, type="text/plain", data=name.encode())
    return await scene.verbs.documents.upload(scene.office.anna, file, key=name, **more)


async def outside(scene: Scene, path: str, **headers: str) -> tuple[int, str, Any]:
    """As somebody without a session."""
    response = await scene.client.get(path, headers=headers, allow_redirects=False)
    return response.status, html.unescape(await response.text()), response.headers


async def overview_of(scene: Scene, name: str) -> tuple[str, str]:
    """(path, id) of a fresh link to the contact's page."""
    status, made = await scene.api("POST", "/overviews", {"contact": name}, Idempotency_Key=f"o{name}")
    assert status == 201
    return "/d/" + made["address"].rpartition("/")[2], made["id"]


# The customer's page


async def test_a_customer_sees_and_fetches_what_is_shared_with_them(scene: Scene) -> None:
    petra, kunz = await scene.office.customer("Petra Müller"), await scene.office.customer("Erwin Kunz")
    offer, secret = await kept(scene, "Angebot <b>.txt"), await kept(scene, "Geheim.txt", contact_id=petra.id)
    other = await kept(scene, "Für Kunz.txt")
    await scene.post(f"/documents/{offer.id}/share", **{"for": "Petra Müller", "limit": "2", "days": "30"})
    await scene.post(f"/documents/{other.id}/share", **{"for": "Erwin Kunz"})
    await scene.post(f"/documents/{secret.id}/share", **{"for": ""})
    path, _ = await overview_of(scene, "Petra Müller")
    status, page, headers = await outside(scene, path, **{"Accept-Language": "de"})
    assert status == 200
    assert "Für Sie freigegeben" in page
    assert "Angebot b.txt" in page
    assert "noch 2 Downloads" in page
    for hidden in ("Geheim", "Kunz", "Petra", "<script"):
        assert hidden not in page, hidden
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Shared with you" in (await outside(scene, path, **{"Accept-Language": "en"}))[1]
    [file] = re.findall(rf'href="({path}/file/[^"]+)"', page)
    assert (await outside(scene, file))[:2] == (200, "Angebot <b>.txt")
    assert "noch 1 Download" in (await outside(scene, path, **{"Accept-Language": "de"}))[1]
    assert (await outside(scene, file))[0] == 200
    assert (await outside(scene, file))[0] == 404
    assert "Zurzeit ist nichts" in (await outside(scene, path, **{"Accept-Language": "de"}))[1]
    _, listed = await scene.api("GET", "/overviews?contact=Petra Müller")
    assert (listed["items"][0]["visits"], listed["shares"]) == (4, [])
    assert "address" not in listed["items"][0]
    assert kunz.id not in page


async def test_an_ended_link_and_a_guessed_one_look_the_same(scene: Scene) -> None:
    await scene.office.customer("Petra Müller")
    path, id = await overview_of(scene, "Petra Müller")
    assert (await scene.api("DELETE", f"/overviews/{id}"))[1]["revoked_at"]
    pages = {(await outside(scene, one))[:2] for one in (path, f"/d/{'a' * 40}", "/d/nonsense")}
    told = {(status, re.sub(r'value="/d/[^"]*"|/d/[a-z2-7]+', "", page)) for status, page in pages}
    assert len(told) == 1
    assert next(iter(told))[0] == 404
    for below in (f"{path}/file/f_x", f"/d/{'b' * 40}/file/f_x"):
        assert (await outside(scene, below))[0] == 404


async def test_guessing_is_slowed_down_on_the_page_and_its_files(scene: Scene) -> None:
    await scene.office.customer("Petra Müller")
    path, _ = await overview_of(scene, "Petra Müller")
    statuses = [(await outside(scene, f"{path}/file/f_{number}"))[0] for number in range(25)]
    assert (statuses[0], statuses[-1]) == (404, 429)
    assert (await outside(scene, f"/d/{'a' * 40}"))[0] == 429
    assert (await outside(scene, path))[0] == 429


async def test_a_customer_sends_what_we_asked_for(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller")
    await scene.api("POST", "/upload-requests", {"contact": "Petra Müller", "text": "Ihr <i>Plan</i>", "limit": 2})
    path, _ = await overview_of(scene, "Petra Müller")
    raw = await (await scene.client.get(path)).text()
    assert "Ihr &lt;i&gt;Plan" in raw
    [action] = re.findall(rf'action="({path}/files/[^"]+)"', raw)
    status, page = await scene.post(action, ("", b""), cookie=False)
    assert (status, "Choose a file first." in page or "Wähle zuerst eine Datei" in page) == (400, True)
    assert (await scene.post(action, ("a.pdf", PLAN), cookie=False)) == (303, f"{path}?done=files-received")
    assert [(row.name, row.contact_id) for row in scene.rows] == [("a.pdf", petra.id)]
    assert (await scene.client.post(action, data={"x": "y"}, headers={"Sec-Fetch-Site": "cross-site"})).status == 403
    assert (await scene.post(f"{path}/files/w_none", ("a.pdf", PLAN), cookie=False))[0] == 404
    assert (await scene.post(f"/d/{'a' * 40}/files/w_none", ("a.pdf", PLAN), cookie=False))[0] == 404
    assert len(scene.rows) == 1


async def test_a_colleague_makes_the_link_in_the_console_and_ends_it(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller")
    place = f"/contacts/{petra.id}/documents"
    assert (await scene.get(place))[0] == 200
    status, page = await scene.post(f"/contacts/{petra.id}/overviews", days="7")
    assert status == 200
    [path] = re.findall(r"https://hub.example(/d/[a-z2-7]{40})", page)
    assert path not in (await scene.get(place))[1].decode()
    assert (await outside(scene, path))[0] == 200
    for days in ("0", "x", "-1", "9999", ""):
        status, page = await scene.post(f"/contacts/{petra.id}/overviews", days=days)
        assert (status, 'id="wrong-days"' in page) == (400, True), days
    _, listed = await scene.api("GET", "/overviews?contact=Petra Müller")
    status, where = await scene.post(f"/overviews/{listed['items'][0]['id']}/end")
    assert (status, where) == (303, f"{place}?done=link-ended")
    assert (await outside(scene, path))[0] == 404
    assert (await scene.get("/contacts/c_none/documents"))[0] == 404
    assert (await scene.post("/contacts/c_none/overviews", days="7"))[0] == 404
    assert (await scene.post("/overviews/y_none/end"))[0] == 404


async def test_a_name_that_fits_nobody_is_told_beside_for_whom(scene: Scene) -> None:
    document = await kept(scene, "Angebot.txt")
    status, page = await scene.post(f"/documents/{document.id}/share", **{"for": "Niemand"})
    assert (status, 'id="wrong-for"' in page, 'value="Niemand"' in page) == (404, True, True)


async def test_over_the_api_a_page_needs_a_contact_and_possible_days(scene: Scene) -> None:
    await scene.office.customer("Petra Müller")
    assert (await scene.api("GET", "/overviews"))[0] == 400
    for body in ({}, {"contact": ""}, {"contact": "Petra Müller", "days": 400}, {"contact": "Petra Müller", "x": 1}):
        assert (await scene.api("POST", "/overviews", body, Idempotency_Key="k"))[0] == 400, body
    assert (await scene.api("POST", "/overviews", {"contact": "Niemand"}, Idempotency_Key="k"))[0] == 404


# Letters


async def test_templates_are_made_changed_renamed_and_deleted(scene: Scene) -> None:
    assert (await scene.post("/document-templates", name="Gruß", text="Hallo {name}"))[0] == 403
    assert "New template" not in (await scene.get("/document-templates"))[1].decode()
    await scene.sign_in("admin")
    status, where = await scene.post("/document-templates", name="Gruß", text="Hallo {name}", folder="Briefe")
    assert (status, where.partition("#")[0]) == (303, "/document-templates?template=gruss&done=saved")
    page = html.unescape((await scene.get("/document-templates?template=gruss"))[1].decode())
    assert "{open_items}" in page
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    changed = {"id": "gruss", "version": version, "name": "Gruß", "text": "Guten Tag {name}"}
    assert (await scene.post("/document-templates", **changed))[0] == 303
    assert (await scene.post("/document-templates", **changed, title="zu spät"))[0] == 409
    renamed = changed | {"version": "2", "name": "Anschreiben"}
    assert (await scene.post("/document-templates", **renamed))[0] == 303
    assert [one.name for one in await scene.verbs.documents.templates(scene.office.anna)] == ["Anschreiben"]
    assert (await scene.post("/document-templates/anschreiben/delete"))[0] == 303
    assert (await scene.post("/document-templates/anschreiben/delete"))[0] == 303
    assert await scene.verbs.documents.templates(scene.office.anna) == []


async def test_what_is_wrong_with_a_template_is_told_beside_its_field(scene: Scene) -> None:
    await scene.sign_in("admin")
    for values, field, words in (
        ({"name": "x", "text": "Hallo {nmae}"}, "text", "{nmae}"),
        ({"name": "x", "text": "Hallo", "title": "{tittle}"}, "title", "{tittle}"),
        ({"name": "--", "text": "Hallo"}, "name", "60"),
        ({"name": "x", "text": ""}, "text", "20,000"),
        ({"name": "x" * 90, "text": "Hallo"}, "name", "60"),
    ):
        status, page = await scene.post("/document-templates", **values)
        told = html.unescape(page).partition(f'id="wrong-{field}"')[2][:700]
        assert (status, words in told) == (400, True), (values, told)
        assert f'value="{values["name"]}"' in page
    await scene.post("/document-templates", name="Gruß", text="Hallo")
    status, page = await scene.post("/document-templates", name="gruss", text="nochmal")
    assert (status, 'id="wrong-name"' in page) == (409, True)


async def test_a_template_is_looked_at_as_a_pdf_before_it_is_kept(scene: Scene) -> None:
    await scene.office.customer("Petra Müller")
    form = {"name": "x", "title": "An {name}", "text": "Termin: {appointment}, offen {balance}"}
    response = await scene.client.post(
        "/document-templates/preview",
        data=form | {"contact": "Petra Müller", "nonce": "n"},
        headers={"Cookie": scene.cookie, "Sec-Fetch-Site": "same-origin"},
    )
    data = await response.read()
    assert (response.status, data[:5], response.content_type) == (200, b"%PDF-", "application/pdf")
    read = await scene.verbs.documents.renderer.read_text(data, "application/pdf", "x.pdf")  # type: ignore[attr-defined]
    assert "An Petra Müller" in read.text
    assert "Termin: [appointment], offen 0,00 EUR" in read.text
    assert scene.rows == []
    for contact in ("", "Niemand"):
        status, _ = await scene.post("/document-templates/preview", **form, contact=contact)
        assert status in (400, 404)
    await scene.sign_in("admin")
    for contact in ("", "Niemand"):
        assert 'id="wrong-contact"' in (await scene.post("/document-templates/preview", **form, contact=contact))[1]


async def test_a_letter_is_made_on_the_contacts_documents(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller")
    anna, now = scene.office.anna, scene.office.clock.now()
    await scene.sign_in("admin")
    await scene.post("/document-templates", name="Termin", title="Ihr Termin", text="{name}: {appointment}")
    calendar = await scene.verbs.calendar.save_calendar(
        scene.office.admin, Calendar(id="", name="Büro", sort_name="", time_zone="Europe/Berlin")
    )
    draft = AppointmentDraft(
        start=now + timedelta(days=2), title="Aufmaß", contact_id=petra.id, calendars=(calendar.id,), outside_hours=True
    )
    booked = await scene.verbs.calendar.book(anna, draft, key="b")
    await scene.sign_in("anna")
    page = (await scene.get(f"/contacts/{petra.id}/documents"))[1].decode()
    assert booked.id in page
    place = f"/contacts/{petra.id}/letters"
    status, page = await scene.post(place, template="Termin")
    assert (status, 'id="wrong-appointment"' in page) == (400, True)
    status, page = await scene.post(place, template="Fehlt")
    assert (status, 'id="wrong-template"' in page) == (404, True)
    assert (await scene.post(place, template=""))[0] == 400
    status, where = await scene.post(place, template="Termin", appointment=booked.id)
    assert status == 303
    [made] = scene.rows
    assert where == f"/documents/{made.id}?done=letter-made"
    assert (made.name, made.contact_id, made.links) == ("Ihr Termin.pdf", petra.id, (f"appointment:{booked.id}",))


# What a document belongs to


async def test_a_document_is_tied_to_orders_appointments_and_events_on_its_page(scene: Scene) -> None:
    petra, now = await scene.office.customer("Petra Müller"), scene.office.clock.now()
    anna = scene.office.anna
    order = EntryDraft(contact_id=petra.id, kind=EntryKind.ORDER, number="R-2001", amount=Decimal(50), date=now.date())
    await scene.verbs.accounts.post(anna, order, key="o")
    event = await scene.verbs.occasions.create(
        anna,
        OccasionDraft(title="Tag der offenen Tür", start=now + timedelta(days=9), end=now + timedelta(days=10)),
        key="e",
    )
    document = await kept(scene, "Angebot.txt", contact_id=petra.id)
    place = f"/documents/{document.id}/links"
    page = (await scene.get(f"/documents/{document.id}"))[1].decode()
    links = ("order:R-2001", f"occasion:{event.occasion.id}")
    assert all(f'value="{link}"' in page for link in links)
    for link in links:
        assert (await scene.post(place, link=link, kind="order", number=""))[0] == 303
    assert (await scene.post(place, link="", kind="invoice", number="X-9"))[0] == 303
    page = (await scene.get(f"/documents/{document.id}"))[1].decode()
    assert f'<a href="/contacts/{petra.id}/account">R-2001</a>' in page
    assert f'href="/occasions/{event.occasion.id}"' in page
    # Nothing is known of that invoice: its number stands there, and leads nowhere.
    assert re.search(r'lines-what">X-9<', page)
    for values, field in (
        ({"link": "", "number": ""}, "link"),
        ({"link": "", "number": "7", "kind": "planet"}, "number"),
        ({"link": "nonsense", "number": ""}, "link"),
        ({"link": "", "number": "9" * 90, "kind": "order"}, "number"),
    ):
        status, page = await scene.post(place, **values)
        assert (status, f'id="wrong-{field}"' in page) == (400, True), values
    assert (await scene.post(f"{place}/remove", link="order:R-2001"))[0] == 303
    assert (await scene.post(f"{place}/remove", link="order:none"))[0] == 303
    assert scene.rows[0].links == (links[1], "invoice:X-9")


async def test_who_may_only_look_sees_the_ties_and_no_way_to_change_them(scene: Scene) -> None:
    await scene.office.users.add(scene.office.admin, "rita", UserRole.READ_ONLY, language="en")
    document = await kept(scene, "Angebot.txt", links=("order:R-1",))
    await scene.sign_in("rita")
    page = (await scene.get(f"/documents/{document.id}"))[1].decode()
    assert "R-1" in page
    assert f"/documents/{document.id}/links" not in page
    assert (await scene.post(f"/documents/{document.id}/links", link="order:R-2"))[0] == 403
    assert (await scene.post(f"/documents/{document.id}/links/remove", link="order:R-1"))[0] == 403
    assert scene.rows[0].links == ("order:R-1",)
