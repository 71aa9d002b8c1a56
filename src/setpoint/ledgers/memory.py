"""The ledger that forgets: for tests, and for one-off calls of the library that nobody will resume.

Events go through the same codec as on disk, so what works here works there.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from setpoint.core.event import Amended, Event, Extended, Opened, Overruled, Recorded, Resumed, Stopped
from setpoint.errors import LedgerConflict, RunNotFound
from setpoint.ledgers.codec import stored_form
from setpoint.ledgers.selecting import select, usage_of
from setpoint.ports import RunInfo, Selection

__all__ = ["MemoryLedger", "info_of"]


class MemoryLedger:
    """A `setpoint.ports.Ledger` in memory.

    Args:
        clock: gives the time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._runs: dict[str, list[Recorded]] = {}

    async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
        """Store one event; see `setpoint.ports.Ledger.append`.

        Raises:
            LedgerConflict: if the run does not hold exactly ``expected`` events.
            LedgerError: if the event has no stored form.
        """
        held = len(self._runs.get(run, ()))
        if held != expected:
            raise LedgerConflict(f"run {run}: {held} events are stored where {expected} were expected")
        _, same = stored_form(event)
        recorded = Recorded(run=run, seq=expected, at=self._clock(), digest=digest, event=same)
        self._runs.setdefault(run, []).append(recorded)
        return recorded

    async def replay(self, run: str) -> Sequence[Recorded]:
        """All events of a run in order.

        Raises:
            RunNotFound: if there is no such run.
        """
        if run not in self._runs:
            raise RunNotFound(f"there is no run {run!r} in this ledger")
        return tuple(self._runs[run])

    async def runs(self, which: Selection = Selection()) -> Sequence[RunInfo]:  # noqa: B008 - it is frozen
        """The runs of a selection, in its order."""
        return select((info_of(events) for events in self._runs.values()), which)

    async def delete(self, runs: Mapping[str, int]) -> Sequence[str]:
        """Delete ended runs; see `setpoint.ports.Ledger.delete`."""
        gone = [run for run, held in runs.items() if self._may_go(run, held)]
        for run in gone:
            del self._runs[run]
        return tuple(gone)

    def _may_go(self, run: str, held: int) -> bool:
        events = self._runs.get(run, [])
        return bool(events) and len(events) == held and info_of(events).outcome != ""


def info_of(events: Sequence[Recorded]) -> RunInfo:
    """One line about a run, from all its events."""
    first, last = events[0], events[-1]
    ends = [e.event for e in events if isinstance(e.event, Stopped | Resumed | Extended | Amended | Overruled)]
    used = [usage_of(e.event) for e in events]
    return RunInfo(
        run=first.run,
        started=first.at,
        touched=last.at,
        events=len(events),
        digest=last.digest,
        title=first.event.title if isinstance(first.event, Opened) else "",
        outcome=ends[-1].outcome if ends and isinstance(ends[-1], Stopped) else "",
        tokens=sum(usage.tokens for usage in used),
        money=sum(usage.money or 0.0 for usage in used),
    )
