"""Untrusted text is made safe, and numbers are put into words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.report.terminal import clean
from setpoint.report.text import and_list, clip, dollars, duration, few, one_line, plural


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x1b\\clipboard", "clipboard"),
        ("\x9b31mC1\x9b0m", "C1"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x1bcreset", "reset"),
        ("\x1b]0;never closed", "0;never closed"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("\u2066isolate\u2069", "isolate"),
        ("tag\U000e0041ged", "tagged"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("bell\x07 back\x08 null\x00", "bell back null"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("naïve 日本語 ✓ עברית", "naïve 日本語 ✓ עברית"),
    ],
)
def test_control_sequences_are_taken_out_whole_and_everything_else_stays(text: str, shown: str) -> None:
    """An escape sequence leaves nothing behind, and ordinary text of any script is left alone."""
    assert clean(text) == shown


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]\x9b\x07\\0;m\x9c\u202e"))))
def test_nothing_that_controls_a_terminal_survives(text: str) -> None:
    """Whatever the text, no control character but line break and tab is left, and cleaning again changes nothing."""
    shown = clean(text)
    assert [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"] == []
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert clean(shown) == shown


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (plural(1, "pass"), "1 pass"),
        (plural(2, "pass"), "2 passes"),
        (plural(1234, "token"), "1,234 tokens"),
        (plural(1, "criterion"), "1 criterion"),
        (plural(3, "criterion"), "3 criteria"),
        (and_list([]), ""),
        (and_list(["a"]), "a"),
        (and_list(["a", "b", "c"]), "a, b and c"),
        (few(list("abcd")), "a, b, c and d"),
        (few(list("abcdef")), "a, b, c and 3 more"),
        (clip("abcdef", 4), "abc…"),
        (one_line(" a\n\x1b[31m b\t c "), "a b c"),
        (dollars(0), "$0"),
        (dollars(0.00421), "$0.0042"),
        (dollars(0.5), "$0.50"),
        (dollars(12.3456), "$12.35"),
        (duration(4.21), "4.2 s"),
        (duration(59.4), "59 s"),
        (duration(59.6), "1 min 00 s"),
        (duration(125), "2 min 05 s"),
        (duration(3780), "1 h 03 min"),
    ],
)
def test_numbers_and_lists_read_as_a_person_would_write_them(said: str, expected: str) -> None:
    """Singular and plural, thousands, money and time."""
    assert said == expected
