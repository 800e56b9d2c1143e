"""A connector that serves HTTP, behind the hub's own door for other systems (`/in/NAME/...`), on a free port."""

from types import TracebackType
from typing import Any, Self, cast

from hub.domain.people import Actor
from hub.ports.connector import Connector, Inlet
from hub.services.peers import Peers
from hub.web.peers import open_peer_door
from hub.web.server import WebServer
from tests.browser.site import make_demo_site
from tests.fake_verbs import FakeVerbs


class _Accounts:
    def __init__(self, name: str, connector: Connector) -> None:
        self._name, self._connector = name, connector

    def connector(self, name: str) -> Connector | None:
        return self._connector if name == self._name else None


class Refusals:
    """What the audit log would hold."""

    def __init__(self) -> None:
        self.recorded: list[tuple[str, str, str]] = []

    async def record(self, actor: Actor, verb: str, subject: str = "", outcome: str = "ok", detail: str = "") -> None:
        self.recorded.append((verb, subject, outcome))


class ServedConnector:
    """`async with ServedConnector("phone", connector, inlet) as door:` then post to `door.url`."""

    def __init__(self, name: str, connector: Connector, inlet: Inlet) -> None:
        self._name, self.audit = name, Refusals()
        site = make_demo_site(FakeVerbs())
        accounts: Any = _Accounts(name, connector)
        open_peer_door(site, Peers(accounts=accounts, inlet=lambda _: inlet, audit=cast(Any, self.audit)))
        self._server = WebServer(site, "127.0.0.1", 0)

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/in/{self._name}"
