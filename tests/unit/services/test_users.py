import asyncio
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from hub.domain.address import Address
from hub.domain.errors import Conflict, Invalid, NotFound, Refused, TooMany
from hub.domain.people import READING_RIGHTS, UserRole
from hub.ports.kinds import LINK_CODES, SESSIONS, TOKENS, USERS
from hub.services.passwords import Passwords
from hub.services.users import TRIES_A_CLIENT, TRIES_A_NAME, Users
from tests.office import PASSWORD, SYSTEM, Office

JID = Address(channel="xmpp", normal="anna@joinery.example")


@pytest.fixture
async def office() -> Office:
    return await Office.open()


def next_process(office: Office) -> Users:
    """The verbs of a hub that was started again on the same store."""
    office.staff = type(office.staff)(office.store)
    return Users(
        store=office.store, clock=office.clock, audit=office.audit, staff=office.staff, passwords=office.passwords
    )


async def test_an_empty_store_gets_one_admin_with_a_one_time_password(office: Office) -> None:
    signed_in = await office.users.sign_in("admin", office.admin_password, "127.0.0.1")
    assert signed_in is not None
    assert signed_in.must_change_password
    assert signed_in.user.role is UserRole.ADMIN
    users = next_process(office)
    await users.load()
    assert await users.ensure_admin() is None
    assert [line.name for line in await users.all(SYSTEM)] == ["admin", "anna", "ben"]


async def test_names_are_folded_and_unique(office: Office) -> None:
    line, password = await office.users.add(office.admin, "Jörg", UserRole.AGENT)
    assert (line.name, line.display_name) == ("joerg", "Jörg")
    assert await office.users.sign_in("JÖRG", password, "client") is not None
    with pytest.raises(Conflict) as taken:
        await office.users.add(office.admin, "joerg", UserRole.AGENT)
    assert taken.value.fields["field"] == "name"
    for bad in ("", "two words", "x" * 61):
        with pytest.raises(Invalid):
            await office.users.add(office.admin, bad, UserRole.AGENT)


async def test_agents_see_colleagues_but_may_not_add_any(office: Office) -> None:
    assert (await office.users.get(office.anna, "ben")).display_name == "Ben Carter"
    assert (await office.users.get(office.anna, office.ben.id)).name == "ben"
    with pytest.raises(NotFound):
        await office.users.get(office.anna, "nobody")
    with pytest.raises(Refused):
        await office.users.add(office.anna, "eve", UserRole.ADMIN)


# Signing in


async def test_wrong_credentials_give_none_for_known_and_unknown_names_alike(office: Office) -> None:
    verified: list[str] = []
    real = office.passwords.verify

    async def counted(encoded: str, password: str) -> bool:
        verified.append(encoded)
        return await real(encoded, password)

    office.passwords.verify = counted  # type: ignore[method-assign]
    assert await office.users.sign_in("anna", "wrong-password", "client") is None
    assert await office.users.sign_in("nobody", "wrong-password", "client") is None
    # Both paid for a hash; for the unknown name it was the decoy's.
    assert len(verified) == 2
    assert verified[1] == ""
    await office.audit.flush()
    refused = [entry for entry in office.audited() if entry[1] == "users.sign_in"]
    assert [(entry[2], entry[3]) for entry in refused] == [("anna", "refused"), ("nobody", "refused")]


async def test_guessing_is_limited_by_name_even_in_parallel(office: Office) -> None:
    tries = (office.users.sign_in("anna", f"guess-{n}", f"client-{n}") for n in range(TRIES_A_NAME + 5))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(result is None for result in results) == TRIES_A_NAME
    assert sum(isinstance(result, TooMany) for result in results) == 5
    office.later(minutes=16)
    assert await office.users.sign_in("anna", "guess", "client") is None


async def test_guessing_is_limited_by_client(office: Office) -> None:
    for number in range(TRIES_A_CLIENT):
        assert await office.users.sign_in(f"name{number}", "guess", "client") is None
    with pytest.raises(TooMany) as limit:
        await office.users.sign_in("anna", "guess", "client")
    assert 0 < limit.value.retry_after.total_seconds() <= 900
    assert await office.users.sign_in("anna", "guess", "other") is None


async def test_a_success_forgives_earlier_tries(office: Office) -> None:
    await office.users.set_password(office.anna, office.user_id("anna"), PASSWORD)
    for _ in range(3):
        for _ in range(TRIES_A_NAME - 1):
            assert await office.users.sign_in("anna", "guess", "client") is None
        assert await office.users.sign_in("anna", PASSWORD, "client") is not None


async def test_a_hash_of_older_parameters_is_renewed_at_sign_in(office: Office) -> None:
    await office.users.set_password(office.anna, office.user_id("anna"), PASSWORD)
    before = office.staff.named("anna").password_hash
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    office.passwords = stronger
    users = next_process(office)
    await users.load()
    assert await users.sign_in("anna", PASSWORD, "client") is not None
    after = office.staff.named("anna").password_hash
    assert after != before
    assert not stronger.outdated(after)


# Sessions


