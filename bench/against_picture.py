"""A picture of loops on the plant: the share truly satisfied by regime, with intervals, as SVG for light and dark."""

from collections.abc import Sequence
from typing import Final

from against_tables import SETPOINT, Row, wilson

__all__ = ["draw"]

PLAIN: Final = "rewrite all faults"
"""The one plain loop in the picture: the strongest of them nearly everywhere."""
HIDDEN: Final = frozenset({"one draft", "best of N", "checklist redraft", "self-refine", "cap 3 keep best"})
"""Plain loops that the table has and the picture leaves out."""

COLUMNS: Final = 3
LABELS, PANEL, GAP, STEP, HEAD, TOP, FOOT = 138, 214, 36, 15, 30, 62, 30
STYLE: Final = """
svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
.back { fill: #ffffff; } .ink { fill: #1f2328; } .soft { fill: #59636e; } .grid { stroke: #d1d9e0; }
.a { fill: #0969da; stroke: #0969da; } .b { fill: #bc4c00; stroke: #bc4c00; } .c { fill: #6e7781; stroke: #6e7781; }
text { stroke: none !important; } text.a, text.b { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .back { fill: #0d1117; } .ink { fill: #e6edf3; } .soft { fill: #9198a1; } .grid { stroke: #30363d; }
  .a { fill: #4493f8; stroke: #4493f8; } .b { fill: #f0883e; stroke: #f0883e; } .c { fill: #9198a1; stroke: #9198a1; }
}
"""


def draw(found: Sequence[Row]) -> str:
    """A panel for each regime, a line for each loop: a dot at the share, a bar over its 95 % interval (Wilson)."""
    arms = [arm for arm in dict.fromkeys(one.arm for one in found) if arm not in HIDDEN]
    arms.sort(key=lambda arm: (arm != SETPOINT, arm != PLAIN))
    regimes = list(dict.fromkeys(one.regime for one in found))
    high = HEAD + STEP * len(arms) + GAP
    rows = -(-len(regimes) // COLUMNS)
    width = LABELS + COLUMNS * (PANEL + GAP)
    height = TOP + rows * high + FOOT
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="Share of loops truly satisfied, by regime and loop">'
    )
    said = f"{_loops(found)}; simulated author and critic, equal caps; bars are 95 % intervals"
    parts = [
        opening,
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{width}" height="{height}"/>',
        '<text class="ink" x="16" y="24" font-size="16" font-weight="600">Truly satisfied, per cent, by regime</text>',
        f'<text class="soft" x="16" y="43">{said}</text>',
    ]
    for number, regime in enumerate(regimes):
        left = LABELS + (number % COLUMNS) * (PANEL + GAP)
        top = TOP + (number // COLUMNS) * high
        if number % COLUMNS == 0:
            parts += [_label(arm, top + HEAD + STEP * place) for place, arm in enumerate(arms)]
        parts += _panel(regime, [one for one in found if one.regime == regime], arms, left, top)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _loops(found: Sequence[Row]) -> str:
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        counts[one.regime, one.arm] = counts.get((one.regime, one.arm), 0) + 1
    low, high = min(counts.values()), max(counts.values())
    return f"{low} loops each" if low == high else f"{low} to {high} loops each"


def _colour(arm: str) -> str:
    return "a" if arm == SETPOINT else "b" if arm == PLAIN else "c"


def _label(arm: str, y: int) -> str:
    colour = _colour(arm)
    return f'<text class="{"ink" if colour == "c" else colour}" x="{LABELS - 10}" y="{y + 4}" text-anchor="end">{arm}</text>'


def _panel(regime: str, here: Sequence[Row], arms: Sequence[str], left: int, top: int) -> list[str]:
    """One regime: its name, a grid and a line for each loop."""
    bottom = top + HEAD + STEP * len(arms) - 4
    parts = [f'<text class="ink" x="{left}" y="{top + 12}" font-weight="600">{regime}</text>']
    for share in (0, 50, 100):
        x = left + share / 100 * PANEL
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top + HEAD - 9}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(
            f'<text class="soft" x="{x:.1f}" y="{bottom + 13}" font-size="10" text-anchor="middle">{share}</text>'
        )
    for place, arm in enumerate(arms):
        mine = [one for one in here if one.arm == arm]
        if mine:
            parts.append(_line(mine, _colour(arm), left, top + HEAD + STEP * place))
    return parts


def _line(mine: Sequence[Row], colour: str, left: int, y: int) -> str:
    hits = sum(one.satisfied for one in mine)
    low, high = wilson(hits, len(mine))
    start, end, dot = (left + share * PANEL for share in (low, high, hits / len(mine)))
    return (
        f'<g class="{colour}"><line x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}" stroke-width="2" '
        f'stroke-opacity="0.55"/><circle cx="{dot:.1f}" cy="{y}" r="3.6"/></g>'
    )
