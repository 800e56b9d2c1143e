"""The verbs as a colleague gets them who does not see all rows: each is checked before, or filtered after, by the one
table below. A verb that the table does not name is refused to them; a test compares the table with the ports.

Whoever sees everything passes straight through.
"""

import inspect
from collections.abc import Mapping
from typing import Any, cast

from hub.domain.errors import Refused
from hub.domain.people import Actor
from hub.services.row_rules import (
    FREE,
    Arguments,
    Call,
    Rule,
    enter_seen,
    find_seen,
    keep_briefing,
    keep_documents,
    keep_matches,
    keep_next,
    keep_occurrences,
    listed,
    numbered,
    of_appointment,
    of_contact,
    of_contact_and_conversation,
    of_conversation,
    of_document,
    of_draft,
    of_entry,
    of_item,
    of_ledger_entry,
    of_letter,
    of_link,
    of_overview,
    of_pair,
    of_request,
    paged,
    resolve_seen,
)
from hub.services.rows import Rows, sees_everything
from hub.services.verbs import HubVerbs

RULES: Mapping[str, Mapping[str, Rule]] = {
    "contacts": {
        "find": Rule(after=keep_matches),
        "resolve": Rule(instead=resolve_seen),
        "page": paged(lambda one: one.id),
        "card": Rule(before=of_contact),
        "create": Rule(instead=enter_seen),
        "edit": Rule(instead=enter_seen),
    },
    "timeline": {
        "page": Rule(before=of_contact),
        "search": paged(lambda one: one.interaction.contact_id),
        "entry": Rule(before=of_entry),
        "raw": Rule(before=of_entry),
        "attachment": Rule(before=of_entry),
        "html": Rule(before=of_entry),
        "note": Rule(before=of_contact_and_conversation),
        "log_call": Rule(before=of_contact),
    },
    "conversations": {
        "inbox": paged(lambda one: one.conversation.contact_id),
        "recent": paged(lambda one: one.conversation.contact_id),
        "get": Rule(before=of_conversation),
        "entries": Rule(before=of_conversation),
        "answerable": Rule(before=of_contact),
        "draft": Rule(before=of_conversation),
        "reply": Rule(before=of_conversation),
        "assign": Rule(before=of_conversation),
        "close": Rule(before=of_conversation),
        "reopen": Rule(before=of_conversation),
        "delete": Rule(before=of_conversation),
    },
    "outbox": {
        "page": paged(lambda one: one.contact_id),
        "get": Rule(before=of_item),
        "retry": Rule(before=of_item),
        "cancel": Rule(before=of_item),
        "settle": Rule(before=of_item),
    },
    "accounts": {
        "summary": Rule(before=of_contact),
        "entries": Rule(before=of_contact),
        "overdue": listed(lambda one: one.contact_id),
        "ageing": listed(lambda one: one.contact_id),
        "invoice": numbered("invoice"),
        "orders": Rule(before=of_contact),
        "order": numbered("order"),
        "post": Rule(before=of_draft),
        "reverse": Rule(before=of_ledger_entry),
        "statement": Rule(before=of_contact),
        "draft_reminders": listed(lambda one: one.contact_id),
        "send_reminder": Rule(before=of_contact),
        "stop_reminders": Rule(before=of_contact),
    },
    "calendar": {
        "calendars": FREE,
        "save_calendar": FREE,
        "agenda": Rule(before=of_contact, after=keep_occurrences),
        "next": Rule(before=of_contact, after=keep_next),
        "get": Rule(before=of_appointment),
        "free": FREE,
        "book": Rule(before=of_draft),
        "move": Rule(before=of_appointment),
        "cancel": Rule(before=of_appointment),
        "ics": Rule(before=of_appointment),
        "invite": Rule(before=of_appointment),
        "answer": Rule(before=of_appointment),
        "mark_missed": Rule(before=of_appointment),
        "close_feed": FREE,
    },
    "reminders": {
        "remind": Rule(before=of_contact),
        "mine": FREE,
        "drop": FREE,
        "alerts": FREE,
        "set_alert": FREE,
        "ask_mail": FREE,
        "set_mail": FREE,
        "briefing": Rule(after=keep_briefing),
    },
    "desk": {
        "queues": FREE,
        "save_queue": FREE,
        "snooze": Rule(before=of_conversation),
        "canned": FREE,
        "save_canned": FREE,
        "delete_canned": FREE,
        "fill_canned": Rule(before=of_conversation),
        "ask_colleague": Rule(before=of_contact),
        "look": Rule(before=of_conversation),
    },
    "register": {
        "duplicates": Rule(before=of_contact),
        "merge": Rule(before=of_pair),
        "unmerge": Rule(before=of_pair),
        "tag": Rule(before=of_contact),
        "invite": Rule(before=of_contact),
        "export": FREE,
    },
    "occasions": {
        "page": FREE,
        "get": FREE,
        "find": FREE,
        "create": FREE,
        "change": FREE,
        "set_state": FREE,
        "ics": FREE,
        "registrations": paged(lambda one: one.registration.contact_id),
        "register": Rule(before=of_contact),
        "cancel": Rule(before=of_contact),
        "start_campaign": FREE,  # chooses among whom the actor sees
        "preview_campaign": FREE,  # the same
    },
    "documents": {
        "page": paged(lambda one: one.contact_id, company=True, before=of_contact),
        "search": paged(lambda one: one.contact_id, company=True),
        "get": Rule(before=of_document),
        "folders": FREE,
        "tags": FREE,
        "duplicates": Rule(before=of_document, after=keep_documents),
        "download": Rule(before=of_document),
        "preview": Rule(before=of_document),
        "upload": Rule(before=of_contact),
        "add_version": Rule(before=of_document),
        "file": Rule(before=of_document),
        "remove": Rule(before=of_document),
        "restore": Rule(before=of_document),
        "purgeable": Rule(after=keep_documents),
        "propose": FREE,
        "share": Rule(before=of_document),
        "shares": paged(lambda one: one.contact_id, company=True, before=of_document),
        "share_overview": Rule(before=of_contact),
        "overviews": Rule(before=of_contact),
        "shared_with": Rule(before=of_contact),
        "preview_template": Rule(before=of_contact),
        "end_overview": Rule(before=of_overview),
        "revoke": Rule(before=of_link),
        "request_upload": Rule(before=of_contact),
        "upload_requests": paged(lambda one: one.contact_id, company=True),
        "end_request": Rule(before=of_request),
        "templates": FREE,
        "save_template": FREE,
        "delete_template": FREE,
        "fill_template": Rule(before=of_letter),
    },
    "search": {"find": Rule(instead=find_seen), "meant": FREE, "state": FREE},
    "faxes": {"draft": Rule(before=of_contact), "send": Rule(before=of_contact)},
    "channels": {"all": FREE, "probe": FREE, "kinds": FREE, "configure": FREE, "remove": FREE, "links": FREE},
}
OPEN = frozenset({"users"})  # groups that tell of no contact at all
WITHHELD = {
    "accounts": ("import_csv",),
    "register": ("import_csv", "import_vcard"),
    "calendar": ("open_feed",),
    "desk": ("waiting",),
    "occasions": ("check_in", "campaigns", "campaign", "pause_campaign", "rename_campaign"),
    "quarantine": ("page", "raw", "replay"),
    "audit": ("page",),
    "documents": ("purge",),
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
