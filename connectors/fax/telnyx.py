"""Fax through Telnyx. We order a call and name the address of the pages, a file of ours that its secret name alone
opens; what becomes of it, and what comes in, is told by webhooks whose signature is checked over the raw bytes. A busy
or silent number is called again here after a pause, as long as no page arrived."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from connectors.fax.gateway import NO_ADDRESS, Fax
from connectors.fax.media import MediaGone, MediaLate, fetch_media
from connectors.fax.settings import LOOPBACK, FaxSettings
from connectors.fax.signature import check_signature
from connectors.fax.telnyx_api import TelnyxApi
from connectors.fax.telnyx_jobs import (
    LIFETIME,
    FaxEvent,
    TelnyxJob,
    call_again,
    fate_of,
    read_event,
    read_jobs,
    waiting,
    write_jobs,
)
from connectors.fax.words import say
from hub.domain.arrival import Arrival
from hub.domain.errors import (
    Invalid,
    LinkError,
    PermanentFailure,
    SendError,
    StoreUnavailable,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)
from hub.domain.instant import to_utc_ms
from hub.domain.message import Envelope, RecipientStatus
from hub.ports.bundle import BundledFile, pack_bundle
from hub.ports.connector import (
    ConnectorContext,
    DeliveryUpdate,
    HttpAnswer,
    HttpRequest,
    Inlet,
    ProbeStep,
    Receipt,
)

log = structlog.get_logger()
JOBS = "telnyx"
TICK_SECONDS = 15.0
CHECK_SECONDS = 300.0
MAX_FETCHES = 10
"""Of one file: Telnyx asks again where it was cut off."""
LATER = HttpAnswer(status=503, body=b"Not now.", headers=(("Retry-After", "60"),))


class TelnyxGateway:
    """A Gateway."""

    def __init__(self, settings: FaxSettings, context: ConnectorContext) -> None:
        assert settings.telnyx is not None
        self._settings, self._context, self._telnyx = settings, context, settings.telnyx
        self._api = TelnyxApi(settings.telnyx)
        self._folder = context.data_dir / "fax" / context.name
        self._jobs: dict[str, TelnyxJob] | None = None
        self._lock = asyncio.Lock()
        self._fetches: dict[str, int] = {}
        self._inlet: Inlet | None = None

    # Running

    async def run(self, inlet: Inlet, up: Callable[[str], None]) -> None:
        """See Connector.run."""
        self._inlet = inlet
        checked: float | None = None
        clock = self._context.clock
        try:
            while True:
                if checked is None or clock.monotonic() - checked >= CHECK_SECONDS:
                    up(f"Telnyx, {await self._api.check()}".rstrip(", "))
                    checked = clock.monotonic()
                await self._call_due(inlet)
                await clock.sleep(TICK_SECONDS)
        except StoreUnavailable as error:
            raise Unreachable("The store could not keep the state of a fax; it is tried again.") from error
        finally:
            await self._api.close()

    async def _known(self, inlet: Inlet) -> dict[str, TelnyxJob]:
        if self._jobs is None:
            self._jobs = read_jobs(await inlet.load_cursor(JOBS))
        return self._jobs

    async def _keep(self, inlet: Inlet, job: TelnyxJob | None, message_id: str = "") -> None:
        """Write a job, or forget one and its file. Under the lock."""
        jobs = dict(await self._known(inlet))
        gone = jobs.pop(message_id or (job.message_id if job else ""), None)
        if job is not None:
            jobs[job.message_id] = job
        await inlet.save_cursor(JOBS, write_jobs(jobs))
        self._jobs = jobs
        if job is None and gone is not None:
            await asyncio.to_thread(self._path(gone.media).unlink, missing_ok=True)

    async def _call_due(self, inlet: Inlet) -> None:
        """Call again what waits; give up what nobody told the end of."""
        now = self._context.clock.now()
        for job in list((await self._known(inlet)).values()):
            if job.due and datetime.fromisoformat(job.due) <= now:
                await self._call_again(inlet, job)
            elif now - datetime.fromisoformat(job.since) > LIFETIME:
                async with self._lock:
                    await self._keep(inlet, None, job.message_id)

    async def _call_again(self, inlet: Inlet, job: TelnyxJob) -> None:
        """Written down before it is ordered: what a crash leaves open here is not ordered twice."""
        async with self._lock:
            job = replace(job, due="", tries=job.tries + 1, fax_id="")
            await self._keep(inlet, job)
        try:
            fax_id = await self._order(job)
        except TemporaryFailure:
            pause = timedelta(minutes=self._telnyx.pause_minutes)
            async with self._lock:
                await self._keep(inlet, replace(job, due=(self._context.clock.now() + pause).isoformat()))
            return
        except UnknownOutcome:
            # Its webhooks tell whether there was a call; nobody calls once more.
            return
        except SendError as error:
            words = str(error.fields.get("peer", "")) or error.sentence
            status = RecipientStatus(recipient="", action="failed", status="4.0.0", diagnostic=words)
            await self._tell(inlet, job.message_id, "", status)
            async with self._lock:
                await self._keep(inlet, None, job.message_id)
            return
        async with self._lock:
            await self._keep(inlet, replace(job, fax_id=fax_id))

    async def _order(self, job: TelnyxJob) -> str:
        return await self._api.send(
            sender=self._settings.number,
            number=job.number,
            media_url=f"{self._telnyx.public_url}/media/{job.media}.pdf",
            message_id=job.message_id,
        )

    async def _tell(self, inlet: Inlet, message_id: str, fax_id: str, status: RecipientStatus) -> None:
        await inlet.delivered(
            DeliveryUpdate(message_id=message_id, native_ref=fax_id, at=self._context.clock.now(), status=status)
        )

    # Sending

    async def send(self, fax: Fax) -> Receipt:
        """See Connector.send."""
        if self._inlet is None:
            raise TemporaryFailure("The channel is not connected yet.")
        job = TelnyxJob(
            message_id=fax.message_id,
            number=fax.number,
            media=secrets.token_urlsafe(32),
            pages=fax.sheets.pages,
            since=self._context.clock.now().isoformat(),
        )
        try:
            await asyncio.to_thread(_write, self._path(job.media), fax.sheets.pdf)
            async with self._lock:
                # Before the order: its first webhook may overtake the answer.
                await self._keep(self._inlet, job)
        except (OSError, StoreUnavailable) as error:
            raise TemporaryFailure("The pages could not be laid ready for Telnyx.") from error
        try:
            fax_id = await self._order(job)
        except (TemporaryFailure, PermanentFailure):
            await self._forget(job)
            raise
        await self._note(job, fax_id)
        words = say(self._settings.language, "queued", pages=job.pages, job=fax_id)
        return Receipt(native_ref=fax_id, detail=words)

    async def _forget(self, job: TelnyxJob) -> None:
        assert self._inlet is not None
        try:
            async with self._lock:
                await self._keep(self._inlet, None, job.message_id)
        except StoreUnavailable as error:
            log.warning("fax_state_not_kept", channel=self._context.name, code=error.code)

    async def _note(self, job: TelnyxJob, fax_id: str) -> None:
        """The order stands; that its id could not be kept must not look like a failure."""
        assert self._inlet is not None
        try:
            async with self._lock:
                current = (await self._known(self._inlet)).get(job.message_id)
                if current is not None and current.media == job.media and not current.due:
                    await self._keep(self._inlet, replace(current, fax_id=fax_id))
        except StoreUnavailable as error:
            log.warning("fax_state_not_kept", channel=self._context.name, code=error.code)

    def _path(self, media: str) -> Path:
        """Where the file of that secret name lies: a listing of the folder tells no secret."""
        return self._folder / f"{hashlib.sha256(media.encode()).hexdigest()}.pdf"

    # HTTP

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """The file for Telnyx, and its webhooks."""
        if request.path.startswith("media/") and request.method in ("GET", "HEAD"):
            return await self._give(request.path.removeprefix("media/").removesuffix(".pdf"))
        if request.path.strip("/") or request.method != "POST":
            return NO_ADDRESS
        check_signature(
            self._telnyx.public_key,
            request.header("telnyx-timestamp"),
            request.header("telnyx-signature-ed25519"),
            request.body,
            now=self._context.clock.now(),
        )
        try:
            event = read_event(request.body)
        except (ValueError, RecursionError):
            await inlet.accept(self._unreadable(request))
            return HttpAnswer(body=b"kept")
        if event is None:
            return HttpAnswer(body=b"nothing of a fax")
        if event.type == "fax.received":
            return await self._receive(event, inlet)
        await self._follow(event, inlet)
        return HttpAnswer(body=b"ok")

    async def _give(self, media: str) -> HttpAnswer:
        self._fetches[media] = self._fetches.get(media, 0) + 1 if len(self._fetches) < 10_000 else 1
        if len(media) < 40 or self._fetches[media] > MAX_FETCHES:
            return NO_ADDRESS
        try:
            data = await asyncio.to_thread(self._path(media).read_bytes)
        except (OSError, ValueError):
            self._fetches.pop(media, None)
            return NO_ADDRESS
        return HttpAnswer(body=data, type="application/pdf", headers=(("Cache-Control", "no-store"),))

    def _unreadable(self, request: HttpRequest) -> Arrival:
        """Signed, and still no JSON: for a person to look at."""
        return Arrival(
            account=self._context.name,
            native_id=f"body:{hashlib.sha256(request.body).hexdigest()}",
            raw=request.body,
            envelope=Envelope(client=request.client),
            received_at=self._context.clock.now(),
        )

    async def _follow(self, event: FaxEvent, inlet: Inlet) -> None:
        """What becomes of a fax of ours. News of an earlier call of the same fax changes nothing."""
        async with self._lock:
            jobs = await self._known(inlet)
            job = jobs.get(event.message_id) or next((j for j in jobs.values() if j.fax_id == event.fax_id), None)
            stale = job is not None and bool(job.due or (job.fax_id and job.fax_id != event.fax_id))
            message_id = job.message_id if job else event.message_id
            if stale or not message_id:
                return
            pause = timedelta(minutes=self._telnyx.pause_minutes)
            again = call_again(event, job, tries=self._telnyx.tries, pause=pause, now=self._context.clock.now())
            language = self._settings.language
            status = waiting(event, again, self._telnyx.tries, language) if again else fate_of(event, job, language)
            if status is not None:
                await self._tell(inlet, message_id, event.fax_id, status)
            if again is not None:
                await self._keep(inlet, again)
            elif job is not None and event.type in ("fax.delivered", "fax.failed"):
                await self._keep(inlet, None, job.message_id)

    async def _receive(self, event: FaxEvent, inlet: Inlet) -> HttpAnswer:
        """The pages are fetched before anything is kept: their address does not live long."""
        inside = any(f"//{host}" in self._telnyx.api_url for host in LOOPBACK)
        error = "partial content" if event.partial else ""
        files = []
        try:
            limit = self._context.max_message_bytes - 4_096
            data = await fetch_media(event.media_url, limit, inside=inside)
            files.append(BundledFile(name="fax.pdf", type="application/pdf", data=data))
        except MediaLate as late:
            log.warning("fax_media_late", channel=self._context.name, fax=event.fax_id, reason=str(late))
            return LATER
        except MediaGone as gone:
            error = str(gone)
            log.warning("fax_media_gone", channel=self._context.name, fax=event.fax_id, reason=error)
        await inlet.accept(self._arrival(event, files, error))
        return HttpAnswer(body=b"kept")

    def _arrival(self, event: FaxEvent, files: list[BundledFile], error: str) -> Arrival:
        now = self._context.clock.now()
        try:
            at = to_utc_ms(datetime.fromisoformat(event.at))
        except ValueError:
            at = now
        told = {
            "gateway": "telnyx",
            "fax_id": event.fax_id,
            "caller": event.sender,
            "to": event.recipient,
            "pages": event.pages,
            "at": at.isoformat(),
            "error": error,
            "language": self._settings.language,
        }
        return Arrival(
            account=self._context.name,
            native_id=f"telnyx:{event.fax_id}",
            raw=pack_bundle(json.dumps(told).encode("ascii"), files),
            envelope=Envelope(sender=event.sender, client="telnyx", native_ref=event.fax_id),
            received_at=at,
            sender_hint=event.sender,
        )

    # Testing

    async def probe(self) -> list[ProbeStep]:
        """The key and the application; and the public key's form."""
        try:
            if len(base64.b64decode(self._telnyx.public_key)) != 32:
                raise Invalid("public_key is none of Ed25519.")
            name = await self._api.check()
        except (LinkError, Invalid) as error:
            fix = "Copy api_key, connection_id and public_key from the Telnyx portal."
            return [ProbeStep(title="Telnyx", ok=False, detail=error.sentence, fix=fix)]
        finally:
            await self._api.close()
        return [ProbeStep(title="Telnyx", ok=True, detail=name)]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(data)
