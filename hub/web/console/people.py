"""Contacts: the list, one contact's timeline and card, and the forms to make and change one."""

from typing import Any

from aiohttp import web

from hub.domain.contact import Contact, ContactRole
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, ConversationId
from hub.domain.views import ContactDraft
from hub.ports.store import Page
from hub.web.console.card import read_card, read_relations
from hub.web.console.forms import Form, form_key, read_form
from hub.web.console.stream import rows_of
from hub.web.guard import status_of
from hub.web.pages import page, query, reader_of, redirect
from hub.web.site import actor_of, site_of

ROLES = tuple(role.value for role in ContactRole)
NONE = Form(values={})


async def _list(request: web.Request) -> dict[str, Any]:
    """The list column: by name, or those that fit `q`."""
    site, actor, text = site_of(request), actor_of(request), request.query.get("q", "").strip()[:200]
    if text:
        matches = await site.verbs.contacts.find(actor, text, 30)
        listed: Page[Contact] = Page([match.contact for match in matches])
    else:
        listed = await site.verbs.contacts.page(actor, request.query.get("page") or None)
    return {"q": text, "contacts": listed.items, "list_next": listed.next, "page_at": request.query.get("page", "")}


async def list_contacts(request: web.Request) -> web.Response:
    """GET /contacts?q=&page=."""
    values = await _list(request)
    twin = "/api/v1/contacts" + query(query=values["q"])
    return await page(request, "contacts.html", values | {"card": None}, section="contacts", twin=twin)


async def show_contact(request: web.Request) -> web.Response:
    """GET /contacts/{id}: the timeline, newest on top; `part=stream` is the stream alone."""
    return await _contact_page(request)


async def _contact_page(request: web.Request, *, status: int = 200, **more: Any) -> web.Response:
    site, actor, r = site_of(request), actor_of(request), reader_of(request)
    identifier = ContactId(request.match_info["id"])
    after = request.query.get("after") or None
    entries = await site.verbs.timeline.page(actor, identifier, after)
    values: dict[str, Any] = {
        "contact_id": identifier,
        "rows": rows_of(entries.items, r),
        "next": entries.next,
        "after": after or "",
        "where": "contact",
        "note": "",
        "q": request.query.get("q", ""),
    }
    if request.query.get("part") == "stream":
        return await page(request, "parts/stream.html", values)
    values |= await read_card(request, identifier)
    values |= await _list(request)
    values["events"] = f"/events?contact={identifier}&topics=timeline,outbox,contact"
    errors = more.pop("errors", None)
    twin = f"/api/v1/contacts/{identifier}/timeline"
    return await page(
        request, "contact.html", values | more, section="contacts", twin=twin, status=status, errors=errors
    )


async def show_card(request: web.Request) -> web.Response:
    """GET /contacts/{id}/card: the card alone, for small screens and to refresh it."""
    values = await read_card(request, ContactId(request.match_info["id"]))
    template = "parts/card.html" if request.query.get("part") else "card.html"
    twin = f"/api/v1/contacts/{values['card'].contact.id}"
    return await page(request, template, values, section="contacts", twin=twin)


async def add_note(request: web.Request) -> web.Response:
    """POST /contacts/{id}/notes; with `conversation` the note stands in that conversation."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    identifier, conversation = ContactId(request.match_info["id"]), form["conversation"]
    back = f"/conversations/{conversation}" if conversation else f"/contacts/{identifier}"
    if not form["text"]:
        missing = {"note": "Write something first."}
        if conversation:
            raise Invalid("Write something first.", field="text")
        return await _contact_page(request, status=400, errors=missing)
    target = ConversationId(conversation) if conversation else None
    key = form_key(actor, form)
    note = await site.verbs.timeline.note(actor, identifier, form["text"], target, key=key)
    return redirect(f"{back}?done=note#{note.id}")


async def log_call(request: web.Request) -> web.Response:
    """POST /contacts/{id}/calls: a call that no exchange told of."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    identifier, minutes = ContactId(request.match_info["id"]), form["minutes"] or "0"
    if not form["text"]:
        return await _contact_page(request, status=400, errors={"call": "Write something first."})
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 6):
        return await _contact_page(request, status=400, errors={"call": "Give the minutes as a number."})
    call = await site.verbs.timeline.log_call(
        actor,
        identifier,
        form["text"],
        minutes=int(minutes),
        incoming=bool(form["incoming"]),
        key=form_key(actor, form),
    )
    return redirect(f"/contacts/{identifier}?done=call#{call.id}")


