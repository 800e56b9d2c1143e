"""Verbs of documents (hub/services/documents/). Rights: READ_CONTACTS to look, EDIT_CONTACTS to file and share."""

from datetime import datetime
from typing import Protocol

from hub.domain.document import Document, DocumentTemplate, FilingProposal, UploadRequest
from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.domain.sharing import Overview, Share
from hub.domain.views import FileData
from hub.ports.store import Page


class DocumentVerbs(Protocol):
    """A document without a contact is the company's, and everybody's to see."""

    async def page(
        self,
        actor: Actor,
        *,
        folder: str = "",
        tag: str = "",
        contact_id: ContactId | None = None,
        type: str = "",
        link: str = "",
        removed: bool = False,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Document]:
        """Newest first. `folder` with those below it; `type`: see `group_of`; `link`: as `order:R-2001`."""

    async def search(self, actor: Actor, text: str, after: str | None = None, limit: int = 20) -> Page[Document]:
        """By words in name, folder, tags and content; all of them, newest first."""

    async def get(self, actor: Actor, document_id: str) -> Document: ...

    async def folders(self, actor: Actor) -> list[str]: ...

    async def tags(self, actor: Actor) -> list[str]: ...

    async def duplicates(self, actor: Actor, document_id: str) -> list[Document]:
        """Other documents with the same content, at most 20."""

    async def download(self, actor: Actor, document_id: str, number: int = 0) -> FileData:
        """A content; 0 is the current one. Raises Refused for an infected one."""

    async def preview(self, actor: Actor, document_id: str, width: int = 480) -> FileData:
        """The first page as a PNG. Raises NotFound where there is no picture of it."""

    async def upload(
        self,
        actor: Actor,
        file: FileData,
        *,
        folder: str = "",
        tags: tuple[str, ...] = (),
        contact_id: ContactId | None = None,
        links: tuple[str, ...] = (),
        key: str,
    ) -> Document:
        """The same key keeps one. Raises Invalid for an empty or too large file."""

    async def add_version(self, actor: Actor, document_id: str, file: FileData, version: int) -> Document:
        """A new content under the same document. Raises Conflict where `version` is not the stored one."""

    async def file(
        self,
        actor: Actor,
        document_id: str,
        *,
        name: str | None = None,
        folder: str | None = None,
        tags: tuple[str, ...] | None = None,
        contact_id: ContactId | None = None,
        links: tuple[str, ...] | None = None,
        keep_until: datetime | None = None,
        version: int | None = None,
    ) -> Document:
        """File it elsewhere; what is None stays. Raises Conflict."""

    async def remove(self, actor: Actor, document_id: str) -> Document:
        """Out of every list; for 30 days it can be restored. Raises Conflict before `keep_until`."""

    async def restore(self, actor: Actor, document_id: str) -> Document: ...

    async def purgeable(self, actor: Actor) -> list[Document]:
        """Removed documents whose time is over and that the next round purges; oldest first, at most 200. For whoever
        may delete conversations."""

    async def purge(self, actor: Actor) -> int:
        """Let the purge begin its next round now; how many documents are due. What goes cannot be restored."""

    async def propose(self, actor: Actor, file: FileData) -> FilingProposal:
        """Where a file seems to belong, by what stands in it."""

    async def share(
        self,
        actor: Actor,
        document_id: str,
        *,
        contact_id: ContactId | None = None,
        days: int = 30,
        limit: int = 0,
        key: str,
    ) -> tuple[str, Share]:
        """(address, link). The address is told once; the same key tells the same. With `contact_id` it also stands on
        that contact's overview. Raises Refused for an infected content, Invalid."""

    async def shares(
        self, actor: Actor, document_id: str = "", after: str | None = None, limit: int = 50
    ) -> Page[Share]:
        """Links of a document or all of them, newest first."""

    async def revoke(self, actor: Actor, share_id: str) -> Share: ...

    async def request_upload(
        self,
        actor: Actor,
        *,
        contact_id: ContactId | None = None,
        folder: str = "",
        text: str = "",
        days: int = 14,
        limit: int = 10,
        key: str,
    ) -> tuple[str, UploadRequest]:
        """(address, request): a small page on which a visitor puts files in. The address is told once."""

    async def upload_requests(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[UploadRequest]:
        """Newest first."""

    async def end_request(self, actor: Actor, request_id: str) -> UploadRequest: ...

    async def share_overview(
        self, actor: Actor, contact_id: ContactId, *, days: int = 30, key: str
    ) -> tuple[str, Overview]:
        """(address, overview): the contact's page of what is shared with them. The address is told once; the same key
        tells the same. Raises NotFound, Invalid."""

    async def overviews(self, actor: Actor, contact_id: ContactId) -> list[Overview]:
        """Of a contact, newest first, with their visits; ended ones too."""

    async def end_overview(self, actor: Actor, overview_id: str) -> Overview: ...

    async def shared_with(self, actor: Actor, contact_id: ContactId) -> list[Share]:
        """The open links that were made for a contact: what stands on their overview. Newest first, at most 200."""

    async def templates(self, actor: Actor) -> list[DocumentTemplate]: ...

    async def save_template(self, actor: Actor, template: DocumentTemplate) -> DocumentTemplate:
        """New where `version` is 0. Raises Invalid for an unknown field, Conflict."""

    async def delete_template(self, actor: Actor, name: str) -> None: ...

    async def preview_template(self, actor: Actor, template: DocumentTemplate, contact_id: ContactId) -> FileData:
        """The PDF that it would make for this contact; a field without a value stands in it by its name, and nothing is
        kept. Raises Invalid, NotFound, Refused where it tells of money and the actor may not read it."""

    async def fill_template(
        self, actor: Actor, name: str, contact_id: ContactId, *, appointment_id: str = "", key: str
    ) -> Document:
        """A PDF with the contact's fields, filed as a document of theirs."""
