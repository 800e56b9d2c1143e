"""The main job from outside: mail and chat in, one timeline, the bot answers, a mail goes out, the answer joins."""

import asyncio
import re
import signal
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from tests.hub_process import HubProcess, poll
from tests.mail_channel import deliver
from tests.peers.certificates import Certificates
from tests.peers.chat import ChatClient
from tests.peers.dovecot import Dovecot
from tests.peers.postfix import Postfix
from tests.peers.process import LOOPBACK
from tests.peers.prosody import Prosody


@pytest.fixture
def company(
    tmp_path: Path, certificates: Certificates, prosody: Prosody, postfix: Postfix, dovecot: Dovecot
) -> Iterator[HubProcess]:
    """A hub with mail (LMTP behind Postfix, a mailbox on Dovecot, submission) and the bot's account on Prosody."""
    postfix.clear()
    hub = HubProcess(directory=tmp_path)
    hub.config = f"""
[hub]
company = "Tischlerei Test"
hostname = "hub.test"
[replies]
take_back_seconds = 0
[channels.mail]
kind = "email"
address = "info@hub.test"
addresses = ["*@hub.test"]
listen = "{LOOPBACK}:{hub.smtp_port}"
lmtp = "{LOOPBACK}:{postfix.hub_lmtp_port}"
[channels.mail.submission]
host = "localhost"
port = {postfix.submission_port}
user = "hub@hub.test"
password = "{dovecot.password("hub@hub.test")}"
ca_file = "{certificates.ca}"
[channels.box]
kind = "email"
address = "hub@hub.test"
[channels.box.imap]
host = "localhost"
port = {dovecot.imap_port}
tls = "starttls"
user = "hub@hub.test"
password = "{dovecot.password("hub@hub.test")}"
ca_file = "{certificates.ca}"
[channels.chat]
kind = "xmpp"
jid = "{prosody.jid("bot")}"
password = "{prosody.password("bot")}"
host = "{prosody.host}"
port = {prosody.port}
ca_file = "{certificates.ca}"
"""
    hub.start()
    yield hub
    hub.end()


