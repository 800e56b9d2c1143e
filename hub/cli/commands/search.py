"""`search`."""

from typing import Any

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.command()
@click.argument("words", nargs=-1)
@click.option("--kind", "kinds", multiple=True, help="Only this kind: contact, message, note, appointment, order, ...")
@click.option("--channel", help="Only what came or went by this kind of channel: email, xmpp, ...")
@click.option("--contact", metavar="CONTACT", help="Only what is about this contact (a name, an address or an id).")
@click.option("--since", metavar="DAY", help="From this day on, for example 2026-11-24.")
@click.option("--until", metavar="DAY", help="Up to this day, with the whole of it.")
@click.option("--limit", default=20, type=click.IntRange(1, 200), show_default=True)
@click.option("--after", help="`next` of the page before.")
@click.option("--rebuild", is_flag=True, help="Fill the index anew now, from everything that the hub holds.")
@client_command
def search(
    hub: Hub,
    as_json: bool,
    words: tuple[str, ...],
    kinds: tuple[str, ...],
    rebuild: bool,
    **given: Any,
) -> None:
    """People first, then everything that holds all the words, newest first."""
    if rebuild:
        _rebuild(hub, as_json)
        return
    if not words:
        raise click.UsageError("Say which words to look for.")
    page = hub.get("search", q=" ".join(words), kind=",".join(kinds) or None, **given)
    if as_json:
        show_json(page)
        return
    headings = ("Kind", "When (UTC)", "Contact", "What", "")
    show_table(headings, [_row(item) for item in page["items"]], "Nothing holds all of these words.")
    if page.get("did_you_mean"):
        click.echo(f"Did you mean: {page['did_you_mean']}")
    if page.get("rebuilding") is not None:
        click.echo(f"The index is being rebuilt, {page['rebuilding']} %: something may not be found yet.", err=True)
    if page["next"]:
        click.echo(f"More with: --after {page['next']}")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    when = item["at"][:16].replace("T", " ") if item["kind"] != "contact" else ""
    title, money = " ".join(item["title"].split()), f"{item['amount']} {item['currency']}" if item.get("amount") else ""
    more = "  ".join(part for part in (money, " ".join(item["snippet"].split())) if part)
    return item["kind"], when, item["contact_name"], title[:60], more


def _rebuild(hub: Hub, as_json: bool) -> None:
    """Step by step, each a request; it may be broken off and begun again at any time."""
    done = 0
    after: str | None = ""
    while after is not None:
        step = hub.post("search", "rebuild", body={"after": after})
        done, after = done + step["done"], step["next"]
        click.echo(f"\r{done:,} entries", nl=False, err=True)
    click.echo(err=True)
    if as_json:
        show_json({"done": done})
        return
    click.echo(f"The index is filled: {done:,} entries looked at.")
