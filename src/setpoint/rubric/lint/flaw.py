"""What lint says, and what it looks at. Plain values; nothing here finds anything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from setpoint import checks
from setpoint.core.spec import Budget, CheckCall, Criterion, Spec

__all__ = ["ADDED", "Flaw", "Level", "LintRule", "Target", "own_words"]

Level: TypeAlias = Literal["error", "warning", "hint"]

ADDED: Final = frozenset({"skeleton"})
"""Criteria that Setpoint adds by itself, beside the guards: their wording is not the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One finding.

    Args:
        kind: one of a closed set, printed in the reference.
        level: ``error``: no text can meet the spec, or no run can work; ``warning``: verdicts or passes will be wasted;
            ``hint``: worth a look.
        says: what is wrong, in one sentence.
        instead: what to write instead.
        criteria: the criteria it is about, in the order of the spec; ``brief`` may stand for one.
        quotes: verbatim from the spec, one for each criterion where there are any.
        toml: a check, or a whole criterion, to paste; it loads.
        line: where the first criterion stands in the file, where known.
    """

    kind: str
    level: Level
    says: str
    instead: str
    criteria: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    toml: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the rules look at.

    Args:
        spec: the spec as loaded.
        budget: what a run of it may spend.
        reply_tokens: the most tokens of one reply, as the spec says or as a run would set it.
        reply_given: whether the spec says so.
    """

    spec: Spec
    budget: Budget
    reply_tokens: int
    reply_given: bool = False

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria that the user wrote for the text."""
        return _written(self.spec.criteria)

    @property
    def groups(self) -> tuple[tuple[Criterion, ...], ...]:
        """Criteria that are measured on the same text: those of the text, and those of its outline."""
        return tuple(group for group in (self.criteria, _written(self.spec.outline)) if group)

    @property
    def every(self) -> tuple[Criterion, ...]:
        """All criteria that the user wrote."""
        return tuple(criterion for group in self.groups for criterion in group)


LintRule: TypeAlias = Callable[[Target], Iterator[Flaw]]
"""Looks for one kind of flaw; a pure function, its docstring is its line in the reference."""


def _written(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    return tuple(
        c for c in criteria if not (c.check is not None and (c.check.name in checks.GUARDS or c.name in ADDED))
    )


def own_words(criterion: Criterion) -> bool:
    """Whether the sentence is the user's, not the check's own."""
    call: CheckCall | None = criterion.check
    return call is None or criterion.says != checks.describe(call)
