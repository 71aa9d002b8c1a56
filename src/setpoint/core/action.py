"""What the control law can ask for. Each action is at most one model call, so that resume repeats at most one."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from setpoint.core.draft import Edit, Move, Stage

__all__ = [
    "Action",
    "Ask",
    "Call",
    "Contradict",
    "Decided",
    "Freeze",
    "Judge",
    "LockOutline",
    "Measure",
    "Mediate",
    "Outcome",
    "Prefer",
    "Probe",
    "Promote",
    "Purpose",
    "Question",
    "Reask",
    "Restart",
    "Revise",
    "Role",
    "SetAside",
    "Setting",
    "Stop",
    "Tactic",
    "Thaw",
    "Write",
]

Role: TypeAlias = Literal["author", "critic", "confirmer", "mediator"]

Question: TypeAlias = Literal["outline", "amend", "precedence"]
"""What a person may ask to decide (rule 20)."""

Setting: TypeAlias = Literal["steady", "varied"]
"""How freely the author samples: ``steady`` stays near the most likely text, ``varied`` looks further."""

Purpose: TypeAlias = Literal["first", "fresh", "alone", "second", "third", "confirm", "redirect"]
"""Why a reading is taken: the exhaustive first one, later ones, a criterion asked once more alone, a claimed loss,
a dispute, the confirmation, or a directive sent back for being vague."""

Outcome: TypeAlias = Literal[
    "accepted",
    "unverified",
    "off_target",
    "contradiction",
    "unsatisfiable",
    "unmeasurable",
    "settled",
    "out_of_budget",
    "cancelled",
    "machinery",
]


class Tactic(NamedTuple):
    """One rung of the ladder (rule 11)."""

    move: Move
    focus: Literal["all", "few", "one"]
    """How many faults it takes on: all (a redraft answers to the whole spec), as many as rule 7 allows, or one."""
    setting: Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write the first draft of a lineage."""

    kind: Literal["write"] = "write"
    stage: Stage = "prose"
    approach: str = ""
    """How a restart goes about it this time (rule 14)."""
    lessons: tuple[str, ...] = ()
    """What went wrong before the restart, as directives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise:
    """Make another draft from the best one."""

    kind: Literal["revise"] = "revise"
    move: Move
    base: int
    """The draft to improve on."""
    targets: tuple[str, ...]
    """The criteria to fix, most important first."""
    setting: Setting = "steady"
    hold: tuple[str, ...] = ()
    """The criteria that are frozen: a draft that loses one is rejected (rule 13)."""
    standing: int = 0
    """How many standing orders (precedence, promotion) the author has by then; more of them is another tactic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reask:
    """Ask once more, precisely, for the edits that did not apply."""

    kind: Literal["reask"] = "reask"
    revise: Revise
    edits: tuple[Edit, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Take a reading by a critic."""

    kind: Literal["judge"] = "judge"
    draft: int
    criteria: tuple[str, ...]
    purpose: Purpose
    role: Role = "critic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Put one planted text before a critic that is new in the role (rule 4)."""

    kind: Literal["probe"] = "probe"
    role: Role
    item: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Run the checks on a draft; costs no call."""

    kind: Literal["measure"] = "measure"
    draft: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Stop targeting a criterion; it is named in the report and still counts (rule 15)."""

    kind: Literal["set_aside"] = "set_aside"
    criterion: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mediate:
    """Look in the author's whole prompt for what competes with a stubborn criterion (rule 12)."""

    kind: Literal["mediate"] = "mediate"
    criterion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefer:
    """Say which of two demands comes first where they pull apart (rule 12); the author reads it from now on."""

    kind: Literal["prefer"] = "prefer"
    winner: str
    """A criterion."""
    loser: str
    """A criterion, or the competing passage of the prompt."""
    why: str
    by: Literal["code", "mediator", "person"] = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """Make a stubborn criterion something that the author must check its text against, with evidence (rule 12)."""

    kind: Literal["promote"] = "promote"
    criterion: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Hold one of two conflicting criteria and work on the other alone (rule 13); opens a lineage."""

    kind: Literal["freeze"] = "freeze"
    keep: str
    free: str
    base: int
    """The best draft in which ``keep`` holds."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thaw:
    """End a freeze; everything counts again (rule 13)."""

    kind: Literal["thaw"] = "thaw"
    keep: str
    free: str
    settled: bool
    """Whether both hold in some draft now."""
    base: int
    """The draft that the run goes on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradict:
    """Name a pair of criteria that exclude each other (rule 13); neither is targeted any more."""

    kind: Literal["contradict"] = "contradict"
    first: str
    second: str
    proposal: str
    """Which could come first, as a sentence for the spec's author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Begin again from the spec, with the lessons and another approach (rule 14); opens a lineage."""

    kind: Literal["restart"] = "restart"
    approach: str
    lessons: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOutline:
    """The outline is settled: its headings are locked, and prose begins (rule 10); opens a lineage."""

    kind: Literal["lock_outline"] = "lock_outline"
    draft: int
    headings: tuple[str, ...]
    open: tuple[str, ...] = ()
    """Its criteria that it does not meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Wait for a person (rule 20)."""

    kind: Literal["ask"] = "ask"
    question: Question
    subject: str
    """What it is about, so that one answer settles one question."""
    text: str
    """What to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End the run."""

    kind: Literal["stop"] = "stop"
    outcome: Outcome
    reason: str


Call: TypeAlias = Write | Revise | Reask | Judge | Probe | Mediate
"""The actions that cost a model call."""

Decided: TypeAlias = SetAside | Prefer | Promote | Freeze | Thaw | Contradict | Restart | LockOutline
"""The actions that cost nothing and are recorded as they are."""

Action: TypeAlias = Call | Measure | Decided | Ask | Stop
