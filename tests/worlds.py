"""Small worlds for tests: a spec, an author, a critic and checks whose behaviour is a function of a seed.

A text is a set of words. A criterion is met if its word is there; ``avoid-…`` criteria are met if it is not. Two
criteria about the same word contradict each other.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from setpoint.core.action import Judge, Probe, Reask, Revise, Write
from setpoint.core.draft import Edit
from setpoint.core.event import Drafted, Judged, Misjudged, MoveFailed, Opened, PatchMissed, Probed, RoleModel
from setpoint.core.fault import Verdict
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, CheckCall, Criterion, Spec
from setpoint.core.state import State
from setpoint.errors import ModelError
from setpoint.ports import Author, Check, Critic, Finding, Mediator, Person
from setpoint.run import Crew
from setpoint.testing import ScriptedAuthor, ScriptedCritic


@dataclass(frozen=True, slots=True)
class Has:
    """A check: the word is there, or is not."""

    word: str
    wanted: bool = True

    def measure(self, text: str) -> Finding:
        if (self.word in text.split()) == self.wanted:
            return Finding(passed=True)
        act = "add" if self.wanted else "cut"
        return Finding(passed=False, message=f"{act} the word {self.word!r}", shortfall=1.0)


def criterion(name: str, *, judged: bool = False, impact: int = 3, core: bool = False) -> Criterion:
    """A criterion about the word after the last hyphen of its name."""
    check = None if judged else CheckCall(name="has", params={"word": name})
    return Criterion(name=name, says=f"It is about {name}.", impact=impact, core=core, check=check)


def meets(name: str, text: str) -> bool:
    """The truth about a criterion."""
    word = name.rsplit("-", maxsplit=1)[-1]
    return (word in text.split()) != name.startswith("avoid-")


def checks(spec: Spec) -> dict[str, Check]:
    """A check for every criterion that has one."""
    return {
        c.name: Has(c.name.rsplit("-", maxsplit=1)[-1], wanted=not c.name.startswith("avoid-"))
        for c in (*spec.outline, *spec.criteria)
        if c.check is not None
    }


def opened(spec: Spec, **changes: object) -> Opened:
    """The first event of a run with scripted models."""
    models = [RoleModel(role="author", model="scripted:author")]
    if spec.judged:
        models.append(RoleModel(role="critic", model="scripted:critic", sensitivity=1.0, specificity=1.0))
    first = Opened(
        spec=spec, budget=Budget(), policy=Policy(), models=tuple(models), title="test", reply_tokens=200, nonce="n"
    )
    return replace(first, **changes)  # type: ignore[arg-type]


def crew(
    spec: Spec,
    texts: list[str] | Callable[[int, Write | Revise | Reask, State], "str | Drafted | PatchMissed | MoveFailed"],
    judge: Callable[[str, str, int], "bool | Verdict | None"] | None = None,
    *,
    mediator: Mediator | None = None,
    person: Person | None = None,
    **critics: Critic,
) -> Crew:
    """A crew from a script of texts and a judge (the truth, by default)."""
    critic = ScriptedCritic(judge or (lambda name, text, _call: meets(name, text)))
    everyone: dict[str, Critic] = {"critic": critic, **critics}
    return Crew(
        author=ScriptedAuthor(texts),
        critics=everyone,  # type: ignore[arg-type]
        checks=checks(spec),
        mediator=mediator,
        person=person,
        clock=lambda: 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An author and a critic of any competence, failing in any way, decided by a seed and the number of the call.

    Args:
        seed: what everything follows from.
        skill: the chance that the author fixes a targeted criterion.
        harm: the chance that it breaks one that held.
        trouble: the chance that a call goes wrong.
        noise: the chance that a critic says the opposite of the truth.
    """

    spec: Spec
    seed: int
    skill: float = 0.6
    harm: float = 0.1
    trouble: float = 0.1
    noise: float = 0.1
    calls: list[int] = field(default_factory=list[int])

    def crew(self) -> Crew:
        """A crew of this world."""
        return Crew(
            author=cast("Author", self),
            critics={"critic": cast("Critic", self), "confirmer": cast("Critic", self)},
            checks=checks(self.spec),
            clock=lambda: 0.0,
        )

    def _dice(self, call: int, state: State) -> random.Random:
        return random.Random(f"{self.seed}:{call}:{len(state.passes)}")

    async def perform(
        self, call: int, action: Write | Revise | Reask | Judge, state: State
    ) -> Drafted | PatchMissed | MoveFailed | Judged | Misjudged:
        self.calls.append(call)
        dice = self._dice(call, state)
        if dice.random() < self.trouble / 4:
            raise ModelError("the line is down", kind="unreachable")
        if isinstance(action, Judge):
            return self._judge(call, action, state, dice)
        return self._write(call, action, state, dice)

    async def probe(self, call: int, action: Probe, state: State) -> Probed | Misjudged:
        noticed = self._dice(call, state).randint(0, 2)
        return Probed(call=call, role=action.role, item=action.item, noticed=noticed, failures=2, passed=1, passes=1)

    def _judge(self, call: int, action: Judge, state: State, dice: random.Random) -> Judged | Misjudged:
        if dice.random() < self.trouble:
            return Misjudged(call=call, draft=action.draft, why="unparsable", detail="prose")
        text = state.draft(action.draft).draft.text
        verdicts: list[Verdict] = []
        for name in action.criteria:
            good = meets(name, text) != (dice.random() < self.noise)
            status = "cannot_assess" if dice.random() < self.trouble / 2 else "pass" if good else "fail"
            directive = "" if status != "fail" else dice.choice(["improve the flow", f"in line 1 mention {name} once"])
            lines = (1,) if dice.random() < 0.5 else ()
            verdicts.append(
                Verdict(
                    criterion=name,
                    status=status,
                    reason="r",
                    directive=directive,
                    lines=lines,
                    by="critic",
                    shortfall=float(status == "fail"),
                )
            )
        return Judged(call=call, draft=action.draft, verdicts=tuple(verdicts), wishes=("more air",))

    def _write(
        self, call: int, action: Write | Revise | Reask, state: State, dice: random.Random
    ) -> Drafted | PatchMissed | MoveFailed:
        revise = action.revise if isinstance(action, Reask) else action
        move = revise.move if isinstance(revise, Revise) else "first"
        if dice.random() < self.trouble:
            return MoveFailed(call=call, move=move, why="empty", detail="nothing came")
        if isinstance(action, Revise) and move == "edit" and dice.random() < self.trouble:
            edits = (Edit(search="x", replace="y"),)
            return PatchMissed(call=call, revise=action, edits=edits, misses=("edit 1: not there",))
        words = set() if not isinstance(revise, Revise) else set(state.draft(revise.base).draft.text.split())
        for c in self.spec.criteria:
            word = c.name.rsplit("-", maxsplit=1)[-1]
            wanted = not c.name.startswith("avoid-")
            targeted = not isinstance(revise, Revise) or c.name in revise.targets
            if targeted and dice.random() < self.skill:
                (words.add if wanted else words.discard)(word)
            elif not targeted and dice.random() < self.harm:
                (words.discard if wanted else words.add)(word)
        text = " ".join(sorted(words)) or "nothing"
        if isinstance(revise, Revise):
            return Drafted(call=call, text=text, origin=revise.move, base=revise.base)
        return Drafted(call=call, text=text, origin="first")


def truth(spec: Spec, text: str) -> Mapping[str, bool]:
    """Which criteria a text truly meets."""
    return {name: meets(name, text) for name in spec.names()}
