"""Looking after recorded runs: listing, cancelling one that another process works on, trying again, deleting."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from conftest_cli import BAD, GOOD, Shell
from setpoint.ledgers import SqliteLedger
from setpoint.testing.server import Fault, FaultServer

Serve = Callable[..., str]


def listed(shell: Shell, *flags: str) -> list[dict[str, object]]:
    """The runs as programs read them."""
    code, out, err = shell.run("runs", "--json", *flags)
    assert code == 0, err
    return json.loads(out)


class Gate:
    """A model that answers the first request, and the later ones when the gate is opened."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.open = threading.Event()
        self.requests = 0

    def __call__(self, _payload: Mapping[str, object]) -> str:
        """Answer one request."""
        self.requests += 1
        if self.requests > 1:
            self.asked.set()
            self.open.wait(30)
        return f"{BAD.strip()} {self.requests}\n"


def test_a_run_in_another_process_is_cancelled_while_its_call_is_in_flight(shell: Shell) -> None:
    """That process ends by itself, with code 1 and its best text; the call in flight is kept, and no other is made."""
    gate = Gate()
    with FaultServer(gate) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "setpoint", "run", "spec.toml", "--author", f"openai:m@{server.url}"],
            cwd=shell.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert gate.asked.wait(60)
        code, _, said = shell.run("cancel", "last", "--why", "wrong sources", "--who", "Ada")
        assert (code, listed(shell)[0]["outcome"]) == (0, "cancelled")
        assert "is cancelled" in said
        assert process.poll() is None, "the call is still in flight"
        gate.open.set()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, f"{BAD.strip()} 1\n")
    assert "cancelled by Ada: wrong sources" in " ".join(err.split())
    assert "Traceback" not in err
    assert gate.requests == 2
    assert shell.run("show", "last", "--draft", "2")[1] == f"{BAD.strip()} 2\n"
    assert "nothing to cancel" in shell.run("cancel", "last")[2]


def test_a_run_whose_process_was_killed_is_cancelled_too(shell: Shell) -> None:
    """There is nobody to tell; the run ends in the ledger."""
    gate = Gate()
    with FaultServer(gate) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "setpoint", "run", "spec.toml", "--author", f"openai:m@{server.url}"],
            cwd=shell.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert gate.asked.wait(60)
        process.kill()
        process.wait()
        gate.open.set()
    assert [run["outcome"] for run in listed(shell, "--outcome", "not_ended")] == [""]
    assert shell.run("prune", "--keep-last", "0", "--outcome", "accepted", "--yes")[0] == 0
    assert shell.run("cancel", "last")[0] == 0
    assert [run["outcome"] for run in listed(shell)] == ["cancelled"]


