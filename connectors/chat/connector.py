"""The web chat's side of the hub. The widget (static/widget.js) talks to `/in/NAME/`:

    widget.js  the script itself
    start      a token for this browser, the first words, and what was said before
    send       one message, durable before it is answered; the same id again is the same message
    stream     what comes, as server-sent events; `poll` the same once, for where a proxy holds streams back
    seen       what the page has shown: the delivery receipt
    typing     somebody writes
    file       a file of ours

Requests are plain texts of JSON, so that browsers send them without asking first (a "simple request" of the Fetch
standard); the token stands in the body and in no log. Only pages of the configured origins may read the answers.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import timedelta

import structlog

from connectors.chat.limits import Buckets
from connectors.chat.posts import (
    Body,
    as_json,
    number_of,
    read_body,
    read_files,
    shared_with,
    shown,
    text_of,
    widget_script,
)
from connectors.chat.settings import ChatSettings
from connectors.chat.shelf import Line, Shelf, ours, with_files
from connectors.chat.tokens import issue, new_visitor, redeem
from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.errors import (
    Invalid,
    NotFound,
    PermanentFailure,
    Refused,
    StoreUnavailable,
    TemporaryFailure,
    TooMany,
    Unreachable,
)
from hub.domain.message import Envelope, RecipientStatus
from hub.domain.signal import Signal, SignalKind
from hub.domain.views import FileData
from hub.ports.bundle import pack_bundle
from hub.ports.connector import (
    ConnectorContext,
    DeliveryUpdate,
    HttpAnswer,
    HttpRequest,
    Inlet,
    LinkState,
    Parcel,
    ProbeStep,
    Receipt,
)

log = structlog.get_logger()
KEY = "key"
MAX_TEXT, MAX_ID = 4_000, 64
HEARTBEAT_SECONDS, POLL_SECONDS = 15.0, 20.0
STREAM_LIFE = timedelta(minutes=10)
MAX_STREAMS, MAX_STREAMS_EACH = 1_000, 5


class ChatConnector:
    """One chat for the pages of the company."""

    def __init__(self, settings: ChatSettings, context: ConnectorContext) -> None:
        self._settings, self._context = settings, context
        self._shelf = Shelf()
        self._key, self._key_turn = b"", asyncio.Lock()
        self._inlet: Inlet | None = None
        self._streams = 0
        self._open = False
        self._by_visitor = Buckets(context.clock.monotonic, settings.visitor_minute)
        self._by_address = Buckets(context.clock.monotonic, settings.address_minute)

    async def run(self, inlet: Inlet) -> None:
        """Nothing to connect to: it is up while the hub's own door is. See Connector.run."""
        inlet.report(LinkState.CONNECTING)
        try:
            await self._load_key(inlet)
        except StoreUnavailable as error:
            raise Unreachable("The store does not give the chat's key; it is tried again.") from error
        self._inlet, self._open = inlet, True
        inlet.report(LinkState.UP, f"for {', '.join(self._settings.origins)}"[:200])
        try:
            await asyncio.Event().wait()
        finally:
            self._inlet, self._open = None, False
            self._shelf.wake_all()

    async def _load_key(self, inlet: Inlet) -> bytes:
        """The key of the tokens, made at the first start. Raises StoreUnavailable."""
        async with self._key_turn:
            if not self._key:
                key = await inlet.load_cursor(KEY)
                if key is None:
                    key = secrets.token_bytes(32)
                    await inlet.save_cursor(KEY, key)
                self._key = key
        return self._key

    # The widget

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """See ServesHttp."""
        path = request.path.strip("/")
        if path == "widget.js" and request.method in ("GET", "HEAD"):
            return widget_script()
        origin = request.header("origin").lower()
        if origin not in self._settings.origins:
            raise Refused("This page may not show the chat.")
        if request.method == "OPTIONS":
            return HttpAnswer(status=204, headers=shared_with(origin))
        if request.method != "POST":
            raise NotFound("There is no such address.")
        try:
            answer = await self._take(path, request, inlet)
        except TooMany as error:
            wait = str(max(1, int(error.retry_after.total_seconds())))
            answer = replace(as_json({"wait": int(wait)}, status=429), headers=(("Retry-After", wait),))
        except Invalid as error:
            answer = as_json({"error": error.sentence}, status=400)
        return replace(answer, headers=(*answer.headers, *shared_with(origin)))

    async def _take(self, path: str, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        body, key = read_body(request), await self._load_key(inlet)
        visitor = redeem(
            key,
            self._context.name,
            text_of(body, "token"),
            self._context.clock.now(),
            days=self._settings.remember_days,
        )
        if path == "start":
            return await self._start(visitor, request, inlet)
        if not visitor:
            # A foreign, forged or old token: the widget starts anew.
            self._spend(self._by_address, request.client)
            raise Refused("The visitor's token is not valid.")
        handlers = {"send": self._send, "seen": self._seen, "typing": self._typing, "file": self._file}
        if path in handlers:
            return await handlers[path](visitor, body, request, inlet)
        if path == "poll":
            return await self._poll(visitor, body, inlet)
        if path == "stream":
            return await self._stream(visitor, body, inlet)
        raise NotFound("There is no such address.")

    def _spend(self, buckets: Buckets, key: str) -> None:
        wait = buckets.take(key)
        if wait:
            raise TooMany("Too many messages; wait a moment.", retry_after=timedelta(seconds=wait))

    async def _start(self, visitor: str, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        settings = self._settings
        self._spend(self._by_address, request.client)
        known = bool(visitor)
        visitor = visitor or new_visitor()
        chat = await self._shelf.open(visitor, inlet) if known else None
        return as_json(
            {
                # Issued again at each visit: a browser is forgotten some days after the last one.
                "token": issue(self._key, self._context.name, visitor, self._context.clock.now()),
                "title": settings.title,
                "greeting": {"de": settings.greeting_de, "en": settings.greeting_en},
                "note": {"de": settings.note_de, "en": settings.note_en},
                "privacy": settings.privacy_url,
                "accent": settings.accent,
                "max_file_bytes": settings.max_file_bytes,
                "lines": [shown(line) for line in chat.lines] if chat else [],
                "seen": chat.seen if chat else 0,
            }
        )

    async def _send(self, visitor: str, body: Body, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        self._spend(self._by_visitor, visitor)
        self._spend(self._by_address, request.client)
        identifier, text = text_of(body, "id"), body.get("text")
        if not 8 <= len(identifier) <= MAX_ID or not identifier.isascii():
            raise Invalid(f"A message has an id of 8 to {MAX_ID} characters.")
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise Invalid(f"A message has at most {MAX_TEXT:,} characters.")
        files = read_files(body, self._settings.max_file_bytes)
        if not text.strip() and not files:
            raise Invalid("The message is empty.")
        now = self._context.clock.now()
        said = {"visitor": visitor, "id": identifier, "text": text, "at": now.isoformat()}
        said |= {name: text_of(body, name) for name in ("language", "page")}
        await inlet.accept(
            Arrival(
                account=self._context.name,
                native_id=f"{visitor}/{identifier}",
                raw=pack_bundle(json.dumps(said).encode("ascii"), files),
                envelope=Envelope(sender=visitor, client=request.client, authenticated=True, native_ref=identifier),
                received_at=now,
                sender_hint=visitor,
            )
        )
        described = [{"name": file.name, "type": file.type, "size": len(file.data)} for file in files]
        line, _ = await self._shelf.add(
            visitor,
            inlet,
            lambda number: Line(
                number=number, id=identifier, who="you", text=text.strip(), at=now.isoformat(), files=described
            ),
        )
        return as_json(shown(line), status=202)

    async def _seen(self, visitor: str, body: Body, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        for line in await self._shelf.note_seen(visitor, inlet, number_of(body, "number")):
            status = RecipientStatus(recipient=visitor, action="delivered", status="2.0.0")
            await inlet.delivered(
                DeliveryUpdate(message_id=line.message_id, at=self._context.clock.now(), status=status)
            )
        return as_json({})

    async def _typing(self, visitor: str, body: Body, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        kind = SignalKind.COMPOSING if body.get("on") is True else SignalKind.PAUSED
        address = Address(channel="chat", normal=visitor)
        if not self._by_address.take(f"typing {visitor}"):
            await inlet.signal(Signal(kind=kind, address=address, at=self._context.clock.now()))
        return as_json({})

    async def _file(self, visitor: str, body: Body, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        file = await self._shelf.file(visitor, inlet, number_of(body, "number"), number_of(body, "index"))
        if file is None:
            raise Invalid("This file is not there any more.")
        # Never shown in place: the page saves it under its name.
        return HttpAnswer(
            body=file.data, type="application/octet-stream", headers=(("Content-Disposition", "attachment"),)
        )

    # What comes

    async def _poll(self, visitor: str, body: Body, inlet: Inlet) -> HttpAnswer:
        async for lines in self._news(visitor, number_of(body, "after"), inlet, pause=POLL_SECONDS):
            return as_json({"lines": [shown(line) for line in lines]})
        return as_json({"lines": []})

    async def _stream(self, visitor: str, body: Body, inlet: Inlet) -> HttpAnswer:
        chat = await self._shelf.open(visitor, inlet)
        if self._streams >= MAX_STREAMS or len(chat.listeners) >= MAX_STREAMS_EACH:
            raise TooMany("Too many open pages.", retry_after=timedelta(seconds=30))
        return HttpAnswer(
            type="text/event-stream; charset=utf-8",
            headers=(("X-Accel-Buffering", "no"),),
            stream=self._events(visitor, number_of(body, "after"), inlet),
        )

    async def _events(self, visitor: str, after: int, inlet: Inlet) -> AsyncIterator[bytes]:
        """Server-sent events (HTML standard §9.2); a comment at once shows the page that nothing holds them back."""
        self._streams += 1
        try:
            yield b": here\n\n"
            async with contextlib.aclosing(self._news(visitor, after, inlet, pause=HEARTBEAT_SECONDS)) as news:
                async for lines in news:
                    for line in lines:
                        yield f"data: {json.dumps(shown(line))}\n\n".encode()
                    if not lines:
                        yield b": still here\n\n"
        except StoreUnavailable:
            return  # the page asks again
        finally:
            self._streams -= 1

    async def _news(self, visitor: str, after: int, inlet: Inlet, *, pause: float) -> AsyncGenerator[list[Line], None]:
        """Each time what is new, or nothing after a pause; ends after ten minutes, or when the channel stops."""
        chat, changed = await self._shelf.open(visitor, inlet), asyncio.Event()
        ends = self._context.clock.now() + STREAM_LIFE
        chat.listeners.add(changed)
        try:
            while self._open and self._context.clock.now() < ends:
                changed.clear()
                lines = chat.after(after)
                if not lines:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), pause)
                    lines = chat.after(after)
                after = lines[-1].number if lines else after
                yield lines
        finally:
            chat.listeners.discard(changed)

    # What goes out

    async def send(self, parcel: Parcel) -> Receipt:
        """Keep the line for the visitor's page, and show it there if it is open. A repeat is known by the item's id."""
        inlet, item = self._inlet, parcel.item
        if inlet is None:
            raise TemporaryFailure("The web chat is not running.")
        content, files = item.content, []
        for attachment, data in zip(content.attachments, parcel.files, strict=True):
            if len(data) > self._settings.max_file_bytes:
                raise PermanentFailure("A file is too large for the web chat.")
            files.append(FileData(name=attachment.name, type=attachment.type, data=data))
        text = f"{content.subject}\n\n{content.text}" if content.subject else content.text

        def make(number: int) -> Line:
            line = ours(
                number,
                id=item.id,
                text=text,
                at=self._context.clock.now(),
                choices=content.choices,
                message_id=content.message_id,
            )
            return with_files(line, files)

        try:
            await self._shelf.add(item.recipient.normal, inlet, make, files)
        except StoreUnavailable as error:
            raise TemporaryFailure("The store cannot keep the message for the visitor now.") from error
        return Receipt(native_ref=item.id, detail="kept for the visitor's page")

    async def probe(self) -> list[ProbeStep]:
        """See Probes: there is nothing outside to reach."""
        listed = ", ".join(self._settings.origins)[:200]
        try:
            size = len(widget_script().body)
        except OSError as error:
            fix = "Install the hub again: connectors/chat/static/widget.js is part of it."
            return [ProbeStep(title="Widget", ok=False, detail=str(error)[:200], fix=fix)]
        return [
            ProbeStep(title="Settings", ok=True, detail=listed),
            ProbeStep(title="Widget", ok=True, detail=f"{size:,} bytes"),
        ]
