"""Lint: what is wrong with a spec, found by code before a loop is paid for.

Each rule is a small pure function over a `Target` and finds one kind of flaw; the table in the reference is printed
from `LINT_RULES`. What code cannot see (conflicts in meaning, demands that are missing) is left to a model, in
`setpoint.rubric.meaning`, and what it says is verified.
"""

from dataclasses import replace
from typing import Final

from setpoint.rubric.lint.compound import compound
from setpoint.rubric.lint.conflicts import contradiction, crowded, excluded
from setpoint.rubric.lint.flaw import Flaw, Level, LintRule, Target
from setpoint.rubric.lint.material import missing_source, unfinished, unused_source
from setpoint.rubric.lint.means import budget, no_first_draft
from setpoint.rubric.lint.measurable import cannot_measure, measurable, says_differs
from setpoint.rubric.lint.negative import negative
from setpoint.rubric.lint.tones import tone_conflict, tone_pairs
from setpoint.rubric.lint.twins import duplicate
from setpoint.rubric.lint.vague import vague
from setpoint.rubric.lint.weights import all_core, equal_impacts, no_core
from setpoint.specfile import SpecFile

__all__ = [
    "LINT_RULES",
    "Flaw",
    "Level",
    "LintRule",
    "Target",
    "excluded",
    "kind_of",
    "lint",
    "located",
    "no_first_draft",
    "tone_pairs",
]

LINT_RULES: Final[tuple[LintRule, ...]] = (
    contradiction,
    cannot_measure,
    missing_source,
    budget,
    tone_conflict,
    crowded,
    says_differs,
    measurable,
    vague,
    compound,
    duplicate,
    unused_source,
    unfinished,
    negative,
    no_core,
    all_core,
    equal_impacts,
)
"""One rule for each kind of flaw, under its name; the reference is printed from here."""

_ORDER: Final = {"error": 0, "warning": 1, "hint": 2}


def kind_of(rule: LintRule) -> str:
    """The kind of flaw that a rule finds, as findings name it."""
    return rule.__name__.replace("_", "-")


def lint(target: Target) -> tuple[Flaw, ...]:
    """All flaws that code finds, errors first; within a level in the order of the rules."""
    found = [flaw for rule in LINT_RULES for flaw in rule(target)]
    return tuple(sorted(found, key=lambda flaw: _ORDER[flaw.level]))


def located(flaw: Flaw, file: SpecFile) -> Flaw:
    """The flaw with the line that it is about, where the file is known."""
    names, outline = list(file.spec.names()), [c.name for c in file.spec.outline]
    name = flaw.criteria[0] if flaw.criteria else ""
    if name in names:
        key = f"criterion[{names.index(name) + 1}]"
    elif name in outline:
        key = f"skeleton.criterion[{outline.index(name) + 1}]"
    else:
        key = {"budget": "budget", "unused-source": "sources"}.get(flaw.kind, "brief")
    if flaw.kind == "budget":
        key = "budget"
    return replace(flaw, line=file.place.line(key))
