"""A database whose disk is full, for real: its data lies on a small disk, which is filled in the middle of a call."""

import json
import random
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from conftest_cli import GOOD, Shell
from conftest_cli import shell as shell  # noqa: PLC0414 - a fixture
from fleet_of_workers import CALLS_PER_ROW, Fleet, SlowModel, wait_until
from setpoint.testing.database import DatabaseServer, NoDatabase
from setpoint.testing.server import FaultServer

pytestmark = pytest.mark.slow

DISK = "size=192m"


class SmallDisk:
    """A disk in memory with a database on it.

    Args:
        folder: where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.full = False
        self.url = ""

    def fill(self) -> None:
        """Leave no byte."""
        self.full = True
        block = b"\0" * 2**20
        with (self._folder / "ballast").open("ab", buffering=0) as ballast:
            while block:
                try:
                    ballast.write(block)
                except OSError:  # no room for that much; for less there may be
                    block = block[: len(block) // 2]

    def make_room(self) -> None:
        """Give back what was taken."""
        (self._folder / "ballast").unlink()
        self.full = False


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """A database on a small disk; only root may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="setpoint-disk-"))  # pytest's own folders are closed to the server's user
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)], capture_output=True, text=True, check=False
        )
    except OSError as error:
        folder.rmdir()
        pytest.skip(f"a full disk cannot be tried here: mount cannot be started: {error}")
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a full disk cannot be tried here: a small one cannot be mounted: {mounted.stderr.strip()}")
    folder.chmod(0o755)
    small = SmallDisk(folder)
    try:
        with DatabaseServer(within=folder) as server:
            small.url = server.new()
            yield small
    except NoDatabase as error:
        pytest.skip(f"no PostgreSQL: {error}")
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def long_text(seed: str) -> str:
    """A text that no database can squeeze into what room it may have left."""
    dice = random.Random(seed)
    return f"{seed} " + " ".join(f"{dice.getrandbits(64):x}" for _ in range(12_000)) + "\n"


def test_a_run_ends_with_a_clear_error_and_its_text_is_printed(shell: Shell, disk: SmallDisk) -> None:
    """Whoever makes room goes on with the run where it was."""

    def answer(_payload: Mapping[str, object]) -> str:
        if len(server.requests) == 1:
            disk.fill()
        return long_text("draft") if disk.full else GOOD

    with FaultServer(answer) as server:
        code, out, err = shell.run("run", "spec.toml", "--author", f"openai:m@{server.url}", "--ledger", disk.url)
        assert (code, out) == (3, long_text("draft"))
        assert "its disk is full" in err
        assert "setpoint resume" in err
        assert disk.url.rpartition("/")[2] in err
        assert "Traceback" not in err
        code, _, err = shell.run("resume", "--ledger", disk.url)
        assert (code, "its disk is full" in err) == (3, True), err
        disk.make_room()
        code, out, err = shell.run("resume", "--ledger", disk.url)
    assert (code, out) == (0, GOOD), err
    assert len(server.requests) <= 3


def test_a_batch_prints_every_text_and_the_same_command_goes_on(shell: Shell, disk: SmallDisk) -> None:
    """Several loops have a call in flight when the disk is full; none of their texts is lost."""
    names = [f"Row{number}" for number in range(6)]
    shell.write("batch.toml", (shell.folder / "spec.toml").read_text().replace("A note", "A note for {{who}}"))
    shell.write("rows.jsonl", "".join(json.dumps({"who": name}) + "\n" for name in names))
    asked: list[str] = []

    def answer(payload: Mapping[str, object]) -> str:
        name = re.findall(r"note for (\w+)", str(payload))[0]
        asked.append(name)
        if len(asked) == 1:
            time.sleep(1.0)  # the server answers one after another; until then the other two are in flight
            disk.fill()
        return long_text(name) if disk.full else GOOD

    with FaultServer(answer) as server:
        words = ["batch", "batch.toml", "rows.jsonl", "--out", "out.jsonl", "--yes", "--plain", "--concurrency", "3"]
        words += ["--author", f"openai:m@{server.url}", "--ledger", disk.url]
        code, out, err = shell.run(*words)
        assert (code, "its disk is full" in err, "the same command" in err) == (3, True, True), err
        assert len(asked) == 3
        for name in asked:
            assert long_text(name) in out, f"the text for {name} is lost"
        disk.make_room()
        code, _, err = shell.run(*words)
    assert code == 0, err
    ended = [json.loads(line) for line in (shell.folder / "out.jsonl").read_text().splitlines()]
    assert [(row["outcome"], row["text"]) for row in ended] == [("accepted", GOOD)] * len(names)
    assert len(asked) == 3 + len(names)


class Filling(SlowModel):
    """Fills the disk in the middle of its fourth call.

    Args:
        disk: the disk.
        text: what it answers while the disk is full; the usual if empty.
    """

    def __init__(self, disk: SmallDisk, text: str = "") -> None:
        super().__init__(0.2)
        self._disk = disk
        self._text = text
        self._done = False

    def answer(self, body: str, seconds: float) -> dict[str, object]:
        """One answer."""
        found = super().answer(body, seconds)
        with self._lock:
            if self.total >= 4 and not self._done:
                self._done = True
                self._disk.fill()
        if self._text and self._disk.full:
            message = {"role": "assistant", "content": self._text}
            found["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return found


def test_a_worker_keeps_what_was_paid_for_until_there_is_room(tmp_path: Path, disk: SmallDisk) -> None:
    """It says so and begins no other call; then everything goes on by itself, and no call is made twice."""
    rows = 12
    with Filling(disk) as model, Fleet(tmp_path, disk.url, model, rows) as fleet:
        worker = fleet.work("w", 2)
        batch = fleet.batch()
        wait_until(lambda: disk.full, 40, said=lambda: worker.said + batch.said)
        wait_until(lambda: "its disk is full" in worker.said, 40, said=lambda: worker.said + batch.said)
        wait_until(lambda: not model.in_flight)
        before = model.total
        time.sleep(3)
        assert model.total == before
        assert worker.returncode is batch.returncode is None
        disk.make_room()
        said = batch.ends(60)
        assert batch.returncode == 0, said
        assert fleet.outcomes() == {"accepted": rows}
        fleet.nothing_ended_twice()
        assert model.total == CALLS_PER_ROW * rows
        assert "Traceback" not in worker.said


def test_a_worker_that_is_stopped_meanwhile_says_what_it_could_not_store(tmp_path: Path, disk: SmallDisk) -> None:
    """The texts stand in its log, and another worker goes on with the rows once there is room."""
    rows = 8
    with Filling(disk, long_text("paid")) as model, Fleet(tmp_path, disk.url, model, rows) as fleet:
        worker = fleet.work("w", 2)
        batch = fleet.batch()
        wait_until(lambda: "its disk is full" in worker.said, 40, said=lambda: worker.said + batch.said)
        wait_until(lambda: not model.in_flight)
        worker.send_signal(signal.SIGTERM)
        said = worker.ends(40)
        assert f"this text was paid for and could not be stored:\n{long_text('paid')}" in said
        assert "Traceback" not in said
        disk.make_room()
        fleet.work("another", 2)
        said = batch.ends(60)
        assert fleet.outcomes() == {"accepted": rows}, said
        fleet.nothing_ended_twice()
        assert model.total <= CALLS_PER_ROW * rows + 2
