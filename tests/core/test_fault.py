"""Votes, distance, ranking and directives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.fault import Distance, Fault, Status, Verdict, disputed, distance, rank, settle, vagueness
from setpoint.core.spec import Criterion

STATUSES: list[Status] = ["pass", "fail", "cannot_assess"]


def verdicts(*statuses: Status) -> tuple[Verdict, ...]:
    """Votes on one criterion."""
    return tuple(Verdict(criterion="c", status=status) for status in statuses)


@given(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=7))
def test_nothing_but_a_majority_of_passes_is_a_pass(statuses: list[Status]) -> None:
    """Whatever is not clearly a pass is not a pass (rule 6)."""
    settled = settle(verdicts(*statuses))
    assert settled is not None
    assert (settled.status == "pass") == (2 * statuses.count("pass") > len(statuses))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["pass", "fail"], "fail"),
        (["pass", "fail", "pass"], "pass"),
        (["cannot_assess", "fail"], "fail"),
        (["cannot_assess", "pass"], "cannot_assess"),
        (["cannot_assess"], "cannot_assess"),
        (["pass", "fail", "cannot_assess"], "fail"),
    ],
)
def test_votes_settle_fail_closed(statuses: list[Status], expected: Status) -> None:
    """A tie is a failure; what nobody could assess stays that."""
    settled = settle(verdicts(*statuses))
    assert settled is not None
    assert settled.status == expected


def test_an_even_split_is_a_dispute_and_one_reading_is_not() -> None:
    """Only readings that contradict each other ask for a third."""
    assert disputed(verdicts("pass", "fail"))
    assert not disputed(verdicts("pass"))
    assert not disputed(verdicts("pass", "fail", "fail"))


def test_distance_orders_core_before_impact_before_shortfall() -> None:
    """The first component that differs decides."""
    assert Distance(0, 9, 9.0) < Distance(1, 0, 0.0)
    assert Distance(0, 1, 9.0) < Distance(0, 2, 0.0)
    assert Distance(0, 1, 0.1) < Distance(0, 1, 0.2)


def test_what_was_not_measured_or_not_assessed_counts_as_failed() -> None:
    """An unread criterion brings a draft no nearer to the target."""
    criteria = (Criterion(name="a", says="x", impact=2), Criterion(name="b", says="x", impact=3, core=True))
    said = {"a": Verdict(criterion="a", status="cannot_assess")}
    assert distance(criteria, said) == Distance(1, 5, 2.0)


def fault(
    name: str, impact: int = 3, *, core: bool = False, vague: bool = False, root: str = "", short: float = 1.0
) -> Fault:
    """A fault."""
    made = Criterion(name=name, says="x", impact=impact, core=core)
    return Fault(criterion=made, reason="r", directive="d", vague=vague, root=root, shortfall=short)


def test_faults_are_ranked_by_core_impact_and_shortfall_with_vague_ones_last() -> None:
    """The order in which faults are fixed (rule 7)."""
    faults = [
        fault("vague", 5, core=True, vague=True),
        fault("near", 3, short=0.1),
        fault("far", 3, short=0.9),
        fault("heavy", 5),
        fault("core", 1, core=True),
    ]
    assert [f.criterion.name for f in rank(faults, 5)] == ["core", "heavy", "far", "near", "vague"]
    assert [f.criterion.name for f in rank(faults, 2)] == ["core", "heavy"]


def test_faults_of_one_root_cause_count_as_one() -> None:
    """Too many words and too many characters are one fault."""
    faults = [fault("words", root="length"), fault("tone"), fault("characters", root="length"), fault("title")]
    assert [f.criterion.name for f in rank(faults, 2)] == ["words", "tone", "characters"]


@pytest.mark.parametrize(
    "directive",
    [
        "",
        "too generic",
        "make it better",
        "improve the flow of the text",
        "Make the tone more engaging and professional.",
    ],
)
def test_a_feeling_is_no_directive(directive: str) -> None:
    """What names no place and no act cannot be acted on without guessing (rule 5)."""
    assert vagueness(directive)


@pytest.mark.parametrize(
    "directive",
    [
        "In paragraph two, add a concrete example from the manufacturing case.",
        "cut 32 words",
        'replace "soon" by the date',
        "Name the administrator's next command.",
    ],
)
def test_a_place_and_an_act_are_a_directive(directive: str) -> None:
    """What can be acted on goes to the author."""
    assert vagueness(directive) == ""
