"""Required and forbidden phrases, beginnings and ends."""

import pytest

from checks.measuring import measure
from setpoint.ports import Finding


@pytest.mark.parametrize(
    ("phrase", "text", "passes"),
    [
        ("art", "The ART of war", True),
        ("art", "a party", False),
        ("restart the server", "Restart\nthe   server now.", True),
        ("don't", "We don\u2019t.", True),
        ("7.4", "version 7.4", True),
        ("7.4", "version 17.4", False),
        ("--legacy-auth", "use `--legacy-auth` now", True),
        ("c++", "in C++.", True),
        ("upgrade now", "**Upgrade** now", True),
        ("東京", "私は東京にいる", True),
        ("secret", "<!-- secret --> text", False),
        ("(x)", "f(x)", True),
    ],
)
def test_a_required_phrase_counts_as_whole_words_where_a_reader_sees_it(
    phrase: str, text: str, *, passes: bool
) -> None:
    """Case, white space, apostrophes and emphasis do not matter; a comment is not seen."""
    assert measure({"contains": phrase}, text).passed is passes


def test_every_missing_phrase_is_named() -> None:
    """One line says all that must be added, and the shortfall is the share that is missing."""
    found = measure({"contains": ["alpha", "beta", "gamma"]}, "beta")
    assert found == Finding(
        passed=False,
        message='"alpha" and "gamma" are missing; add them',
        shortfall=2 / 3,
    )


def test_counts_have_both_bounds() -> None:
    """Too often is a fault as well, and says where."""
    check = {"contains": {"words": ["x"], "min": 2, "max": 3}}
    assert measure(check, "x").message == '"x" stands once; use it at least 2 times'
    found = measure(check, "x\nx\nx\nx")
    assert (found.message, found.lines) == ('"x" stands 4 times; keep at most 3', (1, 2, 3, 4))
    assert measure(check, "x x x").passed


def test_capitals_matter_only_when_asked() -> None:
    """The default is what people expect of a phrase."""
    assert not measure({"contains": {"words": ["Acme"], "case_sensitive": True}}, "acme").passed
    assert measure({"contains": {"regex": "^Dear"}}, "hello\ndear all").passed


def test_a_forbidden_phrase_is_found_with_its_line() -> None:
    """The author is told where to remove it."""
    found = measure({"excludes": ["synergy", "leverage"]}, "one\ntwo Synergy\nthree\nsynergy")
    assert found.message == '"synergy" stands 2 times on lines 2, 4; remove it'
    assert found.lines == (2, 4)
    assert measure({"excludes": ["synergy"]}, "synergistic").passed


def test_removing_one_forbidden_phrase_of_two_is_nearer() -> None:
    """Without a gradient the loop would see no progress."""
    check = {"excludes": "bad"}
    assert measure(check, "bad").shortfall < measure(check, "bad bad").shortfall < 1.0


def test_a_forbidden_phrase_cannot_hide_in_a_comment_or_behind_emphasis() -> None:
    """What must not stand in the text must not stand in its source either."""
    assert not measure({"excludes": "bad word"}, "<!-- bad word --> fine").passed
    assert not measure({"excludes": "bad word"}, "a **bad** word").passed


def test_a_pattern_that_takes_too_long_is_not_a_pass() -> None:
    """The time limit ends it, and the check cannot be assessed."""
    found = measure({"excludes": {"regex": "^(a|aa)+$"}}, "a" * 60 + "!")
    assert found.passed is None
    assert "ran out of time" in found.message


@pytest.mark.parametrize(
    ("wanted", "text", "passes"),
    [
        ("Dear Ms Lee,", "\n Dear  Ms Lee, hello", True),
        ("Dear", "dear", False),
        ("# Acme 2.4\n", "# Acme 2.4\n\nText", True),
        ("# Acme 2.4\n", "# Acme 2.4.1\n\nText", False),
        ("# Acme 2.4\n", "# Acme 2.4", True),
        ("Dear", "", False),
    ],
)
def test_a_text_begins_as_asked(wanted: str, text: str, *, passes: bool) -> None:
    """White space is folded; a line break that is asked for must be one."""
    assert measure({"starts_with": wanted}, text).passed is passes


@pytest.mark.parametrize(
    ("wanted", "text", "passes"),
    [
        ("Jonas\nCustomer care", "Bye\n\nJonas  \nCustomer care\n", True),
        ("Jonas\nCustomer care", "Jonas Customer care", False),
        ("The end.", "this is The end. \n", True),
        ("The end.", "The end. P.S.", False),
    ],
)
def test_a_text_ends_as_asked(wanted: str, text: str, *, passes: bool) -> None:
    """A signature keeps its lines."""
    assert measure({"ends_with": wanted}, text).passed is passes


def test_a_wrong_beginning_or_end_says_what_stands_there() -> None:
    """With the line to change."""
    begins = measure({"starts_with": "Dear"}, "\nHello there")
    assert (begins.message, begins.lines) == ('the text begins with "Hello there"; begin it with "Dear"', (2,))
    ends = measure({"ends_with": "Jonas\nCare"}, "Hello\nMia")
    assert (ends.message, ends.lines) == ('the text ends with "Hello Mia"; end it with "Jonas\\nCare"', (2,))


def test_a_passage_of_the_wrong_shape_is_to_be_changed_and_not_removed() -> None:
    """A pattern for paragraphs of over ten words; three dots in a quotation would be copied with it."""
    long = "This is a paragraph of more than ten words, and what it says is needed."
    rule = {"excludes": {"regex": r"^(?:\S+[ \t]+){10,}\S+"}}
    found = measure(rule, f"Short.\n\n{long}")
    says = 'the passage that begins with "This is a paragraph of more than" on line 3 breaks this'
    assert found.message == f"{says}; change it so that it does not"
    assert measure(rule, f"{long}\n\nAnother {long}").message.startswith("the passages that begin with")


def test_a_pattern_that_may_not_stand_is_named_by_what_it_found() -> None:
    """A small author was told "the pattern … stands 2 times; remove it", and removed nothing."""
    check = {"excludes": {"regex": r"\b(?:thanks|issue)\b"}}
    found = measure(check, "Thanks for the issue.\nThanks all.")
    assert found.message == '"Thanks", "issue" stand on lines 1, 2; remove them'
    assert measure(check, "one\nissue").message == '"issue" stands once on line 2; remove it'
    spaces = {"excludes": {"regex": r"\n{2,}"}}
    assert measure(spaces, "one\n\ntwo").message.startswith("the pattern")
