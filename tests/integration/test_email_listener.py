"""The listener against Postfix, swaks and a client without manners."""

import asyncio
import os
import ssl
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from hub.domain.errors import Invalid, StoreUnavailable
from tests.fake_inlet import FakeInlet
from tests.mail_channel import SmtpDialogue, mail_context, note, resident_bytes, running
from tests.peers.certificates import Certificates
from tests.peers.postfix import Postfix
from tests.peers.process import LOOPBACK, need

LISTEN = {"listen": "127.0.0.1:0"}


async def run_swaks(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        need("swaks", "swaks"), *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode or 0, output.decode(errors="replace")


async def test_a_mail_by_smtp_is_kept_before_it_is_acknowledged() -> None:
    inlet = FakeInlet(accept_gate=asyncio.Event())
    async with running(LISTEN, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        pending = asyncio.ensure_future(client.mail(note("eins", message_id="1@x"), "Info@hub.test", "zwei@hub.test"))
        await inlet.until(lambda: inlet.attempts == 1)
        assert not pending.done()
        assert inlet.accept_gate is not None
        inlet.accept_gate.set()
        assert (await pending).startswith("250 2.0.0")
    arrival = inlet.arrivals[0]
    assert arrival.raw == note("eins", message_id="1@x") + b"\r\n"
    assert arrival.envelope.sender == "kunde@example.org"
    assert arrival.envelope.recipients == ("Info@hub.test", "zwei@hub.test")
    assert arrival.envelope.client == "127.0.0.1 (client.test)"
    assert arrival.sender_hint == "kunde@example.org"
    assert not arrival.envelope.tls


async def test_swaks_sends_over_starttls(certificates: Certificates) -> None:
    inlet = FakeInlet()
    settings = {**LISTEN, "tls_certificate": str(certificates.certificate), "tls_key": str(certificates.key)}
    async with running(settings, inlet) as connector:
        code, output = await run_swaks(
            "--server", f"localhost:{connector.ports[0]}", "--to", "info@hub.test", "--from", "kunde@example.org",
            "--tls", "--tls-verify", "--tls-ca-path", str(certificates.ca), "--header", "Subject: über TLS",
        )  # fmt: skip
        assert code == 0, output
    assert inlet.arrivals[0].envelope.tls
    assert "über TLS".encode() in inlet.arrivals[0].raw


async def test_postfix_delivers_by_lmtp_to_three_recipients_of_whom_one_is_refused(postfix: Postfix) -> None:
    inlet = FakeInlet()
    settings = {
        "lmtp": f"127.0.0.1:{postfix.hub_lmtp_port}",
        "addresses": ["info@hub.test", "shop@hub.test"],
        "refuse_unknown": True,
    }
    subject = f"drei {uuid.uuid4()}"
    async with running(settings, inlet):
        code, output = await run_swaks(
            "--server", f"{LOOPBACK}:{postfix.smtp_port}", "--from", "kunde@box.test",
            "--to", "info@hub.test,nobody@hub.test,shop@hub.test", "--header", f"Subject: {subject}",
        )  # fmt: skip
        assert code == 0, output
        await inlet.until_arrivals(1)
        expected = ("to=<info@hub.test>", "to=<shop@hub.test>")
        async with asyncio.timeout(15):
            while "5.1.1 No such address here" not in postfix.log or not all(map(_sent_to(postfix), expected)):
                await asyncio.sleep(0.05)
    assert set(inlet.arrivals[0].envelope.recipients) == {"info@hub.test", "shop@hub.test"}
    assert len(inlet.arrivals) == 1


def _sent_to(postfix: Postfix) -> Callable[[str], bool]:
    sent = [line for line in postfix.log.splitlines() if "status=sent (250 2.0.0 OK a_" in line]
    return lambda recipient: any(recipient in line for line in sent)


async def test_lmtp_by_a_unix_socket_answers_each_recipient(tmp_path: Path) -> None:
    inlet = FakeInlet()
    path = tmp_path / "s"
    async with running({"lmtp": f"unix:{path}"}, inlet):
        reader, writer = await asyncio.open_unix_connection(str(path))
        client = SmtpDialogue(reader, writer)
        assert (await client.reply()).startswith("220")
        assert (await client.say("EHLO x")).startswith("500")
        assert (await client.say("LHLO x")).startswith("250")
        assert (await client.mail(note("zwei"), "a@hub.test", "b@hub.test")).startswith("250")
        assert (await client.reply()).startswith("250")
        assert (await client.say("NOOP")).startswith("250")
        writer.close()
    assert not path.exists()
    assert inlet.arrivals[0].envelope.client == "local (x)"


async def test_the_same_bytes_and_envelope_are_one_arrival() -> None:
    inlet = FakeInlet()
    async with running(LISTEN, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        for _ in range(2):
            assert (await client.mail(note("gleich", message_id="x@y"))).startswith("250")
        assert (await client.mail(note("gleich", message_id="x@y"), "other@hub.test")).startswith("250")
    assert len(inlet.arrivals) == 2
    assert len(inlet.repeated) == 1


async def test_ac10_a_store_that_is_down_refuses_for_now_and_postfix_comes_again(postfix: Postfix) -> None:
    inlet = FakeInlet(accept_error=StoreUnavailable("disk full"), accept_errors_left=1)
    async with running({"lmtp": f"127.0.0.1:{postfix.hub_lmtp_port}"}, inlet):
        subject = f"voll {uuid.uuid4()}"
        code, output = await run_swaks(
            "--server", f"{LOOPBACK}:{postfix.smtp_port}", "--from", "kunde@box.test", "--to", "info@hub.test",
            "--header", f"Subject: {subject}",
        )  # fmt: skip
        assert code == 0, output
        await inlet.until_arrivals(1, 30)
    assert inlet.attempts == 2
    assert subject.encode() in inlet.arrivals[0].raw
    assert "451 4.3.0" in postfix.log


async def test_our_own_errors_are_never_told_to_the_peer() -> None:
    inlet = FakeInlet(accept_error=RuntimeError("secret mongodb://user:pw@host"))
    async with running(LISTEN, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        assert await client.mail(note("x")) == "451 4.3.0 Temporary failure, please try again later"
        inlet.accept_error = Invalid("too many parts", secret="inside")
        assert await client.mail(note("x")) == "554 5.6.0 Message cannot be accepted"
        inlet.accept_error = None
        assert (await client.mail(note("x"))).startswith("250")


async def test_dots_long_lines_bare_line_ends_and_empty_mails_arrive_as_they_were_sent() -> None:
    inlet = FakeInlet()
    body = b"A: b\r\n\r\n..one\r\n...two\r\n\n.\nbare\r\n" + b"x" * 200_000
    async with running(LISTEN, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        assert (await client.mail(body)).startswith("250")
        assert inlet.arrivals[0].raw == b"A: b\r\n\r\n.one\r\n..two\r\n\n.\nbare\r\n" + b"x" * 200_000 + b"\r\n"
        await client.say("MAIL FROM:<>")
        await client.say("RCPT TO:<info@hub.test>")
        await client.say("DATA")
        assert (await client.say(".")).startswith("250")
        assert inlet.arrivals[1].raw == b""
        assert inlet.arrivals[1].envelope.sender == ""
        assert (await client.mail(b"..")).startswith("250")
        assert inlet.arrivals[2].raw == b".\r\n"


async def test_internationalised_addresses_and_odd_ones() -> None:
    inlet = FakeInlet()
    async with running(LISTEN, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        assert (await client.say("MAIL FROM:<jürgen@bücher.example> SMTPUTF8")).startswith("250")
        assert (await client.say('RCPT TO:<"quoted local"@hub.test>')).startswith("250")
        assert (await client.say(b"RCPT TO:<\xff\xfe@hub.test>")).startswith("553")
        assert (await client.say("RCPT TO:<broken")).startswith(("501", "553"))
        await client.say("DATA")
        assert (await client.say(note("x") + b"\r\n.")).startswith("250")
        assert (await client.say("AUTH PLAIN AHgAeA==")).startswith("502")
    assert inlet.arrivals[0].envelope.sender == "jürgen@bücher.example"


async def test_too_large_is_said_at_mail_where_size_tells() -> None:
    inlet = FakeInlet()
    settings = {**LISTEN, "max_message_bytes": 100_000}
    async with running(settings, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        assert (await client.say("MAIL FROM:<a@example.org> SIZE=100001")).startswith("552")
        exact = b"S: x\r\n\r\n" + b"y" * (100_000 - 10)
        assert (await client.mail(exact)).startswith("250")
        assert len(inlet.arrivals[0].raw) == 100_000
        assert (await client.mail(exact + b"z")).startswith("552")
        assert (await client.mail(b"S: x\r\n\r\n" + b"y\r\n" * 50_000)).startswith("552")
        assert (await client.mail(note("danach"))).startswith("250")
    assert len(inlet.arrivals) == 2


async def test_recipients_and_connections_are_limited() -> None:
    inlet = FakeInlet()
    settings = {**LISTEN, "max_recipients": 2, "max_connections": 2}
    async with running(settings, inlet) as connector:
        port = connector.ports[0]
        async with SmtpDialogue.open(port) as client, SmtpDialogue.open(port):
            await client.say("MAIL FROM:<a@example.org>")
            assert (await client.say("RCPT TO:<a@hub.test>")).startswith("250")
            assert (await client.say("RCPT TO:<b@hub.test>")).startswith("250")
            assert (await client.say("RCPT TO:<c@hub.test>")).startswith("452 4.5.3")
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            assert (await reader.readline()).startswith(b"421 4.7.0")
            assert await reader.read() == b""
            writer.close()


async def test_pipelined_commands_are_answered_in_order() -> None:
    inlet = FakeInlet()
    async with running(LISTEN, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        client.writer.write(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@hub.test>\r\nDATA\r\n")
        assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "354"]
        client.writer.write(note("pipe", message_id="1@x") + b"\r\n.\r\nRSET\r\nQUIT\r\n")
        assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "221"]
    assert inlet.arrivals[0].raw == note("pipe", message_id="1@x") + b"\r\n"


async def test_a_stop_lets_the_mail_in_hand_be_kept() -> None:
    inlet = FakeInlet(accept_gate=asyncio.Event())
    async with running(LISTEN, inlet) as connector:
        port = connector.ports[0]
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        client = SmtpDialogue(reader, writer)
        await client.reply()
        await client.say("EHLO x")
        pending = asyncio.ensure_future(client.mail(note("zuletzt")))
        await inlet.until(lambda: inlet.attempts == 1)
        assert inlet.accept_gate is not None
        asyncio.get_running_loop().call_later(0.2, inlet.accept_gate.set)
    assert (await pending).startswith("250")
    writer.close()
    assert len(inlet.arrivals) == 1


async def test_a_flood_without_line_ends_costs_no_memory_and_is_cut() -> None:
    inlet = FakeInlet()
    settings = {**LISTEN, "max_message_bytes": 1_000_000}
    async with running(settings, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        await client.say("MAIL FROM:<a@example.org>")
        await client.say("RCPT TO:<b@hub.test>")
        await client.say("DATA")
        before, sent = resident_bytes(), 0
        block = b"x" * 1_000_000
        try:
            for _ in range(100):
                client.writer.write(block)
                await asyncio.wait_for(client.writer.drain(), 10)
                sent += len(block)
        except (ConnectionError, TimeoutError):
            pass
        assert sent < 20_000_000
        assert resident_bytes() - before < 30_000_000
    assert not inlet.arrivals


async def test_starttls_clears_what_was_said_before(certificates: Certificates) -> None:
    inlet = FakeInlet()
    settings = {**LISTEN, "tls_certificate": str(certificates.certificate), "tls_key": str(certificates.key)}
    async with running(settings, inlet) as connector, SmtpDialogue.open(connector.ports[0]) as client:
        assert "STARTTLS" in await client.say("EHLO x")
        client.writer.write(b"STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n")
        assert (await client.reply()).startswith("220")
        await client.writer.start_tls(_trusting(certificates), server_hostname="localhost")
        assert (await client.say("RCPT TO:<b@hub.test>")).startswith("503")


async def test_the_listener_under_uvloop_with_starttls(certificates: Certificates, tmp_path: Path) -> None:
    script = tmp_path / "serve.py"
    script.write_text(
        "import asyncio, sys, uvloop\n"
        "from tests.fake_inlet import FakeInlet\n"
        "from tests.mail_channel import running\n"
        "async def main():\n"
        "    inlet = FakeInlet()\n"
        f"    settings = dict(listen='127.0.0.1:0', tls_certificate={str(certificates.certificate)!r}, "
        f"tls_key={str(certificates.key)!r})\n"
        "    async with running(settings, inlet) as connector:\n"
        "        print(connector.ports[0], flush=True)\n"
        "        await inlet.until_arrivals(1, 30)\n"
        "        print('tls', inlet.arrivals[0].envelope.tls, flush=True)\n"
        "with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner: runner.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), 20))
    code, output = await run_swaks(
        "--server", f"localhost:{port}", "--to", "info@hub.test", "--from", "k@example.org", "--tls"
    )
    assert code == 0, output
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"tls True\n"
    assert await process.wait() == 0


def _trusting(certificates: Certificates) -> ssl.SSLContext:
    return certificates.client_context()


async def test_hello_names_us() -> None:
    context = mail_context(hostname="mx.hub.test")
    async with running(LISTEN, FakeInlet(), context) as hub, SmtpDialogue.open(hub.ports[0], greet="") as client:
        assert (await client.say("EHLO x")).startswith("250-mx.hub.test\n250-SIZE 26214400\n")
        assert (await client.say("HELO x")) == "250 mx.hub.test"
