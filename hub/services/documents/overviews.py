"""Overviews: one page for one contact with everything that is shared with them now, behind a personal link. The secret
of the link is the right, and is not kept. What can be fetched there is fetched under each link's own limits and log."""

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.domain.contact import Contact
from hub.domain.document import Document, ScanState, UploadRequest
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, UserId
from hub.domain.sharing import Download, Overview, Share, overview_id
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, OVERVIEWS, VERDICTS
from hub.ports.store import Exists, Store
from hub.services.audit import Audit
from hub.services.documents.requests import UploadRequests
from hub.services.merged import find_survivor
from hub.services.sharing import GONE, MAX_LOG, TOKEN_BYTES, VISITOR, SharedFile, Sharing

PATH = "/d/"
SWAPS = 20
MOST = 100
"""Overviews of a contact that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """What stands on the page."""

    overview: Overview
    shares: tuple[Share, ...]
    requests: tuple[UploadRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overviews:
    """Makes and honours them."""

    store: Store
    clock: Clock
    audit: Audit
    sharing: Sharing
    requests: UploadRequests
    secret: bytes

    @property
    def max_bytes(self) -> int:
        """Of a file that is put in."""
        return self.requests.max_bytes

    async def make(
        self, contact_id: ContactId, *, days: int, key: str, created_by: UserId | None = None
    ) -> tuple[str, Overview]:
        """(address, overview); the same key gives the same. Raises Invalid."""
        if not 1 <= days <= 365:
            raise Invalid("A link lasts 1 to 365 days.", field="days")
        mac = hmac.new(self.secret, f"overview|{contact_id}|{key}".encode(), hashlib.sha256).digest()
        token = b32encode(mac[:TOKEN_BYTES]).decode("ascii").lower()
        now = self.clock.now()
        overview = Overview(
            id=overview_id(token),
            contact_id=contact_id,
            created_by=created_by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        result = await self.store.documents(OVERVIEWS).insert(overview)
        return f"{self.sharing.base_url}{PATH}{token}", result.current if isinstance(result, Exists) else overview

    async def of(self, contact: Contact) -> list[Overview]:
        """Of the contact and of whom it has taken in, newest first; ended ones too."""
        found: list[Overview] = []
        for id in _ids(contact):
            page = await self.store.documents(OVERVIEWS).page("by_contact", id, limit=MOST, newest_first=True)
            found += page.items
        return sorted(found, key=lambda one: one.created_at, reverse=True)[:MOST]

    async def end(self, id: str) -> Overview:
        """It opens nothing any more. Raises NotFound, Conflict."""
        return await self._change(id, lambda it: it if it.revoked_at else replace(it, revoked_at=self.clock.now()))

    async def _change(self, id: str, change: Callable[[Overview], Overview]) -> Overview:
        overviews = self.store.documents(OVERVIEWS)
        for _ in range(SWAPS):
            overview = await overviews.get(id)
            if overview is None:
                raise NotFound("There is no such link.", id=id[:60])
            changed = change(overview)
            if changed == overview or await overviews.replace(changed, overview.version):
                return changed
        raise Conflict("The link is being used all the time; try again.")

    async def shared_with(self, contact: Contact) -> list[Share]:
        """The open links that were made for the contact, or for whom it has taken in; without what is infected."""
        shares = await self.sharing.addressed_to(_ids(contact))
        names = list(dict.fromkeys(share.sha256 for share in shares))
        verdicts = await self.store.documents(VERDICTS).get_many(names) if names else {}
        bad = {name for name, verdict in verdicts.items() if verdict.state is ScanState.INFECTED}
        return [share for share in shares if share.sha256 not in bad]

    # Visitors

    async def open(self, token: str) -> tuple[Overview, Contact]:
        """Raises NotFound for a link that never was, has expired, was ended, or whose contact is gone: the answer is
        the same."""
        wanted = overview_id(token)
        overview = await self.store.documents(OVERVIEWS).get(wanted)
        if overview is None or not hmac.compare_digest(overview.id, wanted):
            raise NotFound(GONE)
        if overview.revoked_at is not None or overview.expires_at <= self.clock.now():
            raise NotFound(GONE)
        contact = await find_survivor(self.store.documents(CONTACTS), overview.contact_id)
        if contact is None:
            raise NotFound(GONE)
        return overview, contact

    async def look(self, token: str, client: str) -> OverviewView:
        """The page; the visit is counted and logged before anything is told. Raises NotFound, Conflict."""
        overview, contact = await self.open(token)
        visit = Download(at=self.clock.now(), client=client[:64])

        def count(current: Overview) -> Overview:
            return replace(current, visits=current.visits + 1, log=(*current.log, visit)[-MAX_LOG:])

        await self._change(overview.id, count)
        await self.audit.record(VISITOR, "documents.visit", contact.id, detail=overview.id)
        return await self.view(token)

    async def view(self, token: str) -> OverviewView:
        """As `look`, where the same visit is shown again. Raises NotFound."""
        overview, contact = await self.open(token)
        shares = await self.shared_with(contact)
        requests = await self.requests.open_for(_ids(contact))
        return OverviewView(overview=overview, shares=tuple(shares), requests=tuple(requests))

    async def fetch(self, token: str, share_id: str, client: str) -> SharedFile:
        """One file of the page, under its own link's limits and log. Raises NotFound, Conflict."""
        _, contact = await self.open(token)
        if share_id not in {share.id for share in await self.shared_with(contact)}:
            raise NotFound(GONE)
        return await self.sharing.fetch_share(share_id, client)

    async def take(self, token: str, request_id: str, file: FileData, client: str) -> Document:
        """A file for one of the page's upload links. Raises NotFound, Invalid."""
        _, contact = await self.open(token)
        if request_id not in {request.id for request in await self.requests.open_for(_ids(contact))}:
            raise NotFound(GONE)
        return await self.requests.take_for(request_id, file, client)


def _ids(contact: Contact) -> tuple[ContactId, ...]:
    """A merged contact's shares are one."""
    return (contact.id, *contact.members)
