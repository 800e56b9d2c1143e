"""Whole dialogues, word by word: tests/cases/bot/dialogues/*.txt."""

from pathlib import Path

import pytest

from tests.unit.bots.dialogues import FOLDER, new_player


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
async def test_dialogue(path: Path) -> None:
    script = path.read_text("utf-8")
    assert await new_player().play(script) == script
