"""The view model: what there is to show about a run, as plain values.

These classes are also the documentation of the JSON: `summary.to_json` writes every field under its own name, tuples
as arrays and None as null, below ``{"version": 1, …}``. Fields are added within a version, never renamed or removed.
Texts are as recorded; whoever shows them cleans and escapes them.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from setpoint.core.action import Outcome, Question, Role, Setting
from setpoint.core.diagnosis import Signature
from setpoint.core.draft import Move
from setpoint.core.fault import Distance, Status
from setpoint.core.spec import Budget
from setpoint.report.diff import Diff

__all__ = [
    "Cell",
    "CellStatus",
    "CriterionRow",
    "DistancePoint",
    "ForecastLine",
    "ModelRow",
    "MoveName",
    "OpenFault",
    "PassView",
    "ProbeView",
    "QuestionView",
    "Result",
    "SetAsideView",
    "SourceRow",
    "SpendPoint",
    "Spending",
    "Summary",
    "SureRow",
    "SureView",
    "TargetView",
]

CellStatus: TypeAlias = Literal["pass", "fail", "cannot_assess", "carried", "unread"]
"""A status, or ``carried`` (a pass taken over because an edit left its lines alone), or ``unread`` (not measured)."""

MoveName: TypeAlias = Move | Literal["first", "given", "outline", "restart"]
"""How the text of a pass came about."""

Result: TypeAlias = Literal["kept", "rolled_back", "failed", "unread", "pending"]
"""What became of a pass: its draft became the best one; it did not; the move brought no draft; the run went on or
ended before the draft could be read in full; it is being measured now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """A criterion and how the returned draft stands on it."""

    name: str
    says: str
    impact: int
    """1 (cosmetic) to 5 (decides whether the text is of use)."""
    core: bool
    minor: bool
    measured_by: Literal["check", "critic"]
    check: str
    """The name of the check; empty for a critic's criterion."""
    status: CellStatus
    """On the returned draft; ``unread`` without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One draft on one criterion, all readings of it taken together."""

    criterion: str
    status: CellStatus
    reason: str = ""
    directive: str = ""
    lines: tuple[int, ...] = ()
    """The lines of the draft, from 1, that the verdict rests on; empty for the text as a whole."""
    by: str = ""
    """``check``, ``critic``, ``confirmer`` or ``person``; empty if unread."""
    votes: int = 0
    """How many readings there are."""
    shortfall: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """A fault as it was given to the author."""

    criterion: str
    reason: str
    directive: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassView:
    """One pass: what was asked for and why, and what became of it."""

    number: int
    rule: str
    """The rule of the control law that asked for it; ``given`` for a text that existed already."""
    rule_says: str
    """The rule in one plain sentence."""
    move: MoveName
    setting: Setting | Literal[""]
    base: int | None
    """The draft it was made from."""
    targets: tuple[TargetView, ...]
    """What the author was told to fix, most important first."""
    draft: int | None
    """None if the move failed."""
    failure: str
    """Why the move failed, as a word of the closed set; empty if it did not."""
    failure_says: str
    """The same in one plain sentence."""
    detail: str
    """What exactly failed."""
    result: Result
    gained: tuple[str, ...]
    """Criteria that the draft passes and the best draft before it did not."""
    lost: tuple[str, ...]
    """Criteria that the best draft before it passed and this one does not."""
    distance: Distance | None
    """None without a full reading."""
    best_after: int | None
    """The best draft when the pass was over."""
    cells: tuple[Cell, ...]
    """One per criterion in the order of the spec; empty if the move failed."""
    words: int
    diff: Diff | None
    """Against its base; None for a first draft and for a failed move."""
    tokens: int
    author_tokens: int
    money: float
    """US dollars, as far as prices are known."""
    seconds: float
    """Active time, pauses between resumes left out."""
    notes: tuple[str, ...]
    """What else happened during it, one sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistancePoint:
    """How far a draft, and the best draft so far, are from the target."""

    pass_number: int
    draft: Distance | None
    best: Distance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPoint:
    """What has been spent when a pass is over, from the beginning of the run."""

    pass_number: int
    """0 for what came before the first pass, such as the critic's probe."""
    tokens: int
    author_tokens: int
    money: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFault:
    """A criterion that the returned draft does not pass, and what to do about it."""

    criterion: str
    says: str
    impact: int
    core: bool
    status: Status | Literal["unread"]
    reason: str
    directive: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsideView:
    """A criterion that is no longer targeted."""

    criterion: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model and what it used."""

    role: Role
    model: str
    calls: int
    tokens: int
    money: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeView:
    """How a critic did on planted texts before it was believed (rule 4)."""

    role: Role
    model: str
    state: Literal["measured now", "measured earlier", "running", "never probed"]
    sensitivity: float | None
    """The share of planted faults that it noticed."""
    specificity: float | None
    """The share of sound passages that it passed."""
    noticed: int
    failures: int
    passed: int
    passes: int
    trusted: bool
    """Whether it may accept a text."""
    noticed_enough: bool
    """Whether it noticed enough planted faults; one that did and is not trusted fails sound text as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What the run has used."""

    passes: int
    calls: int
    tokens: int
    """What counts against the cap: used, and reserved by calls that were abandoned."""
    input: int
    output: int
    cached: int
    money: float
    """US dollars, abandoned calls' reservations included."""
    unpriced: int
    """Calls whose price is not known."""
    seconds: float
    """Active time, pauses between resumes left out."""
    uncertain_tokens: int
    """Reserved by abandoned calls: nobody knows whether they were billed."""
    uncertain_money: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source by name and size; its text is not shown."""

    name: str
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastLine:
    """One line about the forecast: a word for what it is about, and a sentence."""

    about: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """What a run waits for a person to decide (rule 20)."""

    kind: Question
    subject: str
    """The number of the outline, or the two demands with a slash between them."""
    says: str
    """The question in one sentence."""
    text: str
    """What it is about: the outline, or the reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SureRow:
    """How sure it is that one criterion is truly met."""

    criterion: str
    probability: float
    """From 0 to 1, given all votes on the text and how often such votes err."""
    basis: Literal["criterion", "planted", "nothing"]
    """What the critic's errors are known from: texts about this criterion, planted texts, or nothing."""
    votes: int
    texts: int
    """Texts about this criterion on which the critic was measured."""
    labels: int
    """Those of them that people judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SureView:
    """How sure a text that passes is to meet its spec truly."""

    probability: float | None
    """That all criteria are truly met; None where nothing is known about the critic."""
    says: str
    """The same in words, with what it rests on."""
    prior: float
    """The chance of each criterion before the text was read: an assumption, and what the run's readings made of it."""
    correlation: float
    """Between two votes of one model on one text; assumed."""
    criteria: tuple[SureRow, ...]
    """Those that a critic judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything there is to show about a run."""

    run: str
    title: str
    brief: str
    kind: str
    digest: str
    started: float
    """Seconds since the epoch."""
    ended: float
    """When the last event was stored, in seconds since the epoch."""
    sources: tuple[SourceRow, ...]
    models: tuple[ModelRow, ...]
    outcome: Outcome | Literal[""]
    """Empty while the run goes on."""
    outcome_title: str
    """The outcome as a heading."""
    outcome_says: str
    """The outcome in one plain sentence."""
    rule: str
    """The rule that ended the run."""
    rule_says: str
    reason: str
    """Why it stopped."""
    strength: str
    """What an acceptance rests on: ``checks``, ``measured critic`` or ``unmeasured critic``; empty without one."""
    strength_says: str
    criteria: tuple[CriterionRow, ...]
    passes: tuple[PassView, ...]
    distance_curve: tuple[DistancePoint, ...]
    spend_curve: tuple[SpendPoint, ...]
    returned: int | None
    """The draft that is returned."""
    text: str
    """The returned draft, lock markers included; empty without one."""
    open_faults: tuple[OpenFault, ...]
    set_aside: tuple[SetAsideView, ...]
    wishes: tuple[str, ...]
    """The parking lot: what critics would like that no criterion demands; it never steers (rule 1)."""
    probes: tuple[ProbeView, ...]
    budget: Budget
    spent: Spending
    in_flight: str
    """The call that is being made, or was when the process ended; empty if none."""
    trouble: str
    """The last thing that went wrong with a model or its reply; empty if nothing did."""
    question: QuestionView | None
    """What the run waits for a person to decide; None if it does not."""
    diagnosis: tuple[Signature, ...]
    """The failure signatures of the run, the weightiest first: its evidence, and what to change upstream. Empty for a
    run that was accepted in few passes; while the run goes on, as far as it has shown."""
    next_steps: tuple[str, ...]
    """What to do now."""
    advice: tuple[str, ...]
    """What to change in the spec besides what the diagnosis says."""
    forecast: tuple[ForecastLine, ...] = ()
    """What was forecast at the start and on the way, and what came of it (rule 17)."""
    sure: SureView | None = None
    """How sure the acceptance is; None without one, or if code measured everything."""
