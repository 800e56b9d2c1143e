"""`seed`: the demo company. Through the running hub; where none runs, straight into the store."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from hub.cli.client import ADDRESS_FILE, EXIT_FAILURE, Hub, show_json


@click.command()
@click.option("--data", "own_data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option("--contacts", default=200, show_default=True, type=click.IntRange(1, 10_000_000))
@click.option("--interactions", default=5000, show_default=True, type=click.IntRange(0, 50_000_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def seed(ctx: click.Context, own_data: Path | None, contacts: int, interactions: int, as_json: bool) -> None:
    """Fill in a demo company: contacts and two years of letters, German and English. Planting twice adds nothing."""
    data: Path = own_data or ctx.find_root().obj
    if (data / ADDRESS_FILE).exists():
        lines = Hub(data).lines("seed", body={"contacts": contacts, "interactions": interactions})
        last = _follow(lines, contacts, interactions, as_json)
    else:
        last = _plant_offline(data, contacts, interactions, as_json)
    if "error" in last:
        click.echo(f"fernamt: {last['error']} [{last.get('code', '')}]", err=True)
        sys.exit(EXIT_FAILURE)
    if as_json:
        show_json(last)
    else:
        click.echo(f"Planted {last['contacts']:,} contacts and {last['interactions']:,} interactions.")


def _follow(lines: Iterable[dict[str, Any]], contacts: int, interactions: int, quiet: bool) -> dict[str, Any]:
    last: dict[str, Any] = {"contacts": 0, "interactions": 0}
    show, end = _progress(contacts + interactions, quiet)
    for last in lines:
        show(last["contacts"] + last["interactions"])
    end()
    return last


def _progress(total: int, quiet: bool) -> tuple[Callable[[int], None], Callable[[], None]]:
    if quiet or not sys.stderr.isatty():
        return (lambda done: None), (lambda: None)
    from rich.console import Console
    from rich.progress import Progress, TimeRemainingColumn

    bar = Progress(*Progress.get_default_columns()[:-1], TimeRemainingColumn(), console=Console(stderr=True))
    task = bar.add_task("Planting", total=total)
    bar.start()
    return (lambda done: bar.update(task, completed=done)), bar.stop


def _plant_offline(data: Path, contacts: int, interactions: int, quiet: bool) -> dict[str, Any]:
    from hub.domain.address import Address
    from hub.domain.message import Participant
    from hub.ports.clock import SystemClock
    from hub.seed.plant import Planter
    from storage.sqlite.engine import open_sqlite
    from storage.terms import extract_terms

    async def plant() -> dict[str, Any]:
        store = await open_sqlite(data)
        own = Participant(address=Address(channel="email", normal="info@company.example"), name="My Company")
        planter = Planter(
            store=store,
            terms=extract_terms,
            now=SystemClock().now(),
            account="mail",
            chat_account="chat",
            own=own,
        )
        show, end = _progress(contacts + interactions, quiet)
        last = {"contacts": 0, "interactions": 0}
        try:
            async for progress in planter.plant(contacts, interactions):
                last = {"contacts": progress.contacts, "interactions": progress.interactions}
                show(sum(last.values()))
        finally:
            end()
            await store.close()
        return last

    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return asyncio.run(plant())
