"""aioimaplib with its traps closed: STARTTLS, a loss that is noticed, arrivals that are counted, nothing logged."""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable
from typing import Any

from aioimaplib.aioimaplib import IMAP4, IMAP4ClientProtocol, IncompleteRead

# It logs mail at debug level, and lines of strangers at info level.
logging.getLogger("aioimaplib.aioimaplib").setLevel(logging.WARNING)
_EXISTS = re.compile(rb"\* \d+ (EXISTS|RECENT)$", re.IGNORECASE)


class WatchfulProtocol(IMAP4ClientProtocol):  # type: ignore[misc]
    """`wake` is set when the server tells of new mail, and when the connection is lost (`lost`); `announced` counts
    how often it told, also while another command ran, where the library drops the word."""

    transport: Any
    capabilities: set[str]
    incomplete_line: bytes
    current_command: Any

    def __init__(self, loop: asyncio.AbstractEventLoop, on_lost: Callable[[Exception | None], None]) -> None:
        super().__init__(loop, on_lost)
        self.wake = asyncio.Event()
        self.announced = 0
        self.lost = False
        self._plain_reply: asyncio.Future[bytes] | None = None

    def data_received(self, d: bytes) -> None:
        """As the library's, without formatting every block for a log that nobody reads."""
        if self._plain_reply is not None:
            if not self._plain_reply.done():
                self._plain_reply.set_result(d)
            return
        try:
            self._handle_responses(self.incomplete_line + d, self._handle_line, self.current_command)
            self.incomplete_line = b""
            self.current_command = None
        except IncompleteRead as incomplete:
            self.current_command = incomplete.cmd
            self.incomplete_line = incomplete.data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.wake.set()
        if self._plain_reply is not None and not self._plain_reply.done():
            self._plain_reply.set_exception(ConnectionResetError("connection lost"))
        super().connection_lost(exc)

    def _untagged_response(self, line: bytes) -> Any:
        if _EXISTS.match(line):
            self.announced += 1
            self.wake.set()
        return super()._untagged_response(line)

    async def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> bool:
        """Upgrade the connection before anything secret is said. False where the server refuses."""
        self._plain_reply = self.loop.create_future()
        tag = self.new_tag()
        try:
            self.transport.write(f"{tag} STARTTLS\r\n".encode())
            reply = await asyncio.wait_for(self._plain_reply, timeout)
        finally:
            self._plain_reply = None
        # Whatever follows the one line was put in by somebody between us (RFC 3501 §6.2.1; CVE-2011-0411).
        if not reply.upper().startswith(f"{tag} OK".encode()) or reply.find(b"\r\n") != len(reply) - 2:
            return False
        self.transport = await self.loop.start_tls(
            self.transport, self, context, server_hostname=host, ssl_handshake_timeout=timeout
        )
        self.capabilities = set()
        await asyncio.wait_for(self.capability(), timeout)
        return True


class WatchfulClient(IMAP4):  # type: ignore[misc]
    """The library's client over our protocol. `tls` is for TLS from the first byte."""

    protocol: WatchfulProtocol

    def __init__(self, host: str, port: int, *, timeout: float, tls: ssl.SSLContext | None) -> None:
        self.lost = asyncio.get_running_loop().create_future()
        super().__init__(host, port, timeout=timeout, ssl_context=tls)

    def create_client(self, host: str, port: int, loop: Any, conn_lost_cb: Any = None, ssl_context: Any = None) -> None:
        running = asyncio.get_running_loop()
        self.protocol = WatchfulProtocol(running, self._on_lost)
        self._client_task = running.create_task(
            running.create_connection(lambda: self.protocol, host, port, ssl=ssl_context), name=f"imap-connect:{host}"
        )

    def _on_lost(self, error: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(error)
