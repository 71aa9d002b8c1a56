"""What changed between two drafts: exact counts, and the changed lines with the changed words marked.

The counts are exact for every text of a sane size; only what is *shown* is cut, and a note says so. `rapidfuzz` does
the matching, because the standard library takes seconds where it takes milliseconds.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from rapidfuzz.distance import Indel

from setpoint.report.text import plural

__all__ = ["Diff", "DiffLine", "Part", "compare"]

Side: TypeAlias = Literal["same", "gone", "new"]

_CONTEXT = 2
_SHOWN_LINES = 1200
_SHOWN_COLUMNS = 4000
_SHOWN_CHARACTERS = 60_000
_WORDS = 6000
"""Above this many words on one side of a block, words are not compared."""
_ALIKE = 0.4
"""Below this share of common words, marking single words is confetti: the whole line is marked."""
_LINE_PAIRS = 2e10
"""Above this many pairs of lines (about two seconds), lines are counted without regard to their order."""
_TOKEN: Final = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")


class Part(NamedTuple):
    """A piece of a line."""

    side: Side
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a comparison.

    Args:
        kind: ``same``, ``gone``, ``new``, or ``skip`` for a run of unchanged lines that is not shown.
        old: its number in the old text, from 1; None for a new line.
        new: its number in the new text, from 1; None for a line that is gone.
        parts: the line in pieces; those that are not ``same`` are what changed in it.
        skipped: for ``skip``, how many lines are left out.
    """

    kind: Literal["same", "gone", "new", "skip"]
    old: int | None = None
    new: int | None = None
    parts: tuple[Part, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """A comparison of two texts.

    Args:
        added: lines of the new text that do not stand in the old one.
        removed: lines of the old text that do not stand in the new one.
        lines: the changed lines with a little context.
        note: what was left out of ``lines``; empty if nothing was.
    """

    added: int
    removed: int
    lines: tuple[DiffLine, ...]
    note: str = ""


class _Block(NamedTuple):
    """A stretch of lines, counted from 0, that is the same or differs."""

    same: bool
    old: range
    new: range


def compare(old: str, new: str) -> Diff:
    """Compare two texts line by line, and changed lines word by word."""
    if old == new:
        return Diff(added=0, removed=0, lines=())
    before, after = old.splitlines(), new.splitlines()
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    mid_before, mid_after = before[head : len(before) - tail], after[head : len(after) - tail]
    shared, exact = _shared(mid_before, mid_after)
    notes = [] if exact else ["the texts are too long to match line by line; lines are counted in any order"]
    if max(len(mid_before), len(mid_after)) > _SHOWN_LINES:
        notes.append(f"only the first {plural(_SHOWN_LINES, 'line')} of the change are shown")
        tail = 0
    if any(len(line) > _SHOWN_COLUMNS for line in (*mid_before[:_SHOWN_LINES], *mid_after[:_SHOWN_LINES])):
        notes.append(f"lines are cut after {plural(_SHOWN_COLUMNS, 'character')}")
    shown_before = [line[:_SHOWN_COLUMNS] for line in before[: head + min(_SHOWN_LINES, len(mid_before)) + tail]]
    shown_after = [line[:_SHOWN_COLUMNS] for line in after[: head + min(_SHOWN_LINES, len(mid_after)) + tail]]
    blocks = _blocks(shown_before, shown_after, head, tail)
    lines = [line for block in blocks for line in _show(block, shown_before, shown_after, blocks)]
    fitting = _fitting(lines)
    if fitting < len(lines):
        notes.append(f"only the first {plural(_SHOWN_CHARACTERS, 'character')} of the change are shown")
    return Diff(
        added=len(mid_after) - shared,
        removed=len(mid_before) - shared,
        lines=tuple(lines[:fitting]),
        note="; ".join(notes),
    )


def _fitting(lines: Sequence[DiffLine]) -> int:
    """How many of the lines may be shown."""
    characters = 0
    for number, line in enumerate(lines):
        characters += sum(len(part.text) for part in line.parts)
        if characters > _SHOWN_CHARACTERS:
            return max(1, number)
    return len(lines)


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines both begin with."""
    number = 0
    for ours, theirs in zip(before, after, strict=False):
        if ours != theirs:
            break
        number += 1
    return number


def _shared(before: Sequence[str], after: Sequence[str]) -> tuple[int, bool]:
    """How many lines stand in both, and whether their order was heeded."""
    if len(before) * len(after) > _LINE_PAIRS:
        return (Counter(before) & Counter(after)).total(), False
    return int(Indel.similarity(before, after)) // 2, True


def _blocks(before: Sequence[str], after: Sequence[str], head: int, tail: int) -> list[_Block]:
    """The texts as stretches that are the same or differ, in order."""
    end_before, end_after = len(before) - tail, len(after) - tail
    blocks: list[_Block] = [_Block(same=True, old=range(head), new=range(head))]
    for code in Indel.opcodes(before[head:end_before], after[head:end_after]):
        old = range(head + code.src_start, head + code.src_end)
        new = range(head + code.dest_start, head + code.dest_end)
        same = code.tag == "equal"
        last = blocks[-1]
        if not same and not last.same:
            blocks[-1] = _Block(same=False, old=range(last.old.start, old.stop), new=range(last.new.start, new.stop))
        else:
            blocks.append(_Block(same=same, old=old, new=new))
    blocks.append(_Block(same=True, old=range(end_before, len(before)), new=range(end_after, len(after))))
    return [block for block in blocks if block.old or block.new]


def _show(block: _Block, before: Sequence[str], after: Sequence[str], blocks: Sequence[_Block]) -> Iterator[DiffLine]:
    if not block.same:
        gone, new = _mark([before[n] for n in block.old], [after[n] for n in block.new])
        left = [DiffLine(kind="gone", old=n + 1, parts=parts) for n, parts in zip(block.old, gone, strict=True)]
        right = [DiffLine(kind="new", new=n + 1, parts=parts) for n, parts in zip(block.new, new, strict=True)]
        paired = len(left) == len(right) and any(part.side == "same" for line in left for part in line.parts)
        yield from (line for pair in zip(left, right, strict=True) for line in pair) if paired else (*left, *right)
        return
    # Context stands next to a change: after the one before it, before the one after it.
    first = 0 if block is blocks[0] else _CONTEXT
    last = 0 if block is blocks[-1] else _CONTEXT
    pairs = list(zip(block.old, block.new, strict=True))
    hidden = len(pairs) - first - last
    if hidden <= 1:
        first, hidden = len(pairs), 0
    shown_first, shown_last = pairs[:first], pairs[first + hidden :]
    yield from (_same(old, new, before) for old, new in shown_first)
    if hidden:
        yield DiffLine(kind="skip", skipped=hidden)
    yield from (_same(old, new, before) for old, new in shown_last)


def _same(old: int, new: int, before: Sequence[str]) -> DiffLine:
    return DiffLine(kind="same", old=old + 1, new=new + 1, parts=(Part("same", before[old]),))


def _mark(before: Sequence[str], after: Sequence[str]) -> tuple[list[tuple[Part, ...]], list[tuple[Part, ...]]]:
    """The lines of both sides with the words marked that differ."""
    ours, theirs = _TOKEN.findall("\n".join(before)), _TOKEN.findall("\n".join(after))
    whole = [(Part("gone", line),) for line in before], [(Part("new", line),) for line in after]
    if not before or not after or max(len(ours), len(theirs)) > _WORDS:
        return whole
    gone: list[Part] = []
    new: list[Part] = []
    alike = 0
    for code in Indel.opcodes(ours, theirs):
        src, dest = ours[code.src_start : code.src_end], theirs[code.dest_start : code.dest_end]
        if code.tag == "equal":
            alike += sum(token.isalnum() for token in src)
            gone.extend(Part("same", token) for token in src)
            new.extend(Part("same", token) for token in dest)
        else:
            gone.extend(Part("gone", token) for token in src)
            new.extend(Part("new", token) for token in dest)
    words = max(sum(token.isalnum() for token in ours), sum(token.isalnum() for token in theirs))
    if alike < _ALIKE * words:
        return whole
    return _lines(gone), _lines(new)


def _lines(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """Words back to lines; neighbours of one kind are joined, and a space between two changed words is changed too."""
    lines: list[list[Part]] = [[]]
    for place, (side, text) in enumerate(parts):
        if text == "\n":
            lines.append([])
            continue
        line = lines[-1]
        if side == "same" and not text.strip() and line and line[-1].side != "same" and place + 1 < len(parts):
            following = parts[place + 1]
            side = following.side if following.text != "\n" else side  # noqa: PLW2901 - the space takes its side
        if line and line[-1].side == side:
            line[-1] = Part(side, line[-1].text + text)
        else:
            line.append(Part(side, text))
    return [tuple(line) for line in lines]
