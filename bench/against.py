"""Mechanism tests: Setpoint against plain loops on the plant, at equal caps, with paired seeds.

    python bench/against.py --small
    python bench/against.py --loops 500 --regimes middling,conflict-satisfiable --json out/against.json

All arms get the same task, the same author and critic, the same checks and the same caps on tokens and drafts. Truth is
latent in the plant; no arm sees it. The tables show how the control flow acts on a simulated author and critic: they
say nothing about how well any product writes.
"""

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import anyio

from baselines import BASELINES, Job, Loop, Trial
from peers import PEERS, missing
from plant import REGIMES, Plant, Regime
from plant.world import STRUCTURE
from setpoint.core.action import Role
from setpoint.core.event import Opened, RoleModel
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.ledgers import MemoryLedger
from setpoint.roles import ModelAuthor, ModelCritic, ModelMediator
from setpoint.rubric.probe import battery
from setpoint.run import Crew, Run

__all__ = ["RESIDENT", "Row", "job", "rows", "setpoint_loop", "wilson"]

SETPOINT: Final = "Setpoint"
SMALL_LOOPS: Final = 50
LONG_TEXT: Final = 1000
"""Words from which on a regime gets half the loops when small: a call costs four times as much."""


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


def job(plant: Plant, seed: int, *, tokens: int, passes: int) -> Job:
    """The task of a plant, for a loop; the cap scales with the length of the text."""
    words = plant.world.regime.words
    return Job(
        spec=plant.spec,
        checks=plant.checks(),
        author=plant,
        critic=plant,
        tokens=round(tokens * max(1.0, words / 240)),
        passes=passes,
        reply_tokens=4 * words,  # the plant's words have seven letters; a text may come out half as long again
        seed=seed,
    )


async def setpoint_loop(job: Job, policy: Policy | None = None, wrap: Callable[[Crew], Crew] | None = None) -> Trial:
    """Setpoint on a job, its parts wired by hand: the plant's checks are in no registry.

    The probe is left out: its texts are none of the plant's. The critic is therefore an unmeasured one.

    Args:
        job: what to do, and with what.
        policy: the tuning; the default one if not given.
        wrap: puts something around the parts, to listen to them.
    """
    policy = policy or Policy()
    roles: tuple[Role, ...] = ("author", "critic", "mediator")
    outline = outline_of(job.spec) if policy.on("structure") else ()
    opened = Opened(
        spec=job.spec,
        budget=Budget(passes=job.passes, tokens=job.tokens),
        policy=policy,
        models=tuple(RoleModel(role=role, model=job.author.name) for role in roles),
        title="plant",
        reply_tokens=job.reply_tokens,
        seed=job.seed,
        nonce=f"{job.seed:016x}",
        outline=outline,
    )
    author = ModelAuthor(job.author)
    crew = Crew(
        author=author,
        critics={"critic": ModelCritic(job.critic, battery())},
        mediator=ModelMediator(job.critic, author),
        checks={**job.checks, **{c.name: job.checks[STRUCTURE] for c in outline}},
        clock=lambda: 0.0,
    )
    run = await Run.open(f"plant-{job.seed}", opened, MemoryLedger(lambda: 0.0))
    result = await run.drive(wrap(crew) if wrap else crew)
    return Trial(
        text=result.text,
        claims=result.accepted,
        passes=result.passes,
        calls=result.spent.calls,
        tokens=result.spent.tokens,
        drafts=tuple(state.draft.text for state in run.state.drafts),
        outcome=result.outcome or "",
    )


def outline_of(spec: Spec) -> tuple[Criterion, ...]:
    """The demand on structure as the criterion of an outline that is drafted first, if the task has one."""
    known = next((c for c in spec.criteria if c.name == STRUCTURE), None)
    return () if known is None else (replace(known, name=f"outline-{STRUCTURE}", core=False),)


RESIDENT: Final = tuple(name for name, regime in REGIMES.items() if regime.reader == "resident")
"""The regimes of a full run; those that only change the reader are compared by ``understood.py``."""
ARMS: Final[Mapping[str, Loop]] = {**BASELINES, SETPOINT: setpoint_loop}


