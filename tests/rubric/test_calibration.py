"""The mathematics of calibration, against published values and against simulated critics."""

import random

import pytest

from setpoint.rubric.calibration import agreement, corrected, kappa, sensitivity, specificity, wilson
from setpoint.rubric.trust_record import Counts

EXAMPLE = Counts(passed=20, passes=25, noticed=15, failures=25)
"""Both pass 20 texts and fail 15; the critic alone passes 10, people alone 5."""


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_the_intervals_of_newcombes_table(hits: int, total: int, low: float, high: float) -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    found = wilson(hits, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_kappa_of_the_textbook_example() -> None:
    """20, 5, 10 and 15 texts: agreement 0.7, by chance 0.5."""
    found = kappa(EXAMPLE)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert (found.low, found.high) == (pytest.approx(0.15, abs=0.01), pytest.approx(0.65, abs=0.01))


def test_kappas_interval_is_as_wide_as_chance_makes_it() -> None:
    """The large-sample error against the spread of kappa over simulated sets of labels."""
    dice, found = random.Random(7), []
    for _ in range(1500):
        cells = dice.choices(("pp", "pf", "fp", "ff"), weights=(40, 10, 20, 30), k=200)
        counts = Counts(
            passed=cells.count("pp"),
            passes=cells.count("pp") + cells.count("pf"),
            noticed=cells.count("ff"),
            failures=cells.count("ff") + cells.count("fp"),
        )
        one = kappa(counts)
        assert one is not None
        found.append(one)
    covered = sum(one.low <= 0.4 <= one.high for one in found) / len(found)
    assert 0.93 < covered < 0.97


def test_kappa_is_not_defined_where_all_verdicts_are_alike() -> None:
    """Kappa is not defined where all verdicts are alike."""
    assert kappa(Counts(passed=30, passes=30)) is None


def test_too_little_data_gives_no_number() -> None:
    """Too little data gives no number."""
    few = Counts(passed=9, passes=9, noticed=9, failures=9)
    assert [sensitivity(few), specificity(few), agreement(few), kappa(few), corrected(50, 100, few)] == [None] * 5
    assert sensitivity(Counts(noticed=9, failures=10)) is not None


def test_a_perfect_critics_pass_rate_needs_no_correction() -> None:
    """A perfect critics pass rate needs no correction."""
    found = corrected(60, 100, Counts(noticed=500, failures=500, passed=500, passes=500))
    assert found is not None
    assert found.value == pytest.approx(0.6)


def test_a_lenient_critics_pass_rate_is_corrected_downwards() -> None:
    """It notices 60 % of failures and passes 90 % of passes; of half-good texts it passes 65 %."""
    found = corrected(65, 100, Counts(noticed=60, failures=100, passed=90, passes=100))
    assert found is not None
    assert found.value == pytest.approx((0.65 + 0.6 - 1) / (0.6 + 0.9 - 1)) == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_a_critic_no_better_than_chance_corrects_nothing() -> None:
    """A critic no better than chance corrects nothing."""
    assert corrected(65, 100, Counts(noticed=35, failures=100, passed=65, passes=100)) is None


@pytest.mark.parametrize("counts", [(9, 10, 4, 39), (19, 20, 2, 39), (7, 44, 33, 38)])
def test_a_critic_hardly_better_than_chance_bounds_nothing(counts: tuple[int, int, int, int]) -> None:
    """Its errors are known too roughly to say more than 0 to 100 %."""
    noticed, failures, passed, passes = counts
    for seen in (0, 20, 40):
        found = corrected(seen, 40, Counts(noticed=noticed, failures=failures, passed=passed, passes=passes))
        assert found is not None
        assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize("truth", [0.1, 0.5, 0.9])
def test_corrected_rates_cover_the_truth(truth: float) -> None:
    """At the level that is claimed, with labels and readings both drawn by chance."""
    dice, covered, rounds = random.Random(3), 0, 1500
    for _ in range(rounds):
        q0, q1 = 0.8, 0.9
        counts = Counts(
            noticed=sum(dice.random() < q0 for _ in range(50)),
            failures=50,
            passed=sum(dice.random() < q1 for _ in range(50)),
            passes=50,
        )
        rate = truth * q1 + (1 - truth) * (1 - q0)
        found = corrected(sum(dice.random() < rate for _ in range(200)), 200, counts)
        assert found is not None
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / rounds <= 0.99
