"""Headings, list items, capitals."""

import pytest

from checks.measuring import measure
from setpoint.errors import SpecError

REQUIRED = {"headings": {"required": ["What changed", "How to upgrade"], "max_depth": 2}}


def test_required_headings_may_be_numbered_and_in_any_case() -> None:
    """What a reader takes for the same heading is the same."""
    assert measure(REQUIRED, "# 1. what changed:\n\ntext\n\nHow to  Upgrade\n---\n").passed


def test_missing_headings_are_named() -> None:
    """Bold text or a comment in code is no heading."""
    found = measure(REQUIRED, "**What changed**\n\n```\n# How to upgrade\n```\n")
    assert found.message == 'no heading "What changed", "How to upgrade"; add them'


def test_headings_out_of_order_say_the_order() -> None:
    """With the lines that stand wrong."""
    found = measure(REQUIRED, "# How to upgrade\n\n# What changed\n")
    assert "order them as" in found.message
    assert found.lines == (1,)
    loose = {"headings": {"required": ["What changed", "How to upgrade"], "order": False}}
    assert measure(loose, "# How to upgrade\n\n# What changed\n").passed


def test_headings_too_deep_are_found() -> None:
    """The first is named, all are pointed at."""
    found = measure({"headings": {"max_depth": 2}}, "# A\n\n### B\n\n#### C\n")
    assert found.message == '"B" is of level 3; use at most 2'
    assert found.lines == (3, 5)


def test_a_heading_written_with_its_marks_has_that_level() -> None:
    """`## A` is not met by `# A`."""
    assert measure({"headings": "## A"}, "## A\n").passed
    assert not measure({"headings": "## A"}, "# A\n").passed


def test_bullets_are_counted_on_all_levels_and_numbers_only_when_asked() -> None:
    """A numbered list is not bullets unless the spec says so."""
    text = "- a\n  - b\n\n1. c\n"
    assert measure({"bullets": {"min": 2, "max": 2}}, text).passed
    assert measure({"bullets": {"min": 3, "max": 3, "numbered": True}}, text).passed


def test_too_few_bullets_say_how_to_write_one() -> None:
    """A model that writes dots as bullets in markdown must learn what counts."""
    found = measure({"bullets": {"min": 3}}, "• one\n• two\n• three\n")
    assert found.message == '0 bullet points; add at least 3, each on a line that begins with "- "'
    assert measure({"bullets": {"min": 3}}, "• one\n• two\n• three\n", kind="text").passed


def test_too_many_and_too_long_bullets_point_at_their_lines() -> None:
    """The surplus ones, and the long ones."""
    assert measure({"bullets": {"max": 1}}, "- a\n- b\n- c\n").lines == (2, 3)
    found = measure({"bullets": {"max_words": 2}}, "- one two\n- one two three\n")
    assert found.message == 'the bullet point "one two three" has 3 words; cut each to at most 2'
    assert (found.lines, found.shortfall) == ((2,), 0.5)


@pytest.mark.parametrize(
    ("style", "of", "text", "passes"),
    [
        ("upper", "text", "ALL OF IT, 1 TIME.", True),
        ("upper", "text", "ALL of IT", False),
        ("lower", "text", "nothing big\n\n`Code` apart", False),
        ("lower", "text", "nothing big\n\n```\nCode\n```", True),
        ("title", "headings", "# The State of the Art\n\nany text", True),
        ("title", "headings", "# The state of the Art", False),
        ("title", "first_line", "Using an iPhone at Home\n\nmore", True),
        ("sentence", "headings", "# Getting started with Acme", True),
        ("sentence", "headings", "# Getting Started With The Acme Client", False),
        ("sentence", "headings", "# getting started", False),
        ("sentence", "headings", "# Meet Ada Lovelace", True),
        ("sentence", "text", "One here. Two there. 3 more.", True),
        ("sentence", "text", "One here. Two there! three more.", True),
        ("sentence", "text", "one here. Two there.", False),
        ("upper", "text", "日本語", True),
    ],
)
def test_capitals_follow_the_style(style: str, of: str, text: str, *, passes: bool) -> None:
    """Names with capitals inside, small words and code are let be."""
    assert measure({"case": {"style": style, "of": of}}, text).passed is passes


def test_a_wrong_style_names_the_first_place() -> None:
    """With the lines of all."""
    found = measure({"case": "lower"}, "fine\nNot fine\n\nNor this\n")
    assert found.message == '"Not fine" is not in small letters only; rewrite it and 1 more like it'
    assert found.lines == (2, 4)


def test_with_only_no_other_heading_may_stand() -> None:
    """A title in front is not held against it; anything else is, also inside a list."""
    rule = {"headings": {"required": ["What changes"], "only": True}}
    assert measure(rule, "# Acme 2.4\n\n## What changes\n\n- this").passed
    finding = measure(rule, "# Acme 2.4\n\n## What changes\n\n## Limits\n")
    assert finding.message == 'the heading "Limits" may not stand; remove it'
    assert finding.lines == (5,)
    nested = measure(rule, "# Acme 2.4\n\n## What changes\n\n- ## Limits\n  - none\n")
    assert nested.message == "a heading stands in a list item (line 5); make it a plain item or remove it"
    assert nested.lines == (5,)


def test_a_required_heading_inside_a_list_is_none() -> None:
    """`- ## What changes` is an item of a list; the author is told to take it out of there."""
    for text in ("- ## What changes\n  - this\n", "- What changes\n"):
        finding = measure({"headings": {"required": ["What changes"], "only": True}}, text)
        assert finding.message == '"What changes" stands as a list item; make it a heading at the beginning of its line'
        assert finding.lines == (1,)


RENAMED = {"headings": {"required": ["Aims", "## Money", "Next"], "only": True}}


def test_a_heading_in_the_place_of_a_missing_one_is_to_be_renamed() -> None:
    """Told to add one and to remove the other, an author may take the section's text away with its name."""
    found = measure(RENAMED, "# T\n\n## Aims\n\n## Budget\n\n## Next\n")
    assert found.message == 'the heading "Budget" must be "## Money" instead; rename it'
    assert found.lines == (5,)
    both = measure(RENAMED, "## Goals\n\n## Budget\n\n## Next\n")
    assert both.message == (
        'the heading "Goals" must be "Aims" instead; rename it; the heading "Budget" must be "## Money" instead; rename it'
    )


@pytest.mark.parametrize(
    "text",
    [
        "## Aims\n\n## Next\n\n## Budget\n",  # not where the missing one belongs
        "## Aims\n\n### Budget\n\n## Next\n",  # of another level
        "## Aims\n\n## Budget\n\n## Costs\n\n## Next\n",  # which of the two?
        "## Aims\n\n## Budget\n",
    ],
)
def test_a_heading_is_renamed_only_where_that_puts_everything_right(text: str) -> None:
    """Otherwise the message says what is missing and what is too much."""
    message = measure(RENAMED, text).message
    assert "rename" not in message
    assert "no heading" in message


def test_only_needs_headings_to_allow() -> None:
    """A spec that forbids all headings says so with max words or excludes, not by accident."""
    with pytest.raises(SpecError, match="only needs required"):
        measure({"headings": {"max_depth": 2, "only": True}}, "x")
