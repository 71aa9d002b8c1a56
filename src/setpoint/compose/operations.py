"""What is done to recorded runs from outside: cancel, retry, prune. None of it costs a call by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from setpoint.compose.history import ENDED
from setpoint.compose.ledger import find_run
from setpoint.core.event import Extended
from setpoint.core.state import State
from setpoint.errors import LedgerConflict, UsageError
from setpoint.ports import Ledger, RunInfo, Selection
from setpoint.run import Run

__all__ = ["RETRIED", "Pruned", "cancel", "more_for", "prunable", "prune"]

RETRIED: Final = ("machinery", "cancelled", "out_of_budget")
"""The outcomes that say something about the circumstances, not about text and spec: trying again may end otherwise."""

_TRIES: Final = 50
"""So often a run that goes on at the same moment is cancelled anew; each time its process has stored an event."""

_AT_A_TIME: Final = 200
"""So many runs are deleted at a time: in between other processes may write."""


async def cancel(name: str, ledger: Ledger, *, why: str) -> str:
    """End a run, whichever process works on it, or none; says what came of it.

    The process that works on it stops at its next event: a call in flight comes to its end, and its result is kept.

    Raises:
        RunNotFound: if there is no such run.
        LedgerConflict: if it goes on faster than it can be cancelled.
    """
    known = await find_run(name, ledger)
    for attempt in range(_TRIES):
        run = await Run.take_up(known, ledger)
        stopped = run.state.stopped
        if stopped is not None:
            return f"run {known} has ended as {stopped.outcome} already; there is nothing to cancel"
        try:
            await run.cancel(why)
        except LedgerConflict:
            if attempt == _TRIES - 1:
                raise
        else:
            break
    return f"run {known} is cancelled; a process that works on it stops after the call in flight"


def more_for(run: str, state: State) -> Extended | None:
    """What an ended run needs before it is tried again: None, or as much budget again as it began with.

    Args:
        run: its id, for the error.
        state: the run as it stands.

    Raises:
        UsageError: if the run has not ended, or has ended in a way that trying again would not change.
    """
    stopped = state.stopped
    if stopped is None:
        raise UsageError(
            f"run {run} has not ended. If no process is working on it any more: setpoint resume {run}; "
            f"to end it: setpoint cancel {run}"
        )
    if stopped.outcome not in RETRIED:
        raise UsageError(
            f"run {run} has ended as {stopped.outcome}, and going on as before would end the same. "
            f"What to do instead: setpoint show {run}; to give it more to spend: setpoint continue {run}"
        )
    if stopped.outcome != "out_of_budget":
        return None
    more = state.opened.budget
    return Extended(passes=more.passes, tokens=more.tokens or 0, money=more.money or 0.0, seconds=more.seconds or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was deleted.

    Args:
        gone: the runs.
        kept: how many of those asked for were left alone, because they went on meanwhile.
    """

    gone: tuple[str, ...]
    kept: int


async def prunable(ledger: Ledger, which: Selection, *, keep: int = 0) -> tuple[RunInfo, ...]:
    """The ended runs of a selection that would be deleted, the latest first.

    Args:
        ledger: where to look.
        which: which runs; those that have not ended never fit.
        keep: leave so many of them, the latest, alone.
    """
    ended = tuple(outcome for outcome in which.outcomes if outcome) or ENDED
    found = await ledger.runs(replace(which, outcomes=ended, sort="touched", limit=None))
    return tuple(found[max(0, keep) :])


async def prune(ledger: Ledger, runs: Sequence[RunInfo]) -> Pruned:
    """Delete runs as they were listed; one that went on since is left alone.

    Raises:
        LedgerError: if the ledger cannot be written.
    """
    gone: list[str] = []
    for start in range(0, len(runs), _AT_A_TIME):
        gone += await ledger.delete({info.run: info.events for info in runs[start : start + _AT_A_TIME]})
    return Pruned(gone=tuple(gone), kept=len(runs) - len(gone))
