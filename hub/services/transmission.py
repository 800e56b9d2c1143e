"""One attempt of one item. The attempt is written before the network is touched, its outcome after it; an attempt
whose outcome was not written is unknown, and is either repeated (where the channel recognises repeats) or held."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from hub.domain.errors import (
    BlobMissing,
    FernamtError,
    PermanentFailure,
    SendError,
    StoreUnavailable,
    TemporaryFailure,
    UnknownOutcome,
)
from hub.domain.outbox import Attempt, AttemptOutcome, OutboxItem, OutboxState, reveal
from hub.ports.clock import Clock
from hub.ports.connector import Accounts, Connector, LinkState, OnRepeat, Parcel
from hub.ports.kinds import OUTBOX
from hub.ports.store import Store
from hub.services import attempts
from hub.services.attempts import Result, concluded, given_up, has_open_attempt, opened, transition
from hub.services.bounces import is_hard
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries
from hub.services.suppressions import HARD_BOUNCE, Suppressions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the dispatcher; seconds where nothing else is said."""

    in_flight: int = 32
    per_account: int = 8
    deadline: float = 60.0
    """Of one attempt."""
    cancel_wait: float = 5.0
    """For a connector to notice that its time is over."""
    poll: float = 5.0
    """The safety net: everything normal is heard of at once."""
    grace: float = 10.0
    """For attempts in flight when the hub stops."""
    store_wait: float = 0.5
    """First pause after the store did not answer; doubles up to 10 s."""


