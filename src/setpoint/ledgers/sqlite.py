"""The ledger in one SQLite file, which is the default.

Rules of this module:
- One thread owns the connection; coroutines hand it their work and wait. So nothing blocks the event loop, nothing
  is done twice at a time, and the ledger may be used from one event loop after another.
- `append` is never cut in half: once handed over it is carried to its end, even if the task is cancelled meanwhile.
  The cancellation goes on afterwards.
- Every error of SQLite or of the file system leaves here as a `LedgerError` that says what to do.
"""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from setpoint.core.event import Event, Opened, Recorded, Stopped
from setpoint.errors import LedgerConflict, LedgerError, RunNotFound
from setpoint.ledgers.codec import decode, stored_form
from setpoint.ledgers.grouped import Append, Grouped
from setpoint.ledgers.schema import migrate, transaction
from setpoint.ledgers.selecting import usage_of, where
from setpoint.ledgers.waiting import to_the_end
from setpoint.ports import RunInfo, Selection

__all__ = ["SqliteLedger"]

T = TypeVar("T")

_ADVICE: Final = {
    sqlite3.SQLITE_BUSY: "it is locked by another process; wait until that one is done, or stop it, and try again",
    sqlite3.SQLITE_LOCKED: "it is locked by another process; wait until that one is done, or stop it, and try again",
    sqlite3.SQLITE_FULL: "the disk is full; free some space, or move the file and name it with --ledger FILE,"
    " then resume the run",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; keep a copy of it, and restore it from a backup or name another"
    " with --ledger FILE",
    sqlite3.SQLITE_NOTADB: "the file is not a ledger, or is damaged; name another with --ledger FILE",
    sqlite3.SQLITE_READONLY: "the file or its folder cannot be written to; change its permissions, or name another"
    " with --ledger FILE",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; look at the permissions of the file and its folder, or name"
    " another with --ledger FILE",
    sqlite3.SQLITE_IOERR: "the disk could not be read or written; it may be full or failing",
}

_COLUMNS: Final = "run, started, touched, events, digest, title, outcome, tokens, money"

_INCREMENTAL: Final = 2
"""The mode in which a file can be made smaller without being written anew."""

_STEP: Final = 1000
"""So many pages are given back at a time: in between other processes may write."""


