"""The normal form of mail addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email.address import EMAIL_FORM, wire_form
from hub.domain.errors import Invalid


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("P.Mueller+Shop@Example.ORG", "p.mueller+shop@example.org"),
        (" <anna@example.org> ", "anna@example.org"),
        ("mailto:Anna@Example.org?subject=x", "anna@example.org"),
        ("anna@example.org.", "anna@example.org"),
        ("info@xn--mller-kva.example", "info@müller.example"),
        ("Info@MÜLLER.example", "info@müller.example"),
        ("büro@bücher.example", "büro@bücher.example"),
        ('"john"@example.org', "john@example.org"),
        ('"john doe"@example.org', '"john doe"@example.org'),
        ("a..b.@docomo.example", "a..b.@docomo.example"),
        ("root@localhost", "root@localhost"),
        ("x@my_host.example", "x@my_host.example"),
        ("x@[192.0.2.1]", "x@[192.0.2.1]"),
        ("x@xn--zz.example", "x@xn--zz.example"),
    ],
)
def test_normal_form(written: str, normal: str) -> None:
    address = EMAIL_FORM.normalise(written)
    assert (address.channel, address.normal) == ("email", normal)
    assert EMAIL_FORM.normalise(normal).normal == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "anna",
        "@example.org",
        "anna@",
        "a@b/home",
        "a b@example.org",
        "a@-b",
        "a@b..c",
        "a@b@c",
        "a\n@b.c",
        "a" * 400,
    ],
)
def test_what_is_no_address_is_invalid(written: str) -> None:
    with pytest.raises(Invalid, match="not a mail address"):
        EMAIL_FORM.normalise(written)


def test_what_was_written_is_kept_for_display() -> None:
    assert EMAIL_FORM.normalise("Anna@Example.org").display == "Anna@Example.org"
    assert EMAIL_FORM.normalise("anna@example.org").display == ""


def test_wire_form_has_an_ascii_domain() -> None:
    assert wire_form("info@müller.example") == "info@xn--mller-kva.example"
    assert wire_form("büro@bücher.example") == "büro@xn--bcher-kva.example"
    assert wire_form("info@example.org") == "info@example.org"


@given(st.one_of(st.text(max_size=60), st.emails(), st.from_regex(r"[^@\s]{1,10}@[\w.]{1,20}", fullmatch=True)))
def test_normalising_twice_equals_once(written: str) -> None:
    try:
        once = EMAIL_FORM.normalise(written)
    except Invalid:
        return
    assert EMAIL_FORM.normalise(once.normal) == once
    wire_form(once.normal)
