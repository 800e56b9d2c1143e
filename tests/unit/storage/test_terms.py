"""Search terms."""

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ports.search import TERMS_VERSION
from storage import terms
from storage.terms import LONGEST_TERM, MOST_TERMS, extract_terms, normal_term, trigrams


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rechnung", "Rechnungen"),
        ("Haus", "Häuser"),
        ("Vertrag", "Verträge"),
        ("Müller", "MUELLER"),
        ("Straße", "Strasse"),
        ("Kunde", "Kunden"),
        ("invoice", "Invoices"),
        ("delivery", "deliveries"),
        ("orders", "ordered"),
        ("shipped", "shipping"),
        ("meeting", "meetings"),
        ("Café", "cafe"),
        ("Mu\u0308ller", "Müller"),
    ],
)
def test_inflections_meet_in_both_languages(one: str, other: str) -> None:
    assert extract_terms(one) == extract_terms(other)
    assert len(extract_terms(one)) == 1


@pytest.mark.parametrize(("one", "other"), [("Rechnung", "Recht"), ("order", "ordner"), ("Bremse", "Brille")])
def test_other_words_do_not_meet(one: str, other: str) -> None:
    assert extract_terms(one) != extract_terms(other)


def test_terms_are_distinct_in_order_and_without_single_letters() -> None:
    assert extract_terms("x zwei Eins zwei 7 42 a_b2") == ("zwei", "ein", "42", "b2")
    assert extract_terms("") == ()
    assert extract_terms("§ ... !") == ()


def test_addresses_stand_whole_and_by_word() -> None:
    assert extract_terms("An P.Muster@Example.org!") == ("p.muster@example.org", "an", "must", "exampl", "org")


def test_terms_are_bounded() -> None:
    assert len(extract_terms(" ".join(f"w{number}" for number in range(5000)))) == MOST_TERMS
    assert {len(term) for term in extract_terms("x" * 5000)} == {LONGEST_TERM}


def test_the_stem_cache_is_bounded() -> None:
    cache = terms._StemCache(10)
    for number in range(100):
        cache.stems(f"wort{number}")
        assert cache.stems("bleibt") == cache.stems("bleibt")
        assert len(cache) <= 21


@given(st.text(max_size=60))
def test_terms_are_what_engines_keep(text: str) -> None:
    for term in extract_terms(text):
        assert normal_term(term) == term
        assert term


@given(st.text(max_size=40))
def test_asking_with_the_text_itself_finds_it(text: str) -> None:
    assert set(extract_terms(text.upper())) == set(extract_terms(text.upper()))
    assert normal_term(normal_term(text)) == normal_term(text)


def test_the_same_text_gives_the_same_terms_for_ever() -> None:
    """Where this has to change, raise hub.ports.search.TERMS_VERSION, so that hubs make their indexes anew."""
    text = "Die Müllers bestellten 12 Häuser; the houses were ordered by p.mueller@example.org, Größe XL_7, Straßen"
    expected = "p.mueller@example.org die mull bestellt 12 haus the hous wer ord by exampl org gross xl strass"
    assert (TERMS_VERSION, extract_terms(text)) == (1, tuple(expected.split()))


def test_trigrams_of_words() -> None:
    assert trigrams("Ab c") == {" ab", "ab ", " c "}
    assert trigrams("") == frozenset()


def test_seven_hundred_words_take_a_moment() -> None:
    text = " ".join(f"Wörter{number % 300} Rechnungen, Bestellung the houses" for number in range(140))
    extract_terms(text)
    assert min(timeit.repeat(lambda: extract_terms(text), number=5, repeat=5)) / 5 < 0.002
