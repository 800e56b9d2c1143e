"""AC-08: whatever the bytes, a mail is read as well as it can be or is Unreadable, within bounds of time and size."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.email.inspect import inspect_email
from connectors.email.parse import EMAIL_PARSER, MAX_ATTACHMENTS, MAX_TEXT
from hub.domain.errors import NotFound, Unreadable
from hub.domain.message import Envelope, Message
from hub.ports.parser import ParseContext

CASES = [path.read_bytes() for path in sorted((Path(__file__).parents[3] / "cases" / "email").glob("*.eml"))]
HEAD = b"From: a@example.org\r\nTo: b@example.com\r\nSubject: x\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n"
CONTEXT = ParseContext(account="m", authserv_id="mx.example.com", own_signature_key=b"key")
KEYS = {
    *("message_id", "from", "reply_to", "to", "cc", "subject", "date", "text", "reply_text", "html", "attachments"),
    *("class", "in_reply_to", "references", "problems"),
}


def parse(raw: bytes) -> Message:
    return EMAIL_PARSER.parse(raw, Envelope(), CONTEXT)


def multipart(parts: list[bytes], boundary: bytes = b"x") -> bytes:
    head = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"
    return head + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def nested(depth: int) -> bytes:
    """Multiparts inside each other, a text in the innermost."""
    heads = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth)
    )
    return heads + b"\r\ninnermost\r\n" + b"".join(b"--b%d--\r\n" % level for level in reversed(range(depth)))


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\x00" * 100, b"\xff\xfe\xfd" * 50, b"hello\nworld\n"])
def test_ac08_what_is_no_mail_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(raw)
    shown = inspect_email(raw)
    assert set(shown) == KEYS
    assert shown["problems"]


def test_ac08_ten_thousand_parts() -> None:
    raw = HEAD + multipart([b"Content-Type: application/pdf; name=f%d.pdf\r\n\r\ndata" % i for i in range(10_000)])
    started = time.process_time()
    message = parse(raw)
    assert time.process_time() - started < 2
    assert len(message.content.attachments) == MAX_ATTACHMENTS
    assert any("1000 parts" in problem for problem in message.problems)
    assert EMAIL_PARSER.extract(raw, 199) == b"data"
    with pytest.raises(NotFound):
        EMAIL_PARSER.extract(raw, MAX_ATTACHMENTS)


def test_ac08_a_thousand_nested_multiparts() -> None:
    message = parse(HEAD + nested(1000))
    assert any("deeper than 20" in problem for problem in message.problems)


def test_nesting_within_the_bound_is_read() -> None:
    assert parse(HEAD + nested(19)).content.text == "innermost"


def test_ac08_a_header_of_a_megabyte() -> None:
    long = b"X-Long: " + b"y" * 1_000_000 + b"\r\n"
    references = b"References: " + b" ".join(b"<%d@example.org>" % i for i in range(60_000)) + b"\r\n"
    subject = b"Subject: " + b"=?utf-8?Q?=C3=BC?= " * 50_000 + b"\r\n"
    many = b"".join(b"X-%d: y\r\n" % i for i in range(100_000))
    started = time.process_time()
    message = parse(HEAD.replace(b"Subject: x\r\n", subject) + long + references + many + b"\r\nHallo\r\n")
    assert time.process_time() - started < 3
    assert len(message.references) == 50
    assert message.references[0] == "0@example.org"
    assert len(message.content.subject) == 1000
    assert message.content.text == "Hallo"
    assert any("header is larger" in problem for problem in message.problems)


def test_ac26_forty_recipients_are_kept_and_thousands_are_cut() -> None:
    forty = b"Cc: " + b", ".join(b"p%d@example.net" % i for i in range(40)) + b"\r\n\r\nx"
    assert len(parse(HEAD + forty).recipients) == 41
    thousands = b"Cc: " + b", ".join(b"p%d@example.net" % i for i in range(3000)) + b"\r\n\r\nx"
    message = parse(HEAD + thousands)
    assert len(message.recipients) == 51
    assert any("more than 50 people" in problem for problem in message.problems)


def test_long_text_is_cut_and_said() -> None:
    message = parse(HEAD + b"\r\n" + b"Wort und Satz.\r\n" * 100_000)
    assert len(message.content.text) == MAX_TEXT
    assert any("64 Ki" in problem for problem in message.problems)


HOSTILE_PIECES = [
    HEAD + b"To: " + b"(" * 60_000 + b"\r\n\r\nx",
    HEAD + b'To: "' + b"\\" * 60_000 + b"\r\n\r\nx",
    HEAD + b"To: " + b"<" * 60_000 + b"\r\n\r\nx",
    HEAD + b"To: " + b"a@b " * 20_000 + b"\r\n\r\nx",
    HEAD + b"Content-Type: text/plain" + b";a=" * 20_000 + b"\r\n\r\nx",
    HEAD + b'Content-Type: text/plain; name="' + b"\\" * 60_000 + b"\r\n\r\nx",
    HEAD + b"Content-Type: text/plain; charset=" + b"=?utf-8?B?" * 5_000 + b"\r\n\r\nx",
    HEAD + b"Subject: " + b"=?" * 30_000 + b"\r\n\r\nx",
    HEAD + b"Authentication-Results: mx.example.com; " + b"(" * 60_000 + b"dmarc=pass\r\n\r\nx",
    HEAD + b"\r\n" + b"On 1 wrote\n" * 6_000,
    HEAD + b"\r\n" + b"From: a:\n" * 7_000,
    HEAD + b"\r\n" + b"a" * 65_000 + b":",
    HEAD + b"\r\n" + b"-" * 65_000,
    HEAD + b"\r\n" + b"begin 644 x\n" * 5_000,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a><b><i><u><div></a>" * 20_000,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote>x" * 300,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style>" * 50_000,
    HEAD + b"Content-Type: text/html\r\n\r\n" + b"&" * 500_000,
    HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x" * 200_000,
    HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 200_000,
    HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 500_000,
    HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\n" + b"begin\n" * 20_000,
    HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
    HEAD + b"\xff" * 60_000 + b"\r\n\r\nx",
]


@pytest.mark.parametrize("raw", HOSTILE_PIECES, ids=range(len(HOSTILE_PIECES)))
def test_ac08_no_input_takes_long_or_breaks(raw: bytes) -> None:
    started = time.process_time()
    shown = inspect_email(raw)
    assert time.process_time() - started < 3
    assert set(shown) == KEYS
    assert "\ud800" not in shown["text"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2000))
def test_random_bytes_give_a_message_or_unreadable(raw: bytes) -> None:
    for candidate in (raw, HEAD + raw, HEAD + b"\r\n" + raw):
        try:
            message = parse(candidate)
        except Unreadable:
            continue
        assert message == parse(candidate)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CASES), st.integers(0, 2**32))
def test_ac08_mutated_mail_gives_a_message_or_unreadable(raw: bytes, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                other = chance.choice(CASES)
                data[at:at] = other[chance.randrange(len(other)) :][:200]
            case _:
                data[at:at] = chance.choice([b"\r\n", b"\x00", b"--x\r\n", b"=?", b'"', b"(", b"<", b";", b"\n\n"])
        data = data or bytearray(b"x")
    candidate = bytes(data)
    try:
        message = parse(candidate)
    except Unreadable:
        return
    assert message == parse(candidate)
    for attachment in message.content.attachments:
        assert len(EMAIL_PARSER.extract(candidate, attachment.index)) == attachment.size
    rendered = EMAIL_PARSER.render_html(candidate)
    assert rendered is None or "<script" not in rendered
    for text in (message.content.text, message.content.subject, message.content.reply_text):
        text.encode("utf-8")
