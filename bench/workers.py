"""How the number of workers changes how many rows get done, against a model that takes 200 ms.

Real processes and a real PostgreSQL on this machine; each worker has eight places. Linear would be: four workers do four times
what one does. Everything shares the machine's cores, so that the number is a lower bound for many machines; what a call
takes of a processor and of the database says more where cores are few or busy.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fleet_of_workers import CALLS_PER_ROW, Command, Fleet, SlowModel, wait_until
from setpoint.testing.database import DatabaseServer

SLOTS = 8


class Used(NamedTuple):
    """What was used up to now: seconds of a processor, and transactions."""

    workers: float
    database: float
    batch: float
    model: float
    transactions: float

    def per_call(self, before: "Used", calls: int) -> "Used":
        """Milliseconds of a processor, and transactions, for each call since then."""
        workers, database, batch, model, transactions = (
            (now - then) / calls for now, then in zip(self, before, strict=True)
        )
        return Used(1000 * workers, 1000 * database, 1000 * batch, 1000 * model, transactions)


class Measured(NamedTuple):
    """What so many workers did."""

    rows_per_second: float
    calls_per_second: float
    per_call: Used


def seconds_of(process: int, *, children: bool = False) -> float:
    """Processor time of a process, with its children on demand, those that have ended included."""
    found = _stat(process)
    used = (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK")
    if not children:
        return used
    ended = (int(found[13]) + int(found[14])) / os.sysconf("SC_CLK_TCK")
    return used + ended + sum(seconds_of(child) for child in _children(process))


def _children(parent: int) -> Iterable[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has just ended
                if int(_stat(int(entry.name))[1]) == parent:
                    yield int(entry.name)


def _stat(process: int) -> list[str]:
    """The fields after the name, which may have spaces in it."""
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def used(server: DatabaseServer, fleet: Fleet, batch: Command) -> Used:
    """What everything has used up to now; the model is this process."""
    counted = fleet.query("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
    return Used(
        workers=sum(seconds_of(worker.pid) for worker in fleet.workers.values()),
        database=seconds_of(server.pid, children=True),
        batch=seconds_of(batch.pid),
        model=time.process_time(),
        transactions=float(counted[0][0]),
    )


def measured(server: DatabaseServer, workers: int, rows: int, seconds: float) -> Measured:
    """What so many workers do with so many rows."""
    with (
        tempfile.TemporaryDirectory() as folder,
        SlowModel(seconds) as model,
        Fleet(Path(folder), server.new(), model, rows) as fleet,
    ):
        for number in range(workers):
            fleet.work(f"w{number}", SLOTS)
        wait_until(lambda: _awake(fleet) == workers, 60)
        batch = fleet.batch()
        wait_until(lambda: model.total > 0, 60)
        began, before = time.monotonic(), used(server, fleet, batch)
        wait_until(lambda: model.total >= CALLS_PER_ROW * rows, 300)
        took = time.monotonic() - began
        per_call = used(server, fleet, batch).per_call(before, CALLS_PER_ROW * rows)
        if batch.wait(60) or model.total != CALLS_PER_ROW * rows:
            sys.exit(f"the batch did not go as it should: {model.total} calls\n{fleet.everything_said()}")
    return Measured(rows / took, CALLS_PER_ROW * rows / took, per_call)


def _awake(fleet: Fleet) -> int:
    there = fleet.query("SELECT count(*) FROM pg_views WHERE schemaname = 'setpoint' AND viewname = 'lives'")
    return int(str(fleet.query("SELECT count(*) FROM setpoint.lives")[0][0])) if there[0][0] else 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.2, help="what a model call takes")
    parser.add_argument("--rows", type=int, default=120, help="rows per worker")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[int, Measured] = {}
    with DatabaseServer() as server:
        for workers in options.workers:
            one = found[workers] = measured(server, workers, options.rows * workers, options.seconds)
            linear = one.rows_per_second / (found[min(found)].rows_per_second / min(found) * workers)
            ideal = workers * SLOTS / options.seconds
            print(
                f"{workers} workers: {one.rows_per_second:6.1f} rows/s, {one.calls_per_second:6.1f} calls/s "
                f"({one.calls_per_second / ideal:.0%} of what the model allows), {linear:.2f} of linear; per call "
                f"{one.per_call.workers:.1f} ms of a core in workers, {one.per_call.database:.1f} in the database, "
                f"{one.per_call.batch:.1f} in the batch, {one.per_call.model:.1f} in the model server, "
                f"{one.per_call.transactions:.1f} transactions",
                flush=True,
            )
    if options.json:
        rates = {workers: one.rows_per_second for workers, one in found.items()}
        options.json.write_text(json.dumps(rates, indent=2) + "\n")


if __name__ == "__main__":
    main()
