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
     "{{x}}", "<b>", "\r\n", "\u2028", "\x00", "\x1b[31m", "\ud800", "\u202e", "é", "日本", "🙂", "{", '"a": 1', "]", "\\"]
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
LARGE = {
    "prose": ("# Head\n\n" + PARAGRAPH * 3 + "\n- item one\n- item two\n\n") * 12_500,
    "one line": PARAGRAPH.replace("\n", " ") * 47_000,
    "one word": "a" * 5_000_000,
    "nothing": " \n" * 2_500_000,
    "brackets": "[<{\"'`" * 833_000,
    "controls": "\x00\x1b[1m\u202e\ud800" * 700_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_five_megabytes_are_measured_in_seconds(name: str) -> None:
    """Six seconds are three times what this machine takes for the slowest; a quadratic pattern would take hours."""
    text = LARGE[name]
    slowest = 0.0
    for check in EVERY:
        context = checks.CheckContext(kind="markdown", sources=MATERIAL)
        built = checks.build(checks.parse(check), context)
        start = time.perf_counter()
        built.measure(text)
        taken = time.perf_counter() - start
        print(f"{name:10} {taken:5.2f} {check}")
        slowest = max(slowest, taken)
    assert slowest < 6
