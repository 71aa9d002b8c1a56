"""Criteria that hold two demands: a text that meets one of them has no verdict of its own."""

import re
from collections.abc import Iterator
from typing import Final

from setpoint.core.spec import Criterion
from setpoint.rubric.lint.clauses import clauses, without_quotes
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.lint.vague import evaluative

__all__ = ["compound"]

_ALSO: Final = re.compile(
    r"(?:,? as well as|,? and (?:also|additionally|furthermore|in addition)|, plus|[.;] (?:it )?also|[.;] (?:in addition|additionally|furthermore|moreover),?)\s",
    re.IGNORECASE,
)
_LAST: Final = re.compile(r"\s(?:and|or|as well as)\s+\S")
"""The last thing of a list; two commas, or one before it, make three things."""
_PAIR: Final = re.compile(
    r"\b(?P<one>[a-z-]+)(?:, (?P<more>[a-z-]+))?,? (?:and|but|yet) (?:also |still |not )?(?:in an? |with an? )?(?P<two>[a-z-]+)\b"
)
_EXPLAINS: Final = re.compile(r"\A(?:for example|such as|e\.g|i\.e|that is|in other words|here\b)", re.IGNORECASE)


def compound(target: Target) -> Iterator[Flaw]:
    """Two or more demands in one criterion without a check; a list of three or more things is a hint."""
    for criterion in target.every:
        if criterion.check is None:
            yield from _in(criterion)


def _in(criterion: Criterion) -> Iterator[Flaw]:
    parts = tuple(part for part in _parts(criterion.says) if not _EXPLAINS.match(part))
    pair = _pair(criterion.says)
    if len(parts) > 1 or pair:
        split = parts if len(parts) > 1 else pair
        each = "; ".join(f"“{_sentence(part)}”" for part in split)
        # Words that cannot be pointed at are no better one by one.
        apart = f"make a criterion of each: {each}"
        shown = f"make a criterion of each ({', '.join(pair)}) that says what stands in the text when it is met"
        yield Flaw(
            kind="compound",
            level="warning",
            says=f"it holds {len(split)} demands, so a text that meets one of them fails as if it met none",
            instead=apart if len(parts) > 1 else shown,
            criteria=(criterion.name,),
            quotes=(criterion.says,),
        )
    elif _listed(_plain(criterion.says)):
        yield Flaw(
            kind="compound",
            level="hint",
            says="it lists several things, and lacking any one of them fails all",
            instead="if each can be missing by itself, make a criterion of each; then the fault names what is missing",
            criteria=(criterion.name,),
            quotes=(criterion.says,),
        )


def _parts(says: str) -> tuple[str, ...]:
    found = clauses(says)
    if len(found) == 1 and (also := _ALSO.search(without_quotes(says))):
        return (says[: also.start()], says[also.end() :])
    return tuple(part for part in found if len(part.split()) > 1)


def _pair(says: str) -> tuple[str, ...]:
    """Two evaluative words that are joined: "clear and concise"."""
    rests = evaluative(says)
    for found in _PAIR.finditer(_plain(says).lower()):
        both = [word for word in (found["one"], found["more"], found["two"]) if word in rests]
        if len(both) > 1:
            return tuple(both)
    return ()


def _listed(says: str) -> bool:
    """Whether three or more things are listed."""
    for piece in re.split(r"[;:]", says):
        before, comma, last = piece.rpartition(",")
        joined = _LAST.search(f" {last}")
        if comma and joined and (joined.start() > 1 or "," in before):
            return True
    return False


def _plain(says: str) -> str:
    return re.sub(r"\([^)]*\)", " ", without_quotes(says))


def _sentence(part: str) -> str:
    part = part.strip().rstrip(".;,")
    return f"{part[:1].upper()}{part[1:]}."
