"""What every ledger promises (`setpoint.ports.Ledger`); a new kind of ledger joins by one more entry in `LEDGERS`."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from databases import new_database
from setpoint.core.event import (
    Amended,
    Cancelled,
    Drafted,
    Event,
    Extended,
    Opened,
    Overruled,
    Recorded,
    Resumed,
    Stopped,
    Usage,
)
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, CheckCall, Criterion, Spec
from setpoint.errors import LedgerConflict, LedgerError, RunNotFound
from setpoint.ledgers import MemoryLedger, SqliteLedger
from setpoint.ledgers.postgres import PostgresLedger
from setpoint.ports import Ledger, RunInfo, Selection

SPEC = Spec(
    brief="A haiku.",
    criteria=(Criterion(name="short", says="Short.", check=CheckCall(name="words", params={"max": 17, "of": ["a"]})),),
)
OPENED = Opened(spec=SPEC, budget=Budget(), policy=Policy(), models=(), title="haiku")
ENDED = Stopped(outcome="accepted", rule="accept", reason="every criterion passes", best=1)


class Ticks:
    """A clock that goes one second further each time it is read."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@asynccontextmanager
async def in_memory(_folder: Path) -> AsyncGenerator[Ledger]:
    """Nothing to open or close."""
    yield MemoryLedger(clock=Ticks())


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncGenerator[Ledger]:
    """A file of its own."""
    async with SqliteLedger(folder / "ledger.db", clock=Ticks()) as ledger:
        yield ledger


@asynccontextmanager
async def in_postgres(_folder: Path) -> AsyncGenerator[Ledger]:
    """A database of its own."""
    async with PostgresLedger(new_database(), clock=Ticks()) as ledger:
        yield ledger


LEDGERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Ledger]]] = {
    "memory": in_memory,
    "sqlite": in_sqlite,
    "postgres": in_postgres,
}


@pytest.fixture(params=LEDGERS)
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """One ledger of each kind, empty."""
    async with LEDGERS[request.param](tmp_path) as made:
        yield made


async def test_what_was_appended_is_replayed_in_order(ledger: Ledger) -> None:
    """Replay gives back what append gave back, values and all."""
    stored = [
        await ledger.append("r", 0, SPEC.digest, OPENED),
        await ledger.append("r", 1, SPEC.digest, Drafted(call=None, text="old pond \ud800\x00", origin="given")),
        await ledger.append("r", 2, "other", ENDED),
    ]
    assert list(await ledger.replay("r")) == stored
    assert [(r.run, r.seq, r.digest) for r in stored] == [
        ("r", 0, SPEC.digest),
        ("r", 1, SPEC.digest),
        ("r", 2, "other"),
    ]
    assert stored[0].event == OPENED


async def test_events_are_stamped_by_the_clock_in_their_order(ledger: Ledger) -> None:
    """An event gets its time when it is stored, from the clock that was passed in."""
    first, second = await ledger.append("r", 0, "d", OPENED), await ledger.append("r", 1, "d", ENDED)
    assert 1000.0 < first.at < second.at < 1010.0


@pytest.mark.parametrize("expected", [0, 2, 7])
async def test_an_append_at_the_wrong_place_conflicts_and_stores_nothing(ledger: Ledger, expected: int) -> None:
    """Only the writer that knows all events of a run may add to it."""
    first = await ledger.append("r", 0, "d", OPENED)
    with pytest.raises(LedgerConflict, match=f"1 events are stored where {expected} were expected"):
        await ledger.append("r", expected, "d", ENDED)
    assert list(await ledger.replay("r")) == [first]


async def test_a_run_cannot_begin_in_the_middle(ledger: Ledger) -> None:
    """The first event of a run has number 0."""
    with pytest.raises(LedgerConflict):
        await ledger.append("r", 1, "d", OPENED)
    with pytest.raises(RunNotFound):
        await ledger.replay("r")


async def test_a_run_that_is_not_there_is_named(ledger: Ledger) -> None:
    """Replaying an unknown run is the user's mistake, not an empty run."""
    with pytest.raises(RunNotFound, match="'nobody'"):
        await ledger.replay("nobody")


