"""`user`: add, change, list, link."""

import click

from hub.cli.client import Hub, client_command, show_json, show_table

ROLES = ["admin", "agent", "accountant", "read-only"]


@click.group()
def user() -> None:
    """Colleagues."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--display-name", default="", help="Name as shown to others.")
@click.option("--language", type=click.Choice(["de", "en"]), default="en", show_default=True)
@client_command
def add(hub: Hub, as_json: bool, name: str, role: str, display_name: str, language: str) -> None:
    """Add colleague NAME; prints a one-time password for the console."""
    body = {"name": name, "role": role, "display_name": display_name, "language": language}
    result = hub.post("users", body=body)
    if as_json:
        show_json(result)
        return
    click.echo(f"{result['user']['name']} may sign in with the one-time password: {result['password']}")
    click.echo(f"To chat with the bot, they need a code: fernamt user link {result['user']['name']}")


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES))
@click.option("--own-role", help="A role of the company's own, by its id; '' for none.")
@click.option("--rows", type=click.Choice(["all", "team", "own"]), help="Whose contacts they see.")
@click.option("--team", "teams", multiple=True, help="A team; several are allowed, and replace what was set.")
@click.option("--active/--inactive", default=None, help="Whether they may sign in.")
@client_command
def change(hub: Hub, as_json: bool, name: str, teams: tuple[str, ...], **fields: object) -> None:
    """Change what colleague NAME may do and see."""
    body = {key: value for key, value in fields.items() if value is not None}
    if teams:
        body["teams"] = list(teams)
    result = hub.patch("users", name, body=body)
    if as_json:
        show_json(result)
        return
    click.echo(f"{result['name']}: {result['own_role'] or result['role']}, sees {result['rows']}.")


@user.command("list")
@client_command
def list_users(hub: Hub, as_json: bool) -> None:
    """All colleagues."""
    page = hub.get("users")
    items = page["items"] if isinstance(page, dict) else page
    if as_json:
        show_json(items)
        return
    rows = [
        (item["name"], item["display_name"], item["role"], ", ".join(link["address"] for link in item["links"]))
        for item in items
    ]
    show_table(("Name", "Shown as", "Role", "Linked"), rows, "No colleagues yet.")


@user.command()
@click.argument("name")
@client_command
def link(hub: Hub, as_json: bool, name: str) -> None:
    """Print a code by which NAME links an XMPP account: send `/link CODE` to the bot."""
    result = hub.post("users", name, "link-code")
    if as_json:
        show_json(result)
        return
    click.echo(f"Send this to the bot within 10 minutes, from the account to be linked:  /link {result['code']}")
