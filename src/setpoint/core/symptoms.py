"""What a run shows that `core.diagnosis` tells about: questions to a `State`, answered from its events.

All of it is about the target as it is now: verdicts from before an amendment are void, and passes made for another
target are left out.
"""

from collections.abc import Iterable
from typing import Final

from setpoint.core.action import Revise, Role
from setpoint.core.detect import core_patience, failed_tries, traded, trusted
from setpoint.core.fault import Verdict, disputed
from setpoint.core.record import DraftState, Lineage, Pass
from setpoint.core.spec import Criterion, importance
from setpoint.core.state import State

__all__ = [
    "CRITICS",
    "barren",
    "competitor",
    "conflicts",
    "core_names",
    "critic_failures",
    "current_passes",
    "failed_probe",
    "freezes",
    "gained",
    "given_up_as_disputed",
    "idle",
    "met",
    "missed_at_first",
    "missed_core",
    "nearer",
    "only_minor",
    "open_now",
    "outdated",
    "premise",
    "rereadings",
    "restarts",
    "revisions",
    "still_open",
    "stubborn",
    "stuck_on_core",
    "texts",
    "vain",
]

CRITICS: Final[tuple[Role, ...]] = ("critic", "confirmer")
_FIRST_TEXTS = 2
"""After so many texts without the core, rule 14 looks for the fault upstream."""


def outdated(state: State) -> int:
    """How many passes were made for another target than today's."""
    return max((lineage.since for lineage in state.lineages if lineage.kind == "amended"), default=0)


def current_passes(state: State) -> tuple[Pass, ...]:
    """The passes made for today's target."""
    return state.passes[outdated(state) :]


def revisions(state: State) -> list[tuple[Pass, Revise]]:
    """Those of them that were to put faults of the text right."""
    known = set(state.spec.names())
    made = [(entry, entry.action) for entry in current_passes(state) if isinstance(entry.action, Revise)]
    return [(entry, action) for entry, action in made if known.issuperset(action.targets)]


def texts(state: State) -> list[tuple[Pass, DraftState]]:
    """The prose that passes brought, whenever it was made: its verdicts are about today's target."""
    made = [(entry, state.draft(entry.draft)) for entry in state.passes if entry.draft is not None]
    return [(entry, draft) for entry, draft in made if draft.draft.stage == "prose"]


def _lineages(state: State, kind: str) -> list[Lineage]:
    """The lineages of a kind that were begun since the target was last changed."""
    last = max((lineage.number for lineage in state.lineages if lineage.kind == "amended"), default=0)
    return [lineage for lineage in state.lineages[last:] if lineage.kind == kind]


def freezes(state: State) -> list[Lineage]:
    """Where one criterion was held for the sake of another (rule 13)."""
    return _lineages(state, "freeze")


def restarts(state: State) -> list[Lineage]:
    """Where the run began again from the spec (rule 14)."""
    return _lineages(state, "restart")


def open_now(state: State) -> tuple[str, ...]:
    """What the best text does not pass."""
    return state.open_criteria(state.best) if state.best is not None else ()


def still_open(state: State, names: Iterable[str]) -> bool:
    """Whether the best text does not pass one of these."""
    return not set(names).isdisjoint(open_now(state))


def met(draft: DraftState, name: str) -> bool:
    """Whether a draft passes a criterion."""
    verdict = draft.verdict(name)
    return verdict is not None and verdict.status == "pass"


def _failed(draft: DraftState, name: str) -> bool:
    verdict = draft.verdict(name)
    return verdict is not None and verdict.status == "fail"


# The core (rule 14)


def core_names(state: State) -> tuple[str, ...]:
    """The core criteria of the text."""
    return tuple(criterion.name for criterion in state.spec.criteria if criterion.core)


def missed_core(state: State, draft: DraftState) -> tuple[str, ...]:
    """The core criteria that a draft was found to fail; what cannot be assessed says nothing about the premise."""
    return tuple(name for name in core_names(state) if _failed(draft, name))


