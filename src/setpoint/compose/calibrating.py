"""What is known about each critic, as a table: from the record beside the ledger and the runs in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.compose.history import MOST_RUNS
from setpoint.compose.labelling import items_of, store_counts
from setpoint.compose.record import Sums, by_subject
from setpoint.compose.settings import Settings
from setpoint.core.fold import fold
from setpoint.core.policy import Policy
from setpoint.core.state import State
from setpoint.errors import LedgerError
from setpoint.ports import Ledger
from setpoint.rubric.calibration import Interval, agreement, corrected, kappa, sensitivity, specificity
from setpoint.rubric.trust_record import Counts, Subject, subject

__all__ = ["CriticRow", "calibration", "verdict_on"]

_USUAL: Final = Policy()
"""The thresholds that runs have unless they are told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticRow:
    """What is known about one critic on one criterion.

    Args:
        model: the critic.
        form: the wording of its prompts.
        criterion: its name; empty for all criteria together.
        digest: of what the criterion says.
        sources: how it did, by source.
        counts: all of that together.
        sensitivity: the share of failures that it noticed; None for not enough data, as in all that follow.
        specificity: the share of passes that it passed.
        agreement: how often people's labels and it agree.
        kappa: the same beyond chance.
        read: texts that it read in the runs of the ledger.
        passed: those that it passed.
        corrected: the share of them that truly meet the criterion.
    """

    model: str
    form: str
    criterion: str
    digest: str
    sources: Sums
    counts: Counts
    sensitivity: Interval | None
    specificity: Interval | None
    agreement: Interval | None
    kappa: Interval | None
    read: int
    passed: int
    corrected: Interval | None


async def calibration(where: Settings, ledger: Ledger) -> tuple[CriticRow, ...]:
    """A row for each critic and criterion of which something is known, and one for each critic as a whole.

    Labels and overrulings are counted afresh from the latest runs of the ledger; a run that cannot be read is left out.

    Raises:
        LedgerError: if the record cannot be read.
    """
    runs: list[tuple[str, State]] = []
    for info in (await ledger.runs())[:MOST_RUNS]:
        try:
            runs.append((info.run, fold(await ledger.replay(info.run))))
        except (LedgerError, ValueError):
            continue
    store_counts(runs, where)
    known = by_subject(where.critics)
    readings = _readings(runs)
    rows = [_row(about, sources, readings.get(about, (0, 0))) for about, sources in known.items()]
    critics = dict.fromkeys((about.model, about.form) for about in known)
    for model, form in critics:
        mine = [sources for about, sources in known.items() if (about.model, about.form) == (model, form)]
        if len(mine) > 1:
            rows.append(_row(Subject(model=model, form=form, criterion="", digest=""), _together(mine), (0, 0)))
    return tuple(sorted(rows, key=lambda row: (row.model, row.form, not row.criterion, row.criterion)))


def _together(many: Iterable[Sums]) -> Sums:
    total: Sums = {}
    for sums in many:
        for source, counts in sums.items():
            total[source] = total.get(source, Counts()) + counts
    return total


def _readings(runs: Sequence[tuple[str, State]]) -> dict[Subject, tuple[int, int]]:
    """How many texts each critic read, and how many of them it passed, by criterion."""
    found: dict[Subject, tuple[int, int]] = {}
    for item in items_of(runs):
        for said in item.said:
            about = subject(said.model, said.form, item.criterion)
            read, passed = found.get(about, (0, 0))
            found[about] = (read + 1, passed + (said.status == "pass"))
    return found


def _row(about: Subject, sources: Sums, readings: tuple[int, int]) -> CriticRow:
    everything = sum(sources.values(), Counts())
    # Overrulings are not drawn by chance: people overrule what is wrong. They would bend agreement and pass rates.
    labels = sources.get("labels", Counts())
    read, passed = readings
    return CriticRow(
        model=about.model,
        form=about.form,
        criterion=about.criterion,
        digest=about.digest,
        sources=sources,
        counts=everything,
        sensitivity=sensitivity(everything),
        specificity=specificity(everything),
        agreement=agreement(labels),
        kappa=kappa(labels),
        read=read,
        passed=passed,
        corrected=corrected(passed, read, labels),
    )


def verdict_on(row: CriticRow) -> str:
    """What a row means for loops, in a few words."""
    if row.sensitivity is None or row.specificity is None:
        return "not enough data"
    seen, sound = row.sensitivity.value, row.specificity.value
    if seen + sound - 1 < _USUAL.informed:
        return "tells nothing"
    if seen < _USUAL.trust_threshold:
        return "blind"
    return "trusted"
