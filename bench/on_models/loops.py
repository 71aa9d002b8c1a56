"""The arms of the benchmarks on real models: Setpoint, and the loops that people write by hand.

All get the same model at the same temperature, the same checks with the same messages, the same number of drafts and
the same room for a reply. What a loop returns is judged by the task's own verifier and by nothing the loop says.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import setpoint
from baselines import BASELINES, Job
from on_models.calls import Memory
from on_models.echoes import ECHO, echoed
from on_models.metered import Metered
from on_models.provenance import foreign, foreign_in_run
from setpoint.compose import build_checks
from setpoint.core.event import Drafted, Measured, MoveFailed, Recorded, Requested
from setpoint.core.policy import PRESETS, Policy
from setpoint.core.spec import Budget, Spec
from setpoint.ledgers import MemoryLedger
from setpoint.ports import Check, Model
from setpoint.specfile import SpecFile

__all__ = ["ARMS", "ForeignText", "Limits", "Played", "Task", "play"]

NO_CAP: Final = 10**9
NO_MEMORY: Final = Memory()


class ForeignText(AssertionError):  # noqa: N818 - it says what was found
    """A loop returned text that no model wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One text to write.

    Args:
        name: how it is called in the results.
        spec: the target.
        verify: the truth about a text, by requirement.
        custom: by name, the checks that the spec's criteria refer to as ``custom``.
    """

    name: str
    spec: Spec
    verify: Callable[[str], Mapping[str, bool]]
    custom: Mapping[str, Check] = field(default_factory=dict[str, Check])


class Returned(NamedTuple):
    """What a loop gives back."""

    text: str
    outcome: str
    drafts: tuple[str, ...]
    moves: tuple[str, ...]
    """What was done, one line a move; only Setpoint records that."""


class Limits(NamedTuple):
    """What every arm may use."""

    passes: int = 6
    reply_tokens: int = 512


Arm: TypeAlias = Callable[[Task, Metered, Limits, int], Awaitable[Returned]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One task done by one arm."""

    met: Mapping[str, bool]
    """The truth about the text that was returned."""
    met_by_draft: tuple[int, ...]
    """How many requirements each draft truly met, in their order."""
    outcome: str
    calls: int
    input: int
    output: int
    """Tokens written, in all calls."""
    seconds: float
    """How long the calls took."""
    text: str
    echoed: tuple[float, ...]
    """How much of the returned text, and then of each draft, is the prompt handed back (0 to 1)."""
    drafts: tuple[str, ...]
    moves: tuple[str, ...]

    @property
    def answered(self) -> bool:
        """Whether every requirement is met by a text that is not the prompt handed back."""
        return self.passed and self.echoed[0] < ECHO

    @property
    def passed(self) -> bool:
        """Whether every requirement is met."""
        return all(self.met.values())


async def play(
    task: Task,
    arm: str,
    model: Model,
    *,
    seed: int,
    limits: Limits,
    temperature: float = 0.7,
    memory: Memory = NO_MEMORY,
) -> Played:
    """Do a task by an arm; what its memory holds of an earlier play is not asked again.

    Raises:
        ForeignText: if a returned text holds what no reply of the model has.
        ModelError: if the server counts no tokens.
    """
    metered = Metered(model, temperature=temperature, most=limits.reply_tokens, memory=memory)
    returned = await ARMS[arm](task, metered, limits, seed)
    asked = f"{metered.first.system}\n{metered.first.user}" if metered.first else ""
    return Played(
        met=dict(task.verify(returned.text)),
        met_by_draft=tuple(sum(task.verify(draft).values()) for draft in returned.drafts),
        outcome=returned.outcome,
        calls=len(metered.replies),
        input=metered.input,
        output=metered.output,
        seconds=round(metered.seconds, 1),
        text=returned.text,
        echoed=tuple(round(echoed(text, asked), 2) for text in (returned.text, *returned.drafts)),
        drafts=returned.drafts,
        moves=returned.moves,
    )


def _setpoint(policy: Policy) -> Arm:
    async def run(task: Task, model: Metered, limits: Limits, seed: int) -> Returned:
        events: list[Recorded] = []
        result = await setpoint.refine(
            SpecFile(spec=task.spec, reply_tokens=limits.reply_tokens),
            author=model,
            policy=policy,
            budget=Budget(passes=limits.passes),
            checks=task.custom,
            ledger=MemoryLedger(),
            on_event=events.append,
            seed=seed,
        )
        if lost := foreign_in_run(result.text, events, model.replies):
            raise ForeignText(f"{task.name}: {lost}")
        drafts = tuple(r.event.text for r in events if isinstance(r.event, Drafted))
        return Returned(result.text, result.outcome or "", drafts, tuple(_told(events)))

    return run


def _told(events: list[Recorded]) -> list[str]:
    """What a run did, a line for each call, failed move and reading."""
    told: list[str] = []
    for recorded in events:
        match recorded.event:
            case Requested(action=action, rule=rule):
                move = getattr(action, "move", action.kind)
                aimed = ", ".join(getattr(action, "targets", ()))
                told.append(f"{rule}: {move}{f' for {aimed}' if aimed else ''}")
            case MoveFailed(why=why, detail=detail):
                told.append(f"failed: {why}: {detail[:200]}")
            case Measured(verdicts=verdicts):
                told.append(
                    "open: " + "; ".join(f"{v.criterion}: {v.directive}" for v in verdicts if v.status != "pass")
                )
            case event if event.kind not in {"opened", "drafted", "stopped"}:
                told.append(event.kind)
            case _:
                pass
    return told


def _by_hand(loop: str) -> Arm:
    async def run(task: Task, model: Metered, limits: Limits, seed: int) -> Returned:
        job = Job(
            spec=task.spec,
            checks=build_checks(task.spec, (), task.custom),
            author=model,
            critic=model,
            tokens=NO_CAP,
            passes=limits.passes,
            reply_tokens=limits.reply_tokens,
            seed=1000 * seed,
            bare=False,
        )
        trial = await BASELINES[loop](job)
        if lost := foreign(trial.text, model.replies):
            raise ForeignText(f"{task.name}: {lost!r}")
        return Returned(trial.text, trial.outcome, trial.drafts, ())

    return run


def _without(*rules: str) -> Arm:
    return _setpoint(replace(PRESETS["default"], off=rules))


ARMS: Final[Mapping[str, Arm]] = MappingProxyType(
    {
        "Setpoint": _setpoint(PRESETS["default"]),
        "Setpoint canon": _setpoint(PRESETS["canon"]),
        "checklist redraft": _by_hand("checklist redraft"),
        "best of N": _by_hand("best of N"),
        "rewrite all faults": _by_hand("rewrite all faults"),
        "one draft": _by_hand("one draft"),
        "without focus (7)": _without("focus"),
        "without ratchet (8)": _without("ratchet"),
        "without remedies (12)": _without("competing", "mediate", "promote"),
        "without freeze (13)": _without("freeze"),
    }
)
"""The arms by the names that tables use; the last ones switch a rule of Setpoint off."""
