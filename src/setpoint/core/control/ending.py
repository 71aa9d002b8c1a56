"""Rules that say when it is over, and with which outcome."""

import hashlib
from collections.abc import Iterable

from setpoint.core.action import Action, Judge, Outcome, Stop
from setpoint.core.belief import worth_another
from setpoint.core.control.common import critics, doubtful, fruitless_passes, in_prose, listed, remedy_is_due, trusted
from setpoint.core.cost import affordable, shortage
from setpoint.core.detect import core_patience, suspected
from setpoint.core.forecast import reforecast
from setpoint.core.record import DraftState
from setpoint.core.spec import MINOR_IMPACT
from setpoint.core.state import State

__all__ = [
    "accept",
    "budget",
    "cancelled",
    "confirm",
    "end",
    "machinery",
    "off_target",
    "out_of_reach",
    "resolved_nothing",
    "settle_for_minor",
    "shared_budget",
    "stop_for_budget",
    "textbook_stops",
]


def cancelled(state: State) -> Action | None:
    """The user ended the run."""
    return Stop(outcome="cancelled", reason=state.cancelled) if state.cancelled else None


def machinery(state: State) -> Action | None:
    """A model that cannot be used ends the run; the best draft is returned all the same."""
    policy = state.policy
    for role, times in state.failed.items():
        if times >= policy.failed_calls and role != "mediator":
            return Stop(outcome="machinery", reason=f"the {role} could not be reached: {state.last_trouble}")
    if state.broken >= policy.broken_readings:
        return Stop(
            outcome="machinery",
            reason=f"the critic's last {state.broken} replies could not be used: {state.last_trouble}",
        )
    if state.barren >= policy.empty_starts:
        return Stop(
            outcome="machinery",
            reason=f"the author brought no first draft in {state.barren} tries: {state.last_trouble}",
        )
    return None


def shared_budget(state: State) -> Action | None:
    """What this run shares with others is spent: the call that was wanted was never made (16)."""
    return stop_for_budget(state, state.denied) if state.denied else None


def confirm(state: State) -> Action | None:
    """When every criterion passes, what a critic judged is read once more, in full, before it is believed (15).

    Where the critic's errors on a criterion are known, more readings follow while they could make it sure.
    """
    best = state.best
    if best is None or state.open_criteria(best) or not state.policy.on("confirm"):
        return None
    ruled = {name for name, votes in best.votes.items() if any(vote.by == "person" for vote in votes)}
    carried = tuple(c.name for c in state.judged(best) if all(vote.carried for vote in best.votes[c.name]))
    if carried:
        # A pass that was carried over an edit is no reading of this text, and one reading alone is not believed.
        return Judge(
            draft=best.number, criteria=carried[:1] if best.unusable & set(carried) else carried, purpose="fresh"
        )
    due = [c.name for c in state.judged(best) if ("confirm", c.name) not in best.asked and c.name not in ruled]
    if not due:
        return _read_again(state, best)
    if state.model("confirmer"):
        return Judge(draft=best.number, criteria=tuple(due), purpose="confirm", role="confirmer")
    # The same critic gets them in another order, so that it cannot repeat its first answer by habit.
    due = _shuffled(state, best, due)
    alone = [Judge(draft=best.number, criteria=(name,), purpose="confirm") for name in due]
    if (state.policy.confirm_alone and affordable(state, alone)) or best.unusable & set(due):
        return alone[0]
    return Judge(draft=best.number, criteria=tuple(due), purpose="confirm")


def _shuffled(state: State, draft: DraftState, names: Iterable[str], turn: str = "") -> list[str]:
    """An order that follows from the run and the draft."""
    salt = f"{state.opened.seed}:{draft.number}:{turn}"
    return sorted(names, key=lambda name: hashlib.sha256(f"{salt}{name}".encode()).digest())


def _read_again(state: State, best: DraftState) -> Action | None:
    """Where the critic's errors are known, a sequential test decides on more readings; one that does not fit is left."""
    for role in critics(state):
        doubted = [c.name for c in state.judged(best) if worth_another(state, best, c, role)]
        if not doubted:
            continue
        turn = f"{max(len(best.votes[name]) for name in doubted)}:"
        again = Judge(
            draft=best.number, criteria=tuple(_shuffled(state, best, doubted, turn)), purpose="confirm", role=role
        )
        return None if shortage(state, again) or best.unusable & set(doubted) else again
    return None


def accept(state: State) -> Action | None:
    """Every criterion passes: done, full stop (15, 18)."""
    best = state.best
    if best is None or state.open_criteria(best):
        return None
    doubts = doubtful(state, best)
    if doubts:
        known = any(trusted(state, role) for role in critics(state))
        why = "that is known to miss its faults" if known else "that failed its test on planted texts"
        return Stop(outcome="unverified", reason=f"every criterion passes, but {listed(doubts)} only by a critic {why}")
    return Stop(outcome="accepted", reason="every criterion passes")


def budget(state: State) -> Action | None:
    """No pass is left (16)."""
    used, limit = len(state.passes), state.budget.passes
    said = "the only pass is used" if limit == 1 else f"all {limit} passes are used"
    return stop_for_budget(state, said) if used >= limit else None


