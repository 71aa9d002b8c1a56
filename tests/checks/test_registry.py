"""From what a spec says to a check that measures."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from cogapp import Cog
from inline_snapshot import snapshot

from checks import measuring
from checks.measuring import made, sources
from setpoint import checks
from setpoint.core.spec import CheckCall
from setpoint.errors import SpecError

CONTEXT = checks.CheckContext(
    kind="python",
    sources=sources(notes="Version 2.4 came out."),
    attachments=made({"test_slug.py": "", "schema.json": '{"type": "object"}', "list.json": "[]", "..": ""}),
    custom={"balanced": measuring.Balanced()},
)
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"


def example(check: checks.CheckInfo) -> Mapping[str, object]:
    """The example of a check as a spec would hold it."""
    return cast("Mapping[str, object]", tomllib.loads(f"check = {check.example}")["check"])


@pytest.mark.parametrize("check", checks.reference(), ids=lambda check: cast("checks.CheckInfo", check).name)
def test_every_example_of_the_reference_parses_builds_and_measures(check: checks.CheckInfo) -> None:
    """What the documentation shows can be copied into a spec."""
    call = checks.parse(example(check))
    assert call.name == check.name
    assert checks.build(call, CONTEXT).measure("").passed in {True, False, None}
    assert call.name == checks.CUSTOM or checks.describe(call)[-1] in ".)"


@pytest.mark.parametrize("check", checks.reference(), ids=lambda check: cast("checks.CheckInfo", check).name)
def test_canonical_parameters_are_plain_json_and_parse_to_themselves(check: checks.CheckInfo) -> None:
    """The digest is made of them, and a ledger stores them."""
    call = checks.parse(example(check))
    assert json.loads(json.dumps(call.params)) == call.params
    assert checks.parse({call.name: call.params}) == call


def test_the_reference_is_up_to_date() -> None:
    """The page is what the code prints; run `cog -r docs/reference/checks.md` if this fails."""
    cog = Cog()
    page = REFERENCE.read_text(encoding="utf-8")
    assert cog.process_string(page) == page


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"contains": "a b"}, {"contains": {"words": ["a b"]}}),
        ({"contains": ["a", "b"]}, {"contains": {"words": ["a", "b"], "min": 1, "case_sensitive": False}}),
        ({"starts_with": "#"}, {"starts_with": {"text": "#"}}),
        ({"language": "en-US"}, {"language": {"code": "EN"}}),
        ({"case": "upper"}, {"case": {"style": "upper", "of": "text"}}),
        ({"headings": ["A"]}, {"headings": {"required": ["A"], "order": True}}),
        ({"command": "python -c 'a b'"}, {"command": {"run": ["python", "-c", "a b"], "timeout": 20.0}}),
        ("no_placeholder", {"no_placeholder": {}}),
        ({"judgeable": True}, {"judgeable": {}}),
    ],
)
def test_two_ways_to_say_the_same_have_one_canonical_form(
    short: Mapping[str, object] | str, long: Mapping[str, object]
) -> None:
    """A spec keeps its digest when it is only written otherwise."""
    assert checks.parse(short) == checks.parse(long)


def refusal(value: Mapping[str, object] | str) -> str:
    """What is said to a spec with that check."""
    with pytest.raises(SpecError) as caught:
        checks.build(checks.parse(value, where="criterion[2].check"), CONTEXT)
    return str(caught.value)


def test_a_mistake_is_named_with_its_key_and_the_nearest_valid_name() -> None:
    """The message alone is enough to put it right."""
    assert refusal({"wrds": {"max": 1}}) == snapshot(
        "criterion[2].check.wrds: there is no check 'wrds'; did you mean 'words'?"
    )
    assert refusal({"words": {"mx": 1}}) == snapshot(
        "criterion[2].check.words.mx: there is no parameter 'mx'; did you mean 'max'?"
    )
    assert refusal({"words": 180}) == snapshot(
        "criterion[2].check.words: needs its parameters in a table, as in { words = { max = 180 } }"
    )
    assert refusal({"words": {"max": "180"}}) == snapshot(
        "criterion[2].check.words.max: must be a whole number, not '180'"
    )
    assert refusal({"contains": ["a", 3]}) == snapshot(
        "criterion[2].check.contains.words[1]: must be a text in quotes, not 3"
    )
    assert refusal({"case": "tilte"}) == snapshot(
        "criterion[2].check.case.style: must be 'upper', 'lower', 'title' or 'sentence', not 'tilte'"
    )
    assert refusal({"language": {}}) == snapshot(
        'criterion[2].check.language.code: is missing; it is ISO 639 code, such as `en`, `de` or `pt-BR` (of which `pt` counts), as in { language = "en" }'
    )


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"words": {"max": 1}, "bullets": {"min": 1}},
        {"words": {}},
        {"words": {"min": 3, "max": 2}},
        {"words": {"max": -1}},
        {"words": {"max": True}},
        {"words": {"max": 1.5}},
        {"bullets": {"min": 3, "max": 2}},
        {"contains": []},
        {"contains": "  "},
        {"contains": {"words": ["a"], "regex": "a"}},
        {"contains": {"words": ["a"], "min": 0}},
        {"contains": {"words": ["a"], "min": 2, "max": 1}},
        {"contains": {"regex": "(a"}},
        {"excludes": {"regex": "[z-a]"}},
        {"starts_with": " \n"},
        {"headings": {}},
        {"headings": {"required": ["A", "a:"]}},
        {"headings": {"required": ["### A"], "max_depth": 2}},
        {"headings": {"max_depth": 7}},
        {"reading_grade": {"min": 9, "max": 8}},
        {"reading_grade": {"max": float("nan")}},
        {"language": "xq"},
        {"judgeable": {"mercy": True}},
        {"json_schema": {"schema": {"type": "objekt"}}},
        {"json_schema": {"schema": {"pattern": "(a"}}},
        {"json_schema": {"schema": {"$ref": "https://example.com/schema.json"}}},
        {"json_schema": {"schema": {"$ref": "#/$defs/none"}}},
        {"json_schema": "none.json"},
        {"json_schema": "test_slug.py"},
        {"command": []},
        {"command": "no-such-program-anywhere"},
        {"command": "python 'unbalanced"},
        {"command": {"run": "python", "files": ["none.py"]}},
        {"command": {"run": "python", "draft": "../x.py"}},
        {"command": {"run": "python", "files": ["test_slug.py"], "draft": "test_slug.py"}},
        {"command": {"run": "python", "files": [".."]}},
        {"command": {"run": "python", "timeout": 0}},
        {"json_schema": {"schema": []}},
        {"json_schema": "list.json"},
        {"command": {"run": "python", "memory": 1}},
    ],
)
def test_a_check_that_cannot_work_is_refused_before_the_run(value: Mapping[str, object]) -> None:
    """Nothing is spent on a spec that no text can meet or that cannot be measured."""
    assert refusal(value)


def test_checks_on_sources_are_refused_without_sources() -> None:
    """Every number would be called invented."""
    for name in ("numbers_from_sources", "quotes_from_sources"):
        with pytest.raises(SpecError, match="no sources"):
            checks.build(checks.parse(name), checks.CheckContext())


def test_a_call_written_by_hand_is_validated_when_it_is_built() -> None:
    """The library's users need no spec file."""
    with pytest.raises(SpecError, match="did you mean 'max'"):
        checks.build(CheckCall(name="words", params={"maxx": 3}), CONTEXT)


