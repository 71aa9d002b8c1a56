"""Commands that look after recorded runs: runs, cancel, retry, prune."""

import json as jsonlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal, TypeAlias

import anyio
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from setpoint.cli import groups
from setpoint.cli.amounts import count, moment, number
from setpoint.cli.output import Output
from setpoint.cli.running import again, driven, finish, play
from setpoint.compose import cancel, find_run, interrupted, login, open_existing, prunable, prune, settings, waiting
from setpoint.core.action import Outcome
from setpoint.errors import ConfigError, SetpointError, UsageError
from setpoint.ports import RunInfo, Selection
from setpoint.report.text import dollars, one_line, plural, thousands

__all__ = ["register"]

Ending: TypeAlias = Outcome | Literal["not_ended"]
Order: TypeAlias = Literal["touched", "started", "money", "tokens"]

_SHOWN = 50
_NAMED = 10


def register(app: App) -> None:
    """Add the commands."""
    app.command(runs, group=groups.LOOK)
    app.command(cancel_, name="cancel", group=groups.KEEP)
    app.command(retry, group=groups.KEEP)
    app.command(prune_, name="prune", group=groups.KEEP)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Which:
    """Which runs; all that is given must hold."""

    outcome: Annotated[tuple[Ending, ...], Parameter(negative="")] = ()
    """How they ended; may be given several times."""
    spec: str = ""
    """Stands in the title, or is what the digest of the spec begins with."""
    since: str | None = None
    """Active since then: 90m, 12h, 7d or 2w ago, or a date."""
    before: str | None = None
    """Not active since then."""
    over: str | None = None
    """Cost more than so many US dollars."""
    over_tokens: str | None = None
    """Used more than so many tokens."""

    def selection(self, now: float) -> Selection:
        """The same for a ledger."""
        return Selection(
            outcomes=tuple("" if ending == "not_ended" else ending for ending in self.outcome),
            spec=self.spec,
            since=moment("--since", self.since, now),
            before=moment("--before", self.before, now),
            money=number("--over", self.over),
            tokens=count("--over-tokens", self.over_tokens),
        )


def runs(
    *,
    which: Which | None = None,
    sort: Order = "touched",
    limit: int | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    ledger: str | None = None,
) -> int:
    """List the runs in the ledger, the latest first.

    Parameters
    ----------
    sort
        What stands first: active last, begun last, or the most money or tokens.
    limit
        How many at most, 0 for all; 50 by default, and all as JSON.
    json
        Print JSON.
    ledger
        The ledger to look in, instead of the configured one.
    """
    chosen = (which or Which()).selection(time.time())
    most = (0 if json else _SHOWN) if limit is None else limit
    # One more than is shown tells whether there are more.
    selection = replace(chosen, sort=sort, limit=most + 1 if most > 0 else None)
    known, waits = anyio.run(_runs, selection, most, ledger)
    listed = known[:most] if most > 0 else known
    if json:
        rows = [{name: getattr(info, name) for name in RunInfo.__slots__} for info in listed]
        rows = [{**row, "question": waits.get(info.run, "")} for row, info in zip(rows, listed, strict=True)]
        sys.stdout.write(jsonlib.dumps(rows, indent=2) + "\n")
        return 0
    out = Console(highlight=False, markup=False)
    if not listed:
        out.print("no run has been recorded yet" if chosen == Selection() else "no run fits")
        return 0
    out.print(_table(listed, waits))
    if len(known) > len(listed):
        Console(stderr=True, highlight=False).print(f"there are more; --limit 0 lists all, --limit {2 * most} more")
    return 0


def cancel_(
    run: str,
    /,
    *more: str,
    why: str = "",
    who: str | None = None,
    ledger: str | None = None,
) -> int:
    """End runs, also those that another process works on: it stops after the call in flight.

    Parameters
    ----------
    run
        Its id, a part of it, or last; several may be given.
    why
        The reason; it stands in the report.
    who
        Your name, as it is recorded; your login name by default.
    ledger
        The ledger to look in, instead of the configured one.
    """
    reason = f"cancelled by {who or login()}" + (f": {why.strip()}" if why.strip() else "")
    for line in anyio.run(_cancel, (run, *more), reason, ledger):
        _say(line)
    return 0


