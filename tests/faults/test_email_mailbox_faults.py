"""Mailboxes that hang, break off and lie: nothing is lost, nothing else is harmed."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from connectors.email.imap_session import ImapSession
from connectors.email.settings import ImapSettings
from hub.domain.errors import AuthRejected, Misconfigured, Unreachable
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.mail_channel import SmtpDialogue, deliver, imap_table, note, running
from tests.peers.certificates import Certificates
from tests.peers.cut_proxy import CutProxy
from tests.peers.dovecot import Dovecot
from tests.peers.process import LOOPBACK


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.register(f"f{uuid.uuid4().hex[:10]}@hub.test")


def with_listener(table: dict[str, Any]) -> dict[str, Any]:
    return {"listen": "127.0.0.1:0", "imap": {**table, "sent_folder": ""}}


async def test_a_connection_cut_in_idle_is_noticed_and_no_mail_is_missed(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    async with CutProxy(LOOPBACK, dovecot.imaps_port) as proxy:
        table = imap_table(dovecot, certificates, user, port=proxy.port)
        async with running(with_listener(table), inlet):
            await inlet.until_state(LinkState.UP)
            await deliver(dovecot, user, note("vorher"))
            await inlet.until_arrivals(1)
            proxy.reset()
            await inlet.until_state(LinkState.DOWN, 3)
            await deliver(dovecot, user, note("während"))
            await inlet.until_arrivals(2)
            await inlet.until_state(LinkState.UP)
    assert inlet.repeated == []


async def test_a_connection_cut_within_a_mail_fetches_it_again(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    await deliver(dovecot, user, note("groß", text="x" * 70 + ("\r\n" + "y" * 70) * 20_000))
    inlet = FakeInlet()
    async with CutProxy(LOOPBACK, dovecot.imap_port) as proxy:
        proxy.after_server(b"y" * 70, proxy.reset)
        table = imap_table(dovecot, certificates, user, port=proxy.port, tls="none")
        async with running(with_listener(table), inlet):
            await inlet.until_arrivals(1)
    assert proxy.accepted >= 2
    assert inlet.arrivals[0].raw.count(b"y" * 70) == 20_000


async def test_ac09_a_hanging_account_does_not_stop_the_listener_and_is_given_up_by_time(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    async with CutProxy(LOOPBACK, dovecot.imaps_port) as proxy:
        proxy.stall()
        table = imap_table(dovecot, certificates, user, port=proxy.port, timeout=1)
        async with running(with_listener(table), inlet) as connector:
            async with SmtpDialogue.open(connector.ports[0]) as client:
                assert (await client.mail(note("trotzdem"))).startswith("250")
            await inlet.until_state(LinkState.DOWN, 10)
            assert "Still working: SMTP on" in inlet.reports[-1][1]
            async with SmtpDialogue.open(connector.ports[0]) as client:
                assert (await client.mail(note("immer noch"))).startswith("250")
            proxy.resume()
            await inlet.until_state(LinkState.UP)
    assert len(inlet.arrivals) == 2


async def test_ac09_a_dead_password_parks_the_mailbox_alone(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    table = imap_table(dovecot, certificates, user, password="expired")
    async with running(with_listener(table), inlet) as connector:
        await inlet.until_state(LinkState.PARKED)
        async with SmtpDialogue.open(connector.ports[0]) as client:
            assert (await client.mail(note("geht"))).startswith("250")


async def test_a_stall_after_sign_in_ends_by_time(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    async with CutProxy(LOOPBACK, dovecot.imap_port) as proxy:
        table = imap_table(dovecot, certificates, user, port=proxy.port, tls="none", timeout=1)
        session = ImapSession(ImapSettings.model_validate(table))
        await session.connect()
        await session.sign_in()
        proxy.stall()
        with pytest.raises(Unreachable, match="in time"):
            await session.examine("INBOX")
        session.drop()


Answer = Callable[[bytes], list[bytes]]


@contextlib.asynccontextmanager
async def scripted(answer: Answer, greeting: bytes = b"* OK ready\r\n") -> AsyncIterator[int]:
    """An IMAP server that says what a test wants; for what no real server would say."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            tag, _, command = line.strip().partition(b" ")
            for part in answer(command):
                writer.write(part.replace(b"TAG", tag))
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _session(port: int, **changes: Any) -> ImapSession:
    table = {"host": "127.0.0.1", "port": port, "tls": "none", "user": "u", "password": "p", "timeout": 1}
    return ImapSession(ImapSettings.model_validate({**table, **changes}))


