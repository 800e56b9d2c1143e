"""Outgoing mail, read back by the standard library as an independent judge and by our own parser."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.email.address import EMAIL_FORM
from connectors.email.compose import compose_mail, needs_smtputf8
from connectors.email.parse import EMAIL_PARSER
from hub.domain.errors import PermanentFailure
from hub.domain.ids import ConversationId, OutboxId
from hub.domain.message import Attachment, Envelope, Message, MessageClass, Participant
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose
from hub.domain.token import make_message_id, read_tokens
from hub.ports.connector import Parcel
from hub.ports.parser import ParseContext

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KEY = b"signature key"
CONVERSATION = ConversationId("v_" + "a" * 26)
MESSAGE_ID = make_message_id(KEY, CONVERSATION, "example.com", now=NOW, nonce=b"nonce1")


def person(address: str, name: str = "") -> Participant:
    return Participant(address=EMAIL_FORM.normalise(address), name=name)


def parcel(content: OutgoingContent, *, purpose: Purpose = Purpose.REPLY, files: tuple[bytes, ...] = ()) -> Parcel:
    item = OutboxItem(
        id=OutboxId("o_1"),
        account="mail",
        channel="email",
        recipient=EMAIL_FORM.normalise("anna@example.org"),
        lane="mail|email:anna@example.org",
        purpose=purpose,
        content=content,
        due_at=NOW,
        created_at=NOW,
        give_up_at=NOW,
    )
    return Parcel(item=item, attempt=1, files=files, signature_key=KEY)


def compose(content: OutgoingContent, **kw: object) -> bytes:
    return compose_mail(parcel(content, **kw), from_address="info@example.com", from_name="Beispiel GmbH & Co. KG")  # type: ignore[arg-type]


def judged(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def ours(raw: bytes) -> Message:
    return EMAIL_PARSER.parse(raw, Envelope(), ParseContext(account="mail", own_signature_key=KEY))


ANSWER = OutgoingContent(
    subject="AW: Größe der Pumpe",
    text="Guten Tag,\n\ndie Größe ist 200.\n",
    message_id=MESSAGE_ID,
    in_reply_to="q1@example.org",
    references=("q0@example.org", "q1@example.org"),
    to=(person("anna@example.org", "Beispiel, Anna"), person("otto@example.org", "Otto Müller")),
    cc=(person("technik@example.org"),),
)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_ac20_every_mail_carries_the_threading_headers(purpose: Purpose) -> None:
    message = judged(compose(ANSWER, purpose=purpose))
    assert message["Message-ID"] == f"<{MESSAGE_ID}>"
    assert read_tokens(KEY, message["Message-ID"], now=NOW) == [CONVERSATION]
    assert message["In-Reply-To"] == "<q1@example.org>"
    assert message["References"].split() == ["<q0@example.org>", "<q1@example.org>"]
    assert message["Date"].datetime == NOW
    assert message["MIME-Version"] == "1.0"
    assert ours(compose(ANSWER, purpose=purpose)).message_class is MessageClass.OWN


def test_people_subject_and_text_arrive_as_written() -> None:
    message = judged(compose(ANSWER))
    assert message["From"].addresses[0].display_name == "Beispiel GmbH & Co. KG"
    assert [(one.display_name, one.addr_spec) for one in message["To"].addresses] == [
        ("Beispiel, Anna", "anna@example.org"),
        ("Otto Müller", "otto@example.org"),
    ]
    assert str(message["Cc"]) == "technik@example.org"
    assert message["Subject"] == "AW: Größe der Pumpe"
    assert message.get_content().replace("\r\n", "\n") == "Guten Tag,\n\ndie Größe ist 200.\n"
    assert message["Auto-Submitted"] is None


def test_ac21_automatic_mail_says_so() -> None:
    message = judged(compose(ANSWER, purpose=Purpose.AUTOMATIC))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert judged(compose(ANSWER, purpose=Purpose.NOTICE))["Auto-Submitted"] == "auto-generated"


def test_mail_to_many_offers_to_unsubscribe_with_one_click() -> None:
    address = "https://hub.example/e/abcdefghijklmnopqrstuvwxyz234567abcdefgh"
    raw = compose(replace(ANSWER, unsubscribe=address), purpose=Purpose.LETTER)
    message = judged(raw)
    assert message["List-Unsubscribe"] == f"<{address}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for other in ("", "http://hub.example/e/x", "https://hub.example/>\r\nBcc: x@y.example", "mailto:x@y.example"):
        message = judged(compose(replace(ANSWER, unsubscribe=other), purpose=Purpose.LETTER))
        assert message["List-Unsubscribe"] is None
        assert message["Bcc"] is None


def test_each_attempt_is_the_same_message() -> None:
    assert compose(ANSWER) == compose(ANSWER)


def test_without_named_people_it_goes_to_the_recipient() -> None:
    message = judged(compose(OutgoingContent(text="x", message_id=MESSAGE_ID)))
    assert str(message["To"]) == "anna@example.org"
    assert message["Subject"] is None


def test_plain_text_stays_plain_and_long_lines_are_encoded() -> None:
    assert b"Content-Transfer-Encoding: 7bit" in compose(OutgoingContent(text="Hello\n", message_id=MESSAGE_ID))
    for text in ("x" * 5000, "From here on\nFrom there", "trailing \nblank", "ünder"):
        raw = compose(OutgoingContent(text=text, message_id=MESSAGE_ID))
        assert b"quoted-printable" in raw
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        assert b"\r\nFrom " not in raw.partition(b"\r\n\r\n")[2]
        assert judged(raw).get_content().replace("\r\n", "\n").rstrip("\n") == text


def test_attachments_keep_names_and_bytes() -> None:
    names = ["plan.pdf", 'a"b\\c.pdf', "Größe.pdf", "ü" * 100 + ".pdf", "😀 Foto.png"]
    files = tuple(bytes([n]) * 1000 for n in range(len(names)))
    content = OutgoingContent(
        text="anbei",
        message_id=MESSAGE_ID,
        attachments=tuple(
            Attachment(index=n, name=name, type="application/pdf" if n else "message/rfc822", size=1000, sha256="")
            for n, name in enumerate(names)
        ),
    )
    raw = compose(content, files=files)
    message = judged(raw)
    found = list(message.iter_attachments())
    assert [part.get_filename() for part in found] == names
    assert [part.get_payload(decode=True) for part in found] == list(files)
    assert [EMAIL_PARSER.extract(raw, n) for n in range(len(names))] == list(files)
    assert [one.name for one in ours(raw).content.attachments][2:] == names[2:]
    with pytest.raises(PermanentFailure, match="attachment"):
        compose(content, files=files[1:])


def test_nothing_in_the_content_becomes_a_header_field() -> None:
    evil = "x\r\nBcc: victim@example.net\r\n\r\nbody"
    content = OutgoingContent(
        subject=evil,
        text="t",
        message_id=MESSAGE_ID,
        in_reply_to=evil,
        references=(evil, "a@b\r\nX: y", "ok@example.org"),
        to=(person("anna@example.org", evil),),
        language=evil,
        attachments=(Attachment(index=0, name=evil, type=f"a/b{evil}", size=1, sha256="", content_id=evil),),
    )
    raw = compose_mail(parcel(content, files=(b"x",)), from_address="info@example.com", from_name=evil)
    message = judged(raw)
    assert {name.lower() for name in message} <= {
        *("message-id", "date", "from", "to", "subject", "references", "mime-version", "content-type"),
        "x-fernamt-signature",
    }
    assert message["References"] == "<ok@example.org>"
    assert set(next(message.iter_attachments()).keys()) == {
        *("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID")
    }


@pytest.mark.parametrize("message_id", ["", "no-at-sign", "a b@c", "a@b\r\nX: y", "<>", "ü@example.com"])
def test_a_mail_without_usable_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(PermanentFailure, match="Message-ID"):
        compose(OutgoingContent(text="x", message_id=message_id))


def test_an_unusable_sender_is_refused() -> None:
    with pytest.raises(PermanentFailure, match="not a mail address"):
        compose_mail(parcel(ANSWER), from_address="nobody")


def test_many_references_keep_the_first_and_the_newest() -> None:
    ids = tuple(f"{n}@example.org" for n in range(200))
    raw = compose(OutgoingContent(text="x", message_id=MESSAGE_ID, references=ids, in_reply_to="last@example.org"))
    kept = judged(raw)["References"].split()
    assert len(kept) == 20
    assert (kept[0], kept[-1]) == ("<0@example.org>", "<last@example.org>")


def test_international_addresses() -> None:
    content = OutgoingContent(text="x", message_id=MESSAGE_ID, to=(person("info@müller.example"),))
    raw = compose(content)
    assert b"To: info@xn--mller-kva.example\r\n" in raw
    assert not needs_smtputf8(raw, ["info@müller.example"])
    assert needs_smtputf8(raw, ["büro@müller.example"])
    beyond = compose(OutgoingContent(text="x", message_id=MESSAGE_ID, to=(person("büro@müller.example"),)))
    assert "To: büro@xn--mller-kva.example\r\n".encode() in beyond
    assert needs_smtputf8(beyond, ["anna@example.org"])


@settings(max_examples=60, deadline=None)
@given(subject=st.text(max_size=300), text=st.text(max_size=400), name=st.text(max_size=80))
def test_whatever_is_written_is_read_again(subject: str, text: str, name: str) -> None:
    content = OutgoingContent(subject=subject, text=text, message_id=MESSAGE_ID, to=(person("anna@example.org", name),))
    raw = compose(content)
    header = raw.partition(b"\r\n\r\n")[0]
    assert header.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = ours(raw)
    assert message.message_id == MESSAGE_ID
    assert len(message.recipients) == 1
    assert message.recipients[0].address.normal == "anna@example.org"
    if subject.isprintable():
        assert message.content.subject == " ".join(subject.split())
    if text.replace("\n", "").isprintable() and "begin " not in text:
        assert message.content.text == text.strip("\n")
