"""The fold over a run's events into the one view model, and its JSON. Nothing here knows how it will look."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import cast, get_args

from setpoint.core.action import Revise, Role, Write
from setpoint.core.belief import RHO_SAME, believes
from setpoint.core.control import faults, strength
from setpoint.core.diagnosis import diagnose
from setpoint.core.event import Recorded
from setpoint.core.fault import Distance
from setpoint.core.spec import Criterion
from setpoint.core.state import DraftState, Pass, Spent, State
from setpoint.report import readings
from setpoint.report.advice import next_steps, spec_advice
from setpoint.report.diff import Diff, compare
from setpoint.report.history import History, Tally, follow
from setpoint.report.outlook import forecast_lines
from setpoint.report.view import (
    CriterionRow,
    DistancePoint,
    ModelRow,
    MoveName,
    OpenFault,
    PassView,
    ProbeView,
    QuestionView,
    SetAsideView,
    SourceRow,
    Spending,
    SpendPoint,
    Summary,
    SureRow,
    SureView,
)
from setpoint.report.words import (
    call_says,
    failure_says,
    outcome_says,
    outcome_title,
    question_says,
    rule_says,
    strength_says,
    sure_says,
)
from setpoint.run import question_of

__all__ = ["Summary", "summarise", "to_json"]

JSON_VERSION = 1


def summarise(events: Sequence[Recorded]) -> Summary:
    """Fold the events of one run, ended or not, into what there is to show.

    Args:
        events: all events of the run in order, as `Ledger.replay` gives them.

    Raises:
        ValueError: if there are no events, or the first does not open a run.
    """
    history = follow(events)
    state, spec, stopped = history.state, history.state.spec, history.state.stopped
    returned = _returned(state)
    outcome = stopped.outcome if stopped else ""
    basis = strength(state) if outcome in {"accepted", "unverified"} else ""
    probes, question, diagnosis = _probes(state), _question(state), diagnose(state)
    return Summary(
        run=events[0].run,
        title=state.opened.title,
        brief=spec.brief,
        kind=spec.kind,
        digest=spec.digest,
        started=events[0].at,
        ended=events[-1].at,
        sources=tuple(SourceRow(name=s.name, characters=len(s.text)) for s in spec.sources),
        models=_models(state),
        outcome=outcome,
        outcome_title="Waiting for a person" if question else outcome_title(outcome),
        outcome_says=question.says if question else outcome_says(outcome),
        rule=stopped.rule if stopped else "",
        rule_says=rule_says(stopped.rule) if stopped else "",
        reason=stopped.reason if stopped else "",
        strength=basis,
        strength_says=strength_says(basis, probes) if basis else "",
        criteria=tuple(_criterion(c, _holder(state, c, returned)) for c in state.all_criteria),
        passes=tuple(_pass(history, entry) for entry in state.passes),
        distance_curve=_distance_curve(state),
        spend_curve=_spend_curve(history),
        returned=returned.number if returned else None,
        text=returned.draft.text if returned else "",
        open_faults=_open_faults(state, returned),
        set_aside=tuple(SetAsideView(criterion=name, why=why) for name, why in state.set_aside.items()),
        wishes=state.wishes,
        probes=probes,
        budget=state.budget,
        spent=_spending(state),
        in_flight=_in_flight(state),
        trouble=state.last_trouble,
        question=question,
        diagnosis=diagnosis,
        next_steps=next_steps(state, events[0].run, returned, diagnosis),
        advice=spec_advice(state, returned, diagnosis),
        forecast=forecast_lines(events),
        sure=_sure(state, returned) if basis and basis != "checks" else None,
    )


def to_json(summary: Summary) -> dict[str, object]:
    """The summary as plain JSON values; the keys are the field names of the classes in `setpoint.report.view`.

    Write it with ``json.dumps(…)``'s default ASCII escapes: a draft may hold characters that no encoding takes.
    """
    content = cast("dict[str, object]", _plain(summary))
    return {"version": JSON_VERSION, **content}


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        names = cast("tuple[str, ...]", getattr(items, "_fields", ()))  # a NamedTuple reads better as an object
        if names:
            return {name: _plain(item) for name, item in zip(names, items, strict=True)}
        return [_plain(item) for item in items]
    return value


def _returned(state: State) -> DraftState | None:
    """The draft that the run gives back, or would give back now."""
    if state.stopped is None:
        return state.best
    return state.draft(state.stopped.best) if state.stopped.best else None


def _question(state: State) -> QuestionView | None:
    ask = question_of(state)
    if ask is None:
        return None
    return QuestionView(kind=ask.question, subject=ask.subject, says=question_says(ask), text=ask.text)


def _models(state: State) -> tuple[ModelRow, ...]:
    spent = {role: state.spent_by.get(role, Spent()) for role in get_args(Role)}
    return tuple(
        ModelRow(
            role=model.role,
            model=model.model,
            calls=spent[model.role].calls,
            tokens=spent[model.role].tokens,
            money=readings.money(spent[model.role]),
        )
        for model in state.opened.models
        if model.role != "mediator" or spent[model.role].calls
    )


def _holder(state: State, criterion: Criterion, returned: DraftState | None) -> DraftState | None:
    """The draft on which a criterion counts: the returned one, or, for one of the outline, the outline.

    A first draft counts before its reading is complete: what code measured stands, whether or not a critic was there.
    """
    if criterion in state.opened.outline:
        return state.nearest(draft for draft in state.drafts if draft.draft.stage == "outline")
    texts = [draft for draft in state.drafts if draft.draft.stage != "outline"]
    return returned or (texts[0] if len(texts) == 1 else None)


def _criterion(criterion: Criterion, returned: DraftState | None) -> CriterionRow:
    return CriterionRow(
        name=criterion.name,
        says=criterion.says,
        impact=criterion.impact,
        core=criterion.core,
        minor=criterion.minor,
        measured_by="check" if criterion.check else "critic",
        check=criterion.check.name if criterion.check else "",
        status=readings.cell_status(returned, criterion.name) if returned else "unread",
    )


def _pass(history: History, entry: Pass) -> PassView:
    state, action = history.state, entry.action
    draft = state.draft(entry.draft) if entry.draft else None
    base = action.base if isinstance(action, Revise) else None
    tally, rule = history.tallies.get(entry.number, Tally()), history.rules.get(entry.number, entry.rule)
    return PassView(
        number=entry.number,
        rule=rule,
        rule_says=rule_says(rule),
        move=_move(action),
        setting=action.setting if isinstance(action, Revise) else "",
        base=base,
        targets=history.targets.get(entry.number, ()),
        draft=entry.draft,
        failure=entry.failure.why if entry.failure else "",
        failure_says=failure_says(entry.failure.why) if entry.failure else "",
        detail=entry.failure.detail if entry.failure else "",
        result=readings.result(state, entry),
        gained=readings.gained(state, entry),
        lost=readings.lost(state, entry),
        distance=_distance(state, draft),
        best_after=readings.best_after(state, entry),
        cells=tuple(readings.cell(draft, c) for c in state.all_criteria) if draft else (),
        words=len(draft.draft.text.split()) if draft else 0,
        diff=_diff(state, draft, base),
        tokens=tally.tokens,
        author_tokens=tally.author_tokens,
        money=tally.money,
        seconds=tally.seconds,
        notes=tuple(history.notes.get(entry.number, ())),
    )


def _move(action: Write | Revise | None) -> MoveName:
    if isinstance(action, Revise):
        return action.move
    if action is None:
        return "given"
    if action.stage == "outline":
        return "outline"
    return "restart" if action.lessons else "first"


def _diff(state: State, draft: DraftState | None, base: int | None) -> Diff | None:
    return compare(state.draft(base).draft.text, draft.draft.text) if draft and base else None


def _distance(state: State, draft: DraftState | None) -> Distance | None:
    return state.distance(draft) if draft and state.complete(draft) else None


def _distance_curve(state: State) -> tuple[DistancePoint, ...]:
    points: list[DistancePoint] = []
    for entry in state.passes:
        best = readings.best_after(state, entry)
        points.append(
            DistancePoint(
                pass_number=entry.number,
                draft=_distance(state, state.draft(entry.draft) if entry.draft else None),
                best=_distance(state, state.draft(best) if best else None),
            )
        )
    return tuple(points)


def _spend_curve(history: History) -> tuple[SpendPoint, ...]:
    """Running sums; what came after the last pass, such as a failed call, is booked to the number after it."""
    points: list[SpendPoint] = []
    tokens = author = 0
    money = seconds = 0.0
    for number in sorted(history.tallies.keys() | {entry.number for entry in history.state.passes}):
        tally = history.tallies.get(number, Tally())
        tokens, author = tokens + tally.tokens, author + tally.author_tokens
        money, seconds = money + tally.money, seconds + tally.seconds
        points.append(SpendPoint(pass_number=number, tokens=tokens, author_tokens=author, money=money, seconds=seconds))
    return tuple(points)


def _open_faults(state: State, returned: DraftState | None) -> tuple[OpenFault, ...]:
    """What the returned draft does not pass, the most important first."""
    if returned is None:
        return ()
    known = {fault.criterion.name: fault for fault in faults(state, returned)}
    found: list[OpenFault] = []
    for name in state.open_criteria(returned):
        criterion, verdict, fault = state.spec.criterion(name), returned.verdict(name), known.get(name)
        cannot = "Add a source or a check: the critic cannot tell from what it is given."
        unread = "No reading of it was taken; go on with the run, or measure the text with `setpoint check`."
        found.append(
            OpenFault(
                criterion=name,
                says=criterion.says,
                impact=criterion.impact,
                core=criterion.core,
                status=verdict.status if verdict else "unread",
                reason=fault.reason if fault else (verdict.reason if verdict else ""),
                directive=fault.directive if fault else (cannot if verdict else unread),
                quotes=fault.quotes if fault else (),
            )
        )
    return tuple(sorted(found, key=lambda fault: (not fault.core, -fault.impact)))


def _sure(state: State, returned: DraftState | None) -> SureView | None:
    """How sure an acceptance is; None if people and code settled all of it."""
    belief = believes(state, returned) if returned is not None else None
    if belief is None or not belief.criteria:
        return None
    return SureView(
        probability=None if belief.basis == "nothing" else belief.whole,
        says=sure_says(belief),
        prior=belief.prior,
        correlation=RHO_SAME,
        criteria=tuple(
            SureRow(
                criterion=row.criterion,
                probability=row.probability,
                basis=row.basis,
                votes=row.votes,
                texts=row.texts,
                labels=row.labels,
            )
            for row in belief.criteria
        ),
    )


def _probes(state: State) -> tuple[ProbeView, ...]:
    if not state.needs_critic:
        return ()
    roles: tuple[Role, ...] = ("critic", "confirmer")
    views = (readings.probe_view(state, role) for role in roles)
    return tuple(view for view in views if view is not None)


def _spending(state: State) -> Spending:
    spent = state.spent
    return Spending(
        passes=len(state.passes),
        calls=spent.calls,
        tokens=spent.tokens,
        input=spent.input,
        output=spent.output,
        cached=spent.cached,
        money=readings.money(spent),
        unpriced=spent.unpriced,
        seconds=state.elapsed,
        uncertain_tokens=spent.uncertain_tokens,
        uncertain_money=spent.uncertain_money,
    )


def _in_flight(state: State) -> str:
    request = state.pending
    if request is None:
        return ""
    model = state.model(request.role)
    name = model.model if model else "unknown model"
    return f"the {request.role}'s call {request.call} ({name}): {call_says(request.action)}"
