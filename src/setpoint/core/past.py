"""What runs have shown of an author: counted from a run's state, for its own forecast and for later ones (rule 17)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from setpoint.core.action import Revise, Write
from setpoint.core.expected import PROBE_ITEM
from setpoint.core.fault import Verdict
from setpoint.core.rates import Experience
from setpoint.core.record import DraftState, Pass
from setpoint.core.state import State

__all__ = [
    "ENOUGH_RUNS",
    "USUAL_PASSES",
    "Habit",
    "PastRun",
    "alike",
    "calibrated",
    "experience",
    "habit",
    "past_run",
    "relevant",
    "tries",
]

ENOUGH_RUNS: Final = 20
"""Own finished runs from which on bounds are conformal and a hopeless run may be ended early."""
USUAL_PASSES: Final = 5
"""A spec whose runs are routinely not done by then is probably too vague (rule 17)."""
_FEW_RUNS = 3
_PASS_WEIGHT = 8.0
"""Runs in a pass that the chain's chance is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run that ended, as far as forecasts need it.

    Args:
        digest: of its spec.
        checks: criteria measured by code.
        judged: criteria measured by critics.
        given: whether it began from a text that existed; such a run tells nothing about first drafts.
        open: how many criteria the best draft left open after pass 1, 2 …; None before one was read in full.
        accepted: whether every criterion passed; if not the run is censored: it would have taken more passes.
        cut: whether budget or user ended it, so that nothing is known of later passes; a run that ended by another
            rule had nothing left to try.
        tokens: used per pass, readings included; without the critic's probe where that can be told apart.
        experience: what it showed of the author.
    """

    digest: str
    checks: int
    judged: int
    given: bool
    open: tuple[int | None, ...]
    accepted: bool
    cut: bool
    tokens: float
    experience: Experience
    late: tuple[str, ...] = ()
    """The criteria that its best draft left open after `USUAL_PASSES`; empty if it was done by then."""

    @property
    def passes(self) -> int:
        """How many it took, or had taken when it ended otherwise."""
        return len(self.open)

    def at_risk(self, number: int) -> bool:
        """Whether it shows what happens in a pass: it had not ended before, or had ended for lack of anything to try."""
        return number <= self.passes or not (self.accepted or self.cut)

    def known_after(self, number: int) -> bool:
        """Whether it shows how things stood after so many passes: it went on that long, or was done before."""
        return self.passes >= number or self.accepted or not self.cut

    def done_in(self, number: int) -> bool:
        """Whether that pass was its last and the text was accepted."""
        return self.accepted and number == self.passes


class Habit(NamedTuple):
    """Runs of one spec that are routinely not done within the usual passes (rule 17)."""

    long: int
    """How many of them did."""
    runs: int
    open: tuple[tuple[str, int], ...]
    """The criteria that were still open after the usual passes, and in how many runs; the most frequent first."""


def habit(past: Sequence[PastRun], digest: str) -> Habit | None:
    """Whether more than half of at least three runs of a spec were not done within the usual passes."""
    same = [run for run in past if run.digest == digest and not run.given and run.known_after(USUAL_PASSES)]
    long = [run for run in same if run.late]
    if len(same) < _FEW_RUNS or 2 * len(long) <= len(same):
        return None
    counts = Counter(name for run in long for name in run.late)
    return Habit(len(long), len(same), tuple(counts.most_common()))


def experience(state: State) -> Experience:
    """What a run has shown of its author: first drafts, tries that fixed and did not, and losses."""
    seen = Experience()
    for entry, behind in _worked(state):
        draft = state.draft(entry.draft) if entry.draft is not None else None
        if state.about_outline(entry):
            continue
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
    after = draft.verdicts() if draft else dict[str, Verdict]()
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
            standing = state.base or state.best
            best = following or (standing.number if standing else None)
            _count_tries(state, entry, entry.action, behind, kept=entry.draft is not None and entry.draft == best)
    found.append((Pass(number=len(state.passes) + 1, rule="", action=None), dict(behind)))
    return found


def tries(state: State) -> Mapping[str, int]:
    """The fruitless tries of each criterion since it was last fixed."""
    return _worked(state)[-1][1]


def _count_tries(state: State, entry: Pass, action: Revise, behind: dict[str, int], *, kept: bool) -> None:
    after = state.draft(entry.draft).verdicts() if entry.draft is not None else dict[str, Verdict]()
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
    given = state.opened.given is not None
    probed = PROBE_ITEM * sum(record.items for record in state.probes.values())
    return PastRun(
        digest=state.spec.digest,
        checks=len(state.spec.checked),
        judged=len(state.spec.judged),
        given=given,
        open=tuple(_open_after(state, number) for number in range(1, len(state.passes) + 1)),
        accepted=stopped.outcome == "accepted",
        cut=stopped.outcome in {"out_of_budget", "cancelled"},
        tokens=max(0, state.spent.tokens - probed) / len(state.passes),
        experience=experience(state),
        late=_late(state),
    )


def _late(state: State) -> tuple[str, ...]:
    """What the best draft left open after the usual passes; of a run that gave up before, what it left open at its end."""
    used = len(state.passes)
    best = state.passes[USUAL_PASSES].best_before if used > USUAL_PASSES else state.best and state.best.number
    if best is None or state.draft(best).draft.stage == "outline":
        return ()
    return state.open_criteria(state.draft(best))


def _open_after(state: State, number: int) -> int | None:
    """How many criteria the best draft left open when a pass was over."""
    last = number == len(state.passes)
    best = (state.best.number if state.best else None) if last else state.passes[number].best_before
    if best is None or state.draft(best).draft.stage == "outline":
        return None
    return len(state.open_criteria(state.draft(best)))


def relevant(past: Sequence[PastRun], digest: str) -> Sequence[PastRun]:
    """The past runs of the same spec if there are enough of them, else all."""
    same = [run for run in past if run.digest == digest and not run.given]
    return same if len(same) >= ENOUGH_RUNS else past


def alike(past: Sequence[PastRun], digest: str, checks: int, judged: int) -> Sequence[PastRun]:
    """The past runs whose course is likely to be that of a new one: of the same spec, or else of the same size.

    Runs from a given text are none: their first pass is another.
    """
    fresh = [run for run in past if not run.given]
    same = [run for run in fresh if run.digest == digest]
    return same or [run for run in fresh if (run.checks, run.judged) == (checks, judged)]


def calibrated(
    done: Sequence[float], runs: Sequence[PastRun], *, used: int = 0, still_open: int | None = None
) -> tuple[float, ...]:
    """The chances to be done by pass 1, 2 …, drawn towards what like runs have shown.

    In each pass the chance to end is the mean of a Beta posterior: the chain's chance, worth `_PASS_WEIGHT` runs, and
    the runs that went into that pass. A run that was cut counts up to its cut and no further, one that ran out of
    anything to try counts as not done in any later pass: so nothing is dropped.

    Args:
        done: what the chain says.
        runs: like runs.
        used: passes used already; runs count only if they then had as many criteria open.
        still_open: how many criteria are open after them; None if nothing was read yet.
    """
    fitting = [run for run in runs if not used or (run.passes >= used and run.open[used - 1] == still_open)]
    found, before = [*done[:used]], done[used - 1] if used else 0.0
    going = 1.0 - before
    for number in range(used + 1, len(done) + 1):
        chance = (done[number - 1] - before) / (1.0 - before) if before < 1.0 else 1.0
        before = done[number - 1]
        risked = [run for run in fitting if run.at_risk(number)]
        ended = sum(run.done_in(number) for run in risked)
        going *= 1.0 - (_PASS_WEIGHT * chance + ended) / (_PASS_WEIGHT + len(risked))
        found.append(1.0 - going)
    return tuple(found)
