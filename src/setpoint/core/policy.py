"""The tuning of the control law: numbers, not rules."""

from dataclasses import dataclass
from typing import Final

from setpoint.core.action import Tactic

__all__ = ["LADDER_LONG", "LADDER_SHORT", "Policy"]

LADDER_SHORT: Final = (
    Tactic("redraft", 0, "steady"),
    Tactic("rewrite", 2, "steady"),
    Tactic("edit", 2, "steady"),
    Tactic("redraft", 0, "varied"),
    Tactic("rewrite", 1, "varied"),
    Tactic("edit", 1, "varied"),
)
"""For texts where a fresh draft costs little more than an edit: a checklist gains more there than feedback does."""

LADDER_LONG: Final = (
    Tactic("edit", 2, "steady"),
    Tactic("rewrite", 2, "steady"),
    Tactic("edit", 1, "varied"),
    Tactic("redraft", 0, "steady"),
    Tactic("rewrite", 1, "varied"),
    Tactic("redraft", 0, "varied"),
)
"""For texts where an edit costs a tenth of a fresh draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The tuning of the control law.

    Args:
        long_words: from this many words on, the ladder begins with an edit instead of a redraft.
        trust_threshold: a critic that notices fewer planted failures than this share can bring a run to
            ``unverified`` at best.
        disputes: how often in a run one criterion may get a third reading before it is named disputed.
        broken_readings: unusable replies of a critic in a row that end the run.
        failed_calls: failed calls of one role in a row that end the run.
        empty_starts: failed first drafts in a row that end the run.
        short_ladder: the tactics for texts under ``long_words``, in the order to try them (rule 11).
        long_ladder: the tactics for longer texts.
    """

    long_words: int = 400
    trust_threshold: float = 0.6
    disputes: int = 2
    broken_readings: int = 3
    failed_calls: int = 2
    empty_starts: int = 3
    short_ladder: tuple[Tactic, ...] = LADDER_SHORT
    long_ladder: tuple[Tactic, ...] = LADDER_LONG

    def ladder(self, words: int) -> tuple[Tactic, ...]:
        """The tactics in the order to try them, for a text of that many words."""
        return self.long_ladder if words >= self.long_words else self.short_ladder
