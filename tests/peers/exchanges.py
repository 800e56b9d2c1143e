"""Scripted telephone exchanges on loopback: the call monitor of a FRITZ!Box, and Asterisk's manager interface. Debian
has neither; their lines are those of the vendors' documentation."""

import asyncio
import hashlib
import socket
import struct
from types import TracebackType
from typing import Self

from tests.peers.process import LOOPBACK

_RESET = struct.pack("ii", 1, 0)


class Exchange:
    """A TCP server that says lines to everybody who is connected."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._ready: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._joined, self._left = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and every connection, as at a restart."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._ready):
            writer.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ready.clear()
        self._joined.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if await self.greet(reader, writer):
                self._ready.add(writer)
                self._left.clear()
                self._joined.set()
                await self.listen(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._ready.discard(writer)
            if not self._ready:
                self._joined.clear()
                self._left.set()
            writer.close()

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """What is said before events; False refuses."""
        return True

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def connected(self) -> None:
        """Somebody listens."""
        async with asyncio.timeout(10):
            await self._joined.wait()

    async def left(self) -> None:
        """Nobody listens any more."""
        async with asyncio.timeout(10):
            await self._left.wait()

    async def say(self, *lines: str, raw: bytes = b"") -> None:
        await self.connected()
        for writer in list(self._ready):
            writer.write(b"".join(line.encode() + b"\r\n" for line in lines) + raw)
            await writer.drain()

    def reset(self) -> None:
        """RST, as when the power is gone."""
        self._joined.clear()
        for writer in list(self._ready):
            handle = writer.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        self._ready.clear()


class FritzBox(Exchange):
    """`fritz.say(*fritz.missed())`."""

    def ring(self, caller: str = "02211234567", slot: int = 0, at: str = "28.11.26 10:42:07") -> str:
        return f"{at};RING;{slot};{caller};02219876543;SIP0;"

    def call(self, callee: str, slot: int = 1, at: str = "28.11.26 10:50:00") -> str:
        return f"{at};CALL;{slot};4;9876543;{callee};SIP0;"

    def connect(self, slot: int = 0, extension: str = "11") -> str:
        return f"28.11.26 10:42:15;CONNECT;{slot};{extension};02211234567;"

    def disconnect(self, slot: int = 0, seconds: int = 0) -> str:
        return f"28.11.26 10:43:15;DISCONNECT;{slot};{seconds};"


class Manager(Exchange):
    """Asterisk's manager: challenge, login, then events. `mute` stops it answering pings."""

    def __init__(self, username: str = "fernamt", secret: str = "manager-secret", port: int = 0) -> None:
        super().__init__(port)
        self._username, self._secret = username, secret
        self.seen: list[dict[str, str]] = []
        self.mute = False
        self._pings, self._ping = 0, asyncio.Event()
        self.banner = b"Asterisk Call Manager/9.0.0\r\n"

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(self.banner)
        await self._read(reader)
        writer.write(b"Response: Success\r\nChallenge: 123456789\r\n\r\n")
        login = await self._read(reader)
        key = hashlib.md5(f"123456789{self._secret}".encode(), usedforsecurity=False).hexdigest()
        if (login.get("Username"), login.get("Key")) != (self._username, key):
            writer.write(b"Response: Error\r\nMessage: Authentication failed\r\n\r\n")
            await writer.drain()
            return False
        writer.write(b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n")
        return True

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            action = await self._read(reader)
            if action.get("Action") == "Ping" and not self.mute:
                writer.write(b"Response: Success\r\nPing: Pong\r\n\r\n")
                self._pings += 1
                self._ping.set()

    async def pinged(self, times: int) -> None:
        """So many pings were answered."""
        async with asyncio.timeout(10):
            while self._pings < times:
                self._ping.clear()
                await self._ping.wait()

    async def _read(self, reader: asyncio.StreamReader) -> dict[str, str]:
        text = (await reader.readuntil(b"\r\n\r\n")).decode()
        action = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        self.seen.append(action)
        return action

    async def event(self, name: str, **fields: str) -> None:
        lines = [f"Event: {name}", *(f"{key.replace('_', '-')}: {value}" for key, value in fields.items()), ""]
        await self.say(*lines)