class Transmitter:
    """Makes attempts and writes what came of them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accounts: Accounts,
        outbox: Outbox,
        entries: OutgoingEntries,
        suppressions: Suppressions,
        epoch: Callable[[], int],
        signature_key: bytes = b"",
        observe: Callable[[AttemptOutcome], None] = lambda outcome: None,
        limits: Limits | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._items = store.documents(OUTBOX)
        self._blobs = store.blobs
        self._clock, self._accounts, self._outbox = clock, accounts, outbox
        self._entries, self._suppressions = entries, suppressions
        self._epoch, self._signature_key, self._observe = epoch, signature_key, observe
        self._limits, self._jitter = limits or Limits(), jitter
        self.in_flight: set[str] = set()
        """Items that this process is sending now."""

    def is_ready(self, name: str) -> bool:
        """Whether something can be sent through the account now: only then is anything claimed, so that waiting costs
        no attempts."""
        account = self._accounts.get(name)
        return account is not None and account.can_send and self._accounts.link(name)[0] is LinkState.UP

    # An attempt

    async def attempt(self, item: OutboxItem) -> bool:
        """One attempt of a due item. True where something came of it, so that the next one of the lane may be looked
        at. Raises StoreUnavailable, and what `epoch` raises, before anything was claimed."""
        if has_open_attempt(item):
            # No legal way leads here; if one does, it must not become a second transmission in silence.
            log.error("open_attempt_in_queue", item=item.id)
            return await self._replace(item, transition(item, OutboxState.HELD, reason=attempts.UNKNOWN_OUTCOME))
        if (listed := await self._suppressions.find(item.recipient)) is not None:
            return await self._fail(item, attempts.SUPPRESSED, listed.reason)
        await self._entries.complete(item)
        try:
            files = tuple([await self._blobs.get(part.sha256) for part in item.content.attachments])
        except BlobMissing as error:
            return await self._fail(item, attempts.BLOB_MISSING, error.sentence)
        connector = self._accounts.connector(item.account)
        if connector is None or not self.is_ready(item.account):
            return False
        epoch = self._epoch()
        self.in_flight.add(item.id)
        try:
            claimed = await self._claim(item, epoch)
            if claimed is None:
                return False
            number = claimed.attempts[-1].number
            carried = replace(claimed, content=reveal(claimed.content))
            parcel = Parcel(item=carried, attempt=number, files=files, signature_key=self._signature_key)
            result = await self._send(connector, parcel)
            await self._after(await self._write_outcome(claimed, result), result)
        finally:
            self.in_flight.discard(item.id)
        return True

    async def _fail(self, item: OutboxItem, reason: str, detail: str) -> bool:
        now = self._clock.now()
        return await self._replace(item, transition(item, OutboxState.FAILED, reason=reason, detail=detail, due_at=now))

    async def _replace(self, item: OutboxItem, changed: OutboxItem) -> bool:
        """Write the change and let it be known; False where somebody else was quicker."""
        if not await self._items.replace(changed, item.version):
            return False
        await self._outbox.changed(replace(changed, version=item.version + 1))
        return True

    async def _claim(self, item: OutboxItem, epoch: int) -> OutboxItem | None:
        claimed = opened(item, epoch=epoch, now=self._clock.now())
        try:
            taken = await self._items.replace(claimed, item.version)
        except StoreUnavailable:
            return await self._read_claim(item.id, claimed.attempts[-1])
        return replace(claimed, version=item.version + 1) if taken else None

    async def _read_claim(self, item_id: str, attempt: Attempt) -> OutboxItem | None:
        """The store did not answer the claim, but may have written it. The network was not touched, so the attempt
        may go on if it stands there."""
        wait = self._limits.store_wait
        while True:
            await self._clock.sleep(wait)
            wait = min(wait * 2, 10.0)
            try:
                current = await self._items.get(item_id)
            except StoreUnavailable:
                continue
            ours = current is not None and current.state is OutboxState.SENDING and current.attempts[-1] == attempt
            return current if ours else None

    async def _send(self, connector: Connector, parcel: Parcel) -> Result:
        try:
            # The lease may have been lost while the claim was being written.
            self._epoch()
        except FernamtError as error:
            return Result(outcome=AttemptOutcome.TEMPORARY, code=error.code, detail=error.sentence)
        work = asyncio.create_task(self._transmit(connector, parcel), name=f"send:{parcel.item.id}")
        timer = asyncio.create_task(self._clock.sleep(self._limits.deadline), name=f"deadline:{parcel.item.id}")
        try:
            await asyncio.wait({work, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            if not work.done():
                work.cancel()
                await asyncio.wait({work}, timeout=self._limits.cancel_wait)
        if not work.done() or work.cancelled():
            return Result(outcome=AttemptOutcome.UNKNOWN, code="deadline", detail="No answer in time.")
        return work.result()

    async def _transmit(self, connector: Connector, parcel: Parcel) -> Result:
        try:
            receipt = await connector.send(parcel)
        except TemporaryFailure as error:
            return _result(AttemptOutcome.TEMPORARY, error, retry_after=error.retry_after)
        except PermanentFailure as error:
            return _result(AttemptOutcome.PERMANENT, error, hard=is_hard(str(error.fields.get("status", ""))))
        except UnknownOutcome as error:
            return _result(AttemptOutcome.UNKNOWN, error)
        except Exception as error:
            # The contract allows nothing else; whatever a fault in a connector left behind, the data may have left.
            log.exception("connector_fault", item=parcel.item.id, account=parcel.item.account)
            return Result(outcome=AttemptOutcome.UNKNOWN, code="connector-fault", detail=type(error).__name__)
        return Result(
            outcome=AttemptOutcome.SENT,
            detail=receipt.detail,
            native_ref=receipt.native_ref,
            more_refs=receipt.more_refs,
            delivered=receipt.delivered,
        )

    async def _write_outcome(self, claimed: OutboxItem, result: Result) -> OutboxItem:
        """Does not give up while the store is away: what was sent must be known to have been sent, and nothing else
        happens in this lane before. If the process ends first, the open attempt is an unknown outcome."""
        current, wait = claimed, self._limits.store_wait
        while True:
            done = concluded(
                current, result, now=self._clock.now(), on_repeat=self._on_repeat(claimed), jitter=self._jitter
            )
            try:
                if await self._items.replace(done, current.version):
                    return replace(done, version=current.version + 1)
                found = await self._items.get(claimed.id)
            except StoreUnavailable as error:
                log.warning("outcome_waits_for_store", item=claimed.id, code=error.code)
                await self._clock.sleep(wait)
                wait = min(wait * 2, 10.0)
                continue
            if found is None:
                return done
            if not has_open_attempt(found) or found.attempts[-1].number != claimed.attempts[-1].number:
                # Our own write, of which only the answer was lost.
                return found
            current = found

    def _on_repeat(self, item: OutboxItem) -> OnRepeat:
        account = self._accounts.get(item.account)
        return account.on_repeat if account else OnRepeat.NOT_RECOGNISED

    async def _after(self, item: OutboxItem, result: Result) -> None:
        self._observe(result.outcome)
        log.info(
            "attempt_ended",
            item=item.id,
            account=item.account,
            attempt=item.attempts[-1].number,
            outcome=result.outcome.value,
            code=result.code,
            state=item.state.value,
        )
        if result.hard:
            try:
                await self._suppressions.add(item.recipient, HARD_BOUNCE, result.detail)
            except StoreUnavailable as error:
                log.warning("suppression_not_written", item=item.id, code=error.code)
        await self._outbox.changed(item)

    # Items that nobody is sending

    async def resolve(self, item: OutboxItem) -> bool:
        """An item that is SENDING, but not by this process: its outcome is unknown. False where it has changed."""
        detail = "The hub stopped before the outcome was written."
        result = Result(
            outcome=AttemptOutcome.UNKNOWN, code="interrupted", detail=detail, retry_after=timedelta(seconds=1)
        )
        done = concluded(item, result, now=self._clock.now(), on_repeat=self._on_repeat(item), jitter=self._jitter)
        log.warning("attempt_interrupted", item=item.id, account=item.account, state=done.state.value)
        if not await self._replace(item, done):
            return False
        self._observe(AttemptOutcome.UNKNOWN)
        return True

    async def expire(self, item: OutboxItem) -> None:
        """A queued item whose absolute end has come."""
        log.warning("item_given_up", item=item.id, account=item.account, attempts=len(item.attempts))
        await self._replace(item, given_up(item, self._clock.now()))

    async def mark_unsendable(self, item: OutboxItem) -> None:
        """A queued item whose account cannot send at all. It stays queued, so that it leaves as soon as the channel is
        mended, and says why it waits; its author is told once."""
        if item.reason != attempts.NO_WAY_TO_SEND:
            await self._replace(item, replace(item, reason=attempts.NO_WAY_TO_SEND))

    def can_ever_send(self, name: str) -> bool:
        """Whether the account, as it is configured, sends at all."""
        account = self._accounts.get(name)
        return account is not None and account.can_send and self._accounts.connector(name) is not None


def _result(
    outcome: AttemptOutcome, error: SendError, *, retry_after: timedelta | None = None, hard: bool = False
) -> Result:
    words = str(error.fields.get("peer", "")) or error.sentence
    return Result(
        outcome=outcome,
        code=str(error.fields.get("reply", "")) or error.code,
        detail=words,
        retry_after=retry_after,
        hard=hard,
    )
