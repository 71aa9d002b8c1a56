"""The tables in PostgreSQL, as lists of named steps.

Rules of this module are those of `schema`: a list is append-only, the names of the steps that a database has seen are
stored in it, all missing steps run in one transaction, and a database with a step that is not known here is left
alone. Each part of Setpoint that keeps tables there has a list of its own.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from setpoint.errors import LedgerError
from setpoint.ledgers.database import Connection

__all__ = ["LEDGER", "LOCK", "Migration", "migrate", "prepare"]

Migration: TypeAlias = Callable[[Connection], Awaitable[None]]

LOCK: Final = 0x53657470
"""The key of the lock under which tables are changed: ``Setp``."""


async def create_events(connection: Connection) -> None:
    """One row per event, and one per run with who may write to it."""
    await connection.execute("""
        CREATE TABLE setpoint.runs (
            run     text COLLATE "C" PRIMARY KEY,
            epoch   bigint           NOT NULL,
            holder  text             NOT NULL,
            events  bigint           NOT NULL,
            started double precision NOT NULL,
            touched double precision NOT NULL,
            digest  text             NOT NULL,
            title   text COLLATE "C" NOT NULL,
            outcome text             NOT NULL,
            tokens  bigint           NOT NULL,
            money   double precision NOT NULL
        )""")
    await connection.execute("CREATE INDEX runs_touched ON setpoint.runs (touched DESC, started DESC, run DESC)")
    await connection.execute("""
        CREATE TABLE setpoint.events (
            run     text COLLATE "C" NOT NULL,
            seq     bigint           NOT NULL CHECK (seq >= 0),
            at      double precision NOT NULL,
            digest  text             NOT NULL,
            kind    text             NOT NULL,
            writer  text             NOT NULL,
            body    text             NOT NULL,
            PRIMARY KEY (run, seq)
        )""")
    await connection.execute("""
        CREATE FUNCTION setpoint.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- A run may go as a whole, by who says so for the length of a transaction.
            IF TG_OP = 'DELETE' AND OLD.run = current_setting('setpoint.leaving', true) THEN RETURN OLD; END IF;
            RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'integrity_constraint_violation';
        END $$""")
    await connection.execute("""
        CREATE FUNCTION setpoint.in_order() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM setpoint.events WHERE run = NEW.run) THEN
                RAISE EXCEPTION 'events are appended in order' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$""")
    await connection.execute("""
        CREATE TRIGGER events_in_order BEFORE INSERT ON setpoint.events
        FOR EACH ROW EXECUTE FUNCTION setpoint.in_order()""")
    await connection.execute("""
        CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON setpoint.events
        FOR EACH ROW EXECUTE FUNCTION setpoint.append_only()""")
    await connection.execute("""
        CREATE TRIGGER events_not_emptied BEFORE TRUNCATE ON setpoint.events
        FOR EACH STATEMENT EXECUTE FUNCTION setpoint.append_only()""")


LEDGER: Final[tuple[Migration, ...]] = (create_events,)


async def prepare(connection: Connection) -> None:
    """Bring the ledger's tables up to date."""
    await migrate(connection, "ledger", LEDGER)


async def migrate(
    connection: Connection,
    part: str,
    steps: tuple[Migration, ...],
    clock: Callable[[], float] = time.time,
) -> None:
    """Bring the tables of one part up to date; takes no lock if they are.

    Raises:
        LedgerError: if a schema ``setpoint`` is there that is not ours, or it was written by a newer Setpoint.
    """
    names = [step.__name__ for step in steps]
    if await _applied(connection, part, names) == names:
        return
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        done = await _applied(connection, part, names)  # again: another process may have been quicker
        await connection.execute("CREATE SCHEMA IF NOT EXISTS setpoint")
        await connection.execute("""
            CREATE TABLE IF NOT EXISTS setpoint.migrations (
                number bigint GENERATED ALWAYS AS IDENTITY,
                part text NOT NULL, name text NOT NULL, at double precision NOT NULL, PRIMARY KEY (part, name)
            )""")
        for step in steps[len(done) :]:
            await step(connection)
            row = (part, step.__name__, clock())
            await connection.execute("INSERT INTO setpoint.migrations (part, name, at) VALUES (%s, %s, %s)", row)


async def _applied(connection: Connection, part: str, names: list[str]) -> list[str]:
    """The names of the steps that the database has seen, in order."""
    # From the tables themselves: to_regclass may answer from a cache that is older than what another process has done.
    found = await connection.execute("""
        SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'setpoint'),
            EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'setpoint' AND tablename = 'migrations')""")
    row = await found.fetchone()
    ours, known = row if row is not None else (False, False)
    if not known:
        if ours:
            raise LedgerError("it has a schema named setpoint that is not a ledger; name another database")
        return []
    query = "SELECT name FROM setpoint.migrations WHERE part = %s ORDER BY number"
    applied = [str(row[0]) for row in await (await connection.execute(query, (part,))).fetchall()]
    if applied != names[: len(applied)]:
        raise LedgerError("it was written by a newer Setpoint; install the newer version to use it")
    return applied
