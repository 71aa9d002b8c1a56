"""Appends that many runs hand over at about the same time, stored in one transaction: one wait for the disk for all.

Rules of this module:
- An append returns when its transaction is on the disk, or has failed; never before.
- One that cannot be stored fails alone: if a group fails, its members are stored one by one.
- Once handed over, an append is carried to its end, even if the task that waits for it is cancelled.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio

from setpoint.core.event import Event, Recorded

__all__ = ["Append", "Grouped"]

_MOST = 512
"""Appends in one transaction; with more, the first of them would wait for too long."""


@dataclass(slots=True, kw_only=True, eq=False)
class Append:
    """One append on its way, and the task that waits for it."""

    run: str
    expected: int
    digest: str
    event: Event
    body: str
    recorded: Recorded | None = None
    error: Exception | None = None
    done: bool = False
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    waiter: "asyncio.Future[None]" = field(init=False)

    def __post_init__(self) -> None:
        self.waiter = self.loop.create_future()

    async def outcome(self) -> Recorded:
        """Wait for its end whatever happens to this task, then let a cancellation go on."""
        try:
            await self.waiter
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):  # else an outer scope would cancel again at every turn of the loop
                while not self.done:
                    self.waiter = self.loop.create_future()
                    with contextlib.suppress(asyncio.CancelledError):
                        await self.waiter
            raise
        if self.recorded is None:
            raise self.error or AssertionError("an append ends with what was recorded or with an error")
        return self.recorded


class Grouped:
    """Collects appends, and stores together what has come in while the ledger's thread was busy.

    Args:
        store: stores appends in one transaction, and sets what was recorded; runs in the ledger's thread.
        submit: has a function run in the ledger's thread.
    """

    def __init__(
        self, store: Callable[[Sequence[Append]], None], submit: Callable[[Callable[[], None]], object]
    ) -> None:
        self._store = store
        self._submit = submit
        self._waiting: deque[Append] = deque()
        self._asked = False
        """Whether a turn of the thread has been asked for that has not begun."""

    async def append(self, one: Append) -> Recorded:
        """Store one event.

        Raises:
            LedgerConflict: if the run does not hold exactly as many events as were expected.
            LedgerError: if nothing could be stored.
        """
        self._waiting.append(one)
        if not self._asked:
            self._asked = True
            self._submit(self._turn)
        return await one.outcome()

    def _turn(self) -> None:
        """Store what is waiting; runs in the ledger's thread."""
        self._asked = False  # first, so that who comes from here on asks for another turn
        group: list[Append] = []
        with contextlib.suppress(IndexError):
            while len(group) < _MOST:
                group.append(self._waiting.popleft())
        if len(group) == _MOST:
            self._submit(self._turn)
        try:
            self._store(group)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            if len(group) == 1:
                group[0].error = error
            else:
                self._one_by_one(group)
        for loop in {one.loop for one in group}:
            with contextlib.suppress(RuntimeError):  # its event loop has been closed, so nobody waits any more
                loop.call_soon_threadsafe(_wake, [one for one in group if one.loop is loop])

    def _one_by_one(self, group: Sequence[Append]) -> None:
        for one in group:
            one.recorded = None
            try:
                self._store([one])
            except Exception as error:  # noqa: BLE001 - as above
                one.error = error


def _wake(group: Sequence[Append]) -> None:
    for one in group:
        one.done = True
        if not one.waiter.done():
            one.waiter.set_result(None)
