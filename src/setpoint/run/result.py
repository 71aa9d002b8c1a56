"""What a run has come to, ended or not."""

from collections.abc import Mapping
from dataclasses import dataclass

from setpoint.core.action import Ask, Outcome, Stop
from setpoint.core.control import Strength, decide, faults, strength
from setpoint.core.event import Stopped
from setpoint.core.fault import Fault, Verdict
from setpoint.core.record import DraftState, Spent
from setpoint.core.state import State

__all__ = ["Result", "ended", "question_of", "result_of", "returned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended.

    Args:
        run: its id in the ledger.
        text: the best draft, whatever the outcome; empty only if no draft was ever written.
        outcome: one of the named ends; None if the run was cut off.
        reason: why it stopped, in one sentence.
        strength: what an acceptance rests on.
        verdicts: the settled verdict of each criterion on the returned draft.
        faults: what is still open, as directives.
        draft: the number of the returned draft; None without one.
        passes: passes used.
        spent: calls, tokens, money.
        wishes: what critics asked for that no criterion demands.
        set_aside: criterion → why it is no longer targeted.
        question: what the run waits for a person to decide; None if it does not.
    """

    run: str
    text: str
    outcome: Outcome | None
    reason: str
    strength: Strength
    verdicts: Mapping[str, Verdict]
    faults: tuple[Fault, ...]
    draft: int | None
    passes: int
    spent: Spent
    wishes: tuple[str, ...]
    set_aside: Mapping[str, str]
    question: Ask | None = None

    @property
    def accepted(self) -> bool:
        """Whether every criterion passed and was confirmed."""
        return self.outcome == "accepted"


def result_of(run: str, state: State) -> Result:
    """The run as it stands, for the caller."""
    shown = returned(state)
    return Result(
        run=run,
        text=shown.draft.text if shown else "",
        outcome=state.stopped.outcome if state.stopped else None,
        reason=state.stopped.reason if state.stopped else _waiting(state),
        question=question_of(state),
        strength=strength(state),
        verdicts=shown.verdicts() if shown else {},
        faults=faults(state, shown) if shown else (),
        draft=shown.number if shown else None,
        passes=len(state.passes),
        spent=state.spent,
        wishes=state.wishes,
        set_aside=dict(state.set_aside),
    )


def ended(state: State, rule: str, stop: Stop) -> Stopped:
    """The end of a run, as it is recorded."""
    shown = returned(state)
    return Stopped(outcome=stop.outcome, rule=rule, reason=stop.reason, best=shown.number if shown else None)


def question_of(state: State) -> Ask | None:
    """What the run waits for a person to decide; None if it does not."""
    if state.stopped is not None or state.pending is not None:
        return None
    action = decide(state).action
    return action if isinstance(action, Ask) else None


def _waiting(state: State) -> str:
    question = question_of(state)
    return f"waiting for a person: {question.question}" if question is not None else "the run has not ended"


def returned(state: State) -> DraftState | None:
    """The best draft with a full reading, or the latest there is."""
    return state.best or state.latest
