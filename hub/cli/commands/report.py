"""`report`: trends and forecasts in the terminal, as files, and counting everything anew."""

from pathlib import Path
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table

FORMS = ("csv", "xlsx", "pdf", "png")


@click.command()
@click.argument("name", required=False)
@click.option("--step", type=click.Choice(["day", "week", "month"]), help="How long a period is.")
@click.option("--since", metavar="DAY", help="The first day, as 2026-01-01.")
@click.option("--until", metavar="DAY", help="The last day.")
@click.option("--span", help="today, week, month, year, last-week, last-month or last-year.")
@click.option("--language", type=click.Choice(["de", "en"]), help="Of labels and sentences.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a .csv, .xlsx, .pdf, .png."
)
@client_command
def report(hub: Hub, as_json: bool, name: str | None, output: Path | None, **query: str | None) -> None:
    """The report NAME; without one, what there is. `rebuild` counts everything anew, with progress."""
    if name is None:
        names = [item["name"] for item in hub.get("reports")["items"]]
        show_json(names) if as_json else click.echo("\n".join(names))
    elif name == "rebuild":
        _rebuild(hub, as_json)
    elif output is not None:
        _write(hub, name, output, query)
    else:
        found = hub.get("reports", name, **query)
        show_json(found) if as_json else _show(found)


def _write(hub: Hub, name: str, output: Path, query: dict[str, str | None]) -> None:
    form = output.suffix.lstrip(".").lower()
    if form not in FORMS:
        raise click.BadParameter(f"The file must end with {', '.join(FORMS)}.", param_hint="--output")
    path = ("picture",) if form == "png" else ("export", form)
    output.write_bytes(hub.download("reports", name, *path, **query))
    click.echo(str(output))


def _show(found: dict[str, Any]) -> None:
    click.echo(found["text"])
    heads = [period["first"] for period in found["periods"]] or found["labels"] or [str(hour) for hour in range(24)]
    columns = [(row["label"], row["values"]) for row in found["rows"]]
    if any(row["before"] for row in found["rows"]):
        columns += [(f"{row['label']} (before)", row["before"]) for row in found["rows"]]
    rows = [(head, *(str(values[place] or "") for _, values in columns)) for place, head in enumerate(heads)]
    show_table(("", *(label for label, _ in columns)), rows, "There is nothing to show yet.")


def _rebuild(hub: Hub, as_json: bool) -> None:
    last: dict[str, Any] = {}
    shown = -1
    for last in hub.lines("reports", "rebuild", body={}):
        tenth = last["done"] * 10 // max(1, last["total"])
        if tenth != shown and not as_json:
            click.echo(f"Counted: {last['done']:,} of {last['total']:,} days", err=True)
            shown = tenth
    if as_json:
        show_json(last)
    else:
        click.echo(f"All {last.get('total', 0):,} days are counted.")
