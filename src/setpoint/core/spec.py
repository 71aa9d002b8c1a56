"""The fixed target (rules 1 and 2).

A `Spec` is a value: once made it never changes, and its digest names it. Everything that decides what a good text
is belongs here and into the digest; how to get there (models, budget, policy) does not, so a run may be continued
with more passes against the same target.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from setpoint.errors import SpecError

__all__ = ["Budget", "CheckCall", "Criterion", "Skeleton", "Source", "Spec", "importance", "says_digest"]

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
HEADING = re.compile(r"#{1,6} +\S.*\Z")
MINOR_IMPACT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Material the text is made from or measured with; treated as data, never as instructions."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCall:
    """A check by name with its parameters, as written in the spec."""

    name: str
    params: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A named pass/fail demand.

    Args:
        name: lower-case words joined by hyphens; how it is called everywhere.
        says: the demand in one sentence, as the author and the critic read it.
        impact: 1 (cosmetic) to 5 (decides whether the text is of use).
        core: true only where failing it means a wrong premise, not an imperfect text.
        check: the check that measures it; None means that the critic does.

    Raises:
        SpecError: if the name, the sentence or the impact cannot be used.
    """

    name: str
    says: str
    impact: int = 3
    core: bool = False
    check: CheckCall | None = None

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise SpecError(
                f"the criterion name {self.name!r} must be lower-case letters, digits, '.', '_' or '-', at most 64",
                key="criterion.name",
            )
        if not self.says.strip():
            raise SpecError(
                f'criterion {self.name!r} does not say what it demands; add says = "…"', key="criterion.says"
            )
        if not 1 <= self.impact <= 5:  # noqa: PLR2004 - the scale itself
            raise SpecError(
                f"criterion {self.name!r}: impact is {self.impact}; it goes from 1 to 5", key="criterion.impact"
            )

    @property
    def minor(self) -> bool:
        """Whether a text that fails only this is good enough to stop at."""
        return not self.core and self.impact <= MINOR_IMPACT


def importance(criterion: Criterion) -> tuple[bool, int]:
    """What sorts the more important criterion first (rule 7): the core before all else, then by impact."""
    return not criterion.core, -criterion.impact


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may spend at the most; author, critic and confirmation together (rule 16).

    Args:
        passes: drafts and failed moves, the first draft counted.
        tokens: input and output tokens of all calls.
        money: US dollars.
        seconds: time in which the run is active; pauses between resumes do not count.

    Raises:
        SpecError: if a limit is not positive.
    """

    passes: int = 8
    tokens: int | None = None
    money: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name, value in (
            ("passes", self.passes),
            ("tokens", self.tokens),
            ("money", self.money),
            ("seconds", self.seconds),
        ):
            if value is not None and value <= 0:
                raise SpecError(f"{name} is {value}; a limit must be above 0", key=f"budget.{name}")

    def plus(self, *, passes: int = 0, tokens: int = 0, money: float = 0.0, seconds: float = 0.0) -> "Budget":
        """The budget with more of each; a limit that was not set stays unset."""
        return Budget(
            passes=self.passes + passes,
            tokens=None if self.tokens is None else self.tokens + tokens,
            money=None if self.money is None else self.money + money,
            seconds=None if self.seconds is None else self.seconds + seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """The structure that is settled before any prose is written (rule 10).

    Args:
        headings: fixed from the start, as markdown (``## Costs``); empty if the author is to draft an outline.
        criteria: what the outline must meet before it is locked; measured on the outline alone.

    Raises:
        SpecError: if headings are given and criteria as well, or neither.
    """

    headings: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.headings) == bool(self.criteria):
            raise SpecError(
                "a skeleton has either headings, which are locked as they stand, or criteria for an outline that is "
                'drafted first: headings = ["## Costs", "## Risks"] or [[skeleton.criterion]]',
                key="skeleton",
            )
        for heading in self.headings:
            if not HEADING.match(heading):
                raise SpecError(
                    f'{heading!r} is not a heading; write one to six # and its text: "## Costs"',
                    key="skeleton.headings",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The fixed target: what the text is for, what it is made from, and when it is done.

    Args:
        brief: what to write, for whom, to what end.
        criteria: at least one; names are unique.
        kind: the kind of text: ``text``, ``markdown``, ``json``, ``python`` or another language's name.
        sources: material shown to author and critic as data.
        attachments: files that only checks use (tests of a code draft); not shown to any model.
        skeleton: the structure that is settled first; None to leave it open.

    Raises:
        SpecError: if there is no brief, no criterion, or a name stands twice.
    """

    brief: str
    criteria: tuple[Criterion, ...]
    kind: str = "text"
    sources: tuple[Source, ...] = ()
    attachments: tuple[Source, ...] = ()
    skeleton: Skeleton | None = None
    known_digest: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.brief.strip():
            raise SpecError('there is no brief; say what to write and for whom: brief = "…"', key="brief")
        if not self.criteria:
            raise SpecError(
                "there are no criteria, so nothing says when the text is done. Add at least one, for example:\n"
                '  [[criterion]]\n  name = "short"\n  check = { words = { max = 180 } }',
                key="criterion",
            )
        for what, names in (
            ("criterion", [criterion.name for criterion in (*self.criteria, *self.outline)]),
            ("source", [source.name for source in self.sources]),
            ("attachment", [attachment.name for attachment in self.attachments]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise SpecError(
                        f"the {what} name {name!r} stands {names.count(name)} times; names must differ", key=what
                    )

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the canonical content, sources and attachments included."""
        if not self.known_digest:  # every event carries it, and a spec never changes
            object.__setattr__(self, "known_digest", self._digest())
        return self.known_digest

    def _digest(self) -> str:
        content: dict[str, object] = {
            "brief": self.brief,
            "kind": self.kind,
            "sources": [[source.name, source.text] for source in self.sources],
            "attachments": [[source.name, source.text] for source in self.attachments],
            "criteria": _canonical(self.criteria),
        }
        if self.skeleton is not None:
            content["skeleton"] = [self.skeleton.headings, _canonical(self.skeleton.criteria)]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    def criterion(self, name: str) -> Criterion:
        """The criterion of that name.

        Raises:
            KeyError: if there is none.
        """
        for criterion in (*self.criteria, *self.outline):
            if criterion.name == name:
                return criterion
        raise KeyError(name)

    @property
    def outline(self) -> tuple[Criterion, ...]:
        """The criteria of an outline that is drafted first; none if there is no such outline."""
        return self.skeleton.criteria if self.skeleton is not None else ()

    @property
    def checked(self) -> tuple[Criterion, ...]:
        """The criteria that code measures."""
        return tuple(criterion for criterion in self.criteria if criterion.check is not None)

    @property
    def judged(self) -> tuple[Criterion, ...]:
        """The criteria that a critic measures."""
        return tuple(criterion for criterion in self.criteria if criterion.check is None)

    def names(self) -> Iterator[str]:
        """The criterion names in the order of the spec."""
        return (criterion.name for criterion in self.criteria)


def _canonical(criteria: tuple[Criterion, ...]) -> list[object]:
    return [
        [c.name, c.says, c.impact, c.core, None if c.check is None else [c.check.name, c.check.params]]
        for c in criteria
    ]


def says_digest(criterion: Criterion) -> str:
    """A short name for what a criterion says, whatever its name and its line breaks."""
    return hashlib.sha256(" ".join(criterion.says.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
