"""The accounts of a contact into whom others were merged. Ledger accounts are never fused: each member keeps its own
stream, the survivor shows them all, and what is booked on the survivor goes to the account that it is about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryDraft, EntryKind, OpenItem, Side
from hub.services.ledger.fold import Account
from hub.services.ledger.posting import SETTLING
from hub.services.ledger.stream import Streams

Family = Sequence[tuple[ContactId, Account]]


async def load_family(streams: Streams, contact: Contact, side: Side) -> list[tuple[ContactId, Account]]:
    """The accounts of the contact and of everybody who was merged into it; most have one."""
    return [(member, await streams.load(member, side)) for member in (contact.id, *contact.members)]


def open_items(contact: Contact, account: Account, today: date) -> tuple[OpenItem, ...]:
    """Of one of the family's accounts, under the name and id that the contact goes by now; `entry_id` says whose."""
    return tuple(replace(item, contact_id=contact.id) for item in account.open_items(contact.name, today))


def choose_account(draft: EntryDraft, key: str, family: Family) -> ContactId:
    """Whose account the draft is to be booked on: where the key was booked already; where the named invoice or order
    stands; for a payment that names none, where the oldest open invoice of its currency stands; for a refund, where
    something is left to refund; else the contact that it names. Raises Conflict, Ambiguous."""
    ordered = sorted(family, key=lambda one: one[0] != draft.contact_id)
    if len(ordered) == 1:
        return ordered[0][0]
    number = draft.number.strip()
    for member, account in ordered:
        if key in account.keys or (draft.kind, number) in account.numbers:
            return member
        if draft.kind is EntryKind.ORDER and number in account.orders:
            return member
    if draft.kind in SETTLING:
        if draft.allocations is None:
            return _oldest(draft, ordered)
        return _named(draft, draft.allocations, ordered)
    if draft.kind is EntryKind.REFUND:
        for member, account in ordered:
            if any(claim.currency == draft.currency for claim in account.credits.values()):
                return member
    return draft.contact_id


def _oldest(draft: EntryDraft, family: Family) -> ContactId:
    dues = [
        (claim.entry.due or claim.entry.date, place, member)
        for place, (member, account) in enumerate(family)
        for claim in account.invoices.values()
        if claim.open > 0 and claim.currency == draft.currency
    ]
    return min(dues)[2] if dues else draft.contact_id


def _named(draft: EntryDraft, named: Sequence[Allocation], family: Family) -> ContactId:
    numbers = {item.number for item in named}
    holders = {
        member: {number for number in numbers if _stands(account, number, draft.currency)} for member, account in family
    }
    whole = [member for member, account in family if holders[member] == numbers]
    if not whole:
        if numbers and set().union(*holders.values()) == numbers:
            sentence = "These invoices stand on different accounts of this contact; book a payment for each."
            raise Conflict(sentence, code="several-accounts")
        return draft.contact_id
    unpaid = [
        member
        for member, account in family
        if member in whole and any(account.invoices[number].open > 0 for number in numbers)
    ]
    if len(unpaid) > 1 and draft.contact_id not in unpaid:
        listed = ", ".join(sorted(numbers))
        raise Ambiguous(f"Several accounts of this contact have {listed[:80]}; name the contact by its id.", choices=[])
    return (unpaid or whole)[0]


def _stands(account: Account, number: str, currency: str) -> bool:
    claim = account.invoices.get(number)
    return claim is not None and claim.currency == currency
