"""Telegram updates a second to the timeline: a Bot API server holds them ready, the hub fetches, keeps, parses, files and
threads them; beside it a bare client that only fetches and confirms the same updates.

    .venv/bin/python -m benchmarks.telegram [--count 1000] [--users 50] [--rounds 3]
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.hub_process import HubProcess
from tests.peers.bot_api import BotApi


async def fill(server: BotApi, token: str, count: int, users: int) -> None:
    """`count` messages of `users` people wait for the bot."""
    async with aiohttp.ClientSession() as session:
        for number in range(count):
            who = {"id": 1000 + number % users, "is_bot": False, "first_name": f"Kunde {number % users}"}
            body = {"token": token, "update": {"message": server.message(f"Nachricht {number}", who=who)}}
            async with session.post(f"{server.base}/__fixture/updates", json=body) as answer:
                if answer.status != 200:
                    raise RuntimeError(await answer.text())


async def fetch_only(server: BotApi, token: str, count: int) -> float:
    """A null reader: updates a second that the server gives away."""
    started, seen, offset = time.monotonic(), 0, 0
    async with aiohttp.ClientSession() as session:
        while seen < count:
            body = {"limit": 100, "offset": offset}
            async with session.post(f"{server.base}/bot{token}/getUpdates", json=body) as answer:
                updates = (await answer.json())["result"]
            seen += len(updates)
            offset = updates[-1]["update_id"] + 1
    return count / (time.monotonic() - started)


async def through_hub(server: BotApi, token: str, count: int) -> tuple[float, float]:
    """Updates a second from the first that is kept until all are kept, and until all are on the timeline."""
    with tempfile.TemporaryDirectory() as directory:
        hub = HubProcess(directory=Path(directory))
        hub.config = f'[channels.bot]\nkind = "telegram"\ntoken = "{token}"\napi_base = "{server.base}"\n'
        hub.config += "[customer_bot]\nenabled = false\n"
        hub.start()
        try:
            return await watch(hub, count)
        finally:
            hub.end()


async def watch(hub: HubProcess, count: int) -> tuple[float, float]:
    headers = {"Authorization": f"Bearer {(hub.data / 'token').read_text().strip()}"}
    first = kept = 0.0
    async with aiohttp.ClientSession(headers=headers) as session:
        while True:
            async with session.get(f"{hub.url}/api/v1/channels") as answer:
                (line,) = (await answer.json())["items"]
            now = time.monotonic()
            seen = line["seen"]
            first = first or (now if seen else 0.0)
            kept = kept or (now if seen >= count else 0.0)
            if line["done"] >= count:
                return count / max(kept - first, 0.001), count / max(now - first, 0.001)
            await asyncio.sleep(0.02)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    plain, kept, complete = [], [], []
    for number in range(options.rounds):
        server = BotApi().start()
        try:
            await fill(server, f"{number}1:NULL", options.count, options.users)
            plain.append(await fetch_only(server, f"{number}1:NULL", options.count))
            await fill(server, f"{number}2:HUB", options.count, options.users)
            rates = await through_hub(server, f"{number}2:HUB", options.count)
            kept.append(rates[0])
            complete.append(rates[1])
        finally:
            server.stop()
    for name, rates_of in (("fetched only", plain), ("kept", kept), ("on the timeline", complete)):
        print(f"{name:16} {statistics.median(rates_of):8.0f}/s   {' '.join(f'{rate:.0f}' for rate in rates_of)}")


if __name__ == "__main__":
    asyncio.run(main())
