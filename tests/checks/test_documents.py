"""JSON and its schema."""

import json

import pytest

from checks.measuring import measure

SCHEMA = {
    "type": "object",
    "required": ["title", "items"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "maxLength": 10, "pattern": "^[A-Z]"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 1},
    },
    "$defs": {"item": {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}}},
}
CHECK = {"json_schema": {"schema": SCHEMA}}
GOOD = json.dumps({"title": "Tea", "items": [{"price": 1}]}, indent=1)


def test_a_document_that_follows_the_schema_passes() -> None:
    """Also with the schema in a file and with a byte order mark before it."""
    assert measure(CHECK, GOOD, kind="json").passed
    assert measure({"json_schema": "s.json"}, "\ufeff" + GOOD, files={"s.json": json.dumps(SCHEMA)}).passed


def test_a_fault_is_given_with_its_path_and_line() -> None:
    """The line is that of the value, however the document is laid out."""
    text = '{\n "title": "Tea",\n "items": [\n  {"price": 1},\n  {"x": [1, {}], "price": -2}\n ]\n}'
    found = measure(CHECK, text, kind="json")
    assert found.message == "at $.items[1].price: -2 is less than the minimum of 0; make it fit minimum: 0"
    assert found.lines == (5,)
    assert measure({"json_schema": {"schema": {"items": {"type": "null"}}}}, '[null,\n"b"]').lines == (2,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty; write the JSON document"),
        ("```json\n{}\n```", "the JSON stands in a code fence; write the JSON alone"),
        (
            '{"a": 1,\n "b": }',
            "not JSON at line 2, column 7: Expecting value; correct it there",
        ),
        (
            '{"a": 1,\n',
            "not JSON at the end, line 1: Expecting property name enclosed in double quotes; correct it there",
        ),
        ('{"a": 1, "a": 2}', 'not usable JSON: the key "a" stands twice in one object; write it out in plain JSON'),
        ("NaN", "not usable JSON: NaN is not a JSON value; write it out in plain JSON"),
        ("[" * 200_000, "not usable JSON: it is nested too deeply; write it out in plain JSON"),
        ('{"title": "Tea"}', "at $: 'items' is a required property; add it"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    """No text makes it raise, and each line says what to do."""
    assert measure(CHECK, text, kind="json").message == said


def test_a_number_of_too_many_digits_is_a_failure_not_an_error() -> None:
    """Python refuses to read it with an error that is not about JSON."""
    assert measure(CHECK, "9" * 10_000, kind="json").passed is False


def test_fewer_faults_are_nearer() -> None:
    """A document that mends one of two faults has made progress."""
    two = measure(CHECK, '{"title": "tea", "items": []}', kind="json")
    one = measure(CHECK, '{"title": "Tea", "items": []}', kind="json")
    assert one.shortfall < two.shortfall < 1.0


def test_a_pattern_in_the_schema_cannot_hang_the_run() -> None:
    """It runs under the time limit of all patterns."""
    slow = {"json_schema": {"schema": {"pattern": "^(a|aa)+$"}}}
    assert measure(slow, json.dumps("a" * 60 + "!"), kind="json").passed is None


def test_a_reference_inside_the_schema_may_be_an_id_or_an_anchor() -> None:
    """Only what leads outside is refused."""
    schema = {
        "$id": "https://example.com/tree",
        "type": "object",
        "properties": {"left": {"$ref": "#"}, "right": {"$ref": "tree"}, "leaf": {"$ref": "#leaf"}},
        "$defs": {"leaf": {"$anchor": "leaf", "type": "integer"}},
    }
    assert measure({"json_schema": {"schema": schema}}, '{"left": {"leaf": 1}, "right": {}}', kind="json").passed
    assert measure({"json_schema": {"schema": schema}}, '{"right": {"leaf": "x"}}', kind="json").passed is False
