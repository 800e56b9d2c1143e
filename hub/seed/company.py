"""Drawing the demo company: contacts, and for each its threads over two years. Pure: the same seed draws the same
company, and drawing more contacts keeps the first ones."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain.address import Address
from hub.domain.contact import Contact, ContactKind, ContactRole, Identity, identity_id
from hub.domain.folding import fold
from hub.domain.ids import ContactId, UserId, derived_id
from hub.domain.message import Strength
from hub.domain.people import User, UserRole, user_id_of
from hub.seed import vocabulary as words

SPAN = timedelta(days=730)
ROLES = (
    (ContactRole.CUSTOMER, 75),
    (ContactRole.SUPPLIER, 12),
    (ContactRole.WHOLESALER, 6),
    (ContactRole.PARTNER, 7),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact with the addresses by which it writes."""

    contact: Contact
    email: Address
    xmpp: Address | None
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing said: inbound, outbound or a note."""

    at: datetime
    way: str
    """"in", "out" or "note"."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation of one person."""

    number: int
    person: Person
    channel: str
    subject: str
    colleague: UserId
    lines: tuple[Line, ...]


def draw_colleagues(now: datetime) -> list[User]:
    """The colleagues of the demo company; they have no password until an admin gives them one."""
    return [
        User(
            id=user_id_of(name),
            name=name,
            display_name=shown,
            role=UserRole.AGENT,
            language=language,
            created_at=now - SPAN,
        )
        for name, shown, language in words.COLLEAGUES
    ]


def draw_person(number: int, now: datetime) -> Person:
    """The contact of that number, counted from 0."""
    dice = random.Random(f"person-{number}")  # noqa: S311 - a demo, not a secret
    german = dice.random() < 0.65
    first = dice.choice(words.GERMAN_FIRST if german else words.ENGLISH_FIRST)
    last = dice.choice(words.GERMAN_LAST if german else words.ENGLISH_LAST)
    role = dice.choices([role for role, _ in ROLES], [weight for _, weight in ROLES])[0]
    trade = _trade(dice, german, role)
    firm = f"{trade} {last}" if german or role is not ContactRole.CUSTOMER else f"{last} {trade}"
    created = now - SPAN * dice.uniform(0.3, 1.0)
    contact_id = ContactId(derived_id("c", "seed", str(number)))
    mailbox = f"{_ascii(first)[:1]}.{_ascii(last)}@{_ascii(trade)}-{_ascii(last)}-{number}.example"
    contact = Contact(
        id=contact_id,
        kind=ContactKind.PERSON,
        name=f"{first} {last}",
        sort_name=fold(f"{first} {last}"),
        organisation=firm,
        city=dice.choice(words.GERMAN_CITIES if german else words.ENGLISH_CITIES),
        roles=(role,),
        language="de" if german else "en",
        owner=user_id_of(dice.choice(words.COLLEAGUES)[0]) if dice.random() < 0.8 else None,
        created_at=created,
    )
    email = Address(channel="email", normal=mailbox, display=mailbox)
    chat = f"{_ascii(first)}.{_ascii(last)}{number}@chat.example"
    xmpp = Address(channel="xmpp", normal=chat, display=chat) if dice.random() < 0.15 else None
    strength = dice.choice((Strength.VERIFIED, Strength.AUTHENTICATED, Strength.CLAIMED))
    identities = tuple(
        Identity(
            id=identity_id(address),
            contact_id=contact_id,
            address=address,
            strength=strength if address.channel == "email" else Strength.AUTHENTICATED,
            source="seed",
            since=created,
        )
        for address in (email, xmpp)
        if address is not None
    )
    return Person(contact=contact, email=email, xmpp=xmpp, identities=identities)


def _trade(dice: random.Random, german: bool, role: ContactRole) -> str:
    if role in (ContactRole.SUPPLIER, ContactRole.WHOLESALER):
        return dice.choice(words.SUPPLY_TRADES)
    return dice.choice(words.GERMAN_TRADES if german else words.ENGLISH_TRADES)


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", fold(text)).encode("ascii", "ignore").decode()
    return "".join(c for c in plain if c.isalnum())


def draw_threads(contacts: int, interactions: int, now: datetime) -> Iterator[Thread]:
    """Threads until about `interactions` lines are drawn. A tenth of the contacts writes half of it."""
    drawn, number = 0, 0
    people: dict[int, Person] = {}
    while drawn < interactions:
        dice = random.Random(f"thread-{number}")  # noqa: S311
        index = min(contacts - 1, int(contacts * dice.random() ** 2.2))
        person = people.get(index)
        if person is None:
            if len(people) >= 20_000:
                people.clear()
            person = people[index] = draw_person(index, now)
        thread = _draw_thread(number, person, dice, now, interactions - drawn)
        drawn += len(thread.lines)
        number += 1
        yield thread


def _draw_thread(number: int, person: Person, dice: random.Random, now: datetime, most: int) -> Thread:
    german = person.contact.language == "de"
    chat = person.xmpp is not None and dice.random() < 0.4
    if chat:
        subject, turns = dice.choice(words.GERMAN_CHATS if german else words.ENGLISH_CHATS)
    else:
        subject, turns = dice.choice(words.GERMAN_LETTERS if german else words.ENGLISH_LETTERS)
    colleague = dice.choice(words.COLLEAGUES)
    facts = _facts(dice, person, german, colleague[1])
    # The newest threads end today, so that the inbox has something that waits.
    start = now - SPAN * dice.random() ** 1.3 if number % 40 else now - timedelta(hours=dice.uniform(0.2, 40))
    count = max(1, min(most, len(turns) if number % 40 else dice.choice((1, 1, 3))))
    lines: list[Line] = []
    at = _office_hours(start, dice)
    for way, text in turns[:count]:
        lines.append(
            Line(at=min(at, now - timedelta(minutes=len(turns) - len(lines))), way=way, text=text.format(**facts))
        )
        at += timedelta(minutes=dice.uniform(4, 40)) if chat else timedelta(hours=dice.uniform(0.5, 30))
    if dice.random() < 0.12 and count < most:
        note = dice.choice(words.GERMAN_NOTES if german else words.ENGLISH_NOTES)
        lines.append(Line(at=min(at, now), way="note", text=note))
    return Thread(
        number=number,
        person=person,
        channel="xmpp" if chat else "email",
        subject=subject.format(**facts),
        colleague=user_id_of(colleague[0]),
        lines=tuple(lines),
    )


def _facts(dice: random.Random, person: Person, german: bool, colleague: str) -> dict[str, object]:
    months = words.GERMAN_MONTHS if german else words.ENGLISH_MONTHS
    amount = dice.randrange(200, 9_000)
    return {
        "count": dice.randrange(2, 40),
        "goods": dice.choice(words.GERMAN_GOODS if german else words.ENGLISH_GOODS),
        "name": person.contact.name,
        "colleague": colleague,
        "city": person.contact.city,
        "month": dice.choice(months),
        "week": dice.randrange(1, 53),
        "number": dice.randrange(1000, 9999),
        "order": dice.randrange(10_000, 99_999),
        "amount": f"{amount:,}.00".replace(",", ".").replace(".00", ",00") if german else f"{amount:,}.00",
    }


def _office_hours(moment: datetime, dice: random.Random) -> datetime:
    if moment.weekday() >= 5:
        moment -= timedelta(days=moment.weekday() - 4)
    return moment.replace(
        hour=dice.randrange(7, 17), minute=dice.randrange(60), second=dice.randrange(60), microsecond=0
    )