async def test_runs_do_not_mix(ledger: Ledger) -> None:
    """Each run has its own numbering."""
    for run in ("a", "b"):
        for seq in range(3):
            await ledger.append(run, seq, "d", OPENED if seq == 0 else Cancelled(why=f"{run}{seq}"))
    assert [r.event for r in await ledger.replay("b")][1:] == [Cancelled(why="b1"), Cancelled(why="b2")]


async def test_of_many_writers_at_one_place_exactly_one_wins(ledger: Ledger) -> None:
    """Appending concurrently at the same place never stores two events, and never loses the one that won."""
    await ledger.append("r", 0, "d", OPENED)
    tries = await asyncio.gather(
        *(ledger.append("r", 1, "d", Cancelled(why=str(number))) for number in range(20)), return_exceptions=True
    )
    won = [result for result in tries if isinstance(result, Recorded)]
    assert len(won) == 1
    assert [isinstance(result, LedgerConflict) for result in tries].count(True) == 19
    assert (await ledger.replay("r"))[1:] == (won[0],)


async def test_an_empty_ledger_lists_no_runs(ledger: Ledger) -> None:
    """Listing before anything has run is not an error."""
    assert list(await ledger.runs()) == []


async def test_runs_are_listed_the_one_touched_last_first(ledger: Ledger) -> None:
    """A list of runs says what each is called, when it was active and how it ended."""
    began = (await ledger.append("old", 0, "d1", OPENED)).at
    later = (await ledger.append("new", 0, "d1", OPENED)).at
    ended = (await ledger.append("old", 1, "d2", ENDED)).at
    latest, other = await ledger.runs()
    assert latest == RunInfo(
        run="old", started=began, touched=ended, events=2, digest="d2", title="haiku", outcome="accepted"
    )
    assert other == RunInfo(run="new", started=later, touched=later, events=1, digest="d1", title="haiku", outcome="")


@pytest.mark.parametrize(
    "event",
    [
        Resumed(),
        Extended(passes=3),
        Amended(spec=SPEC, who="Ada", why="w", old="d", new="e"),
        Overruled(draft=1, criterion="short", passes=True, who="Ada", why="w"),
    ],
)
async def test_a_run_that_goes_on_has_no_outcome(
    ledger: Ledger, event: Resumed | Extended | Amended | Overruled
) -> None:
    """An ended run that was taken up again counts as not ended, until it ends again."""
    await ledger.append("r", 0, "d", OPENED)
    await ledger.append("r", 1, "d", ENDED)
    await ledger.append("r", 2, "d", event)
    await ledger.append("r", 3, "d", Cancelled(why="x"))
    assert (await ledger.runs())[0].outcome == ""
    await ledger.append("r", 4, "d", Stopped(outcome="cancelled", rule="cancelled", reason="x", best=None))
    assert (await ledger.runs())[0].outcome == "cancelled"


CALLED = Drafted(call=1, text="x", origin="first", usage=Usage(input=70, output=30, money=0.25))
UNPRICED = Drafted(call=2, text="y", origin="first", usage=Usage(input=7, output=3, money=None))


async def stored(ledger: Ledger, run: str, *events: Event, title: str = "haiku", digest: str = "d") -> None:
    """A run with some events after its first."""
    for seq, event in enumerate((dataclasses.replace(OPENED, title=title), *events)):
        await ledger.append(run, seq, digest, event)


async def test_runs_say_what_their_calls_used(ledger: Ledger) -> None:
    """Tokens and money of all completed calls; a call without a price counts as nothing."""
    await stored(ledger, "r", CALLED, UNPRICED, CALLED, ENDED)
    (info,) = await ledger.runs()
    assert (info.tokens, info.money) == (210, 0.5)


