"""`migrate-store`: from SQLite in the data directory to MongoDB, while no hub runs."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.client import EXIT_FAILURE, show_json

if TYPE_CHECKING:
    from hub.ports.store import Store
    from storage.migrate import Progress as Step


@click.command()
@click.option("--data", "own_data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option(
    "--url",
    required=True,
    envvar="FERNAMT_STORAGE_URL",
    help="Address of MongoDB, as in storage.url (or $FERNAMT_STORAGE_URL: other users can read a command line).",
)
@click.option("--database", default="fernamt", show_default=True, help="Name of the database, as in storage.database.")
@click.option("--resume", is_flag=True, help="Go on with a copy that was interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def migrate_store(
    ctx: click.Context, own_data: Path | None, url: str, database: str, resume: bool, as_json: bool
) -> None:
    """Copy the SQLite store to MongoDB, and compare both. The hub must be stopped; SQLite stays as it is."""
    from hub.domain.errors import FernamtError

    data: Path = own_data or ctx.find_root().obj
    begun = time.monotonic()
    try:
        report = asyncio.run(_copy(data, url, database, resume, as_json))
    except FernamtError as error:
        click.echo(f"fernamt: {error.sentence} [{error.code}]", err=True)
        sys.exit(EXIT_FAILURE)
    report["seconds"] = round(time.monotonic() - begun, 1)
    if as_json:
        show_json(report)
        return
    for part, count in report["counts"].items():
        if count:
            click.echo(f"{part:20} {count:>12,}  {report['hashes'][part][:16]}")
    click.echo(
        f"Copied and verified {sum(report['counts'].values()):,} things in {report['seconds']:,} s.\n"
        f'Now set in the configuration, table [storage]: url, and database = "{database}"; then start the hub.'
    )


async def _copy(data: Path, url: str, database: str, resume: bool, quiet: bool) -> dict[str, Any]:
    from hub.domain.errors import Conflict, NotFound
    from storage.migrate import copy_store
    from storage.mongodb.engine import open_mongodb
    from storage.sqlite.engine import open_sqlite

    if not (data / "fernamt.sqlite3").exists():
        raise NotFound(f"The data directory {data} holds no SQLite store: name the hub's with --data.")
    source = await open_sqlite(data)
    show, end = _progress(quiet)
    try:
        target = await open_mongodb(url, database=database)
        try:
            if not resume and await _holds_anything(target):
                raise Conflict(
                    f"The database {database} is not empty: name another one, or add --resume to go on with a copy"
                    " that was interrupted."
                )
            copied = await copy_store(source, target, show)
        finally:
            await target.close()
    finally:
        end()
        await source.close()
    return {"database": database, "counts": copied.counts, "hashes": copied.hashes}


async def _holds_anything(store: "Store") -> bool:
    """Settings do not count: an empty store begins with its version."""
    from hub.ports.kinds import ALL_KINDS, SETTINGS

    for kind in ALL_KINDS:
        if kind is not SETTINGS and await store.documents(kind).scan(limit=1):
            return True
    return bool(await store.blobs.names(limit=1))


def _progress(quiet: bool) -> tuple[Callable[["Step"], None], Callable[[], None]]:
    if quiet or not sys.stderr.isatty():
        return (lambda step: None), (lambda: None)
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("Opening both stores")
    bar.start()

    def show(step: "Step") -> None:
        bar.update(task, description=f"{step.part}: {step.copied:,} {'verified' if step.verified else 'copied'}")

    return show, bar.stop
