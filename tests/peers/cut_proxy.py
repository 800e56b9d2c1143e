"""A TCP proxy in the test's own loop that can stall, swallow what the server says, and reset like a broken network."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.peers.process import LOOPBACK

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class CutProxy:
    """`async with CutProxy(host, port) as proxy:` then connect to `127.0.0.1:proxy.port`.

    `after_client(pattern, action)` runs the action once those bytes have gone from client to server (they may come in
    pieces); `after_server` the same for the other way, before they are passed on. Actions: `reset`, `stall`, `mute`,
    or any callable.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flow = asyncio.Event()
        self._flow.set()
        self._muted = False
        self._client_rule: tuple[bytes, Callable[[], None]] | None = None
        self._server_rule: tuple[bytes, Callable[[], None]] | None = None
        self.port = 0
        self.accepted = 0
        """How many connections came."""
        self.refusing = False
        """Reset new connections at once."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def open_connections(self) -> int:
        return len(self._writers) // 2

    def reset(self) -> None:
        """RST on both sides of every connection."""
        for writer in list(self._writers):
            _reset(writer)
        self._flow.set()

    def stall(self) -> None:
        """Pass nothing on in either direction; connections stay open, new ones are accepted."""
        self._flow.clear()

    def resume(self) -> None:
        self._flow.set()

    def mute(self) -> None:
        """Swallow what the server says from now on."""
        self._muted = True

    def unmute(self) -> None:
        self._muted = False

    def after_client(self, pattern: bytes, action: Callable[[], None]) -> None:
        self._client_rule = (pattern, action)

    def after_server(self, pattern: bytes, action: Callable[[], None]) -> None:
        self._server_rule = (pattern, action)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refusing:
            _reset(writer)
            return
        try:
            there_reader, there = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, there}
        for name, coroutine in (
            ("to-server", self._pump(reader, there, from_client=True)),
            ("to-client", self._pump(there_reader, writer, from_client=False)),
        ):
            task = asyncio.create_task(coroutine, name=f"cut-proxy-{name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool) -> None:
        tail = b""
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flow.wait()
                tail = self._watch(tail, data, from_client=False) if not from_client else tail
                if not from_client and self._muted:
                    continue
                writer.write(data)
                await writer.drain()
                tail = self._watch(tail, data, from_client=True) if from_client else tail
        self._writers.discard(writer)
        writer.close()

    def _watch(self, tail: bytes, data: bytes, *, from_client: bool) -> bytes:
        rule = self._client_rule if from_client else self._server_rule
        if rule is None:
            return b""
        pattern, action = rule
        seen = tail + data
        if pattern in seen:
            if from_client:
                self._client_rule = None
            else:
                self._server_rule = None
            action()
            return b""
        return seen[-len(pattern) :]


def _reset(writer: asyncio.StreamWriter) -> None:
    handle = writer.get_extra_info("socket")
    if handle is not None:
        with contextlib.suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
