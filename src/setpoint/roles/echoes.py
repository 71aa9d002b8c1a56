"""Taking out of a reply what was copied from our own prompt: weak authors repeat it, nearly or word for word.

Whole lines are dropped and nothing is added, so every character of a draft is still the author's. A line that stands in
the material, in a text that was given, or as a quotation in a demand, is never taken for a copy.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from setpoint.core.draft import folded
from setpoint.core.spec import Spec
from setpoint.roles.prompting import fixed_headings, fixed_sentences

__all__ = ["without_echoes", "without_remarks"]

_PROMPTS: Final = (
    "author_system.md",
    "author_task.md",
    "author_first.md",
    "author_outline.md",
    "author_redraft.md",
    "author_rewrite.md",
    "author_standing.md",
)
_NEARLY: Final = 0.7
"""Two sentences of a prompt are one if they share this part of their words, and so much of a line makes it a copy."""
_DEMAND: Final = 0.9
"""A demand of the spec must be met nearly word for word: a text may well say much the same."""
_DEMAND_WORDS: Final = 6
_PIECE: Final = re.compile(r"(?<=[.:?!])\s+")


_ABOUT: Final = r"(?:requirements?|demands?|criteria|constraints?|specifications?)"
_BEFORE: Final = re.compile(
    rf"(?:(?:certainly|sure|of course)\b\W*)?here(?:'s|\u2019s| is)\b.{{0,80}}\b(?:revised|rewritten|updated|{_ABOUT})\b.{{0,120}}:",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    r"(?:this|the)(?: (?:revised|rewritten|updated|final))? (?:text|version|draft|rewrite|revision)\b.{0,60}"
    rf"\b(?:meets|satisf\w+|fulfil\w+|compl\w+ with|adheres to|follows)\b.{{0,120}}\b{_ABOUT}\b.*",
    re.IGNORECASE,
)
"""What an author says about its own work: which demands it meets is for whoever measures it."""


def without_remarks(text: str) -> str:
    """A text without a first line that announces it, and without a last one that says that it meets its demands."""
    lines = text.strip("\n").split("\n")
    if len(lines) > 1 and _BEFORE.fullmatch(lines[0].strip()):
        lines = lines[1:]
    if len(lines) > 1 and _AFTER.fullmatch(lines[-1].strip()):
        lines = lines[:-1]
    return "\n".join(lines)


def without_echoes(text: str, spec: Spec, given: str = "") -> str:
    """The text without lines copied from the prompt: its own sentences and headings, the brief and the demands.

    Args:
        text: the reply.
        spec: what the prompt was made from.
        given: the text that a run began with; its lines may stand.
    """
    may_stand = {folded(line) for known in (given, *(s.text for s in spec.sources)) for line in known.splitlines()}
    demands = _word_sets(
        bare
        for said in (*(c.says for c in (*spec.criteria, *spec.outline)), *_PIECE.split(spec.brief))
        if len((bare := folded(said)).split()) >= _DEMAND_WORDS
    )
    says = [folded(c.says) for c in (*spec.criteria, *spec.outline)]
    lines = text.split("\n")
    copied = [not _wanted(folded(line), may_stand, says) and _copied(line, demands) for line in lines]
    if any(copied):  # a short heading alone proves nothing; beside a copied sentence it does
        headings = fixed_headings(*_PROMPTS)
        copied = [found or line.strip() in headings for found, line in zip(copied, lines, strict=True)]
    return "\n".join(line for found, line in zip(copied, lines, strict=True) if not found)


def _wanted(line: str, may_stand: set[str], says: list[str]) -> bool:
    """Whether a line stands in the material, or is what a demand quotes: a request to repeat, a phrase to end with."""
    return line in may_stand or any(line != said and line in said for said in says)


def _copied(line: str, demands: tuple[frozenset[str], ...]) -> bool:
    whole = frozenset(folded(line).split())
    if not whole:
        return False
    if any(len(whole & known) >= _DEMAND * len(whole | known) for known in demands):
        return True
    pieces = [frozenset(folded(piece).split()) for piece in (line, *_PIECE.split(line))]
    ours = {word for piece in pieces if _is_ours(piece) for word in piece}
    return len(ours) >= _NEARLY * len(whole)


def _is_ours(piece: frozenset[str]) -> bool:
    if len(piece & _vocabulary()) < _NEARLY * len(piece):  # then no sentence of ours has so many of its words
        return False
    return any(len(piece & known) >= _NEARLY * len(piece | known) for known in _sentences())


@cache
def _sentences() -> tuple[frozenset[str], ...]:
    return _word_sets(fixed_sentences(*_PROMPTS))


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset[str]().union(*_sentences())


def _word_sets(sentences: Iterable[str]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(sentence.split()) for sentence in sentences)
