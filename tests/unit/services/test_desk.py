"""Sharing out work."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.appointment import WorkingHours
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation
from hub.domain.desk import Assignment, CannedReply, Queue
from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.ids import ConversationId, UserId
from hub.domain.interaction import Direction, InteractionKind
from hub.domain.reminder import Reminder, ReminderKind, ReminderState
from hub.ports.kinds import CONTACTS, CONVERSATIONS, INTERACTIONS, QUEUES, REMINDERS
from hub.services.chronicle import Chronicle
from hub.services.desk.desk import Desk
from hub.services.desk.targets import OFFICE_HOURS, business_due
from hub.services.standing import with_entry
from tests.memory_store import Crash
from tests.office import CONTACT_ACTOR
from tests.reminder_office import ZONE, ReminderOffice


class DeskOffice(ReminderOffice):
    """With a desk, and Petra who waits."""

    petra: Contact

    def build(self) -> None:
        super().build()
        office = self.office
        self.desk = Desk(
            store=self.store,
            clock=self.clock,
            audit=office.audit,
            staff=office.staff,
            alerts=self.alerts,
            timeline=office.timeline,
            chronicle=Chronicle(self.store, self.clock, office.events),
            company="Tischlerei Seidel",
            time_zone=ZONE,
            expect=self.reminding.expect,
        )
        self.reminding.handle(self.desk.handlers)

    async def waits(self, name: str = "Angebot", owner: str = "queue") -> Conversation:
        if not hasattr(self, "petra"):
            self.petra = await self.office.customer("Petra Müller")
        return await self.office.conversation(self.petra, name, owner=owner)

    async def stored(self, conversation: Conversation) -> Conversation:
        found = await self.store.documents(CONVERSATIONS).get(conversation.id)
        assert found is not None
        return found

    async def inbox(self) -> list[str]:
        page = await self.office.conversations.inbox(self.office.anna, "all")
        return [line.conversation.subject for line in page.items]

    async def queue(self, **fields: object) -> Queue:
        default = next(one for one in await self.desk.queues(self.office.admin) if one.id == "queue")
        return await self.desk.save_queue(self.office.admin, replace(default, **fields))  # type: ignore[arg-type]

    @property
    def both(self) -> tuple[UserId, UserId]:
        return self.office.user_id("anna"), self.office.user_id("ben")


@pytest.fixture
async def office() -> DeskOffice:
    opened = await DeskOffice.open()
    assert isinstance(opened, DeskOffice)
    return opened


# Queues


async def test_there_is_always_a_queue(office: DeskOffice) -> None:
    assert [one.id for one in await office.desk.queues(office.office.anna)] == ["queue"]
    placed = await office.desk.place(await office.waits())
    assert (placed.queue, placed.owner) == ("queue", "queue")


async def test_a_channel_s_conversations_come_to_its_queue_and_to_no_other(office: DeskOffice) -> None:
    admin = office.office.admin
    sales = await office.desk.save_queue(admin, Queue(id="", name="Verkauf", accounts=("office",)))
    assert (await office.desk.place(await office.waits())).queue == sales.id == "verkauf"
    with pytest.raises(Conflict):
        await office.desk.save_queue(admin, Queue(id="", name="Service", accounts=("office",)))
    with pytest.raises(Conflict):
        await office.desk.save_queue(admin, Queue(id="", name="VERKAUF"))
    changed = await office.desk.save_queue(admin, replace(sales, members=office.both))
    with pytest.raises(Conflict):
        await office.desk.save_queue(admin, sales)
    assert changed.version == 2


async def test_what_waits_of_a_queue_is_listed_and_counted(office: DeskOffice) -> None:
    await office.desk.save_queue(office.office.admin, Queue(id="", name="Verkauf", accounts=("office",)))
    placed = await office.desk.place(await office.waits())
    anna = office.office.anna
    assert await office.desk.waiting(anna) == {"queue": 0, "verkauf": 1}
    page = await office.office.conversations.inbox(anna, "queue:verkauf")
    assert [line.conversation.id for line in page.items] == [placed.id]
    assert (await office.office.conversations.inbox(anna, "queue:queue")).items == []


@pytest.mark.parametrize(
    "queue",
    [
        Queue(id="", name="!"),
        Queue(id="", name="x", members=(UserId("u_nobody"),)),
        Queue(id="", name="x", first_response_minutes=-1),
        Queue(id="", name="x", time_zone="Mars/Olympus"),
        Queue(id="", name="x", country="XX"),
        Queue(id="", name="x", hours=(WorkingHours(weekday=0, start=600, end=600),)),
        Queue(id="", name="x", hours=(WorkingHours(weekday=7, start=0, end=600),)),
    ],
)
async def test_a_queue_that_cannot_work_is_refused(office: DeskOffice, queue: Queue) -> None:
    with pytest.raises(Invalid):
        await office.desk.save_queue(office.office.admin, queue)


async def place_many(office: DeskOffice, count: int) -> list[str]:
    return [(await office.desk.place(await office.waits(f"nr {number}"))).owner for number in range(count)]


async def test_round_robin_takes_turns_and_leaves_out_who_has_left(office: DeskOffice) -> None:
    anna, ben = office.both
    await office.queue(members=(anna, ben), assignment=Assignment.ROUND_ROBIN)
    assert await place_many(office, 4) == [anna, ben, anna, ben]
    gone = office.office.staff.user(ben)
    await office.office.staff.change(replace(gone, active=False))
    owners = [(await office.desk.place(await office.waits(f"more {number}"))).owner for number in range(2)]
    assert owners == [anna, anna]


async def test_least_busy_gets_the_next(office: DeskOffice) -> None:
    anna, ben = office.both
    await office.waits("has one already", owner=anna)
    await office.queue(members=(anna, ben), assignment=Assignment.LEAST_BUSY)
    assert await place_many(office, 3) == [ben, anna, ben]


async def test_the_contact_s_owner_gets_it_or_nobody(office: DeskOffice) -> None:
    await office.queue(assignment=Assignment.OWNER)
    assert (await office.desk.place(await office.waits("one"))).owner == "queue"
    contacts = office.store.documents(CONTACTS)
    await contacts.replace(replace(office.petra, owner=office.both[1]), 1)
    assert (await office.desk.place(await office.waits("two"))).owner == office.both[1]


async def test_placing_again_or_a_bot_s_changes_nothing(office: DeskOffice) -> None:
    await office.queue(members=office.both, assignment=Assignment.ROUND_ROBIN)
    conversation = await office.waits()
    placed = await office.desk.place(conversation)
    assert await office.desk.place(conversation) == placed == await office.stored(conversation)
    assert office.store.documents(QUEUES).rows["queue"].next_member == 1
    bots = await office.waits("bot", owner="bot")
    assert await office.desk.place(bots) == bots


async def test_placing_is_finished_after_a_crash_at_any_point() -> None:
    crashes = 0
    for point in range(1, 40):
        office = await DeskOffice.open()
        assert isinstance(office, DeskOffice)
        await office.queue(members=office.both, assignment=Assignment.ROUND_ROBIN, first_response_minutes=60)
        conversation = await office.waits()
        await office.restart(crash_after=point)
        try:
            await office.desk.place(conversation)
        except Crash:
            crashes += 1
        await office.restart()
        placed = await office.desk.place(await office.stored(conversation))
        assert placed.owner in office.both
        assert len(office.store.documents(REMINDERS).rows) == 1
    assert crashes > 5


# Targets

FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
"""16:30 in Berlin."""


@pytest.mark.parametrize(
    ("since", "minutes", "due"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), 60, datetime(2026, 11, 23, 10, 0, tzinfo=UTC)),
        (FRIDAY, 30, datetime(2026, 11, 20, 16, 0, tzinfo=UTC)),
        (FRIDAY, 31, datetime(2026, 11, 23, 8, 1, tzinfo=UTC)),
        (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), 1, datetime(2026, 11, 23, 8, 1, tzinfo=UTC)),
        # Christmas: 24 December is a working day, 25 and 26 are holidays, 27 is a Sunday.
        (datetime(2026, 12, 24, 15, 0, tzinfo=UTC), 120, datetime(2026, 12, 28, 9, 0, tzinfo=UTC)),
        # The clocks change in the night to Sunday: nine in Berlin is seven in UTC.
        (datetime(2026, 3, 27, 15, 30, tzinfo=UTC), 60, datetime(2026, 3, 30, 7, 30, tzinfo=UTC)),
        # Good Friday and Easter Monday.
        (datetime(2027, 3, 26, 15, 30, tzinfo=UTC), 60, datetime(2027, 3, 30, 8, 0, tzinfo=UTC)),
    ],
)
def test_minutes_count_in_business_hours_only(since: datetime, minutes: int, due: datetime) -> None:
    assert business_due(since, minutes, OFFICE_HOURS, ZONE, "DE", "NW") == due


def test_a_night_shift_over_the_change_of_the_clocks_is_counted_as_it_runs() -> None:
    sunday = (WorkingHours(weekday=6, start=0, end=480),)
    since = datetime(2027, 3, 27, 23, 0, tzinfo=UTC)
    assert business_due(since, 7 * 60, sunday, ZONE) == datetime(2027, 3, 28, 6, 0, tzinfo=UTC)


def targets(office: DeskOffice) -> Sequence[Reminder]:
    return [one for one in office.store.documents(REMINDERS).rows.values() if one.kind is ReminderKind.TARGET]


async def test_a_missed_target_alarms_the_one_in_charge_once(office: DeskOffice) -> None:
    anna, _ = office.both
    await office.queue(members=(anna,), first_response_minutes=60)
    await office.desk.place(await office.waits())
    (target,) = targets(office)
    await office.fire_at(target.due_at)
    await office.fire_at(target.due_at + timedelta(hours=1))
    assert office.notices() == ["Noch keine Antwort an Petra Müller („Angebot“): das Ziel war 23.11. 11:00."]
    assert targets(office)[0].state is ReminderState.FIRED


async def test_an_answer_in_time_is_no_alarm(office: DeskOffice) -> None:
    await office.queue(members=office.both, first_response_minutes=60, resolution_minutes=120)
    placed = await office.desk.place(await office.waits())
    answered = replace(placed, waiting_since=None)
    await office.store.documents(CONVERSATIONS).replace(answered, placed.version)
    first, resolution = sorted(targets(office), key=lambda one: one.due_at)
    await office.fire_at(first.due_at)
    assert office.notices() == []
    await office.fire_at(resolution.due_at)
    assert len(office.notices()) == 2
    assert office.notices("ben")[0].startswith("Not settled yet: Petra Müller")


async def test_each_time_that_somebody_waits_has_its_target(office: DeskOffice) -> None:
    await office.queue(members=office.both, first_response_minutes=60, resolution_minutes=600)
    placed = await office.desk.place(await office.waits())
    again = replace(placed, waiting_since=office.office.later(hours=2))
    await office.store.documents(CONVERSATIONS).replace(again, placed.version)
    for _ in range(2):
        await office.desk.place(again)
    assert len(targets(office)) == 3
    await office.reminding.fire_due()
    assert office.notices() == []
    await office.fire_at(office.clock.now() + timedelta(hours=1))
    assert len(office.notices()) == 2


# Snoozing


async def test_snoozed_it_leaves_the_inbox_and_comes_back(office: DeskOffice) -> None:
    conversation = await office.waits()
    until = office.clock.now() + timedelta(hours=3)
    snoozed = await office.desk.snooze(office.office.anna, conversation.id, until)
    assert await office.desk.snooze(office.office.anna, conversation.id, until) == snoozed
    assert await office.inbox() == []
    await office.fire_at(until - timedelta(seconds=1))
    assert await office.inbox() == []
    await office.fire_at(until)
    back = await office.stored(conversation)
    assert (back.waiting_since, back.snoozed_until) == (conversation.waiting_since, None)
    assert office.notices() == ["Wieder da: Petra Müller („Angebot“)."]


async def test_when_the_contact_writes_it_comes_back_at_once(office: DeskOffice) -> None:
    conversation = await office.waits()
    until = office.clock.now() + timedelta(hours=3)
    snoozed = await office.desk.snooze(office.office.anna, conversation.id, until)
    now = office.office.later(minutes=5)
    entry = await office.office.message(office.petra, "noch etwas", conversation, at=now)
    woken = with_entry(snoozed, entry, ())
    assert (woken.waiting_since, woken.snoozed_until) == (now, None)
    await office.store.documents(CONVERSATIONS).replace(woken, snoozed.version)
    await office.fire_at(until)
    assert office.notices() == []
    assert (await office.stored(conversation)).waiting_since == now


async def test_answered_while_snoozed_it_stays_answered(office: DeskOffice) -> None:
    conversation = await office.waits()
    until = office.clock.now() + timedelta(hours=3)
    snoozed = await office.desk.snooze(office.office.anna, conversation.id, until)
    now = office.office.later(minutes=5)
    answer = await office.office.message(office.petra, "Antwort", at=now, direction=Direction.OUTBOUND)
    await office.store.documents(CONVERSATIONS).replace(with_entry(snoozed, answer, ()), snoozed.version)
    await office.fire_at(until)
    assert (await office.stored(conversation)).waiting_since is None
    assert (await office.stored(conversation)).snoozed_until is None
    assert office.notices() == []


async def test_only_the_last_snooze_counts(office: DeskOffice) -> None:
    conversation = await office.waits()
    one, two = (office.clock.now() + timedelta(hours=hours) for hours in (1, 2))
    await office.desk.snooze(office.office.anna, conversation.id, one)
    await office.desk.snooze(office.office.anna, conversation.id, two)
    await office.fire_at(one)
    assert await office.inbox() == []
    await office.fire_at(two)
    assert await office.inbox() == ["Angebot"]
    assert len(office.notices()) == 1


async def test_coming_back_survives_a_crash_at_any_point() -> None:
    crashes = 0
    for point in range(1, 40):
        office = await DeskOffice.open()
        assert isinstance(office, DeskOffice)
        conversation = await office.waits()
        until = office.clock.now() + timedelta(hours=3)
        await office.desk.snooze(office.office.anna, conversation.id, until)
        office.clock.advance(3 * 3600)
        await office.restart(crash_after=point)
        try:
            await office.reminding.fire_due()
        except Crash:
            crashes += 1
        await office.restart()
        await office.reminding.fire_due()
        assert await office.inbox() == ["Angebot"], point
        assert len(office.notices()) == 1
    assert crashes > 5


async def test_snoozing_into_the_past_or_what_is_closed_is_refused(office: DeskOffice) -> None:
    conversation, now = await office.waits(), office.clock.now()
    for until in (now, now + timedelta(days=400), datetime(2026, 12, 1)):  # noqa: DTZ001 - the case itself
        with pytest.raises(Invalid):
            await office.desk.snooze(office.office.anna, conversation.id, until)
    with pytest.raises(NotFound):
        await office.desk.snooze(office.office.anna, ConversationId("v_none"), now + timedelta(hours=1))
    await office.office.conversations.close(office.office.anna, conversation.id)
    with pytest.raises(Conflict):
        await office.desk.snooze(office.office.anna, conversation.id, now + timedelta(hours=1))


# Canned replies


async def test_fields_are_filled_in_once(office: DeskOffice) -> None:
    admin, anna = office.office.admin, office.office.anna
    text = "Guten Tag {name}, liebe {first_name}. {user}, {company} [{number}]"
    await office.desk.save_canned(admin, CannedReply(id="", name="Begrüßung", language="de", text=text))
    conversation = await office.waits()
    filled = await office.desk.fill_canned(anna, "begruessung", conversation.id)
    assert filled == "Guten Tag Petra Müller, liebe Petra. Anna Seidel, Tischlerei Seidel []"
    contacts = office.store.documents(CONTACTS)
    await contacts.replace(replace(office.petra, name="{user} {evil}"), 1)
    assert "Guten Tag {user} {evil}, liebe {user}." in await office.desk.fill_canned(anna, "Begrüßung", conversation.id)


async def test_an_unknown_field_is_refused_with_the_list(office: DeskOffice) -> None:
    with pytest.raises(Invalid) as refusal:
        await office.desk.save_canned(office.office.admin, CannedReply(id="", name="x", text="{vorname} {name.x}"))
    assert "{first_name}" in refusal.value.sentence
    assert "{vorname}" in refusal.value.sentence


async def test_an_unknown_name_has_the_nearest(office: DeskOffice) -> None:
    admin = office.office.admin
    saved = await office.desk.save_canned(admin, CannedReply(id="", name="Lieferzeit", text="bald"))
    with pytest.raises(NotFound) as missing:
        await office.desk.fill_canned(admin, "Liefrzeit", (await office.waits()).id)
    assert missing.value.fields["nearest"] == ["Lieferzeit"]
    with pytest.raises(Conflict):
        await office.desk.save_canned(admin, CannedReply(id="", name="lieferzeit", text="nie"))
    changed = await office.desk.save_canned(admin, replace(saved, text="sehr bald"))
    with pytest.raises(Conflict):
        await office.desk.save_canned(admin, saved)
    assert await office.desk.canned(office.office.anna) == [changed]
    await office.desk.delete_canned(admin, "Lieferzeit")
    assert await office.desk.canned(admin) == []


# Colleagues


async def test_a_question_is_told_once_and_stands_on_the_timeline_as_internal(office: DeskOffice) -> None:
    await office.waits()
    anna, ben = office.office.anna, office.office.user_id("ben")
    for _ in range(2):
        await office.desk.ask_colleague(anna, office.petra.id, ben, "Kennst du die Maße?", key="1")
    notes = [one for one in office.store.documents(INTERACTIONS).rows.values() if one.kind is InteractionKind.NOTE]
    assert [(one.direction, one.text) for one in notes] == [(Direction.INTERNAL, "@Ben Carter: Kennst du die Maße?")]
    assert office.notices() == [
        "Anna Seidel asks about Petra Müller: “Kennst du die Maße?” – to answer: note Petra Müller: …"
    ]
    with pytest.raises(NotFound):
        await office.desk.ask_colleague(anna, office.petra.id, UserId("u_nobody"), "x", key="2")


async def test_who_looks_is_seen_for_thirty_seconds(office: DeskOffice) -> None:
    conversation = await office.waits()
    anna, ben = office.office.anna, office.office.ben
    assert await office.desk.look(anna, conversation.id, False) == []
    (viewer,) = await office.desk.look(ben, conversation.id, True)
    assert (viewer.name, viewer.writing) == ("Anna Seidel", False)
    (viewer,) = await office.desk.look(anna, conversation.id, False)
    assert (viewer.name, viewer.writing) == ("Ben Carter", True)
    office.clock.advance(31)
    assert await office.desk.look(anna, conversation.id, False) == []


# Rights


async def test_rights_are_asked_and_audited(office: DeskOffice) -> None:
    conversation, desk = await office.waits(), office.desk
    anna, later = office.office.anna, office.clock.now() + timedelta(hours=1)
    with pytest.raises(Refused):
        await desk.save_queue(anna, Queue(id="", name="x"))
    with pytest.raises(Refused):
        await desk.save_canned(anna, CannedReply(id="", name="x", text="x"))
    with pytest.raises(Refused):
        await desk.delete_canned(anna, "x")
    for verb in (
        desk.queues(CONTACT_ACTOR),
        desk.canned(CONTACT_ACTOR),
        desk.snooze(CONTACT_ACTOR, conversation.id, later),
        desk.fill_canned(CONTACT_ACTOR, "x", conversation.id),
        desk.ask_colleague(CONTACT_ACTOR, office.petra.id, office.both[0], "x", key="1"),
        desk.look(CONTACT_ACTOR, conversation.id, False),
    ):
        with pytest.raises(Refused):
            await verb
    await desk.snooze(anna, conversation.id, later)
    await office.office.audit.flush()
    told = [(verb, outcome) for _, verb, _, outcome in office.office.audited() if verb.startswith("desk.")]
    assert len([one for one in told if one[1] == "refused"]) == 9
    assert ("desk.snooze", "ok") in told
