"""`outbox`: list, retry, cancel, settle."""

import click

from hub.cli.client import Hub, client_command, show_json, show_table

STATES = ("queued", "sending", "held", "failed", "bounced", "sent", "delivered", "cancelled")


@click.group(invoke_without_command=True)
@click.pass_context
def outbox(ctx: click.Context) -> None:
    """What is to be sent."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(ctx.command.commands["list"])  # type: ignore[attr-defined]


@outbox.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only items in this state.")
@client_command
def list_items(hub: Hub, as_json: bool, state: str | None) -> None:
    """Items by state."""
    items = [item for each in ([state] if state else STATES[:5]) for item in hub.get("outbox", state=each)["items"]]
    if as_json:
        show_json(items)
        return
    rows = [
        (item["id"], item["state"], item["recipient"]["address"], item["due_at"][:16], item.get("reason") or "")
        for item in items
    ]
    show_table(("Id", "State", "To", "Due (UTC)", "Reason"), rows, "Nothing waits to be sent.")


def _act(hub: Hub, as_json: bool, item: str, verb: str) -> None:
    result = hub.post("outbox", item, verb)
    if as_json:
        show_json(result)
    else:
        click.echo(f"{result['id']} is {result['state']}.")


@outbox.command()
@click.argument("item")
@client_command
def retry(hub: Hub, as_json: bool, item: str) -> None:
    """Send a held, failed or bounced ITEM (again), or a queued one now."""
    _act(hub, as_json, item, "retry")


@outbox.command()
@click.argument("item")
@client_command
def cancel(hub: Hub, as_json: bool, item: str) -> None:
    """Do not send ITEM."""
    _act(hub, as_json, item, "cancel")


@outbox.command()
@click.argument("item")
@client_command
def settle(hub: Hub, as_json: bool, item: str) -> None:
    """ITEM is held, and you know that it was sent."""
    _act(hub, as_json, item, "settle")
