"""The engine: which run is worked on next, and by whom. The only module that knows procrastinate.

From procrastinate come the tables of the queue, the functions in the database that hand out jobs, and its heartbeats.
Its `Worker` class is not used: it ends when the database restarts, stops its heartbeat while it waits for its last
jobs, and would let a process that was taken for dead finish the jobs of its successor. See decision 11.
"""

import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar

import anyio

from setpoint.durable.steps import bring_up
from setpoint.durable.tables import STALE_SECONDS
from setpoint.errors import ConfigError, LedgerError
from setpoint.ledgers.codec import UPGRADES
from setpoint.ledgers.database import (
    CONNECT,
    RECONNECT_SECONDS,
    Connection,
    Database,
    is_full,
    may_pass,
    unchecked_pool,
)
from setpoint.ledgers.postgres_schema import LOCK

if TYPE_CHECKING:
    from procrastinate.jobs import Job as EngineJob

logging.getLogger("procrastinate").addHandler(logging.NullHandler())

__all__ = ["Engine", "Job", "PutBack"]

T = TypeVar("T")

SCHEMA: Final = "setpoint_queue"
_FORMAT: Final = len(UPGRADES) + 1
"""The format of events that this version writes. A worker takes what it can read: this format and older ones."""
_POLL_SECONDS: Final = 0.5
_SWEEP_SECONDS: Final = 3.0
_FORGET_HOURS: Final = 7 * 24
_LAST_PATIENCE: Final = 10.0
"""Seconds for a database that is away when the worker is told to stop."""

_FINISH: Final = """
    SELECT procrastinate_finish_job_v1(id, %(status)s::procrastinate_job_status, %(status)s = 'succeeded') FROM procrastinate_jobs
    WHERE id = %(job)s AND worker_id = %(worker)s AND status = 'doing' FOR UPDATE"""
_RELEASE: Final = """
    SELECT procrastinate_retry_job_v2(id, now() + %(seconds)s * interval '1 second', NULL, NULL, NULL)
    FROM procrastinate_jobs WHERE id = %(job)s AND worker_id = %(worker)s AND status = 'doing' FOR UPDATE"""


class PutBack(Exception):  # noqa: N818 - not an error: the job goes back into the queue
    """Raised by who works on a job, to have it done later or by another.

    Args:
        seconds: not before that.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        super().__init__(f"again in {seconds:g} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run to be worked on.

    Args:
        run: its name in the ledger.
        fleet: the batch that it belongs to; empty for none.
        attempts: how often it was begun before.
    """

    run: str
    fleet: str = ""
    attempts: int = 0


