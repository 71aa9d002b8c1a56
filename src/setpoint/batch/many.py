"""A batch from its files to its files: prepare, look up, price, refine, write."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from setpoint import models
from setpoint.batch.engine import Caps, Drive, Standing, fleet_settings
from setpoint.batch.filling import Pattern
from setpoint.batch.one import Shop
from setpoint.batch.plan import Job, batch_id, plan
from setpoint.batch.results import OUT_FORMATS, RowResult, write_failed, write_results
from setpoint.batch.rows import file_format, read_rows
from setpoint.compose import Request, Settings, players, require_trust, role_models, shared_for
from setpoint.core.state import State
from setpoint.errors import ConfigError, SetpointError
from setpoint.ports import Ledger
from setpoint.run import OnEvent

__all__ = ["Prepared", "prepare", "refine_many", "same_author", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch whose every row can be run.

    Args:
        template: the request that the rows have in common.
        jobs: one per row, in the order of the input.
        out: where the results go.
    """

    template: Request
    jobs: tuple[Job, ...]
    out: Path


def prepare(template: Request, inputs: Path, out: Path, where: Settings, caps: Caps) -> Prepared:
    """Read and check everything before anything is spent.

    Args:
        template: the request for the pattern.
        inputs: JSONL, CSV or Parquet.
        out: JSONL or Parquet; its name is also that of the batch.
        where: the configuration.
        caps: what all runs may use together.

    Raises:
        SpecError: if a row cannot be used.
        NotTrusted: if the spec runs programs and was not trusted.
        ConfigError: if a file has an odd ending, no author is named, or a cap on money meets an unknown price.
    """
    if file_format(out) not in OUT_FORMATS:
        raise ConfigError(f"{out}: results are written as .jsonl or .parquet")
    if out.absolute() == inputs.absolute():
        raise ConfigError(f"{out}: the results would replace the input; name another --out")
    if template.tuning(where.config).ask:
        raise ConfigError("a batch asks nobody; leave out --ask, and what the spec or setpoint.toml says of it")
    require_trust(template, where)
    players(template, where)
    for role in ("author", "critic", "confirmer"):
        name = template.named(role, where.config)
        if caps.money is not None and isinstance(name, str) and None in models.price(name, where.models):
            raise ConfigError(
                f"no price is known for {name!r}, so a cap in money cannot be held. Add its price to the file that "
                "[prices] in setpoint.toml names, or cap tokens instead"
            )
    return Prepared(template=template, jobs=plan(Pattern(template.spec), read_rows(inputs), batch_id(out)), out=out)


def same_author(template: Request, where: Settings) -> Callable[[State], None]:
    """Refuses runs that were begun with another author: they would not be what is asked for now."""
    author = template.named("author", where.config)

    def check(state: State) -> None:
        begun = state.model("author")
        if begun is not None and isinstance(author, str) and begun.model != author:
            raise ConfigError(
                f"this batch was begun with the author {begun.model}, and now {author} is named; go on with the same"
                " one, or name another --out to begin anew"
            )

    return check


async def refine_many(  # noqa: PLR0913 - what to run, with what, and who hears of it
    prepared: Prepared,
    jobs: Sequence[Job],
    standing: Standing,
    where: Settings,
    ledger: Ledger,
    caps: Caps,
    *,
    again: bool = False,
    on_event: OnEvent | None = None,
    ended: Callable[[RowResult], None] = lambda _: None,
    stopping: Callable[[], None] = lambda: None,
) -> tuple[RowResult, ...]:
    """Run rows in this process, until all have ended or the user stops it.

    The first Ctrl-C or SIGTERM lets calls in flight come to their end, the second does not.

    Args:
        prepared: the batch.
        jobs: the rows to run.
        standing: what is known of them.
        where: the configuration.
        ledger: where runs are recorded.
        caps: what all runs may use together.
        again: let runs that ended for want of their models go on, too.
        on_event: hears of every event.
        ended: told the result of each row that has ended.
        stopping: told when the user stops it.

    Returns:
        One result per row of the batch, in the order of the input; rows that have not ended are among them.

    Raises:
        LedgerError: if an event cannot be stored.
    """
    template = prepared.template
    budget = template.budget or template.spec.budget
    fleet = fleet_settings(where, caps.budget(standing.spent), caps.rates())
    shared = await shared_for(template, fleet, ledger)
    results = dict(standing.ended)

    def keep(result: RowResult) -> None:
        results[result.row] = result
        ended(result)

    shop = Shop(where=fleet, ledger=ledger, template=template, shared=shared, on_event=on_event)
    drive = Drive(shop, standing, again=again, ended=keep)
    critics = [model for model in role_models(template, where, budget) if model.role in {"critic", "confirmer"}]
    alone = template.probe and any(model.sensitivity is None for model in critics)
    failure: SetpointError | None = None
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as work:
            tasks.start_soon(_on_signal, drive, work, stopping)
            try:
                if jobs:
                    await drive.run(jobs, loops=caps.concurrency, alone=alone)
            except SetpointError as error:  # raised below: a task group would wrap it
                failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    why = drive.given_up or "not finished: the batch was stopped; the same command goes on with it"
    return tuple(results.get(job.number) or _unfinished(job, why) for job in prepared.jobs)


async def _on_signal(drive: Drive, work: anyio.CancelScope, stopping: Callable[[], None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            stopping()
            drive.stop()
            break
        async for _ in signals:
            work.cancel()
            return


def _unfinished(job: Job, why: str) -> RowResult:
    return RowResult(row=job.number, name=job.name, run=job.run, outcome=None, reason=why)


def write(prepared: Prepared, results: Sequence[RowResult]) -> Path | None:
    """Write results and failed rows; gives the file of the latter, if there are any.

    Raises:
        ConfigError: if they cannot be written.
    """
    write_results(prepared.out, results)
    rows: Mapping[int, Mapping[str, object]] = {job.number: job.values for job in prepared.jobs}
    return write_failed(prepared.out, results, rows)
