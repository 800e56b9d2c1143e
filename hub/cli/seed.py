"""`seed`: the demo company. Through the running hub; where none runs, by the hub's own objects in this process."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from hub.cli.client import ADDRESS_FILE, EXIT_CONFIGURATION, EXIT_FAILURE, Hub, show_json
from hub.cli.run import CONFIG_FILE


@click.command()
@click.option("--data", "own_data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file, where no hub runs."
)
@click.option("--contacts", default=200, show_default=True, type=click.IntRange(1, 10_000_000))
@click.option("--interactions", default=5000, show_default=True, type=click.IntRange(0, 50_000_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def seed(
    ctx: click.Context, own_data: Path | None, config: Path | None, contacts: int, interactions: int, as_json: bool
) -> None:
    """Fill in a demo company: contacts, two years of letters, German and English, accounts, appointments, queues.
    Planting twice adds nothing."""
    data: Path = own_data or ctx.find_root().obj
    if (data / ADDRESS_FILE).exists():
        lines = Hub(data).lines("seed", body={"contacts": contacts, "interactions": interactions})
        last = _follow(lines, contacts, interactions, as_json)
    else:
        last = _plant_offline(data, config, contacts, interactions, as_json)
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


def _plant_offline(data: Path, config: Path | None, contacts: int, interactions: int, quiet: bool) -> dict[str, Any]:
    from config.load import ConfigError, load
    from connectors.registry import KINDS
    from hub.domain.errors import FernamtError
    from hub.logs import set_up_logs
    from hub.offline import plant_offline

    async def plant() -> dict[str, Any]:
        show, end = _progress(contacts + interactions, quiet)
        last = {"contacts": 0, "interactions": 0}
        try:
            async for progress in plant_offline(read, data, file, contacts, interactions):
                last = {"contacts": progress.contacts, "interactions": progress.interactions}
                show(sum(last.values()))
        finally:
            end()
        return last

    file = config or data / CONFIG_FILE
    try:
        read = load(file if config or file.exists() else None, {name: kind.settings for name, kind in KINDS.items()})
    except ConfigError as error:
        for path, sentence in error.problems:
            click.echo(f"fernamt: {path}: {sentence}", err=True)
        sys.exit(EXIT_CONFIGURATION)
    set_up_logs("warning", read.log.format)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return asyncio.run(plant())
    except FernamtError as error:
        return {"contacts": 0, "interactions": 0, "error": error.sentence, "code": error.code}
