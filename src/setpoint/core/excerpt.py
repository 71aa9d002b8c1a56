"""What an author must see of a long text to edit it: the passages at fault, and enough to find its way (rule 11).

An edit that fixes two sentences needs neither the other sixty to be read nor to be paid for, and a small model that is
shown all of them looks for the fault in the wrong place. What a fault without a place is about is the whole text.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from setpoint.core.draft import fence_after, is_heading
from setpoint.core.fault import Fault

__all__ = ["ELISION", "Passage", "Scope", "Sight", "passages", "scope", "sight", "whole"]

Scope: TypeAlias = Literal["place", "missing", "whole"]
"""Where a fault is: on certain lines, in something that stands nowhere yet, or in the text as a whole."""

ELISION: Final = "[…]"
"""Stands for what is left out."""

_ADDED_TO_MEND: Final = frozenset({"contains"})
"""Checks that fail without a line only because something is not there; it can be added without reading the rest."""
_PROSE_KINDS: Final = frozenset({"text", "markdown"})
_MOST_SHOWN: Final = 0.7
"""From this share of the words on, the excerpt saves too little to hide the rest."""
_BEGINNING: Final = 10
"""So many words tell what a passage is about."""
_MANY_LINES: Final = 12
_AROUND: Final = 2
"""Of a passage of many lines (a table, code, text with fixed line ends), so many lines around the fault are shown."""


class Passage(NamedTuple):
    """Lines that stand together: a paragraph, a list, a heading, a block of code."""

    first: int
    """Its first line, counted from 1; a prompt calls it by this number, as verdicts do."""
    lines: tuple[str, ...]
    heading: bool

    @property
    def last(self) -> int:
        """Its last line."""
        return self.first + len(self.lines) - 1


class Sight(NamedTuple):
    """What an author is shown."""

    text: str
    lines: frozenset[int]
    """The lines of the draft that it shows in full."""
    scope: Scope
    """``place`` with `ELISION` for what is left out, ``missing`` with the line of every passage and most of them only begun,
    ``whole`` for all of it."""


@lru_cache(maxsize=32)
def passages(text: str) -> tuple[Passage, ...]:
    """The passages of a text: what blank lines separate, fenced code in one piece and each heading alone."""
    found: list[Passage] = []
    lines: list[str] = []
    first, fence = 1, ""

    def end() -> None:
        if lines:
            found.append(Passage(first, tuple(lines), heading=False))
            lines.clear()

    for number, line in enumerate(text.splitlines(), start=1):
        if not fence and not line.strip():
            end()
        elif not fence and is_heading(line):
            end()
            found.append(Passage(number, (line,), heading=True))
        else:
            first = first if lines else number
            lines.append(line)
            fence = fence_after(line, fence)
    end()
    return tuple(found)


def scope(fault: Fault) -> Scope:
    """Where a fault is."""
    if fault.lines:
        return "place"
    check = fault.criterion.check
    return "missing" if check is not None and check.name in _ADDED_TO_MEND else "whole"


def sight(text: str, faults: Sequence[Fault], *, kind: str, long_words: int) -> Sight:
    """What an author is shown who is to fix these faults by edits.

    Args:
        text: the draft.
        faults: what it is to fix.
        kind: of the text; code and data are shown whole, because what a line of them means stands elsewhere.
        long_words: a text of fewer words is shown whole.
    """
    found = {scope(fault) for fault in faults}
    words = len(text.split())
    if not faults or "whole" in found or words < long_words or kind not in _PROSE_KINDS:
        return whole(text)
    cited = {line for fault in faults for line in fault.lines}
    parts = passages(text)
    shown = _numbered(parts, cited) if "missing" in found else _cut_out(parts, cited)
    if len(shown.split()) > _MOST_SHOWN * words:
        return whole(text)
    full = frozenset(line for part in parts for line in _full(part, cited))
    return Sight(shown, full, "missing" if "missing" in found else "place")


def whole(text: str) -> Sight:
    """All of it."""
    return Sight(text, frozenset(range(1, len(text.splitlines()) + 1)), "whole")


def _numbered(parts: Iterable[Passage], cited: Collection[int]) -> str:
    return "\n\n".join(f"[{part.first}] {_shown(part, cited) or _begun(part)}" for part in parts)


def _cut_out(parts: Iterable[Passage], cited: Collection[int]) -> str:
    pieces: list[str] = []
    for part in parts:
        piece = _shown(part, cited) or ELISION
        if piece != ELISION or pieces[-1:] != [ELISION]:
            pieces.append(piece)
    return "\n\n".join(pieces)


def _full(part: Passage, cited: Collection[int]) -> Collection[int]:
    """The lines of a passage that are shown: those of a heading, and those at fault with the ones around them."""
    here = range(part.first, part.last + 1)
    at = [line for line in here if line in cited]
    if part.heading or (at and len(part.lines) <= _MANY_LINES):
        return here
    return {line for one in at for line in range(one - _AROUND, one + _AROUND + 1) if line in here}


def _shown(part: Passage, cited: Collection[int]) -> str:
    """What is shown of a passage; nothing of one that is neither at fault nor a heading."""
    near = _full(part, cited)
    if not near:
        return ""
    pieces: list[str] = []
    for number, line in enumerate(part.lines, start=part.first):
        if number in near:
            pieces.append(line)
        elif pieces[-1:] != [ELISION]:
            pieces.append(ELISION)
    return "\n".join(pieces)


def _begun(part: Passage) -> str:
    beginning = part.lines[0].strip()
    words = beginning.split()
    if len(words) <= _BEGINNING and len(part.lines) == 1:
        return beginning
    return " ".join([*words[:_BEGINNING], ELISION])
