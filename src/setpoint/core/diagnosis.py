"""What went wrong in a run, and what to change before the next one.

`diagnose` asks each detector once. A detector looks at what the events say and answers with a `Signature`: a known
way in which loops fail, the facts of this run that show it, and what to change upstream. It decides nothing; the
control law does not look here. What one signature explains, another does not explain again.

The causes are those of the design's rules: 1 moving target, 4 and 6 weak critic, 5 describing critiques, 11 and 15
polish, 12 stubborn criterion, 13 conflicting pair, 14 wrong premise, 16 budget.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from setpoint.core.action import Outcome, Revise
from setpoint.core.detect import traded
from setpoint.core.evidence import (
    and_list,
    by_pass,
    course,
    difference,
    in_vain,
    make_room,
    passes,
    probe_result,
    quoted,
    short,
    trade,
    were,
)
from setpoint.core.fault import vagueness
from setpoint.core.record import Pass
from setpoint.core.state import State
from setpoint.core.symptoms import (
    barren,
    competitor,
    conflicts,
    core_names,
    critic_failures,
    current_passes,
    failed_probe,
    freezes,
    gained,
    given_up_as_disputed,
    idle,
    met,
    missed_at_first,
    missed_core,
    nearer,
    only_minor,
    open_now,
    outdated,
    premise,
    rereadings,
    restarts,
    revisions,
    still_open,
    stubborn,
    stuck_on_core,
    texts,
    vain,
)

__all__ = ["SIGNATURES", "TITLES", "Detector", "Signature", "SignatureName", "diagnose"]

SignatureName: TypeAlias = Literal[
    "moving_target",
    "describing_critiques",
    "conflicting_pair",
    "stubborn_criterion",
    "wrong_premise",
    "polishing_after_done",
    "weak_critic",
    "budget_too_small",
]

TITLES: Final[Mapping[SignatureName, str]] = MappingProxyType(
    {
        "moving_target": "The target moved",
        "describing_critiques": "The critic described instead of directing",
        "conflicting_pair": "Two criteria pull against each other",
        "stubborn_criterion": "A criterion did not give way",
        "wrong_premise": "The texts missed the point",
        "polishing_after_done": "Passes were spent on polish",
        "weak_critic": "The critic cannot be relied on",
        "budget_too_small": "The budget was too small",
    }
)

_FEW_PASSES = 4
"""A run that is accepted in so many passes went as loops do, and needs no diagnosis."""
_DECISIVE = 10.0
"""What a signature weighs more for what is still open, and for the end: more than it can have cost in passes at the
default budget."""
_ENDS: Final[Mapping[Outcome, SignatureName]] = MappingProxyType(
    {
        "off_target": "wrong_premise",
        "contradiction": "conflicting_pair",
        "unsatisfiable": "stubborn_criterion",
        "unverified": "weak_critic",
        "settled": "polishing_after_done",
        "out_of_budget": "budget_too_small",
    }
)
"""Which signature is why a run ended so, if the run has it."""
_OTHERS = 2
"""So many further stubborn criteria are told about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A known way in which loops fail, and how it shows in this run.

    Args:
        name: one of a closed set.
        title: the same in a few words.
        evidence: plain sentences, with numbers of passes and names of criteria; each is true of the recorded events.
        advice: what to change before the next run.
        weight: how much of the run it explains: the passes it cost (for a weak critic, the verdicts that did not
            hold), 10 more if it is about what is still open, and 10 more if it is why the run ended.
        criteria: the criteria it is about.
    """

    name: SignatureName
    title: str
    evidence: tuple[str, ...]
    advice: str
    weight: float
    criteria: tuple[str, ...] = ()


Detector: TypeAlias = Callable[[State], Signature | None]


def diagnose(state: State) -> tuple[Signature, ...]:
    """The failure signatures of a run, ended or not: at most one of a kind, the weightiest first.

    A run that was accepted in few passes has none, unless its target moved meanwhile.
    """
    stopped = state.stopped
    smooth = stopped is not None and stopped.outcome == "accepted" and len(state.passes) <= _FEW_PASSES
    asked = [detector(state) for detector in ((moving_target,) if smooth else SIGNATURES)]
    cause = _ENDS.get(stopped.outcome) if stopped is not None else None
    found = [replace(one, weight=one.weight + _DECISIVE * (one.name == cause)) for one in asked if one is not None]
    return tuple(sorted(found, key=lambda one: -one.weight))


def moving_target(state: State) -> Signature | None:
    """The spec was changed more than once while the run went on."""
    if len(state.amendments) < 2:  # noqa: PLR2004 - one deliberate change is allowed (rule 1)
        return None
    places = [lineage.since for lineage in state.lineages if lineage.kind == "amended"]
    early = len(state.amendments) - len(places)  # while an outline is drafted, an amendment begins no lineage
    old, evidence = state.opened.spec, list[str]()
    for number, amended in enumerate(state.amendments):
        after = places[number - early] if number >= early else None
        when = "Before any prose" if after is None else f"After pass {after}" if after else "Before the first pass"
        what, why = difference(old, amended.spec), short(amended.why, 120)
        evidence.append(f'{when}, {short(amended.who, 40)} changed {what} ("{why}").')
        old = amended.spec
    wasted = outdated(state)
    if wasted:
        evidence.append(f"{were(range(1, wasted + 1))} made for a target that was given up later.")
    accepted = state.stopped is not None and state.stopped.outcome == "accepted"
    return _signature(
        "moving_target",
        evidence,
        "Settle in the spec what the text must do, and leave it alone while the run goes on; what occurs to you "
        "meanwhile goes into the spec of the next run, all at once.",
        weight=wasted + _DECISIVE * (not accepted),
    )


def describing_critiques(state: State) -> Signature | None:
    """At least two failures, and half of all that critics found, came in words too vague to act on."""
    found = [(entry, draft, verdict) for entry, draft in texts(state) for verdict in critic_failures(draft)]
    vague = [(e, d, v) for e, d, v in found if vagueness(v.directive) or ("redirect", v.criterion) in d.asked]
    if len(vague) < 2 or 2 * len(vague) < len(found):  # noqa: PLR2004 - one is an accident
        return None
    names = tuple(dict.fromkeys(v.criterion for _, _, v in vague))
    where = by_pass((e.number, v.criterion) for e, _, v in vague)
    share = f"{len(vague)} of the {len(found)}" if len(vague) < len(found) else f"All {len(found)}"
    evidence = [f"{share} failures that the critic found came in words too vague to act on ({where})."]
    left = [(entry, verdict) for entry, _, verdict in vague if vagueness(verdict.directive)]
    if left:
        entry, verdict = left[0]
        said = f'was "{short(verdict.directive, 100)}"' if verdict.directive.strip() else "was left empty"
        evidence.append(f"What to do about {verdict.criterion} in the text of pass {entry.number} {said}.")
    again = [v for _, d, v in vague if ("redirect", v.criterion) in d.asked]
    if again:
        still = sum(bool(vagueness(v.directive)) for v in again)
        evidence.append(f"Sent back to the critic: {len(again)}; still too vague after that: {still}.")
    blurred = {(draft.number, verdict.criterion) for _, draft, verdict in vague}
    cost = sum(any((action.base, name) in blurred for name in action.targets) for _, action in revisions(state))
    return _signature(
        "describing_critiques",
        evidence,
        f"Word {and_list(names)} so that a failure has a place in the text and a remedy: "
        '"names the release in its first line", not "is engaging". What code can decide, give a check.',
        weight=cost + _DECISIVE * still_open(state, (verdict.criterion for _, verdict in left)),
        criteria=names,
    )


def conflicting_pair(state: State) -> Signature | None:
    """Two criteria were traded for one another, or one was held fixed for the sake of the other."""
    pairs = conflicts(state)
    if not pairs:
        return None
    (first, second), pair = pairs[0], frozenset(pairs[0])
    trades = {
        entry.number: trade(state, entry, pair)
        for entry in current_passes(state)
        if any(trade.sure and trade.pair == pair for trade in traded(state, entry))
    }
    held = [lineage for lineage in freezes(state) if pair == frozenset({lineage.keep, lineage.free})]
    during = {entry.number for entry in state.passes if entry.lineage in {lineage.number for lineage in held}}
    evidence = course(state, trades, held)
    both = [entry.number for entry, draft in texts(state) if met(draft, first) and met(draft, second)]
    evidence.append(f"The text of pass {both[0]} meets both." if both else "No text was found to meet both.")
    if len(pairs) > 1:
        evidence.append(f"Also in conflict: {'; '.join(and_list(other) for other in pairs[1:])}.")
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    return _signature(
        "conflicting_pair",
        evidence,
        f"Say in the brief whether {first} or {second} gives way where they pull apart, or change one of them so that "
        "a text can meet both.",
        weight=len(during | trades.keys()) + _DECISIVE * still_open(state, names),
        criteria=names,
    )


def stubborn_criterion(state: State) -> Signature | None:
    """A criterion was worked on again and again and stayed open, or was given up."""
    names = stubborn(state)
    if not names:
        return None
    main = names[0]
    rival, why = competitor(state, main)
    rival = quoted(state, rival)
    evidence = [in_vain(state, main)] if vain(state, main) else []
    if rival:
        evidence.append(f"{main} was found to compete with {rival}{f': {short(why, 160)}' if why else ''}.")
    elif main in state.mediated or (main in state.promoted and state.policy.on("competing")):
        evidence.append(f"No other demand was found that competes with {main}.")
    ruled = [p for p in state.preferences if main in (p.winner, p.loser)]
    evidence += [f"It was settled that {p.winner} comes first where they pull apart." for p in ruled]
    if main in state.promoted:
        evidence.append(f"The author was to check its text against {main} and to quote what shows it.")
    if main in state.set_aside:
        evidence.append(f"{main} was set aside: {short(state.set_aside[main], 120)}.")
    if not still_open(state, (main,)) and state.best is not None:
        evidence.append(f"The best text meets {main} after all.")
    evidence += [in_vain(state, name) for name in names[1:] if vain(state, name)][:_OTHERS]
    return _signature(
        "stubborn_criterion",
        evidence,
        make_room(state, names, rival),
        weight=len(vain(state, main)) + _DECISIVE * still_open(state, names),
        criteria=names,
    )


def wrong_premise(state: State) -> Signature | None:
    """The first two texts missed the core, or passes in a row brought it no nearer."""
    names = premise(state)
    if not names:
        return None
    first, again, waited = missed_at_first(state), restarts(state), stuck_on_core(state)
    evidence = [f"The first two texts ({passes(first)}) missed the core: {and_list(names)}."] if first else []
    for lineage in again:
        later = [(entry.number, draft) for entry, draft in texts(state) if entry.number > lineage.since]
        good = [number for number, draft in later if all(met(draft, name) for name in core_names(state))]
        bad = [number for number, draft in later if missed_core(state, draft)]
        what = f"; {passes(good[:1])} met the core" if good else f"; {passes(bad)} missed the core, too" if bad else ""
        evidence.append(f"After pass {lineage.since}, with the core not met, the run began again from the spec{what}.")
    if waited and not again:
        evidence.append(f"{waited} passes in a row brought the core ({and_list(names)}) no nearer.")
    cost = sum(bool(missed_core(state, draft)) for entry, draft in texts(state) if entry.number > outdated(state))
    return _signature(
        "wrong_premise",
        evidence,
        f"Read the brief as a stranger would: does it ask for the same as {and_list(names)}, and do the sources hold it? "
        "Change that first; another wording of the text cannot mend it.",
        weight=cost + _DECISIVE * still_open(state, names),
        criteria=names,
    )


def polishing_after_done(state: State) -> Signature | None:
    """Passes went into minor criteria alone, or changed the wording and no verdict."""
    minor = [(entry, action) for entry, action in revisions(state) if only_minor(state, action)]
    fruitless = [entry.number for entry, _ in minor if barren(state, entry)]
    minor = minor if fruitless or len(minor) > 1 else []
    same = _wording_only(state)
    if not minor and not same:
        return None
    small = tuple(dict.fromkeys(name for _, action in minor for name in action.targets))
    other = tuple(dict.fromkeys(name for _, action in same for name in action.targets))
    evidence, advice = list[str](), list[str]()
    if minor:
        spent = were([entry.number for entry, _ in minor])
        weights = and_list(f"{name} (impact {state.criterion(name).impact})" for name in small)
        evidence.append(f"{spent} spent while nothing but minor criteria was open: {weights}.")
        evidence += [f"{passes(fruitless, start=True)} brought the text no nearer."] if fruitless else []
        advice.append(f"Decide about {and_list(small)}: a higher impact if the text needs it, out of the spec if not.")
    if same:
        changed = passes([entry.number for entry, _ in same], start=True)
        evidence.append(f"{changed} changed the wording, and not one verdict that was taken changed with it.")
        advice.append(f"Word {and_list(other)} as something to do, or name another author.")
    return _signature(
        "polishing_after_done",
        evidence,
        " ".join(advice),
        weight=len(minor) + len(same) + _DECISIVE * still_open(state, small),
        criteria=tuple(dict.fromkeys((*small, *other))),
    )


def weak_critic(state: State) -> Signature | None:
    """A critic failed its test, contradicted itself about the same text, or sent replies that could not be used."""
    if not state.needs_critic:
        return None
    argued = given_up_as_disputed(state)
    again, flips = rereadings(state)
    wavering = len(flips) > 1 and 3 * len(flips) >= len(again)
    broken = state.broken >= state.policy.broken_readings
    evidence = [probe_result(state, role) for role in failed_probe(state)]
    if wavering:
        share = f"{len(flips)} of {len(again)} verdicts that were taken more than once on the same text did not hold"
        evidence.append(f"{share} ({by_pass(flips)}).")
    if argued:
        evidence.append(f"Readings of the same text kept contradicting each other about {and_list(argued)}.")
    if broken:
        trouble = short(state.last_trouble, 160)
        evidence.append(f"The critic's last {state.broken} replies could not be used: {trouble}.")
    if not evidence:
        return None
    criteria = (*state.opened.outline, *state.spec.criteria)
    names = tuple(criterion.name for criterion in criteria if criterion.check is None)
    return _signature(
        "weak_critic",
        evidence,
        f"Give {and_list(names)} a check where code can decide, or words from which yes or no follows for any text; "
        "what is left needs a stronger critic.",
        weight=len(flips) + len(argued) + _DECISIVE * (broken or still_open(state, argued)),
        criteria=argued or names,
    )


def budget_too_small(state: State) -> Signature | None:
    """The budget ended while passes still brought the text nearer, or before there were enough to tell."""
    stopped = state.stopped
    if stopped is None or stopped.outcome != "out_of_budget" or (state.passes and not state.drafts):
        return None
    gains = [entry for entry in state.passes[-2:] if nearer(state, entry)]
    done = state.best is not None and not state.open_criteria(state.best)
    later = len(state.passes) - 1
    if later > 1 and not gains and not done:  # it had stalled: more would not have helped
        return None
    evidence = list[str]()
    for entry in gains:
        won = gained(state, entry)
        evidence.append(
            f"Pass {entry.number} still brought the text nearer{f': it met {and_list(won)}' if won else ''}."
        )
    if not gains and not done:
        came = {-1: "There was no pass at all", 0: "No pass came after the first one"}
        evidence.append(
            f"{came.get(later, 'One pass came after the first one')}: too few to tell whether more would help."
        )
    evidence.append(f"The run ended because {short(stopped.reason, 300)}.")
    advice = "If runs of this spec usually end like this, give it a larger `[budget]`, or ask for less in one text."
    if state.budget.passes == 1:
        advice = (
            "One draft was all that was asked for, so nothing could be revised: allow more passes to have it mended."
        )
    return _signature(
        "budget_too_small",
        evidence,
        advice,
        weight=len(gains),
        criteria=open_now(state),
    )


SIGNATURES: Final[tuple[Detector, ...]] = (
    moving_target,
    describing_critiques,
    conflicting_pair,
    stubborn_criterion,
    wrong_premise,
    polishing_after_done,
    weak_critic,
    budget_too_small,
)
"""One detector for each signature, under its name; of equal weight, the earlier comes first."""


def _wording_only(state: State) -> list[tuple[Pass, Revise]]:
    """Passes that changed the wording and no verdict, as far as no other signature explains them."""
    explained = {*stubborn(state), *premise(state), *(name for pair in conflicts(state) for name in pair)}
    found = [(entry, action) for entry, action in revisions(state) if idle(state, entry, action)]
    found = [(e, a) for e, a in found if not only_minor(state, a) and not explained.issuperset(a.targets)]
    return found if len(found) > 1 else []


def _signature(
    name: SignatureName, evidence: Sequence[str], advice: str, *, weight: float, criteria: tuple[str, ...] = ()
) -> Signature:
    title = TITLES[name]
    return Signature(name=name, title=title, evidence=tuple(evidence), advice=advice, weight=weight, criteria=criteria)
