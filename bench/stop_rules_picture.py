"""A picture of stop rules, share passed over mean passes, as SVG that reads in light and in dark."""

import math
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 500, 64, 24, 56, 56
MOST_PASSES, LEAST_PASSED, MOST_PASSED = 7.0, 67.0, 71.5
LEAST_PASSES = 1.0
STYLE: Final = """
svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
.back { fill: #ffffff; } .ink { fill: #1f2328; } .soft { fill: #59636e; } .grid { stroke: #d1d9e0; }
.a { fill: #0969da; stroke: #0969da; } .b { fill: #bc4c00; stroke: #bc4c00; } .c { fill: #6e7781; stroke: #6e7781; }
polyline { fill: none !important; stroke-width: 2; } text { stroke: none !important; }
@media (prefers-color-scheme: dark) {
  .back { fill: #0d1117; } .ink { fill: #e6edf3; } .soft { fill: #9198a1; } .grid { stroke: #30363d; }
  .a { fill: #4493f8; stroke: #4493f8; } .b { fill: #f0883e; stroke: #f0883e; } .c { fill: #9198a1; stroke: #9198a1; }
}
"""


def across(passes: float) -> float:
    """The place of a number of passes, on a logarithmic axis."""
    share = math.log(passes / LEAST_PASSES) / math.log(MOST_PASSES / LEAST_PASSES)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def down(passed: float) -> float:
    """The place of a share passed, in per cent."""
    return TOP + (MOST_PASSED - passed) / (MOST_PASSED - LEAST_PASSED) * (HEIGHT - TOP - BOTTOM)


class Place(NamedTuple):
    """A rule's place in the picture: mean passes, and share passed in per cent."""

    passes: float
    passed: float

    @property
    def inside(self) -> bool:
        """Whether the picture has room for it."""
        return LEAST_PASSES <= self.passes <= MOST_PASSES and LEAST_PASSED <= self.passed <= MOST_PASSED


class Mark(NamedTuple):
    """A labelled point: where its label stands, relative to it, and how it is coloured."""

    place: Place
    label: str
    dx: int
    dy: int
    colour: str = "c"
    anchor: Literal["start", "middle", "end"] = "start"


def line(places: Iterable[Place], colour: str) -> str:
    """A line through places, from few passes to many."""
    points = " ".join(f"{across(p.passes):.1f},{down(p.passed):.1f}" for p in sorted(places) if p.inside)
    return f'<polyline class="{colour}" points="{points}"/>'


def draw(loops: int, caps: Iterable[Place], frontier: Iterable[Place], marks: Sequence[Mark]) -> str:
    """The frontier: share passed over mean passes, as SVG."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'aria-labelledby="title about">'
        ),
        f'<title id="title">Stop rules replayed on {loops:,} recorded loops</title>',
        '<desc id="about">Share of loops that passed, over mean passes: caps, rules in use, and a fitted rule.</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="ink" x="{LEFT}" y="24" font-weight="600">Stop rules replayed on {loops:,} recorded loops</text>',
        (
            f'<text class="soft" x="{LEFT}" y="42">Best draft returned, stop at zero errors; up and to the left is '
            "better. Blue: fitted, scored on other prompts."
            "</text>"
        ),
    ]
    for passed in range(math.ceil(LEAST_PASSED), math.floor(MOST_PASSED) + 1):
        y = down(passed)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="soft" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{passed} %</text>')
    for passes in (1, 1.5, 2, 3, 4, 5, 6, 7):
        x = across(passes)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(
            f'<text class="soft" x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{passes:g}</text>'
        )
    parts.append(
        f'<text class="soft" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 14}" text-anchor="middle">'
        "mean passes per loop (logarithmic)</text>"
    )
    parts += [line(caps, "c"), line(frontier, "a")]
    for place, label, dx, dy, colour, anchor in marks:
        x, y = across(place.passes), down(place.passed)
        parts.append(f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>')
        parts.append(
            f'<text class="{colour}" x="{x + dx:.1f}" y="{y + dy:.1f}" text-anchor="{anchor}">'
            f"{label} ({place.passed:.1f} %)</text>"
        )
    return "\n".join((*parts, "</svg>", ""))
