"""The rates of a fleet whose runs are on many machines: who waits stands in line in the database, whose clock counts."""

import math
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import anyio

from setpoint.errors import LedgerError
from setpoint.ledgers.database import Connection, Database
from setpoint.ports import Permit

__all__ = ["Limits", "PostgresRates"]

_SHORTEST_POLL: Final = 0.02
_LONGEST_POLL: Final = 0.5
_CLEAR_SECONDS: Final = 0.25
"""So long a provider that holds nobody back is not looked up again, where it has no limits."""
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0

_LANE: Final = """
    INSERT INTO setpoint.lanes (fleet, provider) VALUES (%(fleet)s, %(provider)s) ON CONFLICT DO NOTHING"""
_TICKET: Final = """
    INSERT INTO setpoint.tickets (id, fleet, provider, life, tokens)
    VALUES (%(id)s, %(fleet)s, %(provider)s, %(life)s, %(tokens)s)
    ON CONFLICT (id) DO UPDATE SET life = excluded.life RETURNING number"""
_READY: Final = """
    SELECT greatest(0, extract(epoch FROM ready - clock_timestamp()))::float8 FROM setpoint.lanes
    WHERE fleet = %(fleet)s AND provider = %(provider)s AND ready > '-infinity'"""
_TIDY: Final = (
    "SELECT 1 FROM setpoint.lanes WHERE fleet = %(fleet)s AND provider = %(provider)s FOR UPDATE",
    """
    DELETE FROM setpoint.tickets WHERE fleet = %(fleet)s AND provider = %(provider)s
    AND life NOT IN (SELECT life FROM setpoint.lives)""",
    """
    UPDATE setpoint.permits SET out = false WHERE fleet = %(fleet)s AND provider = %(provider)s
    AND out AND life NOT IN (SELECT life FROM setpoint.lives)""",
    """
    DELETE FROM setpoint.permits WHERE fleet = %(fleet)s AND provider = %(provider)s
    AND NOT out AND at < clock_timestamp() - %(period)s * interval '1 second'""",
)
_STANDING: Final = """
    WITH mine AS (
        SELECT tokens, out, at + %(period)s * interval '1 second' - clock_timestamp() AS remaining
        FROM setpoint.permits WHERE fleet = %(fleet)s AND provider = %(provider)s
    ), window_ AS (
        SELECT tokens, remaining FROM mine WHERE remaining > interval '0'
    ), ahead AS (
        SELECT tokens FROM setpoint.tickets
        WHERE fleet = %(fleet)s AND provider = %(provider)s AND number < %(number)s
    )
    SELECT
        EXISTS (SELECT 1 FROM setpoint.permits WHERE id = %(id)s),
        (SELECT count(*) FROM ahead),
        (SELECT coalesce(sum(tokens), 0)::bigint FROM ahead),
        (SELECT count(*) FROM mine WHERE out),
        (SELECT count(*) FROM window_),
        (SELECT coalesce(sum(tokens), 0)::bigint FROM window_),
        (SELECT coalesce(extract(epoch FROM min(remaining)), 0)::float8 FROM window_)"""
_ADMIT: Final = """
    WITH gone AS (DELETE FROM setpoint.tickets WHERE id = %(id)s)
    INSERT INTO setpoint.permits (id, fleet, provider, life, at, tokens)
    VALUES (%(id)s, %(fleet)s, %(provider)s, %(life)s, clock_timestamp(), %(tokens)s)"""
_BACK_OFF: Final = """
    UPDATE setpoint.lanes SET
        refusals = CASE WHEN %(seconds)s::float8 IS NULL AND ready <= clock_timestamp()
            THEN refusals + 1 ELSE refusals END,
        ready = CASE
            WHEN %(seconds)s::float8 IS NOT NULL
                THEN greatest(ready, clock_timestamp() + %(seconds)s::float8 * interval '1 second')
            WHEN ready > clock_timestamp() THEN ready
            ELSE clock_timestamp() + least(%(longest)s, %(first)s * 2 ^ least(refusals, 16)) * interval '1 second'
        END
    WHERE fleet = %(fleet)s AND provider = %(provider)s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast one provider may be asked by all runs of a fleet; None for no limit.

    Args:
        rpm: requests a minute.
        tpm: tokens a minute, input and output.
        concurrency: requests at a time.
    """

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None


