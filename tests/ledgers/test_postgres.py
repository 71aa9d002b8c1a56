"""The PostgreSQL ledger in bad weather: two holders, lost lines, a server that restarts, odd databases."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import psycopg
import pytest

from databases import new_database
from ledgers.line import Line, When
from setpoint.core.event import Cancelled, Drafted, Opened, Recorded, Resumed, Stopped
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import ConfigError, LedgerConflict, LedgerError, RunNotFound
from setpoint.ledgers import PostgresLedger
from setpoint.ledgers.database import Connection, shown
from setpoint.ledgers.postgres_schema import LEDGER, migrate, prepare
from setpoint.testing.database import DatabaseServer, NoDatabase

SPEC = Spec(brief="A haiku.", criteria=(Criterion(name="short", says="Short."),))
OPENED = Opened(spec=SPEC, budget=Budget(), policy=Policy(), models=(), title="haiku")


@pytest.fixture
def url() -> str:
    """An empty database."""
    return new_database()


@pytest.fixture
def server() -> Iterator[DatabaseServer]:
    """A server of one's own, to be stopped and started."""
    try:
        with DatabaseServer() as started:
            yield started
    except NoDatabase as error:
        pytest.skip(f"no PostgreSQL: {error}")


async def fill(ledger: PostgresLedger, events: int = 3) -> None:
    """One run."""
    await ledger.append("r", 0, "d", OPENED)
    for seq in range(1, events):
        await ledger.append("r", seq, "d", Cancelled(why=str(seq)))


async def whys(ledger: PostgresLedger, run: str = "r") -> list[str]:
    """What the events after the first say."""
    return [r.event.why for r in await ledger.replay(run) if isinstance(r.event, Cancelled)]


async def until(true: Callable[[], bool]) -> None:
    """Wait until something has happened, and not for ever."""
    with anyio.fail_after(20):
        while not true():  # noqa: ASYNC110 - what is waited for happens in the thing under test
            await asyncio.sleep(0.002)


# One holder per run


async def test_whoever_was_replaced_cannot_write_any_more(url: str) -> None:
    """A worker whose run was taken over gets a conflict that names the new holder, however it knows the run's length."""
    async with PostgresLedger(url, holder="old") as old, PostgresLedger(url, holder="new") as new:
        await fill(old)
        await new.take("r")
        with pytest.raises(LedgerConflict, match="run r was taken over by new"):
            await old.append("r", 3, "d", Cancelled(why="late"))
        await new.append("r", 3, "d", Cancelled(why="3"))
        with pytest.raises(LedgerConflict, match="was taken over by new"):
            await old.append("r", 4, "d", Cancelled(why="late"))
        assert await whys(new) == ["1", "2", "3"]


async def test_whoever_was_replaced_may_write_after_taking_the_run_back(url: str) -> None:
    """Taking up is explicit, and gives a higher epoch each time."""
    async with PostgresLedger(url) as one, PostgresLedger(url) as other:
        await fill(one)
        epochs = [await other.take("r"), await one.take("r"), await other.take("r")]
        assert epochs == [2, 3, 4]
        await one.take("r")
        await one.append("r", 3, "d", Cancelled(why="3"))


async def test_the_first_append_of_another_ledger_object_takes_the_run(url: str) -> None:
    """Who resumes or cancels by hand, on another machine, replaces the worker."""
    async with PostgresLedger(url) as worker, PostgresLedger(url) as person:
        await fill(worker)
        await person.append("r", 3, "d", Resumed())
        with pytest.raises(LedgerConflict, match="4 events are stored where 3 were expected"):
            await worker.append("r", 3, "d", Cancelled(why="late"))
        with pytest.raises(LedgerConflict, match="taken over by"):
            await worker.append("r", 4, "d", Cancelled(why="late"))


