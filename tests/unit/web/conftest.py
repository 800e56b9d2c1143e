"""The site over the fakes, with clients that are signed in, not signed in, or hold a token."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from hub.domain.people import user_id_of
from tests.browser.site import make_demo_site
from tests.fake_verbs import FakeVerbs

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """A client that sends what a browser sends from our own page."""

    def __init__(self, client: TestClient[Any, Any], verbs: FakeVerbs) -> None:
        self.client, self.verbs = client, verbs
        self.cookie = ""

    async def sign_in(self, name: str) -> "Browser":
        opened = await self.verbs.users.sign_in(name, f"{name}-password", "test")
        assert opened is not None
        self.cookie = opened.cookie
        return self

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        cookie = {"Cookie": f"fernamt={self.cookie}"} if self.cookie else {}
        return {**cookie, **(more or {})}

    async def get(self, path: str, headers: dict[str, str] | None = None) -> ClientResponse:
        return await self.client.get(path, headers=self._headers(headers), allow_redirects=False)

    async def post(self, path: str, data: Any = None, headers: dict[str, str] | None = None) -> ClientResponse:
        sent = self._headers({**SAME_ORIGIN, **(headers or {})})
        return await self.client.post(path, data=data or {}, headers=sent, allow_redirects=False)


class Program:
    """A client of the API."""

    def __init__(self, client: TestClient[Any, Any], token: str) -> None:
        self.client, self.token = client, token

    async def call(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, ClientResponse]:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        response = await self.client.request(method, f"/api/v1{path}", json=json, headers=sent)
        body = await response.json() if "json" in response.content_type else await response.text()
        return response.status, body, response


@pytest.fixture
def verbs() -> FakeVerbs:
    return FakeVerbs()


@pytest.fixture
async def client(verbs: FakeVerbs) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(make_demo_site(verbs))) as made:
        yield made


@pytest.fixture
def stranger(client: TestClient[Any, Any], verbs: FakeVerbs) -> Browser:
    return Browser(client, verbs)


@pytest.fixture
async def anna(client: TestClient[Any, Any], verbs: FakeVerbs) -> Browser:
    """An admin who reads German."""
    return await Browser(client, verbs).sign_in("anna")


@pytest.fixture
async def ben(client: TestClient[Any, Any], verbs: FakeVerbs) -> Browser:
    """An employee who reads English."""
    return await Browser(client, verbs).sign_in("ben")


@pytest.fixture
def api(client: TestClient[Any, Any]) -> Program:
    """The admin's token."""
    return Program(client, "token-anna")


@pytest.fixture
def agent_api(client: TestClient[Any, Any]) -> Program:
    """The employee's token."""
    return Program(client, "token-ben")


@pytest.fixture
def user_id() -> Callable[[str], str]:
    return user_id_of


Respond = Callable[..., Awaitable[ClientResponse]]
