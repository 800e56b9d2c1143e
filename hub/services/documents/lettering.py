"""Letters: templates, and what is made of them."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment
from hub.domain.contact import Contact
from hub.domain.document import Document, DocumentSource, DocumentTemplate, document_id
from hub.domain.errors import NotFound
from hub.domain.ids import ContactId
from hub.domain.people import Actor, Right
from hub.domain.template import fields_in
from hub.domain.views import FileData
from hub.ports.kinds import CONTACTS
from hub.ports.renderer import Paper
from hub.services.documents.archive import check_folder
from hub.services.documents.ground import EDIT, READ, Ground
from hub.services.documents.letters import FIELDS, checked, fill, values_of
from hub.services.documents.requests import make_document
from hub.services.merged import find_survivor

MONEY = {"balance", "open_items"}


class Lettering(Ground):
    """See DocumentVerbs."""

    __slots__ = ()

    async def templates(self, actor: Actor) -> list[DocumentTemplate]:
        """By name."""
        self.audit.permit(actor, READ, "documents.templates")
        await self.audit.seen(actor, "documents.templates")
        return await self.letters.all()

    async def save_template(self, actor: Actor, template: DocumentTemplate) -> DocumentTemplate:
        """See DocumentVerbs."""
        self.audit.permit(actor, Right.RUN_QUEUES, "documents.save_template", template.id)
        saved = await self.letters.save(replace(template, folder=check_folder(template.folder)))
        await self.audit.record(actor, "documents.save_template", saved.id)
        return saved

    async def delete_template(self, actor: Actor, name: str) -> None:
        """See DocumentVerbs."""
        self.audit.permit(actor, Right.RUN_QUEUES, "documents.delete_template", name[:60])
        await self.letters.delete(name)
        await self.audit.record(actor, "documents.delete_template", name[:60])

    async def preview_template(self, actor: Actor, template: DocumentTemplate, contact_id: ContactId) -> FileData:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.preview_template", contact_id)
        template = checked(template)
        contact = await self._recipient(contact_id)
        values = await self._values(actor, template, contact, None)
        # A field without a value is shown by its name: whether there will be one is known when the letter is made.
        shown = {field: values.get(field) or f"[{field}]" for field in FIELDS}
        data = await self.renderer.make_pdf(self._paper(template, shown, values["date"]))
        await self.audit.seen(actor, "documents.preview_template", contact.id)
        return FileData(name=f"{template.title[:120]}.pdf", type="application/pdf", data=data)

    async def fill_template(
        self, actor: Actor, name: str, contact_id: ContactId, *, appointment_id: str = "", key: str
    ) -> Document:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.fill_template", contact_id)
        template = await self.letters.get(name)
        contact = await self._recipient(contact_id)
        appointment = await self.calendar.get(actor, appointment_id) if appointment_id else None
        values = await self._values(actor, template, contact, appointment)
        paper = self._paper(template, values, values["date"])
        data = await self.renderer.make_pdf(paper)
        links = (f"appointment:{appointment.id}",) if appointment else ()
        document = await self.archive.keep(
            await make_document(
                self.archive,
                self.checking,
                FileData(name=f"{paper.title[:120]}.pdf", type="application/pdf", data=data),
                id=document_id(actor.id, "template", key),
                source=DocumentSource.MADE,
                clock=self.clock,
                contact_id=contact.id,
                folder=template.folder,
                links=links,
                by=actor.user_id,
            )
        )
        await self.audit.record(actor, "documents.fill_template", document.id, detail=template.id)
        return document

    async def _recipient(self, contact_id: ContactId) -> Contact:
        contact = await find_survivor(self.store.documents(CONTACTS), contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id[:60])
        return contact

    async def _values(
        self, actor: Actor, template: DocumentTemplate, contact: Contact, appointment: Appointment | None
    ) -> dict[str, str]:
        """Money is read only for a template that names it, under the actor's own rights."""
        wants_money = MONEY & set(fields_in(template.title + template.text))
        summary = await self.accounts.summary(actor, contact.id) if wants_money else None
        zone = ZoneInfo(self.time_zone)
        today = f"{self.clock.now().astimezone(zone):%d.%m.%Y}"
        return values_of(contact, summary, appointment, company=self.company, user=actor.name, today=today, zone=zone)

    def _paper(self, template: DocumentTemplate, values: Mapping[str, str], today: str) -> Paper:
        title = fill(template.title, values)
        return Paper(company=self.company, title=title, text=fill(template.text, values), date=today)
