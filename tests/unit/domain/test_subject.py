"""Subject lines are read the same in every language that our correspondents write in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.subject import read_subject

ANSWERS = [
    ("de", "AW: "),
    ("en", "Re: "),
    ("nl", "Antw: "),
    ("sv", "SV: "),
    ("fi", "VS: "),
    ("fr", "RÉF : "),
    ("it", "RIF: "),
    ("pt", "RES: "),
    ("es", "RESP: "),
    ("pl", "Odp: "),
    ("cs", "Odpověď: "),
    ("hr", "Odg: "),
    ("tr", "YNT: "),
    ("lv", "Atb: "),
    ("hu", "Vá: "),
    ("ro", "Răsp: "),
    ("el", "ΑΠ: "),
    ("ru", "Ответ: "),
    ("uk", "Відп: "),
    ("id", "Bls: "),
    ("zh", "回复："),
    ("ja", "返信: "),
    ("ko", "회신: "),
    ("he", "השב: "),
    ("ar", "رد: "),
]
FORWARDS = [
    "WG: ",
    "Fwd: ",
    "Fw: ",
    "TR : ",
    "RV: ",
    "ENC: ",
    "I: ",
    "VB: ",
    "VL: ",
    "PD: ",
    "İLT: ",
    "ΠΡΘ: ",
    "转发：",
]


@pytest.mark.parametrize(("language", "prefix"), ANSWERS)
def test_ac18_answer_prefixes_are_stripped(language: str, prefix: str) -> None:
    line = read_subject(prefix + "Angebot 17")
    assert (line.bare, line.reply, line.forward) == ("Angebot 17", True, False), language


@pytest.mark.parametrize("prefix", FORWARDS)
def test_ac18_forwards_are_no_answers(prefix: str) -> None:
    line = read_subject(prefix + "Angebot 17")
    assert (line.bare, line.reply, line.forward) == ("Angebot 17", False, True)


def test_ac18_chains_and_counters() -> None:
    assert read_subject("AW: Re: SV: Re[2]: RE (3): re^4: Grüße").normal == "gruesse"
    assert read_subject("WG: AW: x").forward
    assert not read_subject("AW: WG: x").forward


def test_number_is_taken_out_of_the_subject() -> None:
    line = read_subject("Re: [#12345678] Lieferung")
    assert (line.number, line.bare, line.normal) == ("12345678", "Lieferung", "lieferung")
    assert read_subject("[#1234567] x").number == ""


def test_list_tags_do_not_hide_prefixes() -> None:
    assert read_subject("Re: [kunden] AW: [kunden] Frage").normal == read_subject("[kunden] Frage").normal


def test_words_before_a_colon_are_no_prefixes() -> None:
    assert read_subject("Rechnung: 4711").bare == "Rechnung: 4711"
    assert read_subject("Rest: 3 Stück").bare == "Rest: 3 Stück"


@given(st.text(max_size=300))
def test_any_text_is_a_subject(text: str) -> None:
    assert len(read_subject(text).normal) <= 200


@given(
    st.sampled_from([prefix for _, prefix in ANSWERS]), st.from_regex(r"[a-z]{4,12} [a-z0-9 ]{0,40}", fullmatch=True)
)
def test_an_answer_folds_to_its_subject(prefix: str, text: str) -> None:
    assert read_subject(prefix + text).normal == read_subject(text).normal
