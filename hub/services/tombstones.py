"""What was deleted on request stays deleted: keyed marks that outlive the message and tell nobody what it was."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from hub.domain.ids import InteractionId
from hub.domain.upkeep import Tombstone
from hub.ports.kinds import TOMBSTONES
from hub.ports.store import Store


def tombstone_id(secret: bytes, interaction_id: InteractionId) -> str:
    """The mark of an entry. A mail's entry id is the hash of its Message-ID and fingerprint, so that the same mail has
    the same mark wherever it lies and whenever it is read again, while another mail that borrows its Message-ID has
    not. The key keeps whoever reads the store from testing guesses."""
    return hmac.new(secret, f"tombstone:{interaction_id}".encode("ascii"), hashlib.sha256).hexdigest()


async def lay_tombstones(store: Store, secret: bytes, entries: Iterable[InteractionId], at: datetime) -> None:
    """Mark entries as deleted on request; before they are removed. Repeating it is harmless."""
    marks = [Tombstone(id=tombstone_id(secret, entry), at=at) for entry in entries]
    for start in range(0, len(marks), 500):
        await store.documents(TOMBSTONES).insert_many(marks[start : start + 500])
