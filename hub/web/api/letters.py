"""Templates of letters, and letters made from them."""

from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from hub.domain.document import DocumentTemplate
from hub.domain.folding import fold
from hub.web.api.documents import document_answer, named_contact
from hub.web.api.requests import Body, Name, Short, read_body, required_key, version_of
from hub.web.api.shapes import Json
from hub.web.site import actor_of, site_of


class TemplateBody(Body):
    """A text with {fields}."""

    title: Short = ""
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    folder: Annotated[str, StringConstraints(max_length=400)] = ""


class FillBody(Body):
    """For whom a template is filled."""

    contact: Name
    appointment: Short = ""


def _template(template: DocumentTemplate) -> Json:
    return {
        "id": template.id,
        "version": template.version,
        "name": template.name,
        "title": template.title,
        "text": template.text,
        "folder": template.folder,
    }


async def list_templates(request: web.Request) -> web.Response:
    """GET /document-templates: by name."""
    found = await site_of(request).verbs.documents.templates(actor_of(request))
    return web.json_response({"items": [_template(one) for one in found], "next": None})


async def put_template(request: web.Request) -> web.Response:
    """PUT /document-templates/{name}: new, or instead of what it was."""
    body = await read_body(request, TemplateBody)
    verbs, actor, name = site_of(request).verbs.documents, actor_of(request), request.match_info["name"]
    known = next((one for one in await verbs.templates(actor) if one.id == fold(name)), None)
    wanted = DocumentTemplate(
        id=known.id if known else "",
        version=version_of(request, known.version) if known else 0,
        name=name,
        title=body.title,
        text=body.text,
        folder=body.folder,
    )
    saved = await verbs.save_template(actor, wanted)
    return web.json_response(_template(saved), status=200 if known else 201)


async def delete_template(request: web.Request) -> web.Response:
    """DELETE /document-templates/{name}."""
    await site_of(request).verbs.documents.delete_template(actor_of(request), request.match_info["name"])
    return web.Response(status=204)


async def fill_template(request: web.Request) -> web.Response:
    """POST /document-templates/{name}/fill: a PDF, filed as a document."""
    key = required_key(request)
    body = await read_body(request, FillBody)
    contact_id = await named_contact(request, body.contact)
    assert contact_id is not None
    document = await site_of(request).verbs.documents.fill_template(
        actor_of(request), request.match_info["name"], contact_id, appointment_id=body.appointment, key=key
    )
    return document_answer(document, 201)
