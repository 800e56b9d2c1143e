import pytest

from hub.domain.contact import ContactRole, identity_id
from hub.domain.errors import Ambiguous, Conflict, Invalid, NotFound, Refused
from hub.domain.message import Strength
from hub.domain.views import ContactDraft
from hub.ports.events import Topic
from hub.ports.kinds import CONTACTS, IDENTITIES
from tests.office import CONTACT_ACTOR, Office, mail


@pytest.fixture
async def office() -> Office:
    office = await Office.open()
    await office.customer("Petra Müller", "p.mueller@tischlerei.example", organisation="Tischlerei Müller")
    await office.customer("Jens Müller", "jens@holz.example", organisation="Holz Müller GmbH")
    await office.customer("Kim Mueller", "kim@elsewhere.example")
    await office.customer("Grace Lindqvist", "grace@nordlight.example", organisation="Nordlight AB")
    return office


async def names(office: Office, text: str, limit: int = 10) -> list[str]:
    return [match.contact.name for match in await office.contacts.find(office.anna, text, limit)]


async def test_a_surname_finds_everybody_of_that_name(office: Office) -> None:
    for text in ("Müller", "mueller", "MÜLLER", "müller "):
        assert (await names(office, text))[:3] == ["Jens Müller", "Kim Mueller", "Petra Müller"]
        with pytest.raises(Ambiguous) as ambiguous:
            await office.contacts.resolve(office.anna, text)
        choices = [match.contact.name for match in ambiguous.value.fields["choices"]]  # type: ignore[attr-defined]
        assert choices == ["Jens Müller", "Kim Mueller", "Petra Müller"]


async def test_whole_names_addresses_ids_and_organisations_resolve(office: Office) -> None:
    petra = await office.contacts.resolve(office.anna, "petra mueller")
    assert petra.name == "Petra Müller"
    for text in (petra.id, "P.Mueller@Tischlerei.example", "Müller Petra", "Tischlerei Müller"):
        assert (await office.contacts.resolve(office.anna, text)).id == petra.id
    (match, *_) = await office.contacts.find(office.anna, "p.mueller@tischlerei.example")
    assert (match.score, match.address) == (100, mail("p.mueller@tischlerei.example"))


async def test_a_typing_error_proposes_but_does_not_resolve(office: Office) -> None:
    assert (await names(office, "Lindquist"))[0] == "Grace Lindqvist"
    with pytest.raises(NotFound) as unknown:
        await office.contacts.resolve(office.anna, "Lindquist")
    nearest = unknown.value.fields["nearest"]
    assert [match.contact.name for match in nearest] == ["Grace Lindqvist"]  # type: ignore[attr-defined]


async def test_a_single_word_is_never_taken_for_somebody_called_just_that(office: Office) -> None:
    await office.customer("Müller")
    with pytest.raises(Ambiguous):
        await office.contacts.resolve(office.anna, "Müller")


async def test_two_of_one_name_are_both_offered(office: Office) -> None:
    draft = ContactDraft(name="Grace Lindqvist", city="Malmö")
    await office.contacts.create(office.anna, draft)
    with pytest.raises(Ambiguous) as ambiguous:
        await office.contacts.resolve(office.anna, "Grace Lindqvist")
    assert len(ambiguous.value.fields["choices"]) == 2  # type: ignore[arg-type]


async def test_nothing_typed_finds_nothing(office: Office) -> None:
    for text in ("", "  ", "?!"):
        assert await names(office, text) == []
    with pytest.raises(Invalid):
        await office.contacts.find(office.anna, "Müller", 1_000)
    assert len(await names(office, "Müller" * 1_000)) <= 10


async def test_the_list_is_by_name_in_pages(office: Office) -> None:
    first = await office.contacts.page(office.anna, limit=3)
    second = await office.contacts.page(office.anna, after=first.next, limit=3)
    assert [contact.name for contact in (*first.items, *second.items)] == [
        "Grace Lindqvist",
        "Jens Müller",
        "Kim Mueller",
        "Petra Müller",
    ]
    assert second.next is None


async def test_a_card_says_what_one_wants_to_know(office: Office) -> None:
    petra = await office.contacts.resolve(office.anna, "Petra Müller")
    await office.conversation(petra, "chairs")
    office.later(hours=1)
    await office.conversation(petra, "table")
    office.later(hours=1)
    await office.conversation(petra, "shelf", waiting=False)
    card = await office.contacts.card(office.anna, petra.id)
    assert [one.subject for one in card.conversations] == ["shelf", "table", "chairs"]
    assert card.waiting is not None
    assert card.waiting.subject == "chairs"
    assert card.last is not None
    assert card.last.subject == "shelf"
    assert [identity.address for identity in card.identities] == [mail("p.mueller@tischlerei.example")]
    await office.audit.flush()
    assert (f"user:{office.anna.id}", "contacts.card", petra.id, "ok") in office.audited()
    with pytest.raises(NotFound):
        await office.contacts.card(office.anna, office.anna.id)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        await office.contacts.card(CONTACT_ACTOR, petra.id)


