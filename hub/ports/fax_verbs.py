"""Verbs of faxing to a contact (hub/services/faxes.py)."""

from collections.abc import Sequence
from typing import Protocol

from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.domain.views import FaxDraft, FaxReceipt, FileData


class FaxVerbs(Protocol):
    """Right: WRITE_MESSAGES."""

    async def draft(
        self, actor: Actor, contact_id: ContactId, text: str, *, files: Sequence[FileData] = (), number: str = ""
    ) -> FaxDraft:
        """The pages before anyone presses send, and to which number: the one given, else the contact's own. Raises
        Invalid where nothing can be drawn."""

    async def send(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        *,
        files: Sequence[FileData] = (),
        number: str = "",
        again: bool = False,
        key: str = "",
    ) -> FaxReceipt:
        """Fax it, in a conversation with that number; begins one where there is none. `again`: although the same went
        there shortly before. Under a key it is submitted once. Raises Conflict where it cannot be sent."""