def test_demands_are_sentences_an_author_can_follow() -> None:
    """They stand in the author's prompt where a criterion has no words of its own."""
    said = [
        checks.describe(checks.parse(value))
        for value in (
            {"words": {"max": 180}},
            {"words": {"min": 20, "max": 40}},
            {"sentences": {"min": 1, "max": 1}},
            {"contains": {"words": ["a", "b c"], "min": 2}},
            {"excludes": {"regex": "x+"}},
            {"headings": {"required": ["A", "B"], "max_depth": 2}},
            {"bullets": {"min": 3, "max_words": 12}},
            {"reading_grade": {"max": 9}},
            {"command": "python -m pytest"},
            {"command": {"run": "./lint", "expect": "clean"}},
            {"json_schema": "schema.json"},
            {"json_schema": {"schema": {"type": "object"}}},
            {"reading_grade": {"min": 5, "max": 9}},
            {"case": {"style": "sentence", "of": "headings"}},
        )
    ]
    assert said == snapshot(
        [
            "At most 180 words.",
            "20 to 40 words.",
            "Exactly 1 sentence.",
            'Contains "a", "b c" each at least 2 times.',
            "Does not contain text that matches the pattern x+.",
            'Has the headings "A", "B", in this order and has no heading deeper than ##.',
            "Has at least 3 bullet points and has no bullet point longer than 12 words.",
            "Reads at a school grade (Flesch-Kincaid) of at most 9.",
            "`python -m pytest` succeeds on it.",
            '`./lint` succeeds on it and prints "clean".',
            "Is JSON that follows the schema in schema.json.",
            'Is JSON that follows the schema {"type":"object"}.',
            "Reads at a school grade (Flesch-Kincaid) from 5 to 9.",
            "Every heading is in sentence case (a capital at the beginning, none for ordinary words).",
        ]
    )


def test_only_command_runs_programs_and_only_judgeable_is_a_guard() -> None:
    """Trust is asked for the one, and the critic waits for the other."""
    names = [check.name for check in checks.reference()]
    assert [name for name in names if checks.runs_programs(CheckCall(name=name))] == ["command"]
    assert frozenset({"judgeable"}) == checks.GUARDS


def test_a_check_says_which_files_it_needs() -> None:
    """The spec's loader attaches exactly these."""
    assert checks.files(checks.parse({"command": {"run": "python", "files": ["a.py", "b.py"]}})) == ("a.py", "b.py")
    assert checks.files(checks.parse({"json_schema": "schema.json"})) == ("schema.json",)
    assert checks.files(checks.parse({"json_schema": {"schema": {}}})) == ()
