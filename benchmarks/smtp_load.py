"""The load generator: distinct 5.5 KB mails over some SMTP sessions at once, each with its own Message-ID and one of many
senders. A process of its own: `python -m benchmarks.smtp_load PORT COUNT SESSIONS [SIZE]` prints seconds and refusals."""

import asyncio
import base64
import os
import sys
import time

LINE = b"Die Lieferung kommt am Dienstag, wie besprochen; bitte pruefen Sie die Menge und die Oberflaeche.\r\n"
SENDERS = 200


def make_mail(number: int, size: int, run: str) -> bytes:
    """A plain mail of about `size` bytes; above 20 KB mostly an attachment."""
    head = (
        f"From: Kunde {number % SENDERS} <kunde{number % SENDERS}@kunden.example>\r\nTo: info@hub.example\r\n"
        f"Subject: Anfrage {number} zur Lieferung\r\nMessage-ID: <{run}-{number}@kunden.example>\r\n"
        "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
    ).encode()
    if size <= 20_000:
        body = LINE * ((size - len(head)) // len(LINE))
        return head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + f"Nummer {number}\r\n".encode() + body
    data = base64.encodebytes(os.urandom((size - 2000) * 3 // 4)).replace(b"\n", b"\r\n")
    return (
        head
        + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        + LINE * 8
        + b'--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + data
        + b"--b--\r\n"
    )


class Session(asyncio.Protocol):
    """One SMTP session that sends its mails one after the other over one connection."""

    def __init__(self, mails: list[bytes], done: asyncio.Future[int], pause: float) -> None:
        self._mails, self._done, self._pause = mails, done, pause
        self._sent = self._refused = 0
        self._steps = iter(())
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._state = "greeting"

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\r\n", 1)
            if line[3:4] != b"-":
                self._reply(line)

    def _reply(self, line: bytes) -> None:
        good = line[:1] in b"23"
        if self._state == "greeting":
            self._say(b"EHLO load.example\r\n", "next")
        elif self._state in ("next", "sent"):
            if self._state == "sent":
                self._refused += not good
                self._sent += 1
            if self._sent == len(self._mails):
                self._say(b"QUIT\r\n", "quit")
            elif self._pause and self._state == "sent":
                asyncio.get_running_loop().call_later(self._pause, self._begin)
            else:
                self._begin()
        elif self._state == "mail":
            self._say(b"RCPT TO:<info@hub.example>\r\n", "rcpt")
        elif self._state == "rcpt":
            self._say(b"DATA\r\n", "data")
        elif self._state == "data":
            self._transport.write(self._mails[self._sent])
            self._say(b"\r\n.\r\n", "sent")
        elif self._state == "quit" and not self._done.done():
            self._transport.close()
            self._done.set_result(self._refused)

    def _begin(self) -> None:
        self._say(f"MAIL FROM:<kunde{self._sent % SENDERS}@kunden.example>\r\n".encode(), "mail")

    def _say(self, line: bytes, state: str) -> None:
        self._state = state
        self._transport.write(line)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the session"))


async def load(port: int, count: int, sessions: int, size: int, rate: float = 0.0) -> tuple[float, int]:
    """Send `count` mails; seconds from the first byte to the last reply, and how many were refused. `rate`: mails a
    second in all (0: as fast as it goes)."""
    run = f"{os.getpid()}-{time.time_ns()}"
    mails = [make_mail(number, size, run) for number in range(count)]
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(sessions)]
    pause = sessions / rate if rate else 0.0
    started = time.perf_counter()
    for index, future in enumerate(futures):
        share, waiter = mails[index::sessions], future
        await loop.create_connection(lambda s=share, f=waiter: Session(s, f, pause), "127.0.0.1", port)  # type: ignore[misc]
    refused = sum(await asyncio.gather(*futures))
    return time.perf_counter() - started, refused


if __name__ == "__main__":
    arguments = [float(value) for value in sys.argv[1:]]
    port, count, sessions = (int(value) for value in arguments[:3])
    size = int(arguments[3]) if len(arguments) > 3 else 5500
    seconds, refused = asyncio.run(load(port, count, sessions, size, arguments[4] if len(arguments) > 4 else 0.0))
    print(f"{seconds:.4f} {refused}")
