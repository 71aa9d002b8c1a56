"""Results as they come, one JSON line each, so that a benchmark of hours can be run in pieces; and the tables of them."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
from pydantic import TypeAdapter

from against_tables import wilson
from on_models.calls import Calls
from on_models.loops import Limits, Played, Task, play
from setpoint.ports import Model

__all__ = ["Results", "Row", "compared", "run", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One task done by one arm."""

    task: str
    arm: str
    model: str
    seed: int
    passes: int
    """Drafts allowed."""
    played: Played

    @property
    def passed(self) -> bool:
        """Whether every requirement is met."""
        return self.played.passed


_ROW: Final = TypeAdapter(Row)


class Results:
    """A file of rows; what is in it already is not done again.

    Args:
        file: one JSON object a line; made with its folder if it is not there.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self.calls = Calls(file.with_suffix(".calls.jsonl"))
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        self.rows: list[Row] = [_ROW.validate_json(line) for line in text.split("\n") if line.strip()]

    def has(self, task: str, arm: str, model: str, seed: int, passes: int) -> bool:
        """Whether this was done before."""
        wanted = (task, arm, model, seed, passes)
        return any((row.task, row.arm, row.model, row.seed, row.passes) == wanted for row in self.rows)

    def keep(self, row: Row) -> None:
        """Add a row, in memory and to the file."""
        self.rows.append(row)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(_ROW.dump_json(row).decode() + "\n")


async def run(  # noqa: PLR0913 - what a benchmark is made of
    tasks: Sequence[Task],
    arms: Sequence[str],
    model: Model,
    results: Results,
    *,
    seed: int,
    limits: Limits,
    parallel: int = 1,
    seconds: float = math.inf,
    say: Callable[[str], None] = lambda _line: None,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Do every task by every arm that is not done yet; gives whether all are done.

    Args:
        tasks: in the order to do them; all arms do one before the next begins, so that a part is a fair part.
        arms: names of `loops.ARMS`.
        model: the one model of all arms.
        results: where rows are kept.
        seed: what sampling seeds are derived from.
        limits: drafts, and tokens of a reply.
        parallel: tasks at a time; a server that batches does many, a model in the process one.
        seconds: after which no new task is begun.
        say: told a line about each row.
        clock: in seconds.
    """
    began = clock()
    todo = [
        (task, arm)
        for task in tasks
        for arm in arms
        if not results.has(task.name, arm, model.name, seed, limits.passes)
    ]
    left = iter(todo)
    cut = False

    async def worker() -> None:
        nonlocal cut
        for task, arm in left:
            if clock() - began > seconds:
                cut = True
                return
            loop = f"{task.name}/{arm}/{model.name}/{seed}/{limits.passes}/{task.spec.digest[:8]}"
            played = await play(task, arm, model, seed=seed, limits=limits, memory=results.calls.of(loop))
            row = Row(
                task=task.name,
                arm=arm,
                model=model.name,
                seed=seed,
                passes=limits.passes,
                played=played,
            )
            results.keep(row)
            say(
                f"{task.name} {arm}: {'passed' if row.passed else 'failed'} ({played.outcome}), {played.calls} calls, "
                f"{played.output} tokens written, {played.seconds:.0f} s"
            )

    async with anyio.create_task_group() as group:
        for _ in range(parallel):
            group.start_soon(worker)
    return not cut


# Tables


def compared(rows: Iterable[Row], arms: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of each arm on the tasks that all of them did, in the same order."""
    by: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        by.setdefault((row.task, row.seed), {})[row.arm] = row
    whole = [found for _, found in sorted(by.items()) if all(arm in found for arm in arms)]
    return {arm: [found[arm] for found in whole] for arm in arms}


def table(rows: Sequence[Row], arms: Sequence[str], ours: str = "Setpoint") -> str:
    """The arms side by side, with intervals and the paired difference to ours, in Markdown."""
    by = compared(rows, arms)
    n = len(by[arms[0]]) if arms else 0
    lines = [
        f"{n} tasks that all arms did.\n",
        "| loop | all met, % | and no echo of the prompt, % | requirements met, % | tokens written | tokens in all | calls | ours minus it, points |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    for arm in arms:
        mine = by[arm]
        if mine:
            cells = (
                arm,
                _share(mine, lambda row: row.passed),
                _share(mine, lambda row: row.played.answered),
                f"{_mean(mine, lambda row: 100 * sum(row.played.met.values()) / max(1, len(row.played.met))):.0f}",
                f"{_mean(mine, lambda row: row.played.output):.0f}",
                f"{_mean(mine, lambda row: row.played.output + row.played.input):,.0f}",
                f"{_mean(mine, lambda row: row.played.calls):.1f}",
                "" if arm == ours or not by.get(ours) else _paired(by[ours], mine),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _share(rows: Sequence[Row], good: Callable[[Row], bool]) -> str:
    hits = sum(map(good, rows))
    low, high = wilson(hits, len(rows))
    return f"{100 * hits / len(rows):.1f} [{100 * low:.0f}, {100 * high:.0f}]"


def _paired(ours: Sequence[Row], theirs: Sequence[Row]) -> str:
    """The mean difference with a 95 % interval over tasks (normal approximation)."""
    gaps = [100.0 * (one.passed - other.passed) for one, other in zip(ours, theirs, strict=True)]
    n = len(gaps)
    mean = sum(gaps) / n
    error = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / max(1, n - 1) / n)
    return f"{mean:+.1f} [{mean - 1.96 * error:+.1f}, {mean + 1.96 * error:+.1f}]"


def _mean(rows: Sequence[Row], what: Callable[[Row], float]) -> float:
    return sum(map(what, rows)) / max(1, len(rows))
