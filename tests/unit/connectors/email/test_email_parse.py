"""The parser's own seams: structure, charsets, mailboxes, identifiers, HTML, bounces. Whole mails are golden cases."""

import subprocess
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.email.charset import decode_text, known_charset
from connectors.email.header import decode_words, read_parameters
from connectors.email.hypertext import sanitise_html, text_of_html
from connectors.email.identification import find_quoted_ids, read_date, read_message_id, read_references
from connectors.email.mailbox import read_mailboxes
from connectors.email.parse import EMAIL_PARSER
from hub.domain.message import Envelope, Message
from hub.ports.parser import ParseContext, Parser


def parse(raw: bytes, envelope: Envelope | None = None) -> Message:
    parser: Parser = EMAIL_PARSER
    return parser.parse(raw, envelope or Envelope(), ParseContext(account="m"))


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200),
    html=st.booleans(),
    files=st.lists(st.binary(max_size=300), max_size=4),
    name=st.text(alphabet="abcäöü ß日本.", min_size=1, max_size=30).filter(
        lambda name: " ".join(name.split()).strip(". ") == name
    ),
)
def test_what_the_standard_library_writes_is_read(text: str, html: bool, files: list[bytes], name: str) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "anna@example.org"
    mail["Subject"] = "Größe"
    mail.set_content(text + "\n")
    if html:
        mail.add_alternative("<p>Hallo</p>", subtype="html")
    for data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    raw = mail.as_bytes()
    message = parse(raw)
    if "begin " not in text and not any(mark in text for mark in "\u2028\u2029\x85"):
        # A plain part of blanks alone says nothing: then the HTML is what the person wrote.
        said = "Hallo" if html and not text.strip() else text.strip("\n")
        assert message.content.text == said
    assert message.content.subject == "Größe"
    assert message.content.has_html is html
    assert [one.size for one in message.content.attachments] == [len(data) for data in files]
    assert [EMAIL_PARSER.extract(raw, n) for n in range(len(files))] == files
    assert all(one.name == name for one in message.content.attachments)


def test_line_ends_do_not_matter() -> None:
    raw = (
        b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\neins\r\nzwei\r\n--x--\r\n"
    )
    assert parse(raw).content.text == parse(raw.replace(b"\r\n", b"\n")).content.text == "eins\nzwei"


def test_ac07_delivered_to_names_every_mailbox_of_ours() -> None:
    to = b"To: kunde@example.net\r\nCc: info@example.com\r\nDelivered-To: box@example.com\r\n"
    raw = b"From: a@example.org\r\n" + to + b"\r\nx"
    message = parse(raw, Envelope(recipients=("support@example.com", "not one")))
    assert [one.normal for one in message.delivered_to] == [
        *("kunde@example.net", "info@example.com", "box@example.com", "support@example.com")
    ]


@pytest.mark.parametrize(
    ("subject", "forwarded"),
    [
        *(("WG: x", True), ("Fwd: x", True), ("FW: x", True), ("TR : x", True), ("RV: x", True), ("I: x", True)),
        *(("AW: WG: x", False), ("Re: Fwd: x", False), ("x", False), ("WG: AW: x", True)),
    ],
)
def test_ac18_forwards_are_known_by_their_outermost_prefix(subject: str, forwarded: bool) -> None:
    assert parse(f"From: a@example.org\r\nSubject: {subject}\r\n\r\nx".encode()).forwarded is forwarded


@pytest.mark.parametrize(
    "field", ["<abc@x.example>", "abc@x.example", " < abc@x.example > ", "<abc@x.\r\n example> (x)"]
)
def test_ac05_message_ids_are_the_same_however_written(field: str) -> None:
    assert read_message_id(field) == "abc@x.example"


def test_identifiers_out_of_bounds() -> None:
    assert read_message_id("<" + "a" * 600 + "@x>") == ""
    assert read_message_id("<>") == ""
    ids = [f"<{n}@x>" for n in range(80)]
    kept = read_references(" ".join(ids))
    assert len(kept) == 50
    assert (kept[0], kept[1], kept[-1]) == ("0@x", "31@x", "79@x")
    assert read_references("Ihre Nachricht vom Montag an anna@example.org") == ()
    assert read_references("a@x b@x") == ("a@x", "b@x")


