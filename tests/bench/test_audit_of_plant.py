"""The audit against the simulated critic, whose sensitivity and false alarms are known, through its prompts."""

import json
import random
import re
from dataclasses import replace

from audit_world import bounds, built
from plant import REGIMES, Plant
from plant.world import Mark
from setpoint.core.event import RoleModel
from setpoint.ports import Prompt
from setpoint.roles import ModelCritic
from setpoint.rubric.audit import Auditor, Bench, Journal, Plan, Planter, Tally, audit
from setpoint.testing import ScriptedModel

REGIME = replace(REGIMES["middling"], sensitivity=0.75, alarm=0.1, rho=0.2, broken=0.0, fenced=0.0, judged=8)


def _good(plant: Plant, seed: int) -> str:
    """A text that meets every demand."""
    world, rng = plant.world, random.Random(seed)
    parts = [world.title]
    for number, heading in enumerate(world.headings):
        own = [d for d in range(len(world.spec.criteria)) if d != world.structure and world.section(d) == number]
        parts += [f"\n## {heading}\n", *(world.sentence(Mark(demand, good=True), rng) for demand in own)]
    return "\n".join(parts) + "\n"


def _planter(plant: Plant) -> Planter:
    """Plants a sentence that does not serve, and tells the truth when two versions are compared."""
    world, rng = plant.world, random.Random(1)

    def answer(prompt: Prompt) -> str:
        demand = next(n for n, c in enumerate(plant.spec.criteria) if c.says in prompt.user)
        if "Does text A meet the demand" in prompt.user:
            one, other = re.findall(r"begin text [AB]\]\n(.*?)\n\[\w+ end text", prompt.user, re.DOTALL)
            name = plant.spec.criteria[demand].name
            said = {key: "yes" if plant.truth(text)[name] else "no" for key, text in (("A", one), ("B", other))}
            return json.dumps({"why": "so it is", **said})
        lines = re.findall(r"^ *(\d+) (.*)$", prompt.user, re.MULTILINE)
        number = next(int(n) for n, line in lines if any(mark.demand == demand for mark in world.marks(line)))
        return json.dumps({"edits": [{"line": number, "text": world.sentence(Mark(demand, good=False), rng)}]})

    return Planter(model=ScriptedModel(answer, name="scripted:planter"))


async def test_the_audit_measures_the_simulated_critic_rightly() -> None:
    """The 95 % intervals over all criteria hold the sensitivity and the false alarms that the simulator was set to."""
    noticed = passed = Tally()
    for seed in range(4):
        plant = Plant(REGIME, seed)
        judged = tuple(c for c in plant.spec.criteria if c.check is None and c.name != "arrangement")
        spec = replace(plant.spec, criteria=judged)
        plan = Plan(
            spec=spec,
            drafts={f"draft {n}": _good(plant, n) for n in range(4)},
            critic=RoleModel(role="critic", model=plant.name),
            planted=8,
            readings=1,
            with_canaries=False,
            seed=seed,
        )
        assert all(plant.truth(text)[c.name] for text in plan.texts for c in judged)
        bench = Bench(critic=ModelCritic(plant), planters=(_planter(plant),), checks=built(spec))
        found = audit(plan, await Auditor(plan, bench, Journal(None, {})).run())
        assert found.stopped == ""
        assert found.unusable.hits == 0
        for entry in found.criteria:
            noticed, passed = noticed + entry.noticed, passed + entry.passed
    assert noticed.n >= 100
    low, high = bounds(noticed)
    assert low <= REGIME.sensitivity <= high
    low, high = bounds(passed)
    assert low <= 1 - REGIME.alarm <= high
