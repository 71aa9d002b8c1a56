"""Who a worker is: a name that one process at a time can have, and a heartbeat.

The name is held by a lock of the database session, so it is free again as soon as the process is gone. The heartbeat
tells the others that the process is not only there but awake.
"""

import contextlib
import os
import socket
import uuid
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import anyio

from setpoint.durable.tables import STALE_SECONDS
from setpoint.errors import ConfigError, LedgerError
from setpoint.ledgers.database import Connection, Database
from setpoint.ledgers.postgres_schema import LOCK

__all__ = ["BEAT_SECONDS", "NameTaken", "Presence"]

BEAT_SECONDS: Final = 3.0


class NameTaken(ConfigError):  # noqa: N818 - the name is what the user reads
    """A worker with this name is at work already."""


class Presence:
    """A worker's name, held while it works.

    Args:
        database: where the workers are listed.
        name: the worker's name, the same whenever it is started again.
        slots: how many runs it works on at a time.
        status: asked at each beat: what the engine calls this process, and how many runs it works on.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        slots: int = 1,
        status: Callable[[], tuple[int | None, int]] = lambda: (None, 0),
    ) -> None:
        self.name = name
        self.life = uuid.uuid4().hex
        """Names this process among all that have ever had the name."""
        self.predecessor: int | None = None
        """What the engine called the process that had the name before."""
        self._database = database
        self._slots = slots
        self._status = status
        self._line: Connection | None = None

    async def begin(self) -> None:
        """Take the name.

        Raises:
            NameTaken: if another process has it.
            LedgerError: if the database cannot be reached.
        """
        await self._hold_name()
        rows = await self._database.execute("SELECT engine FROM setpoint.workers WHERE name = %s", (self.name,))
        self.predecessor = rows[0][0] if rows else None
        await self._database.execute(
            """
            INSERT INTO setpoint.workers (name, life, host, pid, version, slots) VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (name) DO UPDATE SET life = excluded.life, host = excluded.host, pid = excluded.pid,
                version = excluded.version, slots = excluded.slots, busy = 0,
                since = clock_timestamp(), beat = clock_timestamp()""",
            (self.name, self.life, socket.gethostname(), os.getpid(), version("setpoint"), self._slots),
        )

    async def keep(self) -> None:
        """Beat until cancelled; a database that is away for a while is waited for.

        Raises:
            NameTaken: if another process has got the name meanwhile: this one has been taken for dead.
        """
        while True:
            with contextlib.suppress(LedgerError):  # if this lasts, others take us for dead, and the ledger refuses us
                await self.beat()
            await anyio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """Tell the others that we are awake.

        Raises:
            NameTaken: if another process has got the name meanwhile.
            LedgerError: if the database cannot be reached.
        """
        if self._line is None or self._line.broken or self._line.closed:
            await self._hold_name()
        known = await self._database.execute(
            "UPDATE setpoint.workers SET beat = clock_timestamp(), engine = coalesce(%s, engine), busy = %s WHERE life = %s RETURNING 1",
            (*self._status(), self.life),
        )
        if not known:
            raise await self._taken()
        await self._feel_line()

    async def _feel_line(self) -> None:
        """A line that was cut does not tell by itself, and the name went with it."""
        if self._line is None:
            return
        try:
            await self._database.ask(self._line, "SELECT 1")
        except LedgerError:
            self._line = None
            raise

    async def end(self) -> None:
        """Give the name back."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(5):
            with contextlib.suppress(LedgerError):  # else it will look dead, which it is
                await self._database.execute("DELETE FROM setpoint.workers WHERE life = %s", (self.life,))
            if self._line is not None:
                await self._line.close()
                self._line = None

    async def _hold_name(self) -> None:
        line = await self._database.line()
        try:
            rows = await self._database.ask(line, "SELECT pg_try_advisory_lock(%s, hashtext(%s))", (LOCK, self.name))
        except BaseException:
            await line.close()
            raise
        if not rows[0][0]:
            await line.close()
            raise await self._taken()
        self._line = line

    async def _taken(self) -> NameTaken:
        rows = await self._database.execute(
            "SELECT host, pid, extract(epoch FROM clock_timestamp() - beat)::int FROM setpoint.workers WHERE name = %s",
            (self.name,),
        )
        host, pid, ago = rows[0] if rows else ("another machine", "?", 0)
        state = f"last heard of {ago} s ago" if ago <= STALE_SECONDS else f"silent for {ago} s, perhaps paused"
        return NameTaken(
            f"a worker named {self.name!r} is at work already (process {pid} on {host}, {state}); stop that one, or"
            " give this one a name of its own with --name"
        )
