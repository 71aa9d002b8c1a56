"""What a batch will take, and how it stands: the forecast of the sum, the time that is left, and what is shown."""

import io
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from setpoint import checks
from setpoint.batch.filling import Pattern
from setpoint.batch.plan import plan
from setpoint.batch.pricing import BatchOutlook, price
from setpoint.batch.results import RowResult
from setpoint.batch.rows import Row
from setpoint.batch.tally import Tally
from setpoint.batch.view import BatchView, Seldom
from setpoint.compose import Request, settings
from setpoint.core.event import Drafted, Recorded, Usage
from setpoint.specfile import loads

pytestmark = pytest.mark.anyio

SPEC = """
brief = "A note about {{topic}}."
[budget]
passes = 6
[[criterion]]
name = "says"
check = { contains = ["{{topic}}"] }
[[criterion]]
name = "short"
check = { words = { max = 100 } }
"""


async def outlook(folder: Path, number: int) -> BatchOutlook:
    """The forecast of so many rows."""
    file = loads(SPEC, checks, name="note.toml", base=folder)
    rows = [Row(number=n + 1, file="", line=None, values={"topic": f"topic {n}"}) for n in range(number)]
    (folder / "prices.toml").write_text('["openai:m@http://127.0.0.1:9/v1"]\ninput = 1.0\noutput = 2.0\n')
    where = settings(folder=folder, environment={"SETPOINT_HOME": str(folder)})
    where = replace(where, models=replace(where.models, prices=folder / "prices.toml"))
    request = Request(spec=file, author="openai:m@http://127.0.0.1:9/v1")
    return await price(plan(Pattern(file), rows, "b"), request, where, None)


async def test_the_sum_grows_with_the_rows_and_is_surer_than_each_of_them_but_never_sure(tmp_path: Path) -> None:
    """Rows are alike, so their errors do not cancel out however many there are."""
    one, many = await outlook(tmp_path, 1), await outlook(tmp_path, 400)
    assert many.tokens_p50 == pytest.approx(400 * one.tokens_p50, rel=0.05)
    assert many.passes == pytest.approx(400 * one.passes, rel=0.05)
    assert one.money_p90 is not None
    assert many.money_p90 is not None
    assert many.money_p50 is not None
    spread_of_one = one.tokens_p90 / one.tokens_p50
    spread_of_many = many.tokens_p90 / many.tokens_p50
    assert 1.05 < spread_of_many < spread_of_one
    assert 0 < many.money_p50 < many.money_p90
    assert 0 < many.accepted < 400


def test_the_time_that_is_left_follows_the_passes_that_are_left() -> None:
    """What rows have taken so far corrects the forecast."""
    tally = Tally(rows=100, expected=300.0)
    assert tally.remaining(0.0) == math.inf
    tally.passes = 30  # in ten seconds, of 300 that are expected
    assert tally.remaining(10.0) == pytest.approx(90.0)
    tally.done = 10
    assert tally.remaining(10.0) == pytest.approx(90.0)
    tally.passes = 60  # twice as many passes for a row as was forecast
    assert tally.remaining(10.0) == pytest.approx(90 * 4.5 / 6)
    tally.done = 100
    assert tally.remaining(10.0) == 0.0


def shown(*, terminal: bool, rows: int = 3) -> str:
    """What a batch shows."""
    out, now = io.StringIO(), [0.0]
    console = Console(file=out, force_terminal=terminal, width=120, highlight=False)
    tally = Tally(rows=rows, expected=2.0 * rows)
    with BatchView(console, tally, plain=not terminal, clock=lambda: now[0]) as view:
        for number in range(rows):
            now[0] += 2.0
            usage = Usage(input=900, output=100, money=0.002)
            drafted = Drafted(call=1, text="A text.", origin="first", usage=usage)
            view.on_event(Recorded(run="r", seq=1, at=0.0, digest="d", event=drafted))
            view.ended(RowResult(row=number, name="", run="r", outcome="accepted" if number else "settled", reason=""))
    return out.getvalue()


def test_plain_lines_tell_counts_rate_spend_and_time_left() -> None:
    """Where there is no terminal, a line for each twentieth of the rows."""
    lines = shown(terminal=False).splitlines()
    assert lines[0].startswith("1 of 3 rows: 1 settled · 30.0 rows/min · 1,000 tokens, $0.002 · about ")
    assert lines[-1] == "3 of 3 rows: 2 accepted, 1 settled · 30.0 rows/min · 3,000 tokens, $0.006"
    assert len(shown(terminal=False, rows=200).splitlines()) <= 25


def test_a_terminal_has_a_bar() -> None:
    """With the same numbers beside it."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(terminal=True))
    assert "3/3" in text
    assert "2 accepted, 1 settled" in text


def test_lines_that_come_by_the_hundred_are_left_out_and_counted() -> None:
    """Two hundred loops say the same when a provider is down."""
    said: list[str] = []
    now = [0.0]
    seldom = Seldom(said.append, seconds=15.0, clock=lambda: now[0])
    for _ in range(200):
        seldom("it cannot be reached")
        now[0] += 0.125
    assert said == ["it cannot be reached", "it cannot be reached (119 lines like this left out)"]


def test_outcomes_are_counted_by_name() -> None:
    """A row that did not end is none of them."""
    tally = Tally(rows=2)
    tally.finish(RowResult(row=1, name="", run="r", outcome=None, reason=""))
    tally.finish(RowResult(row=2, name="", run="r", outcome="accepted", reason=""))
    assert tally.outcomes == Counter({"failed": 1, "accepted": 1})
