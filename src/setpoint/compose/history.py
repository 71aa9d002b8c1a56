"""Past runs, read from the user's ledger for forecasts (rule 17)."""

from typing import Final, get_args

from setpoint.core.action import Outcome
from setpoint.core.event import MoveRecord
from setpoint.core.fold import fold
from setpoint.core.past import PastRun, past_run
from setpoint.core.state import State
from setpoint.core.tactics import move_records
from setpoint.errors import LedgerError
from setpoint.ports import Ledger, Selection

__all__ = ["ENDED", "past_moves", "past_runs"]

RUNS_AT_START: Final = 50
"""So many of the latest ended runs are looked at when a run begins, which must not take noticeable time."""

ENDED: Final[tuple[str, ...]] = get_args(Outcome)

MOST_RUNS: Final = 200
"""So many of the latest ended runs are looked at: authors and habits change, and reading takes time."""


async def past_runs(ledger: Ledger, author: str, digest: str = "") -> tuple[PastRun, ...]:
    """The ended runs of an author in a ledger, the latest first.

    Args:
        ledger: where to look.
        author: ``provider:name``, exactly as the runs were started with.
        digest: of a spec whose runs are looked at before others.

    Raises:
        LedgerError: if they cannot be read.
    """
    of_spec = await ledger.runs(Selection(outcomes=ENDED, spec=digest, limit=MOST_RUNS)) if digest else ()
    latest = await ledger.runs(Selection(outcomes=ENDED, limit=MOST_RUNS))
    others = [info for info in latest if info not in of_spec]
    found: list[PastRun] = []
    for info in [*of_spec, *others][:MOST_RUNS]:
        state = fold(await ledger.replay(info.run))
        model = state.model("author")
        run = past_run(state) if model is not None and model.model == author else None
        if run is not None:
            found.append(run)
    return tuple(found)


async def past_moves(ledger: Ledger, author: str) -> tuple[tuple[MoveRecord, ...], int]:
    """What an author's moves did in its latest runs (rule 11), and how many of those runs had ended.

    A run that cannot be read is left out: it must not keep a new one from starting.
    """
    found = list[State]()
    for info in await ledger.runs(Selection(outcomes=ENDED, limit=RUNS_AT_START)):
        try:
            state = fold(await ledger.replay(info.run))
        except (LedgerError, ValueError):
            continue
        model = state.model("author")
        if model is not None and model.model == author:
            found.append(state)
    return move_records(found), len(found)
