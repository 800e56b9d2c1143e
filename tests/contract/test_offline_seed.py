"""`fernamt seed` where no hub runs plants the whole company, not its letters alone."""

import asyncio
from pathlib import Path

from click.testing import CliRunner

from hub.cli.program import program
from hub.ports.kinds import ALL_KINDS, APPOINTMENTS, CALENDARS, CANNED_REPLIES, INTERACTIONS, LEDGER, QUEUES, REMINDERS
from storage.sqlite.engine import open_sqlite

BUSINESS = (LEDGER, APPOINTMENTS, REMINDERS, CALENDARS, QUEUES, CANNED_REPLIES, INTERACTIONS)


async def counts(data: Path) -> dict[str, int]:
    store = await open_sqlite(data, kinds=ALL_KINDS)
    try:
        found: dict[str, int] = {}
        for kind in BUSINESS:
            after, number = "", 0
            while batch := await store.documents(kind).scan(after, 500):
                number, after = number + len(batch), batch[-1].id
            found[kind.name] = number
        return found
    finally:
        await store.close()


async def test_without_a_hub_the_business_is_planted_once(tmp_path: Path) -> None:

    command = ["--data", str(tmp_path / "data"), "seed", "--contacts", "30", "--interactions", "60", "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, program, command)
    assert done.exit_code == 0, done.output
    planted = await counts(tmp_path / "data")
    assert all(planted.values()), planted
    assert planted["queues"] == 2
    again = await asyncio.to_thread(CliRunner().invoke, program, command)
    assert again.exit_code == 0, again.output
    assert await counts(tmp_path / "data") == planted


async def test_a_configuration_that_is_wrong_is_named_and_nothing_is_planted(tmp_path: Path) -> None:

    (tmp_path / "bad.toml").write_text("[hub]\nnonsense = 1\n")
    command = ["--data", str(tmp_path / "data"), "seed", "--config", str(tmp_path / "bad.toml")]
    done = await asyncio.to_thread(CliRunner().invoke, program, command)
    assert done.exit_code == 2
    assert "nonsense" in done.output
    assert not (tmp_path / "data").exists()
