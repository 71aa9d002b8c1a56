"""From a spec with fields and a row to one spec: strict, and a value is never more than data."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint import checks
from setpoint.batch.filling import Pattern
from setpoint.batch.plan import plan
from setpoint.batch.rows import Row
from setpoint.core.spec import Spec
from setpoint.errors import ConfigError, SpecError
from setpoint.specfile import loads

SPEC = """
brief = "A note for {{name}} about {{ topic }}."
[[sources]]
name = "facts"
text = "{{facts}}"
[[criterion]]
name = "greets"
check = { starts_with = "Dear {{name}}" }
[[criterion]]
name = "once"
check = { contains = { regex = "^Dear {{name}}", min = 1, max = 1 } }
"""


def pattern(text: str = SPEC) -> Pattern:
    """The pattern of a spec file."""
    return Pattern(loads(text, checks, name="note.toml", base=Path()))


def row(**values: object) -> Row:
    """A row that stands in line 4 of a file."""
    return Row(number=3, file="rows.jsonl", line=4, values=values)


def filled(**values: object) -> Spec:
    """The spec of a row."""
    return pattern().fill(row(**values)).spec


def test_a_value_stands_wherever_its_field_stood() -> None:
    """In the brief, in sources, in what criteria say and in the parameters of checks."""
    spec = filled(name="Ann", topic=7, facts="It rains.")
    assert spec.brief == "A note for Ann about 7."
    assert spec.sources[0].text == "It rains."
    assert "Ann" in spec.criteria[0].says
    assert spec.criteria[0].check is not None
    assert "Dear Ann" in str(spec.criteria[0].check.params)


ODD = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).filter(str.strip)


@given(
    name=ODD
    | st.sampled_from(["{{topic}}", "{{ facts }}", "{% raw %}", "a|b", ".*", "\\1", "${name}", "[x", "0\u00a0", "a "])
)
def test_a_value_is_never_evaluated(name: str) -> None:
    """Fields, template code, patterns and group references in a value stand for themselves."""
    spec = filled(name=name, topic="x", facts="y")
    assert spec.brief == f"A note for {name} about x."
    assert pattern().fill(row(name=name, topic="x", facts="y")).fields == ()
    assert spec.criteria[1].check is not None
    measured = checks.build(spec.criteria[1].check, checks.CheckContext()).measure(f"Dear {name}, come.")
    assert measured.passed


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "Ann", "topic": "x"}, r"rows\.jsonl:4: row 3: the field \{\{facts\}\} of note\.toml has no value"),
        ({"name": "Ann", "topic": None, "facts": "y"}, r"the field \{\{topic\}\} of note\.toml has no value"),
        (
            {"name": "Ann", "topic": "x", "facts": "y", "tpoic": "z"},
            r"row 3, 'tpoic': the spec has no field \{\{tpoic\}\}; its fields are facts, name, topic",
        ),
        ({"name": ["Ann"], "topic": "x", "facts": "y"}, r"row 3, 'name': a field takes text or a number, not list"),
        ({"name": "Ann", "topic": "x", "facts": "y", "draft": 3}, r"row 3, 'draft': a draft is text"),
        ({"name": "Ann", "topic": "x", "facts": "y", "draft": "<!-- setpoint:lock -->"}, r"row 3, 'draft'"),
    ],
)
def test_what_is_missing_or_left_over_is_an_error_that_names_row_and_field(
    values: Mapping[str, object], says: str
) -> None:
    """Before the first call: a batch is planned as a whole."""
    with pytest.raises(SpecError, match=says):
        plan(pattern(), [row(**values)], "b")


def test_a_name_for_the_row_need_not_be_a_field() -> None:
    """It goes into the output."""
    (job,) = plan(pattern(), [row(id="A-7", name="Ann", topic="x", facts="y")], "b")
    assert job.name == "A-7"


def test_a_value_that_makes_an_impossible_check_is_found_before_the_first_call() -> None:
    """All checks of all rows are built."""
    text = 'brief = "x"\n[[criterion]]\nname = "says"\ncheck = { contains = ["{{word}}"] }\n'
    with pytest.raises(SpecError, match=r"row 3"):
        plan(pattern(text), [row(word="  ")], "b")


def test_a_row_brings_criteria_and_sources_of_its_own() -> None:
    """Held to the rules of a spec file; as tables, or as JSON where a cell is text."""
    own = [{"name": "polite", "says": "Is polite.", "impact": 2}, {"name": "short", "check": {"words": {"max": 50}}}]
    table = {
        "name": "Ann",
        "topic": "x",
        "facts": "y",
        "criteria": own,
        "sources": [{"name": "more", "text": "{{name}}"}],
    }
    spec = filled(**table)
    assert [c.name for c in spec.criteria] == ["greets", "once", "polite", "short", "judgeable"]
    assert spec.sources[1].text == "{{name}}"
    cell = '[{"name": "polite", "says": "Is polite."}]'
    assert "polite" in filled(name="Ann", topic="x", facts="y", criteria=cell).names()


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"criteria": [{"name": "runs", "check": {"command": {"run": ["true"]}}}]}, r"'command' runs a program"),
        ({"criteria": [{"name": "reads", "check": {"json_schema": "schema.json"}}]}, r"'json_schema' reads a file"),
        ({"sources": ["/etc/passwd"]}, r"a row names no files"),
        ({"sources": '["../secrets.txt"]'}, r"a row names no files"),
        ({"sources": [{"name": "a", "path": "b"}]}, r"row 3"),
        ({"criteria": [{"name": "greets", "says": "Again."}]}, r"stands 2 times"),
        ({"criteria": [{"name": "odd", "check": {"wrods": 3}}]}, r"row 3.*no check 'wrods'"),
        ({"criteria": "[1"}, r"row 3, 'criteria': not JSON"),
    ],
)
def test_a_row_never_runs_a_program_and_never_names_a_file(own: Mapping[str, object], says: str) -> None:
    """Rows come from anywhere; what is run and read is the spec's alone."""
    with pytest.raises(SpecError, match=says):
        filled(name="Ann", topic="x", facts="y", **own)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('sources = ["{{file}}.md"]\n', r"a row names no files"),
        ('[models]\nauthor = "openai:{{model}}"\n', r"\{\{model\}\} stands where a row decides nothing"),
    ],
)
def test_a_field_may_not_decide_which_file_is_read_or_which_model_is_asked(text: str, says: str) -> None:
    """That would let data spend money or read files."""
    brief, criterion = (
        'brief = "About {{topic}}."\n',
        '[[criterion]]\nname = "short"\ncheck = { words = { max = 9 } }\n',
    )
    with pytest.raises(SpecError, match=says):
        pattern(brief + text + criterion)


