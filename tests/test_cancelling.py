"""A run that another process cancels ends at its next event, whatever that is, and keeps what was paid for."""

from collections.abc import Mapping, Sequence

import pytest

from setpoint.compose import cancel
from setpoint.core.event import Cancelled, Completion, Drafted, Event, Recorded, Requested, Resumed, Stopped
from setpoint.core.fold import fold
from setpoint.core.spec import Spec
from setpoint.errors import LedgerConflict
from setpoint.ledgers import MemoryLedger
from setpoint.ports import RunInfo, Selection
from setpoint.report.html import render_html
from setpoint.report.summary import summarise
from setpoint.run import Run
from worlds import crew, criterion, meets, opened

SPEC = Spec(brief="b", criteria=(criterion("a"), criterion("b", judged=True), criterion("avoid-c")))
TEXTS = ["x", "x a", "x a c", "x a b"]


class Interfering:
    """A ledger to which somebody else appends, just before the event at a given place is stored."""

    def __init__(self, place: int, *events: Event, deed: str = "") -> None:
        self.inner = MemoryLedger()
        self.place = place
        self.events = events
        self.deed = deed

    async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
        """Let the other one in first, once."""
        if expected == self.place:
            self.place = -1
            for more, other in enumerate(self.events):
                await self.inner.append(run, expected + more, digest, other)
            if self.deed:
                await cancel(run, self.inner, why=self.deed)
        return await self.inner.append(run, expected, digest, event)

    async def replay(self, run: str) -> Sequence[Recorded]:
        """As it stands."""
        return await self.inner.replay(run)

    async def runs(self, which: Selection = Selection()) -> Sequence[RunInfo]:  # noqa: B008
        """As they stand."""
        return await self.inner.runs(which)

    async def delete(self, runs: Mapping[str, int]) -> Sequence[str]:
        """Never asked for here."""
        raise NotImplementedError


def someone():
    """Who works on the run."""
    return crew(SPEC, TEXTS, lambda name, text, _call: meets(name, text))


async def whole() -> list[Recorded]:
    """The run that nobody cancels."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(SPEC), ledger)
    await run.drive(someone())
    return list(await ledger.replay("r"))


async def test_a_run_cancelled_before_any_of_its_events_ends_as_cancelled_and_keeps_what_was_paid_for() -> None:
    """One run per event boundary: the same events up to there, then the end, and no further call."""
    uncut = await whole()
    assert len(uncut) > 20
    for place in range(1, len(uncut)):
        ledger, heard = Interfering(place, deed="cancelled by Ada"), list[Recorded]()
        run = await Run.open("r", opened(SPEC), ledger, heard.append)
        result = await run.drive(someone())
        events = list(await ledger.replay("r"))
        assert (result.outcome, result.reason) == ("cancelled", "cancelled by Ada")
        assert heard == events, "whoever watches the run hears of the cancellation too"
        assert [e.event for e in events[:place]] == [e.event for e in uncut[:place]]
        assert [e.event.kind for e in events[place : place + 2]] == ["cancelled", "stopped"]
        due = uncut[place].event
        kept = [e.event.kind for e in events[place + 2 :]]
        assert kept == ([due.kind] if isinstance(due, Completion) else []), "paid for, or dropped"
        assert sum(isinstance(e.event, Requested) for e in events) == sum(
            isinstance(e.event, Completion) for e in events
        )
        assert (await ledger.runs())[0].outcome == "cancelled"
        assert render_html(summarise(events))


async def test_the_process_that_works_on_a_run_ends_it_if_the_one_that_cancels_dies_halfway() -> None:
    """A cancellation without its end is completed by whoever is there."""
    for place in range(1, len(await whole())):
        ledger = Interfering(place, Cancelled(why="half"))
        result = await (await Run.open("r", opened(SPEC), ledger)).drive(someone())
        assert (result.outcome, result.reason) == ("cancelled", "half")
        assert isinstance((await ledger.replay("r"))[-1].event, Stopped)


async def test_cancelling_again_completes_a_cancellation_that_was_cut() -> None:
    """Nobody works on the run any more; the second try ends it with one more event."""
    ledger = MemoryLedger()
    await (await Run.open("r", opened(SPEC), ledger)).record(Cancelled(why="half"))
    assert "is cancelled" in await cancel("r", ledger, why="again")
    kinds = [e.event.kind for e in await ledger.replay("r")]
    assert kinds == ["opened", "cancelled", "stopped"]
    assert "has ended as cancelled already" in await cancel("r", ledger, why="again")


@pytest.mark.parametrize("others", [(Resumed(),), (Cancelled(why="x"), Resumed())])
async def test_a_run_that_another_process_has_taken_up_is_let_go_of(others: tuple[Event, ...]) -> None:
    """A cancellation ends a run; anything more means that somebody else writes it now."""
    ledger = Interfering(4, *others)
    with pytest.raises(LedgerConflict):
        await (await Run.open("r", opened(SPEC), ledger)).drive(someone())
    assert len(await ledger.replay("r")) == 4 + len(others)


async def test_a_cancelled_run_that_goes_on_ends_like_one_that_was_never_cancelled() -> None:
    """What was kept is used, and the same text comes out."""
    uncut = fold(await whole())
    for place in range(1, len(await whole())):
        ledger = Interfering(place, deed="cancelled by Ada")
        await (await Run.open("r", opened(SPEC), ledger)).drive(someone())
        run = await Run.take_up("r", ledger)
        await run.resume()
        result = await run.drive(someone())
        assert (result.outcome, result.text) == ("accepted", "x a b")
        drafts = [e.event.text for e in await ledger.replay("r") if isinstance(e.event, Drafted)]
        assert drafts == [d.draft.text for d in uncut.drafts], "no draft was paid for twice"


async def test_a_run_that_goes_on_all_the_time_can_be_cancelled() -> None:
    """The one that cancels tries again when the run was quicker."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(SPEC), ledger)
    quick = Interfering(-1)
    quick.inner = ledger
    replay, left = quick.replay, [3]

    async def late(name: str) -> Sequence[Recorded]:
        known = await replay(name)
        if left[0]:
            left[0] -= 1
            await ledger.append("r", len(known), "d", Resumed())
        return known

    quick.replay = late  # type: ignore[method-assign]
    assert "is cancelled" in await cancel("r", quick, why="w")
    assert (await ledger.runs())[0].outcome == "cancelled"
    assert run.state.stopped is None
