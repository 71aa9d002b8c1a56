"""People's labels: what a person said about a text and a criterion, before seeing what the critic said.

Rules of this module:
- Labels are appended and never changed. Who answers again adds a label; the latest of each person counts.
- A label belongs to a text and to a wording, by their digests. It says nothing about any other.
- They stand in the file of `setpoint.rubric.trust_record`, beside the ledger.
"""

import csv
import io
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from setpoint.errors import ConfigError, LedgerError
from setpoint.rubric.trust_record import private_file

__all__ = ["Answer", "Key", "Label", "LabelBook", "consensus", "from_csv", "to_csv"]

Answer: TypeAlias = Literal["pass", "fail", "unsure"]

_ANSWERS: Final = frozenset(get_args(Answer))
_PATIENCE: Final = 10.0
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS labels (
        id        INTEGER PRIMARY KEY,
        run       TEXT    NOT NULL,
        draft     INTEGER NOT NULL,
        criterion TEXT    NOT NULL,
        says      TEXT    NOT NULL,
        text      TEXT    NOT NULL,
        answer    TEXT    NOT NULL CHECK (answer IN ('pass', 'fail', 'unsure')),
        who       TEXT    NOT NULL,
        at        REAL    NOT NULL
    )""",
    """CREATE TRIGGER IF NOT EXISTS labels_no_update BEFORE UPDATE ON labels
        BEGIN SELECT RAISE(ABORT, 'labels never change'); END""",
    """CREATE TRIGGER IF NOT EXISTS labels_no_delete BEFORE DELETE ON labels
        BEGIN SELECT RAISE(ABORT, 'labels never change'); END""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a label is about.

    Args:
        run: the id of the run.
        draft: the number of the draft, from 1.
        criterion: the name of the criterion.
        says: the digest of what it says.
        text: the digest of the draft's text.
    """

    run: str
    draft: int
    criterion: str
    says: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a person said."""

    key: Key
    answer: Answer
    who: str
    at: float = 0.0
    """Seconds since the epoch."""


class LabelBook:
    """All labels, in one SQLite file that only its owner can read or write.

    Args:
        file: made with the first label.
        clock: gives the time in seconds since the epoch.
    """

    def __init__(self, file: Path, clock: Callable[[], float]) -> None:
        self.file = file
        self._clock = clock

    def add(self, *labels: Label) -> None:
        """Store labels, all or none, stamped with the time.

        Raises:
            LedgerError: if they cannot be stored.
        """
        at = self._clock()
        rows = [(*asdict(label.key).values(), label.answer, label.who, at) for label in labels]
        try:
            private_file(self.file)
            with closing(sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                for table in _TABLES:
                    connection.execute(table)
                connection.executemany(
                    "INSERT INTO labels (run, draft, criterion, says, text, answer, who, at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"the labels in {self.file} cannot be written ({error}); see that the disk has room and the file is yours"
            ) from error

    def all(self) -> tuple[Label, ...]:
        """Every label ever given, in the order of their giving.

        Raises:
            LedgerError: if they cannot be read.
        """
        if not self.file.exists():
            return ()
        try:
            with closing(sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)) as connection:
                known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'labels'").fetchone()
                found = "SELECT run, draft, criterion, says, text, answer, who, at FROM labels ORDER BY id"
                rows = connection.execute(found).fetchall() if known else []
        except sqlite3.Error as error:
            raise LedgerError(
                f"the labels in {self.file} cannot be read ({error}); is it the file of a ledger?"
            ) from error
        return tuple(_label(row) for row in rows)

    def current(self) -> tuple[Label, ...]:
        """The latest label of each person on each text and criterion."""
        latest = {(label.key, label.who): label for label in self.all()}
        return tuple(latest.values())


def _label(row: Sequence[object]) -> Label:
    run, draft, criterion, says, text, answer, who, at = row
    key = Key(run=str(run), draft=int(str(draft)), criterion=str(criterion), says=str(says), text=str(text))
    return Label(key=key, answer=cast("Answer", answer), who=str(who), at=float(str(at)))


def consensus(labels: Iterable[Label]) -> dict[Key, bool]:
    """What people hold to be true: the majority on each text and criterion; ties and the unsure settle nothing."""
    votes: dict[Key, int] = {}
    for label in labels:
        if label.answer != "unsure":
            votes[label.key] = votes.get(label.key, 0) + (1 if label.answer == "pass" else -1)
    return {key: score > 0 for key, score in votes.items() if score}


_KEY: Final = tuple(field.name for field in fields(Key))
_COLUMNS: Final = (*_KEY, "answer", "who", "demand", "passage")


def to_csv(rows: Iterable[tuple[Key, str, str, str, str]]) -> str:
    """A sheet to label in, or to keep: key, answer (empty if there is none), who, the demand and the text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for key, answer, who, demand, passage in rows:
        # A cell that a spreadsheet would run as a formula is text here: drafts are not trusted (rule 19).
        writer.writerow([*asdict(key).values(), answer, who, _inert(demand), _inert(passage)])
    return out.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


def from_csv(content: str, name: str, who: str) -> tuple[Label, ...]:
    """The labels of a sheet; rows without an answer are left out.

    Args:
        content: the sheet, as `to_csv` writes it; further columns are left alone.
        name: what the sheet is called in errors.
        who: who labelled, where the sheet does not say.

    Raises:
        ConfigError: if a column is missing, or an answer is none of ``pass``, ``fail`` and ``unsure``.
    """
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    try:
        rows, columns = list(reader), reader.fieldnames or ()
    except csv.Error as error:
        raise ConfigError(f"{name} is no CSV sheet that can be read: {error}") from error
    missing = [column for column in (*_KEY, "answer") if column not in columns]
    if missing:
        raise ConfigError(
            f"{name} has no column {missing[0]!r}; begin from a sheet that `setpoint label RUN --export FILE` writes"
        )
    found: list[Label] = []
    for number, row in enumerate(rows, start=2):
        answer = (row["answer"] or "").strip().lower()
        if not answer:
            continue
        if answer not in _ANSWERS or not (row["draft"] or "").isdigit():
            what = f"the draft {row['draft']!r} is no number" if answer in _ANSWERS else f"{answer!r} is no answer"
            raise ConfigError(f"{name}, row {number}: {what}; an answer is pass, fail or unsure, or empty")
        key = Key(**{**{column: str(row[column]) for column in _KEY}, "draft": int(row["draft"])})  # type: ignore[arg-type]
        found.append(Label(key=key, answer=cast("Answer", answer), who=(row.get("who") or "").strip() or who))
    return tuple(found)
