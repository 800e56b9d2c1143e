"""Files that go with a message: attached where the channel carries them, behind a link where it does not, and the text
says so (AC-29). Nothing is ever dropped in silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from hub.domain.ids import ContactId
from hub.domain.message import Attachment
from hub.domain.views import FileData
from hub.ports.blobs import Blobs
from hub.ports.connector import Account
from hub.services.sharing import Sharing
from hub.services.wording import say

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """What goes along: the text with the links in it, and what is attached."""

    text: str
    attachments: tuple[Attachment, ...]


class Enclosures:
    """`sharing` makes the links; without it everything is attached."""

    def __init__(self, blobs: Blobs, sharing: Sharing | None = None, zone: tzinfo | None = None) -> None:
        self._blobs, self._sharing, self._zone = blobs, sharing, zone

    async def enclose(
        self,
        account: Account | None,
        text: str,
        files: Sequence[FileData],
        *,
        contact_id: ContactId,
        entry_id: str,
        language: str,
    ) -> Enclosed:
        """Keep the files. The same entry gives the same links, however often it is submitted."""
        attachments: list[Attachment] = []
        lines: list[str] = []
        for index, file in enumerate(files):
            sha256 = await self._blobs.put(file.data)
            if account is None or self._sharing is None or len(file.data) <= account.max_file_bytes:
                name, size = file.name[:255], len(file.data)
                attachments.append(Attachment(index=index, name=name, type=file.type, size=size, sha256=sha256))
                continue
            address, share = await self._sharing.publish(
                name=file.name,
                type=file.type,
                size=len(file.data),
                sha256=sha256,
                key=f"{entry_id}|{index}",
                contact_id=contact_id,
                addressed=True,
                subject=entry_id,
            )
            until = f"{share.expires_at.astimezone(self._zone):%d.%m.%Y}"
            size_text = f"{max(0.1, len(file.data) / MIB):.1f} MB"
            if language == "de":
                size_text = size_text.replace(".", ",")
            lines.append(say(language, "file-as-link", name=file.name, size=size_text, until=until, address=address))
        whole = "\n\n".join([part for part in (text.strip(), *lines) if part])
        return Enclosed(text=whole, attachments=tuple(attachments))
