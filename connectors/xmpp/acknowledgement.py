"""When the server has taken what we sent. A client account has stream management for it (XEP-0198); a component has
none, so it sends itself a ping through the server: stanzas of one stream are processed in order (RFC 6120 §10.1), so
the ping's return says that what went before it was taken."""

import asyncio
from typing import Protocol

from slixmpp import JID, Message
from slixmpp.exceptions import IqError, IqTimeout

from connectors.xmpp.session import Session
from hub.domain.errors import TemporaryFailure, UnknownOutcome

ACK_SECONDS = 15.0
ACK_DELAY = 0.02
LOST = "The stream ended before the server confirmed the stanza."


class Acknowledgement(Protocol):
    """Sends, and knows when it was taken."""

    async def send(self, message: Message) -> None:
        """Returns once the server has it. Raises TemporaryFailure where nothing left, UnknownOutcome."""

    def close(self) -> None:
        """The stream is over: what is not confirmed never will be."""


class StreamManagement:
    """XEP-0198, asked for once for all stanzas of a few milliseconds (§4 lets the sender choose when)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        session.stream.add_event_handler("stanza_acked", self._note)

    async def send(self, message: Message) -> None:
        """See Acknowledgement."""
        if not self._session.open:
            raise TemporaryFailure("The XMPP link is down.")
        stanza_id = message["id"]
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[stanza_id] = waiter
        message.send()
        if not self._session.stream.plugin["xep_0198"].enabled_out:
            self._waiting.pop(stanza_id, None)
            return
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ACK_DELAY, self._ask)
        try:
            await asyncio.wait_for(waiter, ACK_SECONDS)
        except TimeoutError as error:
            raise UnknownOutcome("The XMPP server did not confirm the stanza in time.") from error
        finally:
            self._waiting.pop(stanza_id, None)

    def _ask(self) -> None:
        self._timer = None
        if self._session.open:
            self._session.stream.plugin["xep_0198"].request_ack()  # type: ignore[no-untyped-call]

    def _note(self, stanza: object) -> None:
        if isinstance(stanza, Message):
            waiter = self._waiting.get(stanza["id"])
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """See Acknowledgement."""
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(UnknownOutcome(LOST))
                waiter.exception()
        self._waiting.clear()


class Echo:
    """A ping to ourselves through the server (XEP-0199), one for all stanzas of a few milliseconds."""

    def __init__(self, session: Session, domain: str) -> None:
        self._session, self._domain = session, JID(domain)
        self._next: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, message: Message) -> None:
        """See Acknowledgement."""
        if not self._session.open:
            raise TemporaryFailure("The XMPP link is down.")
        message.send()
        if self._next is None:
            self._next = asyncio.create_task(self._ping(), name="xmpp-echo")
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        try:
            await asyncio.shield(self._next)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise UnknownOutcome(LOST) from None

    async def _ping(self) -> None:
        await asyncio.sleep(ACK_DELAY)
        # What is sent from here on is behind the ping in the stream, and waits for the next one.
        self._next = None
        if not self._session.open:
            raise UnknownOutcome(LOST)
        try:
            await self._session.stream.plugin["xep_0199"].send_ping(
                self._domain, ifrom=self._domain, timeout=ACK_SECONDS
            )
        except IqError:
            return  # An error comes back the same way.
        except IqTimeout as error:
            raise UnknownOutcome("The XMPP server did not confirm the stanza in time.") from error

    def close(self) -> None:
        """See Acknowledgement."""
        for task in list(self._tasks):
            task.cancel()
