"""A batch on many machines: its rows are opened in the ledger and queued; workers drive them; here they are awaited.

What is queued is the name of a run. What it is about (the filled-in spec, limits, models by name) stands in the run's
first event. Keys stay where they are: each worker uses those of its own environment.
"""

import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from setpoint.batch.engine import Caps as BatchCaps
from setpoint.batch.engine import Standing
from setpoint.batch.many import Prepared
from setpoint.batch.one import Shop
from setpoint.batch.plan import Job, batch_id, request_of
from setpoint.batch.results import RowResult, result_of
from setpoint.compose import Settings, record_run, remember_probes, role_models, shared_for
from setpoint.core.event import Extended
from setpoint.core.fold import fold
from setpoint.durable.engine import Engine
from setpoint.durable.engine import Job as Queued
from setpoint.durable.fleets import Caps, forget_refusal, put_fleet
from setpoint.durable.rates import Limits
from setpoint.durable.tables import prepare
from setpoint.errors import LedgerConflict, LedgerError, SetpointError
from setpoint.ledgers.database import Database
from setpoint.ledgers.postgres import PostgresLedger
from setpoint.run import OnEvent, Run

__all__ = ["Afar", "open_afar", "refine_afar"]

_POLL_SECONDS = 0.5
_AT_ONCE = 8
"""Rows that are opened and queued at a time."""

_NEWS = """
    SELECT runs.run, runs.outcome <> '', refusals.why FROM setpoint.runs LEFT JOIN setpoint.refusals USING (run)
    WHERE runs.run = ANY(%s) AND (runs.outcome <> '' OR refusals.why IS NOT NULL)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Afar:
    """The database that workers share, opened.

    Args:
        database: for everything.
        ledger: the runs.
        engine: the queue.
    """

    database: Database
    ledger: PostgresLedger
    engine: Engine

    async def awake(self) -> int:
        """How many workers are awake.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        rows = await self.database.execute("SELECT count(*) FROM setpoint.lives")
        return int(rows[0][0])


@asynccontextmanager
async def open_afar(url: str) -> AsyncGenerator[Afar]:
    """Connect to the database that workers share.

    Raises:
        ConfigError: if the extra ``durable`` is missing, or the address cannot be read.
        LedgerError: if it cannot be reached.
    """
    async with Database(url, prepare=prepare, connections=_AT_ONCE) as database, Engine(database) as engine:
        yield Afar(database=database, ledger=PostgresLedger(database, holder="whoever queued it"), engine=engine)


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """Rows whose runs are with the workers."""

    afar: Afar
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    on_event: OnEvent | None = None
    closed: bool = False
    """No more rows come in."""
    withdrawn: bool = False

    async def results(self, ended: Callable[[RowResult], None]) -> None:
        """Tell the result of each row as it ends, until none is left."""
        while self.jobs or not self.closed:
            rows = await self.afar.database.execute(_NEWS, (list(self.jobs),))
            for run, has_ended, why in rows:
                job = self.jobs.pop(run, None)
                if job is not None:  # else it was withdrawn meanwhile
                    ended(await self._result(job, "" if has_ended else why))
            if not rows:
                await anyio.sleep(_POLL_SECONDS)

    async def _result(self, job: Job, refusal: str) -> RowResult:
        events = await self.afar.ledger.replay(job.run)
        if self.on_event is not None:
            for recorded in events:
                self.on_event(recorded)
        run = Run(id=job.run, ledger=self.afar.ledger, state=fold(events), length=len(events))
        result = result_of(job.number, job.name, run.result(), run.state)
        return replace(result, reason=refusal) if refusal else result


