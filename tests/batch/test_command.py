"""``setpoint batch`` as a user has it: files in, files out, against a model server on this machine."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import polars as pl
import pytest

from conftest_cli import Shell
from setpoint.testing.server import Fault, FaultServer

SPEC = """
brief = "A note for {{name}} that says where."
[budget]
passes = 3
[[criterion]]
name = "says-where"
check = { contains = ["{{place}}"] }
[[criterion]]
name = "short"
check = { words = { max = 12 } }
"""
Answer = Callable[[str], str | Fault]


def asked_for(payload: Mapping[str, object]) -> str:
    """Whose note a request is about."""
    found = re.search(r"A note for (\w+)", str(payload))
    return found[1] if found else ""


def serve(answer: Answer) -> FaultServer:
    """A server that answers by the name in the request."""
    return FaultServer(lambda payload: answer(asked_for(payload)))


def good(name: str) -> str:
    """A note that passes."""
    return f"{name}, come to the library.\n"


@pytest.fixture
def folder(shell: Shell) -> Shell:
    """A spec with fields, ten rows, and a price for the model."""
    shell.write("batch.toml", SPEC)
    rows = [{"id": f"r{n}", "name": f"Name{n}", "place": "library"} for n in range(10)]
    shell.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return shell


def batch(folder: Shell, server: FaultServer, *more: str) -> tuple[int, str, str]:
    """Run the batch."""
    author = ("--author", f"openai:m@{server.url}")
    return folder.run("batch", "batch.toml", "rows.jsonl", "--out", "out.jsonl", "--yes", *author, *more)


def lines(folder: Shell, name: str = "out.jsonl") -> list[dict[str, object]]:
    """The rows of a file of results."""
    return [json.loads(line) for line in (folder.folder / name).read_text(encoding="utf-8").splitlines()]


def column(rows: Sequence[Mapping[str, object]], name: str) -> list[object]:
    """One column."""
    return [row[name] for row in rows]


def test_each_row_becomes_a_text_in_the_order_of_the_input(folder: Shell) -> None:
    """Whatever the order in which they end."""

    def answer(name: str) -> str:
        time.sleep(0.05 if name == "Name0" else 0)  # the first ends last
        return good(name)

    with serve(answer) as server:
        code, out, err = batch(folder, server, "--concurrency", "5")
    rows = lines(folder)
    assert (code, out) == (0, "")
    assert column(rows, "id") == [f"r{n}" for n in range(10)]
    assert column(rows, "text") == [good(f"Name{n}") for n in range(10)]
    first = rows[0]
    assert (first["outcome"], first["passes"], first["strength"]) == ("accepted", 1, "checks")
    assert [v["status"] for v in first["verdicts"]] == ["pass", "pass"]  # type: ignore[attr-defined]
    assert isinstance(first["tokens"], int)
    assert len(server.requests) == 10
    assert "out.jsonl: 10 rows; 10 accepted" in err
    assert "10 rows to run" in err
    assert not (folder.folder / "out.failed.jsonl").exists()


def test_the_same_command_again_pays_nothing_and_writes_the_same(folder: Shell) -> None:
    """Every row is in the ledger."""
    with serve(good) as server:
        batch(folder, server)
        before = (folder.folder / "out.jsonl").read_text()
        (folder.folder / "out.jsonl").unlink()
        code, _, err = batch(folder, server)
        assert (code, len(server.requests)) == (0, 10)
    assert (folder.folder / "out.jsonl").read_text() == before
    assert "10 rows of 10 stay as they are" in err


def test_parquet_in_and_out(folder: Shell) -> None:
    """The same rows."""
    pl.DataFrame([{"id": 1, "name": "Ann", "place": "library"}]).write_parquet(folder.folder / "rows.parquet")
    with serve(good) as server:
        author = ("--author", f"openai:m@{server.url}", "--yes")
        code, _, _ = folder.run("batch", "batch.toml", "rows.parquet", "--out", "out.parquet", *author)
    frame = pl.read_parquet(folder.folder / "out.parquet")
    assert code == 0
    assert frame.select("row", "id", "text", "outcome").rows() == [(1, "1", good("Ann"), "accepted")]
    assert frame["verdicts"][0][0] == {"criterion": "says-where", "status": "pass", "reason": "", "by": "check"}


def test_failed_rows_are_kept_apart_with_their_reason_and_run_again_alone(folder: Shell) -> None:
    """The others are left as they are."""
    broken = {"Name3", "Name7"}
    with serve(lambda name: Fault(kind="bad_request", text="no") if name in broken else good(name)) as server:
        code, _, err = batch(folder, server)
        assert code == 3
        assert "out.failed.jsonl: 2 rows failed" in err
        failed = lines(folder, "out.failed.jsonl")
        assert column(failed, "row") == [4, 8]
        assert column(failed, "outcome") == ["machinery", "machinery"]
        assert "turned the request down" in str(failed[0]["reason"])
        assert failed[0]["input"] == {"id": "r3", "name": "Name3", "place": "library"}
        assert len(lines(folder)) == 10
        before = len(server.requests)
        assert batch(folder, server)[0] == 3
        assert len(server.requests) == before  # without being asked to, it does not try again
        broken.clear()
        code, _, _ = batch(folder, server, "--retry-failed")
        assert (code, len(server.requests)) == (0, before + 2)
    assert column(lines(folder), "outcome") == ["accepted"] * 10
    assert not (folder.folder / "out.failed.jsonl").exists()


def test_a_mistake_in_the_last_row_is_found_before_the_first_call(folder: Shell) -> None:
    """With row and field; nothing is spent."""
    file = folder.folder / "rows.jsonl"
    file.write_text(file.read_text() + '{"id": "r10", "name": "Late"}\n')
    with serve(good) as server:
        code, _, err = batch(folder, server)
        assert server.requests == ()
    assert code == 2
    assert "rows.jsonl:11: row 11: the field {{place}} of batch.toml has no value" in err


def test_a_dry_run_prices_the_batch_and_starts_nothing(folder: Shell) -> None:
    """P50 and P90 of tokens and money."""
    with serve(good) as server:
        author = f"openai:m@{server.url}"
        price(folder, author, 2.0)
        code, _, err = batch(folder, server, "--dry-run")
        assert server.requests == ()
    assert code == 0
    assert re.search(r"10 rows to run; about \d+ of them are expected to be accepted", err)
    assert re.search(r"tokens: about [\d,]+, in nine of ten such batches not more than [\d,]+", err)
    assert re.search(r"money: about \$\d\S+, in nine of ten such batches not more than \$", err)
    assert not (folder.folder / "out.jsonl").exists()


def price(folder: Shell, author: str, money: float) -> None:
    """Give the model a price in US dollars for a million tokens."""
    folder.write("prices.toml", f'["{author}"]\ninput = {money}\noutput = {money}\n')
    folder.write("setpoint.toml", '[prices]\nfile = "prices.toml"\n')


def test_a_batch_above_the_limit_is_not_started_unless_someone_says_so(folder: Shell) -> None:
    """Without a terminal nobody can be asked."""
    with serve(good) as server:
        author = f"openai:m@{server.url}"
        price(folder, author, 5_000.0)
        start = ("batch", "batch.toml", "rows.jsonl", "--out", "out.jsonl", "--author", author)
        code, _, err = folder.run(*start, "--ask-above", "0.5")
        assert (code, server.requests) == (2, ())
        assert "it may cost more than $0.50" in err
        assert folder.run(*start, "--ask-above", "10k")[0] == 0


def test_the_cap_on_tokens_is_never_passed_and_a_higher_one_goes_on_where_it_stopped(folder: Shell) -> None:
    """Rows that were held back end as out of budget, with that reason; rows that have a text are not paid again."""
    with serve(good) as server:
        code, _, _ = batch(folder, server, "--max-tokens", "1500", "--concurrency", "10")
        rows, asked = lines(folder), len(server.requests)
        assert code == 3
        assert 0 < asked < 10
        assert sum(int(str(n)) for n in column(rows, "tokens")) <= 1500
        assert column(rows, "outcome").count("accepted") == asked
        held = [row for row in rows if row["outcome"] == "out_of_budget"]
        assert len(held) == 10 - asked
        assert all("the budget of the batch" in str(row["reason"]) for row in held)
        code, _, _ = batch(folder, server, "--max-tokens", "50k")
        assert (code, len(server.requests)) == (0, 10)


def test_a_cap_in_money_without_a_price_is_refused(folder: Shell) -> None:
    """It could not be held."""
    with serve(good) as server:
        code, _, err = batch(folder, server, "--max-money", "1")
    assert code == 2
    assert "no price is known" in err


def test_another_author_does_not_go_on_with_a_batch(folder: Shell) -> None:
    """The results would not be what was asked for."""
    with serve(good) as server:
        batch(folder, server)
        other = ("--author", f"openai:other@{server.url}", "--yes")
        code, _, err = folder.run("batch", "batch.toml", "rows.jsonl", "--out", "out.jsonl", *other)
    assert code == 2
    assert "was begun with the author openai:m@" in err


def start(folder: Shell, server: FaultServer, *more: str) -> "subprocess.Popen[str]":
    """The batch as a process of its own."""
    command = [sys.executable, "-m", "setpoint", "batch", "batch.toml", "rows.jsonl", "--out", "out.jsonl", "--yes"]
    command += ["--author", f"openai:m@{server.url}", *more]
    return subprocess.Popen(command, cwd=folder.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(server: FaultServer, requests: int) -> None:
    """Wait until so many requests have come."""
    deadline = time.monotonic() + 30
    while len(server.requests) < requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_and_started_again_only_calls_in_flight_are_repeated(folder: Shell) -> None:
    """The ledger knows the rest; the result is that of a batch that was never killed."""

    def answer(name: str) -> str:
        time.sleep(0.05)  # one after another: the server has one thread
        return good(name)

    with serve(answer) as server:
        for wanted in (3, 7):
            process = start(folder, server, "--concurrency", "2")
            wait_for(server, wanted)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        assert batch(folder, server, "--concurrency", "2")[0] == 0
        assert 10 <= len(server.requests) <= 10 + 2 * 2
    assert column(lines(folder), "text") == [good(f"Name{n}") for n in range(10)]


def test_ctrl_c_lets_calls_in_flight_end_and_the_same_command_goes_on_without_repeating_any(folder: Shell) -> None:
    """Nothing is paid for twice, not even what was on its way."""

    def answer(name: str) -> str:
        time.sleep(0.1)
        return good(name)

    with serve(answer) as server:
        process = start(folder, server, "--concurrency", "3")
        wait_for(server, 4)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 3
        assert "stopping: calls in flight come to their end" in err
        assert "Traceback" not in err
        done = [row for row in lines(folder) if row["outcome"] == "accepted"]
        assert len(done) == len(server.requests) < 10
        assert len(lines(folder)) == 10
        assert batch(folder, server)[0] == 0
        assert len(server.requests) == 10


def test_a_second_ctrl_c_ends_it_at_once(folder: Shell) -> None:
    """Though a provider hangs."""
    with serve(lambda _name: Fault(kind="hang")) as server:
        process = start(folder, server)
        wait_for(server, 3)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "Traceback" not in err


def test_a_provider_that_fails_every_row_is_not_asked_about_thousands(folder: Shell) -> None:
    """After enough failures in a row nothing more is begun; the same command goes on with what was not."""
    file = folder.folder / "rows.jsonl"
    file.write_text("".join(json.dumps({"name": f"Name{n}", "place": "library"}) + "\n" for n in range(40)))
    up = [False]
    with serve(lambda name: good(name) if up[0] else Fault(kind="unauthorised")) as server:
        code, _, err = batch(folder, server, "--concurrency", "2")
        rows = lines(folder)
        begun = [row for row in rows if row["outcome"] == "machinery"]
        assert code == 3
        assert 10 <= len(begun) <= 12
        assert "not begun: the last 10 rows failed" in str(rows[-1]["reason"])
        assert err.count("\n") < 60
        up[0] = True
        assert batch(folder, server)[0] == 3  # the failed ones stay until they are asked for
        assert column(lines(folder), "outcome").count("accepted") == 40 - len(begun)
        assert batch(folder, server, "--retry-failed")[0] == 0


def test_an_output_that_cannot_be_written_is_found_before_anything_is_spent(folder: Shell) -> None:
    """Not after ten thousand texts were paid for."""
    with serve(good) as server:
        (folder.folder / "out.jsonl").mkdir()
        code, _, err = batch(folder, server)
        assert server.requests == ()
    assert code == 2
    assert "out.jsonl: cannot be written" in err
