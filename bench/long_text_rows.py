"""What the bench of long texts keeps of each repair, and the table of it."""

import math
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Counts", "Row", "Untouched", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What went wrong on the way, counted from the events."""

    failed_patches: int
    """Replies with edits of which at least one could not be applied."""
    missed_edits: int
    """The edits in the first of these replies, before they were asked for again, that could not be applied."""
    reasks: int
    fallbacks: int
    """Calls for another move than the preferred one."""
    failed_moves: tuple[str, ...]
    """Why each move that brought no draft failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """What became of the text outside the planted places, in words."""

    words: int
    changed: int
    """Words on lines that are not there any more byte for byte."""
    gone: int
    """Of these, the words that do not stand in the new text, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One document repaired by one arm."""

    document: str
    arm: str
    author: str
    seed: int
    caps: int
    """Passes allowed; the given draft is the first of them."""
    outcome: str
    planted: int
    repaired: int
    open: tuple[str, ...]
    passes: int
    calls: int
    input: int
    cached: int
    output: int
    tokens: int
    seconds: float
    counts: Counts
    untouched: Untouched

    @property
    def whole(self) -> bool:
        """Whether everything was repaired, and nothing else broken."""
        return self.outcome == "accepted"


def table(rows: Sequence[Row]) -> str:
    """The rows, what they add up to, and how the arms compare, in Markdown."""
    lines = [
        (
            "| document | arm | outcome | repaired | passes | tokens | of these written | failed patches | re-asked "
            "| fell back | other words changed | gone | seconds | still open |"
        ),
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    lines += [_line(row) for row in sorted(rows, key=lambda row: (row.document, row.arm))]
    lines += [
        _total(arm, picked)
        for arm in dict.fromkeys(row.arm for row in rows)
        if (picked := [row for row in rows if row.arm == arm])
    ]
    return "\n".join((*lines, "", *_comparison(rows))) + "\n"


def _line(row: Row) -> str:
    counts, other = row.counts, row.untouched
    # Without a full repair the price of one is not known, only that it is higher.
    tokens = f"{'' if row.whole else '> '}{row.tokens:,}"
    return (
        f"| {row.document} | {row.arm} | {row.outcome} | {row.repaired}/{row.planted} | {row.passes} | {tokens} "
        f"| {row.output:,} | {counts.failed_patches} | {counts.reasks} | {counts.fallbacks} "
        f"| {other.changed:,}/{other.words:,} | {other.gone:,} | {row.seconds:.0f} | {', '.join(row.open) or '-'} |"
    )


def _total(arm: str, rows: Sequence[Row]) -> str:
    def add(what: Callable[[Row], int]) -> int:
        return sum(what(row) for row in rows)

    tokens = f"{'' if all(row.whole for row in rows) else '> '}{add(lambda r: r.tokens):,}"
    return (
        f"| **all** | {arm} | {add(lambda r: r.whole)} of {len(rows)} accepted "
        f"| {add(lambda r: r.repaired)}/{add(lambda r: r.planted)} | {add(lambda r: r.passes)} | {tokens} "
        f"| {add(lambda r: r.output):,} | {add(lambda r: r.counts.failed_patches)} | {add(lambda r: r.counts.reasks)} "
        f"| {add(lambda r: r.counts.fallbacks)} "
        f"| {add(lambda r: r.untouched.changed):,}/{add(lambda r: r.untouched.words):,} "
        f"| {add(lambda r: r.untouched.gone):,} | {sum(row.seconds for row in rows):.0f} | |"
    )


def _comparison(rows: Sequence[Row]) -> list[str]:
    """The arms against each other, on the documents that both have tried."""
    by = {(row.document, row.arm): row for row in rows}
    pairs = [(by[name, "edit"], by[name, "rewrite"]) for name, arm in by if arm == "edit" and (name, "rewrite") in by]
    said = [_where(rows)]
    if not pairs:
        return said
    both = [pair for pair in pairs if all(row.whole for row in pair)]
    said.append(f"- Spent on all {len(pairs)} documents, repaired or not: {_ratios(pairs)}.")
    if both:
        said.append(f"- To repair all faults, on the {len(both)} that both arms repaired: {_ratios(both)}.")
    else:
        said.append("- No document was repaired in full by both arms, so a price of full repair cannot be compared.")
    edits, rewrites = (_per_fault([pair[arm] for pair in pairs]) for arm in (0, 1))
    said.append(f"- For each fault repaired: {edits} tokens by edits, {rewrites} by rewrites.")
    return said


def _where(rows: Sequence[Row]) -> str:
    authors = ", ".join(sorted({row.author for row in rows}))
    return f"{authors}, {time.strftime('%Y-%m-%d')}, {platform.machine()}, Python {platform.python_version()}.\n"


def _ratios(pairs: Sequence[tuple[Row, Row]]) -> str:
    tokens = _share(sum(e.tokens for e, _ in pairs), sum(r.tokens for _, r in pairs))
    written = _share(sum(e.output for e, _ in pairs), sum(r.output for _, r in pairs))
    return f"edits took {tokens} of the tokens of rewrites, and {written} of the tokens written"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "no measurable share"


def _per_fault(rows: Sequence[Row]) -> str:
    repaired = sum(row.repaired for row in rows)
    return f"{math.ceil(sum(row.tokens for row in rows) / repaired):,}" if repaired else "none was"
