"""A run told in plain lines, one per event, for logs and for terminals that cannot redraw.

`Narrator.tell` sees the states before and after an event; it keeps nothing but which pass it has spoken about last.
"""

from collections.abc import Iterator, Sequence

from setpoint.core.action import (
    Contradict,
    Freeze,
    Judge,
    LockOutline,
    Prefer,
    Promote,
    Restart,
    Revise,
    SetAside,
    Thaw,
    Write,
)
from setpoint.core.event import (
    Amended,
    Answered,
    CallFailed,
    Cancelled,
    Drafted,
    Event,
    Extended,
    Judged,
    Measured,
    Mediated,
    Misjudged,
    MoveFailed,
    Opened,
    Overruled,
    PatchMissed,
    Probed,
    Requested,
    Resumed,
    Stopped,
)
from setpoint.core.fault import Verdict
from setpoint.core.state import State
from setpoint.report.history import continuing, note_of, targets_of
from setpoint.report.outlook import forecast_says
from setpoint.report.readings import gained, lost, probe_view, result
from setpoint.report.text import and_list, dollars, duration, few, one_line, plural, thousands
from setpoint.report.words import (
    call_says,
    decision_says,
    distrust_says,
    failure_says,
    outcome_title,
    policy_says,
    purpose_says,
    role_says,
    rule_says,
)

__all__ = ["Narrator", "probe_says", "spending"]

_NAMED = 12
"""So many criteria are named in a line; the report has all of them."""


class Narrator:
    """Tells events in sentences."""

    def __init__(self) -> None:
        self._told = 0
        """The last pass whose result was told."""

    def tell(self, before: State | None, after: State, event: Event) -> Iterator[str]:
        """The lines for one event; untrusted text in them is not cleaned yet."""
        if isinstance(event, Opened):
            yield from _opening(after)
        elif before is not None:
            author_next = isinstance(event, Requested) and isinstance(event.action, Write | Revise)
            if author_next or isinstance(event, Stopped):
                yield from self._result(after)
            yield from _told(before, after, event)

    def _result(self, state: State) -> Iterator[str]:
        """What became of the last pass, told once, when it is settled."""
        entry = state.passes[-1] if state.passes else None
        if entry is None or entry.number == self._told:
            return
        self._told = entry.number
        what = result(state, entry)
        won, gone = and_list(gained(state, entry)), and_list(lost(state, entry))
        why = "; ".join(part for part in (f"gained {won}" if won else "", f"lost {gone}" if gone else "") if part)
        because = f" ({why})" if why else ""
        match what:
            case "kept":
                best = state.best
                still = state.open_criteria(best) if best else ()
                rest = f"open: {few(still, _NAMED)}" if still else "nothing is open"
                yield f"pass {entry.number}: draft {entry.draft} is kept{because}; {rest}"
            case "rolled_back":
                yield f"pass {entry.number}: draft {entry.draft} is rolled back{because}; it is not nearer than the best"
            case "unread" | "pending":
                yield f"pass {entry.number}: draft {entry.draft} was not read in full"
            case "failed":
                return


def _opening(state: State) -> Iterator[str]:
    spec, opened = state.spec, state.opened
    measured = f"{len(spec.checked)} by checks, {len(spec.judged)} by a critic"
    yield f"{one_line(opened.title)}: {plural(len(spec.criteria), 'criterion')} ({measured}); at most {_caps(state)}"
    shown = [model for model in opened.models if model.role != "mediator"]
    yield "; ".join(f"{model.role}: {model.model}" for model in shown) or "no models"
    if ahead := forecast_says(state):
        yield f"forecast: {ahead}"
    if unusual := policy_says(state.policy):
        yield f"policy: {unusual}"


def _policy(event: Extended | Resumed) -> str:
    """Which policy holds from here on, if it is another one."""
    return "" if event.policy is None else f"; policy: {policy_says(event.policy) or 'the usual one'}"


def _caps(state: State) -> str:
    budget = state.budget
    caps = [plural(budget.passes, "pass")]
    caps += [plural(budget.tokens, "token")] if budget.tokens is not None else []
    caps += [dollars(budget.money)] if budget.money is not None else []
    caps += [duration(budget.seconds)] if budget.seconds is not None else []
    return and_list(caps)


def spending(state: State) -> str:
    """Spent against the caps, on one line."""
    spent, budget = state.spent, state.budget
    of_tokens = f" of {thousands(budget.tokens)}" if budget.tokens is not None else ""
    of_money = f" of {dollars(budget.money)}" if budget.money is not None else ""
    of_seconds = f" of {duration(budget.seconds)}" if budget.seconds is not None else ""
    unpriced = f" and {plural(spent.unpriced, 'call')} of unknown price" if spent.unpriced else ""
    return (
        f"{len(state.passes)} of {plural(budget.passes, 'pass')}, "
        f"{thousands(spent.tokens)}{of_tokens} tokens, "
        f"{dollars(spent.money + spent.uncertain_money)}{of_money}{unpriced}, "
        f"{duration(state.elapsed)}{of_seconds}"
    )


