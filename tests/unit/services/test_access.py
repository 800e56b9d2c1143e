"""Roles, teams and rows: who may do what, and to whose contacts."""

import asyncio
from dataclasses import replace

import pytest

from hub.domain.errors import Conflict, FernamtError, Invalid, NotFound, Refused
from hub.domain.people import AGENT_RIGHTS, Right, Role, RowScope, UserRole
from tests.office import SYSTEM, Office


async def role(office: Office, name: str, *rights: Right) -> Role:
    return await office.users.save_role(office.admin, Role(id="", name=name, rights=rights))


async def test_the_built_in_roles() -> None:
    office = await Office.open()
    await office.users.add(SYSTEM, "carl", UserRole.ACCOUNTANT)
    await office.users.add(SYSTEM, "rita", UserRole.READ_ONLY)
    carl, rita = await office.actor("carl"), await office.actor("rita")
    assert Right.BOOK in carl.rights
    assert Right.WRITE_MESSAGES not in carl.rights
    assert Right.READ_ACCOUNTS in rita.rights
    assert not rita.rights & {Right.BOOK, Right.WRITE_NOTES, Right.EDIT_CONTACTS, Right.READ_AUDIT}
    assert Right.READ_AUDIT not in office.anna.rights
    assert office.admin.rights >= set(Right) - {Right.ASK_AS}


async def test_a_role_of_ones_own_stands_instead_of_the_built_in_one() -> None:
    office = await Office.open()
    auditor = await role(office, "Prüferin", Right.READ_AUDIT, Right.READ_CONTACTS)
    await office.users.change(office.admin, office.user_id("ben"), own_role=auditor.id)
    ben = await office.actor("ben")
    assert ben.rights == {Right.READ_AUDIT, Right.READ_CONTACTS}
    await office.audit.page(ben)
    with pytest.raises(Refused):
        await office.audit.page(office.anna)
    await office.users.change(office.admin, office.user_id("ben"), own_role="")
    assert (await office.actor("ben")).rights == AGENT_RIGHTS


async def test_a_changed_role_takes_effect_at_once_and_after_a_restart() -> None:
    office = await Office.open()
    made = await role(office, "Aushilfe", Right.READ_CONTACTS)
    await office.users.change(office.admin, office.user_id("ben"), own_role=made.id)
    await office.users.save_role(office.admin, replace(made, rights=(Right.WRITE_NOTES,)))
    assert (await office.actor("ben")).rights == {Right.WRITE_NOTES}
    await office.users.load()
    assert (await office.actor("ben")).rights == {Right.WRITE_NOTES}


@pytest.mark.parametrize("right", [Right.RUN_USERS, Right.ASK_AS])
async def test_an_own_role_gives_nobody_the_rights_of_admins(right: Right) -> None:
    office = await Office.open()
    with pytest.raises(Invalid):
        await role(office, "Chef", right)


@pytest.mark.parametrize("name", ["", "  ", "admin", "Agent", "x" * 61])
async def test_a_role_needs_a_name_of_its_own(name: str) -> None:
    office = await Office.open()
    with pytest.raises(Invalid):
        await role(office, name)


async def test_a_role_that_somebody_has_stays() -> None:
    office = await Office.open()
    made = await role(office, "Aushilfe", Right.READ_CONTACTS)
    await office.users.change(office.admin, office.user_id("ben"), own_role=made.id)
    with pytest.raises(Conflict, match="ben"):
        await office.users.delete_role(office.admin, made.id)
    await office.users.change(office.admin, office.user_id("ben"), own_role="")
    await office.users.delete_role(office.admin, made.id)
    assert await office.users.roles(office.admin) == []
    with pytest.raises(NotFound):
        await office.users.delete_role(office.admin, made.id)


async def test_roles_change_by_version() -> None:
    office = await Office.open()
    made = await role(office, "Aushilfe", Right.READ_CONTACTS)
    await office.users.save_role(office.admin, replace(made, rights=()))
    with pytest.raises(Conflict):
        await office.users.save_role(office.admin, replace(made, rights=(Right.BOOK,)))
    with pytest.raises(Conflict):
        await role(office, "aushilfe", Right.BOOK)


async def test_an_unknown_role_cannot_be_given_and_a_lost_one_gives_nothing() -> None:
    office = await Office.open()
    with pytest.raises(Invalid):
        await office.users.change(office.admin, office.user_id("ben"), own_role="gibtsnicht")
    ben = replace(office.staff.named("ben"), own_role="lost")
    assert office.staff.actor(ben, via="console").rights == frozenset()


async def test_the_last_admin_stays_one() -> None:
    office = await Office.open()
    me = office.user_id("admin")
    for change in ({"role": UserRole.AGENT}, {"active": False}):
        with pytest.raises(Conflict, match="last admin"):
            await office.users.change(office.admin, me, **change)  # type: ignore[arg-type]
    await office.users.change(office.admin, office.user_id("ben"), role=UserRole.ADMIN)
    await office.users.change(office.admin, me, active=False)
    assert await office.users.actor_of(me, "console") is None


async def test_two_admins_cannot_take_each_others_role_away() -> None:
    office = await Office.open()
    await office.users.change(office.admin, office.user_id("ben"), role=UserRole.ADMIN)
    ben = await office.actor("ben")
    results = await asyncio.gather(
        office.users.change(office.admin, office.user_id("ben"), role=UserRole.AGENT),
        office.users.change(ben, office.user_id("admin"), role=UserRole.AGENT),
        return_exceptions=True,
    )
    assert sum(isinstance(one, FernamtError) for one in results) == 1
    assert [user.name for user in office.staff.all() if user.role is UserRole.ADMIN and user.active] != []


async def test_an_admin_is_not_limited() -> None:
    office = await Office.open()
    with pytest.raises(Invalid):
        await office.users.change(office.admin, office.user_id("admin"), rows=RowScope.OWN)


async def test_whoever_may_not_sign_in_any_more_is_out_at_once() -> None:
    office = await Office.open()
    _, password = await office.users.add(SYSTEM, "dora", UserRole.AGENT)
    session = await office.users.sign_in("dora", password, "1.2.3.4")
    assert session is not None
    await office.users.change(office.admin, office.user_id("dora"), active=False)
    assert await office.users.session_actor(session.cookie) is None
    await office.users.change(office.admin, office.user_id("dora"), active=True)
    assert await office.users.session_actor(session.cookie) is None


async def test_the_audit_log_of_a_contact_and_of_a_colleague() -> None:
    office = await Office.open()
    petra = await office.customer("Petra Müller")
    await office.contacts.card(office.anna, petra.id)
    office.clock.advance(1)
    await office.contacts.card(office.ben, petra.id)
    of_petra = await office.audit.page(office.admin, subject=petra.id)
    assert [entry.actor for entry in of_petra.items] == [f"user:{office.ben.id}", f"user:{office.anna.id}"]
    of_ben = await office.audit.page(office.admin, who=f"user:{office.ben.id}")
    assert [entry.verb for entry in of_ben.items] == ["contacts.card"]
