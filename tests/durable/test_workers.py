"""Workers in bad weather, as processes: killed, paused, named alike, and with a database that restarts."""

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from databases import new_database
from fleet_of_workers import CALLS_PER_ROW, Fleet, SlowModel, wait_until
from setpoint.compose import settings
from setpoint.durable.worker import Worker
from setpoint.testing.database import DatabaseServer, NoDatabase

Make = Callable[..., Fleet]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Make]:
    """Make a fleet: so many rows, so many seconds per call."""
    with ExitStack() as stack:

        def make(rows: int, seconds: float, url: str = "") -> Fleet:
            model = stack.enter_context(SlowModel(seconds))
            return stack.enter_context(Fleet(tmp_path, url or new_database(), model, rows))

        yield make


def play_kills(fleet: Fleet, *, workers: int, kills: int, seed: int, slots: int = 2) -> None:
    """A batch during which workers are killed at random times, and started again."""
    dice = random.Random(seed)
    names = [f"w{number}" for number in range(workers)]
    for name in names:
        fleet.work(name, slots)
    batch = fleet.batch()
    wait_until(lambda: fleet.model.total > 0, said=fleet.everything_said)
    while fleet.killed < kills and batch.returncode is None:
        time.sleep(dice.uniform(0.2, 1.5))
        name = dice.choice(names)
        fleet.kill(name)
        fleet.work(name, slots)
    said = batch.ends(240)
    assert batch.returncode == 0, said
    assert fleet.killed > 0
    assert fleet.outcomes() == {"accepted": fleet.rows}
    fleet.nothing_ended_twice()
    repeated = fleet.model.total - CALLS_PER_ROW * fleet.rows
    print(f"{fleet.rows} rows, {fleet.killed} kills of workers with {slots} slots, {repeated} calls repeated")
    assert 0 <= repeated <= fleet.killed * slots, "at most the calls in flight are made again"


def test_workers_killed_at_random_times_lose_nothing_and_finish_nothing_twice(fleet: Make) -> None:
    """The quick form: 20 rows, 2 workers, 3 kills."""
    play_kills(fleet(20, 0.25), workers=2, kills=3, seed=1)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 2])
def test_fifty_kills_in_a_batch_of_two_hundred(fleet: Make, slots: int) -> None:
    """The long form: 200 rows, 4 workers, 50 kills; with one slot, at most one repeated call per worker killed."""
    play_kills(fleet(200, 0.5 * slots), workers=4, kills=50, seed=slots, slots=slots)


@pytest.mark.slow
def test_the_cap_holds_while_workers_are_killed(fleet: Make) -> None:
    """What killed workers had in flight counts at its worst; the rows that no longer fit are told, and go on with more."""
    it = fleet(16, 0.2)
    it.work("one")
    it.work("two")
    cap = 4000
    batch = it.batch("--max-tokens", str(cap))
    for name in ("one", "two"):
        wait_until(lambda: it.model.total >= 4 + 4 * it.killed, said=it.everything_said)
        it.kill(name)
        it.work(name)
    said = batch.ends(90)
    assert batch.returncode == 3, said
    ((tokens, held),) = it.query("SELECT tokens, held_tokens FROM setpoint.fleets")
    assert isinstance(tokens, int)
    assert (tokens <= cap, held) == (True, 0)
    assert it.model.total * 110 <= cap
    outcomes = it.outcomes()
    assert set(outcomes) == {"accepted", "out_of_budget"}
    again = it.batch("--max-tokens", str(5 * cap))
    said = again.ends(60)
    assert it.outcomes() == {"accepted": 16}, said


