"""The SQLite ledger in bad weather: locks, full disks, damage, kills, other processes, cancelled tasks."""

import asyncio
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import anyio
import pytest

from setpoint.core.event import Cancelled, Opened
from setpoint.core.fold import fold
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import LedgerConflict, LedgerError
from setpoint.ledgers import SqliteLedger
from setpoint.ledgers.schema import APPLICATION_ID, MIGRATIONS, migrate

SPEC = Spec(brief="A haiku.", criteria=(Criterion(name="short", says="Short."),))
OPENED = Opened(spec=SPEC, budget=Budget(), policy=Policy(), models=(), title="haiku")


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    """The permission bits of each file in a folder."""
    return {file.name: mode(file) for file in folder.iterdir()}


def output_of(program: str, *args: object) -> str:
    """What a program prints that runs in a process of its own."""
    words = [sys.executable, "-c", program, *map(str, args)]
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def start(program: str, *args: object) -> "subprocess.Popen[str]":
    """A process that can be talked to."""
    words = [sys.executable, "-c", program, *map(str, args)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(process: "subprocess.Popen[str]", line: str = "go") -> None:
    """Send one line to the process."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    """The next line that the process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def fill(path: Path, events: int = 3) -> None:
    """A ledger with one run."""
    async with SqliteLedger(path) as ledger:
        await ledger.append("r", 0, "d", OPENED)
        for seq in range(1, events):
            await ledger.append("r", seq, "d", Cancelled(why=str(seq)))


async def whys(path: Path, run: str = "r") -> list[str]:
    """What the events after the first say."""
    async with SqliteLedger(path) as ledger:
        return [r.event.why for r in await ledger.replay(run) if isinstance(r.event, Cancelled)]


# Who may read it


async def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    """Drafts and sources are private, side files included; folders that were missing are private too."""
    path = tmp_path / "a" / "b" / "ledger.db"
    async with SqliteLedger(path) as ledger:
        await ledger.append("r", 0, "d", OPENED)
        files = modes(path.parent)
    assert files == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}
    assert [mode(folder) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """A ledger copied with loose permissions is tightened when it is opened."""
    path = tmp_path / "ledger.db"
    await fill(path)
    path.chmod(0o644)
    async with SqliteLedger(path) as ledger:
        await ledger.append("r", 3, "d", Cancelled(why="more"))
        assert set(modes(tmp_path).values()) == {0o600}


def test_making_a_ledger_object_touches_nothing(tmp_path: Path) -> None:
    """The file is made on first use, so that a command that needs none leaves none."""
    SqliteLedger(tmp_path / "ledger.db")
    assert list(tmp_path.iterdir()) == []


async def test_commits_reach_the_disk_before_append_returns(tmp_path: Path) -> None:
    """Write-ahead log with full synchronisation: a power cut after `append` loses nothing."""
    path = tmp_path / "ledger.db"
    async with SqliteLedger(path) as ledger:
        await ledger.append("r", 0, "d", OPENED)
        settings = [
            ledger._submit(lambda c, n=name: c.execute(f"PRAGMA {n}").fetchone()[0]).result()
            for name in ("journal_mode", "synchronous")
        ]
    assert settings == ["wal", 2]


# Append-only


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = '{}'",
        "UPDATE events SET run = 'other' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
        "REPLACE INTO events (run, seq, at, digest, kind, body) VALUES ('r', 1, 0, 'd', 'x', '{}')",
        "INSERT OR REPLACE INTO events (run, seq, at, digest, kind, body) VALUES ('r', 0, 0, 'd', 'x', '{}')",
        "INSERT INTO events (run, seq, at, digest, kind, body) VALUES ('r', 9, 0, 'd', 'x', '{}')",
    ],
)
async def test_stored_events_cannot_be_changed_even_by_hand(tmp_path: Path, statement: str) -> None:
    """The file itself refuses to alter, remove, replace or skip events, whoever asks."""
    path = tmp_path / "ledger.db"
    await fill(path)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append"):
        connection.execute(statement)
    connection.close()
    assert await whys(path) == ["1", "2"]


# Locks, full disks, damage


