"""What every check is made of: validated parameters, a sentence that says the demand, and a rule over a text.

Rules of this folder:

- One class of parameters per check, and it owns the whole check: its docs, its demand, its rule.
- A rule is a pure function of the text (`command` apart); it never raises for a text, whatever is in it.
- A failure directs: one line with what is wrong and what to do, and how far it is from passing.
- Whatever cannot be decided is neither a pass nor a failure: ``passed=None``.
- Heavy libraries are imported by the rule that needs them, not by the module.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from setpoint.core.spec import Source
from setpoint.ports import Check, Finding

__all__ = [
    "PASSED",
    "Bounds",
    "Built",
    "CheckContext",
    "NonBlank",
    "Params",
    "PartBounds",
    "Phrases",
    "Rule",
    "allowed",
    "bounded",
    "failed",
    "listing",
    "one_line",
    "plain",
    "quoted",
    "unassessed",
]

Rule: TypeAlias = Callable[[str], Finding]
"""Measures one text, whose lines end in ``\\n``."""

PASSED: Final = Finding(passed=True)

_LINE_LIMIT = 400
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a check may look at besides the draft.

    Args:
        kind: the kind of text, as in `Spec.kind`.
        sources: the material of the spec.
        attachments: the files of the spec that only checks use.
        custom: by name, the checks that the calling program brings.
    """

    kind: str = "text"
    sources: tuple[Source, ...] = ()
    attachments: tuple[Source, ...] = ()
    custom: Mapping[str, Check] = field(default_factory=dict[str, Check])

    def attachment(self, name: str) -> Source | None:
        """The attachment of that name, if there is one."""
        return next((one for one in self.attachments if one.name == name), None)


class Params(BaseModel, ABC):
    """The parameters of one check, and the check they make."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, validate_by_name=False, validate_by_alias=True, allow_inf_nan=False
    )

    check: ClassVar[str]
    """How the spec calls it."""
    demands: ClassVar[str]
    """What it demands, for the reference: one or two sentences."""
    notes: ClassVar[str] = ""
    """What a user must know about its limits."""
    example: ClassVar[str]
    """A TOML value as it stands after ``check =``."""
    bare: ClassVar[str] = ""
    """The parameter that ``check = { name = value }`` stands for; empty if there is none."""
    verbatim: ClassVar[bool] = False
    """Whether the rule gets the text byte for byte instead of with its line ends made alike."""

    def attached(self) -> tuple[str, ...]:
        """The names of the attachments it needs."""
        return ()

    @abstractmethod
    def demand(self) -> str:
        """The demand as one sentence that an author can follow."""

    @abstractmethod
    def rule(self, context: CheckContext) -> Rule:
        """The rule these parameters make.

        Raises:
            SpecError: if they can never be met or measured in this context.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A check that is ready to measure; keeps the promises of the `Check` port whatever the rule says."""

    name: str
    rule: Rule
    verbatim: bool = False

    def measure(self, text: str) -> Finding:
        """Measure one text; never raises for what is in it."""
        try:
            # The rest of the program numbers lines by `splitlines`, which knows more line ends than "\n".
            finding = self.rule(text if self.verbatim else "\n".join(text.splitlines()))
        except TimeoutError:
            finding = unassessed(f"the {self.name} check ran out of time; simplify its pattern or shorten the text")
        shortfall = 0.0 if finding.passed else min(1.0, max(0.0, finding.shortfall))
        return replace(finding, message=one_line(finding.message), shortfall=shortfall)


def failed(message: str, *, shortfall: float = 1.0, lines: Iterable[int] = (), root: str = "") -> Finding:
    """A failure: what is wrong and what to do, how far from passing (0 to 1), where (lines from 1), and its root."""
    return Finding(passed=False, message=message, shortfall=shortfall, lines=tuple(sorted(set(lines))), root=root)


def unassessed(message: str) -> Finding:
    """Neither a pass nor a failure: why it could not be measured."""
    return Finding(passed=None, message=message, shortfall=1.0)


def one_line(message: str, limit: int = _LINE_LIMIT) -> str:
    """The message without control characters, on one line, at most ``limit`` characters long."""
    visible = "".join(
        " " if char.isspace() else char for char in message[: 8 * limit] if char.isspace() or _shown(char)
    )
    folded = " ".join(visible.split())
    return folded if len(folded) <= limit else folded[: limit - 1].rstrip() + "…"


def _shown(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def quoted(passage: str, limit: int = 60) -> str:
    """A passage of the draft as it is named in a message."""
    return f'"{one_line(passage, limit)}"'


def listing(names: Sequence[str], most: int = _NAMED) -> str:
    """Some names joined by commas; says how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


# Kinds of values in specs


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


NonBlank: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text with something in it."""

Phrases: TypeAlias = Annotated[list[NonBlank], BeforeValidator(_listed), Field(min_length=1)]
"""A list of phrases; one alone may stand without brackets."""


# Counting between two bounds


class Bounds(Params):
    """A count that lies between ``min`` and ``max``."""

    min: int | None = Field(default=None, ge=0, description="the fewest allowed")
    max: int | None = Field(default=None, ge=0, description="the most allowed")

    @model_validator(mode="after")
    def _possible(self) -> "Bounds":
        if self.min is None and self.max is None:
            raise ValueError("needs min or max, or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min} but max is {self.max}; no text can meet both")
        return self


class PartBounds(Params):
    """How many parts of a kind a text has, and how long each may be."""

    min: int | None = Field(default=None, ge=0, description="the fewest allowed")
    max: int | None = Field(default=None, ge=0, description="the most allowed")
    max_words: int | None = Field(default=None, ge=1, description="the most words one of them may have")

    @model_validator(mode="after")
    def _possible(self) -> "PartBounds":
        if self.min is None and self.max is None and self.max_words is None:
            raise ValueError("needs min, max or max_words")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min} but max is {self.max}; no text can meet both")
        return self


def allowed(low: int | None, high: int | None, one: str, many: str) -> str:
    """Two bounds in words: ``at most 180 words``."""
    unit = one if (high if high is not None else low) == 1 else many
    if low is not None and high is not None:
        return f"exactly {low} {unit}" if low == high else f"{low} to {high} {unit}"
    return f"at most {high} {unit}" if high is not None else f"at least {low} {unit}"


def bounded(count: int, *, low: int | None, high: int | None, one: str, many: str, length: bool = False) -> Finding:
    """Compare a count with its bounds; the shortfall is the excess or lack as a share of the bound.

    With ``length``, too many words and too many characters have one root: the text is too long.
    """
    said = f"{count} {one if count == 1 else many}"
    if high is not None and count > high:
        excess = count - high
        return failed(
            f"{said}; cut at least {excess}", shortfall=excess / high if high else 1.0, root="too long" * length
        )
    if low is not None and count < low:
        return failed(f"{said}; add at least {low - count}", shortfall=(low - count) / low, root="too short" * length)
    return PASSED


def plain(value: object) -> object:
    """A spec value with mappings as dicts and sequences as lists, as strict validation and JSON want them."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in cast("Sequence[object]", value)]
    return value
