"""Sessions of an event, each with its own seats; follow-ups, their previews, and the names of campaigns."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.message import Strength
from hub.domain.occasion import CampaignDraft, Occasion, OccasionState, RegistrationState, Session
from hub.domain.people import RowScope
from hub.ports.kinds import CONTACTS, IDENTITIES
from tests.reception_world import CustomerOffice
from tests.unit.services.test_occasions import Fair

S = RegistrationState


@pytest.fixture
async def fair() -> Fair:
    return Fair(await CustomerOffice.open())


def session(fair: Fair, id: str, **fields: Any) -> Session:
    start = fair.draft().start
    given = {"title": f"Teil {id}", "start": start, "end": start + timedelta(hours=1), "capacity": 1}
    return Session(id=id, **(given | fields))


async def plan(fair: Fair, **fields: Any) -> Occasion:
    return await fair.plan(sessions=(session(fair, "a"), session(fair, "b", capacity=2)), **fields)


# Sessions


async def test_each_session_has_seats_and_a_waiting_list_of_its_own(fair: Fair) -> None:
    event = await plan(fair)
    one, two, three, four = await fair.guests(4)
    await fair.verbs.register(fair.anna, event.id, one.id, session="a")
    waits = await fair.verbs.register(fair.anna, event.id, two.id, session="a")
    assert (waits.registration.state, waits.registration.session, waits.position) == (S.WAITING, "a", 1)
    free = await fair.verbs.register(fair.anna, event.id, three.id, session="b")
    assert (free.registration.state, free.registration.session) == (S.REGISTERED, "b")
    # Who names none gets the first that has a free seat.
    assert (await fair.verbs.register(fair.anna, event.id, four.id)).registration.session == "b"
    view = await fair.verbs.get(fair.anna, event.id)
    assert (view.taken, view.waiting, view.capacity) == (3, 1, 3)
    assert [(it.session.id, it.taken, it.capacity, it.waiting, it.full) for it in view.sessions] == [
        ("a", 1, 1, 1, True),
        ("b", 2, 2, 0, True),
    ]
    await fair.verbs.cancel(fair.anna, event.id, one.id)
    assert "Teil a" in fair.letters(two)[-1]
    assert (await fair.verbs.register(fair.anna, event.id, two.id)).registration.state is S.REGISTERED


async def test_a_session_without_a_capacity_has_the_events_and_no_limit_is_told_as_none(fair: Fair) -> None:
    parts = (session(fair, "a", capacity=0), session(fair, "b", capacity=2))
    view = await fair.verbs.get(fair.anna, (await fair.plan(sessions=parts, capacity=7)).id)
    assert ([it.capacity for it in view.sessions], view.capacity) == ([7, 2], 9)
    view = await fair.verbs.get(fair.anna, (await fair.plan(sessions=parts)).id)
    assert ([it.capacity for it in view.sessions], view.capacity) == ([0, 2], 0)


async def test_who_is_in_one_session_is_not_silently_taken_for_registered_in_another(fair: Fair) -> None:
    event = await plan(fair)
    guest = await fair.guest("Gast 1")
    first = await fair.verbs.register(fair.anna, event.id, guest.id, session="a")
    assert await fair.verbs.register(fair.anna, event.id, guest.id, session="a") == first
    with pytest.raises(Conflict) as refused:
        await fair.verbs.register(fair.anna, event.id, guest.id, session="b")
    assert refused.value.fields["code"] == "other-session"
    await fair.verbs.cancel(fair.anna, event.id, guest.id)
    again = await fair.verbs.register(fair.anna, event.id, guest.id, session="b")
    assert (again.registration.state, again.registration.session) == (S.REGISTERED, "b")
    with pytest.raises(Invalid):
        await fair.verbs.register(fair.anna, event.id, (await fair.guest("Gast 2")).id, session="c")


async def test_a_session_keeps_the_seats_that_are_taken(fair: Fair) -> None:
    event = await plan(fair)
    for guest in await fair.guests(3):
        await fair.verbs.register(fair.anna, event.id, guest.id)
    a, b = event.sessions

    async def change(*sessions: Session) -> Any:
        version = (await fair.verbs.get(fair.anna, event.id)).occasion.version
        return await fair.verbs.change(fair.anna, event.id, fair.draft(sessions=sessions), version)

    with pytest.raises(Conflict) as lowered:
        await change(a, replace(b, capacity=1))
    assert (lowered.value.fields["session"], lowered.value.fields["part"]) == ("b", "capacity")
    with pytest.raises(Conflict) as removed:
        await change(a)
    assert "take them off first" in removed.value.sentence
    with pytest.raises(Conflict):
        await change()
    # Who waits for a session keeps it too; more room moves them up.
    waits = await fair.guest("Wartender Gast")
    await fair.verbs.register(fair.anna, event.id, waits.id, session="a")
    view = await change(replace(a, capacity=2), b, session(fair, "c"))
    assert [it.taken for it in view.sessions] == [2, 2, 0]
    assert (await fair.verbs.register(fair.anna, event.id, waits.id)).registration.state is S.REGISTERED


async def test_an_event_with_guests_gets_no_sessions_behind_their_back(fair: Fair) -> None:
    event = await fair.plan(capacity=3)
    await fair.verbs.register(fair.anna, event.id, (await fair.guest("Gast 1")).id)
    with pytest.raises(Conflict) as refused:
        await fair.verbs.change(fair.anna, event.id, fair.draft(sessions=(session(fair, "a"),)), event.version)
    assert "before it gets sessions" in refused.value.sentence


async def test_a_session_that_moves_tells_those_who_are_in_it(fair: Fair) -> None:
    event = await plan(fair)
    one, two = await fair.guests(2)
    await fair.verbs.register(fair.anna, event.id, one.id, session="a")
    await fair.verbs.register(fair.anna, event.id, two.id, session="b")
    a, b = event.sessions
    later = replace(b, start=b.start + timedelta(hours=2), end=b.end + timedelta(hours=2))
    await fair.verbs.change(fair.anna, event.id, fair.draft(sessions=(a, later)), event.version)
    for _ in range(2):
        await fair.tick()
    assert len(fair.letters(one)) == 1
    assert [text.startswith("Geändert: Holzmesse – Teil b") for text in fair.letters(two)] == [False, True]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"end": timedelta(0)}, "end"),
        ({"start": -timedelta(days=1)}, "start"),
        ({"end": timedelta(days=2)}, "start"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 5_001}, "capacity"),
    ],
)
async def test_a_session_that_cannot_be_is_refused_and_named(fair: Fair, fields: dict[str, Any], part: str) -> None:
    moment = fair.draft().start
    given = {name: moment + it if isinstance(it, timedelta) else it for name, it in fields.items()}
    with pytest.raises(Invalid) as refused:
        await fair.plan(sessions=(session(fair, "a"), session(fair, "b", **given)))
    assert (refused.value.fields["field"], refused.value.fields["session"]) == ("session", "b")
    assert refused.value.fields["part"] == part


# Follow-up


def follow_up(event: Occasion, *states: S) -> CampaignDraft:
    text = "Hallo {first_name}, danke für {title}. Es bleibt: {link}"
    return CampaignDraft(name="", subject="Danke, {name}", text=text, occasion_id=event.id, states=states)


async def test_a_follow_up_reaches_those_who_stand_so_and_says_before_how_many(fair: Fair) -> None:
    event = await fair.plan(capacity=3)
    came, opted, unreachable, missed = [*await fair.guests(3), await fair.guest("Fehlender Gast")]
    for guest in (came, opted, unreachable):
        done = await fair.verbs.register(fair.anna, event.id, guest.id)
        await fair.verbs.check_in(fair.anna, done.registration.code)
    await fair.verbs.register(fair.anna, event.id, missed.id)
    rows = fair.world.store.documents(CONTACTS)
    await rows.replace(replace(opted, automatic=False), 1)
    identities = fair.world.store.documents(IDENTITIES)
    for one in (await identities.page("by_contact", unreachable.id)).items:
        await identities.replace(replace(one, source="message", strength=Strength.CLAIMED), one.version)
    before = [len(fair.letters(one)) for one in (came, opted, missed)]
    draft = follow_up(event, S.ATTENDED)
    told = await fair.verbs.preview_campaign(fair.anna, draft)
    assert (told.chosen, told.receivers, told.unwanted, told.unreachable, told.exact) == (3, 1, 1, 1, True)
    assert (told.subject, told.text) == ("Danke, Gast 0", "Hallo Gast, danke für Holzmesse. Es bleibt: …")
    assert [len(fair.letters(one)) for one in (came, opted, missed)] == before
    assert (await fair.verbs.campaigns(fair.anna)).items == []
    sent = await fair.verbs.start_campaign(fair.anna, draft, key="thanks")
    # A second click is the same follow-up.
    assert (await fair.verbs.start_campaign(fair.anna, draft, key="thanks")).id == sent.id
    await fair.tick()
    assert [len(fair.letters(one)) for one in (came, opted, missed)] == [before[0] + 1, before[1], before[2]]
    report = await fair.verbs.campaign(fair.anna, sent.id)
    assert (report.skipped, report.due) == (2, 0)
    assert (sent.name, sent.planned) == ("Danke, {name}", 3)
    assert [one.id for one in (await fair.verbs.campaigns(fair.anna, occasion_id=event.id)).items] == [sent.id]
    assert (await fair.verbs.campaigns(fair.anna, occasion_id="n_other")).items == []


async def test_a_follow_up_without_receivers_is_refused_before_it_is_sent(fair: Fair) -> None:
    event = await fair.plan(capacity=3)
    for attempt in (fair.verbs.preview_campaign(fair.anna, follow_up(event, S.MISSED)),
                    fair.verbs.start_campaign(fair.anna, follow_up(event, S.MISSED), key="x")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await attempt
        assert refused.value.fields["field"] == "states"
    assert (await fair.verbs.campaigns(fair.anna)).items == []


async def test_a_cancelled_event_can_be_followed_up_but_not_invited_to(fair: Fair) -> None:
    event = await fair.plan(capacity=3)
    await fair.verbs.register(fair.anna, event.id, (await fair.guest("Gast 1")).id)
    await fair.verbs.set_state(fair.anna, event.id, OccasionState.CANCELLED)
    assert (await fair.verbs.preview_campaign(fair.anna, follow_up(event, S.CANCELLED))).receivers == 1
    with pytest.raises(Conflict):
        await fair.verbs.preview_campaign(fair.anna, replace(follow_up(event), text="Komm!"))


async def test_a_follow_up_counts_and_reaches_only_whom_the_colleague_sees(fair: Fair) -> None:
    event = await fair.plan(capacity=3)
    mine, other = await fair.guests(2)
    for guest in (mine, other):
        await fair.verbs.register(fair.anna, event.id, guest.id)
    rows = fair.world.store.documents(CONTACTS)
    await rows.replace(replace(mine, owner=fair.world.office.user_id("ben")), 1)
    ben = await fair.world.office.limit("ben", RowScope.OWN)
    assert (await fair.verbs.preview_campaign(ben, follow_up(event, S.REGISTERED))).chosen == 1
    assert (await fair.verbs.start_campaign(ben, follow_up(event, S.REGISTERED), key="x")).planned == 1


# Names


async def test_a_campaign_has_a_name_for_colleagues_that_can_be_changed(fair: Fair) -> None:
    guest = await fair.guest("Gast 1")
    draft = CampaignDraft(name="Frühjahr 2027, Stammkunden", subject="Neu", text="Hallo", contacts=(guest.id,))
    made = await fair.verbs.start_campaign(fair.anna, draft, key="a")
    assert made.name == "Frühjahr 2027, Stammkunden"
    assert "Frühjahr" not in fair.letters(guest)[0]
    renamed = await fair.verbs.rename_campaign(fair.anna, made.id, " Frühjahr ")
    assert (renamed.name, renamed.subject) == ("Frühjahr", "Neu")
    for wrong in ("", "   ", "x" * 201):
        with pytest.raises(Invalid) as refused:
            await fair.verbs.rename_campaign(fair.anna, made.id, wrong)
        assert refused.value.fields["field"] == "name"
    with pytest.raises(NotFound):
        await fair.verbs.rename_campaign(fair.anna, "j_none", "x")
    assert (await fair.verbs.campaign(fair.anna, made.id)).campaign.name == "Frühjahr"
