"""Templates: texts with {fields} of a contact, their account and an appointment, filled and made into a PDF."""

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal

from hub.domain.appointment import Appointment
from hub.domain.contact import Contact
from hub.domain.document import DocumentTemplate
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ledger import AccountSummary
from hub.domain.template import check_fields, fields_in, fill_fields
from hub.ports.kinds import DOCUMENT_TEMPLATES
from hub.ports.store import Exists, Store

FIELDS = (
    "name", "first_name", "organisation", "city", "company", "user", "date", "balance", "open_items",
    "appointment", "appointment_place",
)  # fmt: skip
MAX_TEXT = 20_000
MAX_NAME = 60
MOST = 200


class Letters:
    """Keeps templates."""

    def __init__(self, store: Store) -> None:
        self._templates = store.documents(DOCUMENT_TEMPLATES)

    async def all(self) -> list[DocumentTemplate]:
        """By name."""
        return (await self._templates.page("by_name", limit=MOST)).items

    async def get(self, name: str) -> DocumentTemplate:
        """Raises NotFound."""
        found = await self._templates.get(fold(name))
        if found is None:
            raise NotFound(f'There is no template named "{name[:MAX_NAME]}".')
        return found

    async def save(self, template: DocumentTemplate) -> DocumentTemplate:
        """New where `version` is 0. Raises Invalid, Conflict."""
        wanted = checked(template)
        name = wanted.name
        if template.version == 0:
            if await self._templates.count("by_name", cap=MOST) >= MOST:
                raise Invalid(f"There are {MOST} templates; delete one first.", field="name")
            if isinstance(await self._templates.insert(wanted), Exists):
                raise Conflict(f'There is a template named "{name}" already.', field="name")
        elif not await self._templates.replace(wanted, template.version):
            raise Conflict("Somebody else changed this template first; load again.")
        return await self.get(name)

    async def delete(self, name: str) -> None:
        """Raises NotFound."""
        await self._templates.delete((await self.get(name)).id)


def checked(template: DocumentTemplate) -> DocumentTemplate:
    """As it is kept. Raises Invalid."""
    name, title, text = template.name.strip(), template.title.strip(), template.text.strip()
    if not fold(name) or len(name) > MAX_NAME:
        raise Invalid(f"The name of a template has letters or digits, at most {MAX_NAME}.", field="name")
    if not text or len(text) > MAX_TEXT or len(title) > 200:
        raise Invalid(f"A template has 1 to {MAX_TEXT:,} characters, and a title of at most 200.", field="text")
    check_fields(title, FIELDS, "title")
    check_fields(text, FIELDS)
    return DocumentTemplate(id=fold(name), name=name, title=title or name, text=text, folder=template.folder)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Raises Invalid where a field has no value."""
    missing = [field for field in fields_in(text) if not values.get(field)]
    if missing:
        raise Invalid(f"There is nothing to fill in for {', '.join(missing)}.", field=missing[0])
    return fill_fields(text, lambda field: values[field])


def values_of(
    contact: Contact,
    summary: AccountSummary | None,
    appointment: Appointment | None,
    *,
    company: str,
    user: str,
    today: str,
    zone: tzinfo,
) -> dict[str, str]:
    """What the fields stand for; '' where there is nothing."""
    german = contact.language != "en"
    balance = ", ".join(_money(money.amount, money.currency, german) for money in summary.balances) if summary else ""
    items = summary.open_items if summary else ()
    lines = [f"{item.number}: {_money(item.open, item.currency, german)}" for item in items[:50]]
    start = appointment.start.astimezone(zone) if appointment else None
    return {
        "name": contact.name,
        "first_name": contact.name.split()[0] if contact.name.split() else "",
        "organisation": contact.organisation or contact.name,
        "city": contact.city,
        "company": company,
        "user": user,
        "date": today,
        "balance": balance or _money(Decimal(0), "EUR", german),
        "open_items": "\n".join(lines) or ("keine" if german else "none"),
        "appointment": f"{start:%d.%m.%Y %H:%M}" if start else "",
        "appointment_place": appointment.location if appointment else "",
    }


def _money(value: Decimal, currency: str, german: bool) -> str:
    text = f"{value:,.2f}"
    return f"{text.translate(str.maketrans(',.', '.,')) if german else text} {currency}"