def customer_mail(subject: str, text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Petra Müller <kunde@box.test>"
    mail["To"] = "info@hub.test"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{abs(hash((subject, text)))}@box.test>"
    mail["Date"] = "Mon, 23 Nov 2026 10:00:00 +0100"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


async def link(hub: HubProcess, chat: ChatClient, bot: str, name: str, language: str = "de") -> None:
    hub.ask_json("user", "add", name, "--role", "agent", "--language", language)
    code = hub.ask_json("user", "link", name)["code"]
    assert "hilfe" in (await chat.ask(bot, f"/link {code}")).lower()


def newest_mail(dovecot: Dovecot, user: str, number: int) -> EmailMessage:
    """The `number`th mail that came into the mailbox, once it is there."""
    folder = dovecot.maildir(user)

    def read() -> list[Path]:
        return sorted([*folder.glob("new/*"), *folder.glob("cur/*")], key=lambda path: path.stat().st_mtime_ns)

    files = poll(read, lambda found: len(found) >= number)
    found = message_from_bytes(files[number - 1].read_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


async def test_mail_and_chat_in_one_timeline_the_bot_answers_and_replies(
    company: HubProcess, prosody: Prosody, postfix: Postfix, dovecot: Dovecot
) -> None:
    bot = prosody.jid("bot")
    already = len(list(dovecot.maildir("kunde@box.test").glob("*/*")))
    async with ChatClient(prosody, "alice") as alice, ChatClient(prosody, "carol") as carol:
        # People nobody knows get a polite refusal.
        assert "Tischlerei Test" in await carol.ask(bot, "wer ist Müller")
        await link(company, alice, bot, "anna")
        # A customer's mail by Postfix is told at once and stands on the timeline once.
        mail = customer_mail("Angebot für 12 Stühle", "Guten Tag,\nwas kosten 12 Stühle?\n")
        await aiosmtplib.send(mail, hostname=LOOPBACK, port=postfix.smtp_port, start_tls=False)
        notice = await alice.hear(20)
        assert "Petra Müller" in notice
        assert "Angebot für 12 Stühle" in notice
        await aiosmtplib.send(mail, hostname=LOOPBACK, port=postfix.smtp_port, start_tls=False)
        # The bot knows.
        assert "Petra Müller" in await alice.ask(bot, "wer ist müller")
        assert "Petra Müller" in await alice.ask(bot, "was wartet?")
        assert "kunde@box.test" in await alice.ask(bot, "who is petra müller?")
        # Answer, confirmed once; a real mail with thread headers reaches the customer.
        proposal = await alice.ask(bot, "antworte ihr: 1.200 €, Lieferung in vier Wochen.")
        assert "1.200 €" in proposal
        receipt = await alice.ask(bot, "ja")
        assert receipt.startswith("Gesendet")
        answer = newest_mail(dovecot, "kunde@box.test", already + 1)
        assert "1.200 €" in answer.get_content()
        assert answer["In-Reply-To"] == mail["Message-ID"]
        assert mail["Message-ID"] in answer["References"]
        assert re.match(r"<f1\.[a-z2-7]{26}\.", answer["Message-ID"])
        assert answer["Subject"] == "AW: Angebot für 12 Stühle"
        # The customer's answer joins the same conversation.
        follow = customer_mail(
            "AW: Angebot für 12 Stühle",
            "Einverstanden!",
            In_Reply_To=answer["Message-ID"],
            References=answer["Message-ID"],
        )
        await aiosmtplib.send(follow, hostname=LOOPBACK, port=postfix.smtp_port, start_tls=False)
        assert "Petra Müller" in await alice.hear(20)
    entries = company.timeline("kunde@box.test")
    messages = [entry for entry in entries if entry["kind"] == "message"]
    assert [(e["direction"], e["channel"]) for e in messages] == [("in", "email"), ("out", "email"), ("in", "email")]
    assert len({e["conversation_id"] for e in messages}) == 1
    channels = {line["name"]: line for line in company.ask_json("channel", "list")}
    assert channels["mail"]["seen"] == 3
    assert (channels["mail"]["done"], channels["mail"]["duplicates"]) == (2, 1)
    # Nothing is lost or doubled over SIGTERM and a new start.
    assert company.stop() == 0
    company.start()
    assert [e["id"] for e in company.timeline("kunde@box.test")] == [e["id"] for e in entries]
    assert "one-time password" not in company.output


async def test_a_mail_in_the_mailbox_arrives_by_idle_once(
    company: HubProcess, dovecot: Dovecot, postfix: Postfix
) -> None:
    mail = customer_mail("Im Postfach", "Liegt im Postfach.")
    mail.replace_header("From", "Jens Vogt <jens@box.test>")
    poll(lambda: company.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows))
    await deliver(dovecot, "hub@hub.test", mail.as_bytes(policy=policy.SMTP))
    entries = poll(lambda: company.timeline("jens@box.test"), lambda found: len(found) == 1)
    assert entries[0]["text"].strip() == "Liegt im Postfach."
    company.kill()
    company.start()
    poll(lambda: company.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows))
    assert len(company.timeline("jens@box.test")) == 1


async def test_ac41_kill_minus_nine_under_load_loses_nothing(company: HubProcess, prosody: Prosody) -> None:
    acknowledged: list[str] = []

    async def send(number: int) -> None:
        mail = customer_mail(f"Last {number}", f"Nachricht {number}")
        mail.replace_header("From", f"K{number % 7} <k{number % 7}@box.test>")
        try:
            await aiosmtplib.send(mail, hostname=LOOPBACK, port=company.smtp_port, start_tls=False, timeout=5)
        except (aiosmtplib.SMTPException, OSError):
            return
        acknowledged.append(f"Last {number}")

    for round_ in range(3):
        before = len(acknowledged)
        load = [asyncio.create_task(send(round_ * 100 + n)) for n in range(100)]
        async with asyncio.timeout(30):
            while len(acknowledged) < before + 5 + 20 * round_:
                await asyncio.sleep(0.005)
        company.kill()
        await asyncio.gather(*load)
        company.start()
    poll(lambda: company.ask_json("channel", "list"), lambda rows: all(row["pending"] == 0 for row in rows))
    entries = [entry for n in range(7) for entry in company.timeline(f"k{n}@box.test", limit=1000)]
    subjects = [entry["subject"] for entry in entries]
    assert acknowledged
    assert set(acknowledged) <= set(subjects)
    assert len(subjects) == len(set(subjects))


