"""The queue: what a worker may take, whose a job is when it ends, and what becomes of jobs that nobody holds."""

from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import pytest

from databases import new_database
from setpoint.durable.engine import Engine, Job, PutBack
from setpoint.durable.tables import prepare
from setpoint.ledgers.codec import UPGRADES
from setpoint.ledgers.database import Connection, Database

JOBS = "setpoint_queue.procrastinate_jobs"
Perform = Callable[[Job], Awaitable[None]]


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """An empty database."""
    async with Database(new_database(), prepare=prepare) as opened:
        yield opened


async def work(
    database: Database, perform: Perform, until: Callable[[], Awaitable[bool]], seconds: float = 12.0
) -> int:
    """Let a worker with two places work until something is so; gives what the engine called it."""
    async with Engine(database) as engine:
        stop = anyio.Event()

        async def nothing() -> None:
            """Nobody is told."""

        async def watch() -> None:
            with anyio.move_on_after(seconds):
                while not await until():  # noqa: ASYNC110 - what is waited for happens in the database
                    await anyio.sleep(0.05)
            stop.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            await engine.work(perform, slots=2, stop=stop, predecessor=None, ready=nothing)
        assert engine.id is not None
        return engine.id


async def queued(database: Database, *runs: str) -> None:
    """Queue runs."""
    async with Engine(database) as engine:
        assert await engine.defer([Job(run=run, fleet="f") for run in runs]) == len(runs)


async def left(database: Database) -> list[tuple[object, ...]]:
    """The jobs that are there, with their state."""
    return await database.execute(f"SELECT args->>'run', status::text FROM {JOBS} ORDER BY id")


async def test_a_run_is_queued_once(database: Database) -> None:
    """Handing it in again adds nothing."""
    async with Engine(database) as engine:
        assert await engine.defer([Job(run="a"), Job(run="b")]) == 2
        assert await engine.defer([Job(run="a"), Job(run="c")]) == 1
        assert await engine.counts() == (3, 0)
        assert sorted(await engine.withdraw(["a", "c", "unknown"])) == ["a", "c"]
        assert await engine.counts() == (1, 0)


async def test_a_worker_takes_what_it_can_read_and_leaves_the_rest(database: Database) -> None:
    """Older formats of events are its business, newer ones are not: they wait for a newer worker."""
    await queued(database, "older", "own", "newer")
    own = len(UPGRADES) + 1
    for run, number in (("older", 1), ("newer", own + 1)):
        await database.execute(f"UPDATE {JOBS} SET queue_name = 'events-{number}' WHERE args->>'run' = %s", (run,))
    done: list[str] = []

    async def perform(job: Job) -> None:
        done.append(job.run)

    async def both() -> bool:
        return len(done) >= 2 and not await anyio.sleep(0.7)

    await work(database, perform, both)
    assert sorted(done) == ["older", "own"]
    assert await left(database) == [("newer", "todo")]


async def test_a_job_that_is_put_back_is_done_later_and_one_that_is_done_is_gone(database: Database) -> None:
    """As often as it takes; what became of the run stands in the ledger, so no job is kept."""
    await queued(database, "again", "once")
    seen: list[tuple[str, int]] = []

    async def perform(job: Job) -> None:
        seen.append((job.run, job.attempts))
        if job.run == "again" and job.attempts < 2:
            raise PutBack

    async def thrice() -> bool:
        return len(seen) >= 4 and await left(database) == []

    await work(database, perform, thrice)
    assert sorted(seen) == [("again", 0), ("again", 1), ("again", 2), ("once", 0)]


async def test_whoever_was_replaced_cannot_end_its_successors_job(database: Database) -> None:
    """The job has been given to another meanwhile: what the first one says about it does not count."""
    await queued(database, "r")
    async with Engine(database) as other:
        successor = await other._app.job_manager.register_worker()
    finished = anyio.Event()

    async def perform(_job: Job) -> None:
        await database.execute(f"UPDATE {JOBS} SET worker_id = %s", (successor,))
        finished.set()

    async def after() -> bool:
        return finished.is_set() and not await anyio.sleep(0.3)

    await work(database, perform, after)
    assert await left(database) == [("r", "doing")]


@pytest.mark.slow
async def test_a_job_that_was_handed_out_unheard_is_found_again(database: Database) -> None:
    """The answer to "give me a job" was lost: the job is ours, and we do not know. The sweep does."""
    await queued(database, "r")
    done: list[str] = []
    hidden = False

    async def perform(job: Job) -> None:
        done.append(job.run)

    async def hide(line: Connection, worker: int) -> None:
        async with line.transaction():
            await line.execute("SET LOCAL search_path = setpoint_queue")
            statement = "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s, queue_name = 'events-1'"
            await line.execute(statement, (worker,))

    async def hide_then_wait() -> bool:
        nonlocal hidden
        if not hidden:
            rows = await database.execute("SELECT max(id) FROM setpoint_queue.procrastinate_workers")
            if rows[0][0] is not None:
                await database.perform(lambda line: hide(line, rows[0][0]))
                hidden = True
        return bool(done)

    await database.execute(f"UPDATE {JOBS} SET queue_name = 'kept-back'")
    await work(database, perform, hide_then_wait, seconds=15)
    assert done == ["r"]
