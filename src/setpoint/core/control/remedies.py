"""Rules for what ordinary moves cannot settle: structure, stubborn criteria, oscillation, a wrong premise."""

from setpoint.core.action import (
    Action,
    Ask,
    Contradict,
    Freeze,
    LockOutline,
    Mediate,
    Prefer,
    Promote,
    Restart,
    Revise,
    Thaw,
    Write,
)
from setpoint.core.control.common import faults, in_prose, listed, targetable
from setpoint.core.detect import conflict, core_patience, excluded, failed_tries
from setpoint.core.draft import headings
from setpoint.core.fault import rank
from setpoint.core.policy import APPROACHES
from setpoint.core.record import DraftState
from setpoint.core.spec import importance
from setpoint.core.state import State

__all__ = ["amend", "competing", "contradict", "freeze", "lock_outline", "mediate", "promote", "restart", "thaw"]

_LESSONS = 6


def lock_outline(state: State) -> Action | None:
    """An outline that meets its criteria is locked before any prose; after a few tries the structure stays open (10)."""
    if in_prose(state) or state.base is None:
        return None
    refused = [a for (question, _), a in state.answers.items() if question == "outline" and not a.approved]
    numbers = {answer.subject for answer in refused}
    outline = state.nearest(draft for draft in state.family if str(draft.number) not in numbers)
    if outline is None:  # a person's words are the lessons for another outline
        return Write(stage="outline", lessons=tuple(a.note or "another outline is wanted" for a in refused))
    still_open = state.open_criteria(outline)
    drafted = len(state.passes) - state.lineage.since
    if still_open and drafted < state.policy.outline_passes and len(state.passes) + 1 < state.budget.passes:
        return _better_outline(state, outline)
    if "outline" in state.policy.ask and ("outline", str(outline.number)) not in state.answers:
        return Ask(question="outline", subject=str(outline.number), text=outline.draft.text)
    # A structure that is known to be wrong is not locked: no draft could put it right any more.
    locked = () if still_open else headings(outline.draft.text)
    return LockOutline(draft=outline.number, headings=locked, open=still_open)


def _better_outline(state: State, outline: DraftState) -> Action:
    """The nearest outline is put right; where that brought nothing, or there is no fault to name, another is drawn up."""
    found = rank(faults(state, outline), len(state.opened.outline))
    tried = any(isinstance(p.action, Revise) and p.action.base == outline.number for p in state.passes)
    if not found or tried:
        return Write(stage="outline", lessons=tuple(dict.fromkeys(fault.directive for fault in found)))
    return Revise(move="rewrite", base=outline.number, targets=tuple(fault.criterion.name for fault in found))


def restart(state: State) -> Action | None:
    """Two passes without a gain on the core: begin again from the spec, with the lessons and another approach (14)."""
    base = state.base
    if base is None or not in_prose(state) or state.freeze is not None or not state.policy.on("restart"):
        return None
    restarts = sum(lineage.kind == "restart" for lineage in state.lineages)
    waited = core_patience(state)
    if restarts >= state.policy.restarts or waited < state.policy.patience:
        return None
    core = [c.name for c in state.spec.criteria if c.core and c.name in state.open_criteria(base)]
    ranked = rank(faults(state, base), len(state.spec.criteria))
    lessons = tuple(dict.fromkeys(fault.directive for fault in ranked))[:_LESSONS]
    return Restart(
        approach=APPROACHES[restarts % len(APPROACHES)],
        lessons=lessons,
        why=f"{waited} passes brought the core ({listed(core)}) no nearer",
    )


def thaw(state: State) -> Action | None:
    """A freeze ends when both criteria hold, or after its passes (13)."""
    frozen, base = state.freeze, state.base
    if frozen is None:
        return None
    both = [d for d in state.family if _passes(d, frozen.keep) and _passes(d, frozen.free)]
    settled = state.nearest(both)
    if settled is not None:
        return Thaw(keep=frozen.keep, free=frozen.free, settled=True, base=settled.number)
    used = len(state.passes) - state.lineage.since
    # A pass is kept for the other way round: without it the pair could not be named.
    first = not any({f.keep, f.free} == {frozen.keep, frozen.free} for f in state.freezes[:-1])
    spent = len(state.passes) + first >= state.budget.passes and used > 0
    if base is not None and used < state.policy.freeze_passes and targetable(state, base) and not spent:
        return None
    best = state.best or base
    return Thaw(keep=frozen.keep, free=frozen.free, settled=False, base=best.number if best else frozen.base)


def freeze(state: State) -> Action | None:
    """Of two criteria that keep being traded, one is frozen and the other worked on; then the other way round (13)."""
    if not in_prose(state) or state.freeze is not None or not state.policy.on("freeze"):
        return None
    if state.freezes and _unsettled(state):
        last = state.freezes[-1]
        return _frozen(state, last.free, last.keep, "the first freeze did not settle it")
    pair = conflict(state)
    if pair is None:
        return None
    return _frozen(state, *pair, f"{pair[0]} and {pair[1]} keep being traded for one another")


