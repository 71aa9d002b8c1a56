"""What is known about a run, and what follows from it: everything that the control law sees.

How events make a state is in `core.fold`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from setpoint.core.action import Contradict, Freeze, Prefer, Question, Revise, Role
from setpoint.core.event import (
    Amended,
    Answered,
    Mediated,
    Opened,
    Overruled,
    PatchMissed,
    Requested,
    RoleModel,
    Stopped,
)
from setpoint.core.fault import Distance, distance
from setpoint.core.policy import Policy
from setpoint.core.record import CriticRecord, DraftState, Lineage, Pass, Spent
from setpoint.core.spec import Budget, Criterion, Spec

__all__ = ["State"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything the control law sees: first what events have said, then what follows from it."""

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
    spent: Spent = field(default_factory=Spent)
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
