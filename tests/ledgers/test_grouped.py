"""Appends of many runs, stored together: durable before they return, and each answers for itself."""

import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import pytest

from setpoint.core.event import Cancelled, Opened, Recorded
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import LedgerConflict, LedgerError
from setpoint.ledgers import SqliteLedger

pytestmark = pytest.mark.anyio

SPEC = Spec(brief="A haiku.", criteria=(Criterion(name="short", says="Short."),))
OPENED = Opened(spec=SPEC, budget=Budget(), policy=Policy(), models=(), title="haiku")


async def open_all(ledger: SqliteLedger, number: int) -> list[Recorded | LedgerError | None]:
    """Append to so many runs at once; gives what came of each."""
    found: list[Recorded | LedgerError | None] = [None] * number

    async def one(place: int) -> None:
        try:
            found[place] = await ledger.append(f"r{place}", 0, SPEC.digest, OPENED)
        except LedgerError as error:
            found[place] = error

    async with anyio.create_task_group() as tasks:
        for place in range(number):
            tasks.start_soon(one, place)
    return found


async def test_a_thousand_appends_at_once_are_stored_in_few_transactions(tmp_path: Path) -> None:
    """One wait for the disk serves many."""
    async with SqliteLedger(tmp_path / "l.sqlite") as ledger:
        await ledger.append("first", 0, SPEC.digest, OPENED)
        commits: list[str] = []
        count = lambda said: commits.append(said) if said == "COMMIT" else None  # noqa: E731
        ledger._submit(lambda connection: connection.set_trace_callback(count)).result()
        found = await open_all(ledger, 1_000)
        assert all(isinstance(one, Recorded) and one.run == f"r{place}" for place, one in enumerate(found))
        assert len(await ledger.runs()) == 1_001
        assert len(commits) <= 100


async def test_an_append_that_cannot_be_stored_fails_alone(tmp_path: Path) -> None:
    """Its neighbours in the transaction are stored all the same."""
    async with SqliteLedger(tmp_path / "l.sqlite") as ledger:
        for taken in (3, 11):
            await ledger.append(f"r{taken}", 0, SPEC.digest, OPENED)
        found = await open_all(ledger, 20)
        assert [place for place, one in enumerate(found) if isinstance(one, LedgerConflict)] == [3, 11]
        assert len(await ledger.runs()) == 20


async def test_when_the_disk_is_full_every_append_hears_of_it_and_nothing_is_half_stored(tmp_path: Path) -> None:
    """And when there is room again, the same appends succeed."""
    async with SqliteLedger(tmp_path / "l.sqlite") as ledger:
        await ledger.append("first", 0, SPEC.digest, OPENED)
        pages = ledger._submit(lambda c: c.execute("PRAGMA page_count").fetchone()[0]).result()
        ledger._submit(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 3}").fetchone()).result()
        found = await open_all(ledger, 60)
        failed = [one for one in found if isinstance(one, LedgerError)]
        assert failed
        assert all("the disk is full" in str(one) for one in failed)
        assert len(await ledger.runs()) == 1 + 60 - len(failed)
        ledger._submit(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchone()).result()
        again = await open_all(ledger, 60)
        assert sum(isinstance(one, Recorded) for one in again) == len(failed)


async def test_a_cancelled_task_waits_for_its_append_and_then_ends(tmp_path: Path) -> None:
    """What was handed over is stored, and the run knows it when the cancellation goes on."""
    async with SqliteLedger(tmp_path / "l.sqlite") as ledger:
        await ledger.append("r", 0, SPEC.digest, OPENED)
        other = sqlite3.connect(tmp_path / "l.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # the append has to wait for this process
        with anyio.move_on_after(0.1) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ledger.append, "r", 1, SPEC.digest, Cancelled(why="enough"))
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.2)
                    other.execute("COMMIT")
        other.close()
        assert scope.cancelled_caught
        assert len(await ledger.replay("r")) == 2


def test_what_has_returned_is_there_after_a_kill(tmp_path: Path) -> None:
    """A process that is killed right after appends returned has lost none of them."""
    code = textwrap.dedent(f"""
        import asyncio, os, signal
        from pathlib import Path
        from setpoint.core.event import Opened
        from setpoint.core.policy import Policy
        from setpoint.core.spec import Budget, Criterion, Spec
        from setpoint.ledgers import SqliteLedger
        spec = Spec(brief="A haiku.", criteria=(Criterion(name="short", says="Short."),))
        opened = Opened(spec=spec, budget=Budget(), policy=Policy(), models=(), title="haiku")
        ledger, done = SqliteLedger(Path({str(tmp_path / "l.sqlite")!r})), 0
        async def one(n):
            global done
            await ledger.append(f"r{{n}}", 0, spec.digest, opened)
            done += 1
            if done == 50:
                os.write(1, b"fifty")
                os.kill(os.getpid(), signal.SIGKILL)
        async def main():
            await asyncio.gather(*(one(n) for n in range(200)))
        asyncio.run(main())
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "fifty", done.stderr
    connection = sqlite3.connect(tmp_path / "l.sqlite")
    assert connection.execute("SELECT count(*) FROM events").fetchone()[0] >= 50
    connection.close()
