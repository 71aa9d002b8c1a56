"""The page about many machines is followed literally."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from databases import new_database
from fleet_of_workers import Fleet, SlowModel

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "many-machines.md"


@pytest.mark.slow
def test_the_five_commands_lead_from_one_machine_to_two_workers(tmp_path: Path) -> None:
    """As printed, save the address and the model: a run is moved, two workers start, a batch ends, both are listed."""
    url = new_database()
    commands = re.findall(r"```shell\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(commands) == 5
    with SlowModel(0.1) as model, Fleet(tmp_path, url, model, 6) as fleet:
        home = {**fleet.environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        (tmp_path / "one.toml").write_text((tmp_path / "spec.toml").read_text().replace("{{who}}", "P000"))
        first = ["setpoint", "run", "one.toml", "--author", model.name]
        subprocess.run(first, cwd=tmp_path, env=home, check=True, capture_output=True, timeout=60)
        script = "set -e\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n" + "".join(commands)
        script = script.replace("postgres://setpoint@db.example/setpoint", url).replace("openai:gpt-5-mini", model.name)
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=home, check=False, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
        assert "moved 1 run with" in done.stderr
        assert "6 accepted" in done.stderr
        assert fleet.outcomes("results.jsonl") == {"accepted": 6}
        listed = [line.split()[:2] for line in done.stdout.splitlines()]
        assert ["first", "awake"] in listed
        assert ["second", "awake"] in listed
        assert "0 running, 0 waiting" in done.stdout
