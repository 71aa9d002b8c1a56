"""The command that runs many: batch."""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import anyio
import stamina.instrumentation
from cyclopts import App, Parameter
from rich.console import Console

from setpoint.batch.engine import Caps, collect_less_often, look_up, todo
from setpoint.batch.many import Prepared, prepare, refine_many, same_author, write
from setpoint.batch.pricing import BatchOutlook, price
from setpoint.batch.results import RowResult
from setpoint.batch.tally import Tally
from setpoint.batch.view import BatchView, Seldom, outlook_lines
from setpoint.cli import groups
from setpoint.cli.amounts import count, number
from setpoint.cli.output import writable
from setpoint.cli.running import Casting
from setpoint.cli.tuning import Tuning
from setpoint.compose import Request, Settings, open_ledger, read_spec, settings
from setpoint.errors import ConfigError
from setpoint.ports import Ledger
from setpoint.report.text import dollars, plural, thousands

__all__ = ["register"]

Place: TypeAlias = tuple[Ledger, Callable[..., Awaitable[tuple[RowResult, ...]]]]
_NO_LIMIT: Final = 0
_MANY = 1_000
"""Rows from which on reading what the ledger has of them takes noticeable time."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What all rows may use together, and how fast; the spec's [budget] holds for each row."""

    max_money: str | None = None
    """US dollars."""
    max_tokens: str | None = None
    """Tokens of all calls, such as 20M."""
    rpm: str | None = None
    """Requests per minute, for each provider."""
    tpm: str | None = None
    """Tokens per minute, for each provider, such as 400k."""
    concurrency: int | None = None
    """Requests at a time, for each provider; in one process rows in flight, too, and 8 by default."""

    def caps(self, loops: int) -> Caps:
        """The limits as they were written; ``loops`` requests at a time where nothing is said."""
        rpm, tpm = count("--rpm", self.rpm), count("--tpm", self.tpm)
        tokens, money = count("--max-tokens", self.max_tokens), number("--max-money", self.max_money)
        given = {"--rpm": rpm, "--tpm": tpm, "--max-tokens": tokens, "--max-money": money}
        for flag, amount in {**given, "--concurrency": self.concurrency}.items():
            if amount is not None and amount <= 0:
                raise ConfigError(f"{flag} is {amount}; a limit must be above 0")
        return Caps(tokens=tokens, money=money, rpm=rpm, tpm=tpm, concurrency=self.concurrency or loops)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Before:
    """What happens before it starts."""

    dry_run: Annotated[bool, Parameter(negative="")] = False
    """Say what it would take, and stop."""
    ask_above: str | None = None
    """Ask first if nine in ten such batches may cost more: US dollars (1 by default)."""
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False
    """Do not ask."""


def register(app: App) -> None:
    """Add the command."""
    app.command(batch, group=groups.MANY)


def batch(  # noqa: PLR0913 - each is a flag, or a group of them
    spec: Path,
    inputs: Path,
    /,
    *,
    out: Path,
    casting: Casting | None = None,
    fleet: Fleet | None = None,
    before: Before | None = None,
    tuning: Tuning | None = None,
    passes: str | None = None,
    retry_failed: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
    probe: bool = True,
    plain: Annotated[bool, Parameter(negative="")] = False,
    ledger: str | None = None,
    engine: str | None = None,
) -> int:
    """Refine one text per row. Stopped or killed, the same command goes on without paying again for what it has.

    Each row fills in the {{fields}} of the spec. Rows that a model or the ledger failed are listed beside the output,
    in NAME.failed.jsonl, with the reason. Exit code 0: all rows accepted; 1: some ended otherwise; 3: some failed.

    Parameters
    ----------
    spec
        The spec file, with {{fields}}.
    inputs
        The rows: .jsonl, .csv or .parquet.
    out
        The results, one row per row of the input: .jsonl or .parquet. Its name is the name of the batch.
    passes
        Drafts and failed moves of one row; overrides the spec's.
    retry_failed
        Run the rows that failed once more, and no others.
    seed
        What the sampling seeds are derived from.
    allow_commands
        Run the programs that the spec's checks name, without setpoint trust.
    probe
        Try a critic that is new on planted faults first.
    plain
        Plain lines instead of the progress bar.
    ledger
        The ledger to record in, instead of the configured one.
    engine
        Have the rows run by the workers of this database, postgres://USER@HOST/DATABASE, which holds the ledger, too.
    """
    writable(out)
    casting, before, caps = (
        casting or Casting(),
        before or Before(),
        (fleet or Fleet()).caps(_NO_LIMIT if engine else 8),
    )
    talk = Console(stderr=True, highlight=False)
    stamina.instrumentation.set_on_retry_hooks(())  # its log lines would run across the progress bar
    notices = Seldom(lambda line: talk.print(line, markup=False, soft_wrap=True))
    where = settings(ledger=ledger, notice=notices)
    file = read_spec(spec)
    most = count("--passes", passes)
    request = Request(
        spec=file,
        author=casting.author,
        critic=casting.critic,
        confirmer=casting.confirmer,
        budget=file.budget if most is None else replace(file.budget, passes=most),
        choice=(tuning or Tuning()).choice(),
        seed=seed,
        allow_commands=allow_commands,
        probe=probe,
    )
    prepared = prepare(request, inputs, out, where, caps)
    collect_less_often()
    place = open_place(where, engine, talk)
    return anyio.run(partial(_batch, prepared, where, caps, before, talk, place, again=retry_failed, plain=plain))


