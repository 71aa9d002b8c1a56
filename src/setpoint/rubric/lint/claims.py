"""What is demanded of a text in a form that code can compare: by checks, and by sentences that a check could measure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.checks.competing import phrases
from setpoint.core.spec import CheckCall, Criterion, Spec
from setpoint.rubric.lint.demands import demands
from setpoint.rubric.lint.flaw import own_words

__all__ = ["BRIEF", "Claim", "claims", "phrases_in", "said", "span"]

BRIEF: Final = "brief"
"""How findings name the brief where a criterion's name would stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One demand.

    Args:
        name: the criterion it belongs to; ``brief`` for the brief.
        call: the check that measures it, or that could.
        quote: where it stands, verbatim; for a check without a sentence of its own, the check's.
        measured: whether it is the criterion's check, not its prose.
    """

    name: str
    call: CheckCall
    quote: str
    measured: bool = False

    def params(self, check: str) -> Mapping[str, object]:
        """The parameters, if it is that check; else none."""
        return self.call.params if self.call.name == check else {}


def claims(spec: Spec, group: Sequence[Criterion], *, brief: bool = True) -> Iterator[Claim]:
    """The demands of criteria that are measured on one text, and of the brief."""
    for criterion in group:
        if criterion.check is not None:
            yield Claim(name=criterion.name, call=criterion.check, quote=criterion.says, measured=True)
        else:
            for demand in demands(criterion.says, spec.brief, spec.kind):
                yield Claim(name=criterion.name, call=demand.call, quote=demand.quote)
    if brief:
        for demand in demands(spec.brief, spec.brief, spec.kind):
            yield Claim(name=BRIEF, call=demand.call, quote=demand.quote)


def said(spec: Spec, criterion: Criterion) -> Iterator[Claim]:
    """What the sentence of a criterion that has a check demands besides."""
    if criterion.check is not None and own_words(criterion):
        for demand in demands(criterion.says, spec.brief, spec.kind):
            yield Claim(name=criterion.name, call=demand.call, quote=demand.quote)


def span(claim: Claim, check: str) -> tuple[float, float]:
    """The bounds that a claim sets by a check that counts; all numbers if it sets none."""
    params = claim.params(check)
    low, high = params.get("min"), params.get("max")
    return (
        float(low) if isinstance(low, int | float) else 0.0,
        float(high) if isinstance(high, int | float) else float("inf"),
    )


def phrases_in(claim: Claim, check: str, *keys: str) -> tuple[str, ...]:
    """The plain phrases among a check's parameters."""
    return phrases(claim.params(check), *keys)
