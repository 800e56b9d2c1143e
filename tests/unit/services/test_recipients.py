"""Who gets an answer, and under which subject."""

import pytest

from hub.domain.address import Address
from hub.domain.ids import ContactId, InteractionId
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Participant, ParticipantRole
from hub.services.recipients import address_answer, answer_subject
from tests.fake_connector import START
from tests.outbox_world import person


def _own(address: Address) -> bool:
    return address.domain == "joinery.example"


def _message(
    *recipients: Participant, sender: str = "petra@carpenter.example", direction: Direction = Direction.INBOUND
) -> Interaction:
    return Interaction(
        id=InteractionId("i_1"),
        contact_id=ContactId("c_1"),
        at=START,
        kind=InteractionKind.MESSAGE,
        direction=direction,
        sender=person(sender, ParticipantRole.FROM),
        recipients=recipients,
    )


def test_blind_copies_are_not_exposed() -> None:
    answered = _message(person("office@joinery.example"), person("secret@example.org", ParticipantRole.BCC))
    found = address_answer(answered, _own)
    assert [p.address.normal for p in (*found.to, *found.cc)] == ["petra@carpenter.example"]
    assert [a.normal for a in found.dropped] == ["secret@example.org"]


def test_our_own_message_is_followed_up_to_its_recipients() -> None:
    answered = _message(
        person("petra@carpenter.example"),
        person("kim@carpenter.example", ParticipantRole.CC),
        sender="office@joinery.example",
        direction=Direction.OUTBOUND,
    )
    found = address_answer(answered, _own)
    assert [p.address.normal for p in found.to] == ["petra@carpenter.example"]
    assert [p.address.normal for p in found.cc] == ["kim@carpenter.example"]
    assert found.added == found.dropped == ()


def test_nobody_is_written_to_twice() -> None:
    answered = _message(person("petra@carpenter.example"), person("petra@carpenter.example", ParticipantRole.CC))
    found = address_answer(answered, _own)
    assert (len(found.to), found.cc) == (1, ())


def test_ac26_forty_people_are_kept_and_bounded() -> None:
    many = [person(f"p{n}@example.org", ParticipantRole.CC) for n in range(80)]
    found = address_answer(_message(*many), _own)
    assert len(found.to) + len(found.cc) == 50
    assert len(found.dropped) == 31


@pytest.mark.parametrize(
    ("subject", "language", "expected"),
    [
        ("Angebot", "de", "AW: Angebot"),
        ("Angebot", "en", "Re: Angebot"),
        ("AW: Re: SV: Angebot", "de-AT", "AW: Angebot"),
        ("Re[3]: Angebot", "", "Re: Angebot"),
        ("Frage [#12345678]", "de", "AW: [#12345678] Frage"),
        ("", "de", "AW:"),
    ],
)
def test_one_prefix(subject: str, language: str, expected: str) -> None:
    assert answer_subject(subject, language) == expected
