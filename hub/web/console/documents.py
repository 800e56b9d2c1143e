"""Documents: the list with folders and tags, one document, links and upload requests."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from aiohttp import web

from hub.domain.document import GROUPS, Document
from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound, Refused, ScannerAway
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.domain.views import FileData
from hub.web.console.belongings import propose_belongings, read_belongings
from hub.web.console.forms import Form, form_key, read_form
from hub.web.downloads import as_download
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, query, reader_of, redirect
from hub.web.site import actor_of, site_of
from hub.web.uploads import UPLOADS, Upload, read_upload

EXPECTED = (Invalid, Conflict, NotFound, Ambiguous, Refused, ScannerAway)


def _most(request: web.Request) -> int:
    return request.config_dict[UPLOADS].max_bytes if UPLOADS in request.config_dict else 0


async def list_documents(request: web.Request) -> web.Response:
    """GET /documents?q=&folder=&tag=&contact=&type=&removed=."""
    return await _list_page(request)


async def _list_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    verbs, actor, asked = site_of(request).verbs.documents, actor_of(request), request.query
    after = asked.get("after") or None
    names = ("q", "folder", "tag", "contact", "type", "removed")
    filters = {name: asked.get(name, "")[:200] for name in names}
    if filters["q"]:
        found = await verbs.search(actor, filters["q"], after)
    else:
        found = await verbs.page(
            actor,
            folder=filters["folder"],
            tag=filters["tag"],
            contact_id=ContactId(filters["contact"]) if filters["contact"] else None,
            type=filters["type"] if filters["type"] in GROUPS else "",
            removed=filters["removed"] == "1",
            after=after,
        )
    values = {
        "documents": found.items,
        "next": found.next,
        "filters": filters,
        "names": await _names(request, found.items),
        "folders": await verbs.folders(actor),
        "tags": await verbs.tags(actor),
        "groups": GROUPS,
        "form": Form(values={"folder": filters["folder"]}),
        "most": _most(request) // 1_048_576,
        "more": query(**(filters | {"after": found.next or ""})),
    }
    return await page(
        request,
        "documents.html",
        values | more,
        section="documents",
        twin="/api/v1/documents" + query(**filters),
        status=status,
        errors=errors,
    )


async def _names(request: web.Request, found: Sequence[Any]) -> dict[str, str]:
    """Of the contacts of what is shown."""
    site, actor = site_of(request), actor_of(request)
    names: dict[str, str] = {}
    for id in dict.fromkeys(one.contact_id for one in found if one.contact_id):
        try:
            names[id] = (await site.verbs.contacts.resolve(actor, id)).name
        except NotFound:
            continue
    return names


async def _contact(request: web.Request, text: str) -> ContactId | None:
    if not text:
        return None
    return (await site_of(request).verbs.contacts.resolve(actor_of(request), text)).id


async def upload(request: web.Request) -> web.Response:
    """POST /documents: files with their folder, tag and contact."""
    site, actor = site_of(request), actor_of(request)
    form = Upload()
    try:
        form = await read_upload(request, _most(request))
        if not any(file.data for file in form.files):
            raise Invalid("Choose a file first.", field="file")
        contact_id = await _contact(request, form["contact"])
        kept = [
            await site.verbs.documents.upload(
                actor,
                file,
                folder=form["folder"],
                tags=tuple(tag for tag in form["tags"].split(",") if tag.strip()),
                contact_id=contact_id,
                key=f"console:{form['nonce'][:64]}:{number}",
            )
            for number, file in enumerate(form.files)
            if file.data
        ]
    except EXPECTED as error:
        return await _list_page(
            request,
            errors=_about(request, error),
            status=status_of(error),
            form=Form(values=form.values),
        )
    if len(kept) == 1:
        return redirect(f"/documents/{kept[0].id}?done=kept")
    return redirect("/documents" + query(folder=kept[0].folder, done="kept"))


def _about(request: web.Request, error: FernamtError) -> Errors:
    """A name of a contact that fits nobody or several is told beside its field."""
    if isinstance(error, (NotFound, Ambiguous)):
        return beside("contact", error, reader_of(request))
    return error


async def show_document(request: web.Request) -> web.Response:
    """GET /documents/{id}."""
    return await document_page(request)


async def document_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    """The page of the document that the request names, with what is wrong and what is new on it."""
    verbs, actor, id = site_of(request).verbs.documents, actor_of(request), request.match_info["id"]
    document = await verbs.get(actor, id)
    names = await _names(request, [document])
    values = {
        "it": document,
        "contact_name": names.get(document.contact_id or "", ""),
        "same": await verbs.duplicates(actor, id),
        "shares": (await verbs.shares(actor, id, limit=20)).items,
        "folders": await verbs.folders(actor),
        "form": _form_of(document, names),
        "address": "",
        "belongings": await read_belongings(request, document),
        "proposals": await propose_belongings(request, document) if Right.EDIT_CONTACTS in actor.rights else [],
        "adding": Form(values={}),
        "share_for": names.get(document.contact_id or "", ""),
        "now": site_of(request).clock.now(),
        "has_preview": document.scan.value not in ("infected", "pending") and _has_picture(document),
    }
    return await page(
        request,
        "document.html",
        values | more,
        section="documents",
        twin=f"/api/v1/documents/{id}",
        status=status,
        errors=errors,
    )


def _has_picture(document: Document) -> bool:
    current = document.current
    return current.type in ("application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp")


def _form_of(document: Document, names: dict[str, str]) -> Form:
    return Form(
        values={
            "name": document.name,
            "folder": document.folder,
            "tags": ", ".join(document.tags),
            "contact": names.get(document.contact_id or "", ""),
            "keep_until": document.keep_until.date().isoformat() if document.keep_until else "",
            "version": str(document.version),
        }
    )


async def file_document(request: web.Request) -> web.Response:
    """POST /documents/{id}: file it elsewhere."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    id = request.match_info["id"]
    document = await site.verbs.documents.get(actor, id)
    try:
        known = (await _names(request, [document])).get(document.contact_id or "", "")
        changed_contact = form["contact"] and form["contact"] != known
        await site.verbs.documents.file(
            actor,
            id,
            name=form["name"] or None,
            folder=form["folder"],
            tags=tuple(tag for tag in form["tags"].split(",") if tag.strip()),
            contact_id=await _contact(request, form["contact"]) if changed_contact else None,
            keep_until=_day(form["keep_until"]),
            version=int(form["version"]) if form["version"].isascii() and form["version"].isdigit() else None,
        )
    except EXPECTED as error:
        return await document_page(request, errors=_about(request, error), status=status_of(error), form=form)
    return redirect(f"/documents/{id}?done=saved")


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise Invalid("A day looks like 2026-11-23.", field="date") from error


