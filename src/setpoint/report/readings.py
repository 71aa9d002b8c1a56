"""How passes and drafts stand, read off a state: shared by the live view and the summary."""

from setpoint.core.action import Role
from setpoint.core.control import trusted
from setpoint.core.record import DraftState, Pass, Spent
from setpoint.core.spec import Criterion
from setpoint.core.state import State
from setpoint.report.view import Cell, CellStatus, ProbeView, Result

__all__ = ["best_after", "cell", "cell_status", "gained", "lost", "money", "probe_view", "result"]


def cell_status(draft: DraftState, criterion: str) -> CellStatus:
    """What the readings of a draft amount to on one criterion."""
    verdict = draft.verdict(criterion)
    if verdict is None:
        return "unread"
    return "carried" if verdict.carried and verdict.status == "pass" else verdict.status


def cell(draft: DraftState, criterion: Criterion) -> Cell:
    """One draft on one criterion."""
    verdict = draft.verdict(criterion.name)
    if verdict is None:
        return Cell(criterion=criterion.name, status="unread")
    return Cell(
        criterion=criterion.name,
        status=cell_status(draft, criterion.name),
        reason=verdict.reason,
        directive=verdict.directive,
        lines=verdict.lines,
        by=verdict.by,
        votes=len(draft.votes[criterion.name]),
        shortfall=verdict.shortfall,
    )


def best_after(state: State, entry: Pass) -> int | None:
    """The best draft when the pass was over: before the next one began, or now."""
    if entry.number < len(state.passes):
        return state.passes[entry.number].best_before
    best = state.base or state.best
    return best.number if best else None


def result(state: State, entry: Pass) -> Result:
    """What became of a pass. One that did not change the best draft was rolled back (rule 8)."""
    if entry.draft is None:
        return "failed"
    draft, best = state.draft(entry.draft), state.best
    if draft.draft.stage == "outline" and state.complete(draft):
        return "kept" if draft == _outline(state) else "rolled_back"
    if draft.number in {best_after(state, entry), best.number if best else None}:
        return "kept"
    if state.complete(draft):
        return "rolled_back"
    rival = state.nearest(d for d in state.drafts if d.number < draft.number)
    if draft.measured and rival is not None and state.optimistic(draft) >= state.distance(rival):
        return "rolled_back"
    last = entry.number == len(state.passes)
    return "pending" if last and state.stopped is None else "unread"


def _outline(state: State) -> DraftState | None:
    """The outline that counts: the nearest of those that no person refused."""
    refused = {a.subject for (question, _), a in state.answers.items() if question == "outline" and not a.approved}
    outlines = (draft for draft in state.drafts if draft.draft.stage == "outline")
    return state.nearest(draft for draft in outlines if str(draft.number) not in refused)


def gained(state: State, entry: Pass) -> tuple[str, ...]:
    """Criteria that the draft of a pass passes and the best draft before it did not."""
    return _turned(state, entry.best_before, entry.draft)


def lost(state: State, entry: Pass) -> tuple[str, ...]:
    """Criteria that the best draft before a pass passed and its draft does not."""
    return _turned(state, entry.draft, entry.best_before)


def _turned(state: State, worse: int | None, better: int | None) -> tuple[str, ...]:
    """Criteria read on both drafts that only the second passes."""
    if worse is None or better is None:
        return ()
    here, there = state.draft(worse).verdicts(), state.draft(better).verdicts()
    return tuple(
        name
        for name in (c.name for c in state.all_criteria)
        if name in here and name in there and here[name].status != "pass" and there[name].status == "pass"
    )


def probe_view(state: State, role: Role) -> ProbeView | None:
    """How a critic did on planted texts; None if nobody plays the role."""
    model = state.model(role)
    if model is None:
        return None
    record = state.probes.get(role)
    done = record is not None and record.items >= state.opened.probe_items
    if model.sensitivity is not None:
        how = "measured earlier"
    elif record is None:
        how = "never probed"
    else:
        how = "measured now" if done else "running"
    return ProbeView(
        role=role,
        model=model.model,
        state=how,
        sensitivity=state.sensitivity(role),
        specificity=state.specificity(role),
        noticed=record.noticed if record else 0,
        failures=record.failures if record else 0,
        passed=record.passed if record else 0,
        passes=record.passes if record else 0,
        trusted=trusted(state, role),
        noticed_enough=(state.sensitivity(role) or 0.0) >= state.policy.trust_threshold,
    )


def money(spent: Spent) -> float:
    """US dollars that count against the cap, abandoned calls' reservations included."""
    return spent.money + spent.uncertain_money
