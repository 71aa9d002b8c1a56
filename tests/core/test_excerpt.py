"""What an author is shown of a long text to edit it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.excerpt import ELISION, passages, scope, sight
from setpoint.core.fault import Fault
from setpoint.core.spec import CheckCall, Criterion

PARAGRAPH = " ".join(f"word{n}" for n in range(40))
LONG = "\n\n".join(["# Title", *(f"{name} {PARAGRAPH}" for name in ("one", "two", "three", "four"))]) + "\n"


def fault(*lines: int, check: str = "words", name: str = "c") -> Fault:
    """A fault on some lines, measured by a check of that name."""
    criterion = Criterion(name=name, says="It is so.", check=CheckCall(name=check))
    return Fault(criterion=criterion, reason="it is not", directive="mend it", lines=lines)


def test_only_the_passages_at_fault_and_the_headings_are_shown() -> None:
    """An edit of one paragraph is not paid for with the other three."""
    shown = sight(LONG, [fault(5)], kind="markdown", long_words=100)
    assert shown.scope == "place"
    assert shown.text == f"# Title\n\n{ELISION}\n\ntwo {PARAGRAPH}\n\n{ELISION}"


def test_what_is_missing_is_placed_by_the_line_of_each_passage() -> None:
    """The beginnings say what stands where, and their numbers are those that verdicts use."""
    shown = sight(LONG, [fault(check="contains"), fault(5)], kind="markdown", long_words=100)
    assert shown.scope == "missing"
    assert shown.text.splitlines()[::2] == [
        "[1] # Title",
        f"[3] one {' '.join(PARAGRAPH.split()[:9])} {ELISION}",
        f"[5] two {PARAGRAPH}",
        f"[7] three {' '.join(PARAGRAPH.split()[:9])} {ELISION}",
        f"[9] four {' '.join(PARAGRAPH.split()[:9])} {ELISION}",
    ]


@pytest.mark.parametrize(
    ("faults", "long_words"),
    [
        ([fault(5)], 10_000),  # a short text
        ([fault(5), fault()], 100),  # the length is a matter of the whole
        ([fault(3, 5, 7, 9)], 100),  # nearly everything is at fault
        ([], 100),
    ],
)
def test_a_text_is_shown_whole_where_an_excerpt_would_hide_what_matters_or_save_nothing(
    faults: list[Fault], long_words: int
) -> None:
    """A short text, a fault of the whole, faults everywhere."""
    shown = sight(LONG, faults, kind="markdown", long_words=long_words)
    assert (shown.text, shown.scope) == (LONG, "whole")


def test_code_is_shown_whole() -> None:
    """What a line of it means is said elsewhere in it."""
    assert sight(LONG, [fault(5)], kind="python", long_words=100).scope == "whole"


def test_a_critics_fault_without_lines_is_about_the_whole() -> None:
    """Only a check can be known to want an addition."""
    warm = Fault(criterion=Criterion(name="warm", says="Is warm."), reason="cold", directive="warm it")
    assert scope(warm) == "whole"
    assert scope(fault(check="contains")) == "missing"
    assert scope(fault(4, check="contains")) == "place"  # it stands there too often


def test_of_a_long_block_only_the_lines_around_the_fault_are_shown() -> None:
    """A table of a hundred rows is one passage."""
    rows = "\n".join(f"row {n} {'x ' * 10}" for n in range(1, 101))
    shown = sight(rows, [fault(50)], kind="markdown", long_words=100).text.splitlines()
    assert [line.split()[1] if line != ELISION else line for line in shown] == [
        ELISION,
        *(str(n) for n in range(48, 53)),
        ELISION,
    ]


def test_fenced_code_is_one_passage_and_a_heading_one_of_its_own() -> None:
    """A blank line or a # inside a fence divides nothing."""
    text = "# T\npara\n```\ncode\n\n# no heading\n```\n\nend"
    assert [(p.first, p.last, p.heading) for p in passages(text)] == [(1, 1, True), (2, 7, False), (9, 9, False)]


@given(st.text(alphabet="a \n#`-", max_size=120))
def test_passages_hold_every_line_with_something_on_it_once_and_in_order(text: str) -> None:
    """Nothing of a text is out of an edit's reach."""
    lines = text.splitlines()
    held = [(p.first + at, line) for p in passages(text) for at, line in enumerate(p.lines)]
    assert held == sorted(held)
    assert all(lines[number - 1] == line for number, line in held)
    assert {n for n, line in enumerate(lines, 1) if line.strip()} <= {number for number, _ in held}
