"""What the rules share."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from setpoint.core.action import Role
from setpoint.core.belief import believed
from setpoint.core.detect import trusted
from setpoint.core.fault import Fault, Verdict, vagueness
from setpoint.core.record import DraftState
from setpoint.core.spec import Criterion
from setpoint.core.state import State

__all__ = [
    "Strength",
    "critic_votes",
    "critics",
    "doubtful",
    "faults",
    "fruitless_passes",
    "in_prose",
    "listed",
    "remedy_is_due",
    "rival",
    "strength",
    "targetable",
    "trusted",
]

Strength: TypeAlias = Literal["checks", "measured critic", "unmeasured critic"]
"""What ``accepted`` rests on."""


def faults(state: State, draft: DraftState) -> tuple[Fault, ...]:
    """The failed criteria of a draft as directives, in the order of the spec; what cannot be assessed is none (6)."""
    lines = draft.draft.text.splitlines()
    found: list[Fault] = []
    for criterion in state.criteria(draft):
        verdict = draft.verdict(criterion.name)
        if verdict is None or verdict.status != "fail":
            continue
        there = tuple(n for n in verdict.lines if 0 < n <= len(lines))
        vague = verdict.by not in {"check", "person"} and bool(vagueness(verdict.directive))
        found.append(
            Fault(
                criterion=criterion,
                # A vague critique is not passed on: the criterion's own sentence is the better instruction (5).
                reason=verdict.reason if not vague else "this criterion is not met",
                directive=criterion.says if vague else verdict.directive,
                lines=there,
                quotes=tuple(lines[n - 1] for n in there),
                shortfall=verdict.shortfall,
                vague=vague,
                root=verdict.root,
            )
        )
    return tuple(found)


def targetable(state: State, base: DraftState) -> tuple[Fault, ...]:
    """The faults that a move may be aimed at: none that was set aside, and one alone during a freeze (13)."""
    found = tuple(fault for fault in faults(state, base) if fault.criterion.name not in state.set_aside)
    if state.freeze is not None:
        return tuple(fault for fault in found if fault.criterion.name == state.freeze.free)
    return found


def strength(state: State) -> Strength:
    """What an acceptance rests on."""
    if not state.spec.judged:
        return "checks"
    measured = all(state.sensitivity(role) is not None for role in critics(state))
    return "measured critic" if measured else "unmeasured critic"


def critics(state: State) -> tuple[Role, ...]:
    """The critics of the run."""
    roles: tuple[Role, ...] = ("critic", "confirmer")
    return tuple(role for role in roles if state.model(role) is not None)


def doubtful(state: State, draft: DraftState) -> tuple[str, ...]:
    """The criteria that pass only by critics that failed their probe, or that are known to be blind to them."""
    return tuple(
        criterion.name
        for criterion in state.judged(draft)
        if not any(vote.status == "pass" and _believed(state, vote, criterion) for vote in draft.votes[criterion.name])
    )


def _believed(state: State, vote: Verdict, criterion: Criterion) -> bool:
    if vote.by == "person":
        return True
    return vote.by != "check" and believed(state, vote.by, criterion)


def critic_votes(votes: Iterable[Verdict]) -> int:
    """How many of the votes are a critic's own reading of this text."""
    return sum(vote.by not in {"check", "person"} and not vote.carried for vote in votes)


def rival(state: State, draft: DraftState) -> DraftState | None:
    """The best of the other drafts of the lineage: what this one is compared with (8)."""
    return state.nearest(d for d in state.family if d.number != draft.number)


def in_prose(state: State) -> bool:
    """Whether the run is past its outline."""
    return state.lineage.stage == "prose"


def fruitless_passes(state: State) -> int:
    """How many passes in a row left the best draft what it was (15); the first draft of a lineage never counts."""
    base = state.base
    if base is None:
        return 0
    count = 0
    for entry in reversed(state.passes[state.lineage.since + (state.lineage.root is None) :]):
        if entry.draft == base.number:
            break
        count += 1
    return count


def remedy_is_due(state: State) -> bool:
    """Whether a remedy was taken that no pass has followed yet."""
    return any(after == len(state.passes) for _, after in state.remedies)


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names)
