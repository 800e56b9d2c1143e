"""A customer from outside: proves by XMPP who they are, asks, books and moves; a forged mail gets nothing; the
colleague sees it, is reminded, and books a payment."""

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from tests.acceptance.test_main_path import customer_mail, link, newest_mail
from tests.hub_process import HubProcess, poll
from tests.peers.certificates import Certificates
from tests.peers.chat import ChatClient
from tests.peers.dovecot import Dovecot
from tests.peers.postfix import Postfix
from tests.peers.process import LOOPBACK
from tests.peers.prosody import Prosody

WHOLE_WEEK = [{"weekday": day, "start": 0, "end": 1440} for day in range(7)]


@pytest.fixture
def company(
    tmp_path: Path, certificates: Certificates, prosody: Prosody, postfix: Postfix, dovecot: Dovecot
) -> Iterator[HubProcess]:
    """Mail behind Postfix, and one XMPP account that welcomes customers and carries colleagues."""
    postfix.clear()
    hub = HubProcess(directory=tmp_path)
    hub.config = f"""
[hub]
company = "Tischlerei Test"
hostname = "hub.test"
language = "de"
[customer_bot]
known_days = 0
[channels.mail]
kind = "email"
address = "info@hub.test"
addresses = ["*@hub.test"]
authserv_id = "mx.hub.test"
lmtp = "{LOOPBACK}:{postfix.hub_lmtp_port}"
listen = "{LOOPBACK}:{hub.smtp_port}"
[channels.mail.submission]
host = "localhost"
port = {postfix.submission_port}
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
strangers = "welcome"
"""
    hub.start()
    poll(lambda: hub.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows))
    yield hub
    hub.end()


