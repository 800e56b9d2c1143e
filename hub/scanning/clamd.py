"""A client of clamd: INSTREAM over TCP or a Unix socket (clamd(8), COMMANDS). One connection for each content; nothing
is written to disk and clamd needs no access to our files.

It speaks from a thread with plain sockets: beyond StreamMaxLength clamd answers and closes while we are still writing,
and asyncio's streams throw away what was received once a write has failed.
"""

import asyncio
import re
import socket
import struct
import time

from hub.domain.document import ScanState
from hub.domain.errors import ScannerAway
from hub.ports.scanner import Finding

CHUNK = 256 * 1024
DEADLINE_SECONDS = 60.0
AT_ONCE = 2
MAX_REPLY = 4_096
LARGE = 1_000_000
"""From here on a stream that breaks off is laid to the file, where clamd still lives."""
_FOUND = re.compile(rb"(?:instream|stream|fd\[\d+\]): (.{1,300}) FOUND")
_BLIND = ("Heuristics.Encrypted", "Heuristics.Limits")
"""clamd says that it could not look inside."""


class Clamd:
    """Implements hub.ports.scanner.Scanner. `place` is "HOST:PORT", or the path of a Unix socket."""

    def __init__(self, place: str, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._place, self._deadline = place, deadline
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def scan(self, data: bytes) -> Finding:
        """See Scanner."""
        async with self._turns:
            try:
                return await asyncio.to_thread(self._scan, data)
            except (OSError, EOFError, ValueError) as error:
                raise ScannerAway(
                    f"The virus scanner at {self._place} does not answer ({type(error).__name__}); start clamd.",
                    place=self._place,
                ) from error

    def _scan(self, data: bytes) -> Finding:
        try:
            return _read_finding(self._converse(data))
        except (ConnectionError, EOFError):
            if len(data) < LARGE or not self._lives():
                raise
            return Finding(state=ScanState.UNSCANNABLE, detail="the scanner broke off in the middle of it")

    def _connect(self, ends: float) -> socket.socket:
        if self._place.startswith("/"):
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(_left(ends))
            try:
                line.connect(self._place)
            except OSError:
                line.close()
                raise
            return line
        host, _, port = self._place.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), _left(ends))

    def _converse(self, data: bytes) -> bytes:
        ends = time.monotonic() + self._deadline
        with self._connect(ends) as line:
            try:
                line.sendall(b"zINSTREAM\0")
                for start in range(0, len(data), CHUNK):
                    piece = data[start : start + CHUNK]
                    line.settimeout(_left(ends))
                    line.sendall(struct.pack("!I", len(piece)) + piece)
                line.sendall(struct.pack("!I", 0))
            except (ConnectionResetError, BrokenPipeError):
                # Its word, said before it closed, may still be there to be read.
                pass
            return _read_reply(line, ends)

    def _lives(self) -> bool:
        ends = time.monotonic() + min(5.0, self._deadline)
        try:
            with self._connect(ends) as line:
                line.sendall(b"zPING\0")
                return _read_reply(line, ends) == b"PONG"
        except (OSError, EOFError):
            return False


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read_reply(line: socket.socket, ends: float) -> bytes:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < MAX_REPLY:
        line.settimeout(_left(ends))
        piece = line.recv(MAX_REPLY)
        if not piece:
            break
        reply += piece
    if not reply:
        raise EOFError
    return reply.rstrip(b"\0\n")


def _read_finding(reply: bytes) -> Finding:
    if reply == b"stream: OK":
        return Finding(state=ScanState.CLEAN)
    if found := _FOUND.fullmatch(reply):
        name = found[1].decode("ascii", "replace")
        return Finding(state=ScanState.UNSCANNABLE if name.startswith(_BLIND) else ScanState.INFECTED, detail=name)
    if b"size limit exceeded" in reply:
        return Finding(state=ScanState.UNSCANNABLE, detail="larger than the scanner takes")
    if reply.endswith(b"ERROR"):
        return Finding(state=ScanState.UNSCANNABLE, detail=reply[:200].decode("ascii", "replace"))
    raise ValueError("clamd answered nonsense")
