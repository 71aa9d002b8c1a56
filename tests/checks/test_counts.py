"""Words, sentences, paragraphs and characters as a reader counts them."""

from typing import Any

import pytest

from checks.measuring import measure
from setpoint import checks
from setpoint.checks import prose
from setpoint.checks.prose import read, sentences, words
from setpoint.errors import SpecError
from setpoint.ports import Finding


def test_too_many_words_say_how_many_to_cut() -> None:
    """The line directs, and the shortfall is the excess as a share of the limit."""
    found = measure({"words": {"max": 180}}, "word " * 212)
    assert found == Finding(passed=False, message="212 words; cut at least 32", shortfall=32 / 180, root="too long")


def test_too_few_words_say_how_many_to_add() -> None:
    """An empty text is all the way from passing."""
    assert measure({"words": {"min": 4}}, "one").message == "1 word; add at least 3"
    assert measure({"words": {"min": 4}}, "").shortfall == 1.0


def test_the_bounds_themselves_pass() -> None:
    """At most 3 allows 3, at least 3 too."""
    assert measure({"words": {"min": 3, "max": 3}}, "one two three").passed
    assert not measure({"words": {"min": 3, "max": 3}}, "one two three four").passed
    assert not measure({"words": {"min": 3, "max": 3}}, "one two").passed


def test_the_shortfall_is_never_above_one() -> None:
    """Ten times too long is as far as it gets."""
    assert measure({"words": {"max": 1}}, "word " * 100).shortfall == 1.0
    assert measure({"words": {"max": 0}}, "word").shortfall == 1.0


MARKDOWN = """# Two words

A [link here](https://example.com/not-counted) and `code`. <!-- not
counted --> **Bold**.

- item one
1. item two

| a | b |
|---|---|
| c | d |

```sh
run this
```
"""


def test_markup_and_comments_are_not_words() -> None:
    """Two in the heading, six in the paragraph, four in the lists, four in the table, two in the code."""
    for text in (MARKDOWN, MARKDOWN + "\n" * prose.PARSED):
        assert measure({"words": {"max": 0}}, text).message == "18 words; cut at least 18"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("don\u2019t stop", 2),
        ("well-known and/or 1,000", 3),
        ("end — start", 2),
        ("red,green", 2),
        ("हिन्दी भाषा", 2),
        ("e\u0301tude cafe\u0301", 2),
        ("日本語です", 5),
        ("한국어 단어", 2),
        ("שלום עולם", 2),
        ("привет мир", 2),
        ("🙂 --- *** …", 0),
    ],
)
def test_words_are_found_in_any_script(text: str, count: int) -> None:
    """Vowel signs do not split words, and punctuation makes none."""
    assert len(words(text)) == count


def test_sentences_end_where_a_reader_hears_them_end() -> None:
    """Titles, initials, decimals and what goes on in small letters do not end one."""
    assert sentences('Dr. J. Smith paid 3.50 e.g. today. "Really?" She left. No. 5 is it! Fine') == [
        "Dr. J. Smith paid 3.50 e.g. today.",
        '"Really?"',
        "She left.",
        "No. 5 is it!",
        "Fine",
    ]
    assert sentences("你好。再见\uff01") == ["你好。", "再见\uff01"]


def test_list_items_are_sentences_and_headings_are_not() -> None:
    """A list without full stops is not one long sentence."""
    assert measure({"sentences": {"min": 3, "max": 3}}, "# Title\n\nOne here.\n\n- two\n- three\n").passed


def test_paragraphs_are_told_apart_by_blank_lines() -> None:
    """Headings and lists are not paragraphs, in markdown or plain text."""
    text = "# T\n\none\nstill one\n\n- item\n\ntwo\n"
    for kind in ("markdown", "text"):
        assert measure({"paragraphs": {"min": 2, "max": 2}}, text, kind=kind).passed


LONG = "Eight words stand in this sentence, no more. Four are in this."


def test_a_sentence_that_is_too_long_is_named_by_its_beginning_and_its_line() -> None:
    """Length of the text is another matter; how many there are still counts."""
    rule = {"sentences": {"max_words": 6}}
    found = measure(rule, f"# A heading of more than six words is none\n\nShort.\n\n- {LONG}")
    assert found.message == (
        'the sentence that begins with "Eight words stand in this sentence, no" on line 5 has 8 words; '
        "divide it into sentences of at most 6 words"
    )
    assert (found.lines, found.shortfall, found.root) == ((5,), 1 / 3, "")
    assert measure({"sentences": {"max_words": 8, "max": 2}}, LONG).passed
    assert measure({"sentences": {"max_words": 8, "max": 1}}, LONG).message == "2 sentences; cut at least 1"
    assert measure({"sentences": {"max_words": 3}}, f"{LONG} Fine.").message.endswith(
        "has 8 words, and 1 more is too long; divide it into sentences of at most 3 words"
    )


def test_a_sentence_over_two_lines_is_cited_with_both() -> None:
    """An author that is shown the lines at fault must see the whole of it."""
    assert measure({"sentences": {"max_words": 4}}, "Short one.\nThis goes on\nand on. Short.").lines == (2, 3)


def test_a_paragraph_that_is_too_long_is_to_be_divided() -> None:
    """Lists and headings are no paragraphs."""
    rule = {"paragraphs": {"max_words": 8}}
    assert measure(
        rule, "# A heading of more than eight words is not one\n\n- nor is an item of more than eight words\n"
    ).passed
    found = measure(rule, f"Short.\n\n{LONG}\nAnd more.\n\nThe end.")
    assert found.message == (
        'the paragraph that begins with "Eight words stand in this sentence, no" on line 3 has 14 words; '
        "divide it by an empty line into paragraphs of at most 8 words"
    )
    assert found.lines == (3, 4)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"sentences": {"max_words": 25}}, "No sentence of more than 25 words."),
        ({"paragraphs": {"max": 3, "max_words": 90}}, "At most 3 paragraphs and no paragraph of more than 90 words."),
    ],
)
def test_a_length_of_parts_reads_as_a_demand(rule: dict[str, Any], says: str) -> None:
    """What the author is told where `says` is left out; lint reads it back as the same check."""
    assert checks.describe(checks.parse(rule)) == says


def test_a_count_of_parts_needs_a_bound() -> None:
    """An empty table demands nothing."""
    with pytest.raises(SpecError, match="needs min, max or max_words"):
        measure({"sentences": {}}, "x")


def test_characters_are_counted_as_written_without_the_white_space_around() -> None:
    """Markup counts, an accent encoded apart does not."""
    assert measure({"characters": {"min": 7, "max": 7}}, "\n **é** e\u0301 \n").passed


def test_long_markdown_is_read_line_by_line_to_the_same_end() -> None:
    """The cheap reader agrees with the parser on ordinary text."""
    short = "# A\n\nPara *one*\ngoes on.\n\n- i\n- j k\n\n1. n\n\n```\ncode\n```\n\n> quote\n\nLast [one](u).\n"
    long = short + "\n" * prose.PARSED
    assert [(b.line, b.text, b.role) for b in read(short, "markdown").blocks] == [
        (b.line, b.text, b.role) for b in read(long, "markdown").blocks
    ]
    assert read(short, "markdown").items == read(long, "markdown").items
