"""Documentation that is made from the code is as the code says."""

import re
from pathlib import Path

from config.load import load
from config.reference import write_example, write_reference
from connectors.registry import KINDS
from hub.domain import errors
from hub.metrics import Metrics
from hub.ports.clock import SystemClock
from hub.services.broadcast import Broadcast
from hub.services.supervise import Supervisor
from tests.memory_store import MemoryStore

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {name: kind.settings for name, kind in KINDS.items()}


def test_the_example_file_is_up_to_date_and_loads(tmp_path: Path) -> None:
    text = (ROOT / "config" / "fernamt.example.toml").read_text("utf-8")
    assert text == write_example(SETTINGS), "run: .venv/bin/python script/document"
    assert load(ROOT / "config" / "fernamt.example.toml", SETTINGS).channels == {}


def test_every_setting_is_documented() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text("utf-8") == write_reference(SETTINGS)
    for row in re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", write_reference(SETTINGS), re.MULTILINE):
        assert row[1].strip(), f"{row[0]} has no description"


def test_every_error_code_is_documented() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    codes = {e.code for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.FernamtError)}
    missing = {code for code in codes if f"`{code}`" not in text}
    assert not missing


def test_every_metric_is_documented() -> None:
    clock = SystemClock()
    supervisor = Supervisor(context=lambda n: None, inlet=lambda n: None, events=Broadcast(), clock=clock)  # type: ignore[arg-type, return-value]
    metrics = Metrics(store=MemoryStore(), accounts=supervisor, clock=clock)
    names = set(re.findall(r"^# TYPE (fernamt_\w+)", metrics.render().decode(), re.MULTILINE))
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert names
    assert not {name for name in names if f"`{name}`" not in text}
