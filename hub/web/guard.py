"""The middlewares that stand before every handler. Outermost first: headers, errors, same origin, sign-in."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from hub.domain.errors import (
    Ambiguous,
    ConfigurationInvalid,
    Conflict,
    FernamtError,
    Invalid,
    NotFound,
    Refused,
    RendererAway,
    ScannerAway,
    StoreUnavailable,
    TooMany,
    UploadTooLarge,
)
from hub.web.api.shapes import error_fields
from hub.web.pages import local_path, page, redirect
from hub.web.site import ACTOR, client_of, site_of

log = structlog.get_logger()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SAFE_METHODS = frozenset({"GET", "HEAD"})
API = "/api/v1/"
PEERS = "/in/"
"""Other systems prove themselves to their channel, over the raw bytes (hub/web/peers.py)."""
GUESTS = "/e/"
"""Secret links of invitations and campaigns (hub/web/guests.py)."""
LINKS = ("/f/", "/u/", "/d/", "/feeds/", GUESTS)
"""What stands behind the secret in the address: files, upload pages, overviews, calendars, invitations."""
PUBLIC = frozenset({"/sign-in", "/healthz", "/readyz", "/metrics", "/favicon.ico", "/robots.txt"})
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
STATUS: tuple[tuple[type[FernamtError], int], ...] = (
    (UploadTooLarge, 413),
    (Invalid, 400),
    (ConfigurationInvalid, 400),
    (Refused, 403),
    (NotFound, 404),
    (Ambiguous, 409),
    (Conflict, 409),
    (TooMany, 429),
    (StoreUnavailable, 503),
    (ScannerAway, 503),
    (RendererAway, 503),
)


def status_of(error: FernamtError) -> int:
    """The HTTP status that fits the error; 500 for one that no verb should raise."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def is_api(request: web.Request) -> bool:
    """Whether the answer must be JSON."""
    return request.path.startswith(API)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set what the handler did not set itself. A signal, so that streams and refusals get them as well."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if site_of(request).facts.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error becomes a page or a JSON object; what nobody expected is logged with its trace and told without."""
    try:
        return await handler(request)
    except FernamtError as error:
        if status_of(error) == 500:
            log.error("page_failed", path=_named(request), code=error.code, exc_info=True)
        return await error_response(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return await error_response(request, _from_http(error), error.status)
    except Exception:
        log.exception("page_failed", path=_named(request))
        return await error_response(request, FernamtError("Something went wrong on our side. It has been logged."))


def _named(request: web.Request) -> str:
    """The path for a log, without the secret that it may hold: of other systems' doors the channel alone, of secret
    links what they are for."""
    if request.path.startswith(PEERS):
        return PEERS + request.match_info.get("name", "")
    return next((link for link in LINKS if request.path.startswith(link)), request.path)


def _from_http(error: web.HTTPException) -> FernamtError:
    sentences = {
        404: NotFound("There is no such page."),
        405: Invalid("This address does not take that method."),
        413: Invalid("What was sent is too large."),
    }
    return sentences.get(error.status, Invalid("The request cannot be understood."))


def error_json(error: FernamtError, status: int, fields: dict[str, object] | None = None) -> web.Response:
    """`{code, message, fields}`, with Retry-After where waiting helps (RFC 9110 §10.2.3)."""
    shown = fields if fields is not None else {name: str(value) for name, value in error.fields.items()}
    response = web.json_response({"code": error.code, "message": error.sentence, "fields": shown}, status=status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(max(1, int(error.retry_after.total_seconds())))
    return response


async def error_response(request: web.Request, error: FernamtError, status: int | None = None) -> web.Response:
    """The error as JSON for programs, as a page for people."""
    status = status or status_of(error)
    if is_api(request):
        return error_json(error, status, error_fields(error))
    response = await page(request, "error.html", {"error": error, "status": status}, status=status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(max(1, int(error.retry_after.total_seconds())))
    return response


def same_origin(request: web.Request) -> bool:
    """Whether a write comes from one of our own pages: by Sec-Fetch-Site where the browser sends it, else by Origin.
    A request with neither does not come from a browser that we can trust with a cookie."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    if not origin or origin == "null":
        return False
    own = {request.host.lower()}
    base_url = site_of(request).facts.base_url
    if base_url:
        own.add(urlsplit(base_url).netloc.lower())
    return urlsplit(origin).netloc.lower() in own


@web.middleware
async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse writes from foreign pages. A bearer token is its own proof: no browser adds one by itself."""
    # A mail program that unsubscribes with one click (RFC 8058 §3.2) sends no Origin; the link's secret is the right.
    if request.path.startswith((PEERS, GUESTS)):
        return await handler(request)
    bearer = is_api(request) and "Authorization" in request.headers
    if request.method not in SAFE_METHODS and not bearer and not same_origin(request):
        log.warning("foreign_write_refused", path=_named(request), client=client_of(request))
        raise Refused("This was not sent from a page of this console. Open the page again and repeat it there.")
    return await handler(request)


@web.middleware
async def require_sign_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Deny by default: everything but PUBLIC, the static files and the secret feeds needs a session, or for the API a
    token."""
    if request.path in PUBLIC or request.path.startswith(("/static/", *LINKS, PEERS)):
        return await handler(request)
    if is_api(request) and "Authorization" in request.headers:
        return await _with_token(request, handler)
    site = site_of(request)
    cookie = request.cookies.get(site.facts.cookie_name, "")
    actor = await site.verbs.users.session_actor(cookie) if 0 < len(cookie) < 200 else None
    if request.path == "/preferences":
        if actor is not None:
            request[ACTOR] = actor
        return await handler(request)
    if is_api(request):
        if actor is None or request.method not in SAFE_METHODS or actor.must_change_password:
            return _unauthorised("Send an access token: Authorization: Bearer ...")
        request[ACTOR] = actor
        return await handler(request)
    if actor is None:
        wanted = request.path_qs if request.method in SAFE_METHODS and "part" not in request.query else "/"
        return redirect(f"/sign-in?next={quote(local_path(wanted), safe='')}" if wanted != "/" else "/sign-in")
    request[ACTOR] = actor
    if actor.must_change_password and request.path not in ("/password", "/sign-out"):
        return redirect("/password")
    return await handler(request)


async def _with_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    site, client = site_of(request), client_of(request)
    site.failures.check(client)
    scheme, _, token = request.headers["Authorization"].partition(" ")
    actor = None
    if scheme.lower() == "bearer" and 0 < len(token) < 500:
        actor = await site.verbs.users.token_actor(token.strip())
    if actor is None:
        site.failures.take(client)
        return _unauthorised("This access token is not valid (any more).")
    request[ACTOR] = actor
    return await handler(request)


def _unauthorised(sentence: str) -> web.Response:
    body = {"code": "unauthorised", "message": sentence, "fields": {}}
    return web.json_response(body, status=401, headers={"WWW-Authenticate": "Bearer"})
