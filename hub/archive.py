"""The part of the composition root that builds documents: the rendering worker, the virus check, the archive."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from config.model import Config
from hub.business import Business, Ground
from hub.ports.clock import Clock
from hub.ports.renderer import Renderer
from hub.ports.store import Store
from hub.rendering.process import ProcessRenderer
from hub.scanning.clamd import Clamd
from hub.services.documents.archive import Archive
from hub.services.documents.checking import Checking
from hub.services.documents.digesting import Digesting
from hub.services.documents.filing import Filing
from hub.services.documents.following import Following
from hub.services.documents.letters import Letters
from hub.services.documents.overviews import Overviews
from hub.services.documents.purging import Purging
from hub.services.documents.requests import UploadRequests
from hub.services.documents.verbs import Documents
from hub.services.rows import Rows
from hub.services.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Made by `build_archive`."""

    documents: Documents
    requests: UploadRequests
    overviews: Overviews
    following: Following
    digesting: Digesting
    purging: Purging
    renderer: Renderer

    @property
    def tasks(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What runs as long as the hub does, by name."""
        return {"following": self.following.run, "digesting": self.digesting.run, "purging": self.purging.run}


def build_checking(config: Config, store: Store, clock: Clock) -> Checking:
    """The virus check, where one is configured."""
    place = config.documents.clamd
    return Checking(store, clock, Clamd(place) if place else None)


def build_archive(
    ground: Ground,
    business: Business,
    checking: Checking,
    renderer: Renderer,
    *,
    base_url: str,
    max_bytes: int,
    retention: timedelta = timedelta(days=30),
    observe: Callable[[int, int], None] = lambda documents, blobs: None,
) -> Filed:
    """Make every object; starts nothing. `observe` hears how many documents and blobs were purged."""
    store, clock, audit = ground.store, ground.clock, ground.audit
    sources = Sources(store, ground.channels, ground.worker)
    archive = Archive(store=store, clock=clock, terms=ground.terms, sources=sources)
    ground.sharing.check_with(checking.allow_link)  # From now on no link gives out what is infected.
    requests = UploadRequests(
        store=store,
        clock=clock,
        audit=audit,
        archive=archive,
        checking=checking,
        secret=ground.secret,
        base_url=base_url,
        max_bytes=max_bytes,
    )
    overviews = Overviews(
        store=store, clock=clock, audit=audit, sharing=ground.sharing, requests=requests, secret=ground.secret
    )
    rows = Rows(store, ground.staff)
    purging = Purging(store=store, clock=clock, audit=audit, archive=archive, retention=retention, observe=observe)
    documents = Documents(
        store=store,
        clock=clock,
        audit=audit,
        archive=archive,
        checking=checking,
        renderer=renderer,
        sharing=ground.sharing,
        requests=requests,
        overviews_kept=overviews,
        letters=Letters(store),
        purging=purging,
        filing=Filing(store=store, renderer=renderer, contacts=business.contacts, rows=rows),
        accounts=business.accounts,
        calendar=business.calendar,
        terms=ground.terms,
        company=ground.company,
        time_zone=ground.time_zone,
        max_bytes=max_bytes,
    )
    return Filed(
        documents=documents,
        requests=requests,
        overviews=overviews,
        following=Following(store=store, clock=clock, events=ground.events, archive=archive, checking=checking),
        digesting=Digesting(archive=archive, checking=checking, renderer=renderer, clock=clock),
        purging=purging,
        renderer=renderer,
    )


def make_renderer() -> ProcessRenderer:
    """Started by the first file."""
    return ProcessRenderer()


def archive_for(
    config: Config,
    ground: Ground,
    business: Business,
    checking: Checking,
    renderer: Renderer,
    observe: Callable[[int, int], None],
) -> Filed:
    """As `build_archive`, with what the configuration says of addresses and limits."""
    base_url = config.http.public_url or f"http://{config.http.listen}"
    most = config.documents.max_upload_bytes
    return build_archive(
        ground,
        business,
        checking,
        renderer,
        base_url=base_url,
        max_bytes=most,
        retention=timedelta(days=config.documents.keep_removed_days),
        observe=observe,
    )
