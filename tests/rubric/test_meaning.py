"""A model's reading of a spec: what it cites is verified, what cannot be read is not used."""

import json

import pytest

from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import ModelError
from setpoint.ports import Reply
from setpoint.rubric.lint import Target
from setpoint.rubric.meaning import Meaning, meaning
from setpoint.testing import ScriptedModel

SPEC = Spec(
    brief="An invitation to a workshop on soil care; it says where and when, and what to bring.",
    criteria=(
        Criterion(name="place", says="Names the place, down to the room."),
        Criterion(name="secret", says="Keeps the address to itself until people register."),
        Criterion(name="when", says="Names day and hour."),
    ),
)
TARGET = Target(spec=SPEC, budget=Budget(), reply_tokens=500)
CONFLICT = {
    "first": 1,
    "second": 2,
    "first_words": "names the place",
    "second_words": "keeps the address to itself",
    "why": "The place cannot be named and kept back.",
}
MISSING = {"words": "what to bring", "demand": "Says that people should bring gloves."}


async def read(conflicts: object = (), missing: object = ()) -> Meaning:
    """What comes of a reply."""
    model = ScriptedModel([json.dumps({"conflicts": conflicts, "missing": missing})])
    return await meaning(TARGET, model, nonce="n")


async def test_a_conflict_whose_words_stand_in_both_criteria_is_a_warning_that_quotes_them() -> None:
    """The words are found whatever their capitals."""
    (flaw,) = (await read([CONFLICT])).flaws
    assert (flaw.kind, flaw.level, flaw.criteria) == ("meaning-conflict", "warning", ("place", "secret"))
    assert flaw.quotes == ("names the place", "keeps the address to itself")


@pytest.mark.parametrize(
    "change",
    [
        {"first_words": "hides the place"},
        {"second_words": ""},
        {"second": 1, "second_words": "names the place"},
        {"second": 9},
        {"second": "2"},
        {"second": True},
        {"first_words": "the"},
        {"why": ""},
        {"first": 3},
    ],
    ids=str,
)
async def test_a_conflict_that_cites_what_is_not_there_is_dropped_and_counted(change: dict[str, object]) -> None:
    """A model may invent; code looks."""
    found = await read([{**CONFLICT, **change}])
    assert (found.flaws, found.dropped) == ((), 1)


async def test_a_missing_demand_cites_the_brief_and_comes_as_a_criterion_that_loads() -> None:
    """As a hint: whether the text needs it is for a person to say."""
    import tomllib

    (flaw,) = (await read(missing=[MISSING])).flaws
    assert (flaw.kind, flaw.level, flaw.quotes) == ("missing-criterion", "hint", ("what to bring",))
    (pasted,) = tomllib.loads(flaw.toml)["criterion"]
    assert pasted == {"name": "says-people-should-bring", "says": "Says that people should bring gloves."}


@pytest.mark.parametrize(
    "entry",
    [
        {**MISSING, "words": "bring a friend"},
        {**MISSING, "demand": "Is engaging and clear."},
        {**MISSING, "demand": "Names the place and the room."},
        {**MISSING, "demand": ""},
        "a text",
    ],
    ids=str,
)
async def test_a_missing_demand_that_is_vague_covered_or_not_in_the_brief_is_dropped(entry: object) -> None:
    """A model that repeats what is there adds nothing."""
    found = await read(missing=[entry])
    assert (found.flaws, found.dropped) == ((), 1)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "There are no conflicts.",
        '{"conflicts": [',
        '{"conflicts": []} {"conflicts": [1]}',
        Reply(text='{"conflicts": [], "missing": []}', finish="length"),
        Reply(text="I cannot help with that.", finish="refusal"),
    ],
    ids=str,
)
async def test_a_reply_that_cannot_be_read_is_an_error_and_never_a_clean_bill(reply: str | Reply) -> None:
    """Nothing found and nothing said are different things."""
    with pytest.raises(ModelError, match="cannot be used"):
        await meaning(TARGET, ScriptedModel([reply]), nonce="n")


async def test_odd_shapes_are_no_findings() -> None:
    """Lists that are none, entries that are none."""
    assert (await read(conflicts="none", missing={"words": "x"})).flaws == ()


async def test_the_spec_stands_between_delimiters_that_cannot_be_guessed() -> None:
    """The prompt is checked by what a model is shown."""
    model = ScriptedModel(['{"conflicts": [], "missing": []}', '{"conflicts": [], "missing": []}'])
    for nonce in ("one", "two"):
        await meaning(TARGET, model, nonce=nonce)
    one, two = (prompt.user for prompt in model.prompts)
    assert one != two
    assert "2. Keeps the address to itself" in one
