"""Contacts and timelines."""

from aiohttp import web

from hub.domain.contact import Contact
from hub.domain.errors import Conflict
from hub.domain.ids import ContactId, ConversationId, InteractionId, UserId
from hub.domain.views import ContactDraft, FileData
from hub.web.api import shapes
from hub.web.api.requests import CallBody, ContactBody, NoteBody, ReplyBody, page_of, read_body, version_of
from hub.web.downloads import as_download, html_document, raw_as_text
from hub.web.site import actor_of, site_of


async def _resolve(request: web.Request) -> Contact:
    return await site_of(request).verbs.contacts.resolve(actor_of(request), request.match_info["ref"])


def _draft(request: web.Request, body: ContactBody) -> ContactDraft:
    return ContactDraft(
        name=body.name,
        organisation=body.organisation,
        city=body.city,
        language=body.language,
        roles=body.roles,
        owner=UserId(body.owner) if body.owner else None,
        notes=body.notes,
        department=body.department,
        tags=body.tags,
        custom=None if body.custom is None else tuple(body.custom.items()),
        preferred_channel=body.preferred_channel,
        relations=None
        if body.relations is None
        else tuple((one.kind, ContactId(one.contact)) for one in body.relations),
        consents=None if body.consents is None else tuple((one.purpose, one.source) for one in body.consents),
        addresses=tuple((item.channel, item.address) for item in body.addresses),
        confirm=body.confirm,
    )


def _key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key", "")[:200]
    return f"api:{actor_of(request).id}:{key}" if key else ""


async def list_contacts(request: web.Request) -> web.Response:
    """GET /contacts: by name, or those that fit `query`, best first."""
    verbs, actor = site_of(request).verbs, actor_of(request)
    after, limit = page_of(request)
    if text := request.query.get("query", "").strip():
        found = await verbs.contacts.find(actor, text[:200], limit)
        return web.json_response({"items": [shapes.match(item) for item in found], "next": None})
    return web.json_response(shapes.listing(await verbs.contacts.page(actor, after, limit), shapes.contact))


async def create_contact(request: web.Request) -> web.Response:
    """POST /contacts."""
    body = await read_body(request, ContactBody)
    made = await site_of(request).verbs.contacts.create(actor_of(request), _draft(request, body))
    headers = {"Location": f"/api/v1/contacts/{made.id}", "ETag": f'"{made.version}"'}
    return web.json_response(shapes.contact(made), status=201, headers=headers)


async def show_contact(request: web.Request) -> web.Response:
    """GET /contacts/{ref}: by id, address or name."""
    found = await _resolve(request)
    card = await site_of(request).verbs.contacts.card(actor_of(request), found.id)
    return web.json_response(shapes.card(card), headers={"ETag": f'"{card.contact.version}"'})


async def edit_contact(request: web.Request) -> web.Response:
    """PATCH /contacts/{ref}, with If-Match."""
    found = await _resolve(request)
    body = await read_body(request, ContactBody)
    version = version_of(request, found.version)
    changed = await site_of(request).verbs.contacts.edit(actor_of(request), found.id, _draft(request, body), version)
    return web.json_response(shapes.contact(changed), headers={"ETag": f'"{changed.version}"'})


async def show_timeline(request: web.Request) -> web.Response:
    """GET /contacts/{ref}/timeline: newest first, `order=oldest` the other way."""
    found = await _resolve(request)
    after, limit = page_of(request)
    newest = request.query.get("order", "newest") != "oldest"
    page = await site_of(request).verbs.timeline.page(actor_of(request), found.id, after, limit, newest)
    return web.json_response(shapes.listing(page, shapes.entry))


async def add_note(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/notes."""
    found = await _resolve(request)
    body = await read_body(request, NoteBody)
    conversation = ConversationId(body.conversation_id) if body.conversation_id else None
    verbs, actor = site_of(request).verbs, actor_of(request)
    note = await verbs.timeline.note(actor, found.id, body.text, conversation, key=_key(request))
    detail = await verbs.timeline.entry(actor, note.id)
    return web.json_response(shapes.entry(detail.entry), status=201)


async def log_call(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/calls."""
    found = await _resolve(request)
    body = await read_body(request, CallBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    call = await verbs.timeline.log_call(
        actor, found.id, body.text, minutes=body.minutes, incoming=body.incoming, key=_key(request)
    )
    detail = await verbs.timeline.entry(actor, call.id)
    return web.json_response(shapes.entry(detail.entry), status=201)


async def reply_to_contact(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/reply: answers in the conversation that waits longest, else in the last one."""
    found = await _resolve(request)
    verbs, actor = site_of(request).verbs, actor_of(request)
    conversation = await verbs.conversations.answerable(actor, found.id)
    try:
        return await send_reply(request, conversation.id)
    except Conflict as error:
        # The same key again, after a lost answer: by now another conversation of theirs waits longest.
        earlier = error.fields.get("conversation")
        if not earlier or error.fields.get("contact") != conversation.contact_id:
            raise
        return await send_reply(request, ConversationId(str(earlier)))


async def send_reply(request: web.Request, conversation_id: ConversationId) -> web.Response:
    """Accept an answer; the same Idempotency-Key submits once."""
    body = await read_body(request, ReplyBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    receipt = await verbs.conversations.reply(
        actor,
        conversation_id,
        body.text,
        key=_key(request),
        immediately=body.immediately,
    )
    return web.json_response(shapes.receipt(receipt), status=202)


async def show_entry(request: web.Request) -> web.Response:
    """GET /interactions/{id}: the entry, why it is where it is, and what became of it."""
    detail = await site_of(request).verbs.timeline.entry(actor_of(request), InteractionId(request.match_info["id"]))
    return web.json_response(shapes.detail(detail))


async def show_raw(request: web.Request) -> web.StreamResponse:
    """GET /interactions/{id}/raw: the message as it came."""
    data = await site_of(request).verbs.timeline.raw(actor_of(request), InteractionId(request.match_info["id"]))
    return as_download(data)


async def show_attachment(request: web.Request) -> web.StreamResponse:
    """GET /interactions/{id}/attachments/{n}."""
    identifier, index = InteractionId(request.match_info["id"]), int(request.match_info["index"])
    data: FileData = await site_of(request).verbs.timeline.attachment(actor_of(request), identifier, index)
    return as_download(data)


async def show_html(request: web.Request) -> web.StreamResponse:
    """GET /interactions/{id}/html: sanitised, under a policy of its own."""
    html = await site_of(request).verbs.timeline.html(actor_of(request), InteractionId(request.match_info["id"]))
    return html_document(html)


async def show_quarantined_raw(request: web.Request) -> web.StreamResponse:
    """GET /quarantine/{id}/raw."""
    return raw_as_text(await site_of(request).verbs.quarantine.raw(actor_of(request), request.match_info["id"]))