@pytest.fixture
async def several(ledger: Ledger) -> Ledger:
    """Runs that differ in all that can be selected by; touched 1, 4, 5 and 10 seconds after the first began."""
    await stored(ledger, "a-cheap", ENDED, title="notes", digest="abc1")
    await stored(ledger, "b-dear", CALLED, dataclasses.replace(ENDED, outcome="settled"), title="note", digest="abd2")
    await stored(ledger, "c-open", title="letter %_", digest="f00d")
    await stored(ledger, "d-dear", CALLED, CALLED, UNPRICED, ENDED, title="Note", digest="abc1")
    return ledger


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Selection(), "d c b a"),
        (Selection(part="dear"), "d b"),
        (Selection(part="%"), ""),
        (Selection(outcomes=("accepted",)), "d a"),
        (Selection(outcomes=("settled", "")), "c b"),
        (Selection(spec="note"), "b a"),
        (Selection(spec="abc1"), "d a"),
        (Selection(spec="ab"), "d b a"),
        (Selection(spec="bc1"), ""),
        (Selection(spec="%_"), "c"),
        (Selection(since=4.0), "d c b"),
        (Selection(before=4.0), "a"),
        (Selection(since=1.0, before=5.0), "b a"),
        (Selection(money=0.25), "d"),
        (Selection(money=0.0), "d b"),
        (Selection(tokens=99), "d b"),
        (Selection(tokens=100), "d"),
        (Selection(sort="money"), "d b c a"),
        (Selection(sort="tokens", outcomes=("accepted", "settled"), limit=2), "d b"),
        (Selection(sort="started", limit=1), "d"),
        (Selection(limit=0), ""),
        (Selection(limit=9, spec="note", tokens=1, outcomes=("settled",)), "b"),
    ],
)
async def test_runs_are_selected_sorted_and_limited(several: Ledger, which: Selection, expected: str) -> None:
    """Every ledger chooses the same runs and gives them in the same order; no character of a filter is special."""
    began = min(info.started for info in await several.runs())
    since, before = (None if bound is None else began + bound for bound in (which.since, which.before))
    which = dataclasses.replace(which, since=since, before=before)
    assert " ".join(info.run[0] for info in await several.runs(which)) == expected


async def test_an_ended_run_is_deleted_whole_and_the_others_stay(several: Ledger) -> None:
    """Afterwards the name is free, as if there had never been such a run."""
    kept = [info for info in await several.runs() if info.run != "b-dear"]
    assert list(await several.delete({"b-dear": 3})) == ["b-dear"]
    assert list(await several.runs()) == kept
    with pytest.raises(RunNotFound):
        await several.replay("b-dear")
    assert len(await several.replay("d-dear")) == 5
    await stored(several, "b-dear", ENDED)
    assert (await several.runs())[0].tokens == 0


@pytest.mark.parametrize("run", ["c-open", "nobody", "d-dear"])
async def test_a_run_that_has_not_ended_or_has_changed_is_not_deleted(several: Ledger, run: str) -> None:
    """Somebody may be working on it; what can go goes all the same."""
    before = await several.runs()
    if run == "d-dear":
        await several.append(run, 5, "d", Resumed())
        await several.append(run, 6, "d", ENDED)
    held = {"c-open": 1, "nobody": 0, "d-dear": 5}[run]
    assert list(await several.delete({run: held, "a-cheap": 2})) == ["a-cheap"]
    assert {info.run for info in await several.runs()} == {info.run for info in before} - {"a-cheap"}


async def test_an_event_without_a_stored_form_is_refused_and_the_run_goes_on(ledger: Ledger) -> None:
    """What could not be read back is not stored, and does no harm."""
    await ledger.append("r", 0, "d", OPENED)
    with pytest.raises(LedgerError, match="not finite"):
        await ledger.append("r", 1, "d", Extended(money=float("nan")))
    await ledger.append("r", 1, "d", Extended(money=1.0))
    assert len(await ledger.replay("r")) == 2


async def test_a_large_text_is_stored_whole(ledger: Ledger) -> None:
    """A draft of 5 MB comes back byte for byte."""
    text = "versión 版本\n" * 400_000
    await ledger.append("r", 0, "d", OPENED)
    await ledger.append("r", 1, "d", Drafted(call=None, text=text, origin="given"))
    event = (await ledger.replay("r"))[1].event
    assert isinstance(event, Drafted)
    assert event.text == text


@pytest.fixture(params=LEDGERS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Awaitable[None]]:
    """A ledger used inside the event loop that the test makes."""

    async def play() -> None:
        async with LEDGERS[request.param](tmp_path) as made:
            events = await made.runs()
            await made.append(f"run-{len(events)}", 0, "d", OPENED)

    return play


def test_a_ledger_works_in_one_event_loop_after_another(scene: Callable[[], Awaitable[None]]) -> None:
    """Scripts that call the library twice make two event loops."""
    for _ in range(2):
        asyncio.run(_await(scene))


async def _await(scene: Callable[[], Awaitable[None]]) -> None:
    await scene()
