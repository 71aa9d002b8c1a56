"""What is known about a run: a fold over its events, and nothing else.

`evolve` never decides and never computes what an event did not say, save for one thing: a pass carried over an edit
(rule 4) is derived here, because it follows from the two texts alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never

from setpoint.core.action import (
    Contradict,
    Decided,
    Freeze,
    Judge,
    LockOutline,
    Mediate,
    Prefer,
    Promote,
    Purpose,
    Question,
    Reask,
    Restart,
    Revise,
    Role,
    SetAside,
    Thaw,
    Write,
)
from setpoint.core.draft import Draft, Stage, line_map
from setpoint.core.event import (
    Amended,
    Answered,
    CallFailed,
    Cancelled,
    Completion,
    Drafted,
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
    Recorded,
    Requested,
    Resumed,
    RoleModel,
    Stopped,
    Usage,
)
from setpoint.core.fault import Distance, Verdict, distance, settle
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec

__all__ = [
    "CriticRecord",
    "DraftState",
    "Lineage",
    "LineageKind",
    "Pass",
    "Spent",
    "State",
    "begin",
    "evolve",
    "fold",
]

LineageKind: TypeAlias = Literal["first", "outline", "restart", "freeze", "thaw", "amended"]

_CARRY_MAX_LINES = 5000
"""Above this many lines nothing is carried: matching lines would take longer than asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the run has used, by role where it matters.

    ``uncertain`` is what abandoned calls had reserved: a killed process cannot know whether its call was billed, so
    the caps count it as spent.
    """

    calls: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0
    money: float = 0.0
    unpriced: int = 0
    """Calls whose price is not known."""
    seconds: float = 0.0
    """Time in calls."""
    uncertain_tokens: int = 0
    uncertain_money: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens that count against the cap."""
        return self.input + self.output + self.uncertain_tokens

    def plus(self, usage: Usage) -> "Spent":
        """With one more call."""
        return Spent(
            calls=self.calls + 1,
            input=self.input + usage.input,
            output=self.output + usage.output,
            cached=self.cached + usage.cached,
            money=self.money + (usage.money or 0.0),
            unpriced=self.unpriced + (usage.money is None),
            seconds=self.seconds + usage.seconds,
            uncertain_tokens=self.uncertain_tokens,
            uncertain_money=self.uncertain_money,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticRecord:
    """How a critic did on the probe battery."""

    items: int = 0
    noticed: int = 0
    failures: int = 0
    passed: int = 0
    passes: int = 0

    @property
    def sensitivity(self) -> float | None:
        """The share of planted failures that it noticed."""
        return self.noticed / self.failures if self.failures else None

    @property
    def specificity(self) -> float | None:
        """The share of planted passes that it passed."""
        return self.passed / self.passes if self.passes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftState:
    """A draft with everything that was measured on it."""

    draft: Draft
    measured: bool = False
    votes: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict[str, tuple[Verdict, ...]])
    asked: frozenset[tuple[Purpose, str]] = frozenset()
    """Which questions about it were already asked, so that none is asked twice for the same reason."""
    unusable: frozenset[str] = frozenset()
    """Criteria about which a reply could not be used; they are asked for one at a time from then on."""
    settled: Mapping[str, Verdict] = field(init=False, repr=False, compare=False)
    """What its votes amount to; every rule asks for it, so it is worked out once."""

    def __post_init__(self) -> None:
        found = {name: settle(votes) for name, votes in self.votes.items()}
        settled = {name: verdict for name, verdict in found.items() if verdict is not None}
        object.__setattr__(self, "settled", settled)

    @property
    def number(self) -> int:
        """The draft's number."""
        return self.draft.number

    def verdict(self, criterion: str) -> Verdict | None:
        """What its votes on a criterion amount to."""
        return self.settled.get(criterion)

    def verdicts(self) -> Mapping[str, Verdict]:
        """What its votes amount to, by criterion."""
        return self.settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The drafts since a first draft, an outline, a restart, a freeze or a thaw; the ratchet works within one.

    Args:
        number: counted from 1.
        kind: what opened it.
        since: how many passes there had been.
        stage: what its drafts are drafts of.
        root: the earlier draft that it goes on from; None to begin with a new one.
        keep: the criterion that is frozen; empty for none.
        free: the criterion that is worked on while the other is frozen.
        approach: what a restart does differently.
        lessons: what a restart must not repeat.
    """

    number: int
    kind: LineageKind
    since: int = 0
    stage: Stage = "prose"
    root: int | None = None
    keep: str = ""
    free: str = ""
    approach: str = ""
    lessons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass: a draft or a failed move, and what was asked for."""

    number: int
    rule: str
    action: Write | Revise | None
    """None for a text that was given."""
    draft: int | None = None
    failure: MoveFailed | None = None
    best_before: int | None = None
    """The best draft when the move was made."""
    lineage: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything the control law sees."""

    opened: Opened
    spec: Spec
    """The fixed target, as last amended (rule 1)."""
    budget: Budget
    lineages: tuple[Lineage, ...]
    drafts: tuple[DraftState, ...] = ()
    passes: tuple[Pass, ...] = ()
    calls: int = 0
    pending: Requested | None = None
    missed: PatchMissed | None = None
    """Edits that did not apply and have not been asked for again."""
    set_aside: Mapping[str, str] = field(default_factory=dict[str, str])
    skeleton: tuple[str, ...] = ()
    """The headings that are locked (rule 10)."""
    preferences: tuple[Prefer, ...] = ()
    promoted: tuple[str, ...] = ()
    """The criteria that the author must check itself against (rule 12)."""
    mediated: Mapping[str, Mediated] = field(default_factory=dict[str, Mediated])
    freezes: tuple[Freeze, ...] = ()
    contradictions: tuple[Contradict, ...] = ()
    remedies: tuple[tuple[str, int], ...] = ()
    """The remedies of rules 12 to 14: what for (a criterion, or the kind), and after how many passes."""
    amendments: tuple[Amended, ...] = ()
    overruled: tuple[Overruled, ...] = ()
    answers: Mapping[tuple[Question, str], Answered] = field(default_factory=dict[tuple["Question", str], Answered])
    wishes: tuple[str, ...] = ()
    probes: Mapping[Role, CriticRecord] = field(default_factory=dict["Role", CriticRecord])
    thirds: Mapping[str, int] = field(default_factory=dict[str, int])
    """Third readings taken, by criterion."""
    broken: int = 0
    """Unusable critic replies in a row."""
    barren: int = 0
    """Failed first drafts in a row."""
    failed: Mapping[Role, int] = field(default_factory=dict["Role", int])
    """Failed calls in a row, by role."""
    last_trouble: str = ""
    denied: str = ""
    """Why the budget that this run shares with others held a call back; empty if it did not."""
    spent: Spent = Spent()
    spent_by: Mapping[Role, Spent] = field(default_factory=dict["Role", Spent])
    elapsed: float = 0.0
    """Seconds in which the run was active."""
    at: float = 0.0
    cancelled: str = ""
    stopped: Stopped | None = None
    tuned: Policy | None = None
    """The tuning that a resume or an extension brought."""
    _known: dict[str, DraftState | None] = field(
        default_factory=dict[str, DraftState | None], init=False, repr=False, compare=False
    )
    """The best draft and the base, which nearly every rule asks for: they follow from the rest."""

    @property
    def policy(self) -> Policy:
        """The tuning, as it was changed last."""
        return self.tuned or self.opened.policy

    @property
    def latest(self) -> DraftState | None:
        """The draft made last."""
        return self.drafts[-1] if self.drafts else None

    def draft(self, number: int) -> DraftState:
        """The draft of that number (from 1)."""
        return self.drafts[number - 1]

    def model(self, role: Role) -> RoleModel | None:
        """The model that plays a role, if any does."""
        return next((model for model in self.opened.models if model.role == role), None)

    @property
    def lineage(self) -> Lineage:
        """The current lineage."""
        return self.lineages[-1]

    @property
    def freeze(self) -> Freeze | None:
        """The freeze in progress, if there is one (rule 13)."""
        return self.freezes[-1] if self.lineage.keep else None

    @property
    def standing(self) -> int:
        """How many standing orders the author has (rule 12)."""
        return len(self.preferences) + len(self.promoted)

    def criterion(self, name: str) -> Criterion:
        """A criterion of the text or of its outline.

        Raises:
            KeyError: if there is none of that name.
        """
        for criterion in self.opened.outline:
            if criterion.name == name:
                return criterion
        return self.spec.criterion(name)

    @property
    def all_criteria(self) -> tuple[Criterion, ...]:
        """Those of the outline, if one is drafted, and those of the text."""
        outline = any(lineage.stage == "outline" for lineage in self.lineages)
        return (*self.opened.outline, *self.spec.criteria) if outline else self.spec.criteria

    def criteria(self, draft: DraftState) -> tuple[Criterion, ...]:
        """What a draft is measured by: an outline has criteria of its own (rule 10)."""
        return self.opened.outline if draft.draft.stage == "outline" else self.spec.criteria

    def judged(self, draft: DraftState) -> tuple[Criterion, ...]:
        """The criteria of a draft that a critic measures."""
        return tuple(criterion for criterion in self.criteria(draft) if criterion.check is None)

    @property
    def needs_critic(self) -> bool:
        """Whether some criterion of text or outline is for a critic."""
        return any(criterion.check is None for criterion in (*self.spec.criteria, *self.opened.outline))

    def complete(self, draft: DraftState) -> bool:
        """Whether every criterion has at least one verdict: a full reading."""
        return all(draft.votes.get(criterion.name) for criterion in self.criteria(draft))

    def distance(self, draft: DraftState) -> Distance:
        """How far the draft is from the target; what was not measured counts as failed."""
        return distance(self.criteria(draft), draft.verdicts())

    def optimistic(self, draft: DraftState) -> Distance:
        """The distance if every criterion not measured yet were passed (rule 3)."""
        return distance([c for c in self.criteria(draft) if draft.votes.get(c.name)], draft.verdicts())

    def nearest(self, drafts: Iterable[DraftState]) -> DraftState | None:
        """The least distant of the drafts that have a full reading; the earliest of equals."""
        full = [draft for draft in drafts if self.complete(draft)]
        return min(full, key=lambda draft: (self.distance(draft), draft.number), default=None)

    @property
    def best(self) -> DraftState | None:
        """The draft that the run would return now: the least distant of all prose (rule 8)."""
        if "best" not in self._known:
            self._known["best"] = self.nearest(draft for draft in self.drafts if draft.draft.stage == "prose")
        return self._known["best"]

    @property
    def family(self) -> tuple[DraftState, ...]:
        """The drafts that the ratchet compares: those of the current lineage and the one it goes on from.

        While a criterion is frozen, drafts that lose it are none of them, whatever their distance (rule 13).
        """
        lineage = self.lineage
        if lineage.kind == "amended":  # nothing that exists was made for this target, so all of it may serve
            return tuple(d for d in self.drafts if d.draft.stage == "prose")
        drafts = [d for d in self.drafts if d.draft.lineage == lineage.number or d.number == lineage.root]
        if lineage.keep:
            drafts = [d for d in drafts if (v := d.verdict(lineage.keep)) is not None and v.status == "pass"]
        return tuple(drafts)

    @property
    def base(self) -> DraftState | None:
        """The draft that the next move starts from: the best of the current lineage (rule 8)."""
        if "base" not in self._known:
            self._known["base"] = self._base()
        return self._known["base"]

    def _base(self) -> DraftState | None:
        if not self.policy.on("ratchet") and self.lineage.stage == "prose":
            return next((d for d in reversed(self.family) if self.complete(d)), None)
        return self.nearest(self.family)

    def open_criteria(self, draft: DraftState) -> tuple[str, ...]:
        """The criteria that the draft does not pass, in the order of the spec."""
        verdicts = draft.verdicts()
        return tuple(
            criterion.name
            for criterion in self.criteria(draft)
            if (verdict := verdicts.get(criterion.name)) is None or verdict.status != "pass"
        )

    def about_outline(self, entry: Pass) -> bool:
        """Whether a pass made or mended an outline, which has criteria of its own (rule 10)."""
        number = entry.action.base if isinstance(entry.action, Revise) else entry.draft
        return number is not None and self.draft(number).draft.stage == "outline"

    def sensitivity(self, role: Role) -> float | None:
        """The share of planted failures a critic noticed, from this run's probe or an earlier one."""
        model = self.model(role)
        if model is not None and model.sensitivity is not None:
            return model.sensitivity
        record = self.probes.get(role)
        return record.sensitivity if record and record.items >= self.opened.probe_items else None

    def specificity(self, role: Role) -> float | None:
        """The share of planted passes a critic passed, from this run's probe or an earlier one."""
        model = self.model(role)
        if model is not None and model.sensitivity is not None:
            return model.specificity
        record = self.probes.get(role)
        return record.specificity if record and record.items >= self.opened.probe_items else None


