"""What became of each row, and the files it is written to."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from setpoint.batch.rows import file_format
from setpoint.core.state import State
from setpoint.errors import ConfigError
from setpoint.run import Result

__all__ = ["OUT_FORMATS", "RowResult", "Value", "failed_file", "result_of", "write_failed", "write_results"]

Value: TypeAlias = "str | int | float | list[dict[str, str]] | None"

OUT_FORMATS: Final = ("jsonl", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One row of the output.

    Args:
        row: the number of the input's row, counted from 1.
        name: what the row is called; empty if it has no name.
        run: the id of its run in the ledger.
        outcome: one of the named ends; None if the run has not ended.
        reason: why it stopped, in one sentence.
        strength: what an acceptance rests on.
        text: the best draft; empty if none was ever written.
        verdicts: per criterion its name, status, reason, and who measured it.
        passes: passes used.
        tokens: input and output of all calls.
        money: US dollars; None if some price is not known.
        denied: whether it ended only because what all runs share was spent.
    """

    row: int
    name: str
    run: str
    outcome: str | None
    reason: str
    strength: str = ""
    text: str = ""
    verdicts: tuple[Mapping[str, str], ...] = ()
    passes: int = 0
    tokens: int = 0
    money: float | None = 0.0
    denied: bool = False

    @property
    def failed(self) -> bool:
        """Whether it says nothing about the text: a model, the ledger or the shared budget failed it."""
        return self.outcome in {None, "machinery", "cancelled"} or self.denied

    def values(self) -> dict[str, Value]:
        """The row by columns."""
        return {
            "row": self.row,
            "id": self.name,
            "run": self.run,
            "outcome": self.outcome,
            "reason": self.reason,
            "strength": self.strength,
            "text": self.text,
            "verdicts": [dict(verdict) for verdict in self.verdicts],
            "passes": self.passes,
            "tokens": self.tokens,
            "money": self.money,
        }


def result_of(row: int, name: str, result: Result, state: State) -> RowResult:
    """The row of a run as it stands."""
    spent = result.spent
    return RowResult(
        row=row,
        name=name,
        run=result.run,
        outcome=result.outcome,
        reason=result.reason,
        strength=result.strength,
        text=result.text,
        verdicts=tuple(
            {"criterion": verdict.criterion, "status": verdict.status, "reason": verdict.reason, "by": verdict.by}
            for verdict in result.verdicts.values()
        ),
        passes=result.passes,
        tokens=spent.tokens,
        money=None if spent.unpriced else spent.money + spent.uncertain_money,
        denied=bool(state.denied),
    )


def failed_file(out: Path) -> Path:
    """Where failed rows are kept: ``results.jsonl`` → ``results.failed.jsonl``."""
    return out.with_name(f"{out.stem}.failed.jsonl")


def write_results(out: Path, results: Iterable[RowResult]) -> None:
    """Write the output, whole or not at all, one row per input in the order of the input.

    Raises:
        ConfigError: if it cannot be written, or an extra is missing.
    """
    ordered = sorted(results, key=lambda result: result.row)
    if file_format(out) == "parquet":
        _write_whole(out, lambda new: _parquet(new, ordered))
    else:
        _write_lines(out, (result.values() for result in ordered))


def write_failed(out: Path, results: Iterable[RowResult], rows: Mapping[int, Mapping[str, object]]) -> Path | None:
    """Write the failed rows with their reason and their input; no file is left if none failed.

    Args:
        out: the file of the results.
        results: of all rows.
        rows: the input of each row.

    Raises:
        ConfigError: if it cannot be written.
    """
    file = failed_file(out)
    failed = [result for result in sorted(results, key=lambda result: result.row) if result.failed]
    if not failed:
        file.unlink(missing_ok=True)
        return None
    _write_lines(
        file,
        (
            {
                "row": result.row,
                "id": result.name,
                "run": result.run,
                "outcome": result.outcome,
                "reason": result.reason,
                "input": dict(rows[result.row]),
            }
            for result in failed
        ),
    )
    return file


def _write_lines(file: Path, lines: Iterable[Mapping[str, object]]) -> None:
    def write(new: Path) -> None:
        with new.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
            for line in lines:
                stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    _write_whole(file, write)


def _write_whole(file: Path, write: Callable[[Path], None]) -> None:
    new = file.with_name(f".{file.name}.new")
    try:
        if file.exists() and not file.is_file():  # a device or a pipe, such as /dev/null: written to, never replaced
            write(file)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        write(new)
        new.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror or error}") from error


def _parquet(file: Path, results: Iterable[RowResult]) -> None:
    import polars as pl  # noqa: PLC0415 - large, and needed for this format only

    text, number = pl.String(), pl.Int64()
    verdict = pl.Struct({"criterion": text, "status": text, "reason": text, "by": text})
    schema = {
        "row": number,
        "id": text,
        "run": text,
        "outcome": text,
        "reason": text,
        "strength": text,
        "text": text,
        "verdicts": pl.List(verdict),
        "passes": number,
        "tokens": number,
        "money": pl.Float64(),
    }
    pl.DataFrame([result.values() for result in results], schema=schema, orient="row").write_parquet(file)
