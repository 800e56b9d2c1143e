"""Which mail a person wrote, and which must never be answered by a machine (AC-21, AC-22)."""

import pytest

from connectors.email.classification import own_signature
from connectors.email.parse import EMAIL_PARSER
from hub.domain.message import Envelope, MessageClass, Strength
from hub.ports.parser import ParseContext

KEY = b"a key of thirty-two bytes or so."


def classed(
    header: str, *, subject: str = "Anfrage", sender: str = "anna@example.org", envelope: Envelope | None = None
) -> str:
    raw = f"From: {sender}\r\nSubject: {subject}\r\nMessage-ID: <1@example.org>\r\n{header}\r\nText\r\n"
    message = EMAIL_PARSER.parse(raw.encode(), envelope or Envelope(), ParseContext(account="m", own_signature_key=KEY))
    return message.message_class.value


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "human"),
        ("Auto-Submitted: no\r\n", "human"),
        ("Auto-Submitted: NO (a person)\r\n", "human"),
        ("Auto-Submitted: auto-replied\r\n", "auto-reply"),
        ('Auto-Submitted: auto-replied; owner-email="x@example.org"\r\n', "auto-reply"),
        ("Auto-Submitted: auto-generated\r\n", "auto-reply"),
        ("Auto-Submitted: auto-notified\r\n", "auto-reply"),
        ("Precedence: bulk\r\n", "bulk"),
        ("Precedence: list\r\n", "bulk"),
        ("Precedence: junk\r\n", "bulk"),
        ("Precedence: auto_reply\r\n", "auto-reply"),
        ("Precedence: bulk\r\nAuto-Submitted: auto-replied\r\n", "auto-reply"),
        ("Precedence: normal\r\n", "human"),
        ("List-Id: <news.example.org>\r\n", "bulk"),
        ("List-Unsubscribe: <https://example.org>\r\nAuto-Submitted: no\r\n", "bulk"),
        ("List-Id: <x.example.org>\r\nAuto-Submitted: auto-generated\r\n", "bulk"),
        ("X-Auto-Response-Suppress: All\r\n", "auto-reply"),
        ("X-Auto-Response-Suppress: None\r\n", "human"),
        ("X-Autoreply: yes\r\n", "auto-reply"),
        ("X-Autorespond: x\r\n", "auto-reply"),
        ("Return-Path: <>\r\n", "auto-reply"),
        ("Return-Path: <anna@example.org>\r\n", "human"),
        ("X-Failed-Recipients: bob@example.net\r\n", "bounce"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n", "bounce"),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=x\r\n", "auto-reply"),
    ],
)
def test_headers_decide(header: str, expected: str) -> None:
    report = "report" in header
    assert classed(header + ("\r\n--x\r\n\r\nText\r\n--x--\r\n" if report else "")) == expected


@pytest.mark.parametrize(
    "subject",
    [
        *("Abwesenheitsnotiz: Angebot", "Automatische Antwort: Angebot", "Out of Office: Offer", "Automatic reply: x"),
        *("Réponse automatique : x", "Respuesta automática: x", "Risposta automatica: x", "Automatisch antwoord: x"),
        *("Autosvar: x", "Nicht im Büro: x", "Auto-Reply: x", "Automatická odpověď: x"),
    ],
)
def test_ac22_subject_phrases_of_absence(subject: str) -> None:
    assert classed("", subject=subject) == "auto-reply"
    assert classed("Auto-Submitted: no\r\n", subject=subject) == "human"
    assert classed("", subject=f"AW: {subject}") == "human"


def test_mail_servers_word_is_a_bounce() -> None:
    assert classed("Return-Path: <>\r\n", sender="MAILER-DAEMON@mx.example.net") == "bounce"
    assert classed("", sender="postmaster@example.net", subject="Undeliverable: Angebot") == "bounce"
    assert classed("", sender="postmaster@example.net", subject="Ihre Frage zum Postfach") == "human"
    assert classed("Return-Path: <>\r\n", subject="Unzustellbar: Angebot") == "bounce"


def test_null_sender_of_the_envelope() -> None:
    assert (
        classed("", envelope=Envelope(sender="", recipients=("info@example.com",), client="192.0.2.1")) == "auto-reply"
    )
    assert classed("", envelope=Envelope(sender="<>")) == "auto-reply"
    assert classed("", envelope=Envelope(sender="a@b.example", recipients=("info@example.com",), client="x")) == "human"
    assert classed("", envelope=Envelope()) == "human"