def contradict(state: State) -> Action | None:
    """Two that exclude each other, as checks prove or a freeze each way round shows, are named and not targeted (13)."""
    proven = excluded(state)
    if proven is not None and in_prose(state) and state.base is not None and state.policy.on("freeze"):
        one, other, why = proven
        if not any({c.first, c.second} == {one, other} for c in state.contradictions):
            return _contradict(state, one, other, why)
    if state.freeze is not None or not state.freezes or not _unsettled(state):
        return None
    last = state.freezes[-1]
    tried = [f for f in state.freezes if {f.keep, f.free} == {last.keep, last.free}]
    return _contradict(state, last.keep, last.free) if len(tried) > 1 else None


def _unsettled(state: State) -> bool:
    """Whether the latest freeze has just ended without both criteria holding."""
    last = state.freezes[-1]
    named = any({c.first, c.second} == {last.keep, last.free} for c in state.contradictions)
    ended = state.lineage.kind == "thaw" and state.lineage.since == len(state.passes)
    both = any(_passes(d, last.keep) and _passes(d, last.free) for d in state.drafts if d.draft.stage == "prose")
    return ended and not named and not both


def _frozen(state: State, keep: str, free: str, why: str) -> Action | None:
    holds = [d for d in state.drafts if d.draft.stage == "prose" and _passes(d, keep)]
    base = state.nearest(holds)
    if base is None:
        return _contradict(state, keep, free)
    return Freeze(keep=keep, free=free, base=base.number, why=why)


def _contradict(state: State, one: str, other: str, why: str = "") -> Action | None:
    first, second = sorted((one, other), key=lambda name: importance(state.spec.criterion(name)))
    kept, yields = state.spec.criterion(first), state.spec.criterion(second)
    proposal = (
        f'{f"{why}. " if why else ""}If both are meant, say which comes first, for example: "{kept.says}" before "{yields.says}"; '
        "or change one so that a text can meet both."
    )
    return Contradict(first=first, second=second, proposal=proposal)


def amend(state: State) -> Action | None:
    """Where two criteria exclude each other, a person may be asked to change the spec before the run goes on (1, 20)."""
    if "amend" not in state.policy.ask or not state.contradictions:
        return None
    pair = state.contradictions[-1]
    subject = f"{pair.first}/{pair.second}"
    if ("amend", subject) in state.answers:
        return None
    return Ask(question="amend", subject=subject, text=pair.proposal)


def competing(state: State) -> Action | None:
    """For a stubborn criterion, code looks for a demand that competes with it, and says which comes first (12)."""
    name = _stubborn(state)
    if name is None or not state.policy.on("competing") or any(name in (p.winner, p.loser) for p in state.preferences):
        return None
    for one, other, why in state.opened.competing:
        if name in (one, other):
            # The other demand is met already, at the cost of this one: only the other order changes anything. Should
            # it cost more than it brings, the ratchet takes it back, and the two become a conflicting pair.
            return _prefer(state, Prefer(winner=name, loser=other if name == one else one, why=why, by="code"))
    found = state.mediated.get(name)
    if found is not None and found.competing:
        return _prefer(state, Prefer(winner=name, loser=found.competing, why=found.why, by="mediator"))
    return None


def _prefer(state: State, preference: Prefer) -> Action | None:
    """The precedence, or the question whether it is right (20)."""
    if "precedence" not in state.policy.ask:
        return preference
    subject = f"{preference.winner}/{preference.loser}"
    answer = state.answers.get(("precedence", subject))
    if answer is None:
        text = f"Where they pull apart, {preference.winner} would come before {preference.loser}: {preference.why}"
        return Ask(question="precedence", subject=subject, text=text)
    return preference if answer.approved else None


def mediate(state: State) -> Action | None:
    """If code finds none, a model reads the author's whole prompt for what competes, and must cite it (12)."""
    name = _stubborn(state)
    if name is None or not state.policy.on("mediate") or state.model("mediator") is None:
        return None
    ruled = any(name in (p.winner, p.loser) for p in state.preferences)
    return None if ruled or name in state.mediated else Mediate(criterion=name)


def promote(state: State) -> Action | None:
    """Otherwise the criterion becomes something that the author must check its text against, with evidence (12)."""
    name = _stubborn(state)
    if name is None or not state.policy.on("promote") or name in state.promoted:
        return None
    if any(name == preference.loser for preference in state.preferences):
        return None  # it was said to come second
    return Promote(criterion=name, why=f"targeted {failed_tries(state, name)} times and not fixed")


def _stubborn(state: State) -> str | None:
    """The most important criterion that was targeted often enough and never fixed; the core is for `restart`."""
    base = state.base
    if base is None or not in_prose(state) or state.freeze is not None:
        return None
    for fault in rank(targetable(state, base), len(state.spec.criteria)):
        name = fault.criterion.name
        if (
            not (fault.criterion.core and state.policy.on("restart"))
            and failed_tries(state, name) >= state.policy.stubborn
        ):
            return name
    return None


def _passes(draft: DraftState, criterion: str) -> bool:
    verdict = draft.verdict(criterion)
    return verdict is not None and verdict.status == "pass"
