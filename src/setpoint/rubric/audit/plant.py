"""Defects that code plants for a criterion that a critic judges, and the proof by code that they are some.

Rules of this file:

- A defect is only what is proven: a figure, a name in quotation marks that the criterion names is gone, or the words
  of the criterion no longer stand together in any sentence. What is not proven here is confirmed by a model, or dropped.
- A criterion that says what must *not* stand in a text is missed by adding something: code does not try.
- The same draft, criterion and seed give the same defects.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.core.draft import degeneracy
from setpoint.core.spec import Criterion
from setpoint.rubric.audit.defect import Defect
from setpoint.rubric.audit.units import PROSE, Unit, replaced, stems, units
from setpoint.rubric.lint.clauses import phrases
from setpoint.rubric.lint.negative import NEGATIVE

__all__ = ["named", "planted", "proven", "untouched"]

_NUMBER: Final = re.compile(r"(?<![\w.,])\d+(?:[.,:]\d+)*(?!\w)")
_LIMIT: Final = re.compile(
    r"(?:at (?:most|least)|exactly|(?:no )?(?:more|fewer|less|longer|shorter) than|up to|between|within|below|above|under|over)"
    r"\s+\d+(?:\s+and\s+\d+)?|\d+(?:\s+(?:to|or)\s+\d+)?\s+(?:words?|sentences?|lines?|paragraphs?|characters?|points?|items?|bullets?|sections?)\b",
    re.IGNORECASE,
)
_AUXILIARY: Final = re.compile(
    r"\b(is|are|was|were|will|can|could|must|should|has|have|does|do|did|may)\b(\s+not\b|n't\b)?", re.IGNORECASE
)
_GENERAL: Final = (
    "More can be said about this when the time comes.",
    "There are several sides to this, and all of them matter.",
    "This was looked into, and the usual steps apply.",
    "Further details are known to those concerned.",
)
_CLAIMED: Final = (
    "What was asked for on this point is covered here in full.",
    "This point has been dealt with to everyone's satisfaction.",
)
_FEWEST: Final = 2
"""Words of a criterion that must stand together in a sentence for it to be about the criterion."""
_KEPT: Final = 0.3
"""A defect leaves at least this share of the text; less is another text, not one with a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """A draft, and the units of it that are about a criterion."""

    text: str
    units: tuple[Unit, ...]
    about: tuple[Unit, ...]
    rng: random.Random


_Change = Callable[[_Site], str]


def planted(criterion: Criterion, draft: int, text: str, *, kind: str, seed: int) -> Iterator[Defect]:
    """The defects of one criterion in one draft, the plainest first; those without proof have ``proof=""``.

    Args:
        criterion: one without a check.
        draft: the number of the good draft.
        text: the good draft.
        kind: the kind of text.
        seed: draws figures.
    """
    if kind not in PROSE or NEGATIVE.match(criterion.says):
        return
    site = _site(criterion, text, kind, random.Random(f"{seed}:{criterion.name}:{draft}"))  # noqa: S311 - repeatable
    known = {_squeezed(text)}
    for name, change in _changes(site):
        changed = change(site)
        if _squeezed(changed) in known or len(changed) < _KEPT * len(text) or degeneracy(changed):
            continue
        known.add(_squeezed(changed))
        proof = "code" if proven(criterion.says, text, changed, kind) else ""
        yield Defect(criterion=criterion.name, kind=name, draft=draft, text=changed, proof=proof)


def _site(criterion: Criterion, text: str, kind: str, rng: random.Random) -> _Site:
    parts = tuple(unit for unit in units(text, kind) if not unit.heading)
    trace = stems(criterion.says) & stems(text)
    literals = named(criterion.says)
    scores = [len(trace & stems(unit.text)) + 2 * sum(_stands(word, unit.text) for word in literals) for unit in parts]
    least = max(1, min(_FEWEST, max(scores, default=0)))
    about = tuple(unit for unit, score in zip(parts, scores, strict=True) if score >= least)
    # What is about everything is about nothing in particular: then only the best place counts.
    if 2 * len(about) > len(parts):
        about = tuple(unit for unit, score in zip(parts, scores, strict=True) if score == max(scores) and score)
    return _Site(text=text, units=parts, about=about, rng=rng)


