"""Packs: complete in German and English, and a third language is a folder of data."""

import shutil
import string
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bots.language.moments import tell_moment, tell_month, tell_time
from bots.language.pack import HERE, load_packs
from bots.language.template import compile_template
from bots.staff import Staff, StaffSettings
from bots.staff.commands import COMMANDS
from bots.staff.commands.help import TOPICS
from hub.services import replies
from tests.memory_store import MemoryStore
from tests.unit.bots.fake_desk import actor, laid_desk
from tests.unit.bots.phrases import CASES, NOW, recogniser

BERLIN = ZoneInfo("Europe/Berlin")
DIALOGUE = {"confirm", "decline", "cancel", "change", "choose"}


def _fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_say_the_same_sentences_with_the_same_fields() -> None:
    packs = load_packs()
    german, english = packs["de"].wording, packs["en"].wording
    assert german.keys() == english.keys()
    assert {key for key in german if _fields(german[key]) != _fields(english[key])} == set()
    assert packs["de"].formats.keys() == packs["en"].formats.keys()


@pytest.mark.parametrize("code", ["de", "en"])
def test_every_command_has_phrases_an_example_and_help(code: str) -> None:
    pack = load_packs()[code]
    assert {template.intent for template in pack.templates} == COMMANDS.keys() | DIALOGUE
    assert set(pack.topics.values()) <= TOPICS.keys() | {"help"}
    for topic in (*TOPICS, "help"):
        assert {f"example.{topic}", f"topic.{topic}", f"intent.{topic}"} <= pack.wording.keys()


@pytest.mark.parametrize("code", ["de", "en"])
def test_every_example_is_understood(code: str) -> None:
    for topic in (*TOPICS, "help"):
        reading = recogniser().read(load_packs()[code].wording[f"example.{topic}"], (code,), NOW)
        assert reading is not None
        assert reading.intent == topic


@pytest.mark.parametrize("code", ["de", "en"])
def test_every_button_is_understood(code: str) -> None:
    meant = {"yes": "confirm", "no": "decline", "change": "change", "back": "undo", "help": "help", "create": "create"}
    for button, intent in meant.items():
        reading = recogniser().read(load_packs()[code].wording[f"button.{button}"], (code,))
        assert reading is not None
        assert reading.intent == intent


@pytest.mark.parametrize("source", ["wer (ist", "wer [ist", "wer ist)", "wer (ist]"])
def test_a_phrase_with_unbalanced_brackets_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        compile_template("who", source, slots={}, fillers=(), preset={})


@pytest.fixture(scope="module")
def three_languages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("languages")
    for code in ("de", "en"):
        shutil.copytree(HERE / code, root / code)
    shutil.copytree(CASES / "toy", root / "nl")
    return root


async def test_a_third_language_is_a_folder_of_data(three_languages: Path) -> None:
    desk = laid_desk()
    settings = StaffSettings(languages=three_languages)
    bot = Staff(verbs=desk, store=MemoryStore(), clock=desk.clock, settings=settings)  # type: ignore[arg-type]
    said = []
    for turn, text in enumerate(
        [
            "wie is Müller?",
            "de tweede",
            "hoi, antwoord aan mevrouw Petra Müller: komt vanavond",
            "ja",
            "antwoordd Kunz: ok",
        ]
    ):
        reply = await bot.answer(actor(language="nl"), text, turn_id=f"a_{turn}", at=desk.clock.now())
        assert reply.language == "nl", text
        said.append(reply.text)
    assert said[0].startswith("Drie passen: 1 Jens Müller")
    assert said[1].startswith("Kim Müller")  # sentences that the pack lacks are said in English
    assert said[2].startswith("Aan p.mueller@… per mail, onderwerp ‘AW: Angebot für 12 Stühle’: ‘komt vanavond’.")
    assert said[2].endswith("Versturen? ja / nee / wijzigen")
    assert said[3] == "Verstuurd 10.02. ‘terug’ binnen 20 s houdt het tegen."
    assert desk.writes == ["reply"]
    assert "‘ok’" in said[4]


@pytest.mark.parametrize(
    ("moment", "german", "english"),
    [
        (datetime(2026, 8, 3, 7, 12, tzinfo=UTC), "heute 09:12", "today 09:12"),
        (datetime(2026, 8, 2, 22, 30, tzinfo=UTC), "heute 00:30", "today 00:30"),
        (datetime(2026, 8, 2, 21, 30, tzinfo=UTC), "So 2. Aug., 23:30", "Sun 2 Aug, 23:30"),
        (datetime(2026, 8, 6, 12, 30, tzinfo=UTC), "Do 6. Aug., 14:30", "Thu 6 Aug, 14:30"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "Do 1. Jan., 00:30", "Thu 1 Jan, 00:30"),
        (datetime(2025, 3, 1, 8, 5, tzinfo=UTC), "1. März 2025, 09:05", "1 Mar 2025, 09:05"),
    ],
)
def test_moments_are_relative_only_within_today(moment: datetime, german: str, english: str) -> None:
    now = datetime(2026, 8, 3, 8, 2, tzinfo=UTC)
    packs = load_packs()
    assert tell_moment(moment, now, packs["de"], BERLIN) == german
    assert tell_moment(moment, now, packs["en"], BERLIN) == english


def test_what_stands_in_the_way_of_an_answer_is_said_in_german() -> None:
    for problem in (
        replies.CANNOT_SEND,
        replies.LINK_DOWN,
        replies.ON_SUPPRESSION_LIST,
        replies.OTHER_ANSWERS,
        replies.OTHER_OWNS,
    ):
        assert f"problem.{problem}" in load_packs()["de"].wording


def test_times_months_and_numbers() -> None:
    packs = load_packs()
    moment = datetime(2024, 3, 9, 5, 7, tzinfo=UTC)
    assert tell_time(moment, packs["de"], BERLIN) == "06:07"
    assert tell_month(moment, packs["de"], BERLIN) == "03/2024"
    assert packs["de"].number(1234567) == "1.234.567"
    assert packs["en"].number(1234567) == "1,234,567"
