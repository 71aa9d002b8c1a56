"""Demands that pull apart, as far as code can see it from the checks alone (rule 12).

Nothing here says that two criteria exclude each other; it says where to look first when one of them keeps failing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Final, cast

from setpoint.core.spec import Criterion

__all__ = ["competing", "phrases"]

_LENGTH: Final = {"words": 1.0, "characters": 1 / 6, "sentences": 15.0}
"""What bounds the length, and how many words one of its units is."""
_CROWDED: Final = 0.25
"""Required phrases that fill this share of a limit compete with it: they need sentences around them."""
_WORDS_PER_ITEM: Final = 8


def competing(criteria: Sequence[Criterion]) -> tuple[tuple[str, str, str], ...]:
    """Pairs of criteria that pull apart, each with the reason in one clause."""
    found: dict[frozenset[str], tuple[str, str, str]] = {}
    for one, other in permutations([c for c in criteria if c.check is not None], 2):
        why = next(_reasons(one, other), "")
        if why:
            found.setdefault(frozenset({one.name, other.name}), (one.name, other.name, why))
    return tuple(found.values())


def _reasons(one: Criterion, other: Criterion) -> Iterator[str]:
    """Why the first competes with the second; the pair is looked at both ways."""
    limit, needed = _limit(one), _needs(other)
    if limit and needed > limit * _CROWDED:
        yield f"{one.name} allows about {limit:.0f} words and what {other.name} requires fills {needed:.0f} of them"
    forbidden = [word.casefold() for word in _phrases(one, "excludes")]
    required = [
        phrase.casefold() for check in ("contains", "starts_with", "ends_with") for phrase in _phrases(other, check)
    ]
    required += [heading.casefold() for heading in _phrases(other, "headings", "required")]
    for word in forbidden:
        if any(word in phrase for phrase in required):
            yield f"{one.name} forbids {word!r}, which stands in what {other.name} requires"
    case = _params(one, "case")
    style = case.get("style") if case.get("of", "text") == "text" else None
    for phrase in (p for check in ("contains", "starts_with", "ends_with") for p in _phrases(other, check)):
        if (style == "lower" and phrase != phrase.lower()) or (style == "upper" and phrase != phrase.upper()):
            yield f"{one.name} wants {style} case and {other.name} requires {phrase!r}"


def _limit(criterion: Criterion) -> float:
    """About how many words a criterion allows; 0 if it sets no limit."""
    for check, words in _LENGTH.items():
        most = _params(criterion, check).get("max")
        if isinstance(most, int):
            return most * words
    return 0.0


def _needs(criterion: Criterion) -> float:
    """About how many words a criterion requires at the least."""
    for check, words in _LENGTH.items():
        least = _params(criterion, check).get("min")
        if isinstance(least, int):
            return least * words
    bullets = _params(criterion, "bullets").get("min")
    if isinstance(bullets, int):
        return bullets * _WORDS_PER_ITEM
    required = (*_phrases(criterion, "contains"), *_phrases(criterion, "headings", "required"))
    return float(sum(len(phrase.split()) for phrase in required))


def _params(criterion: Criterion, check: str) -> Mapping[str, object]:
    call = criterion.check
    return call.params if call is not None and call.name == check else {}


def _phrases(criterion: Criterion, check: str, *keys: str) -> tuple[str, ...]:
    return phrases(_params(criterion, check), *keys)


def phrases(params: Mapping[str, object], *keys: str) -> tuple[str, ...]:
    """The plain phrases among a check's parameters: those of some keys, or what the checks about phrases look for."""
    found: list[str] = []
    for key in keys or ("words", "text"):
        value = params.get(key)
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += [item for item in cast("Sequence[object]", value) if isinstance(item, str)]
    return tuple(found)
