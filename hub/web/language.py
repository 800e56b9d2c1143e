"""The gettext catalogues. They are compiled in memory from the .po files when a language is first needed, so that
there is no build step, and Babel is not in the memory of a hub whose console nobody opens."""

import gettext
import io
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("de", "en")
LOCALE = Path(__file__).parent / "locale"


@lru_cache(maxsize=4)
def catalogue(language: str) -> gettext.NullTranslations:
    """The messages of one of LANGUAGES."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALE / language / "LC_MESSAGES" / "fernamt.po").open("rb") as source:
        messages = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def preferred(accept: str, fallback: str) -> str:
    """The language that an Accept-Language header likes best of ours (RFC 9110 §12.5.4)."""
    best, weight = fallback if fallback in LANGUAGES else "en", 0.0
    for part in accept[:200].split(","):
        tag, _, parameter = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        if name in LANGUAGES and quality > weight:
            best, weight = name, quality
    return best
