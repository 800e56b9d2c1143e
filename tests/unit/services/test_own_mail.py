"""A colleague's own mail address is proved before anything goes there; the weekly report comes by mail once a week."""

from datetime import timedelta

import pytest

from hub.domain.address import Address
from hub.domain.errors import Conflict, Invalid, TooMany
from hub.domain.outbox import OutboxItem, Purpose, reveal
from hub.domain.people import RowScope
from hub.domain.reminder import Reminder, ReminderKind
from hub.ports.kinds import ALERTS, OUTBOX, REMINDERS, SHARES
from hub.services.own_mail import CODES_A_DAY
from tests.unit.services.test_reports import Desk, desk

ANNA = "anna@privat.example"


def letters(it: Desk) -> list[OutboxItem]:
    """What went out by mail, in order."""
    rows = it.office.store.documents(OUTBOX).rows.values()
    return sorted((one for one in rows if one.channel == "email"), key=lambda one: one.created_at)


def code_in(item: OutboxItem) -> str:
    text = reveal(item.content).text
    return next(word.strip(".,") for word in text.split() if len(word.strip(".,")) == 10 and word.isupper())


async def proved(it: Desk, address: str = ANNA) -> None:
    await it.business.reminders.ask_mail(it.office.anna, address)
    await it.business.reminders.set_mail(it.office.anna, address, code_in(letters(it)[-1]))


async def test_an_address_is_ones_own_once_its_code_came_back() -> None:
    it, _ = await desk()
    verbs, anna = it.business.reminders, it.office.anna
    await verbs.ask_mail(anna, " Anna@Privat.Example ")
    (letter,) = letters(it)
    assert letter.recipient == Address(channel="email", normal=ANNA)
    assert letter.purpose is Purpose.NOTICE
    code = code_in(letter)
    assert code not in letter.content.text
    assert (await verbs.alerts(anna)).mail == ""
    for wrong in ("", "AAAAAAAAAA", code[:-1], code + "A"):
        with pytest.raises(Invalid):
            await verbs.set_mail(anna, ANNA, wrong)
    with pytest.raises(Invalid):
        await verbs.set_mail(anna, "ben@privat.example", code)
    with pytest.raises(Invalid):
        await verbs.set_mail(it.office.admin, ANNA, code)
    assert (await verbs.alerts(anna)).mail == ""
    done = await verbs.set_mail(anna, ANNA, f"{code[:5].lower()} {code[5:]}")
    assert (done.mail, done.mail_wanted) == (ANNA, "")
    assert (await verbs.set_mail(anna, "", "")).mail == ""


async def test_a_code_ends_after_half_an_hour_and_with_the_next_one() -> None:
    it, _ = await desk()
    verbs, anna = it.business.reminders, it.office.anna
    await verbs.ask_mail(anna, ANNA)
    first = code_in(letters(it)[-1])
    it.office.clock.advance(60)
    await verbs.ask_mail(anna, ANNA)
    second = code_in(letters(it)[-1])
    assert first != second
    with pytest.raises(Invalid):
        await verbs.set_mail(anna, ANNA, first)
    it.office.clock.advance(31 * 60)
    with pytest.raises(Invalid):
        await verbs.set_mail(anna, ANNA, second)


async def test_codes_are_few_and_need_a_channel_and_an_address() -> None:
    it, _ = await desk()
    verbs, anna = it.business.reminders, it.office.anna
    for text in ("", "nobody", "a@b@c", "x" * 400 + "@example.org"):
        with pytest.raises(Invalid):
            await verbs.ask_mail(anna, text)
    for number in range(CODES_A_DAY):
        await verbs.ask_mail(anna, f"other{number}@privat.example")
        it.office.clock.advance(1)
    with pytest.raises(TooMany):
        await verbs.ask_mail(anna, ANNA)
    assert len(letters(it)) == CODES_A_DAY
    it.office.clock.advance(86_400)
    it.office.world.accounts.change("office", can_send=False)
    with pytest.raises(Conflict) as refused:
        await verbs.ask_mail(anna, ANNA)
    assert refused.value.fields["code"] == "no-mail"


