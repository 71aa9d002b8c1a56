"""A run as it is written down: its state, and the ledger that holds its events."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from setpoint.core.event import Completion, Drafted, Event, Recorded, cancels
from setpoint.core.fold import evolve
from setpoint.core.state import State
from setpoint.errors import LedgerConflict, LedgerError, RunNotFound
from setpoint.ports import Ledger

__all__ = ["Journal", "OnEvent"]

OnEvent: TypeAlias = Callable[[Recorded], None]


@dataclass(slots=True, kw_only=True)
class Journal:
    """The state of one run in progress, and the ledger it is written to; an event changes both or neither."""

    id: str
    ledger: Ledger
    state: State
    length: int
    """Events stored so far."""
    on_event: OnEvent | None = None

    async def record(self, event: Event) -> None:
        """Store an event, then let it change the state."""
        with anyio.CancelScope(shield=True):  # stored and known here, or neither
            recorded = await self.ledger.append(self.id, self.length, self.state.spec.digest, event)
            self.length += 1
            self.state = evolve(self.state, recorded)
            self._tell(recorded)

    async def keep(self, event: Event) -> None:
        """Store an event of the loop, unless the run was cancelled from elsewhere: then only what was paid for.

        Raises:
            LedgerConflict: if another process has done anything else to the run.
            LedgerError: if it cannot be stored. ``unsaved`` then holds the text that was paid for.
        """
        try:
            await self._unless_cancelled(event)
        except LedgerError as error:
            if isinstance(event, Drafted):
                error.unsaved = event.text
            raise

    async def _unless_cancelled(self, event: Event) -> None:
        while True:
            try:
                return await self.record(event)
            except LedgerConflict:
                news = await self._cancelled_elsewhere()
                if not news and self.state.stopped is None:
                    raise
                if not news or not isinstance(event, Completion):
                    return None

    async def _cancelled_elsewhere(self) -> bool:
        """Take in what another process has stored, if that is a cancellation and nothing else."""
        try:
            news = (await self.ledger.replay(self.id))[self.length :]
        except RunNotFound:  # cancelled, and deleted since
            return False
        if not news or not all(cancels(recorded.event) for recorded in news):
            return False
        for recorded in news:
            self.length += 1
            self.state = evolve(self.state, recorded)
            self._tell(recorded)
        return True

    def _tell(self, recorded: Recorded) -> None:
        if self.on_event is not None:
            self.on_event(recorded)
