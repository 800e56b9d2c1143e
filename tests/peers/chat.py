"""A person's XMPP client in a test: signs in, writes, waits for what comes."""

import asyncio
import contextlib
import ssl
from types import TracebackType
from typing import Any, Self

from slixmpp import ClientXMPP, Message
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from tests.peers.prosody import Prosody

PLUGINS = (
    "xep_0004",
    "xep_0030",
    "xep_0050",
    "xep_0054",
    "xep_0066",
    "xep_0085",
    "xep_0172",
    "xep_0184",
    "xep_0199",
    "xep_0280",
    "xep_0308",
    "xep_0333",
    "xep_0359",
    "xep_0363",
    "xep_0444",
)


class ChatClient:
    """`async with ChatClient(prosody, "alice") as alice: await alice.say(bot, "hi")`."""

    def __init__(self, prosody: Prosody, user: str, domain: str = "") -> None:
        self.jid = f"{user}@{domain or prosody.domain}"
        context = ssl.create_default_context(cafile=str(prosody.certificates.ca))
        self._client = ClientXMPP(f"{self.jid}/phone", prosody.password(user), ssl_context=context)
        self._client.enable_direct_tls = False
        for plugin in PLUGINS:
            self._client.register_plugin(plugin)
        self._client.auto_authorize = None  # a person decides, and so does a test
        self._started = asyncio.Event()
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.receipts: asyncio.Queue[str] = asyncio.Queue()
        self.errors: asyncio.Queue[Any] = asyncio.Queue()
        self.presences: asyncio.Queue[Any] = asyncio.Queue()
        self.stanzas: asyncio.Queue[Any] = asyncio.Queue()
        """Every message stanza, also those without words."""
        self._client.add_event_handler("session_start", lambda _: self._started.set())
        self._client.add_event_handler("message", self._take)
        self._client.add_event_handler("receipt_received", lambda m: self.receipts.put_nowait(m["receipt"]))
        self._client.add_event_handler("message_error", self.errors.put_nowait)
        for kind in ("subscribe", "subscribed", "unsubscribed", "available", "unavailable"):
            self._client.add_event_handler(f"presence_{kind}", self.presences.put_nowait)
        self._client.register_handler(Callback("Every", StanzaPath("message"), self.stanzas.put_nowait))
        self._prosody = prosody

    def _take(self, message: Message) -> None:
        if message["body"]:
            self.messages.put_nowait(message)

    async def __aenter__(self) -> Self:
        self._client.connect(self._prosody.host, self._prosody.port)
        await asyncio.wait_for(self._started.wait(), 10)
        # Requests and answers about subscriptions are for resources that asked for the list (RFC 6121 §3.1.3).
        await self._client.get_roster(timeout=10)
        self._client.send_presence()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.cancel_connection_attempt()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._client.disconnect(wait=1.0)), 3)
        filters = getattr(self._client, "_run_out_filters", None)
        if filters is not None:
            filters.cancel()

    async def say(self, to: str, text: str) -> str:
        """Send a chat message; returns its id."""
        message = self._client.make_message(mto=to, mbody=text, mtype="chat")
        message["origin_id"]["id"] = message["id"]
        message["request_receipt"] = True
        message.send()
        return str(message["id"])

    async def hear(self, seconds: float = 10) -> str:
        """The next message's text."""
        return str((await asyncio.wait_for(self.messages.get(), seconds))["body"])

    async def ask(self, to: str, text: str) -> str:
        """Say it and hear the answer."""
        await self.say(to, text)
        return await self.hear()

    @property
    def client(self) -> ClientXMPP:
        """slixmpp's own, for what a test says with its plugins."""
        return self._client

    def present(self, to: str, kind: str) -> None:
        """Send a presence of this kind: "subscribe", "probe"."""
        self._client.send_presence(pto=to, ptype=kind)

    async def until_presence(self, sender: str, kind: str, seconds: float = 10) -> Any:
        """The next presence of the kind from this bare JID; others are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                presence = await self.presences.get()
                found = presence.xml.get("type", "available")
                if presence["from"].bare == sender and found == kind:
                    return presence

    async def until_stanza(self, element: str, seconds: float = 10) -> Any:
        """The next message stanza with this child, as `{namespace}name`."""
        async with asyncio.timeout(seconds):
            while True:
                stanza = await self.stanzas.get()
                if stanza.xml.find(element) is not None:
                    return stanza

    async def refused(self, seconds: float = 10) -> tuple[str, str]:
        """Condition and text of the next stanza error."""
        error = await asyncio.wait_for(self.errors.get(), seconds)
        return str(error["error"]["condition"]), str(error["error"]["text"])
