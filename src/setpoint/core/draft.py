"""Versions of the text: edits applied by code, and locked spans compared byte for byte (rule 9)."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from setpoint.errors import DraftError

__all__ = [
    "LOCK_END",
    "LOCK_START",
    "Draft",
    "Edit",
    "Move",
    "Origin",
    "Patched",
    "Stage",
    "anchored",
    "apply_edits",
    "broken_locks",
    "broken_skeleton",
    "changed_lines",
    "degeneracy",
    "fence_after",
    "folded",
    "headings",
    "is_heading",
    "layout",
    "line_map",
    "lines_span",
    "locked_spans",
    "stands_on",
    "unmarked",
    "widened",
]

Move: TypeAlias = Literal["edit", "rewrite", "redraft"]
"""How the author acts on a draft that exists."""

Origin: TypeAlias = Literal["first", "given", "edit", "rewrite", "redraft"]
"""How a draft came to be."""

Stage: TypeAlias = Literal["prose", "outline"]
"""What a draft is a draft of (rule 10)."""

LOCK_START = "<!-- setpoint:lock -->"
LOCK_END = "<!-- /setpoint:lock -->"
_MARKER = re.compile(r"<!-- (/?)setpoint:lock -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One version of the text.

    Args:
        number: counted from 1 within the run.
        text: the whole text, lock markers included.
        origin: the move that made it.
        parent: the draft it was made from, if any.
        lineage: drafts of one lineage share a ratchet; a run has one lineage until it restarts.
        stage: prose, or the outline that is settled before it.
        evidence: criterion → the passage that the author says shows it, where it was told to check itself (rule 12).
    """

    number: int
    text: str
    origin: Origin
    parent: int | None = None
    lineage: int = 1
    stage: Stage = "prose"
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace one passage, found by its text."""

    search: str
    replace: str
    about: str = ""
    """The criterion that it is to fix; empty if the author did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """What became of a list of edits: the text with those that applied, and one line per edit that did not."""

    text: str
    applied: int
    misses: tuple[str, ...]
    helped: frozenset[str] = frozenset()
    """The criteria for which an edit applied; the empty name stands for edits that are for none."""


def locked_spans(text: str) -> tuple[str, ...]:
    """The spans between lock markers, markers excluded, in their order.

    Raises:
        DraftError: if a marker has no partner or locks are nested.
    """
    spans: list[str] = []
    start: int | None = None
    for marker in _MARKER.finditer(text):
        line = text.count("\n", 0, marker.start()) + 1
        closing = marker.group(1) == "/"
        if closing != (start is not None):
            what = "closes a lock that was never opened" if closing else "opens a lock inside another"
            raise DraftError(f"line {line}: {marker.group(0)} {what}; each {LOCK_START} needs one {LOCK_END} after it")
        if closing and start is not None:
            spans.append(text[start : marker.start()])
            start = None
        else:
            start = marker.end()
    if start is not None:
        line = text.count("\n", 0, start) + 1
        raise DraftError(f"line {line}: {LOCK_START} is never closed; add {LOCK_END} after the locked text")
    return tuple(spans)


def unmarked(text: str) -> str:
    """The text without lock markers; the number of lines stays, so that line references stay true."""
    return _MARKER.sub("", text)


def layout(text: str) -> str:
    """The text with spaces folded in each line and blank lines folded into one.

    Where lines and paragraphs end is part of what a reader sees, so splitting a paragraph makes another text.
    """
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def broken_locks(spans: tuple[str, ...], text: str) -> tuple[int, ...]:
    """Which of the locked spans (counted from 1) do not stand byte for byte, in order, in the text.

    The author may lose the markers, never the content.
    """
    broken: list[int] = []
    position = 0
    for number, span in enumerate(spans, start=1):
        found = text.find(span, position)
        if found < 0:
            broken.append(number)
        else:
            position = found + len(span)
    return tuple(broken)


