"""Mechanism test: is "about 93 % sure" true? Stated belief against latent truth, on the plant.

    python bench/sure.py --loops 200

Each loop's critic was measured beforehand on labels that are drawn from its true rates, as a person's sample would be.
A text is accepted, Setpoint says how sure that is, and only then the truth is looked at. The plant shows that the
arithmetic holds where the critic's errors are of the assumed kind; it says nothing about any product's critic.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from plant import REGIMES, Plant, Regime
from plant.world import dice
from setpoint.core.belief import believes
from setpoint.core.event import CriticOn, Opened, RoleModel
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, says_digest
from setpoint.ledgers import MemoryLedger
from setpoint.roles import ModelAuthor, ModelCritic
from setpoint.run import Crew, Run

__all__ = ["Told", "measured", "told"]

_AUTHORS: Final = {"strong": "plant:strong-70b", "middling": "plant:middling-8b", "weak": "plant:weak-1.5b"}
"""Names from which Setpoint guesses what an author is like, as it does for real ones."""
LABELS: Final = 50
"""Labelled failures, and as many passes, for each criterion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one accepted run said about itself, and what was true."""

    sure: float
    true: bool
    criteria: tuple[tuple[float, bool], ...]
    """For each judged criterion: how sure, and whether it is met."""
    readings: int
    """Votes on the accepted text, over all criteria."""


def measured(plant: Plant, seed: int, many: int = LABELS) -> tuple[CriticOn, ...]:
    """What labels would say about the plant's critic: counts drawn from its rates."""
    regime = plant.world.regime
    luck = dice("labels", regime.drawn_by, seed)
    return tuple(
        CriticOn(
            role="critic",
            criterion=criterion.name,
            digest=says_digest(criterion),
            noticed=sum(luck.random() < regime.sensitivity for _ in range(many)),
            failures=many,
            passed=sum(luck.random() >= regime.alarm for _ in range(many)),
            passes=many,
            labels=2 * many,
        )
        for criterion in plant.spec.judged
    )


async def told(regime: Regime, seed: int) -> Told | None:
    """One loop; None if it did not end as accepted."""
    plant = Plant(regime, seed)
    opened = Opened(
        spec=plant.spec,
        budget=Budget(passes=12, tokens=120_000),
        policy=Policy(),
        models=(RoleModel(role="author", model=_AUTHORS[regime.name]), RoleModel(role="critic", model=plant.name)),
        title="plant",
        reply_tokens=4 * regime.words,
        seed=seed,
        nonce=f"{seed:016x}",
        known=measured(plant, seed),
    )
    crew = Crew(
        author=ModelAuthor(plant), critics={"critic": ModelCritic(plant)}, checks=plant.checks(), clock=lambda: 0.0
    )
    run = await Run.open(f"plant-{seed}", opened, MemoryLedger(lambda: 0.0))
    result = await run.drive(crew)
    best = run.state.best
    if not result.accepted or best is None:
        return None
    truth, belief = plant.truth(result.text), believes(run.state, best)
    return Told(
        sure=belief.whole,
        true=all(truth.values()),
        criteria=tuple((row.probability, truth[row.criterion]) for row in belief.criteria),
        readings=sum(row.votes for row in belief.criteria),
    )


def _line(name: str, rho: float, loops: int, found: Sequence[Told]) -> str:
    n = len(found)
    if not n:
        return f"| {name} | {rho} | 0 of {loops} | | | | | |"
    sure, true = sum(one.sure for one in found) / n, sum(one.true for one in found) / n
    error = 1.96 * math.sqrt(max(true * (1 - true), 1 / n) / n)
    pairs = [pair for one in found for pair in one.criteria]
    each, met = sum(p for p, _ in pairs) / len(pairs), sum(t for _, t in pairs) / len(pairs)
    brier = sum((one.sure - one.true) ** 2 for one in found) / n
    votes = sum(one.readings for one in found) / len(pairs)
    return (
        f"| {name} | {rho} | {n} of {loops} | {sure:.3f} | {true:.3f} ± {error:.3f} | {each:.3f} | {met:.3f} "
        f"| {brier:.3f} | {votes:.2f} |"
    )


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--loops", type=int, default=200, help="for each line of the table")
    asked.add_argument("--regimes", default="strong,middling,weak", help="strong, middling or weak, with commas")
    asked.add_argument("--rho", default="0,0.5", help="correlations of the critic's errors, with commas")
    given = asked.parse_args()
    print("| regime | rho | accepted | stated | true | stated each | true each | Brier | votes each |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in given.regimes.split(","):
        for rho in given.rho.split(","):
            regime = replace(REGIMES[name], rho=float(rho))
            found = [one for seed in range(given.loops) if (one := anyio.run(told, regime, seed)) is not None]
            print(_line(name, float(rho), given.loops, found), flush=True)


if __name__ == "__main__":
    main()
