"""A worker as a process: signals, a health line, and its end."""

import signal
from collections.abc import Callable

import anyio

from setpoint.durable.worker import Worker
from setpoint.errors import SetpointError

__all__ = ["serve"]

_HEALTH_SECONDS = 30.0


async def serve(worker: Worker, notice: Callable[[str], None]) -> None:
    """Run a worker until a signal stops it.

    Args:
        worker: not yet at work.
        notice: told what happens, line by line.

    Raises:
        NameTaken: if another process has the name.
        LedgerError: if the database cannot be used.
    """
    stop = anyio.Event()
    trouble: list[SetpointError] = []
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as work:
            tasks.start_soon(_on_signal, worker, stop, work, notice)
            tasks.start_soon(_tell_health, worker, notice)
            try:
                await worker.serve(stop)
            except* SetpointError as errors:
                trouble.extend(_leaves(errors))
        tasks.cancel_scope.cancel()
    notice(f"worker {worker.name!r}: stopped; {health(worker)}")
    if trouble:
        raise trouble[0]


def health(worker: Worker) -> str:
    """What a worker does and has done, in a line."""
    tally = worker.tally
    ended = ", ".join(f"{n} {outcome.replace('_', ' ')}" for outcome, n in sorted(tally.ended.items())) or "none"
    rest = {"put back": tally.put_back, "refused": tally.refused, "lost to another": tally.lost}
    return "; ".join([f"{worker.busy} in flight", f"ended: {ended}", *(f"{n} {w}" for w, n in rest.items() if n)])


async def _tell_health(worker: Worker, notice: Callable[[str], None]) -> None:
    said = ""
    while True:
        await anyio.sleep(_HEALTH_SECONDS)
        line = health(worker)
        if line != said:
            notice(line)
        said = line


async def _on_signal(worker: Worker, stop: anyio.Event, work: anyio.CancelScope, notice: Callable[[str], None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if worker.busy:
                notice("stopping: calls in flight come to their end; Ctrl-C again to drop them")
            stop.set()
            break
        async for _ in signals:
            work.cancel()
            return


def _leaves(errors: BaseExceptionGroup[SetpointError]) -> list[SetpointError]:
    found: list[SetpointError] = []
    for error in errors.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
