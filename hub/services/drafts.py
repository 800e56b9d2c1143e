"""What a colleague enters for a contact: checked, bounded, and laid over the contact."""

from dataclasses import replace
from datetime import datetime

from hub.domain.contact import Consent, Contact, ContactRole, CustomField, Relation
from hub.domain.errors import Invalid
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.views import ContactDraft

LANGUAGES = ("", "de", "en")
MAX_ADDRESSES = 20
MAX_LENGTHS = {"name": 200, "organisation": 200, "department": 100, "city": 100, "notes": 10_000, "tag": 40}
MAX_TAGS, MAX_CUSTOM, MAX_VALUE, MAX_RELATIONS = 50, 50, 500, 100
CHANNELS = ("", "email", "xmpp", "telegram", "phone", "fax")


def apply_draft(contact: Contact, draft: ContactDraft, now: datetime | None = None) -> Contact:
    """The contact with what the draft names; None leaves a field as it is. Raises Invalid, with `field`."""
    contact = replace(
        contact,
        name=_laid_over("name", contact.name, draft.name),
        organisation=_laid_over("organisation", contact.organisation, draft.organisation),
        department=_laid_over("department", contact.department, draft.department),
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
        relations=contact.relations if draft.relations is None else _checked_relations(contact, draft.relations),
        consents=contact.consents
        if draft.consents is None
        else _checked_consents(contact, draft.consents, now or contact.created_at),
        tags=contact.tags if draft.tags is None else check_tags(draft.tags),
        custom=contact.custom if draft.custom is None else _checked_custom(draft.custom),
        preferred_channel=contact.preferred_channel
        if draft.preferred_channel is None
        else _checked_channel(draft.preferred_channel),
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


def check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Trimmed, each once (whatever its case), in order. Raises Invalid."""
    read = {fold(tag): _laid_over("tag", "", tag.strip().lstrip("#")) for tag in tags if fold(tag)}
    if len(read) > MAX_TAGS:
        raise Invalid(f"A contact has at most {MAX_TAGS} tags.", field="tags")
    return tuple(read[key] for key in sorted(read))


def _checked_custom(custom: tuple[tuple[str, str], ...]) -> tuple[CustomField, ...]:
    read = {name.strip(): value.strip() for name, value in custom if name.strip() and value.strip()}
    if len(read) > MAX_CUSTOM or any(len(name) > 60 or len(value) > MAX_VALUE for name, value in read.items()):
        raise Invalid(f"At most {MAX_CUSTOM} own fields, of at most {MAX_VALUE} characters.", field="custom")
    return tuple(CustomField(name=name, value=read[name]) for name in sorted(read))


def _checked_relations(contact: Contact, relations: tuple[tuple[str, ContactId], ...]) -> tuple[Relation, ...]:
    read = {(_laid_over("tag", "", kind), other) for kind, other in relations if kind.strip()}
    if len(read) > MAX_RELATIONS or any(other == contact.id for _, other in read):
        raise Invalid(f"At most {MAX_RELATIONS} relations, to other contacts.", field="relations")
    return tuple(Relation(kind=kind, contact_id=other) for kind, other in sorted(read))


def _checked_consents(contact: Contact, consents: tuple[tuple[str, str], ...], now: datetime) -> tuple[Consent, ...]:
    """What was agreed to before keeps its day; whoever takes a consent back is left out."""
    known = {one.purpose: one for one in contact.consents}
    read = {_laid_over("tag", "", purpose): source.strip()[:MAX_VALUE] for purpose, source in consents}
    if len(read) > MAX_TAGS or not all(read) or not all(read.values()):
        raise Invalid("A consent has a purpose, and says how we know of it.", field="consents")
    return tuple(
        Consent(purpose=name, since=known[name].since if name in known else now, source=source)
        for name, source in sorted(read.items())
    )


def _checked_channel(channel: str) -> str:
    if channel not in CHANNELS:
        raise Invalid(f"The channels are {', '.join(CHANNELS[1:])}.", field="preferred_channel")
    return channel


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
