"""Search in everything that was said."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import entry_what, one_line
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Table

SHOWN_RESULTS = 8
MAX_QUERY = 200


async def propose(talk: Talk, slots: Slots) -> Answer:
    """The newest entries that hold all the words."""
    query = slots.get("query", "")[:MAX_QUERY].strip()
    if not query:
        return Answer(blocks=(talk.text("search.what"),), pending=Pending(stage="text", intent="search"))
    page = await talk.verbs.timeline.search(talk.actor, query, limit=SHOWN_RESULTS)
    quoted = talk.quote(one_line(query))
    if not page.items:
        return Answer(blocks=(talk.text("search.empty", query=quoted),), slots={"query": query}, choices=())
    rows = tuple(
        (
            str(number),
            talk.moment(entry.interaction.at),
            one_line(entry.contact_name, 40),
            entry_what(talk, entry.interaction),
        )
        for number, entry in enumerate(page.items, 1)
    )
    return Answer(
        blocks=(
            talk.text("search.title", query=quoted),
            Table(headings=talk.headings("search.headings"), rows=rows),
            talk.text("search.more" if page.next else "timeline.pick"),
        ),
        slots={"query": query},
        choices=tuple(
            Choice(kind="entry", id=entry.interaction.id, label=entry_what(talk, entry.interaction))
            for entry in page.items
        ),
    )


SEARCH = Command(intent="search", propose=propose, right=Right.READ_CONTACTS, free_text="query", stands_alone=True)
