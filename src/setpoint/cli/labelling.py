"""Commands by which people measure a critic: label, calibrate."""

import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import anyio
from cyclopts import App, Parameter
from rich.console import Console

from setpoint import compose
from setpoint.cli import groups
from setpoint.cli.running import write_text
from setpoint.compose import Settings
from setpoint.compose.calibrating import CriticRow, calibration
from setpoint.compose.calibration_table import as_json, table
from setpoint.compose.label_session import LabelSession
from setpoint.compose.labelling import Item, items_of, label_book, labels_from, named_runs, sampled, store_counts
from setpoint.core.state import State
from setpoint.errors import ConfigError, UsageError
from setpoint.ports import Ledger
from setpoint.rubric.labels import from_csv, to_csv

__all__ = ["register"]

T = TypeVar("T")
Runs = tuple[tuple[str, State], ...]


def register(app: App) -> None:
    """Add the commands."""
    app.command(label, group=groups.CRITICS)
    app.command(calibrate, group=groups.CRITICS)


def label(
    *run: str,
    spec: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
    who: str | None = None,
    export: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    import_: Annotated[Path | None, Parameter(name="--import", allow_leading_hyphen=True)] = None,
    ledger: Path | None = None,
) -> int:
    """Say yourself whether texts meet their criteria, so that the critic can be measured by it.

    The critic's verdict is shown after your own answer. Leave at any time; the next session goes on from there.

    Parameters
    ----------
    run
        Runs whose texts to label: their ids, parts of them, or last.
    spec
        Also all runs that were begun with this spec.
    sample
        Ask about so many, drawn by chance; all by default.
    seed
        What the drawing follows from; the same seed draws the same.
    who
        Your name, as it is recorded; your login name by default.
    export
        Write a CSV sheet to label in, or to keep, instead of asking; - prints it. Verdicts of the critic are not in it.
    import_
        Take labels from such a sheet instead of asking; - reads standard input.
    ledger
        The ledger of the runs, instead of the configured one.
    """
    if not run and spec is None:
        raise ConfigError("name a run (setpoint runs lists them), or a spec: setpoint label last, or --spec FILE")
    if export is not None and import_ is not None:
        raise ConfigError("--export and --import are two steps; do one at a time")
    if sample is not None and sample < 1:
        raise ConfigError(f"--sample {sample}: give a number from 1 on")
    target = compose.read_spec(spec).spec if spec is not None else None
    where = compose.settings(ledger=ledger)
    runs: Runs = anyio.run(partial(_in_ledger, where, lambda kept: named_runs(run, target, kept)))
    items = items_of(runs)
    if not items:
        raise UsageError("no critic has judged a text in what was named: its criteria are measured by checks")
    name = who or compose.login()
    talk = Console(stderr=True, highlight=False)
    if export is not None:
        return _export(sampled(items, sample, seed), export, name, where)
    if import_ is not None:
        content = sys.stdin.read() if str(import_) == "-" else _read(import_)
        labels = labels_from(from_csv(content, str(import_), name), items)
        label_book(where).add(*labels)
        stored = len(labels)
    else:
        open_items = tuple(item for item in items if item.ruled is None)
        session = LabelSession(talk, read=sys.stdin.readline, book=label_book(where), who=name)
        stored = session.run(sampled(open_items, sample, seed))
    store_counts(runs, where)
    told = "1 label" if stored == 1 else f"{stored} labels"
    talk.print(f"{told} stored. What they say about the critic: setpoint calibrate", markup=False, soft_wrap=True)
    return 0


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


def _export(items: tuple[Item, ...], file: Path, who: str, where: Settings) -> int:
    mine = {entry.key: entry.answer for entry in label_book(where).current() if entry.who == who}
    sheet = to_csv(
        (item.key, mine.get(item.key, ""), who if item.key in mine else "", item.criterion.says, item.text)
        for item in items
    )
    if str(file) == "-":
        sys.stdout.write(sheet)
        return 0
    if file.exists():
        raise ConfigError(f"{file} exists already; name another file")
    write_text(file, sheet)
    sys.stderr.write(f"{file} is written. Fill in the column answer with pass, fail or unsure, then --import {file}\n")
    return 0


def calibrate(
    *,
    model: str = "",
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    ledger: Path | None = None,
) -> int:
    """Show what is known about each critic: what it notices, what it passes, how far it agrees with people.

    Parameters
    ----------
    model
        Only critics whose name holds this.
    json_
        Print it as JSON, with every number and its interval.
    ledger
        The ledger of the runs, instead of the configured one.
    """
    where = compose.settings(ledger=ledger)
    rows: tuple[CriticRow, ...] = anyio.run(partial(_in_ledger, where, partial(calibration, where)))
    rows = tuple(row for row in rows if model in row.model)
    if json_:
        sys.stdout.write(json.dumps(as_json(rows), indent=2) + "\n")
        return 0
    console = Console(highlight=False)
    if not rows:
        sys.stderr.write("nothing is known about critics yet: setpoint label RUN, or setpoint audit SPEC\n")
        return 0
    table(rows, console)
    return 0


async def _in_ledger(where: Settings, deed: Callable[[Ledger], Awaitable[T]]) -> T:
    async with compose.open_ledger(where) as kept:
        return await deed(kept)