def begin(recorded: Recorded) -> State:
    """The state after the first event of a run.

    Raises:
        ValueError: if the event does not open a run.
    """
    if not isinstance(recorded.event, Opened):
        raise ValueError(f"a run begins with an 'opened' event, not {recorded.event.kind!r}")  # noqa: TRY004
    opened = recorded.event
    outline = bool(opened.outline) and opened.given is None
    first = Lineage(number=1, kind="outline" if outline else "first", stage="outline" if outline else "prose")
    skeleton = opened.spec.skeleton
    return State(
        opened=opened,
        spec=opened.spec,
        budget=opened.budget,
        at=recorded.at,
        lineages=(first,),
        skeleton=skeleton.headings if skeleton is not None else (),
    )


def fold(events: Iterable[Recorded]) -> State:
    """The state after all the events of a run.

    Raises:
        ValueError: if there are none, or the first does not open a run.
    """
    stream = iter(events)
    first = next(stream, None)
    if first is None:
        raise ValueError("a run without events has no state")
    state = begin(first)
    for recorded in stream:
        state = evolve(state, recorded)
    return state


def evolve(state: State, recorded: Recorded) -> State:  # noqa: C901 - a case each
    """The state after one more event."""
    event = recorded.event
    pause = isinstance(event, Resumed | Extended | Answered | Overruled | Amended)  # people take their time
    elapsed = state.elapsed if pause else state.elapsed + max(0.0, recorded.at - state.at)
    state = replace(state, at=recorded.at, elapsed=elapsed)
    if isinstance(event, Resumed | Extended) and event.policy is not None:
        state = replace(state, tuned=event.policy)
    match event:
        case Opened():
            raise ValueError("a run is opened once")
        case Requested():
            return replace(state, pending=event, calls=event.call)
        case Measured():
            return _with_draft(state, _measured(state.draft(event.draft), event))
        case SetAside() | Prefer() | Promote() | Freeze() | Thaw() | Contradict() | Restart() | LockOutline():
            return _decided(state, event)
        case Answered() | Overruled() | Amended():
            return _told_by_person(state, event)
        case Resumed():
            # Only an end that the user wants to get past is forgotten; a killed process is no reason to forget trouble.
            return _abandon(_reopened(state) if state.stopped or state.cancelled else state)
        case Extended():
            budget = state.budget.plus(
                passes=event.passes, tokens=event.tokens, money=event.money, seconds=event.seconds
            )
            return _abandon(_reopened(replace(state, budget=budget, set_aside={})))
        case Cancelled():
            return replace(state, cancelled=event.why)
        case Stopped():
            return replace(state, stopped=event)
        case Drafted() if event.call is None:
            return _drafted(state, event)
        case _:
            return _completed(state, event)


