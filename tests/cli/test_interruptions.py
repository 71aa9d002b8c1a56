"""Ctrl-C at any moment, kill -9, a locked or full ledger: named ends, and nothing paid for is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest_cli import BAD, GOOD, Shell
from setpoint.testing.server import Fault, FaultServer

Serve = Callable[..., str]
SETPOINT = [sys.executable, "-m", "setpoint"]


def start(shell: Shell, *arguments: str) -> "subprocess.Popen[str]":
    """Start setpoint as a process of its own."""
    return subprocess.Popen(
        [*SETPOINT, *arguments], cwd=shell.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(server: FaultServer, requests: int, process: "subprocess.Popen[str]") -> None:
    """Wait until the server has seen that many requests."""
    deadline = time.monotonic() + 30
    while len(server.requests) < requests:
        assert time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def replies(*answers: str | Fault) -> FaultServer:
    """A server that plays answers in order and then hangs."""
    left = list(answers)
    return FaultServer(lambda _payload: left.pop(0) if left else Fault(kind="hang"))


def test_ctrl_c_during_a_call_ends_as_cancelled_with_the_best_text(shell: Shell) -> None:
    """The first Ctrl-C stops the call and returns the best draft."""
    with replies(BAD) as server:
        process = start(shell, "run", "spec.toml", "--author", f"openai:m@{server.url}")
        wait_for(server, 2, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, BAD)
    assert "cancelled" in err
    assert "setpoint resume" in err
    assert "Traceback" not in err


def test_ctrl_c_before_any_draft_ends_as_cancelled_without_a_text(shell: Shell) -> None:
    """There is nothing to return, and it says so."""
    with replies() as server:
        process = start(shell, "run", "spec.toml", "--author", f"openai:m@{server.url}")
        wait_for(server, 1, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert "Traceback" not in err


@pytest.mark.parametrize("delay", [0.5, 0.9, 1.4, 2.0])
def test_ctrl_c_at_any_moment_is_never_a_traceback(shell: Shell, delay: float) -> None:
    """Also while modules are loaded and files are opened."""
    with replies() as server:
        process = start(shell, "run", "spec.toml", "--author", f"openai:m@{server.url}")
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode in {1, -signal.SIGINT, 130}
    assert "Traceback" not in err


def test_after_kill_9_resume_repeats_only_the_call_in_flight(shell: Shell) -> None:
    """The paid-for draft is in the ledger; only the call that hung is made again."""
    with replies(BAD) as server:
        author = f"openai:m@{server.url}"
        process = start(shell, "run", "spec.toml", "--author", author)
        wait_for(server, 2, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        asked = server.requests[1].payload
        port = server.url.rsplit(":", 1)[1].split("/")[0]
        with_same_port = FaultServer(lambda _payload: GOOD)
        # The model's name holds the port, so the resumed run is answered by the same server.
        server._respond = with_same_port._respond
        code, out, err = shell.run("resume")
        assert port in author
    assert (code, out) == (0, GOOD)
    assert "if another process still is, it is stopped at its next step" in err  # a ledger cannot know of the kill
    assert len(server.requests) == 3
    assert server.requests[2].payload["messages"] == asked["messages"]
    assert server.requests[2].payload.get("seed") == asked.get("seed")


def test_a_ledger_locked_by_another_program_is_machinery_that_says_so(shell: Shell, author: Serve) -> None:
    """A lock that is never released ends with a sentence, not a hang."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    ledger = shell.folder / "home" / "runs.sqlite"
    with sqlite3.connect(ledger, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, _, err = shell.run("run", "spec.toml", "--author", author(GOOD))
        other.execute("ROLLBACK")
    assert code == 3
    assert "locked" in err


def test_a_ledger_that_is_no_ledger_is_machinery_that_says_so(shell: Shell, author: Serve) -> None:
    """A file that is something else is left alone."""
    shell.write("other.sqlite", "this is a shopping list\n" * 100)
    code, _, err = shell.run("run", "spec.toml", "--author", author(GOOD), "--ledger", "other.sqlite")
    assert code == 3
    assert "other.sqlite" in err
    assert Path("other.sqlite").read_text().startswith("this is a shopping list")


def test_a_text_that_cannot_be_recorded_is_printed(shell: Shell) -> None:
    """When the disk is full after a call, the text that was paid for goes to standard output."""
    limited = (
        "import resource, sys; from setpoint.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000)); "
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); main(sys.argv[1:])"
    )
    long = "town library " + " ".join(f"word{n}" for n in range(30_000))
    with replies(long) as server:
        done = subprocess.run(
            [sys.executable, "-c", limited, "run", "spec.toml", "--author", f"openai:m@{server.url}"],
            cwd=shell.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 3
    assert done.stdout.startswith("town library word0")
    assert "Traceback" not in done.stderr
