"""What becomes of what we sent, and what happens at the other side: receipts, markers, errors, somebody who writes."""

from collections import OrderedDict
from typing import Any

import structlog

from connectors.xmpp.reception import read_address
from hub.domain.errors import StoreUnavailable
from hub.domain.message import RecipientStatus
from hub.domain.signal import Signal, SignalKind
from hub.ports.clock import Clock
from hub.ports.connector import DeliveryUpdate, Inlet

log = structlog.get_logger()
_RECEIVED = "{urn:xmpp:receipts}received"
_DISPLAYED = "{urn:xmpp:chat-markers:0}displayed"
_MARKED = ("{urn:xmpp:chat-markers:0}received", "{urn:xmpp:chat-markers:0}acknowledged")
_STATES = "{http://jabber.org/protocol/chatstates}"
_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
_BLOCKED = "{urn:xmpp:blocking:errors}blocked"
NO_SUCH = ("item-not-found", "jid-malformed", "gone")
FOR_NOW = ("resource-constraint", "remote-server-timeout", "recipient-unavailable", "internal-server-error")
MAX_WRITING = 1_000


class Feedback:
    """Of one session."""

    def __init__(self, inlet: Inlet, clock: Clock) -> None:
        self._inlet, self._clock = inlet, clock
        self._writing: OrderedDict[str, SignalKind] = OrderedDict()

    async def note(self, message: Any) -> None:
        """Looks at any message stanza, of whatever type."""
        try:
            if message["type"] == "error":
                await self._note_error(message)
            else:
                await self._note_receipt(message)
                await self._note_state(message)
        except StoreUnavailable as error:
            log.warning("xmpp_delivery_news_lost", code=error.code)

    async def _note_receipt(self, message: Any) -> None:
        """XEP-0184 §5.2: the other side has it. XEP-0333 §3.2: it was shown to a person."""
        for tag, words in ((_RECEIVED, ""), *((tag, "") for tag in _MARKED), (_DISPLAYED, "displayed")):
            element = message.xml.find(tag)
            if element is not None and element.get("id"):
                await self._tell(message, element.get("id"), action="delivered", status="2.0.0", words=words)

    async def _note_error(self, message: Any) -> None:
        """RFC 6120 §8.3: the recipient's server could not deliver it."""
        identifier = message["id"]
        error = next((child for child in message.xml if child.tag.rpartition("}")[2] == "error"), None)
        if error is None or not identifier:
            return
        conditions = [child.tag.rpartition("}")[2] for child in error if _ERRORS in child.tag]
        condition = next((one for one in conditions if one != "text"), "undefined-condition")
        words = next((child.text or "" for child in error if child.tag.endswith("}text")), "")
        if error.find(_BLOCKED) is not None:
            condition, words = "blocked", words or "the recipient is blocked"  # XEP-0191 §3.8
        status = "5.1.1" if condition in NO_SUCH else "4.4.0" if condition in FOR_NOW else "5.7.0"
        await self._tell(message, identifier, action="failed", status=status, words=f"{condition} {words}".strip())

    async def _tell(self, message: Any, identifier: str, *, action: str, status: str, words: str) -> None:
        recipient = message["from"].bare
        await self._inlet.delivered(
            DeliveryUpdate(
                message_id=identifier,
                native_ref=identifier,
                at=self._clock.now(),
                status=RecipientStatus(recipient=recipient, action=action, status=status, diagnostic=words[:500]),
            )
        )

    async def _note_state(self, message: Any) -> None:
        """XEP-0085 §5: somebody writes, or stops; each change is told once."""
        if message["type"] not in ("chat", "normal"):
            return
        state = next((child.tag.removeprefix(_STATES) for child in message.xml if child.tag.startswith(_STATES)), "")
        kind = SignalKind.COMPOSING if state == "composing" else SignalKind.PAUSED if state else None
        address = read_address(message["from"])
        if kind is None or address is None:
            return
        before = self._writing.pop(address.key, SignalKind.PAUSED)
        self._writing[address.key] = kind
        while len(self._writing) > MAX_WRITING:
            self._writing.popitem(last=False)
        if kind is not before:
            await self._inlet.signal(Signal(kind=kind, address=address, at=self._clock.now()))