async def test_a_ledger_locked_by_another_process_says_so(tmp_path: Path) -> None:
    """After the wait the error names the cause, and nothing was stored; when the lock is gone, work goes on."""
    path = tmp_path / "ledger.db"
    await fill(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with SqliteLedger(path, patience=0.1) as ledger:
        with pytest.raises(LedgerError, match="locked by another process") as caught:
            await ledger.append("r", 3, "d", Cancelled(why="3"))
        assert not isinstance(caught.value, LedgerConflict)
        assert len(await ledger.replay("r")) == 3, "reading needs no lock"
        other.execute("ROLLBACK")
        other.close()
        await ledger.append("r", 3, "d", Cancelled(why="3"))
    assert await whys(path) == ["1", "2", "3"]


async def test_a_short_lock_is_waited_for(tmp_path: Path) -> None:
    """Another process that is about to finish is no reason to fail."""
    path = tmp_path / "ledger.db"
    await fill(path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.rollback)
    timer.start()
    async with SqliteLedger(path, patience=10) as ledger:
        await ledger.append("r", 3, "d", Cancelled(why="3"))
    timer.join()
    other.close()
    assert await whys(path) == ["1", "2", "3"]


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_another_process_in_the_way_of_opening_is_waited_for(tmp_path: Path, begin: str) -> None:
    """While another process writes, the write-ahead log cannot be turned on: opening waits, and not for ever."""
    path = tmp_path / "ledger.db"
    await fill(path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute(begin)
    async with SqliteLedger(path, patience=0.05) as ledger:
        with pytest.raises(LedgerError, match="locked by another process"):
            await ledger.runs()
    timer = threading.Timer(0.3, other.rollback)
    timer.start()
    async with SqliteLedger(path, patience=10) as ledger:
        assert len(await ledger.runs()) == 1
    timer.join()
    other.close()


async def test_a_full_disk_stores_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    """SQLite's own limit stands in for the disk's: the error is the same. Afterwards the run goes on."""
    path = tmp_path / "ledger.db"
    async with SqliteLedger(path) as ledger:
        await ledger.append("r", 0, "d", OPENED)
        ledger._submit(lambda c: c.execute("PRAGMA max_page_count = 1").fetchall()).result()
        with pytest.raises(LedgerError, match="disk is full; free some space"):
            await ledger.append("r", 1, "d", Cancelled(why="x" * 100_000))
        ledger._submit(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchall()).result()
        await ledger.append("r", 1, "d", Cancelled(why="1"))
    assert await whys(path) == ["1"]


async def test_a_write_that_the_system_refuses_is_reported_as_such(tmp_path: Path) -> None:
    """In a process that may write no file above 96 kB the ledger fails in words; what was acknowledged stays."""
    path = tmp_path / "ledger.db"
    program = textwrap.dedent("""
        import asyncio, resource, sys
        from pathlib import Path
        from setpoint.core.event import Cancelled
        from setpoint.errors import LedgerError
        from setpoint.ledgers import SqliteLedger

        async def main():
            async with SqliteLedger(Path(sys.argv[1])) as ledger:
                await ledger.append("r", 0, "d", Cancelled(why="small"))
                resource.setrlimit(resource.RLIMIT_FSIZE, (96_000, resource.RLIM_INFINITY))
                try:
                    await ledger.append("r", 1, "d", Cancelled(why="x" * 400_000))
                except LedgerError as error:
                    print(error)
                await ledger.append("r", 1, "d", Cancelled(why="small again"))

        asyncio.run(main())
    """)
    assert "the disk could not be read or written; it may be full" in output_of(program, path)
    assert await whys(path) == ["small", "small again"]


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Naming the wrong file must not cost the user that file."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary " * 100)
    path.chmod(0o644)
    with pytest.raises(LedgerError, match=r"notes\.txt.*not a ledger"):
        await fill(path)
    assert path.read_text() == "dear diary " * 100
    assert mode(path) == 0o644


async def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """An SQLite file is not enough: it must be a ledger."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"other\.db.*not a ledger"):
        await fill(path)
    assert path.read_bytes() == before


async def test_a_damaged_page_is_an_error_not_an_empty_run(tmp_path: Path) -> None:
    """A file hit in the middle is reported as damaged."""
    path = tmp_path / "ledger.db"
    await fill(path, events=200)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xaa" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="damaged"):
        await whys(path)


async def test_a_row_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """An event of unknown form is reported with its run and number, and never skipped."""
    path = tmp_path / "ledger.db"
    await fill(path)
    connection = sqlite3.connect(path)
    columns = "run, seq, at, digest, kind, body"
    connection.execute(f"INSERT INTO events ({columns}) VALUES ('r', 3, 0, 'd', 'odd', '{{\"v\": 1}}')")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError, match=r"ledger\.db: run r, event 3: not an event"):
        await whys(path)


async def test_a_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    """The operating system's refusals are errors of the ledger, too."""
    with pytest.raises(LedgerError, match="Is a directory"):
        await fill(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"Not a directory|File exists"):
        await fill(tmp_path / "file" / "ledger.db")


async def test_a_closed_ledger_refuses_work(tmp_path: Path) -> None:
    """Closing twice is harmless; using it afterwards is an error, not a hang."""
    ledger = SqliteLedger(tmp_path / "ledger.db")
    await ledger.append("r", 0, "d", OPENED)
    await ledger.close()
    await ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        await ledger.append("r", 1, "d", OPENED)


# Migrations


@pytest.mark.parametrize("steps", range(len(MIGRATIONS) + 1))
async def test_a_ledger_of_any_older_version_is_brought_up_to_date(tmp_path: Path, steps: int) -> None:
    """Whatever steps a file has seen, opening it takes the rest and keeps what it holds."""
    path = tmp_path / "ledger.db"
    old = sqlite3.connect(path, isolation_level=None)
    migrate(old, time.time, MIGRATIONS[:steps])
    held = 0
    if steps:
        body = '{"v":1,"event":{"kind":"cancelled","why":"old"}}'
        old.execute(
            "INSERT INTO events (run, seq, at, digest, kind, body) VALUES ('r', 0, 5.0, 'd', 'cancelled', ?)", (body,)
        )
        held = 1
    old.close()
    async with SqliteLedger(path) as ledger:
        await ledger.append("r", held, "d", Cancelled(why="new"))
    assert await whys(path) == ["old", "new"][1 - held :]


FILES = Path(__file__).parent / "samples" / "files"


@pytest.mark.parametrize("file", sorted(FILES.iterdir()), ids=lambda file: file.stem)
async def test_a_file_that_an_older_setpoint_wrote_is_read_listed_and_goes_on(tmp_path: Path, file: Path) -> None:
    """Files made by the code of their time: named by their last step and the form of their events."""
    path = Path(shutil.copy(file, tmp_path / "ledger.db"))
    async with SqliteLedger(path, clock=lambda: 1_770_000_000.0) as ledger:
        listed = {info.run: info for info in await ledger.runs()}
        assert {run: (info.events, info.outcome, info.tokens, info.money) for run, info in listed.items()} == {
            "accepted": (5, "accepted", 120, 0.01),
            "failing": (6, "machinery", 0, 0.0),
            "opened": (1, "", 0, 0.0),
            "in-flight": (2, "", 0, 0.0),
        }
        for run, info in listed.items():
            events = await ledger.replay(run)
            assert (events[0].at, events[-1].at, events[-1].digest) == (info.started, info.touched, info.digest)
            assert fold(events).opened.title == info.title
        await ledger.append("in-flight", 2, "d", Cancelled(why="enough"))
        assert (await ledger.runs())[0].run == "in-flight"
        assert list(await ledger.delete({"accepted": 5, "opened": 1})) == ["accepted"]


def test_there_is_a_stored_file_of_each_older_schema() -> None:
    """Whoever appends a step stores a file of the schema before it."""
    stored = {int(file.name.split("-")[0]) for file in FILES.iterdir()}
    assert stored >= set(range(1, len(MIGRATIONS)))


def test_steps_run_once_in_order_and_are_remembered_by_name() -> None:
    """A file knows which steps it has seen."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    seen: list[str] = []

    def add_notes(c: sqlite3.Connection) -> None:
        seen.append("notes")
        c.execute("CREATE TABLE notes (run TEXT)")

    migrate(connection, lambda: 7.0)
    for _ in range(2):
        migrate(connection, lambda: 8.0, (*MIGRATIONS, add_notes))
    assert seen == ["notes"]
    rows = connection.execute("SELECT name, at FROM migrations ORDER BY rowid").fetchall()
    assert rows == [*((step.__name__, 7.0) for step in MIGRATIONS), ("add_notes", 8.0)]
    connection.close()


def test_a_step_that_fails_leaves_the_file_as_it_was() -> None:
    """Half a migration is never stored."""
    connection = sqlite3.connect(":memory:", isolation_level=None)

    def broken(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE half (run TEXT)")
        c.execute("SELECT nothing FROM nowhere")

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, time.time, (*MIGRATIONS, broken))
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert connection.execute("PRAGMA application_id").fetchone() == (0,)
    connection.close()


async def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """An older Setpoint does not write into a file it does not understand."""
    path = tmp_path / "ledger.db"

    def from_the_future(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE wonders (run TEXT)")

    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, time.time, (*MIGRATIONS, from_the_future))
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()
    with pytest.raises(LedgerError, match="written by a newer Setpoint"):
        await fill(path)


# Cancelled tasks


async def test_a_cancelled_append_is_stored_and_the_cancellation_goes_on(tmp_path: Path) -> None:
    """Ctrl-C while an event is being stored: the event is there, and the task is cancelled."""
    path = tmp_path / "ledger.db"
    await fill(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # so that the append is certainly under way when it is cancelled
    async with SqliteLedger(path, patience=10) as ledger:
        task = asyncio.create_task(ledger.append("r", 3, "d", Cancelled(why="paid for")))
        for _ in range(2):  # an impatient user
            await asyncio.sleep(0.1)
            task.cancel()
        assert not task.done(), "it waits until the event is stored"
        other.rollback()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await ledger.replay("r")) == 4
    other.close()
    assert (await whys(path))[-1] == "paid for"


async def test_a_scope_that_times_out_does_not_cut_an_append(tmp_path: Path) -> None:
    """Cancellation by an anyio scope is held back in the same way."""
    path = tmp_path / "ledger.db"
    await fill(path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.rollback)
    timer.start()
    async with SqliteLedger(path, patience=10) as ledger:
        with anyio.move_on_after(0.05):
            await ledger.append("r", 3, "d", Cancelled(why="paid for"))
        assert len(await ledger.replay("r")) == 4
    timer.join()
    other.close()


async def test_a_cancelled_reader_does_no_harm(tmp_path: Path) -> None:
    """Giving up on a replay leaves the ledger usable."""
    path = tmp_path / "ledger.db"
    await fill(path, events=50)
    async with SqliteLedger(path) as ledger:
        task = asyncio.create_task(ledger.replay("r"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await ledger.replay("r")) == 50


# Other processes

WRITER = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from setpoint.core.event import Cancelled
    from setpoint.errors import LedgerConflict
    from setpoint.ledgers import SqliteLedger

    async def main(path, run, name, start, forever):
        ledger = SqliteLedger(Path(path))
        held = len(await ledger.replay(run))
        print("ready", flush=True)
        while forever or sys.stdin.readline().strip():
            try:
                await ledger.append(run, held, "d", Cancelled(why=f"{name}-{held}"))
                print("stored", held, flush=True)
            except LedgerConflict:
                print("conflict", held, flush=True)
            held += 1
        await ledger.close()

    asyncio.run(main(sys.argv[1], "r", sys.argv[2], 1, sys.argv[3] == "forever"))
""")


