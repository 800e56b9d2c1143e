"""Invitations by mail, in the forms of Outlook, Google, Apple and Thunderbird (written for this project)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from connectors.email.compose import compose_mail
from hub.domain.address import Address
from hub.domain.appointment import (
    Appointment,
    AppointmentDraft,
    AppointmentState,
    Calendar,
    CalendarKind,
    Participation,
)
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.itip import ItipMethod
from hub.domain.message import Envelope
from hub.domain.outbox import OutboxItem, Purpose
from hub.ports.connector import Parcel
from hub.ports.kinds import APPOINTMENTS, CONTACTS
from hub.services.calendar.itip import MAX_BYTES, read_itip
from tests.fake_connector import START
from tests.reception_world import PASSED, PETRA_MAIL, CustomerOffice

CASES = Path(__file__).parents[2] / "cases" / "itip"
PROGRAMS = ["outlook", "google", "apple", "thunderbird"]
BERLIN = ZoneInfo("Europe/Berlin")
TIME = START + timedelta(days=1)
OFFICE = "office@joinery.example"


def ics(program: str, method: str, *, start: datetime = TIME, minutes: int = 60, **fields: Any) -> bytes:
    end = start + timedelta(minutes=minutes)
    values = {
        "uid": "event-1@theirs.example",
        "sequence": "0",
        "stamp": "20261123T090000Z",
        "title": "Aufmaß Küche",
        "organiser": PETRA_MAIL,
        "attendee": OFFICE,
        "name": "Petra Müller",
        "partstat": "NEEDS-ACTION",
        "start": f"{start.astimezone(BERLIN):%Y%m%dT%H%M%S}",
        "end": f"{end.astimezone(BERLIN):%Y%m%dT%H%M%S}",
        "utc_start": f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        "utc_end": f"{end.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        **{key: str(value) for key, value in fields.items()},
    }
    text = (CASES / f"{program}_{method.lower()}.ics").read_text("utf-8").format(**values)
    return text.replace("\n", "\r\n").encode()


def as_mail(data: bytes, method: str, sender: str = PETRA_MAIL, *, authentic: bool = True, number: int = 1) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Petra Müller <{sender}>", OFFICE, "Termin"
    message["Message-ID"] = f"<itip-{number}-{method}@theirs.example>"
    message["Date"] = "Mon, 23 Nov 2026 09:59:00 +0100"
    if authentic:
        message["Authentication-Results"] = PASSED.format(domain=sender.rpartition("@")[2])
    message.set_content("Siehe Termin.")
    message.add_alternative(data, maintype="text", subtype="calendar", params={"method": method, "charset": "utf-8"})
    return message.as_bytes(policy=SMTP)


class Scene:
    """Petra's mail address is trusted; Anna looks after her."""

    def __init__(self, world: CustomerOffice) -> None:
        self.world, self.number = world, 0

    @classmethod
    async def open(cls) -> "Scene":
        world = await CustomerOffice.open()
        await world.bookable()
        code = await world.office.users.link_code(world.office.admin, world.office.user_id("anna"))
        await world.office.users.bind(Address(channel="xmpp", normal="anna@joinery.example"), code)
        return cls(world)

    @property
    def calendar(self) -> Any:
        return self.world.business.calendar

    async def receive(self, data: bytes, method: str, sender: str = PETRA_MAIL, *, authentic: bool = True) -> None:
        self.number += 1
        raw = as_mail(data, method, sender, authentic=authentic, number=self.number)
        await self.world._receive("office", raw, Envelope(sender=sender), sender, True)

    async def invited(self) -> Appointment:
        appointment = await self.world.appointment(TIME)
        invited = await self.calendar.invite(self.world.office.anna, appointment.id)
        assert isinstance(invited, Appointment)
        return invited

    def stored(self, id: str) -> Appointment:
        return self.world.store.documents(APPOINTMENTS).rows[id]

    def theirs(self) -> list[Appointment]:
        return [one for one in self.world.store.documents(APPOINTMENTS).rows.values() if one.organiser is not None]

    def letters(self) -> list[OutboxItem]:
        found = [one.item for one in self.world.said(PETRA_MAIL)]
        return [item for item in found if item.content.attachments]

    async def file(self, item: OutboxItem) -> bytes:
        return await self.world.store.blobs.get(item.content.attachments[0].sha256)

    def told(self) -> list[str]:
        return [text for text in self.world.notices() if "neue" not in text.lower()]