def _changes(site: _Site) -> Sequence[tuple[str, _Change]]:
    if not site.about:
        return ()
    return (
        ("left out", lambda site: replaced(site.text, [(unit, "") for unit in site.about])),
        ("said in general", lambda site: _instead(site, _GENERAL[0])),
        ("wrong figure", _figures),
        ("claimed, not done", lambda site: _instead(site, _CLAIMED[0])),
        ("passage missing", _passages),
        ("opposite", _opposite),
        *(("said in general", lambda site, said=said: _instead(site, said)) for said in _GENERAL[1:]),
        *(("claimed, not done", lambda site, said=said: _instead(site, said)) for said in _CLAIMED[1:]),
    )


def _instead(site: _Site, said: str) -> str:
    first, *others = site.about
    return replaced(site.text, [(first, said), *((unit, "") for unit in others)])


def _passages(site: _Site) -> str:
    blocks = {unit.block for unit in site.about}
    return replaced(site.text, [(unit, "") for unit in site.units if unit.block in blocks])


def _figures(site: _Site) -> str:
    def other(found: re.Match[str]) -> str:
        digits = re.sub(r"\d", lambda d: str((int(d[0]) + site.rng.randint(2, 8)) % 10), found[0])
        return digits if not digits.startswith("0") else "7" + digits[1:]

    return replaced(site.text, [(unit, _NUMBER.sub(other, unit.text)) for unit in site.about])


def _opposite(site: _Site) -> str:
    def turned(found: re.Match[str]) -> str:
        return found[1] if found[2] else f"{found[1]} not"

    return replaced(site.text, [(unit, _AUXILIARY.sub(turned, unit.text, count=1)) for unit in site.about])


def named(says: str) -> tuple[str, ...]:
    """Figures and quoted words that a criterion asks for; limits ("at most 5 sentences") are none."""
    plain = _LIMIT.sub(" ", says)
    return tuple(dict.fromkeys((*_NUMBER.findall(plain), *phrases(plain))))


def proven(says: str, before: str, after: str, kind: str) -> bool:
    """Whether code can see that a text no longer does what a criterion says, though it did before the change."""
    if NEGATIVE.match(says):
        return False
    if any(_stands(word, before) and not _stands(word, after) for word in named(says)):
        return True
    trace = stems(says) & stems(before)
    left = trace & stems(after)
    return (
        len(trace) >= _FEWEST
        and 2 * len(left) <= len(trace)
        and _together(trace, before, kind)
        and not _together(trace, after, kind)
    )


def untouched(says: str, before: str, after: str) -> bool:
    """Whether code can see that a change left alone everything a criterion is about."""
    trace = stems(says) & stems(before)
    whole = bool(trace or any(_stands(word, before) for word in named(says)))
    return (
        whole
        and trace <= stems(after)
        and all(_stands(word, after) == _stands(word, before) for word in named(says))
        and sum(len(trace & stems(line)) for line in before.splitlines())
        == sum(len(trace & stems(line)) for line in after.splitlines())
    )


def _together(trace: frozenset[str], text: str, kind: str) -> bool:
    return any(len(trace & stems(unit.text)) >= _FEWEST for unit in units(text, kind) if not unit.heading)


def _stands(word: str, text: str) -> bool:
    edge = r"(?<![\w.,])" if word[0].isdigit() else r"(?<!\w)"
    folded = re.escape(" ".join(word.lower().split())).replace(r"\ ", r"\s+")
    return re.search(rf"{edge}{folded}(?!\w|[.,]\d)", text.lower()) is not None


def _squeezed(text: str) -> str:
    return " ".join(text.split())
