"""The life of one stream: started once, in trouble once, ended cleanly.

slixmpp never reconnects by itself after a lost stream, and while it tries to connect it retries for ever on its own; so
a session ends with its first trouble, and the supervisor owns the next try.
"""

import asyncio
import contextlib
from typing import Any

from slixmpp.basexmpp import BaseXMPP

from hub.domain.errors import AuthRejected, LinkError, Misconfigured, Unreachable

CONNECT_SECONDS = 30.0
CLOSE_SECONDS = 3.0


class Session:
    """One stream, from connecting to its end. `who` is what the account is called in sentences."""

    def __init__(self, stream: BaseXMPP, who: str) -> None:
        loop = asyncio.get_running_loop()
        self.stream, self._who = stream, who
        self._started: asyncio.Future[None] = loop.create_future()
        self._trouble: asyncio.Future[None] = loop.create_future()
        self._listen()

    def _listen(self) -> None:
        stream = self.stream
        stream.add_event_handler("session_start", self._start)
        stream.add_event_handler("failed_all_auth", self._reject)
        stream.add_event_handler("ssl_invalid_chain", self._distrust)
        stream.add_event_handler("connection_failed", self._lose)
        stream.add_event_handler("disconnected", self._lose)
        stream.add_event_handler("stream_error", self._end)

    def _start(self, _: object) -> None:
        if not self._started.done():
            self._started.set_result(None)

    def _reject(self, _: object) -> None:
        self.fail(AuthRejected(f"The server refuses the password of {self._who}: correct it in the settings."))

    def _distrust(self, error: object) -> None:
        sentence = f"The server's certificate is not trusted ({error}): set ca_file or mend the server."
        self.fail(Misconfigured(sentence))

    def _lose(self, reason: object) -> None:
        self.fail(Unreachable(f"The XMPP server ended the connection ({reason or 'no reason given'})."))

    def _end(self, error: Any) -> None:
        # RFC 6120 §4.9.3; a component's wrong secret is told this way too (XEP-0114 §3).
        match condition := str(error["condition"]):
            case "conflict":
                self.fail(Unreachable("Another program signed in with the same account and resource."))
            case "not-authorized":
                self._reject(error)
            case "host-unknown":
                self.fail(Misconfigured(f"The server does not know {self._who}: add it to the server's configuration."))
            case _:
                self.fail(Unreachable(f"The XMPP server reported a stream error: {condition}."))

    def fail(self, error: LinkError) -> None:
        """End the session with this; only the first trouble counts."""
        if not self._trouble.done():
            self._trouble.set_exception(error)

    @property
    def open(self) -> bool:
        """Whether stanzas can be written."""
        return self._started.done() and not self._trouble.done() and self.stream.transport is not None

    async def connect(self, host: str | None, port: int | None) -> None:
        """Returns once the session has started. Raises LinkError."""
        self.stream.connect(host, port)
        done, _ = await asyncio.wait(
            {self._started, self._trouble}, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if self._trouble in done:
            self._trouble.result()
        if self._started not in done:
            raise Unreachable(f"No XMPP session within {CONNECT_SECONDS:.0f} seconds: is the server up and reachable?")

    async def wait(self) -> None:
        """Until there is trouble; raises it."""
        await self._trouble

    async def close(self) -> None:
        """A clean end needs three steps in slixmpp: stop its connect loop, end the stream, end its send filters."""
        if not self._trouble.done():
            self._trouble.cancel()
        elif not self._trouble.cancelled():
            self._trouble.exception()
        await close_stream(self.stream)


async def close_stream(stream: BaseXMPP) -> None:
    """End it, whatever state it is in."""
    stream.cancel_connection_attempt()
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(stream.disconnect(wait=1.0)), CLOSE_SECONDS)
    filters = getattr(stream, "_run_out_filters", None)
    if filters is not None:
        filters.cancel()
