"""The connection to a telephone exchange: it hears calls, tells the hub at once who rings, and keeps each call that is
over as one arrival.

FRITZ!Box and Asterisk are read over TCP: one `run` is one session. sipgate and Twilio post to `/in/NAME/...`; there
`run` only waits. What is under way is kept as a cursor after each event, so that a call survives a restart; an event is
answered with 2xx once that is durable.
"""

import asyncio
import contextlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import structlog

from connectors.phone.ami import MAX_LINE, AmiStream, read_text_line
from connectors.phone.asterisk import AsteriskCalls
from connectors.phone.calls import CallBook, CallEvent, EventKind
from connectors.phone.fritzbox import read_line
from connectors.phone.number import read_number
from connectors.phone.probe import probe_exchange
from connectors.phone.settings import PhoneSettings
from connectors.phone.sipgate import ask_for_more, read_push
from connectors.phone.twilio import NOTHING, forward, is_signed, read_status
from hub.domain.arrival import Arrival
from hub.domain.errors import (
    Invalid,
    LinkError,
    Misconfigured,
    NotFound,
    PermanentFailure,
    Refused,
    StoreUnavailable,
    Unreachable,
)
from hub.domain.message import Envelope
from hub.domain.signal import Signal, SignalKind
from hub.ports.connector import (
    ConnectorContext,
    HttpAnswer,
    HttpRequest,
    Inlet,
    LinkState,
    Parcel,
    ProbeStep,
    Receipt,
)

log = structlog.get_logger()
CONNECT_SECONDS = 15.0
KEEPALIVE = ((getattr(socket, "TCP_KEEPIDLE", 0), 60), (getattr(socket, "TCP_KEEPINTVL", 0), 20),
             (getattr(socket, "TCP_KEEPCNT", 0), 3))  # fmt: skip
STREAM = "calls"
MAX_FIELDS = 100
XML = "application/xml; charset=utf-8"


