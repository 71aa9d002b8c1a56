"""A worker: takes runs from the queue, one for each of its slots, and drives each to its end from the ledger."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio

from setpoint.batch.one import Interrupted, Stopping
from setpoint.compose import Settings, Shared, remember_probes, take_up_run
from setpoint.durable.budget import PostgresBudget
from setpoint.durable.engine import Engine, Job, PutBack
from setpoint.durable.fleets import Caps, fleet_caps, refuse
from setpoint.durable.presence import Presence
from setpoint.durable.rates import PostgresRates
from setpoint.durable.tables import prepare
from setpoint.errors import ConfigError, LedgerConflict, LedgerError, SetpointError
from setpoint.ledgers.database import Database
from setpoint.ledgers.postgres import PostgresLedger
from setpoint.models import price
from setpoint.models.limited import Budgeted, Rated
from setpoint.ports import Model
from setpoint.run import Result

__all__ = ["Tally", "Worker"]

_LAST_ATTEMPT = 50
_PAUSE_SECONDS = 2.0
_PATIENCE_IF_FULL = 3600.0
"""Seconds for somebody to make room on the database's disk: meanwhile what was paid for is kept in memory."""
_PATIENCE = 24 * 3600.0
"""A request may wait long for its turn, so retries are cut by number, not by time."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a worker has done so far."""

    ended: dict[str, int] = field(default_factory=dict[str, int])
    """Outcome → how many runs."""
    put_back: int = 0
    refused: int = 0
    lost: int = 0
    """Taken over by another, or by a person."""

    @property
    def runs(self) -> int:
        """How many have ended here."""
        return sum(self.ended.values())


class Worker:
    """One process of the many that work on the runs of one database.

    Args:
        url: ``postgres://USER@HOST:PORT/DATABASE``.
        where: this machine's configuration: its keys, its models, what it trusts.
        name: the same whenever this worker is started again, and no other's.
        slots: how many runs it works on at a time.
        allow_commands: run programs that specs name without asking this machine's trust store.
        notice: told what happens, line by line.
        clock: the time for the stamps of events, in seconds since the epoch.
    """

    def __init__(
        self,
        url: str,
        where: Settings,
        *,
        name: str,
        slots: int = 8,
        allow_commands: bool = False,
        notice: Callable[[str], None] = lambda _line: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.tally = Tally()
        self._where = where
        self.name = name
        self._slots = slots
        self._allow_commands = allow_commands
        self._notice = notice
        self._database = Database(
            url,
            prepare=prepare,
            connections=min(10, 2 + slots),
            patience_if_full=_PATIENCE_IF_FULL,
            notice=notice,
        )
        self._ledger = PostgresLedger(self._database, holder=f"the worker {name}", clock=clock)
        self._stopping = Stopping(self._ledger)
        self._engine = Engine(self._database)
        self._presence = Presence(
            self._database, name, slots=slots, status=lambda: (self._engine.id, self._engine.busy)
        )
        self._alone = Shared()
        self._fleets: dict[str, tuple[Caps, Settings, Shared]] = {}

    @property
    def busy(self) -> int:
        """How many runs it works on."""
        return self._engine.busy

    async def serve(self, stop: anyio.Event) -> None:
        """Work until told to stop; calls in flight come to their end, and their runs go back into the queue.

        Raises:
            NameTaken: if another process has the name, or got it because this one was taken for dead.
            LedgerError: if the database cannot be used.
        """
        async with self._database:
            await self._presence.begin()
            try:
                async with self._engine, anyio.create_task_group() as side:
                    side.start_soon(self._presence.keep)
                    side.start_soon(self._heed, stop)
                    self._notice(
                        f"worker {self.name!r}: at work on {self._database.name}, {self._slots} runs at a time"
                    )
                    await self._engine.work(
                        self._perform,
                        slots=self._slots,
                        stop=stop,
                        predecessor=self._presence.predecessor,
                        ready=self._presence.beat,
                    )
                    side.cancel_scope.cancel()
            finally:
                await self._presence.end()

    async def _heed(self, stop: anyio.Event) -> None:
        await stop.wait()
        self._stopping.stopping = True
        self._database.patience_if_full = 0.0

    async def _perform(self, job: Job) -> None:
        """Drive one run as far as this worker can."""
        try:
            result = await self._drive(job)
        except LedgerConflict:
            self.tally.lost += 1
            self._notice(f"run {job.run}: taken over by another; let go of")
            return
        except Interrupted as why:
            self.tally.put_back += 1
            raise PutBack from why
        except LedgerError as why:
            if job.attempts < _LAST_ATTEMPT:
                self.tally.put_back += 1
                self._notice(f"run {job.run}: put back: {why}")
                if why.unsaved:
                    self._notice(f"run {job.run}: this text was paid for and could not be stored:\n{why.unsaved}")
                raise PutBack(_PAUSE_SECONDS) from why
            await self._refuse(job, why)
        except SetpointError as why:
            await self._refuse(job, why)
        except Exception as why:  # noqa: BLE001 - the worker's boundary: one bad run must not stop the others
            self._notice("".join(traceback.format_exception(why)))
            await self._refuse(job, why)
        else:
            outcome = result.outcome or "waiting"
            self.tally.ended[outcome] = self.tally.ended.get(outcome, 0) + 1

    async def _drive(self, job: Job) -> Result:
        where, shared = await self._fleet(job.fleet)
        await self._ledger.take(job.run)
        run, crew = await take_up_run(
            job.run, where, self._stopping, allow_commands=self._allow_commands, shared=shared
        )
        if run.state.stopped is None and run.length > 1:
            await run.resume()
        try:
            result = await run.drive(crew)
        finally:
            remember_probes(run, where)
        if result.question is not None:
            await refuse(self._database, job.run, self.name, result.reason)
        return result

    async def _refuse(self, job: Job, why: Exception) -> None:
        self.tally.refused += 1
        self._notice(f"run {job.run}: {why}")
        await refuse(self._database, job.run, self.name, why)

    async def _fleet(self, fleet: str) -> tuple[Settings, Shared]:
        """This machine's configuration, with what the runs of a batch share around its models."""
        if not fleet:
            return self._where, self._alone
        caps = await fleet_caps(self._database, fleet)  # each time: the batch may have been given others
        if fleet not in self._fleets or self._fleets[fleet][0] != caps:

            def around(model: Model) -> Model:
                return self._around(model, fleet, caps)

            models = replace(self._where.models, around=around, patience=_PATIENCE)
            self._fleets[fleet] = caps, replace(self._where, models=models), Shared()
        return self._fleets[fleet][1:]

    def _around(self, model: Model, fleet: str, caps: Caps) -> Model:
        if caps.tokens is not None or caps.money is not None:
            price_in, price_out = price(model.name, self._where.models)
            if caps.money is not None and (price_in is None or price_out is None):
                raise ConfigError(
                    f"this worker knows no price for {model.name!r}, so the batch's cap in money cannot be held; add its"
                    " price to the file that [prices] in the worker's setpoint.toml names"
                )
            budget = PostgresBudget(self._database, fleet, self._presence.life)
            model = Budgeted(model=model, budget=budget, input_price=price_in or 0.0, output_price=price_out or 0.0)
        return Rated(model=model, rates=PostgresRates(self._database, fleet, self._presence.life, caps.limits))
