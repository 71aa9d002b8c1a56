"""Driving a run in this process: signals, and what is kept when it is let go."""

import signal
from typing import Final

import anyio

from setpoint.compose.settings import Settings
from setpoint.errors import SetpointError
from setpoint.roles import critic_form
from setpoint.rubric.probe import Measured
from setpoint.run import Crew, Result, Run

__all__ = ["cancel_on_signal", "interrupted", "let_go", "remember_probes", "supervised"]

_INTERRUPTED: Final = "interrupted by the user"


async def supervised(run: Run, crew: Crew, where: Settings) -> Result:
    """Drive a run; the first Ctrl-C or SIGTERM ends it as ``cancelled``, with its best draft."""
    failure: SetpointError | None = None
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as work:
            tasks.start_soon(cancel_on_signal, work)
            try:
                await run.drive(crew)
            except SetpointError as error:  # raised below: a task group would wrap it
                failure = error
        if work.cancelled_caught and run.state.stopped is None:
            try:
                await run.cancel(_INTERRUPTED)
            except SetpointError as error:
                failure = error
        tasks.cancel_scope.cancel()
    let_go(run, where)
    if failure is not None:
        raise failure
    return run.result()


def interrupted(result: Result) -> bool:
    """Whether the user has stopped the run in this process, and not somebody from elsewhere."""
    return result.outcome == "cancelled" and result.reason == _INTERRUPTED


async def cancel_on_signal(work: anyio.CancelScope) -> None:
    """Cancel the work at the first Ctrl-C or SIGTERM."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            work.cancel()
            return


def let_go(run: Run, where: Settings) -> None:
    """Nobody in this process works on the run any more: observers are told, and what its probe found is kept."""
    where.observer.left(run.id)
    remember_probes(run, where)


def remember_probes(run: Run, where: Settings) -> None:
    """Keep what this run's probe found, so that the next run need not repeat it."""
    for role in run.state.probes:
        model = run.state.model(role)
        sensitivity = run.state.sensitivity(role)
        if model is None or model.sensitivity is not None or sensitivity is None:
            continue
        specificity = run.state.probes[role].specificity
        where.probes.put(model.model, critic_form(), Measured(sensitivity=sensitivity, specificity=specificity or 0.0))