class Engine:
    """The queue in a PostgreSQL database; use as ``async with``.

    Args:
        database: where it is kept, beside the ledger.
        connections: the most connections at a time.

    Raises:
        ConfigError: if the extra ``durable`` is missing.
    """

    def __init__(self, database: Database, *, connections: int = 2) -> None:
        try:
            import procrastinate  # noqa: PLC0415 - the extra `durable`
        except ImportError as error:
            raise ConfigError(
                'The queue needs the extra "durable"; install it with: pip install "setpoint[durable]"'
            ) from error
        self._database = database
        self._connector = procrastinate.PsycopgConnector(
            conninfo=database.url,
            pool_factory=unchecked_pool,
            kwargs={
                **CONNECT,
                "options": f"-c search_path={SCHEMA}",
                "application_name": "setpoint",
                "autocommit": True,  # each question is one statement: a transaction around it is two trips more
            },
            min_size=1,
            max_size=connections,
            timeout=10.0,
            reconnect_timeout=RECONNECT_SECONDS,
        )
        self._app: procrastinate.App = procrastinate.App(connector=self._connector)
        self._queues = [_queue(number) for number in range(1, _FORMAT + 1)]
        self._stop: anyio.Event | None = None
        self.id: int | None = None
        """What the engine calls this process while it works."""
        self.busy = 0
        """How many jobs it works on."""
        self._in_hand: set[int] = set()
        self._doubtful: set[int] = set()

    async def __aenter__(self) -> Self:
        await self._database.perform(_prepare)
        await self._app.open_async()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._app.close_async()

    async def defer(self, jobs: Sequence[Job]) -> int:
        """Queue runs that are not queued yet; gives how many were added.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415 - the extra `durable`

        added = 0
        for job in jobs:
            task = self._app.configure_task(
                "run", allow_unknown=True, queue=_queue(_FORMAT), lock=job.run, queueing_lock=job.run
            )
            try:
                await self._ask(
                    lambda task=task, job=job: task.defer_async(run=job.run, fleet=job.fleet), patience=30.0
                )
            except AlreadyEnqueued:
                continue
            added += 1
        return added

    async def counts(self) -> tuple[int, int]:
        """How many runs wait, and how many are being worked on.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        queues = await self._ask(self._app.job_manager.list_queues_async, patience=30.0)
        return sum(queue["todo"] for queue in queues), sum(queue["doing"] for queue in queues)

    async def withdraw(self, runs: Iterable[str]) -> tuple[str, ...]:
        """Take runs out of the queue that nobody has begun; gives those.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        manager, wanted, gone = self._app.job_manager, set(runs), list[str]()
        for job in await self._ask(lambda: manager.list_jobs_async(status="todo"), patience=30.0):
            run = str(job.task_kwargs.get("run"))
            if run in wanted and await self._ask(
                lambda job=job: manager.cancel_job_by_id_async(job.id or 0, delete_job=True), patience=30.0
            ):
                gone.append(run)
        return tuple(gone)

    async def work(
        self,
        perform: Callable[[Job], Awaitable[None]],
        *,
        slots: int,
        stop: anyio.Event,
        predecessor: int | None,
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Work on jobs until told to stop; then the jobs in hand are waited for.

        Args:
            perform: does a job. It raises `PutBack` for one that is to be done later; any other error ends the job.
            slots: how many at a time.
            stop: set when no more jobs are to be begun.
            predecessor: what the engine called a process of the same name that is gone: its jobs are free at once.
            ready: called when ``id`` is known, before the first job.
        """
        manager = self._app.job_manager
        self._stop = stop
        self.id = await self._ask(manager.register_worker)
        if predecessor is not None:
            await self._ask(lambda: self._free_jobs_of(predecessor))
        await self._ask(self._tidy)
        await ready()
        free = anyio.Semaphore(slots)
        async with anyio.create_task_group() as side:
            side.start_soon(self._beat)
            side.start_soon(self._sweep)
            async with anyio.create_task_group() as jobs:
                while not stop.is_set():
                    await free.acquire()
                    job = await self._next(stop)
                    if job is None:
                        free.release()
                        break
                    jobs.start_soon(self._carry_out, job, perform, free)
            side.cancel_scope.cancel()
        with anyio.CancelScope(shield=True), anyio.move_on_after(5):
            await manager.unregister_worker(self.id)

    async def _next(self, stop: anyio.Event) -> "EngineJob | None":
        """The next job; None when told to stop."""
        while not stop.is_set():
            found = await self._ask(self._fetch)
            if found is not None:
                return found
            with anyio.move_on_after(_POLL_SECONDS):
                await stop.wait()
        return None

    async def _fetch(self) -> "EngineJob | None":
        from procrastinate.exceptions import ConnectorException  # noqa: PLC0415 - the extra `durable`

        manager = self._app.job_manager
        assert self.id is not None  # noqa: S101 - set by `work`
        try:
            return await manager.fetch_job(self._queues, self.id)
        except ConnectorException as error:
            if getattr(error.__cause__, "sqlstate", "") != "23503":
                raise
            # Others have taken us for dead, and struck us off. Our jobs are theirs; as a new worker we may go on.
            self.id = await manager.register_worker()
            return None

    async def _carry_out(
        self, found: "EngineJob", perform: Callable[[Job], Awaitable[None]], free: anyio.Semaphore
    ) -> None:
        job = Job(
            run=str(found.task_kwargs["run"]), fleet=str(found.task_kwargs.get("fleet", "")), attempts=found.attempts
        )
        self.busy += 1
        self._in_hand.add(found.id or 0)
        status: str | None = "failed"
        seconds = 0.0
        try:
            await perform(job)
            status = "succeeded"
        except PutBack as again:
            status, seconds = None, again.seconds
        except anyio.get_cancelled_exc_class():
            status = None  # cut off: whoever comes next goes on from the ledger
            raise
        finally:
            values = {"job": found.id, "worker": found.worker_id, "status": status, "seconds": seconds}
            with anyio.CancelScope(shield=True):
                await self._ask(lambda: self._connector.execute_query_async(_FINISH if status else _RELEASE, **values))
            self._in_hand.discard(found.id or 0)
            self.busy -= 1
            free.release()

    async def _beat(self) -> None:
        while True:
            await anyio.sleep(_SWEEP_SECONDS)
            if self.id is not None:
                await self._ask(lambda: self._app.job_manager.update_heartbeat(self.id or 0))

    async def _sweep(self) -> None:
        """Free the jobs of workers that are dead; one worker does so at a time."""
        while True:
            await anyio.sleep(_SWEEP_SECONDS)
            with contextlib.suppress(LedgerError):  # the database is away; there will be another turn
                await self._database.perform(self._free_the_stalled)
                await self._free_the_lost()

    async def _free_the_stalled(self, connection: Connection) -> None:
        async with connection.transaction():
            cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (LOCK + 1,))
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return
            stalled = await self._ask(
                lambda: self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALE_SECONDS)
            )
            for job in stalled:
                await self._ask(lambda job=job: self._app.job_manager.retry_job(job))

    async def _free_the_lost(self) -> None:
        """Free jobs that were handed to us while the line was cut, so that we never heard of them."""
        if self.id is None:
            return
        ours = await self._ask(lambda: self._app.job_manager.list_jobs_async(worker_id=self.id, status="doing"))
        unknown = {job.id: job for job in ours if job.id is not None and job.id not in self._in_hand}
        for number in self._doubtful & unknown.keys():  # seen twice: not one that is on its way just now
            await self._ask(lambda job=unknown[number]: self._app.job_manager.retry_job(job))
        self._doubtful = set(unknown)

    async def _tidy(self) -> None:
        """Forget workers that are long dead, and jobs that failed long ago; the runs stand in the ledger."""
        await self._app.job_manager.prune_stalled_workers(_FORGET_HOURS * 3600.0)
        await self._app.job_manager.delete_old_jobs(_FORGET_HOURS, include_failed=True)

    async def _free_jobs_of(self, worker: int) -> None:
        jobs = await self._app.job_manager.list_jobs_async(worker_id=worker, status="doing")
        for job in jobs:
            await self._app.job_manager.retry_job(job)

    async def _ask(self, question: Callable[[], Awaitable[T]], *, patience: float = math.inf) -> T:
        """Ask procrastinate, again while the database is away.

        Raises:
            LedgerError: if the database refuses, or patience (seconds; endless for a worker) ends.
        """
        from procrastinate.exceptions import AlreadyEnqueued, ConnectorException  # noqa: PLC0415 - the extra

        waited, pause = 0.0, 0.1
        while True:
            try:
                return await question()
            except AlreadyEnqueued:
                raise
            except ConnectorException as error:
                cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
                end = _LAST_PATIENCE if self._stopping() else patience
                # A full disk is waited for by workers, as a database that is away is; a command says so at once.
                if not (may_pass(cause) or (is_full(cause) and patience == math.inf)) or waited > end:
                    raise self._database.refusal(cause) from error
            await anyio.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, 2.0)

    def _stopping(self) -> bool:
        return self._stop is not None and self._stop.is_set()


def _queue(number: int) -> str:
    return f"events-{number}"


async def _prepare(connection: Connection) -> None:
    """Bring procrastinate's tables up to date, in a schema of their own."""
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 - the extra `durable`

    await bring_up(connection, SCHEMA, SchemaManager.get_schema(), Path(SchemaManager.get_migrations_path()))
