"""`quarantine`: list, show, replay."""

import sys

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.group(invoke_without_command=True)
@click.pass_context
def quarantine(ctx: click.Context) -> None:
    """What could not be read or routed; its bytes are kept."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(ctx.command.commands["list"])  # type: ignore[attr-defined]


@quarantine.command("list")
@client_command
def list_arrivals(hub: Hub, as_json: bool) -> None:
    """Newest first."""
    items = hub.get("quarantine")["items"]
    if as_json:
        show_json(items)
        return
    rows = [(item["id"], item["received_at"][:16], item["account"], item["sender"], item["reason"]) for item in items]
    show_table(("Id", "Received (UTC)", "Channel", "From", "Reason"), rows, "Nothing is in quarantine.")


@quarantine.command()
@click.argument("arrival")
@client_command
def show(hub: Hub, as_json: bool, arrival: str) -> None:
    """The raw bytes of ARRIVAL."""
    sys.stdout.buffer.write(hub.download("quarantine", arrival, "raw"))


@quarantine.command()
@click.argument("arrival")
@client_command
def replay(hub: Hub, as_json: bool, arrival: str) -> None:
    """Try ARRIVAL again."""
    result = hub.post("quarantine", arrival, "replay")
    if as_json:
        show_json(result)
    else:
        click.echo(f"{arrival} is {result['state']}.")
