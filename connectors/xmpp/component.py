"""The XMPP component (XEP-0114): a domain of its own on the company's server. Every contact has an address in it, so
that any XMPP client is a desk; customers write to the public address, colleagues talk to the bot's.

A component has no stream management and no archive: a message counts as received when its receipt goes out, which is
after it was kept; what we send counts as taken when our ping behind it has come back (connectors/xmpp/acknowledgement).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import structlog
from slixmpp import ComponentXMPP
from slixmpp.plugins.xep_0030 import DiscoInfo
from slixmpp.xmlstream.handler import Callback, CoroutineCallback
from slixmpp.xmlstream.matcher import MatchXPath, StanzaPath

from connectors.xmpp.acknowledgement import Echo
from connectors.xmpp.card import VCARD, bot_card, card_of
from connectors.xmpp.commands import Commands
from connectors.xmpp.delivery import Delivery
from connectors.xmpp.desk import Desk
from connectors.xmpp.feedback import Feedback
from connectors.xmpp.guard import StrangerGuard
from connectors.xmpp.jids import Jids
from connectors.xmpp.probe import probe_component
from connectors.xmpp.receipts import Receipts
from connectors.xmpp.reception import Reception, read_address, refuse
from connectors.xmpp.roster import ContactList
from connectors.xmpp.session import Session
from connectors.xmpp.settings import XmppSettings
from connectors.xmpp.sharing import Sharing
from connectors.xmpp.stanza import find_text, is_gesture, says_something
from connectors.xmpp.stream import FEATURES, open_component, secure_context
from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable, TemporaryFailure
from hub.domain.ids import ContactId
from hub.domain.outbox import OutboxItem, Purpose
from hub.domain.views import FileData
from hub.ports.connector import ConnectorContext, Inlet, LinkState, Parcel, ProbeStep, Receipt

log = structlog.get_logger()
HEAD_ROOM = 262_144
GRANT_SECONDS = 0.5
FOR_COLLEAGUES = (
    "Dies ist ein interner Assistent, der nur mit Kolleginnen und Kollegen spricht. Sie erreichen uns unter {public}.\n"
    "This is an internal assistant that only talks to colleagues. You reach us at {public}."
)


class XmppComponent:
    """One component. Carries staff chats (StaffLine) and can be probed."""

    def __init__(self, settings: XmppSettings, context: ConnectorContext) -> None:
        self._settings, self._context = settings, context
        self._jids = Jids(domain=settings.domain, bot=settings.bare, public=settings.writes_from)
        self._guard = StrangerGuard(context.clock, context.switchboard, settings.stranger_minute)
        self._delivery: Delivery | None = None
        self._contacts: ContactList | None = None

    async def run(self, inlet: Inlet) -> None:
        """One session. See Connector.run."""
        inlet.report(LinkState.CONNECTING)
        settings, tls = self._settings, secure_context(self._settings)
        stream = open_component(settings, tls)
        session = Session(stream, settings.domain)
        receipts, echo = Receipts(session), Echo(session, settings.domain)
        sharing = Sharing(
            session, settings, tls, room=self._context.max_message_bytes - HEAD_ROOM, sender=self._jids.bot
        )
        reception = Reception(
            settings, self._context, inlet, session=session, receipts=receipts, sharing=sharing, guard=self._guard
        )
        desk = self._open_desk(session, inlet, receipts, sharing)
        self._listen(stream, reception, Feedback(inlet, self._context.clock), desk)
        await self._describe(stream)
        granted, greeting = asyncio.Event(), None
        stream.add_event_handler("privileges_advertised", lambda _: granted.set())
        try:
            await session.connect(settings.host, settings.server_port)
            self._delivery = Delivery(stream, echo, sharing, self._jids.public)
            greeting = asyncio.create_task(self._greet(granted), name=f"xmpp-greeting:{self._context.name}")
            greeting.add_done_callback(_tell_failure)
            inlet.report(LinkState.UP, f"connected as {settings.domain}")
            await session.wait()
        finally:
            self._delivery = None
            if greeting is not None:
                greeting.cancel()
            if self._contacts is not None:
                self._contacts.leave()
            echo.close()
            receipts.close()
            await session.close()

    def _open_desk(self, session: Session, inlet: Inlet, receipts: Receipts, sharing: Sharing) -> Desk | None:
        switchboard = self._context.switchboard
        if switchboard is None or not self._settings.staff:
            return None
        self._contacts = ContactList(session, switchboard, inlet, self._jids)
        return Desk(switchboard, self._contacts, receipts, sharing)

    async def _greet(self, granted: asyncio.Event) -> None:
        """Colleagues are offered contacts; a server that grants its lists says so right after the start (XEP-0356)."""
        if self._contacts is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(granted.wait(), GRANT_SECONDS)
        try:
            await self._contacts.offer_all()
        except StoreUnavailable as error:
            # Whoever has news, or writes to the bot, is offered then.
            log.warning("xmpp_contacts_not_offered", code=error.code)

    # In

    def _listen(self, stream: ComponentXMPP, reception: Reception, feedback: Feedback, desk: Desk | None) -> None:
        async def take(message: Any) -> None:
            to = message["to"].bare
            if to == self._jids.public:
                await feedback.note(message)
            elif message["type"] == "error":
                await feedback.note(message)
                return
            if says_something(message.xml):
                await self._sort(message, to, reception, desk)

        async def take_presence(presence: Any) -> None:
            if self._contacts is not None:
                await self._contacts.take(presence)

        # slixmpp believes whoever says that we are privileged, and remembers each.
        stream.remove_handler("Privileges")
        stream.register_handler(Callback("Privileges", StanzaPath("message/privilege"), self._take_grant))
        stream.register_handler(CoroutineCallback("Hub", StanzaPath("message"), take))
        stream.register_handler(
            CoroutineCallback("Card", MatchXPath(f"{{{stream.default_ns}}}iq/{{{VCARD}}}vCard"), self._show_card)
        )
        stream.add_event_handler("any_presence", take_presence)
        if desk is not None and self._context.switchboard is not None:
            Commands(stream, self._context.switchboard, self._jids.bot).offer()

    def _take_grant(self, message: Any) -> None:
        """XEP-0356 §4: only the server of our colleagues may say what we may do to their lists."""
        sender, switchboard = message["from"], self._context.switchboard
        if sender.user or switchboard is None:
            return
        if any(address.domain == sender.domain for address in switchboard.colleagues("xmpp")):
            message.stream.plugin["xep_0356"]._handle_privilege(message)

    async def _sort(self, message: Any, to: str, reception: Reception, desk: Desk | None) -> None:
        contact_id = self._jids.contact_of(to)
        if contact_id is not None and desk is not None:
            await desk.take(message, contact_id)
        elif to == self._jids.bot and self._admits(message):
            if not is_gesture(message.xml):
                await reception.take(message)
            await self._welcome(message)
        elif to == self._jids.bot:
            refuse(message, "forbidden", "auth", FOR_COLLEAGUES.format(public=self._jids.public))
        elif to == self._jids.public:
            await reception.take(message)
        else:
            refuse(message, "service-unavailable", "cancel")  # RFC 6121 §8.5.1

    async def _welcome(self, message: Any) -> None:
        address = read_address(message["from"])
        if address is None or self._contacts is None:
            return
        try:
            await self._contacts.welcome(address)
        except StoreUnavailable as error:
            log.warning("xmpp_contacts_not_offered", code=error.code)

    def _admits(self, message: Any) -> bool:
        address, switchboard = read_address(message["from"]), self._context.switchboard
        if address is None or switchboard is None:
            return False
        return switchboard.admits(address, find_text(message.xml, "body"))

    async def _show_card(self, iq: Any) -> None:
        """XEP-0054 §3.1; for a contact's only to colleagues who see them, and for strangers as if there were none."""
        if iq["type"] != "get":
            return
        to, address, card = iq["to"].bare, read_address(iq["from"]), None
        contact_id, switchboard = self._jids.contact_of(to), self._context.switchboard
        if to in (self._jids.bot, self._jids.public):
            card = bot_card()
        elif contact_id is not None and switchboard is not None and address is not None:
            caller = await switchboard.caller(address, contact_id)
            card = card_of(caller) if caller is not None else None
        if card is None:
            refuse(iq, "service-unavailable", "cancel")
            return
        reply = iq.reply(clear=True)
        reply.xml.append(card)
        reply.send()

    async def _describe(self, stream: ComponentXMPP) -> None:
        """XEP-0030: every address answers the same, whether or not anybody is behind it."""
        disco = stream.plugin["xep_0030"]
        await disco.add_identity(category="gateway", itype="xmpp", name="Fernamt")
        for feature in FEATURES:
            await disco.add_feature(feature)
        features = (*FEATURES, "http://jabber.org/protocol/disco#info", "vcard-temp", "urn:xmpp:ping")

        def answer(jid: Any, node: Any, ifrom: Any, data: Any) -> Any:
            if node or jid is None or not jid.user:
                return disco.static.get_info(jid, node, ifrom, data)
            info = DiscoInfo()
            info.add_identity("account", "registered")
            for feature in features:
                info.add_feature(feature)
            if jid.bare == self._jids.bot:
                info.add_feature("http://jabber.org/protocol/commands")
            return info

        disco.set_node_handler("get_info", handler=answer)

    # Out

    async def send(self, parcel: Parcel) -> Receipt:
        """Message stanzas under the item's own id: notices from the contact that they are about, or from the bot;
        everything else from the public address."""
        delivery = self._open_delivery()
        stanza_id = await delivery.deliver_parcel(parcel, sender=self._speaker(parcel.item))
        await self._show_news(parcel.item)
        return Receipt(native_ref=stanza_id, detail=f"taken by {self._settings.domain}'s server")

    def _speaker(self, item: OutboxItem) -> str:
        if item.purpose is not Purpose.NOTICE:
            return self._jids.public
        return self._jids.contact(item.contact_id) if item.contact_id else self._jids.bot

    async def _show_news(self, item: OutboxItem) -> None:
        """Whoever hears of a contact gets them into their list."""
        if item.purpose is not Purpose.NOTICE or item.contact_id is None or self._contacts is None:
            return
        switchboard = self._context.switchboard
        assert switchboard is not None
        try:
            caller = await switchboard.caller(item.recipient, item.contact_id)
            if caller is not None:
                await self._contacts.offer(item.recipient, caller)
        except StoreUnavailable as error:
            log.warning("xmpp_contact_not_offered", code=error.code)

    async def say(
        self,
        address: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
    ) -> None:
        """A bot's reply; see StaffLine."""
        await self._open_delivery().deliver(
            address, text, stanza_id, choices=choices, files=files, sender=self._jids.bot
        )

    async def show_writing(self, address: Address, contact_id: ContactId, *, writing: bool) -> None:
        """See ShowsWriting: a chat state of the contact's (XEP-0085 §5.2)."""
        if self._delivery is not None:
            self._delivery.show_state(
                address.normal, "composing" if writing else "paused", sender=self._jids.contact(contact_id)
            )

    def _open_delivery(self) -> Delivery:
        if self._delivery is None:
            raise TemporaryFailure("The XMPP link is down.")
        return self._delivery

    async def probe(self) -> list[ProbeStep]:
        """Tries the connection and the secret; see Probes. A running component is not disturbed."""
        return await probe_component(self._settings, connected=self._delivery is not None)


def _tell_failure(task: asyncio.Task[None]) -> None:
    """Contacts that could not be offered are offered with their next news; but it must be known."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("xmpp_greeting_failed", error=type(error).__name__, exc_info=error)
