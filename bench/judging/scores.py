"""How well a critic tells right from wrong: shares with intervals that know that answers to one prompt are alike."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["Judgement", "Scores", "Share", "scores", "share"]

_Z: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One verdict beside the truth.

    Args:
        cluster: what it shares with others: the number of the prompt.
        met: the truth.
        said: ``pass``, ``fail``, ``cannot_assess``, or ``unreadable`` for a reply that was no verdict.
        tokens: of this verdict; a call about several criteria is divided among them.
        seconds: the same.
    """

    cluster: int
    met: bool
    said: str
    tokens: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share and its 95 % interval, all from 0 to 1."""

    n: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.0f} [{100 * self.low:.0f}, {100 * self.high:.0f}]" if self.n else "-"


_Cluster: TypeAlias = list[bool]


def share(hits: Iterable[tuple[int, bool]]) -> Share:
    """A share of clustered cases with Wilson's interval at the effective number of cases.

    The effective number is n divided by the design effect of a ratio of cluster totals (Rao and Scott 1992), which
    counts as at least 1. Where all cases are hits, or none, the design effect cannot be seen, and the number of
    clusters is taken instead, the most careful guess.

    Args:
        hits: for each case its cluster, and whether it is a hit.
    """
    clusters: dict[int, _Cluster] = defaultdict(list)
    for cluster, hit in hits:
        clusters[cluster].append(hit)
    n = sum(len(cases) for cases in clusters.values())
    if not n:
        return Share(n=0, value=math.nan, low=0.0, high=1.0)
    value = sum(sum(cases) for cases in clusters.values()) / n
    return Share(n=n, value=value, **_wilson(value, _effective(list(clusters.values()), value, n)))


def _effective(clusters: Sequence[_Cluster], value: float, n: int) -> float:
    count = len(clusters)
    if value in {0.0, 1.0} or count == 1:
        return float(count)
    residuals = sum((sum(cases) - value * len(cases)) ** 2 for cases in clusters)
    variance = count / (count - 1) * residuals / n**2
    return n / max(1.0, variance / (value * (1 - value) / (n - 1)))


def _wilson(value: float, n: float) -> dict[str, float]:
    middle = (value + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z / (1 + _Z * _Z / n) * math.sqrt(value * (1 - value) / n + _Z * _Z / (4 * n * n))
    # Rounding must not push the share out of its interval.
    return {"low": max(0.0, min(value, middle - half)), "high": min(1.0, max(value, middle + half))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a critic is worth on some verdicts.

    Args:
        sensitivity: of the requirements that are not met, the share it fails.
        specificity: of those that are met, the share it passes. No verdict counts as wrong in both.
        youden: sensitivity + specificity - 1; 0 is what a coin, or always the same word, is worth.
        unusable: the share of verdicts that are ``cannot_assess`` or unreadable.
        tokens: a verdict, on average.
        seconds: the same.
    """

    sensitivity: Share
    specificity: Share
    youden: Share
    unusable: float
    tokens: float
    seconds: float

    @property
    def balanced(self) -> Share:
        """The mean of sensitivity and specificity."""
        j = self.youden
        return Share(n=j.n, value=(j.value + 1) / 2, low=(j.low + 1) / 2, high=(j.high + 1) / 2)


def scores(judged: Sequence[Judgement]) -> Scores:
    """The scores of some verdicts.

    Youden's J has an interval made of the other two (Newcombe 1998, method 10: squares are added), as failing and met
    requirements are different cases.
    """
    sensitivity = share((one.cluster, one.said == "fail") for one in judged if not one.met)
    specificity = share((one.cluster, one.said == "pass") for one in judged if one.met)
    n = len(judged)
    return Scores(
        sensitivity=sensitivity,
        specificity=specificity,
        youden=_youden(sensitivity, specificity),
        unusable=sum(one.said not in {"pass", "fail"} for one in judged) / max(1, n),
        tokens=sum(one.tokens for one in judged) / max(1, n),
        seconds=sum(one.seconds for one in judged) / max(1, n),
    )


def _youden(first: Share, second: Share) -> Share:
    value = first.value + second.value - 1
    if not (first.n and second.n):
        return Share(n=0, value=math.nan, low=-1.0, high=1.0)
    below = math.hypot(first.value - first.low, second.value - second.low)
    above = math.hypot(first.high - first.value, second.high - second.value)
    return Share(n=first.n + second.n, value=value, low=max(-1.0, value - below), high=min(1.0, value + above))
