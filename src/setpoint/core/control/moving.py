"""Rules that make drafts and fix faults."""

from itertools import takewhile

from setpoint.core.action import Action, Judge, Reask, Revise, SetAside, Write
from setpoint.core.control.common import faults, in_prose, targetable
from setpoint.core.fault import Fault, rank
from setpoint.core.record import DraftState
from setpoint.core.state import State
from setpoint.core.tactics import aims, order

__all__ = ["cut_off", "reask", "redirect", "revise", "set_aside", "was_cut_off", "write"]


_WORDS_PER_TOKEN = 0.6
"""English has three words to four tokens; names, numbers and markup need more tokens."""


def write(state: State) -> Action | None:
    """Without a draft, write one (10, 14)."""
    lineage = state.lineage
    if lineage.root is not None or any(draft.draft.lineage == lineage.number for draft in state.drafts):
        return None
    if len(state.passes) >= state.budget.passes:
        return None  # `budget` ends the run
    return Write(stage=lineage.stage, approach=lineage.approach, lessons=(*lineage.lessons, *cut_off(state)))


def cut_off(state: State) -> tuple[str, ...]:
    """What to say after a reply that did not fit: asked for as before, the next would be cut off as well."""
    if not was_cut_off(state):
        return ()
    words = int(state.opened.reply_tokens * _WORDS_PER_TOKEN)
    return (f"It was cut off because it was too long; write at most {words} words, and end the text.",)


def was_cut_off(state: State) -> bool:
    """Whether a reply was cut off since the last draft."""
    failed = takewhile(lambda entry: entry.failure is not None, reversed(state.passes))
    return any(entry.failure is not None and entry.failure.why == "truncated" for entry in failed)


def reask(state: State) -> Action | None:
    """Edits that did not apply are asked for once more, with the reason for each."""
    missed = state.missed
    return Reask(revise=missed.revise, edits=missed.edits, misses=missed.misses) if missed else None


def redirect(state: State) -> Action | None:
    """A critique that describes instead of directing goes back to the critic once (5)."""
    base = state.base
    if base is None or not state.policy.on("redirect"):
        return None
    vague = [fault.criterion.name for fault in faults(state, base) if fault.vague]
    asked = [name for name in vague if ("redirect", name) not in base.asked]
    plan = _plan(state) if asked else None
    targeted = (name for name in asked if plan is not None and name in plan.targets)
    name = next(targeted, None)
    return Judge(draft=base.number, criteria=(name,), purpose="redirect") if name is not None else None


def revise(state: State) -> Action | None:
    """Fix the few faults that matter most, by the next tactic that was not fruitless on this draft (7, 11)."""
    return _plan(state)


def set_aside(state: State) -> Action | None:
    """When every tactic was fruitless, the criterion that was targeted most is set aside and the rest goes on (15)."""
    base = state.base
    targets = targetable(state, base) if base and in_prose(state) else ()
    if base is None or not targets:
        return None
    tried = _tried(state, base)
    most = max(targets, key=lambda f: sum(f.criterion.name in action.targets for action in tried))
    return SetAside(criterion=most.criterion.name, why=f"still open after {len(tried)} tactics")


def _plan(state: State) -> Revise | None:
    """The next tactic for the draft to improve on that differs from all that were fruitless on it (11)."""
    base = state.base
    targets = targetable(state, base) if base else ()
    if base is None or not targets:
        return None
    if _off_strategy(state, base):
        return Revise(move="redraft", base=base.number, targets=_names(rank(targets, len(targets))))
    tried = _tried(state, base)
    if len(tried) >= state.policy.tries:
        return None
    hold = (state.freeze.keep,) if state.freeze else ()
    fruitless = {(a.move, a.targets, a.setting, a.hold, a.standing) for a in (*tried, *_redrawn(state, base))}
    for tactic in order(state, base, targets):
        names = _names(aims(state, tactic, targets))
        if (tactic.move, names, tactic.setting, hold, state.standing) not in fruitless:
            return Revise(
                move=tactic.move,
                base=base.number,
                targets=names,
                setting=tactic.setting,
                hold=hold,
                standing=state.standing,
            )
    return None


def _off_strategy(state: State, base: DraftState) -> bool:
    """Whether a first draft missed its core: it is drafted again from the spec, not revised (14)."""
    first = base.draft.origin == "first" and base.draft.stage == "prose" and not _tried(state, base)
    return state.policy.on("off_strategy") and first and state.distance(base).core > 0


def _tried(state: State, base: DraftState) -> list[Revise]:
    return [p.action for p in state.passes if isinstance(p.action, Revise) and p.action.base == base.number]


def _redrawn(state: State, base: DraftState) -> list[Revise]:
    """Fresh drafts of this lineage that did not become the base: what they began from made no difference to them."""
    return [
        p.action
        for p in state.passes[state.lineage.since :]
        if isinstance(p.action, Revise) and p.action.move == "redraft" and p.draft != base.number
    ]


def _names(chosen: tuple[Fault, ...]) -> tuple[str, ...]:
    return tuple(fault.criterion.name for fault in chosen)
