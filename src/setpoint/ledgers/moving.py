"""Moving the runs of one ledger into a PostgreSQL ledger: whole, verified, and as often as it takes.

Rules of this module:
- A run arrives in one transaction with all its events and their stamps, or not at all.
- What is there is never changed. A run that is there already with the same events counts as moved; with others, it is
  named and left alone.
- Nothing counts as moved before it was read back and compared with what was sent.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from setpoint.core.event import Opened, Recorded
from setpoint.errors import LedgerError
from setpoint.ledgers.codec import encode
from setpoint.ledgers.database import Connection
from setpoint.ledgers.memory import info_of
from setpoint.ledgers.postgres import PostgresLedger, storable
from setpoint.ports import Ledger, Selection

__all__ = ["Moved", "move"]


@dataclass(slots=True, kw_only=True)
class Moved:
    """What a move did.

    Args:
        runs: how many arrived now.
        events: theirs.
        known: how many were there already with the same events, and perhaps more by now.
        open: which of all these have not ended.
        differing: runs that are there with other events, and were left alone.
        digest: SHA-256 over all moved and known runs' events, in the order of the runs' names, the same on both sides.
    """

    runs: int = 0
    events: int = 0
    known: int = 0
    open: list[str] = field(default_factory=list[str])
    differing: list[str] = field(default_factory=list[str])
    digest: str = ""


async def move(
    source: Ledger, target: PostgresLedger, progress: Callable[[int, int], None] = lambda _d, _a: None
) -> Moved:
    """Copy all runs, and verify them; the source is only read.

    Args:
        source: where they are.
        target: where they go.
        progress: told how many runs are done, and of how many.

    Raises:
        LedgerError: if one of the ledgers cannot be used, or a run reads back otherwise than it was sent.
    """
    names = sorted(info.run for info in await source.runs())
    there = {info.run for info in await target.runs(Selection())}
    done, total = Moved(), hashlib.sha256()
    for number, run in enumerate(names, start=1):
        events = await source.replay(run)
        if run not in there:
            await target.database.perform(lambda connection, events=events: _adopt(connection, events))
        arrived = await target.replay(run)
        if run not in there and tuple(arrived) != tuple(events):
            raise LedgerError(f"run {run} reads back from {target.database.name} otherwise than it was sent")
        if tuple(arrived[: len(events)]) != tuple(events):
            done.differing.append(run)
        else:
            for recorded in arrived[: len(events)]:
                total.update(f"{run}\0{recorded.seq}\0{recorded.at!r}\0{recorded.digest}\0".encode())
                total.update(encode(recorded.event).encode())
            done.runs, done.known = done.runs + (run not in there), done.known + (run in there)
            done.events += len(events) if run not in there else 0
            if not info_of(arrived).outcome:
                done.open.append(run)
        progress(number, len(names))
    done.digest = total.hexdigest()
    return done


async def _adopt(connection: Connection, events: Sequence[Recorded]) -> None:
    """Store a whole run as it is, unless an earlier attempt has."""
    info, first = info_of(events), events[0].event
    title = storable(first.title) if isinstance(first, Opened) else ""
    async with connection.transaction():
        begun = await connection.execute(
            """
            INSERT INTO setpoint.runs
                (run, epoch, holder, events, started, touched, digest, title, outcome, tokens, money)
            VALUES (%s, 1, 'moved here', %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1""",
            (
                info.run,
                info.events,
                info.started,
                info.touched,
                info.digest,
                title,
                info.outcome,
                info.tokens,
                info.money,
            ),
        )
        if await begun.fetchone() is None:
            return
        rows = [(r.run, r.seq, r.at, r.digest, r.event.kind, encode(r.event)) for r in events]
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO setpoint.events (run, seq, at, digest, kind, writer, body)"
                " VALUES (%s, %s, %s, %s, %s, 'moved here', %s)",
                rows,
            )
