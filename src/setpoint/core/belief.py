"""How sure a reading is: the probability that a criterion is truly met, given votes that may err, and err alike.

Rules of this module:
- A vote is worth what is known about who gave it. What is not known is assumed in the open: `Quality.basis` says which.
- Votes of one model on one text share their errors. Their law is beta-binomial: every text has a chance of its own to
  be passed, and ``rho`` is the correlation between two votes on it (the intraclass correlation).
- So more votes of the same critic take flicker away, and never a blind spot.

The law of votes given the truth, with a pass rate q and s passes among the n votes before: the next is a pass with
probability (q (1 - rho) + rho s) / (1 - rho + rho n), which is Pólya's urn in terms of its correlation (Skellam 1948,
"A probability distribution derived from the binomial distribution").
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from setpoint.core.action import Role
from setpoint.core.detect import trusted
from setpoint.core.event import CriticOn
from setpoint.core.fault import Verdict
from setpoint.core.rates import rates_for
from setpoint.core.record import DraftState
from setpoint.core.spec import Criterion, says_digest
from setpoint.core.state import State

__all__ = [
    "CAP",
    "ENOUGH",
    "RHO_OTHER",
    "RHO_SAME",
    "Ballot",
    "Basis",
    "Belief",
    "CriterionBelief",
    "Quality",
    "believed",
    "believes",
    "met",
    "prior",
    "quality",
    "worth_another",
]

Basis: TypeAlias = Literal["criterion", "planted", "nothing"]
"""What a critic's quality is known from: texts about this very criterion, the probe's planted texts, or nothing."""

RHO_SAME: Final = 0.57
"""Correlation of two votes of one model on one text. Identical re-runs flip 13.6 % of verdicts (arXiv 2606.13685); with
2 p (1 - p) (1 - rho) flips and an accuracy of 0.8, that is rho = 0.57."""
RHO_OTHER: Final = 0.44
"""Correlation between different models: nine of them amount to two independent votes (arXiv 2605.29800), and
9 / (1 + 8 rho) = 2."""
PRIOR: Final = 0.75
"""Chance that a criterion is met before anything is read, where the author is not known either: a middling one's."""
_PRIOR_WEIGHT: Final = 8.0
"""Readings that this assumption is worth next to the run's own."""
_PRIOR_BOUNDS: Final = (0.2, 0.95)
ENOUGH: Final = 10
"""From so many failures, and so many passes, on something counts as known about a critic on one criterion."""
CAP: Final = 5
"""Readings of one text by critics on one criterion, at most: from there on they repeat each other."""
SURE: Final = 0.95
"""From this probability on no further reading is paid for."""
_TINY: Final = 1e-12
_PROBE_FAILURES: Final = 12
_PROBE_PASSES: Final = 9
_SHRINK: Final = 4.0
"""Pseudo-texts by which counts on one criterion lean towards what the probe found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a critic's votes are worth on one criterion.

    Args:
        sensitivity: the chance that it fails a text that truly misses the criterion.
        specificity: the chance that it passes one that truly meets it.
        basis: what that rests on.
        texts: how many texts about this criterion it rests on; 0 unless ``basis`` is ``criterion``.
        labels: how many of them people judged.
    """

    sensitivity: float
    specificity: float
    basis: Basis
    texts: int = 0
    labels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The votes of one model on one text and criterion, and what they are worth."""

    quality: Quality
    votes: tuple[bool, ...]
    """In the order of their giving; True for a pass. What could not be assessed is no vote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionBelief:
    """How sure it is that one criterion is truly met."""

    criterion: str
    probability: float
    basis: Basis
    """The weakest knowledge that it rests on."""
    votes: int
    labels: int
    """Texts about this criterion that people judged for the critic of whom most is known."""
    texts: int
    """All texts about this criterion that this critic was measured on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """How sure it is that a text truly meets its spec.

    Args:
        whole: the probability that every criterion is truly met, errors on different criteria taken as independent.
        prior: the chance of each criterion before the text was read.
        criteria: those that a critic judged, in the order of the spec; code does not err, and people settle.
        basis: the weakest knowledge that it rests on.
    """

    whole: float
    prior: float
    criteria: tuple[CriterionBelief, ...]
    basis: Basis


def likelihood(votes: Sequence[bool], rate: float, rho: float) -> float:
    """The probability of these votes, in this order, if each is a pass with chance ``rate`` and two correlate by ``rho``."""
    chance, passes = 1.0, 0
    for before, vote in enumerate(votes):
        next_pass = (rate * (1 - rho) + rho * passes) / (1 - rho + rho * before)
        chance *= next_pass if vote else 1 - next_pass
        passes += vote
    return chance


def met(ballots: Iterable[Ballot], *, prior: float = PRIOR, rho: float = RHO_SAME, other: float = RHO_OTHER) -> float:
    """The probability that the criterion is truly met.

    Args:
        ballots: one for each model that voted.
        prior: the probability before any vote.
        rho: the correlation of one model's votes.
        other: the correlation between models: of several, the first weighs fully and each further as much as it adds
            to the effective number of votes n / (1 + (n - 1) other).
    """
    evidence = sorted((_evidence(ballot, rho) for ballot in ballots), key=abs, reverse=True)
    odds = prior / (1 - prior)
    for number, ratio in enumerate(evidence, start=1):
        odds *= math.exp(ratio * (_effective(number, other) - _effective(number - 1, other)))
    return odds / (1 + odds)


def _evidence(ballot: Ballot, rho: float) -> float:
    """The log of how much likelier the votes are if the criterion is met."""
    worth = ballot.quality
    if_met = likelihood(ballot.votes, worth.specificity, rho)
    if_not = likelihood(ballot.votes, 1 - worth.sensitivity, rho)
    return math.log(max(if_met, _TINY) / max(if_not, _TINY))


def _effective(votes: int, rho: float) -> float:
    return votes / (1 + (votes - 1) * rho) if votes else 0.0


def quality(state: State, role: Role, criterion: Criterion) -> Quality:
    """What a critic's votes on a criterion are worth, from what the run was told when it began and from its probe.

    Counts on the criterion itself lean on the probe by a few pseudo-texts. Where nothing is known it is taken for no
    better than a critic that just passes its probe.
    """
    found = _known(state, role, criterion)
    sensitivity, specificity = state.sensitivity(role), state.specificity(role)
    # A probe is short, so a perfect result is no proof of perfection: Jeffreys' half a text on either side.
    first = (sensitivity * _PROBE_FAILURES + 0.5) / (_PROBE_FAILURES + 1) if sensitivity is not None else None
    second = (specificity * _PROBE_PASSES + 0.5) / (_PROBE_PASSES + 1) if specificity is not None else None
    if found is None:
        assumed = state.policy.trust_threshold
        return Quality(
            sensitivity=assumed if first is None else first,
            specificity=assumed if second is None else second,
            basis="nothing" if first is None else "planted",
        )
    return Quality(
        sensitivity=_leaning(found.noticed, found.failures, first),
        specificity=_leaning(found.passed, found.passes, second),
        basis="criterion",
        texts=found.failures + found.passes,
        labels=found.labels,
    )


def _leaning(hits: int, total: int, towards: float | None) -> float:
    """A share that leans a little on what the probe found, or on nothing (Jeffreys' half a text on either side)."""
    return (hits + 0.5) / (total + 1) if towards is None else (hits + _SHRINK * towards) / (total + _SHRINK)


def _known(state: State, role: Role, criterion: Criterion) -> CriticOn | None:
    """What is known about a critic on a criterion as it reads now, if that is enough to go by."""
    for one in state.opened.known:
        if (one.role, one.criterion, one.digest) == (role, criterion.name, says_digest(criterion)):
            return one if min(one.failures, one.passes) >= ENOUGH else None
    return None


def believed(state: State, role: Role, criterion: Criterion) -> bool:
    """Whether a critic's pass on a criterion may accept a text: by what is known about both, else by its probe (4)."""
    found = _known(state, role, criterion)
    if found is None:
        return trusted(state, role)
    sensitivity, specificity = found.noticed / found.failures, found.passed / found.passes
    return sensitivity >= state.policy.trust_threshold and sensitivity + specificity - 1 >= state.policy.informed


def believes(state: State, draft: DraftState) -> Belief:
    """How sure it is that a draft truly meets every criterion, given all votes on it."""
    verdicts = draft.verdicts()
    judged = [c for c in state.judged(draft) if not _ruled(draft, c)]
    before = prior(state, draft)
    rows = tuple(_criterion_belief(state, draft, criterion, before) for criterion in judged)
    whole = 1.0
    for criterion in state.criteria(draft):
        if criterion not in judged and ((v := verdicts.get(criterion.name)) is None or v.status != "pass"):
            whole = 0.0  # code or a person says that it is not met
    for row in rows:
        whole *= row.probability
    return Belief(whole=whole, prior=before, criteria=rows, basis=_weakest(row.basis for row in rows))


def prior(state: State, draft: DraftState) -> float:
    """The chance that a criterion is met before a draft is read: an assumption, and what the run's other drafts showed.

    Assumed is a first draft of such an author (`setpoint.core.rates`). Next to it stands the share of passes among the
    first readings of the other drafts, corrected for the critic's errors (Rogan and Gladen 1978); the draft's own
    readings are votes, and count once. Readings weigh by the square of Youden's index, as the error of a corrected
    share grows with its inverse: a critic that cannot tell teaches nothing.
    """
    author = state.model("author")
    assumed = rates_for(author.model if author else "", len(draft.draft.text.split())).first_critic
    weight, total = _PRIOR_WEIGHT, _PRIOR_WEIGHT * assumed
    for other in state.drafts:
        if other.number == draft.number or other.draft.stage != "prose":
            continue
        for criterion in state.judged(other):
            first = next((vote for vote in other.votes.get(criterion.name, ()) if _is_reading(vote)), None)
            if first is None:
                continue
            worth = quality(state, "critic" if first.by == "critic" else "confirmer", criterion)
            index = worth.sensitivity + worth.specificity - 1
            weight += index**2
            total += index * ((first.status == "pass") + worth.sensitivity - 1)
    low, high = _PRIOR_BOUNDS
    return min(high, max(low, total / weight))


def _is_reading(vote: Verdict) -> bool:
    return vote.by in {"critic", "confirmer"} and not vote.carried and vote.status != "cannot_assess"


def _ruled(draft: DraftState, criterion: Criterion) -> bool:
    return any(vote.by == "person" for vote in draft.votes.get(criterion.name, ()))


def _weakest(found: Iterable[Basis]) -> Basis:
    known = set(found)
    if "nothing" in known:
        return "nothing"
    return "planted" if "planted" in known else "criterion"


def _criterion_belief(state: State, draft: DraftState, criterion: Criterion, before: float) -> CriterionBelief:
    ballots = _ballots(state, draft, criterion)
    worths = [ballot.quality for ballot in ballots]
    return CriterionBelief(
        criterion=criterion.name,
        probability=met(ballots, prior=before),
        basis=_weakest(worth.basis for worth in worths) if worths else "nothing",
        votes=sum(len(ballot.votes) for ballot in ballots),
        labels=max((worth.labels for worth in worths), default=0),
        texts=max((worth.texts for worth in worths), default=0),
    )


def _ballots(state: State, draft: DraftState, criterion: Criterion) -> tuple[Ballot, ...]:
    """The votes by model; a carried pass is a vote on another text, and counts only until this one has been read."""
    votes = draft.votes.get(criterion.name, ())
    own = [vote for vote in votes if not vote.carried] or list(votes)
    roles: tuple[Role, ...] = ("critic", "confirmer")
    by_model: dict[str, tuple[Role, list[bool]]] = {}
    for role in roles:
        model = state.model(role)
        cast = [vote.status == "pass" for vote in own if vote.by == role and vote.status != "cannot_assess"]
        if model is not None and cast:
            by_model.setdefault(model.model, (role, []))[1].extend(cast)
    return tuple(Ballot(quality=quality(state, role, criterion), votes=tuple(v)) for role, v in by_model.values())


def worth_another(state: State, draft: DraftState, criterion: Criterion, role: Role) -> bool:
    """Whether one more reading of a criterion by this critic is worth its price: a sequential test (15).

    It is where the critic is known on this criterion, the readings so far do not make it sure, and as many passes as
    may still come would. A critic that could not make it sure is not asked again: its votes would repeat each other.
    """
    if quality(state, role, criterion).basis != "criterion" or not believed(state, role, criterion):
        return False
    ballots = _ballots(state, draft, criterion)
    left = CAP - sum(len(ballot.votes) for ballot in ballots)
    before = prior(state, draft)
    if left <= 0 or met(ballots, prior=before) >= SURE:
        return False
    more = {ballot.quality: ballot.votes for ballot in ballots}
    mine = quality(state, role, criterion)
    more[mine] = (*more.get(mine, ()), *([True] * left))
    return met((Ballot(quality=worth, votes=votes) for worth, votes in more.items()), prior=before) >= SURE
