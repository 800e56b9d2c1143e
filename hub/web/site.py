"""What every handler needs, in one object under one key of the application."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import jinja2
from aiohttp import web

from hub.domain.people import Actor
from hub.ports.bot import StaffDoor
from hub.ports.clock import Clock
from hub.ports.events import Events
from hub.ports.verbs import Verbs
from hub.web.assets import Assets
from hub.web.limits import Limiter
from hub.web.memory import Chats, Nonces, Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What the site knows of its installation."""

    version: str
    company: str = "Fernamt"
    base_url: str = ""
    """`https://hub.example.org` where a proxy serves us under another name; '' where the Host header tells it.
    With https the session cookie is `Secure`."""
    language: str = "en"
    """For people whose browser asks for neither German nor English."""
    time_zone: str = "UTC"
    """For readers whose own zone is not known."""
    address_forms: tuple[str, ...] = ("email", "xmpp")
    """The kinds of address that may be entered by hand."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed."""
    metrics_token: str = ""
    """Lets a scraper that is not on this machine read /metrics."""
    max_upload_bytes: int = 20_971_520

    @property
    def secure(self) -> bool:
        """Whether people reach us over https."""
        return self.base_url.startswith("https://")

    @property
    def cookie_name(self) -> str:
        """The session cookie; the prefix makes browsers insist on Secure and on this host."""
        return "__Host-fernamt" if self.secure else "fernamt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What /healthz and /readyz answer. `problems` are short sentences without secrets."""

    alive: bool = True
    ready: bool
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a handler may use."""

    verbs: Verbs
    events: Events
    door: StaffDoor
    clock: Clock
    facts: SiteFacts
    health: Callable[[], Awaitable[Health]]
    metrics: Callable[[], bytes]
    templates: jinja2.Environment
    assets: Assets
    failures: Limiter
    """Failed sign-ins and tokens, for each client."""
    nonces: Nonces = field(default_factory=Nonces)
    chats: Chats = field(default_factory=Chats)
    uploads: Uploads = field(default_factory=Uploads)


SITE: web.AppKey[Site] = web.AppKey("site", Site)
ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)


def site_of(request: web.Request) -> Site:
    """The site that serves this request."""
    return request.config_dict[SITE]


def actor_of(request: web.Request) -> Actor:
    """Who is signed in; the guard has seen to it that somebody is."""
    return request[ACTOR]


def client_of(request: web.Request) -> str:
    """The client's address, for rate limits and the audit: the peer, or what a trusted proxy says it is."""
    facts = site_of(request).facts
    peer = request.remote or ""
    if peer in facts.trusted_proxies:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded[:64] or peer
    return peer
