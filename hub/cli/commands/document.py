"""`document list|add|get|share|overview|purge`."""

import secrets
from pathlib import Path
from typing import Any

import click

from hub.cli.client import EXIT_FAILURE, Hub, client_command, give_up, show_json, show_table


@click.group()
def document() -> None:
    """Files that came, went and are kept."""


@document.command("list")
@click.argument("words", nargs=-1)
@click.option("--folder", help="Only of this folder and those below it.")
@click.option("--tag", help="Only with this tag.")
@click.option("--contact", help="Only of this contact: a name, an address or an id.")
@client_command
def list_(
    hub: Hub, as_json: bool, words: tuple[str, ...], folder: str | None, tag: str | None, contact: str | None
) -> None:
    """Documents, newest first; WORDS: those that hold all of them."""
    query = " ".join(words) or None
    items = hub.get("documents", q=query, folder=folder, tag=tag, contact=contact)["items"]
    if as_json:
        show_json(items)
        return
    show_table(("When (UTC)", "Id", "Folder", "Size", "Name"), [_row(item) for item in items], "No documents here.")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    size = f"{item['size'] / 1024:,.0f} KB"
    return item["at"][:16].replace("T", " "), item["id"], item["folder"], size, item["name"]


@document.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--folder", help="Where it goes, such as Offers/2026.")
@click.option("--tag", help="A tag.")
@click.option("--contact", help="Whom it concerns: a name, an address or an id.")
@client_command
def add(hub: Hub, as_json: bool, file: Path, folder: str | None, tag: str | None, contact: str | None) -> None:
    """Keep FILE."""
    try:
        data = file.read_bytes()
    except OSError as error:
        give_up(f"{file} cannot be read: {error.strerror}", EXIT_FAILURE)
    kept = hub.post_file(
        "documents", data=data, key=secrets.token_hex(12), name=file.name, folder=folder, tag=tag, contact=contact
    )
    show_json(kept) if as_json else click.echo(f"Kept: {kept['id']}  {kept['name']}")


@document.command()
@click.argument("id")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it; else under its name.")
@client_command
def get(hub: Hub, as_json: bool, id: str, to: Path | None) -> None:
    """Write the document ID into a file."""
    found = hub.get("documents", id)
    # The name was somebody else's: never a path, never over a file that is there.
    path = to or Path(Path(found["name"]).name)
    if to is None and path.exists():
        give_up(f"{path} is there already; say where with --to.", EXIT_FAILURE)
    path.write_bytes(hub.download("documents", id, "file"))
    show_json({"path": str(path), **found}) if as_json else click.echo(f"Written: {path}")


@document.command()
@click.argument("id")
@click.option("--contact", default="", help="For whom.")
@click.option("--days", default=30, type=click.IntRange(1, 365), show_default=True)
@click.option("--limit", default=0, type=click.IntRange(0, 10_000), help="How many downloads; 0: any number.")
@client_command
def share(hub: Hub, as_json: bool, id: str, contact: str, days: int, limit: int) -> None:
    """Make a link to the document ID. It is shown once."""
    body = {"contact": contact, "days": days, "limit": limit}
    made = hub.post("documents", id, "share", body=body, key=secrets.token_hex(12))
    show_json(made) if as_json else click.echo(f"{made['address']}  (until {made['expires_at'][:10]})")


@document.command()
@click.argument("contact")
@click.option("--days", default=30, type=click.IntRange(1, 365), show_default=True)
@client_command
def overview(hub: Hub, as_json: bool, contact: str, days: int) -> None:
    """Make a link to CONTACT's page of what is shared with them. It is shown once."""
    made = hub.post("overviews", body={"contact": contact, "days": days}, key=secrets.token_hex(12))
    show_json(made) if as_json else click.echo(f"{made['address']}  (until {made['expires_at'][:10]})")


@document.command()
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@client_command
def purge(hub: Hub, as_json: bool, dry_run: bool) -> None:
    """Let removed documents whose time is over go for good, now instead of within six hours."""
    if not dry_run:
        due = hub.post("document-purge", key=secrets.token_hex(12))
        show_json(due) if as_json else click.echo(f"{due['due']} documents go now; the audit log tells which.")
        return
    items = hub.get("document-purge")["items"]
    if as_json:
        show_json(items)
        return
    rows = [(item["removed_at"][:10], *_row(item)[1:]) for item in items]
    show_table(("Removed", "Id", "Folder", "Size", "Name"), rows, "No document would go now.")