# Reading


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("method", ["REQUEST", "REPLY", "COUNTER", "CANCEL"])
def test_every_program_is_read(program: str, method: str) -> None:
    message = read_itip(ics(program, method, partstat="ACCEPTED", sequence=2))
    assert message is not None
    assert (message.method, message.uid, message.sequence) == (ItipMethod(method), "event-1@theirs.example", 2)
    assert (message.start, message.end) == (TIME, TIME + timedelta(hours=1))
    assert message.organiser == PETRA_MAIL
    assert [(one.address, one.participation) for one in message.attendees] == [(OFFICE, Participation.ACCEPTED)]
    assert message.title == "Aufmaß Küche"
    assert message.location == "Werkstatt"
    assert message.time_zone in ("Europe/Berlin", "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no calendar",
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\n" + b"X" * (MAX_BYTES + 1),
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" + b"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n" * 60,
        ics("google", "REQUEST").replace(b"STATUS", b"RRULE:FREQ=SECONDLY\r\nSTATUS"),
        ics("google", "REQUEST").replace(b"STATUS", b"RRULE:FREQ=DAILY\r\nSTATUS"),
        ics("google", "REQUEST").replace(b"STATUS", b"RRULE:FREQ=DAILY;COUNT=99999999\r\nSTATUS"),
        ics("google", "REQUEST", minutes=-60),
        ics("google", "REQUEST", minutes=60 * 24 * 30),
        ics("google", "REQUEST").replace(b"DTSTART:2026", b"DTSTART:9999999"),
        ics("google", "REQUEST", uid="u" * 600),
        ics("google", "REQUEST").replace(b"SEQUENCE:0", b"SEQUENCE:nine"),
    ],
    ids=range(13),
)
def test_files_from_hell_are_refused(data: bytes) -> None:
    try:
        message = read_itip(data)
    except Invalid:
        return
    assert message is None or message.start is None


def test_a_published_calendar_asks_nothing() -> None:
    assert read_itip(ics("google", "REQUEST").replace(b"METHOD:REQUEST", b"METHOD:PUBLISH")) is None


# Inviting


async def test_an_invitation_is_a_mail_that_calendar_programs_understand() -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    (item,) = scene.letters()
    assert item.content.subject == "Einladung: Aufmaß, 24.11.2026 10:00"
    data = await scene.file(item)
    parcel = Parcel(item=item, attempt=1, files=(data,))
    raw = compose_mail(parcel, from_address=OFFICE)
    assert raw == compose_mail(parcel, from_address=OFFICE)
    from email import message_from_bytes, policy

    mail = message_from_bytes(raw, policy=policy.default)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/calendar", "application/ics"]
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
    event = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")[0]
    assert str(event["uid"]) == appointment.uid
    assert str(event["organizer"]).lower() == f"mailto:{OFFICE}"
    assert str(event["attendee"]).lower() == f"mailto:{PETRA_MAIL}"
    assert event["attendee"].params["RSVP"] == "TRUE"
    assert event["dtstart"].dt == TIME
    assert b"BEGIN:VTIMEZONE" in data


async def test_moving_and_cancelling_tell_whoever_was_invited_with_a_growing_sequence() -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    anna = scene.world.office.anna
    await scene.calendar.move(anna, appointment.id, TIME + timedelta(hours=2), key="m")
    await scene.calendar.cancel(anna, appointment.id, key="c")
    read = [read_itip(await scene.file(item)) for item in scene.letters()]
    assert [(one.method.value, one.sequence) for one in read if one] == [("REQUEST", 0), ("REQUEST", 1), ("CANCEL", 2)]


async def test_whoever_was_not_invited_hears_nothing() -> None:
    scene = await Scene.open()
    appointment = await scene.world.appointment(TIME)
    await scene.calendar.move(scene.world.office.anna, appointment.id, TIME + timedelta(hours=2), key="m")
    assert scene.letters() == []


async def test_inviting_twice_sends_once() -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    await scene.calendar.invite(scene.world.office.anna, appointment.id)
    assert len(scene.letters()) == 1
    assert len(scene.stored(appointment.id).attendees) == 1


async def test_without_a_trusted_mail_address_nobody_can_be_invited() -> None:
    scene = await Scene.open()
    jens = await scene.world.customer("Jens Holz")
    appointment = await scene.world.appointment(TIME, jens)
    with pytest.raises(NotFound):
        await scene.calendar.invite(scene.world.office.anna, appointment.id)


# Their answers to ours


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("partstat", ["ACCEPTED", "DECLINED", "TENTATIVE"])
async def test_an_answer_is_kept_and_told(program: str, partstat: str) -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    answer = ics(program, "REPLY", uid=appointment.uid, organiser=OFFICE, attendee=PETRA_MAIL, partstat=partstat)
    await scene.receive(answer, "REPLY")
    (attendee,) = scene.stored(appointment.id).attendees
    assert attendee.participation.value == partstat.lower()
    assert scene.stored(appointment.id).state is AppointmentState.CONFIRMED
    said = {"ACCEPTED": "kommt: „Aufmaß“", "DECLINED": "hat abgesagt", "TENTATIVE": "kommt vielleicht"}[partstat]
    assert any(said in text for text in scene.told())
    marks = {mark for entry in scene.world.entries for mark in entry.marks}
    assert f"invitation-{partstat.lower()}" in marks