def missed_at_first(state: State) -> list[int]:
    """The passes of the first two texts, if both missed the core."""
    made = [(entry.number, draft) for entry, draft in texts(state) if entry.number > outdated(state)]
    missed = [number for number, draft in made[:_FIRST_TEXTS] if missed_core(state, draft)]
    return missed if len(missed) == _FIRST_TEXTS else []


def stuck_on_core(state: State) -> int:
    """How many passes in a row brought the core no nearer, where that is enough for a restart and some of it fails."""
    waited, best = core_patience(state), state.best
    if waited < state.policy.patience or best is None or not missed_core(state, best):
        return 0
    return waited


def premise(state: State) -> tuple[str, ...]:
    """The core criteria that a wrong premise would explain; none if it does not look like one."""
    first, again = missed_at_first(state), restarts(state)
    if not (first or again or stuck_on_core(state)):
        return ()
    until = max(first, default=0) or (again[0].since if again else len(state.passes))
    early = [draft for entry, draft in texts(state) if outdated(state) < entry.number <= until]
    missed = [name for name in core_names(state) if any(_failed(draft, name) for draft in early)]
    return tuple(missed) or core_names(state)


# Pairs (rule 13)


def conflicts(state: State) -> list[tuple[str, str]]:
    """The pairs in conflict, the surest first; the more important of each pair stands first."""
    counts: dict[frozenset[str], int] = {}
    for entry in current_passes(state):
        for trade in traded(state, entry):
            if trade.sure:
                counts[trade.pair] = counts.get(trade.pair, 0) + trade.weight
    named = [frozenset({pair.first, pair.second}) for pair in state.contradictions]
    named += [frozenset({lineage.keep, lineage.free}) for lineage in freezes(state)]
    named += [pair for pair, count in counts.items() if count >= state.policy.trades]
    found: list[tuple[str, str]] = []
    for pair in dict.fromkeys(named):
        first, second = sorted((state.spec.criterion(name) for name in pair), key=_by_importance)
        found.append((first.name, second.name))
    return found


def _by_importance(criterion: Criterion) -> tuple[tuple[bool, int], str]:
    return importance(criterion), criterion.name


# Stubborn criteria (rule 12)


def vain(state: State, name: str) -> list[int]:
    """The passes that were to put a criterion right and did not."""
    numbers: list[int] = []
    for entry, action in revisions(state):
        if name not in action.targets:
            continue
        verdict = state.draft(entry.draft).verdict(name) if entry.draft is not None else None
        fought = entry.failure is not None and entry.failure.why in {"unchanged", "repeated"}
        if fought or (verdict is not None and verdict.status != "pass"):
            numbers.append(entry.number)
    return numbers


def stubborn(state: State) -> tuple[str, ...]:
    """The stubborn criteria that nothing else explains: the open ones first, then by importance.

    That is what was set aside, what got a remedy of rule 12, and what more than minor was tried often and is open.
    """
    elsewhere = {*premise(state), *given_up_as_disputed(state), *(name for pair in conflicts(state) for name in pair)}
    treated = {name for p in state.preferences for name in (p.winner, p.loser)} | {*state.promoted}
    enough, unmet = state.policy.stubborn, open_now(state)
    found: list[Criterion] = []
    for criterion in state.spec.criteria:
        name = criterion.name
        often = not criterion.minor and name in unmet and failed_tries(state, name) >= enough
        fought = len(vain(state, name)) >= enough and (name in treated or often)
        if name not in elsewhere and (fought or name in state.set_aside):
            found.append(criterion)
    found.sort(key=lambda criterion: (criterion.name not in unmet, _by_importance(criterion)))
    return tuple(criterion.name for criterion in found)