def test_runs_are_filtered_sorted_and_limited(shell: Shell, author: Serve) -> None:
    """By outcome, spec, age and cost; what does not fit is not listed."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    shell.write("other.toml", (shell.folder / "spec.toml").read_text() + "# another\n")
    shell.run("run", "other.toml", "--author", author(BAD, BAD + "x", BAD + "y"), "--passes", "2")
    accepted, failed = listed(shell, "--sort", "started")[::-1]
    assert (accepted["outcome"], failed["title"]) == ("accepted", "other")

    def names(*flags: str) -> list[object]:
        return [run["title"] for run in listed(shell, *flags)]

    assert names("--outcome", "accepted") == ["spec"]
    assert names("--spec", "othe") == ["other"]
    assert names("--spec", str(accepted["digest"])[:8]) == ["other", "spec"], "the same target"
    assert names("--since", "1h") == ["other", "spec"]
    assert names("--before", "1h") == []
    assert names("--since", "2999-01-01") == []
    assert names("--over-tokens", str(accepted["tokens"])) == ["other"]
    assert names("--over", "0.10") == []
    assert names("--sort", "tokens", "--limit", "1") == ["other"]
    _, table, more = shell.run("runs", "--limit", "1")
    assert "other" in table
    assert "there are more" in more
    assert shell.run("runs", "--outcome", "machinery")[1] == "no run fits\n"
    code, _, err = shell.run("runs", "--since", "soon")
    assert (code, "90m, 12h, 7d, 2w" in err) == (2, True)


class Switch:
    """A model that answers as it is set to; bad texts differ, so that none repeats another."""

    def __init__(self, *answers: str | Fault) -> None:
        self.answers: list[str | Fault] = list(answers)
        self.requests = 0

    def __call__(self, _payload: Mapping[str, object]) -> str | Fault:
        """Answer one request; the last answer is repeated."""
        self.requests += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, Fault) or answer == GOOD else f"{answer.strip()} {self.requests}\n"


def test_retry_goes_on_where_the_machinery_failed(shell: Shell) -> None:
    """The draft that was paid for is kept; the run ends as it would have."""
    model = Switch(BAD, Fault(kind="unavailable"))
    with FaultServer(model) as server:
        assert shell.run("run", "spec.toml", "--author", f"openai:m@{server.url}")[0] == 3
        model.answers = [GOOD]
        code, out, _ = shell.run("retry", "last")
    assert (code, out) == (0, GOOD)
    assert len(listed(shell)) == 1, "it is the same run"
    assert shell.run("show", "last", "--draft", "1")[1] == f"{BAD.strip()} 1\n"


def test_retry_gives_a_run_that_is_out_of_budget_as_much_again(shell: Shell) -> None:
    """Two passes, and two more."""
    model = Switch(BAD)
    with FaultServer(model) as server:
        assert shell.run("run", "spec.toml", "--author", f"openai:m@{server.url}", "--passes", "2")[0] == 1
        assert listed(shell)[0]["outcome"] == "out_of_budget"
        model.answers = [GOOD]
        assert shell.run("retry", "last")[:2] == (0, GOOD)


def test_retry_refuses_what_would_end_the_same(shell: Shell, author: Serve) -> None:
    """An accepted run has nothing to gain, one that has not ended may have somebody who works on it."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    code, out, err = shell.run("retry", "last")
    assert (code, out) == (2, "")
    assert "has ended as accepted" in err
    assert shell.run("retry")[0] == 2
    assert shell.run("retry", "last", "--outcome", "machinery")[0] == 2


def test_all_runs_that_lost_their_machinery_are_tried_again_at_once(shell: Shell) -> None:
    """One after another, a line and a summary each; the worst end is the exit code."""
    down = [True]

    def respond(_payload: Mapping[str, object]) -> str | Fault:
        return Fault(kind="unavailable") if down[0] else GOOD

    with FaultServer(respond) as server:
        for _ in range(2):
            assert shell.run("run", "spec.toml", "--author", f"openai:m@{server.url}")[0] == 3
        down[0] = False
        code, out, err = shell.run("retry", "--outcome", "machinery", "--since", "1h")
    assert (code, out) == (0, "")
    assert "[2/2]" in err
    assert [run["outcome"] for run in listed(shell)] == ["accepted", "accepted"]
    assert "no run fits" in shell.run("retry", "--outcome", "machinery")[2]


def test_a_run_that_cannot_be_taken_up_does_not_keep_the_others_from_it(shell: Shell) -> None:
    """One that would run programs that nobody trusts is named; the run after it is tried all the same."""
    model = Switch(Fault(kind="unavailable"))
    command = '\n[[criterion]]\nname = "runs"\ncheck = { command = { run = ["true"] } }\n'
    shell.write("command.toml", (shell.folder / "spec.toml").read_text() + command)
    with FaultServer(model) as server:
        name = f"openai:m@{server.url}"
        assert shell.run("run", "spec.toml", "--author", name)[0] == 3
        assert shell.run("run", "command.toml", "--author", name, "--allow-commands")[0] == 3
        model.answers = [GOOD]
        code, _, err = shell.run("retry", "--outcome", "machinery")
    assert code == 2
    assert "setpoint trust" in err
    assert {run["title"]: run["outcome"] for run in listed(shell)} == {"spec": "accepted", "command": "machinery"}


