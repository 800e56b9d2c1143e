"""Documents: lists, files, filing, links, upload requests."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from hub.domain.document import Document, FileVersion, UploadRequest
from hub.domain.errors import Invalid
from hub.domain.ids import ContactId
from hub.domain.sharing import Share
from hub.domain.views import FileData
from hub.web.api.requests import Body, Name, Short, page_of, read_body, required_key, version_of
from hub.web.api.shapes import Json
from hub.web.downloads import as_download
from hub.web.site import actor_of, site_of
from hub.web.uploads import UPLOADS, check_length, too_large

CHUNK = 65_536


class FilingBody(Body):
    """What is to change; fields left out stay. `contact`: a name, an address or an id."""

    name: Name | None = None
    folder: Annotated[str, StringConstraints(max_length=400)] | None = None
    tags: Annotated[tuple[Name, ...], Field(max_length=30)] | None = None
    contact: Short | None = None
    links: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    keep_until: date | None = None


class ShareBody(Body):
    """For whom and how long; `limit` 0: any number of downloads."""

    contact: Short = ""
    days: int = 30
    limit: int = 0


class RequestBody(Body):
    """What a visitor is asked for, and where it goes."""

    contact: Short = ""
    folder: Annotated[str, StringConstraints(max_length=400)] = ""
    text: Annotated[str, StringConstraints(max_length=500)] = ""
    days: int = 14
    limit: int = 10


def _version(file: FileVersion) -> Json:
    return {
        "number": file.number,
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "sha256": file.sha256,
        "at": file.at.isoformat(),
        "scan": file.scan.value,
        "scan_detail": file.scan_detail,
    }


def document_shape(document: Document) -> Json:
    """A document as programs see it."""
    current = document.current
    return {
        "id": document.id,
        "version": document.version,
        "name": document.name,
        "folder": document.folder,
        "tags": list(document.tags),
        "contact_id": document.contact_id,
        "entry_id": document.entry_id,
        "links": list(document.links),
        "source": document.source.value,
        "at": document.at.isoformat(),
        "type": current.type,
        "size": current.size,
        "sha256": current.sha256,
        "scan": document.scan.value,
        "reading": document.reading.value,
        "excerpt": document.excerpt,
        "pages": document.pages,
        "keep_until": document.keep_until.isoformat() if document.keep_until else None,
        "removed_at": document.removed_at.isoformat() if document.removed_at else None,
        "versions": [_version(file) for file in document.versions],
    }


def share_shape(share: Share, address: str = "") -> Json:
    """A link; `address` only when it was just made."""
    shape: Json = {
        "id": share.id,
        "name": share.name,
        "size": share.size,
        "contact_id": share.contact_id,
        "subject": share.subject,
        "created_at": share.created_at.isoformat(),
        "expires_at": share.expires_at.isoformat(),
        "revoked_at": share.revoked_at.isoformat() if share.revoked_at else None,
        "limit": share.limit,
        "downloads": share.downloads,
        "log": [{"at": one.at.isoformat(), "client": one.client} for one in share.log],
    }
    return shape | ({"address": address} if address else {})


def request_shape(wanted: UploadRequest, address: str = "") -> Json:
    """An upload link."""
    shape: Json = {
        "id": wanted.id,
        "contact_id": wanted.contact_id,
        "folder": wanted.folder,
        "text": wanted.text,
        "created_at": wanted.created_at.isoformat(),
        "expires_at": wanted.expires_at.isoformat(),
        "revoked_at": wanted.revoked_at.isoformat() if wanted.revoked_at else None,
        "limit": wanted.limit,
        "taken": wanted.taken,
    }
    return shape | ({"address": address} if address else {})


async def named_contact(request: web.Request, text: str) -> ContactId | None:
    """By name, address or id; None where nothing is named. Raises NotFound, Ambiguous."""
    if not text:
        return None
    return (await site_of(request).verbs.contacts.resolve(actor_of(request), text)).id


def document_answer(document: Document, status: int = 200) -> web.Response:
    """With its version as ETag."""
    return web.json_response(document_shape(document), status=status, headers={"ETag": f'"{document.version}"'})


async def list_documents(request: web.Request) -> web.Response:
    """GET /documents?q=&folder=&tag=&contact=&type=&link=&removed=1: newest first."""
    verbs, actor, query = site_of(request).verbs.documents, actor_of(request), request.query
    after, limit = page_of(request)
    if query.get("q"):
        found = await verbs.search(actor, query["q"], after, limit)
    else:
        found = await verbs.page(
            actor,
            folder=query.get("folder", ""),
            tag=query.get("tag", ""),
            contact_id=await named_contact(request, query.get("contact", "")),
            type=query.get("type", ""),
            link=query.get("link", ""),
            removed=query.get("removed") == "1",
            after=after,
            limit=limit,
        )
    return web.json_response({"items": [document_shape(one) for one in found.items], "next": found.next})


async def _read_bytes(request: web.Request) -> FileData:
    """The body is the file; its name in the query, its type in Content-Type. Read in pieces, stopped at the limit."""
    most = request.config_dict[UPLOADS].max_bytes
    check_length(request, most)
    name = request.query.get("name", "")[:255]
    if not name:
        raise Invalid("Say the file's name: ?name=plan.pdf.", field="name")
    data = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > most:
            raise too_large(most)
    return FileData(name=name, type=request.content_type[:100], data=bytes(data))


async def upload(request: web.Request) -> web.Response:
    """POST /documents?name=&folder=&tag=&contact=: the body is the file."""
    key, query = required_key(request), request.query
    contact_id = await named_contact(request, query.get("contact", ""))
    document = await site_of(request).verbs.documents.upload(
        actor_of(request),
        await _read_bytes(request),
        folder=query.get("folder", ""),
        tags=tuple(query.getall("tag", [])),
        contact_id=contact_id,
        links=tuple(query.getall("link", [])),
        key=key,
    )
    return document_answer(document, 201)


async def show_document(request: web.Request) -> web.Response:
    """GET /documents/{id}, with its duplicates."""
    verbs, actor = site_of(request).verbs.documents, actor_of(request)
    document = await verbs.get(actor, request.match_info["id"])
    same = await verbs.duplicates(actor, document.id)
    shape = document_shape(document) | {"duplicates": [{"id": one.id, "name": one.name} for one in same]}
    return web.json_response(shape, headers={"ETag": f'"{document.version}"'})


async def show_file(request: web.Request) -> web.StreamResponse:
    """GET /documents/{id}/file?version=2."""
    number = request.query.get("version", "0")
    if not number.isascii() or not number.isdigit() or len(number) > 4:
        raise Invalid("version is a number.", field="version")
    verbs = site_of(request).verbs.documents
    return as_download(await verbs.download(actor_of(request), request.match_info["id"], int(number)))


async def show_preview(request: web.Request) -> web.StreamResponse:
    """GET /documents/{id}/preview?width=480: a PNG."""
    width = request.query.get("width", "480")
    if not width.isascii() or not width.isdigit() or len(width) > 4:
        raise Invalid("width is a number of pixels.", field="width")
    verbs = site_of(request).verbs.documents
    data = await verbs.preview(actor_of(request), request.match_info["id"], int(width))
    return as_download(data, inline=True)


async def change_document(request: web.Request) -> web.Response:
    """PATCH /documents/{id}: file it elsewhere."""
    body = await read_body(request, FilingBody)
    verbs, actor, id = site_of(request).verbs.documents, actor_of(request), request.match_info["id"]
    keep = datetime.combine(body.keep_until, time(), UTC) if body.keep_until else None
    version = version_of(request, 0) or None
    document = await verbs.file(
        actor,
        id,
        name=body.name,
        folder=body.folder,
        tags=body.tags,
        contact_id=await named_contact(request, body.contact or ""),
        links=body.links,
        keep_until=keep,
        version=version,
    )
    return document_answer(document)


async def add_version(request: web.Request) -> web.Response:
    """POST /documents/{id}/versions?name=: a new content; If-Match names the version that it follows."""
    verbs, actor, id = site_of(request).verbs.documents, actor_of(request), request.match_info["id"]
    version = version_of(request, 0) or (await verbs.get(actor, id)).version
    return document_answer(await verbs.add_version(actor, id, await _read_bytes(request), version), 201)


async def remove(request: web.Request) -> web.Response:
    """DELETE /documents/{id}: can be restored for a while."""
    return document_answer(await site_of(request).verbs.documents.remove(actor_of(request), request.match_info["id"]))


async def restore(request: web.Request) -> web.Response:
    """POST /documents/{id}/restore."""
    return document_answer(await site_of(request).verbs.documents.restore(actor_of(request), request.match_info["id"]))


async def list_purgeable(request: web.Request) -> web.Response:
    """GET /document-purge: what would go now."""
    found = await site_of(request).verbs.documents.purgeable(actor_of(request))
    return web.json_response({"items": [document_shape(one) for one in found], "next": None})


async def purge(request: web.Request) -> web.Response:
    """POST /document-purge: begin the next round now."""
    due = await site_of(request).verbs.documents.purge(actor_of(request))
    return web.json_response({"due": due}, status=202)


async def list_folders(request: web.Request) -> web.Response:
    """GET /document-folders: folders and tags that there are."""
    verbs, actor = site_of(request).verbs.documents, actor_of(request)
    return web.json_response({"folders": await verbs.folders(actor), "tags": await verbs.tags(actor)})


# Links


async def share(request: web.Request) -> web.Response:
    """POST /documents/{id}/share: the address is told once."""
    key = required_key(request)
    body = await read_body(request, ShareBody)
    address, made = await site_of(request).verbs.documents.share(
        actor_of(request),
        request.match_info["id"],
        contact_id=await named_contact(request, body.contact),
        days=body.days,
        limit=body.limit,
        key=key,
    )
    return web.json_response(share_shape(made, address), status=201)


async def list_shares(request: web.Request) -> web.Response:
    """GET /shares?document=: newest first, with their logs."""
    after, limit = page_of(request)
    verbs = site_of(request).verbs.documents
    found = await verbs.shares(actor_of(request), request.query.get("document", ""), after, limit)
    return web.json_response({"items": [share_shape(one) for one in found.items], "next": found.next})


async def revoke(request: web.Request) -> web.Response:
    """DELETE /shares/{id}."""
    ended = await site_of(request).verbs.documents.revoke(actor_of(request), request.match_info["id"])
    return web.json_response(share_shape(ended))


async def request_upload(request: web.Request) -> web.Response:
    """POST /upload-requests: the address is told once."""
    key = required_key(request)
    body = await read_body(request, RequestBody)
    address, made = await site_of(request).verbs.documents.request_upload(
        actor_of(request),
        contact_id=await named_contact(request, body.contact),
        folder=body.folder,
        text=body.text,
        days=body.days,
        limit=body.limit,
        key=key,
    )
    return web.json_response(request_shape(made, address), status=201)


async def list_requests(request: web.Request) -> web.Response:
    """GET /upload-requests: newest first."""
    after, limit = page_of(request)
    found = await site_of(request).verbs.documents.upload_requests(actor_of(request), after, limit)
    return web.json_response({"items": [request_shape(one) for one in found.items], "next": found.next})


async def end_request(request: web.Request) -> web.Response:
    """DELETE /upload-requests/{id}."""
    ended = await site_of(request).verbs.documents.end_request(actor_of(request), request.match_info["id"])
    return web.json_response(request_shape(ended))
