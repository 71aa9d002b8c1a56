"""The control law: what to do next, decided from recorded events alone.

`decide` asks an ordered tuple of small pure rules; the first that answers wins, and its name is recorded with the
action. Everything that decides lives in this file. Nothing here does anything.

Numbers in parentheses are the rules of the design: 3 code before critics, 4 the critic is not the author, 5 critiques
direct, 6 fail closed, 7 rank and fix few, 8 ratchet, 11 no fruitless pass is repeated as it was, 15 stop, 16 budget
before the call, 18 easy work skips the loop.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

from setpoint.core.action import (
    Action,
    Call,
    Judge,
    Measure,
    Outcome,
    Probe,
    Reask,
    Revise,
    Role,
    SetAside,
    Stop,
    Tactic,
    Write,
)
from setpoint.core.cost import shortage
from setpoint.core.fault import Fault, Verdict, disputed, distance, rank, vagueness
from setpoint.core.spec import MINOR_IMPACT
from setpoint.core.state import DraftState, State

__all__ = ["RULES", "Decision", "Strength", "decide", "faults", "strength", "trusted"]

Strength: TypeAlias = Literal["checks", "measured critic", "unmeasured critic"]
"""What ``accepted`` rests on."""


class Decision(NamedTuple):
    """The rule that answered, and its action."""

    rule: str
    action: Action


Rule: TypeAlias = Callable[[State], "Action | None"]


# Before anything else


def cancelled(state: State) -> Action | None:
    """The user ended the run."""
    return Stop(outcome="cancelled", reason=state.cancelled) if state.cancelled else None


def machinery(state: State) -> Action | None:
    """A model that cannot be used ends the run; the best draft is returned all the same."""
    policy = state.policy
    for role, times in state.failed.items():
        if times >= policy.failed_calls:
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


# Measuring the latest draft


def measure(state: State) -> Action | None:
    """Checks run before any critic is asked (3)."""
    latest = state.latest
    return Measure(draft=latest.number) if latest and not latest.measured else None


def probe(state: State) -> Action | None:
    """A critic that is new in the role first judges planted texts (4)."""
    if not state.spec.judged or (state.latest is not None and state.complete(state.latest)):
        return None  # no critic is needed, or not for this draft
    for role in _critics(state):
        model = state.model(role)
        answered = state.probes[role].items if role in state.probes else 0
        if model is not None and model.sensitivity is None and answered < state.opened.probe_items:
            return Probe(role=role, item=answered)
    return None


def write(state: State) -> Action | None:
    """Without a draft, write one."""
    return None if state.drafts else (_out_of_passes(state) or Write())


def read(state: State) -> Action | None:
    """A critic reads what checks cannot measure, unless the draft could not win even if it passed all of it (3, 4)."""
    latest = state.latest
    if latest is None:
        return None
    unread = tuple(c.name for c in state.spec.judged if not latest.votes.get(c.name))
    rival = _rival(state, latest)
    if not unread or (rival is not None and state.optimistic(latest) >= state.distance(rival)):
        return None
    tried = tuple(name for name in unread if ("fresh", name) in latest.asked)
    if tried:  # a reply about several criteria was unusable: ask about one at a time
        return Judge(draft=latest.number, criteria=tried[:1], purpose="fresh")
    return Judge(draft=latest.number, criteria=unread, purpose="first" if rival is None else "fresh")


def ask_alone(state: State) -> Action | None:
    """What could not be assessed is asked once more, alone (6)."""
    latest = state.latest
    if latest is None or not state.complete(latest):
        return None
    rival, verdicts = _rival(state, latest), latest.verdicts()
    assessed = [c for c in state.spec.criteria if verdicts[c.name].status != "cannot_assess"]
    if rival is not None and distance(assessed, verdicts) >= state.distance(rival):
        return None  # it could not win even if it passed all of them
    for criterion in state.spec.judged:
        votes = latest.votes[criterion.name]
        if votes[-1].status == "cannot_assess" and _critic_votes(votes) == 1:
            return Judge(draft=latest.number, criteria=(criterion.name,), purpose="alone")
    return None


def second_reading(state: State) -> Action | None:
    """A loss that only a critic saw, and on which the ratchet turns, is read a second time (8)."""
    latest = state.latest
    rival = _rival(state, latest) if latest else None
    if latest is None or rival is None or not state.complete(latest):
        return None
    now, before = latest.verdicts(), rival.verdicts()
    lost = tuple(
        c.name
        for c in state.spec.judged
        if before[c.name].status == "pass"
        and now[c.name].status != "pass"
        and _critic_votes(latest.votes[c.name]) == 1
        and ("second", c.name) not in latest.asked
    )
    if not lost:
        return None
    without = {**now, **{name: before[name] for name in lost}}
    turns = distance(state.spec.criteria, without) < state.distance(rival) <= state.distance(latest)
    return Judge(draft=latest.number, criteria=lost, purpose="second") if turns else None


def third_reading(state: State) -> Action | None:
    """Two readings that contradict each other are decided by a third; two of three count (15)."""
    for draft in _worth_asking(state):
        for criterion in state.spec.judged:
            name = criterion.name
            if disputed(draft.votes.get(name, ())) and ("third", name) not in draft.asked:
                if state.thirds.get(name, 0) < state.policy.disputes:
                    return Judge(draft=draft.number, criteria=(name,), purpose="third")
                if name not in state.set_aside:
                    return SetAside(
                        criterion=name, why="disputed: readings of the same text keep contradicting each other"
                    )
    return None


# Done


def confirm(state: State) -> Action | None:
    """When every criterion passes, what a critic judged is read once more, in full, before it is believed (15)."""
    best = state.best
    if best is None or state.open_criteria(best) or not state.spec.judged:
        return None
    due = [c.name for c in state.spec.judged if ("confirm", c.name) not in best.asked]
    if not due:
        return None
    if state.model("confirmer"):
        return Judge(draft=best.number, criteria=tuple(due), purpose="confirm", role="confirmer")
    # The same critic: one criterion per call and another order, so that it cannot repeat its first answer by habit.
    due.sort(key=lambda name: hashlib.sha256(f"{state.opened.seed}:{best.number}:{name}".encode()).digest())
    return Judge(draft=best.number, criteria=(due[0],), purpose="confirm")


def accept(state: State) -> Action | None:
    """Every criterion passes: done, full stop (15, 18)."""
    best = state.best
    if best is None or state.open_criteria(best):
        return None
    doubtful = _doubtful(state, best)
    if doubtful:
        return Stop(
            outcome="unverified",
            reason=f"every criterion passes, but {_list(doubtful)} only by a critic that let planted faults through",
        )
    return Stop(outcome="accepted", reason="every criterion passes")


# Going on


def budget(state: State) -> Action | None:
    """No pass is left (16)."""
    return _out_of_passes(state)


def settle_for_minor(state: State) -> Action | None:
    """Only minor criteria are open and the last pass resolved nothing: what remains is noise (15)."""
    best = state.best
    if best is None or not _settled(state, best):
        return None
    return Stop(
        outcome="settled",
        reason=f"only minor criteria are open ({_list(state.open_criteria(best))}) and the last pass resolved nothing",
    )


def reask(state: State) -> Action | None:
    """Edits that did not apply are asked for once more, with the reason for each."""
    missed = state.missed
    return Reask(revise=missed.revise, edits=missed.edits, misses=missed.misses) if missed else None


def redirect(state: State) -> Action | None:
    """A critique that describes instead of directing goes back to the critic once (5)."""
    best, plan = state.best, _plan(state)
    if best is None or plan is None:
        return None
    for fault in faults(state, best):
        name = fault.criterion.name
        if name in plan.targets and fault.vague and ("redirect", name) not in best.asked:
            return Judge(draft=best.number, criteria=(name,), purpose="redirect")
    return None


def revise(state: State) -> Action | None:
    """Fix the few faults that matter most, by the next tactic that was not fruitless on this draft (7, 11)."""
    return _plan(state)


def set_aside(state: State) -> Action | None:
    """When every tactic was fruitless, the criterion that was targeted most is set aside and the rest goes on (15)."""
    best = state.best
    targets = _targetable(state, best) if best else ()
    if best is None or not targets:
        return None
    tried = [p.action for p in state.passes if isinstance(p.action, Revise) and p.action.base == best.number]
    most = max(targets, key=lambda f: sum(f.criterion.name in action.targets for action in tried))
    return SetAside(criterion=most.criterion.name, why=f"still open after {len(tried)} tactics")


def end(state: State) -> Action | None:
    """Nothing is left to try."""
    best = state.best
    if best is None:
        return Stop(outcome="machinery", reason=f"no draft could be read in full: {state.last_trouble or 'no reading'}")
    outcome = _outcome(state, best, otherwise="settled")
    return Stop(outcome=outcome, reason=_why(state, best, outcome))


RULES: Final[tuple[Rule, ...]] = (
    cancelled,
    machinery,
    measure,
    probe,
    write,
    read,
    ask_alone,
    second_reading,
    third_reading,
    confirm,
    accept,
    budget,
    settle_for_minor,
    reask,
    redirect,
    revise,
    set_aside,
    end,
)
"""In order of precedence: the first rule that answers wins. The table in the docs is printed from here."""


def decide(state: State) -> Decision:
    """What to do next. Total: some rule always answers.

    A call whose worst case does not fit the budget is replaced by the end of the run (16).
    """
    for rule in RULES:
        action = rule(state)
        if action is None:
            continue
        if isinstance(action, Call) and (short := shortage(state, action)):
            return Decision("budget", _stop_for_budget(state, short))
        return Decision(rule.__name__, action)
    raise AssertionError("the last rule always answers")


# What the rules share


def faults(state: State, draft: DraftState) -> tuple[Fault, ...]:
    """The failed criteria of a draft as directives, in the order of the spec; what cannot be assessed is none (6)."""
    lines = draft.draft.text.splitlines()
    found: list[Fault] = []
    for criterion in state.spec.criteria:
        verdict = draft.verdict(criterion.name)
        if verdict is None or verdict.status != "fail":
            continue
        vague = verdict.by != "check" and bool(vagueness(verdict.directive))
        found.append(
            Fault(
                criterion=criterion,
                # A vague critique is not passed on: the criterion's own sentence is the better instruction (5).
                reason=verdict.reason if not vague else "this criterion is not met",
                directive=criterion.says if vague else verdict.directive,
                quotes=tuple(lines[n - 1] for n in verdict.lines if 0 < n <= len(lines)),
                shortfall=verdict.shortfall,
                vague=vague,
                root=verdict.root,
            )
        )
    return tuple(found)


def strength(state: State) -> Strength:
    """What an acceptance rests on."""
    if not state.spec.judged:
        return "checks"
    measured = all(state.sensitivity(role) is not None for role in _critics(state))
    return "measured critic" if measured else "unmeasured critic"


def trusted(state: State, role: Role) -> bool:
    """Whether a critic may accept: it was not probed, or it noticed enough planted failures (4)."""
    sensitivity = state.sensitivity(role)
    return sensitivity is None or sensitivity >= state.policy.trust_threshold


def _critics(state: State) -> tuple[Role, ...]:
    roles: tuple[Role, ...] = ("critic", "confirmer")
    return tuple(role for role in roles if state.model(role) is not None)


def _doubtful(state: State, draft: DraftState) -> tuple[str, ...]:
    """The criteria that pass only by critics that failed their probe."""
    return tuple(
        c.name
        for c in state.spec.judged
        if not any(
            vote.status == "pass" and vote.by != "check" and trusted(state, vote.by) for vote in draft.votes[c.name]
        )
    )


def _critic_votes(votes: Iterable[Verdict]) -> int:
    return sum(vote.by != "check" and not vote.carried for vote in votes)


def _rival(state: State, draft: DraftState) -> DraftState | None:
    """The best of the other drafts: what this one is compared with (8)."""
    return state.nearest(d for d in state.drafts if d.number != draft.number)


def _worth_asking(state: State) -> tuple[DraftState, ...]:
    """The latest draft and the best one, if they have a full reading."""
    pair = (state.latest, state.best)
    return tuple({d.number: d for d in pair if d is not None and state.complete(d)}.values())


def _targetable(state: State, best: DraftState) -> tuple[Fault, ...]:
    return tuple(fault for fault in faults(state, best) if fault.criterion.name not in state.set_aside)


def _plan(state: State) -> Revise | None:
    """The next tactic for the best draft that differs from all that were fruitless on it (11)."""
    best = state.best
    targets = _targetable(state, best) if best else ()
    if best is None or not targets:
        return None
    fruitless = {
        (p.action.move, p.action.targets, p.action.setting)
        for p in state.passes
        if isinstance(p.action, Revise) and p.action.base == best.number
    }
    for tactic in _ladder(state, best):
        chosen = rank(targets, tactic.focus or len(targets))
        names = tuple(fault.criterion.name for fault in chosen)
        if (tactic.move, names, tactic.setting) not in fruitless:
            return Revise(move=tactic.move, base=best.number, targets=names, setting=tactic.setting)
    return None


def _ladder(state: State, best: DraftState) -> tuple[Tactic, ...]:
    """The ladder for a text of this length, beginning with the rung that made the best draft, as it has just worked."""
    ladder = state.policy.ladder(len(best.draft.text.split()))
    made = next((p.action for p in state.passes if p.draft == best.number), None)
    if not isinstance(made, Revise):
        return ladder
    return tuple(sorted(ladder, key=lambda t: (t.move, t.setting) != (made.move, made.setting)))


def _last_pass_was_fruitless(state: State) -> bool:
    """Whether the last pass left the best draft what it was (15)."""
    best = state.best
    last = state.passes[-1] if state.passes else None
    return last is not None and best is not None and last.number > 1 and last.draft != best.number


def _settled(state: State, best: DraftState) -> bool:
    still_open = state.open_criteria(best)
    minor = all(state.spec.criterion(name).minor for name in still_open)
    return bool(still_open) and minor and _last_pass_was_fruitless(state)


def _out_of_passes(state: State) -> Stop | None:
    used, limit = len(state.passes), state.budget.passes
    return _stop_for_budget(state, f"all {limit} passes are used") if used >= limit else None


def _stop_for_budget(state: State, reason: str) -> Stop:
    best = state.best
    if best is None or not state.open_criteria(best):
        # Nothing was read, or everything passes but could not be confirmed.
        unconfirmed = "" if best is None else "; every criterion passes, but the confirmation did not fit"
        return Stop(outcome="out_of_budget", reason=reason + unconfirmed)
    outcome = _outcome(state, best, otherwise="out_of_budget")
    why = _why(state, best, outcome)
    return Stop(outcome=outcome, reason=reason if outcome == "out_of_budget" else f"{why}; {reason}")


def _outcome(state: State, best: DraftState, *, otherwise: Outcome) -> Outcome:
    """The name of an end that is not an acceptance: the first that is true."""
    still_open = [state.spec.criterion(name) for name in state.open_criteria(best)]
    unmeasurable = [c for c in still_open if (v := best.verdict(c.name)) is not None and v.status == "cannot_assess"]
    if any(c.core for c in still_open) and len(state.passes) >= 3:  # noqa: PLR2004 - two passes after the first draft
        return "off_target"
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
            return f"the core is still open ({_list(core)})"
        case "unsatisfiable":
            return f"no tactic could satisfy {_list([name for name in still_open if name in state.set_aside])}"
        case "unmeasurable":
            return f"{_list(still_open)} cannot be assessed from what the critic is given; add a source or a check"
        case "settled":
            return f"only {_list(still_open)} is open and no tactic is left"
        case _:
            return f"{_list(still_open)} is open"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
