"""`fernamt occasion` and `fernamt campaign` against the real API."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.client import EXIT_FAILURE, EXIT_NOT_FOUND
from hub.cli.program import program
from tests.unit.web.test_web_occasions import Scene
from tests.unit.web.test_web_occasions import scene as open_scene

scene = open_scene
EVENT = ("occasion", "add", "Schulung", "--start", "2031-05-06T10:00+02:00", "--end", "2031-05-06T16:00+02:00")
MORNING = "Vormittag|2031-05-06T10:00+02:00|2031-05-06T12:00+02:00|1"
AFTERNOON = "Nachmittag|2031-05-06T13:00+02:00|2031-05-06T16:00+02:00"
THANKS = ("--subject", "Danke", "--text", "Hallo {name}")


@pytest.fixture
async def call(scene: Scene, tmp_path: Path) -> Any:
    """Run a command beside the loop that answers it."""
    _, token = await scene.office.users.add_token(scene.office.anna, "cli")
    (tmp_path / "hub.json").write_text(json.dumps({"api": str(scene.client.make_url("/")), "pid": 1}))
    (tmp_path / "token").write_text(token)
    await scene.office.customer("Petra Müller", "petra@carpenter.example")

    async def run(*arguments: str, given: str = "") -> Result:
        command = ["--data", str(tmp_path), *arguments]
        return await asyncio.to_thread(CliRunner().invoke, program, command, given)

    return run


async def plan(call: Any) -> str:
    made = await call(*EVENT, "--session", MORNING, "--session", AFTERNOON, "--json")
    assert made.exit_code == 0, made.output
    return str(json.loads(made.stdout)["id"])


async def test_sessions_are_planned_shown_and_registered_for(call: Any) -> None:
    id = await plan(call)
    done = await call("occasion", "register", id, "Petra Müller", "--session", "s2")
    assert "registered" in done.stdout
    shown = (await call("occasion", "show", id)).stdout
    assert "Nachmittag" in shown
    assert "1/∞" in shown
    assert "0/1" in shown
    assert "Nachmittag" in (await call("occasion", "guests", id)).stdout
    other = await call("occasion", "register", id, "Petra Müller", "--session", "s1")
    assert other.exit_code == EXIT_FAILURE
    assert 'registered for "Nachmittag" already' in other.stderr
    assert (await call("occasion", "register", id, "Nobody Known")).exit_code == EXIT_NOT_FOUND


@pytest.mark.parametrize("text", ["", "Vormittag", "a|b|c|d", "|2031-05-06T10:00+02:00|2031-05-06T12:00+02:00"])
async def test_a_session_that_cannot_be_read_is_told(call: Any, text: str) -> None:
    made = await call(*EVENT, "--session", text)
    assert made.exit_code == 2
    assert "TITLE|START|END|SEATS" in made.stderr


async def test_a_follow_up_is_asked_about_and_sent_once(call: Any, scene: Scene) -> None:
    id = await plan(call)
    await call("occasion", "register", id, "Petra Müller")
    command = ("occasion", "follow-up", id, "--state", "registered", *THANKS)

    def sent() -> int:
        return sum(item.content.subject == "Danke" for item in scene.office.world.rows.values())

    looked = await call(*command, "--preview")
    assert "Fit: 1. Get it: 1" in looked.stdout
    assert "Hallo Petra Müller" in looked.stdout
    assert (await call(*command, given="n\n")).exit_code == 1
    assert sent() == 0
    assert (await call(*command, given="y\n")).exit_code == 0
    assert sent() == 1
    for _ in range(2):
        assert (await call(*command, "--yes", "--key", "once")).exit_code == 0
    assert sent() == 2
    nobody = await call("occasion", "follow-up", id, "--state", "missed", *THANKS, "--yes")
    assert nobody.exit_code == EXIT_FAILURE
    assert "Nobody stands so" in nobody.stderr
    assert (await call("occasion", "follow-up", id, "--state", "bored", *THANKS)).exit_code == 2


async def test_campaigns_are_added_listed_renamed_paused_and_resumed(call: Any, scene: Scene) -> None:
    await scene.office.customer("Jens Vogel", "jens@vogel.example")
    both = ("Petra Müller", "Jens Vogel")
    made = await call("campaign", "add", *both, *THANKS, "--name", "Frühjahr", "--per-minute", "1", "--yes", "--json")
    assert made.exit_code == 0, made.output
    id = json.loads(made.stdout)["id"]
    assert "Frühjahr" in (await call("campaign", "list")).stdout
    assert "No campaigns." in (await call("campaign", "list", "--occasion", "n_none")).stdout
    assert "paused" in (await call("campaign", "pause", id)).stdout
    assert "running" in (await call("campaign", "resume", id)).stdout
    assert "Sommer" in (await call("campaign", "rename", id, "Sommer")).stdout
    shown = (await call("campaign", "show", id)).stdout
    assert "Sommer" in shown
    assert "planned: 2" in shown
    assert (await call("campaign", "show", "j_none")).exit_code == EXIT_NOT_FOUND
    assert (await call("campaign", "rename", id, " ")).exit_code == EXIT_FAILURE


async def test_an_event_is_cancelled_only_after_a_yes(call: Any) -> None:
    id = await plan(call)
    assert (await call("occasion", "state", id, "cancelled", given="n\n")).exit_code == 1
    assert "open" in (await call("occasion", "show", id)).stdout
    assert "cancelled" in (await call("occasion", "state", id, "cancelled", given="y\n")).stdout
