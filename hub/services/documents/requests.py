"""Upload requests: "send us your plan here". A signed, expiring link to a small page; what a visitor puts in becomes a
document in the right folder. The secret is the right, as with shared files; it is not kept."""

import hashlib
import hmac
import mimetypes
from base64 import b32encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.domain.document import (
    Document,
    DocumentSource,
    FileVersion,
    UploadRequest,
    document_id,
    tidy_name,
    upload_request_id,
)
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, UserId
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.kinds import UPLOAD_REQUESTS
from hub.ports.store import Exists, Page, Store
from hub.services.audit import Audit
from hub.services.documents.archive import Archive, check_folder
from hub.services.documents.checking import Checking
from hub.services.sharing import GONE, TOKEN_BYTES, VISITOR

PATH = "/u/"
SWAPS = 20
Told = Callable[[UploadRequest, Document], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequests:
    """Makes and honours them."""

    store: Store
    clock: Clock
    audit: Audit
    archive: Archive
    checking: Checking
    secret: bytes
    base_url: str
    max_bytes: int

    async def make(
        self,
        *,
        contact_id: ContactId | None,
        folder: str,
        text: str,
        days: int,
        limit: int,
        key: str,
        created_by: UserId | None,
    ) -> tuple[str, UploadRequest]:
        """(address, request). Raises Invalid."""
        if not 1 <= days <= 365 or not 1 <= limit <= 100:
            raise Invalid("An upload link lasts 1 to 365 days and takes 1 to 100 files.", field="days")
        if len(text) > 500:
            raise Invalid("What is asked for has at most 500 characters.", field="text")
        token = self._token(key)
        now = self.clock.now()
        request = UploadRequest(
            id=upload_request_id(token),
            contact_id=contact_id,
            folder=check_folder(folder),
            text=" ".join(text.split()),
            created_by=created_by,
            created_at=now,
            expires_at=now + timedelta(days=days),
            limit=limit,
        )
        result = await self.store.documents(UPLOAD_REQUESTS).insert(request)
        return f"{self.base_url.rstrip('/')}{PATH}{token}", result.current if isinstance(result, Exists) else request

    def _token(self, key: str) -> str:
        mac = hmac.new(self.secret, f"upload|{key}".encode(), hashlib.sha256).digest()
        return b32encode(mac[:TOKEN_BYTES]).decode("ascii").lower()

    async def page(self, after: str | None, limit: int) -> Page[UploadRequest]:
        """Newest first."""
        documents = self.store.documents(UPLOAD_REQUESTS)
        return await documents.page("by_listing", "all", after=after, limit=limit, newest_first=True)

    async def get(self, id: str) -> UploadRequest:
        """Raises NotFound."""
        request = await self.store.documents(UPLOAD_REQUESTS).get(id)
        if request is None:
            raise NotFound("There is no such upload link.", id=id[:60])
        return request

    async def end(self, id: str) -> UploadRequest:
        """It takes nothing any more. Raises NotFound, Conflict."""
        return await self._change(id, lambda it: it if it.revoked_at else replace(it, revoked_at=self.clock.now()))

    async def _change(self, id: str, change: Callable[[UploadRequest], UploadRequest]) -> UploadRequest:
        documents = self.store.documents(UPLOAD_REQUESTS)
        for _ in range(SWAPS):
            request = await self.get(id)
            changed = change(request)
            if changed == request or await documents.replace(changed, request.version):
                return changed
        raise Conflict("The upload link is being used all the time; try again.")

    # Visitors

    async def open(self, token: str) -> UploadRequest:
        """What the link asks for. Raises NotFound for one that never was, has expired, was ended or is used up."""
        return await self.open_request(upload_request_id(token))

    async def open_request(self, id: str) -> UploadRequest:
        """As `open`, for whoever has shown another right to it than the link's secret."""
        request = await self.store.documents(UPLOAD_REQUESTS).get(id)
        if request is None or not self.is_open(request):
            raise NotFound(GONE)
        return request

    async def open_for(self, contact_ids: Sequence[ContactId]) -> list[UploadRequest]:
        """The open ones of these contacts, newest first; of the newest 200 each."""
        found: list[UploadRequest] = []
        for contact_id in contact_ids:
            documents = self.store.documents(UPLOAD_REQUESTS)
            page = await documents.page("by_contact", contact_id, limit=200, newest_first=True)
            found += [request for request in page.items if self.is_open(request)]
        return sorted(found, key=lambda request: request.created_at, reverse=True)

    def is_open(self, request: UploadRequest) -> bool:
        """Whether it takes a file now."""
        now = self.clock.now()
        return request.revoked_at is None and request.expires_at > now and request.taken < request.limit

    async def take(self, token: str, file: FileData, client: str) -> Document:
        """Keep a visitor's file. It is counted before it is kept. Raises NotFound, Invalid."""
        return await self.take_for(upload_request_id(token), file, client)

    async def take_for(self, id: str, file: FileData, client: str) -> Document:
        """As `take`, for whoever has shown another right to it than the link's secret."""
        request = await self.open_request(id)
        check_size(file, self.max_bytes)

        def count(current: UploadRequest) -> UploadRequest:
            if not self.is_open(current):
                raise NotFound(GONE)
            return replace(current, taken=current.taken + 1)

        counted = await self._change(request.id, count)
        document = await self.archive.keep(
            await make_document(
                self.archive,
                self.checking,
                file,
                id=document_id("request", request.id, str(counted.taken)),
                source=DocumentSource.REQUESTED,
                clock=self.clock,
                contact_id=request.contact_id,
                folder=request.folder,
            )
        )
        await self.audit.record(VISITOR, "documents.receive", document.id, detail=f"{request.id} {client[:64]}")
        return document


def check_size(file: FileData, most: int) -> None:
    """Raises Invalid."""
    if not file.data:
        raise Invalid("The file is empty.", field="file")
    if len(file.data) > most:
        raise Invalid(f"The file is larger than {most // 1_000_000} MB.", field="file")


def type_of(file: FileData) -> str:
    """The media type as claimed; where nothing is claimed, what the ending tells."""
    claimed = file.type[:100].lower()
    if claimed not in ("", "application/octet-stream"):
        return claimed
    return mimetypes.guess_type(tidy_name(file.name))[0] or "application/octet-stream"


async def make_document(
    archive: Archive,
    checking: Checking,
    file: FileData,
    *,
    id: str,
    source: DocumentSource,
    clock: Clock,
    contact_id: ContactId | None,
    folder: str,
    tags: tuple[str, ...] = (),
    links: tuple[str, ...] = (),
    by: UserId | None = None,
) -> Document:
    """A document of these bytes, which are durable before it is."""
    sha256 = await archive.blobs.put(file.data)
    name, now = tidy_name(file.name), clock.now()
    content = FileVersion(
        number=1,
        name=name,
        type=type_of(file),
        size=len(file.data),
        sha256=sha256,
        at=now,
        by=by,
        scan=checking.first_state,
    )
    return Document(
        id=id,
        name=name,
        folder=folder,
        tags=tags,
        links=links,
        contact_id=contact_id,
        source=source,
        at=now,
        created_by=by,
        versions=(content,),
    )
