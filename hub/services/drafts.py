"""What a colleague enters for a contact: checked, bounded, and laid over the contact."""

from dataclasses import replace

from hub.domain.contact import Contact, ContactRole
from hub.domain.errors import Invalid
from hub.domain.folding import fold
from hub.domain.views import ContactDraft

LANGUAGES = ("", "de", "en")
MAX_ADDRESSES = 20
MAX_LENGTHS = {"name": 200, "organisation": 200, "city": 100, "notes": 10_000}


def apply_draft(contact: Contact, draft: ContactDraft) -> Contact:
    """The contact with what the draft names; None leaves a field as it is. Raises Invalid, with `field`."""
    contact = replace(
        contact,
        name=_laid_over("name", contact.name, draft.name),
        organisation=_laid_over("organisation", contact.organisation, draft.organisation),
        city=_laid_over("city", contact.city, draft.city),
        notes=_laid_over("notes", contact.notes, draft.notes),
    )
    if not contact.name:
        raise Invalid("A contact needs a name.", field="name")
    if len(draft.addresses) > MAX_ADDRESSES:
        raise Invalid(f"At most {MAX_ADDRESSES} addresses at once.", field="addresses")
    return replace(
        contact,
        sort_name=fold(contact.name),
        language=contact.language if draft.language is None else _checked_language(draft.language),
        roles=contact.roles if draft.roles is None else _checked_roles(draft.roles),
        owner=draft.owner or contact.owner,
        provisional=contact.provisional and not draft.confirm,
    )


def _laid_over(field: str, current: str, text: str | None) -> str:
    if text is None:
        return current
    text = text.strip()
    if len(text) > MAX_LENGTHS[field]:
        raise Invalid(f"At most {MAX_LENGTHS[field]} characters.", field=field)
    if field != "notes" and any(ord(character) < 32 for character in text):
        raise Invalid("One line only.", field=field)
    return text


def _checked_language(language: str) -> str:
    if language not in LANGUAGES:
        raise Invalid("The languages are de and en; leave it empty while it is unknown.", field="language")
    return language


def _checked_roles(roles: tuple[str, ...]) -> tuple[ContactRole, ...]:
    known = {role.value: role for role in ContactRole}
    unknown = [role for role in roles if role not in known]
    if unknown:
        raise Invalid(f"The roles are {', '.join(known)}.", field="roles")
    return tuple(dict.fromkeys(known[role] for role in roles))
