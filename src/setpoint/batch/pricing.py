"""What a batch will take, before it is started and while it runs (rule 17)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.batch.plan import Job, request_of
from setpoint.compose import Request, Settings, estimate_request, past_for
from setpoint.core.forecast import Outlook
from setpoint.ports import Ledger

__all__ = ["BatchOutlook", "price"]

_Z90: Final = 1.2816
ALIKE: Final = 0.3
"""The correlation that is assumed between what rows take: the same author, the same kind of text. With none, the sum of
many rows would look far surer than the forecast of one row is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutlook:
    """A forecast of the sum over rows.

    Args:
        rows: how many are still to be run.
        accepted: how many of them are expected to be accepted within their budgets.
        passes: expected for all rows together.
        tokens_p50: as many or fewer in half of such batches.
        tokens_p90: the same for nine in ten.
        money_p50: US dollars; None where a price is not known.
        money_p90: the same for nine in ten.
        each: the expected passes of each row, by its number.
    """

    rows: int
    accepted: float
    passes: float
    tokens_p50: float
    tokens_p90: float
    money_p50: float | None
    money_p90: float | None
    each: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Spread:
    mean: float
    deviation: float


async def price(jobs: Sequence[Job], template: Request, where: Settings, ledger: Ledger | None) -> BatchOutlook:
    """What these rows will take.

    Args:
        jobs: the rows that are still to be run.
        template: the request that they have in common.
        where: the configuration.
        ledger: where past runs are; None if nothing was ever recorded.

    Raises:
        ConfigError: if a money cap meets an unknown price.
    """
    past = await past_for(template, where, ledger)
    known: dict[tuple[object, ...], Outlook] = {}
    outlooks: dict[int, Outlook] = {}
    for job in jobs:
        spec = job.spec
        # Rows of the same size have the same forecast; sizes are rounded, as the forecast itself is.
        size = sum(len(source.text) for source in spec.sources) + len(spec.brief) + len(job.draft or "")
        key = (len(spec.checked), len(spec.judged), round(4 * math.log2(size + 1)), job.draft is None)
        if key not in known:
            known[key] = await estimate_request(request_of(job, template), where, None, past=past)
        outlooks[job.number] = known[key]
    passes = {number: _passes(outlook).mean for number, outlook in outlooks.items()}
    tokens = _total([_amount(outlook, 0) for outlook in outlooks.values()])
    money: _Spread | None = None
    if all(outlook.cost.first.money is not None for outlook in outlooks.values()):
        money = _total([_amount(outlook, 1) for outlook in outlooks.values()])
    return BatchOutlook(
        rows=len(jobs),
        accepted=sum(outlook.chance for outlook in outlooks.values()),
        passes=sum(passes.values()),
        tokens_p50=tokens.mean,
        tokens_p90=tokens.mean + _Z90 * tokens.deviation,
        money_p50=None if money is None else money.mean,
        money_p90=None if money is None else money.mean + _Z90 * money.deviation,
        each=passes,
    )


def _passes(outlook: Outlook) -> _Spread:
    """The passes of one row: its chances to end by each, and the whole budget for the rest."""
    most = max(1, outlook.affordable)
    ended = [*outlook.done[: most - 1], 1.0]
    chances = [now - before for before, now in zip([0.0, *ended], ended, strict=False)]
    mean = sum(number * chance for number, chance in enumerate(chances, start=1))
    square = sum(number**2 * chance for number, chance in enumerate(chances, start=1))
    return _Spread(mean, math.sqrt(max(0.0, square - mean**2)))


def _amount(outlook: Outlook, part: int) -> _Spread:
    """Tokens (0) or money (1) of one row; a cost grows by the same for each further pass."""
    passes = _passes(outlook)
    cost = outlook.cost
    first, again = cost.of(1)[part] or 0.0, cost.again[part] or 0.0
    return _Spread(first + (passes.mean - 1) * again, passes.deviation * again)


def _total(rows: Sequence[_Spread]) -> _Spread:
    alone = sum(row.deviation**2 for row in rows)
    together = sum(row.deviation for row in rows) ** 2
    return _Spread(sum(row.mean for row in rows), math.sqrt((1 - ALIKE) * alone + ALIKE * together))
