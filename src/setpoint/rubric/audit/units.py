"""A draft taken apart into units that can be cut, replaced or moved, each with its place in the text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from setpoint.checks.prose import sentences
from setpoint.rubric.lint.clauses import stem

__all__ = ["PROSE", "Unit", "replaced", "stems", "units"]

PROSE: Final = frozenset({"text", "markdown", "html"})
_HEADING: Final = re.compile(r"\s*#{1,6} ")
_OPENS: Final = re.compile(r"\s*(?:[-*+] |\d+[.)] |\||#{1,6} )")
_LIGHT: Final = frozenset(
    "the an of to in on at is are was were be been that this these those it its and or but for with by as from not no "  # noqa: SIM905
    "we our us you your he his she her they their who whom which what when where whether how why if so than then there "
    "has have had do does did can could will would shall should may might must one any all each every only also".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A sentence of prose, an item, or a line of anything else.

    Args:
        start: where it begins in the text, in characters.
        end: where it ends.
        text: what it says.
        block: the paragraph, list item or line it belongs to, counted from 0.
        heading: whether it is one.
    """

    start: int
    end: int
    text: str
    block: int
    heading: bool = False


def units(text: str, kind: str) -> tuple[Unit, ...]:
    """The units of a text in their order: sentences in prose, lines in code and data."""
    found: list[Unit] = []
    for number, (start, end) in enumerate(_blocks(text, prose=kind in PROSE)):
        passage = text[start:end]
        if kind not in PROSE or _HEADING.match(passage):
            heading = kind in PROSE
            found.append(Unit(start=start, end=end, text=passage.strip(), block=number, heading=heading))
            continue
        place = start
        for sentence in sentences(passage):
            begin = text.index(sentence, place, end)
            place = begin + len(sentence)
            found.append(Unit(start=begin, end=place, text=sentence, block=number))
    return tuple(found)


def _blocks(text: str, *, prose: bool) -> list[tuple[int, int]]:
    """Where paragraphs, items and lines begin and end."""
    blocks: list[tuple[int, int]] = []
    place, joined = 0, False
    for line in text.splitlines(keepends=True):
        end = place + len(line.rstrip())
        if not line.strip():
            joined = False
        elif joined and prose and not _OPENS.match(line):
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((place, end))
            joined = not _HEADING.match(line)
        place += len(line)
    return blocks


def replaced(text: str, changes: Iterable[tuple[Unit, str]]) -> str:
    """The text with some units saying something else; what becomes empty leaves no gap."""
    for unit, said in sorted(changes, key=lambda change: -change[0].start):
        text = text[: unit.start] + said + text[unit.end :]
    lines = [line for line in text.split("\n") if not re.fullmatch(r"\s*(?:[-*+]|\d+[.)])?[ \t]*", line) or not line]
    tidy = re.sub(r"(?<=\S)[ \t]{2,}(?=\S)", " ", "\n".join(line.rstrip() for line in lines))
    return re.sub(r"\n{3,}", "\n\n", tidy).strip() + "\n"


def stems(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning; figures are words."""
    return frozenset(stem(word) for word in re.findall(r"[^\W_]{2,}", text.lower()) if word not in _LIGHT)