def _missed(misses: Sequence[str]) -> str:
    return f"{plural(len(misses), 'edit')} did not apply: {'; '.join(one_line(miss, 160) for miss in misses)}"


def _told(before: State, after: State, event: Event) -> Iterator[str]:  # noqa: C901, PLR0912 - a case each
    match event:
        case Requested():
            yield from _request(before, event)
        case Drafted():
            yield _draft_line(before, after)
            if event.cut:
                yield "the reply was cut off again; the draft is what it holds up to its last whole sentence"
            if event.misses:
                yield _missed(event.misses)
        case MoveFailed():
            yield f"pass {len(after.passes)}: no draft. {failure_says(event.why).rstrip('.')}: {one_line(event.detail)}"
        case PatchMissed():
            yield _missed(event.misses)
        case Measured():
            yield _verdict_line(f"draft {event.draft}, checks", event.verdicts)
        case Judged():
            action = before.pending.action if before.pending else None
            what = purpose_says(action.purpose).lower() if isinstance(action, Judge) else "reading"
            yield _verdict_line(f"draft {event.draft}, {what}", event.verdicts)
        case Misjudged():
            yield f"the critic's reply could not be used: {one_line(event.detail)}"
        case CallFailed():
            yield f"the call to the {event.role} failed: {one_line(event.detail)}"
        case Probed():
            yield from _probe_lines(after, event)
        case SetAside() | Prefer() | Promote() | Freeze() | Thaw() | Contradict() | Restart() | LockOutline():
            yield decision_says(event)
        case Mediated() | Answered() | Overruled() | Amended():
            yield note_of(before, event)
        case Extended():
            yield f"more budget; now at most {_caps(after)}{_policy(event)}"
        case Resumed():
            yield f"taken up again{_policy(event)}"
        case Cancelled():
            yield f"ended by hand: {one_line(event.why)}"
        case Stopped():
            yield f"{outcome_title(event.outcome).lower()}: {one_line(event.reason)}; {spending(after)}"
        case Opened():
            return


def _request(state: State, event: Requested) -> Iterator[str]:
    action = event.action
    model = state.model(event.role)
    number = len(state.passes) + (event.role == "author")
    who = f"waiting for {role_says(event.role)} ({model.model})" if model else f"waiting for {role_says(event.role)}"
    if isinstance(action, Write | Revise):
        if why := continuing(state, event):
            yield why
        yield f"pass {number}: {call_says(action)}. {rule_says(event.rule)}"
        for target in targets_of(state, action) if isinstance(action, Revise) else ():
            yield f"  fix {target.criterion}: {one_line(target.directive)}"
        yield who
    else:
        yield f"{who}: {call_says(action)}"


def _draft_line(before: State, after: State) -> str:
    latest, entry = after.latest, after.passes[-1]
    words = plural(len(latest.draft.text.split()), "word") if latest else ""
    used = after.spent.tokens - before.spent.tokens
    cost = f", {thousands(used)} tokens" if used else ""
    return f"pass {entry.number}: draft {entry.draft}, {words}{cost}"


def _verdict_line(what: str, verdicts: tuple[Verdict, ...]) -> str:
    bad = [verdict for verdict in verdicts if verdict.status != "pass"]
    good = len(verdicts) - len(bad)
    words = {"fail": "fails", "cannot_assess": "cannot be assessed"}
    told = "; ".join(
        f"{v.criterion} {words[v.status]}"
        + (f" ({one_line(v.directive or v.reason, 160)})" if v.reason or v.directive else "")
        for v in bad[:_NAMED]
    )
    told += f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return f"{what}: {good} of {len(verdicts)} pass" + (f"; {told}" if told else "")


def _probe_lines(state: State, event: Probed) -> Iterator[str]:
    view = probe_view(state, event.role)
    if view is not None and view.state == "measured now":
        yield probe_says(state, event)
    else:
        yield f"planted text {event.item + 1} of {state.opened.probe_items} judged by {role_says(event.role)}"


def probe_says(state: State, event: Probed) -> str:
    """The result of a finished probe, and what it means for the run."""
    view = probe_view(state, event.role)
    if view is None:
        return ""
    found = f"the {event.role} noticed {view.noticed} of {plural(view.failures, 'planted fault')}"
    found = f"{found} and passed {view.passed} of {plural(view.passes, 'sound passage')}"
    if view.trusted:
        return f"{found}: it may accept a text"
    return f"{found}: {distrust_says(view)}, so this run can end as unverified at best"