async def monday(it: Desk) -> Reminder:
    await it.reporting.weekly.plan()
    rows = it.office.store.documents(REMINDERS).rows.values()
    planned = sorted((one for one in rows if one.kind is ReminderKind.WEEKLY_REPORT), key=lambda one: one.due_at)
    it.office.clock.advance((planned[-1].due_at - it.office.clock.now()).total_seconds())
    return planned[-1]


async def reported(it: Desk) -> list[OutboxItem]:
    """The weekly reports that were mailed."""
    return [one for one in letters(it) if "Wochenbericht" in one.content.subject or "Weekly" in one.content.subject]


async def test_the_weekly_report_comes_by_mail_once_a_week_with_the_pdf_also_across_restarts() -> None:
    it, _ = await desk()
    await proved(it)
    await it.business.reminders.set_alert(it.office.anna, "weekly-mail", True)
    due = await monday(it)
    await it.reporting.weekly.fire(due)
    again = Desk(it.office)
    it.office.clock.advance(60)
    await again.reporting.weekly.fire(due)
    (item,) = await reported(it)
    assert item.recipient.normal == ANNA
    language = it.office.staff.known(it.office.anna.user_id).language  # type: ignore[union-attr]
    assert item.content.language == language
    assert item.content.subject in ("Wochenbericht bis 29.11.2026", "Weekly report up to 29 Nov 2026")
    (file,) = item.content.attachments
    assert (file.type, file.name[-15:]) == ("application/pdf", "-2026-11-30.pdf"[-15:])
    assert (await it.office.store.blobs.get(file.sha256)).startswith(b"%PDF")
    assert it.office.store.documents(SHARES).rows == {}
    # The next week brings the next one.
    next_one = await monday(again)
    assert next_one.due_at - due.due_at == timedelta(weeks=1)
    await again.reporting.weekly.fire(next_one)
    assert len(await reported(it)) == 2


@pytest.mark.parametrize(
    ("language", "subject"),
    [("de", "Wochenbericht bis 29.11.2026"), ("en", "Weekly report up to 29 Nov 2026")],
)
async def test_it_speaks_the_colleagues_language(language: str, subject: str) -> None:
    it, _ = await desk()
    await it.office.users.set_preferences(it.office.admin, it.office.user_id("anna"), language=language)
    await proved(it)
    await it.business.reminders.set_alert(it.office.anna, "weekly-mail", True)
    await it.reporting.weekly.fire(await monday(it))
    assert [one.content.subject for one in await reported(it)] == [subject]


async def test_a_channel_that_carries_no_such_file_gets_the_link() -> None:
    it, _ = await desk()
    await proved(it)
    await it.business.reminders.set_alert(it.office.anna, "weekly-mail", True)
    it.office.world.accounts.change("office", max_file_bytes=1_000)
    await it.reporting.weekly.fire(await monday(it))
    (item,) = await reported(it)
    assert item.content.attachments == ()
    (share,) = it.office.store.documents(SHARES).rows.values()
    assert share.type == "application/pdf"
    assert "/f/" in item.content.text


async def test_without_a_proved_address_or_the_right_nothing_is_mailed() -> None:
    it, _ = await desk()
    await it.business.reminders.ask_mail(it.office.anna, ANNA)
    await it.business.reminders.set_alert(it.office.anna, "weekly-mail", True)
    due = await monday(it)
    await it.reporting.weekly.fire(due)
    assert await reported(it) == []
    it.office.clock.advance(1)
    await proved(it)
    await it.office.users.change(it.office.admin, it.office.user_id("anna"), rows=RowScope.OWN)
    await it.reporting.weekly.fire(await monday(it))
    assert await reported(it) == []


async def test_who_wants_neither_gets_none_and_topics_are_apart() -> None:
    it, _ = await desk()
    await proved(it)
    await it.business.reminders.set_alert(it.office.anna, "weekly-report", True)
    await it.reporting.weekly.fire(await monday(it))
    assert await reported(it) == []
    choice = it.office.store.documents(ALERTS).rows[it.office.anna.id]
    assert "weekly-mail" not in choice.topics
