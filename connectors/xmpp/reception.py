"""What comes in on a stream: each message of a person is kept, then confirmed. The files that it shares are fetched
before it is kept."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog

from config.fields import TlsMode
from connectors.xmpp.address import XMPP_FORM
from connectors.xmpp.guard import StrangerGuard
from connectors.xmpp.receipts import Receipts
from connectors.xmpp.session import Session
from connectors.xmpp.settings import XmppSettings
from connectors.xmpp.sharing import Sharing
from connectors.xmpp.stanza import drop_stanza_ids, name_stanza, read_delay, read_links, sender_id
from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.errors import Invalid, StoreUnavailable, Unreachable
from hub.domain.message import Envelope
from hub.ports.bundle import pack_bundle
from hub.ports.connector import ConnectorContext, Inlet

log = structlog.get_logger()
Kept = Callable[[datetime], None]
COMPONENT_SPACE = ' xmlns="jabber:component:accept"'
CLIENT_SPACE = ' xmlns="jabber:client"'
LATER = "The message could not be kept just now; please send it again in a moment."
TOO_OFTEN = "Too many messages; please wait a minute."


class Reception:
    """Of one session. `kept` hears the time of each message that is kept."""

    def __init__(
        self,
        settings: XmppSettings,
        context: ConnectorContext,
        inlet: Inlet,
        *,
        session: Session,
        receipts: Receipts,
        sharing: Sharing,
        guard: StrangerGuard,
        kept: Kept = lambda moment: None,
    ) -> None:
        self._settings, self._context, self._inlet = settings, context, inlet
        self._session, self._receipts, self._sharing, self._guard = session, receipts, sharing, guard
        self._kept = kept

    async def take(self, message: Any) -> None:
        """One message of somebody that says something."""
        received_at = read_delay(message.xml) or self._context.clock.now()
        if await self._guarded(self._keep_live, message, received_at):
            self._receipts.owe(message)

    async def take_own(self, message: Any, moment: datetime) -> bool:
        """One that was written with our account in another client (XEP-0280 §7, or from the archive)."""
        return await self._guarded(self._keep_own, message, moment)

    async def take_archived(self, message: Any, moment: datetime) -> None:
        """One from the archive. Raises StoreUnavailable."""
        await self._inlet.accept(await self._arrival(message, moment, await self._is_known(message)))
        self._kept(moment)

    async def _guarded(self, keep: Callable[[Any, datetime], Awaitable[bool]], message: Any, moment: datetime) -> bool:
        """True where it is kept now."""
        try:
            if not await keep(message, moment):
                return False
        except StoreUnavailable:
            log.warning("xmpp_arrival_refused", channel=self._context.name, code="store-unavailable")
            if self._settings.is_component:
                # No archive would bring it again: the sender must know that it was not taken (RFC 6120 §8.3.3.18).
                refuse(message, "resource-constraint", "wait", LATER)
                return False
            # Not kept, so not confirmed: the archive brings it again, since the cursor did not move.
            self._session.fail(
                Unreachable("The store could not keep a message; the session is opened anew to fetch it again.")
            )
            return False
        except Invalid as error:
            log.warning("xmpp_arrival_invalid", channel=self._context.name, code=error.code)
            return False
        self._kept(moment)
        return True

    async def _keep_live(self, message: Any, moment: datetime) -> bool:
        known = await self._is_known(message)
        address = read_address(message["from"])
        if not known and address is not None and not self._guard.permits(address):
            refuse(message, "resource-constraint", "wait", TOO_OFTEN)
            log.warning("xmpp_flood", channel=self._context.name, domain=address.domain)
            return False
        await self._inlet.accept(await self._arrival(message, moment, known))
        return True

    async def _keep_own(self, message: Any, moment: datetime) -> bool:
        bare = self._settings.bare
        identifier = sender_id(message.xml) or secrets.token_hex(16)
        await self._inlet.accept(
            Arrival(
                account=self._context.name,
                # Carbon and archive name it differently; what its own client called it is in both.
                native_id=f"xmpp:{bare}:sent:{identifier}",
                raw=self._raw(message),
                envelope=Envelope(
                    sender=str(message["from"]),
                    recipients=(message["to"].bare,),
                    client=self._settings.host,
                    tls=True,
                    authenticated=True,
                    outgoing=True,
                    native_ref=message["id"],
                ),
                received_at=moment,
                sender_hint=message["to"].bare,
            )
        )
        return True

    async def _is_known(self, message: Any) -> bool:
        address = read_address(message["from"])
        return address is not None and await self._guard.is_known(address)

    def _raw(self, message: Any) -> bytes:
        text = str(message)
        head, sign, rest = text.partition(">")
        return (head.replace(COMPONENT_SPACE, CLIENT_SPACE) + sign + rest).encode("utf-8", "replace")

    async def _arrival(self, message: Any, moment: datetime, known: bool) -> Arrival:
        if self._settings.is_component:
            # No archive of our own server stands behind a component: what carries its name is made up.
            drop_stanza_ids(message.xml)
        links = read_links(message.xml)
        raw = self._raw(message)
        if links and (known or self._settings.welcomes):
            files = await self._sharing.fetch_all(links)
            if len(files) == len(links):
                raw = pack_bundle(raw, files)
        return Arrival(
            account=self._context.name,
            # XEP-0359: the id by our own server, else sender and origin-id, else random.
            native_id=name_stanza(message.xml) or secrets.token_hex(16),
            raw=raw,
            envelope=Envelope(
                sender=str(message["from"]),
                recipients=(message["to"].bare,),
                client=self._settings.host,
                tls=self._settings.tls is not TlsMode.NONE,
                # The sender's server authenticated the stream and stamped `from` (RFC 6120 §8.1.2.1).
                authenticated=True,
                native_ref=message["id"],
            ),
            received_at=moment,
            sender_hint=message["from"].bare,
        )


def read_address(jid: Any) -> Address | None:
    """The address of a JID; None for a server's."""
    try:
        return XMPP_FORM.normalise(str(jid))
    except Invalid:
        return None


def refuse(message: Any, condition: str, kind: str, text: str = "") -> None:
    """Answer with a stanza error (RFC 6120 §8.3): whoever wrote learns that it was not taken, and why. An error is
    never answered (§8.3.1)."""
    if message["type"] == "error":
        return
    reply = message.reply(clear=True)
    reply["from"], reply["to"] = message["to"], message["from"]
    reply["id"] = message["id"]
    reply["type"] = "error"
    reply["error"]["type"] = kind
    reply["error"]["condition"] = condition
    if text:
        reply["error"]["text"] = text
    reply.send()
