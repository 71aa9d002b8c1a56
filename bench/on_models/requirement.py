"""What a requirement of IFEval is made of: how it is said, and a rule that measures a text and directs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from setpoint.ports import Finding

__all__ = [
    "PASSED",
    "Given",
    "Measure",
    "Requirement",
    "at_least",
    "exactly",
    "fail",
    "has",
    "number",
    "related",
    "text_of",
    "texts",
]

Given: TypeAlias = Mapping[str, object]
"""The parameters of a requirement, as IFEval has them."""
Measure: TypeAlias = Callable[[str], Finding]

PASSED: Final = Finding(passed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement of a prompt; a `setpoint.ports.Check`.

    Args:
        kind: IFEval's name for it, such as ``punctuation:no_comma``.
        says: the demand in one sentence.
        rule: measures a text.
    """

    kind: str
    says: str
    rule: Measure

    def measure(self, text: str) -> Finding:
        """Measure a text; an empty one never passes, as in IFEval's strict score."""
        if not text.strip():
            return Finding(passed=False, message="the text is empty; write it", shortfall=1.0)
        return self.rule(text)


def fail(message: str, shortfall: float = 1.0) -> Finding:
    """A failure that directs, and how far off the text is."""
    return Finding(passed=False, message=message, shortfall=min(1.0, max(0.0, shortfall)))


def text_of(given: Given, name: str) -> str:
    """A parameter that is a text."""
    return str(given[name])


def number(given: Given, name: str) -> int:
    """A parameter that is a whole number; some rows hold it as a float."""
    return int(cast("int | float | str", given[name]))


def texts(given: Given, name: str) -> list[str]:
    """A parameter that is a list of texts."""
    return [str(item) for item in cast("list[object]", given[name])]


def related(count: Callable[[str], int], relation: str, bound: int, unit: str) -> tuple[str, Measure]:
    """A count that is at least, or less than, a bound."""

    def measure(text: str) -> Finding:
        found = count(text)
        if relation == "at least":
            if found >= bound:
                return PASSED
            return fail(f"there are {found} {unit}; add at least {bound - found}", (bound - found) / max(1, bound))
        if found < bound:
            return PASSED
        return fail(
            f"there are {found} {unit}; remove at least {found - bound + 1}", (found - bound + 1) / max(1, bound)
        )

    return f"{relation} {bound} {unit}", measure


def exactly(count: Callable[[str], int], wanted: int, unit: str, how: str) -> Measure:
    """A count that is one number."""

    def measure(text: str) -> Finding:
        found = count(text)
        if found == wanted:
            return PASSED
        return fail(
            f"there are {found} {unit}; make them exactly {wanted} ({how})", abs(found - wanted) / max(1, wanted)
        )

    return measure


def at_least(count: Callable[[str], int], least: int, unit: str, how: str) -> Measure:
    """A count with a lower bound."""

    def measure(text: str) -> Finding:
        found = count(text)
        if found >= least:
            return PASSED
        return fail(f"there are {found} {unit}; add at least {least - found} ({how})", (least - found) / max(1, least))

    return measure


def has(holds: Callable[[str], object], otherwise: str) -> Measure:
    """A yes or no."""
    return lambda text: PASSED if holds(text) else fail(otherwise)
