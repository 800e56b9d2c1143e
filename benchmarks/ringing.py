"""From ringing to the colleague's chat: a scripted FRITZ!Box, a real Prosody, a hub with a store that holds something.

    .venv/bin/python -m benchmarks.ringing [--calls 200] [--contacts 2000] [--interactions 20000]

Milliseconds from the line that the exchange writes to the message in the colleague's XMPP client, one call after the
other: of a contact about whom everything is told (waiting matters, account, appointment), and of unknown numbers.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.hub_process import HubProcess, poll
from tests.peers.certificates import make_certificates
from tests.peers.chat import ChatClient
from tests.peers.exchanges import FritzBox
from tests.peers.process import private_directory
from tests.peers.prosody import Prosody

KNOWN = "02211234567"
CEILING_MS = 1_000


def configure(hub: HubProcess, prosody: Prosody, box: FritzBox) -> None:
    hub.config = f"""
[channels.mail]
kind = "email"
listen = "127.0.0.1:{hub.smtp_port}"
[channels.phone]
kind = "phone"
exchange = "fritzbox"
host = "127.0.0.1"
port = {box.port}
area = "0221"
lines = {{ 02219876543 = "alice" }}
[channels.chat]
kind = "xmpp"
jid = "{prosody.jid("bot")}"
password = "{prosody.password("bot")}"
host = "{prosody.host}"
port = {prosody.port}
ca_file = "{prosody.certificates.ca}"
"""


def post(hub: HubProcess, path: str, body: dict[str, Any]) -> Any:
    token = (hub.data / "token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{hub.url}/api/v1{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


async def measure(box: FritzBox, alice: ChatClient, numbers: list[str], start: int) -> list[float]:
    took = []
    for count, number in enumerate(numbers, start=start):
        stamp = f"28.11.26 {count // 3600 % 24:02}:{count // 60 % 60:02}:{count % 60:02}"
        began = time.perf_counter()
        await box.say(box.ring(number, at=stamp))
        while "Es klingelt" not in await alice.hear(30):
            pass
        took.append((time.perf_counter() - began) * 1000)
        await box.say(box.connect(), box.disconnect(seconds=1))
    return took


async def run(options: argparse.Namespace) -> None:
    directory = private_directory("tls")
    prosody = Prosody(make_certificates(directory))
    for user in ("bot", "alice"):
        prosody.register(user)
    prosody.start()
    base = Path(tempfile.mkdtemp(prefix="fernamt-bench-", dir="/tmp"))
    hub = HubProcess(directory=base)
    try:
        async with FritzBox() as box:
            configure(hub, prosody, box)
            await asyncio.to_thread(hub.start)
            await asyncio.to_thread(prepare, hub, options)
            async with ChatClient(prosody, "alice") as alice:
                await asyncio.to_thread(hub.ask_json, "user", "add", "alice", "--language", "de", "--role", "admin")
                code = (await asyncio.to_thread(hub.ask_json, "user", "link", "alice"))["code"]
                await alice.ask(prosody.jid("bot"), f"/link {code}")
                await measure(box, alice, [KNOWN] * 10, 0)
                known = await measure(box, alice, [KNOWN] * options.calls, 10)
                strangers = [f"0221{7_000_000 + number}" for number in range(options.calls)]
                unknown = await measure(box, alice, strangers, 10 + options.calls)
            show({"known": known, "unknown": unknown})
    finally:
        hub.end()
        prosody.stop()
        for path in (base, directory, prosody.directory):
            shutil.rmtree(path, ignore_errors=True)


def prepare(hub: HubProcess, options: argparse.Namespace) -> None:
    poll(lambda: hub.ask_json("channel", "list"), lambda rows: all(row["state"] == "up" for row in rows))
    seeded = hub.run("seed", "--contacts", str(options.contacts), "--interactions", str(options.interactions))
    assert seeded.returncode == 0, seeded.stderr
    body = {"name": "Petra Ringer", "addresses": [{"channel": "phone", "address": KNOWN}]}
    made = post(hub, "/contacts", body)
    invoice = {
        "contact": made["id"],
        "kind": "invoice",
        "number": "R-1",
        "date": "2026-01-02",
        "due": "2026-01-16",
        "amount": "1000.00",
    }
    post(hub, "/ledger", invoice)


def show(sides: dict[str, list[float]]) -> None:
    print("| caller | p50 ms | p95 ms | worst ms |\n|---|---|---|---|")
    for side, took in sides.items():
        p95 = statistics.quantiles(took, n=20)[18]
        print(f"| {side} | {statistics.median(took):.1f} | {p95:.1f} | {max(took):.1f} |")
        assert p95 < CEILING_MS, "who rings must be told within a second"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--contacts", type=int, default=2_000)
    parser.add_argument("--interactions", type=int, default=20_000)
    asyncio.run(run(parser.parse_args()))
