"""The way of a customer to an event that is full: invited by mail, on the waiting list by a reply, moved up, with the
calendar file."""

from datetime import timedelta

import icalendar

from hub.domain.occasion import CampaignDraft, OccasionDraft, RegistrationState, Session
from tests.reception_world import PETRA_MAIL, CustomerOffice


async def invited(world: CustomerOffice, capacity: int, *sessions: str) -> str:
    """An event of the day after tomorrow to which Petra was invited; its id."""
    start = world.clock.now().replace(microsecond=0) + timedelta(days=2)
    end = start + timedelta(hours=3)
    parts = tuple(Session(id=title, title=title, start=start, end=end) for title in sessions)
    draft = OccasionDraft(title="Holzmesse", place="Halle 3", start=start, end=end, capacity=capacity, sessions=parts)
    verbs = world.business.gatherings.verbs
    event = (await verbs.create(world.office.anna, draft, key="event")).occasion
    campaign = CampaignDraft(name="", subject="", text="", contacts=(world.petra.id,), occasion_id=event.id)
    await verbs.start_campaign(world.office.anna, campaign, key="invite")
    return event.id


async def test_a_customer_registers_for_a_full_event_by_reply_moves_up_and_gets_the_calendar_file() -> None:
    world = await CustomerOffice.open()
    verbs, anna = world.business.gatherings.verbs, world.office.anna
    event = await invited(world, capacity=1)
    assert "wir laden Sie herzlich ein: Holzmesse" in world.said(PETRA_MAIL)[0].text
    other = await world.customer("Ole Ahrens", "ole@guest.example")
    await verbs.register(anna, event, other.id)

    answers = await world.mail("Ich komme gern!", subject="Re: Einladung: Holzmesse")
    assert len(answers) == 1
    assert "Warteliste, Platz 1" in answers[0]
    await verbs.cancel(anna, event, other.id)

    last = world.said(PETRA_MAIL)[-1]
    assert "Platz frei geworden" in last.text
    files = {file.name: file for file in last.item.content.attachments}
    calendar = icalendar.Calendar.from_ical(await world.store.blobs.get(files["event.ics"].sha256))
    assert [str(one["SUMMARY"]) for one in calendar.walk("VEVENT")] == ["Holzmesse"]
    seated = await verbs.registrations(anna, event)
    assert [one.contact_name for one in seated.items] == ["Petra Müller"]
    assert seated.items[0].registration.code in last.text


async def test_a_reply_registers_once_and_another_gives_the_seat_back() -> None:
    world = await CustomerOffice.open()
    verbs, anna = world.business.gatherings.verbs, world.office.anna
    event = await invited(world, capacity=1)
    first = await world.mail("yes I will attend", subject="Re: Einladung: Holzmesse")
    assert len(first) == 1
    assert "Holzmesse" in first[0]
    registered = world.said(PETRA_MAIL)[-1]
    assert [file.name for file in registered.item.content.attachments][:1] == ["event.ics"]
    world.clock.advance(86_400)
    await world.mail("cancel my registration", subject="Re: Einladung: Holzmesse")
    view = await verbs.get(anna, event)
    assert (view.taken, view.waiting) == (0, 0)
    gone = await verbs.registrations(anna, event, RegistrationState.CANCELLED)
    assert len(gone.items) == 1


async def test_nobody_registers_from_an_address_that_was_not_invited_or_without_proof() -> None:
    world = await CustomerOffice.open()
    event = await invited(world, capacity=1)
    await world.mail("Ich komme!", sender="fremd@elsewhere.example")
    await world.mail("Ich komme!", authentic=False)
    assert (await world.business.gatherings.verbs.get(world.office.anna, event)).taken == 0


async def test_without_an_invitation_such_words_are_for_people() -> None:
    world = await CustomerOffice.open()
    assert await world.mail("Ich komme!") == []
    assert world.conversation(PETRA_MAIL).owner == "queue"


async def test_of_several_sessions_a_customer_is_asked_which_and_answers_with_its_number() -> None:
    world = await CustomerOffice.open()
    verbs, anna = world.business.gatherings.verbs, world.office.anna
    event = await invited(world, 1, "Sägen", "Ölen")
    (asked,) = await world.mail("Ich komme gern!", subject="Re: Einladung: Holzmesse")
    assert "1 Sägen · 2 Ölen" in asked
    assert (await verbs.get(anna, event)).taken == 0
    (told,) = await world.mail("2", subject="Re: Einladung: Holzmesse")
    assert "Holzmesse – Ölen" in told
    (one,) = (await verbs.registrations(anna, event)).items
    assert one.registration.session == "Ölen"
