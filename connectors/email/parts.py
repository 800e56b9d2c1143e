"""Running the parts of one channel side by side: listener, mailbox, submission.

A part that fails must not take the others down, and only the connector can see to that: while another part works, a
failing one is tried again here, with full jitter, and the link is reported DOWN (or PARKED) with the reason. Only when
no part works at all does the run end with the error, and the supervisor owns what follows.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

import structlog

from hub.domain.errors import AuthRejected, LinkError, Misconfigured
from hub.ports.clock import Clock
from hub.ports.connector import Inlet, LinkState

log = structlog.get_logger()
Part = Callable[[Callable[[str], None]], Awaitable[None]]
"""Runs until cancelled, calls its argument with words once it works, raises LinkErrors."""
FIRST_DELAY, LONGEST_DELAY, PARKED_DELAY = 1.0, 300.0, 900.0
STEADY_SECONDS = 60.0


class PartsRunner:
    """The parts of one channel and what is known of each."""

    def __init__(
        self, parts: Mapping[str, Part], inlet: Inlet, clock: Clock, jitter: Callable[[], float] = random.random
    ) -> None:
        self._parts = dict(parts)
        self._inlet = inlet
        self._clock = clock
        self._jitter = jitter
        self._working: dict[str, str] = {}
        self._broken: dict[str, LinkError] = {}

    async def run(self) -> None:
        """Until cancelled. Raises a LinkError when every part is broken."""
        self._report()
        try:
            async with asyncio.TaskGroup() as group:
                for name, part in self._parts.items():
                    group.create_task(self._keep(name, part), name=f"email-part:{name}")
        except BaseExceptionGroup as errors:
            links, others = errors.split(LinkError)
            if links is None or others is not None:
                raise
            raise self._gravest() from errors

    async def _keep(self, name: str, part: Part) -> None:
        failures = 0
        while True:
            started = self._clock.monotonic()
            try:
                await part(lambda words: self._works(name, words))
            except LinkError as error:
                self._working.pop(name, None)
                self._broken[name] = error
                log.warning("mail_part_broken", part=name, code=error.code, detail=error.sentence)
                if len(self._broken) == len(self._parts):
                    raise
                self._report()
                steady = self._clock.monotonic() - started >= STEADY_SECONDS
                failures = 1 if steady else failures + 1
                await self._clock.sleep(self._delay(error, failures))

    def _delay(self, error: LinkError, failures: int) -> float:
        if isinstance(error, AuthRejected | Misconfigured):
            # Nothing changes by itself, and many refused sign-ins lock accounts.
            return PARKED_DELAY
        return max(0.2, self._jitter() * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures, 12)))

    def _works(self, name: str, words: str) -> None:
        self._broken.pop(name, None)
        self._working[name] = words
        self._report()

    def _gravest(self) -> LinkError:
        errors = list(self._broken.values())
        return next((error for error in errors if isinstance(error, AuthRejected | Misconfigured)), errors[0])

    def _report(self) -> None:
        words = "; ".join(self._working[name] for name in self._parts if name in self._working)
        if self._broken:
            error = self._gravest()
            state = LinkState.PARKED if isinstance(error, AuthRejected | Misconfigured) else LinkState.DOWN
            self._inlet.report(state, f"{error.sentence} Still working: {words}." if words else error.sentence)
        elif len(self._working) == len(self._parts):
            self._inlet.report(LinkState.UP, words)
        else:
            self._inlet.report(LinkState.CONNECTING, words)
