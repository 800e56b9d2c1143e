"""The register of contacts: duplicates, merging, import and export."""

from aiohttp import web

from hub.domain.errors import Invalid
from hub.domain.exchange import ImportReport, OnStep
from hub.domain.ids import ContactId
from hub.web.api import shapes
from hub.web.api.progress import answer_import
from hub.web.api.requests import Body, Name, read_body, read_file, required_key
from hub.web.downloads import as_download
from hub.web.site import actor_of, site_of


class MergeBody(Body):
    """The contact that is merged into this one, and the fields that are taken from it."""

    member: Name
    fields: tuple[Name, ...] = ()


class UnmergeBody(Body):
    """Which member leaves."""

    member: Name


class TagBody(Body):
    """A tag to set or to take away."""

    tag: Name
    on: bool = True


class InviteBody(Body):
    """Whether the colleague hands the link to the contact and nobody else."""

    vouched: bool = False


async def _contact(request: web.Request) -> ContactId:
    found = await site_of(request).verbs.contacts.resolve(actor_of(request), request.match_info["ref"])
    return found.id


async def list_duplicates(request: web.Request) -> web.Response:
    """GET /duplicates: contacts that may be one, with reasons."""
    found = await site_of(request).verbs.register.duplicates(actor_of(request))
    items = [
        {
            "first": shapes.contact(it.first),
            "second": shapes.contact(it.second),
            "score": it.score,
            "reasons": list(it.reasons),
            "blocked": it.blocked,
        }
        for it in found
    ]
    return web.json_response({"items": items, "next": None})


async def merge(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/merge."""
    key = required_key(request)
    body = await read_body(request, MergeBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    survivor = await _contact(request)
    member = (await verbs.contacts.resolve(actor, body.member)).id
    merged = await verbs.register.merge(actor, survivor, member, fields=body.fields, key=key)
    return web.json_response(shapes.contact(merged))


async def invite(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/invite: a link that the contact opens; shown once."""
    body = await read_body(request, InviteBody)
    contact_id = await _contact(request)
    made = await site_of(request).verbs.register.invite(actor_of(request), contact_id, vouched=body.vouched)
    links = [{"channel": channel, "url": url} for channel, url in made.links]
    answer = {"code": made.code, "expires_at": made.expires_at.isoformat(), "links": links}
    return web.json_response(answer, status=201)


async def unmerge(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/unmerge: exactly as before; `kept` lists entries that stay."""
    key = required_key(request)
    body = await read_body(request, UnmergeBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    report = await verbs.register.unmerge(actor, await _contact(request), ContactId(body.member), key=key)
    return web.json_response(
        {
            "survivor": shapes.contact(report.survivor),
            "member": shapes.contact(report.member),
            "kept": list(report.kept),
        }
    )


async def tag(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/tags."""
    body = await read_body(request, TagBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    changed = await verbs.register.tag(actor, await _contact(request), body.tag, body.on)
    return web.json_response(shapes.contact(changed))


async def import_contacts(request: web.Request) -> web.StreamResponse:
    """POST /import/contacts: CSV (columns renamed by `map.OURS=THEIRS`) or vCard; `dry_run=1` only looks;
    `progress=1` tells how far it is."""
    data, actor = await read_file(request), actor_of(request)
    dry_run, verbs = request.query.get("dry_run") == "1", site_of(request).verbs.register
    cards = data[:200].lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(b"BEGIN:VCARD")
    named = {name[4:]: value for name, value in request.query.items() if name.startswith("map.")}

    async def run(on_step: OnStep) -> ImportReport:
        if cards:
            return await verbs.import_vcard(actor, data, dry_run=dry_run, on_step=on_step)
        return await verbs.import_csv(actor, data, mapping=named or None, dry_run=dry_run, on_step=on_step)

    return await answer_import(request, run, refused=422)


async def export_contacts(request: web.Request) -> web.StreamResponse:
    """GET /export/contacts: `form=csv|vcard3|vcard4`."""
    form = request.query.get("form", "csv")
    if form not in ("csv", "vcard3", "vcard4"):
        raise Invalid("form must be csv, vcard3 or vcard4.", field="form")
    return as_download(await site_of(request).verbs.register.export(actor_of(request), form))
