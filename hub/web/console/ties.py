"""What one knows of a contact beyond its name and addresses: tags, relations to other contacts, consents. Each is added
and taken away by itself, below the form of the contact."""

from aiohttp import web

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.views import ContactDraft
from hub.web.console.forms import Form, read_form
from hub.web.console.people import edit_page
from hub.web.guard import status_of
from hub.web.pages import beside, reader_of, redirect
from hub.web.site import actor_of, site_of


async def _contact(request: web.Request) -> Contact:
    found = await site_of(request).verbs.contacts.card(actor_of(request), ContactId(request.match_info["id"]))
    return found.contact


def _back(contact: Contact, anchor: str) -> web.Response:
    return redirect(f"/contacts/{contact.id}/edit?done=saved#{anchor}")


async def change_tags(request: web.Request) -> web.Response:
    """POST /contacts/{id}/tags: `tag` to set, `drop` to take away."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    contact = await _contact(request)
    gone = form["drop"]
    if not gone and not form["tag"]:
        return await edit_page(request, contact, ties=form, status=400, errors={"tag": "Write something first."})
    try:
        await site.verbs.register.tag(actor, contact.id, gone or form["tag"], not gone)
    except (Invalid, Conflict) as error:
        return await _refused(request, contact, form, "tag", error)
    return _back(contact, "tags")


async def change_relations(request: web.Request) -> web.Response:
    """POST /contacts/{id}/relations: `kind` and `other` to add, `drop` (kind|contact) to take away."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    contact = await _contact(request)
    kept = [(one.kind, one.contact_id) for one in contact.relations]
    if form["drop"]:
        kept = [one for one in kept if f"{one[0]}|{one[1]}" != form["drop"]]
        return await _save(request, contact, form, ContactDraft(relations=tuple(kept)), "relations", "kind")
    if not form["kind"]:
        missing = {"kind": "Say what they are to each other."}
        return await edit_page(request, contact, ties=form, status=400, errors=missing)
    try:
        other = await site.verbs.contacts.resolve(actor, form["other"])
    except (NotFound, Ambiguous) as error:
        return await _refused(request, contact, form, "other", error)
    kept.append((form["kind"][:60], other.id))
    return await _save(request, contact, form, ContactDraft(relations=tuple(kept)), "relations", "kind")


async def change_consents(request: web.Request) -> web.Response:
    """POST /contacts/{id}/consents: `purpose` and `source` to add, `drop` (the purpose) to take away."""
    form = await read_form(request)
    contact = await _contact(request)
    kept = [(one.purpose, one.source) for one in contact.consents]
    if form["drop"]:
        kept = [one for one in kept if one[0] != form["drop"]]
        return await _save(request, contact, form, ContactDraft(consents=tuple(kept)), "consents", "purpose")
    missing = {name: "Write something first." for name in ("purpose", "source") if not form[name]}
    if missing:
        return await edit_page(request, contact, ties=form, status=400, errors=missing)
    kept = [one for one in kept if one[0] != form["purpose"]] + [(form["purpose"], form["source"])]
    return await _save(request, contact, form, ContactDraft(consents=tuple(kept)), "consents", "purpose")


async def _save(
    request: web.Request, contact: Contact, form: Form, draft: ContactDraft, anchor: str, field: str
) -> web.Response:
    try:
        await site_of(request).verbs.contacts.edit(actor_of(request), contact.id, draft, contact.version)
    except (Invalid, Conflict) as error:
        return await _refused(request, contact, form, field, error)
    return _back(contact, anchor)


async def _refused(request: web.Request, contact: Contact, form: Form, field: str, error: FernamtError) -> web.Response:
    errors = beside(field, error, reader_of(request))
    return await edit_page(request, contact, ties=form, status=status_of(error), errors=errors)
