"""Any XMPP client is the desk: an employee answers a mail and a chat from one client; there is one timeline."""

import asyncio
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from tests.hub_process import HubProcess, poll
from tests.peers.chat import ChatClient
from tests.peers.process import LOOPBACK
from tests.peers.prosody import CRM_DOMAIN, SECRET, Prosody

BOT, INFO = f"hub@{CRM_DOMAIN}", f"info@{CRM_DOMAIN}"


@pytest.fixture
def company(tmp_path: Path, prosody: Prosody) -> Iterator[HubProcess]:
    """A hub that takes mail by SMTP, writes it to a folder, and is a component of Prosody."""
    hub = HubProcess(directory=tmp_path)
    hub.config = f"""
[hub]
company = "Tischlerei Test"
hostname = "hub.test"
[replies]
take_back_seconds = 0
[customer_bot]
enabled = false
[channels.mail]
kind = "email"
address = "info@hub.test"
listen = "{LOOPBACK}:{hub.smtp_port}"
outgoing_directory = "outgoing"
[channels.crm]
kind = "xmpp"
mode = "component"
jid = "{BOT}"
password = "{SECRET}"
host = "{prosody.host}"
port = {prosody.component_port}
"""
    hub.start()
    yield hub
    hub.end()


def sent_mails(hub: HubProcess) -> list[EmailMessage]:
    files = sorted((hub.data / "outgoing").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in found if isinstance(mail, EmailMessage)]


async def customer_writes(hub: HubProcess, text: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Petra Müller <petra@box.test>", "info@hub.test"
    mail["Subject"], mail["Message-ID"] = "Angebot für 12 Stühle", "<angebot-1@box.test>"
    mail.set_content(text)
    await aiosmtplib.send(mail, hostname=LOOPBACK, port=hub.smtp_port, start_tls=False)


async def test_an_employee_answers_mail_and_chat_from_one_xmpp_client(company: HubProcess, prosody: Prosody) -> None:
    # Accounts of their own: nothing that another test's hub wrote waits for them.
    for user in ("desk-anna", "desk-carol"):
        prosody.register(user)
    async with ChatClient(prosody, "desk-anna") as alice, ChatClient(prosody, "desk-carol") as carol:
        company.ask_json("user", "add", "anna", "--role", "agent", "--language", "de")
        code = company.ask_json("user", "link", "anna")["code"]
        assert "hilfe" in (await alice.ask(BOT, f"/link {code}")).lower()
        # A mail arrives as words of its sender, from an address of their own, and is answered there.
        await customer_writes(company, "Guten Tag,\nwas kosten 12 Stühle?\n")
        words = await asyncio.wait_for(alice.messages.get(), 20)
        petra = words["from"].bare
        assert petra.startswith("c-")
        assert words["body"] == "[Mail: Angebot für 12 Stühle]\nGuten Tag,\nwas kosten 12 Stühle?"
        request = await alice.until_presence(petra, "subscribe")
        assert request.xml.findtext("{http://jabber.org/protocol/nick}nick") == "Petra Müller"
        order = alice.client.make_iq_set(ito=BOT)
        order["command"]["node"], order["command"]["action"] = "fernamt#inbox", "execute"
        assert "Petra Müller" in (await order.send(timeout=10))["command"]["form"]["instructions"]
        sent = await alice.say(petra, "1.200 €, Lieferung in vier Wochen.")
        async with asyncio.timeout(10):
            while await alice.receipts.get() != sent:
                pass
        (mail,) = poll(lambda: sent_mails(company), lambda found: len(found) == 1)
        assert mail["To"] == "Petra Müller <petra@box.test>"
        assert mail["In-Reply-To"] == "<angebot-1@box.test>"
        assert "1.200 €" in mail.get_content()
        # A chat of a customer nobody knew, likewise.
        await carol.say(INFO, "Haben Sie Eiche?")
        words = await asyncio.wait_for(alice.messages.get(), 20)
        assert words["body"] == "Haben Sie Eiche?"
        await alice.say(words["from"].bare, "Ja, geölt und roh.")
        assert await carol.hear() == "Ja, geölt und roh."
        # Who is no colleague reaches nobody that way, and nothing is sent.
        await carol.say(petra, "Hallo?")
        assert (await carol.refused())[0] == "service-unavailable"
    entries = [entry for entry in company.timeline("petra@box.test") if entry["kind"] == "message"]
    assert [(entry["direction"], entry["channel"]) for entry in entries] == [("out", "email"), ("in", "email")]
    chat = [entry for entry in company.timeline(prosody.jid("desk-carol")) if entry["kind"] == "message"]
    assert [entry["direction"] for entry in chat] == ["out", "in"]
    poll(
        lambda: company.timeline(prosody.jid("desk-carol"))[0]["delivery"],
        lambda states: "delivered" in str(states),
    )
