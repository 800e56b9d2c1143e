"""What a colleague may do and see: role, rows, teams; and the company's own roles."""

from typing import Any

from aiohttp import web

from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import UserId
from hub.domain.people import NOT_FOR_OWN_ROLES, Right, Role, RowScope, UserRole
from hub.domain.views import UserLine
from hub.web.console.confirmation import ask_first
from hub.web.console.forms import Form, read_form
from hub.web.guard import status_of
from hub.web.pages import page, redirect
from hub.web.site import actor_of, site_of

OWN = "own:"
"""Before the id of a company's own role, in the form's one list of roles."""
GRANTABLE = tuple(right for right in Right if right not in NOT_FOR_OWN_ROLES)


async def _user(request: web.Request) -> UserLine:
    return await site_of(request).verbs.users.get(actor_of(request), request.match_info["id"])


def _form_of(line: UserLine) -> Form:
    values = {
        "display_name": line.display_name,
        "role": f"{OWN}{line.own_role}" if line.own_role else line.role.value,
        "rows": line.rows.value,
        "teams": ", ".join(line.teams),
        "active": "yes" if line.active else "",
    }
    return Form(values=values)


async def _page(request: web.Request, line: UserLine, form: Form, **more: Any) -> web.Response:
    values = {
        "line": line,
        "form": form,
        "builtin": list(UserRole),
        "own_roles": await site_of(request).verbs.users.roles(actor_of(request)),
        "scopes": list(RowScope),
    }
    return await page(request, "user.html", values, section="users", **more)


async def show_user(request: web.Request) -> web.Response:
    """GET /users/{id}."""
    line = await _user(request)
    return await _page(request, line, _form_of(line))


async def change_user(request: web.Request) -> web.Response:
    """POST /users/{id}."""
    users, actor = site_of(request).verbs.users, actor_of(request)
    line, form = await _user(request), await read_form(request)
    own_role = form["role"].removeprefix(OWN) if form["role"].startswith(OWN) else ""
    try:
        role = UserRole.AGENT if own_role else UserRole(form["role"])
        rows = RowScope(form["rows"] or "all")
    except ValueError as error:
        raise Invalid("There is no such role.", field="role") from error
    try:
        await users.change(
            actor,
            UserId(line.id),
            role=role,
            own_role=own_role,
            rows=rows,
            teams=[team.strip() for team in form["teams"].split(",") if team.strip()],
            active=form["active"] == "yes",
            display_name=form["display_name"],
        )
    except (Invalid, Conflict) as error:
        return await _page(request, line, form, status=status_of(error), errors=error)
    return redirect("/users?done=saved")


# Roles


async def _roles_page(request: web.Request, form: Form, **more: Any) -> web.Response:
    found = await site_of(request).verbs.users.roles(actor_of(request))
    values = {"roles": found, "form": form, "grantable": GRANTABLE}
    return await page(request, "roles.html", values, section="users", twin="/api/v1/roles", **more)


async def list_roles(request: web.Request) -> web.Response:
    """GET /roles; `role` fills in the form with one of them."""
    wanted = request.query.get("role", "")
    found = await site_of(request).verbs.users.roles(actor_of(request))
    role = next((one for one in found if one.id == wanted), None)
    if wanted and role is None:
        raise NotFound("There is no such role.", id=wanted[:60])
    values = {"id": role.id, "version": str(role.version), "name": role.name} if role else {}
    return await _roles_page(request, Form(values=values, many={"right": [*role.rights] if role else []}))


async def save_role(request: web.Request) -> web.Response:
    """POST /roles."""
    users, actor, form = site_of(request).verbs.users, actor_of(request), await read_form(request)
    rights = tuple(right for right in GRANTABLE if right.value in form.all("right"))
    version = int(form["version"]) if form["version"].isascii() and form["version"].isdigit() else 0
    try:
        await users.save_role(actor, Role(id=form["id"], version=version, name=form["name"], rights=rights))
    except (Invalid, Conflict) as error:
        return await _roles_page(request, form, status=status_of(error), errors=error)
    return redirect("/roles?done=saved")


async def delete_role(request: web.Request) -> web.Response:
    """POST /roles/{id}/delete: after a question."""
    users, actor, wanted = site_of(request).verbs.users, actor_of(request), request.match_info["id"]
    name = next((role.name for role in await users.roles(actor) if role.id == wanted), wanted)
    if question := await ask_first(request, "role", "/roles", name=name):
        return question
    try:
        await users.delete_role(actor, wanted)
    except Conflict as error:
        return await _roles_page(request, Form(values={}), status=status_of(error), errors=error)
    return redirect("/roles?done=dropped")
