"""fp1 is frozen: these hashes may never change."""

from connectors.email.fingerprint import fingerprint_fp1
from connectors.email.parse import EMAIL_PARSER
from hub.domain.message import Envelope
from hub.ports.parser import ParseContext

MAIL = (
    "From: =?utf-8?Q?Anna_M=C3=BCller?= <anna@example.org>\r\nTo: info@example.com\r\n"
    "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n'
    "Content-Transfer-Encoding: {encoding}\r\n\r\n{text}\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n"
)
PLAIN = MAIL.format(encoding="8bit", text="Grüße  aus\r\nKöln")


def fp1(mail: str) -> str:
    return EMAIL_PARSER.parse(mail.encode(), Envelope(), ParseContext(account="m")).fingerprint


def test_golden_hashes() -> None:
    empty = fingerprint_fp1(date="", sender="", to="", subject="", text="", files=[])
    full = fingerprint_fp1(date="d", sender="f", to="t", subject="ü \n s", text=" a\r\n b ", files=["bb", "aa"])
    assert empty == "b357377f83510d1d572543f194cfb1b88152c9a87a4a97b4e15f2ff9d76a40b7"
    assert full == "b70eead65dd5a9195ccaab87298451a94436187d89608d639661df9e3bec5b20"
    assert fp1(PLAIN) == "4ea811d260c99bf0e7fea15b3ef35e7c641553365f8d560b62bf1c5489cc3dcb"


def test_neither_trace_fields_nor_transfer_encodings_matter() -> None:
    trace = "Return-Path: <anna@example.org>\r\nDelivered-To: x@example.com\r\nReceived: from a by b\r\nX-Spam: no\r\n"
    assert fp1(trace + PLAIN) == fp1(PLAIN)
    assert fp1(MAIL.format(encoding="quoted-printable", text="Gr=C3=BC=C3=9Fe aus\r\nK=\r\n=C3=B6ln")) == fp1(PLAIN)
    assert fp1(MAIL.format(encoding="base64", text="R3LDvMOfZSBhdXMKS8O2bG4=")) == fp1(PLAIN)
    assert fp1(PLAIN.replace("\r\n", "\n")) == fp1(PLAIN)
    assert fp1(PLAIN.replace("Subject: =?utf-8?B?R3LDvMOfZQ==?=", "Subject: Grüße")) == fp1(PLAIN)


def test_ac03_whatever_the_sender_wrote_matters() -> None:
    changes = [
        ("10:00", "10:01"),
        ("anna@", "otto@"),
        ("info@", "chef@"),
        ("R3LDv", "S3LDv"),
        ("Köln", "Bonn"),
        ("JVBE", "JVBF"),
    ]
    prints = {fp1(PLAIN.replace(old, new)) for old, new in changes}
    assert len(prints | {fp1(PLAIN)}) == len(changes) + 1


def test_parts_cannot_be_moved_into_one_another() -> None:
    one = fingerprint_fp1(date="", sender="a b", to="", subject="", text="", files=[])
    two = fingerprint_fp1(date="", sender="a", to="b", subject="", text="", files=[])
    assert one != two
