"""Sentences for a critic that a check could measure; checks whose sentence says something else; checks that cannot be."""

from collections.abc import Iterator, Mapping
from typing import Final, cast

from setpoint import checks
from setpoint.core.spec import CheckCall, Criterion
from setpoint.errors import SpecError
from setpoint.rubric.lint.claims import said
from setpoint.rubric.lint.demands import Demand, demands
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.toml import inline, key

__all__ = ["cannot_measure", "measurable", "says_differs"]

_NEEDS_SOURCES: Final = frozenset({"numbers_from_sources", "quotes_from_sources"})


def measurable(target: Target) -> Iterator[Flaw]:
    """A critic is to judge what a check could measure; the check is written out."""
    for criterion in target.every:
        if criterion.check is not None:
            continue
        found = [
            demand
            for demand in demands(criterion.says, target.spec.brief, target.spec.kind)
            if target.spec.sources or demand.call.name not in _NEEDS_SOURCES
        ]
        if found:
            yield _flaw(criterion, found)


def _flaw(criterion: Criterion, found: list[Demand]) -> Flaw:
    whole = found[0].whole
    if whole and len(found) == 1:
        toml = f"check = {inline(found[0].table)}"
        instead = "add the check; code then measures it, exactly and for nothing"
    else:
        parts = [(f"{criterion.name}-{demand.call.name.replace('_', '-')}"[-64:], demand) for demand in found]
        toml = "\n\n".join(
            f"[[criterion]]\nname = {inline(_unlike(name, parts, number))}\nimpact = {criterion.impact}\ncheck = {inline(demand.table)}"
            for number, (name, demand) in enumerate(parts)
        )
        rest = "" if whole else ", and keep the rest for the critic"
        instead = f"give what code can measure a criterion of its own{rest}"
    quoted = " and ".join(f"“{demand.quote}”" for demand in found)
    return Flaw(
        kind="measurable",
        level="warning" if whole else "hint",
        says=f"a critic judges {quoted}, which {'checks' if len(found) > 1 else 'a check'} could measure",
        instead=instead,
        criteria=(criterion.name,),
        quotes=(criterion.says,),
        toml=toml,
    )


def _unlike(name: str, parts: list[tuple[str, Demand]], number: int) -> str:
    """A name that no other part has."""
    return name if [other for other, _ in parts].index(name) == number else f"{name[:60]}-{number + 1}"


def says_differs(target: Target) -> Iterator[Flaw]:
    """The sentence of a criterion gives another bound or unit than its check measures; the author reads the sentence."""
    for criterion in target.every:
        call = criterion.check
        if call is None:
            continue
        for claim in said(target.spec, criterion):
            if claim.call.name == call.name and (difference := _difference(claim.call, call)):
                yield _differs(criterion, f"the sentence says {difference[0]}, the check measures {difference[1]}")
                break
            if (
                claim.call.name != call.name
                and {claim.call.name, call.name} <= _LENGTHS
                and _same_numbers(claim.call, call)
            ):
                yield _differs(criterion, f"the sentence counts {claim.call.name}, the check counts {call.name}")
                break


_LENGTHS: Final = frozenset({"words", "sentences", "paragraphs", "characters", "bullets"})


def _differs(criterion: Criterion, why: str) -> Flaw:
    call = cast("CheckCall", criterion.check)
    return Flaw(
        kind="says-differs",
        level="warning",
        says=f"{why}; the author follows the sentence and fails the check",
        instead=f"leave `says` out, then it reads: “{checks.describe(call)}”; or change the check",
        criteria=(criterion.name,),
        quotes=(criterion.says,),
    )


def _difference(said: CheckCall, call: CheckCall) -> tuple[str, str] | None:
    """What the sentence and the check say differently, each in words."""
    for name in ("min", "max", "max_words", "code", "style", "text"):
        ours, theirs = said.params.get(name), call.params.get(name)
        # A sentence need not repeat every bound of its check, but what it says must be so.
        if ours is not None and ours != theirs and (theirs is not None or name in {"min", "max"}):
            if call.name == "contains" and name in {"min", "max"}:
                continue
            return checks.describe(said).rstrip("."), checks.describe(call).rstrip(".")
    ours, theirs = _words(said), _words(call)
    apart = not ours & theirs or (said.name == "headings" and not (ours <= theirs or theirs <= ours))
    if ours and theirs and said.name in {"contains", "excludes", "headings"} and apart:
        return checks.describe(said).rstrip("."), checks.describe(call).rstrip(".")
    return None


def _words(call: CheckCall) -> frozenset[str]:
    words: object = call.params.get("words", call.params.get("required"))
    return (
        frozenset(str(word).casefold().lstrip("# ") for word in cast("list[object]", words))
        if isinstance(words, list | tuple)
        else frozenset()
    )


def _same_numbers(said: CheckCall, call: CheckCall) -> bool:
    ours, theirs = (_bounds(one.params) for one in (said, call))
    return bool(ours) and bool(ours & theirs)


def _bounds(params: Mapping[str, object]) -> frozenset[object]:
    return frozenset(params[name] for name in ("min", "max") if name in params)


def cannot_measure(target: Target) -> Iterator[Flaw]:
    """A check that can never be built here: a broken pattern or schema, a program or an extra that is missing."""
    spec = target.spec
    context = checks.CheckContext(kind=spec.kind, sources=spec.sources, attachments=spec.attachments)
    for criterion in target.every:
        if criterion.check is None or (criterion.check.name in _NEEDS_SOURCES and not spec.sources):
            continue
        try:
            checks.build(criterion.check, context)
        except SpecError as error:
            yield Flaw(
                kind="cannot-measure",
                level="error",
                says=f"its check cannot be built: {error.problem}",
                instead=f"mend {key(error.key.rsplit('.')[-1] or criterion.check.name)} in the check",
                criteria=(criterion.name,),
                quotes=(criterion.says,),
            )
