"""The budget of a fleet whose runs are on many machines: one row, changed under its lock."""

import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

import anyio

from setpoint.errors import LedgerError, OverBudget
from setpoint.ledgers.database import Connection, Database
from setpoint.ports import FleetSpent, Hold

__all__ = ["PostgresBudget"]

_WAIT_SECONDS: Final = 0.25

_LOCK: Final = "SELECT 1 FROM setpoint.fleets WHERE fleet = %(fleet)s FOR UPDATE"
_BURY: Final = """
    WITH dead AS (
        DELETE FROM setpoint.holds WHERE fleet = %(fleet)s AND life NOT IN (SELECT life FROM setpoint.lives)
        RETURNING tokens, money
    ), total AS (SELECT coalesce(sum(tokens), 0) AS tokens, coalesce(sum(money), 0) AS money FROM dead)
    UPDATE setpoint.fleets SET tokens = fleets.tokens + total.tokens, money = fleets.money + total.money,
        held_tokens = held_tokens - total.tokens, held_money = held_money - total.money
    FROM total WHERE fleet = %(fleet)s
    RETURNING max_tokens, max_money, fleets.tokens, fleets.money, held_tokens, held_money"""
_HOLD: Final = """
    WITH held AS (
        INSERT INTO setpoint.holds (id, fleet, life, tokens, money)
        VALUES (%(id)s, %(fleet)s, %(life)s, %(tokens)s, %(money)s)
    )
    UPDATE setpoint.fleets SET held_tokens = held_tokens + %(tokens)s, held_money = held_money + %(money)s
    WHERE fleet = %(fleet)s"""
_SETTLE: Final = """
    WITH gone AS (DELETE FROM setpoint.holds WHERE id = %(id)s RETURNING fleet, tokens, money)
    UPDATE setpoint.fleets SET tokens = fleets.tokens + %(tokens)s, money = fleets.money + %(money)s,
        held_tokens = held_tokens - gone.tokens, held_money = held_money - gone.money
    FROM gone WHERE fleets.fleet = gone.fleet"""


class PostgresBudget:
    """A `setpoint.ports.FleetBudget` in PostgreSQL.

    What a worker held that was killed counts as spent as soon as the worker counts as dead.

    Args:
        database: where it is kept.
        fleet: whose budget it is.
        life: the worker that reserves; see `presence.Presence`.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        database: Database,
        fleet: str,
        life: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._database = database
        self._fleet = fleet
        self._life = life
        self._sleep = sleep
        self._turn = anyio.Lock()

    async def reserve(self, tokens: int, money: float) -> Hold:
        """Set the worst case of one call aside; see `setpoint.ports.FleetBudget.reserve`.

        Raises:
            OverBudget: if it cannot fit any more.
            LedgerError: if the database cannot be reached.
        """
        hold = Hold(id=uuid.uuid4().hex, tokens=tokens, money=money)

        async def take(connection: Connection) -> bool:
            return await self._take(connection, hold)

        try:
            async with self._turn:  # one of this process asks at a time, in the order in which they came
                while not await self._database.perform(take):
                    await self._sleep(_WAIT_SECONDS)
        except (anyio.get_cancelled_exc_class(), LedgerError):
            with anyio.CancelScope(shield=True):
                await self._take_back(hold)
            raise
        return hold

    async def settle(self, hold: Hold, tokens: int, money: float) -> None:
        """Replace a hold by the real cost; see `setpoint.ports.FleetBudget.settle`.

        Raises:
            LedgerError: if the database cannot be reached; the worst case stays counted then.
        """
        with anyio.CancelScope(shield=True):
            await self._settle(hold, tokens, money)

    async def spent(self) -> FleetSpent:
        """What is spent and held by now.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        query = "SELECT tokens, money, held_tokens, held_money FROM setpoint.fleets WHERE fleet = %s"
        rows = await self._database.execute(query, (self._fleet,))
        tokens, money, held_tokens, held_money = rows[0] if rows else (0, 0, 0, 0)
        return FleetSpent(tokens=tokens, money=float(money), held_tokens=held_tokens, held_money=float(held_money))

    async def _take_back(self, hold: Hold) -> None:
        """Undo a reservation that was cut off: it was taken, or not, or is being taken just now."""
        values = {"id": hold.id, "fleet": self._fleet, "tokens": 0, "money": Decimal(0)}

        async def undo(connection: Connection) -> None:
            async with connection.transaction():
                # Whoever takes it has locked the row until that is on the disk: look afterwards, not before.
                await connection.execute(_LOCK, values)
                await connection.execute(_SETTLE, values)

        await self._database.perform(undo)

    async def _settle(self, hold: Hold, tokens: int, money: float) -> None:
        values = {"id": hold.id, "tokens": tokens, "money": Decimal(repr(money))}

        async def settle(connection: Connection) -> None:
            await connection.execute(_SETTLE, values)  # the hold is there once, so this counts once

        await self._database.perform(settle)

    async def _take(self, connection: Connection, hold: Hold) -> bool:
        """Whether the hold was taken; if not, calls in flight may still leave room."""
        values = {
            "id": hold.id,
            "fleet": self._fleet,
            "life": self._life,
            "tokens": hold.tokens,
            "money": Decimal(repr(hold.money)),
        }
        async with connection.transaction():
            await connection.execute(_LOCK, values)
            known = await connection.execute("SELECT 1 FROM setpoint.holds WHERE id = %(id)s", values)
            if await known.fetchone():
                return True  # the answer to an earlier attempt was lost on the way
            row = await (await connection.execute(_BURY, values)).fetchone()
            if row is None:
                raise LedgerError(f"the ledger {self._database.name}: there is no batch {self._fleet!r}")
            short = _shortages(row, hold)
            for_good = next((words for words, stays in short if stays), "")
            if for_good:
                raise OverBudget(f"the budget of the batch: {for_good}")
            if not short:
                await connection.execute(_HOLD, values)
            return not short


def _shortages(
    row: tuple[int | None, Decimal | None, int, Decimal, int, Decimal], hold: Hold
) -> list[tuple[str, bool]]:
    """What does not fit, in words, and whether it will not fit whatever the calls in flight cost."""
    max_tokens, max_money, tokens, money, held_tokens, held_money = row
    found: list[tuple[str, bool]] = []
    if max_tokens is not None and tokens + held_tokens + hold.tokens > max_tokens:
        left = max(0, max_tokens - tokens)
        words = f"the next call may need {hold.tokens:,} tokens and {left:,} of {max_tokens:,} are left"
        found.append((words, tokens + hold.tokens > max_tokens))
    worst = Decimal(repr(hold.money))
    if max_money is not None and money + held_money + worst > max_money:
        rest = max(Decimal(0), max_money - money)
        words = f"the next call may cost ${worst:.4f} and ${rest:.4f} of ${max_money:.2f} is left"
        found.append((words, money + worst > max_money))
    return found
