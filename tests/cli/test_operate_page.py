"""The page about operating runs is followed literally."""

import re
from pathlib import Path

import pytest

from conftest_cli import BAD, GOOD, Shell
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
            words = [name if word == "PROVIDER:NAME" else "last" if word == "RUN" else word for word in split(line)]
            code, out, err = shell.run(*words)
            assert code == 0, (line, out, err)
    assert BAD not in out


def split(line: str) -> list[str]:
    """A command line as a shell reads it."""
    import shlex

    return shlex.split(line)
