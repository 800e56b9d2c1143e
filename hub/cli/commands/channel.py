"""`channel`: list, kinds, add, test, remove."""

import sys
from typing import Any

import click

from hub.cli.client import EXIT_CONFIGURATION, EXIT_FAILURE, Answer, Hub, client_command, show_json, show_table


@click.group()
def channel() -> None:
    """Channels; they are kept in the hub's TOML file, which `add` and `remove` edit."""


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
@client_command
def kinds(hub: Hub, as_json: bool) -> None:
    """What can be configured, and what each kind needs."""
    items = hub.get("channel-kinds")["items"]
    if as_json:
        show_json(items)
        return
    for item in items:
        click.echo(f"{click.style(item['name'], bold=True)}  {item['summary']}")
        for field in item["settings"]:
            if field["required"] and not field["table"]:
                click.echo(f"    {field['name']}  {field['description']}")
    click.echo("Add one with: fernamt channel add KIND")


@channel.command()
@click.argument("kind")
@click.option("--name", help="The channel's name (default: the kind).")
@click.option("--set", "given", multiple=True, metavar="SETTING=VALUE", help="A setting; may be given several times.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what was given.")
@client_command
def add(hub: Hub, as_json: bool, kind: str, name: str | None, given: tuple[str, ...], yes: bool) -> None:
    """Configure a channel of KIND: asks for what it needs, writes it into the configuration and tests it."""
    known = {item["name"]: item for item in hub.get("channel-kinds")["items"]}
    if kind not in known:
        click.echo(f"fernamt: there is no kind {kind!r}; there are: {', '.join(known)}", err=True)
        sys.exit(EXIT_CONFIGURATION)
    settings = _read_given(given)
    if not yes and not as_json:
        settings = _ask(known[kind]["settings"], settings)
    try:
        answer = hub.put("channels", name or kind, body={"kind": kind, "settings": settings})
    except Answer as error:
        if error.body.get("code") != "configuration-invalid":
            raise
        click.echo("fernamt: nothing was changed:", err=True)
        for setting, sentence in (error.body.get("fields") or {}).items():
            click.echo(f"  {setting}: {sentence}", err=True)
        sys.exit(EXIT_CONFIGURATION)
    _show_steps(answer["steps"], as_json)


def _read_given(given: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for pair in given:
        key, sign, value = pair.partition("=")
        if not sign:
            raise click.BadParameter(f"{pair!r} is not SETTING=VALUE", param_hint="--set")
        settings[key.strip()] = value
    return settings


def _ask(fields: list[dict[str, Any]], settings: dict[str, str]) -> dict[str, str]:
    """Ask for what is needed and was not given; a part (imap, submission) is offered as a whole."""
    answers = dict(settings)
    wanted: dict[str, bool] = {"": True}
    for field in fields:
        if field["name"] in answers:
            continue
        table = field["table"]
        if table not in wanted:
            part = any(key.startswith(f"{table}.") for key in answers)
            wanted[table] = part or click.confirm(f"Set up {table}?", default=False)
        if wanted[table] and field["essential"]:
            answers[field["name"]] = _ask_one(field)
    return answers


def _ask_one(field: dict[str, Any]) -> str:
    click.echo(click.style(field["description"], dim=True))
    choices = click.Choice(field["choices"]) if field["choices"] else None
    return str(
        click.prompt(
            field["name"],
            default=field["default"] or (None if field["required"] else ""),
            type=choices,
            hide_input=field["form"] == "secret",
            show_default=bool(field["default"]),
        )
    )


@channel.command()
@click.argument("name")
@click.confirmation_option(prompt="Take the channel out of the configuration? What it brought stays.")
@client_command
def remove(hub: Hub, as_json: bool, name: str) -> None:
    """Take channel NAME out of the configuration; its timeline entries stay."""
    hub.delete("channels", name)
    click.echo('{"removed": true}' if as_json else f"Removed {name}.")


@channel.command()
@click.argument("name")
@client_command
def test(hub: Hub, as_json: bool, name: str) -> None:
    """What is wrong with channel NAME, and how to fix it."""
    answer = hub.post("channels", name, "probe")
    _show_steps(answer["steps"] if isinstance(answer, dict) else answer, as_json)


def _show_steps(steps: list[dict[str, Any]], as_json: bool) -> None:
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
