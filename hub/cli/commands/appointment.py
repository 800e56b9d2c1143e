"""`appointment`: what stands in a calendar, and who did not come."""

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.group()
def appointment() -> None:
    """Appointments: list, missed."""


@appointment.command("list")
@click.option("--since", help="2026-12-01T00:00+01:00; now, where nothing is said.")
@click.option("--until", help="Two weeks later, where nothing is said.")
@click.option("--contact", help="Those with this contact, instead of one's own.")
@click.option("--user", help="Those of this colleague.")
@client_command
def list_appointments(hub: Hub, as_json: bool, **query: str | None) -> None:
    """What takes place, in order."""
    items = hub.get("appointments", **query)["items"]
    if as_json:
        show_json(items)
        return
    rows = [
        (
            one["start"][:16].replace("T", " "),
            one["contact_name"],
            one["appointment"]["title"],
            "did not come" if one["missed"] else one["appointment"]["state"],
            one["appointment"]["id"],
        )
        for one in items
    ]
    show_table(("Start (UTC)", "Contact", "Title", "State", "Id"), rows, "No appointments.")


@appointment.command()
@click.argument("id")
@click.option("--occurrence", help="Of a series: when the one that is meant began, 2026-12-01T10:00+01:00.")
@click.option("--came", is_flag=True, help="Take it back: the contact came.")
@client_command
def missed(hub: Hub, as_json: bool, id: str, occurrence: str | None, came: bool) -> None:
    """The contact did not come to the appointment ID. Nobody is sent anything."""
    done = hub.post("appointments", id, "missed", body={"missed": not came, "occurrence": occurrence})
    if as_json:
        show_json(done)
        return
    click.echo("Noted: the contact came." if came else "Noted: the contact did not come.")
