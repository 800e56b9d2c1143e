"""The virus check."""

from dataclasses import dataclass
from typing import Protocol

from hub.domain.document import ScanState


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """CLEAN, INFECTED (`detail`: the signature's name) or UNSCANNABLE (`detail`: why)."""

    state: ScanState
    detail: str = ""


class Scanner(Protocol):
    """Looks for viruses."""

    async def scan(self, data: bytes) -> Finding:
        """Raises ScannerAway."""
