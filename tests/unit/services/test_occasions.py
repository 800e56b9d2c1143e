"""Company events: seats, waiting list, invitations, campaigns, check-in, fees, bad input."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.contact import Contact
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.occasion import (
    CampaignDraft,
    CampaignState,
    Occasion,
    OccasionDraft,
    OccasionState,
    RegistrationState,
    Segment,
)
from hub.domain.outbox import OutboxState
from hub.domain.people import RowScope
from hub.ports.kinds import CONTACTS, OUTBOX, REGISTRATIONS
from tests.reception_world import CustomerOffice

S = RegistrationState


class Fair:
    """An office with an event, and the people that come to it."""

    def __init__(self, world: CustomerOffice) -> None:
        self.world, self.verbs = world, world.business.gatherings.verbs
        self.anna = world.office.anna
        self.number = 0

    def draft(self, **fields: Any) -> OccasionDraft:
        start = self.world.clock.now().replace(microsecond=0) + timedelta(days=10)
        given = {"title": "Holzmesse", "place": "Halle 3", "start": start, "end": start + timedelta(hours=8)}
        return OccasionDraft(**(given | fields))

    async def plan(self, **fields: Any) -> Occasion:
        self.number += 1
        return (await self.verbs.create(self.anna, self.draft(**fields), key=f"event-{self.number}")).occasion

    async def guest(self, name: str) -> Contact:
        address = f"{name.lower().replace(' ', '.')}@guest.example"
        return await self.world.customer(name, address)

    async def guests(self, count: int) -> list[Contact]:
        return [await self.guest(f"Gast {n}") for n in range(count)]

    def letters(self, contact: Contact) -> list[str]:
        return [said.text for said in self.world.said(f"{contact.name.lower().replace(' ', '.')}@guest.example")]

    async def tick(self) -> None:
        """A minute later."""
        self.world.clock.advance(60)
        await self.world.business.reminding.fire_due()


@pytest.fixture
async def fair() -> Fair:
    return Fair(await CustomerOffice.open())


async def test_whoever_comes_when_all_seats_are_taken_waits_and_moves_up_in_order(fair: Fair) -> None:
    event = await fair.plan(capacity=1)
    first, second, third = await fair.guests(3)
    assert (await fair.verbs.register(fair.anna, event.id, first.id)).registration.state is S.REGISTERED
    waits = await fair.verbs.register(fair.anna, event.id, second.id)
    assert (waits.registration.state, waits.position) == (S.WAITING, 1)
    assert (await fair.verbs.register(fair.anna, event.id, third.id)).position == 2
    await fair.verbs.cancel(fair.anna, event.id, first.id)
    names = [one.contact_name for one in (await fair.verbs.registrations(fair.anna, event.id)).items]
    assert names == ["Gast 1"]
    assert "Platz frei geworden" in fair.letters(second)[-1]
    assert len(fair.letters(third)) == 1
    view = await fair.verbs.get(fair.anna, event.id)
    assert (view.taken, view.waiting) == (1, 1)


async def test_registering_twice_is_once(fair: Fair) -> None:
    event = await fair.plan(capacity=5, fee=Decimal("49.90"))
    guest = await fair.guest("Gast 1")
    one = await fair.verbs.register(fair.anna, event.id, guest.id)
    assert await fair.verbs.register(fair.anna, event.id, guest.id) == one
    assert len(fair.letters(guest)) == 1
    summary = await fair.world.business.accounts.summary(fair.anna, guest.id)
    assert [item.open for item in summary.open_items] == [Decimal("49.90")]


async def test_a_seat_that_is_given_back_takes_the_fee_back_and_can_be_had_again(fair: Fair) -> None:
    event = await fair.plan(capacity=5, fee=Decimal(30))
    guest = await fair.guest("Gast 1")
    await fair.verbs.register(fair.anna, event.id, guest.id)
    await fair.verbs.cancel(fair.anna, event.id, guest.id)
    assert (await fair.world.business.accounts.summary(fair.anna, guest.id)).open_items == ()
    await fair.verbs.register(fair.anna, event.id, guest.id)
    assert len((await fair.world.business.accounts.summary(fair.anna, guest.id)).open_items) == 1
    assert len(fair.letters(guest)) == 3


async def test_the_confirmation_carries_the_calendar_file_and_the_code(fair: Fair) -> None:
    event = await fair.plan(capacity=5)
    guest = await fair.guest("Gast 1")
    done = await fair.verbs.register(fair.anna, event.id, guest.id)
    said = fair.world.said("gast.1@guest.example")[-1]
    files = {file.name: file for file in said.item.content.attachments}
    assert set(files) == {"event.ics", f"code-{done.registration.code}.png"}
    ics = await fair.world.store.blobs.get(files["event.ics"].sha256)
    assert b"SUMMARY:Holzmesse" in ics
    assert b"LOCATION:Halle 3" in ics
    picture = await fair.world.store.blobs.get(files[f"code-{done.registration.code}.png"].sha256)
    assert picture.startswith(b"\x89PNG")


async def test_past_the_deadline_nobody_registers_but_who_is_in_stays(fair: Fair) -> None:
    event = await fair.plan(capacity=5, deadline=fair.world.clock.now() + timedelta(days=1))
    early, late = await fair.guests(2)
    await fair.verbs.register(fair.anna, event.id, early.id)
    fair.world.clock.advance(86_400 * 2)
    with pytest.raises(Conflict) as refused:
        await fair.verbs.register(fair.anna, event.id, late.id)
    assert refused.value.fields["code"] == "closed"
    assert (await fair.verbs.register(fair.anna, event.id, early.id)).registration.state is S.REGISTERED


async def test_more_room_moves_up_who_waits_and_less_than_taken_is_refused(fair: Fair) -> None:
    event = await fair.plan(capacity=2)
    for guest in await fair.guests(4):
        await fair.verbs.register(fair.anna, event.id, guest.id)
    view = await fair.verbs.change(fair.anna, event.id, fair.draft(capacity=3), version=event.version)
    assert (view.taken, view.waiting) == (3, 1)
    with pytest.raises(Conflict) as refused:
        await fair.verbs.change(fair.anna, event.id, fair.draft(capacity=2), version=view.occasion.version)
    assert refused.value.fields["code"] == "taken"
    with pytest.raises(Conflict):
        await fair.verbs.change(fair.anna, event.id, fair.draft(capacity=9), version=event.version)


async def test_an_event_that_is_cancelled_tells_everybody(fair: Fair) -> None:
    event = await fair.plan(capacity=1)
    seated, waiting = await fair.guests(2)
    for guest in (seated, waiting):
        await fair.verbs.register(fair.anna, event.id, guest.id)
    await fair.verbs.set_state(fair.anna, event.id, OccasionState.CANCELLED)
    assert "findet leider nicht statt" in fair.letters(seated)[-1]
    assert "findet leider nicht statt" in fair.letters(waiting)[-1]
    with pytest.raises(Conflict):
        await fair.verbs.register(fair.anna, event.id, seated.id)


async def test_check_in_by_code_and_who_was_missed(fair: Fair) -> None:
    event = await fair.plan(capacity=1)
    came, waits = await fair.guests(2)
    code = (await fair.verbs.register(fair.anna, event.id, came.id)).registration.code
    other = (await fair.verbs.register(fair.anna, event.id, waits.id)).registration.code
    for wrong in ("", "ABC", "AAAAAAAAAA", "x" * 5_000, "' OR 1=1"):
        with pytest.raises(NotFound):
            await fair.verbs.check_in(fair.anna, wrong)
    with pytest.raises(Conflict):
        await fair.verbs.check_in(fair.anna, other)
    shown = f"{code[:5].lower()} {code[5:]}"
    first = await fair.verbs.check_in(fair.anna, shown)
    assert first.contact_name == "Gast 0"
    assert first.registration.state is S.ATTENDED
    assert (await fair.verbs.check_in(fair.anna, code)).registration.checked_in_at == first.registration.checked_in_at
    fair.world.clock.advance(86_400 * 11)
    await fair.verbs.set_state(fair.anna, event.id, OccasionState.DONE)
    assert [one.contact_name for one in (await fair.verbs.registrations(fair.anna, event.id, S.ATTENDED)).items] == [
        "Gast 0"
    ]


async def test_a_day_before_whoever_has_a_seat_is_reminded_once(fair: Fair) -> None:
    event = await fair.plan(capacity=1)
    seated, waiting = await fair.guests(2)
    for guest in (seated, waiting):
        await fair.verbs.register(fair.anna, event.id, guest.id)
    fair.world.clock.advance(86_400 * 9)
    await fair.world.business.reminding.fire_due()
    await fair.world.business.reminding.fire_due()
    assert [text for text in fair.letters(seated) if text.startswith("Zur Erinnerung")] != []
    assert len(fair.letters(seated)) == 2
    assert len(fair.letters(waiting)) == 1


async def test_an_event_that_is_moved_tells_who_has_a_seat_once_and_reminds_of_the_new_time(fair: Fair) -> None:
    event = await fair.plan(capacity=1)
    seated, waiting = await fair.guests(2)
    for guest in (seated, waiting):
        await fair.verbs.register(fair.anna, event.id, guest.id)
    later = fair.draft(capacity=1, start=event.start + timedelta(days=1), end=event.end + timedelta(days=1))
    await fair.verbs.change(fair.anna, event.id, later, event.version)
    for _ in range(2):
        await fair.tick()
    assert [text.startswith("Geändert") for text in fair.letters(seated)] == [False, True]
    assert len(fair.letters(waiting)) == 1
    fair.world.clock.advance(86_400 * 9)
    await fair.world.business.reminding.fire_due()
    assert len(fair.letters(seated)) == 2
    fair.world.clock.advance(86_400)
    await fair.world.business.reminding.fire_due()
    assert fair.letters(seated)[-1].startswith("Zur Erinnerung")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"end": None}, "date"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 5_001}, "capacity"),
        ({"fee": Decimal("-1")}, "fee"),
        ({"fee": Decimal("1.001")}, "fee"),
        ({"currency": "EURO"}, "currency"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
    ],
)
async def test_an_event_that_cannot_be_is_refused(fair: Fair, fields: dict[str, Any], field: str) -> None:
    draft = fair.draft()
    draft = replace(draft, **{name: draft.start if value is None else value for name, value in fields.items()})
    with pytest.raises(Invalid) as refused:
        await fair.verbs.create(fair.anna, draft, key="x")
    assert refused.value.fields["field"] == field


# Campaigns


async def test_an_invitation_goes_out_in_batches_once_to_each_and_respects_opt_out(fair: Fair) -> None:
    event = await fair.plan(capacity=5)
    guests = await fair.guests(5)
    rows = fair.world.store.documents(CONTACTS)
    await rows.replace(replace(guests[1], automatic=False), 1)
    draft = CampaignDraft(
        name="", subject="", text="", contacts=tuple(one.id for one in guests), occasion_id=event.id, per_minute=2
    )
    campaign = await fair.verbs.start_campaign(fair.anna, draft, key="invite")
    assert await fair.verbs.start_campaign(fair.anna, draft, key="invite") == await fair.verbs._campaigns.get(
        campaign.id
    )
    for _ in range(5):
        await fair.tick()
    assert [len(fair.letters(one)) for one in guests] == [1, 0, 1, 1, 1]
    report = await fair.verbs.campaign(fair.anna, campaign.id)
    assert (report.campaign.state, report.campaign.planned, report.skipped, report.due) == (CampaignState.DONE, 5, 1, 0)
    assert all("/e/" in fair.letters(one)[0] for one in (guests[0], guests[2]))
    invited = await fair.verbs.registrations(fair.anna, event.id, S.INVITED)
    assert len(invited.items) == 4


async def test_no_more_than_a_batch_leaves_in_a_minute_and_a_paused_campaign_rests(fair: Fair) -> None:
    guests = await fair.guests(6)
    draft = CampaignDraft(
        name="Neues", subject="Neues von {company}", text="Hallo {first_name}!", per_minute=2,
        contacts=tuple(one.id for one in guests),
    )  # fmt: skip

    def sent() -> int:
        return sum(len(fair.letters(one)) for one in guests)

    campaign = await fair.verbs.start_campaign(fair.anna, draft, key="news")
    assert sent() == 2
    await fair.verbs.pause_campaign(fair.anna, campaign.id, True)
    await fair.tick()
    assert sent() == 2
    await fair.verbs.pause_campaign(fair.anna, campaign.id, False)
    assert sent() == 4
    await fair.tick()
    await fair.tick()
    assert sent() == 6
    assert fair.letters(guests[0])[0].startswith("Hallo Gast!")
    assert fair.world.said("gast.0@guest.example")[0].item.content.subject == "Neues von Tischlerei Nord"


async def test_what_became_of_a_campaign_is_counted_from_the_outbox(fair: Fair) -> None:
    guests = await fair.guests(3)
    draft = CampaignDraft(name="", subject="Neu", text="Hallo", contacts=tuple(one.id for one in guests))
    campaign = await fair.verbs.start_campaign(fair.anna, draft, key="news")
    rows = fair.world.store.documents(OUTBOX)
    for guest, state in zip(guests, (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.BOUNCED), strict=True):
        item = fair.world.said(f"{guest.name.lower().replace(' ', '.')}@guest.example")[0].item
        await rows.replace(replace(item, state=state), item.version)
    report = await fair.verbs.campaign(fair.anna, campaign.id)
    assert (report.sent, report.delivered, report.bounced) == (2, 1, 1)


async def test_the_link_of_a_campaign_opts_out_and_is_counted(fair: Fair) -> None:
    guest = await fair.guest("Gast 1")
    draft = CampaignDraft(name="", subject="Neu", text="Hallo", contacts=(guest.id,))
    campaign = await fair.verbs.start_campaign(fair.anna, draft, key="news")
    item = fair.world.said("gast.1@guest.example")[0].item
    token = item.content.unsubscribe.rpartition("/")[2]
    guests = fair.world.business.gatherings.guests
    assert (await guests.act(token, "unsubscribe")).wanted is False
    assert (await guests.act(token, "unsubscribe")).wanted is False
    assert (await fair.verbs.campaign(fair.anna, campaign.id)).opted_out == 1
    again = await fair.verbs.start_campaign(fair.anna, draft, key="again")
    assert (await fair.verbs.campaign(fair.anna, again.id)).skipped == 1


async def test_a_segment_takes_only_whom_the_colleague_sees(fair: Fair) -> None:
    mine, others = await fair.guests(2)
    rows = fair.world.store.documents(CONTACTS)
    await rows.replace(replace(mine, tags=("VIP",), owner=fair.world.office.user_id("ben")), 1)
    await rows.replace(replace(others, tags=("vip",)), 1)
    ben = await fair.world.office.limit("ben", RowScope.OWN)
    draft = CampaignDraft(name="", subject="Neu", text="Hallo", segment=Segment(tag="vip"))
    assert (await fair.verbs.start_campaign(ben, draft, key="a")).planned == 1
    with pytest.raises(NotFound):
        await fair.verbs.start_campaign(ben, replace(draft, contacts=(others.id,)), key="b")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"subject": ""}, "subject"),
        ({"text": "Hallo {nobody}"}, "text"),
        ({"per_minute": 0}, "per_minute"),
        ({"per_minute": 1_000}, "per_minute"),
        ({"segment": Segment(tag="nobody has it")}, "contact"),
    ],
)
async def test_a_campaign_that_cannot_be_is_refused(fair: Fair, fields: dict[str, Any], field: str) -> None:
    draft = replace(CampaignDraft(name="", subject="Neu", text="Hallo"), **fields)
    with pytest.raises(Invalid) as refused:
        await fair.verbs.start_campaign(fair.anna, draft, key="x")
    assert refused.value.fields["field"] == field


async def test_a_guessed_link_shows_nothing(fair: Fair) -> None:
    guests = fair.world.business.gatherings.guests
    for token in ("", "a" * 40, "../../etc/passwd"):
        with pytest.raises(NotFound):
            await guests.look(token)


async def test_the_secret_of_a_link_is_not_in_the_store(fair: Fair) -> None:
    event, guest = await fair.plan(capacity=1), await fair.guest("Gast 1")
    done = await fair.verbs.register(fair.anna, event.id, guest.id)
    token = fair.letters(guest)[0].partition("/e/")[2][:40]
    guests = fair.world.business.gatherings.guests
    view = await guests.look(token)
    assert view.invitation is not None
    assert view.invitation.registration == await fair.world.store.documents(REGISTRATIONS).get(done.registration.id)
    assert token not in repr(fair.world.store.documents(REGISTRATIONS).rows)
    assert (await guests.act(token, "cancel")).invitation is not None
