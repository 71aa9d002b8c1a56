"""What a state is made of: drafts with their readings, lineages, passes, and what was spent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from setpoint.core.action import Purpose, Revise, Write
from setpoint.core.draft import Draft, Stage
from setpoint.core.event import MoveFailed, Usage
from setpoint.core.fault import Verdict, settle

__all__ = ["CriticRecord", "DraftState", "Lineage", "LineageKind", "Pass", "Spent"]

LineageKind: TypeAlias = Literal["first", "outline", "restart", "freeze", "thaw", "amended"]


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