@asynccontextmanager
async def open_place(where: Settings, engine: str | None, talk: Console) -> AsyncGenerator[Place]:
    """Where rows are recorded, and what runs them: this process, or the workers of a database."""
    if engine is None:
        async with open_ledger(where) as ledger:
            yield ledger, partial(refine_many, ledger=ledger)
    else:
        from setpoint.durable.submitting import open_afar, refine_afar  # noqa: PLC0415 - most have no workers

        async with open_afar(engine) as afar:
            if not await afar.awake():
                talk.print("no worker is awake; rows wait until one is: setpoint worker --engine …", markup=False)
            yield afar.ledger, partial(refine_afar, afar=afar)


async def _batch(
    prepared: Prepared,
    where: Settings,
    caps: Caps,
    before: Before,
    talk: Console,
    place: AbstractAsyncContextManager[Place],
    *,
    again: bool,
    plain: bool,
) -> int:
    async with place as (ledger, refine):
        if len(prepared.jobs) >= _MANY:
            talk.print("looking up what the ledger has of this batch …", markup=False)
        standing = await look_up(prepared.jobs, ledger, same_author(prepared.template, where))
        jobs = todo(prepared.jobs, standing, only_failed=again)
        outlook = await price(jobs, prepared.template, where, ledger)
        earlier = len(prepared.jobs) - len(jobs)
        if earlier:
            talk.print(f"{plural(earlier, 'row')} of {thousands(len(prepared.jobs))} stay as they are", markup=False)
        for line in outlook_lines(outlook) if jobs else ():
            talk.print(line, markup=False, soft_wrap=True)
        if before.dry_run:
            return 0
        if jobs and not _agreed(outlook, before, talk):
            talk.print("setpoint: nothing was started", markup=False)
            return 1
        tally = Tally(rows=len(prepared.jobs), expected=outlook.passes, earlier=earlier, done=earlier)
        running = {job.number for job in jobs}
        for number, result in standing.ended.items():
            if number not in running:
                tally.outcomes[result.outcome or "failed"] += 1
        view = BatchView(talk, tally, plain=plain or not talk.is_terminal)
        with view:
            results = await refine(
                prepared,
                jobs,
                standing,
                where,
                caps=caps,
                again=again,
                on_event=view.on_event,
                ended=view.ended,
                stopping=lambda: view.say("stopping: calls in flight come to their end; Ctrl-C again to drop them"),
            )
    failed = write(prepared, results)
    money = sum(result.money or 0.0 for result in results)
    tokens = thousands(sum(result.tokens for result in results))
    spent = f"{tokens} tokens" + (f", {dollars(money)}" if money else "")
    counts = Tally(rows=len(results), outcomes=tally.outcomes.copy())
    talk.print(
        f"{prepared.out}: {plural(len(results), 'row')}; {_counts(counts)}; {spent} in all",
        markup=False,
        soft_wrap=True,
    )
    if failed is not None:
        number_failed = sum(result.failed for result in results)
        talk.print(
            f"{failed}: {plural(number_failed, 'row')} failed or did not end; the same command goes on with those that"
            " were cut or held back, --retry-failed with those that a model failed",
            markup=False,
            soft_wrap=True,
        )
        return 3
    return 0 if all(result.outcome == "accepted" for result in results) else 1


def _counts(tally: Tally) -> str:
    return ", ".join(f"{n} {outcome.replace('_', ' ')}" for outcome, n in tally.outcomes.most_common()) or "none ended"


def _agreed(outlook: BatchOutlook, before: Before, talk: Console) -> bool:
    """Whether the user wants to spend that much."""
    limit = number("--ask-above", before.ask_above)
    limit = 1.0 if limit is None else limit
    dear = outlook.money_p90 is None or outlook.money_p90 > limit
    if before.yes or not dear:
        return True
    why = "its price is not known" if outlook.money_p90 is None else f"it may cost more than {dollars(limit)}"
    if not sys.stdin.isatty():
        raise ConfigError(f"{why}, and nobody can be asked here; add --yes, or raise --ask-above")
    talk.print(f"{why[:1].upper()}{why[1:]}. Start? [y/N] ", end="", markup=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
