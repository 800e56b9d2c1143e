"""The pages: what they show, what they keep, what they refuse."""

import asyncio
import html
import re

import pytest

from hub.domain.errors import Conflict
from hub.domain.outbox import OutboxState
from hub.domain.people import user_id_of
from tests.browser.business import open_business
from tests.browser.site import Demo, demo_pages
from tests.fake_company import contact_id


def talk(verbs, subject="Angebot für 12 Stühle"):
    return next(c for c in verbs.state.conversations.values() if c.subject == subject)


@pytest.mark.parametrize("name", ["anna", "ben"])
async def test_every_page_answers(name, anna, ben, verbs):
    await open_business(verbs)
    browser = {"anna": anna, "ben": ben}[name]
    demo = Demo()
    for label, path in demo_pages(demo):
        if path.startswith(("/d/", "/e/", "/u/")):
            # For people outside: test_web_overviews.py, test_web_occasions.py, test_web_documents.py.
            continue
        response = await browser.get(path)
        text = await response.text()
        allowed = {200, 403} if name == "ben" else {200}
        assert response.status in (allowed | {404} if label == "missing" else allowed), label
        assert "<h1" in text
        assert 'lang="de"' in text if name == "anna" else 'lang="en"' in text


async def test_an_employee_sees_no_admin_pages(ben, verbs):
    text = await (await ben.get("/")).text()
    assert "/quarantine" not in text
    assert "/users" not in text
    for path in ("/quarantine", "/audit", f"/conversations/{talk(verbs).id}/delete"):
        assert (await ben.get(path)).status == 403
    assert (await ben.post(f"/conversations/{talk(verbs).id}/delete")).status == 403
    assert "delete" not in await (await ben.get(f"/conversations/{talk(verbs).id}")).text()


async def test_the_timeline_pages_by_keyset(anna):
    petra = contact_id("Petra Müller")
    text = await (await anna.get(f"/contacts/{petra}")).text()
    assert text.count("<article") == 50
    older = re.search(r'data-older href="([^"]+)"', text)
    assert older is not None
    second = await (await anna.get(html.unescape(older[1]) + "&part=stream")).text()
    assert "<html" not in second
    ids = set(re.findall(r'<article[^>]* id="([^"]+)"', text))
    more = set(re.findall(r'<article[^>]* id="([^"]+)"', second))
    assert more
    assert not ids & more


async def test_reply_submits_once_per_form(anna, verbs):
    c = talk(verbs)
    form = {"text": "Gern, zwei Termine sind möglich.", "nonce": "n1"}
    first = await anna.post(f"/conversations/{c.id}/reply", form)
    second = await anna.post(f"/conversations/{c.id}/reply", form)
    assert first.status == second.status == 303
    assert first.headers["Location"] == second.headers["Location"]
    written = [e for e in verbs.state.entries.values() if e.text == form["text"]]
    assert len(written) == 1
    page = await (await anna.get(f"/conversations/{c.id}?done=sent")).text()
    assert "Zurücknehmen" in page
    back = await anna.post(f"/conversations/{c.id}/take-back/{written[0].id}")
    assert back.status == 303
    assert verbs.state.items[written[0].outbox_id].state is OutboxState.CANCELLED


async def test_reply_with_files(anna, verbs):
    from aiohttp import FormData

    form = FormData(quote_fields=False)
    form.add_field("text", "Anbei die Zeichnung.")
    form.add_field("files", b"%PDF-1.4", filename="Übersicht.pdf", content_type="application/pdf")
    response = await anna.post(f"/conversations/{talk(verbs).id}/reply", form)
    assert response.status == 303
    written = next(e for e in verbs.state.entries.values() if e.text == "Anbei die Zeichnung.")
    assert written.attachments[0].name == "Übersicht.pdf"


async def test_a_refused_reply_keeps_the_text(anna, verbs):
    verbs.fail["conversations.reply"] = Conflict("The conversation changes all the time; try again.")
    response = await anna.post(f"/conversations/{talk(verbs).id}/reply", {"text": "Mein langer Text"})
    text = await response.text()
    assert response.status == 409
    assert "Mein langer Text</textarea>" in text
    assert "ändert sich ständig" in text