def competitor(state: State, name: str) -> tuple[str, str]:
    """What was found to compete with a criterion, and why: another one, or a passage of the prompt; empty if nothing."""
    for preference in state.preferences:
        if name in (preference.winner, preference.loser):
            return preference.loser if name == preference.winner else preference.winner, preference.why
    for one, two, why in state.opened.competing:
        other = two if name == one else one
        if name in (one, two) and other in set(state.spec.names()):
            return other, why
    found = state.mediated.get(name)
    return (found.competing, found.why) if found is not None and found.competing else ("", "")


# Passes and what they brought (rules 11 and 15)


def only_minor(state: State, action: Revise) -> bool:
    """Whether nothing but minor criteria was open when the move was made."""
    base = state.draft(action.base)
    names = (*state.open_criteria(base), *action.targets)
    return state.complete(base) and all(state.criterion(name).minor for name in names)


def idle(state: State, entry: Pass, action: Revise) -> bool:
    """Whether a pass brought another text with the same verdicts, and no failure of it is smaller than before."""
    if entry.draft is None:
        return False
    before, after = state.draft(action.base).verdicts(), state.draft(entry.draft).verdicts()
    same = [name for name in after if name in before]
    alike = all(after[n].status == before[n].status and after[n].shortfall >= before[n].shortfall for n in same)
    return alike and not set(same).isdisjoint(action.targets)


def _with_rival(state: State, entry: Pass) -> tuple[DraftState | None, DraftState | None]:
    """The text of a pass, if it was read in full, and the best one before it."""
    draft = state.draft(entry.draft) if entry.draft is not None else None
    if draft is None or draft.draft.stage != "prose" or not state.complete(draft):
        return None, None
    return draft, state.nearest(earlier for _, earlier in texts(state) if earlier.number < draft.number)


def nearer(state: State, entry: Pass) -> bool:
    """Whether a pass brought a text nearer to the target than all before it."""
    draft, rival = _with_rival(state, entry)
    return draft is not None and rival is not None and state.distance(draft) < state.distance(rival)


def barren(state: State, entry: Pass) -> bool:
    """Whether a pass surely brought none: a last text that was not read in full might have been nearer."""
    unread = entry.draft is not None and not state.complete(state.draft(entry.draft))
    return not nearer(state, entry) and not (unread and entry.number == len(state.passes))


def gained(state: State, entry: Pass) -> tuple[str, ...]:
    """What the text of a pass passes and the best one before it did not."""
    draft, rival = _with_rival(state, entry)
    if draft is None or rival is None:
        return ()
    return tuple(name for name in state.open_criteria(rival) if met(draft, name))


# Critics (rules 4 to 6)


def critic_failures(draft: DraftState) -> list[Verdict]:
    """The failures of a draft that critics found."""
    return [verdict for verdict in draft.verdicts().values() if verdict.status == "fail" and verdict.by in CRITICS]


def failed_probe(state: State) -> tuple[Role, ...]:
    """The critics that noticed too few planted failures to be believed, or failed sound texts as well."""
    return tuple(role for role in CRITICS if state.model(role) is not None and not trusted(state, role))


def given_up_as_disputed(state: State) -> tuple[str, ...]:
    """The criteria set aside because readings of the same text kept contradicting each other."""
    return tuple(
        name
        for name in state.spec.names()
        if name in state.set_aside and any(disputed(draft.votes.get(name, ())) for draft in state.drafts)
    )


def rereadings(state: State) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Where critics read the same text more than once, and where they said pass once and fail once: pass, criterion."""
    again: list[tuple[int, str]] = []
    flips: list[tuple[int, str]] = []
    for entry, draft in texts(state):
        for name, votes in draft.votes.items():
            said = [vote.status for vote in votes if vote.by in CRITICS and not vote.carried]
            if len(said) > 1:
                again.append((entry.number, name))
                flips += [(entry.number, name)] if {"pass", "fail"} <= set(said) else []
    return again, flips
