"""The tables of another library, in a schema of their own, brought up to date by the library's own scripts."""

from pathlib import Path

from setpoint.errors import LedgerError
from setpoint.ledgers.database import Connection
from setpoint.ledgers.postgres_schema import LOCK

__all__ = ["bring_up"]


async def bring_up(connection: Connection, schema: str, whole: str, folder: Path) -> None:
    """Create the tables, or apply the steps that were released since; does nothing if there are none.

    Args:
        connection: to the database.
        schema: where the tables go; a constant of ours.
        whole: the script that makes all tables in a new database.
        folder: the scripts that lead there from older ones, in the order of their names.

    Raises:
        LedgerError: if the tables were made by a newer version of the library.
    """
    files = sorted(folder.glob("*.sql"))  # noqa: ASYNC240 - once per process
    if await _seen(connection, schema) == {file.name for file in files}:
        return
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        seen = await _seen(connection, schema)  # again: another process may have been quicker
        if seen - {file.name for file in files}:
            raise LedgerError("its queue was made by a newer Setpoint; install the newer version to use it")
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
        await connection.execute(f"SET LOCAL search_path = {schema}".encode())
        await connection.execute("CREATE TABLE IF NOT EXISTS steps_seen (name text PRIMARY KEY)")
        missing = [file for file in files if file.name not in seen]
        for script in [file.read_text(encoding="utf-8") for file in missing] if seen else [whole]:
            await connection.execute(script.encode())
        for file in missing:
            await connection.execute("INSERT INTO steps_seen VALUES (%s)", (file.name,))


async def _seen(connection: Connection, schema: str) -> set[str]:
    # From the tables themselves: to_regclass may answer from a cache that is older than what another process has done.
    look = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'steps_seen'"
    if await (await connection.execute(look, (schema,))).fetchone() is None:
        return set()
    rows = await (await connection.execute(f"SELECT name FROM {schema}.steps_seen".encode())).fetchall()  # noqa: S608 - ours
    return {str(row[0]) for row in rows}
