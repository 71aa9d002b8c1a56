"""A folder of one's own, a spec in it, and a model server on this machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from setpoint.cli import main
from setpoint.testing.server import Fault, FaultServer, scripted

SPEC = """\
brief = "A note that says where and when."

[budget]
passes = 4

[[criterion]]
name = "says-where"
check = { contains = ["town library"] }
impact = 5

[[criterion]]
name = "short"
check = { words = { max = 12 } }
"""

GOOD = "Come to the town library on Tuesday.\n"
BAD = "Come to the town hall.\n"


@dataclass(frozen=True)
class Shell:
    """What a user has: a folder, a spec, and the command."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run setpoint; gives exit code, standard output and standard error."""
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        out, err = self.capture.readouterr()
        return int(left.value.code or 0), out, err

    def write(self, name: str, text: str) -> str:
        """Write a file and give its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in an empty folder, with Setpoint's own files inside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SETPOINT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SETPOINT_RETRIES", "0")
    monkeypatch.setenv("COLUMNS", "200")
    made = Shell(folder=tmp_path, capture=capsys)
    made.write("spec.toml", SPEC)
    return made


@pytest.fixture
def author() -> Iterator[Callable[..., str]]:
    """Start model servers: answers in, ``provider:name`` out."""
    servers: list[FaultServer] = []

    def serve(*answers: str | Fault) -> str:
        server = FaultServer(scripted(*answers))
        servers.append(server)
        server.__enter__()
        return f"openai:m@{server.url}"

    yield serve
    for server in servers:
        server.__exit__(None, None, None)