def _decided(state: State, event: Decided) -> State:
    """What the law decided without a call."""
    match event:
        case SetAside():
            return replace(state, set_aside={**state.set_aside, event.criterion: event.why})
        case Prefer():
            return _remedied(replace(state, preferences=(*state.preferences, event)), event.winner)
        case Promote():
            return _remedied(replace(state, promoted=(*state.promoted, event.criterion)), event.criterion)
        case Freeze():
            state = _lineage(state, kind="freeze", root=event.base, keep=event.keep, free=event.free)
            return _remedied(replace(state, freezes=(*state.freezes, event)), "freeze")
        case Thaw():
            return _lineage(state, kind="thaw", root=event.base)
        case Contradict():
            why = f"{event.first} and {event.second} exclude each other"
            aside = {**state.set_aside, event.first: why, event.second: why}
            return replace(state, set_aside=aside, contradictions=(*state.contradictions, event))
        case Restart():
            state = _lineage(state, kind="restart", approach=event.approach, lessons=event.lessons)
            return _remedied(state, "restart")
        case LockOutline():
            return replace(_lineage(state, kind="first"), skeleton=event.headings)
        case _:
            assert_never(event)


def _remedied(state: State, what: str) -> State:
    return replace(state, remedies=(*state.remedies, (what, len(state.passes))))