async def test_empty_reply_says_so_beside_the_field(anna, verbs):
    response = await anna.post(f"/conversations/{talk(verbs).id}/reply", {"text": " "})
    text = await response.text()
    assert response.status == 400
    assert 'aria-describedby="wrong-text"' in text


async def test_contact_form_keeps_input_and_names_the_field(anna):
    response = await anna.post("/contacts", {"name": "Neu", "city": "Bonn", "address.email": "kaputt"})
    text = await response.text()
    assert response.status == 400
    assert 'value="Bonn"' in text
    assert 'id="wrong-email"' in text
    made = await anna.post("/contacts", {"name": "Neu", "address.email": "neu@example.org", "nonce": "n"})
    again = await anna.post("/contacts", {"name": "Neu", "address.email": "neu@example.org", "nonce": "n"})
    assert made.headers["Location"] == again.headers["Location"]


async def test_contact_edit_refuses_an_old_version(anna, verbs):
    petra = contact_id("Petra Müller")
    first = await anna.post(f"/contacts/{petra}/edit", {"name": "Petra Möller", "version": "1"})
    assert first.status == 303
    second = await anna.post(f"/contacts/{petra}/edit", {"name": "Petra Miller", "version": "1"})
    assert second.status == 409
    assert "Petra Miller" in await second.text()


async def test_notes_are_kept_once_and_escaped(anna, verbs):
    petra = contact_id("Petra Müller")
    form = {"text": "<script>alert(1)</script>", "nonce": "x"}
    for _ in range(2):
        assert (await anna.post(f"/contacts/{petra}/notes", form)).status == 303
    text = await (await anna.get(f"/contacts/{petra}")).text()
    assert text.count("&lt;script&gt;alert(1)") == 1
    assert "<script>alert" not in text


async def test_conversation_is_owned_closed_and_deleted(anna, verbs, user_id):
    c = talk(verbs)
    await anna.post(f"/conversations/{c.id}/assign", {"user": user_id("kim")})
    assert verbs.state.conversations[c.id].owner == user_id("kim")
    await anna.post(f"/conversations/{c.id}/assign", {"user": "queue"})
    assert verbs.state.conversations[c.id].owner == "queue"
    await anna.post(f"/conversations/{c.id}/close")
    assert verbs.state.conversations[c.id].state == "closed"
    await anna.post(f"/conversations/{c.id}/reopen")
    assert "Endgültig löschen" in await (await anna.get(f"/conversations/{c.id}/delete")).text()
    assert c.id in verbs.state.conversations
    await anna.post(f"/conversations/{c.id}/delete")
    assert c.id not in verbs.state.conversations


async def test_files_are_saved_not_run(anna, verbs):
    entry = next(e for e in verbs.state.entries.values() if len(e.attachments) == 2)
    pdf = await anna.get(f"/entries/{entry.id}/attachments/0")
    assert pdf.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in pdf.headers["Content-Security-Policy"]
    picture = await anna.get(f"/entries/{entry.id}/attachments/1")
    assert picture.headers["Content-Disposition"].startswith("inline")
    assert "filename*=UTF-8''Muster%20Eiche%20ge%C3%B6lt.png" in picture.headers["Content-Disposition"]
    raw = await anna.get(f"/entries/{entry.id}/raw")
    assert raw.content_type == "text/plain"


async def test_mail_html_is_sandboxed(anna, verbs):
    entry = next(e for e in verbs.state.entries.values() if e.has_html)
    page = await (await anna.get(f"/entries/{entry.id}")).text()
    assert re.search(r'<iframe[^>]* sandbox="allow-popups allow-popups-to-escape-sandbox"', page)
    response = await anna.get(f"/entries/{entry.id}/html")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


async def test_outbox_decisions(anna, verbs):
    held = next(i for i in verbs.state.items.values() if i.state is OutboxState.HELD)
    page = await (await anna.get(f"/outbox/{held.id}")).text()
    assert "zweimal" in page
    assert (await anna.post(f"/outbox/{held.id}/settle")).status == 303
    late = await anna.post(f"/outbox/{held.id}/cancel")
    assert late.status == 409


