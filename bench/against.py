r"""Mechanism tests: Setpoint against plain loops and other libraries on the plant, at equal caps, with paired seeds.

    python bench/against.py --small
    python bench/against.py --loops 500 --regimes middling,conflict-satisfiable --json out/against.jsonl
    python bench/against.py --peers --loops 100 --json out/against.jsonl --resume \
        --page docs/benchmarks/against.md --picture docs/benchmarks/against.svg

The last one takes half an hour in the environment that ``make peers`` makes; stopped, it goes on where it was. All arms get the same task, the same author and critic, the same checks and the same caps on tokens and drafts. Truth is
latent in the plant; no arm sees it. The tables show how the control flow acts on a simulated author and critic: they
say nothing about how well any product writes.
"""

import argparse
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import anyio

from against_picture import draw
from against_record import Key, Record
from against_tables import SETPOINT, Row, compact, outcomes, table
from baselines import BASELINES, Job, Loop, Trial
from peers import PEERS, missing, versions
from plant import REGIMES, Plant, Regime
from plant.world import STRUCTURE
from setpoint.core.action import Role
from setpoint.core.event import Opened, RoleModel
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import UsageError
from setpoint.ledgers import MemoryLedger
from setpoint.roles import ModelAuthor, ModelCritic, ModelMediator
from setpoint.rubric.probe import battery
from setpoint.run import Crew, Run

__all__ = ["RESIDENT", "job", "rows", "setpoint_loop"]

SMALL_LOOPS: Final = 50
LONG_TEXT: Final = 1000
"""Words from which on a regime gets half the loops when small: a call costs four times as much."""


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
    regime: Regime,
    seeds: Sequence[int],
    arms: Mapping[str, Loop],
    *,
    tokens: int,
    passes: int,
    known: Mapping[Key, Row] = MappingProxyType({}),
    done: Callable[[Row], None] = lambda _row: None,
) -> list[Row]:
    """Every arm on every seed of a regime; each gets a plant of its own that knows nothing of the others.

    Args:
        regime: the kind of task.
        seeds: one loop of each arm for each.
        arms: the loops by name.
        tokens: the cap on tokens for 240 words.
        passes: the cap on drafts.
        known: loops that were run before; they are not run again.
        done: called with each loop as it ends.
    """
    found: list[Row] = []
    for seed in seeds:
        for name, loop in arms.items():
            one = known.get((regime.name, name, seed))
            if one is None:
                plant = Plant(regime, seed)
                trial = await loop(job(plant, seed, tokens=tokens, passes=passes))
                one = row(regime.name, name, seed, plant, trial)
                done(one)
            found.append(one)
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


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help=f"{SMALL_LOOPS} loops a cell; under two minutes")
    parser.add_argument("--loops", type=int, default=500, help="loops a cell (default: 500)")
    parser.add_argument("--regimes", default=",".join(RESIDENT), help="which regimes, separated by commas")
    parser.add_argument("--arms", default="", help="which loops, separated by commas (default: all but the peers)")
    parser.add_argument("--peers", action="store_true", help="the peers that are installed as well")
    parser.add_argument("--rho", type=float, help="correlation of the critic's errors, instead of the regimes'")
    parser.add_argument("--tokens", type=int, default=40_000, help="cap on tokens for 240 words; longer texts get more")
    parser.add_argument("--passes", type=int, default=8, help="cap on drafts")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--json", type=Path, help="write every loop to this file as it ends, one a line")
    parser.add_argument(
        "--resume", action="store_true", help="take the loops that --json holds as they are, if this code made them"
    )
    parser.add_argument("--page", type=Path, help="write the tables to this Markdown page as well")
    parser.add_argument("--picture", type=Path, help="draw the shares satisfied, by regime, as SVG")
    return parser.parse_args(given)


def _arms(asked: argparse.Namespace) -> dict[str, Loop]:
    """The loops that were asked for, in the order of the table; a peer that cannot run is left out loudly.

    Raises:
        UsageError: if there is no loop or regime of that name.
    """
    everyone = dict(ARMS)
    named = [name for name in asked.arms.split(",") if name] or list(ARMS)
    for name, peer in PEERS.items():
        if not asked.peers and name not in named:
            continue
        if lacks := missing(name):
            print(f"SKIPPED {name}: {lacks}", file=sys.stderr)
            named = [one for one in named if one != name]
            continue
        everyone[name] = peer.loop
        if name not in named:
            named.append(name)
    unknown = [name for name in named if name not in everyone]
    unknown += [name for name in asked.regimes.split(",") if name not in REGIMES]
    if unknown:
        known = f"regimes: {', '.join(REGIMES)}; loops: {', '.join([*ARMS, *PEERS])}"
        raise UsageError(f"unknown: {', '.join(unknown)}; {known}")
    return {name: everyone[name] for name in named}


def _run(asked: argparse.Namespace, arms: Mapping[str, Loop]) -> list[Row]:
    """All loops, with each one written down as it ends."""
    record = Record(asked.json, f"{asked.tokens} {asked.passes} {asked.rho}", resume=asked.resume)
    began = time.perf_counter()
    found: list[Row] = []
    for name in asked.regimes.split(","):
        regime = REGIMES[name] if asked.rho is None else replace(REGIMES[name], rho=asked.rho)
        small = SMALL_LOOPS // 2 if regime.words > LONG_TEXT else SMALL_LOOPS
        loops = small if asked.small else asked.loops
        work = partial(
            rows,
            regime,
            range(asked.seed, asked.seed + loops),
            arms,
            tokens=asked.tokens,
            passes=asked.passes,
            known=record.known,
            done=record.add,
        )
        found.extend(anyio.run(work))
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return found


def _page(asked: argparse.Namespace, found: Sequence[Row], seconds: float) -> str:
    """Everything that is printed."""
    took = "" if asked.resume else f" in {seconds:.0f} s"
    peers = versions() if any(one.arm in PEERS for one in found) else ""
    said = (
        f"Simulated author and critic with known truth; seeds {asked.seed} onwards, paired; cap {asked.tokens:,} tokens "
        f"(for 240 words) and {asked.passes} drafts"
        f"{'' if asked.rho is None else f'; critics with rho = {asked.rho}'}. {len(found)} loops{took}, "
        f"Python {platform.python_version()}{f'; {peers}' if peers else ''}. Brackets: 95 % intervals (Wilson; the last "
        "column over paired seeds)."
    )
    source = "Written by `python bench/against.py`; [what it says and what not](../benchmarks.md)."
    parts = ["# Mechanism tests: loops on the plant", said, *([source] if asked.page else [])]
    parts += ["## Share truly satisfied, %, and tokens", compact(found), "## Everything", table(found)]
    if any(one.arm == SETPOINT for one in found):
        parts += ["## How Setpoint's runs ended", outcomes(found)]
    return "\n\n".join(parts)


def main(given: Sequence[str] | None = None) -> int:
    """Run it and print the tables."""
    asked = _arguments(given)
    try:
        arms = _arms(asked)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    began = time.perf_counter()
    found = _run(asked, arms)
    page = _page(asked, found, time.perf_counter() - began)
    if asked.page:
        asked.page.write_text(page + "\n", encoding="utf-8")
    if asked.picture:
        asked.picture.write_text(draw(found), encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
