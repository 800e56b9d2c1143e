"""The verbs as a colleague gets them who does not see all rows: each is checked before, or filtered after, by the one
table below. A verb that the table does not name is refused to them; a test compares the table with the ports.

Whoever sees everything passes straight through.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from hub.domain.appointment import Occurrence
from hub.domain.errors import Ambiguous, Conflict, NotFound, Refused
from hub.domain.finding import Hit
from hub.domain.people import Actor
from hub.domain.reminder import Briefing
from hub.domain.views import ContactMatch
from hub.ports.store import Page
from hub.services.rows import MOST_PAGES, Rows, sees_everything
from hub.services.verbs import HubVerbs

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


async def _contact(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_contact(actor, given.get("contact_id"))


async def _conversation(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_conversation(actor, given.get("conversation_id"))


async def _contact_and_conversation(rows: Rows, actor: Actor, given: Arguments) -> None:
    await _contact(rows, actor, given)
    await _conversation(rows, actor, given)


async def _entry(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_entry(actor, given["interaction_id"])


async def _item(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_item(actor, given["item_id"])


async def _appointment(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_appointment(actor, given["appointment_id"])


async def _pair(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_contact(actor, given["survivor_id"])
    await rows.check_contact(actor, given["member_id"])


async def _draft(rows: Rows, actor: Actor, given: Arguments) -> None:
    await rows.check_contact(actor, given["draft"].contact_id)


async def _ledger_entry(rows: Rows, actor: Actor, given: Arguments) -> None:
    contact_id = str(given["entry_id"]).partition("/")[0]
    if contact_id not in await rows.visible(actor, [contact_id]):
        raise NotFound("There is no such booking.", id=str(given["entry_id"])[:60])


# Contacts


async def _matches(rows: Rows, actor: Actor, found: Sequence[ContactMatch]) -> list[ContactMatch]:
    return [match for match in found if rows.shows(actor, match.contact)]


async def _resolve(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Any:
    text = str(given["text"])
    nothing = f'No contact is called "{text[:60]}".'
    try:
        contact = await call(actor, **given)
    except Ambiguous as error:
        choices = await _matches(rows, actor, cast(Sequence[ContactMatch], error.fields["choices"]))
        if len(choices) == 1:
            return choices[0].contact
        if not choices:
            raise NotFound(nothing, nearest=[]) from error
        raise Ambiguous(f'"{text[:60]}" fits {len(choices)} contacts; say which.', choices=choices) from error
    except NotFound as error:
        nearest = cast(Sequence[ContactMatch], error.fields.get("nearest", ()))
        raise NotFound(nothing, nearest=await _matches(rows, actor, nearest)) from error
    if not rows.shows(actor, contact):
        raise NotFound(nothing, nearest=[])
    return contact


async def _entering(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Any:
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


def _paged(contact_of: Callable[[Any], Any]) -> Rule:
    async def go(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Page[Any]:
        async def more(after: str) -> Page[Any]:
            found: Page[Any] = await call(actor, **{**given, "after": after})
            return found

        return await rows.keep_page(actor, await call(actor, **given), contact_of, more)

    return Rule(instead=go)


# Search


async def _hits(rows: Rows, actor: Actor, call: Call, given: Arguments) -> Page[Any]:
    """Read on until the page is as full as if nothing were hidden; a next page is promised only where it would show
    something."""
    await _contact(rows, actor, given)

    async def read(after: str | None, limit: int) -> tuple[list[Hit], str | None]:
        page = await call(actor, **{**given, "after": after, "limit": limit})
        seen = await rows.visible(actor, [hit.contact_id for hit in page.items])
        # What is about nobody is for everybody whose right it was found by.
        return [hit for hit in page.items if hit.contact_id is None or hit.contact_id in seen], page.next

    kept, after = await read(given["after"], given["limit"])
    people = sum(hit.kind == "contact" for hit in kept)
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


def _listed(contact_of: Callable[[Any], Any]) -> Rule:
    async def go(rows: Rows, actor: Actor, call: Call, given: Arguments) -> list[Any]:
        wide = {**given, "limit": PLENTY} if "limit" in given else given
        kept = await rows.keep(actor, await call(actor, **wide), contact_of)
        return kept[: given["limit"]] if "limit" in given else kept

    return Rule(before=_contact, instead=go)


def _numbered(what: str) -> Rule:
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


async def _occurrences(rows: Rows, actor: Actor, found: Sequence[Occurrence]) -> list[Occurrence]:
    """That somebody is busy then is seen by all; with whom and why is not."""
    seen = await rows.visible(actor, [one.appointment.contact_id for one in found])
    return [one if one.appointment.contact_id in (None, *seen) else _busy(one) for one in found]


def _busy(one: Occurrence) -> Occurrence:
    bare = replace(
        one.appointment, contact_id=None, title="", location="", notes="", attendees=(), organiser=None, key=""
    )
    return replace(one, appointment=bare, contact_name="")


async def _next(rows: Rows, actor: Actor, found: Occurrence | None) -> Occurrence | None:
    return (await _occurrences(rows, actor, [found]))[0] if found else None


async def _briefing(rows: Rows, actor: Actor, found: Briefing) -> Briefing:
    """Without the names of who waits: they are no contacts any more, only words."""
    return replace(
        found,
        appointments=tuple(await _occurrences(rows, actor, found.appointments)),
        overdue=tuple(await rows.keep(actor, found.overdue, lambda one: one.contact_id)),
        longest_waiting=(),
    )


RULES: Mapping[str, Mapping[str, Rule]] = {
    "contacts": {
        "find": Rule(after=_matches),
        "resolve": Rule(instead=_resolve),
        "page": _paged(lambda one: one.id),
        "card": Rule(before=_contact),
        "create": Rule(instead=_entering),
        "edit": Rule(instead=_entering),
    },
    "timeline": {
        "page": Rule(before=_contact),
        "search": _paged(lambda one: one.interaction.contact_id),
        "entry": Rule(before=_entry),
        "raw": Rule(before=_entry),
        "attachment": Rule(before=_entry),
        "html": Rule(before=_entry),
        "note": Rule(before=_contact_and_conversation),
        "log_call": Rule(before=_contact),
    },
    "conversations": {
        "inbox": _paged(lambda one: one.conversation.contact_id),
        "recent": _paged(lambda one: one.conversation.contact_id),
        "get": Rule(before=_conversation),
        "entries": Rule(before=_conversation),
        "answerable": Rule(before=_contact),
        "draft": Rule(before=_conversation),
        "reply": Rule(before=_conversation),
        "assign": Rule(before=_conversation),
        "close": Rule(before=_conversation),
        "reopen": Rule(before=_conversation),
        "delete": Rule(before=_conversation),
    },
    "outbox": {
        "page": _paged(lambda one: one.contact_id),
        "get": Rule(before=_item),
        "retry": Rule(before=_item),
        "cancel": Rule(before=_item),
        "settle": Rule(before=_item),
    },
    "accounts": {
        "summary": Rule(before=_contact),
        "entries": Rule(before=_contact),
        "overdue": _listed(lambda one: one.contact_id),
        "ageing": _listed(lambda one: one.contact_id),
        "invoice": _numbered("invoice"),
        "orders": Rule(before=_contact),
        "order": _numbered("order"),
        "post": Rule(before=_draft),
        "reverse": Rule(before=_ledger_entry),
        "statement": Rule(before=_contact),
        "draft_reminders": _listed(lambda one: one.contact_id),
        "send_reminder": Rule(before=_contact),
        "stop_reminders": Rule(before=_contact),
    },
    "calendar": {
        "calendars": FREE,
        "save_calendar": FREE,
        "agenda": Rule(before=_contact, after=_occurrences),
        "next": Rule(before=_contact, after=_next),
        "get": Rule(before=_appointment),
        "free": FREE,
        "book": Rule(before=_draft),
        "move": Rule(before=_appointment),
        "cancel": Rule(before=_appointment),
        "ics": Rule(before=_appointment),
        "invite": Rule(before=_appointment),
        "answer": Rule(before=_appointment),
        "close_feed": FREE,
    },
    "reminders": {
        "remind": Rule(before=_contact),
        "mine": FREE,
        "drop": FREE,
        "alerts": FREE,
        "set_alert": FREE,
        "briefing": Rule(after=_briefing),
    },
    "desk": {
        "queues": FREE,
        "save_queue": FREE,
        "snooze": Rule(before=_conversation),
        "canned": FREE,
        "save_canned": FREE,
        "delete_canned": FREE,
        "fill_canned": Rule(before=_conversation),
        "ask_colleague": Rule(before=_contact),
        "look": Rule(before=_conversation),
    },
    "register": {
        "duplicates": Rule(before=_contact),
        "merge": Rule(before=_pair),
        "unmerge": Rule(before=_pair),
        "tag": Rule(before=_contact),
        "invite": Rule(before=_contact),
        "export": FREE,
    },
    "search": {"find": Rule(instead=_hits)},
    "faxes": {"draft": Rule(before=_contact), "send": Rule(before=_contact)},
    "channels": {"all": FREE, "probe": FREE, "kinds": FREE, "configure": FREE, "remove": FREE, "links": FREE},
}
OPEN = frozenset({"users"})
"""Groups that tell of no contact at all."""
WITHHELD = {
    "accounts": ("import_csv",),
    "register": ("import_csv", "import_vcard"),
    "calendar": ("open_feed",),
    "desk": ("waiting",),
    "quarantine": ("page", "raw", "replay"),
    "audit": ("page",),
    "search": ("rebuild",),
    "status": ("read",),
    "reports": ("read", "entries", "picture", "tell", "export", "rebuild"),
}
"""What only whoever sees everything may do: it tells of all contacts at once, or of their number."""


class Scoped:
    """One group of verbs behind its rules."""

    def __init__(self, inner: object, rules: Mapping[str, Rule], rows: Rows) -> None:
        self._inner, self._rules, self._rows = inner, rules, rows

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name.startswith("_") or not inspect.iscoroutinefunction(method):
            return method
        signature = inspect.signature(method)
        if next(iter(signature.parameters), "") != "actor":
            return method

        async def go(actor: Actor, *args: Any, **kwargs: Any) -> Any:
            if sees_everything(actor):
                return await method(actor, *args, **kwargs)
            bound = signature.bind(actor, *args, **kwargs)
            bound.apply_defaults()
            given = {key: value for key, value in bound.arguments.items() if key != "actor"}
            return await self._apply(self._rules.get(name), actor, method, given)

        return go

    async def _apply(self, rule: Rule | None, actor: Actor, method: Call, given: Arguments) -> Any:
        if rule is None:
            raise Refused("This tells of all contacts at once; your rows are limited, an admin can widen them.")
        if not actor.rights:
            # Whoever has no rights is refused by the verb itself, before anything is looked up.
            return await method(actor, **given)
        if rule.before is not None:
            await rule.before(self._rows, actor, given)
        if rule.instead is not None:
            return await rule.instead(self._rows, actor, method, given)
        result = await method(actor, **given)
        return result if rule.after is None else await rule.after(self._rows, actor, result)


def scope_rows(verbs: HubVerbs, rows: Rows) -> HubVerbs:
    """The same verbs behind the rules."""
    groups = {
        name: getattr(verbs, name) if name in OPEN else Scoped(getattr(verbs, name), RULES.get(name, {}), rows)
        for name in HubVerbs.__dataclass_fields__
    }
    return HubVerbs(**cast(Any, groups))
