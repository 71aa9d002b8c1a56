"""The budget and the rates of a fleet that is one process."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final, cast

import anyio
from pyrate_limiter import InMemoryBucket, Limiter, Rate, RateItem, SingleBucketFactory

from setpoint.errors import OverBudget
from setpoint.ports import FleetSpent, Hold, Permit

__all__ = ["LocalBudget", "LocalRates"]

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
_UNITS: Final = 10_000
"""The window of tokens holds one entry per unit; coarser units keep it small, and are rounded against us."""


class LocalBudget:
    """A `setpoint.ports.FleetBudget` in memory. What is spent survives in the ledger, and is passed in again.

    Args:
        tokens: the cap on input and output of all runs together; None for none.
        money: the cap in US dollars; None for none.
        spent: what earlier processes have spent already.
    """

    def __init__(
        self, *, tokens: int | None = None, money: float | None = None, spent: FleetSpent | None = None
    ) -> None:
        self.tokens = tokens
        self.money = money
        before = spent or FleetSpent()
        self._tokens, self._money = before.tokens, before.money
        self._held_tokens, self._held_money = 0, 0.0
        self._holds: dict[str, Hold] = {}
        self._numbers = count(1)
        self._line = anyio.Lock()
        self._freed = anyio.Event()

    async def reserve(self, tokens: int, money: float) -> Hold:
        """Set the worst case of one call aside; see `setpoint.ports.FleetBudget.reserve`.

        Raises:
            OverBudget: if it cannot fit any more.
        """
        async with self._line:  # first come, first served: a large call is not overtaken by small ones
            while short := self._shortage(tokens, money, held=True):
                if self._shortage(tokens, money, held=False):
                    raise OverBudget(f"the budget of the batch: {short}")
                self._freed = anyio.Event()
                await self._freed.wait()
            hold = Hold(id=str(next(self._numbers)), tokens=tokens, money=money)
            self._holds[hold.id] = hold
            self._held_tokens += tokens
            self._held_money += money
            return hold

    async def settle(self, hold: Hold, tokens: int, money: float) -> None:
        """Replace a hold by the real cost; see `setpoint.ports.FleetBudget.settle`."""
        if self._holds.pop(hold.id, None) is None:
            return
        self._tokens += tokens
        self._money += money
        self._held_tokens -= hold.tokens
        self._held_money = self._held_money - hold.money if self._holds else 0.0  # no residue of rounding
        self._freed.set()

    async def spent(self) -> FleetSpent:
        """What is spent and held by now."""
        return FleetSpent(
            tokens=self._tokens, money=self._money, held_tokens=self._held_tokens, held_money=self._held_money
        )

    def _shortage(self, tokens: int, money: float, *, held: bool) -> str:
        """What does not fit, in words; empty if all does."""
        used = self._tokens + (self._held_tokens if held else 0)
        if self.tokens is not None and used + tokens > self.tokens:
            left = max(0, self.tokens - used)
            return f"the next call may need {tokens:,} tokens and {left:,} of {self.tokens:,} are left"
        paid = self._money + (self._held_money if held else 0.0)
        if self.money is not None and paid + money > self.money:
            rest = max(0.0, self.money - paid)
            return f"the next call may cost ${money:.4f} and ${rest:.4f} of ${self.money:.2f} is left"
        return ""


class _Window(InMemoryBucket):
    """A sliding window out of which what was not used can be taken again."""

    latest: RateItem | None = None

    def put(self, item: RateItem) -> bool:
        """Take room for an item, if there is enough."""
        admitted = super().put(item)
        if admitted:
            self.latest = item
        return admitted

    def hand_back(self, item: RateItem, weight: int) -> None:
        """Give up part of the room that an item has taken; nothing if it has left the window already."""
        first = next((place for place, one in enumerate(self.items) if one is item), None)
        if first is not None:
            del self.items[first : first + weight]


class _Meter:
    """One limit of one provider: so much in any window, and not less than exactly so much."""

    def __init__(self, limit: int, period: float) -> None:
        self.unit = -(-limit // _UNITS)
        self.limit = max(1, limit // self.unit)
        self.window = _Window([Rate(self.limit, round(period * 1000))])
        self.limiter = Limiter(SingleBucketFactory(self.window, schedule_leak=False), buffer_ms=1)

    async def take(self, amount: int) -> RateItem | None:
        """Wait for room; what is larger than the whole window takes all of it."""
        self.window.leak(cast("int", self.window.now()))  # awaitable only where a window is shared
        await self.limiter.try_acquire_async(weight=min(self.limit, self.units(amount)))
        return self.window.latest

    def units(self, amount: int) -> int:
        return max(1, -(-amount // self.unit))


@dataclass(slots=True)
class _Provider:
    """Where one provider stands."""

    slots: anyio.Semaphore | None
    requests: _Meter | None
    tokens: _Meter | None
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready: float = 0.0
    """When it may be asked again, by the clock."""
    refusals: int = 0
    """In a row, without saying for how long."""


class LocalRates:
    """A `setpoint.ports.Rates` in memory.

    Args:
        rpm: requests per period, for each provider; None for no limit.
        tpm: tokens per period, input and output, for each provider.
        concurrency: requests at a time, for each provider.
        period: seconds; a minute, save in tests.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        *,
        rpm: int | None = None,
        tpm: int | None = None,
        concurrency: int | None = None,
        period: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = rpm, tpm, concurrency
        self._period = period
        self._clock = clock
        self._providers: dict[str, _Provider] = {}
        self._taken: dict[str, RateItem] = {}
        self._numbers = count(1)

    async def admit(self, provider: str, tokens: int) -> Permit:
        """Wait for room; see `setpoint.ports.Rates.admit`."""
        it = self._provider(provider)
        if it.slots is not None:
            await it.slots.acquire()
        permit = Permit(id=str(next(self._numbers)), provider=provider, tokens=tokens)
        try:
            async with it.line:
                while (wait := it.ready - self._clock()) > 0:  # noqa: ASYNC110 - it may be put off again
                    await anyio.sleep(wait)
                if it.requests is not None:
                    await it.requests.take(1)
                if it.tokens is not None and (item := await it.tokens.take(tokens)) is not None:
                    self._taken[permit.id] = item
        except BaseException:
            if it.slots is not None:
                it.slots.release()
            raise
        return permit

    async def release(self, permit: Permit, tokens: int) -> None:
        """Free a place; see `setpoint.ports.Rates.release`."""
        it = self._provider(permit.provider)
        if it.slots is not None:
            it.slots.release()
        if tokens:
            it.refusals = 0
        item = self._taken.pop(permit.id, None)
        if it.tokens is not None and item is not None:
            unused = item.weight - it.tokens.units(tokens)
            if unused > 0:
                it.tokens.window.hand_back(item, unused)

    async def back_off(self, provider: str, seconds: float | None) -> None:
        """Hold everybody back; see `setpoint.ports.Rates.back_off`."""
        it, now = self._provider(provider), self._clock()
        if seconds is None:
            if it.ready > now:
                return  # it was asked by many at once, and all were refused: that is one refusal
            seconds = min(_LONGEST_WAIT, _FIRST_WAIT * 2**it.refusals)
            it.refusals += 1
        it.ready = max(it.ready, now + seconds)

    def _provider(self, name: str) -> _Provider:
        if name not in self._providers:
            rpm, tpm, concurrency = self._limits
            self._providers[name] = _Provider(
                slots=anyio.Semaphore(concurrency) if concurrency else None,
                requests=_Meter(rpm, self._period) if rpm else None,
                tokens=_Meter(tpm, self._period) if tpm else None,
            )
        return self._providers[name]
