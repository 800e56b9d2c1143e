"""`/api/v1` as the command line and other programs see it."""

from pathlib import Path

import pytest

from hub.domain.errors import StoreUnavailable
from hub.domain.outbox import OutboxState
from hub.web.api.routes import API_ROUTES
from tests.fake_company import contact_id
from tests.unit.web.conftest import Program

PETRA = contact_id("Petra Müller")


def talk(verbs):
    return next(c for c in verbs.state.conversations.values() if c.subject == "Angebot für 12 Stühle")


async def test_contacts_by_any_reference(api):
    for ref in (PETRA, "p.mueller@tischlerei-mueller.example", "Petra%20M%C3%BCller"):
        status, body, response = await api.call("GET", f"/contacts/{ref}")
        assert status == 200
        assert body["id"] == PETRA
        assert response.headers["ETag"] == '"1"'
        assert body["addresses"][0]["strength"] == "verified"


async def test_ambiguous_and_unknown_names(api):
    status, body, _ = await api.call("GET", "/contacts/M%C3%BCller")
    assert status == 409
    assert body["code"] == "ambiguous"
    assert {choice["name"] for choice in body["fields"]["choices"]} >= {"Petra Müller", "Jens Müller"}
    status, body, _ = await api.call("GET", "/contacts/Zacharias")
    assert status == 404
    assert len(body["fields"]["nearest"]) == 3


async def test_contact_is_made_and_changed(api):
    status, made, response = await api.call(
        "POST", "/contacts", {"name": "Neu", "addresses": [{"channel": "email", "address": "neu@example.org"}]}
    )
    assert status == 201
    assert response.headers["Location"].endswith(made["id"])
    status, changed, response = await api.call(
        "PATCH", f"/contacts/{made['id']}", {"city": "Bonn"}, {"If-Match": '"1"'}
    )
    assert (status, changed["city"], changed["version"]) == (200, "Bonn", 2)
    status, body, _ = await api.call("PATCH", f"/contacts/{made['id']}", {"city": "Köln"}, {"If-Match": '"1"'})
    assert (status, body["code"]) == (409, "conflict")


@pytest.mark.parametrize("body", [{"name": ""}, {"nme": "X"}, {"name": "X", "roles": ["king"]}, ["x"], {"name": 3}])
async def test_bad_bodies_say_what_is_wrong(body, api):
    status, answer, _ = await api.call("POST", "/contacts", body)
    assert status == 400
    assert answer["code"] == "invalid"
    assert answer["fields"]


async def test_broken_json(api):
    response = await api.client.post("/api/v1/contacts", data=b"{oops", headers={"Authorization": "Bearer token-anna"})
    assert response.status == 400
    huge = await api.client.post(
        "/api/v1/contacts", data=b"x" * 1_100_000, headers={"Authorization": "Bearer token-anna"}
    )
    assert huge.status == 413


async def test_timeline_pages_in_both_orders(api):
    _, first, _ = await api.call("GET", f"/contacts/{PETRA}/timeline?limit=3")
    assert set(first) == {"items", "next"}
    entry = first["items"][0]
    keys = "id at channel direction kind subject text contact_id conversation_id sender recipients attachments delivery"
    assert set(keys.split()) <= set(entry)
    assert entry["at"].endswith("Z")
    _, second, _ = await api.call("GET", f"/contacts/{PETRA}/timeline?limit=3&after={first['next']}")
    assert not {e["id"] for e in first["items"]} & {e["id"] for e in second["items"]}
    _, oldest, _ = await api.call("GET", f"/contacts/{PETRA}/timeline?limit=1&order=oldest")
    assert oldest["items"][0]["at"] < entry["at"]


@pytest.mark.parametrize("limit", ["0", "201", "x", "-1", "²"])
async def test_limits(limit, api):
    status, _, _ = await api.call("GET", f"/contacts?limit={limit}")
    assert status == 400


async def test_reply_and_note(api, verbs):
    key = {"Idempotency-Key": "k1"}
    first = await api.call("POST", f"/contacts/{PETRA}/reply", {"text": "Gern."}, key)
    second = await api.call("POST", f"/contacts/{PETRA}/reply", {"text": "Gern."}, key)
    assert first[0] == second[0] == 202
    assert first[1]["entry_id"] == second[1]["entry_id"]
    status, note, _ = await api.call("POST", f"/contacts/{PETRA}/notes", {"text": "intern"})
    assert (status, note["kind"], note["direction"]) == (201, "note", "internal")


async def test_conversation_verbs(api, verbs, user_id):
    path = f"/conversations/{talk(verbs).id}"
    assert (await api.call("GET", path))[1]["subject"] == "Angebot für 12 Stühle"
    assert len((await api.call("GET", f"{path}/entries"))[1]["items"]) == 5
    assert (await api.call("GET", f"{path}/draft"))[1]["to"][0]["channel"] == "email"
    assert (await api.call("POST", f"{path}/assign", {"user": "ben"}))[1]["owner"] == user_id("ben")
    assert (await api.call("POST", f"{path}/assign", {"user": None}))[1]["owner"] == "queue"
    assert (await api.call("POST", f"{path}/close"))[1]["state"] == "closed"
    assert (await api.call("POST", f"{path}/reopen"))[1]["state"] == "open"
    assert (await api.call("POST", f"{path}/reply", {"text": "Ja", "immediately": True}))[0] == 202
    assert (await api.call("DELETE", path))[1]["deleted"] == 6
    assert (await api.call("GET", path))[0] == 404


