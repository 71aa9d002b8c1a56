"""Edits are applied exactly or not at all, and locks hold byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.draft import (
    Edit,
    apply_edits,
    broken_locks,
    broken_skeleton,
    degeneracy,
    line_map,
    locked_spans,
    unmarked,
)
from setpoint.errors import DraftError

TEXT = "alpha beta\ngamma  delta\nalpha omega\n"


def edit(search: str, replace: str) -> tuple[Edit, ...]:
    """One edit."""
    return (Edit(search=search, replace=replace),)


def test_an_exact_passage_is_replaced() -> None:
    """The plain case."""
    assert apply_edits(TEXT, edit("alpha beta", "one")).text == "one\ngamma  delta\nalpha omega\n"


def test_white_space_may_differ_but_nothing_else() -> None:
    """The second try folds white space, and only that."""
    assert apply_edits(TEXT, edit("gamma delta", "two")).text == "alpha beta\ntwo\nalpha omega\n"
    assert apply_edits(TEXT, edit("beta\n gamma", "x")).text == "alpha x  delta\nalpha omega\n"


@pytest.mark.parametrize(
    ("search", "why"),
    [
        ("alpha", "stands 2 times"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("gamma epsilon", "the nearest line is 'gamma delta'"),
        ("nothing like it", "does not stand in the draft"),
    ],
)
def test_a_passage_that_cannot_be_told_is_a_miss_with_its_reason(search: str, why: str) -> None:
    """Nothing is guessed: an ambiguous or missing passage leaves the text as it is."""
    patched = apply_edits(TEXT, edit(search, "x"))
    assert patched.text == TEXT
    assert patched.applied == 0
    assert why in patched.misses[0]


def test_a_passage_that_stands_twice_but_for_white_space_is_ambiguous() -> None:
    """Folding white space must not make one of two places the right one."""
    patched = apply_edits("red  hat\nred\that\n", edit("red hat", "x"))
    assert patched.applied == 0
    assert "stands 2 times" in patched.misses[0]


def test_what_is_wrong_with_headings_is_said() -> None:
    """What is missing goes before what is added; the same headings in another order are wrong as well."""
    skeleton = ("## One", "## Two")
    assert broken_skeleton(skeleton, "# Title\n## One\n### deeper\n## Two\n") == ""
    assert broken_skeleton(skeleton, "## One\n## Three\n") == "the heading '## Two' is missing"
    assert broken_skeleton(skeleton, "## One\n## Two\n## Three\n") == "the heading '## Three' is not in the skeleton"
    for text in ("## Two\n## One\n", "## One\n## Two\n## One\n"):
        assert broken_skeleton(skeleton, text) == "the headings stand in another order, or one stands twice"


def test_one_miss_does_not_stop_the_other_edits() -> None:
    """Each edit stands for itself, and the misses are counted from 1."""
    patched = apply_edits(TEXT, (*edit("nope nope", "x"), *edit("omega", "end")))
    assert patched.applied == 1
    assert patched.misses[0].startswith("edit 1:")
    assert patched.text.endswith("alpha end\n")


def test_a_replacement_with_backslashes_is_taken_literally() -> None:
    r"""A replacement is text, not a pattern: \1 stays \1."""
    assert apply_edits("a  b", edit("a b", r"\1 \g<0>")).text == r"\1 \g<0>"


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=20))
def test_an_edit_changes_the_one_passage_and_nothing_else(before: str, search: str, replacement: str) -> None:
    """What was there before and after the passage stays, byte for byte; the passage is the one that was asked for."""
    text = before + search + before
    patched = apply_edits(text, edit(search, replacement))
    if not patched.applied:
        assert patched.text == text
        return
    assert not patched.misses
    length = len(text) + len(replacement) - len(patched.text)
    spans = (slice(start, start + length) for start in range(len(text) - length + 1))
    assert any(
        text[span].split() == search.split() and patched.text == text[: span.start] + replacement + text[span.stop :]
        for span in spans
    )


def test_locked_spans_are_what_stands_between_the_markers() -> None:
    """Markers are not part of what is locked."""
    text = "a <!-- setpoint:lock -->b\nc<!-- /setpoint:lock --> d <!-- setpoint:lock -->e<!-- /setpoint:lock -->"
    assert locked_spans(text) == ("b\nc", "e")
    assert unmarked(text) == "a b\nc d e"


@pytest.mark.parametrize(
    "text",
    [
        "a <!-- setpoint:lock --> b",
        "a <!-- /setpoint:lock --> b",
        "<!-- setpoint:lock --><!-- setpoint:lock -->x<!-- /setpoint:lock -->",
    ],
)
def test_an_unbalanced_lock_is_refused_with_its_line(text: str) -> None:
    """A lock that is never closed would lock nothing, silently."""
    with pytest.raises(DraftError, match="line 1"):
        locked_spans(text)


def test_a_lock_holds_bytes_and_order() -> None:
    """One changed character, or another order, breaks a lock; lost markers do not."""
    spans = ("Signed: Ada", "1,000 €")
    assert broken_locks(spans, "x Signed: Ada y 1,000 € z") == ()
    assert broken_locks(spans, "x Signed:  Ada y 1,000 € z") == (1,)
    assert broken_locks(spans, "x 1,000 € y Signed: Ada z") == (2,)


def test_unchanged_lines_are_found_where_they_stand_now() -> None:
    """Carried verdicts cite lines by their new numbers (rule 4)."""
    assert line_map("a\nb\nc", "x\na\nc") == {1: 2, 3: 3}


@pytest.mark.parametrize(
    ("text", "degenerate"),
    [
        ("", True),
        (" \n\t", True),
        (": --- !", True),
        ("Thank you very much. " * 30, True),
        ("A plain sentence.", False),
        (" ".join(f"word{n}" for n in range(200)), False),
    ],
)
def test_a_text_without_words_or_that_repeats_itself_is_degenerate(text: str, *, degenerate: bool) -> None:
    """Such a text is never judged (rule 19)."""
    assert bool(degeneracy(text)) is degenerate