def _draft(form: Form, *, edit: bool) -> ContactDraft:
    addresses = tuple(
        (name.removeprefix("address."), value)
        for name, value in form.values.items()
        if name.startswith("address.") and value
    )
    return ContactDraft(
        name=form["name"],
        organisation=form["organisation"],
        city=form["city"],
        language=form["language"] if form["language"] in ("", "de", "en") else None,
        roles=tuple(role for role in form.all("roles") if role in ROLES),
        notes=form["notes"],
        addresses=addresses,
        confirm=edit,
    )


async def show_new(request: web.Request) -> web.Response:
    """GET /contacts/new."""
    return await _form_page(request, Form(values={"name": request.query.get("name", "")[:200]}))


async def _form_page(
    request: web.Request,
    form: Form,
    *,
    contact: Contact | None = None,
    version: int = 0,
    ties: Form = NONE,
    **more: Any,
) -> web.Response:
    values = {
        "ties": ties,
        "related": await read_relations(request, contact.relations) if contact else [],
        "form": form,
        "contact": contact,
        "version": version,
        "address_forms": site_of(request).facts.address_forms,
        "all_roles": ROLES,
    }
    return await page(request, "contact_form.html", values, section="contacts", **more)


async def create(request: web.Request) -> web.Response:
    """POST /contacts."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    if done := site.nonces.seen(actor.id, form["nonce"]):
        return redirect(done)
    if not form["name"]:
        return await _form_page(request, form, status=400, errors={"name": "A contact needs a name."})
    try:
        made = await site.verbs.contacts.create(actor, _draft(form, edit=False))
    except (Invalid, Conflict) as error:
        return await _form_page(request, form, status=status_of(error), errors=error)
    location = f"/contacts/{made.id}?done=created"
    site.nonces.remember(actor.id, form["nonce"], location)
    return redirect(location)


async def show_edit(request: web.Request) -> web.Response:
    """GET /contacts/{id}/edit."""
    card = await site_of(request).verbs.contacts.card(actor_of(request), ContactId(request.match_info["id"]))
    return await edit_page(request, card.contact)


async def edit_page(request: web.Request, it: Contact, *, ties: Form = NONE, **more: Any) -> web.Response:
    """The form of a contact as it is; below it `ties`: what was just entered for its tags, relations and consents."""
    values = {
        "name": it.name,
        "organisation": it.organisation,
        "city": it.city,
        "language": it.language,
        "notes": it.notes,
    }
    form = Form(values=values, many={"roles": [role.value for role in it.roles]})
    return await _form_page(request, form, contact=it, version=it.version, ties=ties, **more)


async def edit(request: web.Request) -> web.Response:
    """POST /contacts/{id}/edit: refused where somebody else was quicker, with the input kept."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    identifier = ContactId(request.match_info["id"])
    current = (await site.verbs.contacts.card(actor, identifier)).contact
    version = int(form["version"]) if form["version"].isascii() and form["version"].isdigit() else 0
    more: dict[str, Any] = {"contact": current, "version": current.version}
    if not form["name"]:
        return await _form_page(request, form, status=400, errors={"name": "A contact needs a name."}, **more)
    try:
        await site.verbs.contacts.edit(actor, identifier, _draft(form, edit=True), version)
    except (Invalid, Conflict) as error:
        return await _form_page(request, form, status=status_of(error), errors=error, **more)
    return redirect(f"/contacts/{identifier}?done=saved")


async def write_to(request: web.Request) -> web.Response:
    """GET /contacts/{id}/reply: the conversation that an answer to this contact belongs to."""
    identifier = ContactId(request.match_info["id"])
    try:
        found = await site_of(request).verbs.conversations.answerable(actor_of(request), identifier)
    except NotFound:
        return redirect(f"/contacts/{identifier}?done=no-conversation")
    return redirect(f"/conversations/{found.id}#composer")
