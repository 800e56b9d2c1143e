"""What the verbs of documents stand on, and what several of them need."""

from dataclasses import dataclass

from hub.domain.document import ScanState
from hub.domain.errors import NotFound, Refused
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.ports.account_verbs import AccountVerbs
from hub.ports.calendar_verbs import CalendarVerbs
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS
from hub.ports.renderer import Renderer
from hub.ports.search import Terms
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.documents.archive import Archive, digest
from hub.services.documents.checking import Checking
from hub.services.documents.filing import Filing
from hub.services.documents.letters import Letters
from hub.services.documents.overviews import Overviews
from hub.services.documents.purging import Purging
from hub.services.documents.requests import UploadRequests
from hub.services.merged import find_survivor
from hub.services.sharing import Sharing

READ, EDIT = Right.READ_CONTACTS, Right.EDIT_CONTACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Made once; each group of verbs is a class over it."""

    store: Store
    clock: Clock
    audit: Audit
    archive: Archive
    checking: Checking
    renderer: Renderer
    sharing: Sharing
    requests: UploadRequests
    overviews_kept: Overviews
    letters: Letters
    filing: Filing
    purging: Purging
    accounts: AccountVerbs
    calendar: CalendarVerbs
    terms: Terms
    company: str
    time_zone: str
    max_bytes: int

    async def refuse_infected(self, sha256: str, data: bytes) -> None:
        """Raises Refused; ScannerAway where nothing can be said yet."""
        finding = await self.checking.check(sha256 or digest(data), data)
        if finding.state is ScanState.INFECTED:
            raise Refused(f"This file is infected ({finding.detail[:100]}); it is kept, but not given out.")

    async def known_contact(self, contact_id: ContactId) -> ContactId:
        """The contact, or whom it was merged into. Raises NotFound."""
        contact = await find_survivor(self.store.documents(CONTACTS), contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id[:60])
        return contact.id
