"""The page about operating runs is followed literally."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conftest_cli import GOOD, Shell
from setpoint.testing.server import Fault, FaultServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "operate.md"
COMMANDS = [
    line.partition("  #")[0] for line in re.findall(r"^\$ setpoint (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
]


def test_every_command_of_the_page_does_what_it_says(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, with a model server on this machine for PROVIDER:NAME and the latest run for RUN."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")  # no collector is there
    answers: list[str | Fault] = [Fault(kind="unavailable")] * 2
    server = FaultServer(lambda _payload: answers.pop(0) if answers else GOOD)
    assert len(COMMANDS) >= 10
    with server:
        name = f"openai:m@{server.url}"
        assert shell.run("run", "spec.toml", "--author", name)[0] == 3
        for line in COMMANDS:
            given = {"PROVIDER:NAME": name, "RUN": "last"}
            words = [given.get(word, word) for word in shlex.split(line)]
            code, said = alone(shell, words) if {"--log", "--otel"} & set(words) else inside(shell, words)
            assert code == 0, (line, said)


def inside(shell: Shell, words: list[str]) -> tuple[int, str]:
    """Run a command in this process."""
    code, out, err = shell.run(*words)
    return code, out + err


def alone(shell: Shell, words: list[str]) -> tuple[int, str]:
    """Run a command that sets up logs or traces, which would stay, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "setpoint", *words],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
