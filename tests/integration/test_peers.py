"""The peers themselves: they start, speak, and stop."""

import asyncio
import subprocess
import uuid

from tests.peers.cut_proxy import CutProxy
from tests.peers.dovecot import Dovecot
from tests.peers.postfix import Postfix
from tests.peers.process import LOOPBACK, need
from tests.peers.prosody import Prosody
from tests.peers.secantus import Secantus


async def test_prosody_greets_clients(prosody: Prosody) -> None:
    reader, writer = await asyncio.open_connection(prosody.host, prosody.port)
    writer.write(b"<?xml version='1.0'?><stream:stream to='hub.test' xmlns='jabber:client' version='1.0' ")
    writer.write(b"xmlns:stream='http://etherx.jabber.org/streams'>")
    features = await asyncio.wait_for(reader.readuntil(b"</stream:features>"), 10)
    assert b"urn:ietf:params:xml:ns:xmpp-tls" in features
    writer.close()


async def test_mail_passes_from_postfix_into_a_dovecot_mailbox(postfix: Postfix, dovecot: Dovecot) -> None:
    dovecot.register("neu@box.test")
    subject = f"probe {uuid.uuid4()}"
    submit = [need("swaks", "swaks"), "--server", f"{LOOPBACK}:{postfix.smtp_port}", "--to", "neu@box.test"]
    submit += ["--from", "kunde@example.org", "--header", f"Subject: {subject}"]
    subprocess.run(submit, check=True, capture_output=True)
    folder = dovecot.maildir("neu@box.test") / "new"
    async with asyncio.timeout(15):
        while not any(subject in mail.read_text() for mail in folder.glob("*")):
            await asyncio.sleep(0.05)


async def test_postfix_asks_dovecot_for_the_password_of_a_sender(postfix: Postfix, dovecot: Dovecot) -> None:
    submit = [need("swaks", "swaks"), "--server", f"{LOOPBACK}:{postfix.submission_port}", "--tls", "--auth", "PLAIN"]
    submit += ["--auth-user", "hub@hub.test", "--to", "kunde@box.test", "--from", "hub@hub.test", "--auth-password"]
    assert subprocess.run([*submit, dovecot.password("hub@hub.test")], capture_output=True).returncode == 0
    assert subprocess.run([*submit, "wrong"], capture_output=True).returncode != 0


async def test_secantus_accepts_connections(secantus: Secantus) -> None:
    _, writer = await asyncio.open_connection(secantus.host, secantus.port)
    writer.close()


async def test_the_proxy_passes_on_and_resets_at_a_pattern(prosody: Prosody) -> None:
    async with CutProxy(prosody.host, prosody.port) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        proxy.after_client(b"version='1.0'>", proxy.reset)
        writer.write(b"<?xml version='1.0'?><stream:stream to='hub.test' xmlns='jabber:client' ")
        writer.write(b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>")
        try:
            data = await asyncio.wait_for(reader.read(65536), 5)
            while data:
                data = await asyncio.wait_for(reader.read(65536), 5)
        except ConnectionResetError:
            pass
        assert proxy.accepted == 1
        writer.close()
