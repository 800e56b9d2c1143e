"""`doctor`: what may be wrong on this machine, and how to fix it."""

import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import click

from hub.cli.client import ADDRESS_FILE, EXIT_FAILURE, Answer, Hub, show_json

MIN_FREE_BYTES = 1_073_741_824


@click.command()
@click.option("--data", "own_data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file to check.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, own_data: Path | None, config: Path | None, as_json: bool) -> None:
    """Check the machine, the configuration and the running hub."""
    data: Path = own_data or ctx.find_root().obj
    findings = [*_check_machine(data), *_check_config(config), *_check_hub(data)]
    if as_json:
        show_json(findings)
    else:
        for finding in findings:
            mark = click.style("ok  ", fg="green") if finding["ok"] else click.style("FAIL", fg="red")
            click.echo(f"{mark} {finding['what']}")
            if not finding["ok"]:
                click.echo(f"     mend: {finding['fix']}")
    if not all(finding["ok"] for finding in findings):
        sys.exit(EXIT_FAILURE)


def _finding(ok: bool, what: str, fix: str = "") -> dict[str, Any]:
    return {"ok": ok, "what": what, "fix": "" if ok else fix}


def _check_machine(data: Path) -> list[dict[str, Any]]:
    place = data if data.exists() else data.absolute().parent
    free = shutil.disk_usage(place).free if place.exists() else 0
    return [
        _finding(sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}", "Install Python 3.11 or newer."),
        _finding(sqlite3.sqlite_version_info >= (3, 37), f"SQLite {sqlite3.sqlite_version}", "Install SQLite 3.37+."),
        _finding(
            os.access(place, os.W_OK),
            f"data directory {data} can be written",
            f"Give yourself the right: chown {place}",
        ),
        _finding(free > MIN_FREE_BYTES, f"{free // 2**20} MiB free on the disk", "Free at least 1 GiB."),
    ]


def _check_config(config: Path | None) -> list[dict[str, Any]]:
    if config is None:
        return []
    from config.load import ConfigError, load
    from connectors.registry import KINDS

    try:
        load(config, {name: kind.settings for name, kind in KINDS.items()})
    except ConfigError as error:
        return [_finding(False, f"{config}: {path}: {sentence}", "Edit the file.") for path, sentence in error.problems]
    return [_finding(True, f"configuration {config}")]


def _check_hub(data: Path) -> list[dict[str, Any]]:
    if not (data / ADDRESS_FILE).exists():
        return [_finding(True, f"no hub runs with {data}; start one with: fernamt run --data {data}")]
    try:
        facts = Hub(data).get("status")
    except Answer as error:
        return [_finding(False, f"the hub answers: {error.message}", "See its log.")]
    lines = [
        _finding(
            line["state"] == "up",
            f"channel {line['name']}: {line['state']} {line['detail']}",
            f"fernamt channel test {line['name']}",
        )
        for line in facts["channels"]
    ]
    return [_finding(True, f"hub {facts['version']} runs on {facts['engine']}"), *lines]
