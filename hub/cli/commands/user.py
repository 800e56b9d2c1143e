"""`user`: add, list, link."""

import click

from hub.cli.client import Hub, client_command, show_json, show_table


@click.group()
def user() -> None:
    """Colleagues."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(["admin", "agent"]), default="agent", show_default=True)
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
