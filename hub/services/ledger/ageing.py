"""Open items by how long they are overdue."""

from collections.abc import Iterable
from decimal import Decimal

from hub.domain.contact import Contact
from hub.domain.ledger import AgeingRow, OpenItem


def list_ageing(contact: Contact, items: Iterable[OpenItem]) -> list[AgeingRow]:
    """Of the contact's open items. A row for each currency: not due, up to 30, 60, 90 days, older."""
    rows: dict[str, list[Decimal]] = {}
    for item in items:
        days = item.days_overdue
        bucket = 0 if not days else 1 if days <= 30 else 2 if days <= 60 else 3 if days <= 90 else 4
        rows.setdefault(item.currency, [Decimal(0)] * 5)[bucket] += item.open
    return [
        AgeingRow(
            contact_id=contact.id,
            contact_name=contact.name,
            currency=currency,
            not_due=sums[0],
            up_to_30=sums[1],
            up_to_60=sums[2],
            up_to_90=sums[3],
            older=sums[4],
            total=sum(sums, Decimal(0)),
        )
        for currency, sums in sorted(rows.items())
    ]