async def test_who_cancels_a_run_does_not_become_its_writer(url: str) -> None:
    """The worker learns of it by a conflict, and may then store what it had paid for."""
    async with PostgresLedger(url) as worker, PostgresLedger(url) as person:
        await fill(worker)
        await person.append("r", 3, "d", Cancelled(why="stop"))
        await person.append("r", 4, "d", Stopped(outcome="cancelled", rule="cancelled", reason="stop", best=None))
        with pytest.raises(LedgerConflict, match="5 events are stored where 3 were expected"):
            await worker.append("r", 3, "d", Drafted(call=1, text="paid for", origin="first"))
        await worker.append("r", 5, "d", Drafted(call=1, text="paid for", origin="first"))
        assert (await person.runs())[0].outcome == "cancelled"


async def test_taking_a_run_that_is_not_there_is_an_error(url: str) -> None:
    """It is named, as for every other command."""
    async with PostgresLedger(url) as ledger:
        with pytest.raises(RunNotFound, match="'nobody'"):
            await ledger.take("nobody")


# The line is cut


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("seq", [0, 3])
async def test_an_append_whose_line_is_cut_is_stored_exactly_once(url: str, when: When, seq: int) -> None:
    """Whether the request or the answer was lost, the event is there once, and the run goes on."""
    port = int(re.findall(r":(\d+)/", url)[0])
    async with Line(port) as line, PostgresLedger(url.replace(str(port), str(line.port))) as ledger:
        await ledger.runs()
        if seq:
            await fill(ledger, seq)
        line.cut(when, b"setpoint.events")
        event = OPENED if seq == 0 else Cancelled(why="3")
        recorded = await ledger.append("r", seq, "d", event)
        assert line.cuts == 1
        await ledger.append("r", seq + 1, "d", Cancelled(why="on"))
        events = await ledger.replay("r")
    assert [e.seq for e in events] == list(range(seq + 2))
    assert events[seq] == recorded


async def test_a_repeated_append_does_not_take_anothers_event_for_its_own(url: str) -> None:
    """If the line is cut and another writer is quicker, that is a conflict."""
    port = int(re.findall(r":(\d+)/", url)[0])
    async with Line(port) as line, PostgresLedger(url.replace(str(port), str(line.port))) as ledger:
        await fill(ledger)
        async with PostgresLedger(url) as other:
            line.cut("before", b"INSERT INTO setpoint.events")
            late = asyncio.create_task(ledger.append("r", 3, "d", Cancelled(why="same")))
            await until(lambda: line.cuts > 0)
            await other.append("r", 3, "d", Cancelled(why="same"))
            with pytest.raises(LedgerConflict):
                await late


@pytest.mark.parametrize("crash", [False, True])
async def test_a_server_that_restarts_loses_nothing_and_doubles_nothing(server: DatabaseServer, *, crash: bool) -> None:
    """Appends before, during and after a restart, orderly or not, are all there, in order and once."""
    async with PostgresLedger(server.new()) as ledger:
        await ledger.append("r", 0, "d", OPENED)
        stored: list[Recorded] = []

        async def write() -> None:
            for seq in range(1, 120):
                stored.append(await ledger.append("r", seq, "d", Cancelled(why=str(seq))))  # noqa: PERF401 - it is watched

        writing = asyncio.create_task(write())
        await until(lambda: len(stored) >= 20)
        await asyncio.to_thread(server.stop, crash=crash)
        await asyncio.sleep(0.3)
        assert not writing.done(), "it waits for the server"
        await asyncio.to_thread(server.start)
        await asyncio.wait_for(writing, 30)
        assert await whys(ledger) == [str(seq) for seq in range(1, 120)]


async def test_a_server_that_stays_away_is_an_error_in_words(server: DatabaseServer) -> None:
    """After the patience that was asked for; and the ledger works again when the server does."""
    async with PostgresLedger(server.new(), patience=1.0) as ledger:
        await fill(ledger)
        server.stop()
        began = time.monotonic()
        with pytest.raises(LedgerError, match=r"cannot be reached.*see that it runs") as caught:
            await ledger.append("r", 3, "d", Cancelled(why="3"))
        assert not isinstance(caught.value, LedgerConflict)
        assert time.monotonic() - began < 20
        server.start()
        await ledger.append("r", 3, "d", Cancelled(why="3"))
        assert await whys(ledger) == ["1", "2", "3"]