def _lineage(
    state: State,
    *,
    kind: LineageKind,
    root: int | None = None,
    keep: str = "",
    free: str = "",
    approach: str = "",
    lessons: tuple[str, ...] = (),
) -> State:
    """A new lineage begins."""
    lineage = Lineage(
        number=len(state.lineages) + 1,
        kind=kind,
        since=len(state.passes),
        root=root,
        keep=keep,
        free=free,
        approach=approach,
        lessons=lessons,
    )
    return replace(state, lineages=(*state.lineages, lineage), barren=0)


def _told_by_person(state: State, event: Answered | Overruled | Amended) -> State:
    match event:
        case Answered():
            return replace(state, answers={**state.answers, (event.question, event.subject): event})
        case Overruled():
            return _overruled(state, event)
        case Amended():
            return _amended(state, event)
        case _:
            assert_never(event)


def _overruled(state: State, event: Overruled) -> State:
    """A person's vote settles the verdict; an ended run may go on from there."""
    draft = state.draft(event.draft)
    ruling = Verdict(
        criterion=event.criterion,
        status="pass" if event.passes else "fail",
        reason=f"{event.who}: {event.why}",
        directive="" if event.passes else event.why,
        shortfall=0.0 if event.passes else 1.0,
        by="person",
    )
    votes = {**draft.votes, event.criterion: (*draft.votes.get(event.criterion, ()), ruling)}
    aside = {name: why for name, why in state.set_aside.items() if name != event.criterion}
    state = replace(state, overruled=(*state.overruled, event), set_aside=aside)
    return _reopened(_with_draft(state, replace(draft, votes=votes)))


