"""Counts with their uncertainty. A share of few cases is never shown as a number."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

__all__ = ["ENOUGH", "Tally", "wilson"]

ENOUGH: Final = 5
"""Below so many cases a share says nothing: even 4 of 4 leaves everything above one half possible."""

_Z: Final = 1.959964


def wilson(hits: int, n: int, z: float = _Z) -> tuple[float, float]:
    """The interval for a share after Wilson (1927), by default at 95 %; (0, 1) for no cases.

    Args:
        hits: cases that count, 0 to ``n``.
        n: all cases.
        z: the quantile of the normal distribution.
    """
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Tally:
    """So many of so many."""

    hits: int = 0
    n: int = 0

    def plus(self, *, hit: bool) -> "Tally":
        """With one more case."""
        return Tally(self.hits + hit, self.n + 1)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.hits + other.hits, self.n + other.n)

    @property
    def enough(self) -> bool:
        """Whether a share may be named."""
        return self.n >= ENOUGH

    @property
    def share(self) -> float | None:
        """0 to 1; None where there are too few cases."""
        return self.hits / self.n if self.enough else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share; None where there are too few cases."""
        return wilson(self.hits, self.n) if self.enough else None

    def __str__(self) -> str:
        return f"{self.hits} of {self.n}"
