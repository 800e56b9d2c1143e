"""Where the in-memory store can be ended or made to fail, and its cursors. See tests/memory_store.py."""

import asyncio
import base64
import json
from collections.abc import Collection, Sequence
from typing import Any

from hub.domain.errors import Invalid


class Crash(BaseException):
    """The process ended here. Not an Exception: nothing that a service catches may survive it."""


class Points:
    """Counts the points that operations pass, and decides what happens at each."""

    def __init__(self, crash_after: int | None) -> None:
        self.passed = 0
        self.crash_after = crash_after
        self.crashed = False
        self.log: list[str] = []
        """The last 1,000 points by name: `outbox.replace:before`, `outbox.replace:after`."""
        self._error: Exception | None = None
        self._times: int | None = None
        self._on: frozenset[str] | None = None

    def slot(self, error: Exception | None, times: int | None, on: Collection[str] | None) -> None:
        self._error, self._times, self._on = error, times, None if on is None else frozenset(on)

    async def before(self, verb: str) -> None:
        await asyncio.sleep(0)
        self._pass(f"{verb}:before")
        if self._error is not None and (self._on is None or verb in self._on):
            error = self._error
            if self._times is not None:
                self._times -= 1
                if self._times <= 0:
                    self._error = None
            raise error

    def effect(self, verb: str) -> None:
        """After one of several effects of one call, without yielding."""
        self._pass(f"{verb}:after")

    async def yielded(self) -> None:
        await asyncio.sleep(0)
        if self.crashed:
            raise Crash

    def _pass(self, name: str) -> None:
        if self.crashed:
            raise Crash
        self.passed += 1
        self.log.append(name)
        del self.log[:-1000]
        if self.crash_after is not None and self.passed >= self.crash_after:
            self.crashed = True
            raise Crash(f"at point {self.passed}, {name}")


def write_cursor(tag: str, key: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps([tag, list(key)]).encode()).decode()


def read_cursor(tag: str, text: str) -> list[Any]:
    try:
        content = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
    except ValueError as error:
        raise Invalid("This cursor cannot be read; start again from the first page.") from error
    if not isinstance(content, list) or len(content) != 2 or content[0] != tag:
        raise Invalid("This cursor belongs to another list; start again from the first page.")
    key: list[Any] = content[1]
    return key


def check_limit(limit: int) -> None:
    if not 1 <= limit <= 1000:
        raise Invalid("A page has 1 to 1,000 items.", limit=limit)
