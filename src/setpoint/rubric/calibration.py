"""Calibration: what people's labels say about a critic. Pure mathematics; every number comes with its interval.

Rules of this module:
- A *failure* is a text that truly misses the criterion. Sensitivity is the share of failures that the critic noticed,
  specificity the share of passes that it passed.
- Below `ENOUGH` texts on a side there is no number: a share of three texts is an anecdote.
- Intervals are two-sided, at 95 % unless another ``z`` is given.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from setpoint.core.belief import ENOUGH
from setpoint.rubric.trust_record import Counts

__all__ = ["Z95", "Interval", "agreement", "corrected", "kappa", "sensitivity", "specificity", "wilson"]

Z95: Final = NormalDist().inv_cdf(0.975)
"""The normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its bounds."""

    value: float
    low: float
    high: float


def wilson(hits: int, total: int, z: float = Z95) -> Interval:
    """A share with Wilson's score interval (Wilson 1927; as given by Newcombe 1998, method 3).

    Raises:
        ValueError: if there is nothing to share, or more hits than texts.
    """
    if not 0 <= hits <= total or not total:
        raise ValueError(f"{hits} of {total} is no share")
    share, square = hits / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    reach = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    # At the ends the bound is exact; rounding must not put the share outside its own interval.
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    return Interval(value=share, low=0.0 if hits == 0 else low, high=1.0 if hits == total else high)


def sensitivity(counts: Counts, least: int = ENOUGH) -> Interval | None:
    """The share of failures that were noticed; None with fewer than ``least`` failures."""
    return wilson(counts.noticed, counts.failures) if counts.failures >= max(1, least) else None


def specificity(counts: Counts, least: int = ENOUGH) -> Interval | None:
    """The share of passes that were passed; None with fewer than ``least`` passes."""
    return wilson(counts.passed, counts.passes) if counts.passes >= max(1, least) else None


def agreement(counts: Counts, least: int = 2 * ENOUGH) -> Interval | None:
    """The share of texts on which critic and people agree; None with fewer than ``least`` texts."""
    return wilson(counts.noticed + counts.passed, counts.total) if counts.total >= max(1, least) else None


def kappa(counts: Counts, least: int = 2 * ENOUGH, z: float = Z95) -> Interval | None:
    """Cohen's kappa between critic and people: agreement beyond chance, 1 at the best, 0 for none.

    The interval is the large-sample one of Fleiss, Cohen and Everitt (1969), cut off at -1 and 1.

    Returns:
        None with fewer than ``least`` texts, or if all texts and all verdicts are alike, so that chance explains all.
    """
    if counts.total < max(1, least):
        return None
    missed, alarms, n = counts.failures - counts.noticed, counts.passes - counts.passed, counts.total
    cells = ((counts.passed / n, alarms / n), (missed / n, counts.noticed / n))
    people = tuple(sum(row) for row in cells)
    critic = tuple(cells[0][column] + cells[1][column] for column in (0, 1))
    agreed = cells[0][0] + cells[1][1]
    chance = sum(a * b for a, b in zip(people, critic, strict=True))
    if math.isclose(chance, 1.0):
        return None
    value = (agreed - chance) / (1 - chance)
    on = sum(cells[i][i] * (1 - (people[i] + critic[i]) * (1 - value)) ** 2 for i in (0, 1))
    off = (1 - value) ** 2 * sum(cells[i][1 - i] * (critic[i] + people[1 - i]) ** 2 for i in (0, 1))
    variance = (on + off - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    reach = z * math.sqrt(max(0.0, variance))
    return Interval(value=value, low=max(-1.0, value - reach), high=min(1.0, value + reach))


def corrected(passed: int, total: int, counts: Counts, least: int = ENOUGH, z: float = Z95) -> Interval | None:
    """The share of texts that truly meet a criterion, from the critic's pass rate and its errors.

    theta = (p + q0 - 1) / (q0 + q1 - 1), where p is the observed pass rate, q0 the chance that a failure is called one
    (our sensitivity) and q1 the chance that a pass is (our specificity): Rogan and Gladen 1978; for model judges Lee et
    al., arXiv 2511.21140. The interval takes in the error of all three, by the method of Lang and Reiczigel 2014.

    Args:
        passed: texts that the critic passed.
        total: texts that it read.
        counts: how it did on labelled texts.
        least: failures, passes and readings that are needed.
        z: the normal quantile.

    Returns:
        None with too little data, or if the critic is no better than chance: then its pass rate says nothing.
    """
    if min(counts.failures, counts.passes, total) < max(1, least):
        return None
    if counts.noticed / counts.failures + counts.passed / counts.passes <= 1:
        return None
    share = passed / total
    q0, q1 = counts.noticed / counts.failures, counts.passed / counts.passes
    value = (share + q0 - 1) / (q0 + q1 - 1)
    n = total + z * z
    p = (passed + z * z / 2) / n
    r0, r1 = (counts.noticed + 1) / (counts.failures + 2), (counts.passed + 1) / (counts.passes + 2)
    v0, v1 = r0 * (1 - r0) / (counts.failures + 2), r1 * (1 - r1) / (counts.passes + 2)
    informed = r0 + r1 - 1
    if informed <= 0:  # by so little better than chance that its pass rate bounds nothing
        return Interval(value=min(1.0, max(0.0, value)), low=0.0, high=1.0)
    middle = (p + r0 - 1) / informed
    shift = 2 * z * z * (middle * v1 - (1 - middle) * v0)
    reach = z * math.sqrt(p * (1 - p) / n + middle**2 * v1 + (1 - middle) ** 2 * v0) / informed
    low, high, value = (min(1.0, max(0.0, x)) for x in (middle + shift - reach, middle + shift + reach, value))
    return Interval(value=value, low=min(low, value), high=max(high, value))
