"""The table of `setpoint calibrate`, for a terminal and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from setpoint.compose.calibrating import CriticRow, verdict_on
from setpoint.core.belief import ENOUGH
from setpoint.report.grid import safe
from setpoint.rubric.calibration import Interval

__all__ = ["as_json", "table"]

_FEW: Final = "not enough data"
_WIDE: Final = 120
"""Columns that the table takes with intervals beside their values; below that they stand under them."""


def table(rows: Sequence[CriticRow], console: Console) -> None:
    """Write a table for each critic, and below it what the columns mean."""
    for model, form in dict.fromkeys((row.model, row.form) for row in rows):
        mine = [row for row in rows if (row.model, row.form) == (model, form)]
        console.print(
            Text(safe(f"{model} as the critic (prompt form {form or 'not recorded'})", console), style="bold")
        )
        shown = Table(box=None, pad_edge=False, header_style="dim")
        shown.add_column("criterion", overflow="fold", min_width=9)
        for heading in ("texts", "notices", "passes right", "kappa", "passed it", "truly met"):
            shown.add_column(heading, justify="right", min_width=9 if heading == "passes right" else None)
        shown.add_column("for loops")
        gap = " " if console.width >= _WIDE else "\n"
        for row in mine:
            shown.add_row(*(safe(cell, console).replace(" [", f"{gap}[") for cell in _cells(row)))
        console.print(shown)
        console.print()
    console.print(
        Text(
            "notices: share of failures that it fails; passes right: share of sound texts that it passes; kappa: agreement with people's labels beyond chance; truly met: its "
            f"pass rate, corrected for its errors. In brackets: 95 % intervals. Below {ENOUGH} texts a side there is no "
            "number. Overrulings are texts that people picked, so they make a critic look worse than it is; kappa and "
            "corrected rates leave them out.",
            style="dim",
        )
    )


def _cells(row: CriticRow) -> Iterable[str]:
    counts = row.counts
    yield row.criterion or "all together"
    yield "\n".join(_texts(c.total, source) for source, c in row.sources.items())
    yield _share(row.sensitivity, f"{counts.noticed} of {counts.failures}")
    yield _share(row.specificity, f"{counts.passed} of {counts.passes}")
    yield f"{row.kappa.value:.2f} [{row.kappa.low:.2f}, {row.kappa.high:.2f}]" if row.kappa else _FEW
    yield f"{row.passed} of {row.read}" if row.criterion else ""
    yield _share(row.corrected, "") if row.criterion else ""
    yield verdict_on(row) if row.criterion else ""


def _texts(many: int, source: str) -> str:
    """How many texts, and from where."""
    return f"{many} {source.removesuffix('s') if many == 1 else source}"


def _share(found: Interval | None, of: str) -> str:
    if found is None:
        return f"{_FEW} ({of})" if of else _FEW
    return f"{found.value:.0%} [{100 * found.low:.0f}–{100 * found.high:.0f}]"


def as_json(rows: Iterable[CriticRow]) -> dict[str, object]:
    """The rows as plain values; null where there is not enough data."""
    return {"version": 1, "enough": ENOUGH, "critics": [_json(row) for row in rows]}


def _json(row: CriticRow) -> dict[str, object]:
    def counts(c: object) -> dict[str, int]:
        return {name: int(getattr(c, name)) for name in ("noticed", "failures", "passed", "passes")}

    def bounds(found: Interval | None) -> dict[str, float] | None:
        return {"value": found.value, "low": found.low, "high": found.high} if found is not None else None

    return {
        "model": row.model,
        "form": row.form,
        "criterion": row.criterion or None,
        "digest": row.digest or None,
        "counts": counts(row.counts),
        "sources": {source: counts(c) for source, c in row.sources.items()},
        "sensitivity": bounds(row.sensitivity),
        "specificity": bounds(row.specificity),
        "agreement": bounds(row.agreement),
        "kappa": bounds(row.kappa),
        "read": row.read,
        "passed": row.passed,
        "corrected": bounds(row.corrected),
        "verdict": verdict_on(row) if row.criterion else None,
    }
