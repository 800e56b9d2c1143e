"""Amounts of money and lengths of time in people's words."""

import re
from collections.abc import Sequence

from bots.language.tokens import Sentence

CURRENCIES = {
    "euro": "EUR", "euros": "EUR", "eur": "EUR", "€": "EUR",
    "usd": "USD", "dollar": "USD", "dollars": "USD", "$": "USD",
    "chf": "CHF", "franken": "CHF", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "£": "GBP",
}  # fmt: skip
_COUNTS = {
    "ein": 1,
    "eine": 1,
    "einer": 1,
    "ne": 1,
    "an": 1,
    "a": 1,
    "one": 1,
    "zwei": 2,
    "two": 2,
    "drei": 3,
    "three": 3,
}
_GROUPED = re.compile(r"\d{1,3}(?:[.,' ]\d{3})+")


def read_amount(sentence: Sentence, first: int, after: int) -> dict[str, str]:
    """`{"amount": "1234.56", "currency": "EUR"}`; the currency only where it was named. "1.234,56", "1,234.56", "120"
    and "12,5" are all meant as people write them; {"amount": ""} where it is none."""
    raw = sentence.raw[sentence.starts[first] : sentence.ends[after - 1]]
    around = sentence.raw[max(0, sentence.starts[first] - 2) : sentence.ends[after - 1] + 2]
    currency = next((code for sign, code in CURRENCIES.items() if not sign.isalpha() and sign in around), "")
    word = sentence.words[after - 1]
    currency = CURRENCIES.get(word, currency)
    digits = re.sub(r"[^\d.,' ]", "", raw).strip(" .,'")
    if _GROUPED.fullmatch(digits):
        plain = re.sub(r"\D", "", digits)
    else:
        whole, point, cents = digits, "", ""
        match = re.fullmatch(r"([\d.,' ]*\d)[.,](\d{1,2})", digits)
        if match:
            whole, point, cents = match[1], ".", match[2]
        if re.search(r"\D", whole) and not _GROUPED.fullmatch(whole):
            return {"amount": ""}
        plain = re.sub(r"\D", "", whole) + point + cents
    if not plain:
        return {"amount": ""}
    whole, _, cents = plain.partition(".")
    found = {"amount": f"{int(whole)}.{cents.ljust(2, '0')}"}
    return found | ({"currency": currency} if currency else {})


def read_minutes(words: Sequence[str]) -> str:
    """ "90", from "anderthalb stunden", "half an hour", "45 min"; '' where it is more than a day."""
    number, unit = words[0], words[-1]
    hours = unit.startswith(("st", "hour", "h"))
    if number in ("half", "halbe"):
        minutes = 30
    elif number == "anderthalb":
        minutes = 90
    else:
        minutes = (int(number) if number.isdigit() else _COUNTS.get(number, 0)) * (60 if hours else 1)
    return str(minutes) if 1 <= minutes <= 1_440 else ""