async def sign_in(office: Office, name: str = "anna") -> str:
    if not await office.passwords.verify(office.staff.named(name).password_hash, PASSWORD):
        await office.users.set_password(await office.actor(name), office.user_id(name), PASSWORD)
    signed_in = await office.users.sign_in(name, PASSWORD, "client")
    assert signed_in is not None
    return signed_in.cookie


async def test_the_store_never_sees_the_cookie(office: Office) -> None:
    cookie = await sign_in(office)
    assert len(cookie) >= 43
    assert cookie not in str(office.store.documents(SESSIONS).rows)
    actor = await office.users.session_actor(cookie)
    assert actor is not None
    assert (actor.id, actor.via, actor.language) == (office.anna.id, "console", "de")
    assert await office.users.session_actor("wrong") is None
    assert await office.users.session_actor("") is None


async def test_a_session_ends_when_idle_but_not_while_used(office: Office) -> None:
    cookie = await sign_in(office)
    for _ in range(5):
        office.later(hours=11)
        assert await office.users.session_actor(cookie) is not None
    office.later(hours=12, minutes=1)
    assert await office.users.session_actor(cookie) is None
    assert await office.users.sweep() == 1
    assert not office.store.documents(SESSIONS).rows


async def test_a_session_ends_after_two_weeks_in_any_case(office: Office) -> None:
    cookie = await sign_in(office)
    for _ in range(27):
        office.later(hours=11)
        assert await office.users.session_actor(cookie) is not None
    for _ in range(4):
        office.later(hours=11)
        await office.users.session_actor(cookie)
    assert await office.users.session_actor(cookie) is None


async def test_each_sign_in_has_a_fresh_cookie_and_sign_out_ends_one(office: Office) -> None:
    first, second = await sign_in(office), await sign_in(office)
    assert first != second
    await office.users.sign_out(first)
    await office.users.sign_out(first)
    assert await office.users.session_actor(first) is None
    assert await office.users.session_actor(second) is not None


async def test_a_colleague_has_at_most_twenty_sessions(office: Office) -> None:
    oldest = await sign_in(office)
    for _ in range(20):
        office.later(seconds=1)
        newest = await sign_in(office)
    assert await office.users.session_actor(oldest) is None
    assert await office.users.session_actor(newest) is not None
    assert len(office.store.documents(SESSIONS).rows) == 20


async def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    mine, other = await sign_in(office), await sign_in(office)
    await office.users.set_password(office.anna, office.user_id("anna"), "another-password", keep_session=mine)
    assert await office.users.session_actor(mine) is not None
    assert await office.users.session_actor(other) is None
    await office.users.set_password(office.admin, office.user_id("anna"), "reset-by-admin", keep_session=mine)
    assert await office.users.session_actor(mine) is None
    signed_in = await office.users.sign_in("anna", "reset-by-admin", "client")
    assert signed_in is not None
    assert signed_in.must_change_password


async def test_passwords_have_bounds_and_belong_to_their_owner(office: Office) -> None:
    for bad in ("short", "x" * 201):
        with pytest.raises(Invalid):
            await office.users.set_password(office.anna, office.user_id("anna"), bad)
    with pytest.raises(Refused):
        await office.users.set_password(office.anna, office.user_id("ben"), PASSWORD)


async def test_preferences_reach_the_actor(office: Office) -> None:
    anna = office.user_id("anna")
    await office.users.set_preferences(office.anna, anna, language="en", time_zone="Europe/Lisbon")
    actor = await office.actor("anna")
    assert (actor.language, actor.time_zone) == ("en", "Europe/Lisbon")
    for field, value in (("language", "fr"), ("time_zone", "Mars/Olympus"), ("time_zone", "../etc/passwd")):
        with pytest.raises(Invalid) as problem:
            await office.users.set_preferences(office.anna, anna, **{field: value})  # type: ignore[arg-type]
        assert problem.value.fields["field"] == field


async def test_who_is_not_active_cannot_use_any_door(office: Office) -> None:
    cookie = await sign_in(office)
    _, token = await office.users.add_token(office.anna, "script")
    await office.staff.change(replace(office.staff.named("anna"), active=False))
    assert await office.users.session_actor(cookie) is None
    assert await office.users.token_actor(token) is None
    assert await office.users.sign_in("anna", PASSWORD, "client") is None
    assert await office.users.actor_of(office.user_id("anna"), "xmpp") is None
    assert await office.users.bind(JID, await office.users.link_code(office.admin, office.user_id("anna"))) is None


# Tokens


async def test_tokens_act_for_their_owner_until_they_are_ended(office: Office) -> None:
    token, secret = await office.users.add_token(office.anna, "script")
    assert secret not in str(office.store.documents(TOKENS).rows)
    actor = await office.users.token_actor(secret)
    assert actor is not None
    assert (actor.id, actor.via) == (office.anna.id, "api")
    assert [found.name for found in await office.users.tokens(office.anna)] == ["script"]
    with pytest.raises(NotFound):
        await office.users.end_token(office.ben, token.id)
    await office.users.end_token(office.anna, token.id)
    assert await office.users.token_actor(secret) is None