class PostgresRates:
    """A `setpoint.ports.Rates` in PostgreSQL.

    Places that a killed worker had are free again as soon as it counts as dead; what it sent stays counted.

    Args:
        database: where the line is kept.
        fleet: whose runs share the limits.
        life: the worker that asks; see `presence.Presence`.
        limits: for each provider.
        period: seconds of the window; a minute, save in tests.
        sleep: waits for seconds.
        clock: seconds that never go backwards.
    """

    def __init__(
        self,
        database: Database,
        fleet: str,
        life: str,
        limits: Limits,
        *,
        period: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._values = {"fleet": fleet, "life": life, "period": period, "first": _FIRST_WAIT, "longest": _LONGEST_WAIT}
        self._limits = limits
        self._sleep = sleep
        self._clock = clock
        self._clear: dict[str, float] = {}
        """By provider when it was last seen that nobody is held back."""
        self._has_refused: set[str] = set()
        self._lines: defaultdict[str, set[int]] = defaultdict(set)
        """By provider the numbers of those of this process that wait."""

    async def admit(self, provider: str, tokens: int) -> Permit:
        """Wait for room; see `setpoint.ports.Rates.admit`.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        permit = Permit(id=uuid.uuid4().hex, provider=provider, tokens=tokens)
        values = {**self._values, "id": permit.id, "provider": provider, "tokens": tokens}
        if self._limits == Limits():
            await self._until_ready(provider, values)
            return permit
        try:
            await self._database.execute(_LANE, values)
            ((number,),) = await self._database.execute(_TICKET, values)
            await self._stand_in_line(self._lines[provider], number, {**values, "number": number})
        except (anyio.get_cancelled_exc_class(), LedgerError):
            with anyio.CancelScope(shield=True):
                await self._database.execute("DELETE FROM setpoint.tickets WHERE id = %(id)s", values)
                await self._database.execute("DELETE FROM setpoint.permits WHERE id = %(id)s", values)
            raise
        return permit

    async def release(self, permit: Permit, tokens: int) -> None:
        """Free a place; see `setpoint.ports.Rates.release`.

        Raises:
            LedgerError: if the database cannot be reached; the place is free when this worker counts as dead.
        """
        values = {**self._values, "id": permit.id, "provider": permit.provider, "tokens": tokens}
        with anyio.CancelScope(shield=True):
            if self._limits != Limits():
                statement = (
                    "UPDATE setpoint.permits SET out = false, tokens = least(tokens, %(tokens)s) WHERE id = %(id)s"
                )
                await self._database.execute(statement, values)
            if tokens and (permit.provider in self._has_refused or self._limits != Limits()):
                forget = "UPDATE setpoint.lanes SET refusals = 0 WHERE fleet = %(fleet)s AND provider = %(provider)s"
                await self._database.execute(f"{forget} AND refusals > 0", values)

    async def back_off(self, provider: str, seconds: float | None) -> None:
        """Hold everybody back; see `setpoint.ports.Rates.back_off`.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        self._has_refused.add(provider)
        self._clear.pop(provider, None)
        values = {**self._values, "provider": provider, "seconds": seconds}
        await self._database.execute(_LANE, values)
        await self._database.execute(_BACK_OFF, values)

    async def _stand_in_line(self, line: set[int], number: int, values: Mapping[str, object]) -> None:
        """Wait for one's turn; of this process, the one in front looks."""
        line.add(number)
        try:
            while True:
                wait = _SHORTEST_POLL
                if number == min(line):
                    wait = await self._database.perform(lambda connection: self._look(connection, values))
                if not wait:
                    return
                await self._sleep(min(wait, _LONGEST_POLL))
        finally:
            line.discard(number)

    async def _until_ready(self, provider: str, values: Mapping[str, object]) -> None:
        if self._clock() - self._clear.get(provider, -math.inf) < _CLEAR_SECONDS:
            return  # it was looked up a moment ago, and calls are many
        while (rows := await self._database.execute(_READY, values)) and rows[0][0] > 0:
            self._has_refused.add(provider)
            await self._sleep(min(rows[0][0], _LONGEST_POLL))
        self._clear[provider] = self._clock()

    async def _look(self, connection: Connection, values: Mapping[str, object]) -> float:
        """Take a permit if there is room for all before us and for us; else gives the seconds to wait."""
        async with connection.transaction():
            for statement in _TIDY:
                await connection.execute(statement, values)
            row = await (await connection.execute(_STANDING, values)).fetchone()
            ready = await (await connection.execute(_READY, values)).fetchone()
            if ready is not None and ready[0] > 0:
                return float(ready[0])
            admitted, ahead, theirs, out, requests, tokens, left = row if row is not None else (False, *[0] * 6)
            mine = int(str(values["tokens"]))
            wait = 0.0 if admitted else self._wait(mine, ahead, theirs, out, requests, tokens, left)
            if not admitted and not wait:
                await connection.execute(_ADMIT, values)
            return wait

    def _wait(self, mine: int, ahead: int, theirs: int, out: int, requests: int, tokens: int, left: float) -> float:
        """Seconds until there may be room; 0 if there is.

        Args:
            mine: tokens of this request.
            ahead: how many stand before it, whom it must not overtake.
            theirs: their tokens.
            out: requests in flight.
            requests: admitted in the window.
            tokens: admitted in the window.
            left: seconds until the oldest of these leaves the window.
        """
        limits, alone = self._limits, not ahead and not tokens
        if limits.rpm is not None and requests + ahead >= limits.rpm:
            return max(_SHORTEST_POLL, left)
        if limits.tpm is not None and not alone and tokens + theirs + mine > limits.tpm:
            return max(_SHORTEST_POLL, left) if tokens else _SHORTEST_POLL
        if limits.concurrency is not None and out + ahead >= limits.concurrency:
            return 2 * _SHORTEST_POLL
        return 0.0
