"""Mechanism tests: what each rule of the control law buys, on the plant.

    python bench/ablation.py --small
    python bench/ablation.py --loops 500 --json out/ablation.json

Every arm is Setpoint, with one rule switched off, on the regimes where that rule is meant to help; all arms of a regime
get the same seeds. Truth is latent in the plant, and only the bench reads it: the tables show how the control flow acts
on a simulated author and critic, not how well a product writes.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from against import RESIDENT, Row, rows, setpoint_loop, share
from plant import REGIMES, Regime
from setpoint.core.policy import Policy, preset

SMALL_LOOPS: Final = 30
PAIRED_Z: Final = 1.959964

EVERYWHERE: Final = ("strong", "middling", "weak", "easy", "hopeless", "long-text")

CELLS: Final[Mapping[str, tuple[str, ...]]] = {
    "ratchet": ("middling", "weak", "long-text"),
    "focus": ("strong", "middling", "weak"),
    "gain": EVERYWHERE,
    "second_reading": ("middling", "weak", "rewording"),
    "confirm": ("middling", "weak", "blind-critic"),
    "structure": ("sloppy-structure",),
    "competing": ("stubborn-competing",),
    "mediate": ("stubborn-competing", "stubborn-plain", "middling"),
    "promote": ("stubborn-plain", "stubborn-competing", "middling"),
    "freeze": ("conflict-satisfiable", "conflict-true", "middling", "rewording"),
    "off_strategy": ("wrong-premise", "middling"),
    "restart": ("wrong-premise", "hopeless", "middling"),
    "redirect": ("middling",),
}
"""Which rule is looked at in which regimes: where it is meant to help, and where it must not harm."""

CORRELATIONS: Final = (0.0, 0.5, 0.9)


def arms_of(regime: str) -> dict[str, Policy]:
    """The policies to compare in a regime."""
    arms = {"all rules": Policy(), "canon": preset("canon")}
    for switch, regimes in CELLS.items():
        if regime in regimes:
            arms[f"without {switch}"] = Policy(off=(switch,))
    return arms


def table(found: Sequence[Row]) -> str:
    """All regimes and arms as Markdown."""
    lines = [
        "| regime | rules | truly satisfied % | minus all rules, points | passes | tokens | lost something % | claimed, and false % |",
        "|---|---|---|---|---:|---:|---|---|",
    ]
    for regime in dict.fromkeys(one.regime for one in found):
        here = [one for one in found if one.regime == regime]
        full = {one.seed: one for one in here if one.arm == "all rules"}
        for arm in dict.fromkeys(one.arm for one in here):
            mine = [one for one in here if one.arm == arm]
            claimed = [one for one in mine if one.claims]
            false = sum(not one.satisfied for one in claimed)
            cells = (
                regime,
                arm,
                share(sum(one.satisfied for one in mine), len(mine)),
                "" if arm == "all rules" else difference(mine, full),
                f"{sum(one.passes for one in mine) / len(mine):.1f}",
                f"{sum(one.tokens for one in mine) / len(mine):,.0f}",
                share(sum(one.lost > 0 for one in mine), len(mine)),
                f"{false} of {len(claimed)}: {share(false, len(claimed))}" if claimed else "-",
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def difference(mine: Sequence[Row], full: Mapping[int, Row]) -> str:
    """The paired difference in the share satisfied, in points, with its 95 % interval."""
    gaps = [one.satisfied - full[one.seed].satisfied for one in mine]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / max(1, len(gaps) - 1) / len(gaps)
    half = PAIRED_Z * variance**0.5
    return f"{100 * mean:+.1f} [{100 * (mean - half):+.1f}, {100 * (mean + half):+.1f}]"


def endings(found: Sequence[Row]) -> str:
    """How the runs with all rules ended, by regime."""
    lines = ["| regime | how the runs with all rules ended |", "|---|---|"]
    for regime in dict.fromkeys(one.regime for one in found):
        ended = [one.outcome for one in found if one.regime == regime and one.arm == "all rules"]
        counts = sorted(((ended.count(name), name) for name in set(ended)), reverse=True)
        lines.append(f"| {regime} | {', '.join(f'{name} {count}' for count, name in counts)} |")
    return "\n".join(lines)


async def play(regime: Regime, seeds: Sequence[int], *, tokens: int, passes: int) -> list[Row]:
    """All arms of a regime on the same seeds."""
    arms = {name: partial(setpoint_loop, policy=policy) for name, policy in arms_of(regime.name).items()}
    return await rows(regime, seeds, arms, tokens=tokens, passes=passes)


def main() -> int:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help=f"{SMALL_LOOPS} loops a cell; under two minutes")
    parser.add_argument("--loops", type=int, default=500, help="loops a cell (default: 500)")
    parser.add_argument("--regimes", default=",".join(RESIDENT), help="separated by commas")
    parser.add_argument("--tokens", type=int, default=40_000, help="cap on tokens for 240 words; longer texts get more")
    parser.add_argument("--passes", type=int, default=8, help="cap on drafts")
    parser.add_argument("--json", type=Path, help="write every loop to this file as well")
    asked = parser.parse_args()
    names = asked.regimes.split(",")
    loops = SMALL_LOOPS if asked.small else asked.loops
    began = time.perf_counter()
    found: list[Row] = []
    for name in names:
        regime = REGIMES[name]
        count = max(10, loops // 4) if regime.words > 1000 else loops
        found += anyio.run(partial(play, regime, range(count), tokens=asked.tokens, passes=asked.passes))
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    for rho in CORRELATIONS:  # what a critic's errors cost when a second reading repeats them
        regime = replace(REGIMES["middling"], name=f"middling, rho = {rho:g}", rho=rho)
        arms = {"all rules": partial(setpoint_loop, policy=Policy())}
        found += anyio.run(partial(rows, regime, range(loops), arms, tokens=asked.tokens, passes=asked.passes))
    print("# Mechanism tests: the rules, one at a time\n")
    print(
        f"Simulated author and critic with known truth, paired seeds; caps {asked.tokens:,} tokens (for 240 words) and "
        f"{asked.passes} drafts. {len(found):,} loops in {time.perf_counter() - began:.0f} s, Python "
        f"{platform.python_version()}. Brackets: 95 % intervals (Wilson; differences over paired seeds).\n"
    )
    print(table(found))
    print(f"\n{endings(found)}")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text("\n".join(json.dumps(asdict(one)) for one in found) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
