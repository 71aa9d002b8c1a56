"""A small rubric with good texts, critics of known quality, and planters who know the truth; for the audit's tests."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from setpoint import checks
from setpoint.core.event import RoleModel
from setpoint.core.spec import CheckCall, Criterion, Source, Spec
from setpoint.ports import Check, Critic, Prompt
from setpoint.rubric.audit import Audit, Auditor, Bench, Journal, Limits, Plan, Planter, Tally, audit
from setpoint.testing import ScriptedCritic, ScriptedModel

TRUTH: Mapping[str, str] = {
    "room": r"library room 7",
    "fee": r"fee is 12 euros",
    "deadline": r"register by 28 April",
    "gloves": r"bring gardening gloves",
}
SAYS = {
    "room": "Names the library room, with its number 7.",
    "fee": "States the fee of 12 euros.",
    "deadline": "Says that people must register by 28 April.",
    "gloves": "Asks participants to bring gardening gloves.",
}
GOOD = {
    "one": """\
Our workshop on soil care takes place on 4 May at ten in the morning.

We meet in library room 7, on the upper floor. The door is open from half past nine.

The fee is 12 euros, to be paid at the door. Please register by 28 April with Ms Oduya.

You should bring gardening gloves. There is a break with tea at eleven.
""",
    "two": """\
How does soil stay healthy? Come and find out on 4 May.

You should bring gardening gloves, and clothes that may get dirty. Whoever wants to come must register by 28 April.

The talk is held by Ms Oduya, who has kept a garden for twenty years. Look for us in library room 7.

The fee is 12 euros. Members of the garden club are welcome as ever.
""",
    "three": """\
The garden club invites you to a morning about soil.

The fee is 12 euros and covers the tea. There will be time for questions at the end.

Remember to bring gardening gloves. We start at ten o'clock sharp in library room 7, as in the last year.

It helps us to know how many will come, so register by 28 April.
""",
}
GUARD = "judgeable"


def spec(**changes: object) -> Spec:
    """Four criteria for the critic, a check and the guard."""
    criteria = [Criterion(name=name, says=says) for name, says in SAYS.items()]
    criteria.append(
        Criterion(name="short", says="At most 120 words.", check=CheckCall(name="words", params={"max": 120}))
    )
    criteria.append(Criterion(name=GUARD, says="Is a text.", check=CheckCall(name=GUARD, params={})))
    made = Spec(
        brief="An invitation to a workshop on soil care.",
        criteria=tuple(criteria),
        kind="text",
        sources=(Source(name="facts", text="4 May, library room 7, 12 euros, 28 April."),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def built(of: Spec) -> dict[str, Check]:
    """The checks of a spec."""
    context = checks.CheckContext(kind=of.kind)
    return {c.name: checks.build(c.check, context) for c in of.criteria if c.check is not None}


def holds(name: str, text: str) -> bool:
    """Whether a text truly meets a criterion."""
    return re.search(TRUTH[name], " ".join(text.split()), re.IGNORECASE) is not None


def draw(*parts: object) -> float:
    """A number from 0 to 1 that hangs on the parts alone."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:12], 16) / 16**12


def critic(sensitivity: float | Mapping[str, float] = 1.0, specificity: float = 1.0, luck: int = 0) -> ScriptedCritic:
    """A critic that notices that share of faults and passes that share of good texts."""

    def judge(name: str, text: str, call: int) -> bool:
        if holds(name, text):
            return draw(luck, name, text, call) < specificity
        noticing = sensitivity.get(name, 1.0) if isinstance(sensitivity, Mapping) else sensitivity
        return draw(luck, name, text) >= noticing

    return ScriptedCritic(judge)


def planter(
    name: str = "scripted:planter",
    *,
    plants: Callable[[str, str], str] | None = None,
    honest: bool = True,
    demands: Mapping[str, str] = SAYS,
) -> Planter:
    """A model that plants what it is told to, and says of two versions what is true; or says that both are fine."""

    def answer(prompt: Prompt) -> str:
        demand = next(key for key, says in demands.items() if says in prompt.user)
        if "Does text A meet the demand" in prompt.user:
            one, other = re.findall(r"begin text [AB]\]\n(.*?)\n\[\w+ end text", prompt.user, re.DOTALL)
            said = {"A": holds(demand, one), "B": holds(demand, other)} if honest else {"A": True, "B": True}
            return json.dumps({"why": "so it is", **{key: "yes" if met else "no" for key, met in said.items()}})
        lines = re.findall(r"^ *(\d+) (.*)$", prompt.user, re.MULTILINE)
        number, line = next((int(n), line) for n, line in lines if re.search(TRUTH[demand], line, re.IGNORECASE))
        faulty = (
            plants(demand, line)
            if plants
            else re.sub(TRUTH[demand], f"matter {prompt.seed % 97}", line, flags=re.IGNORECASE)
        )
        return json.dumps({"edits": [{"line": number, "text": faulty}]})

    return Planter(model=ScriptedModel(answer, name=name))


def plan(**changes: object) -> Plan:
    """An audit of the three good texts."""
    made = Plan(
        spec=spec(), drafts=GOOD, critic=RoleModel(role="critic", model="scripted:critic"), planted=6, readings=2
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def auditor(
    of: Plan,
    who: Critic,
    *planters: Planter,
    journal: Journal | None = None,
    limits: Limits | None = None,
) -> Auditor:
    """An audit that can be run."""
    bench = Bench(critic=who, planters=planters, checks=built(of.spec), guards=frozenset({GUARD}))
    return Auditor(of, bench, Journal(None, {}) if journal is None else journal, limits)


async def audited(of: Plan, who: Critic, *planters: Planter) -> Audit:
    """The result of a whole audit."""
    return audit(of, await auditor(of, who, *planters).run())


def bounds(tally: Tally) -> tuple[float, float]:
    """The 95 % interval; there must be one."""
    assert tally.interval is not None
    return tally.interval
