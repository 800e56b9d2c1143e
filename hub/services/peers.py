"""What other systems send us by HTTP: webhooks of shops, telephony and fax services, the chat widget. Each request goes
to the connector whose channel it names; what that one must keep is durable before the peer hears a 2xx."""

import asyncio
from collections.abc import Callable

import structlog

from hub.domain.errors import Invalid, NotFound, Refused
from hub.domain.people import system_actor
from hub.ports.connector import Accounts, HttpAnswer, HttpRequest, Inlet, ServesHttp
from hub.services.audit import Audit

log = structlog.get_logger()
SECONDS = 30.0
PEER = system_actor("peer")


class Peers:
    """Hands requests to connectors. `inlet` gives a channel's way into the hub."""

    def __init__(self, *, accounts: Accounts, inlet: Callable[[str], Inlet], audit: Audit) -> None:
        self._accounts, self._inlet, self._audit = accounts, inlet, audit

    async def answer(self, name: str, request: HttpRequest) -> HttpAnswer:
        """The connector's answer. Raises NotFound where no such channel takes requests, StoreUnavailable, TooMany,
        Invalid; a refusal is in the audit log and becomes 401."""
        connector: object = self._accounts.connector(name)
        if not isinstance(connector, ServesHttp):
            raise NotFound("There is no such address.")
        try:
            async with asyncio.timeout(SECONDS):
                return await connector.answer(request, self._inlet(name))
        except Refused as error:
            log.warning("peer_refused", channel=name, client=request.client, code=error.code)
            await self._audit.record(PEER, "peers.answer", name, "refused", detail=f"from {request.client}"[:200])
            return HttpAnswer(status=401, body=b"The signature is missing or wrong.")
        except TimeoutError as error:
            log.warning("peer_timed_out", channel=name, client=request.client)
            raise Invalid("This took too long; send it again.") from error
