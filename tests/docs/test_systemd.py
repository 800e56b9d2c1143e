"""The unit is hardened, and does not restart on a wrong configuration."""

import re
import subprocess
from pathlib import Path

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "fernamt.service"


def test_the_exposure_is_below_three() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(UNIT)], capture_output=True, text=True, check=False
    )
    level = re.search(r"Overall exposure level.*?: ([\d.]+)", done.stdout)
    assert level is not None, done.stdout + done.stderr
    assert float(level[1]) < 3


def test_the_unit_notifies_watches_and_stops_on_exit_code_2() -> None:
    text = UNIT.read_text("utf-8")
    for line in ("Type=notify", "WatchdogSec=60", "RestartPreventExitStatus=2", "#LoadCredential="):
        assert line in text
