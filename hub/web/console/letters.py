"""Templates of letters: texts with fields, looked at as the PDF that they make."""

from typing import Any

from aiohttp import web

from hub.domain.document import DocumentTemplate
from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound, Refused, RendererAway
from hub.domain.folding import fold
from hub.services.documents.letters import FIELDS
from hub.web.console.forms import Form, read_form
from hub.web.downloads import as_download
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, reader_of, redirect
from hub.web.site import actor_of, site_of

EXPECTED = (Invalid, Conflict, NotFound, Ambiguous, Refused, RendererAway)


async def list_templates(request: web.Request) -> web.Response:
    """GET /document-templates: `template` fills in the form with one of them."""
    return await _templates_page(request)


async def _templates_page(
    request: web.Request, *, form: Form | None = None, errors: Errors = None, status: int = 200
) -> web.Response:
    verbs, actor = site_of(request).verbs.documents, actor_of(request)
    templates = await verbs.templates(actor)
    chosen = next((one for one in templates if one.id == request.query.get("template", "")), None)
    values = {
        "templates": templates,
        "folders": await verbs.folders(actor),
        "fields": [(name, "{" + name + "}") for name in FIELDS],
        "form": form or _form_of(chosen),
    }
    twin = "/api/v1/document-templates"
    return await page(
        request, "document_templates.html", values, section="documents", twin=twin, status=status, errors=errors
    )


def _form_of(template: DocumentTemplate | None) -> Form:
    if template is None:
        return Form(values={})
    values: dict[str, Any] = {name: getattr(template, name) for name in ("name", "title", "text", "folder")}
    return Form(values=values | {"id": template.id, "version": str(template.version)})


def _wanted(form: Form) -> DocumentTemplate:
    version = form["version"]
    known = form["id"] and version.isascii() and version.isdigit() and len(version) < 10
    return DocumentTemplate(
        id=form["id"],
        version=int(version) if known else 0,
        name=form["name"],
        title=form["title"],
        text=form["text"],
        folder=form["folder"],
    )


async def save_template(request: web.Request) -> web.Response:
    """POST /document-templates: new, or changed where the form was filled with one. A new name is a new template, and
    the old one goes once that stands."""
    verbs, actor, form = site_of(request).verbs.documents, actor_of(request), await read_form(request)
    wanted = _wanted(form)
    renamed = wanted.version and fold(wanted.name) != wanted.id
    try:
        if renamed:
            wanted = DocumentTemplate(
                id="", name=wanted.name, title=wanted.title, text=wanted.text, folder=wanted.folder
            )
        saved = await verbs.save_template(actor, wanted)
        if renamed:
            await verbs.delete_template(actor, form["id"])
    except EXPECTED as error:
        return await _templates_page(request, form=form, errors=error, status=status_of(error))
    return redirect(f"/document-templates?template={saved.id}&done=saved#template")


async def delete_template(request: web.Request) -> web.Response:
    """POST /document-templates/{id}/delete."""
    try:
        await site_of(request).verbs.documents.delete_template(actor_of(request), request.match_info["id"])
    except NotFound:
        return redirect("/document-templates")
    return redirect("/document-templates?done=dropped")


async def preview_template(request: web.Request) -> web.Response:
    """POST /document-templates/preview: the PDF of what stands in the form, for the contact named there."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        if not form["contact"]:
            raise Invalid("Say for whom.", field="contact")
        contact = await site.verbs.contacts.resolve(actor, form["contact"])
        data = await site.verbs.documents.preview_template(actor, _wanted(form), contact.id)
    except EXPECTED as error:
        return await _templates_page(request, form=form, errors=_about(request, error), status=status_of(error))
    return as_download(data)


def _about(request: web.Request, error: FernamtError) -> Errors:
    """A name that fits nobody or several is told beside the contact."""
    if isinstance(error, (NotFound, Ambiguous)):
        return beside("contact", error, reader_of(request))
    return error