def test_a_newcomer_needs_no_configuration(tmp_path: Path) -> None:
    hub = HubProcess(directory=tmp_path)
    hub.start()
    try:
        assert f"http://127.0.0.1:{hub.http_port}" in hub.output
        assert hub.one_time_password
        assert (hub.data / "token").stat().st_mode & 0o777 == 0o600
        sent = subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{hub.smtp_port}", "--from", "petra@customer.example",
             "--to", "info@company.example", "--header", "Subject: Hello", "--body", "Do you have oak tables?"],
            capture_output=True, check=False,
        )  # fmt: skip
        assert sent.returncode == 0, sent.stdout
        entries = poll(lambda: hub.timeline("petra@customer.example"), lambda found: len(found) == 1)
        assert set(entries[0]) >= {"id", "at", "channel", "direction", "kind", "subject", "text"}
        answer = hub.bot("who is petra")
        assert answer["intent"] == "who"
        assert "petra@customer.example" in answer["reply"]
        assert set(answer) >= {"reply", "intent", "slots", "choices"}
        # An answer needs no mail server to be seen: it becomes a file, and the outbox says so.
        assert "yes" in hub.bot("reply to petra: Yes, twelve of them.")["reply"].lower()
        hub.bot("yes")
        (item,) = hub.ask_json("outbox", "list", "--state", "queued")
        hub.ask_json("outbox", "retry", item["id"])
        (file,) = poll(lambda: list((hub.data / "outgoing").glob("*.eml")), lambda found: len(found) == 1)
        answer = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert answer["To"] == "petra@customer.example"
        assert answer["Subject"] == "Re: Hello"
        assert hub.run("contact", "nobody-here").returncode == 3
        second = subprocess.run(hub.command(), capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == 1
        assert "hub" in second.stderr
    finally:
        assert hub.stop() == 0
    assert hub.run("status").returncode == 5


def test_a_port_in_use_is_said_clearly(tmp_path: Path) -> None:
    first = HubProcess(directory=tmp_path / "a")
    second = HubProcess(directory=tmp_path / "b", http_port=first.http_port)
    for hub in (first, second):
        hub.directory.mkdir()
    first.start()
    try:
        done = subprocess.run(second.command(), capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert str(first.http_port) in done.stderr
        assert "--http" in done.stderr
    finally:
        first.end()


def test_a_bad_file_is_exit_code_2_with_every_problem(tmp_path: Path) -> None:
    hub = HubProcess(
        directory=tmp_path, config='[hub]\nlanguage = "fr"\ncompani = "x"\n[channels.mail]\nkind = "emial"\n'
    )
    done = subprocess.run(hub.command(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "hub.language" in done.stderr
    assert "company" in done.stderr
    assert "channels.mail.kind" in done.stderr


def test_a_bad_edit_keeps_what_runs(tmp_path: Path) -> None:
    hub = HubProcess(directory=tmp_path)
    good = f'[channels.mail]\nkind = "email"\nlisten = "127.0.0.1:{hub.smtp_port}"\n'
    hub.config = good
    hub.start()
    try:
        assert hub.process is not None
        file = tmp_path / "fernamt.toml"
        file.write_text("[channels.mail\n")
        hub.process.send_signal(signal.SIGHUP)
        poll(lambda: hub.output, lambda text: "reload_refused" in text)
        assert hub.ask_json("channel", "list")[0]["state"] == "up"
        file.write_text(good + '[channels.second]\nkind = "email"\nlisten = "127.0.0.1:0"\n')
        hub.process.send_signal(signal.SIGHUP)
        poll(lambda: hub.output, lambda text: '"restarted": ["second"]' in text)
        assert [row["name"] for row in hub.ask_json("channel", "list")] == ["mail", "second"]
    finally:
        hub.end()
