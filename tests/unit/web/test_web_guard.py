"""Who gets in, from where, and with which headers."""

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.errors import StoreUnavailable, TooMany
from hub.web.api.routes import API_ROUTES
from hub.web.console.routes import CONSOLE_ROUTES
from hub.web.guard import PUBLIC
from hub.web.pages import local_path
from hub.web.server import PortInUse, WebServer
from tests.architecture.test_rights import bundle
from tests.browser.site import make_demo_site
from tests.fake_verbs import FakeVerbs


def sample(path: str) -> str:
    path = re.sub(r"\{index[^/]*\}", "0", path)
    path = re.sub(r"\{act:[^}]*\}", "retry", path)
    return re.sub(r"\{[^/]*\}", "x", path)


@pytest.mark.parametrize(
    "route", [r for r in CONSOLE_ROUTES if r.path not in PUBLIC], ids=lambda r: f"{r.method} {r.path}"
)
async def test_every_page_requires_sign_in(route, stranger):
    if route.path in ("/static/{name}", "/preferences") or route.path.startswith("/feeds/"):
        return
    send = stranger.get if route.method == "GET" else stranger.post
    response = await send(sample(route.path))
    assert response.status == 303
    assert response.headers["Location"].startswith("/sign-in")


async def test_a_feed_opens_with_its_secret_only_and_guesses_are_counted() -> None:
    office, bundled = await bundle()
    verbs = FakeVerbs()
    verbs.calendar = bundled.calendar
    own = (await bundled.calendar.calendars(office.anna))[0]
    path = await bundled.calendar.open_feed(office.anna, own.id)
    async with TestClient(TestServer(make_demo_site(verbs))) as client:
        response = await client.get(path)
        assert response.status == 200
        assert response.content_type == "text/calendar"
        assert (await response.text()).startswith("BEGIN:VCALENDAR")
        statuses = [(await client.get(f"/feeds/{'x' * 30}{number}.ics")).status for number in range(60)]
        assert statuses[0] == 404
        assert statuses[-1] == 429


@pytest.mark.parametrize("route", API_ROUTES, ids=lambda r: f"{r.method} {r.path}")
async def test_every_endpoint_requires_a_token(route, client):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        response = await client.request(
            route.method, sample(route.path), headers={**headers, "Sec-Fetch-Site": "same-origin"}
        )
        assert response.status == 401
        assert (await response.json())["code"] == "unauthorised"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_writes_from_foreign_pages_are_refused(headers, anna, client):
    for path in ("/contacts", "/sign-out", "/sign-in", "/preferences"):
        response = await client.post(
            path, headers={"Cookie": f"fernamt={anna.cookie}", **headers}, allow_redirects=False
        )
        assert response.status == 403
    assert "contacts.create" not in anna.verbs.state.calls


async def test_same_origin_by_origin_header(anna, client):
    origin = f"http://{client.host}:{client.port}"
    headers = {"Cookie": f"fernamt={anna.cookie}", "Origin": origin}
    response = await client.post("/preferences", data={"theme": "dark"}, headers=headers, allow_redirects=False)
    assert response.status == 303


async def test_cookie_cannot_write_through_the_api(anna):
    response = await anna.client.post(
        "/api/v1/contacts",
        json={"name": "X"},
        headers={"Cookie": f"fernamt={anna.cookie}", "Sec-Fetch-Site": "same-origin"},
    )
    assert response.status == 401
    listed = await anna.get("/api/v1/contacts")
    assert listed.status == 200


async def test_headers_of_every_page(anna):
    for path in ("/", "/contacts", "/contacts/none", "/api/v1/contacts"):
        headers = (await anna.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


async def test_pages_hold_no_inline_script_or_style(anna):
    for path in ("/", "/inbox", "/contacts", "/channels", "/assistant"):
        text = await (await anna.get(path)).text()
        assert "style=" not in text
        assert "onclick" not in text
        assert re.findall(r"<script(?![^>]*src=)", text) == []


async def test_cookie_is_bound(stranger):
    response = await stranger.post("/sign-in", {"name": "anna", "password": "anna-password", "next": "/inbox"})
    assert response.status == 303
    assert response.headers["Location"] == "/inbox"
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_cookie_is_secure_over_https(verbs):
    async with TestClient(TestServer(make_demo_site(verbs, base_url="https://hub.example"))) as client:
        response = await client.post(
            "/sign-in",
            data={"name": "anna", "password": "anna-password"},
            headers={"Origin": "https://hub.example"},
            allow_redirects=False,
        )
        assert response.headers["Set-Cookie"].startswith("__Host-fernamt=")
        assert "Secure" in response.headers["Set-Cookie"]
        assert "Strict-Transport-Security" in response.headers


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y"]
)
async def test_no_open_redirect(to, stranger):
    assert local_path(to) == "/"
    response = await stranger.post("/sign-in", {"name": "anna", "password": "anna-password", "next": to})
    assert response.headers["Location"] == "/"


