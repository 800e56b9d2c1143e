"""The contacts in colleagues' contact lists. Who may see a contact is asked of the switchboard at every turn, so that
rights are the subscription: nothing about it is stored here, but for whom a subscription was already offered to.

Where the server grants it (XEP-0356), contacts are written into the lists; elsewhere they ask to be added (RFC 6121
§3.1), and a colleague's client shows that as a request.
"""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import structlog
from slixmpp.exceptions import IqError, IqTimeout

from connectors.xmpp.card import announce_picture, picture_of
from connectors.xmpp.jids import Jids
from connectors.xmpp.reception import read_address
from connectors.xmpp.session import Session
from hub.domain.address import Address
from hub.domain.errors import StoreUnavailable
from hub.ports.connector import Inlet
from hub.ports.switchboard import MAX_CALLERS, Caller, Switchboard

log = structlog.get_logger()
GROUP = "Fernamt"
ROSTER_SECONDS = 10


class ContactList:
    """Of one session of a component."""

    def __init__(self, session: Session, switchboard: Switchboard, inlet: Inlet, jids: Jids) -> None:
        self._session, self._switchboard, self._inlet, self._jids = session, switchboard, inlet, jids
        self._offered: dict[str, set[str]] = {}
        self._welcomed: set[str] = set()

    # What comes in

    async def take(self, presence: Any) -> None:
        """One presence stanza to any of our addresses. Strangers learn nothing: whatever they ask of whomever is
        answered the same way."""
        address, to = read_address(presence["from"]), presence["to"].bare
        if address is None or presence["type"] == "error":
            return
        kind = presence.xml.get("type", "available")
        if kind not in ("subscribe", "probe", "unsubscribe", "available"):
            return
        try:
            if to in (self._jids.bot, self._jids.public):
                await self._take_for_us(address, to, kind)
                return
            caller = await self._find(address, to)
        except StoreUnavailable as error:
            log.warning("xmpp_presence_not_answered", code=error.code)
            return
        match kind:
            case "subscribe" if caller is None:
                self._send(to, address, "unsubscribed")  # RFC 6121 §3.1.3, as for an address that does not exist
            case "subscribe":
                assert caller is not None
                # At once, and the other way about too, so that the entry is a whole one.
                self._send(to, address, "subscribed")
                self._send(to, address, "subscribe", nick=caller.name)
                self.show(address, caller)
            case "probe" if caller is not None:
                self.show(address, caller)  # §4.3.2
            case "probe":
                self._send(to, address, "unsubscribed")
            case "unsubscribe":
                self._send(to, address, "unsubscribed")

    async def _take_for_us(self, address: Address, to: str, kind: str) -> None:
        """The public address is anybody's; the bot's is for colleagues, and for those with a code to be one."""
        if kind == "subscribe":
            self._send(to, address, "subscribed")
        if kind in ("subscribe", "probe"):
            self._send(to, address, "")
        if to == self._jids.bot:
            await self.welcome(address)

    async def _find(self, address: Address, to: str) -> Caller | None:
        contact_id = self._jids.contact_of(to)
        if contact_id is None or not self._switchboard.is_colleague(address):
            return None
        return await self._switchboard.caller(address, contact_id)

    # What goes out

    async def offer_all(self) -> None:
        """After connecting: every colleague is offered the bot and the contacts that they should see."""
        for address in self._switchboard.colleagues("xmpp"):
            self._send(self._jids.bot, address, "")
            await self.welcome(address)

    async def welcome(self, address: Address) -> None:
        """Once a session: the contacts that a colleague should see, also of one who has linked the account just now."""
        if address.normal in self._welcomed or not self._switchboard.is_colleague(address):
            return
        self._welcomed.add(address.normal)
        try:
            callers = await self._switchboard.callers(address, MAX_CALLERS)
            await self._offer(address, callers)
        except StoreUnavailable:
            self._welcomed.discard(address.normal)
            raise
        for caller in callers:
            self.show(address, caller)

    async def offer(self, address: Address, caller: Caller) -> None:
        """One contact, who has news for this colleague."""
        await self._offer(address, [caller])
        self.show(address, caller)

    async def _offer(self, address: Address, callers: list[Caller]) -> None:
        offered = await self._load(address)
        fresh = [caller for caller in callers if caller.contact_id not in offered][:MAX_CALLERS]
        if not fresh:
            return
        if not await self._write_into_list(address, fresh):
            for caller in fresh:
                self._send(self._jids.contact(caller.contact_id), address, "subscribe", nick=caller.name)
        offered.update(caller.contact_id for caller in fresh)
        kept = sorted(offered)[-MAX_CALLERS * 4 :]
        await self._inlet.save_cursor(f"offered/{address.normal}", json.dumps(kept).encode())

    async def _load(self, address: Address) -> set[str]:
        known = self._offered.get(address.normal)
        if known is None:
            saved = await self._inlet.load_cursor(f"offered/{address.normal}")
            known = self._offered[address.normal] = set(json.loads(saved)) if saved else set()
        return known

    async def _write_into_list(self, address: Address, callers: list[Caller]) -> bool:
        """XEP-0356 §4.2; False where the server has not granted it."""
        plugin = self._session.stream.plugin["xep_0356"]
        items = {
            self._jids.contact(caller.contact_id): {"name": caller.name, "subscription": "both", "groups": [GROUP]}
            for caller in callers
        }
        try:
            await plugin.set_roster(address.normal, items, timeout=ROSTER_SECONDS)
        except PermissionError:
            return False
        except (IqError, IqTimeout) as error:
            log.info("xmpp_list_not_written", condition=getattr(error, "condition", "timeout"))
            return False
        return True

    def show(self, address: Address, caller: Caller) -> None:
        """The contact's presence: there while they wait for an answer, away otherwise."""
        presence = self._presence(self._jids.contact(caller.contact_id), address)
        if not caller.waiting:
            presence["show"] = "xa"  # RFC 6121 §4.7.2.1
        if caller.status:
            presence["status"] = caller.status
        _name(presence, caller.name)
        announce_picture(presence.xml, picture_of(caller.contact_id))
        presence.send()

    def leave(self) -> None:
        """Before disconnecting: nobody is there any more (RFC 6121 §4.5)."""
        if self._session.open:
            for address in self._switchboard.colleagues("xmpp"):
                self._send(self._jids.bot, address, "unavailable")

    def _presence(self, sender: str, address: Address) -> Any:
        return self._session.stream.make_presence(pfrom=sender, pto=address.normal)

    def _send(self, sender: str, address: Address, kind: str, *, nick: str = "") -> None:
        presence = self._presence(sender, address)
        if kind:
            presence["type"] = kind
        else:
            announce_picture(presence.xml, picture_of(""))
        if nick:
            _name(presence, nick)
        presence.send()


def _name(presence: Any, name: str) -> None:
    """XEP-0172 §4.1. By hand: make_presence leaves slixmpp's own nick element detached from the stanza."""
    element = ElementTree.Element("{http://jabber.org/protocol/nick}nick")
    element.text = name
    presence.xml.append(element)
