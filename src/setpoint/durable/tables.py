"""The tables that workers share, as one more list of steps beside the ledger's."""

from typing import Final

from setpoint.ledgers.database import Connection
from setpoint.ledgers.postgres_schema import Migration, migrate
from setpoint.ledgers.postgres_schema import prepare as prepare_ledger

__all__ = ["SHARED", "STALE_SECONDS", "prepare"]

STALE_SECONDS: Final = 15
"""A worker that has not been heard of for so long counts as dead, by the database's clock."""


async def create_workers(connection: Connection) -> None:
    """Who is at work, and when they were last heard of."""
    await connection.execute("""
        CREATE TABLE setpoint.workers (
            name    text        PRIMARY KEY,
            life    text        NOT NULL UNIQUE,
            engine  bigint,
            host    text        NOT NULL,
            pid     bigint      NOT NULL,
            version text        NOT NULL,
            slots   integer     NOT NULL,
            busy    integer     NOT NULL DEFAULT 0,
            since   timestamptz NOT NULL DEFAULT clock_timestamp(),
            beat    timestamptz NOT NULL DEFAULT clock_timestamp()
        )""")
    await connection.execute("""
        CREATE VIEW setpoint.lives AS
        SELECT life FROM setpoint.workers WHERE beat > clock_timestamp() - interval '15 seconds'""")


async def create_fleets(connection: Connection) -> None:
    """What the runs of a batch may spend together, and what their calls in flight hold."""
    await connection.execute("""
        CREATE TABLE setpoint.fleets (
            fleet       text PRIMARY KEY,
            max_tokens  bigint,
            max_money   numeric,
            tokens      bigint  NOT NULL DEFAULT 0,
            money       numeric NOT NULL DEFAULT 0,
            held_tokens bigint  NOT NULL DEFAULT 0,
            held_money  numeric NOT NULL DEFAULT 0,
            rpm         integer,
            tpm         bigint,
            concurrency integer
        )""")
    await connection.execute("""
        CREATE TABLE setpoint.holds (
            id     text    PRIMARY KEY,
            fleet  text    NOT NULL REFERENCES setpoint.fleets ON DELETE CASCADE,
            life   text    NOT NULL,
            tokens bigint  NOT NULL,
            money  numeric NOT NULL
        )""")
    await connection.execute("CREATE INDEX holds_fleet ON setpoint.holds (fleet)")


async def create_lanes(connection: Connection) -> None:
    """How fast the runs of a batch may ask a provider: who waits, who was admitted, and when."""
    await connection.execute("""
        CREATE TABLE setpoint.lanes (
            fleet    text NOT NULL REFERENCES setpoint.fleets ON DELETE CASCADE,
            provider text NOT NULL,
            ready    timestamptz NOT NULL DEFAULT '-infinity',
            refusals integer     NOT NULL DEFAULT 0,
            PRIMARY KEY (fleet, provider)
        )""")
    await connection.execute("""
        CREATE TABLE setpoint.tickets (
            number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id       text NOT NULL UNIQUE,
            fleet    text NOT NULL, provider text NOT NULL, life text NOT NULL,
            tokens   bigint NOT NULL,
            FOREIGN KEY (fleet, provider) REFERENCES setpoint.lanes ON DELETE CASCADE
        )""")
    await connection.execute("""
        CREATE TABLE setpoint.permits (
            id       text PRIMARY KEY,
            fleet    text NOT NULL, provider text NOT NULL, life text NOT NULL,
            at       timestamptz NOT NULL,
            tokens   bigint      NOT NULL,
            out      boolean     NOT NULL DEFAULT true,
            FOREIGN KEY (fleet, provider) REFERENCES setpoint.lanes ON DELETE CASCADE
        )""")
    await connection.execute("CREATE INDEX permits_lane ON setpoint.permits (fleet, provider, at)")
    await connection.execute("CREATE INDEX tickets_lane ON setpoint.tickets (fleet, provider, number)")


async def create_refusals(connection: Connection) -> None:
    """Why a worker could not go on with a run, for whoever waits for it."""
    await connection.execute("""
        CREATE TABLE setpoint.refusals (
            run    text PRIMARY KEY,
            worker text NOT NULL,
            why    text NOT NULL,
            kind   text NOT NULL,
            at     timestamptz NOT NULL DEFAULT clock_timestamp()
        )""")


SHARED: Final[tuple[Migration, ...]] = (create_workers, create_fleets, create_lanes, create_refusals)


async def prepare(connection: Connection) -> None:
    """Bring the ledger's tables and those of the workers up to date."""
    await prepare_ledger(connection)
    await migrate(connection, "workers", SHARED)
