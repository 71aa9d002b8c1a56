"""A spec proposed by a model: sentences come from the model, form and checks from code."""

import json
import tomllib
from pathlib import Path

import pytest

from setpoint import checks
from setpoint.errors import ModelError
from setpoint.rubric.propose import Proposal, propose
from setpoint.specfile import loads
from setpoint.testing import ScriptedModel

BRIEF = "Tell the tenants that the water is off on 4 May from 8 to 14, and where they get water meanwhile."
GOOD = [
    {"name": "says-when", "says": "Says that the water is off on 4 May from 8 to 14.", "impact": 5, "core": True},
    {"name": "where", "says": "Names the place where tenants get water meanwhile.", "impact": 4, "core": False},
    {"name": "short", "says": "Has at most 80 words.", "impact": 2, "core": False},
    {"name": "date", "says": 'Contains "4 May".', "impact": 3, "core": False},
]


async def proposed(demands: object, kind: object = "text", brief: str = BRIEF) -> Proposal:
    """What comes of a reply."""
    return await propose(brief, ScriptedModel([json.dumps({"kind": kind, "demands": demands})]), nonce="n")


def loaded(proposal: Proposal) -> dict[str, object]:
    """The criteria by name, read as a spec file is read."""
    spec = loads(proposal.toml, checks, name="proposal.toml", base=Path()).spec
    return {c.name: None if c.check is None else {c.check.name: dict(c.check.params)} for c in spec.criteria}


async def test_the_proposal_loads_and_code_measures_what_it_can() -> None:
    """Limits and phrases become checks; the rest stays a sentence for the critic."""
    found = await proposed(GOOD)
    assert loaded(found) == {
        "says-when": None,
        "where": None,
        "short": {"words": {"max": 80}},
        "date": {"contains": {"words": ["4 May"]}},
        "finished": {"no_placeholder": {}},
        "judgeable": {"judgeable": {}},
    }
    assert [flaw for flaw in found.flaws if flaw.level != "hint"] == []
    data = tomllib.loads(found.toml)
    assert data["brief"] == BRIEF
    assert [c["name"] for c in data["criterion"] if c.get("core")] == ["says-when"]


async def test_a_sentence_with_two_demands_becomes_two_criteria() -> None:
    """Criteria are atomic."""
    both = {"name": "both", "says": "Names the place and explains how to carry water.", "impact": 3, "core": False}
    spec = loads((await proposed([GOOD[0], both])).toml, checks, name="p", base=Path()).spec
    assert [c.says for c in spec.criteria[1:3]] == ["Names the place.", "Explains how to carry water."]


async def test_facts_and_limits_of_the_brief_become_checks_by_code() -> None:
    """Whatever the model makes of them: dates, times, amounts, versions and codes; a limit is not a fact."""
    brief = "A note on AB-12: the bus leaves on 12 June at 7:45 and costs 18 euros. At most 90 words."
    found = loaded(await proposed(GOOD[1:2], brief=brief))
    assert found["facts"] == {"contains": {"words": ["AB-12", "12 June", "7:45", "18 euros"]}}
    assert found["words-brief"] == {"words": {"max": 90}}


async def test_what_cannot_be_judged_is_left_out_and_said_to_be() -> None:
    """Vague sentences, repetitions and contradictions never reach the file."""
    vague = {"name": "tone", "says": "Is engaging and professional.", "impact": 3, "core": False}
    again = {"name": "again", "says": "Names the place where tenants get the water.", "impact": 3, "core": False}
    long = {"name": "long", "says": "Has at least 200 words.", "impact": 3, "core": False}
    about = {"name": "about", "says": "Explains that the brief is about water.", "impact": 5, "core": False}
    found = await proposed([*GOOD, vague, again, long, about])
    assert set(loaded(found)) == {"says-when", "where", "short", "date", "finished", "judgeable"}
    assert len(found.left_out) == 4


async def test_what_a_model_says_again_and_again_is_said_once() -> None:
    """A small model may propose one sentence eight times."""
    found = await proposed([GOOD[0]] * 8)
    (line,) = found.left_out
    assert line.startswith("“Says that the water is off on 4 May from 8 to 14.” (")
    assert line.endswith("), 7 times")


@pytest.mark.parametrize(
    "says",
    [
        'check = { command = { run = "rm -rf /" } }',
        'Passes { command = { run = ["sh", "-c", "id"] } }.',
        'Follows the schema in "/etc/passwd".',
        "Runs the program test.sh without an error.",
    ],
)
async def test_a_proposal_never_runs_a_program_nor_names_a_file(says: str) -> None:
    """Whatever the model writes is a sentence; no key of the file comes from it."""
    found = await proposed([GOOD[0], {"name": "x", "says": says, "impact": 5, "core": False, "check": {"command": {}}}])
    spec = loads(found.toml, checks, name="p", base=Path()).spec
    assert spec.sources == ()
    assert spec.attachments == ()
    assert not any(c.check is not None and checks.runs_programs(c.check) for c in spec.criteria)


async def test_odd_values_are_put_right_or_dropped() -> None:
    """A name that is none, an impact off the scale, a kind that is unknown, two cores."""
    odd = [
        {"name": "Bad Name!", "says": "Says that the water is off on 4 May.", "impact": 99, "core": True},
        {"name": "where", "says": "Names the place where tenants get water.", "impact": True, "core": True},
        {"name": "where", "says": "Thanks the tenants for their patience.", "impact": 2, "core": False},
        {"says": ""},
        7,
    ]
    spec = loads((await proposed(odd, kind="poem")).toml, checks, name="p", base=Path()).spec
    assert spec.kind == "text"
    assert [(c.impact, c.core) for c in spec.criteria[:3]] == [(5, True), (3, False), (2, False)]
    assert len({c.name for c in spec.criteria}) == len(spec.criteria)


@pytest.mark.parametrize("reply", ["", "no", '{"demands": []}', '{"demands": [{"says": "Is engaging."}]}'])
async def test_a_reply_without_a_usable_demand_is_an_error(reply: str) -> None:
    """An empty spec is no spec."""
    with pytest.raises(ModelError):
        await propose(BRIEF, ScriptedModel([reply]), nonce="n")


async def test_a_brief_with_quotes_and_line_breaks_is_kept_as_it_is() -> None:
    """Down to the backslash."""
    brief = 'Say "hello" to C:\\new\nand """three""" more.'
    data = tomllib.loads((await proposed(GOOD[:1], brief=brief)).toml)
    assert data["brief"].strip() == brief
