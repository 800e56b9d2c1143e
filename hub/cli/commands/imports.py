"""`import`: files into the hub. Looked at first, written after a yes."""

from pathlib import Path
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.group(name="import")
def import_() -> None:
    """Take files in: `contacts`, `ledger`."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Book without asking.")
@client_command
def ledger(hub: Hub, as_json: bool, file: Path, yes: bool) -> None:
    """Book FILE.csv: contact,kind,number,date,due,amount,currency,reference. All rows or none."""
    data = file.read_bytes()
    looked = hub.post_file("import", "ledger", data=data, dry_run="1")
    if looked["problems"]:
        _show_problems(looked, as_json)
        raise SystemExit(1)
    if not as_json:
        head, *rows = looked["preview"] or [[]]
        show_table(tuple(head), [tuple(row) for row in rows], "The file has no rows.")
        click.echo(f"{looked['rows']} rows: {looked['new']} new, {looked['same']} booked already.")
    if looked["new"] and not yes:
        click.confirm("Book them?", abort=True)
    report = hub.post_file("import", "ledger", data=data) if looked["new"] else looked
    if report["problems"]:
        _show_problems(report, as_json)
        raise SystemExit(1)
    if as_json:
        show_json(report)
    else:
        click.echo(f"Booked: {report['new']}.")


def _show_problems(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    rows = [(str(it["row"]), it["field"], it["message"]) for it in report["problems"]]
    show_table(("Row", "Field", "Why"), rows, "")
    more = f" And {report['more_problems']} more." if report["more_problems"] else ""
    click.echo(f"Nothing was taken in.{more} Mend the rows and import the whole file again.", err=True)


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Take in without asking.")
@click.option("--map", "mapping", multiple=True, metavar="OURS=THEIRS", help="A heading of the file for one of ours.")
@client_command
def contacts(hub: Hub, as_json: bool, file: Path, yes: bool, mapping: tuple[str, ...]) -> None:
    """Take in FILE: CSV (name,organisation,email,phone,role,city,language) or vCards. All rows or none."""
    data = file.read_bytes()
    named = {f"map.{ours}": theirs for ours, _, theirs in (one.partition("=") for one in mapping)}
    looked = hub.post_file("import", "contacts", data=data, dry_run="1", **named)
    if looked["problems"]:
        _show_problems(looked, as_json)
        raise SystemExit(1)
    if not as_json:
        head, *rows = looked["preview"] or [[]]
        show_table(tuple(head), [tuple(row) for row in rows], "The file has no rows.")
        click.echo(f"{looked['rows']} rows: {looked['new']} new, {looked['changed']} changed, {looked['same']} known.")
    news = looked["new"] + looked["changed"]
    if news and not yes:
        click.confirm("Take them in?", abort=True)
    report = hub.post_file("import", "contacts", data=data, **named) if news else looked
    if as_json:
        show_json(report)
    else:
        click.echo(f"Taken in: {report['new']} new, {report['changed']} changed.")
