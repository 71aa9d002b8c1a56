"""How a batch stands: a fold over the events of its runs and the ends of its rows."""

import math
from collections import Counter
from dataclasses import dataclass, field

from setpoint.batch.results import RowResult
from setpoint.core.event import CallFailed, Drafted, Event, Judged, Mediated, Misjudged, MoveFailed, PatchMissed, Probed

__all__ = ["Tally"]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of a batch, for whoever shows them.

    Args:
        rows: of the whole batch.
        expected: the passes that the rows still to be run are forecast to take.
        earlier: rows that earlier commands have finished.
    """

    rows: int
    expected: float = 0.0
    earlier: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    done: int = 0
    passes: int = 0
    tokens: int = 0
    money: float = 0.0
    unpriced: bool = False
    running: int = 0

    def hear(self, event: Event) -> None:
        """Count an event of any run."""
        if isinstance(event, Drafted | MoveFailed):
            self.passes += 1
        if isinstance(event, Drafted | MoveFailed | PatchMissed | Judged | Misjudged | Probed | Mediated | CallFailed):
            self.tokens += event.usage.tokens
            self.money += event.usage.money or 0.0
            self.unpriced |= event.usage.money is None

    def finish(self, result: RowResult) -> None:
        """Count a row that has ended."""
        self.done += 1
        self.outcomes[result.outcome or "failed"] += 1

    def remaining(self, seconds: float) -> float:
        """Seconds until the rest is done, from the passes so far and those that the forecast still expects.

        Args:
            seconds: how long it has run.

        Returns:
            ``math.inf`` before the first pass.
        """
        here, ended = self.rows - self.earlier, self.done - self.earlier
        if not self.passes:
            return math.inf
        if not ended or not self.expected:
            left = max(0.0, self.expected - self.passes)
        else:
            # What rows have taken so far corrects what the forecast said of the rest.
            left = (here - ended) * (self.passes / ended + self.expected / here) / 2
        return seconds * left / self.passes
