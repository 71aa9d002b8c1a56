"""What the end of a call changes in a state: a draft, a reading, an answer or a failure."""

from dataclasses import replace
from typing import assert_never

from setpoint.core.action import Judge, Mediate, Reask, Revise, Write
from setpoint.core.draft import Draft, line_map
from setpoint.core.event import (
    CallFailed,
    Completion,
    Drafted,
    Judged,
    Mediated,
    Misjudged,
    MoveFailed,
    PatchMissed,
    Probed,
    Requested,
)
from setpoint.core.fault import Verdict
from setpoint.core.record import CriticRecord, DraftState, Pass, Spent
from setpoint.core.state import State

__all__ = ["completed", "drafted", "with_draft"]

_CARRY_MAX_LINES = 5000
"""Above this many lines nothing is carried: matching lines would take longer than asking."""


def completed(state: State, event: Completion) -> State:
    """A call came to its end, well or badly."""
    request = state.pending
    if request is None:
        raise ValueError(f"{event.kind!r} completes a call that was not requested")
    role = request.role
    state = replace(
        state,
        pending=None,
        spent=state.spent.plus(event.usage),
        spent_by={**state.spent_by, role: state.spent_by.get(role, Spent()).plus(event.usage)},
        failed=state.failed if isinstance(event, CallFailed) else {**state.failed, role: 0},
    )
    match event:
        case Drafted():
            return drafted(state, event, request)
        case MoveFailed():
            barren = state.barren + isinstance(request.action, Write)
            state = replace(state, missed=None, barren=barren, last_trouble=event.detail)
            return _with_pass(state, request, failure=event)
        case PatchMissed():
            return replace(state, missed=event)
        case Judged():
            assert isinstance(request.action, Judge)  # noqa: S101 - the ledger pairs them
            return _judged(state, event, request.action)
        case Misjudged():
            return _misjudged(state, event, request)
        case Probed():
            old = state.probes.get(role, CriticRecord())
            record = CriticRecord(
                items=old.items + 1,
                noticed=old.noticed + event.noticed,
                failures=old.failures + event.failures,
                passed=old.passed + event.passed,
                passes=old.passes + event.passes,
            )
            return replace(state, probes={**state.probes, role: record}, broken=0)
        case Mediated():
            return replace(state, mediated={**state.mediated, event.criterion: event})
        case CallFailed():
            return _call_failed(state, event, request)
        case _:
            assert_never(event)


def _call_failed(state: State, event: CallFailed, request: Requested) -> State:
    if event.why == "over_budget":
        return replace(state, denied=event.detail)
    if isinstance(request.action, Mediate):
        # Nothing depends on the mediator: without its answer the criterion is promoted.
        silent = Mediated(call=event.call, criterion=request.action.criterion, why=event.detail)
        return replace(state, mediated={**state.mediated, silent.criterion: silent})
    failed = {**state.failed, request.role: state.failed.get(request.role, 0) + 1}
    return replace(state, failed=failed, last_trouble=event.detail)


def _misjudged(state: State, event: Misjudged, request: Requested) -> State:
    state = replace(state, broken=state.broken + 1, last_trouble=event.detail)
    action = request.action
    if isinstance(action, Judge):
        draft = state.draft(action.draft)
        unusable = draft.unusable | set(action.criteria)
        return with_draft(state, replace(draft, unusable=unusable))
    # A probe item that cannot be answered counts as one that the critic waved through.
    old = state.probes.get(request.role, CriticRecord())
    record = replace(old, items=old.items + 1, failures=old.failures + 1)
    return replace(state, probes={**state.probes, request.role: record})


def with_draft(state: State, changed: DraftState) -> State:
    """The state with one draft replaced by what is known about it now."""
    return replace(state, drafts=tuple(changed if d.number == changed.number else d for d in state.drafts))


def _with_pass(
    state: State, request: Requested | None, *, draft: int | None = None, failure: MoveFailed | None = None
) -> State:
    action = request.action if request else None
    if isinstance(action, Reask):
        action = action.revise
    assert action is None or isinstance(action, Write | Revise)  # noqa: S101 - only these make drafts
    best = state.base or state.best
    entry = Pass(
        number=len(state.passes) + 1,
        rule=request.rule if request else "given",
        action=action,
        draft=draft,
        failure=failure,
        best_before=best.number if best else None,
        lineage=state.lineage.number,
    )
    return replace(state, passes=(*state.passes, entry))


def drafted(state: State, event: Drafted, request: Requested | None = None) -> State:
    """A new draft, and the pass that made it; without a request it is a text that was given."""
    draft = Draft(
        number=len(state.drafts) + 1,
        text=event.text,
        origin=event.origin,
        parent=event.base,
        lineage=state.lineage.number,
        stage=state.lineage.stage,
        evidence=event.evidence,
    )
    state = replace(_with_pass(state, request, draft=draft.number), missed=None, barren=0)
    votes: dict[str, tuple[Verdict, ...]] = {}
    if event.origin == "edit" and event.base is not None:
        parent = state.draft(event.base)
        votes = {verdict.criterion: (verdict,) for verdict in _carried(state, parent, draft.text)}
    return replace(state, drafts=(*state.drafts, DraftState(draft=draft, votes=votes)))


def _carried(state: State, parent: DraftState, text: str) -> list[Verdict]:
    """The passes of critics whose lines an edit has left alone, with the lines where they stand now."""
    if max(parent.draft.text.count("\n"), text.count("\n")) > _CARRY_MAX_LINES:
        return []
    where = line_map(parent.draft.text, text)
    carried: list[Verdict] = []
    for criterion in state.judged(parent):
        verdict = parent.verdict(criterion.name)
        if verdict is None or verdict.status != "pass" or not verdict.lines or verdict.by == "check":
            continue
        if all(line in where for line in verdict.lines):
            lines = tuple(where[line] for line in verdict.lines)
            carried.append(replace(verdict, lines=lines, carried=True))
    return carried


def _judged(state: State, event: Judged, action: Judge) -> State:
    draft = state.draft(event.draft)
    votes = dict(draft.votes)
    for verdict in event.verdicts:
        held = tuple(vote for vote in votes.get(verdict.criterion, ()) if not vote.carried)
        if action.purpose != "redirect":
            votes[verdict.criterion] = (*held, verdict)
        elif verdict.status == "fail" and held:
            votes[verdict.criterion] = (*held[:-1], verdict)
    asked = draft.asked | {(action.purpose, name) for name in action.criteria}
    thirds = dict(state.thirds)
    if action.purpose == "third":
        for name in action.criteria:
            thirds[name] = thirds.get(name, 0) + 1
    wishes = tuple(dict.fromkeys((*state.wishes, *event.wishes)))
    state = replace(state, thirds=thirds, wishes=wishes, broken=0)
    return with_draft(state, replace(draft, votes=votes, asked=asked))