async def test_a_wrong_address_fails_soon_and_says_which(url: str) -> None:
    """Nobody waits a minute for a typing error."""
    port = re.findall(r":(\d+)/", url)[0]
    async with PostgresLedger(url.replace(f":{port}/", ":1/")) as ledger:
        with pytest.raises(LedgerError, match=r"postgres://setpoint@127\.0\.0\.1:1/.*cannot be reached"):
            await ledger.runs()
    async with PostgresLedger(re.sub(r"/\w+$", "/nowhere", url)) as ledger:
        with pytest.raises(LedgerError, match="no such database; make it with createdb"):
            await ledger.runs()


def test_no_error_shows_the_password() -> None:
    """Addresses are shown without it, whichever way it was written."""
    assert shown("postgres://me:s3cret@host:5/db?password=s3cret") == "postgres://me@host:5/db"
    with pytest.raises(ConfigError) as caught:
        shown("postgres://me:s3cret@host:port/db?odd=s3cret")
    assert "s3cret" not in str(caught.value)


async def test_a_refused_password_is_not_shown(url: str) -> None:
    """Nor is it when the server refuses the connection."""
    async with PostgresLedger(url.replace("setpoint@", "nobody:s3cret@")) as ledger:
        with pytest.raises(LedgerError) as caught:
            await ledger.runs()
    assert "s3cret" not in f"{caught.value!r}{caught.value.__cause__!r}"


async def test_a_clock_that_jumps_back_does_not_disturb_the_order() -> None:
    """Events are ordered by number; their stamps are what the clock said."""
    times = iter([1000.0, 1001.0, 400.0, 401.0])
    async with PostgresLedger(new_database(), clock=lambda: next(times)) as ledger:
        await fill(ledger, 4)
        events = await ledger.replay("r")
    assert [(e.seq, e.at) for e in events] == [(0, 1000.0), (1, 1001.0), (2, 400.0), (3, 401.0)]


async def test_a_cancelled_append_is_stored_and_the_cancellation_goes_on(url: str) -> None:
    """Ctrl-C while an event is being stored: the event is there, and the task is cancelled."""
    async with PostgresLedger(url) as ledger, PostgresLedger(url) as other:
        await fill(ledger)
        async with await psycopg.AsyncConnection.connect(url) as lock:
            await lock.execute("SELECT 1 FROM setpoint.runs WHERE run = 'r' FOR UPDATE")
            task = asyncio.create_task(ledger.append("r", 3, "d", Cancelled(why="paid for")))
            for _ in range(2):  # an impatient user
                await asyncio.sleep(0.1)
                task.cancel()
            assert not task.done(), "it waits until the event is stored"
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await whys(other))[-1] == "paid for"


async def test_a_scope_that_times_out_does_not_cut_an_append(url: str) -> None:
    """Cancellation by an anyio scope is held back in the same way."""
    async with PostgresLedger(url) as ledger:
        await fill(ledger)
        with anyio.move_on_after(0):
            await ledger.append("r", 3, "d", Cancelled(why="3"))
        assert await whys(ledger) == ["1", "2", "3"]


async def test_a_closed_ledger_refuses_work(url: str) -> None:
    """Closing twice is harmless; using it afterwards is an error, not a hang."""
    ledger = PostgresLedger(url)
    await ledger.append("r", 0, "d", OPENED)
    await ledger.close()
    await ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        await ledger.append("r", 1, "d", OPENED)


