"""The user's ledger, and the runs in it by name."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from setpoint.compose.settings import Settings
from setpoint.errors import RunNotFound
from setpoint.ledgers import PostgresLedger, SqliteLedger
from setpoint.ports import Ledger, Selection

__all__ = ["find_run", "new_run_id", "open_existing", "open_ledger"]


def new_run_id() -> str:
    """A short name that sorts by day and is typed easily."""
    return f"{time.strftime('%y%m%d')}-{secrets.token_hex(3)}"


@asynccontextmanager
async def open_ledger(where: Settings) -> AsyncGenerator[Ledger]:
    """The user's ledger: a file, or a database.

    Raises:
        ConfigError: if the address of the database cannot be read.
        LedgerError: if it cannot be opened.
    """
    async with PostgresLedger(where.database) if where.database else SqliteLedger(where.ledger) as ledger:
        yield ledger


@asynccontextmanager
async def open_existing(where: Settings) -> AsyncGenerator[Ledger]:
    """The user's ledger for whoever only looks: a file that is not there is not made.

    Raises:
        RunNotFound: if there is no such file.
        ConfigError: if the address of the database cannot be read.
        LedgerError: if it cannot be opened.
    """
    if not where.database and not where.ledger.exists():
        raise RunNotFound(f"{where.ledger}: there is no ledger, so no run has been recorded yet; setpoint run makes it")
    async with open_ledger(where) as ledger:
        yield ledger


async def find_run(name: str, ledger: Ledger) -> str:
    """The id of a run by its name, a part of it that only one run has, or ``last``.

    Raises:
        RunNotFound: if none or several fit.
    """
    latest = [info.run for info in await ledger.runs(Selection(limit=1))]
    if name == "last" and latest:
        return latest[0]
    fitting = [info.run for info in await ledger.runs(Selection(part=name))] if name and latest else []
    if name in fitting:
        return name
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise RunNotFound(f"{name!r} fits {len(fitting)} runs: {', '.join(fitting[:5])}; name one of them in full")
    known = f"; the latest is {latest[0]}" if latest else "; no run has been recorded yet"
    raise RunNotFound(f"there is no run {name!r}{known} (setpoint runs lists them)")
