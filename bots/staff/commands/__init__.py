"""The commands, a module for each area. Adding one is a module, a line here, and its phrases and
sentences in the packs."""

from bots.staff.command import Command
from bots.staff.commands.absences import MISSED_APPOINTMENT
from bots.staff.commands.accounts import AGEING, BALANCE, INVOICE, OPEN_ITEMS, ORDER, ORDERS, OVERDUE
from bots.staff.commands.agenda import AGENDA, FREE, NEXT_APPOINTMENT
from bots.staff.commands.appointments import BOOK_APPOINTMENT, CANCEL_APPOINTMENT, MOVE_APPOINTMENT
from bots.staff.commands.assign import ASSIGN
from bots.staff.commands.calls import LOG_CALL
from bots.staff.commands.close import CLOSE
from bots.staff.commands.create import CREATE
from bots.staff.commands.desk import ASK_COLLEAGUE, REPLY_TEMPLATE, SNOOZE
from bots.staff.commands.documents import FILE_DOCUMENT, FIND_DOCUMENT, SEND_DOCUMENT
from bots.staff.commands.fax import FAX
from bots.staff.commands.files import SEND_FILE
from bots.staff.commands.greeting import GREETING, THANKS
from bots.staff.commands.help import HELP
from bots.staff.commands.inbox import INBOX
from bots.staff.commands.note import NOTE
from bots.staff.commands.occasions import CHECK_IN, INVITE_TO_OCCASION, OCCASION_GUESTS, OCCASIONS
from bots.staff.commands.overview import SEND_OVERVIEW
from bots.staff.commands.payments import BOOK_PAYMENT, REMIND_PAYMENT
from bots.staff.commands.register import DUPLICATES, INVITE, MERGE, TAG, UNMERGE
from bots.staff.commands.registrations import CANCEL_REGISTRATION, REGISTER_FOR_OCCASION
from bots.staff.commands.reminders import ALERT_OFF, ALERT_ON, BRIEFING, DROP_REMINDER, REMIND_ME, REMINDERS
from bots.staff.commands.reopen import REOPEN
from bots.staff.commands.reply import REPLY
from bots.staff.commands.reports import REPORT
from bots.staff.commands.search import SEARCH
from bots.staff.commands.status import STATUS
from bots.staff.commands.timeline import TIMELINE
from bots.staff.commands.undo import UNDO
from bots.staff.commands.who import WHO

COMMANDS: dict[str, Command] = {
    command.intent: command
    for command in (
        TAG,
        DUPLICATES,
        MERGE,
        UNMERGE,
        INVITE,
        WHO,
        TIMELINE,
        SEARCH,
        INBOX,
        REPLY,
        SEND_FILE,
        FIND_DOCUMENT,
        SEND_DOCUMENT,
        SEND_OVERVIEW,
        FILE_DOCUMENT,
        FAX,
        NOTE,
        LOG_CALL,
        ASSIGN,
        CLOSE,
        REOPEN,
        CREATE,
        BALANCE,
        OPEN_ITEMS,
        OVERDUE,
        AGEING,
        INVOICE,
        ORDERS,
        ORDER,
        BOOK_PAYMENT,
        REMIND_PAYMENT,
        AGENDA,
        NEXT_APPOINTMENT,
        FREE,
        BOOK_APPOINTMENT,
        MOVE_APPOINTMENT,
        CANCEL_APPOINTMENT,
        MISSED_APPOINTMENT,
        REMIND_ME,
        REMINDERS,
        DROP_REMINDER,
        BRIEFING,
        ALERT_ON,
        ALERT_OFF,
        SNOOZE,
        REPLY_TEMPLATE,
        ASK_COLLEAGUE,
        REPORT,
        OCCASIONS,
        OCCASION_GUESTS,
        INVITE_TO_OCCASION,
        REGISTER_FOR_OCCASION,
        CANCEL_REGISTRATION,
        CHECK_IN,
        STATUS,
        UNDO,
        HELP,
        GREETING,
        THANKS,
    )
}
