"""Criteria that demand the same: one fault then counts twice, and a critic that errs on one errs on both."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from setpoint.core.spec import Criterion
from setpoint.rubric.lint.claims import Claim, claims, phrases_in, span
from setpoint.rubric.lint.clauses import content, folded, parts_named
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.lint.negative import NEGATIVE

__all__ = ["duplicate"]

_ALIKE: Final = 0.75
"""Two sentences are alike if they share this part of the words that carry meaning."""
_NEAR: Final = 88.0
"""Or if their letters are alike to this degree, of 100."""
_COUNTED: Final = ("words", "sentences", "paragraphs", "characters", "bullets", "reading_grade")


def duplicate(target: Target) -> Iterator[Flaw]:
    """Two criteria demand the same, in like words or by checks of which one implies the other."""
    for group in target.groups:
        known = tuple(claims(target.spec, group, brief=False))
        for one, other in combinations(group, 2):
            why = next(_implied(one, other, known), "") or _alike(one, other)
            if why:
                yield Flaw(
                    kind="duplicate",
                    level="warning",
                    says=f"{why}, so a text that fails one is charged twice",
                    instead=f"keep one of {one.name} and {other.name}, or say in each what the other leaves out",
                    criteria=(one.name, other.name),
                    quotes=(one.says, other.says),
                )


def _implied(one: Criterion, other: Criterion, known: tuple[Claim, ...]) -> Iterator[str]:
    """Why one check says nothing beside the other."""
    ours = [claim for claim in known if claim.name == one.name]
    theirs = [claim for claim in known if claim.name == other.name]
    for a, b in ((a, b) for a in ours for b in theirs if a.call.name == b.call.name):
        if a.call.params == b.call.params:
            yield f"both are measured by {a.call.name} with the same bounds"
            return
        for check in _COUNTED:
            (low, high), (least, most) = span(a, check), span(b, check)
            plain = a.call.name == check and not {"max_words", "numbered"} & {*a.call.params, *b.call.params}
            if plain and ((low <= least and most <= high) or (least <= low and high <= most)):
                yield f"of their {check} bounds the narrower implies the wider"
                return
        for check in ("contains", "excludes"):
            first, second = ({p.casefold() for p in phrases_in(claim, check)} for claim in (a, b))
            same = {k: v for k, v in a.call.params.items() if k != "words"} == {
                k: v for k, v in b.call.params.items() if k != "words"
            }
            if first and second and same and (first <= second or second <= first):
                yield f"all phrases that one {check} stand in the other, too"
                return


def _alike(one: Criterion, other: Criterion) -> str:
    """Whether two sentences say the same; those of checks are compared by their checks."""
    if one.check is not None and other.check is not None:
        return ""
    if bool(NEGATIVE.match(one.says)) != bool(NEGATIVE.match(other.says)) or parts_named(one.says) != parts_named(
        other.says
    ):
        return ""
    ours, theirs = content(folded(one.says)), content(folded(other.says))
    if len(ours) > 1 and len(theirs) > 1 and len(ours & theirs) >= _ALIKE * len(ours | theirs):
        return "they say the same in like words"
    if ours and ours == theirs:
        return "they say the same in like words"
    small, large = sorted((ours, theirs), key=len)
    if len(small) > 2 and small <= large and len(large) - len(small) <= 2:  # noqa: PLR2004 - a shorter sentence is contained by chance
        return "one says again what the other says"
    from rapidfuzz import fuzz  # noqa: PLC0415 - only specs with criteria for a critic need it

    if ours and fuzz.token_sort_ratio(folded(one.says), folded(other.says)) >= _NEAR and len(ours ^ theirs) <= 1:
        return "they say the same in nearly the same words"
    return ""
