"""Bot commands over a real Prosody, turns stored durably, beside a bare slixmpp echo bot on the same server.

    .venv/bin/python -m benchmarks.bot [--accounts 50] [--commands 40] [--rounds 3]

Every account has one command outstanding. `one` is a single account; `one-under-load` the same while mails with 33 KB
attachments arrive at half the rate that the hub completed mails of 5.5 KB.
"""

import argparse
import asyncio
import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.hub_process import HubProcess
from tests.peers.certificates import make_certificates
from tests.peers.chat import ChatClient
from tests.peers.process import private_directory
from tests.peers.prosody import Prosody

QUESTION = "wer ist kunde7@kunden.example"


async def measure(clients: list[ChatClient], to: str, commands: int) -> tuple[float, list[float]]:
    """Answers a second, and each one's seconds."""
    took: list[float] = []

    async def talk(client: ChatClient) -> None:
        for _ in range(commands):
            asked = time.perf_counter()
            await client.say(to, QUESTION)
            # News of mails come in between; the answer is what names the contact (the echo names it too).
            while "kunde7@" not in (await client.hear(30)).lower():
                pass
            took.append(time.perf_counter() - asked)

    started = time.perf_counter()
    await asyncio.gather(*(talk(client) for client in clients))
    return len(took) / (time.perf_counter() - started), took


async def run(options: argparse.Namespace) -> None:
    directory = private_directory("tls")
    prosody = Prosody(make_certificates(directory))
    for user in ("bot", "alice", "carol"):
        prosody.register(user)
    names = [f"agent{number}" for number in range(options.accounts)]
    prosody.register_many(names)
    prosody.start()
    base = Path(tempfile.mkdtemp(prefix="fernamt-bench-", dir="/tmp"))
    hub = HubProcess(directory=base)
    hub.config = f"""
[channels.mail]
kind = "email"
listen = "127.0.0.1:{hub.smtp_port}"
[channels.chat]
kind = "xmpp"
jid = "{prosody.jid("bot")}"
password = "{prosody.password("bot")}"
host = "{prosody.host}"
port = {prosody.port}
ca_file = "{prosody.certificates.ca}"
"""
    hub.start()
    echo = subprocess.Popen([sys.executable, "-m", "benchmarks.echo_bot", prosody.host, str(prosody.port),
                             str(prosody.certificates.ca), prosody.jid("carol"), prosody.password("carol")])  # fmt: skip
    try:
        await compare(options, hub, prosody, names)
    finally:
        echo.terminate()
        hub.end()
        prosody.stop()
        for path in (base, directory, prosody.directory):
            shutil.rmtree(path, ignore_errors=True)


async def compare(options: argparse.Namespace, hub: HubProcess, prosody: Prosody, names: list[str]) -> None:
    bot, echo = prosody.jid("bot"), prosody.jid("carol")
    load = [sys.executable, "-m", "benchmarks.smtp_load", str(hub.smtp_port)]
    subprocess.run([*load, "500", "10"], check=True, capture_output=True)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(ChatClient(prosody, name)) for name in names]
        for client, name in zip(clients, names, strict=True):
            await asyncio.to_thread(hub.ask_json, "user", "add", name, "--language", "de")
            code = (await asyncio.to_thread(hub.ask_json, "user", "link", name))["code"]
            await client.ask(bot, f"/link {code}")
        await clients[0].ask(echo, "warm")
        sides: dict[str, list[tuple[float, float]]] = {}
        for _ in range(options.rounds):
            for side, to, some in (
                ("echo-many", echo, clients),
                ("bot-many", bot, clients),
                ("echo-one", echo, clients[:1]),
                ("bot-one", bot, clients[:1]),
            ):
                count = options.commands if len(some) > 1 else options.commands * 5
                rate, took = await measure(some, to, count)
                sides.setdefault(side, []).append((rate, statistics.median(took) * 1000))
            mails = subprocess.Popen([*load, "3000", "10", "33000", str(options.mail_rate)], stdout=subprocess.DEVNULL)
            rate, took = await measure(clients[:1], bot, options.commands * 5)
            sides.setdefault("bot-one-under-load", []).append((rate, statistics.median(took) * 1000))
            mails.terminate()
            mails.wait()
            await asyncio.sleep(3)
    show(sides)


def show(sides: dict[str, list[tuple[float, float]]]) -> None:
    rate = {side: statistics.median(value[0] for value in values) for side, values in sides.items()}
    p50 = {side: statistics.median(value[1] for value in values) for side, values in sides.items()}
    print("| side | answers/s | p50 ms |\n|---|---|---|")
    for side in sides:
        print(f"| {side} | {rate[side]:.0f} | {p50[side]:.2f} |")
    print(f"\nmany: {rate['bot-many'] / rate['echo-many']:.2f} of the echo bot's rate (floor 0.30)")
    print(f"one: p50 {p50['bot-one'] / p50['echo-one']:.2f} times the echo bot's (ceiling 4.00)")
    print(f"one under load: p50 {p50['bot-one-under-load'] / p50['bot-one']:.2f} times its idle one (ceiling 3.00)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--commands", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mail-rate", type=float, default=300.0)
    asyncio.run(run(parser.parse_args()))
