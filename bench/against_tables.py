"""The tables of the loops on the plant: shares with their intervals, paired differences, how Setpoint's runs ended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["SETPOINT", "Row", "compact", "outcomes", "paired", "share", "table", "wilson"]

SETPOINT: Final = "Setpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One loop of one arm, with its latent truth."""

    regime: str
    arm: str
    seed: int
    satisfied: bool
    """The text that was returned truly meets every demand."""
    claims: bool | None
    """The loop said that it does."""
    lost: int
    """Demands that an earlier draft truly met and the returned text does not."""
    passes: int
    calls: int
    tokens: int
    outcome: str


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, n: int) -> str:
    """A share with its interval, in per cent."""
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.0f} [{100 * low:.0f}, {100 * high:.0f}]" if n else "-"


def paired(ours: Sequence[Row], theirs: Sequence[Row]) -> str:
    """The difference in the share satisfied, in points, with a 95 % interval over paired seeds (normal approximation)."""
    other = {one.seed: one for one in theirs}
    gaps = [one.satisfied - other[one.seed].satisfied for one in ours]
    n = len(gaps)
    mean = sum(gaps) / n
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / max(1, n - 1) / n)
    return f"{100 * mean:+.0f} [{100 * (mean - 1.96 * spread):+.0f}, {100 * (mean + 1.96 * spread):+.0f}]"


def table(found: Sequence[Row]) -> str:
    """All regimes and arms as Markdown."""
    lines = [
        "| regime | loop | truly satisfied % | passes | tokens | lost something % | claimed, and false % | ours minus it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for regime in dict.fromkeys(one.regime for one in found):
        here = [one for one in found if one.regime == regime]
        ours = [one for one in here if one.arm == SETPOINT]
        for arm in dict.fromkeys(one.arm for one in here):
            mine = [one for one in here if one.arm == arm]
            claimed = [one for one in mine if one.claims]
            false = sum(not one.satisfied for one in claimed)
            looked = any(one.claims is not None for one in mine)
            cells = (
                regime,
                arm,
                share(sum(one.satisfied for one in mine), len(mine)),
                f"{_mean(mine, 'passes'):.1f}",
                f"{_mean(mine, 'tokens'):,.0f}",
                share(sum(one.lost > 0 for one in mine), len(mine)),
                f"{false} of {len(claimed)}: {share(false, len(claimed))}"
                if claimed
                else "-"
                if not looked
                else "0 of 0",
                "" if arm == SETPOINT or not ours else paired(ours, mine),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def compact(found: Sequence[Row]) -> str:
    """A row for each regime and a column for each arm: share truly satisfied, and thousands of tokens."""
    arms = list(dict.fromkeys(one.arm for one in found))
    if SETPOINT in arms:
        arms = [SETPOINT, *(arm for arm in arms if arm != SETPOINT)]
    lines = ["| regime | " + " | ".join(arms) + " |", "|---|" + "---:|" * len(arms)]
    for regime in dict.fromkeys(one.regime for one in found):
        cells = [regime]
        for arm in arms:
            mine = [one for one in found if one.regime == regime and one.arm == arm]
            hits = sum(one.satisfied for one in mine)
            tokens = _mean(mine, "tokens") / 1000
            cells.append(f"{100 * hits / len(mine):.0f} ({tokens:.1f}k)" if mine else "-")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(found: Sequence[Row], what: str) -> float:
    return sum(float(getattr(one, what)) for one in found) / max(1, len(found))


def outcomes(found: Sequence[Row]) -> str:
    """How Setpoint's runs ended, by regime."""
    lines = ["| regime | how Setpoint's runs ended |", "|---|---|"]
    for regime in dict.fromkeys(one.regime for one in found):
        ended = [one.outcome for one in found if one.regime == regime and one.arm == SETPOINT]
        counts = sorted(((ended.count(name), name) for name in set(ended)), reverse=True)
        lines.append(f"| {regime} | {', '.join(f'{name} {count}' for count, name in counts)} |")
    return "\n".join(lines)
