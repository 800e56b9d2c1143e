"""AC-21: two hubs that answer each other, and auto-responders, fall silent within the budgets, whatever is stripped
from the messages on their way and however the responder changes its address."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.reception import CustomerBotRules
from hub.services.customers.reception import ReceptionRules
from tests.reception_world import CustomerOffice

EVERY_WAY = CustomerBotRules(reception=ReceptionRules(acknowledge="always", language="de"))
ROUNDS = 60
BOUNCE_TEXT = "Delivery has failed"


@dataclass(frozen=True)
class Way:
    """What a badly behaved peer does to each message of ours before it answers."""

    sender: str = "hub@other.example"
    changes_address: bool = False
    changes_domain: bool = False
    keeps_subject: bool = True
    keeps_references: bool = True
    echoes: bool = True
    pause: int = 5


WAYS = st.builds(
    Way,
    changes_address=st.booleans(),
    changes_domain=st.booleans(),
    keeps_subject=st.booleans(),
    keeps_references=st.booleans(),
    echoes=st.booleans(),
    pause=st.integers(1, 50),
)


async def play(way: Way, first: str) -> int:
    """How many automatic messages left us within an hour of the other side answering each one at once, all its headers
    of automatic mail stripped."""
    world = await CustomerOffice.open(EVERY_WAY)
    text, subject, headers = first, "Anfrage", dict[str, str]()
    for n in range(ROUNDS):
        sender = way.sender
        if way.changes_address or way.changes_domain:
            domain = f"other{n}.example" if way.changes_domain else "other.example"
            sender = f"responder{n}@{domain}"
        answers = await world.mail(text, sender, subject=subject, **headers)
        if not answers:
            # A responder that is not answered still answers what it got before, once more, with new words.
            text = f"{first} ({n})"
            continue
        item = next(said.item for said in reversed(world.said(sender)))
        text = answers[-1] if way.echoes else first
        subject = item.content.subject if way.keeps_subject else f"Nachricht {n}"
        headers = {"In_Reply_To": f"<{item.content.message_id}>"} if way.keeps_references else {}
        world.clock.advance(way.pause)
    return len(world.said())


@settings(max_examples=12, deadline=None)
@given(WAYS, st.sampled_from(["Wann habt ihr offen?", "Welche Holzarten haben Sie?", "hallo", "Mensch bitte"]))
async def test_they_fall_silent(way: Way, first: str) -> None:
    said = await play(way, first)
    if not way.changes_address and not way.changes_domain:
        assert said <= 5
    elif not way.changes_domain:
        assert said <= 20
    else:
        assert said <= ROUNDS


@settings(max_examples=6, deadline=None)
@given(st.booleans(), st.booleans(), st.sampled_from(["Wann habt ihr offen?", "Welche Holzarten haben Sie?", "hallo"]))
async def test_two_hubs_fall_silent(keeps_subject: bool, keeps_references: bool, first: str) -> None:
    """Both acknowledge everything and have a bot; all headers of automatic mail are stripped between them."""
    hubs = [await CustomerOffice.open(EVERY_WAY), await CustomerOffice.open(EVERY_WAY)]
    letters: list[tuple[int, str, str, dict[str, str]]] = [(0, first, "Anfrage", {})]
    for n in range(100):
        if not letters:
            break
        to, text, subject, headers = letters.pop(0)
        world, sender = hubs[to], f"hub{1 - to}@hub{1 - to}.example"
        for answer in await world.mail(text, sender, subject=subject, **headers):
            content = world.said(sender)[-1].item.content
            passed = {"In_Reply_To": f"<{content.message_id}>"} if keeps_references else {}
            letters.append((1 - to, answer, content.subject if keeps_subject else f"Nachricht {n}", passed))
    assert letters == []
    assert all(len(world.said()) <= 5 for world in hubs)


async def test_two_chat_bots_fall_silent() -> None:
    """A bot that answers each of our answers with "I did not understand that": two such, and a person has it."""
    world = await CustomerOffice.open(EVERY_WAY)
    await world.chat("hallo", "bot@other.example")
    for n in range(40):
        await world.chat(f"Das habe ich leider nicht verstanden, Vorgang {n}.", "bot@other.example")
    assert len(world.said("bot@other.example")) <= 4
    assert world.conversation("bot@other.example").owner == "queue"


async def test_a_chat_bot_that_parrots_a_request_falls_silent() -> None:
    world = await CustomerOffice.open(EVERY_WAY)
    for _ in range(40):
        await world.chat("Wann habt ihr offen?", "bot@other.example")
    assert len(world.said("bot@other.example")) <= 4


async def test_a_bounce_of_our_automatic_answer_is_answered_by_nothing() -> None:
    world = await CustomerOffice.open(EVERY_WAY)
    await world.mail("Wann habt ihr offen?", "petra@full.example")
    before = len(world.said())
    await world.mail(
        BOUNCE_TEXT,
        "mailer-daemon@full.example",
        subject="Undelivered Mail Returned to Sender",
        Auto_Submitted="auto-replied",
        Return_Path="<>",
    )
    assert len(world.said()) == before


async def test_the_breaker_stops_everything_and_tells_the_admins_once() -> None:
    world = await CustomerOffice.open(EVERY_WAY)
    for n in range(205):
        await world.mail("Wann habt ihr offen?", f"petra@c{n}.example")
    assert len(world.said()) == 200
    waiting = [one for one in world.entries if one.sender and one.sender.address.domain == "c203.example"]
    assert len(waiting) == 1
    assert world.conversation("petra@c203.example").owner == "queue"
    assert world.conversation("petra@c203.example").waiting_since is not None
