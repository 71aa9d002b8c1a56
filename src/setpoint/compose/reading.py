"""Measuring a text that exists, without an author: what ``setpoint check`` does."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from setpoint.compose.beginning import begin_run
from setpoint.compose.driving import let_go
from setpoint.compose.inputs import read_draft
from setpoint.compose.ledger import open_ledger
from setpoint.compose.request import Named, Request
from setpoint.compose.settings import Settings
from setpoint.core.action import Reask, Revise, Write
from setpoint.core.event import Recorded
from setpoint.core.spec import Budget
from setpoint.core.state import State
from setpoint.ledgers import MemoryLedger
from setpoint.run.measuring import measure_draft
from setpoint.specfile import SpecFile

__all__ = ["reading"]


class _Nobody:
    """An author that is never asked: a run of one pass, which the given text uses up, has no author call."""

    name = "none"

    async def perform(self, call: int, action: Write | Revise | Reask, state: State) -> NoReturn:
        raise AssertionError(
            f"a reading asks no author, yet call {call} is {action.kind} after {len(state.passes)} passes"
        )


async def reading(
    spec: SpecFile, draft: Path, where: Settings, critic: Named | None = None, *, allow_commands: bool = False
) -> Sequence[Recorded]:
    """Measure a text and revise nothing; gives the events of a run of one pass.

    Criteria without a check are judged by the critic, if one is named, and stay unread otherwise. A reading that a
    critic was paid for is recorded in the user's ledger.

    Raises:
        UsageError: if spec, draft or trust are not in order.
    """
    request = Request(
        spec=spec,
        draft=read_draft(draft),
        author=_Nobody(),
        critic=critic,
        budget=Budget(passes=1, tokens=spec.budget.tokens, money=spec.budget.money, seconds=spec.budget.seconds),
        allow_commands=allow_commands,
    )
    if critic is None or not spec.spec.judged:
        ledger = MemoryLedger()
        run, crew = await begin_run(request, where, ledger)
        await run.record(await measure_draft(run.state, 1, crew))
        return await ledger.replay(run.id)
    async with open_ledger(where) as kept:
        run, crew = await begin_run(request, where, kept)
        await run.drive(crew)
        let_go(run, where)
        return await kept.replay(run.id)
