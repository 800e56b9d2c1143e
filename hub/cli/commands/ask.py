"""`ask`: the staff bot in the terminal."""

import click

from hub.cli.client import Hub, client_command, show_json


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--as", "user", metavar="USER", help="Ask as this colleague (audited); default: admin.")
@client_command
def ask(hub: Hub, as_json: bool, question: tuple[str, ...], user: str | None) -> None:
    """Ask the bot QUESTION, in German or English."""
    body = {"text": " ".join(question)}
    if user:
        body["as"] = user
    reply = hub.post("ask", body=body)
    if as_json:
        show_json(reply)
    else:
        click.echo(reply["reply"])