class PhoneConnector:
    """One exchange. Calls cannot be placed from here: there is nothing to send."""

    def __init__(self, settings: PhoneSettings, context: ConnectorContext, *, silence: float = 60.0) -> None:
        self._settings, self._context, self._silence = settings, context, silence
        self._book = CallBook(settings.exchange, country=settings.country, area=settings.area)
        self._loaded = False
        self._turn = asyncio.Lock()

    async def run(self, inlet: Inlet) -> None:
        """One session. See Connector.run."""
        inlet.report(LinkState.CONNECTING)
        if self._settings.exchange in ("sipgate", "twilio"):
            self._secret()
            inlet.report(LinkState.UP, "waits for the exchange's posts")
            await asyncio.Event().wait()
        reader, writer = await self._connect()
        try:
            async for event in self._events(reader, writer, inlet):
                await self._take_patiently(event, inlet)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 3)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._settings.host, self._settings.peer_port
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, limit=MAX_LINE)
        except (OSError, TimeoutError) as error:
            fix = (
                "switch its call monitor on by dialling #96*5*" if self._settings.exchange == "fritzbox" else "check it"
            )
            raise Unreachable(f"{host}:{port} cannot be reached: is the exchange on? If so, {fix}.") from error
        handle = writer.get_extra_info("socket")
        if handle is not None:
            # A FRITZ!Box says nothing for hours: only TCP itself notices that it is gone.
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE:
                if option:
                    handle.setsockopt(socket.IPPROTO_TCP, option, value)
        return reader, writer

    async def _events(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inlet: Inlet
    ) -> AsyncIterator[CallEvent]:
        where = f"{self._settings.host}:{self._settings.peer_port}"
        if self._settings.exchange == "fritzbox":
            inlet.report(LinkState.UP, f"call monitor of {where}")
            while True:
                event = read_line(await read_text_line(reader, "The FRITZ!Box"))
                if event is not None:
                    yield event
        stream, calls = AmiStream(reader, writer, silence=self._silence), AsteriskCalls(self._settings.trunks)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await stream.sign_in(self._settings.username, self._secret())
        except TimeoutError as error:
            raise Unreachable(f"{where} does not answer the sign-in: is that Asterisk's manager port?") from error
        inlet.report(LinkState.UP, f"manager of {where}")
        async for message in stream.messages():
            event = calls.read(message)
            if event is not None:
                yield event

    def _secret(self) -> str:
        """Raises Misconfigured."""
        try:
            return self._settings.secret.reveal() if self._settings.secret is not None else ""
        except ValueError as error:
            raise Misconfigured(f"The secret of the channel cannot be read: {error}.") from error

    # What happens

    async def _take_patiently(self, event: CallEvent, inlet: Inlet) -> None:
        """The exchange tells it once: while the store is down it waits here, and the lines in the socket."""
        pause = 0.5
        while True:
            try:
                return await self._take(event, inlet)
            except StoreUnavailable:
                log.warning("phone_waits_for_store", channel=self._context.name, pause=pause)
                await self._context.clock.sleep(pause)
                pause = min(pause * 2, 10.0)

    async def _take(self, event: CallEvent, inlet: Inlet) -> None:
        """Ring first, then keep. Raises StoreUnavailable, with the event not taken: it may be repeated."""
        if event.kind is EventKind.RINGING:
            await inlet.signal(self._signal(SignalKind.RINGING, event.caller, event.line, event.id))
        now = self._context.clock.now()
        async with self._turn:
            if not self._loaded:
                self._book.load(await inlet.load_cursor(STREAM))
                self._loaded = True
            before = self._book.dump()
            try:
                for record in [*self._book.give_up(now), *self._book.take(event, now)]:
                    await self._keep(record, inlet)
                kept = self._book.dump()
                if kept != before:
                    await inlet.save_cursor(STREAM, kept)
            except StoreUnavailable:
                self._book.load(before)
                raise

    def _signal(self, kind: SignalKind, number: str, line: str, call: str) -> Signal:
        settings = self._settings
        address = read_number(
            number, country=settings.country, area=settings.area, international=settings.exchange == "sipgate"
        )
        return Signal(kind=kind, address=address, at=self._context.clock.now(), line=line, native_id=call)

    async def _keep(self, record: dict[str, Any], inlet: Inlet) -> None:
        other = record["caller"] if record["incoming"] else record["callee"]
        arrival = Arrival(
            account=self._context.name,
            native_id=f"{record['exchange']}:{record['id']}",
            raw=json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"),
            envelope=Envelope(recipients=(record["callee"],), outgoing=not record["incoming"], native_ref=record["id"]),
            received_at=self._context.clock.now(),
            sender_hint=other,
        )
        try:
            await inlet.accept(arrival)
        except Invalid as error:
            log.warning("phone_call_invalid", channel=self._context.name, code=error.code)
            return
        if record["incoming"] and not record["answered"]:
            signal = self._signal(SignalKind.MISSED, other, record["line"], record["id"])
            if signal.address is None:
                # Nobody's timeline shows it; so it is said.
                await inlet.signal(signal)

    # Posts of sipgate and Twilio

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """See ServesHttp."""
        if self._settings.exchange not in ("sipgate", "twilio"):
            raise NotFound("There is no such address.")
        form = _read_form(request)
        if self._settings.exchange == "sipgate":
            return await self._answer_sipgate(request, dict(form), inlet)
        return await self._answer_twilio(request, form, inlet)

    async def _answer_sipgate(self, request: HttpRequest, form: dict[str, str], inlet: Inlet) -> HttpAnswer:
        # sipgate signs nothing: who knows the address is it.
        given, secret = request.path.strip("/").encode(), self._told_secret().encode()
        if not hmac.compare_digest(given, secret):
            raise Refused("The address does not hold the channel's secret.")
        event = read_push(form)
        if event is None:
            return HttpAnswer(status=200)
        await self._take(event, inlet)
        if event.kind in (EventKind.RINGING, EventKind.DIALLED):
            return HttpAnswer(body=ask_for_more(request.url), type=XML)
        return HttpAnswer(status=200)

    async def _answer_twilio(self, request: HttpRequest, form: list[tuple[str, str]], inlet: Inlet) -> HttpAnswer:
        if not is_signed(request.url, form, self._told_secret(), request.header("x-twilio-signature")):
            raise Refused("The signature of the post is missing or wrong.")
        event = read_status(dict(form), forwards=bool(self._settings.forward_to))
        if event is not None:
            await self._take(event, inlet)
        if request.path.strip("/") == "voice" and self._settings.forward_to:
            action = request.url.partition("?")[0].rpartition("/")[0] + "/dialled"
            return HttpAnswer(body=forward(self._settings.forward_to, action), type=XML)
        return HttpAnswer(body=NOTHING, type=XML)

    def _told_secret(self) -> str:
        """Where it cannot be read, nobody is let in."""
        try:
            secret = self._secret()
        except LinkError as error:
            raise Refused("The channel's secret cannot be read.") from error
        if len(secret) < 16:
            raise Refused("The channel's secret is shorter than 16 characters.")
        return secret

    # Nothing to send

    async def send(self, parcel: Parcel) -> Receipt:
        """Nothing is sent by telephone; `can_send` says so."""
        raise PermanentFailure("Nothing can be written to a telephone; answer on another channel.")

    async def probe(self) -> list[ProbeStep]:
        """See Probes."""
        return await probe_exchange(self._settings)


def _read_form(request: HttpRequest) -> list[tuple[str, str]]:
    """Raises Invalid."""
    if request.method != "POST":
        raise Invalid("Only POST is answered here.")
    try:
        return parse_qsl(
            request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"
        )
    except ValueError as error:
        raise Invalid("The post is no form, or has too many fields.") from error
