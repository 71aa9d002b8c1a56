"""What the control law can ask for. Each action is at most one model call, so that resume repeats at most one."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from setpoint.core.draft import Edit, Move

__all__ = [
    "Action",
    "Call",
    "Judge",
    "Measure",
    "Outcome",
    "Probe",
    "Purpose",
    "Reask",
    "Revise",
    "Role",
    "SetAside",
    "Setting",
    "Stop",
    "Tactic",
    "Write",
]

Role: TypeAlias = Literal["author", "critic", "confirmer"]

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
    focus: int
    """How many faults it takes on; 0 means all (a redraft answers to the whole spec)."""
    setting: Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write the first draft."""

    kind: Literal["write"] = "write"


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
class Stop:
    """End the run."""

    kind: Literal["stop"] = "stop"
    outcome: Outcome
    reason: str


Call: TypeAlias = Write | Revise | Reask | Judge | Probe
"""The actions that cost a model call."""

Action: TypeAlias = Call | Measure | SetAside | Stop