class SqliteLedger:
    """A `setpoint.ports.Ledger` in an SQLite file; opened on first use, also as ``async with``.

    The file and its side files can be read and written by their owner only; folders that are missing are made.

    Args:
        path: the file.
        clock: gives the time in seconds since the epoch.
        patience: seconds to wait while another process holds the file.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, patience: float = 10.0) -> None:
        self.path = path
        self._clock = clock
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="setpoint-ledger")
        self._closed = False
        self._appends = Grouped(self._store, self._thread.submit)

    async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
        """Store one event; see `setpoint.ports.Ledger.append`.

        If the task is cancelled meanwhile, the event is stored all the same (or found to be impossible to store)
        before `asyncio.CancelledError` goes on.

        Raises:
            LedgerConflict: if the run does not hold exactly ``expected`` events.
            LedgerError: if nothing could be stored.
        """
        body, same = stored_form(event)  # what a resume will read
        self._require_open()
        return await self._appends.append(Append(run=run, expected=expected, digest=digest, event=same, body=body))

    async def replay(self, run: str) -> Sequence[Recorded]:
        """All events of a run in order.

        Raises:
            RunNotFound: if there is no such run.
            LedgerError: if they cannot be read.
        """

        def read(connection: sqlite3.Connection) -> list[tuple[int, float, str, str]]:
            query = "SELECT seq, at, digest, body FROM events WHERE run = ? ORDER BY seq"
            return connection.execute(query, (run,)).fetchall()

        rows = await asyncio.wrap_future(self._submit(read))
        if not rows:
            raise RunNotFound(f"there is no run {run!r} in {self.path}; `setpoint runs` lists those there are")
        return tuple(
            Recorded(run=run, seq=seq, at=at, digest=digest, event=self._decoded(run, seq, body))
            for seq, at, digest, body in rows
        )

    async def runs(self, which: Selection = Selection()) -> Sequence[RunInfo]:  # noqa: B008 - it is frozen
        """The runs of a selection, in its order.

        Raises:
            LedgerError: if they cannot be read.
        """
        terms, values = where(which)

        def read(connection: sqlite3.Connection) -> list[tuple[str, float, float, int, str, str, str, int, float]]:
            return connection.execute(f"SELECT {_COLUMNS} FROM runs{terms}", values).fetchall()  # noqa: S608 - no text of a user's is in it

        rows = await asyncio.wrap_future(self._submit(read))
        return tuple(
            RunInfo(
                run=run,
                started=started,
                touched=touched,
                events=events,
                digest=digest,
                title=title,
                outcome=outcome,
                tokens=tokens,
                money=money,
            )
            for run, started, touched, events, digest, title, outcome, tokens, money in rows
        )

    async def delete(self, runs: Mapping[str, int]) -> Sequence[str]:
        """Delete ended runs and make the file smaller; see `setpoint.ports.Ledger.delete`.

        Raises:
            LedgerError: if nothing could be deleted.
        """

        def go(connection: sqlite3.Connection) -> tuple[str, ...]:
            with transaction(connection):
                gone = tuple(run for run, held in runs.items() if _may_go(connection, run, held))
                for run in gone:
                    connection.execute("INSERT INTO leaving VALUES (?)", (run,))
                    connection.execute("DELETE FROM events WHERE run = ?", (run,))
                    connection.execute("DELETE FROM runs WHERE run = ?", (run,))
                connection.execute("DELETE FROM leaving")
            if gone:
                _shrink(connection)
            return gone

        return await to_the_end(asyncio.wrap_future(self._submit(go)))

    async def close(self) -> None:
        """Finish what was handed over and close the file; using the ledger afterwards is an error."""
        if self._closed:
            return
        self._closed = True

        def close() -> None:
            if self._connection is not None:
                self._connection.close()

        await to_the_end(asyncio.wrap_future(self._thread.submit(close)))
        self._thread.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _require_open(self) -> None:
        if self._closed:
            raise LedgerError(f"the ledger {self.path} has been closed")

    def _store(self, group: Sequence[Append]) -> None:
        """Store appends in one transaction, all or none; runs in the ledger's thread."""

        def store(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                for one in group:
                    recorded = Recorded(
                        run=one.run, seq=one.expected, at=self._clock(), digest=one.digest, event=one.event
                    )
                    _insert(connection, recorded, one.body)
                    one.recorded = recorded

        try:
            self._perform(store)
        except BaseException:
            for one in group:
                one.recorded = None  # rolled back
            raise

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        self._require_open()
        return self._thread.submit(self._perform, work)

    def _perform(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs in the ledger's thread."""
        try:
            if self._connection is None:
                self._connection = _open(self.path, self._patience, self._clock)
            return work(self._connection)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the code says where, not what
            raise LedgerError(f"the ledger {self.path}: {_ADVICE.get(code, str(error))}") from error
        except OSError as error:
            raise LedgerError(
                f"the ledger {self.path} cannot be opened: {error.strerror or error}; name another with --ledger FILE"
            ) from error

    def _decoded(self, run: str, seq: int, body: str) -> Event:
        try:
            return decode(body)
        except LedgerError as error:
            raise LedgerError(f"the ledger {self.path}: run {run}, event {seq}: {error}") from error


def _insert(connection: sqlite3.Connection, recorded: Recorded, body: str) -> None:
    run, event = recorded.run, recorded.event
    held = connection.execute("SELECT coalesce(max(seq) + 1, 0) FROM events WHERE run = ?", (run,)).fetchone()[0]
    if held != recorded.seq:
        raise LedgerConflict(
            f"run {run}: {held} events are stored where {recorded.seq} were expected; another process has taken the"
            " run up, so this one must let go of it"
        )
    title = event.title if isinstance(event, Opened) else None
    outcome = event.outcome if isinstance(event, Stopped) else None
    used = usage_of(event)
    connection.execute(
        "INSERT INTO events (run, seq, at, digest, kind, title, outcome, body, tokens, money)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run, recorded.seq, recorded.at, recorded.digest, event.kind, title, outcome, body, used.tokens, used.money),
    )


def _may_go(connection: sqlite3.Connection, run: str, held: int) -> bool:
    """Whether a run has ended and is as the caller knows it."""
    query = "SELECT 1 FROM runs WHERE run = ? AND events = ? AND outcome <> ''"
    return connection.execute(query, (run, held)).fetchone() is not None


def _shrink(connection: sqlite3.Connection) -> None:
    """Give free pages back to the file system, a few at a time.

    The runs are gone by now: a file that another process is busy with keeps its size, and uses the space again.
    """
    with contextlib.suppress(sqlite3.OperationalError):
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:  # a file of an older version
            connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            connection.execute("VACUUM")
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        while free:
            connection.execute(f"PRAGMA incremental_vacuum({_STEP})").fetchall()
            left = connection.execute("PRAGMA freelist_count").fetchone()[0]
            free = left if left < free else 0
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _open(path: Path, patience: float, clock: Callable[[], float]) -> sqlite3.Connection:
    for folder in (folder for folder in reversed(path.parents) if not folder.exists()):
        folder.mkdir(mode=0o700, exist_ok=True)
    # SQLite gives its side files the mode of the main file, so that one is made first.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        _prepare(connection, path, patience, clock)
    except BaseException as error:
        connection.close()
        if isinstance(error, LedgerError):
            raise LedgerError(f"the ledger {path}: {error}") from error
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, patience: float, clock: Callable[[], float]) -> None:
    """Make the file ours, or refuse before anything in it is changed."""
    deadline = time.monotonic() + patience
    while True:
        try:
            if connection.execute("PRAGMA page_count").fetchone()[0] == 0:  # later it would take writing it anew
                connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            migrate(connection, clock)
            # Every commit reaches the disk before `append` returns; readers never wait for a writer.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            break
        except sqlite3.OperationalError as error:
            # The write-ahead log is not turned on while another process writes, and SQLite does not wait for that one.
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if name.exists() and name.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):  # another user's file that was shared with us on purpose
                name.chmod(0o600)
