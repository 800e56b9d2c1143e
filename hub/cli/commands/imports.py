"""`import`: files into the hub. Looked at first, written after a yes; on the way both say how far they are."""

import sys
from pathlib import Path
from typing import Any

import click

from hub.cli.client import EXIT_FAILURE, Hub, client_command, give_up, show_json, show_table

STAGES = {"reading": "Reading", "checking": "Checking", "writing": "Writing"}


@click.group(name="import")
def import_() -> None:
    """Take files in: `contacts`, `ledger`. All rows or none; run one that was cut off again."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Book without asking.")
@client_command
def ledger(hub: Hub, as_json: bool, file: Path, yes: bool) -> None:
    """Book FILE.csv: contact,kind,number,date,due,amount,currency,reference. All rows or none."""
    data = file.read_bytes()
    looked = _send(hub, "ledger", data, as_json, dry_run="1")
    if not as_json:
        _show_preview(looked)
        click.echo(f"{looked['rows']} rows: {looked['new']} new, {looked['same']} booked already.")
    if looked["new"] and not yes:
        click.confirm("Book them?", abort=True)
    report = _send(hub, "ledger", data, as_json) if looked["new"] else looked
    if as_json:
        show_json(report)
    else:
        click.echo(f"Booked: {report['new']}.")


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Take in without asking.")
@click.option("--map", "mapping", multiple=True, metavar="OURS=THEIRS", help="A heading of the file for one of ours.")
@client_command
def contacts(hub: Hub, as_json: bool, file: Path, yes: bool, mapping: tuple[str, ...]) -> None:
    """Take in FILE: CSV (name,organisation,email,phone,role,city,language) or vCards. All rows or none."""
    data = file.read_bytes()
    named = {f"map.{ours}": theirs for ours, _, theirs in (one.partition("=") for one in mapping)}
    looked = _send(hub, "contacts", data, as_json, dry_run="1", **named)
    if not as_json:
        _show_preview(looked)
        click.echo(f"{looked['rows']} rows: {looked['new']} new, {looked['changed']} changed, {looked['same']} known.")
    news = looked["new"] + looked["changed"]
    if news and not yes:
        click.confirm("Import them?", abort=True)
    report = _send(hub, "contacts", data, as_json, **named) if news else looked
    if as_json:
        show_json(report)
    else:
        click.echo(f"Taken in: {report['new']} new, {report['changed']} changed.")


def _send(hub: Hub, what: str, data: bytes, as_json: bool, **query: str) -> dict[str, Any]:
    """The report; ends the command where there are problems."""
    report: dict[str, Any] = {}
    show = _Progress()
    try:
        for line in hub.post_file_lines("import", what, data=data, progress="1", **query):
            if "error" in line:
                give_up(f"{line['error']} [{line.get('code', '')}]", EXIT_FAILURE)
            report = line.get("report") or report
            if "stage" in line:
                show.step(line)
    finally:
        show.end()
    if not report:
        give_up("the hub broke off; run the import again, it takes nothing twice.", EXIT_FAILURE)
    if report["problems"]:
        _show_problems(report, as_json)
        raise SystemExit(EXIT_FAILURE)
    return report


class _Progress:
    """One line on standard error that is written over; where that is no terminal, a line for each tenth of a stage."""

    def __init__(self) -> None:
        self._over, self._open = sys.stderr.isatty(), False
        self._shown: tuple[str, int] = "", 0

    def step(self, line: dict[str, Any]) -> None:
        done, rows, stage = int(line["done"]), int(line["rows"]), str(line["stage"])
        said = f"{STAGES.get(stage, stage)}: {done:,} of {rows:,} rows"
        if self._over:
            click.echo(f"\r{said:<60}", err=True, nl=False)
            self._open = True
        elif (stage, tenth := done * 10 // max(1, rows)) != self._shown and tenth:
            click.echo(said, err=True)
            self._shown = stage, tenth

    def end(self) -> None:
        if self._open:
            click.echo("", err=True)


def _show_preview(looked: dict[str, Any]) -> None:
    head, *rows = looked["preview"] or [[]]
    show_table(tuple(head), [tuple(row) for row in rows], "The file has no rows.")


def _show_problems(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    rows = [(str(it["row"]), it["field"], it["message"]) for it in report["problems"]]
    show_table(("Row", "Field", "Why"), rows, "")
    more = f" And {report['more_problems']} more." if report["more_problems"] else ""
    click.echo(f"Nothing was taken in.{more} Mend the rows and import the whole file again.", err=True)
