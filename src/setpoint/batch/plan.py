"""From a spec and the rows of a file to jobs: one run each, with an id that the same command gives again."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from setpoint.batch.filling import Pattern
from setpoint.batch.rows import Row
from setpoint.compose import Request
from setpoint.core.spec import Spec
from setpoint.errors import ConfigError

__all__ = ["Job", "batch_id", "plan", "request_of", "run_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row, and the run that it is.

    Args:
        row: what the input says.
        name: what the row is called; empty if it has no name.
        run: the id of its run in the ledger.
        spec: its spec, filled in.
        draft: a text that exists already.
    """

    row: Row
    name: str
    run: str
    spec: Spec
    draft: str | None = None

    @property
    def number(self) -> int:
        """The row's number, counted from 1."""
        return self.row.number

    @property
    def values(self) -> Mapping[str, object]:
        """The row as it was read."""
        return self.row.values


def batch_id(out: Path) -> str:
    """The name of the batch that writes to a file: who gives the same file again goes on with the same batch."""
    return hashlib.sha256(str(out.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def run_id(batch: str, row: int, digest: str) -> str:
    """The id of a row's run: the same batch, row and spec give the same id, so that nothing is paid for twice."""
    return f"{batch}-{row:06d}-{digest[:10]}"


def plan(pattern: Pattern, rows: Iterable[Row], batch: str) -> tuple[Job, ...]:
    """All jobs of a batch. Every row is filled in and its checks are built, so that mistakes are found before a call.

    Args:
        pattern: the spec.
        rows: in the order of the output.
        batch: from `batch_id`.

    Raises:
        SpecError: if a row cannot be used; names file, line, row and column.
        ConfigError: if there is no row.
    """
    jobs: list[Job] = []
    for row in rows:
        spec = pattern.fill(row).spec
        draft, name = pattern.draft(row), pattern.name(row)
        what = spec.digest if draft is None else hashlib.sha256((spec.digest + draft).encode()).hexdigest()
        jobs.append(Job(row=row, name=name, run=run_id(batch, row.number, what), spec=spec, draft=draft))
    if not jobs:
        raise ConfigError("the input has no rows; each row becomes one text")
    return tuple(jobs)


def request_of(job: Job, template: Request) -> Request:
    """The run of a job: what all rows have in common, with what is the row's own.

    Args:
        job: the row.
        template: the request for the pattern; whether its programs may run has been asked already.
    """
    title = f"{Path(template.spec.path).stem} {job.name or job.number}".strip()
    spec = replace(template.spec, spec=job.spec, fields=())
    return replace(template, spec=spec, draft=job.draft, allow_commands=True, person=None, title=title)
