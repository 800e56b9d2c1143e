"""Trends and forecasts by chat: the sentences, and the picture."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.talk import Talk
from hub.domain.people import Right
from hub.domain.report import ReportQuery
from hub.ports.bot import Text


async def show(talk: Talk, slots: Slots) -> Answer:
    """The report that the phrase names; revenue where it names none."""
    query = ReportQuery(name=slots.get("report", "revenue"), span=slots.get("span", ""), language=talk.pack.code)
    told = await talk.verbs.reports.tell(talk.actor, query)
    return Answer(blocks=(Text(text=told.text),), slots=dict(slots), choices=(), files=told.pictures)


REPORT = Command(intent="report", propose=show, right=Right.READ_STATUS, stands_alone=True, aside=True)
