"""Verdicts, the order between readings (rule 8), and directives (rule 5).

A verdict is one answer about one criterion of one draft. Several verdicts on the same text are *votes*; `settle`
says what they amount to, and whatever is not clearly a pass is not a pass (rule 6).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from setpoint.core.spec import Criterion, importance

__all__ = [
    "Distance",
    "Fault",
    "Measurer",
    "Status",
    "Verdict",
    "disputed",
    "distance",
    "rank",
    "settle",
    "vagueness",
]

Status: TypeAlias = Literal["pass", "fail", "cannot_assess"]
Measurer: TypeAlias = Literal["check", "critic", "confirmer", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One measurement of one criterion on one draft.

    Args:
        criterion: its name.
        status: ``pass``, ``fail`` or ``cannot_assess``.
        reason: one line: what was found.
        directive: for a failure, one line: what to do about it. Checks put the whole instruction here.
        lines: the lines of the draft (from 1) that it rests on; empty means ``whole`` (absence, or the text as a whole).
        shortfall: 0 to 1, how far a failure is from passing; 1 for critics, 0 for a pass.
        by: who measured.
        carried: taken over from the parent draft because an edit left its lines alone.
        root: failures with the same non-empty root are one fault.
    """

    criterion: str
    status: Status
    reason: str = ""
    directive: str = ""
    lines: tuple[int, ...] = ()
    shortfall: float = 0.0
    by: Measurer = "check"
    carried: bool = False
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failed criterion as a directive to the author: where, what is wrong, what to do."""

    criterion: Criterion
    reason: str
    directive: str
    lines: tuple[int, ...] = ()
    """The lines of the draft (from 1) that it is about; none for an absence, or for the text as a whole."""
    quotes: tuple[str, ...] = ()
    shortfall: float = 1.0
    vague: bool = False
    root: str = ""


class Distance(NamedTuple):
    """How far a draft is from the target; the first component that differs decides, and less is nearer."""

    core: int
    """Core criteria not passed."""
    impact: int
    """Summed impact of criteria not passed."""
    shortfall: float
    """Summed shortfall of criteria not passed, to six decimals."""


def settle(votes: Sequence[Verdict]) -> Verdict | None:
    """What several verdicts on the same text amount to; None if there are none.

    A person's verdict settles it (rule 20). Otherwise the majority counts; without a majority it is a failure, so that
    no text passes by a tie. The latest verdict of the winning side speaks for it.
    """
    if not votes:
        return None
    if ruled := [vote for vote in votes if vote.by == "person"]:
        return ruled[-1]
    for status in ("pass", "cannot_assess", "fail"):
        side = [vote for vote in votes if vote.status == status]
        if 2 * len(side) > len(votes):
            return side[-1]
    failures = [vote for vote in votes if vote.status == "fail"]
    return failures[-1] if failures else next(vote for vote in reversed(votes) if vote.status == "cannot_assess")


def disputed(votes: Sequence[Verdict]) -> bool:
    """Whether the votes are evenly split between pass and not-pass, and no person has ruled."""
    if any(vote.by == "person" for vote in votes):
        return False
    return len(votes) > 1 and 2 * sum(vote.status == "pass" for vote in votes) == len(votes)


def distance(criteria: Iterable[Criterion], verdicts: Mapping[str, Verdict]) -> Distance:
    """The distance of a reading; a criterion without a verdict, or that cannot be assessed, counts as failed."""
    core = impact = 0
    shortfall = 0.0
    for criterion in criteria:
        verdict = verdicts.get(criterion.name)
        if verdict is not None and verdict.status == "pass":
            continue
        core += criterion.core
        impact += criterion.impact
        shortfall += verdict.shortfall if verdict is not None and verdict.status == "fail" else 1.0
    return Distance(core, impact, round(shortfall, 6))


def rank(faults: Iterable[Fault], focus: int) -> tuple[Fault, ...]:
    """The faults to fix now: by core, impact and shortfall; vague ones last; one root cause counts as one (rule 7)."""
    ordered = sorted(faults, key=lambda fault: (fault.vague, importance(fault.criterion), -fault.shortfall))
    chosen: list[Fault] = []
    causes: list[str] = []
    for fault in ordered:
        cause = fault.root or f"={fault.criterion.name}"
        if cause not in causes:
            if len(causes) == focus:
                continue
            causes.append(cause)
        chosen.append(fault)
    return tuple(chosen)


# Words that ask for an improvement without saying which. A directive made of these and of function words alone is a
# feeling: the author would have to guess, and would guess differently in every pass.
_VAGUE = frozenset(
    """
    improve enhance refine polish better clearer clarity clear flow engaging engage quality tone style wording sound
    sounds feel feels generic vague weak strong stronger good great nice more less very too bit little rather quite
    make be is it this that the a an and or of to in for with on at as by from draft text document content section
    paragraph sentence part piece writing overall should could must need needs please consider try ensure sure
    generally somewhat concise professional compelling impactful interesting readable readability structure rework
    revise rewrite fix adjust strengthen tighten work some its their your you so not isn't doesn't lacks lack
    """.split()  # noqa: SIM905 - a list of sixty quoted words is harder to read
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ACT_WORDS = 3


def vagueness(directive: str) -> str:
    """Why a directive cannot be acted on without guessing; empty if it can (rule 5).

    A heuristic, and a lenient one: it rejects what has no concrete word at all. It reads no meaning.
    """
    words = [word.lower() for word in _WORD.findall(directive)]
    if words and re.search(r"\d|[\"“”«»`]", directive):
        return ""
    if len(words) < _ACT_WORDS:
        return "it is too short to say where to act and what to do"
    if all(word in _VAGUE for word in words):
        return "it says how the text feels, not where to act and what to do"
    return ""
