"""Whatever the text is, a check answers, and soon."""

import time
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.measuring import measure, sources
from setpoint import checks
from setpoint.checks.base import one_line

EVERY: tuple[Mapping[str, object] | str, ...] = (
    {"words": {"max": 10}},
    {"sentences": {"max": 2}},
    {"paragraphs": {"max": 2}},
    {"sentences": {"max_words": 2}},
    {"paragraphs": {"max_words": 2}},
    {"characters": {"max": 20}},
    {"contains": ["upgrade", "restart the server"]},
    {"contains": {"regex": r"^\w+:\s"}},
    {"excludes": ["synergy", "a b"]},
    {"starts_with": "Dear"},
    {"ends_with": "Jonas\nCare"},
    {"headings": {"required": ["What changed"], "max_depth": 2}},
    {"bullets": {"min": 3, "max_words": 4}},
    {"case": "title"},
    {"case": {"style": "sentence", "of": "text"}},
    {"case": {"style": "sentence", "of": "headings"}},
    "no_placeholder",
    "numbers_from_sources",
    "quotes_from_sources",
    {"language": "en"},
    {"reading_grade": {"max": 8}},
    {"json_schema": {"schema": {"type": "array", "items": {"type": "integer"}}}},
    "judgeable",
)
MATERIAL = sources(notes="Version 2.4 of 2026 for 1,000 users.")
PIECES = st.sampled_from(
    ["word ", "# ", "- ", "1. ", "\n", "\n\n", "```", "|", "[name]", "](", "<!--", "-->", '"', "“", "”", "12,5", ".", "!",
     "{{x}}", "<b>", "\r\n", "\u2028", "\x00", "\x1b[31m", "\ud800", "\u202e", "é", "日本", "🙂", "{", "[", '"a": 1', "]", "\\"]
)  # fmt: skip


@pytest.mark.parametrize("check", EVERY, ids=str)
@pytest.mark.parametrize("kind", ["text", "markdown", "python"])
@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200)))
def test_every_check_answers_every_text(check: Mapping[str, object] | str, kind: str, text: str) -> None:
    """A verdict, one printable line for a failure, a shortfall from 0 to 1, lines that exist."""
    found = measure(check, text, kind=kind, material=MATERIAL)
    assert found.passed in {True, False, None}
    assert bool(found.message) is (found.passed is not True)
    assert found.message == one_line(found.message)
    assert 0.0 <= found.shortfall <= 1.0
    assert found.passed is not True or found.shortfall == 0.0
    assert all(1 <= line <= len(text.splitlines()) for line in found.lines)


PARAGRAPH = (
    'The **quick** fox, `code` jumps [over](u) 12 lazy dogs. It\'s "3.5 times faster than" [you]; see <b>it</b>.\n'
)
MEGABYTE = {
    "prose": ("# Head\n\n" + PARAGRAPH * 3 + "\n- item one\n- item two\n\n") * 2_500,
    "one line": PARAGRAPH.replace("\n", " ") * 9_400,
    "one word": "a" * 1_000_000,
    "items": "- a\n" * 60_000,
    "nothing": " \n" * 500_000,
    "brackets": "[<{\"'`" * 166_000,
    "controls": "\x00\x1b[1m\u202e\ud800" * 140_000,
}


def seconds(check: Mapping[str, object] | str, text: str) -> float:
    """The processor time that one measurement takes, whatever else the machine does."""
    built = checks.build(checks.parse(check), checks.CheckContext(kind="markdown", sources=MATERIAL))
    start = time.process_time()
    built.measure(text)
    return time.process_time() - start


@pytest.mark.parametrize("name", MEGABYTE)
def test_a_megabyte_of_anything_is_measured_in_seconds(name: str) -> None:
    """The limit is a multiple of what the slowest takes; in quadratic time it would be hours."""
    taken = {str(check): seconds(check, MEGABYTE[name]) for check in EVERY}
    assert {check: took for check, took in taken.items() if took > 4} == {}


@pytest.mark.slow
def test_five_megabytes_of_prose_are_measured_in_seconds() -> None:
    """The largest draft that is worth thinking about."""
    few = ({"words": {"max": 10}}, {"contains": ["upgrade"]}, "no_placeholder", "numbers_from_sources")
    taken = {str(check): seconds(check, MEGABYTE["prose"] * 5) for check in few}
    assert {check: took for check, took in taken.items() if took > 6} == {}
