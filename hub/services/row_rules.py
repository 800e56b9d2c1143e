"""The rules by which rows are kept: for each kind of verb, what is checked before it and what is left away after it.
The table that names the rule of every verb is in hub/services/scoped.py."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from hub.domain.appointment import Occurrence
from hub.domain.document import Document
from hub.domain.errors import Ambiguous, Conflict, NotFound
from hub.domain.finding import Hit
from hub.domain.people import Actor
from hub.domain.reminder import Briefing
from hub.domain.views import ContactMatch
from hub.ports.store import Page
from hub.services.rows import MOST_PAGES, Rows

Arguments = Mapping[str, Any]
Call = Callable[..., Awaitable[Any]]
Before = Callable[[Rows, Actor, Arguments], Awaitable[None]]
After = Callable[[Rows, Actor, Any], Awaitable[Any]]
Instead = Callable[[Rows, Actor, Call, Arguments], Awaitable[Any]]
PLENTY = 2_000
"""Of lists that are cut only after filtering."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done for a colleague who does not see everything."""

    before: Before | None = None
    after: After | None = None
    instead: Instead | None = None


FREE = Rule()
"""Tells of no contact."""


# Before


async def of_contact(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_contact(actor, given.get("contact_id"))


async def of_conversation(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_conversation(actor, given.get("conversation_id"))


async def of_contact_and_conversation(rows: Rows, actor: Actor, given: Arguments) -> None:
    await of_contact(rows, actor, given)
    await of_conversation(rows, actor, given)


async def of_entry(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_entry(actor, given["interaction_id"])


async def of_item(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_item(actor, given["item_id"])


async def of_appointment(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_appointment(actor, given["appointment_id"])


async def of_document(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_document(actor, given["document_id"])
    await of_contact(rows, actor, given)


async def of_link(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_share(actor, given["share_id"])


async def of_overview(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_overview(actor, given["overview_id"])


async def of_request(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_request(actor, given["request_id"])


async def of_letter(rows: Rows, actor: Actor, given: Arguments) -> None:
    await of_contact(rows, actor, given)
    await rows.check_appointment(actor, given["appointment_id"])


async def keep_documents(rows: Rows, actor: Actor, found: Sequence[Document]) -> list[Document]:
    return await rows.keep_open(actor, found, lambda one: one.contact_id)


async def of_pair(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_contact(actor, given["survivor_id"])
    await rows.check_contact(actor, given["member_id"])


async def of_draft(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_contact(actor, given["draft"].contact_id)


async def of_ledger_entry(rows: Rows, actor: Actor, given: Arguments) -> None:
    contact_id = str(given["entry_id"]).partition("/")[0]
    if contact_id not in await rows.visible(actor, [contact_id]):
        raise NotFound("There is no such booking.", id=str(given["entry_id"])[:60])


# Contacts


async def keep_matches(rows: Rows, actor: Actor, found: Sequence[ContactMatch]) -> list[ContactMatch]:
    return [match for match in found if rows.shows(actor, match.contact)]


async def resolve_seen(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Any:
    text = str(given["text"])
    nothing = f'No contact is called "{text[:60]}".'
    try:
        contact = await call(actor, **given)
    except Ambiguous as error:
        choices = await keep_matches(rows, actor, cast(Sequence[ContactMatch], error.fields["choices"]))
        if len(choices) == 1:
            return choices[0].contact
        if not choices:
            raise NotFound(nothing, nearest=[]) from error
        raise Ambiguous(f'"{text[:60]}" fits {len(choices)} contacts; say which.', choices=choices) from error
    except NotFound as error:
        nearest = cast(Sequence[ContactMatch], error.fields.get("nearest", ()))
        raise NotFound(nothing, nearest=await keep_matches(rows, actor, nearest)) from error
    if not rows.shows(actor, contact):
        raise NotFound(nothing, nearest=[])
    return contact


async def enter_seen(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Any:
    """An address that a hidden contact holds cannot be taken; whose it is is not said."""
    await rows.check_contact(actor, given.get("contact_id"))
    try:
        return await call(actor, **given)
    except Conflict as error:
        holder = error.fields.get("contact")
        if holder and str(holder) not in await rows.visible(actor, [str(holder)]):
            sentence = "One of these addresses cannot be used; ask an admin."
            raise Conflict(sentence, field="addresses") from None
        raise


def paged(contact_of: Callable[[Any], Any], *, company: bool = False, before: Before | None = None) -> Rule:
    async def go(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Page[Any]:
        async def more(after: str) -> Page[Any]:
            found: Page[Any] = await call(actor, **{**given, "after": after})
            return found

        return await rows.keep_page(actor, await call(actor, **given), contact_of, more, company=company)

    return Rule(before=before, instead=go)


# Search


async def find_seen(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Page[Any]:
    """Read on until the page is as full as if nothing were hidden; a next page is promised only where it would show
    something."""
    await of_contact(rows, actor, given)

    async def read(after: str | None, limit: int) -> tuple[list[Hit], str | None]:
        page = await call(actor, **{**given, "after": after, "limit": limit})
        seen = await rows.visible(actor, [hit.contact_id for hit in page.items])
        # What is about nobody is for everybody whose right it was found by.
        return [hit for hit in page.items if hit.contact_id is None or hit.contact_id in seen], page.next

    kept, after = await read(given["after"], given["limit"])
    # They stand before a page of something else, and are the page where only contacts are asked for.
    people = 0 if set(given["kinds"]) == {"contact"} else sum(hit.kind == "contact" for hit in kept)
    for _ in range(MOST_PAGES):
        room = given["limit"] + people - len(kept)
        if after is None or room <= 0:
            break
        more, after = await read(after, room)
        kept += more
    ahead: list[Hit] = []
    further = after
    for _ in range(MOST_PAGES):
        if further is None or ahead:
            break
        ahead, further = await read(further, given["limit"])
    return Page(kept, after if ahead or further else None)


# Accounts


def listed(contact_of: Callable[[Any], Any]) -> Rule:
    async def go(rows: Rows, actor: Actor, call: Call, given: Arguments) -> list[Any]:
        wide = {**given, "limit": PLENTY} if "limit" in given else given
        kept = await rows.keep(actor, await call(actor, **wide), contact_of)
        return kept[: given["limit"]] if "limit" in given else kept

    return Rule(before=of_contact, instead=go)


def numbered(what: str) -> Rule:
    async def go(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Any:
        number = str(given["number"])
        try:
            found = await call(actor, **given)
            hidden = found.contact_id not in await rows.visible(actor, [found.contact_id])
        except Ambiguous:
            hidden = True
        if hidden:
            raise NotFound(f"There is no {what} {number[:40]}.", number=number[:40])
        return found

    return Rule(instead=go)


# Calendars


async def keep_occurrences(rows: Rows, actor: Actor, found: Sequence[Occurrence]) -> list[Occurrence]:
    """That somebody is busy then is seen by all; with whom and why is not."""
    seen = await rows.visible(actor, [one.appointment.contact_id for one in found])
    return [one if one.appointment.contact_id in (None, *seen) else _busy(one) for one in found]


def _busy(one: Occurrence) -> Occurrence:
    bare = replace(
        one.appointment, contact_id=None, title="", location="", notes="", attendees=(), organiser=None, key=""
    )
    return replace(one, appointment=bare, contact_name="")


async def keep_next(rows: Rows, actor: Actor, found: Occurrence | None) -> Occurrence | None:
    return (await keep_occurrences(rows, actor, [found]))[0] if found else None


async def keep_briefing(rows: Rows, actor: Actor, found: Briefing) -> Briefing:
    """Without the names of who waits: they are no contacts any more, only words."""
    return replace(
        found,
        appointments=tuple(await keep_occurrences(rows, actor, found.appointments)),
        overdue=tuple(await rows.keep(actor, found.overdue, lambda one: one.contact_id)),
        longest_waiting=(),
    )