async def test_an_answer_is_told_to_the_owner_of_the_calendar() -> None:
    scene = await Scene.open()
    office, ben = scene.world.office, scene.world.office.user_id("ben")
    code = await office.users.link_code(office.admin, ben)
    await office.users.bind(Address(channel="xmpp", normal="ben@joinery.example"), code)
    bens = Calendar(
        id="", name="Ben", sort_name="ben", kind=CalendarKind.PERSON, user_id=ben, time_zone="Europe/Berlin"
    )
    bens = await scene.calendar.save_calendar(office.admin, bens)
    draft = AppointmentDraft(
        start=TIME,
        minutes=60,
        title="Aufmaß",
        contact_id=scene.world.petra.id,
        calendars=(bens.id,),
        outside_hours=True,
    )
    appointment = await scene.calendar.book(office.admin, draft, key="b")
    await scene.calendar.invite(office.admin, appointment.id)
    answer = ics("apple", "REPLY", uid=appointment.uid, organiser=OFFICE, attendee=PETRA_MAIL, partstat="ACCEPTED")
    await scene.receive(answer, "REPLY")
    told = {one.to for one in scene.world.said("", Purpose.NOTICE) if "“Aufmaß”" in one.text or "„Aufmaß“" in one.text}
    assert told == {"ben@joinery.example"}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_counter_proposal_is_told_and_moves_nothing(program: str) -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    proposal = ics(
        program, "COUNTER", uid=appointment.uid, organiser=OFFICE, attendee=PETRA_MAIL, partstat="TENTATIVE",
        start=TIME + timedelta(hours=3),
    )  # fmt: skip
    await scene.receive(proposal, "COUNTER")
    assert scene.stored(appointment.id).start == TIME
    assert any("24.11.2026 13:00" in text for text in scene.told())


async def test_an_older_answer_does_not_replace_a_newer_one() -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    fields = {"uid": appointment.uid, "organiser": OFFICE, "attendee": PETRA_MAIL}
    await scene.receive(ics("google", "REPLY", partstat="DECLINED", stamp="20261123T100000Z", **fields), "REPLY")
    await scene.receive(ics("google", "REPLY", partstat="ACCEPTED", stamp="20261123T093000Z", **fields), "REPLY")
    assert scene.stored(appointment.id).attendees[0].participation is Participation.DECLINED


async def test_an_answer_to_an_older_time_does_not_count() -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    await scene.calendar.move(scene.world.office.anna, appointment.id, TIME + timedelta(hours=2), key="m")
    answer = ics(
        "apple", "REPLY", uid=appointment.uid, organiser=OFFICE, attendee=PETRA_MAIL, partstat="ACCEPTED", sequence=0
    )
    await scene.receive(answer, "REPLY")
    assert scene.stored(appointment.id).attendees[0].participation is Participation.NEEDS_ACTION


@pytest.mark.parametrize("case", ["forged", "stranger", "other-attendee", "unknown-uid"])
async def test_an_answer_counts_only_from_whoever_was_invited(case: str) -> None:
    scene = await Scene.open()
    appointment = await scene.invited()
    fields = {"uid": appointment.uid, "organiser": OFFICE, "attendee": PETRA_MAIL, "partstat": "DECLINED"}
    sender, authentic = PETRA_MAIL, True
    if case == "forged":
        authentic = False
    elif case == "stranger":
        sender = "mallory@evil.example"
    elif case == "other-attendee":
        sender, fields["attendee"] = "mallory@evil.example", "mallory@evil.example"
    else:
        fields["uid"] = "guessed@joinery.example"
    await scene.receive(ics("outlook", "REPLY", **fields), "REPLY", sender, authentic=authentic)
    assert scene.stored(appointment.id).attendees[0].participation is Participation.NEEDS_ACTION


# Their invitations


@pytest.mark.parametrize("program", PROGRAMS)
async def test_an_invitation_waits_in_the_calendar_of_whoever_looks_after_them(program: str) -> None:
    scene = await Scene.open()
    await scene.receive(ics(program, "REQUEST"), "REQUEST")
    (theirs,) = scene.theirs()
    assert (theirs.state, theirs.start, theirs.title) == (AppointmentState.TENTATIVE, TIME, "Aufmaß Küche")
    agenda = await scene.calendar.agenda(scene.world.office.anna, TIME - timedelta(hours=1), TIME + timedelta(days=1))
    assert [one.appointment.id for one in agenda] == [theirs.id]
    assert any("lädt ein: „Aufmaß Küche“" in text for text in scene.told())
    await scene.receive(ics(program, "REQUEST"), "REQUEST")
    assert len(scene.theirs()) == 1


