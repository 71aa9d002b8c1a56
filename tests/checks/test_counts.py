"""Words, sentences, paragraphs and characters as a reader counts them."""

import pytest

from checks.measuring import measure
from setpoint.checks import prose
from setpoint.checks.prose import read, sentences, words
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
