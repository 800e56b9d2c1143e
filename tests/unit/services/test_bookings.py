"""A list of bookings is in order of the days that it shows, whenever they were entered."""

from datetime import timedelta

import pytest

from hub.domain.contact import Contact
from hub.domain.errors import Invalid
from hub.domain.ledger import EntryKind
from hub.ports.kinds import CONTACTS
from tests.office import Office
from tests.unit.services.test_accounts import WHO, Desk


@pytest.fixture
async def desk() -> Desk:
    """The oldest day is entered in the middle, and two are of one day."""
    office = await Office.open()
    contact = Contact(id=WHO, name="Petra Müller", sort_name="petra mueller", created_at=office.clock.now())
    await office.store.documents(CONTACTS).insert(contact)
    desk = Desk(office)
    for number, days in (("R-3", 3), ("R-9", 9), ("R-1", 1), ("R-3b", 3)):
        await desk.post(EntryKind.INVOICE, "10.00", number, date=desk.today - timedelta(days=days))
    return desk


async def test_the_newest_day_comes_first_and_pages_leave_nothing_out(desk: Desk) -> None:
    anna = desk.office.anna
    first = await desk.accounts.entries(anna, WHO, limit=2)
    await desk.post(EntryKind.INVOICE, "10.00", "R-0")
    rest = await desk.accounts.entries(anna, WHO, after=first.next, limit=2)
    assert [it.number for it in (*first.items, *rest.items)] == ["R-1", "R-3b", "R-3", "R-9"]
    assert first.next is not None
    assert rest.next is None


async def test_a_cursor_that_cannot_be_is_refused(desk: Desk) -> None:
    for after in ("Zm9v", "ä", "%%%"):
        with pytest.raises(Invalid):
            await desk.accounts.entries(desk.office.anna, WHO, after=after)