def test_a_wrong_name_among_several_cancels_none(shell: Shell, author: Serve) -> None:
    """Nothing is done by halves."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    run = str(listed(shell)[0]["run"])
    code, _, err = shell.run("cancel", run, "nobody")
    assert (code, "nobody" in err, "nothing to cancel" in err) == (2, True, False)


def test_prune_says_what_would_go_asks_and_frees_the_space(shell: Shell, author: Serve) -> None:
    """Nothing goes by a dry run, or when nobody can be asked; what goes is gone, and the file is smaller."""
    long = "town library " + " ".join(f"word{n}" for n in range(20_000))
    for text in (long, long + " x", GOOD):
        shell.run("run", "spec.toml", "--author", author(text), "--passes", "1")
    runs = [str(run["run"]) for run in listed(shell)]
    assert len(runs) == 3
    ledger = shell.folder / "home" / "runs.sqlite"
    size = ledger.stat().st_size
    code, out, said = shell.run("prune", "--keep-last", "1", "--dry-run")
    assert (code, out, len(listed(shell))) == (0, "", 3)
    assert "2 runs would be deleted (2 out_of_budget)" in said
    assert runs[1] in said
    assert runs[0] not in said
    code, _, said = shell.run("prune", "--keep-last", "1")
    assert (code, len(listed(shell))) == (2, 3)
    assert "--yes" in said
    assert shell.run("prune")[0] == 2
    code, _, said = shell.run("prune", "--keep-last", "1", "--yes")
    assert (code, [run["run"] for run in listed(shell)]) == (0, runs[:1])
    assert "2 runs deleted" in said
    assert ledger.stat().st_size < size / 2
    assert "nothing is deleted" in shell.run("prune", "--older", "30d", "--yes")[2]


async def test_lists_stay_quick_however_many_runs_there_are(tmp_path: Path) -> None:
    """A page out of 20,000 runs, found by age and by cost, each in a fraction of a second."""
    path = tmp_path / "ledger.db"
    async with SqliteLedger(path) as ledger:
        await ledger.runs()
        ledger._submit(lambda c: many_runs(c, 20_000)).result()
        from setpoint.ports import Selection

        began = time.perf_counter()
        for which in (Selection(limit=50), Selection(money=0.5, sort="money", limit=50), Selection(part="r-19999")):
            found = await ledger.runs(which)
            assert found
        assert time.perf_counter() - began < 2.0


def many_runs(connection: object, number: int) -> None:
    """Rows as `append` stores them."""
    import sqlite3

    assert isinstance(connection, sqlite3.Connection)
    connection.execute("BEGIN")
    columns = "run, seq, at, digest, kind, title, outcome, tokens, money, body"
    for run in range(number):
        rows = [
            (f"r-{run:05}", 0, float(run), "d", "opened", f"spec {run % 7}", None, 0, 0.0, "{}"),
            (f"r-{run:05}", 1, run + 0.5, "d", "drafted", None, None, run % 500, run / number, "{}"),
            (f"r-{run:05}", 2, run + 0.9, "d", "stopped", None, "accepted", 0, 0.0, "{}"),
        ]
        connection.executemany(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def test_a_terminal_is_asked_before_anything_is_deleted(
    shell: Shell, author: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only yes deletes."""

    class Terminal:
        def __init__(self, line: str) -> None:
            self.line = line

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.line

    shell.run("run", "spec.toml", "--author", author(GOOD))
    for said, left in (("no\n", 1), ("\n", 1), ("yes\n", 0)):
        monkeypatch.setattr(sys, "stdin", Terminal(said))
        shell.run("prune", "--outcome", "accepted")
        assert len(listed(shell)) == left