async def test_channels_show_sums_and_tests(anna):
    page = await (await anna.get("/channels")).text()
    assert "4.848" in page
    tested = await (await anna.post("/channels/support/test")).text()
    assert "So lässt es sich beheben" in tested
    assert (await anna.post("/channels/none/test")).status == 404


async def test_quarantine_raw_is_text(anna, verbs):
    first = next(iter(verbs.state.quarantined))
    page = await (await anna.get(f"/quarantine/{first}")).text()
    assert "&lt;script&gt;" in page
    assert (await anna.post(f"/quarantine/{first}/replay")).status == 303
    assert first not in verbs.state.quarantined


async def test_users_and_codes(anna):
    page = await (await anna.post("/users", {"name": "lea", "role": "agent", "language": "de", "nonce": "u"})).text()
    assert "drei-kurze-worte" in page
    assert (await anna.post("/users", {"name": "lea", "nonce": "u"})).status == 303
    taken = await anna.post("/users", {"name": "lea", "nonce": "v"})
    assert taken.status == 409
    assert 'id="wrong-name"' in await taken.text()
    page = await (await anna.post("/me/link-code")).text()
    assert "/link K7QM2XPA" in page
    assert 'href="https://t.me/joinery_bot?start=link_K7QM2XPA"' in page


async def test_files_of_an_answer_can_be_fetched_by_who_asked(anna, ben):
    page = await (await anna.post("/assistant", {"text": "bild", "part": "line", "nonce": "f"})).text()
    path = page.split('class="files"')[1].split('href="')[1].split('"')[0]
    picture = await anna.get(path)
    assert (picture.status, picture.content_type) == (200, "image/png")
    assert (await ben.get(path)).status == 404
    assert (await anna.get(path[:-1] + "7")).status == 404


async def test_assistant_answers_without_script(anna):
    response = await anna.post("/assistant", {"text": "wer ist müller", "nonce": "q"})
    assert response.status == 303
    page = await (await anna.get("/assistant")).text()
    assert "1 · Petra Müller" in page
    await anna.post("/assistant", {"text": "wer ist müller", "nonce": "q"})
    assert (await (await anna.get("/assistant")).text()).count('class="turn"') == 1
    line = await (await anna.post("/assistant", {"text": "eingang", "part": "line", "nonce": "r"})).text()
    assert "<table data-stacks>" in line
    assert "<html" not in line


async def test_preferences(anna, stranger):
    response = await anna.post("/preferences", {"language": "en", "back": "/inbox"})
    assert response.headers["Location"] == "/inbox"
    assert 'lang="en"' in await (await anna.get("/inbox")).text()
    response = await anna.post("/preferences", {"theme": "dark", "back": "//evil"})
    assert response.headers["Location"] == "/"
    dark = await anna.client.get("/inbox", headers={"Cookie": f"fernamt={anna.cookie}; theme=dark"})
    assert 'data-theme="dark"' in await dark.text()
    unsigned = await stranger.post("/preferences", {"language": "de", "back": "/sign-in"})
    assert unsigned.headers["Location"] == "/sign-in"
    assert (await anna.post("/preferences", {"zone": "Mond/Krater"})).status == 400


async def test_lists_name_their_json_twin(anna):
    for path in ("/inbox", "/contacts", "/outbox", "/quarantine", "/channels", "/users", "/audit", "/search?q=a"):
        text = await (await anna.get(path)).text()
        found = re.search(r'rel="alternate" type="application/json" href="([^"]+)"', text)
        assert found, path
        twin = await anna.get(html.unescape(found[1]))
        assert twin.status == 200, path
        assert {"items", "next"} <= set(await twin.json())


async def test_events_reach_the_page_and_end_with_the_session(anna, verbs):
    petra = contact_id("Petra Müller")
    async with anna.client.get(
        f"/events?contact={petra}&topics=timeline", headers={"Cookie": f"fernamt={anna.cookie}"}
    ) as stream:
        assert stream.content_type == "text/event-stream"
        await verbs.bus.subscribed.wait()
        await verbs.timeline.note(await verbs.users.session_actor(anna.cookie), contact_id("Jens Müller"), "anderswo")
        note = await verbs.timeline.note(await verbs.users.session_actor(anna.cookie), petra, "hier")
        seen = b""
        async with asyncio.timeout(5):
            while note.id.encode() not in seen:
                seen += await stream.content.readany()
        assert b"event: timeline" in seen
        assert contact_id("Jens Müller").encode() not in seen
    assert (await anna.get("/events?topics=nonsense")).status == 400