def retry(
    *names: Annotated[str, Parameter(name="RUN")],
    outcome: Annotated[tuple[Literal["machinery", "cancelled", "out_of_budget"], ...], Parameter(negative="")] = (),
    spec: str = "",
    since: str | None = None,
    output: Output | None = None,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Try again what ended for want of a model, of budget, or because somebody cancelled it.

    A run that lost its machinery or was cancelled goes on where it stopped. One that is out of budget gets as much
    again as it began with; setpoint continue gives other amounts. Texts of several runs are not printed: setpoint show
    RUN prints one.

    Parameters
    ----------
    names
        Ids, parts of them, or last.
    outcome
        Instead of names: all runs that ended so; may be given several times.
    spec
        Of these, only those with this in the title, or whose spec's digest begins with it.
    since
        Of these, only those active since then: 12h, 7d, or a date.
    allow_commands
        Run the programs that the spec's checks name, without setpoint trust.
    """
    if bool(names) == bool(outcome):
        raise ConfigError("name the runs, or say which: setpoint retry RUN … or setpoint retry --outcome machinery")
    out = output or Output()
    which = Selection(outcomes=outcome, spec=spec, since=moment("--since", since, time.time()))
    found = anyio.run(_named, names, which, out.ledger)
    if not found:
        _say("no run fits")
        return 0
    if len(found) == 1:
        return anyio.run(play, out, partial(again, found[0], allow=allow_commands))
    if out.output is not None or out.report is not None or out.json:
        raise ConfigError(f"{len(found)} runs fit; --output, --report and --json are for one. Name it")
    return _one_by_one(found, replace(out, plain=True), allow=allow_commands)


def _one_by_one(found: Sequence[str], out: Output, *, allow: bool) -> int:
    """Try runs again in order; Ctrl-C cancels the one in progress and leaves the others as they are.

    One that cannot be taken up (a key or its trust is missing) keeps none of the others from it.
    """
    codes: list[int] = []
    for place, run in enumerate(found, 1):
        if out.log is None:
            _say(f"[{place}/{len(found)}] {run}")
        try:
            summary, result = anyio.run(driven, out, partial(again, run, allow=allow))
        except SetpointError as error:
            _say(f"setpoint: run {run}: {error}")
            codes.append(2 if isinstance(error, UsageError) else 3)
            continue
        codes.append(finish(summary, result, out, text=False))
        if interrupted(result):
            _say(f"stopped; {plural(len(found) - place, 'run')} left as they were")
            break
    return max(codes)


def prune_(
    *,
    older: str | None = None,
    outcome: Annotated[tuple[Outcome, ...], Parameter(negative="")] = (),
    spec: str = "",
    keep_last: int = 0,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    ledger: str | None = None,
) -> int:
    """Delete ended runs for good, and give their space back. A run that has not ended is never deleted.

    Parameters
    ----------
    older
        Only runs not active since then: 12h, 30d, 8w ago, or a date.
    outcome
        Only runs that ended so; may be given several times.
    spec
        Only runs with this in the title, or whose spec's digest begins with it.
    keep_last
        Of these, leave so many alone, the latest.
    dry_run
        Only say what would be deleted.
    yes
        Do not ask first.
    ledger
        The ledger to delete from, instead of the configured one.
    """
    if older is None and not outcome and not spec and not keep_last:
        raise ConfigError("say which runs: --older 30d, --outcome cancelled, --spec NAME, or --keep-last 100")
    if keep_last < 0:
        raise ConfigError(f"--keep-last: {keep_last} is not a number of runs; write 0 or more")
    which = Selection(outcomes=outcome, spec=spec, before=moment("--older", older, time.time()))
    found = anyio.run(_prunable, which, keep_last, ledger)
    if not found:
        _say("no run fits; nothing is deleted")
        return 0
    _say(_what_goes(found, would=dry_run))
    if dry_run:
        return 0
    if not yes and not _confirmed():
        return 1
    _say(anyio.run(_prune, found, ledger))
    return 0


def _table(known: Sequence[RunInfo], waits: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "began", "outcome", "tokens", "cost", "title"):
        table.add_column(
            heading, no_wrap=heading != "title", justify="right" if heading in {"tokens", "cost"} else "left"
        )
    for info in known:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.started))
        asks = f"asks: {waits[info.run]}" if info.run in waits else "not ended"
        cost = dollars(info.money)
        table.add_row(info.run, began, info.outcome or asks, thousands(info.tokens), cost, one_line(info.title, 60))
    return table


def _what_goes(found: Sequence[RunInfo], *, would: bool) -> str:
    """How many runs, which, and since when nobody has touched them."""
    kinds = ", ".join(
        f"{number} {outcome}" for outcome, number in Counter(info.outcome for info in found).most_common()
    )
    oldest, latest = (time.strftime("%Y-%m-%d %H:%M", time.localtime(info.touched)) for info in (found[-1], found[0]))
    names = ", ".join(info.run for info in found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    verb = "would be deleted" if would else "will be deleted for good"
    return f"{plural(len(found), 'run')} {verb} ({kinds}), last active from {oldest} to {latest}: {names}"


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to be asked; look with --dry-run, then delete with --yes")
    Console(stderr=True, highlight=False).print("Delete them? yes or no: ", end="")
    if sys.stdin.readline().strip().lower() in {"yes", "y"}:
        return True
    _say("nothing is deleted")
    return False


async def _runs(which: Selection, most: int, ledger: str | None) -> tuple[Sequence[RunInfo], dict[str, str]]:
    where = settings(ledger=ledger)
    if ledger is None and not where.database and not where.ledger.exists():
        return (), {}
    async with open_existing(where) as kept:
        known = await kept.runs(which)
        asked = await waiting(kept, known[:most] if most > 0 else known)
        return known, {run: ask.question for run, ask in asked.items()}


async def _cancel(names: Sequence[str], why: str, ledger: str | None) -> list[str]:
    async with open_existing(settings(ledger=ledger)) as kept:
        found = [await find_run(name, kept) for name in names]  # a wrong name is found before anything is cancelled
        return [await cancel(run, kept, why=why) for run in dict.fromkeys(found)]


async def _named(names: Sequence[str], which: Selection, ledger: str | None) -> list[str]:
    async with open_existing(settings(ledger=ledger)) as kept:
        if names:
            return list(dict.fromkeys([await find_run(name, kept) for name in names]))
        return [info.run for info in await kept.runs(which)]


async def _prunable(which: Selection, keep: int, ledger: str | None) -> Sequence[RunInfo]:
    async with open_existing(settings(ledger=ledger)) as kept:
        return await prunable(kept, which, keep=keep)


async def _prune(found: Sequence[RunInfo], ledger: str | None) -> str:
    where = settings(ledger=ledger)
    before = where.ledger.stat().st_size
    async with open_existing(where) as kept:
        done = await prune(kept, found)
    freed = max(0, before - where.ledger.stat().st_size)
    left = f"; {plural(done.kept, 'run')} went on meanwhile and stays" if done.kept else ""
    return f"{plural(len(done.gone), 'run')} deleted, {freed / 1e6:,.1f} MB freed{left}"


def _say(line: str) -> None:
    Console(stderr=True, highlight=False).print(line, markup=False, soft_wrap=True)
