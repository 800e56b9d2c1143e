"""`contact`, `timeline`, `send`."""

import secrets
from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table

PAGE = 200


@click.command()
@click.argument("who", metavar="CONTACT", required=False)
@click.option("--find", "query", help="List contacts whose name, organisation or address is like this.")
@client_command
def contact(hub: Hub, as_json: bool, who: str | None, query: str | None) -> None:
    """Who CONTACT (a name, an address or an id) is; without it, the contacts by name."""
    if who is None:
        page = hub.get("contacts", query=query)
        if as_json:
            show_json(page)
            return
        rows = [_contact_row(item.get("contact", item)) for item in page["items"]]
        show_table(("Name", "Organisation", "City", "Id"), rows, "No contacts yet: the first mail makes one.")
        return
    card = hub.get("contacts", who)
    if as_json:
        show_json(card)
        return
    person = card.get("contact", card)
    click.echo(click.style(person["name"], bold=True) + _lead(", ", person.get("organisation")))
    click.echo(f"{person['id']}{_lead('  ', person.get('city'))}{'  provisional' if person.get('provisional') else ''}")
    for identity in card.get("addresses", []):
        click.echo(f"  {identity['channel']}: {identity['address']} ({identity['strength']})")
    waiting = card.get("waiting")
    if waiting:
        since = waiting["waiting_since"][:16].replace("T", " ")
        click.echo(f"  waits for an answer since {since} (UTC): {waiting.get('subject') or waiting['id']}")


def _lead(separator: str, text: str | None) -> str:
    return f"{separator}{text}" if text else ""


def _contact_row(person: dict[str, Any]) -> tuple[str, ...]:
    return person["name"], person.get("organisation") or "", person.get("city") or "", person["id"]


def _entry_row(item: dict[str, Any]) -> tuple[str, ...]:
    arrow = {"in": "<-", "out": "->"}.get(item["direction"], "--")
    text = " ".join((item.get("subject") or item.get("text") or "").split())
    when = item["at"][:16].replace("T", " ")
    return when, item["channel"] or item["kind"], arrow, text[:60], item.get("delivery") or ""


@click.command()
@click.argument("who", metavar="CONTACT")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), show_default=True)
@client_command
def timeline(hub: Hub, as_json: bool, who: str, limit: int) -> None:
    """Everything exchanged with CONTACT, newest first."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    while len(items) < limit:
        page = hub.get("contacts", who, "timeline", limit=min(PAGE, limit - len(items)), after=after)
        items += page["items"]
        after = page["next"]
        if after is None:
            break
    if as_json:
        show_json(items)
        return
    show_table(("When (UTC)", "Channel", "", "What", "State"), [_entry_row(item) for item in items], "No entries yet.")


@click.command()
@click.argument("who", metavar="CONTACT")
@click.argument("text")
@click.option("--now", is_flag=True, help="Send at once, without the time to take it back.")
@client_command
def send(hub: Hub, as_json: bool, who: str, text: str, now: bool) -> None:
    """Answer CONTACT in the conversation that waits (or was last), with TEXT."""
    receipt = hub.post("contacts", who, "reply", body={"text": text, "immediately": now}, key=secrets.token_hex(12))
    if as_json:
        show_json(receipt)
        return
    click.echo(f"Accepted; leaves at {receipt['leaves_at']}. Outbox: {', '.join(receipt['items'])}")