def _amended(state: State, event: Amended) -> State:
    """Another target: every verdict is void, and what was tried and given up was tried against another spec."""
    drafts = tuple(
        replace(draft, measured=False, votes={}, asked=frozenset()) if draft.draft.stage == "prose" else draft
        for draft in state.drafts
    )
    state = replace(
        state,
        spec=event.spec,
        drafts=drafts,
        amendments=(*state.amendments, event),
        set_aside={},
        preferences=(),
        promoted=(),
        mediated={},
        freezes=(),
        contradictions=(),
        thirds={},
        skeleton=event.spec.skeleton.headings if event.spec.skeleton is not None else state.skeleton,
    )
    if state.lineage.stage == "prose":  # a lineage of its own, from which nothing was tried yet
        known = any(draft.draft.stage == "prose" for draft in drafts)
        state = _lineage(state, kind="amended", root=len(drafts) if known else None)
    return _reopened(state)


def _reopened(state: State) -> State:
    """An ended run goes on, with its troubles forgotten."""
    return replace(state, cancelled="", stopped=None, denied="", failed={}, broken=0, barren=0)


def _abandon(state: State) -> State:
    """Forget a call in flight, counting its reservation as spent."""
    if state.pending is None:
        return state
    role, lost = state.pending.role, state.pending

    def lose(spent: Spent) -> Spent:
        return replace(
            spent,
            uncertain_tokens=spent.uncertain_tokens + lost.tokens,
            uncertain_money=spent.uncertain_money + lost.money,
        )

    by = {**state.spent_by, role: lose(state.spent_by.get(role, Spent()))}
    # The repeated call keeps its number, and with it its seed, so that a resumed run ends like one that was not cut.
    return replace(state, pending=None, calls=lost.call - 1, spent=lose(state.spent), spent_by=by)


def _completed(state: State, event: Completion) -> State:
    """A call came to its end, well or badly."""
    request = state.pending
    if request is None:
        raise ValueError(f"{event.kind!r} completes a call that was not requested")
    role = request.role
    state = replace(
        state,
        pending=None,
        spent=state.spent.plus(event.usage),
        spent_by={**state.spent_by, role: state.spent_by.get(role, Spent()).plus(event.usage)},
        failed=state.failed if isinstance(event, CallFailed) else {**state.failed, role: 0},
    )
    match event:
        case Drafted():
            return _drafted(state, event, request)
        case MoveFailed():
            barren = state.barren + isinstance(request.action, Write)
            state = replace(state, missed=None, barren=barren, last_trouble=event.detail)
            return _with_pass(state, request, failure=event)
        case PatchMissed():
            return replace(state, missed=event)
        case Judged():
            assert isinstance(request.action, Judge)  # noqa: S101 - the ledger pairs them
            return _judged(state, event, request.action)
        case Misjudged():
            return _misjudged(state, event, request)
        case Probed():
            old = state.probes.get(role, CriticRecord())
            record = CriticRecord(
                items=old.items + 1,
                noticed=old.noticed + event.noticed,
                failures=old.failures + event.failures,
                passed=old.passed + event.passed,
                passes=old.passes + event.passes,
            )
            return replace(state, probes={**state.probes, role: record}, broken=0)
        case Mediated():
            return replace(state, mediated={**state.mediated, event.criterion: event})
        case CallFailed():
            return _call_failed(state, event, request)
        case _:
            assert_never(event)


