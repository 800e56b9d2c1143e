"""A client of clamd: INSTREAM over TCP or a Unix socket (clamd(8), COMMANDS). One connection for each content; nothing
is written to disk and clamd needs no access to our files."""

import asyncio
import re
import struct

from hub.domain.document import ScanState
from hub.domain.errors import ScannerAway
from hub.ports.scanner import Finding

CHUNK = 256 * 1024
DEADLINE_SECONDS = 60.0
MAX_REPLY = 4_096
_FOUND = re.compile(rb"stream: (.{1,300}) FOUND")


class Clamd:
    """Implements hub.ports.scanner.Scanner. `place` is "HOST:PORT", or the path of a Unix socket."""

    def __init__(self, place: str, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._place, self._deadline = place, deadline
        self._turns = asyncio.Semaphore(2)

    async def scan(self, data: bytes) -> Finding:
        """See Scanner."""
        async with self._turns:
            try:
                async with asyncio.timeout(self._deadline):
                    return _read_finding(await self._converse(data))
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                raise ScannerAway(
                    f"The virus scanner at {self._place} does not answer ({type(error).__name__}); start clamd.",
                    place=self._place,
                ) from error

    async def _converse(self, data: bytes) -> bytes:
        if self._place.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(self._place)
        else:
            host, _, port = self._place.rpartition(":")
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        try:
            try:
                writer.write(b"zINSTREAM\0")
                for start in range(0, len(data), CHUNK):
                    piece = data[start : start + CHUNK]
                    writer.write(struct.pack("!I", len(piece)) + piece)
                    await writer.drain()
                writer.write(struct.pack("!I", 0))
                await writer.drain()
            except (ConnectionResetError, BrokenPipeError):
                # Beyond StreamMaxLength clamd says so and closes while we are still writing: its word counts.
                pass
            return await reader.read(MAX_REPLY)
        finally:
            writer.close()


def _read_finding(reply: bytes) -> Finding:
    reply = reply.rstrip(b"\0\n")
    if reply == b"stream: OK":
        return Finding(state=ScanState.CLEAN)
    if found := _FOUND.fullmatch(reply):
        name = found[1].decode("ascii", "replace")
        # Heuristics.Encrypted, Heuristics.Limits: clamd says that it could not look inside.
        blind = name.startswith(("Heuristics.Encrypted", "Heuristics.Limits"))
        return Finding(state=ScanState.UNSCANNABLE if blind else ScanState.INFECTED, detail=name)
    if b"size limit exceeded" in reply:
        return Finding(state=ScanState.UNSCANNABLE, detail="larger than the scanner takes")
    if reply.endswith(b"ERROR"):
        return Finding(state=ScanState.UNSCANNABLE, detail=reply[:200].decode("ascii", "replace"))
    raise ValueError("clamd answered nonsense")
