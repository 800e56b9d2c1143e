"""One customer on five channels (mail, Telegram, XMPP, fax, a shop's order): one timeline, and an employee who answers
all of them from one XMPP client."""

import asyncio
import base64
import io
import json
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from tests.acceptance.test_customer_path import api
from tests.acceptance.test_xmpp_desk import sent_mails
from tests.fax_files import page
from tests.hub_process import HubProcess, poll
from tests.peers.bot_api import BotApi
from tests.peers.chat import ChatClient
from tests.peers.hylafax import Hylafax
from tests.peers.process import LOOPBACK
from tests.peers.prosody import CRM_DOMAIN, SECRET, Prosody
from tests.shop_channel import SECRET as SHOP_SECRET
from tests.shop_channel import case_json, digest

DESK, INFO = f"hub@{CRM_DOMAIN}", f"info@{CRM_DOMAIN}"
TOKEN, FAX = "81:FIVE", "+492211234567"
PETRA = {"id": 8_001, "is_bot": False, "first_name": "Petra"}
CHANNELS = {"email", "telegram", "xmpp", "fax", "shop"}


@pytest.fixture
def company(tmp_path: Path, prosody: Prosody, bot_api: BotApi, hylafax: Hylafax) -> Iterator[HubProcess]:
    """A hub with a channel of each kind, at real peers."""
    hub = HubProcess(directory=tmp_path)
    hub.config = f"""
[hub]
company = "Tischlerei Test"
hostname = "hub.test"
language = "de"
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
jid = "{DESK}"
password = "{SECRET}"
host = "{prosody.host}"
port = {prosody.component_port}
[channels.service]
kind = "telegram"
token = "{TOKEN}"
api_base = "{bot_api.base}"
[channels.fax]
kind = "fax"
gateway = "hylafax"
number = "+492217654321"
[channels.fax.hylafax]
host = "{hylafax.host}"
port = {hylafax.port}
poll_seconds = 1
[channels.northwind]
kind = "shop"
system = "shopify"
secrets = ["{SHOP_SECRET}"]
"""
    hub.start()
    poll(lambda: hub.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows), 40)
    yield hub
    hub.end()


def fax_of(words: str, sender: str) -> bytes:
    """A received fax; HylaFAX keeps what the caller told of itself in the description."""
    sink = io.BytesIO()
    page(words).save(sink, "TIFF", compression="group4", dpi=(204, 98), tiffinfo={270: sender})
    return sink.getvalue()


async def write_mail(hub: HubProcess) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Petra Holz <petra@carpenter.example>", "info@hub.test"
    mail["Subject"], mail["Message-ID"] = "Angebot", "<five-1@carpenter.example>"
    mail.set_content("Per Mail: was kosten 12 Stühle?")
    await aiosmtplib.send(mail, hostname=LOOPBACK, port=hub.smtp_port, start_tls=False)


def order(hub: HubProcess) -> None:
    """The shop tells of an order of the same mail address."""
    body = json.dumps(case_json("shopify-order-paid")).encode()
    headers = {
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest(body, SHOP_SECRET)).decode(),
        "X-Shopify-Topic": "orders/updated",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{hub.url}/in/northwind/", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


async def hear_from(desk: ChatClient, petra: str, words: str) -> None:
    """The next words that come from the contact's own address; what the bot says of it is passed over."""
    async with asyncio.timeout(30):
        while True:
            heard = await desk.messages.get()
            if heard["from"].bare == petra and words in heard["body"]:
                return


async def wait_for(read: Any, until: Any, seconds: float = 20) -> Any:
    """As `poll`, while the chat clients of this test go on."""
    return await asyncio.to_thread(poll, read, until, seconds)


def entries(hub: HubProcess) -> list[dict[str, Any]]:
    return hub.timeline("petra@carpenter.example")


async def test_one_customer_on_five_channels_has_one_timeline_and_one_desk_answers_them(
    company: HubProcess, prosody: Prosody, bot_api: BotApi, hylafax: Hylafax
) -> None:
    for user in ("five-anna", "five-petra"):
        prosody.register(user)
    addresses = [
        {"channel": "email", "address": "petra@carpenter.example"},
        {"channel": "fax", "address": FAX},
        {"channel": "xmpp", "address": prosody.jid("five-petra")},
    ]
    made = api(company, "POST", "/contacts", {"name": "Petra Holz", "roles": ["customer"], "addresses": addresses})
    petra = f"c-{made['id'][2:]}@{CRM_DOMAIN}"
    async with ChatClient(prosody, "five-anna") as desk, ChatClient(prosody, "five-petra") as customer:
        company.ask_json("user", "add", "anna", "--role", "agent", "--language", "de")
        await desk.ask(DESK, f"/link {company.ask_json('user', 'link', 'anna')['code']}")

        await write_mail(company)
        await hear_from(desk, petra, "Per Mail")
        await desk.say(petra, "Antwort per Mail")
        await wait_for(
            lambda: sent_mails(company), lambda mails: any("Antwort per Mail" in mail.get_content() for mail in mails)
        )

        code = api(company, "POST", f"/contacts/{made['id']}/invite", {})["code"]
        await bot_api.write(TOKEN, f"/start c_{code}", who=PETRA)
        await bot_api.write(TOKEN, "Per Telegram: noch Fragen", who=PETRA)
        await hear_from(desk, petra, "Per Telegram")
        await desk.say(petra, "Antwort per Telegram")
        await wait_for(bot_api.journaled, lambda journal: '"sendMessage"' in journal)

        await customer.say(INFO, "Per XMPP: sind Sie da?")
        await hear_from(desk, petra, "Per XMPP")
        await desk.say(petra, "Antwort per XMPP")
        async with asyncio.timeout(20):
            while "Antwort per XMPP" not in await customer.hear():
                pass

        hylafax.receive(fax_of("Bestellung", FAX), "fax000000005.tif")
        await hear_from(desk, petra, "Fax")
        await desk.say(petra, "Antwort per Fax")
        # No modem is there: the job waits at the fax server, for the number that the customer's fax came from.
        # The server makes the file of the job first and writes what is asked for then.
        await wait_for(
            lambda: [job.read_text(errors="replace") for job in (hylafax.spool / "sendq").glob("q*")],
            lambda jobs: any("2211234567" in job for job in jobs),
            40,
        )

        order(company)
        await wait_for(lambda: entries(company), lambda rows: {row["channel"] for row in rows} >= CHANNELS, 30)

    rows = [row for row in entries(company) if row["kind"] in ("message", "fax", "order")]
    inbound = {row["channel"] for row in rows if row["direction"] == "in"}
    outbound = {row["channel"] for row in rows if row["direction"] == "out"}
    assert inbound == CHANNELS
    assert outbound == {"email", "telegram", "xmpp", "fax"}
    assert "1001" in company.bot("Auftrag 1001")["reply"]
    contacts = api(company, "GET", "/contacts?limit=50")["items"]
    assert [one["name"] for one in contacts if "Petra" in one["name"]] == ["Petra Holz"]
