"""The tutorial is followed literally: its files are written, its commands run, and what they print is what it shows.

Fenced blocks with a file's name (``toml notice.toml``) are that file. In ``console`` blocks every line after ``$`` is run,
and the lines below it are its output. Those marked ``console model`` need a model: one that fails every text stands in
for it, and only that the command works is looked at.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from conftest_cli import Shell, shell
from setpoint.testing.server import FaultServer

__all__ = ["shell"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial" / "trusted-spec.md"
BLOCKS = re.findall(r"^```(\S+) ?(\S*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
MODEL = "embedded:qwen2.5-coder-1.5b"


def _failing(_payload: Mapping[str, object]) -> str:
    """A model that fails every text, and proposes a demand where it is asked for some."""
    reading = {"lines": [], "finding": "no offer is made", "verdict": "fail", "do": "Offer to move the boats."}
    demand = {"name": "when", "says": "Says when the boathouse is closed.", "impact": 5, "core": True}
    return json.dumps({"readings": {"help": reading}, "other": [], "kind": "text", "demands": [demand]})


def _commands(block: str) -> Iterator[tuple[list[str], str]]:
    """The commands of a block, each with what stands below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield shlex.split(command), printed


def _comparable(printed: str) -> str:
    """Without what differs from run to run: seconds, the run's name, and spaces at the ends of lines."""
    lines = [re.sub(r"\d+(?:\.\d+)? s\b", "… s", line.rstrip()) for line in printed.splitlines()]
    return re.sub(r"\b\d{6}-[0-9a-f]{6}\b", "…", "\n".join(lines).strip())


def test_the_page_has_what_it_promises() -> None:
    """Files, commands without a model, commands with one."""
    kinds = [(language, name) for language, name, _ in BLOCKS]
    assert kinds.count(("console", "")) >= 5
    assert kinds.count(("console", "model")) >= 5
    assert {"notice.toml", "good-1.txt", "good-2.txt", "good-3.txt", "bad.txt", "fill.py"} <= {n for _, n in kinds}
    assert "OUTPUT" not in PAGE.read_text(encoding="utf-8")


def test_every_command_of_the_tutorial_works_and_prints_what_it_shows(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the vague brief to the run that rests on checks, in the order of the page."""
    monkeypatch.setenv("COLUMNS", "100")
    ran = 0
    with FaultServer(_failing) as server:
        for language, name, body in BLOCKS:
            if language != "console":
                shell.write(name, body)
                continue
            for (program, *arguments), printed in _commands(body):
                if program == "pip":
                    continue
                ran += 1
                if program == "python":
                    subprocess.run([sys.executable, *arguments], cwd=shell.folder, check=True)
                    continue
                assert program == "setpoint"
                url = f"openai:m@{server.url}"
                priced = ["--yes"] if "audit" in arguments else []
                code, out, err = shell.run(*(a.replace(MODEL, url) for a in arguments), *priced)
                assert code in {0, 1}, err
                if not name:
                    assert _comparable((out + err).replace(url, MODEL)) == _comparable(printed), arguments
    assert ran >= 15
    stored = json.loads(shell.run("calibrate", "--json")[1])["critics"]
    assert stored, "the labels of the sheet were stored"