async def test_access_tokens_are_shown_once(anna):
    made = await (await anna.post("/me/tokens", {"name": "cash register", "scope": "read", "nonce": "t"})).text()
    assert "fernamt_demo_token" in made
    again = await anna.post("/me/tokens", {"name": "cash register", "scope": "read", "nonce": "t"})
    assert again.status == 303
    page = await (await anna.get("/me")).text()
    assert "fernamt_demo_token" not in page
    assert "liest nur" in page
    assert (await anna.post("/me/tokens", {"name": ""})).status == 400
    assert "cash register" in await (await anna.post("/me/tokens/t0/end")).text()
    assert "cash register" in await (await anna.get("/me")).text()
    assert (await anna.post("/me/tokens/t0/end", {"sure": "yes"})).status == 303
    assert "cash register" not in await (await anna.get("/me")).text()


async def test_an_admin_gives_a_new_password(anna, verbs, user_id):
    page = await (await anna.post(f"/users/{user_id('ben')}/password")).text()
    found = re.search(r"<code>([0-9a-f-]{19})</code>", page)
    assert found
    assert verbs.state.passwords[user_id("ben")] == found[1]


async def test_an_admin_changes_what_a_colleague_may_do_and_see(anna, verbs):
    ben = user_id_of("ben")
    page = await (await anna.get(f"/users/{ben}")).text()
    assert "Eigene Kontakte und solche, die niemand betreut" in page
    form = {"display_name": "Ben C.", "role": "read-only", "rows": "own", "teams": "Werkstatt, Lager", "active": "yes"}
    response = await anna.post(f"/users/{ben}", form)
    assert response.status == 303
    changed = verbs.state.users[ben]
    assert (changed.role.value, changed.rows.value, changed.teams) == ("read-only", "own", ("Werkstatt", "Lager"))
    assert "Nur-Lesen" in await (await anna.get("/users")).text()
    assert (await anna.post(f"/users/{ben}", {**form, "role": "king"})).status == 400


async def test_roles_of_the_company_are_made_given_and_deleted(anna, verbs):
    assert (await anna.post("/roles", {"name": "Aushilfe", "right": "read-contacts"})).status == 303
    (role,) = verbs.state.roles.values()
    assert [right.value for right in role.rights] == ["read-contacts"]
    assert "Aushilfe" in await (await anna.get("/roles")).text()
    assert 'value="Aushilfe"' in await (await anna.get(f"/roles?role={role.id}")).text()
    ben = user_id_of("ben")
    await anna.post(f"/users/{ben}", {"role": f"own:{role.id}", "rows": "all", "active": "yes"})
    assert verbs.state.users[ben].own_role == role.id
    asked = await anna.post(f"/roles/{role.id}/delete")
    assert (asked.status, role.name in await asked.text()) == (200, True)
    assert (await anna.post(f"/roles/{role.id}/delete", {"sure": "yes"})).status == 409
    await anna.post(f"/users/{ben}", {"role": "agent", "rows": "all", "active": "yes"})
    assert (await anna.post(f"/roles/{role.id}/delete", {"sure": "yes"})).headers["Location"] == "/roles?done=dropped"
    assert verbs.state.roles == {}
    assert (await anna.get("/roles?role=gone")).status == 404


async def test_the_audit_log_can_be_asked_for_a_subject_and_for_somebody(anna, verbs):
    entry = verbs.state.audit[0]
    page = await (await anna.get(f"/audit?who={entry.actor}")).text()
    assert "Alles, was" in page
    page = await (await anna.get("/audit?subject=c_nothing")).text()
    assert "c_nothing" in page


async def test_an_employee_changes_no_rights(ben):
    assert (await ben.get("/users/" + user_id_of("anna"))).status in (200, 403)
    assert (
        await ben.post("/users/" + user_id_of("ben"), {"role": "admin", "rows": "all", "active": "yes"})
    ).status == 403
    assert (await ben.post("/roles", {"name": "x", "right": "read-audit"})).status == 403
