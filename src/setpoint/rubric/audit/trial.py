"""What happened in an audit: readings of texts whose truth is known, and what was dropped."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from setpoint.core.event import Usage
from setpoint.core.fault import Status
from setpoint.rubric.audit.checked import CheckAudit
from setpoint.rubric.audit.defect import Defect

__all__ = ["Findings", "Spending", "Trial", "TrialKind"]

TrialKind: TypeAlias = Literal["sound", "sound reversed", "faulty", "faulty reversed", "early", "late", "canary"]
"""A good text as it is, and with the criteria in reverse order; a faulty one, and in reverse; with its fault early or
late in a longer text; a text that must never pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One reading of one text.

    Args:
        kind: what was read.
        draft: the good text it comes from, counted from 1; 0 for a canary.
        verdicts: by criterion; empty if the reply could not be used, or if the text was not shown.
        trouble: why the reply could not be used.
        defect: what was planted.
        canary: which text it was.
        guard: the criterion that kept the text from the critic.
        failed: a criterion that code measures and that the text fails; of canaries only.
    """

    kind: TrialKind
    draft: int = 0
    verdicts: Mapping[str, Status] = field(default_factory=dict[str, Status])
    trouble: str = ""
    defect: Defect | None = None
    canary: str = ""
    guard: str = ""
    failed: str = ""


@dataclass(slots=True, kw_only=True)
class Spending:
    """What was used, calls of an earlier part included."""

    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    unpriced: int = 0
    """Calls whose price is not known."""
    recalled: int = 0
    """Calls that were not made because the record has their answer."""

    def add(self, usage: Usage) -> None:
        """Count one call."""
        self.calls += 1
        self.tokens += usage.tokens
        self.money += usage.money or 0.0
        self.unpriced += usage.money is None


@dataclass(slots=True, kw_only=True)
class Findings:
    """Everything that an audit saw so far."""

    trials: list[Trial] = field(default_factory=list[Trial])
    checks: list[CheckAudit] = field(default_factory=list[CheckAudit])
    dropped: Counter[str] = field(default_factory=Counter[str])
    """Criterion → defects that nobody could confirm."""
    spent: Spending = field(default_factory=Spending)
    stopped: str = "it was interrupted"
    """Why it is not complete; empty once it is."""
