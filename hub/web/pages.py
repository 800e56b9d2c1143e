"""Rendering: one Jinja environment, and what every template is given."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import jinja2
from aiohttp import web
from markupsafe import Markup

from hub.domain.errors import FernamtError
from hub.domain.people import Right
from hub.web.assets import Assets
from hub.web.formats import Reader, zone_named
from hub.web.language import LANGUAGES, preferred
from hub.web.site import ACTOR, site_of
from hub.web.tables import label_cells
from hub.web.wording import said, wording

TEMPLATES = Path(__file__).parent / "templates"
THEMES = ("light", "dark")


def make_templates(assets: Assets) -> jinja2.Environment:
    """The environment. Templates are compiled when first used; a name that is not there is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        enable_async=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(asset=assets.url, query=query, Markup=Markup, LANGUAGES=LANGUAGES, wording=wording)
    return environment


def query(**values: str | None) -> str:
    """`?a=1&b=2` of the values that are not empty, or ''."""
    kept = {name: value for name, value in values.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def reader_of(request: web.Request) -> Reader:
    """Language: the signed-in colleague's, else the cookie's, else the browser's. Zone: theirs, else the browser's
    (a cookie that the page's script sets), else the hub's."""
    site = site_of(request)
    actor = request.get(ACTOR)
    cookie = request.cookies.get("language", "")
    language = actor.language if actor else cookie
    if language not in LANGUAGES:
        language = preferred(request.headers.get("Accept-Language", ""), site.facts.language)
    own = zone_named(actor.time_zone) if actor else None
    seen = zone_named(request.cookies.get("zone", "").replace("%2F", "/"))
    zone = own or seen or zone_named(site.facts.time_zone) or zone_named("UTC")
    assert zone is not None
    return Reader(language=language, zone=zone, now=site.clock.now())


def local_path(text: str) -> str:
    """The text where it is a path on this site, else '/': no redirect leads elsewhere (`//host`, `/\\host`)."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if plain and text.isprintable() and "\\" not in text and len(text) < 2_000 else "/"


Errors = FernamtError | Mapping[str, str] | None
"""What is wrong with a form."""


async def page(
    request: web.Request,
    template: str,
    values: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    section: str = "",
    twin: str = "",
    errors: Errors = None,
) -> web.Response:
    """Render a template. `section` is the entry of the navigation that is current, `twin` the JSON address of a list,
    `errors` what is wrong with a form, by field ('' for the whole)."""
    site, actor, r = site_of(request), request.get(ACTOR), reader_of(request)
    theme = request.cookies.get("theme", "")
    base: dict[str, object] = {
        "r": r,
        "t": r.t,
        "n": r.n,
        "actor": actor,
        "rights": actor.rights if actor else frozenset(),
        "Right": Right,
        "theme": theme if theme in THEMES else "",
        "company": site.facts.company,
        "path": request.path_qs,
        "section": section,
        "twin": twin,
        "nonce": secrets.token_urlsafe(12),
        "errors": field_errors(errors, r),
        "done": request.query.get("done", ""),
        "part": request.query.get("part", ""),
        "events": "",
    }
    body = label_cells(await site.templates.get_template(template).render_async(base | dict(values or {})))
    response = web.Response(text=body, content_type="text/html", status=status)
    if len(body) > 2_000:
        response.enable_compression()
    return response


def field_errors(errors: Errors, r: Reader) -> dict[str, str]:
    """What to show beside which field ('' for the whole form). A verb's error names its field as `field`, or by the
    kind of address as `channel`."""
    if errors is None:
        return {}
    if isinstance(errors, FernamtError):
        named = str(errors.fields.get("field") or errors.fields.get("channel") or "")
        named = _CALLED.get(named, named)
        return {named if named in FORM_FIELDS else "": said(errors, r)}
    return {name: r.say(sentence) for name, sentence in errors.items()}


def beside(field: str, error: FernamtError, r: Reader) -> dict[str, str]:
    """What a verb said, to be shown beside the field that it is about though the verb could not name it."""
    return {field: said(error, r)}


_FIELDS = (
    "name password text email xmpp role display_name language organisation city roles notes files zone "
    "amount currency date time minutes contact title location slot_minutes time_zone hours country subdivision members "
    "capacity fee deadline code city subject place end "
    "first_response_minutes resolution_minutes accounts right tag kind other purpose source file "
    "address proof folder days template appointment links"
)
FORM_FIELDS = frozenset(_FIELDS.split())
_CALLED = {"start": "date", "at": "date", "own_role": "role", "rights": "right", "tags": "tag", "mapping": "file"}
"""What a verb calls a value, and the field of the form in which it was entered."""


def redirect(location: str) -> web.Response:
    """303: what was sent is done, look there."""
    return web.Response(status=303, headers={"Location": location})