def apply_edits(text: str, edits: tuple[Edit, ...]) -> Patched:
    """Apply edits one after another: exact match first, then a match that folds white space.

    A passage that is missing, empty or stands more than once is a miss with a line that says so; nothing is guessed.
    """
    misses: list[str] = []
    applied = 0
    helped: set[str] = set()
    for number, edit in enumerate(edits, start=1):
        place = _find(text, edit.search)
        if isinstance(place, str):
            swapped = edit.replace.strip() and edit.search not in text and edit.replace in text
            hint = f'; {_short(edit.replace)} does, and so belongs in "search"' if swapped else ""
            misses.append(f"edit {number}: {place}{hint}")
            continue
        start, end = place
        if not edit.replace and text[start - 1 : start] == text[end : end + 1] == " ":
            end += 1  # what is deleted takes one of the two spaces around it with it
        text = text[:start] + edit.replace + text[end:]
        applied += 1
        helped.add(edit.about)
    return Patched(text=text, applied=applied, misses=tuple(misses), helped=frozenset(helped))


def anchored(text: str, span: tuple[int, int], replacement: str, about: str = "") -> Edit:
    """An edit of one span of the text, with as many of the words around as make its passage the only one."""
    first, last = start, end = span
    while _often(text, text[start:end]):
        start = _word_before(text, start)
        if _often(text, text[start:end]):
            end = _word_after(text, end)
    return Edit(search=text[start:end], replace=text[start:first] + replacement + text[last:end], about=about)


def widened(text: str, edit: Edit, places: Iterable[tuple[int, int]]) -> Edit:
    """The edit with words around its passage, where it stands several times and it is clear which is meant.

    Args:
        text: what is edited.
        edit: as the author sent it.
        places: first and last lines (from 1) where its fault is. A passage that stands there once is the one; if it
            stands there more often, or not at all, the edit stays as it is.
    """
    if not edit.search.strip() or not _often(text, edit.search):
        return edit
    spans = [lines_span(text, first, last) for first, last in places]
    size = len(edit.search)
    hits = [hit.start() for hit in re.finditer(f"(?={re.escape(edit.search)})", text)]
    inside = [hit for hit in hits if any(start <= hit and hit + size <= end for start, end in spans)]
    return anchored(text, (inside[0], inside[0] + size), edit.replace, edit.about) if len(inside) == 1 else edit


def stands_on(text: str, passage: str) -> frozenset[int]:
    """The lines (from 1) on which a passage begins wherever it stands, white space folded."""
    folded = r"\s+".join(re.escape(word) for word in passage.split())
    if not folded:
        return frozenset()
    hits = [hit.start() for hit in re.finditer(f"(?={folded})", text)]
    return frozenset(len(f"{text[:start]}.".splitlines()) for start in hits)


def _often(text: str, passage: str) -> bool:
    """Whether a passage stands more than once; two that overlap are two."""
    first = text.find(passage)
    return first >= 0 and text.find(passage, first + 1) >= 0


def lines_span(text: str, first: int, last: int) -> tuple[int, int]:
    """Where some lines (from 1) begin and end in a text."""
    lines = text.splitlines(keepends=True)
    start = sum(len(line) for line in lines[: first - 1])
    return start, start + len("".join(lines[first - 1 : last]).rstrip("\r\n"))


def _word_before(text: str, place: int) -> int:
    while place > 0 and text[place - 1].isspace():
        place -= 1
    while place > 0 and not text[place - 1].isspace():
        place -= 1
    return place


