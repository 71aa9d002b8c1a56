"""The view model and the page of runs by the real loop, with authors and critics of any competence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint.core.spec import Budget, Spec
from setpoint.ledgers.memory import MemoryLedger
from setpoint.report.html import render_html
from setpoint.report.summary import summarise
from setpoint.run import Run
from worlds import World, criterion, opened

SPEC = Spec(
    brief="b",
    criteria=(
        criterion("alpha", core=True),
        criterion("beta", impact=2),
        criterion("avoid-beta", impact=4),
        criterion("warm", judged=True),
    ),
)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), trouble=st.sampled_from([0.0, 0.2, 0.8]))
async def test_whatever_happens_in_a_run_its_summary_agrees_with_its_result(seed: int, trouble: float) -> None:
    """The returned text, what is open in it and what was spent are the loop's own; the page can always be made."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(SPEC, budget=Budget(passes=5)), ledger)
    result = await run.drive(World(spec=SPEC, seed=seed, trouble=trouble).crew())
    summary = summarise(await ledger.replay("r"))
    assert (summary.outcome, summary.text) == (result.outcome, result.text)
    assert len(summary.passes) == summary.spent.passes <= 5
    returned = [entry for entry in summary.passes if entry.draft is not None and entry.draft == summary.returned]
    for entry in returned:
        assert entry.result in {"kept", "unread"}
        still_open = {cell.criterion for cell in entry.cells if cell.status not in {"pass", "carried"}}
        assert {fault.criterion for fault in summary.open_faults} == still_open
    assert (summary.returned is None) == (not returned)
    assert summary.outcome_title in render_html(summary)
