"""What colleagues may do: roles, rows and teams."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from hub.domain.errors import NotFound
from hub.domain.people import Right, Role, RowScope, UserRole
from hub.web.api import shapes
from hub.web.api.requests import Body, Name, Short, read_body, version_of
from hub.web.api.shapes import Json
from hub.web.site import actor_of, site_of


class UserChange(Body):
    """What is to change of a colleague; fields left out stay."""

    role: Literal["admin", "agent", "accountant", "read-only"] | None = None
    own_role: Short | None = None
    rows: Literal["all", "team", "own"] | None = None
    teams: Annotated[tuple[Name, ...], Field(max_length=20)] | None = None
    active: bool | None = None
    display_name: Short | None = None


class RoleBody(Body):
    """A company's own role."""

    name: Name
    rights: Annotated[tuple[Right, ...], Field(max_length=50)] = ()


def _role(role: Role) -> Json:
    return {"id": role.id, "version": role.version, "name": role.name, "rights": list(role.rights)}


async def change_user(request: web.Request) -> web.Response:
    """PATCH /users/{name}."""
    body = await read_body(request, UserChange)
    verbs, actor = site_of(request).verbs, actor_of(request)
    user = await verbs.users.get(actor, request.match_info["name"])
    changed = await verbs.users.change(
        actor,
        user.id,
        role=UserRole(body.role) if body.role else None,
        own_role=body.own_role,
        rows=RowScope(body.rows) if body.rows else None,
        teams=body.teams,
        active=body.active,
        display_name=body.display_name,
    )
    return web.json_response(shapes.user(changed))


async def list_roles(request: web.Request) -> web.Response:
    """GET /roles: the company's own, and the rights there are."""
    found = await site_of(request).verbs.users.roles(actor_of(request))
    return web.json_response({"items": [_role(role) for role in found], "next": None, "rights": list(Right)})


async def create_role(request: web.Request) -> web.Response:
    """POST /roles."""
    body = await read_body(request, RoleBody)
    fresh = Role(id="", name=body.name, rights=body.rights)
    saved = await site_of(request).verbs.users.save_role(actor_of(request), fresh)
    return web.json_response(_role(saved), status=201, headers={"ETag": f'"{saved.version}"'})


async def change_role(request: web.Request) -> web.Response:
    """PUT /roles/{id}."""
    body = await read_body(request, RoleBody)
    verbs, actor, wanted = site_of(request).verbs, actor_of(request), request.match_info["id"]
    known = next((role for role in await verbs.users.roles(actor) if role.id == wanted), None)
    if known is None:
        raise NotFound("There is no such role.", id=wanted[:60])
    changed = Role(id=known.id, version=version_of(request, known.version), name=body.name, rights=body.rights)
    saved = await verbs.users.save_role(actor, changed)
    return web.json_response(_role(saved), headers={"ETag": f'"{saved.version}"'})


async def delete_role(request: web.Request) -> web.Response:
    """DELETE /roles/{id}: 409 while a colleague has it."""
    await site_of(request).verbs.users.delete_role(actor_of(request), request.match_info["id"])
    return web.Response(status=204)
