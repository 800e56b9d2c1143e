"""A small client of Asterisk's manager interface (AMI, TCP 5038): sign-in and reading messages. A message is lines
`Key: value` and an empty line.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping

from hub.domain.errors import AuthRejected, Unreachable

MAX_LINE = 8_192
MAX_LINES = 300


class AmiStream:
    """One connection. `silence`: seconds without a word after which it counts as dead; halfway it is asked for one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, silence: float = 60.0) -> None:
        self._reader, self._writer, self._silence = reader, writer, silence

    async def sign_in(self, username: str, secret: str) -> None:
        """By challenge, so that the secret does not cross the wire. Raises AuthRejected, Unreachable."""
        if not (await self._line()).startswith("Asterisk Call Manager/"):
            raise Unreachable("That is no Asterisk manager: check host and port (usually 5038).")
        answer = await self._ask({"Action": "Challenge", "AuthType": "MD5"})
        # The manager's protocol knows no other digest.
        key = hashlib.md5(f"{answer.get('challenge', '')}{secret}".encode(), usedforsecurity=False).hexdigest()
        answer = await self._ask(
            {"Action": "Login", "AuthType": "MD5", "Username": username, "Key": key, "Events": "call"}
        )
        if answer.get("response", "").lower() != "success":
            raise AuthRejected(
                f'Asterisk refuses the manager account "{username}": check username and secret, and the permit lines '
                "of manager.conf."
            )

    async def messages(self) -> AsyncIterator[Mapping[str, str]]:
        """Until the connection ends, which raises Unreachable. Keys are in lower case; of a repeated one the first
        counts."""
        waits = 0
        while True:
            try:
                async with asyncio.timeout(self._silence / 2):
                    message = await self._read()
            except TimeoutError as error:
                waits += 1
                if waits > 1:
                    raise Unreachable("Asterisk is silent; the connection is opened anew.") from error
                await self._write({"Action": "Ping"})
                continue
            waits = 0
            yield message

    async def _ask(self, action: Mapping[str, str]) -> Mapping[str, str]:
        await self._write(action)
        while True:
            message = await self._read()
            if "response" in message:
                return message

    async def _write(self, action: Mapping[str, str]) -> None:
        lines = [f"{key}: {_safe(value)}" for key, value in action.items()]
        try:
            self._writer.write("\r\n".join([*lines, "", ""]).encode())
            await self._writer.drain()
        except OSError as error:
            raise Unreachable("The connection to Asterisk broke.") from error

    async def _read(self) -> Mapping[str, str]:
        message: dict[str, str] = {}
        for _ in range(MAX_LINES):
            line = await self._line()
            if not line:
                if message:
                    return message
                continue
            key, colon, value = line.partition(":")
            if colon:
                message.setdefault(key.strip().lower(), value.strip())
        raise Unreachable("Asterisk sends a message without an end.")

    async def _line(self) -> str:
        return await read_text_line(self._reader, "Asterisk")


async def read_text_line(reader: asyncio.StreamReader, peer: str) -> str:
    """One line without its end. Raises Unreachable at the end of the stream (half a line counts as none) and for a
    line longer than the reader's limit."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        raise Unreachable(f"{peer} closed the connection.") from error
    except asyncio.LimitOverrunError as error:
        raise Unreachable(f"{peer} sends a line without an end.") from error
    except OSError as error:
        raise Unreachable(f"The connection to {peer} broke.") from error
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _safe(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")
