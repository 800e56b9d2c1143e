"""Where a file seems to belong: by an invoice or order number that stands in it, by a mail address in it, by a name in
the name of the file. Proposed only; a person confirms. Contacts that the actor does not see are never proposed."""

import re

from hub.domain.contact import Contact
from hub.domain.document import FilingProposal, group_of, tidy_name
from hub.domain.errors import FernamtError
from hub.domain.ledger import EntryKind
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.kinds import CONTACTS, LEDGER
from hub.ports.renderer import Renderer
from hub.ports.store import Store
from hub.ports.verbs import ContactVerbs
from hub.services.merged import find_survivor
from hub.services.rows import Rows

MAX_LOOKED_AT = 20_000
MAX_NUMBERS, MAX_ADDRESSES = 10, 5
SURE = 90
_NUMBER = re.compile(r"\b[A-Z]{1,4}[- ]?\d{3,10}\b")
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_FOLDERS = (
    ("Angebote", ("angebot", "offer", "quote", "quotation", "kostenvoranschlag")),
    ("Rechnungen", ("rechnung", "invoice", "gutschrift")),
    ("Verträge", ("vertrag", "contract", "agreement", "vereinbarung")),
    ("Pläne", ("plan", "zeichnung", "drawing", "grundriss", "skizze")),
    ("Lieferscheine", ("lieferschein", "delivery note")),
    ("Preislisten", ("preisliste", "price list", "pricelist")),
    ("Bilder", ("foto", "photo", "bild")),
)
_SALES = {EntryKind.INVOICE: "invoice", EntryKind.CREDIT_NOTE: "invoice", EntryKind.ORDER: "order"}


class Filing:
    """Makes proposals."""

    def __init__(self, *, store: Store, renderer: Renderer, contacts: ContactVerbs, rows: Rows) -> None:
        self._ledger, self._contacts_kept = store.documents(LEDGER), store.documents(CONTACTS)
        self._renderer, self._contacts, self._rows = renderer, contacts, rows

    async def propose(self, actor: Actor, file: FileData) -> FilingProposal:
        """Empty where nothing speaks for anybody."""
        text = await self._read(file)
        folder = _folder_of(file, text)
        for number in list(dict.fromkeys(_NUMBER.findall(f"{file.name} {text}")))[:MAX_NUMBERS]:
            found = await self._by_number(actor, number)
            if found:
                contact, link = found
                return FilingProposal(
                    contact_id=contact.id, contact_name=contact.name, folder=folder, links=(link,), reason="number"
                )
        for address in list(dict.fromkeys(_MAIL.findall(text)))[:MAX_ADDRESSES]:
            if by_address := await self._called(actor, address, 100):
                return _to(by_address, folder, "address")
        words = " ".join(_WORDS.findall(tidy_name(file.name).rpartition(".")[0] or file.name))
        for name in _runs(words):
            if by_name := await self._called(actor, name, SURE):
                return _to(by_name, folder, "name")
        return FilingProposal(folder=folder)

    async def _read(self, file: FileData) -> str:
        try:
            return (await self._renderer.read_text(file.data, file.type, file.name)).text[:MAX_LOOKED_AT]
        except FernamtError:
            # A proposal only: what cannot be read is filed by its name.
            return ""

    async def _by_number(self, actor: Actor, number: str) -> tuple[Contact, str] | None:
        page = await self._ledger.page("by_number", number, limit=20, newest_first=True)
        owners = {entry.contact_id for entry in page.items if entry.kind in _SALES}
        if len(owners) != 1:
            return None
        contact = await find_survivor(self._contacts_kept, next(iter(owners)))
        if contact is None or not self._rows.shows(actor, contact):
            return None
        kind = next(_SALES[entry.kind] for entry in page.items if entry.kind in _SALES)
        return contact, f"{kind}:{number}"

    async def _called(self, actor: Actor, text: str, score: int) -> Contact | None:
        matches = [match for match in await self._contacts.find(actor, text, limit=3) if match.score >= score]
        sure = [match.contact for match in matches if self._rows.shows(actor, match.contact)]
        return sure[0] if len(sure) == 1 else None


def _to(contact: Contact, folder: str, reason: str) -> FilingProposal:
    return FilingProposal(contact_id=contact.id, contact_name=contact.name, folder=folder, reason=reason)


def _folder_of(file: FileData, text: str) -> str:
    said = f"{file.name} {text[:300]}".lower()
    for folder, words in _FOLDERS:
        if any(word in said for word in words):
            return folder
    return "Bilder" if group_of(file.type, file.name) == "picture" else ""


def _runs(words: str) -> list[str]:
    """Two neighbouring words, then single ones with a capital letter: "Angebot Petra Müller" has a name in it."""
    parts = words.split()[:8]
    return [" ".join(parts[at : at + 2]) for at in range(len(parts) - 1)] + [
        part for part in parts if part[0].isupper()
    ]
