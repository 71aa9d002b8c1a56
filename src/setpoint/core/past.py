"""What runs have shown of an author: counted from a run's state, for its own forecast and for later ones (rule 17)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.core.action import Revise, Write
from setpoint.core.expected import PROBE_ITEM
from setpoint.core.rates import Experience
from setpoint.core.state import DraftState, Pass, State

__all__ = ["ENOUGH_RUNS", "PastRun", "experience", "past_run", "relevant", "tries"]

ENOUGH_RUNS: Final = 20
"""Own finished runs from which on bounds are conformal and a hopeless run may be ended early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run that ended, as far as forecasts need it.

    Args:
        digest: of its spec.
        checks: criteria measured by code.
        judged: criteria measured by critics.
        given: whether it began from a text that existed; such a run tells nothing about first drafts.
        open_first: how many criteria the first draft left open; None if it was not read in full.
        passes: how many it took, or had taken when it ended otherwise.
        accepted: whether every criterion passed; if not the run is censored: it would have taken more passes.
        tokens: used per pass, readings included; without the critic's probe where that can be told apart.
        experience: what it showed of the author.
    """

    digest: str
    checks: int
    judged: int
    given: bool
    open_first: int | None
    passes: int
    accepted: bool
    tokens: float
    experience: Experience


def experience(state: State) -> Experience:
    """What a run has shown of its author: first drafts, tries that fixed and did not, and losses."""
    seen = Experience()
    for entry, behind in _worked(state):
        draft = state.draft(entry.draft) if entry.draft is not None else None
        if isinstance(entry.action, Write) and draft is not None:
            seen = seen.plus(_first(state, draft))
        elif isinstance(entry.action, Revise):
            seen = seen.plus(_revised(state, entry.action, draft, behind))
    return seen


def _first(state: State, draft: DraftState) -> Experience:
    verdicts = draft.verdicts()
    code = [verdicts[c.name].status == "pass" for c in state.spec.checked if c.name in verdicts]
    critic = [verdicts[c.name].status == "pass" for c in state.spec.judged if c.name in verdicts]
    return Experience(checks=(len(code), sum(code)), judged=(len(critic), sum(critic)))


def _revised(state: State, action: Revise, draft: DraftState | None, behind: Mapping[str, int]) -> Experience:
    """One pass; a failed move has fixed nothing and lost nothing, and what was not read tells nothing."""
    after = draft.verdicts() if draft else {}
    counts: dict[int, tuple[int, int]] = {}
    for name in action.targets:
        if draft is None or name in after:
            tried, fixed = counts.get(behind.get(name, 0), (0, 0))
            passes = name in after and after[name].status == "pass"
            counts[behind.get(name, 0)] = (tried + 1, fixed + passes)
    before = state.draft(action.base).verdicts()
    held = [name for name, verdict in before.items() if verdict.status == "pass" and name in after]
    return Experience(
        tries=tuple(counts.get(age, (0, 0)) for age in range(max(counts, default=-1) + 1)),
        held=len(held),
        lost=sum(after[name].status != "pass" for name in held),
    )


def _worked(state: State) -> list[tuple[Pass, Mapping[str, int]]]:
    """The passes, each with the fruitless tries that its targets had behind them."""
    behind: dict[str, int] = {}
    found: list[tuple[Pass, Mapping[str, int]]] = []
    for place, entry in enumerate(state.passes):
        found.append((entry, dict(behind)))
        if isinstance(entry.action, Revise):
            following = state.passes[place + 1].best_before if place + 1 < len(state.passes) else None
            best = following or (state.best.number if state.best else None)
            _count_tries(state, entry, entry.action, behind, kept=entry.draft is not None and entry.draft == best)
    found.append((Pass(number=len(state.passes) + 1, rule="", action=None), dict(behind)))
    return found


def tries(state: State) -> Mapping[str, int]:
    """The fruitless tries of each criterion since it was last fixed."""
    return _worked(state)[-1][1]


def _count_tries(state: State, entry: Pass, action: Revise, behind: dict[str, int], *, kept: bool) -> None:
    after = state.draft(entry.draft).verdicts() if entry.draft is not None else {}
    for name in action.targets:
        if name in after and after[name].status == "pass":
            if kept:
                behind.pop(name, None)
        elif entry.draft is None or name in after:
            behind[name] = behind.get(name, 0) + 1


def past_run(state: State) -> PastRun | None:
    """What forecasts need of a run; None if it has not ended, or ended because a model could not be used.

    Any other end short of acceptance is censored, not dropped: dropping it would make every forecast too hopeful.
    """
    stopped = state.stopped
    if stopped is None or stopped.outcome == "machinery" or not state.passes:
        return None
    first = next((draft for draft in state.drafts if state.complete(draft)), None)
    given = state.opened.given is not None
    probed = PROBE_ITEM * sum(record.items for record in state.probes.values())
    return PastRun(
        digest=state.spec.digest,
        checks=len(state.spec.checked),
        judged=len(state.spec.judged),
        given=given,
        open_first=len(state.open_criteria(first)) if first is not None and first.number == 1 else None,
        passes=len(state.passes),
        accepted=stopped.outcome == "accepted",
        tokens=max(0, state.spent.tokens - probed) / len(state.passes),
        experience=experience(state),
    )


def relevant(past: Sequence[PastRun], digest: str) -> Sequence[PastRun]:
    """The past runs of the same spec if there are enough of them, else all."""
    same = [run for run in past if run.digest == digest and not run.given]
    return same if len(same) >= ENOUGH_RUNS else past
