"""Batches in the database: what their runs may spend, how fast, and why a worker could not go on with one of them."""

from dataclasses import dataclass, field
from decimal import Decimal

from setpoint.durable.rates import Limits
from setpoint.ledgers.database import Database
from setpoint.ports import FleetSpent

__all__ = ["Caps", "fleet_caps", "forget_refusal", "put_fleet", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What all the runs of a batch may do together; None for no cap.

    Args:
        tokens: input and output.
        money: US dollars.
        limits: how fast each provider may be asked.
    """

    tokens: int | None = None
    money: float | None = None
    limits: Limits = field(default_factory=Limits)


async def put_fleet(database: Database, fleet: str, caps: Caps, spent: FleetSpent = FleetSpent()) -> None:  # noqa: B008 - frozen
    """Record a batch, or give one that is there other caps. What it has spent stays.

    Args:
        database: where.
        fleet: its name.
        caps: from now on.
        spent: before it was recorded here.

    Raises:
        LedgerError: if the database cannot be reached.
    """
    money = None if caps.money is None else Decimal(repr(caps.money))
    await database.execute(
        """
        INSERT INTO setpoint.fleets (fleet, max_tokens, max_money, rpm, tpm, concurrency, tokens, money)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (fleet) DO UPDATE SET max_tokens = excluded.max_tokens, max_money = excluded.max_money,
            rpm = excluded.rpm, tpm = excluded.tpm, concurrency = excluded.concurrency""",
        (
            fleet,
            caps.tokens,
            money,
            caps.limits.rpm,
            caps.limits.tpm,
            caps.limits.concurrency,
            spent.tokens,
            Decimal(repr(spent.money)),
        ),
    )


async def fleet_caps(database: Database, fleet: str) -> Caps:
    """The caps of a batch; none if there is no such batch.

    Raises:
        LedgerError: if the database cannot be reached.
    """
    rows = await database.execute(
        "SELECT max_tokens, max_money, rpm, tpm, concurrency FROM setpoint.fleets WHERE fleet = %s", (fleet,)
    )
    if not rows:
        return Caps()
    tokens, money, rpm, tpm, concurrency = rows[0]
    return Caps(
        tokens=tokens,
        money=None if money is None else float(money),
        limits=Limits(rpm=rpm, tpm=tpm, concurrency=concurrency),
    )


async def refuse(database: Database, run: str, worker: str, why: Exception | str) -> None:
    """Record why a worker could not go on with a run.

    Raises:
        LedgerError: if the database cannot be reached.
    """
    kind = "" if isinstance(why, str) else type(why).__name__
    await database.execute(
        """
        INSERT INTO setpoint.refusals (run, worker, why, kind) VALUES (%s, %s, %s, %s)
        ON CONFLICT (run) DO UPDATE SET worker = excluded.worker, why = excluded.why, kind = excluded.kind,
            at = clock_timestamp()""",
        (run, worker, str(why).replace("\x00", ""), kind),
    )


async def forget_refusal(database: Database, run: str) -> None:
    """A run is tried anew.

    Raises:
        LedgerError: if the database cannot be reached.
    """
    await database.execute("DELETE FROM setpoint.refusals WHERE run = %s", (run,))
