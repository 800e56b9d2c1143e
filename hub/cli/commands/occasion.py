"""`occasion`: company events, who comes, invitations, check-in; `campaign`: one message to many."""

import secrets
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.group()
def occasion() -> None:
    """Company events: list, add, who comes, invite, check in."""


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    seats = f"{item['taken']}/{item['capacity'] or '∞'}" + (f" +{item['waiting']}" if item["waiting"] else "")
    return item["start"][:16].replace("T", " "), item["title"], item["place"], seats, item["state"], item["id"]


@occasion.command("list")
@click.option("--past", is_flag=True, help="Those that are over.")
@client_command
def list_occasions(hub: Hub, as_json: bool, past: bool) -> None:
    """Events to come, soonest first."""
    items = hub.get("occasions", past="1" if past else None)["items"]
    if as_json:
        show_json(items)
        return
    show_table(("Start (UTC)", "Title", "Place", "Seats", "State", "Id"), [_row(one) for one in items], "No events.")


@occasion.command()
@click.argument("title")
@click.option("--start", required=True, help="2026-12-01T18:00+01:00")
@click.option("--end", required=True, help="2026-12-01T20:00+01:00")
@click.option("--place", default="")
@click.option("--capacity", default=0, type=click.IntRange(0, 5_000), help="Seats; 0 for no limit.")
@click.option("--fee", default="0", help="49.90")
@click.option("--description", default="")
@client_command
def add(hub: Hub, as_json: bool, **fields: Any) -> None:
    """Plan an event called TITLE."""
    made = hub.post("occasions", body=fields, key=secrets.token_hex(12))
    if as_json:
        show_json(made)
        return
    click.echo(f"Planned: {made['title']} ({made['id']})")


@occasion.command()
@click.argument("id")
@click.option("--state", default="registered", show_default=True)
@client_command
def guests(hub: Hub, as_json: bool, id: str, state: str) -> None:
    """Who comes to the event ID (or waits, was invited, attended, missed)."""
    items = hub.get("occasions", id, "registrations", state=state, limit=200)["items"]
    if as_json:
        show_json(items)
        return
    rows = [(one["contact_name"], one["state"], one["code"], one["via"]) for one in items]
    show_table(("Contact", "State", "Code", "Via"), rows, "Nobody.")


@occasion.command()
@click.argument("id")
@click.argument("contacts", nargs=-1)
@click.option("--tag", default="")
@click.option("--role", default="")
@click.option("--city", default="")
@click.option("--per-minute", default=30, type=click.IntRange(1, 200), show_default=True)
@client_command
def invite(hub: Hub, as_json: bool, id: str, contacts: tuple[str, ...], **fields: Any) -> None:
    """Invite CONTACTS, and who fits tag, role and city, to the event ID."""
    body = {"contacts": list(contacts)} | fields
    made = hub.post("occasions", id, "invite", body=body, key=secrets.token_hex(12))
    if as_json:
        show_json(made)
        return
    click.echo(f"{made['planned']} invitations ({made['id']}).")


def _standing(hub: Hub, as_json: bool, id: str, act: str, contact: str) -> None:
    done = hub.post("occasions", id, act, body={"contact": contact}, key=secrets.token_hex(12))
    if as_json:
        show_json(done)
        return
    place = f", number {done['position']}" if done["position"] else ""
    click.echo(f"{done['state']}{place}. Code: {done['code']}")


@occasion.command()
@click.argument("id")
@click.argument("contact")
@client_command
def register(hub: Hub, as_json: bool, id: str, contact: str) -> None:
    """Give CONTACT a seat at the event ID, or a place in the waiting list."""
    _standing(hub, as_json, id, "registrations", contact)


@occasion.command()
@click.argument("id")
@click.argument("contact")
@client_command
def cancel(hub: Hub, as_json: bool, id: str, contact: str) -> None:
    """CONTACT does not come; the next in the waiting list moves up."""
    _standing(hub, as_json, id, "cancel", contact)


@occasion.command("check-in")
@click.argument("code")
@client_command
def check_in(hub: Hub, as_json: bool, code: str) -> None:
    """Somebody is there, by their CODE."""
    done = hub.post("check-in", body={"code": code})
    if as_json:
        show_json(done)
        return
    click.echo(f"{done['contact_name']} is checked in.")


@occasion.command()
@client_command
def campaigns(hub: Hub, as_json: bool) -> None:
    """Messages to many, newest first."""
    items = hub.get("campaigns")["items"]
    if as_json:
        show_json(items)
        return
    rows = [(one["created_at"][:16].replace("T", " "), one["name"], one["state"], str(one["planned"]), one["id"])
            for one in items]  # fmt: skip
    show_table(("Since (UTC)", "Campaign", "State", "Contacts", "Id"), rows, "No campaigns.")


@occasion.command()
@click.argument("id")
@click.option("--pause/--go-on", default=None)
@client_command
def campaign(hub: Hub, as_json: bool, id: str, pause: bool | None) -> None:
    """What became of the campaign ID; `--pause` and `--go-on`."""
    if pause is not None:
        hub.post("campaigns", id, "pause", body={"paused": pause})
    found = hub.get("campaigns", id)
    if as_json:
        show_json(found)
        return
    names = ("state", "planned", "due", "sent", "delivered", "bounced", "failed", "skipped", "opted_out")
    for name in names:
        click.echo(f"{name.replace('_', ' ')}: {found[name]}")
