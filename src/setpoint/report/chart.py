"""The two curves of the report as coordinates; the page's template draws them.

Every number in a curve also stands in the table above it, so the pictures are never the only place of a fact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from setpoint.core.fault import Distance
from setpoint.report.text import thousands
from setpoint.report.view import Result, Summary

__all__ = ["Bar", "DistanceChart", "Frame", "Mark", "SpendChart", "Tick", "distance_chart", "spend_chart"]

_LINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The picture and the area inside its axes, in units of its view box."""

    width: int = 560
    height: int = 260
    left: int = 52
    right: int = 548
    top: int = 24
    bottom: int = 218


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one pass reached."""

    x: float
    y: float
    result: Result
    core: int
    """Core criteria failed: marked, because they decide before the height does."""
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceChart:
    """Open impact by pass, and the best draft so far as a line of steps."""

    frame: Frame
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    best: str
    """The path of the best draft so far; empty if no draft was read in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was spent when a pass was over, from the beginning."""

    x: float
    width: float
    author_y: float
    author_height: float
    critic_y: float
    critic_height: float
    label: str
    label_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendChart:
    """Tokens by pass, summed up, split by who used them; and the cap where it is near enough to draw."""

    frame: Frame
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    cap: float | None
    cap_label: str


def distance_chart(summary: Summary) -> DistanceChart | None:
    """The distance curve; None where no draft was read in full."""
    frame = Frame()
    criteria = len(summary.criteria) + 1
    heights = [_height(point.draft, criteria) for point in summary.distance_curve]
    known = [height for height in heights if height is not None]
    if not known:
        return None
    top = max(_steps(max(known)))
    xs = list(_centres(frame, len(heights)))
    marks: list[Mark] = []
    for x, height, point, entry in zip(xs, heights, summary.distance_curve, summary.passes, strict=True):
        # A pass without a reading stands where the best draft stayed.
        level = height if height is not None else _height(point.best, criteria)
        y = _y(frame, top if level is None else level, top)
        label = f"{point.draft.impact}" if point.draft else ""
        marks.append(Mark(x=x, y=y, result=entry.result, core=point.draft.core if point.draft else 0, label=label))
    best = [_height(point.best, criteria) for point in summary.distance_curve]
    return DistanceChart(
        frame=frame,
        x=_pass_ticks(xs, [point.pass_number for point in summary.distance_curve]),
        y=tuple(Tick(at=_y(frame, step, top), label=f"{step:g}") for step in _steps(max(known))),
        marks=tuple(marks),
        best=_path(frame, xs, best, top),
    )


def spend_chart(summary: Summary) -> SpendChart | None:
    """The spend curve; None where nothing was spent."""
    points = [point for point in summary.spend_curve if point.tokens]
    if not points:
        return None
    frame = Frame()
    most, cap = points[-1].tokens, summary.budget.tokens
    drawn = cap if cap is not None and cap <= 2 * most else None
    scale = max(most, drawn or 0)
    top = max(_steps(scale))
    xs = list(_centres(frame, len(points)))
    width = min(46.0, (frame.right - frame.left) / len(points) * 0.62)
    bars: list[Bar] = []
    for x, point in zip(xs, points, strict=True):
        split, upper = _y(frame, point.author_tokens, top), _y(frame, point.tokens, top)
        bars.append(
            Bar(
                x=round(x - width / 2, 2),
                width=round(width, 2),
                author_y=split,
                author_height=round(frame.bottom - split, 2),
                critic_y=upper,
                critic_height=round(split - upper, 2),
                label=thousands(point.tokens) if len(points) <= 10 or point is points[-1] else "",  # noqa: PLR2004
                label_y=round(upper - 6, 2),
            )
        )
    return SpendChart(
        frame=frame,
        x=_pass_ticks(xs, [point.pass_number for point in points]),
        y=tuple(Tick(at=_y(frame, step, top), label=_short(step)) for step in _steps(scale)),
        bars=tuple(bars),
        cap=_y(frame, drawn, top) if drawn else None,
        cap_label=f"cap {thousands(drawn)}" if drawn else "",
    )


def _height(distance: Distance | None, criteria: int) -> float | None:
    """Open impact, and the shortfall as a fraction below one, so that the order of equals in impact shows too."""
    return None if distance is None else distance.impact + distance.shortfall / criteria


def _centres(frame: Frame, count: int) -> Iterator[float]:
    room = (frame.right - frame.left) / max(1, count)
    return (round(frame.left + room * (place + 0.5), 2) for place in range(count))


def _y(frame: Frame, value: float, top: float) -> float:
    return round(frame.bottom - (frame.bottom - frame.top) * (value / top if top else 0), 2)


def _steps(most: float) -> tuple[float, ...]:
    """Round numbers from 0 to at least ``most``, five at most."""
    step = 1.0
    while step * _LINES < most:
        step *= 2 if str(int(step))[0] in "15" else 2.5
    lines = max(1, -(-most // step)) if most else 1
    return tuple(step * number for number in range(int(lines) + 1))


def _short(tokens: float) -> str:
    """``5,000``, ``20k``, ``1.5M``: what has room beside the axis."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if tokens >= 10 * size or (letter == "M" and tokens >= size):
            return f"{tokens / size:g}{letter}"
    return f"{tokens:,.0f}"


def _pass_ticks(xs: Sequence[float], numbers: Sequence[int]) -> tuple[Tick, ...]:
    return tuple(Tick(at=x, label=str(number) if number else "probe") for x, number in zip(xs, numbers, strict=True))


def _path(frame: Frame, xs: Sequence[float], heights: Sequence[float | None], top: float) -> str:
    """Level from one pass to the next, then straight up or down."""
    parts: list[str] = []
    for x, height in zip(xs, heights, strict=True):
        if height is None:
            continue
        y = _y(frame, height, top)
        parts.append(f"H{x} V{y}" if parts else f"M{x} {y}")
    return " ".join(parts)