async def show_file(request: web.Request) -> web.Response:
    """GET /documents/{id}/file?version=."""
    number = request.query.get("version", "0")
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
    verbs = site_of(request).verbs.documents
    return as_download(await verbs.download(actor_of(request), request.match_info["id"], wanted))


async def show_preview(request: web.Request) -> web.Response:
    """GET /documents/{id}/preview."""
    verbs = site_of(request).verbs.documents
    return as_download(await verbs.preview(actor_of(request), request.match_info["id"], 640), inline=True)


async def add_version(request: web.Request) -> web.Response:
    """POST /documents/{id}/versions."""
    site, actor, id = site_of(request), actor_of(request), request.match_info["id"]
    try:
        form = await read_upload(request, _most(request))
        chosen: list[FileData] = [file for file in form.files if file.data]
        if not chosen:
            raise Invalid("Choose a file first.", field="file")
        document = await site.verbs.documents.get(actor, id)
        await site.verbs.documents.add_version(actor, id, chosen[0], document.version)
    except EXPECTED as error:
        return await document_page(request, errors=error, status=status_of(error))
    return redirect(f"/documents/{id}?done=kept")


async def remove(request: web.Request) -> web.Response:
    """POST /documents/{id}/remove|restore."""
    verbs, actor, id = site_of(request).verbs.documents, actor_of(request), request.match_info["id"]
    back = request.match_info["act"] == "restore"
    try:
        await (verbs.restore if back else verbs.remove)(actor, id)
    except Conflict as error:
        return await document_page(request, errors={"": error.sentence}, status=409)
    return redirect(f"/documents/{id}?done={'restored' if back else 'removed'}")


async def share(request: web.Request) -> web.Response:
    """POST /documents/{id}/share: the address is shown once."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    id = request.match_info["id"]
    try:
        address, _ = await site.verbs.documents.share(
            actor,
            id,
            contact_id=await _contact(request, form["for"]),
            days=_number(form["days"], 30),
            limit=_number(form["limit"], 0),
            key=form_key(actor, form),
        )
    except (NotFound, Ambiguous) as error:
        errors = beside("for", error, reader_of(request))
        return await document_page(request, errors=errors, status=status_of(error), share_for=form["for"])
    except EXPECTED as error:
        errors = {"": error.sentence}
        return await document_page(request, errors=errors, status=status_of(error), share_for=form["for"])
    return await document_page(request, address=address)


def _number(text: str, fallback: int) -> int:
    if not text:
        return fallback
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Invalid("This is a number.", field="days")
    return int(text)


# Links


async def list_links(request: web.Request) -> web.Response:
    """GET /document-links: links and upload requests."""
    return await _links_page(request)


async def _links_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    verbs, actor = site_of(request).verbs.documents, actor_of(request)
    shares = await verbs.shares(actor, after=request.query.get("after") or None)
    requests = await verbs.upload_requests(actor)
    values = {
        "shares": shares.items,
        "next": shares.next,
        "requests": requests.items,
        "names": await _names(request, [*shares.items, *requests.items]),
        "folders": await verbs.folders(actor),
        "form": Form(values={}),
        "address": "",
        "now": site_of(request).clock.now(),
    }
    return await page(
        request, "document_links.html", values | more, section="documents", twin="/api/v1/shares", status=status,
        errors=errors,
    )  # fmt: skip


async def revoke(request: web.Request) -> web.Response:
    """POST /document-links/{id}/revoke: of a document (`back`), or from the list."""
    form = await read_form(request)
    share = await site_of(request).verbs.documents.revoke(actor_of(request), request.match_info["id"])
    back = f"/documents/{share.subject}" if form["back"] and share.subject.startswith("d_") else "/document-links"
    return redirect(f"{back}?done=link-ended")


async def request_upload(request: web.Request) -> web.Response:
    """POST /upload-requests: the address is shown once."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        address, _ = await site.verbs.documents.request_upload(
            actor,
            contact_id=await _contact(request, form["contact"]),
            folder=form["folder"],
            text=form["text"],
            days=_number(form["days"], 14),
            key=form_key(actor, form),
        )
    except EXPECTED as error:
        return await _links_page(request, errors=_about(request, error), status=status_of(error), form=form)
    return await _links_page(request, address=address)


async def end_request(request: web.Request) -> web.Response:
    """POST /upload-requests/{id}/end."""
    await site_of(request).verbs.documents.end_request(actor_of(request), request.match_info["id"])
    return redirect("/document-links?done=link-ended")
