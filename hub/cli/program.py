"""The command group. Commands are loaded when they are called, so that a client command starts quickly and imports
neither the composition root nor storage."""

import importlib
import os
from pathlib import Path

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("hub.cli.run", "Run the hub."),
    "init": ("hub.cli.commands.init", "Write a configuration file to start from."),
    "doctor": ("hub.cli.commands.doctor", "Check the machine, the configuration and the running hub."),
    "status": ("hub.cli.commands.status", "How the hub is: channels, queues, what waits."),
    "contact": ("hub.cli.commands.contact", "Who somebody is."),
    "timeline": ("hub.cli.commands.contact", "Everything exchanged with a contact, newest first."),
    "search": ("hub.cli.commands.search", "Find people, messages, appointments and bookings."),
    "send": ("hub.cli.commands.contact", "Answer a contact."),
    "ask": ("hub.cli.commands.ask", "Talk to the staff bot."),
    "report": ("hub.cli.commands.report", "Trends and forecasts; files of them; count everything anew."),
    "inspect": ("hub.cli.commands.inspect", "How a message would be understood; needs no hub."),
    "outbox": ("hub.cli.commands.outbox", "What is to be sent: list, retry, cancel, settle."),
    "quarantine": ("hub.cli.commands.quarantine", "What could not be read: list, show, replay."),
    "channel": ("hub.cli.commands.channel", "Channels: list, kinds, add, test, remove."),
    "user": ("hub.cli.commands.user", "Colleagues: add, list, link."),
    "appointment": ("hub.cli.commands.appointment", "Appointments: list; who did not come."),
    "occasion": ("hub.cli.commands.occasion", "Company events: list, add, guests, invite, follow up, check in."),
    "campaign": ("hub.cli.commands.campaign", "Messages to many: list, show, add, rename, pause, resume."),
    "document": ("hub.cli.commands.document", "Documents: list, add, get, share."),
    "import": ("hub.cli.commands.imports", "Take files in: bookings."),
    "seed": ("hub.cli.seed", "Fill in a demo company."),
    "migrate-store": ("hub.cli.migrate", "Copy the SQLite store to MongoDB, verified."),
}


class LazyGroup(click.Group):
    """Loads the module of a command when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, "import_" if cmd_name == "import" else cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Data directory of the hub (default: $FERNAMT_DATA, else ./data).",
)
@click.version_option(package_name="fernamt", prog_name="fernamt")
@click.pass_context
def program(ctx: click.Context, data: Path | None) -> None:
    """Fernamt: mail, XMPP and more in one timeline for each contact."""
    ctx.obj = data or Path(os.environ.get("FERNAMT_DATA", "data"))