def _call_failed(state: State, event: CallFailed, request: Requested) -> State:
    if event.why == "over_budget":
        return replace(state, denied=event.detail)
    if isinstance(request.action, Mediate):
        # Nothing depends on the mediator: without its answer the criterion is promoted.
        silent = Mediated(call=event.call, criterion=request.action.criterion, why=event.detail)
        return replace(state, mediated={**state.mediated, silent.criterion: silent})
    failed = {**state.failed, request.role: state.failed.get(request.role, 0) + 1}
    return replace(state, failed=failed, last_trouble=event.detail)


def _misjudged(state: State, event: Misjudged, request: Requested) -> State:
    state = replace(state, broken=state.broken + 1, last_trouble=event.detail)
    action = request.action
    if isinstance(action, Judge):
        draft = state.draft(action.draft)
        unusable = draft.unusable | set(action.criteria)
        return _with_draft(state, replace(draft, unusable=unusable))
    # A probe item that cannot be answered counts as one that the critic waved through.
    old = state.probes.get(request.role, CriticRecord())
    record = replace(old, items=old.items + 1, failures=old.failures + 1)
    return replace(state, probes={**state.probes, request.role: record})


def _with_draft(state: State, changed: DraftState) -> State:
    return replace(state, drafts=tuple(changed if d.number == changed.number else d for d in state.drafts))


def _with_pass(
    state: State, request: Requested | None, *, draft: int | None = None, failure: MoveFailed | None = None
) -> State:
    action = request.action if request else None
    if isinstance(action, Reask):
        action = action.revise
    assert action is None or isinstance(action, Write | Revise)  # noqa: S101 - only these make drafts
    best = state.base or state.best
    entry = Pass(
        number=len(state.passes) + 1,
        rule=request.rule if request else "given",
        action=action,
        draft=draft,
        failure=failure,
        best_before=best.number if best else None,
        lineage=state.lineage.number,
    )
    return replace(state, passes=(*state.passes, entry))


def _drafted(state: State, event: Drafted, request: Requested | None = None) -> State:
    draft = Draft(
        number=len(state.drafts) + 1,
        text=event.text,
        origin=event.origin,
        parent=event.base,
        lineage=state.lineage.number,
        stage=state.lineage.stage,
        evidence=event.evidence,
    )
    state = replace(_with_pass(state, request, draft=draft.number), missed=None, barren=0)
    votes: dict[str, tuple[Verdict, ...]] = {}
    if event.origin == "edit" and event.base is not None:
        parent = state.draft(event.base)
        votes = {verdict.criterion: (verdict,) for verdict in _carried(state, parent, draft.text)}
    return replace(state, drafts=(*state.drafts, DraftState(draft=draft, votes=votes)))


def _carried(state: State, parent: DraftState, text: str) -> list[Verdict]:
    """The passes of critics whose lines an edit has left alone, with the lines where they stand now."""
    if max(parent.draft.text.count("\n"), text.count("\n")) > _CARRY_MAX_LINES:
        return []
    where = line_map(parent.draft.text, text)
    carried: list[Verdict] = []
    for criterion in state.judged(parent):
        verdict = parent.verdict(criterion.name)
        if verdict is None or verdict.status != "pass" or not verdict.lines or verdict.by == "check":
            continue
        if all(line in where for line in verdict.lines):
            lines = tuple(where[line] for line in verdict.lines)
            carried.append(replace(verdict, lines=lines, carried=True))
    return carried


def _measured(draft: DraftState, event: Measured) -> DraftState:
    fresh = {
        verdict.criterion: (verdict, *(v for v in draft.votes.get(verdict.criterion, ()) if v.by == "person"))
        for verdict in event.verdicts
    }
    return replace(draft, measured=True, votes={**draft.votes, **fresh})


def _judged(state: State, event: Judged, action: Judge) -> State:
    draft = state.draft(event.draft)
    votes = dict(draft.votes)
    for verdict in event.verdicts:
        held = tuple(vote for vote in votes.get(verdict.criterion, ()) if not vote.carried)
        if action.purpose != "redirect":
            votes[verdict.criterion] = (*held, verdict)
        elif verdict.status == "fail" and held:
            votes[verdict.criterion] = (*held[:-1], verdict)
    asked = draft.asked | {(action.purpose, name) for name in action.criteria}
    thirds = dict(state.thirds)
    if action.purpose == "third":
        for name in action.criteria:
            thirds[name] = thirds.get(name, 0) + 1
    wishes = tuple(dict.fromkeys((*state.wishes, *event.wishes)))
    state = replace(state, thirds=thirds, wishes=wishes, broken=0)
    return _with_draft(state, replace(draft, votes=votes, asked=asked))
