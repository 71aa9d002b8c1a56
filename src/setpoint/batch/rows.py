"""Rows of a file: JSONL, CSV or Parquet. What a row means is not decided here.

Rule: a row is data. Nothing in it is evaluated, and nothing in it names a file.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from setpoint.errors import ConfigError, SpecError

__all__ = ["FORMATS", "Row", "file_format", "read_rows"]

FORMATS: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
"""Endings of files, and what they hold."""

_LONGEST_CELL: Final = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Args:
        number: counted from 1, the heading of a CSV file left out.
        file: the file it stands in, as the user named it.
        line: where it stands; None in files without lines.
        values: by column; None where there is nothing.
    """

    number: int
    file: str
    line: int | None
    values: Mapping[str, object]

    def error(self, problem: str, column: str = "") -> SpecError:
        """An error about this row, or about one of its columns."""
        where = f"row {self.number}" + (f", {column!r}" if column else "")
        return SpecError(f"{where}: {problem}", file=self.file, line=self.line)


def file_format(path: Path) -> str:
    """What a file holds, by its ending: ``jsonl``, ``csv`` or ``parquet``.

    Raises:
        ConfigError: if it has another ending.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise ConfigError(f"{path}: the ending says what a file holds; use one of {', '.join(FORMATS)}")
    return found


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, one after another.

    Raises:
        ConfigError: if the file cannot be read, or an extra is missing.
        SpecError: if a row is not what the format demands; names its line.
    """
    read = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}[file_format(path)]
    try:
        yield from read(path)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _jsonl(path: Path) -> Iterator[Row]:
    number = 0
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            number += 1
            try:
                values: object = json.loads(text, object_pairs_hook=_once)
            except (ValueError, RecursionError) as error:
                raise SpecError(f"row {number}: not a JSON object: {error}", file=str(path), line=line) from error
            if not isinstance(values, dict):
                raise SpecError(
                    f'row {number}: each line is one object: {{"field": "text"}}', file=str(path), line=line
                )
            yield Row(number=number, file=str(path), line=line, values=cast("dict[str, object]", values))


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return found


def _csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            heading = next(reader, list[str]())
            twice = next((name for name in heading if heading.count(name) > 1), None)
            if twice is not None:
                raise SpecError(f"the column {twice!r} stands twice; columns must differ", file=str(path), line=1)
            cells: Iterator[list[str]] = (row for row in reader if row)
            for number, row in enumerate(cells, start=1):
                if len(row) != len(heading):
                    raise SpecError(
                        f"row {number}: {len(row)} cells, where the heading has {len(heading)}; put quotes around text"
                        " with commas or line ends in it",
                        file=str(path),
                        line=reader.line_num,
                    )
                values = dict(zip(heading, row, strict=True))
                yield Row(number=number, file=str(path), line=reader.line_num, values=values)
        except csv.Error as error:
            raise SpecError(f"not CSV: {error}", file=str(path), line=reader.line_num) from error


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import polars as pl  # noqa: PLC0415 - large, and needed for this format only
    except ImportError as missing:
        raise ConfigError(
            f"{path}: Parquet needs one more package: pip install 'setpoint[batch]'. JSONL and CSV need none"
        ) from missing
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{path}: not a Parquet file that can be read: {error}") from error
    for number, values in enumerate(frame.iter_rows(named=True), start=1):
        yield Row(number=number, file=str(path), line=None, values=values)
