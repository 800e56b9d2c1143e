"""Which conversation a message joins: the table, row by row, and the cases that users of comparable systems suffered
from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.conversation import ConversationState, Evidence
from hub.domain.interaction import Direction, Interaction, MessageReference, message_reference_id
from hub.domain.token import make_message_id
from hub.ports.kinds import CONTACTS, CONVERSATIONS, INTERACTIONS, MESSAGE_REFERENCES
from hub.services.standing import with_entry
from tests.intake_world import DOMAIN, PETRA, SECRET, Envelope, IntakeWorld, chat, mail

OFFICE_MAIL = f"Anna Seidel <anna@{DOMAIN}>"
SENT = Envelope(folder="Sent", outgoing=True)


@pytest.fixture
def world() -> IntakeWorld:
    return IntakeWorld()


def our_id(world: IntakeWorld, conversation: str, nonce: bytes = b"nonce-1") -> str:
    return make_message_id(SECRET, conversation, DOMAIN, now=world.clock.now(), nonce=nonce)  # type: ignore[arg-type]


async def test_an_answer_joins_by_its_references(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example"))
    second = await world.receive(mail("noch etwas", subject="Re: Anfrage", References="<one@x.example>"))
    placed = world.placement(second)
    assert placed.conversation_id == world.placement(first).conversation_id
    assert (placed.evidence, placed.confidence) == (Evidence.REFERENCES, 0.9)
    assert "one@x.example" in placed.detail
    assert world.conversation(second).last_interaction == second.result


async def test_ac13_a_colleague_answers_from_outlook_and_the_customer_answers_that(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example"))
    assert world.conversation(first).waiting_since is not None
    sent = await world.receive(
        mail("900 Euro", sender=OFFICE_MAIL, to=PETRA, id="outlook@pc", In_Reply_To="<one@x.example>"),
        envelope=SENT,
    )
    assert world.conversation(sent).id == world.conversation(first).id
    assert world.conversation(sent).waiting_since is None
    assert world.entry(sent).direction == "out"
    assert "sent-elsewhere" in world.entry(sent).marks
    assert world.entry(sent).contact_id == world.entry(first).contact_id
    answer = await world.receive(mail("gern", References="<outlook@pc>"))
    assert world.placement(answer).confidence == 0.9
    assert world.conversation(answer).id == world.conversation(first).id
    assert world.conversation(answer).waiting_since == world.entry(answer).at
    assert len(world.teller.told) == 2


async def test_sent_mail_to_somebody_new_makes_the_contact(world: IntakeWorld) -> None:
    sent = await world.receive(mail("Hallo", sender=OFFICE_MAIL, to="Neu <neu@x.example>", id="o@pc"), envelope=SENT)
    assert (world.contact(sent).name, world.contact(sent).provisional) == ("Neu", True)
    assert world.conversation(sent).peer_key == "email:neu@x.example"
    assert world.conversation(sent).waiting_since is None


async def test_mail_among_ourselves_makes_no_contact(world: IntakeWorld) -> None:
    sent = await world.receive(mail(sender=OFFICE_MAIL, to=f"ben@{DOMAIN}"), envelope=SENT)
    assert (sent.state, sent.result, sent.reason) == ("done", None, "sent among ourselves")
    assert not world.contacts


async def test_our_own_mail_found_in_sent_is_a_duplicate_of_its_entry(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example"))
    conversation = world.conversation(first)
    ours = our_id(world, conversation.id)
    entry = replace(world.entry(first), id="i_ours", direction=Direction.OUTBOUND, outbox_id="o_ours", arrival_id=None)  # type: ignore[arg-type]
    await world.store.documents(INTERACTIONS).insert(entry)
    reference = MessageReference(
        id=message_reference_id(ours), message_id=ours, conversation_id=conversation.id, interactions=(entry.id,)
    )
    await world.store.documents(MESSAGE_REFERENCES).insert(reference)
    sent = await world.receive(mail("900 Euro", sender=OFFICE_MAIL, to=PETRA, id=ours), envelope=SENT)
    assert (sent.state, sent.result) == ("duplicate", "i_ours")
    assert world.deliveries.found == [ours]
    assert len(world.entries) == 2


async def test_ac14_two_mails_share_an_ancestor_never_seen_here(world: IntakeWorld) -> None:
    first = await world.receive(mail("a", subject="Re: Dach", References="<gone@x.example>"))
    second = await world.receive(mail("b", subject="Re: Dachstuhl", References="<gone@x.example>"))
    assert world.conversation(first).id == world.conversation(second).id
    assert "shares an ancestor" in world.placement(second).detail


async def test_an_answer_that_came_before_its_question(world: IntakeWorld) -> None:
    answer = await world.receive(mail("b", subject="Re: Dach", References="<late@x.example>"))
    question = await world.receive(mail("a", subject="Dach", id="late@x.example"))
    assert world.conversation(question).id == world.conversation(answer).id


async def test_ac15_our_first_outbound_mail_is_answered(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    ours = our_id(world, world.conversation(first).id)
    answer = await world.receive(
        mail("ja", sender="chef@carpenter.example", subject="ganz anders", In_Reply_To=f"<{ours}>")
    )
    placed = world.placement(answer)
    assert (placed.evidence, placed.confidence) == (Evidence.TOKEN, 1.0)
    assert placed.conversation_id == world.conversation(first).id


async def test_ac16_a_lost_reference_is_made_good_by_the_quoted_token(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    ours = our_id(world, world.conversation(first).id)
    answer = await world.receive(mail(f"ja\n\n> Ihre Anfrage\n> {ours}\n", subject="anderer Betreff"))
    placed = world.placement(answer)
    assert (placed.evidence, placed.confidence) == (Evidence.TOKEN_IN_BODY, 0.95)
    assert placed.conversation_id == world.conversation(first).id


async def test_a_forged_or_expired_token_proves_nothing(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    genuine = our_id(world, world.conversation(first).id)
    forged = genuine.replace("f1.", "f1.", 1)[:-20] + "aaaa" + genuine[-16:]
    other = await world.receive(mail("x", sender="x@y.example", In_Reply_To=f"<{forged}>"))
    assert world.conversation(other).id != world.conversation(first).id


async def test_ac17_a_reply_that_starts_a_new_topic_joins_and_a_split_is_proposed(world: IntakeWorld) -> None:
    await world.receive(mail(id="one@x.example", subject="Tisch"))
    second = await world.receive(mail("neu", subject="Treppe", References="<one@x.example>"))
    assert world.placement(second).confidence == 0.9
    assert "subject-changed" in world.entry(second).marks
    assert (world.entry(second).subject, world.conversation(second).subject) == ("Treppe", "Tisch")


@pytest.mark.parametrize("subject", ["WG: Anfrage", "Fwd: Anfrage", "TR: Anfrage", "RV: Anfrage"])
async def test_ac18_forwards_join_only_by_token(world: IntakeWorld, subject: str) -> None:
    first = await world.receive(mail(id="one@x.example"))
    forward = await world.receive(mail("zur Kenntnis", subject=subject, References="<one@x.example>"))
    assert world.conversation(forward).id != world.conversation(first).id
    ours = our_id(world, world.conversation(first).id)
    again = await world.receive(mail("zur Kenntnis 2", subject=subject, References=f"<{ours}>"))
    assert world.conversation(again).id == world.conversation(first).id


async def test_ac18_chains_of_answer_prefixes_are_one_subject(world: IntakeWorld) -> None:
    first = await world.receive(mail(subject="Anfrage Tisch"))
    second = await world.receive(mail("nochmal", subject="AW: Re: SV: Anfrage Tisch"))
    placed = world.placement(second)
    assert placed.conversation_id == world.placement(first).conversation_id
    assert (placed.evidence, placed.confidence) == (Evidence.SUBJECT, 0.5)


async def test_ac19_a_stranger_quotes_a_ticket_number(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    number = world.conversation(first).number
    stranger = await world.receive(mail("ich auch", sender="x@y.example", subject=f"Re: [#{number}] Anfrage"))
    placed = world.placement(stranger)
    assert placed.conversation_id != world.placement(first).conversation_id
    assert (placed.suggestion, placed.confidence) == (world.placement(first).conversation_id, 0.3)
    colleague = await world.receive(mail("dazu", sender="chef@carpenter.example", subject=f"Ihr Zeichen [#{number}]"))
    assert world.conversation(colleague).id == world.conversation(first).id
    assert (world.placement(colleague).evidence, world.placement(colleague).confidence) == (Evidence.NUMBER, 0.8)


async def test_a_stranger_with_a_known_reference_joins_to_be_checked(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example", sender="Petra <petra@gmail.com>"))
    other = await world.receive(mail("x", sender="eve@gmail.com", References="<one@x.example>"))
    assert (world.placement(other).confidence, world.conversation(other).id) == (0.5, world.conversation(first).id)
    assert "email:eve@gmail.com" not in world.conversation(first).participants
    again = await world.receive(mail("y", sender="eve@gmail.com", References="<one@x.example>"))
    assert world.placement(again).confidence == 0.5


async def test_the_same_subject_does_not_join_after_a_fortnight_or_a_closing(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    world.clock.advance(timedelta(days=15).total_seconds())
    second = await world.receive(mail("später"))
    assert world.conversation(second).id != world.conversation(first).id
    conversation = world.conversation(second)
    closed = replace(conversation, state=ConversationState.CLOSED, closed_at=world.clock.now(), waiting_since=None)
    await world.store.documents(CONVERSATIONS).replace(closed, conversation.version)
    third = await world.receive(mail("noch später"))
    assert world.conversation(third).id != world.conversation(second).id


async def test_an_answer_reopens_what_was_closed(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example"))
    conversation = world.conversation(first)
    closed = replace(conversation, state=ConversationState.CLOSED, closed_at=world.clock.now(), waiting_since=None)
    await world.store.documents(CONVERSATIONS).replace(closed, conversation.version)
    world.clock.advance(60)
    second = await world.receive(mail("doch noch etwas", In_Reply_To="<one@x.example>"))
    reopened = world.conversation(second)
    assert (reopened.id, reopened.state) == (conversation.id, ConversationState.OPEN)
    assert (reopened.closed_at, reopened.waiting_since) == (None, world.entry(second).at)


async def test_ac22_out_of_office_changes_nothing_but_its_entry(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example"))
    conversation = world.conversation(first)
    closed = replace(conversation, state=ConversationState.CLOSED, closed_at=world.clock.now(), waiting_since=None)
    await world.store.documents(CONVERSATIONS).replace(closed, conversation.version)
    before = world.conversation(first)
    away = {"Auto_Submitted": "auto-replied", "In_Reply_To": "<one@x.example>"}
    known = await world.receive(mail("Ich bin nicht da", subject="Abwesenheit", **away))
    stranger = await world.receive(mail("Ich auch nicht", sender="away@carpenter.example", **away))
    assert {world.entry(known).message_class, world.entry(stranger).message_class} == {"auto-reply"}
    assert world.conversation(first) == before
    assert (len(world.contacts), len(world.conversations), len(world.teller.told)) == (1, 1, 1)
    assert world.entry(stranger).contact_id == world.entry(first).contact_id
    lost = await world.receive(mail("Bin weg", sender="x@y.example", Auto_Submitted="auto-replied"))
    assert (lost.state, lost.result, len(world.contacts)) == ("done", None, 1)
    assert lost.reason
    alone = await world.receive(mail("Bin weg", subject="Urlaub", Auto_Submitted="auto-replied"))
    assert world.entry(alone).contact_id == world.entry(first).contact_id
    assert len(world.conversations) == 1


async def test_ac24_two_first_messages_of_one_unknown_sender(world: IntakeWorld) -> None:
    await world.accept(mail("eins", subject="Anfrage"), account="office")
    await world.accept(mail("zwei", subject="Anfrage, Nachtrag"), account="sales")
    await world.intake.drain()
    assert len(world.contacts) == 1
    assert len(world.entries) == 2
    assert {entry.contact_id for entry in world.entries.values()} == set(world.contacts)
    assert sum("first-contact" in entry.marks for entry in world.entries.values()) == 1


async def test_ac25_an_unknown_sender_waits_in_the_queue(world: IntakeWorld) -> None:
    record = await world.receive(chat("hallo", sender="unknown@chat.example"), account="chat")
    conversation = world.conversation(record)
    assert world.contact(record).provisional
    assert (conversation.owner, conversation.waiting_since) == ("queue", world.entry(record).at)


async def test_ac26_forty_people_in_to_and_cc_are_no_contacts(world: IntakeWorld) -> None:
    people = ", ".join(f"p{number}@else.example" for number in range(20))
    more = ", ".join(f"q{number}@else.example" for number in range(20))
    record = await world.receive(mail(to=f"info@{DOMAIN}, {people}", Cc=more))
    assert len(world.contacts) == len(world.identities) == 1
    assert len(world.entry(record).recipients) == 41
    assert len(world.conversation(record).participants) == 41


async def test_a_bounce_is_filed_with_what_bounced(world: IntakeWorld) -> None:
    first = await world.receive(mail(id="one@x.example"))
    ours = our_id(world, world.conversation(first).id)
    record = await world.receive(_bounce(ours), envelope=Envelope(recipients=(f"info@{DOMAIN}",)))
    assert world.entry(record).message_class == "bounce"
    assert world.conversation(record).id == world.conversation(first).id
    assert world.entry(record).contact_id == world.entry(first).contact_id
    assert [message.bounced_message_id for message in world.deliveries.bounces] == [ours]
    assert len(world.contacts) == 1
    lost = await world.receive(_bounce("nothing@of.ours"), envelope=Envelope(recipients=(f"info@{DOMAIN}",)))
    assert (lost.state, lost.result) == ("done", None)


def _bounce(message_id: str) -> bytes:
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\n"
        f"To: info@{DOMAIN}\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b-{message_id}>\r\n"
        "Date: Mon, 23 Nov 2026 08:59:00 +0000\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nUser unknown\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {PETRA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: Re: Anfrage\r\n\r\n"
        "--b--\r\n"
    ).encode()


async def test_chat_starts_anew_after_closing_and_a_day_of_silence(world: IntakeWorld) -> None:
    first = await world.receive(chat("hallo"), account="chat")
    conversation = world.conversation(first)
    closed = replace(conversation, state=ConversationState.CLOSED, closed_at=world.clock.now(), waiting_since=None)
    await world.store.documents(CONVERSATIONS).replace(closed, conversation.version)
    world.clock.advance(3600)
    soon = await world.receive(chat("noch was"), account="chat")
    assert world.conversation(soon).id == conversation.id
    assert world.conversation(soon).state is ConversationState.OPEN
    reopened = world.conversation(soon)
    closed = replace(reopened, state=ConversationState.CLOSED, closed_at=world.clock.now(), waiting_since=None)
    await world.store.documents(CONVERSATIONS).replace(closed, reopened.version)
    world.clock.advance(25 * 3600)
    late = await world.receive(chat("guten Morgen"), account="chat")
    assert world.conversation(late).id != conversation.id


async def test_bulk_mail_does_not_wait_and_is_not_told(world: IntakeWorld) -> None:
    record = await world.receive(mail("Angebote", List_Id="<news.shop.example>", Precedence="bulk"))
    assert world.entry(record).message_class == "bulk"
    assert world.conversation(record).waiting_since is None
    assert not world.teller.told


async def test_messages_of_one_batch_see_each_other(world: IntakeWorld) -> None:
    for number in range(5):
        references = {"References": f"<m{number - 1}@x.example>"} if number else {}
        await world.accept(mail(f"Nummer {number}", id=f"m{number}@x.example", **references))
    await world.intake.drain()
    assert world.worker.batches[0] == 5
    assert (len(world.entries), len(world.contacts), len(world.conversations)) == (5, 1, 1)
    (conversation,) = world.conversations.values()
    assert conversation.last_text == "Nummer 4"


async def test_a_claim_is_honoured_wherever_it_points(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    contact = world.contact(first)
    renamed = replace(contact, name="Petra Zimmermann", provisional=False)
    await world.store.documents(CONTACTS).replace(renamed, contact.version)
    second = await world.receive(mail("zwei"))
    assert world.contact(second).name == "Petra Zimmermann"
    assert "first-contact" not in world.entry(second).marks


async def test_standing_may_be_applied_again_after_an_answer(world: IntakeWorld) -> None:
    first = await world.receive(mail())
    conversation, entry = world.conversation(first), world.entry(first)
    assert with_entry(conversation, entry, ()) is conversation
    answered: Interaction = replace(
        entry, id="i_answer", direction=Direction.OUTBOUND, at=entry.at + timedelta(minutes=5)
    )  # type: ignore[arg-type]
    quiet = with_entry(conversation, answered, ())
    assert quiet.waiting_since is None
    assert with_entry(quiet, entry, ()).waiting_since is None
