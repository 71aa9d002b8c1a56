"""What changed between two drafts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.report.diff import Diff, Part, compare

LINES = st.lists(st.sampled_from(["", "one", "two words", "three more words", "x\tz", "日本"]), max_size=12)


def _side(diff: Diff, kind: str, number: str) -> dict[int, str]:
    """The shown lines of one side: by number, what they say."""
    return {
        getattr(line, number): "".join(part.text for part in line.parts)
        for line in diff.lines
        if line.kind in {"same", kind}
    }


@given(LINES, LINES)
def test_a_comparison_shows_every_changed_line_as_it_stands(before: list[str], after: list[str]) -> None:
    """Each shown line is the line of that number, all changed lines are shown, and the counts add up."""
    old, new = "\n".join(before), "\n".join(after)
    diff = compare(old, new)
    old_lines, new_lines = old.splitlines(), new.splitlines()
    for number, text in _side(diff, "gone", "old").items():
        assert text == old_lines[number - 1]
    for number, text in _side(diff, "new", "new").items():
        assert text == new_lines[number - 1]
    assert sum(line.kind == "gone" for line in diff.lines) == diff.removed
    assert sum(line.kind == "new" for line in diff.lines) == diff.added
    assert len(old_lines) - diff.removed == len(new_lines) - diff.added
    assert diff.note == ""


def test_the_changed_words_of_a_line_are_marked() -> None:
    """In a line that stays mostly the same only the words that differ are marked, spaces between them included."""
    diff = compare("keep\nthe quick brown fox runs far away\n", "keep\nthe slow fox runs far away\n")
    gone, new = (line for line in diff.lines if line.kind in {"gone", "new"})
    assert gone.parts == (Part("same", "the "), Part("gone", "quick brown"), Part("same", " fox runs far away"))
    assert new.parts == (Part("same", "the "), Part("new", "slow"), Part("same", " fox runs far away"))


def test_a_line_that_was_written_anew_is_marked_whole() -> None:
    """Where little is common, single marked words would be confetti."""
    diff = compare("a b c d e", "v w c x y z")
    assert [line.parts for line in diff.lines] == [(Part("gone", "a b c d e"),), (Part("new", "v w c x y z"),)]


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    """Two lines of context stand on each side of a change; the rest is counted."""
    lines = [f"line {number}" for number in range(20)]
    diff = compare("\n".join(lines), "\n".join([*lines[:10], "other", *lines[11:]]))
    assert [(line.kind, line.skipped) for line in diff.lines] == [
        ("skip", 8),
        ("same", 0),
        ("same", 0),
        ("gone", 0),
        ("new", 0),
        ("same", 0),
        ("same", 0),
        ("skip", 7),
    ]


def test_lines_added_at_the_end_have_context_before_them() -> None:
    """The end of the old text is not mistaken for the end of the comparison."""
    diff = compare("a\nb\nc\nd\n", "a\nb\nc\nd\ne\n")
    assert [line.kind for line in diff.lines] == ["skip", "same", "same", "new"]


@pytest.mark.parametrize(
    ("old", "new", "counts", "note"),
    [
        ("x" * 5_000_000, "y" * 5_000_000, (1, 1), "lines are cut after 4,000 characters"),
        (
            "\n".join(map(str, range(50_000))),
            "\n".join(map(str, range(0, 100_000, 2))),
            (25_000, 25_000),
            "1,200 lines",
        ),
        ("word " * 3000 + "\n" * 30, "other " * 3000 + "\n" * 30, (1, 1), "4,000 characters"),
        ("a" * 500 + "\n" + "b" * 500 + "\n" * 2, "\n".join(f"{n:0500}" for n in range(900)), (900, 3), "60,000"),
        ("a\n" * 2_000_000, "b\n" * 1_000_000, (1_000_000, 2_000_000), "in any order"),
    ],
)
def test_a_huge_change_is_shown_in_part_and_counted_in_full(
    old: str, new: str, counts: tuple[int, int], note: str
) -> None:
    """The display is cut and says so; the numbers never are."""
    diff = compare(old, new)
    assert (diff.added, diff.removed) == counts
    assert note in diff.note
    assert sum(len(part.text) for line in diff.lines for part in line.parts) <= 64_000


def test_the_same_text_has_no_changes() -> None:
    """Nothing is shown where nothing changed."""
    assert compare("a\nb", "a\nb") == Diff(added=0, removed=0, lines=())
