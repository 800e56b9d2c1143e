"""What the bot can do, by role, with examples."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import one_line
from bots.staff.talk import Talk
from hub.domain.people import Right
from hub.ports.bot import Table

TOPICS: dict[str, Right | None] = {
    "who": Right.READ_CONTACTS,
    "timeline": Right.READ_CONTACTS,
    "search": Right.READ_CONTACTS,
    "inbox": Right.READ_CONTACTS,
    "reply": Right.WRITE_MESSAGES,
    "send_file": Right.WRITE_MESSAGES,
    "find_document": Right.READ_CONTACTS,
    "send_document": Right.WRITE_MESSAGES,
    "send_overview": Right.WRITE_MESSAGES,
    "file_document": Right.EDIT_CONTACTS,
    "fax": Right.WRITE_MESSAGES,
    "note": Right.WRITE_NOTES,
    "log_call": Right.WRITE_NOTES,
    "assign": Right.OWN_CONVERSATIONS,
    "close": Right.OWN_CONVERSATIONS,
    "reopen": Right.OWN_CONVERSATIONS,
    "create": Right.EDIT_CONTACTS,
    "balance": Right.READ_ACCOUNTS,
    "open_items": Right.READ_ACCOUNTS,
    "overdue": Right.READ_ACCOUNTS,
    "ageing": Right.READ_ACCOUNTS,
    "invoice": Right.READ_ACCOUNTS,
    "orders": Right.READ_ACCOUNTS,
    "order": Right.READ_ACCOUNTS,
    "book_payment": Right.BOOK,
    "remind_payment": Right.BOOK,
    "agenda": Right.READ_CALENDARS,
    "next_appointment": Right.READ_CALENDARS,
    "free": Right.READ_CALENDARS,
    "book_appointment": Right.BOOK_APPOINTMENTS,
    "move_appointment": Right.BOOK_APPOINTMENTS,
    "cancel_appointment": Right.BOOK_APPOINTMENTS,
    "missed_appointment": Right.BOOK_APPOINTMENTS,
    "remind_me": None,
    "reminders": None,
    "drop_reminder": None,
    "briefing": None,
    "alert_on": None,
    "alert_off": None,
    "snooze": Right.OWN_CONVERSATIONS,
    "reply_template": Right.WRITE_MESSAGES,
    "ask_colleague": Right.WRITE_NOTES,
    "tag": Right.EDIT_CONTACTS,
    "duplicates": Right.READ_CONTACTS,
    "merge": Right.MERGE_CONTACTS,
    "unmerge": Right.MERGE_CONTACTS,
    "report": Right.READ_STATUS,
    "occasions": Right.READ_CALENDARS,
    "occasion_guests": Right.READ_CALENDARS,
    "invite_to_occasion": Right.WRITE_MESSAGES,
    "register_for_occasion": Right.BOOK_APPOINTMENTS,
    "cancel_registration": Right.BOOK_APPOINTMENTS,
    "check_in": Right.BOOK_APPOINTMENTS,
    "invite": Right.EDIT_CONTACTS,
    "status": Right.READ_STATUS,
    "undo": None,
}
"""In the order in which help tells them; a test compares them with the commands."""


def allowed_topics(talk: Talk) -> list[str]:
    """Those that this colleague may use."""
    rights = talk.actor.rights
    return [topic for topic, right in TOPICS.items() if right is None or right in rights]


async def propose(talk: Talk, slots: Slots) -> Answer:
    """All of it, or one topic."""
    wanted = slots.get("topic", "")
    topic = _topic(talk, wanted)
    if topic:
        return Answer(blocks=(talk.text(f"topic.{topic}"),), slots={"topic": topic})
    rows = tuple((talk.say(f"intent.{name}"), talk.say(f"example.{name}")) for name in allowed_topics(talk))
    title = talk.text("help.unknown_topic", topic=talk.quote(one_line(wanted))) if wanted else talk.text("help.title")
    blocks = (title, Table(headings=talk.headings("help.headings"), rows=rows), talk.text("help.more"))
    return Answer(blocks=blocks)


def _topic(talk: Talk, wanted: str) -> str:
    if wanted in TOPICS or wanted == "help":
        return wanted
    for pack in (talk.pack, *talk.packs.values()):
        if wanted in pack.topics:
            return pack.topics[wanted]
    return ""


HELP = Command(intent="help", propose=propose, stands_alone=True, aside=True)
