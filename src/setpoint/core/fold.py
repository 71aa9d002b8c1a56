"""How events make a state: a fold, and nothing else.

`evolve` never decides and never computes what an event did not say, save for one thing: a pass carried over an edit
(rule 4) is derived, because it follows from the two texts alone. What the end of a call changes is in
`core.completed`.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from setpoint.core.action import Contradict, Decided, Freeze, LockOutline, Prefer, Promote, Restart, SetAside, Thaw
from setpoint.core.completed import completed, drafted, with_draft
from setpoint.core.event import (
    Amended,
    Answered,
    Cancelled,
    Drafted,
    Extended,
    Measured,
    Opened,
    Overruled,
    Recorded,
    Requested,
    Resumed,
    Stopped,
)
from setpoint.core.fault import Verdict
from setpoint.core.record import DraftState, Lineage, LineageKind, Spent
from setpoint.core.state import State

__all__ = ["begin", "evolve", "fold"]


def begin(recorded: Recorded) -> State:
    """The state after the first event of a run.

    Raises:
        ValueError: if the event does not open a run.
    """
    if not isinstance(recorded.event, Opened):
        raise ValueError(f"a run begins with an 'opened' event, not {recorded.event.kind!r}")  # noqa: TRY004
    opened = recorded.event
    outline = bool(opened.outline) and opened.given is None
    first = Lineage(number=1, kind="outline" if outline else "first", stage="outline" if outline else "prose")
    skeleton = opened.spec.skeleton
    return State(
        opened=opened,
        spec=opened.spec,
        budget=opened.budget,
        at=recorded.at,
        lineages=(first,),
        skeleton=skeleton.headings if skeleton is not None else (),
    )


def fold(events: Iterable[Recorded]) -> State:
    """The state after all the events of a run.

    Raises:
        ValueError: if there are none, or the first does not open a run.
    """
    stream = iter(events)
    first = next(stream, None)
    if first is None:
        raise ValueError("a run without events has no state")
    state = begin(first)
    for recorded in stream:
        state = evolve(state, recorded)
    return state


def evolve(state: State, recorded: Recorded) -> State:  # noqa: C901 - a case each
    """The state after one more event."""
    event = recorded.event
    pause = isinstance(event, Resumed | Extended | Answered | Overruled | Amended)  # people take their time
    elapsed = state.elapsed if pause else state.elapsed + max(0.0, recorded.at - state.at)
    state = replace(state, at=recorded.at, elapsed=elapsed)
    if isinstance(event, Resumed | Extended) and event.policy is not None:
        state = replace(state, tuned=event.policy)
    match event:
        case Opened():
            raise ValueError("a run is opened once")
        case Requested():
            return replace(state, pending=event, calls=event.call)
        case Measured():
            return with_draft(state, _measured(state.draft(event.draft), event))
        case SetAside() | Prefer() | Promote() | Freeze() | Thaw() | Contradict() | Restart() | LockOutline():
            return _decided(state, event)
        case Answered() | Overruled() | Amended():
            return _told_by_person(state, event)
        case Resumed():
            # Only an end that the user wants to get past is forgotten; a killed process is no reason to forget trouble.
            return _abandon(_reopened(state) if state.stopped or state.cancelled else state)
        case Extended():
            budget = state.budget.plus(
                passes=event.passes, tokens=event.tokens, money=event.money, seconds=event.seconds
            )
            return _abandon(_reopened(replace(state, budget=budget, set_aside={})))
        case Cancelled():
            return replace(state, cancelled=event.why)
        case Stopped():
            return replace(state, stopped=event)
        case Drafted() if event.call is None:
            return drafted(state, event)
        case _:
            return completed(state, event)


def _decided(state: State, event: Decided) -> State:
    """What the law decided without a call."""
    match event:
        case SetAside():
            return replace(state, set_aside={**state.set_aside, event.criterion: event.why})
        case Prefer():
            return _remedied(replace(state, preferences=(*state.preferences, event)), event.winner)
        case Promote():
            return _remedied(replace(state, promoted=(*state.promoted, event.criterion)), event.criterion)
        case Freeze():
            state = _lineage(state, kind="freeze", root=event.base, keep=event.keep, free=event.free)
            return _remedied(replace(state, freezes=(*state.freezes, event)), "freeze")
        case Thaw():
            return _lineage(state, kind="thaw", root=event.base)
        case Contradict():
            why = f"{event.first} and {event.second} exclude each other"
            aside = {**state.set_aside, event.first: why, event.second: why}
            return replace(state, set_aside=aside, contradictions=(*state.contradictions, event))
        case Restart():
            state = _lineage(state, kind="restart", approach=event.approach, lessons=event.lessons)
            return _remedied(state, "restart")
        case LockOutline():
            return replace(_lineage(state, kind="first"), skeleton=event.headings)
        case _:
            assert_never(event)


def _remedied(state: State, what: str) -> State:
    return replace(state, remedies=(*state.remedies, (what, len(state.passes))))


def _lineage(
    state: State,
    *,
    kind: LineageKind,
    root: int | None = None,
    keep: str = "",
    free: str = "",
    approach: str = "",
    lessons: tuple[str, ...] = (),
) -> State:
    """A new lineage begins."""
    lineage = Lineage(
        number=len(state.lineages) + 1,
        kind=kind,
        since=len(state.passes),
        root=root,
        keep=keep,
        free=free,
        approach=approach,
        lessons=lessons,
    )
    return replace(state, lineages=(*state.lineages, lineage), barren=0)


def _told_by_person(state: State, event: Answered | Overruled | Amended) -> State:
    match event:
        case Answered():
            return replace(state, answers={**state.answers, (event.question, event.subject): event})
        case Overruled():
            return _overruled(state, event)
        case Amended():
            return _amended(state, event)
        case _:
            assert_never(event)


def _overruled(state: State, event: Overruled) -> State:
    """A person's vote settles the verdict; an ended run may go on from there."""
    draft = state.draft(event.draft)
    ruling = Verdict(
        criterion=event.criterion,
        status="pass" if event.passes else "fail",
        reason=f"{event.who}: {event.why}",
        directive="" if event.passes else event.why,
        shortfall=0.0 if event.passes else 1.0,
        by="person",
    )
    votes = {**draft.votes, event.criterion: (*draft.votes.get(event.criterion, ()), ruling)}
    aside = {name: why for name, why in state.set_aside.items() if name != event.criterion}
    state = replace(state, overruled=(*state.overruled, event), set_aside=aside)
    return _reopened(with_draft(state, replace(draft, votes=votes)))


