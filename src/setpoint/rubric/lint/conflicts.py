"""Pairs of demands that no text, or hardly any, can meet together.

What is provable from the checks alone is a contradiction. What is merely tight is called crowded, and says so.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, permutations
from typing import Final

from setpoint import checks
from setpoint.core.spec import Budget, CheckCall, Spec
from setpoint.errors import SpecError
from setpoint.rubric.lint.claims import Claim, claims, phrases_in, span
from setpoint.rubric.lint.clauses import content, folded, parts_named
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.lint.negative import NEGATIVE

__all__ = ["contradiction", "crowded", "excluded"]

_COUNTED: Final = ("words", "sentences", "paragraphs", "characters", "bullets", "reading_grade")
_UNIT: Final = {"reading_grade": "school years", "bullets": "list items"}

_PROVABLE: Final[Mapping[str, Mapping[str, float]]] = {
    "sentences": {"words": 1, "characters": 2},
    "paragraphs": {"words": 1, "sentences": 1, "characters": 2},
    "bullets": {"words": 1, "sentences": 1, "characters": 2},
    "words": {"characters": 2},
}
"""How many of a unit so many of another take at the very least."""
_LIKELY: Final[Mapping[str, Mapping[str, float]]] = {
    "sentences": {"words": 6, "characters": 35},
    "paragraphs": {"words": 15, "sentences": 1.2, "characters": 80},
    "bullets": {"words": 4, "characters": 22},
    "words": {"characters": 5, "sentences": 1 / 40},
}
"""How many they take in prose that people would write."""
_FILLED: Final = 0.5
"""Required phrases that fill this share of a limit leave no room for sentences around them."""


def contradiction(target: Target) -> Iterator[Flaw]:
    """No text can meet both: limits, phrases, languages, capitals, beginnings or endings that exclude each other."""
    yield from _pairs(target, "contradiction")
    for group in target.groups:
        for one, other in combinations([c for c in group if c.check is None], 2):
            if why := _denied(one.says, other.says):
                yield _flaw("contradiction", why, (one.name, other.name), (one.says, other.says))


def excluded(spec: Spec, budget: Budget) -> tuple[tuple[str, str, str], ...]:
    """Pairs of criteria whose checks prove that no text can meet both, and why; for `Opened.excluded`."""
    target = Target(spec=spec, budget=budget, reply_tokens=0)
    checked = {criterion.name for criterion in spec.checked}
    found = (flaw for flaw in _pairs(target, "contradiction") if set(flaw.criteria) <= checked)
    return tuple((*flaw.criteria, flaw.says) for flaw in found if len(flaw.criteria) == 2)  # noqa: PLR2004 - not one with itself


def crowded(target: Target) -> Iterator[Flaw]:
    """What one demand requires hardly fits into the limit that another sets."""
    yield from _pairs(target, "crowded")


def _pairs(target: Target, kind: str) -> Iterator[Flaw]:
    seen: set[frozenset[str]] = set()
    for group in target.groups:
        known = tuple({(c.name, repr(c.call)): c for c in claims(target.spec, group)}.values())
        for one, other in permutations(known, 2):
            pair = frozenset({one.name, other.name})
            if (len(pair) < 2 and kind == "crowded") or pair in seen:  # noqa: PLR2004 - a criterion with itself
                continue
            provable = next(_excluded(one, other, target), "")
            why = provable if kind == "contradiction" else "" if provable else _tight(one, other)
            if why:
                seen.add(pair)
                yield _flaw(kind, why, tuple(dict.fromkeys((one.name, other.name))), (one.quote, other.quote))


def _flaw(kind: str, why: str, names: tuple[str, ...], quotes: tuple[str, ...]) -> Flaw:
    both = " and ".join(names)
    return Flaw(
        kind=kind,
        level="error" if kind == "contradiction" else "warning",
        says=why,
        instead=f"decide which of {both} the text needs, and change or remove the other"
        if kind == "contradiction"
        else "raise the limit, or ask for less",
        criteria=names,
        quotes=quotes,
    )


def _excluded(one: Claim, other: Claim, target: Target) -> Iterator[str]:
    """Why no text can meet both, looked at one way round."""
    yield from _bounds(one, other)
    yield from _required_and_forbidden(one, other)
    yield from _styles(one, other)
    if one.call.name == "numbers_from_sources" and target.spec.sources:
        yield from _strange_numbers(one, other, target)


def _bounds(one: Claim, other: Claim) -> Iterator[str]:
    for unit in _COUNTED:
        most = span(other, unit)[1]
        if most == float("inf"):
            continue
        need, what = _need(one, unit, _PROVABLE)
        if need > most:
            said = _UNIT.get(unit, unit)
            yield f"{one.name} needs at least {what} and {other.name} allows at most {most:g} {said}"


def _tight(one: Claim, other: Claim) -> str:
    for unit in ("words", "characters", "sentences"):
        most = span(other, unit)[1]
        need, what = _need(one, unit, _LIKELY)
        share = _FILLED if one.call.name in {"contains", "headings", "starts_with", "ends_with"} else 1.0
        if most != float("inf") and one.call.name != unit and need > most * share:
            return f"{one.name} needs {what}, which hardly fits into the {most:g} {unit} that {other.name} allows"
    return ""


def _need(claim: Claim, unit: str, rates: Mapping[str, Mapping[str, float]]) -> tuple[float, str]:
    """How many of a unit a claim needs at the least, and what for, in words."""
    low = span(claim, unit)[0]
    if low:
        return low, f"{low:g} {_UNIT.get(unit, unit)}"
    for own, by in rates.items():
        least = span(claim, own)[0]
        if least and unit in by:
            return least * by[unit] - (unit == "characters" and rates is _PROVABLE), f"{least:g} {_UNIT.get(own, own)}"
    texts = [p for check in ("contains", "starts_with", "ends_with") for p in phrases_in(claim, check)]
    if claim.params("contains").get("min") == 0:
        return 0.0, ""
    texts += phrases_in(claim, "headings", "required")
    if not texts or unit not in {"words", "characters"}:
        return 0.0, ""
    words = [word for text in texts for word in text.split()]
    if rates is not _PROVABLE:
        return float(len(words) if unit == "words" else sum(map(len, texts))), f"{len(words)} words of its own"
    # Phrases may share words, so only different ones count. Words glued together ("milk-tea-cup") count as one for a
    # limit: no text that tells its words apart is what is meant.
    different = len({word.casefold() for word in words})
    return float(different if unit == "words" else max(map(len, texts))), f"{different} different words"


def _required_and_forbidden(one: Claim, other: Claim) -> Iterator[str]:
    """One forbids what the other requires; phrases of different capitals count only where capitals do."""
    required = [
        p
        for c in ("contains", "starts_with", "ends_with")
        if other.call.params.get("min") != 0
        for p in phrases_in(other, c)
    ]
    required += phrases_in(other, "headings", "required")
    exact = one.params("excludes").get("case_sensitive") is True
    for word in phrases_in(one, "excludes"):
        for phrase in required:
            within = word in phrase if exact else word.casefold() in phrase.casefold()
            if within and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", phrase, 0 if exact else re.IGNORECASE):
                yield f"{one.name} forbids {word!r}, which stands in {phrase!r}, required by {other.name}"
    if regex := one.params("excludes").get("regex"):
        for phrase in required:
            if _matches({"excludes": {"regex": regex, "case_sensitive": exact}}, phrase):
                yield f"{one.name} forbids what matches {regex}, and {other.name} requires {phrase!r}"
        if other.params("contains").get("regex") == regex and other.params("contains").get("min") != 0:
            yield f"{one.name} forbids what matches {regex}, and {other.name} requires it"
    most, least = one.params("contains").get("max"), other.params("contains").get("min", 1)
    if isinstance(most, int) and isinstance(least, int) and most < least:
        shared = set(phrases_in(one, "contains")) & set(phrases_in(other, "contains"))
        for phrase in sorted(shared):
            yield f"{one.name} allows {phrase!r} {most} times at most, {other.name} requires it {least} times"


def _matches(table: Mapping[str, object], phrase: str) -> bool:
    """Whether a phrase breaks a check that forbids."""
    try:
        found = checks.build(checks.parse(table), checks.CheckContext()).measure(phrase)
    except SpecError:
        return False
    return found.passed is False


def _styles(one: Claim, other: Claim) -> Iterator[str]:
    """Language, capitals, beginnings and endings, data against prose."""
    ours, theirs = one.params("language").get("code"), other.params("language").get("code")
    if ours and theirs and str(ours).split("-")[0] != str(theirs).split("-")[0]:
        yield f"{one.name} wants the language {ours}, {other.name} wants {theirs}"
    yield from _capitals(one, other)
    yield from _edges(one, other)
    if one.call.name == "json_schema":
        begins = "".join(phrases_in(other, "starts_with")).strip()
        if begins and begins[0] not in '{["-0123456789tfn':
            yield f"{one.name} wants JSON and nothing else, {other.name} wants the text to begin with {begins!r}"
        if phrases_in(other, "headings", "required") or span(other, "bullets")[0]:
            yield f"{one.name} wants JSON and nothing else, {other.name} wants prose with {other.call.name}"


def _capitals(one: Claim, other: Claim) -> Iterator[str]:
    mine, yours = one.params("case"), other.params("case")
    if mine and yours and mine.get("of", "text") == yours.get("of", "text") and mine["style"] != yours["style"]:
        yield f"{one.name} wants {mine['style']} case, {other.name} wants {yours['style']} case"
    if not mine or mine.get("of", "text") != "text" or mine["style"] not in {"lower", "upper"}:
        return
    for check in ("contains", "starts_with", "ends_with"):
        exact = other.call.params.get("case_sensitive", check != "contains") is True
        for phrase in phrases_in(other, check) if exact else ():
            if phrase != (phrase.lower() if mine["style"] == "lower" else phrase.upper()):
                yield f"{one.name} wants {mine['style']} case, {other.name} requires {phrase!r}"


def _edges(one: Claim, other: Claim) -> Iterator[str]:
    for check, word in (("starts_with", "begin"), ("ends_with", "end")):
        first, second = (" ".join("".join(phrases_in(claim, check)).split()).casefold() for claim in (one, other))
        short, long = sorted((first, second), key=len)
        joined = long.startswith(short) if check == "starts_with" else long.endswith(short)
        if short and not joined:
            yield f"{one.name} and {other.name} want the text to {word} with different words"


def _strange_numbers(one: Claim, other: Claim, target: Target) -> Iterator[str]:
    """A required phrase with a number that the sources do not hold."""
    context = checks.CheckContext(kind="text", sources=target.spec.sources)
    check = checks.build(CheckCall(name=one.call.name, params=one.call.params), context)
    for name in ("contains", "starts_with", "ends_with"):
        for phrase in phrases_in(other, name) if other.call.params.get("min") != 0 else ():
            if not target.spec.sources or any("{{" in source.name + source.text for source in target.spec.sources):
                return
            if check.measure(phrase.lstrip("# ")).passed is False:
                yield (
                    f"{one.name} allows only numbers that stand in the sources, and {phrase!r}, required by {other.name},"
                    " has one that does not"
                )


def _denied(one: str, other: str) -> str:
    """Whether one sentence forbids what the other asks for, in like words."""
    no, yes = (bool(NEGATIVE.match(says.strip())) for says in (one, other))
    if no == yes or parts_named(one) != parts_named(other):
        return ""
    ours, theirs = (_topic(says) for says in (one, other))
    if ours and ours == theirs:
        return "one forbids what the other asks for"
    small, large = sorted((ours, theirs), key=len)
    if len(small) > 1 and small <= large and len(large) - len(small) <= 1:
        return "one forbids what the other asks for, in like words"
    return ""


def _topic(says: str) -> frozenset[str]:
    return frozenset(
        word
        for word in content(folded(says))
        if word not in {"avoid", "nev", "never", "without", "no", "none", "any", "omit", "leav", "exclud"}
    )
