"""Commands for many machines: worker, workers, move."""

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
import stamina.instrumentation
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from setpoint.cli import groups
from setpoint.compose import settings
from setpoint.errors import ConfigError
from setpoint.ledgers import PostgresLedger, SqliteLedger
from setpoint.ledgers.database import is_database
from setpoint.ledgers.moving import Moved
from setpoint.ledgers.moving import move as move_runs
from setpoint.report.text import plural, thousands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from setpoint.durable.listing import Listed

__all__ = ["engine_of", "register"]


def register(app: App) -> None:
    """Add the commands."""
    app.command(worker, group=groups.MANY)
    app.command(workers, group=groups.MANY)
    app.command(move, group=groups.KEEP)


def move(target: str, /, *, ledger: Path | None = None) -> int:
    """Move the runs of the ledger, a file, into a PostgreSQL database; the file stays as it is.

    Every run is read back and compared. Stopped in the middle, the same command goes on. Runs that are there already
    are never changed. Exit code 1 if some are there with other events.

    Parameters
    ----------
    target
        The database, postgres://USER@HOST/DATABASE.
    ledger
        The file, instead of the configured one.
    """
    source = settings(ledger=ledger).ledger
    if not source.is_file():
        raise ConfigError(f"{source}: there is no such file; name the ledger file with --ledger FILE")
    if not is_database(target):
        raise ConfigError(f"{target}: not the address of a database; it looks like postgres://USER@HOST/DATABASE")
    talk = Console(stderr=True, highlight=False)
    moved = anyio.run(_move, source, target, talk)
    for run in moved.differing:
        talk.print(f"run {run} is there already with other events; it was left as it is", markup=False)
    there = f"; {plural(moved.known, 'run')} there already" if moved.known else ""
    talk.print(f"moved {plural(moved.runs, 'run')} with {thousands(moved.events)} events{there}", markup=False)
    talk.print(f"read back and compared: the same on both sides (SHA-256 {moved.digest})", markup=False, soft_wrap=True)
    if moved.open:
        talk.print(
            f"{plural(len(moved.open), 'run')} not ended: go on with them in the database from now on, not in the file"
            f" ({', '.join(moved.open[:5])}{', …' if len(moved.open) > 5 else ''})",  # noqa: PLR2004 - enough to see
            markup=False,
            soft_wrap=True,
        )
    return 1 if moved.differing else 0


async def _move(source: Path, target: str, talk: Console) -> Moved:
    async with SqliteLedger(source) as old, PostgresLedger(target) as new:
        with Progress(TextColumn("moving"), BarColumn(), MofNCompleteColumn(), console=talk, transient=True) as bar:
            task = bar.add_task("runs", total=None)
            return await move_runs(old, new, lambda done, of: bar.update(task, completed=done, total=of))


def engine_of(engine: str | None, configured: str) -> str:
    """The database whose workers are meant.

    Raises:
        ConfigError: if none is named.
    """
    found = engine or configured
    if not found:
        raise ConfigError(
            "no database is named; add --engine postgres://USER@HOST/DATABASE, or set SETPOINT_ENGINE to it"
        )
    return found


def worker(
    *,
    engine: str | None = None,
    name: str | None = None,
    slots: int = 8,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Work on the rows that setpoint batch --engine has queued, until stopped.

    The first Ctrl-C or SIGTERM lets calls in flight come to their end and gives their runs back; the second does not.
    Keys and setpoint.toml are those of this machine.

    Parameters
    ----------
    engine
        The database, postgres://USER@HOST/DATABASE; SETPOINT_ENGINE by default. The password goes into PGPASSWORD
        or ~/.pgpass.
    name
        What this worker is called: the same whenever it is started again, and no other's. The host's name by default.
    slots
        Runs in flight.
    allow_commands
        Run the programs that specs name, without setpoint trust on this machine.
    """
    if slots <= 0:
        raise ConfigError(f"--slots is {slots}; a worker needs at least one")
    talk = Console(stderr=True, highlight=False)
    stamina.instrumentation.set_on_retry_hooks(())

    def notice(line: str) -> None:
        talk.print(line, markup=False, soft_wrap=True)

    where = settings(notice=notice)
    from setpoint.durable.serving import serve  # noqa: PLC0415 - most have no workers
    from setpoint.durable.worker import Worker  # noqa: PLC0415

    url = engine_of(engine, where.engine)
    made = Worker(
        url, where, name=name or socket.gethostname(), slots=slots, allow_commands=allow_commands, notice=notice
    )
    anyio.run(serve, made, notice)
    return 0


def workers(*, engine: str | None = None, json_: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """List the workers of a database, and what waits for them. Exit code 1 if rows wait and no worker is awake.

    Parameters
    ----------
    engine
        The database, postgres://USER@HOST/DATABASE; SETPOINT_ENGINE by default.
    json_
        Print JSON.
    """
    from setpoint.durable.listing import list_workers  # noqa: PLC0415 - most have no workers

    where = settings()
    found = anyio.run(list_workers, engine_of(engine, where.engine))
    if json_:
        rows = [{field: getattr(one, field) for field in one.__slots__} for one in found.workers]
        sys.stdout.write(
            json.dumps({"waiting": found.waiting, "running": found.running, "workers": rows}, indent=2) + "\n"
        )
    else:
        _print(found.workers, found.waiting, found.running)
    return 1 if found.waiting and not any(one.awake for one in found.workers) else 0


def _print(found: "Sequence[Listed]", waiting: int, running: int) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("worker", "state", "busy", "host", "process", "version"):
        table.add_column(heading)
    for one in found:
        state = "awake" if one.awake else f"silent for {one.silent:.0f} s"
        table.add_row(one.name, state, f"{one.busy} of {one.slots}", one.host, str(one.pid), one.version)
    out = Console(highlight=False, markup=False)
    out.print(table if found else "no worker is known")
    out.print(f"{running} running, {waiting} waiting")
