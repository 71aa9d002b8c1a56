"""Who is at work, and what waits: for `setpoint workers`."""

from dataclasses import dataclass

from setpoint.durable.submitting import open_afar
from setpoint.durable.tables import STALE_SECONDS

__all__ = ["Listed", "Listing", "list_workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One worker.

    Args:
        name: as it was started.
        host: its machine.
        pid: its process.
        version: of Setpoint.
        slots: how many runs it can work on.
        busy: how many it works on.
        silent: seconds since it was last heard of, by the database's clock.
    """

    name: str
    host: str
    pid: int
    version: str
    slots: int
    busy: int
    silent: float

    @property
    def awake(self) -> bool:
        """Whether it was heard of lately."""
        return self.silent <= STALE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All workers of a database, and its queue."""

    workers: tuple[Listed, ...]
    waiting: int
    running: int


async def list_workers(url: str) -> Listing:
    """Look.

    Raises:
        ConfigError: if the extra ``durable`` is missing, or the address cannot be read.
        LedgerError: if the database cannot be reached.
    """
    async with open_afar(url) as afar:
        rows = await afar.database.execute("""
            SELECT name, host, pid, version, slots, busy,
                greatest(0, extract(epoch FROM clock_timestamp() - beat))::float8
            FROM setpoint.workers ORDER BY name""")
        waiting, running = await afar.engine.counts()
    return Listing(
        workers=tuple(
            Listed(name=name, host=host, pid=pid, version=version, slots=slots, busy=busy, silent=round(silent, 1))
            for name, host, pid, version, slots, busy, silent in rows
        ),
        waiting=waiting,
        running=running,
    )
