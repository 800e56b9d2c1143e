"""The telephone and the website of a running hub: who rings is told to the colleague by XMPP, a missed call waits; a
visitor of the website talks to the bot, is told nothing without proof, and is answered by a colleague."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_main_path import link
from tests.hub_process import HubProcess, poll
from tests.peers.chat import ChatClient
from tests.peers.exchanges import FritzBox
from tests.peers.process import LOOPBACK
from tests.peers.prosody import Prosody

PAGE = "https://www.example.org"


class Site:
    """The widget's requests."""

    def __init__(self, hub: HubProcess) -> None:
        self._url, self.token = f"{hub.url}/in/web", ""

    def post(self, path: str, **body: Any) -> Any:
        data = json.dumps({"token": self.token, **body}).encode()
        request = urllib.request.Request(f"{self._url}/{path}", data=data, headers={"Origin": PAGE})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def start(self) -> None:
        self.token = self.post("start")["token"]

    def hear(self, count: int) -> list[dict[str, Any]]:
        """The company's lines so far, once there are so many."""
        return poll(
            lambda: [line for line in self.post("start")["lines"] if line["who"] == "us"],
            lambda lines: len(lines) >= count,
        )


@pytest.fixture
async def box() -> AsyncIterator[FritzBox]:
    async with FritzBox() as running:
        yield running


@pytest.fixture
async def company(tmp_path: Path, prosody: Prosody, box: FritzBox) -> AsyncIterator[HubProcess]:
    hub = HubProcess(directory=tmp_path)
    hub.config = f"""
[hub]
company = "Tischlerei Test"
language = "de"
[channels.phone]
kind = "phone"
exchange = "fritzbox"
host = "{LOOPBACK}"
port = {box.port}
area = "0221"
lines = {{ 02219876543 = "alice" }}
[channels.web]
kind = "chat"
origins = ["{PAGE}"]
address_minute = 600
visitor_minute = 600
[channels.chat]
kind = "xmpp"
jid = "{prosody.jid("bot")}"
password = "{prosody.password("bot")}"
host = "{prosody.host}"
port = {prosody.port}
ca_file = "{prosody.certificates.ca}"
"""
    await asyncio.to_thread(hub.start)
    await asyncio.to_thread(
        poll, lambda: hub.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows)
    )
    yield hub
    await asyncio.to_thread(hub.end)


async def test_ac25_unknown_caller_is_told_while_it_rings_and_waits_when_missed(
    company: HubProcess, prosody: Prosody, box: FritzBox
) -> None:
    async with ChatClient(prosody, "alice") as alice:
        await link(company, alice, prosody.jid("bot"), "alice")
        await box.say(box.ring())
        assert await alice.hear(20) == "Es klingelt: +492211234567."
        await box.say(box.disconnect())
        missed = await alice.hear(20)
        assert missed.startswith("Verpasster Anruf von 02211234567 (+492211234567), ")
        (entry,) = await asyncio.to_thread(company.timeline, "+492211234567")
        assert (entry["kind"], entry["call"]["answered"], entry["direction"]) == ("call", False, "in")
        waiting = await alice.ask(prosody.jid("bot"), "posteingang")
        assert "02211234567" in waiting
        await box.say(box.ring(at="28.11.26 11:00:00"))
        assert "02211234567" in await alice.hear(20)
        await box.say(box.connect(), box.disconnect(seconds=42))
        entries = await asyncio.to_thread(
            poll, lambda: company.timeline("+492211234567"), lambda found: len(found) == 2
        )
        assert entries[0]["call"]["seconds"] == 42
        assert "02211234567" not in await alice.ask(prosody.jid("bot"), "posteingang")


async def test_a_visitor_of_the_website_reaches_the_bot_and_people_and_is_told_nothing_unproved(
    company: HubProcess, prosody: Prosody
) -> None:
    site = Site(company)
    await asyncio.to_thread(site.start)
    await asyncio.to_thread(site.post, "send", id="first-message", text="Was ist noch offen bei mir?")
    lines = await asyncio.to_thread(site.hear, 1)
    assert "€" not in lines[0]["text"]
    async with ChatClient(prosody, "alice") as alice:
        await link(company, alice, prosody.jid("bot"), "alice")
        await asyncio.to_thread(site.post, "send", id="second-message", text="Ich möchte mit einem Menschen sprechen")
        news = await alice.hear(20)
        assert "Web " in news
        name = site.token[4:10].upper()
        entries = await asyncio.to_thread(company.timeline, f"Web {name}")
        assert {entry["channel"] for entry in entries if entry["kind"] == "message"} == {"chat"}
        spoken = len(await asyncio.to_thread(site.hear, 2))
        await alice.ask(prosody.jid("bot"), f"antworte Web {name}: Guten Tag, hier ist Alice.")
        await alice.ask(prosody.jid("bot"), "ja")
        lines = await asyncio.to_thread(site.hear, spoken + 1)
    assert lines[-1]["text"].endswith("Guten Tag, hier ist Alice.")
    last = (await asyncio.to_thread(site.post, "start"))["lines"][-1]["number"]
    await asyncio.to_thread(site.post, "seen", number=last)
    delivered = await asyncio.to_thread(
        poll,
        lambda: [entry["delivery"] for entry in company.timeline(f"Web {name}") if entry["author"]],
        lambda states: states == ["delivered"],
    )
    assert delivered == ["delivered"]


async def test_a_foreign_page_is_refused_and_the_refusal_is_in_the_audit_log(company: HubProcess) -> None:
    request = urllib.request.Request(
        f"{company.url}/in/web/start", data=b"{}", headers={"Origin": "https://evil.example"}
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        await asyncio.to_thread(urllib.request.urlopen, request)