async def test_a_reading_token_cannot_write_nor_beget_a_token_that_can(office: Office) -> None:
    _, secret = await office.users.add_token(office.admin, "report", ("read",))
    actor = await office.users.token_actor(secret)
    assert actor is not None
    assert actor.rights == READING_RIGHTS
    assert len(await office.users.tokens(actor)) == 1
    for forbidden in (
        office.users.add_token(actor, "more"),
        office.users.set_password(actor, office.user_id("admin"), PASSWORD),
        office.users.link_code(actor, office.user_id("admin")),
    ):
        with pytest.raises(Refused):
            await forbidden
    with pytest.raises(Invalid):
        await office.users.add_token(office.admin, "local", ("local",))


async def test_only_the_local_token_may_ask_as_somebody_else(office: Office) -> None:
    local = await office.users.token_actor(await office.users.ensure_local_token())
    assert local is not None
    assert local.via == "cli"
    as_ben = await office.users.actor_for(local, "ben")
    assert (as_ben.id, as_ben.via) == (office.ben.id, "cli-as")
    assert (f"user:{local.id}", "users.actor_for", office.ben.id, "ok") in office.audited()
    _, secret = await office.users.add_token(office.admin, "script")
    plain = await office.users.token_actor(secret)
    assert plain is not None
    for actor in (plain, office.admin, office.anna, as_ben):
        with pytest.raises(Refused) as refused:
            await office.users.actor_for(actor, "ben")
        assert refused.value.fields["right"] == "ask-as"
    assert "local token" in (await refused_sentence(office))


async def refused_sentence(office: Office) -> str:
    with pytest.raises(Refused) as refused:
        await office.users.actor_for(office.admin, "ben")
    return refused.value.sentence


async def test_a_new_local_token_replaces_the_old_one(office: Office) -> None:
    first = await office.users.ensure_local_token()
    second = await office.users.ensure_local_token()
    assert await office.users.token_actor(first) is None
    assert await office.users.token_actor(second) is not None


async def test_tokens_are_few_and_named(office: Office) -> None:
    with pytest.raises(Invalid):
        await office.users.add_token(office.anna, " ")
    for number in range(50):
        await office.users.add_token(office.anna, f"script {number}")
    with pytest.raises(Conflict):
        await office.users.add_token(office.anna, "one more")


# Linked accounts


async def test_a_code_binds_once_and_the_link_survives_a_restart(office: Office) -> None:
    code = await office.users.link_code(office.anna, office.user_id("anna"))
    assert len(code) == 8
    assert code not in str(office.store.documents(LINK_CODES).rows)
    assert office.users.staff_at(JID) is None
    bound = await office.users.bind(JID, f" {code[:4].upper()}-{code[4:]} ")
    assert bound is not None
    assert bound.links == (JID,)
    assert await office.users.bind(Address(channel="xmpp", normal="eve@elsewhere.example"), code) is None
    users = next_process(office)
    await users.load()
    found = users.staff_at(JID)
    assert found is not None
    assert found.name == "anna"
    assert users.staff() == [(found, JID)]


async def test_a_code_expires_and_is_swept(office: Office) -> None:
    code = await office.users.link_code(office.anna, office.user_id("anna"))
    await office.users.link_code(office.ben, office.user_id("ben"))
    office.later(minutes=10)
    assert await office.users.bind(JID, code) is None
    assert await office.users.sweep() == 1
    assert not office.store.documents(LINK_CODES).rows


async def test_two_that_send_one_code_at_once_cannot_both_bind(office: Office) -> None:
    code = await office.users.link_code(office.anna, office.user_id("anna"))
    others = [Address(channel="xmpp", normal=f"{n}@joinery.example") for n in range(4)]
    results = await asyncio.gather(*(office.users.bind(address, code) for address in others))
    assert sum(result is not None for result in results) == 1


async def test_an_address_has_five_tries_an_hour(office: Office) -> None:
    for _ in range(5):
        assert await office.users.bind(JID, "aaaabbbb") is None
    code = await office.users.link_code(office.anna, office.user_id("anna"))
    assert await office.users.bind(JID, code) is None
    office.later(hours=1, seconds=1)
    code = await office.users.link_code(office.anna, office.user_id("anna"))
    assert await office.users.bind(JID, code) is not None


async def test_a_linked_account_can_move_and_be_unlinked(office: Office) -> None:
    for name in ("anna", "ben"):
        code = await office.users.link_code(office.admin, office.user_id(name))
        assert await office.users.bind(JID, code) is not None
    line = office.users.staff_at(JID)
    assert line is not None
    assert line.name == "ben"
    with pytest.raises(Refused):
        await office.users.unlink(office.anna, office.user_id("ben"), JID)
    with pytest.raises(NotFound):
        await office.users.unlink(office.anna, office.user_id("anna"), JID)
    await office.users.unlink(office.ben, office.user_id("ben"), JID)
    assert office.users.staff_at(JID) is None


async def test_passwords_of_users_are_argon2id_hashes(office: Office) -> None:
    hashes = [row.password_hash for row in office.store.documents(USERS).rows.values()]
    assert all(encoded.startswith("$argon2id$") for encoded in hashes)
