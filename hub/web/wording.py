"""Words for values that the domain names in English: states, kinds, evidence, errors."""

from hub.domain.errors import FernamtError
from hub.web.formats import Reader

WORDS: dict[str, dict[str, str]] = {}


def wording(table: str, value: object) -> str:
    """The message id for a value: `wording("outbox", OutboxState.HELD)`; the value itself where none is known."""
    return WORDS[table].get(str(value), str(value))


def said(error: FernamtError, r: Reader) -> str:
    """An error's sentence for the reader: its translation where the catalogue holds one, else what its code means,
    followed by the sentence itself."""
    translated = r.t(error.sentence)
    if r.language == "en" or translated != error.sentence:
        return translated
    return r.t("%(meaning)s (%(sentence)s)", meaning=r.t(wording("error", error.code)), sentence=error.sentence)
