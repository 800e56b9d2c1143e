"""Documents over HTTP: the console's forms, the API, the page for visitors; over the real services."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.people import RowScope
from hub.ports.kinds import CONTACTS, DOCUMENTS, SHARES
from hub.services.documents.verbs import Documents
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.services.verbs import HubVerbs
from hub.web.overviews import open_overviews
from hub.web.server import make_site
from hub.web.shares import open_shares
from hub.web.site import Health, SiteFacts
from hub.web.uploads import open_upload_pages
from tests.architecture.test_rights import bundle
from tests.office import Office
from tests.office_files import pdf

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
PLAN = pdf("Treppe aus Kirschholz")


async def _healthy() -> Health:
    return Health(ready=True)


class Scene:
    """A browser over the real office."""

    def __init__(self, office: Office, verbs: HubVerbs, client: TestClient[Any, Any]) -> None:
        self.office, self.verbs, self.client, self.cookie, self.token = office, verbs, client, "", ""

    @property
    def rows(self) -> list[Any]:
        return list(self.office.store.documents(DOCUMENTS).rows.values())

    async def sign_in(self, name: str) -> None:
        user_id = self.office.user_id(name)
        await self.office.users.set_password(await self.office.actor(name), user_id, "a-long-password")
        opened = await self.office.users.sign_in(name, "a-long-password", "test")
        assert opened is not None
        self.cookie = f"fernamt={opened.cookie}"
        self.token = (await self.office.users.add_token(await self.office.actor(name), "t"))[1]

    async def get(self, path: str) -> tuple[int, bytes]:
        response = await self.client.get(path, headers={"Cookie": self.cookie}, allow_redirects=False)
        return response.status, await response.read()

    async def post(self, path: str, *files: tuple[str, bytes], cookie: bool = True, **values: str) -> tuple[int, str]:
        if files:
            form: Any = FormData(values | {"nonce": f"n{path}"})
            for name, data in files:
                form.add_field("file", data, filename=name, content_type="application/pdf")
        else:
            form = values | {"nonce": f"n{path}{values}"}
        headers = SAME_ORIGIN | ({"Cookie": self.cookie} if cookie else {})
        response = await self.client.post(path, data=form, headers=headers, allow_redirects=False)
        return response.status, response.headers.get("Location", "") or await response.text()

    async def api(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        given = {"Authorization": f"Bearer {self.token}"} | {name.replace("_", "-"): it for name, it in headers.items()}
        response = await self.client.request(method, f"/api/v1{path}", data=data, headers=given)
        text = await response.read()
        plain = response.content_type == "application/json"
        return response.status, json.loads(text) if plain and text else text


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    office, verbs = await bundle()
    assert isinstance(verbs.documents, Documents)
    site = make_site(
        verbs=scope_rows(verbs, Rows(office.store, office.staff)),
        events=office.events,
        door=None,  # type: ignore[arg-type]
        clock=office.clock,
        facts=SiteFacts(version="1", company="Tischlerei Nord", language="de", time_zone="Europe/Berlin"),
        health=_healthy,
        metrics=lambda: b"",
    )
    open_shares(site, verbs.documents.sharing)
    open_upload_pages(site, verbs.documents.requests)
    open_overviews(site, verbs.documents.overviews_kept)
    async with TestClient(TestServer(site)) as client:
        made = Scene(office, verbs, client)
        await made.sign_in("anna")
        yield made


async def test_a_file_is_kept_filed_shared_and_removed_in_the_console(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    status, where = await scene.post(
        "/documents", ("Plan.pdf", PLAN), folder="Pläne", tags="Treppe, Holz", contact="Petra Müller"
    )
    assert status == 303
    path = where.partition("?")[0]
    [document] = scene.rows
    assert (document.folder, document.tags, document.contact_id) == ("Pläne", ("Treppe", "Holz"), contact.id)
    # The same form twice keeps one.
    await scene.post("/documents", ("Plan.pdf", PLAN), folder="Pläne")
    assert len(scene.rows) == 1
    assert b"Petra M" in (await scene.get("/documents?folder=Pl%C3%A4ne"))[1]
    assert (await scene.get(f"{path}/file"))[1] == PLAN
    assert (await scene.get(f"{path}/preview"))[1].startswith(b"\x89PNG")
    status, page = await scene.post(f"{path}/share", days="7", limit="1")
    assert status == 200
    link = re.search(r"https://hub.example(/f/[a-z2-7]{40})", page)
    assert link is not None
    fetched = await scene.client.get(link[1])
    assert (fetched.status, await fetched.read()) == (200, PLAN)
    assert (await scene.client.get(link[1])).status == 404
    assert link[1].encode() not in (await scene.get(path))[1]
    status, _ = await scene.post(path, name="Plan B.pdf", folder="A/B", tags="", contact="", version="9")
    assert status == 409
    current = scene.rows[0].version
    status, _ = await scene.post(
        path, name="Plan B.pdf", folder="A/B", tags="", keep_until="2999-01-01", version=str(current)
    )
    assert (status, scene.rows[0].name) == (303, "Plan B.pdf")
    assert (await scene.post(f"{path}/remove"))[0] == 409


@pytest.mark.parametrize("path", ["/documents", "/documents/d_none/versions"])
async def test_a_form_without_a_file_or_that_is_none_says_so(scene: Scene, path: str) -> None:
    assert (await scene.post(path, ("", b"")))[0] in (400, 404)
    assert (await scene.post(path, folder="x"))[0] in (400, 404)
    assert scene.rows == []


async def test_a_file_beyond_the_limit_is_refused(scene: Scene) -> None:
    status, page = await scene.post("/documents", ("big.bin", b"x" * 5_200_000))
    assert status == 413
    assert "4 MB" in page
    status, body = await scene.api("POST", "/documents?name=big.bin", b"x" * 5_300_000)
    assert (status, body["code"]) == (413, "upload-too-large")
    assert scene.rows == []


async def test_the_api_from_keeping_to_restoring(scene: Scene) -> None:
    status, kept = await scene.api("POST", "/documents?name=..%2Fa.txt&tag=x", b"Nussbaum", Idempotency_Key="1")
    assert (status, kept["name"], kept["type"], kept["tags"]) == (201, "a.txt", "text/plain", ["x"])
    again = (await scene.api("POST", "/documents?name=a.txt", b"Nussbaum", Idempotency_Key="1"))[1]
    assert again["id"] == kept["id"]
    path = f"/documents/{kept['id']}"
    status, changed = await scene.api(
        "PATCH", path, {"folder": "F", "links": ["order:1"]}, If_Match=f'"{kept["version"]}"'
    )
    assert (status, changed["folder"]) == (200, "F")
    assert (await scene.api("PATCH", path, {"folder": "G"}, If_Match=f'"{kept["version"]}"'))[0] == 409
    assert (await scene.api("PATCH", path, {"links": ["nonsense"]}))[0] == 400
    assert (await scene.api("PATCH", path, {"unknown": 1}))[0] == 400
    assert (await scene.api("POST", f"{path}/versions?name=b.txt", b"Eiche"))[1]["versions"][1]["number"] == 2
    assert (await scene.api("GET", f"{path}/file?version=1"))[1] == b"Nussbaum"
    assert (await scene.api("GET", f"{path}/file?version=7"))[0] == 404
    assert (await scene.api("GET", f"{path}/preview"))[0] == 404
    status, shared = await scene.api("POST", f"{path}/share", {"days": 3})
    assert status == 201
    assert "address" not in (await scene.api("GET", f"/shares?document={kept['id']}"))[1]["items"][0]
    assert (await scene.api("DELETE", f"/shares/{shared['id']}"))[1]["revoked_at"]
    assert (await scene.api("DELETE", path))[1]["removed_at"]
    assert (await scene.api("GET", "/documents"))[1]["items"] == []
    assert (await scene.api("POST", f"{path}/restore"))[1]["removed_at"] is None
    assert (await scene.api("GET", "/document-folders"))[1]["folders"] == ["F"]


async def test_a_visitor_sends_files_by_an_upload_link_without_script(scene: Scene) -> None:
    status, made = await scene.api("POST", "/upload-requests", {"folder": "Pläne", "text": "Ihr <b>Plan</b>"})
    assert status == 201
    path = "/u/" + made["address"].rpartition("/")[2]
    page = await (await scene.client.get(path)).text()
    assert "Ihr &lt;b&gt;Plan" in page
    assert (await scene.post(path, ("a.pdf", PLAN), ("b.pdf", PLAN), cookie=False))[0] == 303
    assert sorted(row.name for row in scene.rows) == ["a.pdf", "b.pdf"]
    assert (await scene.post(path, ("", b""), cookie=False))[0] == 400
    assert (await scene.client.post(path, data={"x": "y"}, headers={"Sec-Fetch-Site": "cross-site"})).status == 403
    await scene.api("DELETE", f"/upload-requests/{made['id']}")
    assert (await scene.client.get(path)).status == 404
    assert (await scene.post(path, ("c.pdf", PLAN), cookie=False))[0] == 404
    assert len(scene.rows) == 2


async def test_guessing_upload_links_is_slowed_down(scene: Scene) -> None:
    statuses = [(await scene.client.get(f"/u/{'a' * 38}{number:02d}")).status for number in range(25)]
    assert statuses[0] == 404
    assert statuses[-1] == 429


async def test_documents_of_hidden_contacts_are_not_there(scene: Scene) -> None:
    from dataclasses import replace

    contact = await scene.office.customer("Petra Geheim")
    await scene.office.store.documents(CONTACTS).replace(replace(contact, owner=scene.office.user_id("anna")), 1)
    await scene.post("/documents", ("Geheim.pdf", PLAN), contact="Petra Geheim")
    _, company = await scene.api("POST", "/documents?name=Firma.txt", b"Kirschholz der Firma")
    [hidden] = [row for row in scene.rows if row.contact_id]
    _, shared = await scene.api("POST", f"/documents/{hidden.id}/share", {})
    _, wanted = await scene.api("POST", "/upload-requests", {"contact": "Petra Geheim"})
    await scene.office.limit("ben", RowScope.OWN)
    await scene.sign_in("ben")
    for path in ("/documents", "/documents?q=kirschholz", "/documents?q=geheim", "/documents?tag=x"):
        names = [one["name"] for one in (await scene.api("GET", path))[1]["items"]]
        assert "Geheim.pdf" not in names, path
    assert [one["id"] for one in (await scene.api("GET", "/documents"))[1]["items"]] == [company["id"]]
    for method, path, body in (
        ("GET", f"/documents/{hidden.id}", None),
        ("GET", f"/documents/{hidden.id}/file", None),
        ("GET", f"/documents/{hidden.id}/preview", None),
        ("PATCH", f"/documents/{hidden.id}", {"folder": "x"}),
        ("DELETE", f"/documents/{hidden.id}", None),
        ("POST", f"/documents/{hidden.id}/share", {}),
        ("DELETE", f"/shares/{shared['id']}", None),
        ("DELETE", f"/upload-requests/{wanted['id']}", None),
        ("GET", f"/documents?contact={contact.id}", None),
    ):
        assert (await scene.api(method, path, body))[0] == 404, (method, path)
    assert (await scene.api("GET", "/shares"))[1]["items"] == []
    assert (await scene.api("GET", "/upload-requests"))[1]["items"] == []
    assert b"Geheim" not in (await scene.get("/documents"))[1]
    assert (await scene.get(f"/documents/{hidden.id}"))[0] == 404
    assert all(share.revoked_at is None for share in scene.office.store.documents(SHARES).rows.values())


async def test_what_would_be_purged_is_told_to_whoever_may_delete(scene: Scene) -> None:
    _, kept = await scene.api("POST", "/documents?name=alt.txt", b"x", Idempotency_Key="k")
    await scene.api("DELETE", f"/documents/{kept['id']}")
    assert (await scene.api("GET", "/document-purge"))[0] == 403
    assert (await scene.api("POST", "/document-purge"))[0] == 403
    await scene.sign_in("admin")
    assert (await scene.api("GET", "/document-purge"))[1]["items"] == []
    scene.office.later(days=31)
    await scene.sign_in("admin")
    assert [one["id"] for one in (await scene.api("GET", "/document-purge"))[1]["items"]] == [kept["id"]]
    assert await scene.api("POST", "/document-purge", {}) == (202, {"due": 1})
