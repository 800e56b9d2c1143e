"""`channel`: list, test."""

import sys

import click

from hub.cli.client import EXIT_FAILURE, Hub, client_command, show_json, show_table


@click.group()
def channel() -> None:
    """Channels; they are configured in the TOML file."""


@channel.command("list")
@client_command
def list_channels(hub: Hub, as_json: bool) -> None:
    """Every channel with its link state."""
    page = hub.get("channels")
    items = page["items"] if isinstance(page, dict) else page
    if as_json:
        show_json(items)
        return
    rows = [(item["name"], item["kind"], item["state"], item["detail"]) for item in items]
    show_table(("Channel", "Kind", "Link", "Detail"), rows, "No channels are configured.")


@channel.command()
@click.argument("name")
@client_command
def test(hub: Hub, as_json: bool, name: str) -> None:
    """What is wrong with channel NAME, and how to mend it."""
    answer = hub.post("channels", name, "probe")
    steps = answer["steps"] if isinstance(answer, dict) else answer
    if as_json:
        show_json(steps)
    else:
        for step in steps:
            mark = click.style("ok  ", fg="green") if step["ok"] else click.style("FAIL", fg="red")
            click.echo(f"{mark} {step['title']}  {step['detail']}".rstrip())
            if step["fix"] and not step["ok"]:
                click.echo(f"     mend: {step['fix']}")
    if not all(step["ok"] for step in steps):
        sys.exit(EXIT_FAILURE)
