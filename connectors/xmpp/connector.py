"""The XMPP client account: one stream to the company's server, fed into the inlet, and stanzas out. One `run` is one
session (connectors/xmpp/session.py); what the server took while we were away is read from its archive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import StanzaPath

from connectors.xmpp.acknowledgement import StreamManagement
from connectors.xmpp.archive import Archive, Take
from connectors.xmpp.card import publish_card
from connectors.xmpp.commands import Commands
from connectors.xmpp.delivery import Delivery
from connectors.xmpp.feedback import Feedback
from connectors.xmpp.guard import StrangerGuard
from connectors.xmpp.probe import probe_account
from connectors.xmpp.receipts import Receipts
from connectors.xmpp.reception import Reception, read_address
from connectors.xmpp.session import Session
from connectors.xmpp.settings import XmppSettings
from connectors.xmpp.sharing import Sharing
from connectors.xmpp.stanza import is_gesture, says_something
from connectors.xmpp.stream import FEATURES, open_client, secure_context
from hub.domain.errors import TemporaryFailure
from hub.domain.views import FileData
from hub.ports.connector import ConnectorContext, Inlet, LinkState, Parcel, ProbeStep, Receipt

log = structlog.get_logger()
HEAD_ROOM = 262_144
"""Of a kept message, for the stanza beside its files."""


class XmppConnector:
    """One client account. Carries staff chats (StaffLine) and can be probed."""

    def __init__(self, settings: XmppSettings, context: ConnectorContext) -> None:
        self._settings, self._context = settings, context
        self._guard = StrangerGuard(context.clock, context.switchboard, settings.stranger_minute)
        self._delivery: Delivery | None = None

    async def run(self, inlet: Inlet) -> None:
        """One session. See Connector.run."""
        inlet.report(LinkState.CONNECTING)
        settings, tls = self._settings, secure_context(self._settings)
        client = open_client(settings, tls)
        session = Session(client, settings.bare)
        receipts, acknowledgement = Receipts(session), StreamManagement(session)
        sharing = Sharing(session, settings, tls, room=self._context.max_message_bytes - HEAD_ROOM)
        archive = Archive(
            self._context.name, self._context.clock, inlet, own=settings.bare, hours=settings.catch_up_hours
        )
        reception = Reception(
            settings,
            self._context,
            inlet,
            session=session,
            receipts=receipts,
            sharing=sharing,
            guard=self._guard,
            kept=archive.move,
        )
        self._listen(client, reception, Feedback(inlet, self._context.clock))
        try:
            await session.connect(settings.host or None, settings.server_port if settings.host else None)
            self._delivery = Delivery(client, acknowledgement, sharing)
            await self._begin(client)
            await archive.catch_up(client, self._sort(client, reception))
            inlet.report(LinkState.UP, f"signed in as {settings.jid}")
            await session.wait()
        finally:
            self._delivery = None
            acknowledgement.close()
            receipts.close()
            await session.close()

    def _listen(self, client: ClientXMPP, reception: Reception, feedback: Feedback) -> None:
        own = self._settings.bare

        async def take(message: Any) -> None:
            await feedback.note(message)
            if message["from"].bare == own or not says_something(message.xml):
                return
            if not (is_gesture(message.xml) and self._is_colleague(message["from"])):
                await reception.take(message)

        async def take_own(carbon: Any) -> None:
            # XEP-0280 §11: slixmpp fires this only for carbons of our own account.
            message = carbon["carbon_sent"]
            if says_something(message.xml) and not self._is_ours(client, message):
                await reception.take_own(message, self._context.clock.now())

        client.register_handler(CoroutineCallback("Hub", StanzaPath("message"), take))
        client.add_event_handler("carbon_sent", take_own)

    def _sort(self, client: ClientXMPP, reception: Reception) -> Take:
        async def take(message: Any, moment: datetime) -> None:
            if not says_something(message.xml):
                return
            if message["from"].bare != self._settings.bare:
                await reception.take_archived(message, moment)
            elif not self._is_ours(client, message):
                await reception.take_own(message, moment)

        return take

    def _is_ours(self, client: ClientXMPP, message: Any) -> bool:
        """Whether this session wrote it, or it went to a colleague or to ourselves: no customer's timeline."""
        inside = message["to"].bare == self._settings.bare or self._is_colleague(message["to"])
        return inside or message["from"].resource == client.boundjid.resource

    def _is_colleague(self, jid: Any) -> bool:
        address, switchboard = read_address(jid), self._context.switchboard
        return address is not None and switchboard is not None and switchboard.is_colleague(address)

    async def _begin(self, client: ClientXMPP) -> None:
        for feature in FEATURES:
            client.plugin["xep_0030"].add_feature(feature)
        if self._settings.staff and self._context.switchboard is not None:
            Commands(client, self._context.switchboard).offer()
        client.send_presence()
        try:
            await client.plugin["xep_0280"].enable(timeout=10)  # XEP-0280 §4: anew in every session
        except (IqError, IqTimeout) as error:
            log.info("xmpp_no_carbons", channel=self._context.name, condition=getattr(error, "condition", ""))
        await publish_card(client, self._settings.bare)

    async def send(self, parcel: Parcel) -> Receipt:
        """Message stanzas under the item's own id; sent when the server has acknowledged them (XEP-0198)."""
        stanza_id = await self._open_delivery().deliver_parcel(parcel)
        return Receipt(native_ref=stanza_id, detail=f"taken by {self._settings.domain}")

    async def say(
        self,
        address: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
    ) -> None:
        """A bot's reply; see StaffLine. An answer of the bot needs no receipt of the reader (XEP-0184): the server's
        acknowledgement closes the turn."""
        await self._open_delivery().deliver(address, text, stanza_id, choices=choices, files=files)

    def _open_delivery(self) -> Delivery:
        if self._delivery is None:
            raise TemporaryFailure("The XMPP link is down.")
        return self._delivery

    async def probe(self) -> list[ProbeStep]:
        """Tries to sign in beside the running session; see Probes."""
        return await probe_account(self._settings)
