"""Access to PostgreSQL: connections, patience with a server that goes away, and errors in the user's words.

Only this module and its neighbours `postgres` and `postgres_schema` talk about psycopg; it is imported when a database
is first used, as it belongs to the extra ``durable``.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar

import anyio

from setpoint.errors import ConfigError, LedgerError

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import AsyncConnectionPool

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it says, our errors say in words

__all__ = [
    "CONNECT",
    "RECONNECT_SECONDS",
    "Connection",
    "Database",
    "Prepare",
    "is_database",
    "is_full",
    "may_pass",
    "shown",
    "unchecked_pool",
]

T = TypeVar("T")

Connection: TypeAlias = "psycopg.AsyncConnection[Any]"
Prepare: TypeAlias = Callable[[Connection], Awaitable[None]]
"""Brings the tables up to date when a database is first used."""

CONNECT: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A line that is dead without saying so is given up within seconds, so that another can be tried."""
RECONNECT_SECONDS: Final = 2.0
"""The pause between a pool's tries grows up to this; whoever uses the pool decides when to give up."""
_ATTEMPT_SECONDS: Final = 15.0
_FIRST_PATIENCE: Final = 5.0
"""Seconds to try for the first connection: a wrong address should not look like a slow one."""

_ADVICE: Final = {
    "28": "it does not let this user in; put the user into the address, and the password into ~/.pgpass or PGPASSWORD",
    "3D000": "there is no such database; make it with createdb",
    "42501": "this user may not do that; grant it CREATE on the database",
    "53100": "its disk is full; free some space there, then go on: a run with setpoint resume, a batch with the same command",
    "53300": "it has no connection left; raise max_connections, or start fewer workers",
    "25006": "it is read-only, perhaps a standby; name the primary",
}
_PHRASES: Final = {
    '" does not exist': "3D000",
    'role "': "28",
    "authentication failed": "28",
    "no pg_hba.conf entry": "28",
    "no password supplied": "28",
}
"""What stands in the refusal of a connection, which comes without a code."""

_PASSING: Final = ("08", "40", "53300", "55P03", "57P", "57014")
"""Classes of errors that may be gone a moment later: connection, conflict, shutdown."""
_FULL: Final = "53100"


def is_database(address: str) -> bool:
    """Whether the address is one of PostgreSQL."""
    return address.startswith(("postgres://", "postgresql://"))


def shown(url: str) -> str:
    """The address without its password and options.

    Raises:
        ConfigError: if it is not one, or the extra is missing.
    """
    psycopg = _psycopg()
    try:
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - the extra `durable`

        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ConfigError(
            "the address of the database cannot be read; it looks like postgres://USER@HOST:5432/DATABASE"
        ) from error
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgres://{user}{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"


