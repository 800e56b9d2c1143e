"""`campaign`: one message to many; how it is looked at before it is sent, which follow-ups to events share."""

import secrets
from collections.abc import Callable
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table

COUNTED = ("state", "planned", "due", "sent", "delivered", "bounced", "failed", "skipped", "opted_out")


def message_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is said, how fast, and whether it is only looked at."""
    for option in (
        click.option("--key", default="", help="The same key is the same campaign: for repeating a command safely."),
        click.option("--preview", is_flag=True, help="Only tell whom it would reach."),
        click.option("--yes", is_flag=True, help="Send without asking."),
        click.option("--per-minute", default=30, type=click.IntRange(1, 200), show_default=True),
        click.option("--name", default="", help="For colleagues only; empty for the subject."),
        click.option("--text", required=True, help="With {name}, {first_name}, {company}, ..."),
        click.option("--subject", required=True),
    ):
        function = option(function)
    return function


def send_campaign(hub: Hub, as_json: bool, path: tuple[str, ...], fields: dict[str, Any]) -> None:
    """Look first, ask, send once."""
    key, only_look, sure = fields.pop("key"), fields.pop("preview"), fields.pop("yes")
    if only_look or not sure:
        told = hub.post(*path, body=fields | {"preview": True})
        if only_look and as_json:
            show_json(told)
            return
        _show_preview(told, to_stderr=as_json)
        if only_look:
            return
        click.confirm(f"Send it to {told['receivers']}?", abort=True, err=True)
    made = hub.post(*path, body=fields, key=key or secrets.token_hex(12))
    if as_json:
        show_json(made)
        return
    click.echo(f"{made['name']}: {made['planned']} contacts, {made['per_minute']} a minute ({made['id']}).")


def _show_preview(told: dict[str, Any], *, to_stderr: bool) -> None:
    most = "" if told["exact"] else "at most "
    left = f"{told['unwanted']} want no such messages, {told['unreachable']} cannot be reached"
    click.echo(f"Fit: {told['chosen']}. Get it: {most}{told['receivers']} ({left}).", err=to_stderr)
    click.echo(f"As {told['name']} reads it: {told['subject']}\n\n{told['text']}\n", err=to_stderr)


@click.group()
def campaign() -> None:
    """Messages to many: list, show, add, rename, pause, resume."""


@campaign.command("list")
@click.option("--occasion", default=None, help="Only those about the event with this id.")
@client_command
def list_campaigns(hub: Hub, as_json: bool, occasion: str | None) -> None:
    """Newest first."""
    items = hub.get("campaigns", occasion=occasion)["items"]
    if as_json:
        show_json(items)
        return
    rows = [(one["created_at"][:16].replace("T", " "), one["name"], one["subject"], one["state"], str(one["planned"]),
             one["id"]) for one in items]  # fmt: skip
    show_table(("Since (UTC)", "Campaign", "Subject", "State", "Contacts", "Id"), rows, "No campaigns.")


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    click.echo(f"{found['name']} ({found['id']})")
    for name in COUNTED:
        if name in found:
            click.echo(f"{name.replace('_', ' ')}: {found[name]}")


@campaign.command()
@click.argument("id")
@client_command
def show(hub: Hub, as_json: bool, id: str) -> None:
    """What became of the campaign ID."""
    _show(hub.get("campaigns", id), as_json)


@campaign.command()
@click.argument("contacts", nargs=-1)
@click.option("--tag", default="", help="And who has this tag.")
@click.option("--role", default="", help="customer, supplier, wholesaler or partner.")
@click.option("--city", default="")
@message_options
@client_command
def add(hub: Hub, as_json: bool, contacts: tuple[str, ...], **fields: Any) -> None:
    """Write to CONTACTS, and to who fits tag, role and city."""
    send_campaign(hub, as_json, ("campaigns",), {"contacts": list(contacts)} | fields)


@campaign.command()
@click.argument("id")
@click.argument("name")
@client_command
def rename(hub: Hub, as_json: bool, id: str, name: str) -> None:
    """Call the campaign ID by another NAME; whoever gets the message does not see it."""
    _show(hub.patch("campaigns", id, body={"name": name}), as_json)


@campaign.command()
@click.argument("id")
@client_command
def pause(hub: Hub, as_json: bool, id: str) -> None:
    """Send nothing more of the campaign ID for now."""
    _show(hub.post("campaigns", id, "pause", body={"paused": True}), as_json)


@campaign.command()
@click.argument("id")
@client_command
def resume(hub: Hub, as_json: bool, id: str) -> None:
    """Go on with the campaign ID at once."""
    _show(hub.post("campaigns", id, "pause", body={"paused": False}), as_json)