def _word_after(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    while place < len(text) and not text[place].isspace():
        place += 1
    return place


def _find(text: str, search: str) -> tuple[int, int] | str:
    """The span of the passage, or why it cannot be told."""
    if not search.strip():
        return "the passage to find is empty"
    count = len(re.findall(f"(?={re.escape(search)})", text)) if _often(text, search) else text.count(search)
    if count == 1:
        start = text.index(search)
        return start, start + len(search)
    if count > 1:
        return f"the passage {_short(search)} stands {count} times; quote more of it so that it is found once"
    folded = re.compile(r"\s+".join(re.escape(word) for word in search.split()))
    matches = list(folded.finditer(text))
    if len(matches) == 1:
        return matches[0].span()
    if len(matches) > 1:
        return f"the passage {_short(search)} stands {len(matches)} times; quote more of it so that it is found once"
    nearest = difflib.get_close_matches(search.strip().splitlines()[0], text.splitlines()[:2000], n=1, cutoff=0.5)
    hint = f"; the nearest line is {_short(nearest[0])}" if nearest else ""
    return f"the passage {_short(search)} does not stand in the draft{hint}"


def _short(passage: str, limit: int = 80) -> str:
    line = " ".join(passage.split())
    return repr(line if len(line) <= limit else line[: limit - 1] + "…")


def line_map(old: str, new: str) -> dict[int, int]:
    """Lines of the old text (counted from 1) that stand unchanged in the new one, and where."""
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return {
        block.a + offset + 1: block.b + offset + 1
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    }


def changed_lines(old: str, new: str) -> int:
    """How many lines of the new text do not stand unchanged in the old one."""
    return len(new.splitlines()) - len(line_map(old, new))


_REPEATING_WORDS = 60
_REPEATING_SHARE = 0.25
_WORDS_IN_A_ROW = 4


def degeneracy(text: str) -> str:
    """Why a text is not worth measuring: nothing in it, or the same words over and over; empty if it is.

    Repetition means that fewer than a quarter of the four-word sequences differ, in a text of 60 words or more.
    """
    words = unmarked(text).split()
    if not any(char.isalnum() for word in words for char in word):
        return "it has no words"
    if len(words) < _REPEATING_WORDS:
        return ""
    runs = [tuple(words[i : i + _WORDS_IN_A_ROW]) for i in range(len(words) - _WORDS_IN_A_ROW + 1)]
    share = len(set(runs)) / len(runs)
    return f"it repeats itself: {share:.0%} of its phrases differ" if share < _REPEATING_SHARE else ""


_HEADING_LINE = re.compile(r" {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*\Z")
_FENCE_LINE = re.compile(r" {0,3}(`{3,}|~{3,})")


def headings(text: str) -> tuple[str, ...]:
    """The markdown headings of a text in their order, each as ``## Text``; those in fenced code are none."""
    found: list[str] = []
    fence = ""
    for line in text.splitlines():
        if (after := fence_after(line, fence)) != fence:
            fence = after
        elif not fence and (heading := _HEADING_LINE.match(line)):
            found.append(f"{heading[1]} {' '.join(heading[2].split())}")
    return tuple(found)


def is_heading(line: str) -> bool:
    """Whether a line outside fenced code is a markdown heading."""
    return _HEADING_LINE.match(line) is not None


def fence_after(line: str, fence: str) -> str:
    """The fence that is open after a line, given the one that was open before it; empty for none."""
    mark = _FENCE_LINE.match(line)
    if mark is None or (fence and not mark[1].startswith(fence)):
        return fence
    return "" if fence else mark[1]


def broken_skeleton(skeleton: tuple[str, ...], text: str) -> str:
    """What is wrong with the headings of a text whose skeleton is locked; empty if nothing is (rules 9, 10).

    The locked headings stand once each, in their order, and no other of their levels stands beside them. Deeper
    headings are the author's own affair, and so is a title in front if the skeleton has none.
    """
    levels = {_level(heading) for heading in skeleton}
    deepest = max(levels, default=0)
    found = [heading for heading in headings(text) if _level(heading) <= deepest]
    if found and 1 not in levels and _level(found[0]) == 1:
        del found[0]
    if tuple(found) == skeleton:
        return ""
    missing = [heading for heading in skeleton if heading not in found]
    added = [heading for heading in found if heading not in skeleton]
    if missing:
        return f"the heading {missing[0]!r} is missing"
    if added:
        return f"the heading {added[0]!r} is not in the skeleton"
    return "the headings stand in another order, or one stands twice"


def _level(heading: str) -> int:
    return len(heading) - len(heading.lstrip("#"))


def folded(text: str) -> str:
    """The words of a text, without regard to markup, punctuation, capitals and line ends."""
    return " ".join(re.findall(r"\w+", text.casefold()))