class Database:
    """A PostgreSQL database, connected to on first use.

    Args:
        url: ``postgres://USER@HOST:PORT/DATABASE``.
        prepare: called with the first connection.
        patience: seconds to go on trying when the server goes away in the middle.
        patience_if_full: seconds to go on trying while its disk is full; may be changed at any time.
        notice: told when it begins to wait because the disk is full.
        connections: the most connections at a time.
        clock: seconds that never go backwards.
    """

    def __init__(
        self,
        url: str,
        *,
        prepare: Prepare,
        patience: float = 60.0,
        patience_if_full: float = 0.0,
        notice: Callable[[str], None] = lambda _line: None,
        connections: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.name = shown(url)
        self._prepare = prepare
        self.patience_if_full = patience_if_full
        self._notice = notice
        self._patience = patience
        self._connections = connections
        self._clock = clock
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def perform(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do something with a connection, again on another one if the first is lost.

        The connection commits each statement. As nobody can know whether a statement that was cut off took effect,
        ``work`` must find that out by itself when it is called again.

        Raises:
            LedgerError: if the database refuses, or is still away when patience ends.
        """
        if self._closed:
            raise LedgerError(f"the ledger {self.name} has been closed")
        psycopg = _psycopg()
        began = self._clock()
        deadline = began + (self._patience if self._pool else _FIRST_PATIENCE)
        pause, told = 0.05, False
        while True:
            try:
                return await self._attempt(work, deadline)
            except (psycopg.Error, TimeoutError, OSError) as error:
                full, now = is_full(error), self._clock()
                end = began + self.patience_if_full if full else deadline
                if not (full or may_pass(error)) or now + pause > end:
                    raise self.refusal(error) from error
                if full:
                    deadline = now + self._patience
                    if not told:
                        self._notice(f"{self.refusal(error)}; waiting for room")
                    told = True
            await anyio.sleep(pause)
            pause = min(2 * pause, 2.0)

    async def execute(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Execute one statement that does no harm if it is executed twice; gives its rows."""

        async def work(connection: Connection) -> list[tuple[Any, ...]]:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []

        return await self.perform(work)

    async def line(self) -> Connection:
        """A connection of one's own, for what lasts as long as the connection does; the caller closes it.

        Raises:
            LedgerError: if the database cannot be reached.
        """
        await self.execute("SELECT 1")  # so that the tables are there, and a wrong address is told as such
        psycopg = _psycopg()
        try:
            return await psycopg.AsyncConnection.connect(self.url, **CONNECT, autocommit=True)
        except psycopg.Error as error:
            raise self.refusal(error) from error

    async def ask(self, line: Connection, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute one statement on a connection of one's own, once.

        Raises:
            LedgerError: if it was lost, or the database refuses.
        """
        psycopg = _psycopg()
        try:
            return await (await line.execute(statement.encode(), values)).fetchall()
        except psycopg.Error as error:
            raise self.refusal(error) from error

    def refusal(self, error: Exception) -> LedgerError:
        """The error in the user's words."""
        state = _state(error)
        advice = next((text for code, text in _ADVICE.items() if state.startswith(code)), "")
        if not advice and may_pass(error):
            advice = f"it cannot be reached ({_one_line(error)}); see that it runs, then go on with the same command"
        return LedgerError(f"the ledger {self.name}: {advice or _one_line(error)}")

    async def close(self) -> None:
        """Give all connections back; using the database afterwards is an error."""
        self._closed = True
        if self._pool is not None:
            with anyio.CancelScope(shield=True):
                await self._pool.close(timeout=2.0)
            self._pool = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _attempt(self, work: Callable[[Connection], Awaitable[T]], deadline: float) -> T:
        pool = self._pool or await self._open()
        left = max(0.5, min(_ATTEMPT_SECONDS, deadline - self._clock()))
        async with pool.connection(timeout=left) as connection, asyncio.timeout(_ATTEMPT_SECONDS):
            return await work(connection)

    async def _open(self) -> "AsyncConnectionPool[Connection]":
        from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415 - the extra `durable`

        psycopg = _psycopg()
        async with self._opening:
            if self._pool is not None:
                return self._pool
            settings: dict[str, Any] = {**CONNECT, "autocommit": True, "application_name": "setpoint"}
            # Not from the pool, which would tell only that no connection came in time.
            first = await psycopg.AsyncConnection.connect(self.url, **settings)
            async with first:
                try:
                    await self._prepare(first)
                except LedgerError as error:
                    raise LedgerError(f"the ledger {self.name}: {error}") from error
            pool = AsyncConnectionPool[Connection](
                self.url,
                kwargs=settings,
                min_size=1,
                max_size=self._connections,
                open=False,
                reconnect_timeout=RECONNECT_SECONDS,
                name="setpoint",
                configure=_durably,
            )
            await pool.open()
            self._pool = pool
            return pool


def unchecked_pool(**settings: Any) -> "AsyncConnectionPool[Connection]":
    """A pool that does not try each connection before it is used, for those who ask again if one was lost."""
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415 - the extra `durable`

    settings["check"] = None
    return AsyncConnectionPool[Connection](**settings)


async def _durably(connection: Connection) -> None:
    """What was stored is on the disk before we go on, also where the database's own setting is laxer."""
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


def _psycopg() -> Any:
    try:
        import psycopg  # noqa: PLC0415 - the extra `durable`
    except ImportError as error:
        raise ConfigError(
            'PostgreSQL needs the extra "durable"; install it with: pip install "setpoint[durable]"'
        ) from error
    return psycopg


def may_pass(error: Exception) -> bool:
    """Whether the same may succeed in a moment."""
    if state := _state(error):
        return state.startswith(_PASSING)
    psycopg = _psycopg()
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | TimeoutError | OSError)


def is_full(error: Exception) -> bool:
    """Whether the database has no room left on its disk."""
    return _state(error) == _FULL


def _state(error: Exception) -> str:
    """The database's code for what is wrong; empty if there is none."""
    given = getattr(error, "sqlstate", None)
    found = [code for phrase, code in _PHRASES.items() if phrase in str(error)]
    return str(given) if given else found[-1] if found else ""


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
