"""Invitations: who opens one is the contact; once, for a week, and never somebody else's account."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.business import Business
from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.errors import Refused
from hub.domain.message import Envelope, Strength
from hub.domain.people import SCOPE_READ
from hub.ports.kinds import CONTACTS, IDENTITIES, INVITES, OUTBOX
from hub.services.merged import find_survivor
from tests.office import Office

PETRA = "petra@chat.example"
THIEF = "thief@chat.example"


class World:
    """An office, Petra as a contact with a mail address, and chats that present codes."""

    office: Office
    business: Business
    petra: Contact

    @classmethod
    async def open(cls) -> "World":
        self = cls()
        self.office = await Office.open()
        self.business = self.office.open_business()
        self.petra = await self.office.customer("Petra Müller", "petra@carpenter.example")
        return self

    async def chats(self, contact: Contact) -> Contact:
        """The contact's address is PETRA's chat account, as though it had written from there."""
        identity = Identity(
            id=identity_id(Address(channel="xmpp", normal=PETRA)),
            contact_id=contact.id,
            address=Address(channel="xmpp", normal=PETRA),
            source="arrival:a_1",
            since=self.office.clock.now(),
        )
        await self.office.store.documents(IDENTITIES).insert(identity)
        return contact

    async def invite(self, *, vouched: bool = False) -> str:
        made = await self.business.register.invite(self.office.anna, self.petra.id, vouched=vouched)
        return made.code

    async def present(self, code: str, sender: str = PETRA) -> None:
        arrival = Arrival(
            account="chat",
            native_id=f"{sender}/{code}",
            raw=b"",
            envelope=Envelope(sender=sender),
            received_at=self.office.clock.now(),
            invite=code,
        )
        await self.business.invites.introduce(arrival)

    def identity(self, sender: str = PETRA) -> Identity | None:
        rows: dict[str, Identity] = self.office.store.documents(IDENTITIES).rows
        return rows.get(identity_id(Address(channel="xmpp", normal=sender)))

    async def holder(self, sender: str = PETRA) -> str | None:
        identity = self.identity(sender)
        found = await find_survivor(self.office.store.documents(CONTACTS), identity.contact_id) if identity else None
        return found.id if found else None

    @property
    def outcomes(self) -> list[str]:
        return [outcome for _, verb, _, outcome in self.office.audited() if verb == "invites.redeem"]


@pytest.fixture
async def world() -> World:
    return await World.open()


@pytest.mark.parametrize(("vouched", "strength"), [(False, Strength.AUTHENTICATED), (True, Strength.VERIFIED)])
async def test_who_opens_it_is_the_contact(world: World, vouched: bool, strength: Strength) -> None:
    await world.present(await world.invite(vouched=vouched))
    identity = world.identity()
    assert identity is not None
    assert identity.contact_id == world.petra.id
    assert identity.strength is strength


async def test_the_code_is_not_kept(world: World) -> None:
    code = await world.invite()
    kept = repr(world.office.store.documents(INVITES).rows) + repr(world.office.audited())
    assert code not in kept


async def test_only_the_first_address_gets_it_and_gets_it_again_after_a_crash(world: World) -> None:
    code = await world.invite()
    await world.present(code)
    await world.present(code)
    await world.present(code, THIEF)
    assert world.identity(THIEF) is None
    assert await world.holder() == world.petra.id
    assert world.outcomes.count("refused") == 1


async def test_it_ends_after_a_week_and_is_swept_by_the_next(world: World) -> None:
    code = await world.invite()
    world.office.clock.advance(timedelta(days=7, seconds=1).total_seconds())
    await world.present(code)
    assert world.identity() is None
    await world.invite()
    assert len(world.office.store.documents(INVITES).rows) == 1


async def test_guessing_ends_after_five_tries(world: World) -> None:
    code = await world.invite()
    for guess in range(5):
        await world.present(f"{'a' * 19}{guess + 2}", THIEF)
    await world.present(code, THIEF)
    assert world.identity(THIEF) is None
    assert set(world.outcomes) == {"refused"}


async def test_a_provisional_contact_is_merged_and_can_be_taken_apart(world: World) -> None:
    stranger = await world.chats(await world.office.customer("petra_m"))
    contacts = world.office.store.documents(CONTACTS)
    provisional = contacts.rows[stranger.id]
    assert await contacts.replace(replace(provisional, provisional=True), provisional.version)
    await world.present(await world.invite())
    assert await world.holder() == world.petra.id
    await world.business.register.unmerge(world.office.anna, world.petra.id, stranger.id, key="k")
    assert await world.holder() == stranger.id


async def test_another_known_contact_is_never_taken_over(world: World) -> None:
    other = await world.chats(await world.office.customer("Jens Holz"))
    await world.present(await world.invite())
    assert await world.holder() == other.id
    assert world.outcomes == ["refused"]


async def test_who_made_it_is_told_what_became_of_it(world: World) -> None:
    code = await world.office.users.link_code(world.office.admin, world.office.user_id("anna"))
    await world.office.users.bind(Address(channel="xmpp", normal="anna@joinery.example"), code)
    await world.present(await world.invite())
    texts = [item.content.text for item in world.office.store.documents(OUTBOX).rows.values()]
    assert len(texts) == 1
    assert "Petra Müller" in texts[0]
    assert PETRA in texts[0]


async def test_only_who_may_change_contacts_may_invite(world: World) -> None:
    reader = replace(world.office.anna, scopes=(SCOPE_READ,))
    with pytest.raises(Refused):
        await world.business.register.invite(reader, world.petra.id)
