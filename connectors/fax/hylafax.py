"""Fax through a HylaFAX server. One `run` is one connection that looks at the queues every few seconds: what became of
our jobs, what came in. Each fax that is sent has a connection of its own. The server dials again by itself (busy, no
answer) with its own pauses; nothing in its queues is ever deleted here."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from connectors.fax.gateway import NO_ADDRESS, Fax
from connectors.fax.hylafax_jobs import FAILED, JobWatch, tag_of
from connectors.fax.hylafax_session import HylafaxSession, ReceivedFax
from connectors.fax.settings import FaxSettings
from connectors.fax.words import say
from hub.domain.arrival import Arrival
from hub.domain.errors import AuthRejected, Invalid, LinkError, StoreUnavailable, TemporaryFailure, Unreachable
from hub.domain.message import Envelope
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
T = TypeVar("T")
RECEIVED, ENDED = "recvq", "doneq"
MAX_SEEN = 20_000


class HylafaxGateway:
    """A Gateway."""

    def __init__(self, settings: FaxSettings, context: ConnectorContext) -> None:
        self._settings, self._context, self._server = settings, context, settings.server
        self._where = f"HylaFAX at {settings.server.host}:{settings.server.port}"

    # Watching

    async def run(self, inlet: Inlet, up: Callable[[str], None]) -> None:
        """See Connector.run."""
        session = HylafaxSession(self._server)
        try:
            await in_thread(session, session.open)
            ended = json.loads(await inlet.load_cursor(ENDED) or b"[]")
            seen = set(json.loads(await inlet.load_cursor(RECEIVED) or b"[]"))
            watch = JobWatch(self._context.name, self._settings.language, ended)
            told = False
            while True:
                await self._look_at_jobs(session, watch, inlet)
                if self._server.receive:
                    seen = await self._take_all(session, seen, inlet)
                if not told:
                    up(self._where)
                told = True
                await self._context.clock.sleep(self._server.poll_seconds)
        except StoreUnavailable as error:
            raise Unreachable("The store could not keep a fax or its state; it is fetched again.") from error
        finally:
            session.abort()
            await asyncio.to_thread(session.close)

    async def _look_at_jobs(self, session: HylafaxSession, watch: JobWatch, inlet: Inlet) -> None:
        jobs = await in_thread(session, session.jobs)
        before = set(watch.ended)
        for job, status in watch.news(jobs):
            update = DeliveryUpdate(
                message_id=watch.message_id(job), native_ref=job.id, at=self._context.clock.now(), status=status
            )
            await inlet.delivered(update)
            if watch.told(job):
                log.info("fax_job_ended", channel=self._context.name, job=job.id, state=job.state, pages=job.sent)
        watch.forget(jobs)
        if watch.ended != before:
            await inlet.save_cursor(ENDED, json.dumps(sorted(watch.ended)).encode())

    # Receiving

    async def _take_all(self, session: HylafaxSession, seen: set[str], inlet: Inlet) -> set[str]:
        """Everything in recvq that is whole and was not taken yet, oldest first. Returns what is known now: only files
        that still lie there need be remembered."""
        listed = sorted(await in_thread(session, session.received), key=lambda fax: (fax.seconds, fax.name))
        fresh = [fax for fax in listed if not fax.coming and native_id(fax) not in seen]
        known = seen & {native_id(fax) for fax in listed}
        for fax in fresh:
            if await self._take(session, fax, inlet):
                known.add(native_id(fax))
        if known != seen:
            await inlet.save_cursor(RECEIVED, json.dumps(sorted(known)[-MAX_SEEN:]).encode())
        return known

    async def _take(self, session: HylafaxSession, fax: ReceivedFax, inlet: Inlet) -> bool:
        """True once it is durable, or can never be."""
        limit = self._context.max_message_bytes - 4_096
        if fax.size > limit:
            # It stays on the server; here a person sees in quarantine that it came.
            log.error("fax_too_large", channel=self._context.name, file=fax.name, size=fax.size)
            await inlet.accept(self._arrival(fax, None))
            return True
        try:
            data = await in_thread(session, lambda: session.fetch(fax.name, limit))
        except ValueError as error:
            raise Unreachable("The HylaFAX server sends more of a fax than it announced.") from error
        if data is None:
            # Moved or closed between the list and this: if it comes back, so do we.
            log.warning("fax_not_readable", channel=self._context.name, file=fax.name)
            return False
        try:
            await inlet.accept(self._arrival(fax, data))
        except Invalid as error:
            log.error("fax_refused", channel=self._context.name, file=fax.name, code=error.code)
        return True

    def _arrival(self, fax: ReceivedFax, data: bytes | None) -> Arrival:
        at = datetime.fromtimestamp(fax.seconds, UTC) if fax.seconds else self._context.clock.now()
        told = {
            "gateway": "hylafax",
            "file": fax.name,
            "tsi": fax.tsi,
            "caller": fax.caller,
            "caller_name": fax.caller_name,
            "to": self._settings.number,
            "pages": fax.pages,
            "at": at.isoformat(),
            "error": fax.error,
            "language": self._settings.language,
        }
        files = [BundledFile(name=fax.name, type="image/tiff", data=data)] if data is not None else []
        return Arrival(
            account=self._context.name,
            native_id=native_id(fax),
            raw=pack_bundle(json.dumps(told).encode("ascii"), files),
            envelope=Envelope(sender=fax.caller or fax.tsi, client=self._server.host, native_ref=fax.name),
            received_at=at,
            sender_hint=fax.caller or fax.tsi,
        )

    # Sending

    async def send(self, fax: Fax) -> Receipt:
        """See Connector.send. The server may have it from an attempt of which we never heard: asked first."""
        session = HylafaxSession(self._server)
        tag = tag_of(self._context.name, fax.message_id)
        try:
            await in_thread(session, session.open)
            known = await in_thread(session, session.jobs)
            job = next((job for job in known if job.tag == tag and job.state != FAILED), None)
            number = job.id if job else await in_thread(session, lambda: self._submit(session, fax, tag))
        except LinkError as error:
            raise TemporaryFailure(error.sentence) from error
        finally:
            await asyncio.to_thread(session.close)
        words = say(self._settings.language, "queued", pages=fax.sheets.pages, job=number)
        return Receipt(native_ref=number, detail=words)

    def _submit(self, session: HylafaxSession, fax: Fax, tag: str) -> str:
        server = self._server
        parameters = {
            "FROMUSER": '"fernamt"',
            "NOTIFYADDR": '"fernamt@localhost"',
            "NOTIFY": '"none"',
            # DDHHMM: after that the server stops trying.
            "LASTTIME": f"{server.give_up_hours // 24:02}{server.give_up_hours % 24:02}00",
            "MAXDIALS": str(server.dials),
            "MAXTRIES": str(server.tries),
            "SCHEDPRI": "127",
            "DIALSTRING": f'"{fax.number}"',
            "EXTERNAL": f'"{fax.number}"',
            "VRES": "196",
            "PAGEWIDTH": "209",
            "PAGELENGTH": "296",
            "PAGECHOP": '"none"',
            "JOBINFO": f'"{tag}"',
        }
        if server.modem:
            parameters["MODEM"] = f'"{server.modem}"'
        return session.submit(fax.sheets.tiff, parameters)

    # Testing

    async def probe(self) -> list[ProbeStep]:
        """Sign in, then look at the queues."""
        where = f"{self._server.host}:{self._server.port}"
        session = HylafaxSession(self._server)
        try:
            await in_thread(session, session.open)
            jobs = await in_thread(session, session.jobs)
            received = await in_thread(session, session.received)
        except AuthRejected as error:
            fix = "Add the host and user to etc/hosts.hfaxd with faxadduser, and check the password."
            return [ProbeStep(title="Sign in", ok=False, detail=error.sentence, fix=fix)]
        except LinkError as error:
            fix = "Check host and port, and that hfaxd and faxq run there."
            return [ProbeStep(title="Connect", ok=False, detail=error.sentence, fix=fix)]
        finally:
            session.abort()
            await asyncio.to_thread(session.close)
        return [
            ProbeStep(title="Sign in", ok=True, detail=where),
            ProbeStep(title="Queues", ok=True, detail=f"{len(jobs)} jobs, {len(received)} received faxes"),
        ]

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """Nothing is taken by HTTP."""
        return NO_ADDRESS


def native_id(fax: ReceivedFax) -> str:
    """File names are numbered, and begin again on a new server: the time makes them different."""
    return f"{fax.name}:{fax.seconds}"


async def in_thread(session: HylafaxSession, work: Callable[[], T]) -> T:
    """In a thread. Cancelled: the connection is cut, so that the thread ends now and not at its time-out."""
    task = asyncio.create_task(asyncio.to_thread(work), name="hylafax")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        session.abort()
        with contextlib.suppress(Exception):
            await task
        raise
