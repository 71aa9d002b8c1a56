"""Numbers and quotations that must occur in the sources."""

import pytest

from checks.measuring import measure, sources
from setpoint.checks.fidelity import numbers

MATERIAL = sources(
    notes="Acme 2.4.1 cuts start-up from 1,200 ms to 0.35 s for 12 000 users on 2026-03-05.",
    talk="She said: “We don\u2019t *ever* break scripts \u2013 not in a point release.” It is unsafe at any speed.",
)


@pytest.mark.parametrize(
    "text",
    [
        "From 1200 ms to 0.350 s.",
        "For 12,000 users (12'000, 12\u202f000).",
        "On 5 March 2026.",
        "Acme 2.4.1, as in v2.4.1.",
        "1. First\n2. Second\n3. Third",
        "## 7. A heading\n\n## Step 9: another",
        "No numbers, or only three of them in words.",
        "It takes ١٢ thousand.",
        "[^8]: a note",
        "- item\n<!-- 99 -->",
    ],
)
def test_numbers_of_the_sources_pass_however_they_are_written(text: str) -> None:
    """Grouping, trailing zeros and list numbers make no difference."""
    found = measure("numbers_from_sources", text, material=(*MATERIAL, *sources(x="8")))
    assert found.passed, found.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It is 40 % faster.", "40 is not in the sources; remove it, or use a number that is"),
        ("Acme 2.4 is out.", "2.4 is not in the sources; remove it, or use a number that is"),
        ("12.000,5 users", "12.000,5 is not in the sources; remove it, or use a number that is"),
        ("Line\n1,300 and 77", "1,300, 77 are not in the sources; remove them, or use numbers that are"),
        ("In Q4 it was.", "4 is not in the sources; remove it, or use a number that is"),
    ],
)
def test_an_invented_number_is_named(text: str, message: str) -> None:
    """The author can look it up or drop it."""
    found = measure("numbers_from_sources", text, material=MATERIAL)
    assert found.message == message


def test_the_shortfall_is_the_share_of_invented_numbers_and_lines_point_at_them() -> None:
    """One of four is nearer than two of four."""
    found = measure("numbers_from_sources", "1200, 0.35\n2026\n99", material=MATERIAL)
    assert (found.shortfall, found.lines) == (0.25, (3,))


def test_numbers_may_be_allowed_by_name() -> None:
    """The brief is not a source."""
    assert measure({"numbers_from_sources": {"allow": ["40"]}}, "40 % and 40.0", material=MATERIAL).passed


def test_a_run_of_digits_is_read_in_every_sensible_way() -> None:
    """Ambiguous writing gets the benefit of the doubt, a plain group of thousands does not."""
    assert numbers("1,000") == (frozenset({"1000"}),)
    assert set(numbers("1.000")) == {frozenset({"1000"}), frozenset({"1"})}
    assert set(numbers("1,5")) == {frozenset({"1.5"}), frozenset({"1", "5"})}
    assert set(numbers("12 000")) == {frozenset({"12000"}), frozenset({"12", "0"})}
    assert numbers("2.4.1") == (frozenset({"2.4.1"}),)


@pytest.mark.parametrize(
    "text",
    [
        '"We don\'t ever break scripts - not in a point release."',
        "«we don\u2019t ever break scripts»",
        "„We don\u2019t ever […] not in a point release“",
        '"We don\'t … break scripts," she said.',
        'The word "scripts" and the phrase "two words".',
        '```\nx = "not a quotation at all here"\n```',
        'It is 5" by 6" wide and 7" high.',
        '"unsafe at any speed"',
    ],
)
def test_faithful_quotations_pass(text: str) -> None:
    """Style of quotes, dashes, capitals and emphasis are folded; what is left out is marked."""
    found = measure("quotes_from_sources", text, material=MATERIAL)
    assert found.passed, found.message


@pytest.mark.parametrize(
    "text",
    [
        '"We never ever break scripts"',
        "“safe at any speed”",
        '"We don\'t ever … break promises today"',
        '"break scripts … We don\'t fix scripts"',
    ],
)
def test_an_altered_quotation_is_found(text: str) -> None:
    """A word more, a word less, or half a word changes what was said."""
    found = measure("quotes_from_sources", f"Intro.\n\n{text}\n", material=MATERIAL)
    assert found.passed is False
    assert found.lines == (3,)
    assert "quote word for word or drop the quotation marks" in found.message