async def refine_afar(  # noqa: PLR0913 - as `setpoint.batch.many.refine_many`
    prepared: Prepared,
    jobs: Sequence[Job],
    standing: Standing,
    where: Settings,
    *,
    afar: Afar,
    caps: BatchCaps,
    again: bool = False,
    on_event: OnEvent | None = None,
    ended: Callable[[RowResult], None] = lambda _: None,
    stopping: Callable[[], None] = lambda: None,
) -> tuple[RowResult, ...]:
    """Have rows run by workers, until all have ended or the user stops it.

    The first Ctrl-C or SIGTERM takes the rows that nobody has begun out of the queue and waits for the others; the
    second leaves them to the workers. Either way the same command goes on.

    Args:
        prepared: the batch.
        jobs: the rows to run.
        standing: what is known of them.
        where: the configuration.
        afar: where the workers are.
        caps: what all runs may use together; ``concurrency`` counts requests to a provider at a time,
            0 for no limit.
        again: let runs that ended for want of their models go on, too.
        on_event: hears of every event of a run, once it has ended.
        ended: told the result of each row that has ended.
        stopping: told when the user stops it.

    Returns:
        One result per row of the batch, in the order of the input; rows that have not ended are among them.

    Raises:
        LedgerError: if the database cannot be used.
    """
    fleet = batch_id(prepared.out)
    limits = Limits(rpm=caps.rpm, tpm=caps.tpm, concurrency=caps.concurrency or None)
    together = Caps(tokens=caps.tokens, money=caps.money, limits=limits)
    await put_fleet(afar.database, fleet, together, standing.spent)
    shop = Shop(
        where=where,
        ledger=afar.ledger,
        template=prepared.template,
        shared=await shared_for(prepared.template, where, afar.ledger),
    )
    results = dict(standing.ended)

    def keep(result: RowResult) -> None:
        results[result.row] = result
        ended(result)

    submit = _Submission(afar, shop, standing, fleet, again=again)
    trouble: list[SetpointError] = []  # raised below: a task group would wrap it
    waiting = _Waiting(afar=afar, on_event=on_event)
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as work:
            tasks.start_soon(_on_signal, waiting, work, stopping)
            try:
                await submit.all(jobs, waiting, keep)
            except SetpointError as error:
                trouble.append(error)
        tasks.cancel_scope.cancel()
    if trouble:
        raise trouble[0]
    return tuple(results.get(job.number) or _unfinished(job) for job in prepared.jobs)


class _Submission:
    """Opens the runs of rows and queues them."""

    def __init__(self, afar: Afar, shop: Shop, standing: Standing, fleet: str, *, again: bool) -> None:
        self._afar = afar
        self._shop = shop
        self._standing = standing
        self._fleet = fleet
        self._again = again

    async def all(self, jobs: Sequence[Job], waiting: _Waiting, ended: Callable[[RowResult], None]) -> None:
        """Queue rows, and wait for all of them; the first alone if a critic is new, so that it is probed once."""
        rest = iter(jobs)
        if jobs and self._critic_is_new():
            first = next(rest)
            await self._queue(first, waiting)
            waiting.closed = True
            await waiting.results(ended)
            remember_probes(await Run.take_up(first.run, self._afar.ledger), self._shop.where)
            self._shop.shared.roles.clear()
            waiting.closed = waiting.withdrawn
        failure: list[SetpointError] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_collect, waiting, ended, failure)
            async with anyio.create_task_group() as openers:
                for _ in range(_AT_ONCE):
                    openers.start_soon(self._queue_all, rest, waiting, failure)
            waiting.closed = True
        if failure:
            raise failure[0]

    async def _queue_all(self, jobs: Iterable[Job], waiting: _Waiting, failure: list[SetpointError]) -> None:
        for job in jobs:
            if waiting.withdrawn or failure:
                return
            try:
                await self._queue(job, waiting)
            except SetpointError as error:
                failure.append(error)

    async def _queue(self, job: Job, waiting: _Waiting) -> None:
        if job.number not in self._standing.known:
            with contextlib.suppress(LedgerConflict):  # the answer to an earlier command came late: it is there
                request = request_of(job, self._shop.template)
                await record_run(request, self._shop.where, self._afar.ledger, job.run, self._shop.shared)
        elif job.number in self._standing.ended:
            await self._reopen(job.run)
        await forget_refusal(self._afar.database, job.run)
        await self._afar.engine.defer([Queued(run=job.run, fleet=self._fleet)])
        waiting.jobs[job.run] = job

    async def _reopen(self, run: str) -> None:
        """Let an ended run go on, if that was asked for; it is a worker that will."""
        it = await Run.take_up(run, self._afar.ledger)
        stopped = it.state.stopped
        if stopped is not None and it.state.denied:
            await it.extend(Extended())
        elif stopped is not None and self._again:
            await it.resume()

    def _critic_is_new(self) -> bool:
        template, where = self._shop.template, self._shop.where
        players = role_models(template, where, template.budget or template.spec.budget)
        critics = [model for model in players if model.role in {"critic", "confirmer"}]
        return template.probe and any(model.sensitivity is None for model in critics)


async def _collect(waiting: _Waiting, ended: Callable[[RowResult], None], failure: list[SetpointError]) -> None:
    try:
        await waiting.results(ended)
    except LedgerError as error:
        failure.append(error)


async def _on_signal(waiting: _Waiting, work: anyio.CancelScope, stopping: Callable[[], None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            stopping()
            waiting.withdrawn = waiting.closed = True
            with contextlib.suppress(LedgerError):  # then all of them are waited for
                for run in await waiting.afar.engine.withdraw(waiting.jobs):
                    waiting.jobs.pop(run, None)
            break
        async for _ in signals:
            work.cancel()
            return


def _unfinished(job: Job) -> RowResult:
    return RowResult(
        row=job.number,
        name=job.name,
        run=job.run,
        outcome=None,
        reason="not finished: the batch was stopped; the same command goes on with it",
    )
