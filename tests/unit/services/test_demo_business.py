"""The demo company's business is believable, and planted once."""

from dataclasses import replace

from hub.domain.contact import ContactRole
from hub.ports.kinds import APPOINTMENTS, CALENDARS, CANNED_REPLIES, CONTACTS, LEDGER
from hub.seed.business import SHOWROOM, DemoBusiness
from tests.architecture.test_rights import bundle


async def test_a_demo_company_has_accounts_appointments_and_a_showroom() -> None:
    office, verbs = await bundle()
    for number in range(24):
        contact = await office.customer(f"Kundin {number}", f"k{number}@kunde.example")
        await office.store.documents(CONTACTS).replace(replace(contact, roles=(ContactRole.CUSTOMER,)), 1)
    supplier = await office.customer("Lieferant")
    demo = DemoBusiness(verbs, office.clock, "Europe/Berlin")
    assert await demo.plant(office.admin) == 24
    counts = [len(office.store.documents(kind).rows) for kind in (LEDGER, APPOINTMENTS, CANNED_REPLIES)]
    assert counts[0] > 30
    assert counts[1] > 5
    assert counts[2] == 2
    appointments = list(office.store.documents(APPOINTMENTS).rows.values())
    held = [one for one in appointments if one.start < office.clock.now()]
    assert len(held) >= 5
    assert 0 < sum(one.missed(one.start) for one in held) < len(held)
    assert office.store.documents(CALENDARS).rows[SHOWROOM].bookable
    assert (await verbs.accounts.summary(office.admin, supplier.id)).open_items == ()
    assert await verbs.accounts.overdue(office.admin)
    await demo.plant(office.admin)
    assert [len(office.store.documents(kind).rows) for kind in (LEDGER, APPOINTMENTS, CANNED_REPLIES)] == counts