@pytest.mark.parametrize("said", ["accepted", "declined", "tentative"])
async def test_our_answer_goes_back_as_a_reply(said: str) -> None:
    scene = await Scene.open()
    await scene.receive(ics("outlook", "REQUEST", sequence=3), "REQUEST")
    (theirs,) = scene.theirs()
    for _ in range(2):
        await scene.calendar.answer(scene.world.office.anna, theirs.id, Participation(said), key="k")
    (item,) = scene.letters()
    reply = read_itip(await scene.file(item))
    assert reply is not None
    assert (reply.method, reply.uid, reply.sequence) == (ItipMethod.REPLY, "event-1@theirs.example", 3)
    assert [(one.address, one.participation.value) for one in reply.attendees] == [(OFFICE, said)]
    assert item.content.in_reply_to
    state = {"accepted": "confirmed", "declined": "cancelled", "tentative": "tentative"}[said]
    assert scene.stored(theirs.id).state.value == state


async def test_accepting_what_overlaps_is_a_conflict_and_sends_nothing() -> None:
    scene = await Scene.open()
    anna = scene.world.office.anna
    await scene.receive(ics("google", "REQUEST"), "REQUEST")
    (theirs,) = scene.theirs()
    from hub.domain.appointment import AppointmentDraft

    await scene.calendar.book(anna, AppointmentDraft(start=TIME, title="Anderes"), key="b")
    with pytest.raises(Conflict):
        await scene.calendar.answer(anna, theirs.id, Participation.ACCEPTED, key="k")
    assert scene.letters() == []


async def test_a_changed_invitation_frees_the_old_time_and_waits_again() -> None:
    scene = await Scene.open()
    anna = scene.world.office.anna
    await scene.receive(ics("google", "REQUEST"), "REQUEST")
    (theirs,) = scene.theirs()
    await scene.calendar.answer(anna, theirs.id, Participation.ACCEPTED, key="k")
    later = TIME + timedelta(hours=4)
    await scene.receive(ics("google", "REQUEST", sequence=1, start=later), "REQUEST")
    changed = scene.stored(theirs.id)
    assert (changed.state, changed.start) == (AppointmentState.TENTATIVE, later)
    from hub.domain.appointment import AppointmentDraft

    assert await scene.calendar.book(anna, AppointmentDraft(start=TIME, title="Wieder frei"), key="b")


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_cancelled_invitation_is_gone(program: str) -> None:
    scene = await Scene.open()
    await scene.receive(ics(program, "REQUEST"), "REQUEST")
    await scene.receive(ics(program, "CANCEL", sequence=1), "CANCEL")
    (theirs,) = scene.theirs()
    assert theirs.state is AppointmentState.CANCELLED
    assert any("hat „Aufmaß Küche“" in text for text in scene.told())


@pytest.mark.parametrize("case", ["forged", "not-the-organiser", "no-owner", "past", "ours"])
async def test_an_invitation_counts_only_from_its_organiser(case: str) -> None:
    scene = await Scene.open()
    fields: dict[str, Any] = {}
    authentic = case != "forged"
    if case == "not-the-organiser":
        fields["organiser"] = "chef@theirs.example"
    if case == "past":
        fields["start"] = START - timedelta(days=1)
    if case == "no-owner":
        petra = scene.world.store.documents(CONTACTS).rows[scene.world.petra.id]
        await scene.world.store.documents(CONTACTS).replace(replace(petra, owner=None), petra.version)
    if case == "ours":
        appointment = await scene.invited()
        fields |= {"uid": appointment.uid, "organiser": OFFICE, "attendee": PETRA_MAIL, "sequence": 9}
    await scene.receive(ics("apple", "REQUEST", **fields), "REQUEST", authentic=authentic)
    assert scene.theirs() == []
    if case == "ours":
        assert scene.stored(appointment.id).sequence == 0


async def test_a_forged_cancellation_cancels_nothing() -> None:
    scene = await Scene.open()
    await scene.receive(ics("apple", "REQUEST"), "REQUEST")
    await scene.receive(ics("apple", "CANCEL", sequence=5), "CANCEL", authentic=False)
    await scene.receive(ics("apple", "CANCEL", sequence=5), "CANCEL", "mallory@evil.example")
    assert scene.theirs()[0].state is AppointmentState.TENTATIVE
