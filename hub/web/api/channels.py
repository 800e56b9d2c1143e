"""Channels: how they are, testing them, configuring them."""

from aiohttp import web

from hub.ports.configuration import KindLine
from hub.web.api import shapes
from hub.web.api.requests import ChannelBody, read_body
from hub.web.site import actor_of, site_of


async def list_channels(request: web.Request) -> web.Response:
    """GET /channels."""
    lines = await site_of(request).verbs.channels.all(actor_of(request))
    return web.json_response({"items": [shapes.channel(line) for line in lines], "next": None})


async def probe_channel(request: web.Request) -> web.Response:
    """POST /channels/{name}/probe: what works, what does not, and how to mend it."""
    steps = await site_of(request).verbs.channels.probe(actor_of(request), request.match_info["name"])
    ok = bool(steps) and all(step.ok for step in steps)
    return web.json_response({"ok": ok, "steps": [shapes.step(step) for step in steps]})


async def list_kinds(request: web.Request) -> web.Response:
    """GET /channel-kinds: what can be configured."""
    kinds = await site_of(request).verbs.channels.kinds(actor_of(request))
    return web.json_response({"items": [show_kind(kind) for kind in kinds], "next": None})


async def configure_channel(request: web.Request) -> web.Response:
    """PUT /channels/{name}: add it or configure it anew, then try it."""
    body = await read_body(request, ChannelBody)
    steps = await site_of(request).verbs.channels.configure(
        actor_of(request), request.match_info["name"], body.kind, body.settings
    )
    ok = bool(steps) and all(step.ok for step in steps)
    return web.json_response({"ok": ok, "steps": [shapes.step(step) for step in steps]})


async def remove_channel(request: web.Request) -> web.Response:
    """DELETE /channels/{name}: out of the configuration; what it brought stays."""
    await site_of(request).verbs.channels.remove(actor_of(request), request.match_info["name"])
    return web.Response(status=204)


def show_kind(value: KindLine) -> shapes.Json:
    """A kind of channel, with what it asks for."""
    return {
        "name": value.name,
        "summary": value.summary,
        "settings": [
            {
                "name": field.name,
                "description": field.description,
                "form": field.form,
                "required": field.required,
                "default": field.default,
                "choices": list(field.choices),
                "table": field.table,
                "essential": field.essential,
            }
            for field in value.fields
        ],
    }
