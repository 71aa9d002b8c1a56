"""What is known about critics: how often each noticed a failure and passed what is right, by criterion and by source.

Rules of this module:
- Counts are kept, never rates: whoever reads them decides how much they prove.
- A count belongs to a model, a wording of the critic's prompts and a criterion in one wording. Change any of the
  three and nothing is known.
- What one origin found (a probe, an audit, a run with its labels) is stored under its name. The same origin replaces
  its own counts, so nothing is counted twice; different origins add up.
- One small SQLite file beside the ledger, which only its owner can read. Two processes may write at the same time.
"""

import contextlib
import os
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from setpoint.core.spec import Criterion, says_digest
from setpoint.errors import LedgerError

__all__ = ["Counts", "Entry", "Evidence", "Subject", "TrustRecord", "beside", "private_file", "subject"]

Evidence: TypeAlias = Literal["probe", "audit", "labels", "overrulings"]
"""Where counts come from: planted texts, planted defects, people's labels, people's overrulings."""

_SOURCES: Final = frozenset(get_args(Evidence))
_PATIENCE: Final = 10.0
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS counts (
        model     TEXT    NOT NULL,
        form      TEXT    NOT NULL,
        criterion TEXT    NOT NULL,
        digest    TEXT    NOT NULL,
        source    TEXT    NOT NULL,
        origin    TEXT    NOT NULL,
        noticed   INTEGER NOT NULL CHECK (noticed >= 0 AND noticed <= failures),
        failures  INTEGER NOT NULL,
        passed    INTEGER NOT NULL CHECK (passed >= 0 AND passed <= passes),
        passes    INTEGER NOT NULL,
        PRIMARY KEY (model, form, criterion, digest, source, origin)
    )"""
_COLUMNS: Final = "model, form, criterion, digest, source, origin, noticed, failures, passed, passes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How a critic did on texts whose truth is known.

    Args:
        noticed: of the failures, those it failed; what it could not assess counts as not passed, so as noticed.
        failures: texts that truly miss the criterion.
        passed: of the passes, those it passed.
        passes: texts that truly meet it.

    Raises:
        ValueError: if a part is larger than its whole, or negative.
    """

    noticed: int = 0
    failures: int = 0
    passed: int = 0
    passes: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.noticed <= self.failures and 0 <= self.passed <= self.passes):
            raise ValueError(f"not counts: {self}")

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            noticed=self.noticed + other.noticed,
            failures=self.failures + other.failures,
            passed=self.passed + other.passed,
            passes=self.passes + other.passes,
        )

    @property
    def total(self) -> int:
        """How many texts they rest on."""
        return self.failures + self.passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What counts are about.

    Args:
        model: the critic, as ``provider:name``.
        form: the wording of its prompts (`setpoint.roles.critic.critic_form`).
        criterion: the name of the criterion.
        digest: the digest of what the criterion says; see `subject`.
    """

    model: str
    form: str
    criterion: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one origin found about one subject."""

    subject: Subject
    source: Evidence
    counts: Counts = field(default_factory=Counts)
    origin: str = ""
    """What found it: an id of the audit or the run; adding again under the same name replaces."""


def subject(model: str, form: str, criterion: Criterion) -> Subject:
    """The subject for a critic and a criterion."""
    return Subject(model=model, form=form, criterion=criterion.name, digest=says_digest(criterion))


def beside(ledger: Path) -> Path:
    """The file that belongs to a ledger file: ``runs.sqlite`` has ``runs.critics.sqlite``."""
    return ledger.with_name(f"{ledger.stem}.critics.sqlite")


class TrustRecord:
    """The record of critics, in one SQLite file that only its owner can read or write.

    Args:
        file: made when something is added; one that does not exist holds nothing.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, *entries: Entry) -> None:
        """Store what was found, all or nothing; the same origin replaces what it had stored about a subject before.

        Raises:
            LedgerError: if it cannot be stored.
        """
        rows = [_row(entry) for entry in entries]
        with self._connection(write=True) as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO counts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
                rows,
            )

    def get(self, about: Subject) -> dict[Evidence, Counts]:
        """What is known about a subject, by source; sources without counts are left out.

        Raises:
            LedgerError: if the file cannot be read.
        """
        known: dict[Evidence, Counts] = {}
        for entry in self.entries():
            if entry.subject == about and entry.counts.total:
                known[entry.source] = known.get(entry.source, Counts()) + entry.counts
        return known

    def entries(self) -> tuple[Entry, ...]:
        """Everything that is stored, in a fixed order.

        Raises:
            LedgerError: if the file cannot be read.
        """
        if not self.file.exists():
            return ()
        with self._connection(write=False) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'counts'").fetchone() is None:
                return ()  # the file holds labels only
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM counts ORDER BY model, form, criterion, digest, source, origin"  # noqa: S608 - constants
            ).fetchall()
        return tuple(_entry(row) for row in rows)

    def merge(self, others: Iterable[Entry]) -> None:
        """Take over what another record holds (`entries`); an origin that is known here is replaced.

        Raises:
            LedgerError: if it cannot be stored.
        """
        self.add(*others)

    @contextmanager
    def _connection(self, *, write: bool) -> Generator[sqlite3.Connection]:
        """A connection inside one transaction; stored at the end, or not at all."""
        try:
            if write:
                private_file(self.file)
            with contextlib.closing(sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                if write:
                    connection.execute(_TABLE)
                yield connection
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"the record of critics, {self.file}, cannot be {'written' if write else 'read'} ({error}); see that "
                "the disk has room and that the file is yours. Without it nothing is known about critics: it may be deleted"
            ) from error


def private_file(file: Path) -> None:
    """Make a file, if there is none, that only its owner can read or write.

    Raises:
        OSError: if it cannot be made.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its side files the mode of the main file, so that one is made first.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)


def _row(entry: Entry) -> tuple[str | int, ...]:
    about, counts = entry.subject, entry.counts
    names = (about.model, about.form, about.criterion, about.digest, entry.source, entry.origin)
    return (*names, counts.noticed, counts.failures, counts.passed, counts.passes)


def _entry(row: tuple[object, ...]) -> Entry:
    model, form, criterion, digest, source, origin = (str(part) for part in row[:6])
    noticed, failures, passed, passes = (int(str(part)) for part in row[6:])
    if source not in _SOURCES:
        raise sqlite3.DataError(f"it knows a source {source!r}, so a newer Setpoint wrote it")
    return Entry(
        subject=Subject(model=model, form=form, criterion=criterion, digest=digest),
        source=cast("Evidence", source),
        counts=Counts(noticed=noticed, failures=failures, passed=passed, passes=passes),
        origin=origin,
    )
