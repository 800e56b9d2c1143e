"""A person's XMPP client in a test: signs in, writes, waits for what comes."""

import asyncio
import contextlib
import ssl
from types import TracebackType
from typing import Self

from slixmpp import ClientXMPP, Message

from tests.peers.prosody import Prosody


class ChatClient:
    """`async with ChatClient(prosody, "alice") as alice: await alice.say(bot, "hi")`."""

    def __init__(self, prosody: Prosody, user: str, domain: str = "") -> None:
        self.jid = f"{user}@{domain or prosody.domain}"
        context = ssl.create_default_context(cafile=str(prosody.certificates.ca))
        self._client = ClientXMPP(f"{self.jid}/phone", prosody.password(user), ssl_context=context)
        self._client.enable_direct_tls = False
        self._client.register_plugin("xep_0184")
        self._client.register_plugin("xep_0359")
        self._started = asyncio.Event()
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.receipts: asyncio.Queue[str] = asyncio.Queue()
        self._client.add_event_handler("session_start", lambda _: self._started.set())
        self._client.add_event_handler("message", self._take)
        self._client.add_event_handler("receipt_received", lambda m: self.receipts.put_nowait(m["receipt"]))
        self._prosody = prosody

    def _take(self, message: Message) -> None:
        if message["body"]:
            self.messages.put_nowait(message)

    async def __aenter__(self) -> Self:
        self._client.connect(self._prosody.host, self._prosody.port)
        await asyncio.wait_for(self._started.wait(), 10)
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
