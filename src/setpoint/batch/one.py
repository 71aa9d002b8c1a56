"""One row: its run is opened, driven to its end, and read.

Opening and driving are two steps. The ledger knows everything about an opened run, so that another process, or another
machine with the same ledger, can drive it by its id alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from setpoint.batch.plan import Job, request_of
from setpoint.batch.results import RowResult, result_of
from setpoint.compose import Request, Settings, Shared, begin_run, remember_probes, take_up_run
from setpoint.core.event import Event, Extended, Recorded, Requested
from setpoint.core.state import State
from setpoint.errors import SetpointError
from setpoint.ports import Ledger, RunInfo, Selection
from setpoint.run import Crew, OnEvent, Run

__all__ = ["Interrupted", "Shop", "Stopping", "drive_run", "open_run", "read_run", "run_job", "take_up"]


class Interrupted(SetpointError):  # noqa: N818 - the name is what happened
    """The batch is being stopped: the run asks for no further call, and goes on another time."""


class Stopping:
    """A `Ledger` around a `Ledger`: once it is told to stop, no further call is recorded as requested.

    A call that is in flight comes to its end and is recorded, so that stopping in this way costs nothing.

    Args:
        ledger: the ledger to wrap.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.stopping = False

    async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
        """Store one event.

        Raises:
            Interrupted: if it would begin a call.
        """
        if self.stopping and isinstance(event, Requested):
            raise Interrupted("the batch was stopped; the same command goes on with it")
        return await self._ledger.append(run, expected, digest, event)

    async def replay(self, run: str) -> Sequence[Recorded]:
        """All events of a run in order."""
        return await self._ledger.replay(run)

    async def runs(self, which: Selection = Selection()) -> Sequence[RunInfo]:  # noqa: B008 - it is frozen
        """The runs of a selection, in its order."""
        return await self._ledger.runs(which)

    async def delete(self, runs: Mapping[str, int]) -> Sequence[str]:
        """Delete ended runs."""
        return await self._ledger.delete(runs)


@dataclass(slots=True, kw_only=True)
class Shop:
    """What runs are driven with.

    Args:
        where: the configuration, with what the fleet shares put around its models.
        ledger: where runs are recorded.
        template: the request for the pattern, from which each row's is made.
        shared: what the runs of this process have in common.
        on_event: hears of every event of every run.
    """

    where: Settings
    ledger: Ledger
    template: Request
    shared: Shared = field(default_factory=Shared)
    on_event: OnEvent | None = None


async def open_run(job: Job, shop: Shop) -> tuple[Run, Crew]:
    """Record that the run of a row begins; nothing is spent yet.

    Raises:
        ConfigError: if a model cannot be used.
        LedgerConflict: if there is such a run already.
    """
    return await begin_run(request_of(job, shop.template), shop.where, shop.ledger, shop.on_event, job.run, shop.shared)


async def take_up(run: str, shop: Shop, *, again: bool = False) -> tuple[Run, Crew]:
    """Load a run as it stands. One that was held back by the shared budget, or cut, goes on.

    Args:
        run: its id.
        shop: what it is driven with.
        again: let a run that ended for want of its models go on, too.

    Raises:
        RunNotFound: if there is no such run.
    """
    it, crew = await take_up_run(run, shop.where, shop.ledger, shop.on_event, allow_commands=True, shared=shop.shared)
    stopped = it.state.stopped
    if it.state.denied and stopped is not None:
        await it.extend(Extended())
    elif stopped is None or (again and stopped.outcome in {"machinery", "cancelled"}):
        await it.resume()
    return it, crew


async def drive_run(run: str, shop: Shop, *, row: int = 0, name: str = "", again: bool = False) -> RowResult:
    """Drive an opened run to its end, by its id alone.

    Raises:
        RunNotFound: if it was not opened.
        LedgerError: if an event cannot be stored.
    """
    return await _driven(*await take_up(run, shop, again=again), shop, row, name)


async def run_job(job: Job, shop: Shop, *, known: bool, again: bool = False) -> RowResult:
    """Run one row, from wherever it stands to its end.

    Args:
        job: the row.
        shop: what it is driven with.
        known: whether the ledger has its run already.
        again: let a run that ended for want of its models go on.

    Raises:
        LedgerError: if an event cannot be stored.
        Interrupted: if the batch is being stopped.
    """
    if known:
        return await drive_run(job.run, shop, row=job.number, name=job.name, again=again)
    return await _driven(*await open_run(job, shop), shop, job.number, job.name)


async def _driven(it: Run, crew: Crew, shop: Shop, row: int, name: str) -> RowResult:
    try:
        return result_of(row, name, await it.drive(crew), it.state)
    finally:
        remember_probes(it, shop.where)


async def read_run(job: Job, ledger: Ledger) -> tuple[RowResult, State]:
    """What became of a row as far as the ledger knows; nothing is recorded.

    Raises:
        RunNotFound: if it was not opened.
    """
    it = await Run.take_up(job.run, ledger)
    return result_of(job.number, job.name, it.result(), it.state), it.state