def test_own_mail_is_known_by_its_signature_only() -> None:
    date = "Fri, 20 Nov 2026 10:00:00 +0100"
    signature = own_signature(KEY, "1@example.org", date)
    assert classed(f"Date: {date}\r\nX-Fernamt-Signature: {signature}\r\n") == "own"
    assert (
        classed(f"Date:  Fri, 20 Nov 2026\r\n 10:00:00 +0100\r\nX-Fernamt-Signature: {signature.upper()}\r\n") == "own"
    )
    assert classed(f"Date: {date[:-5]}+0000\r\nX-Fernamt-Signature: {signature}\r\n") == "human"
    forged = own_signature(b"another key", "1@example.org", date)
    assert classed(f"Date: {date}\r\nX-Fernamt-Signature: {forged}\r\n") == "human"
    assert classed(f"Date: {date}\r\nX-Fernamt-Signature: ü\r\n") == "human"


def strength(
    fields: str, *, sender: str = "anna@example.org", envelope: Envelope | None = None, ours: str = "mx.example.com"
) -> Strength:
    raw = f"{fields}From: {sender}\r\nTo: info@example.com\r\n\r\nText\r\n".encode()
    return EMAIL_PARSER.parse(raw, envelope or Envelope(), ParseContext(account="m", authserv_id=ours)).strength


PASS = "dmarc=pass (p=none dis=none) header.from=example.org"


@pytest.mark.parametrize(
    "fields",
    [
        f"Authentication-Results: mx.example.com; {PASS}\r\n",
        f"Authentication-Results: MX.Example.com 1; spf=pass; {PASS.upper()}\r\n",
        f"Received: from a\r\nAuthentication-Results: mx.example.com;\r\n\t{PASS}\r\nReceived: from b\r\n",
        f"Authentication-Results: mx.example.com; spf=pass\r\nAuthentication-Results: mx.example.com; {PASS}\r\n",
    ],
)
def test_dmarc_pass_of_our_own_server_authenticates(fields: str) -> None:
    assert strength(fields) is Strength.AUTHENTICATED
    assert strength(fields, ours="") is Strength.CLAIMED
    assert strength(fields, ours="other.example.com") is Strength.CLAIMED
    assert strength(fields, sender="anna@example.net") is Strength.CLAIMED
    assert strength(fields, sender="a@example.org, b@example.org") is Strength.CLAIMED


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "Authentication-Results: mx.example.com; dmarc=fail header.from=example.org\r\n",
        "Authentication-Results: mx.example.com; dmarc=pass\r\n",
        "Authentication-Results: mx.example.com; spf=pass; dkim=pass header.d=example.org\r\n",
        f"Authentication-Results: mx.example.com.evil.example; {PASS}\r\n",
        f"Authentication-Results: evil.example; {PASS}\r\nAuthentication-Results: mx.example.com; {PASS}\r\n",
        "Authentication-Results: mx.example.com; spf=fail\r\nReceived: x\r\n"
        f"Authentication-Results: mx.example.com; {PASS}\r\n",
        f"Authentication-Results: mx.example.com; {PASS}\r\n"
        "Authentication-Results: mx.example.com; dmarc=fail header.from=example.org\r\n",
        f'Authentication-Results: mx.example.com; spf=pass smtp.helo="; {PASS};"\r\n',
        f"Authentication-Results: mx.example.com; spf=pass (x; {PASS})\r\n",
        "Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example\r\n",
    ],
)
def test_ac37_everything_else_is_only_claimed(fields: str) -> None:
    assert strength(fields) is Strength.CLAIMED


def test_an_authenticated_envelope_proves_its_own_sender_only() -> None:
    proven = Envelope(sender="Anna@Example.org", recipients=("x@example.com",), authenticated=True)
    assert strength("", envelope=proven) is Strength.AUTHENTICATED
    assert strength("", envelope=proven, sender="bob@example.org") is Strength.CLAIMED


def test_classes_are_those_of_the_domain() -> None:
    assert {member.value for member in MessageClass} == {"human", "auto-reply", "bulk", "bounce", "own"}
