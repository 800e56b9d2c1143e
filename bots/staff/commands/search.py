"""Search in everything: people, what was said, appointments, orders, invoices."""

from bots.staff.command import Answer, Command, Slots
from bots.staff.describing import channel_name, one_line
from bots.staff.memory import Pending
from bots.staff.talk import Talk
from bots.staff.telling import tell_money
from hub.domain.finding import Hit
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.ports.bot import Table, Text

SHOWN_RESULTS = 8
MAX_QUERY = 200
MONEY = frozenset({"order", "invoice", "payment"})


async def propose(talk: Talk, slots: Slots) -> Answer:
    """People first, then the newest that holds all the words. A number opens what it stands before."""
    query = slots.get("query", "")[:MAX_QUERY].strip()
    if not query:
        return Answer(blocks=(talk.text("search.what"),), pending=Pending(stage="text", intent="search"))
    page = await talk.verbs.search.find(talk.actor, query, limit=SHOWN_RESULTS)
    quoted = talk.quote(one_line(query))
    if not page.items:
        return await _nothing(talk, query)
    hits = page.items[:SHOWN_RESULTS]
    more = page.next is not None or len(page.items) > len(hits)
    rows = tuple(
        (
            str(number),
            talk.moment(hit.at) if hit.kind != "contact" else "",
            one_line(hit.contact_name, 40),
            _what(talk, hit),
        )
        for number, hit in enumerate(hits, 1)
    )
    return Answer(
        blocks=(
            talk.text("search.title", query=quoted),
            Table(headings=talk.headings("search.headings"), rows=rows),
            talk.text("search.more" if more else "timeline.pick"),
            *await _rebuilding(talk),
        ),
        slots={"query": query},
        choices=tuple(_choice(talk, hit) for hit in hits),
    )


async def _nothing(talk: Talk, query: str) -> Answer:
    """What may have been meant: "yes" or "1" looks for that."""
    blocks = (talk.text("search.empty", query=talk.quote(one_line(query))), *await _rebuilding(talk))
    meant = await talk.verbs.search.meant(talk.actor, query)
    if not meant:
        return Answer(blocks=blocks, slots={"query": query}, choices=())
    return Answer(
        blocks=(*blocks, talk.text("search.meant", query=talk.quote(one_line(meant)))),
        slots={"query": query},
        choices=(Choice(kind="query", id=meant, label=one_line(meant)),),
        pending=Pending(stage="choose", intent="search"),
    )


async def _rebuilding(talk: Talk) -> tuple[Text, ...]:
    state = await talk.verbs.search.state(talk.actor)
    return () if state.rebuilding is None else (talk.text("search.rebuilding", percent=talk.number(state.rebuilding)),)


def _what(talk: Talk, hit: Hit) -> str:
    """ "Mail „Angebot für 12 Stühle“", "Rechnung R-1, 500.00 EUR"."""
    if hit.channel:
        kind = channel_name(talk, hit.channel)
    else:
        kind = talk.say(f"hit.{hit.kind}") if talk.knows(f"hit.{hit.kind}") else ""
    if hit.kind == "contact":
        return f"{kind} {one_line(hit.snippet)}".strip()
    if hit.kind in MONEY:
        amount = tell_money(talk, hit.amount.amount, hit.amount.currency) if hit.amount else ""
        named = f"{kind} {one_line(hit.title)}".strip()
        return ", ".join(part for part in (named, amount, one_line(hit.snippet)) if part)
    shown = one_line(hit.title) or one_line(hit.snippet)
    return talk.say("entry.what", kind=kind, topic=talk.quote(shown) if shown else "").strip()


def _choice(talk: Talk, hit: Hit) -> Choice:
    """What a number does: a person's card, an entry whole, an appointment at hand, an account."""
    label = f"{one_line(hit.contact_name, 40)}: {_what(talk, hit)}" if hit.contact_name else _what(talk, hit)
    if hit.kind == "contact":
        return Choice(kind="contact", id=hit.id, label=one_line(hit.title))
    if hit.id.startswith("i_"):
        return Choice(kind="entry", id=hit.id, label=_what(talk, hit))
    if hit.kind in MONEY and hit.contact_id:
        return Choice(kind="open_item", id=f"{hit.contact_id}|{hit.title}", label=label)
    if hit.kind == "appointment":
        return Choice(kind="appointment", id=hit.id, label=f"{talk.moment(hit.at)}, {label}")
    return Choice(kind="found", id=hit.id, label=label)


SEARCH = Command(intent="search", propose=propose, right=Right.READ_CONTACTS, free_text="query", stands_alone=True)
