"""What waits for an answer."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import channel_name, conversation_choice, one_line, topic_of
from bots.staff.talk import Talk
from hub.domain.conversation import OwnerKind
from hub.domain.people import Right
from hub.domain.views import ConversationLine
from hub.ports.bot import Table

SHOWN_CONVERSATIONS = 10
BOXES = ("all", "mine", "queue")


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The list, longest waiting first."""
    box = slots.get("box", "all")
    box = box if box in BOXES else "all"
    page = await talk.verbs.conversations.inbox(talk.actor, box, limit=SHOWN_CONVERSATIONS)
    if not page.items:
        return Answer(blocks=(talk.text(f"inbox.empty_{box}"),), slots={"box": box}, choices=())
    rows = tuple(_row(talk, number, line) for number, line in enumerate(page.items, 1))
    return Answer(
        blocks=(
            talk.text(f"inbox.title_{box}"),
            Table(headings=talk.headings("inbox.headings"), rows=rows),
            talk.text("inbox.more" if page.next else "inbox.pick"),
        ),
        slots={"box": box},
        choices=tuple(conversation_choice(talk, line.conversation) for line in page.items),
    )


def _row(talk: Talk, number: int, line: ConversationLine) -> tuple[str, ...]:
    conversation = line.conversation
    channel = channel_name(talk, conversation.channel)
    topic = topic_of(talk, conversation.subject, conversation.last_text)
    owners = {OwnerKind.QUEUE: talk.say("inbox.queue"), OwnerKind.BOT: talk.say("inbox.bot")}
    return (
        str(number),
        one_line(line.contact_name, 40),
        talk.say("entry.what", kind=channel, topic=topic).strip(),
        talk.moment(conversation.waiting_since or conversation.last_at),
        line.owner_name or owners.get(conversation.owner_kind, conversation.owner),
    )


INBOX = Command(intent="inbox", propose=propose, right=Right.READ_CONTACTS, stands_alone=True)