def test_tokens_in_the_body_are_found() -> None:
    token = f"f1.{'a' * 26}.fz2.{'b' * 10}.{'c' * 16}"
    assert find_quoted_ids(f"siehe ({token}@example.com).") == (f"{token}@example.com",)
    assert find_quoted_ids(f"> {token}") == (token,)
    assert find_quoted_ids("Anna <anna@example.org> f1.zu.kurz") == ()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Fri, 20 Nov 2026 10:00:00 +0100", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("20 Nov 26 10:00 GMT", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 +0100 (CET)", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 MEZ", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 -0000", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 23:59:60 +0000", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)),
        ("2026-11-20T10:00:00+01:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20 10:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        *(
            ("gestern", None),
            ("", None),
            ("Fri, 31 Feb 2026 10:00:00 +0100", None),
            ("1 Jan 0001 00:00:00 +9999", None),
        ),
        *(("Fri, 20 Nov 9999 10:00:00 +0100", None), ("99999999999999999999", None)),
    ],
)
def test_dates(field: str, expected: datetime | None) -> None:
    assert read_date(field) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("anna@example.org", [("", "anna@example.org")]),
        ('"Beispiel, Anna" <a@x>', [("Beispiel, Anna", "a@x")]),
        ("a@x (Anna)", [("Anna", "a@x")]),
        ("a@x, b@x; c@x", [("", "a@x"), ("", "b@x"), ("", "c@x")]),
        ("Team: a@x, Bob <b@x>;", [("", "a@x"), ("Bob", "b@x")]),
        ('"a@x" <a@x>', [("", "a@x")]),
        ("'Anna' <a@x>", [("Anna", "a@x")]),
        ('"An\\"na" <a@x>', [('An"na', "a@x")]),
        ("Anna <a@x", [("Anna", "a@x")]),
        ("x <a@x, y <b@x>", [("x", "a@x"), ("y", "b@x")]),
        ("=?utf-8?Q?M=C3=BCller=2C_A?= <a@x>", [("Müller, A", "a@x")]),
        ("undisclosed-recipients:;", []),
        ("nobody", []),
        ("", []),
    ],
)
def test_mailboxes(field: str, expected: list[tuple[str, str]]) -> None:
    assert read_mailboxes(field) == expected


@pytest.mark.parametrize(
    ("declared", "data", "text"),
    [
        ("utf-8", "Größe".encode(), "Größe"),
        ("", "Größe".encode(), "Größe"),
        ("", "Größe".encode("cp1252"), "Größe"),
        ("utf-8", "Größe".encode("cp1252"), "Größe"),
        ("us-ascii", "Größe".encode(), "Größe"),
        ("iso-8859-1", "5 € für Größe".encode("cp1252"), "5 € für Größe"),
        ("utf-8", "\ufeffHallo".encode(), "Hallo"),
        ("", "Größe".encode("utf-16"), "Größe"),
        ("gb2312", "泵的报价".encode("gb18030"), "泵的报价"),
        ("shift_jis", "ポンプ①".encode("cp932"), "ポンプ①"),
        ("koi8-r", "насос".encode("koi8-r"), "насос"),
        ("utf-8", "Prüfung für Größe, süß".encode()[:-2], "Prüfung für Größe, sü"[:-1] + "ü"),
        ("utf-7", b"+2AA-x", "x"),
    ],
)
def test_charset_ladder(declared: str, data: bytes, text: str) -> None:
    assert decode_text(data, declared)[0].rstrip("\ufffd") == text


@pytest.mark.parametrize(
    "name", ["rot13", "hex", "zlib", "idna", "punycode", "unicode_escape", "mbcs", "x\x00y", "a" * 99]
)
def test_transformations_are_no_charsets(name: str) -> None:
    assert known_charset(name) == ""


def test_encoded_words_and_parameters() -> None:
    assert decode_words("=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=") == "Grüße"
    assert decode_words("a =?utf-8?Q?b_c?= d") == "a b c d"
    assert decode_words("=?utf-8?B?R3LD") == "=?utf-8?B?R3LD"
    assert read_parameters("A/B; x=1; X=2; y=\"a;b\"; z*=utf-8'de'%C3%BC") == ("a/b", {"x": "1", "y": "a;b", "z": "ü"})
    assert read_parameters("") == ("", {})


def test_html_becomes_text_with_quotes_and_lists() -> None:
    markup = (
        "<h1>Titel</h1><p>Eins<br>zwei &amp; drei</p><ul><li>a<li>b</ul><blockquote>alt<blockquote>älter</blockquote>"
    )
    problems: list[str] = []
    assert text_of_html(markup + "</blockquote>neu", problems) == (
        "Titel\n\nEins\nzwei & drei\n\n- a\n- b\n\n> alt\n>\n> > älter\n\nneu"
    )
    assert problems == []


def test_shown_html_is_harmless() -> None:
    shown = sanitise_html(
        '<p style="x" id="y" onclick="z">a<script>1</script><style>b</style><img src="https://t.example/p.gif" alt="B">'
        '<img src="cid:1"><a href="javascript:1">j</a><a href="https://example.org">l</a><form><input></form>'
        '<iframe src="https://example.org"></iframe><svg onload="x"></svg><table background="https://t.example"></table>'
    )
    for forbidden in ("script", "style", "onclick", "t.example", "cid:", "form", "input", "iframe", "svg", "id="):
        assert forbidden not in shown
    assert 'alt="B"' in shown
    assert shown.count('rel="noopener noreferrer nofollow"') == shown.count('target="_blank"') == 2


def test_inspecting_a_mail_loads_nothing_heavy() -> None:
    code = (
        "import sys, connectors.email.inspect as i; i.inspect_email(b'From: a@example.org\\nSubject: x\\n\\nHallo');"
        "heavy = {'aiosmtpd','aioimaplib','aiosmtplib','slixmpp','pydantic','lxml','nh3','structlog','asyncio'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout.strip() == "[]"