@pytest.mark.slow
async def test_a_clock_that_jumps_on_a_worker_disturbs_nothing(
    fleet: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its stamps are odd; its runs end as they should, none is taken for stale, and no call is repeated."""
    it = fleet(4, 0.1)
    for name, value in it.environment.items():
        monkeypatch.setenv(name, value)
    dice = random.Random(3)
    where = settings(folder=tmp_path)
    worker = Worker(it.url, where, name="jumpy", slots=2, clock=lambda: time.time() + dice.uniform(-1e6, 1e6))
    stop, batch = anyio.Event(), it.batch()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.serve, stop)
        await anyio.to_thread.run_sync(batch.wait, 40)
        stop.set()
    said = batch.said
    assert it.outcomes() == {"accepted": 4}, said
    it.nothing_ended_twice()
    assert it.model.total == CALLS_PER_ROW * 4


def boundaries(fleet: Fleet, at: list[int]) -> None:
    """Kill the only worker each time it has stored so many events of a run, and start it again."""
    batch = fleet.batch()
    for length in at:
        fleet.work("w")
        wait_until(
            lambda length=length: (
                fleet.query("SELECT coalesce(max(events), 0) FROM setpoint.runs")[0][0] >= length  # type: ignore[operator]
                if fleet.query("SELECT to_regclass('setpoint.runs') IS NOT NULL")[0][0]
                else False
            )
        )
        fleet.kill("w")
    fleet.work("w")
    said = batch.ends(60)
    assert batch.returncode == 0, said
    assert fleet.outcomes() == {"accepted": 1}
    fleet.nothing_ended_twice()
    assert fleet.model.total - CALLS_PER_ROW <= len(at)


@pytest.mark.slow
def test_a_run_survives_a_kill_at_an_event_boundary(fleet: Make) -> None:
    """The quick form: after the third event, and as soon as it is taken up again."""
    boundaries(fleet(1, 0.1), [3, 6])


@pytest.mark.soak
@pytest.mark.slow
def test_a_run_survives_a_kill_at_every_event_boundary(fleet: Make) -> None:
    """The long form: one run per boundary up to the last."""
    boundaries(fleet(1, 0.1), list(range(2, 20)))


def test_two_workers_of_one_name_are_refused_and_a_freed_name_works_at_once(fleet: Make) -> None:
    """The second says who has the name; after a kill the name is free without waiting, and its run goes on."""
    it = fleet(1, 0.8)
    it.work("twin")
    batch = it.batch()
    wait_until(lambda: it.model.total == 1)
    second = it.start("worker", "--name", "twin")
    said = second.ends(20)
    assert second.returncode == 2
    assert "a worker named 'twin' is at work already (process" in said
    assert "--name" in said
    it.kill("twin")
    began = time.monotonic()
    it.work("twin")
    batch.ends(30)
    assert time.monotonic() - began < 12, "a successor of the same name need not wait until the first counts as dead"
    assert it.outcomes() == {"accepted": 1}
    assert it.model.total <= CALLS_PER_ROW + 1


@pytest.mark.slow
def test_a_stopped_worker_finishes_its_calls_and_gives_its_runs_back(fleet: Make) -> None:
    """SIGTERM: no call is repeated; the next worker goes on where the first stopped."""
    it = fleet(4, 1.0)
    worker = it.work("one", slots=4)
    batch = it.batch()
    wait_until(lambda: it.model.total == 4)
    worker.send_signal(signal.SIGTERM)
    said = worker.ends(20)
    assert worker.returncode == 0, said
    assert "4 put back" in said
    it.work("two", slots=4)
    batch.ends(30)
    assert it.outcomes() == {"accepted": 4}
    assert it.model.total == CALLS_PER_ROW * 4


@pytest.mark.slow
def test_a_dead_workers_runs_are_taken_over_within_thirty_seconds(fleet: Make) -> None:
    """Nobody restarts it: another worker, busy with nothing, takes its runs and its places in the limits."""
    it = fleet(2, 1.0)
    it.work("dies")
    batch = it.batch("--concurrency", "2")
    wait_until(lambda: it.model.total == 2)
    it.kill("dies")
    began = time.monotonic()
    it.work("lives")
    said = batch.ends(60)
    took = time.monotonic() - began
    print(f"all rows ended {took:.1f} s after the kill")
    assert took < 30, said
    assert it.outcomes() == {"accepted": 2}
    assert it.model.total <= CALLS_PER_ROW * 2 + 2


@pytest.mark.slow
def test_a_paused_worker_that_wakes_up_cannot_write(fleet: Make) -> None:
    """SIGSTOP until others have taken over; after SIGCONT it changes nothing, lets go, and works on as a new one."""
    it = fleet(1, 1.0)
    paused = it.work("sleepy", slots=1)
    batch = it.batch()
    wait_until(lambda: it.model.total == 1)
    paused.send_signal(signal.SIGSTOP)
    for table, beat in (("setpoint.workers", "beat"), ("setpoint_queue.procrastinate_workers", "last_heartbeat")):
        it.query(f"UPDATE {table} SET {beat} = {beat} - interval '20 s' RETURNING 1")  # as if it had slept that long
    it.work("awake", slots=1)
    said = batch.ends(60)
    assert it.outcomes() == {"accepted": 1}, said
    before = it.query("SELECT seq, writer FROM setpoint.events ORDER BY seq")
    paused.send_signal(signal.SIGCONT)
    wait_until(
        lambda: it.query(
            "SELECT beat > clock_timestamp() - interval '4 s' FROM setpoint.workers WHERE name = 'sleepy'"
        )[0][0]
    )
    time.sleep(2)
    assert it.query("SELECT seq, writer FROM setpoint.events ORDER BY seq") == before
    assert it.query("SELECT status::text FROM setpoint_queue.procrastinate_jobs") == []
    it.kill("awake")
    (it.folder / "out2.jsonl").unlink(missing_ok=True)
    again = it.start(
        "batch",
        "spec.toml",
        "rows.jsonl",
        "--out",
        "out2.jsonl",
        "--engine",
        it.url,
        "--author",
        it.model.name,
        "--yes",
    )
    assert again.wait(30) == 0, "the worker that slept goes on with new work"
    paused.send_signal(signal.SIGTERM)
    assert "taken over by another; let go of" in paused.ends(20)


@pytest.mark.slow
@pytest.mark.parametrize("crash", [False, True])
def test_a_database_that_restarts_under_a_batch_only_delays_it(fleet: Make, *, crash: bool) -> None:
    """Workers and the waiting command go on by themselves; no call is repeated."""
    try:
        server = DatabaseServer().__enter__()
    except NoDatabase as error:
        pytest.skip(f"no PostgreSQL: {error}")
    try:
        it = fleet(8, 0.5, server.new())
        it.work("w", slots=4)
        batch = it.batch()
        wait_until(lambda: it.model.total >= 5)
        server.stop(crash=crash)
        time.sleep(1.0)
        server.start()
        said = batch.ends(60)
        assert batch.returncode == 0, said
        assert it.outcomes() == {"accepted": 8}
        it.nothing_ended_twice()
        assert it.model.total == CALLS_PER_ROW * 8
    finally:
        server.__exit__(None, None, None)


@pytest.mark.slow
def test_a_stopped_batch_takes_back_what_nobody_has_begun(fleet: Make) -> None:
    """Ctrl-C: rows in hand come to their end, the others leave the queue, and the same command goes on."""
    it = fleet(12, 0.3)
    it.work("w", slots=2)
    batch = it.batch()
    wait_until(lambda: it.model.total >= 3)
    batch.send_signal(signal.SIGINT)
    said = batch.ends(30)
    assert batch.returncode == 3, said
    ended = it.outcomes()
    assert ended["accepted"] >= 2
    assert ended[None] >= 6  # type: ignore[index]
    calls = it.model.total
    time.sleep(1.2)
    assert it.model.total == calls, "nothing more is spent"
    again = it.batch()
    said = again.ends(60)
    assert it.outcomes() == {"accepted": 12}, said
    assert it.model.total == CALLS_PER_ROW * 12


def test_a_run_that_a_worker_must_refuse_is_told_with_the_reason(fleet: Make) -> None:
    """A spec that runs programs is trusted by machine: the batch gets the worker's reason, and others go on."""
    it = fleet(1, 0.0)
    spec = it.folder / "spec.toml"
    command = '\n[[criterion]]\nname = "program"\nsays = "p"\ncheck = { command = { run = ["true"] } }\n'
    spec.write_text(spec.read_text() + command)
    it.work("w")
    batch = it.batch("--allow-commands")
    said = batch.ends(30)
    assert batch.returncode == 3, said
    failed = json.loads((it.folder / "out.failed.jsonl").read_text())
    assert "runs programs on every draft" in failed["reason"]
    assert it.model.total == 0


def test_keys_never_reach_the_database(fleet: Make) -> None:
    """The dump of everything that is stored does not hold the worker's key."""
    it = fleet(2, 0.0)
    it.work("w")
    assert it.batch("--max-tokens", "1M").wait(30) == 0
    tables = it.query(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('setpoint', 'setpoint_queue')"
    )
    stored = "".join(str(it.query(f"SELECT * FROM {table}")) for (table,) in tables)
    assert len(tables) >= 10
    assert "P001" in stored
    assert "canary" not in stored
