"""Everything that can happen in a run: a closed union. State, resume and report are folds over these.

An effect that costs a call is two events: `Requested` with its reservation, then one of the completions. Failure is
an event, never a score and never silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from setpoint.core.action import Call, Decided, Outcome, Question, Revise, Role
from setpoint.core.draft import Edit, Move, Origin
from setpoint.core.fault import Verdict
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec

__all__ = [
    "Amended",
    "Answered",
    "CallFailed",
    "Cancelled",
    "Completion",
    "CriticOn",
    "Drafted",
    "Event",
    "Extended",
    "Judged",
    "Measured",
    "Mediated",
    "Misjudged",
    "Misreading",
    "MoveFailed",
    "MoveFailure",
    "MoveRecord",
    "Opened",
    "Overruled",
    "PatchMissed",
    "Probed",
    "Recorded",
    "Requested",
    "Resumed",
    "RoleModel",
    "Stopped",
    "Usage",
    "cancels",
]

MoveFailure: TypeAlias = Literal[
    "patch_not_applied",
    "lock_broken",
    "skeleton_broken",
    "empty",
    "unchanged",
    "repeated",
    "degenerate",
    "truncated",
    "refused",
    "unparsable",
]

Misreading: TypeAlias = Literal[
    "unparsable", "refused", "truncated", "skipped", "invented", "contradictory", "bad_lines"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one call used.

    Args:
        input: prompt tokens, cached ones included.
        output: reply tokens.
        cached: prompt tokens read from the provider's cache.
        money: US dollars; 0 where the model costs nothing, None where no price is known.
        seconds: how long the call took.
        estimated: the counts are Setpoint's own because the provider sent none.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    money: float | None = 0.0
    seconds: float = 0.0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input + self.output


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleModel:
    """Which model plays a role, what it costs and how far it is trusted at the start.

    Args:
        role: author, critic or confirmer.
        model: ``provider:name``.
        input_price: US dollars for a million prompt tokens; None where unknown.
        output_price: US dollars for a million reply tokens; None where unknown.
        sensitivity: the share of planted failures it noticed in an earlier probe; None if it was never probed.
        specificity: the share of planted passes it passed in an earlier probe; None if it was never probed.
    """

    role: Role
    model: str
    input_price: float | None = 0.0
    output_price: float | None = 0.0
    sensitivity: float | None = None
    specificity: float | None = None
    form: str = ""
    """The wording of a critic's prompts: what is measured about it belongs to one wording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticOn:
    """What is known about a critic on one criterion, from audits and from people (rule 4).

    Args:
        role: the role that the critic plays in this run.
        criterion: its name.
        digest: what it said then (`setpoint.core.spec.says_digest`); after an amendment it may say something else.
        noticed: of the texts that truly miss it, those it failed.
        failures: texts that truly miss it.
        passed: of the texts that truly meet it, those it passed.
        passes: texts that truly meet it.
        labels: how many of these texts people judged; the rest had planted defects.
    """

    role: Role
    criterion: str
    digest: str
    noticed: int = 0
    failures: int = 0
    passed: int = 0
    passes: int = 0
    labels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRecord:
    """What a move has done in earlier runs of the same author on texts of that length (rule 11).

    Args:
        move: the move.
        long: whether the texts were long.
        tried: criteria it was to fix.
        fixed: those it fixed.
        held: criteria that passed before it.
        lost: those that failed after it.
        moves: how often it was made.
        failed: how often it brought no draft.
    """

    move: Move
    long: bool
    tried: int = 0
    fixed: int = 0
    held: int = 0
    lost: int = 0
    moves: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run began: everything that decides its course, so that a resume needs no other file."""

    kind: Literal["opened"] = "opened"
    spec: Spec
    budget: Budget
    policy: Policy
    models: tuple[RoleModel, ...]
    title: str
    """How the run is called in lists: the spec file's name, or the beginning of the brief."""
    given: str | None = None
    """The text that existed already, if the run starts from one."""
    reply_tokens: int = 2000
    """The most tokens that one author reply may have."""
    probe_items: int = 0
    """How many items the probe battery has."""
    seed: int = 0
    nonce: str = ""
    """Unpredictable text from which the delimiters around drafts are made (rule 19)."""
    outline: tuple[Criterion, ...] = ()
    """What the outline must meet that is drafted first; none to begin with prose (rule 10)."""
    competing: tuple[tuple[str, str, str], ...] = ()
    """Pairs of criteria that code sees pulling apart, and why (rule 12)."""
    excluded: tuple[tuple[str, str, str], ...] = ()
    """Pairs of criteria that no text can meet both of, as their checks prove, and why (rule 13)."""
    history: tuple[MoveRecord, ...] = ()
    """How this author's moves did in earlier runs (rule 11)."""
    own_runs: int = 0
    """How many finished runs of this author the ledger held when this one began (rule 17)."""
    known: tuple[CriticOn, ...] = ()
    """What is known about the critics on single criteria (rule 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A call is about to be made; its worst case is reserved."""

    kind: Literal["requested"] = "requested"
    call: int
    role: Role
    rule: str
    """The rule of the control law that asked for it."""
    action: Call
    tokens: int
    """Reserved: the worst case of this call."""
    money: float = 0.0
    """Reserved, in US dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """There is a new draft."""

    kind: Literal["drafted"] = "drafted"
    call: int | None
    """None for a text that was given."""
    text: str
    origin: Origin
    base: int | None = None
    usage: Usage = Usage()
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    """Criterion → the passage that the author says shows it, where it was told to check itself (rule 12)."""
    cut: bool = False
    """The reply was cut off at its limit for the second time; this is what it holds up to its last whole sentence."""
    misses: tuple[str, ...] = ()
    """A line for each edit that did not apply, while others did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchMissed:
    """Some edits did not apply; they are asked for once more before the move counts as failed."""

    kind: Literal["patch_missed"] = "patch_missed"
    call: int
    revise: Revise
    edits: tuple[Edit, ...]
    misses: tuple[str, ...]
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFailed:
    """An author call brought no draft; it uses up a pass."""

    kind: Literal["move_failed"] = "move_failed"
    call: int
    move: Move | Literal["first"]
    why: MoveFailure
    detail: str
    usage: Usage = Usage()
    repeats: int | None = None
    """The earlier draft that a repeated text is the same as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The checks have run."""

    kind: Literal["measured"] = "measured"
    draft: int
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A critic gave one verdict for each criterion asked for."""

    kind: Literal["judged"] = "judged"
    call: int
    draft: int
    verdicts: tuple[Verdict, ...]
    wishes: tuple[str, ...] = ()
    """What the critic would like that no criterion demands; kept in the parking lot, never acted on (rule 1)."""
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Misjudged:
    """A critic's reply could not be used; it says nothing about the draft (rule 6)."""

    kind: Literal["misjudged"] = "misjudged"
    call: int
    draft: int
    """0 for a probe item."""
    why: Misreading
    detail: str
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A critic answered one item of the probe battery."""

    kind: Literal["probed"] = "probed"
    call: int
    role: Role
    item: int
    noticed: int
    """Planted failures it failed."""
    failures: int
    """Planted failures in the item."""
    passed: int
    """Planted passes it passed."""
    passes: int
    """Planted passes in the item."""
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """A model could not be used for this call, retries included."""

    kind: Literal["call_failed"] = "call_failed"
    call: int
    role: Role
    why: str
    detail: str
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mediated:
    """A model was asked what competes with a stubborn criterion (rule 12)."""

    kind: Literal["mediated"] = "mediated"
    call: int
    criterion: str
    competing: str = ""
    """A criterion, or the passage of the author's prompt that was cited and is truly there; empty if nothing was found."""
    why: str = ""
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A person answered what was asked (rule 20)."""

    kind: Literal["answered"] = "answered"
    question: Question
    subject: str
    approved: bool
    who: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruled:
    """A person settled a verdict (rule 20)."""

    kind: Literal["overruled"] = "overruled"
    draft: int
    criterion: str
    passes: bool
    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """The target was changed on purpose (rule 1); everything is measured again."""

    kind: Literal["amended"] = "amended"
    spec: Spec
    who: str
    why: str
    old: str
    """The digest until now."""
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The user added to the budget; an ended run goes on."""

    kind: Literal["extended"] = "extended"
    passes: int = 0
    tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0
    policy: Policy | None = None
    """The tuning from here on; None to keep what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A process took the run up again; a call that was in flight is abandoned, and repeated."""

    kind: Literal["resumed"] = "resumed"
    policy: Policy | None = None
    """The tuning from here on; None to keep what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The user ended the run."""

    kind: Literal["cancelled"] = "cancelled"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The run ended."""

    kind: Literal["stopped"] = "stopped"
    outcome: Outcome
    rule: str
    reason: str
    best: int | None
    """The draft that is returned."""


Completion: TypeAlias = Drafted | PatchMissed | MoveFailed | Judged | Misjudged | Probed | Mediated | CallFailed
"""The events that end a requested call."""

Event: TypeAlias = (
    Opened
    | Requested
    | Completion
    | Measured
    | Decided
    | Answered
    | Overruled
    | Amended
    | Extended
    | Resumed
    | Cancelled
    | Stopped
)


def cancels(event: Event) -> bool:
    """Whether anybody who knows all events may append it: who cancels a run does not become its writer."""
    return isinstance(event, Cancelled) or (isinstance(event, Stopped) and event.outcome == "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the ledger keeps it.

    Args:
        run: the run's id.
        seq: its place in the run, from 0.
        at: when it was stored, in seconds since the epoch.
        digest: the digest of the spec it was made under.
        event: what happened.
    """

    run: str
    seq: int
    at: float
    digest: str
    event: Event
