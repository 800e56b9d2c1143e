"""The commands, one a module. Adding one is a module, a line here, and its phrases and sentences in the packs."""

from bots.staff.command import Command
from bots.staff.commands.assign import ASSIGN
from bots.staff.commands.close import CLOSE
from bots.staff.commands.create import CREATE
from bots.staff.commands.greeting import GREETING, THANKS
from bots.staff.commands.help import HELP
from bots.staff.commands.inbox import INBOX
from bots.staff.commands.note import NOTE
from bots.staff.commands.reopen import REOPEN
from bots.staff.commands.reply import REPLY
from bots.staff.commands.search import SEARCH
from bots.staff.commands.status import STATUS
from bots.staff.commands.timeline import TIMELINE
from bots.staff.commands.undo import UNDO
from bots.staff.commands.who import WHO

COMMANDS: dict[str, Command] = {
    command.intent: command
    for command in (
        WHO,
        TIMELINE,
        SEARCH,
        INBOX,
        REPLY,
        NOTE,
        ASSIGN,
        CLOSE,
        REOPEN,
        CREATE,
        STATUS,
        UNDO,
        HELP,
        GREETING,
        THANKS,
    )
}
