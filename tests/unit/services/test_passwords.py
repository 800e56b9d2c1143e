import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from hub.domain.errors import TooMany
from hub.services import passwords as passwords_module
from hub.services.passwords import Passwords, one_time_password


class SlowHasher(PasswordHasher):
    """Counts how many hash at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.running = self.most = 0
        self.lock = threading.Lock()
        self.go = threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(5)
        with self.lock:
            self.running -= 1
        return super().hash(password)


async def test_at_most_two_hash_at_once_and_few_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "MAX_WAITING", 6)
    hasher = SlowHasher()
    passwords = Passwords(hasher)
    tasks = [asyncio.ensure_future(passwords.hash("password")) for _ in range(6)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await passwords.hash("one more")
    hasher.go.set()
    assert len(await asyncio.gather(*tasks)) == 6
    assert hasher.most == 2
    passwords.close()


async def test_a_broken_hash_fits_nothing() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    assert not await passwords.verify("not a hash", "password")
    assert not await passwords.verify("", "password")
    assert await passwords.verify(await passwords.hash("password"), "password")


def test_one_time_passwords_are_long_and_unambiguous() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) == 19 and not set(password) & set("01ilo") for password in made)