async def test_lists(api):
    for path in ("/inbox?box=mine", "/conversations?state=closed", "/search?q=angebot", "/outbox?state=held", "/audit"):
        status, body, _ = await api.call("GET", path)
        assert status == 200
        assert set(body) - {"did_you_mean", "rebuilding"} == {"items", "next"}
    assert (await api.call("GET", "/inbox?box=attic"))[0] == 400


async def test_interaction_and_its_files(api, verbs):
    entry = next(e for e in verbs.state.entries.values() if len(e.attachments) == 2)
    _, body, _ = await api.call("GET", f"/interactions/{entry.id}")
    assert body["placement"]["evidence"] == "token"
    raw = await api.call("GET", f"/interactions/{entry.id}/raw")
    assert raw[2].headers["Content-Disposition"].startswith("attachment")
    assert (await api.call("GET", f"/interactions/{entry.id}/attachments/0"))[0] == 200
    assert (await api.call("GET", f"/interactions/{entry.id}/attachments/9"))[0] == 404
    assert (await api.call("GET", f"/interactions/{entry.id}/html"))[0] == 404


async def test_outbox_quarantine_channels(api, verbs):
    held = next(i for i in verbs.state.items.values() if i.state is OutboxState.HELD)
    assert (await api.call("GET", f"/outbox/{held.id}"))[1]["attempts"][0]["outcome"] == "unknown"
    assert (await api.call("POST", f"/outbox/{held.id}/retry"))[1]["state"] == "queued"
    assert (await api.call("POST", f"/outbox/{held.id}/cancel"))[1]["state"] == "cancelled"
    assert (await api.call("POST", f"/outbox/{held.id}/settle"))[0] == 409
    line = (await api.call("GET", "/quarantine"))[1]["items"][0]
    assert "From:" in (await api.call("GET", f"/quarantine/{line['id']}/raw"))[1]
    assert (await api.call("POST", f"/quarantine/{line['id']}/replay"))[1]["state"] == "done"
    channel = (await api.call("GET", "/channels"))[1]["items"][0]
    parts = ("done", "duplicates", "quarantined", "pending")
    assert channel["seen"] == sum(channel[part] for part in parts)
    probed = (await api.call("POST", "/channels/support/probe"))[1]
    assert probed["ok"] is False
    assert probed["steps"][-1]["fix"]


async def test_users_and_status(api, agent_api):
    status, body, _ = await api.call("POST", "/users", {"name": "lea", "role": "agent", "language": "de"})
    assert status == 201
    assert body["user"]["name"] == "lea"
    assert body["password"]
    assert (await api.call("POST", "/users/lea/link-code"))[1] == {
        "code": "K7QM2XPA",
        "expires_in": 600,
        "links": [{"channel": "telegram", "url": "https://t.me/joinery_bot?start=link_K7QM2XPA"}],
    }
    assert (await api.call("POST", "/users/nobody/link-code"))[0] == 404
    assert (await api.call("GET", "/status"))[1]["version"] == "0.1.0"
    status, refused, _ = await agent_api.call("POST", "/users", {"name": "mia"})
    assert (status, refused["code"]) == (403, "refused")


async def test_ask(api, agent_api, client):
    _, body, _ = await api.call("POST", "/ask", {"text": "wer ist müller"})
    assert set(body) >= {"reply", "intent", "slots", "choices"}
    assert len(body["choices"]) == 2
    local = Program(client, "token-local")
    status, other, _ = await local.call("POST", "/ask", {"text": "hm", "as": "ben"})
    assert status == 200
    assert other["reply"].startswith("I did not")
    assert (await agent_api.call("POST", "/ask", {"text": "hm", "as": "anna"}))[0] == 403


async def test_store_down(api, verbs):
    verbs.fail["status.read"] = StoreUnavailable("The store is down.")
    assert (await api.call("GET", "/status"))[0] == 503
    assert (await api.call("GET", "/nothing"))[0] == 404
    assert (await api.call("PUT", "/contacts"))[0] == 405


def test_every_endpoint_is_documented():
    text = (Path(__file__).parents[3] / "docs/api.md").read_text("utf-8")
    for route in API_ROUTES:
        path = route.path.removeprefix("/api/v1")
        for full, short in (
            ("{ref:[^/]+}", "{ref}"),
            ("{index:\\d{1,4}}", "{index}"),
            ("{act:retry|cancel|settle}", "{act}"),
        ):
            path = path.replace(full, short)
        for act in ("retry", "cancel", "settle") if "{act}" in path else ("",):
            shown = path.replace("{act}", act)
            assert f"{route.method} | `{shown}`" in text or f"`{route.method} {shown}`" in text, shown
