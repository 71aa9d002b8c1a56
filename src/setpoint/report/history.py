"""What only the order of events tells: costs per pass, the directives as they were given, and what else happened.

The state at the end of a run no longer knows these; everything else is read off it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from setpoint.core.action import (
    Contradict,
    Freeze,
    Judge,
    LockOutline,
    Prefer,
    Promote,
    Reask,
    Restart,
    Revise,
    SetAside,
    Thaw,
    Write,
)
from setpoint.core.control import faults, textbook_stops
from setpoint.core.event import (
    Amended,
    Answered,
    CallFailed,
    Cancelled,
    Drafted,
    Event,
    Extended,
    Judged,
    Mediated,
    Misjudged,
    Overruled,
    PatchMissed,
    Recorded,
    Requested,
    Resumed,
)
from setpoint.core.fold import begin, evolve
from setpoint.core.state import State
from setpoint.report.text import and_list, dollars, duration, one_line, plural
from setpoint.report.view import TargetView
from setpoint.report.words import answer_says, decision_says, policy_says, purpose_says

__all__ = ["History", "Tally", "continuing", "follow", "note_of", "targets_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was spent on one pass."""

    tokens: int = 0
    author_tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class History:
    """The final state, and what was collected by pass; 0 stands for what came before the first pass."""

    state: State
    tallies: dict[int, Tally] = field(default_factory=dict[int, Tally])
    rules: dict[int, str] = field(default_factory=dict[int, str])
    """The rule that asked for the pass, not the one that asked again for its edits."""
    targets: dict[int, tuple[TargetView, ...]] = field(default_factory=dict[int, tuple[TargetView, ...]])
    notes: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def step(self, recorded: Recorded) -> None:
        """Follow one more event."""
        before = self.state
        after = evolve(before, recorded)
        event = recorded.event
        number = _pass_of(before, event)
        self._spend(number, before, after)
        if isinstance(event, Requested) and isinstance(event.action, Write | Revise):
            self.rules[number] = event.rule
            if isinstance(event.action, Revise):
                self.targets[number] = targets_of(before, event.action)
        if note := note_of(before, event):
            self.notes.setdefault(number, []).append(note)
        self.state = after

    def _spend(self, number: int, before: State, after: State) -> None:
        """Book the difference between two states to a pass."""
        old = self.tallies.get(number, Tally())
        author, was_author = after.spent_by.get("author"), before.spent_by.get("author")
        self.tallies[number] = Tally(
            tokens=old.tokens + after.spent.tokens - before.spent.tokens,
            author_tokens=old.author_tokens
            + (author.tokens if author else 0)
            - (was_author.tokens if was_author else 0),
            money=old.money
            + (after.spent.money + after.spent.uncertain_money)
            - (before.spent.money + before.spent.uncertain_money),
            seconds=old.seconds + after.elapsed - before.elapsed,
        )


def follow(events: Sequence[Recorded]) -> History:
    """Follow a run from its first event.

    Raises:
        ValueError: if there are no events, or the first does not open a run.
    """
    if not events:
        raise ValueError("a run without events has no summary")
    history = History(state=begin(events[0]))
    for recorded in events[1:]:
        history.step(recorded)
    return history


def targets_of(state: State, action: Revise) -> tuple[TargetView, ...]:
    """The faults that an action is to fix, as the author is told about them."""
    known = {fault.criterion.name: fault for fault in faults(state, state.draft(action.base))}
    return tuple(
        TargetView(criterion=name, reason=fault.reason, directive=fault.directive, quotes=fault.quotes)
        for name in action.targets
        if (fault := known.get(name)) is not None
    )


def _pass_of(state: State, event: Event) -> int:
    """Which pass an event belongs to: an author's call to the pass that it makes, the rest to the one before."""
    current = len(state.passes)
    request = event if isinstance(event, Requested) else state.pending
    authoring = request is not None and isinstance(request.action, Write | Revise | Reask)
    given = isinstance(event, Drafted) and event.call is None
    return current + 1 if authoring or given else current


def continuing(state: State, event: Event) -> str:
    """Why the run goes on where the textbook would have stopped; empty where it does not."""
    if not isinstance(event, Requested) or not isinstance(event.action, Revise) or state.policy.preset == "canon":
        return ""
    if not textbook_stops(state):
        return ""
    tactic = f"{event.action.move}{', sampled more freely' if event.action.setting == 'varied' else ''}"
    return (
        f"The last pass resolved nothing; continuing because this is untried: {tactic} (rule 11). "
        "The preset canon stops here."
    )


def note_of(state: State, event: Event) -> str:  # noqa: C901, PLR0912 - a case each
    """What happened besides drafts and first readings, in one sentence; empty if there is nothing to say."""
    match event:
        case Requested():
            return continuing(state, event)
        case PatchMissed():
            return f"{_missed(event.misses)} and the author was asked again ({_reasons(event.misses)})."
        case Drafted(misses=misses) if misses:
            return f"{_missed(misses)}; the others did ({_reasons(misses)})."
        case Judged():
            return _reading_note(state, event)
        case Misjudged():
            return f"A critic's reply could not be used and says nothing about the text: {one_line(event.detail)}"
        case CallFailed():
            return f"A call to the {event.role} failed: {one_line(event.detail)}"
        case SetAside() | Prefer() | Promote() | Freeze() | Thaw() | Contradict() | Restart() | LockOutline():
            return decision_says(event)
        case Mediated():
            found = f"it cites: {one_line(event.competing, 160)}" if event.competing else "it found nothing"
            return f"A model looked for what competes with {event.criterion}; {found}."
        case Answered():
            return answer_says(event)
        case Overruled():
            ruled = "passes" if event.passes else "fails"
            return f"{event.who} settled that {event.criterion} {ruled} (draft {event.draft}): {one_line(event.why)}"
        case Amended():
            return f"{event.who} changed the spec: {one_line(event.why)}. Everything was measured again."
        case Extended():
            return f"The budget was extended by {_extension(event)}.{_policy(event)}"
        case Resumed():
            lost = "; the call in flight was given up and may have been billed" if state.pending else ""
            return f"The run was taken up again{lost}.{_policy(event)}"
        case Cancelled():
            return f"The run was ended by hand: {one_line(event.why)}"
        case _:
            return ""


def _missed(misses: Sequence[str]) -> str:
    return f"{plural(len(misses), 'edit')} did not apply"


def _reasons(misses: Sequence[str]) -> str:
    return "; ".join(one_line(miss, 160) for miss in misses)


def _reading_note(state: State, event: Judged) -> str:
    """Readings beyond the first are told, because they can overturn it."""
    request = state.pending
    action = request.action if request else None
    if not isinstance(action, Judge) or action.purpose in {"first", "fresh"}:
        return ""
    words = {"pass": "passes", "fail": "fails", "cannot_assess": "cannot be assessed"}
    verdicts = and_list(f"{verdict.criterion} {words[verdict.status]}" for verdict in event.verdicts)
    return f"{purpose_says(action.purpose)} (draft {event.draft}): {verdicts}."


def _policy(event: Extended | Resumed) -> str:
    if event.policy is None:
        return ""
    return f" It goes by another policy from here on: {policy_says(event.policy) or 'the usual one'}."


def _extension(event: Extended) -> str:
    parts = (
        plural(event.passes, "pass") if event.passes else "",
        plural(event.tokens, "token") if event.tokens else "",
        dollars(event.money) if event.money else "",
        duration(event.seconds) if event.seconds else "",
    )
    return and_list(part for part in parts if part) or "nothing"
