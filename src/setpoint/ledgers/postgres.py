"""The ledger in PostgreSQL, for runs that several machines work on.

A run is written by one holder at a time. Whoever takes it up, by `PostgresLedger.take` or by the first append of a
ledger object, gets a new *epoch*; appends of an older epoch are refused. So a worker that was taken for dead and wakes
up cannot write, whatever it believes.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self

from setpoint.core.event import Event, Opened, Recorded, Stopped, cancels
from setpoint.errors import LedgerConflict, LedgerError, RunNotFound
from setpoint.ledgers.codec import decode, stored_form
from setpoint.ledgers.database import Connection, Database
from setpoint.ledgers.postgres_schema import prepare
from setpoint.ledgers.selecting import ENDS, usage_of, where
from setpoint.ledgers.waiting import to_the_end
from setpoint.ports import RunInfo, Selection

__all__ = ["PostgresLedger", "storable"]


_BEGIN: Final = """
    WITH begun AS (
        INSERT INTO setpoint.runs (run, epoch, holder, events, started, touched, digest, title, outcome, tokens, money)
        VALUES (%(run)s, 1, %(holder)s, 1, %(at)s, %(at)s, %(digest)s, %(title)s, %(outcome)s, %(tokens)s, %(money)s)
        ON CONFLICT DO NOTHING RETURNING epoch
    ), stored AS (
        INSERT INTO setpoint.events (run, seq, at, digest, kind, writer, body)
        SELECT %(run)s, 0, %(at)s, %(digest)s, %(kind)s, %(writer)s, %(body)s FROM begun
    )
    SELECT epoch FROM begun"""
_APPEND: Final = """
    WITH moved AS (
        UPDATE setpoint.runs SET events = events + 1, touched = %(at)s, digest = %(digest)s,
            outcome = coalesce(%(outcome)s, outcome), tokens = tokens + %(tokens)s, money = money + %(money)s,
            holder = CASE WHEN %(guest)s THEN holder ELSE %(holder)s END,
            epoch = CASE WHEN %(guest)s OR %(epoch)s::bigint IS NOT NULL THEN epoch ELSE epoch + 1 END
        WHERE run = %(run)s AND events = %(seq)s AND epoch = coalesce(%(epoch)s, epoch)
        RETURNING epoch
    ), stored AS (
        INSERT INTO setpoint.events (run, seq, at, digest, kind, writer, body)
        SELECT %(run)s, %(seq)s, %(at)s, %(digest)s, %(kind)s, %(writer)s, %(body)s FROM moved
    )
    SELECT epoch FROM moved"""
_STANDING: Final = """
    SELECT epoch, events, holder, coalesce((
        SELECT writer = %(writer)s FROM setpoint.events WHERE run = %(run)s AND seq = %(seq)s
    ), false) FROM setpoint.runs WHERE run = %(run)s"""
_RUNS: Final = "SELECT run, started, touched, events, digest, title, outcome, tokens, money FROM setpoint.runs"
_DELETE: Final = "DELETE FROM setpoint.runs WHERE run = %s AND events = %s AND outcome <> '' RETURNING run"


class PostgresLedger:
    """A `setpoint.ports.Ledger` in a PostgreSQL database; connected to on first use, also as ``async with``.

    Args:
        at: ``postgres://USER@HOST:PORT/DATABASE``, which errors show without the password; or a database that is
            opened and closed by somebody else.
        holder: who writes, for the error that another writer gets.
        clock: gives the time in seconds since the epoch, for the stamps of events.
        patience: seconds to go on trying when the database goes away in the middle of something.
        connections: the most connections at a time.
    """

    def __init__(
        self,
        at: str | Database,
        *,
        holder: str = "another process",
        clock: Callable[[], float] = time.time,
        patience: float = 60.0,
        connections: int = 4,
    ) -> None:
        self._database = (
            Database(at, prepare=prepare, patience=patience, connections=connections) if isinstance(at, str) else at
        )
        self._owned = isinstance(at, str)
        self._holder = holder
        self._clock = clock
        self._epochs: dict[str, int] = {}

    @property
    def database(self) -> Database:
        """The database it is kept in."""
        return self._database

    async def take(self, run: str) -> int:
        """Become the only one who may write to a run; gives the new epoch.

        From here on whoever held the run gets `LedgerConflict`.

        Raises:
            RunNotFound: if there is no such run.
            LedgerError: if the database cannot be reached.
        """
        rows = await self._database.execute(
            "UPDATE setpoint.runs SET epoch = epoch + 1, holder = %s WHERE run = %s RETURNING epoch",
            (self._holder, run),
        )
        if not rows:
            raise self._missing(run)
        self._epochs[run] = int(rows[0][0])
        return self._epochs[run]

    async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
        """Store one event; see `setpoint.ports.Ledger.append`.

        If the connection is lost meanwhile, it is looked up whether the event was stored, so that it is stored once.
        If the task is cancelled meanwhile, the event is stored all the same before `asyncio.CancelledError` goes on.

        Raises:
            LedgerConflict: if the run does not hold exactly ``expected`` events, or has another holder.
            LedgerError: if nothing could be stored, or nobody can know because the database went away.
        """
        body, same = stored_form(event)  # what a resume will read
        recorded = Recorded(run=run, seq=expected, at=self._clock(), digest=digest, event=same)
        used = usage_of(event)
        row = {
            "run": run,
            "seq": expected,
            "at": recorded.at,
            "digest": digest,
            "kind": event.kind,
            "writer": uuid.uuid4().hex,
            "holder": self._holder,
            "title": storable(event.title) if isinstance(event, Opened) else "",
            "outcome": _outcome(event, first=expected == 0),
            "tokens": used.tokens,
            "money": used.money or 0.0,
            "body": body,
            "epoch": self._epochs.get(run),
            "guest": run not in self._epochs and cancels(event),
        }

        async def store(connection: Connection) -> int:
            return await _store(connection, row)

        epoch = await to_the_end(self._database.perform(store))
        if not row["guest"]:
            self._epochs[run] = epoch
        return recorded

    async def replay(self, run: str) -> Sequence[Recorded]:
        """All events of a run in order.

        Raises:
            RunNotFound: if there is no such run.
            LedgerError: if they cannot be read.
        """
        query = "SELECT seq, at, digest, body FROM setpoint.events WHERE run = %s ORDER BY seq"
        rows = await self._database.execute(query, (run,))
        if not rows:
            raise self._missing(run)
        return tuple(
            Recorded(run=run, seq=seq, at=at, digest=digest, event=self._decoded(run, seq, body))
            for seq, at, digest, body in rows
        )

    async def runs(self, which: Selection = Selection()) -> Sequence[RunInfo]:  # noqa: B008 - it is frozen
        """The runs of a selection, in its order.

        Raises:
            LedgerError: if they cannot be read.
        """
        condition, values = where(which, mark="%s", position="strpos")
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
            for run, started, touched, events, digest, title, outcome, tokens, money in await self._database.execute(
                _RUNS + condition, values
            )
        )

    async def delete(self, runs: Mapping[str, int]) -> Sequence[str]:
        """Delete ended runs; see `setpoint.ports.Ledger.delete`. The database gives their space to later ones.

        Raises:
            LedgerError: if nothing could be deleted.
        """

        async def remove(connection: Connection, run: str, held: int) -> bool:
            async with connection.transaction():
                if await (await connection.execute(_DELETE, (run, held))).fetchone() is None:
                    return False
                await connection.execute("SELECT set_config('setpoint.leaving', %s, true)", (run,))
                await connection.execute("DELETE FROM setpoint.events WHERE run = %s", (run,))
                return True

        gone: list[str] = []
        for run, held in runs.items():
            if await self._database.perform(partial(remove, run=run, held=held)):
                gone.append(run)
                self._epochs.pop(run, None)
        return tuple(gone)

    async def close(self) -> None:
        """Give the connections back; using the ledger afterwards is an error."""
        if self._owned:
            await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _missing(self, run: str) -> RunNotFound:
        return RunNotFound(f"there is no run {run!r} in {self._database.name}; `setpoint runs` lists those there are")

    def _decoded(self, run: str, seq: int, body: str) -> Event:
        try:
            return decode(body)
        except LedgerError as error:
            raise LedgerError(f"the ledger {self._database.name}: run {run}, event {seq}: {error}") from error


async def _store(connection: Connection, row: Mapping[str, object]) -> int:
    """Store an event, or find that an earlier attempt has stored it; gives the epoch."""
    cursor = await connection.execute(_BEGIN if row["seq"] == 0 else _APPEND, row)
    stored = await cursor.fetchone()
    if stored is not None:
        return int(stored[0])
    standing = await (await connection.execute(_STANDING, row)).fetchone()
    epoch, held, holder, mine = standing if standing is not None else (0, 0, "", False)
    run, seq, own = row["run"], row["seq"], row["epoch"]
    if mine:
        return int(epoch)
    if held != seq:
        raise LedgerConflict(
            f"run {run}: {held} events are stored where {seq} were expected; another process has taken the run up,"
            " so this one must let go of it"
        )
    raise LedgerConflict(
        f"run {run} was taken over by {holder} (epoch {epoch}, this one holds {own}); this one must let go of it"
    )


def _outcome(event: Event, *, first: bool) -> str | None:
    """What the event makes of the run's outcome; None if nothing."""
    if isinstance(event, Stopped):
        return event.outcome
    return "" if first or event.kind in ENDS else None


def storable(title: str) -> str:
    """PostgreSQL takes no zero character and no half of a surrogate pair; the event itself keeps them, escaped."""
    return title.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
