"""From prose to checks: what a sentence demands that code could measure, and what must not be taken for such."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint import checks
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.rubric.lint import Target, lint
from setpoint.rubric.lint.demands import demands
from setpoint.rubric.toml import inline

BRIEF = "A product description of a desk lamp."

READ = {
    "At most 180 words.": {"words": {"max": 180}},
    "The answer must not exceed two hundred words.": {"words": {"max": 200}},
    "The product description is under 120 words.": {"words": {"max": 119}},
    "Keep it to 100-150 words.": {"words": {"min": 100, "max": 150}},
    "Has between three and five bullet points.": {"bullets": {"min": 3, "max": 5}},
    "Is no longer than two paragraphs.": {"paragraphs": {"max": 2}},
    "Consists of exactly three paragraphs.": {"paragraphs": {"min": 3, "max": 3}},
    "Stays within a limit of 280 characters.": {"characters": {"max": 280}},
    "Each bullet point is at most 12 words long.": {"bullets": {"max_words": 12}},
    "No sentence is longer than 25 words.": {"sentences": {"max_words": 25}},
    "Has no sentence of more than 30 words.": {"sentences": {"max_words": 30}},
    "Sentences stay under 21 words.": {"sentences": {"max_words": 20}},
    "Every paragraph has at most 120 words.": {"paragraphs": {"max_words": 120}},
    "No paragraph exceeds eighty words.": {"paragraphs": {"max_words": 80}},
    'Contains the phrase "terms apply".': {"contains": ["terms apply"]},
    "Mentions “refund”, “14 days” and “receipt”.": {"contains": ["refund", "14 days", "receipt"]},
    'The phrase "limited offer" appears at least twice.': {"contains": {"words": ["limited offer"], "min": 2}},
    'Says "yes" or "no".': {"contains": {"regex": r"\b(?:yes|no)\b"}},
    "Does not use the words 'synergy' or 'leverage'.": {"excludes": ["synergy", "leverage"]},
    "Avoids the words synergy, leverage and utilize.": {"excludes": ["synergy", "leverage", "utilize"]},
    "Contains no exclamation marks.": {"excludes": {"regex": "!"}},
    "No bullet points.": {"bullets": {"max": 0}},
    'Starts with the word "Dear".': {"starts_with": "Dear"},
    'Ends with "Kind regards, Anna".': {"ends_with": "Kind regards, Anna"},
    "Has the sections Summary, Impact and Next steps.": {"headings": ["Summary", "Impact", "Next steps"]},
    "Is written in French.": {"language": "fr"},
    "All lowercase.": {"case": "lower"},
    "Headings are in sentence case.": {"case": {"style": "sentence", "of": "headings"}},
    "Is a JSON object with the keys name, age and city.": {
        "json_schema": {"schema": {"type": "object", "required": ["name", "age", "city"]}}
    },
    "Every number in the text occurs in the sources.": {"numbers_from_sources": {}},
    "Every quotation is taken word for word from the transcript.": {"quotes_from_sources": {}},
    "Contains no placeholders.": {"no_placeholder": True},
    "Written at an eighth-grade reading level.": {"reading_grade": {"max": 8}},
    "Contains exactly one question.": {"contains": {"regex": r"\?", "max": 1}},
    'Contains the letter "o" at least 40 times.': {"contains": {"regex": "o", "min": 40}},
    'Does not contain the letters "q" or "x".': {"excludes": {"regex": "q|x"}},
    'Contains the word "a" at least 3 times.': {"contains": {"words": ["a"], "min": 3}},
    "Includes the email address help@example.com.": {"contains": ["help@example.com"]},
}

LEFT = [
    "Explains the risk in two sentences.",
    "The introduction has at most 50 words.",
    "No paragraph has more than three sentences.",
    "The email's subject line is at most 60 characters.",
    "Names the three ingredients.",
    "Names the order 48-1170, the day the replacement leaves and the refund of 89 euros.",
    "Avoids words nobody knows.",
    "Contains the words of the mayor.",
    "Explains what a valid JSON document is.",
    "Says that the shop sells books in French.",
    "Mentions at least two of the five members.",
    "Tells the reader to write at most 100 words.",
]


@pytest.mark.parametrize("says", READ)
def test_a_sentence_that_code_can_measure_becomes_a_check_that_loads(says: str) -> None:
    """The check is written out, and reads back as itself."""
    (found,) = demands(says, BRIEF, "text")
    assert dict(found.table) == READ[says]
    assert found.whole
    assert found.call == checks.parse(found.table)
    assert checks.parse(_pasted(inline(found.table))) == found.call


@pytest.mark.parametrize("says", LEFT)
def test_a_demand_about_a_part_or_about_meaning_is_left_to_the_critic(says: str) -> None:
    """A wrong check would be worse than none."""
    assert demands(says, BRIEF, "text") == ()


def test_the_part_of_a_sentence_that_code_can_measure_is_told_from_the_rest() -> None:
    """Then a criterion of its own is proposed."""
    (found,) = demands("Explains the new fee and has at most 100 words.", BRIEF, "text")
    assert (dict(found.table), found.quote, found.whole) == ({"words": {"max": 100}}, "has at most 100 words.", False)


def test_two_limits_in_one_sentence_are_two_checks() -> None:
    """Both are found, and nothing is left over."""
    found = demands("Has at least 3 paragraphs and at most 400 words.", BRIEF, "text")
    assert [dict(one.table) for one in found] == [{"paragraphs": {"min": 3}}, {"words": {"max": 400}}]
    assert all(one.whole for one in found)


def _pasted(toml: str) -> dict[str, object]:
    import tomllib

    return tomllib.loads(f"check = {toml}")["check"]


words = st.sampled_from(
    [
        "is",
        "has",
        "contains",
        "at",
        "most",
        "least",
        "no",
        "not",
        "the",
        "a",
        "an",
        "3",
        "two",
        "hundred",
        "words",
        "sentences",
        "and",
        "or",
        "but",
        ",",
        ".",
        ";",
        ":",
        '"',
        "'",
        "“",
        "”",
        "`",
        "never",
        "avoids",
        "engaging",
        "tone",
        "text",
        "each",
        "starts",
        "with",
        "ends",
        "names",
        "explains",
        "JSON",
        "[name]",
        "TODO",
        "in",
        "French",
        "between",
        "to",
        "10",
        "–",
        "#",
        "\\",
        "{",
        "}",
        "é",
        "漢",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(words, min_size=1, max_size=40).map(" ".join), st.text(min_size=1, max_size=80))
def test_lint_takes_any_sentence(one: str, other: str) -> None:
    """Whatever stands in a spec that loads, lint answers, and what it proposes to paste is TOML."""
    import tomllib

    criteria = tuple(
        Criterion(name=f"c{n}", says=says) for n, says in enumerate((one, other, f"{one} {other}")) if says.strip()
    )
    spec = Spec(brief=one, criteria=criteria)
    for flaw in lint(Target(spec=spec, budget=Budget(tokens=1000), reply_tokens=100)):
        tomllib.loads(flaw.toml)


@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_written_as_toml_reads_back_as_it_was(value: object) -> None:
    """Texts with quotes, backslashes and line breaks included."""
    import tomllib

    assert tomllib.loads(f"v = {inline(value)}")["v"] == value
