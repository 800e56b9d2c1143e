"""Passwords: Argon2id (RFC 9106) with OWASP's parameters, in two threads of its own, because a hash takes tens of
milliseconds and tens of megabytes."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.domain.errors import Invalid, TooMany

R = TypeVar("R")

UNAMBIGUOUS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody confuses when reading them aloud: no 0, 1, i, l, o."""
MIN_LENGTH = 10
MAX_LENGTH = 200
THREADS = 2
MAX_WAITING = 50
BUSY_WAIT = timedelta(seconds=5)


def one_time_password() -> str:
    """Sixteen unambiguous characters in four groups, 79 random bits."""
    return "-".join(spell(4) for _ in range(4))


def spell(length: int) -> str:
    """Random unambiguous characters."""
    return "".join(secrets.choice(UNAMBIGUOUS) for _ in range(length))


def check_password(password: str) -> None:
    """Raises Invalid where a password is too short or too long to be kept."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.", field="password")


class Passwords:
    """Hashes and verifies. `close` ends the threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._free = asyncio.Semaphore(THREADS)
        self._waiting = 0
        self._decoy = ""

    async def hash(self, password: str) -> str:
        """The encoded hash, salt and parameters inside."""
        return await self._work(self._hasher.hash, password)

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether they fit. '' stands for an unknown user and takes the same time as a wrong password."""
        if not self._decoy:
            self._decoy = await self.hash(spell(20))
        fits = await self._work(self._fits, encoded or self._decoy, password[:MAX_LENGTH])
        return fits and bool(encoded)

    def outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def close(self) -> None:
        """End the threads once they are idle."""
        self._threads.shutdown(wait=False)

    def _fits(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, function: Callable[..., R], *arguments: str) -> R:
        if self._waiting >= MAX_WAITING:
            raise TooMany("Too many people sign in at once; try again in a few seconds.", retry_after=BUSY_WAIT)
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        finally:
            self._waiting -= 1
