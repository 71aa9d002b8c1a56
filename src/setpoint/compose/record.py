"""What a run is told about its critics when it begins (rule 4)."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from setpoint.core.action import Role
from setpoint.core.event import CriticOn, RoleModel
from setpoint.core.spec import Criterion, says_digest
from setpoint.errors import LedgerError
from setpoint.rubric.trust_record import Counts, Evidence, Subject, TrustRecord, subject

__all__ = ["Sums", "by_subject", "known_about"]

Sums: TypeAlias = dict[Evidence, Counts]
"""How a critic did, by source."""

_CRITICS: Final[tuple[Role, ...]] = ("critic", "confirmer")


def by_subject(record: TrustRecord) -> dict[Subject, Sums]:
    """Everything in the record, by subject and source.

    Raises:
        LedgerError: if it cannot be read.
    """
    known: dict[Subject, Sums] = {}
    for entry in record.entries():
        if entry.counts.total:
            sums = known.setdefault(entry.subject, {})
            sums[entry.source] = sums.get(entry.source, Counts()) + entry.counts
    return known


def known_about(
    models: Iterable[RoleModel], criteria: Iterable[Criterion], record: TrustRecord
) -> tuple[CriticOn, ...]:
    """What the record holds about the critics of a run on its criteria; a record that cannot be read holds nothing.

    What a probe found is no part of it: it was about other criteria.
    """
    try:
        known = by_subject(record)
    except LedgerError:
        return ()
    found: list[CriticOn] = []
    judged = [criterion for criterion in criteria if criterion.check is None]
    for model in models:
        for criterion in judged if model.role in _CRITICS else ():
            sources = dict(known.get(subject(model.model, model.form, criterion), {}))
            sources.pop("probe", None)
            counts = sum(sources.values(), Counts())
            if counts.total:
                people = sum((c for source, c in sources.items() if source != "audit"), Counts())
                found.append(
                    CriticOn(
                        role=model.role,
                        criterion=criterion.name,
                        digest=says_digest(criterion),
                        noticed=counts.noticed,
                        failures=counts.failures,
                        passed=counts.passed,
                        passes=counts.passes,
                        labels=people.total,
                    )
                )
    return tuple(found)
