"""Large bytes, content-addressed by SHA-256: putting the same bytes twice keeps one."""

from collections.abc import AsyncIterator
from typing import Protocol


class Blobs(Protocol):
    """The blob store. Raises StoreUnavailable; BlobMissing where the name is unknown."""

    async def put(self, data: bytes) -> str:
        """Keep the bytes durably; returns their SHA-256 in hex."""

    async def get(self, sha256: str) -> bytes:
        """All of them."""

    def stream(self, sha256: str) -> AsyncIterator[bytes]:
        """In pieces of 256 KiB."""

    async def delete(self, sha256: str) -> bool:
        """True where it was there."""

    async def names(self, after: str = "", limit: int = 500) -> list[str]:
        """The names (SHA-256 in hex) in order, those behind `after`: for copying. `limit` is 1 to 1,000."""
