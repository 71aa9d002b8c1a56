"""Moving a ledger file into PostgreSQL: whole, verified, resumable, and never over what is there."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from conftest_cli import BAD, GOOD, Shell
from databases import new_database
from setpoint.core.event import Cancelled, Extended, Recorded, Resumed
from setpoint.errors import LedgerError
from setpoint.ledgers import PostgresLedger, SqliteLedger
from setpoint.ledgers.moving import move
from setpoint.testing.server import Fault

Serve = Callable[..., str]


def file_of(shell: Shell) -> Path:
    """Where the shell's runs are recorded."""
    return shell.folder / "home" / "runs.sqlite"


@pytest.fixture
def filled(shell: Shell, author: Serve) -> Shell:
    """Three real runs: one accepted after a revision, one that needed nothing, one without its model."""
    assert shell.run("run", "spec.toml", "--author", author(BAD, GOOD))[0] == 0
    assert shell.run("run", "spec.toml", "--author", author(GOOD))[0] == 0
    assert shell.run("run", "spec.toml", "--author", author(Fault(kind="unauthorised")))[0] == 3
    return shell


async def contents(ledger: SqliteLedger | PostgresLedger) -> dict[str, tuple[Recorded, ...]]:
    """All events of all runs."""
    async with ledger:
        return {info.run: tuple(await ledger.replay(info.run)) for info in await ledger.runs()}


async def lists(ledger: SqliteLedger | PostgresLedger) -> list[object]:
    """What `setpoint runs` would show."""
    async with ledger:
        return list(await ledger.runs())


async def test_every_run_arrives_with_every_event_and_stamp(filled: Shell) -> None:
    """Replay and lists are the same on both sides, and so is what the command says."""
    url, file = new_database(), file_of(filled)
    before = file.read_bytes()
    async with SqliteLedger(file) as old, PostgresLedger(url) as new:
        done = await move(old, new)
    assert await contents(SqliteLedger(file)) == await contents(PostgresLedger(url))
    assert await lists(SqliteLedger(file)) == await lists(PostgresLedger(url))
    assert (done.runs, done.known, done.differing, done.open) == (3, 0, [], [])
    assert len(done.digest) == 64
    assert file.read_bytes() == before


def test_the_command_moves_and_the_others_go_on_from_there(filled: Shell) -> None:
    """Setpoint move FROM TO; then the moved runs are shown from the database; a second move has nothing to do."""
    url = new_database()
    code, _, err = filled.run("move", url)
    assert code == 0
    assert "moved 3 runs with" in err
    assert "the same on both sides" in err
    code, out, _ = filled.run("show", "last", "--json", "--ledger", url)
    assert code == 0
    assert '"outcome": "machinery"' in out
    code, _, err = filled.run("move", url)
    assert code == 0
    assert "moved 0 runs with 0 events; 3 runs there already" in err


async def test_a_move_that_was_cut_goes_on_and_arrives_at_the_same(filled: Shell) -> None:
    """Whatever run it was cut at, the same command moves the rest; the digest is that of an uncut move."""
    file = file_of(filled)
    async with SqliteLedger(file) as old, PostgresLedger(new_database()) as new:
        whole = await move(old, new)

    def cut(done: int, _of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    url = new_database()
    async with SqliteLedger(file) as old, PostgresLedger(url) as new:
        with pytest.raises(KeyboardInterrupt):
            await move(old, new, cut)
        assert len(await new.runs()) == 2
        rest = await move(old, new)
    assert (rest.runs, rest.known, rest.digest) == (1, 2, whole.digest)
    assert await contents(SqliteLedger(file)) == await contents(PostgresLedger(url))


async def test_what_is_there_is_never_overwritten(filled: Shell) -> None:
    """A run of the same name with other events stays as it is, and is named; the others arrive."""
    file, url = file_of(filled), new_database()
    async with SqliteLedger(file) as old, PostgresLedger(url) as new:
        run = (await old.runs())[0].run
        first = (await old.replay(run))[0]
        await new.append(run, 0, first.digest, first.event)
        await new.append(run, 1, first.digest, Cancelled(why="another history"))
        before = await new.replay(run)
        done = await move(old, new)
        assert (done.runs, done.differing) == (2, [run])
        assert await new.replay(run) == before


async def test_a_run_that_went_on_in_the_database_counts_as_moved(filled: Shell) -> None:
    """Moving again later neither complains nor takes anything back; going on in the file is told."""
    file, url = file_of(filled), new_database()
    async with SqliteLedger(file) as old, PostgresLedger(url) as new:
        await move(old, new)
        run = (await old.runs())[0]
        await new.append(run.run, run.events, "d", Resumed())
        done = await move(old, new)
        assert (done.known, done.differing, done.open) == (3, [], [run.run])
        await old.append(run.run, run.events, "d", Extended(passes=1))
        assert (await move(old, new)).differing == [run.run]


async def test_what_reads_back_otherwise_is_an_error(filled: Shell) -> None:
    """If the database stores something else than it was given, nothing is claimed."""
    url = new_database()
    async with SqliteLedger(file_of(filled)) as old, PostgresLedger(url) as new:
        await new.runs()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("""
                CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN NEW.at := round(NEW.at); RETURN NEW; END $$""")
            await connection.execute(
                "CREATE TRIGGER spoil BEFORE INSERT ON setpoint.events FOR EACH ROW EXECUTE FUNCTION spoil()"
            )
        with pytest.raises(LedgerError, match=r"reads back from postgres://.* otherwise than it was sent"):
            await move(old, new)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["postgres://h/d", "--ledger", "nothing.sqlite"], "nothing.sqlite: there is no such file"),
        (["other.sqlite", "--ledger", "spec.toml"], "other.sqlite: not the address of a database"),
    ],
)
def test_a_wrong_name_is_the_users_mistake(shell: Shell, words: list[str], says: str) -> None:
    """It says which one, and what it should look like."""
    code, _, err = shell.run("move", *words)
    assert (code, says in err) == (2, True)