# Append-only, and versions


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE setpoint.events SET body = '{}'",
        "DELETE FROM setpoint.events WHERE seq = 2",
        "TRUNCATE setpoint.events",
        "INSERT INTO setpoint.events VALUES ('r', 9, 0, 'd', 'x', 'w', '{}')",
        "INSERT INTO setpoint.events VALUES ('r', 1, 0, 'd', 'x', 'w', '{}')",
    ],
)
async def test_stored_events_cannot_be_changed_even_by_hand(url: str, statement: str) -> None:
    """The database itself refuses to alter, remove, replace or skip events, whoever asks."""
    async with PostgresLedger(url) as ledger:
        await fill(ledger)
        async with await psycopg.AsyncConnection.connect(url) as connection:
            with pytest.raises(psycopg.IntegrityError, match="append"):
                await connection.execute(statement.encode())
        assert await whys(ledger) == ["1", "2"]


async def connected(url: str) -> Connection:
    """A plain connection."""
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


async def add_notes(connection: Connection) -> None:
    """A step that this version does not have."""
    await connection.execute("CREATE TABLE setpoint.notes (run text)")


async def test_steps_run_once_in_order_and_are_remembered_by_name(url: str) -> None:
    """A database knows which steps it has seen, for each part; two that are first at the same time do it once."""
    async with await connected(url) as one, await connected(url) as other:
        await asyncio.gather(prepare(one), prepare(other))
        for _ in range(2):
            await migrate(one, "ledger", (*LEDGER, add_notes))
        rows = await (await one.execute("SELECT part, name FROM setpoint.migrations ORDER BY number")).fetchall()
    assert rows == [*(("ledger", step.__name__) for step in LEDGER), ("ledger", "add_notes")]


async def test_a_step_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    """Half a migration is never stored."""

    async def broken(connection: Connection) -> None:
        await connection.execute("CREATE TABLE setpoint.half (run text)")
        await connection.execute("SELECT nothing FROM nowhere")

    async with await connected(url) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await migrate(connection, "ledger", (*LEDGER, broken))
        assert await (await connection.execute("SELECT to_regnamespace('setpoint')")).fetchone() == (None,)


async def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    """An older Setpoint does not write into tables it does not understand."""
    async with await connected(url) as connection:
        await migrate(connection, "ledger", (*LEDGER, add_notes))
    async with PostgresLedger(url) as ledger:
        with pytest.raises(LedgerError, match=r"postgres://.*written by a newer Setpoint"):
            await fill(ledger)


async def test_anothers_schema_is_refused_and_left_alone(url: str) -> None:
    """A schema that happens to have our name is not ours."""
    async with await connected(url) as connection:
        await connection.execute("CREATE SCHEMA setpoint")
        async with PostgresLedger(url) as ledger:
            with pytest.raises(LedgerError, match="schema named setpoint that is not a ledger"):
                await fill(ledger)
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'setpoint'"
        assert await (await connection.execute(tables.encode())).fetchone() == (0,)


async def test_a_row_that_cannot_be_read_is_named(url: str) -> None:
    """An event of unknown form is reported with its run and number, and never skipped."""
    async with PostgresLedger(url) as ledger:
        await fill(ledger)
        async with await connected(url) as connection:
            await connection.execute("INSERT INTO setpoint.events VALUES ('r', 3, 0, 'd', 'odd', 'w', '{\"v\": 1}')")
        with pytest.raises(LedgerError, match="run r, event 3: not an event"):
            await whys(ledger)


def test_the_database_is_imported_only_where_one_is_named(tmp_path: Path) -> None:
    """Without the extra everything else works, and naming a database says what to install."""
    import subprocess
    import sys

    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from setpoint.compose import open_ledger, settings\n"
        "import asyncio\n"
        "async def main():\n"
        "    async with open_ledger(settings(ledger=sys.argv[1])) as ledger: await ledger.runs()\n"
        "asyncio.run(main())"
    )
    run = [sys.executable, "-c", program]
    here = subprocess.run([*run, str(tmp_path / "l.db")], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert here.returncode == 0, here.stderr
    there = subprocess.run([*run, "postgres://h/d"], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert 'pip install "setpoint[durable]"' in there.stderr