async def test_what_a_colleague_enters_is_found_and_verified(office: Office) -> None:
    draft = ContactDraft(
        name=" Elena Rossi ",
        organisation="Studio Rossi",
        city="Milano",
        language="en",
        roles=("customer", "partner", "customer"),
        owner=office.user_id("anna"),
        addresses=(
            ("email", "Elena@Studio.example"),
            ("xmpp", "elena@chat.example"),
            ("email", "elena@studio.example"),
        ),
    )
    async with office.events.subscribe([Topic.CONTACT]) as news:
        contact = await office.contacts.create(office.anna, draft)
        assert (await anext(news)).contact == contact.id
    assert (contact.name, contact.version, contact.sort_name) == ("Elena Rossi", 1, "elena rossi")
    assert contact.roles == (ContactRole.CUSTOMER, ContactRole.PARTNER)
    card = await office.contacts.card(office.anna, contact.id)
    assert card.owner_name == "Anna Seidel"
    bound = {identity.address.key for identity in card.identities}
    assert bound == {"email:elena@studio.example", "xmpp:elena@chat.example"}
    assert {(identity.strength, identity.source) for identity in card.identities} == {
        (Strength.VERIFIED, f"user:{office.anna.id}")
    }
    assert (await office.contacts.resolve(office.anna, "elena@chat.example")).id == contact.id
    assert (await names(office, "studio rosi"))[0] == "Elena Rossi"


async def test_an_address_belongs_to_one_contact(office: Office) -> None:
    before = len(office.store.documents(CONTACTS).rows)
    draft = ContactDraft(name="Second Petra", addresses=(("email", "p.mueller@tischlerei.example"),))
    with pytest.raises(Conflict) as taken:
        await office.contacts.create(office.anna, draft)
    assert "belongs to Petra Müller" in taken.value.sentence
    assert len(office.store.documents(CONTACTS).rows) == before


async def test_an_address_lost_on_the_way_leaves_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and the claim, a mail from the address made a provisional contact."""
    petra = await office.contacts.resolve(office.anna, "Petra Müller")
    before = dict(office.store.documents(CONTACTS).rows)
    addresses = (("email", "new@petra.example"), ("email", "p.mueller@tischlerei.example"))

    async def unaware(*_: object) -> None:
        return None

    monkeypatch.setattr(office.contacts, "_refuse_taken", unaware)
    with pytest.raises(Conflict):
        await office.contacts.create(office.anna, ContactDraft(name="Second", addresses=addresses))
    assert office.store.documents(CONTACTS).rows == before
    assert identity_id(mail("new@petra.example")) not in office.store.documents(IDENTITIES).rows
    assert (await office.contacts.resolve(office.anna, "p.mueller@tischlerei.example")).id == petra.id


async def test_editing_is_by_version_and_changes_only_what_is_named(office: Office) -> None:
    petra = await office.contacts.resolve(office.anna, "Petra Müller")
    draft = ContactDraft(name="Petra Schmidt", addresses=(("email", "p.mueller@tischlerei.example"),))
    changed = await office.contacts.edit(office.anna, petra.id, draft, petra.version)
    assert (changed.name, changed.organisation, changed.version) == ("Petra Schmidt", "Tischlerei Müller", 2)
    identity = office.store.documents(IDENTITIES).rows[identity_id(mail("p.mueller@tischlerei.example"))]
    assert identity.strength is Strength.VERIFIED
    assert (await office.contacts.resolve(office.anna, "petra schmidt")).id == petra.id
    assert "Petra Schmidt" in await names(office, "tischlerei.example")
    with pytest.raises(Conflict):
        await office.contacts.edit(office.ben, petra.id, ContactDraft(city="Bonn"), petra.version)


async def test_confirming_makes_a_provisional_contact_a_real_one(office: Office) -> None:
    contacts = office.store.documents(CONTACTS)
    petra = await office.contacts.resolve(office.anna, "Petra Müller")
    contacts.rows[petra.id] = type(petra)(
        id=petra.id, version=1, name="x", sort_name="x", provisional=True, created_at=petra.created_at
    )
    kept = await office.contacts.edit(office.anna, petra.id, ContactDraft(city="Bonn"), 1)
    assert kept.provisional
    assert not (await office.contacts.edit(office.anna, petra.id, ContactDraft(confirm=True), 2)).provisional


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ContactDraft(name="  "), "name"),
        (ContactDraft(name="x" * 201), "name"),
        (ContactDraft(name="two\nlines"), "name"),
        (ContactDraft(name="x", language="fr"), "language"),
        (ContactDraft(name="x", roles=("king",)), "roles"),
        (ContactDraft(name="x", addresses=(("email", "not an address"),)), "addresses"),
        (ContactDraft(name="x", addresses=(("pigeon", "a@b.example"),)), "addresses"),
        (ContactDraft(name="x", addresses=(("email", "a@b.example"),) * 21), "addresses"),
        (ContactDraft(name="x", owner="u_nobody"), "owner"),  # type: ignore[arg-type]
        (ContactDraft(name="x", notes="x" * 10_001), "notes"),
    ],
)
async def test_bad_input_is_named_by_its_field(office: Office, draft: ContactDraft, field: str) -> None:
    with pytest.raises(Invalid) as problem:
        await office.contacts.create(office.anna, draft)
    assert problem.value.fields["field"] == field