def writer(path: Path, name: str, how: str) -> "subprocess.Popen[str]":
    """Another process that appends to run ``r``; it says what became of each try."""
    process = start(WRITER, path, name, how)
    assert hear(process) == "ready"
    return process


async def test_of_two_processes_at_one_place_exactly_one_wins(tmp_path: Path) -> None:
    """Two processes that take up the same run: in each round one stores and the other is told."""
    path = tmp_path / "ledger.db"
    await fill(path, events=1)
    rounds = 25
    pair = [writer(path, name, "asked") for name in ("a", "b")]
    for number in range(1, rounds + 1):
        for process in pair:
            tell(process)
        assert {hear(process) for process in pair} == {f"stored {number}", f"conflict {number}"}
    for process in pair:
        process.communicate("\n", timeout=30)
    stored = await whys(path)
    assert [why.split("-")[1] for why in stored] == [str(number + 1) for number in range(rounds)]


def test_several_processes_can_make_the_same_ledger_at_once(tmp_path: Path) -> None:
    """Starting some runs at the same moment on a fresh machine works; tried some times, because it is a race."""
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from setpoint.core.event import Cancelled
        from setpoint.errors import LedgerError
        from setpoint.ledgers import SqliteLedger

        async def main(path):
            async with SqliteLedger(Path(path)) as ledger:
                await ledger.append(sys.argv[1], 0, "d", Cancelled(why="x"))
                return "stored"

        for line in sys.stdin:
            try:
                print(asyncio.run(main(line.strip())), flush=True)
            except LedgerError as error:
                print(error, flush=True)
    """)
    several = [start(program, f"run-{number}") for number in range(5)]
    for attempt in range(10):
        for process in several:
            tell(process, str(tmp_path / str(attempt) / "ledger.db"))
        assert [hear(process) for process in several] == ["stored"] * len(several)
    for process in several:
        process.communicate(timeout=30)


@pytest.mark.parametrize("after", [1, 4, 9])
async def test_a_killed_process_leaves_every_event_it_had_stored(tmp_path: Path, after: int) -> None:
    """Kill -9 in the middle of appending: what was acknowledged is there, in order and readable, and work goes on."""
    path = tmp_path / "ledger.db"
    await fill(path, events=1)
    process = writer(path, "a", "forever")
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline().split()[1]) for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    acknowledged += [int(line.split()[1]) for line in process.stdout.read().splitlines() if line.startswith("stored ")]
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()
    async with SqliteLedger(path) as ledger:
        events = await ledger.replay("r")
        assert [recorded.seq for recorded in events] == list(range(len(events)))
        assert len(events) - 1 >= max(acknowledged)
        await ledger.append("r", len(events), "d", Cancelled(why="onwards"))