def test_a_field_may_not_stand_in_a_command() -> None:
    """What is run was trusted as it stands."""
    text = 'brief = "x"\n[[criterion]]\nname = "runs"\nsays = "Runs."\ncheck = { command = { run = ["echo", "{{word}}"] } }\n'
    with pytest.raises(SpecError, match=r"runs a program, which no row decides"):
        pattern(text)


def test_the_same_row_of_the_same_batch_is_the_same_run_and_any_other_is_another() -> None:
    """So that nothing is paid for twice, and nothing is taken for what it is not."""

    def run(batch: str = "b", number: int = 3, **values: object) -> str:
        it = Row(number=number, file="", line=None, values={"name": "Ann", "topic": "x", "facts": "y", **values})
        return plan(pattern(), [it], batch)[0].run

    assert run() == run()
    assert len({run(), run(batch="c"), run(number=4), run(name="Ben"), run(draft="A text.")}) == 5


def test_an_input_without_rows_is_refused() -> None:
    """It would end as if all were well."""
    with pytest.raises(ConfigError, match="no rows"):
        plan(pattern(), [], "b")


def test_a_text_that_exists_already_is_where_its_run_begins() -> None:
    """And an empty cell is none."""
    table = {"name": "Ann", "topic": "x", "facts": "y"}
    with_draft, without = plan(pattern(), [row(**table, draft="A text."), row(**table, draft="")], "b")
    assert (with_draft.draft, without.draft) == ("A text.", None)
