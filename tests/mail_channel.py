"""Running an email channel in a test: settings for the real peers, a connector that runs, parcels to send."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.email.connector import EmailConnector
from connectors.email.settings import EmailSettings
from hub.domain.address import Address
from hub.domain.ids import OutboxId, random_id
from hub.domain.message import Participant
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.ports.clock import Clock, SystemClock
from hub.ports.connector import ConnectorContext, Parcel
from tests.fake_inlet import FakeInlet
from tests.peers.certificates import Certificates
from tests.peers.dovecot import Dovecot
from tests.peers.postfix import Postfix


def mail_context(clock: Clock | None = None, **changes: Any) -> ConnectorContext:
    values: dict[str, Any] = {
        "name": "mail",
        "hostname": "crm.hub.test",
        "clock": clock or SystemClock(),
        "data_dir": Path("/nonexistent"),
        "max_message_bytes": 26_214_400,
    }
    return ConnectorContext(**{**values, **changes})


def imap_table(dovecot: Dovecot, certificates: Certificates, user: str, **changes: Any) -> dict[str, Any]:
    table = {
        "host": "localhost",
        "port": dovecot.imaps_port,
        "tls": "implicit",
        "user": user,
        "password": dovecot.password(user),
        "ca_file": str(certificates.ca),
        "timeout": 10,
    }
    return {**table, **changes}


def submission_table(postfix: Postfix, certificates: Certificates, **changes: Any) -> dict[str, Any]:
    table = {
        "host": "localhost",
        "port": postfix.submission_port,
        "tls": "starttls",
        "user": "hub@hub.test",
        "password": postfix.dovecot.password("hub@hub.test"),
        "ca_file": str(certificates.ca),
        "timeout": 10,
    }
    return {**table, **changes}


@contextlib.asynccontextmanager
async def running(
    settings: EmailSettings | dict[str, Any], inlet: FakeInlet, context: ConnectorContext | None = None
) -> AsyncIterator[EmailConnector]:
    """The connector running until the block ends; an error of its run is raised there."""
    parsed = settings if isinstance(settings, EmailSettings) else EmailSettings.model_validate(settings)
    connector = EmailConnector(parsed, context or mail_context())
    task = asyncio.create_task(connector.run(inlet), name="connector-under-test")
    try:
        if parsed.listen or parsed.lmtp:
            await inlet.until(lambda: bool(inlet.reports) or task.done(), 10)
            if task.done():
                await task
        yield connector
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def parcel(
    to: str = "kunde@box.test",
    *,
    subject: str = "Re: Angebot",
    text: str = "Guten Tag\n\nbitte sehr.\n.Punkt am Anfang\n",
    purpose: Purpose = Purpose.REPLY,
) -> Parcel:
    recipient = Address(channel="email", normal=to)
    now = datetime.now(UTC).replace(microsecond=0)
    item = OutboxItem(
        id=OutboxId(random_id("o")),
        account="mail",
        channel="email",
        recipient=recipient,
        lane=lane_of("mail", recipient),
        purpose=purpose,
        content=OutgoingContent(
            subject=subject, text=text, message_id=f"{random_id('m')}@hub.test", to=(Participant(address=recipient),)
        ),
        due_at=now,
        created_at=now,
        give_up_at=now + timedelta(hours=1),
    )
    return Parcel(item=item, attempt=1)


class SmtpDialogue:
    """A raw client for what no decent client says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, port: int, *, greet: str = "EHLO client.test") -> AsyncIterator["SmtpDialogue"]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        dialogue = cls(reader, writer)
        try:
            assert (await dialogue.reply()).startswith("220")
            if greet:
                assert (await dialogue.say(greet)).startswith("250")
            yield dialogue
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def say(self, line: str | bytes) -> str:
        self.writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        await self.writer.drain()
        return await self.reply()

    async def reply(self) -> str:
        """One whole reply, its lines joined."""
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 15)).decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def mail(self, raw: bytes, *recipients: str, sender: str = "kunde@example.org") -> str:
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250")
        for recipient in recipients or ("info@hub.test",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")
        return await self.say(raw + b"\r\n.")


async def deliver(dovecot: Dovecot, user: str, raw: bytes) -> None:
    """Put a mail into a Dovecot mailbox by LMTP."""
    async with SmtpDialogue.open(dovecot.lmtp_port, greet="LHLO test") as lmtp:
        reply = await lmtp.mail(raw.rstrip(b"\r\n"), user)
        assert reply.startswith("250"), reply


def note(subject: str, text: str = "Hallo", message_id: str = "") -> bytes:
    """A small mail, CRLF, without the end mark."""
    own = message_id or f"{random_id('t')}@example.org"
    return (
        f"From: Kunde <kunde@example.org>\r\nTo: info@hub.test\r\nSubject: {subject}\r\nMessage-ID: <{own}>\r\n"
        f"Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\n{text}"
    ).encode()


def resident_bytes() -> int:
    """This process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def unused_socket() -> tuple[socket.socket, int]:
    """A bound port on which nobody accepts."""
    handle = socket.socket()
    handle.bind(("127.0.0.1", 0))
    return handle, handle.getsockname()[1]
