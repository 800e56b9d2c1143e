"""The part of the composition root that builds what faces people and other systems over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from config.model import Config
from hub.ports.bot import StaffDoor
from hub.ports.clock import Clock
from hub.ports.events import Events
from hub.ports.verbs import Verbs
from hub.services.documents.overviews import Overviews
from hub.services.documents.requests import UploadRequests
from hub.services.occasions.guests import Guests
from hub.services.sharing import Sharing
from hub.version import VERSION
from hub.web.api.demo import PLANT, seed
from hub.web.guests import open_guest_pages
from hub.web.overviews import open_overviews
from hub.web.peers import PeerDoor, open_peer_door
from hub.web.server import make_site
from hub.web.shares import open_shares
from hub.web.site import Health, SiteFacts
from hub.web.uploads import open_upload_pages


def build_site(
    *,
    config: Config,
    verbs: Verbs,
    events: Events,
    door: StaffDoor,
    clock: Clock,
    health: Callable[[], Awaitable[Health]],
    metrics: Callable[[], bytes],
    plant: Any,
    sharing: Sharing,
    guests: Guests,
    requests: UploadRequests,
    overviews: Overviews,
    peers: PeerDoor,
) -> web.Application:
    """Console, API and the door for other systems, over the verbs. `plant` fills in the demo company."""
    site = make_site(
        verbs=verbs,
        events=events,
        door=door,
        clock=clock,
        facts=SiteFacts(
            version=VERSION,
            company=config.hub.company,
            base_url=config.http.public_url,
            trusted_proxies=config.http.trusted_proxies,
            language=config.hub.language,
            time_zone=config.hub.time_zone,
        ),
        health=health,
        metrics=metrics,
    )
    open_peer_door(site, peers)
    open_shares(site, sharing)
    open_guest_pages(site, guests)
    open_upload_pages(site, requests)
    open_overviews(site, overviews)
    site[PLANT] = plant
    site.router.add_post("/api/v1/seed", seed)
    return site
