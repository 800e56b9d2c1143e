"""Signed webhooks of a shop a second, side by side: a null aiohttp handler (reads the body, checks the signature, answers
200), and the hub: accepted (200 after the arrival is durable) and complete (parsed, filed, on the timeline, on the account).

    .venv/bin/python -m benchmarks.webhooks [--count 2000] [--rounds 3] [--book orders]

The sides take turns within each round; ratios are of medians. Ten senders, each under an address of its own.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web

from benchmarks.mail import Side, cpu_of, drain, group_of, settled, wait_for
from tests.hub_process import HubProcess
from tests.peers.process import free_port
from tests.shop_channel import SECRET, case_json

SENDERS, CUSTOMERS = 10, 200


def sign(body: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def make_order(number: int) -> bytes:
    """A paid order of one of 200 customers."""
    order = case_json("woocommerce-order-processing")
    customer = number % CUSTOMERS
    billing = {**order["billing"], "email": f"customer{customer}@shop.example", "phone": f"0221 {1_000_000 + customer}"}
    changes = {"id": number, "number": str(number), "customer_id": 1 + customer, "billing": billing}
    return json.dumps({**order, **changes}).encode()


async def load(url: str, first: int, count: int) -> float:
    """Seconds until all were answered; raises where one was refused."""
    bodies = [make_order(first + number) for number in range(count)]
    signed = [(body, sign(body)) for body in bodies]

    async def send_some(sender: int, session: aiohttp.ClientSession) -> None:
        for body, signature in signed[sender::SENDERS]:
            headers = {
                "X-WC-Webhook-Signature": signature,
                "X-WC-Webhook-Topic": "order.updated",
                "X-Forwarded-For": f"198.51.100.{first // count % 20 * SENDERS + sender}",
            }
            async with session.post(url, data=body, headers=headers) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: a run of refusals looks like speed")

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        await asyncio.gather(*(send_some(sender, session) for sender in range(SENDERS)))
        return time.perf_counter() - started


def send(url: str, first: int, count: int) -> float:
    """By a process of its own."""
    command = [sys.executable, "-m", "benchmarks.webhooks", "--load", url, str(first), str(count)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def serve_null(port: int) -> None:
    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        right = hmac.compare_digest(sign(body), request.headers["X-WC-Webhook-Signature"])
        return web.Response(status=200 if right else 401)

    app = web.Application()
    app.router.add_post("/in/shop/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


@contextlib.contextmanager
def null_server() -> Iterator[tuple[str, int]]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.webhooks", "--null", str(port)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/in/shop/", process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def configure(hub: HubProcess, book: str) -> None:
    hub.config = f"""
[http]
listen = "127.0.0.1:{hub.http_port}"
trusted_proxies = ["127.0.0.1"]
[channels.shop]
kind = "shop"
system = "woocommerce"
secrets = ["{SECRET}"]
book = "{book}"
"""


def run_round(hub: HubProcess, number: int, count: int, sides: dict[str, Side]) -> None:
    with null_server() as (url, pid):
        send(url, 0, 100)
        before = cpu_of([pid])
        seconds = send(url, 0, count)
        sides["null"].note(count, seconds, cpu_of([pid]) - before)
    assert hub.process is not None
    url, database = f"{hub.url}/in/shop/", hub.data / "fernamt.sqlite3"
    warm = settled(database)
    send(url, 9_000_000 + number * 200, 200)
    drain(warm + 200, lambda: settled(database), time.perf_counter())
    already, before, started = settled(database), cpu_of(group_of(hub.process.pid)), time.perf_counter()
    accepted = send(url, (number + 1) * count, count)
    offset = time.perf_counter() - started - accepted
    complete = drain(already + count, lambda: settled(database), started) - offset
    spent = cpu_of(group_of(hub.process.pid)) - before
    sides["accepted"].note(count, accepted, spent)
    sides["complete"].note(count, complete, spent)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--book", default="orders", choices=("orders", "invoices"))
    parser.add_argument("--null", type=int)
    parser.add_argument("--load", nargs=3)
    options = parser.parse_args()
    if options.null:
        uvloop.run(serve_null(options.null))
    elif options.load:
        url, first, count = options.load
        print(asyncio.run(load(url, int(first), int(count))))
    else:
        compare(options.count, options.rounds, options.book)


def compare(count: int, rounds: int, book: str) -> None:
    sides = {name: Side(name) for name in ("null", "accepted", "complete")}
    with tempfile.TemporaryDirectory() as directory:
        hub = HubProcess(Path(directory))
        configure(hub, book)
        hub.start()
        try:
            for number in range(rounds):
                run_round(hub, number, count, sides)
        finally:
            hub.stop()
    null = statistics.median(sides["null"].rates)
    for side in sides.values():
        rate = statistics.median(side.rates)
        print(
            f"{side.name:>9}: {rate:7.0f} webhooks/s, {statistics.median(side.cpu):5.2f} CPU ms, {rate / null:.2f} of null"
        )


if __name__ == "__main__":
    main()