def _usual(command: bytes) -> list[bytes]:
    if command == b"CAPABILITY":
        return [b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n"]
    if command.startswith(b"EXAMINE"):
        return [b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK done\r\n"]
    return [b"TAG OK done\r\n"]


async def _outcome(answer: Answer, use: Callable[[ImapSession], Awaitable[Any]]) -> Any:
    async with scripted(answer) as port:
        session = _session(port)
        try:
            await session.connect()
            await session.sign_in()
            await session.examine("INBOX")
            return await use(session)
        finally:
            session.drop()


async def test_odd_answers_are_understood_or_end_the_connection() -> None:
    def fetching(reply: bytes) -> Answer:
        return lambda command: [reply] if b"FETCH" in command else _usual(command)

    quoted = fetching(b'* 1 FETCH (UID 5 BODY[] "a\\"b")\r\nTAG OK done\r\n')
    assert await _outcome(quoted, lambda session: session.body(5, 10)) == b'a"b'
    empty = fetching(b"* 1 FETCH (UID 5 BODY[] NIL)\r\nTAG OK done\r\n")
    assert await _outcome(empty, lambda session: session.body(5, 10)) == b""
    gone = fetching(b"TAG OK done\r\n")
    assert await _outcome(gone, lambda session: session.body(5, 10)) is None
    other = fetching(b"* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (BODY[] {3}\r\nabc UID 5)\r\nTAG OK done\r\n")
    assert await _outcome(other, lambda session: session.body(5, 10)) == b"abc"
    with pytest.raises(Unreachable):
        await _outcome(fetching(b"TAG NO not now\r\n"), lambda session: session.body(5, 10))
    with pytest.raises(Unreachable):
        await _outcome(fetching(b"XX OK what\r\n"), lambda session: session.body(5, 10))
    with pytest.raises(Unreachable):
        await _outcome(fetching(b"* 1 FETCH (UID 5 BODY[] {300}\r\nabc"), lambda session: session.body(5, 10))


async def test_a_flood_of_lines_ends_the_connection_instead_of_hanging() -> None:
    def flood(command: bytes) -> list[bytes]:
        return [b"* 1 EXPUNGE\r\n" * 5000 + b"TAG OK done\r\n"] if command == b"NOOP" else _usual(command)

    async with asyncio.timeout(10):
        with contextlib.suppress(Unreachable):
            await _outcome(flood, lambda session: session.noop())


async def test_sign_in_refusals_are_told_apart() -> None:
    def refusing(reply: bytes) -> Answer:
        return lambda command: [reply] if command.startswith(b"LOGIN") else _usual(command)

    async def nothing(session: ImapSession) -> None:
        return

    with pytest.raises(AuthRejected):
        await _outcome(refusing(b"TAG NO [AUTHENTICATIONFAILED] no\r\n"), nothing)
    with pytest.raises(Unreachable):
        await _outcome(refusing(b"TAG NO [UNAVAILABLE] later\r\n"), nothing)
    with pytest.raises(Misconfigured):
        await _outcome(
            lambda command: (
                [b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n"] if command == b"CAPABILITY" else _usual(command)
            ),
            nothing,
        )


async def test_words_after_the_answer_to_starttls_are_refused(certificates: Certificates) -> None:
    def injecting(command: bytes) -> list[bytes]:
        if command == b"CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"]
        return [b"TAG OK go\r\n* CAPABILITY IMAP4rev1 EVIL\r\n"]

    async with scripted(injecting) as port:
        session = _session(port, tls="starttls", ca_file=str(certificates.ca))
        with pytest.raises(Misconfigured):
            await session.connect()
        session.drop()


async def test_a_server_that_greets_with_bye_or_nothing_is_unreachable() -> None:
    for greeting in (b"* BYE overloaded\r\n", b""):
        async with scripted(_usual, greeting) as port:
            session = _session(port)
            with pytest.raises(Unreachable):
                await session.connect()
            session.drop()


async def test_names_and_passwords_with_quotes_reach_the_server_whole() -> None:
    seen: list[bytes] = []

    def listening(command: bytes) -> list[bytes]:
        seen.append(command)
        return _usual(command)

    async with scripted(listening) as port, _session(port, user='my "own" name', password='p"w\\x') as session:
        await session.examine('Ein "Ordner"')
    assert b'LOGIN "my \\"own\\" name" "p\\"w\\\\x"' in seen
    assert b'EXAMINE "Ein \\"Ordner\\""' in seen
