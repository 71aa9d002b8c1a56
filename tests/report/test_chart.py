"""The curves as coordinates."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.event import Recorded
from setpoint.core.fault import Distance
from setpoint.core.spec import Budget
from setpoint.report.chart import distance_chart, spend_chart
from setpoint.report.summary import summarise
from setpoint.report.view import Summary

Scene: TypeAlias = Callable[[str], tuple[Recorded, ...]]


def _with_distances(summary: Summary, *distances: Distance | None) -> Summary:
    points = [replace(p, draft=d, best=d) for p, d in zip(summary.distance_curve, distances, strict=True)]
    return replace(summary, distance_curve=tuple(points))


def test_nearer_is_lower_and_done_is_on_the_ground(scene: Scene) -> None:
    """The height is the open impact; equal impact is told apart by the shortfall."""
    summary = _with_distances(
        summarise(scene("accepted")),
        Distance(0, 9, 3.0),
        Distance(0, 9, 1.5),
        Distance(0, 3, 0.5),
        Distance(0, 3, 0.5),
        Distance(0, 0, 0.0),
    )
    chart = distance_chart(summary)
    assert chart is not None
    first, second, third, fourth, last = (mark.y for mark in chart.marks)
    assert chart.frame.top <= first < second < third == fourth < last == chart.frame.bottom


def test_a_failed_move_stands_where_the_best_draft_stayed(scene: Scene) -> None:
    """It neither gained nor lost."""
    chart = distance_chart(summarise(scene("accepted")))
    assert chart is not None
    assert (chart.marks[3].result, chart.marks[3].y, chart.marks[3].label) == ("failed", chart.marks[2].y, "")
    assert chart.marks[1].core == 1


def test_the_line_of_the_best_draft_moves_in_steps(scene: Scene) -> None:
    """Level until a pass is kept, then straight down."""
    chart = distance_chart(summarise(scene("accepted")))
    assert chart is not None
    xs, ys = [m.x for m in chart.marks], [m.y for m in chart.marks]
    assert chart.best == (f"M{xs[0]} {ys[0]} H{xs[1]} V{ys[0]} H{xs[2]} V{ys[2]} H{xs[3]} V{ys[2]} H{xs[4]} V{ys[4]}")


def test_without_a_reading_or_a_call_there_is_no_curve(scene: Scene) -> None:
    """An empty picture would say nothing."""
    assert distance_chart(summarise(scene("cancelled"))) is None
    assert spend_chart(summarise(scene("cancelled"))) is None
    assert distance_chart(summarise(scene("unusable_critic"))) is None


def test_the_bars_are_the_sums_split_by_role(scene: Scene) -> None:
    """Author below, critic above; together they are as high as the tokens used by then."""
    chart = spend_chart(summarise(scene("unverified")))
    assert chart is not None
    assert [tick.label for tick in chart.x] == ["probe", "1", "2"]
    assert [bar.label for bar in chart.bars] == ["1,380", "3,680", "9,240"]
    assert all(len(tick.label) <= 5 for tick in chart.y), "longer ones are cut off at the edge of the picture"
    assert chart.bars[0].author_height == 0
    last = chart.bars[-1]
    assert last.author_height / (last.author_height + last.critic_height) == pytest.approx(4020 / 9240, abs=0.001)


def test_a_cap_far_above_is_not_drawn(scene: Scene) -> None:
    """It would flatten the bars; a near one is a line."""
    summary = summarise(scene("unverified"))
    far, near = spend_chart(summary), spend_chart(replace(summary, budget=Budget(tokens=10_000)))
    assert far is not None
    assert near is not None
    assert (far.cap, far.cap_label) == (None, "")
    assert near.cap is not None
    assert near.frame.top <= near.cap < near.bars[-1].critic_y
    assert near.cap_label == "cap 10,000"


@given(impacts=st.lists(st.integers(0, 500), min_size=5, max_size=5), shortfall=st.floats(0, 4.9))
def test_every_mark_lies_inside_the_frame(scene: Scene, impacts: list[int], shortfall: float) -> None:
    """Whatever the distances, nothing is drawn outside the axes, and the scale has few and round lines."""
    summary = summarise(scene("accepted"))
    chart = distance_chart(_with_distances(summary, *(Distance(0, impact, shortfall) for impact in impacts)))
    assert chart is not None
    assert all(chart.frame.top <= mark.y <= chart.frame.bottom for mark in chart.marks)
    assert 1 <= len(chart.y) <= 6
