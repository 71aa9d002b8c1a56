"""The chain: exact against closed forms, published numbers and simulation."""

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint.core.chain import Law, Open, advance, beta_binomial, binomial, done_after

LAWS = st.builds(
    Law,
    a=st.floats(0.1, 20),
    b=st.floats(0.01, 20),
    q=st.floats(0, 0.5),
    total=st.integers(4, 7),
    focus=st.integers(0, 3),
    ratchet=st.booleans(),
    together=st.sampled_from([0.5, 2.0, math.inf]),
    oldest=st.integers(0, 4),
)


@given(LAWS, st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_chances_are_chances_and_never_fall(law: Law, count: int) -> None:
    """To be done by pass k + 1 is at least as likely as by pass k."""
    done = done_after(law, {law.begin(count): 1.0}, 6)
    assert len(done) == 7
    assert all(0.0 <= chance <= 1.0 for chance in done)
    assert all(earlier <= later for earlier, later in itertools.pairwise(done))
    assert (done[0] == 1.0) == (count == 0)


@given(LAWS, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_one_pass_leads_somewhere_and_with_the_ratchet_never_back(law: Law, count: int) -> None:
    """The chances of what may follow add up to 1, and a ratchet never leaves more open than before."""
    start = law.begin(count)
    after = advance(law, start)
    assert sum(chance for _, chance in after) == pytest.approx(1.0)
    assert all(state.size <= law.total for state, _ in after)
    if law.ratchet:
        assert all(state.size <= count for state, _ in after)
    if law.focus:
        assert all(sum(number for _, number in state.worked) <= law.focus for state, _ in after)


@pytest.mark.parametrize(("focus", "passes"), [(1, 7), (2, 4), (3, 3), (0, 1)])
def test_a_sure_fix_and_no_loss_need_one_pass_for_each_focus_criteria(focus: int, passes: int) -> None:
    """Seven open, p = 1, q = 0: 7, 4, 3 and 1 passes."""
    law = Law(a=1.0, b=0.0, q=0.0, total=9, focus=focus)
    done = done_after(law, {law.begin(7): 1.0}, 8)
    assert done == tuple(float(k >= passes) for k in range(9))


@pytest.mark.parametrize("tries", [1, 2, 5, 8])
def test_one_criterion_is_the_shifted_beta_geometric_law(tries: int) -> None:
    """P(unresolved after t tries) = B(a, b + t) / B(a, b), here as the product of (b + i) / (a + b + i)."""
    a, b = 0.65, 0.77
    law = Law(a=a, b=b, q=0.3, total=1, oldest=20)
    expected = 1.0
    for i in range(tries):
        expected *= (b + i) / (a + b + i)
    assert 1 - done_after(law, {law.begin(1): 1.0}, tries)[tries] == pytest.approx(expected)


def test_with_a_ratchet_the_last_fault_goes_with_p_and_nothing_lost() -> None:
    """From one open criterion the way out is p (1 - q)^(K-1); all else is rolled back."""
    law = Law(a=3.0, b=2.0, q=0.1, total=5, oldest=0)
    assert dict(advance(law, Open(0, ((0, 1),))))[Open(0)] == pytest.approx(0.6 * 0.9**4)


TABLE = [
    # p, q, focus → mean passes and the 90 % quantile, eight criteria of which four are open, without a ratchet
    (0.8, 0.0, 1, 5.0, 6),
    (0.8, 0.0, 2, 2.8, 4),
    (0.8, 0.0, 0, 1.8, 3),
    (0.6, 0.0, 1, 6.7, 9),
    (0.6, 0.0, 2, 3.9, 6),
    (0.6, 0.0, 0, 2.8, 4),
    (0.8, 0.02, 1, 5.8, 8),
    (0.8, 0.05, 1, 7.6, 12),
    (0.8, 0.05, 2, 3.6, 6),
    (0.8, 0.05, 0, 2.3, 4),
    (0.6, 0.05, 1, 12.0, 21),
    (0.6, 0.05, 2, 5.3, 9),
    (0.6, 0.05, 0, 3.7, 7),
    (0.8, 0.10, 1, 14.0, 27),
    (0.6, 0.10, 1, 32.0, 66),
    (0.6, 0.10, 2, 8.0, 15),
    (0.4, 0.10, 1, 145.0, 329),
    (0.4, 0.10, 2, 18.0, 37),
    (0.4, 0.10, 0, 11.0, 22),
    (0.4, 0.20, 2, 132.0, 301),
    (0.4, 0.20, 0, 32.0, 71),
]
"""Computed by solving (I - Q) T = 1 for the chain X' = X - Bin(min(X, b), p) + Bin(K - X, q), independently of this code."""


@pytest.mark.parametrize(("p", "q", "focus", "mean", "quantile"), TABLE)
def test_without_a_ratchet_and_with_equal_chances_the_published_chain_is_reproduced(
    p: float, q: float, focus: int, mean: float, quantile: int
) -> None:
    """The mean is the sum of the chances not to be done yet, its tail geometric."""
    law = Law(a=p, b=1 - p, q=q, total=8, focus=focus, ratchet=False, oldest=0)
    done = done_after(law, {law.begin(4): 1.0}, 400)
    open_yet = [1 - chance for chance in done]
    tail = open_yet[-1] / (1 - open_yet[-1] / open_yet[-2]) if open_yet[-1] > 1e-9 else 0.0
    digits = 0 if mean >= 10 else 1
    assert round(sum(open_yet[:-1]) + tail, digits) == pytest.approx(mean, abs=0.051)
    assert next(k for k, chance in enumerate(done) if chance >= 0.9) == quantile


def _simulate(law: Law, count: int, passes: int, dice: random.Random) -> int:
    """One run of the chain's own rules, criterion by criterion; gives the passes it took, or one more than allowed."""
    worked = [0] * (min(count, law.focus) if law.focus else count)
    waiting = count - len(worked)
    for k in range(passes + 1):
        if waiting + len(worked) == 0:
            return k
        fixed = [dice.random() < law.hazard(tries) for tries in worked]
        held = law.total - waiting - len(worked)
        q = law.q if math.isinf(law.together) else dice.betavariate(law.q * law.together, (1 - law.q) * law.together)
        lost = sum(dice.random() < q for _ in range(held))
        missed = [min(t + 1, law.oldest) for t, done in zip(worked, fixed, strict=True) if not done]
        if not law.ratchet or lost < sum(fixed):
            worked, waiting = missed, waiting + lost
        else:
            regained = [t for t, done in zip(worked, fixed, strict=True) if done]
            worked = missed + (regained if law.focus else [min(t + 1, law.oldest) for t in regained])
        room = law.focus - len(worked) if law.focus else waiting
        taken = max(0, min(room, waiting))
        worked += [0 if law.focus else max(worked, default=0)] * taken
        waiting -= taken
    return passes + 1


@pytest.mark.parametrize("focus", [0, 1, 2, 3])
@pytest.mark.parametrize("ratchet", [True, False])
def test_the_computation_agrees_with_simulation(focus: int, ratchet: bool) -> None:  # noqa: FBT001 - a parameter
    """20,000 seeded runs; the difference stays within four standard errors at every pass."""
    law = Law(a=0.9, b=1.1, q=0.06, total=8, focus=focus, ratchet=ratchet, together=2.0 if focus != 1 else math.inf)
    dice = random.Random(f"{focus}{ratchet}")
    n, passes = 20_000, 8
    took = [_simulate(law, 4, passes, dice) for _ in range(n)]
    done = done_after(law, {law.begin(4): 1.0}, passes)
    for k, chance in enumerate(done):
        error = (chance * (1 - chance) / n) ** 0.5
        assert abs(sum(t <= k for t in took) / n - chance) <= 4 * error + 1e-9


def test_what_is_simplified_makes_forecasts_cautious() -> None:
    """Criteria with chances of their own, truly drawn from the Beta law, are done no later than the chain says."""
    law = Law(a=0.9, b=1.1, q=0.05, total=8, focus=0)
    dice = random.Random(7)
    n, passes = 20_000, 6
    took: list[int] = []
    for _ in range(n):
        chances = [dice.betavariate(law.a, law.b) for _ in range(law.total)]
        still, k = set(range(4)), 0
        while still and k <= passes:
            k += 1
            fixed = {c for c in still if dice.random() < chances[c]}
            lost = {c for c in range(law.total) if c not in still and dice.random() < law.q}
            if len(lost) < len(fixed):
                still = (still - fixed) | lost
        took.append(k if not still else passes + 1)
    done = done_after(law, {law.begin(4): 1.0}, passes)
    for k in range(1, passes + 1):
        truth = sum(t <= k for t in took) / n
        assert done[k] <= truth + 0.015
        assert done[k] >= truth - 0.12


def test_binomial_chances_add_up() -> None:
    """Also at the edges."""
    assert binomial(3, 0.0) == (1.0, 0.0, 0.0, 0.0)
    assert binomial(3, 1.0) == (0.0, 0.0, 0.0, 1.0)
    assert sum(binomial(12, 0.3)) == pytest.approx(1.0)
    assert beta_binomial(2, 0.25, 2.0) == pytest.approx((0.625, 0.25, 0.125))
    assert beta_binomial(5, 0.3, math.inf) == binomial(5, 0.3)
    assert sum(k * chance for k, chance in enumerate(beta_binomial(9, 0.2, 2.0))) == pytest.approx(1.8)
