"""Setpoint's own prompts mean to the plant what Setpoint means by them; the plant knows none of their words."""

from dataclasses import replace

import anyio

from against import job
from plant import REGIMES, Plant
from plant.forms import property_names
from plant.grasp import Request, grasp
from plant.reader import Message
from setpoint.core.action import Judge, Revise, Write
from setpoint.core.event import Opened, Recorded, Requested, RoleModel
from setpoint.core.policy import LADDER_LONG, LADDER_SHORT, Policy
from setpoint.core.spec import Budget
from setpoint.ledgers import MemoryLedger
from setpoint.ports import Prompt, Reply
from setpoint.roles import ModelAuthor, ModelCritic
from setpoint.rubric.probe import battery
from setpoint.run import Crew, Run


class Listening:
    """A plant that also keeps what it understood."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.name = plant.name
        self.heard: list[Request] = []

    async def ask(self, prompt: Prompt) -> Reply:
        messages = [Message("system", prompt.system), Message("user", prompt.user)]
        self.heard.append(grasp(self.plant.world, messages, property_names(prompt.schema)))
        return await self.plant.ask(prompt)


def heard(seed: int, policy: Policy) -> tuple[Plant, list[tuple[Requested, Request]]]:
    """What Setpoint asked for in one run, and what the plant understood."""
    plant = Plant(replace(REGIMES["weak"], abstain=0.05), seed)
    model = Listening(plant)
    work = job(plant, seed, tokens=80_000, passes=8)
    asked: list[Requested] = []

    def note(recorded: Recorded) -> None:
        if isinstance(recorded.event, Requested):
            asked.append(recorded.event)

    async def go() -> None:
        opened = Opened(
            spec=work.spec,
            budget=Budget(passes=8, tokens=work.tokens),
            policy=policy,
            models=(RoleModel(role="author", model="plant"), RoleModel(role="critic", model="plant")),
            title="t",
            reply_tokens=work.reply_tokens,
            nonce="abc",
        )
        crew = Crew(
            author=ModelAuthor(model),
            critics={"critic": ModelCritic(model, battery())},
            checks=work.checks,
            clock=lambda: 0.0,
        )
        run = await Run.open("r", opened, MemoryLedger(lambda: 0.0), note)
        await run.drive(crew)

    anyio.run(go)
    assert len(asked) == len(model.heard)
    return plant, list(zip(asked, model.heard, strict=True))


LADDER_ONLY = ("gain", "competing", "mediate", "promote", "freeze", "off_strategy", "restart")
"""Without remedies, which say more than targets; tests of their own send them."""


def test_every_prompt_of_a_run_is_understood():
    """Writing, revising in each move, and readings: targets, draft and demands arrive as they were meant."""
    moves: set[str] = set()
    runs = [
        heard(seed, Policy(short_ladder=ladder, off=LADDER_ONLY))
        for seed in range(6)
        for ladder in (LADDER_SHORT, LADDER_LONG)
    ]
    for plant, pairs in runs:
        number = plant.world.numbers
        for requested, request in pairs:
            match requested.action:
                case Write():
                    assert (request.act, set(request.fix), len(request.listed)) == ("write", set(), 8)
                    assert not request.draft.lines
                case Revise(move=move, targets=targets):
                    moves.add(move)
                    assert request.act == "write"
                    assert {number[name] for name in targets} <= set(request.fix)
                    assert (move == "redraft") == request.fresh == (not request.draft.lines)
                    if move != "redraft":
                        assert {number[name] for name in targets} == set(request.fix)
                case Judge(criteria=criteria):
                    assert request.act == "judge"
                    assert {number[name] for name in criteria} == set(request.asked)
                    assert request.draft.lines
                case _:
                    pass
    assert moves == {"edit", "rewrite", "redraft"}
