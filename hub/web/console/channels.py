"""Channels in the console: how they are, testing, adding and removing them."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hub.domain.errors import ConfigurationInvalid, NotFound
from hub.ports.configuration import KindLine, SettingField
from hub.ports.connector import ProbeStep
from hub.web.console.forms import Form, read_form
from hub.web.pages import page, redirect
from hub.web.site import actor_of, site_of

NAME_LENGTH = 32


async def list_channels(request: web.Request) -> web.Response:
    """GET /channels."""
    return await _list(request)


async def _list(request: web.Request, tested: str = "", steps: Sequence[ProbeStep] = ()) -> web.Response:
    lines = await site_of(request).verbs.channels.all(actor_of(request))
    values: dict[str, Any] = {"channels": lines, "tested": tested, "steps": steps}
    if not tested:
        values["events"] = "/events?topics=channel,quarantine"
    return await page(request, "channels.html", values, section="channels", twin="/api/v1/channels")


async def probe_channel(request: web.Request) -> web.Response:
    """POST /channels/{name}/test: each step, and how to mend the one that fails."""
    name = request.match_info["name"]
    return await _list(request, name, await site_of(request).verbs.channels.probe(actor_of(request), name))


async def choose_kind(request: web.Request) -> web.Response:
    """GET /channels/new: the kinds that there are."""
    kinds = await site_of(request).verbs.channels.kinds(actor_of(request))
    return await page(request, "channel_kinds.html", {"kinds": kinds}, section="channels", twin="/api/v1/channel-kinds")


async def _kind(request: web.Request) -> KindLine:
    kinds = await site_of(request).verbs.channels.kinds(actor_of(request))
    found = next((kind for kind in kinds if kind.name == request.match_info["kind"]), None)
    if found is None:
        raise NotFound("There is no such kind of channel.")
    return found


def _parts(kind: KindLine) -> list[tuple[str, list[SettingField], list[SettingField]]]:
    """(part, what must be asked, what may be), the channel itself first."""
    names = dict.fromkeys(field.table for field in kind.fields)
    return [
        (
            name,
            [field for field in kind.fields if field.table == name and field.essential],
            [field for field in kind.fields if field.table == name and not field.essential],
        )
        for name in names
    ]


async def show_form(request: web.Request) -> web.Response:
    """GET /channels/new/{kind}: its settings as a form."""
    kind = await _kind(request)
    return await _form(request, kind, Form(values={"name": kind.name}))


async def _form(request: web.Request, kind: KindLine, form: Form, **more: Any) -> web.Response:
    values = {"kind": kind, "parts": _parts(kind), "form": form}
    return await page(request, "channel_form.html", values, section="channels", **more)


async def add_channel(request: web.Request) -> web.Response:
    """POST /channels/new/{kind}: kept, started and tested; or what is wrong beside each field."""
    kind, form = await _kind(request), await read_form(request)
    given = {field.name: form[field.name] for field in kind.fields if form[field.name].strip()}
    name = form["name"].strip()[:NAME_LENGTH]
    try:
        steps = await site_of(request).verbs.channels.configure(actor_of(request), name, kind.name, given)
    except ConfigurationInvalid as error:
        known = {"name", *(field.name for field in kind.fields)}
        beside = {path: sentence for path, sentence in error.problems if path in known}
        rest = [f"{path}: {sentence}" for path, sentence in error.problems if path not in known]
        errors = ({"": "; ".join(rest)} if rest else {}) | beside
        return await _form(request, kind, form, status=400, errors=errors)
    return await _list(request, name, steps)


async def remove_channel(request: web.Request) -> web.Response:
    """POST /channels/{name}/remove: after a question on a page of its own."""
    form, name = await read_form(request), request.match_info["name"]
    if form["sure"] != "yes":
        return await page(request, "channel_remove.html", {"name": name}, section="channels")
    await site_of(request).verbs.channels.remove(actor_of(request), name)
    return redirect("/channels?done=channel-removed")