def out_of_reach(state: State) -> Action | None:
    """Hardly any chance is left to finish within the budget, as enough runs of this author show (17)."""
    policy, best = state.policy, state.best
    if best is None or not policy.stop_below or state.opened.own_runs < policy.own_runs or not in_prose(state):
        return None
    latest = state.latest
    if latest is None or not latest.measured or state.freeze is not None or remedy_is_due(state):
        return None
    chance = reforecast(state).chance
    if chance >= policy.stop_below:
        return None
    return stop_for_budget(state, f"the chance to finish within the budget is {chance:.0%}")


def settle_for_minor(state: State) -> Action | None:
    """Only minor criteria are open and the last passes resolved nothing: what remains is noise (15)."""
    best = state.best
    if best is None or not in_prose(state) or not _settled(state, best) or remedy_is_due(state):
        return None
    # Where a trade was seen, one more pass tells whether two criteria conflict, and that is worth knowing (13).
    patience = state.policy.minor_patience + suspected(state, state.open_criteria(best))
    if fruitless_passes(state) < patience:
        return None
    still_open = listed(state.open_criteria(best))
    return Stop(
        outcome="settled", reason=f"only minor criteria are open ({still_open}) and the last pass resolved nothing"
    )


def off_target(state: State) -> Action | None:
    """After the last restart, too, the passes brought the core no nearer (14)."""
    best = state.best
    if best is None or not in_prose(state) or not state.policy.on("restart") or state.freeze is not None:
        return None
    restarts = sum(lineage.kind == "restart" for lineage in state.lineages)
    if restarts < state.policy.restarts or restarts == 0 or core_patience(state) < state.policy.patience:
        return None
    if state.distance(best).core == 0:
        return None
    return Stop(outcome="off_target", reason=_why(state, best, "off_target"))


def resolved_nothing(state: State) -> Action | None:
    """In the textbook preset, a pass that resolves nothing is the last, unless a remedy is due (15)."""
    best = state.best
    if state.policy.preset != "canon" or best is None or not textbook_stops(state):
        return None
    outcome = _outcome(state, best, otherwise="unsatisfiable")
    return Stop(outcome=outcome, reason=f"the last pass resolved nothing; {listed(state.open_criteria(best))} is open")


def textbook_stops(state: State) -> bool:
    """Whether the textbook would end here: the last pass resolved nothing, and no remedy is due (15)."""
    if state.best is None or not in_prose(state) or remedy_is_due(state) or state.freeze is not None:
        return False
    return fruitless_passes(state) > 0


def end(state: State) -> Action | None:
    """Nothing is left to try."""
    best = state.best
    if best is None:
        return Stop(outcome="machinery", reason=f"no draft could be read in full: {state.last_trouble or 'no reading'}")
    outcome = _outcome(state, best, otherwise="settled")
    return Stop(outcome=outcome, reason=_why(state, best, outcome))


def stop_for_budget(state: State, reason: str) -> Stop:
    """The end of a run that may not go on, with the outcome that is true by then."""
    best = state.best
    if best is None or not state.open_criteria(best):
        # Nothing was read, or everything passes but could not be confirmed.
        unconfirmed = "" if best is None else "; every criterion passes, but the confirmation did not fit"
        return Stop(outcome="out_of_budget", reason=reason + unconfirmed)
    outcome = _outcome(state, best, otherwise="out_of_budget")
    why = _why(state, best, outcome)
    return Stop(outcome=outcome, reason=reason if outcome == "out_of_budget" else f"{why}; {reason}")


def _settled(state: State, best: DraftState) -> bool:
    still_open = state.open_criteria(best)
    minor = all(state.spec.criterion(name).minor for name in still_open)
    return bool(still_open) and minor and fruitless_passes(state) > 0


def _outcome(state: State, best: DraftState, *, otherwise: Outcome) -> Outcome:
    """The name of an end that is not an acceptance: the first that is true."""
    still_open = [state.spec.criterion(name) for name in state.open_criteria(best)]
    unmeasurable = [c for c in still_open if (v := best.verdict(c.name)) is not None and v.status == "cannot_assess"]
    if any(c.core for c in still_open) and core_patience(state) >= state.policy.patience:
        return "off_target"
    named = {name for pair in state.contradictions for name in (pair.first, pair.second)}
    if any(c.name in named for c in still_open):
        return "contradiction"
    if any(c.name in state.set_aside and c.impact > MINOR_IMPACT for c in still_open):
        return "unsatisfiable"
    if unmeasurable and all(c in unmeasurable or c.minor for c in still_open):
        return "unmeasurable"
    return "settled" if _settled(state, best) else otherwise


def _why(state: State, best: DraftState, outcome: Outcome) -> str:
    still_open = state.open_criteria(best)
    core = [name for name in still_open if state.spec.criterion(name).core]
    match outcome:
        case "off_target":
            again = " after a restart, too" if any(x.kind == "restart" for x in state.lineages) else ""
            return f"{core_patience(state)} passes brought the core ({listed(core)}) no nearer{again}"
        case "contradiction":
            pair = next(p for p in state.contradictions if {p.first, p.second} & set(still_open))
            return f"{pair.first} and {pair.second} exclude each other. {pair.proposal}"
        case "unsatisfiable":
            return f"no tactic could satisfy {listed(name for name in still_open if name in state.set_aside)}"
        case "unmeasurable":
            return f"{listed(still_open)} cannot be assessed from what the critic is given; add a source or a check"
        case "settled":
            return f"only {listed(still_open)} is open and no tactic is left"
        case _:
            return f"{listed(still_open)} is open"
