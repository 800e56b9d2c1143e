"""The XMPP client account: one stream to the company's server, fed into the inlet, and stanzas out.

slixmpp never reconnects by itself after a lost stream, and while it tries to connect it retries for ever on its own; so
one `run` is one session: it ends by raising, and the supervisor owns the next try. Stream management (XEP-0198) tells
which of our stanzas the server has taken; what our server took while we were away is read from its archive (XEP-0313)
from the cursor that is saved after each accepted message.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from slixmpp import ClientXMPP, Message
from slixmpp.exceptions import IqError, IqTimeout, XMPPError

from config.fields import TlsMode
from connectors.xmpp.parse import name_stanza, read_delay
from connectors.xmpp.probe import probe_account
from connectors.xmpp.settings import XmppSettings
from connectors.xmpp.stream import open_client, secure_context
from hub.domain.arrival import Arrival
from hub.domain.errors import (
    AuthRejected,
    LinkError,
    Misconfigured,
    StoreUnavailable,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)
from hub.domain.errors import Invalid as OutOfBounds
from hub.domain.message import Envelope
from hub.domain.views import FileData
from hub.ports.connector import ConnectorContext, Inlet, LinkState, Parcel, ProbeStep, Receipt

log = structlog.get_logger()
CONNECT_SECONDS = 30.0
ACK_SECONDS = 15.0
ACK_DELAY = 0.02
RECEIPT_DELAY = 0.5
MAX_RECEIPTS = 200
STREAM = "archive"


class XmppConnector:
    """One client account. Carries staff chats (StaffLine) and can be probed."""

    def __init__(self, settings: XmppSettings, context: ConnectorContext) -> None:
        self._settings = settings
        self._context = context
        self._client: ClientXMPP | None = None
        self._inlet: Inlet | None = None
        self._unacked: dict[str, asyncio.Future[None]] = {}
        self._ack_timer: asyncio.TimerHandle | None = None
        self._receipts: list[Message] = []
        self._receipt_timer: asyncio.TimerHandle | None = None
        self._trouble: asyncio.Future[None] | None = None
        self._cursor: asyncio.Task[None] | None = None
        self._cursor_at: datetime | None = None

    async def run(self, inlet: Inlet) -> None:
        """One session. See Connector.run."""
        self._inlet = inlet
        inlet.report(LinkState.CONNECTING)
        client = open_client(self._settings, secure_context(self._settings))
        loop = asyncio.get_running_loop()
        started: asyncio.Future[None] = loop.create_future()
        self._trouble = loop.create_future()
        self._listen(client, started)
        try:
            client.connect(self._settings.host or None, self._settings.port if self._settings.host else None)
            await self._wait_started(started)
            self._client = client
            client.send_presence()
            await self._catch_up(client, inlet)
            inlet.report(LinkState.UP, f"signed in as {self._settings.jid}")
            await self._trouble
        finally:
            self._client = None
            await self._stop(client)

    def _listen(self, client: ClientXMPP, started: asyncio.Future[None]) -> None:
        def start(_: object) -> None:
            if not started.done():
                started.set_result(None)

        def fail(error: LinkError) -> None:
            if self._trouble is not None and not self._trouble.done():
                self._trouble.set_exception(error)

        def reject(_: object) -> None:
            fail(AuthRejected(f"The server refuses the password of {self._settings.jid}: correct it in the settings."))

        def distrust(error: object) -> None:
            fail(Misconfigured(f"The server's certificate is not trusted ({error}): set ca_file or mend the server."))

        def lose(reason: object) -> None:
            fail(Unreachable(f"The XMPP server ended the connection ({reason or 'no reason given'})."))

        def conflict(error: object) -> None:
            condition = str(error["condition"])  # type: ignore[index]
            if condition == "conflict":
                fail(Unreachable("Another program signed in with the same account and resource."))
            else:
                fail(Unreachable(f"The XMPP server reported a stream error: {condition}."))

        client.add_event_handler("session_start", start)
        client.add_event_handler("failed_all_auth", reject)
        client.add_event_handler("ssl_invalid_chain", distrust)
        client.add_event_handler("connection_failed", lose)
        client.add_event_handler("disconnected", lose)
        client.add_event_handler("stream_error", conflict)
        client.add_event_handler("message", self._take)
        client.add_event_handler("stanza_acked", self._note_ack)

    async def _wait_started(self, started: asyncio.Future[None]) -> None:
        assert self._trouble is not None
        done, _ = await asyncio.wait(
            {started, self._trouble}, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if self._trouble in done:
            self._trouble.result()
        if started not in done:
            raise Unreachable(f"No XMPP session within {CONNECT_SECONDS:.0f} seconds: is the server up and reachable?")

    async def _stop(self, client: ClientXMPP) -> None:
        """A clean end needs three steps in slixmpp: stop its connect loop, end the stream, end its send filters."""
        for waiter in self._unacked.values():
            if not waiter.done():
                waiter.set_exception(UnknownOutcome("The stream ended before the server confirmed the stanza."))
                waiter.exception()
        self._unacked.clear()
        for timer in (self._ack_timer, self._receipt_timer):
            if timer is not None:
                timer.cancel()
        self._ack_timer = self._receipt_timer = None
        self._receipts.clear()
        if self._trouble is not None and not self._trouble.done():
            self._trouble.cancel()
        client.cancel_connection_attempt()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(client.disconnect(wait=1.0)), 3)
        filters = getattr(client, "_run_out_filters", None)
        if filters is not None:
            filters.cancel()

    # Inbound

    async def _take(self, message: Message) -> None:
        """One message stanza. Only chat and normal messages with a body are for us (RFC 6121 §5.2.2); receipts, chat
        states and markers have none."""
        if message["type"] not in ("chat", "normal") or not message["body"]:
            return
        if message["from"].bare == message["to"].bare:
            return
        assert self._inlet is not None
        received_at = read_delay(message.xml) or self._context.clock.now()
        try:
            await self._inlet.accept(self._arrival(message, received_at))
        except StoreUnavailable:
            # Not kept, so not confirmed: the archive brings it again, since the cursor did not move.
            log.warning("xmpp_arrival_refused", channel=self._context.name, code="store-unavailable")
            self._break(
                Unreachable("The store could not keep a message; the session is opened anew to fetch it again.")
            )
            return
        except OutOfBounds as error:
            log.warning("xmpp_arrival_invalid", channel=self._context.name, code=error.code)
            return
        self._confirm(message)
        self._move_cursor(received_at)

    def _arrival(self, message: Message, received_at: datetime) -> Arrival:
        # XEP-0359: the id by our own server, else sender and origin-id, else random.
        return Arrival(
            account=self._context.name,
            native_id=name_stanza(message.xml) or secrets.token_hex(16),
            raw=str(message).encode("utf-8"),
            envelope=Envelope(
                sender=str(message["from"]),
                recipients=(message["to"].bare,),
                client=self._settings.host,
                tls=self._settings.tls is not TlsMode.NONE,
                # The sender's server authenticated the stream and stamped `from` (RFC 6120 §8.1.2.1).
                authenticated=True,
                native_ref=message["id"],
            ),
            received_at=received_at,
            sender_hint=message["from"].bare,
        )

    def _confirm(self, message: Message) -> None:
        """XEP-0184: the receipt goes out only now that the message is kept; never for an archived copy."""
        if self._client is None or not message["request_receipt"] or not message["id"]:
            return
        receipt = self._client.make_message(mto=message["from"], mtype=message["type"])
        receipt["receipt"] = message["id"]
        # Held for a moment and sent together: in a quick exchange each small stanza on its way through a server that
        # leaves Nagle's algorithm on makes the next answer wait for the reader's delayed acknowledgement of TCP, 40 ms.
        self._receipts.append(receipt)
        if len(self._receipts) >= MAX_RECEIPTS:
            self._send_receipts()
        elif self._receipt_timer is None:
            self._receipt_timer = asyncio.get_running_loop().call_later(RECEIPT_DELAY, self._send_receipts)

    def _send_receipts(self) -> None:
        if self._receipt_timer is not None:
            self._receipt_timer.cancel()
            self._receipt_timer = None
        held, self._receipts = self._receipts, []
        for receipt in held:
            if self._client is not None:
                receipt.send()

    def _move_cursor(self, moment: datetime) -> None:
        """Remember how far the archive is read, at most once a second: a little is read twice, and known again."""
        self._cursor_at = max(self._cursor_at or moment, moment)
        if self._cursor is None or self._cursor.done():
            self._cursor = asyncio.create_task(self._save_cursor(), name=f"xmpp-cursor:{self._context.name}")

    async def _save_cursor(self) -> None:
        await self._context.clock.sleep(1.0)
        if self._inlet is not None and self._cursor_at is not None:
            try:
                await self._inlet.save_cursor(STREAM, self._cursor_at.isoformat().encode())
            except StoreUnavailable:
                log.warning("xmpp_cursor_not_saved", channel=self._context.name, code="store-unavailable")

    async def _catch_up(self, client: ClientXMPP, inlet: Inlet) -> None:
        """XEP-0313: read what the server archived since the cursor. A server without an archive is no error."""
        now = self._context.clock.now()
        saved = await inlet.load_cursor(STREAM)
        if saved is None:
            await inlet.save_cursor(STREAM, now.isoformat().encode())
            return
        oldest = now - timedelta(hours=self._settings.catch_up_hours)
        start = max(datetime.fromisoformat(saved.decode()) - timedelta(seconds=5), oldest)
        try:
            async for result in client.plugin["xep_0313"].iterate(start=start, rsm={"max": 50}):
                await self._take_archived(result, inlet)
        except (IqError, IqTimeout, XMPPError) as error:
            log.info("xmpp_archive_unavailable", channel=self._context.name, condition=getattr(error, "condition", ""))
        except StoreUnavailable as error:
            raise Unreachable("The store could not keep an archived message; it is fetched again.") from error

    async def _take_archived(self, result: Message, inlet: Inlet) -> None:
        forwarded = result["mam_result"]["forwarded"]
        message, archive_id = forwarded["stanza"], result["mam_result"]["id"]
        own = self._settings.jid.partition("/")[0].lower()
        if message["type"] not in ("chat", "normal") or not message["body"] or message["from"].bare == own:
            return
        # The archive's own id is the stanza-id that the live copy carried (XEP-0313 §5.1.1).
        message["stanza_id"]["id"], message["stanza_id"]["by"] = archive_id, own
        stamp = forwarded["delay"]["stamp"]
        received_at = stamp if isinstance(stamp, datetime) else self._context.clock.now()
        await inlet.accept(self._arrival(message, received_at))
        self._move_cursor(received_at)

    # Outbound

    async def send(self, parcel: Parcel) -> Receipt:
        """One message stanza under the item's own id; sent when the server has acknowledged it (XEP-0198)."""
        content = parcel.item.content
        text = f"{content.subject}\n\n{content.text}" if content.subject else content.text
        stanza_id = content.message_id.partition("@")[0] or parcel.item.id
        await self._deliver(parcel.item.recipient.normal, text, stanza_id, receipt=True)
        return Receipt(native_ref=stanza_id, detail=f"taken by {self._settings.jid.partition('@')[2]}")

    async def say(
        self,
        address: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
    ) -> None:
        """A bot's reply; see StaffLine. Choices are numbers in the text; files are not carried yet."""
        await self._deliver(address, text, stanza_id, receipt=False)

    async def _deliver(self, address: str, text: str, stanza_id: str, *, receipt: bool) -> None:
        client = self._client
        if client is None:
            raise TemporaryFailure("The XMPP link is down.")
        message = client.make_message(mto=address, mbody=text, mtype="chat")
        message["id"] = stanza_id
        message["origin_id"]["id"] = stanza_id  # XEP-0359 §3.2
        # An answer of the bot needs no receipt of the reader (XEP-0184): the server's acknowledgement closes the turn.
        message["request_receipt"] = receipt
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unacked[stanza_id] = waiter
        message.send()
        if not client.plugin["xep_0198"].enabled_out:
            self._unacked.pop(stanza_id, None)
            return
        self._request_ack(client)
        try:
            await asyncio.wait_for(waiter, ACK_SECONDS)
        except TimeoutError as error:
            raise UnknownOutcome("The XMPP server did not confirm the stanza in time.") from error
        finally:
            self._unacked.pop(stanza_id, None)

    def _request_ack(self, client: ClientXMPP) -> None:
        """Ask once for all stanzas of the last few milliseconds (XEP-0198 §4 lets the sender choose when)."""
        if self._ack_timer is None:
            self._ack_timer = asyncio.get_running_loop().call_later(ACK_DELAY, self._ask, client)

    def _ask(self, client: ClientXMPP) -> None:
        self._ack_timer = None
        if self._client is client and client.transport is not None:
            client.plugin["xep_0198"].request_ack()  # type: ignore[no-untyped-call]

    def _note_ack(self, stanza: object) -> None:
        if isinstance(stanza, Message):
            waiter = self._unacked.get(stanza["id"])
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    def _break(self, error: LinkError) -> None:
        if self._trouble is not None and not self._trouble.done():
            self._trouble.set_exception(error)

    async def probe(self) -> list[ProbeStep]:
        """Tries to sign in beside the running session; see Probes."""
        return await probe_account(self._settings)
