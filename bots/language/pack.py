"""A language pack: phrases, wording and formats of one language, read from its folder. A further language is a further
folder with three files; no command knows about it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bots.language.date_words import DateWords, load_date_words
from bots.language.template import Template, compile_template
from hub.domain.folding import fold

HERE = Path(__file__).parent
FALLBACK = "en"
"""Whose wording is used where a pack lacks a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePack:
    """All that is known of one language. Words are folded; `wording` maps dotted keys to sentences with {fields}."""

    code: str
    templates: tuple[Template, ...]
    openers: tuple[tuple[str, ...], ...]
    """What may stand before a request and changes nothing, longest first."""
    fillers: frozenset[str]
    stop_words: frozenset[str]
    titles: frozenset[str]
    """Articles and forms of address before a name."""
    pronouns: frozenset[str]
    not_names: frozenset[str]
    """Words that no name begins with: what follows them is a request that was not understood."""
    me: frozenset[str]
    queue: frozenset[str]
    ordinals: Mapping[str, str]
    """`"second"` -> `"2"`; `"last"` for the last."""
    spans: Mapping[str, str]
    """`"this year"` -> `"year"`: spans of a report."""
    topics: Mapping[str, str]
    """What people call an intent -> the intent, for "help reply"."""
    connectives: frozenset[str]
    """Words that join a command to the text of a message ("dass", "that") and are not part of it."""
    wording: Mapping[str, str]
    formats: Mapping[str, Any]
    dates: DateWords | None
    """How days and times are said; None where the pack has no dates.toml."""
    vocabulary: frozenset[str]
    """Every word that phrases consist of: what a misspelt word may have meant."""

    def sentence(self, key: str, **fields: object) -> str | None:
        """The sentence of that key with its fields filled in; None where the pack lacks it. Where `n` is among the
        fields, `key_0`, `key_1`, ... take precedence over the key itself."""
        template = self.wording.get(f"{key}_{fields['n']}") if "n" in fields else None
        template = template if template is not None else self.wording.get(key)
        return None if template is None else template.format_map(fields)

    def number(self, value: int) -> str:
        """Grouped by thousands."""
        return f"{value:,}".replace(",", str(self.formats["thousands"]))


def _flatten(prefix: str, table: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        path = f"{prefix}.{key}" if prefix else key
        flat.update(_flatten(path, value) if isinstance(value, dict) else {path: str(value)})
    return flat


def _folded(words: Sequence[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


def _templates(phrases: Mapping[str, Any], slots: Mapping[str, Sequence[str]]) -> tuple[Template, ...]:
    return tuple(
        compile_template(
            group["intent"],
            source,
            slots=slots,
            fillers=_folded(phrases["fillers"]),
            preset=group.get("preset", {}),
        )
        for group in phrases["phrase"]
        for source in group["like"]
    )


def load_pack(folder: Path) -> LanguagePack:
    """Read one folder; its name is the language's code. Raises ValueError for a phrase that is not well formed,
    KeyError for a missing table."""
    tables = {
        name: tomllib.loads((folder / f"{name}.toml").read_text("utf-8")) for name in ("phrases", "wording", "formats")
    }
    phrases = tables["phrases"]
    pronouns, ordinals = _folded(phrases["pronouns"]), {fold(word): str(n) for word, n in phrases["ordinals"].items()}
    spans = {fold(words): span for words, span in phrases.get("spans", {}).items()}
    slots = {"pronoun": pronouns, "ordinal": ordinals, "me": _folded(phrases["me"]), "span": spans}
    templates = _templates(phrases, {name: sorted(words) for name, words in slots.items()})
    openers = sorted((tuple(fold(opener).split()) for opener in phrases["openers"]), key=len, reverse=True)
    return LanguagePack(
        code=folder.name,
        templates=templates,
        openers=tuple(openers),
        fillers=_folded(phrases["fillers"]),
        stop_words=_folded(phrases["stop_words"]),
        titles=_folded(phrases["titles"]),
        pronouns=pronouns,
        not_names=_folded(phrases["not_names"]),
        me=_folded(phrases["me"]),
        queue=_folded(phrases["queue"]),
        ordinals=ordinals,
        spans=spans,
        topics={fold(word): intent for word, intent in phrases["topics"].items()},
        connectives=_folded(phrases["connectives"]),
        wording=_flatten("", tables["wording"]),
        formats=tables["formats"],
        dates=load_date_words(folder / "dates.toml") if (folder / "dates.toml").exists() else None,
        vocabulary=frozenset().union(
            *(template.words for template in templates), *openers, *(words.split() for words in spans)
        ),
    )


@cache
def load_packs(root: Path = HERE) -> dict[str, LanguagePack]:
    """Every language folder, the fallback first."""
    folders = sorted(
        (path.parent for path in root.glob("*/phrases.toml")), key=lambda path: (path.name != FALLBACK, path.name)
    )
    return {folder.name: load_pack(folder) for folder in folders}
