"""The scheduler that is one process: so many loops at a time, over one ledger, within one budget."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import anyio

from setpoint import models
from setpoint.batch.fleet import LocalBudget, LocalRates
from setpoint.batch.one import Interrupted, Shop, Stopping, read_run, run_job
from setpoint.batch.plan import Job
from setpoint.batch.results import RowResult
from setpoint.compose import Settings
from setpoint.core.state import State
from setpoint.errors import LedgerError, SetpointError
from setpoint.models.limited import Budgeted, Rated
from setpoint.ports import FleetBudget, FleetSpent, Ledger, Model, Rates

__all__ = ["Caps", "Drive", "Standing", "collect_less_often", "fleet_settings", "look_up", "todo"]


_PATIENCE: Final = 24 * 3600.0
"""Seconds in which a call may be tried again: one that is late because others went first is no worse for it."""

_ALIKE: Final = 10
"""Rows that a model failed, one after another, after which no further row is begun; at least two for each loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What all runs of a batch may use together, and how fast.

    Args:
        tokens: input and output; None for no cap.
        money: US dollars.
        rpm: requests per minute, for each provider.
        tpm: tokens per minute, for each provider.
        concurrency: rows in flight, and requests at a time.
    """

    tokens: int | None = None
    money: float | None = None
    rpm: int | None = None
    tpm: int | None = None
    concurrency: int = 8

    def budget(self, spent: FleetSpent) -> LocalBudget:
        """The budget of a fleet that is this process."""
        return LocalBudget(tokens=self.tokens, money=self.money, spent=spent)

    def rates(self) -> LocalRates:
        """The rates of a fleet that is this process."""
        return LocalRates(rpm=self.rpm, tpm=self.tpm, concurrency=self.concurrency)


@dataclass(slots=True, kw_only=True)
class Standing:
    """What the ledger knows of a batch before it goes on.

    Args:
        known: the rows whose runs were begun.
        ended: the rows whose runs have ended, by number.
        spent: by all of them; calls that were cut count at their worst.
    """

    known: set[int] = field(default_factory=set[int])
    ended: dict[int, RowResult] = field(default_factory=dict[int, RowResult])
    spent: FleetSpent = field(default_factory=FleetSpent)


async def look_up(jobs: Sequence[Job], ledger: Ledger, check: Callable[[State], None]) -> Standing:
    """What became of these rows so far; nothing is recorded.

    Args:
        jobs: the rows.
        ledger: where their runs are.
        check: told the state of each run, and may refuse it by raising.

    Raises:
        LedgerError: if it cannot be read.
    """
    begun = {info.run for info in await ledger.runs()}
    standing, tokens, money = Standing(), 0, 0.0
    for job in jobs:
        if job.run not in begun:
            continue
        standing.known.add(job.number)
        result, state = await read_run(job, ledger)
        check(state)
        lost = state.pending
        tokens += result.tokens + (lost.tokens if lost is not None else 0)
        money += state.spent.money + state.spent.uncertain_money + (lost.money if lost is not None else 0.0)
        if state.stopped is not None:
            standing.ended[job.number] = result
    standing.spent = FleetSpent(tokens=tokens, money=money)
    return standing


def todo(jobs: Sequence[Job], standing: Standing, *, only_failed: bool) -> tuple[Job, ...]:
    """The rows that are still to be run.

    What only the shared budget held back is taken up again by the same command; what a model failed, on request.
    """
    if only_failed:
        return tuple(job for job in jobs if job.number in standing.ended and standing.ended[job.number].failed)
    return tuple(job for job in jobs if job.number not in standing.ended or standing.ended[job.number].denied)


def fleet_settings(where: Settings, budget: FleetBudget, rates: Rates) -> Settings:
    """The configuration with what the fleet shares around each model.

    A request may wait long for its turn, so retries are cut by number, not by time.
    """

    def around(model: Model) -> Model:
        price_in, price_out = models.price(model.name, where.models)
        inner = Budgeted(model=model, budget=budget, input_price=price_in or 0.0, output_price=price_out or 0.0)
        return Rated(model=inner, rates=rates)

    return replace(where, models=replace(where.models, around=around, patience=_PATIENCE))


def collect_less_often() -> None:
    """Tell Python's collector that many objects are meant to live: it looked through all loops in flight every time.

    For a program that does nothing else; a library leaves that to its user.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Drive:
    """One command's work on a batch.

    Args:
        shop: what runs are driven with.
        standing: what was there before.
        again: let runs that ended for want of their models go on.
        ended: told the result of each row.
    """

    def __init__(self, shop: Shop, standing: Standing, *, again: bool, ended: Callable[[RowResult], None]) -> None:
        self._gate = Stopping(shop.ledger)
        self._shop = replace(shop, ledger=self._gate)
        self._standing = standing
        self._again = again
        self._ended = ended
        self._spent = ""
        """Why nothing more is begun: what all runs share is spent."""
        self._failures = 0
        """Rows in a row that a model failed."""
        self._loops = 1
        self.given_up = ""
        """Why the rest was not begun: a model fails every row."""

    def stop(self) -> None:
        """Begin no further call; those in flight come to their end and are recorded."""
        self._gate.stopping = True

    async def run(self, jobs: Sequence[Job], *, loops: int, alone: bool) -> None:
        """Run rows, so many at a time.

        Args:
            jobs: in the order in which they are begun.
            loops: how many at a time.
            alone: run the first by itself, so that a critic that is new is probed once and not by every loop.

        Raises:
            LedgerError: if an event cannot be stored.
        """
        left, self._loops = iter(jobs), min(loops, len(jobs))
        if alone:
            await self._work(iter([next(left)]))
            self._shop.shared.roles.clear()  # what the probe has found is looked up anew
        trouble: list[SetpointError] = []

        async def loop() -> None:
            try:
                await self._work(left)
            except SetpointError as error:  # raised below: a task group would wrap it
                trouble.append(error)
                self.stop()

        async with anyio.create_task_group() as tasks:
            for _ in range(self._loops):
                tasks.start_soon(loop)
        if trouble:
            raise _together(trouble)

    async def _work(self, jobs: Iterator[Job]) -> None:
        """Run one row after another until none is left."""
        for job in jobs:
            if self._gate.stopping or self.given_up:
                return
            known = job.number in self._standing.known
            if self._spent and not known:
                self._ended(_not_begun(job, self._spent))
                continue
            try:
                result = await run_job(job, self._shop, known=known, again=self._again)
            except Interrupted:
                return
            except LedgerError as error:
                if error.unsaved:
                    error.unsaved = f"row {job.number}, run {job.run}:\n{error.unsaved}"
                raise
            except Exception as error:  # noqa: BLE001 - one row must not take the others with it
                result = _broken(job, error)
            if result.denied:
                self._spent = result.reason
            self._ended(result)
            self._failures = self._failures + 1 if result.outcome == "machinery" else 0
            if not self.given_up and self._failures >= max(_ALIKE, 2 * self._loops):
                self.given_up = f"not begun: the last {self._failures} rows failed, the latest because {result.reason}"


def _together(trouble: Sequence[SetpointError]) -> SetpointError:
    """One error, with the texts that all loops could not store."""
    unsaved = [error for error in trouble if isinstance(error, LedgerError) and error.unsaved]
    if not unsaved:
        return trouble[0]
    unsaved[0].unsaved = "\n".join(error.unsaved for error in unsaved)
    return unsaved[0]


def _not_begun(job: Job, why: str) -> RowResult:
    return RowResult(
        row=job.number, name=job.name, run=job.run, outcome="out_of_budget", reason=f"not begun: {why}", denied=True
    )


def _broken(job: Job, error: Exception) -> RowResult:
    said = str(error) if isinstance(error, SetpointError) else f"{type(error).__name__}: {error}"
    return RowResult(row=job.number, name=job.name, run=job.run, outcome="machinery", reason=said)
