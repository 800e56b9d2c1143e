"""`occasion`: company events with their sessions, who comes, invitations, follow-ups, check-in."""

import secrets
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table
from hub.cli.commands.campaign import message_options, send_campaign

STATES = ("registered", "waiting", "invited", "cancelled", "attended", "missed")


@click.group()
def occasion() -> None:
    """Company events: list, show, add, who comes, invite, follow up, check in."""


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    return _when(item), item["title"], item["place"], _seats(item), item["state"], item["id"]


def _when(item: dict[str, Any]) -> str:
    return str(item["start"])[:16].replace("T", " ")


def _seats(item: dict[str, Any]) -> str:
    parts = item.get("sessions") or [item]
    limits = [part["capacity"] or item["capacity"] for part in parts]
    all_ = str(sum(limits)) if all(limits) else "∞"
    return f"{item['taken']}/{all_}" + (f" +{item['waiting']}" if item["waiting"] else "")


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
@click.option(
    "--session", "sessions", multiple=True, help="TITLE|START|END|SEATS, once for each; seats may be left out."
)
@client_command
def add(hub: Hub, as_json: bool, sessions: tuple[str, ...], **fields: Any) -> None:
    """Plan an event called TITLE."""
    body = fields | {"sessions": [_session(number, text) for number, text in enumerate(sessions, 1)]}
    made = hub.post("occasions", body=body, key=secrets.token_hex(12))
    if as_json:
        show_json(made)
        return
    click.echo(f"Planned: {made['title']} ({made['id']})")


def _session(number: int, text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) not in (3, 4) or not all(parts[:3]) or not (parts[3:] or ["0"])[0].isdecimal():
        raise click.BadParameter(f"{text!r}: write it as TITLE|START|END|SEATS.", param_hint="--session")
    seats = int(parts[3]) if parts[3:] else 0
    return {"id": f"s{number}", "title": parts[0], "start": parts[1], "end": parts[2], "capacity": seats}


@occasion.command()
@click.argument("id")
@client_command
def show(hub: Hub, as_json: bool, id: str) -> None:
    """The event ID, and the seats of each session."""
    found = hub.get("occasions", id)
    if as_json:
        show_json(found)
        return
    click.echo(f"{found['title']}, {_when(found)} UTC, {found['place'] or 'no place'}: {found['state']}")
    click.echo(f"Seats: {_seats(found)}")
    if found["sessions"]:
        # A session that says nothing of its seats has as many as the event.
        parts = [one | {"capacity": one["capacity"] or found["capacity"]} for one in found["sessions"]]
        rows = [(_when(one), one["title"], _seats(one), one["id"]) for one in parts]
        show_table(("Start (UTC)", "Session", "Seats", "Id"), rows, "")


@occasion.command()
@click.argument("id")
@click.argument("state", type=click.Choice(["open", "closed", "cancelled", "done"]))
@click.option("--yes", is_flag=True, help="Cancel without asking.")
@client_command
def state(hub: Hub, as_json: bool, id: str, state: str, yes: bool) -> None:
    """Open or close registration for the event ID, cancel it (which tells everybody), or say that it is over."""
    if state == "cancelled" and not yes:
        click.confirm("Everybody who has a seat or waits is told. Cancel the event?", abort=True, err=True)
    found = hub.post("occasions", id, "state", body={"state": state})
    if as_json:
        show_json(found)
        return
    click.echo(f"{found['title']}: {found['state']}")


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
    titles = {one["id"]: one["title"] for one in hub.get("occasions", id)["sessions"]}
    rows = [
        (one["contact_name"], one["state"], titles.get(one["session"], "-"), one["code"], one["via"]) for one in items
    ]
    show_table(("Contact", "State", "Session", "Code", "Via"), rows, "Nobody.")


@occasion.command()
@click.argument("id")
@click.argument("contacts", nargs=-1)
@click.option("--tag", default="")
@click.option("--role", default="")
@click.option("--city", default="")
@click.option("--name", default="", help="For colleagues only; empty for the event's title.")
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


@occasion.command("follow-up")
@click.argument("id")
@click.option(
    "--state", "states", multiple=True, required=True, type=click.Choice(STATES), help="Several are possible."
)
@message_options
@client_command
def follow_up(hub: Hub, as_json: bool, id: str, **fields: Any) -> None:
    """Write to whoever stands so with the event ID: who attended, missed it, is registered, ..."""
    send_campaign(hub, as_json, ("occasions", id, "invite"), fields)


def _standing(hub: Hub, as_json: bool, id: str, act: str, **body: str) -> None:
    done = hub.post("occasions", id, act, body=body, key=secrets.token_hex(12))
    if as_json:
        show_json(done)
        return
    place = f", number {done['position']}" if done["position"] else ""
    click.echo(f"{done['state']}{place}. Code: {done['code']}")


@occasion.command()
@click.argument("id")
@click.argument("contact")
@click.option("--session", default="", help="Its id; empty for the first with a free seat.")
@client_command
def register(hub: Hub, as_json: bool, id: str, contact: str, session: str) -> None:
    """Give CONTACT a seat at the event ID, or a place in the waiting list."""
    _standing(hub, as_json, id, "registrations", contact=contact, session=session)


@occasion.command()
@click.argument("id")
@click.argument("contact")
@client_command
def cancel(hub: Hub, as_json: bool, id: str, contact: str) -> None:
    """CONTACT does not come; the next in the waiting list moves up."""
    _standing(hub, as_json, id, "cancel", contact=contact)


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
