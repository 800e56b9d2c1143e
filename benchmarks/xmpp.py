"""XMPP messages a second from a customer's client to the timeline, by account and by component, beside a bare slixmpp client that only
counts them. "Kept" is when the last receipt is back (the message is durable); "on the timeline" when the hub has recorded all.

    .venv/bin/python -m benchmarks.xmpp [--count 2000] [--rounds 3]

The sides take turns within each round; medians are told.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.hub_process import HubProcess, poll
from tests.peers.certificates import make_certificates
from tests.peers.chat import ChatClient
from tests.peers.prosody import CRM_DOMAIN, SECRET, Prosody

WINDOW = 200
"""Messages on their way without a receipt."""


def config_of(prosody: Prosody, mode: str) -> str:
    own = {
        "client": f'jid = "{prosody.jid("bot")}"\npassword = "{prosody.password("bot")}"\nport = {prosody.port}\n'
        f'ca_file = "{prosody.certificates.ca}"\nstrangers = "welcome"',
        "component": f'mode = "component"\njid = "hub@{CRM_DOMAIN}"\npassword = "{SECRET}"\n'
        f"port = {prosody.component_port}",
    }[mode]
    return f"""
[customer_bot]
enabled = false
[channels.chat]
kind = "xmpp"
host = "{prosody.host}"
{own}
"""


async def flood(client: ChatClient, to: str, count: int) -> float:
    """Seconds until every message has its receipt."""
    start = time.perf_counter()
    for number in range(count):
        if number >= WINDOW:
            await asyncio.wait_for(client.receipts.get(), 60)
        await client.say(to, f"Nachricht {number}: haben Sie Eiche?")
    for _ in range(min(count, WINDOW)):
        await asyncio.wait_for(client.receipts.get(), 60)
    return time.perf_counter() - start


async def through_the_hub(prosody: Prosody, mode: str, count: int) -> tuple[float, float]:
    """Messages a second: kept, and on the timeline."""
    to = prosody.jid("bot") if mode == "client" else f"info@{CRM_DOMAIN}"
    with tempfile.TemporaryDirectory() as directory:
        hub = HubProcess(directory=Path(directory))
        hub.config = config_of(prosody, mode)
        hub.start()
        try:
            async with ChatClient(prosody, "carol") as carol:
                await flood(carol, to, 1)  # the first one makes the contact, who is no stranger then
                poll(lambda: done(hub), lambda found: found >= 1, 60)
                start = time.perf_counter()
                kept = await flood(carol, to, count)
                poll(lambda: done(hub), lambda found: found >= count + 1, 120)
                recorded = time.perf_counter() - start
        finally:
            hub.end()
    return count / kept, count / recorded


def done(hub: HubProcess) -> int:
    (line,) = [one for one in hub.ask_json("channel", "list") if one["name"] == "chat"]
    return int(line["done"])


async def bare(prosody: Prosody, count: int) -> float:
    """A slixmpp client that sends a receipt for each message and keeps nothing."""
    async with ChatClient(prosody, "carol") as carol, ChatClient(prosody, "alice") as alice:
        assert alice.client.plugin["xep_0184"].auto_ack
        return count / await flood(carol, alice.jid, count)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        prosody = Prosody(make_certificates(Path(directory)))
        for user in ("bot", "alice", "carol"):
            prosody.register(user)
        prosody.start()
        try:
            run(prosody, options.count, options.rounds)
        finally:
            prosody.stop()


def run(prosody: Prosody, count: int, rounds: int) -> None:
    rates: dict[str, list[float]] = {}

    def note(name: str, rate: float) -> None:
        rates.setdefault(name, []).append(rate)

    sides: list[Callable[[], None]] = [lambda: note("bare slixmpp client", asyncio.run(bare(prosody, count)))]
    for mode in ("client", "component"):

        def side(mode: str = mode) -> None:
            kept, recorded = asyncio.run(through_the_hub(prosody, mode, count))
            note(f"hub, {mode}: kept", kept)
            note(f"hub, {mode}: on the timeline", recorded)

        sides.append(side)
    for _ in range(rounds):
        for one in sides:
            one()
    for name, found in rates.items():
        print(
            f"{name:36} {statistics.median(found):8.0f} messages a second   ({', '.join(f'{one:.0f}' for one in found)})"
        )


if __name__ == "__main__":
    main()
