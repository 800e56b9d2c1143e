"""Fetching what strangers name: into the public internet only, bounded in size, redirects and time."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.download import NotFetched, PublicResolver, fetch, put, trusted_prefix
from hub.ports.exposure import is_public


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    """A small web server on this machine."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd12::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_the_public_internet_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_in_ipv6_is_judged_as_what_it_is(ip: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{ip}") == is_public(str(ip))
    assert not (is_public(str(ip)) and ip.is_private)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://user:pw@example.org/a",
        "https:///a",
        "not an address",
        "",
    ],
)
async def test_what_must_not_be_fetched_is_not(url: str) -> None:
    with pytest.raises(NotFetched):
        await fetch(url, max_bytes=100, seconds=5)


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    asked = []

    async def resolve(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        asked.append(host)
        addresses = {
            "rebind.example": ["8.8.8.8", "10.0.0.1"],
            "inside.example": ["127.0.0.1"],
            "out.example": ["8.8.8.8"],
        }
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in addresses[host]
        ]

    resolver = PublicResolver((), resolve)
    for host in ("rebind.example", "inside.example"):
        with pytest.raises(OSError, match="public"):
            await resolver.resolve(host, 443)
    assert [one["host"] for one in await resolver.resolve("out.example", 443)] == ["8.8.8.8"]
    assert [one["host"] for one in await PublicResolver(("inside.example",), resolve).resolve("inside.example")] == [
        "127.0.0.1"
    ]
    with pytest.raises(NotFetched):
        await fetch("https://inside.example/a", max_bytes=100, resolve=resolve)
    assert asked[-1] == "inside.example"


async def test_our_own_host_may_be_inside_and_is_bounded_in_size() -> None:
    async def small(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 100, content_type="application/pdf")

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(50):
            await answer.write(b"y" * 1000)
        return answer

    async with serving(web.get("/a/{name}", small), web.get("/endless", endless)) as base:
        got = await fetch(f"{base}/a/rechnung%20%C3%A4.pdf", max_bytes=100, trusted=(f"{base}/",))
        assert (got.name, got.type, len(got.data)) == ("rechnung ä.pdf", "application/pdf", 100)
        for path, room in (("/a/rechnung%20%C3%A4.pdf", 99), ("/endless", 2000)):
            with pytest.raises(NotFetched, match="larger"):
                await fetch(base + path, max_bytes=room, trusted=(f"{base}/",))
        with pytest.raises(NotFetched):
            await fetch(f"{base}/endless", max_bytes=100_000)


async def test_redirects_are_judged_anew_and_do_not_go_round_for_ever() -> None:
    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("https://10.0.0.1/metadata")

    async def round_(request: web.Request) -> web.Response:
        raise web.HTTPFound("/round")

    async def missing(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async with serving(web.get("/away", away), web.get("/round", round_), web.get("/missing", missing)) as base:
        for path, why in (("/away", "public internet"), ("/round", "too often"), ("/missing", "404")):
            with pytest.raises(NotFetched, match=why):
                await fetch(base + path, max_bytes=100, trusted=(f"{base}/",))


async def test_a_server_that_stalls_is_given_up() -> None:
    held = asyncio.Event()

    async def stall(request: web.Request) -> web.Response:
        await held.wait()
        return web.Response()

    async with serving(web.get("/stall", stall)) as base:
        with pytest.raises(NotFetched, match="in time"):
            await fetch(f"{base}/stall", max_bytes=100, seconds=0.2, trusted=(f"{base}/",))
        held.set()


async def test_an_upload_tells_the_servers_answer() -> None:
    seen = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.headers["Content-Type"], request.headers["Authorization"], await request.read()))
        return web.Response(status=201)

    async with serving(web.put("/slot", take)) as base:
        headers = {"Content-Type": "image/png", "Authorization": "Basic x"}
        assert await put(f"{base}/slot", b"data", headers=headers) == 201
    assert seen == [("image/png", "Basic x", b"data")]
    with pytest.raises(NotFetched):
        await put(f"{base}/slot", b"data", headers={})
    with pytest.raises(NotFetched, match="neither"):
        await put("ftp://x/slot", b"data", headers={})


async def test_of_our_own_server_only_the_folder_of_files_is_trusted() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"inside")

    async with serving(web.get("/files/{a}/{b}", answer), web.get("/admin", answer)) as base:
        trusted = (trusted_prefix(f"{base}/files/token/name.pdf"),)
        assert trusted == (f"{base}/files/",)
        assert (await fetch(f"{base}/files/other/x.pdf", max_bytes=100, trusted=trusted)).data == b"inside"
        for path in ("/admin", "/files/../admin", "/files/%2e%2e/admin", "/files/..%2fadmin/x"):
            with pytest.raises(NotFetched):
                await fetch(base + path, max_bytes=100, trusted=trusted)
        with pytest.raises(NotFetched):
            await fetch(f"{base}0/files/a/b", max_bytes=100, trusted=trusted)
    assert trusted_prefix("https://upload.example/token/name") == "https://upload.example/"
    assert trusted_prefix("https://upload.example:5443/upload/a/b/name") == "https://upload.example:5443/upload/"