async def test_wrong_password_keeps_the_name(stranger):
    response = await stranger.post("/sign-in", {"name": "anna", "password": "x"}, {"Accept-Language": "de"})
    text = await response.text()
    assert response.status == 401
    assert 'value="anna"' in text
    assert "stimmt nicht" in text


async def test_too_many_sign_ins(stranger, verbs):
    from datetime import timedelta

    verbs.fail["users.sign_in"] = TooMany(
        "Too many attempts; wait a few minutes and try again.", retry_after=timedelta(seconds=42)
    )
    response = await stranger.post("/sign-in", {"name": "anna", "password": "x"})
    assert response.status == 429
    assert response.headers["Retry-After"] == "42"


async def test_too_many_wrong_tokens(client):
    statuses = [
        (await client.get("/api/v1/status", headers={"Authorization": f"Bearer w{n}"})).status for n in range(25)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_one_time_password_must_be_replaced(anna, stranger, verbs, user_id):
    verbs.state.must_change.add(user_id("anna"))
    assert (await anna.get("/inbox")).headers["Location"] == "/password"
    assert (await anna.get("/api/v1/contacts")).status == 401
    short = await anna.post("/password", {"password": "kurz", "again": "kurz"})
    assert short.status == 400
    differs = await anna.post("/password", {"password": "lang genug hier", "again": "anders genug"})
    assert differs.status == 400
    done = await anna.post("/password", {"password": "lang genug hier", "again": "lang genug hier"})
    assert done.status == 303
    assert (await anna.get("/inbox")).status == 200


async def test_sign_out_ends_the_session(anna):
    assert (await anna.post("/sign-out")).status == 303
    assert (await anna.get("/inbox")).status == 303


async def test_store_down_is_said(anna, verbs):
    verbs.fail["contacts.page"] = StoreUnavailable("The disk is full.")
    response = await anna.get("/contacts")
    assert response.status == 503
    assert "Speicher" in await response.text()
    api = await anna.get("/api/v1/contacts")
    assert api.status == 503
    assert (await api.json())["code"] == "store-unavailable"


async def test_unexpected_errors_show_no_trace(anna, verbs):
    verbs.fail["contacts.page"] = RuntimeError("secret detail")  # type: ignore[assignment]
    response = await anna.get("/contacts")
    assert response.status == 500
    assert "secret" not in await response.text()


async def test_health_and_metrics(client):
    assert (await client.get("/healthz")).status == 200
    ready = await client.get("/readyz")
    assert (await ready.json())["ready"] is True
    assert b"fernamt_up" in await (await client.get("/metrics")).read()
    proxied = {"X-Forwarded-For": "192.0.2.1"}
    assert (await client.get("/metrics", headers=proxied)).status == 403
    token = {**proxied, "Authorization": "Bearer scrape-me"}
    assert (await client.get("/metrics", headers=token)).status == 200
    user = {**proxied, "Authorization": "Bearer token-ben"}
    assert (await client.get("/metrics", headers=user)).status == 200


async def test_static_files_are_immutable(anna, client):
    text = await (await anna.get("/")).text()
    url = re.search(r"/static/console\.[0-9a-f]{12}\.css", text)
    assert url is not None
    response = await client.get(url[0])
    assert "immutable" in response.headers["Cache-Control"]
    assert response.content_type == "text/css"
    assert (await client.get("/static/..%2Fserver.py")).status == 404


async def test_port_in_use_is_a_sentence(verbs):
    first = WebServer(web.Application(), "127.0.0.1", 0)
    await first.start()
    second = WebServer(web.Application(), "127.0.0.1", first.port)
    with pytest.raises(PortInUse) as caught:
        await second.start()
    assert "--http HOST:PORT" in caught.value.sentence
    await first.stop()
