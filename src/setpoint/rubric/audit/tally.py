"""Counts with their uncertainty. A share of few cases is never shown as a number."""

from dataclasses import dataclass
from typing import Final

from setpoint.rubric.calibration import wilson

__all__ = ["ENOUGH", "Tally"]

ENOUGH: Final = 5
"""Below so many cases no share is named: even 4 of 4 leaves everything above one half possible. A run asks for more
before it goes by an audit (`core.belief.ENOUGH`)."""


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
        if not self.enough:
            return None
        found = wilson(self.hits, self.n)
        return found.low, found.high

    def __str__(self) -> str:
        return f"{self.hits} of {self.n}"
