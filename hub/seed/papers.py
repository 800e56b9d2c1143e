"""The demo company's documents: a price list in two versions, terms, offers with the customers they are for, templates,
a link and an upload link. Planting again finds it all there."""

import asyncio
from datetime import date

from hub.domain.contact import Contact
from hub.domain.document import DocumentTemplate
from hub.domain.errors import Conflict, Invalid
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.document_verbs import DocumentVerbs
from hub.ports.renderer import Paper

OFFERS = (
    ("Treppe aus Eiche", "14 Stufen, Geländer beidseitig, geölt.\n\nLieferzeit sechs Wochen."),
    ("Einbauschrank", "Schrank mit Schiebetüren, Breite 2,80 m, weiß lackiert."),
    ("Esstisch Nussbaum", "Tisch 220 x 95 cm, massiv, mit Stahlgestell."),
    ("Haustür Lärche", "Rahmentür mit Dreifachverglasung, RC2, inklusive Einbau."),
)
PRICES = ("Eiche 120 Euro je Meter\nBuche 85 Euro je Meter\n", "Eiche 128 Euro je Meter\nBuche 89 Euro je Meter\n")
TEMPLATES = (
    DocumentTemplate(
        id="",
        name="Saldenbestätigung",
        title="Saldenbestätigung {organisation}",
        text="Guten Tag {name},\n\nIhr Saldo bei uns am {date}: {balance}.\n\nOffen sind:\n{open_items}\n\n{company}",
        folder="Briefe",
    ),
    DocumentTemplate(
        id="",
        name="Terminbestätigung",
        title="Terminbestätigung {name}",
        text="Guten Tag {name},\n\nwir freuen uns auf Ihren Besuch am {appointment}.\n\n{company}",
        folder="Briefe",
    ),
)


class DemoPapers:
    """Files what a company of this kind has."""

    def __init__(self, documents: DocumentVerbs, company: str) -> None:
        self._documents, self._company = documents, company

    async def plant(self, actor: Actor, people: list[Contact], today: date) -> int:
        """How many documents there are now. Raises Refused, StoreUnavailable."""
        folder = f"Preislisten/{today.year}"
        prices = await self._keep(actor, f"Preisliste {today.year}.txt", PRICES[0].encode(), folder, ("Preise",))
        document = await self._documents.get(actor, prices)
        if len(document.versions) == 1:
            newer = FileData(name=f"Preisliste {today.year} neu.txt", type="text/plain", data=PRICES[1].encode())
            await self._documents.add_version(actor, prices, newer, document.version)
        terms = await self._pdf("Allgemeine Geschäftsbedingungen", "Es gilt deutsches Recht.\n\nZahlbar in 14 Tagen.")
        await self._keep(actor, "AGB.pdf", terms, "Firma", ())
        for number, contact in enumerate(people[:12]):
            title, text = OFFERS[number % len(OFFERS)]
            data = await self._pdf(f"Angebot {title}", f"Für {contact.name}\n\n{text}")
            await self._keep(actor, f"Angebot {title} {contact.name}.pdf", data, "Angebote", (), contact)
        for template in TEMPLATES:
            try:
                await self._documents.save_template(actor, template)
            except (Conflict, Invalid):
                continue
        if people:
            await self._documents.share(actor, prices, contact_id=people[0].id, key="demo")
            await self._documents.request_upload(
                actor, contact_id=people[0].id, folder="Pläne", text="Bitte senden Sie uns hier Ihren Plan.", key="demo"
            )
        return 2 + len(people[:12])

    async def _keep(
        self, actor: Actor, name: str, data: bytes, folder: str, tags: tuple[str, ...], contact: Contact | None = None
    ) -> str:
        type = "application/pdf" if name.endswith(".pdf") else "text/plain"
        document = await self._documents.upload(
            actor,
            FileData(name=name, type=type, data=data),
            folder=folder,
            tags=tags,
            contact_id=contact.id if contact else None,
            key=f"demo|{name}",
        )
        return document.id

    async def _pdf(self, title: str, text: str) -> bytes:
        # Loaded on first use: a hub that is not seeded never needs it in its own process.
        from hub.rendering.paper import make_pdf

        return await asyncio.to_thread(make_pdf, Paper(company=self._company, title=title, text=text))