def _amended(state: State, event: Amended) -> State:
    """Another target: every verdict is void, and what was tried and given up was tried against another spec."""
    drafts = tuple(
        replace(draft, measured=False, votes={}, asked=frozenset()) if draft.draft.stage == "prose" else draft
        for draft in state.drafts
    )
    state = replace(
        state,
        spec=event.spec,
        drafts=drafts,
        amendments=(*state.amendments, event),
        set_aside={},
        preferences=(),
        promoted=(),
        mediated={},
        freezes=(),
        contradictions=(),
        thirds={},
        skeleton=event.spec.skeleton.headings if event.spec.skeleton is not None else state.skeleton,
    )
    if state.lineage.stage == "prose":  # a lineage of its own, from which nothing was tried yet
        known = any(draft.draft.stage == "prose" for draft in drafts)
        state = _lineage(state, kind="amended", root=len(drafts) if known else None)
    return _reopened(state)


def _reopened(state: State) -> State:
    """An ended run goes on, with its troubles forgotten."""
    return replace(state, cancelled="", stopped=None, denied="", failed={}, broken=0, barren=0)


def _abandon(state: State) -> State:
    """Forget a call in flight, counting its reservation as spent."""
    if state.pending is None:
        return state
    role, lost = state.pending.role, state.pending

    def lose(spent: Spent) -> Spent:
        return replace(
            spent,
            uncertain_tokens=spent.uncertain_tokens + lost.tokens,
            uncertain_money=spent.uncertain_money + lost.money,
        )

    by = {**state.spent_by, role: lose(state.spent_by.get(role, Spent()))}
    # The repeated call keeps its number, and with it its seed, so that a resumed run ends like one that was not cut.
    return replace(state, pending=None, calls=lost.call - 1, spent=lose(state.spent), spent_by=by)


def _measured(draft: DraftState, event: Measured) -> DraftState:
    fresh = {
        verdict.criterion: (verdict, *(v for v in draft.votes.get(verdict.criterion, ()) if v.by == "person"))
        for verdict in event.verdicts
    }
    return replace(draft, measured=True, votes={**draft.votes, **fresh})
