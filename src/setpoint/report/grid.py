"""Criteria by passes for a terminal: a row per criterion, a column per pass, readable without colour and at 60 columns.

What does not fit is left out by rule, and a line says so: the earliest passes first, then criteria that pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from setpoint.core.spec import Criterion, importance
from setpoint.core.state import State
from setpoint.report.readings import cell_status, result
from setpoint.report.text import clean
from setpoint.report.view import CellStatus
from setpoint.report.words import RESULT_SHORT

__all__ = ["Glyphs", "glyphs_for", "grid", "safe"]

_COLUMN = 5
_MARGIN = 1
_NAME_MIN = 12
_STYLES: Final[Mapping[CellStatus, str]] = MappingProxyType(
    {"pass": "green", "fail": "bold red", "cannot_assess": "yellow", "carried": "cyan", "unread": "dim"}
)
_PLAIN: Final = MappingProxyType({0x2026: "...", 0x2013: "-", 0x2019: "'"})
_SIGNS: Final[Mapping[CellStatus, str]] = MappingProxyType(
    {"pass": "pass", "fail": "fail", "cannot_assess": "cannot tell", "carried": "carried", "unread": "unread"}
)
_LEGEND: Final = "* best so far; kept, back (rolled back), fail (no draft)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The signs a terminal can show."""

    cells: Mapping[CellStatus, str]
    dots: str


_UNICODE: Final = Glyphs(
    cells=MappingProxyType({"pass": "✓", "fail": "✗", "cannot_assess": "?", "carried": "~", "unread": "·"}), dots="…"
)
_ASCII: Final = Glyphs(
    cells=MappingProxyType({"pass": "+", "fail": "x", "cannot_assess": "?", "carried": "~", "unread": "."}), dots="..."
)


def glyphs_for(console: Console) -> Glyphs:
    """Signs that the console's encoding has."""
    return _UNICODE if console.encoding.lower().startswith("utf") else _ASCII


def safe(text: str, console: Console) -> str:
    """Untrusted text without control sequences and without characters that the console's encoding lacks."""
    text = clean(text)
    if console.encoding.lower().startswith("utf"):
        return text
    return text.translate(_PLAIN).encode(console.encoding, "replace").decode(console.encoding)


def grid(state: State, console: Console, *, rows: int | None = None, legend: bool = True) -> Iterator[Text]:
    """The lines of the table with its legend.

    Args:
        state: the run so far.
        console: how wide it may be, and which signs can be shown.
        rows: the most criteria to show; None for all.
        legend: whether to say what the signs mean.
    """
    glyphs = glyphs_for(console)
    criteria, hidden = _rows(state, rows)
    name_width = max(_NAME_MIN, min(max(len(c.name) for c in criteria), 2 * console.width // 5))
    left = name_width + len(" core 5") + 2
    columns = max(1, (console.width - _MARGIN - left) // _COLUMN)
    authoring = state.pending is not None and state.pending.role == "author"
    last = max(1, len(state.passes) + authoring)
    shown = range(max(1, last - columns + 1), last + 1)
    yield _header(state, shown, left)
    for criterion in criteria:
        yield _row(state, criterion, shown, name_width, glyphs, console)
    if hidden:
        yield Text(f" {'':<{name_width}} and {hidden} more", style="dim")
    yield _results(state, shown, left)
    if legend:
        yield Text()
        yield from _legend(state, shown, glyphs, console)


def _rows(state: State, rows: int | None) -> tuple[Sequence[Criterion], int]:
    """The criteria to show in the order of the spec, those that pass left out first; and how many are left out."""
    criteria = state.all_criteria
    if rows is None or len(criteria) <= rows:
        return criteria, 0
    draft = state.best or state.latest
    passing = {c.name for c in criteria if draft and cell_status(draft, c.name) in {"pass", "carried"}}
    wanted = sorted(criteria, key=lambda c: (c.name in passing, importance(c)))[: max(1, rows)]
    return [c for c in criteria if c in wanted], len(criteria) - len(wanted)


def _header(state: State, shown: range, left: int) -> Text:
    best = state.best
    line = Text(" " * (_MARGIN + left), no_wrap=True)
    for number in shown:
        draft = state.passes[number - 1].draft if number <= len(state.passes) else None
        star = "*" if best and draft == best.number else ""
        line.append(f"{str(number) + star:<{_COLUMN}}", style="bold" if star else "dim")
    return line


def _row(state: State, criterion: Criterion, shown: range, name_width: int, glyphs: Glyphs, console: Console) -> Text:
    name = _shorten(safe(criterion.name, console), name_width, glyphs.dots)
    weight = f"core {criterion.impact}" if criterion.core else str(criterion.impact)
    line = Text(" " * _MARGIN + set_cell_size(name, name_width) + f"{weight:>7}  ", no_wrap=True)
    for number in shown:
        entry = state.passes[number - 1] if number <= len(state.passes) else None
        if entry is None or entry.draft is None:
            line.append(" " * _COLUMN)
            continue
        status = cell_status(state.draft(entry.draft), criterion.name)
        line.append(f"{glyphs.cells[status]:<{_COLUMN}}", style=_STYLES[status])
    return line


def _shorten(name: str, width: int, dots: str) -> str:
    """The name with its middle left out if it is too wide: names differ at their ends as often as at their beginnings."""
    if cell_len(name) <= width:
        return name
    end = (width - len(dots)) // 2
    return set_cell_size(name, width - len(dots) - end) + dots + name[-end:]


def _results(state: State, shown: range, left: int) -> Text:
    line = Text(" " * (_MARGIN + left), no_wrap=True)
    for number in shown:
        word = RESULT_SHORT[result(state, state.passes[number - 1])] if number <= len(state.passes) else "now"
        line.append(f"{word:<{_COLUMN}}", style="" if word == "kept" else "dim")
    return line


def _legend(state: State, shown: range, glyphs: Glyphs, console: Console) -> Iterator[Text]:
    signs = "  ".join(f"{glyphs.cells[status]} {words}" for status, words in _SIGNS.items())
    yield Text(f" {signs}", style="dim")
    if state.passes:
        yield Text(f" {_LEGEND}", style="dim")
    if shown.start > 1:
        yield Text(
            safe(f" passes 1 to {shown.start - 1} are left out: the terminal is {console.width} columns wide", console),
            style="dim",
        )
