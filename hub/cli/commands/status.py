"""`status`."""

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.command()
@client_command
def status(hub: Hub, as_json: bool) -> None:
    """How the hub is."""
    facts = hub.get("status")
    if as_json:
        show_json(facts)
        return
    click.echo(f"Fernamt {facts['version']} on {facts['engine']}, up since {facts['started_at']}")
    rows = [
        (
            line["name"],
            line["kind"],
            line["state"],
            *(str(line[key]) for key in ("seen", "done", "duplicates", "quarantined", "pending")),
            line["detail"],
        )
        for line in facts["channels"]
    ]
    headings = ("Channel", "Kind", "Link", "Seen", "Done", "Duplicates", "Quarantined", "Pending", "Detail")
    show_table(headings, rows, "No channels are configured.")
    counts = [f"{state} {count}" for state, count in facts["outbox"].items() if count]
    click.echo(f"Outbox: {', '.join(counts) or 'empty'}.  Waiting for an answer: {facts['waiting']}.")
    if facts.get("rebuilding") is not None:
        click.echo(f"The search index is being rebuilt, {facts['rebuilding']} %.")
    for problem in facts["problems"]:
        click.echo(click.style(f"! {problem}", fg="yellow"))
