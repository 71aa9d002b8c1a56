"""The queue's tables follow the library's own scripts, whatever version made them."""

from pathlib import Path

import psycopg
import pytest

from databases import new_database
from setpoint.durable.steps import bring_up
from setpoint.errors import LedgerError


async def test_an_older_queue_gets_the_steps_that_it_lacks_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    """A new database gets the whole script; later only what was released since is applied, once."""
    url, steps = new_database(), {"01.sql": "CREATE TABLE first (a text)", "02.sql": "ALTER TABLE first ADD b text"}
    for name, script in steps.items():
        (tmp_path / name).write_text(script)
    whole = "CREATE TABLE first (a text, b text);"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(2):
            await bring_up(connection, "theirs", whole, tmp_path)
        (tmp_path / "03.sql").write_text("ALTER TABLE first ADD c text; CREATE TABLE second (a text)")
        for _ in range(2):
            await bring_up(connection, "theirs", "never used again", tmp_path)
        await connection.execute("INSERT INTO theirs.first (a, b, c) VALUES ('1', '2', '3')")
        await connection.execute("INSERT INTO theirs.second (a) VALUES ('1')")
        (tmp_path / "03.sql").unlink()
        with pytest.raises(LedgerError, match="made by a newer Setpoint"):
            await bring_up(connection, "theirs", whole, tmp_path)
