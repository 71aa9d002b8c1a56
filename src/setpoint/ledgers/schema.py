"""The tables of the SQLite ledger, as a list of named steps.

Rules of this module:
- `MIGRATIONS` is append-only: a step that was released is never edited, renamed or moved.
- The names of the steps that a file has seen are stored in it, so any older file is brought up to date on opening, and
  a file with a name that is not known here was written by a newer Setpoint and is left alone.
- Steps run in one transaction, all or none.
"""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeAlias

from setpoint.errors import LedgerError

__all__ = ["APPLICATION_ID", "MIGRATIONS", "Migration", "migrate", "transaction"]

Migration: TypeAlias = Callable[[sqlite3.Connection], None]

APPLICATION_ID: Final = 0x53657470
"""``Setp``, in the file's header: what tells a ledger from any other SQLite file."""


def create_events(connection: sqlite3.Connection) -> None:
    """One row per event. What lists need stands before the body, so that they never read it."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("""
        CREATE TABLE events (
            run     TEXT    NOT NULL,
            seq     INTEGER NOT NULL CHECK (seq >= 0),
            at      REAL    NOT NULL,
            digest  TEXT    NOT NULL,
            kind    TEXT    NOT NULL,
            title   TEXT,
            outcome TEXT,
            body    TEXT    NOT NULL,
            PRIMARY KEY (run, seq)
        )""")
    # The next number and no other: no gap, and no REPLACE of what is there, which would not fire the delete trigger.
    connection.execute("""
        CREATE TRIGGER events_in_order BEFORE INSERT ON events
        WHEN NEW.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM events WHERE run = NEW.run)
        BEGIN SELECT RAISE(ABORT, 'events are appended in order'); END""")
    for verb in ("UPDATE", "DELETE"):
        connection.execute(f"""
            CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""")


def create_runs(connection: sqlite3.Connection) -> None:
    """One row per run, so that a list of runs reads no events; and runs that may be deleted, but only whole."""
    _list_runs(connection)
    connection.execute("CREATE INDEX runs_touched ON runs (touched, started, run)")
    _keep_listed(connection)
    connection.execute("CREATE TABLE leaving (run TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID")
    connection.execute("DROP TRIGGER events_no_delete")
    connection.execute("""
        CREATE TRIGGER events_no_delete BEFORE DELETE ON events
        WHEN NOT EXISTS (SELECT 1 FROM leaving WHERE run = OLD.run)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""")


def _list_runs(connection: sqlite3.Connection) -> None:
    """The runs that are there already."""
    connection.execute("ALTER TABLE events ADD COLUMN tokens INTEGER")
    connection.execute("ALTER TABLE events ADD COLUMN money REAL")
    connection.execute("""
        CREATE TABLE runs (
            run     TEXT    NOT NULL PRIMARY KEY,
            started REAL    NOT NULL,
            touched REAL    NOT NULL,
            events  INTEGER NOT NULL,
            digest  TEXT    NOT NULL,
            title   TEXT    NOT NULL,
            outcome TEXT    NOT NULL,
            tokens  INTEGER NOT NULL,
            money   REAL    NOT NULL
        ) WITHOUT ROWID""")
    # Older events have no columns for what they used, and must not be changed: here their bodies are read, once.
    usage = "CASE WHEN json_valid(body) THEN json_extract(body, '$.event.usage.{}') END"
    connection.execute(f"""
        INSERT INTO runs
        SELECT run, min(at), max(at), count(*), '', coalesce(max(title), ''), '',
            sum(coalesce({usage.format("input")}, 0) + coalesce({usage.format("output")}, 0)),
            sum(coalesce({usage.format("money")}, 0.0))
        FROM events GROUP BY run""")  # noqa: S608 - all of it stands here
    connection.execute("""
        UPDATE runs SET
            started = (SELECT at FROM events WHERE run = runs.run AND seq = 0),
            touched = (SELECT at FROM events WHERE run = runs.run AND seq = runs.events - 1),
            digest = (SELECT digest FROM events WHERE run = runs.run AND seq = runs.events - 1),
            outcome = coalesce((
                SELECT outcome FROM events
                WHERE run = runs.run AND kind IN ('stopped', 'resumed', 'extended', 'amended', 'overruled')
                ORDER BY seq DESC LIMIT 1
            ), '')""")


def _keep_listed(connection: sqlite3.Connection) -> None:
    """The file keeps its list itself, whoever writes."""
    connection.execute("""
        CREATE TRIGGER events_listed AFTER INSERT ON events
        BEGIN
            INSERT INTO runs VALUES (
                NEW.run, NEW.at, NEW.at, 1, NEW.digest, coalesce(NEW.title, ''), coalesce(NEW.outcome, ''),
                coalesce(NEW.tokens, 0), coalesce(NEW.money, 0.0)
            )
            ON CONFLICT (run) DO UPDATE SET
                touched = excluded.touched,
                events = events + 1,
                digest = excluded.digest,
                outcome = CASE
                    WHEN NEW.kind IN ('stopped', 'resumed', 'extended', 'amended', 'overruled') THEN excluded.outcome
                    ELSE outcome
                END,
                tokens = tokens + excluded.tokens,
                money = money + excluded.money;
        END""")


MIGRATIONS: Final[tuple[Migration, ...]] = (create_events, create_runs)


def migrate(
    connection: sqlite3.Connection, clock: Callable[[], float], migrations: tuple[Migration, ...] = MIGRATIONS
) -> None:
    """Bring the file up to date; does nothing, and takes no lock, if it is.

    Raises:
        LedgerError: if the file is not a ledger, or was written by a newer Setpoint.
    """
    names = [step.__name__ for step in migrations]
    if _applied(connection, names) == names:
        return
    with transaction(connection):
        done = _applied(connection, names)  # again: another process may have been quicker
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at REAL NOT NULL)")
        for step in migrations[len(done) :]:
            step(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (step.__name__, clock()))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """All or nothing: what is executed inside is stored at the end, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def _applied(connection: sqlite3.Connection, names: list[str]) -> list[str]:
    """The names of the steps that the file has seen, in order."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return []
    identity = connection.execute("PRAGMA application_id").fetchone()[0]
    if identity != APPLICATION_ID or "migrations" not in tables:
        raise LedgerError("it is an SQLite file, but not a ledger; name another file with --ledger FILE")
    applied = [str(row[0]) for row in connection.execute("SELECT name FROM migrations ORDER BY rowid")]
    if applied != names[: len(applied)]:
        raise LedgerError("it was written by a newer Setpoint; install the newer version to use it")
    return applied