async def rows(
    regime: Regime, seeds: Sequence[int], arms: Mapping[str, Loop], *, tokens: int, passes: int
) -> list[Row]:
    """Every arm on every seed of a regime; each gets a plant of its own that knows nothing of the others."""
    found: list[Row] = []
    for seed in seeds:
        for name, loop in arms.items():
            plant = Plant(regime, seed)
            trial = await loop(job(plant, seed, tokens=tokens, passes=passes))
            found.append(row(regime.name, name, seed, plant, trial))
    return found


def row(regime: str, arm: str, seed: int, plant: Plant, trial: Trial) -> Row:
    """A trial with the truth about it."""
    final = plant.truth(trial.text)
    once = {name for draft in trial.drafts for name, met in plant.truth(draft).items() if met}
    return Row(
        regime=regime,
        arm=arm,
        seed=seed,
        satisfied=all(final.values()),
        claims=trial.claims,
        lost=sum(not final[name] for name in once),
        passes=trial.passes,
        calls=trial.calls,
        tokens=trial.tokens,
        outcome=trial.outcome,
    )


# The tables


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


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help=f"{SMALL_LOOPS} loops a cell; under two minutes")
    parser.add_argument("--loops", type=int, default=500, help="loops a cell (default: 500)")
    parser.add_argument("--regimes", default=",".join(RESIDENT), help="which regimes, separated by commas")
    parser.add_argument("--arms", default=",".join(ARMS), help="which loops, separated by commas")
    parser.add_argument("--peers", action="store_true", help="the peers that are installed as well")
    parser.add_argument("--rho", type=float, help="correlation of the critic's errors, instead of the regimes'")
    parser.add_argument("--tokens", type=int, default=40_000, help="cap on tokens for 240 words; longer texts get more")
    parser.add_argument("--passes", type=int, default=8, help="cap on drafts")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--json", type=Path, help="write every loop to this file as well")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run it and print the tables."""
    asked = _arguments(given)
    names, arms = asked.regimes.split(","), asked.arms.split(",")
    everyone = dict(ARMS)
    for peer, loop in PEERS.items() if asked.peers else ():
        if lacks := missing(peer):
            print(f"SKIPPED {peer}: {lacks}", file=sys.stderr)
            continue
        everyone[peer] = loop
        arms.append(peer)
    unknown = [name for name in names if name not in REGIMES] + [arm for arm in arms if arm not in everyone]
    if unknown:
        print(
            f"unknown: {', '.join(unknown)}; regimes: {', '.join(REGIMES)}; loops: {', '.join(ARMS)}", file=sys.stderr
        )
        return 2
    began = time.perf_counter()
    found: list[Row] = []
    for name in names:
        regime = REGIMES[name] if asked.rho is None else replace(REGIMES[name], rho=asked.rho)
        loops = asked.loops
        if asked.small:
            loops = SMALL_LOOPS // 2 if regime.words > LONG_TEXT else SMALL_LOOPS
        seeds = range(asked.seed, asked.seed + loops)
        chosen = {arm: everyone[arm] for arm in arms}

        async def work(
            regime: Regime = regime, seeds: Sequence[int] = seeds, chosen: Mapping[str, Loop] = chosen
        ) -> None:
            found.extend(await rows(regime, seeds, chosen, tokens=asked.tokens, passes=asked.passes))

        anyio.run(work)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    taken = time.perf_counter() - began
    print("# Mechanism tests: loops on the plant\n")
    print(
        f"Simulated author and critic with known truth; seeds {asked.seed} onwards, paired; cap {asked.tokens:,} tokens "
        f"(for 240 words) and {asked.passes} drafts"
        f"{'' if asked.rho is None else f'; critics with rho = {asked.rho}'}. {len(found)} loops in {taken:.0f} s, "
        f"Python {platform.python_version()}. Brackets: 95 % intervals (Wilson; the last column over paired seeds).\n"
    )
    print(table(found))
    if SETPOINT in arms:
        print(f"\n{outcomes(found)}")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text("\n".join(json.dumps(asdict(one)) for one in found) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