def api(hub: HubProcess, method: str, path: str, body: Any = None, key: str = "") -> Any:
    token = (hub.data / "token").read_text().strip()
    request = urllib.request.Request(
        f"{hub.url}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **({"Idempotency-Key": key} if key else {}),
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


async def test_a_customer_proves_asks_books_and_moves_and_a_colleague_goes_on(
    company: HubProcess, prosody: Prosody, postfix: Postfix, dovecot: Dovecot
) -> None:
    bot = prosody.jid("bot")
    already = len(list(dovecot.maildir("kunde@box.test").glob("*/*")))
    petra = api(
        company,
        "POST",
        "/contacts",
        {"name": "Petra Müller", "language": "de", "addresses": [{"channel": "email", "address": "kunde@box.test"}]},
    )
    api(
        company,
        "POST",
        "/ledger",
        {"contact": petra["id"], "kind": "invoice", "amount": "1000.00", "number": "R-2001", "due": "2026-01-20",
         "date": "2026-01-06"},
        key="r-2001",
    )  # fmt: skip
    api(company, "POST", "/calendars", {"name": "Ausstellung", "hours": WHOLE_WEEK, "bookable": True, "country": ""})
    async with ChatClient(prosody, "alice") as anna, ChatClient(prosody, "carol") as carol:
        await link(company, anna, bot, "anna")
        # The customer's chat is not known: nothing is told, a code goes to the address that is.
        asked = await carol.ask(bot, "Was ist noch offen bei mir?")
        assert asked.startswith("Guten Tag, hier schreibt der automatische Assistent von Tischlerei Test.")
        assert "R-2001" not in asked
        sent = await carol.ask(bot, "kunde@box.test")
        assert sent.startswith("Wenn wir diese Adresse kennen")
        letter = newest_mail(dovecot, "kunde@box.test", already + 1)
        assert letter["Subject"] == "Ihr Code für Tischlerei Test"
        assert letter["Auto-Submitted"]
        code = re.search(r"\b(\d{6})\b", letter.get_content())
        assert code is not None
        told = await carol.ask(bot, code[1])
        assert told.startswith("Danke, Petra Müller. Offen ist R-2001 über 1.000,00 €, fällig seit Di 20. Jan. 2026.")
        # Booking and moving; the calendar file comes by mail.
        offered = await carol.ask(bot, "ich hätte gern einen Termin nächste Woche")
        assert "Frei ist (Berlin): 1 " in offered
        booked = await carol.ask(bot, "2")
        assert booked.startswith("Gebucht: ")
        moved = await carol.ask(bot, "kann ich den Termin verschieben?")
        assert moved.startswith("Statt ")
        done = await carol.ask(bot, "1")
        assert done.startswith("Verlegt auf: ")
        file = newest_mail(dovecot, "kunde@box.test", already + 2)
        assert any(part.get_content_type() == "text/calendar" for part in file.walk())
        # The colleague hears of both: the room is nobody's, and nobody is in charge of the contact yet.
        assert "hat einen Termin gebucht" in await anna.hear(20)
        assert "hat einen Termin verlegt" in await anna.hear(20)
        # A forged mail of the same person gets nothing.
        before = company.ask_json("outbox", "list")
        forged = customer_mail("Saldo", "Was ist noch offen bei mir?")
        await aiosmtplib.send(forged, hostname=LOOPBACK, port=company.smtp_port, start_tls=False)
        notice = await anna.hear(20)
        assert "Saldo" in notice
        assert [item["id"] for item in company.ask_json("outbox", "list") if item["purpose"] != "notice"] == [
            item["id"] for item in before if item["purpose"] != "notice"
        ]
        # The colleague sees it, books a payment, and is reminded.
        when = await anna.ask(bot, "wann ist der nächste Termin mit Petra Müller?")
        assert "Termin bei Tischlerei Test" in when
        proposal = await anna.ask(bot, "zahlung 400 von Petra Müller für R-2001")
        assert "400,00" in proposal
        await anna.ask(bot, "ja")
        assert "600,00" in await carol.ask(bot, "was muss ich noch zahlen?")
        soon = datetime.now(UTC) + timedelta(minutes=15, seconds=4)
        api(
            company,
            "POST",
            "/appointments",
            {"start": soon.isoformat(), "title": "Aufmaß", "contact": petra["id"], "outside_hours": True,
             "calendars": [_calendar_of(company, "anna")]},
            key="soon",
        )  # fmt: skip
        reminder = await anna.hear(30)
        assert "Aufmaß" in reminder
        assert "Petra Müller" in reminder
    entries = company.timeline("Petra Müller")
    texts = [entry["text"] for entry in entries]
    assert any(text.startswith("Gebucht: ") for text in texts)
    assert any("was muss ich noch zahlen" in text for text in texts)
    assert any(entry["kind"] == "payment" for entry in entries)
    assert any(entry["kind"] == "appointment" for entry in entries)


def _calendar_of(company: HubProcess, user: str) -> str:
    company.bot("wann bin ich morgen frei?", user)  # The colleague's own calendar is made at the first look.
    users = {row["name"]: row["id"] for row in company.ask_json("user", "list")}
    found = [row["id"] for row in api(company, "GET", "/calendars")["items"] if row["user_id"] == users[user]]
    return str(found[0])


async def test_mail_with_a_passed_dmarc_check_is_answered_in_its_thread(
    company: HubProcess, dovecot: Dovecot, postfix: Postfix
) -> None:
    already = len(list(dovecot.maildir("kunde@box.test").glob("*/*")))
    mail: EmailMessage = customer_mail(
        "Frage", "Wann habt ihr offen?", Authentication_Results="mx.hub.test; dmarc=pass header.from=box.test"
    )
    del mail["Date"]
    await aiosmtplib.send(mail, hostname=LOOPBACK, port=company.smtp_port, start_tls=False)
    answer = newest_mail(dovecot, "kunde@box.test", already + 1)
    assert "Geöffnet: Mo–Fr 09:00–17:00." in answer.get_content()
    assert answer["Subject"] == "AW: Frage"
    assert answer["In-Reply-To"] == mail["Message-ID"]
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer["X-Auto-Response-Suppress"] == "All"
