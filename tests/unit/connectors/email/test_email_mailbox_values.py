"""Pure pieces of the mailbox: names, cursors, stand-ins, settings."""

import email
import email.policy
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.email.imap_cursor import decode_cursor, first_cursor, renumbered_cursor, search_date
from connectors.email.imap_names import decode_name, encode_name, listed_folder, wire_name
from connectors.email.oversize import stand_in
from connectors.email.settings import EmailSettings, is_own, own_patterns
from connectors.registry import KINDS
from hub.ports.connector import Account, OnRepeat
from hub.services.supervise import ChannelPlan, describe_account

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", "INBOX"),
        ("Gelöschte Elemente", "Gel&APY-schte Elemente"),
        ("A & B", "A &- B"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ],
)
def test_names_follow_rfc_3501(name: str, wire: str) -> None:
    assert encode_name(name) == wire
    assert decode_name(wire) == name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_every_name_survives_the_wire(name: str) -> None:
    assert encode_name(name).isascii()
    assert decode_name(encode_name(name)) == name


def test_names_are_quoted_for_the_command() -> None:
    assert wire_name('a "b" \\c') == '"a \\"b\\" \\\\c"'


def test_list_lines() -> None:
    assert listed_folder(rb'(\HasNoChildren \Sent) "/" "Gesendete Objekte"') == (
        frozenset({"\\hasnochildren", "\\sent"}),
        "Gesendete Objekte",
    )
    assert listed_folder(rb"(\Sent) NIL Sent") == (frozenset({"\\sent"}), "Sent")
    assert listed_folder(b"List completed.") is None


def test_the_first_cursor_takes_a_window_as_history() -> None:
    cursor = first_cursor(validity=7, next_uid=100, backfill_days=30, now=NOW)
    assert (cursor.last, cursor.history_until, cursor.since) == (0, 99, date(2026, 10, 24))
    assert cursor.is_history(99, NOW)
    assert not cursor.is_history(100, NOW - timedelta(days=400))
    assert first_cursor(validity=7, next_uid=100, backfill_days=0, now=NOW).last == 99


def test_after_renumbering_only_newer_mail_is_new() -> None:
    old = first_cursor(validity=7, next_uid=100, backfill_days=0, now=NOW)
    cursor = renumbered_cursor(old, validity=8, next_uid=50, backfill_days=0, now=NOW + timedelta(days=10))
    assert (cursor.last, cursor.history_until) == (0, 49)
    assert cursor.since <= NOW.date()
    assert cursor.is_history(3, NOW)
    assert not cursor.is_history(4, NOW + timedelta(days=1))


def test_cursors_survive_the_store_and_rubbish_counts_as_none() -> None:
    cursor = renumbered_cursor(
        first_cursor(validity=7, next_uid=100, backfill_days=3, now=NOW),
        validity=8,
        next_uid=5,
        backfill_days=3,
        now=NOW,
    )
    assert decode_cursor(cursor.encode()) == cursor
    for rubbish in (None, b"", b"{}", b"[1]", b"\xff", b'{"validity": "x"}'):
        assert decode_cursor(rubbish) is None


def test_search_dates_know_no_locale() -> None:
    assert search_date(date(2026, 5, 3)) == "3-May-2026"


def test_a_stand_in_keeps_the_header_and_explains_the_body() -> None:
    header = (
        b"From: a@example.org\r\nSubject: =?utf-8?q?gro=C3=9F?=\r\nMessage-ID: <x@y>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed;\r\n boundary=abc\r\nX-Cut: half a li"
    )
    raw = stand_in(header, size=40_000_000, limit=26_214_400, folder="INBOX")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "groß"
    assert message["Message-ID"] == "<x@y>"
    assert message.get_content_type() == "text/plain"
    assert message["X-Cut"] is None
    text = message.get_content()
    assert "larger (38.1 MB)" in text
    assert "größer (38.1 MB)" in text


def test_the_account_follows_the_settings() -> None:
    table = {"address": "Info@Hub.test", "submission": {"host": "localhost", "tls": "none"}}

    def account(**changes: object) -> Account:
        settings = EmailSettings.model_validate({**table, **changes})
        return describe_account(ChannelPlan(name="mail", kind=KINDS["email"], settings=settings))

    assert account().on_repeat is OnRepeat.NOT_RECOGNISED
    assert account(on_unknown="retry").on_repeat is OnRepeat.RECOGNISED
    assert account().can_send
    assert not account(submission=None, listen="127.0.0.1:0").can_send
    assert account().message_domain == "hub.test"
    assert account().own_addresses == ()


def test_own_addresses() -> None:
    settings = EmailSettings.model_validate(
        {"listen": "127.0.0.1:8025", "address": "Info@Hub.test", "addresses": ["*@shop.test", "support@hub.test"]}
    )
    patterns = own_patterns(settings)
    for address in ("x@shop.test", "SUPPORT@hub.test", "support+t123@hub.test", "info@hub.test"):
        assert is_own(address, patterns)
    for address in ("x@hub.test", "x@notshop.test", "support@hub.test.evil.example"):
        assert not is_own(address, patterns)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "nothing to do"),
        ({"listen": "8025"}, "HOST:PORT"),
        ({"listen": "unix:/x"}, "is for lmtp"),
        ({"listen": "127.0.0.1:1", "tls_key": "/k"}, "belong together"),
        ({"listen": "127.0.0.1:1", "refuse_unknown": True}, "needs addresses"),
        ({"submission": {"host": "mail.example.org"}}, "address is needed"),
        ({"address": "a@b.c", "submission": {"host": "mail.example.org", "tls": "none"}}, "this machine only"),
        ({"address": "*@b.c", "listen": "127.0.0.1:1"}, "one address"),
        ({"imap": {"host": "mail.example.org"}}, "needs user and password"),
        ({"imap": {"host": "mail.example.org", "user": "u"}}, "both or neither"),
        ({"listen": "127.0.0.1:1", "lissten": "x"}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_sentence(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        EmailSettings.model_validate(table)


def test_secrets_are_never_shown() -> None:
    table = {"host": "mail.example.org", "user": "u", "password": "hunter2"}
    settings = EmailSettings.model_validate({"imap": table})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()
    with pytest.raises(ValidationError) as caught:
        EmailSettings.model_validate({"imap": {**table, "password": ["hunter2"]}})
    assert "hunter2" not in str(caught.value)
