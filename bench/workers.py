"""How the number of workers changes how many rows get done, against a model that takes 200 ms.

Real processes and a real PostgreSQL on this machine; each worker has eight places. Linear would be: four workers do four times
what one does. Everything shares the machine's cores, so that the number is a lower bound for many machines.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from fleet_of_workers import CALLS_PER_ROW, Fleet, SlowModel, wait_until
from setpoint.testing.database import DatabaseServer

SLOTS = 8


def rows_per_second(server: DatabaseServer, workers: int, rows: int, seconds: float) -> tuple[float, float]:
    """Rows, and calls, per second while all workers were at work."""
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
        began = time.monotonic()
        wait_until(lambda: model.total >= CALLS_PER_ROW * rows, 300)
        took = time.monotonic() - began
        if batch.wait(60) or model.total != CALLS_PER_ROW * rows:
            sys.exit(f"the batch did not go as it should: {model.total} calls\n{fleet.everything_said()}")
    return rows / took, CALLS_PER_ROW * rows / took


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
    measured: dict[int, float] = {}
    with DatabaseServer() as server:
        for workers in options.workers:
            rows, calls = rows_per_second(server, workers, options.rows * workers, options.seconds)
            measured[workers] = rows
            linear = rows / (measured[min(measured)] / min(measured) * workers)
            ideal = workers * SLOTS / options.seconds
            print(
                f"{workers} workers: {rows:6.1f} rows/s, {calls:6.1f} calls/s "
                f"({calls / ideal:.0%} of what the model allows), {linear:.2f} of linear"
            )
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
