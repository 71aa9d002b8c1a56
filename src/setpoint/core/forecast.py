"""What a run will take: before it starts, after each pass, and with a bound that past runs vouch for (rule 17).

The chain in `core.chain` gives the chance to be done by each pass; rates come from `core.rates`. All is computed, not
simulated, from a spec, a budget and recorded runs. An outlook is about acceptance of the text as this run measures
it: what a critic overlooks, or what stops a run before its budget does, is not in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from setpoint.core.action import Tactic
from setpoint.core.chain import Law, Open, done_after
from setpoint.core.detect import excluded as proven_pair
from setpoint.core.detect import focus as focus_now
from setpoint.core.expected import NOTHING, Amount, Cost, expected_cost, likely_words
from setpoint.core.past import ENOUGH_RUNS, Habit, PastRun, alike, calibrated, experience, habit, relevant, tries
from setpoint.core.policy import Policy
from setpoint.core.rates import LOSSES_TOGETHER, Experience, Rates, first_open, learn, rates_for
from setpoint.core.record import DraftState
from setpoint.core.spec import Budget, Spec, importance
from setpoint.core.state import State

__all__ = [
    "ENOUGH_RUNS",
    "Outlook",
    "conformal_bound",
    "estimate",
    "exclude_each_other",
    "faults_at_once",
    "first_curve",
    "reforecast",
]

BOUND_LEVEL: Final = 0.9
"""The share of runs that the conformal bound is to cover."""

_SURE, _LIKELY = 0.75, 2 / 3
_FEW, _SOME, _MANY = 2, 3, 5
_WORTH_A_TRY = 1 / 3
"""From this chance on a run is long rather than hopeless, and nobody is told to split what may well succeed."""
_FEW_RUNS = 3
"""Runs of the same spec from which on their tokens correct the expectation."""
_HORIZON: Final = 6
"""Passes that advice looks ahead, whatever the budget is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A forecast of one run. Chances are 0 to 1; passes count from the first draft, which is pass 1.

    Args:
        advice: whether to loop, in a few words.
        reason: why, in one sentence.
        used: passes used already.
        budget: what may be spent.
        done: the chance to be done by pass 1, 2 … ``budget.passes``.
        chance: the chance to be done within all caps: passes, tokens and money.
        affordable: passes that fit the caps on tokens and money; ``budget.passes`` at the most.
        p50: the passes within which half of such runs are done; None means more than the budget.
        p90: the same for nine in ten.
        cost_p50: of ``p50`` passes, or of the whole budget if that is None.
        cost_p90: of ``p90`` passes, or of the whole budget if that is None.
        convergence: R = (K - 1) q / p.
        convergence_says: what that means.
        bound: passes that nine in ten runs do not exceed, vouched for by past runs; None means more than the budget,
            or too few runs if ``runs`` is below `ENOUGH_RUNS`.
        runs: own finished runs of the author that it rests on, those from a given text left out.
        rates: what is thought of the author now.
        cost: what passes are taken to cost.
        habit: what earlier runs of the spec say of it, if they were routinely not done within the usual passes.
    """

    advice: str
    reason: str
    used: int
    budget: Budget
    done: tuple[float, ...]
    chance: float
    affordable: int
    p50: int | None
    p90: int | None
    cost_p50: Amount
    cost_p90: Amount
    convergence: float
    convergence_says: str
    bound: int | None
    runs: int
    rates: Rates
    cost: Cost
    habit: Habit | None = None


# Before the start


def estimate(
    spec: Spec,
    budget: Budget,
    rates: Rates,
    cost: Cost,
    *,
    focus: int = 0,
    outline: bool = False,
    past: Sequence[PastRun] = (),
    obstacle: tuple[str, str] | None = None,
) -> Outlook:
    """What a run of a spec will take.

    Args:
        spec: the target.
        budget: what may be spent.
        rates: what is thought of the author without any history: a prior.
        cost: what passes cost, as expected from lengths; past runs of the same spec correct it.
        focus: how many faults a pass takes on; 0 for all.
        outline: whether an outline is drafted first, which takes a pass.
        past: own runs of the same author that ended. Those of the same spec are used alone if there are enough.
        obstacle: what to do first, and why, if something keeps every run of it from being done.
    """
    used = relevant(past, spec.digest)
    learnt = _learnt(rates, used)
    horizon = max(budget.passes, _HORIZON)
    checks, judged = len(spec.checked), len(spec.judged)
    like = alike(past, spec.digest, checks, judged)
    lead = (0.0,) * outline
    done = calibrated((*lead, *first_curve(learnt, checks, judged, focus, horizon))[:horizon], like)
    if obstacle is not None:
        done = (0.0,) * len(done)
    finished = [run for run in used if not run.given]
    bound = None
    if len(finished) >= ENOUGH_RUNS:
        # The prior, not what was learnt from these very runs: a score must not know its own run.
        expected = (*lead, *first_curve(rates, checks, judged, focus, budget.passes))[: budget.passes]
        bound = _bound(expected, [_score(run, rates, focus, lead) for run in finished])
    advice, reason = obstacle or _advice(done)
    same = [run for run in past if run.digest == spec.digest]
    return replace(
        _outlook(spec, budget, learnt, _corrected(cost, same), done, used=0),
        advice=advice,
        reason=reason,
        bound=bound,
        runs=len(finished),
        habit=habit(past, spec.digest),
    )


def _corrected(cost: Cost, same: Sequence[PastRun]) -> Cost:
    """The cost with the tokens that runs of the same spec really took, once there are a few."""
    if len(same) < _FEW_RUNS:
        return cost
    taken = sum(run.tokens * run.passes for run in same)
    expected = sum(cost.of(run.passes).tokens - cost.start.tokens for run in same)
    return cost.scaled(taken / expected) if taken and expected else cost


# Within a run


def reforecast(state: State, prior: Rates | None = None, past: Sequence[PastRun] = ()) -> Outlook:
    """What the run will have taken in the end, seen from where it stands.

    Call it when the latest draft has been read: one that has not counts as fruitless.

    Args:
        state: the run.
        prior: what was thought of the author before any history; by its name if None.
        past: own runs of the same author that ended.
    """
    spec, budget, used, best = state.spec, state.budget, len(state.passes), state.best
    words = len(best.draft.text.split()) if best else likely_words(spec)
    author = state.model("author")
    prior = prior or rates_for(author.model if author else "", words)
    if not past:
        prior = _with_records(prior, state, words)
    runs = relevant(past, spec.digest)
    rates = learn(_learnt(prior, runs), experience(state))
    tactic = state.policy.ladder(words)[0]
    places = focus_now(state) if tactic.focus == "few" else faults_at_once(state.policy, tactic)
    horizon = max(budget.passes, used + _HORIZON)
    if best is None:
        first = first_curve(rates, len(spec.checked), len(spec.judged), places, horizon - used)
        done = (*[0.0] * (used + (state.lineage.stage == "outline")), *first)[:horizon]
    else:
        law, start = _standing(state, best, rates, places)
        like = alike(past, spec.digest, len(spec.checked), len(spec.judged))
        done = (*[0.0] * (used - 1), *done_after(law, {start: 1.0}, horizon - used))
        done = calibrated(done, like, used=used, still_open=start.size)
        if any(name in state.set_aside for name in state.open_criteria(best)):
            done = (0.0,) * len(done)  # what is not targeted any more is not going to be fixed
    proven = proven_pair(state)
    if proven is not None:
        done = (0.0,) * len(done)
    cost = expected_cost(spec, state.opened.models, words=words, edits=tactic.move == "edit")
    outlook = _outlook(spec, budget, rates, _measured(state, cost), done, used=used)
    advice, reason = exclude_each_other(proven) if proven is not None else _advice_within(state, best, done)
    return replace(outlook, advice=advice, reason=reason, runs=sum(not run.given for run in runs))


def faults_at_once(policy: Policy, tactic: Tactic) -> int:
    """How many faults a tactic takes on, as the chain counts them: 0 for all."""
    return {"all": 0, "few": policy.focus, "one": 1}[tactic.focus]


def _with_records(prior: Rates, state: State, words: int) -> Rates:
    """The prior with what earlier runs of the author had shown when this one was opened."""
    long, seen = words >= state.policy.long_words, Experience()
    for record in state.opened.history:
        if record.long == long:
            one = Experience(tries=((record.tried, record.fixed),), held=record.held, lost=record.lost)
            seen = seen.plus(one)
    return learn(prior, seen, f"earlier runs of this author and {prior.source}") if seen != Experience() else prior


def _standing(state: State, best: DraftState, rates: Rates, places: int) -> tuple[Law, Open]:
    """The chain of this run, and where in it the best draft stands."""
    law = _law(rates, len(state.spec.criteria), places)
    behind = tries(state)
    ranked = sorted(state.open_criteria(best), key=lambda name: importance(state.spec.criterion(name)))
    worked = ranked[: places or len(ranked)]
    ages = [min(behind.get(name, 0), law.oldest) for name in worked]
    return law, law.refill(len(ranked) - len(worked), [(age, 1) for age in ages])


def _measured(state: State, expected: Cost) -> Cost:
    """The cost per pass as this run has shown it, once it has shown any; what is spent is in ``start``."""
    spent, used = state.spent, len(state.passes)
    if not used:
        return expected
    money = None if spent.unpriced else spent.money + spent.uncertain_money
    so_far = Amount(spent.tokens, money)
    each = expected.again if used == 1 else NOTHING.plus(so_far, 1 / used)
    # Cost.of(n) is then: spent so far, and n - used more passes.
    return Cost(start=so_far, first=NOTHING.plus(each, 1 - used), again=each, confirm=expected.confirm)


# Past runs


def conformal_bound(scores: Sequence[float], alpha: float) -> float | None:
    """The split-conformal upper bound: a new score lies above it with a chance of at most ``alpha``.

    It is the ceil((n + 1)(1 - alpha))-th smallest score, which is the smallest bound that holds whatever the law of the
    scores is, as long as they are exchangeable (Vovk et al. 2005; Lei et al. 2018). A censored run's score is
    ``math.inf``, which keeps the promise (Candès et al. 2023); dropping it would break it.

    Args:
        scores: of past runs that had no part in making the forecasts they are scores of.
        alpha: above 0 and below 1.

    Returns:
        The bound, possibly ``math.inf``; None if there are too few scores for this alpha.
    """
    # A float product such as 10 * 0.9 may come out a hair above 9; that hair must not move the rank.
    rank = math.ceil((len(scores) + 1) * (1 - alpha) - 1e-9)
    return sorted(scores)[rank - 1] if rank <= len(scores) else None


def _score(run: PastRun, rates: Rates, focus: int, lead: Sequence[float]) -> float:
    """How deep into its own forecast a run went: the chance, as forecast, to be done *before* the pass it took.

    Two runs with the same forecast are in the order of their passes; with different ones they become comparable
    (distributional conformal prediction, Chernozhukov et al. 2021).
    """
    if not run.accepted:
        return math.inf
    done = (*lead, *first_curve(rates, run.checks, run.judged, focus, run.passes))
    return done[run.passes - 2] if run.passes > 1 else 0.0


def _bound(done: Sequence[float], scores: Sequence[float]) -> int | None:
    """The largest number of passes whose score is within the conformal bound; None if that is beyond the budget."""
    limit = conformal_bound(scores, 1 - BOUND_LEVEL)
    if limit is None:
        return None
    within = 1
    while within <= len(done) and done[within - 1] <= limit:
        within += 1
    return within if within <= len(done) else None


# What all forecasts share


def _learnt(prior: Rates, runs: Sequence[PastRun]) -> Rates:
    seen = Experience()
    for run in runs:
        seen = seen.plus(run.experience)
    if not runs:
        return prior
    return learn(prior, seen, f"{len(runs)} past run{'s' if len(runs) > 1 else ''} of this author and {prior.source}")


def _law(rates: Rates, total: int, focus: int) -> Law:
    # With three places or more states multiply; tries are then told apart less far.
    oldest = 8 if focus <= _FEW else 4
    return Law(a=rates.a, b=rates.b, q=rates.q, together=LOSSES_TOGETHER, total=total, focus=focus, oldest=oldest)


def first_curve(rates: Rates, checks: int, judged: int, focus: int, passes: int) -> tuple[float, ...]:
    """The chances to be done by pass 1 … ``passes``."""
    law = _law(rates, checks + judged, focus)
    start = {law.begin(count): chance for count, chance in enumerate(first_open(rates, checks, judged))}
    return done_after(law, start, passes - 1)


def _outlook(spec: Spec, budget: Budget, rates: Rates, cost: Cost, done: Sequence[float], *, used: int) -> Outlook:
    affordable = _affordable(budget, cost)
    within = tuple(done[: budget.passes])
    p50, p90 = _quantile(within, 0.5), _quantile(within, 0.9)
    ratio = rates.convergence(len(spec.criteria))
    return Outlook(
        advice="",
        reason="",
        used=used,
        budget=budget,
        done=within,
        chance=within[affordable - 1] if affordable else 0.0,
        affordable=affordable,
        p50=p50,
        p90=p90,
        cost_p50=cost.of(p50 or budget.passes),
        cost_p90=cost.of(p90 or budget.passes),
        convergence=ratio,
        convergence_says=_convergence_says(ratio),
        bound=None,
        runs=0,
        rates=rates,
        cost=cost,
    )


def _affordable(budget: Budget, cost: Cost) -> int:
    """The passes that fit all caps."""
    fitting = 0
    for passes in range(1, budget.passes + 1):
        amount = cost.of(passes)
        if budget.tokens is not None and amount.tokens > budget.tokens:
            break
        if budget.money is not None and amount.money is not None and amount.money > budget.money:
            break
        fitting = passes
    return fitting


def _quantile(done: Sequence[float], share: float) -> int | None:
    """The fewest passes by which that share of runs is done."""
    return next((passes for passes, chance in enumerate(done, start=1) if chance >= share), None)


def _advice(done: Sequence[float]) -> tuple[str, str]:
    """Loop or not, and why."""
    one, likely = done[0], _quantile(done, _LIKELY)
    alone = f"the first draft alone is done with a chance of {one:.0%}"
    if one >= _SURE:
        return "a single prompt is enough", alone
    if likely is None or likely > _MANY:
        chance = done[_MANY - 1]
        if chance >= _WORTH_A_TRY:
            return (
                f"expect more than {_MANY} passes",
                f"{_MANY} are enough with a chance of {chance:.0%}; a stronger author or a smaller spec needs fewer",
            )
        return "split the spec", f"even {_MANY} passes are enough with a chance of {chance:.0%} only"
    reason = f"{alone}, {max(likely, _FEW)} passes with {done[max(likely, _FEW) - 1]:.0%}"
    if likely <= _FEW:
        return "expect 1 or 2 passes", reason
    return ("expect 3 passes" if likely <= _SOME else "expect 4 or 5 passes"), reason


def exclude_each_other(pair: tuple[str, str, str]) -> tuple[str, str]:
    """What to do about two criteria that exclude each other, before anything is spent."""
    one, other, why = pair
    return "change the spec first", f"{one} and {other} exclude each other: {why}"


def _advice_within(state: State, best: DraftState | None, done: Sequence[float]) -> tuple[str, str]:
    """What is still to come, and why."""
    used, still = len(state.passes), state.open_criteria(best) if best else ()
    if best is not None and not still:
        return "nothing is open", "every criterion passes"
    reason = f"{len(still)} of {len(state.spec.criteria)} criteria are open" if best else "there is no draft yet"
    likely = _quantile(done, _LIKELY)
    if any(name in state.set_aside for name in still):
        return "it will not be accepted", f"{reason}, and one of them is set aside"
    if likely is None:
        return f"expect more than {len(done) - used} more passes", reason
    more = likely - used
    return f"expect {more} more {'pass' if more == 1 else 'passes'}", reason


_QUICK = 0.5


def _convergence_says(ratio: float) -> str:
    if ratio < _QUICK:
        return "a pass gains far more than it loses"
    if ratio < 1:
        return "a pass gains more than it loses, but the last faults take long"
    return "each pass is likely to lose more than it gains: split the spec or use edits"
