"""What the impacts and `core` say, or fail to say, about which faults matter."""

from collections.abc import Iterator
from typing import Final

from setpoint.rubric.lint.flaw import Flaw, Target

__all__ = ["all_core", "equal_impacts", "no_core"]

_ENOUGH: Final = 3
"""With fewer criteria there is little to weigh."""


def no_core(target: Target) -> Iterator[Flaw]:
    """No criterion has `core = true`, so no text can miss the point, and none is ever begun anew for it."""
    if not any(criterion.core for criterion in target.criteria):
        heaviest = max(target.criteria, key=lambda c: c.impact, default=None)
        if heaviest is None:
            return
        yield Flaw(
            kind="no-core",
            level="hint",
            says="no criterion is core, so a text on the wrong subject counts as one with faults, and is never begun anew",
            instead=f"set core = true where failing means that the text misses the point; is that `{heaviest.name}`?",
            criteria=(),
            quotes=(heaviest.says,),
        )


def all_core(target: Target) -> Iterator[Flaw]:
    """Every criterion has `core = true`, so every fault counts as a wrong premise, and texts are begun anew for trifles."""
    if len(target.criteria) >= _ENOUGH and all(criterion.core for criterion in target.criteria):
        yield Flaw(
            kind="all-core",
            level="hint",
            says="every criterion is core, so every fault counts as a wrong premise, and texts are begun anew for trifles",
            instead="leave core = true to the one or two criteria that decide whether the text is about the right thing",
        )


def equal_impacts(target: Target) -> Iterator[Flaw]:
    """Three or more criteria all have the same impact, so nothing says which fault to mend first."""
    impacts = {criterion.impact for criterion in target.criteria}
    if len(target.criteria) >= _ENOUGH and len(impacts) == 1:
        yield Flaw(
            kind="equal-impacts",
            level="hint",
            says=f"all {len(target.criteria)} criteria have impact {impacts.pop()}, so nothing says which fault to mend first",
            instead="5 for what decides whether the text is of use, 1 or 2 for what you would let pass",
        )
