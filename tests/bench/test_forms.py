"""Replies come in the form that was asked for, in process and over HTTP."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlparse

import pytest

from plant import REGIMES, Plant, PlantServer
from plant.reader import Message

REGIME = replace(REGIMES["strong"], fenced=0.0, sensitivity=1.0, alarm=0.0)
PLANT = Plant(REGIME, 3)
LIST = "\n".join(f"- {c.name}: {c.says}" for c in PLANT.spec.criteria)
DRAFT = PLANT.answer([Message("user", f"Write a report.\nRequirements:\n{LIST}")]).text
TRUTH = PLANT.truth(DRAFT)
JUDGE = f"Judge the draft against the criteria.\nCriteria:\n{LIST}\n\nDraft:\n{DRAFT}\n"


def post(url: str, payload: Mapping[str, object]) -> tuple[int, dict[str, object]]:
    """One request to a server: its status and JSON."""
    where = urlparse(url)
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    line.request("POST", f"{where.path}/chat/completions", json.dumps(payload), {"Content-Type": "application/json"})
    answer = line.getresponse()
    found = (answer.status, json.loads(answer.read()))
    line.close()
    return found


VERDICTS = {
    "list of objects": (
        {
            "type": "object",
            "properties": {
                "verdicts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "criterion": {"type": "string"},
                            "verdict": {"enum": ["pass", "fail", "cannot_assess"]},
                            "lines": {"type": "array", "items": {"type": "integer"}},
                            "reason": {"type": "string"},
                        },
                    },
                }
            },
        },
        lambda said: {one["criterion"]: one["verdict"] == "pass" for one in said["verdicts"]},
    ),
    "object by name": (
        {
            "type": "object",
            "properties": {c.name: {"$ref": "#/$defs/one"} for c in PLANT.spec.criteria},
            "$defs": {
                "one": {"type": "object", "properties": {"passed": {"type": "boolean"}, "why": {"type": "string"}}}
            },
        },
        lambda said: {name: one["passed"] for name, one in said.items()},
    ),
    "pydantic optional": (
        {
            "type": "object",
            "properties": {
                "results": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "score": {"type": "integer", "minimum": 0, "maximum": 1},
                            "fix": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        },
                    },
                }
            },
        },
        lambda said: {one["name"]: bool(one["score"]) for one in said["results"]},
    ),
    "failed names": (
        {
            "type": "object",
            "properties": {
                "passed": {"type": "boolean"},
                "failed_criteria": {"type": "array", "items": {"type": "string"}},
            },
        },
        lambda said: {name: name not in said["failed_criteria"] for name in TRUTH},
    ),
}


@pytest.mark.parametrize(("schema", "read"), VERDICTS.values(), ids=VERDICTS.keys())
def test_verdicts_follow_any_schema(schema, read):
    """A perfect critic's verdicts are the truth, whatever the properties are called."""
    bad = DRAFT.replace(next(line for line in DRAFT.splitlines() if PLANT.world.marks(line)), "")
    prompt = f"Criteria:\n{LIST}\n\nDraft:\n{bad}\n\nJudge it."
    assert read(json.loads(PLANT.answer([Message("user", prompt)], schema=schema).text)) == PLANT.truth(bad)


def test_verdicts_follow_an_example_in_the_prompt():
    """JSON asked for by example needs no schema."""
    prompt = JUDGE + 'Reply with JSON: {"verdicts": [{"rule": "...", "pass": true|false, "reason": "..."}]}'
    said = json.loads(PLANT.answer([Message("user", prompt)]).text)
    assert {one["rule"]: one["pass"] for one in said["verdicts"]} == TRUTH


def test_a_json_schema_in_the_prompt_is_followed():
    """A request that is one JSON object, with the list of rules, the text and the schema of the reply in it."""
    schema = {
        "type": "object",
        "required": ["rules"],
        "properties": {
            "rules": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"rule_id": {"type": "string"}, "status": {"enum": ["pass", "fail", "abstain"]}},
                },
            }
        },
    }
    rules = [{"rule_id": c.name, "criteria": c.says} for c in PLANT.spec.criteria[:3]]
    passed = [c.name for c in PLANT.spec.criteria[3:]]
    request = {"candidate": DRAFT, "criteria": rules, "passed_by_code": passed, "response_schema": schema}
    messages = [
        Message("system", "You are a verifier. Return JSON only. Judge only the listed rule ids."),
        Message("user", json.dumps(request, separators=(",", ":"))),
    ]
    said = json.loads(PLANT.answer(messages).text)
    asked = [c.name for c in PLANT.spec.criteria[:3]]
    assert {one["rule_id"]: one["status"] == "pass" for one in said["rules"]} == {name: TRUTH[name] for name in asked}


def test_of_two_variants_the_true_one_is_given():
    """A union of a pass and a failure, told apart by a constant, and only the failure has room for a reason."""
    passing = {"type": "object", "properties": {"name": {"type": "string"}, "passed": {"const": True}}}
    failing = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "passed": {"const": False}, "gap": {"type": "string"}},
    }
    items = {"oneOf": [{"$ref": "#/$defs/Passing"}, {"$ref": "#/$defs/Failing"}]}
    schema = {
        "type": "object",
        "$defs": {"Passing": passing, "Failing": failing},
        "properties": {"criteria": {"type": "array", "items": items}},
    }
    bad = DRAFT.replace(next(line for line in DRAFT.splitlines() if PLANT.world.marks(line)), "")
    prompt = f"Criteria:\n{LIST}\n\nDraft:\n{bad}\n\nJudge it."
    said = json.loads(PLANT.answer([Message("user", prompt)], schema=schema).text)["criteria"]
    assert {one["name"]: one["passed"] for one in said} == PLANT.truth(bad)
    assert all(bool(one.get("gap")) != one["passed"] for one in said)


def test_a_text_in_a_fence_is_not_fenced_again():
    """An author that likes fences, asked for one, gives one."""
    fond = Plant(replace(REGIME, fenced=1.0), 3)
    prompt = f"Write a report.\nRequirements:\n{LIST}\n\nReply with the text only, within ``` blocks."
    assert fond.answer([Message("user", prompt)]).text.count("```") == 2


def test_labels_of_the_prompt_are_used():
    """A prompt that calls the demands C1, C2 … gets them back."""
    listed = "\n".join(f"C{n}: {c.says}" for n, c in enumerate(PLANT.spec.criteria, start=1))
    schema = {
        "type": "object",
        "properties": {
            "verdicts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string", "enum": [f"C{n}" for n in range(1, 9)]},
                        "status": {"enum": ["PASS", "FAIL"]},
                    },
                },
            }
        },
    }
    said = json.loads(PLANT.answer([Message("user", f"Judge.\n{listed}\n\n{DRAFT}")], schema=schema).text)
    assert [one["id"] for one in said["verdicts"]] == [f"C{n}" for n in range(1, 9)]
    assert [one["status"] == "PASS" for one in said["verdicts"]] == list(TRUTH.values())


def test_a_plain_request_gets_a_plain_list():
    """One line per demand."""
    lines = PLANT.answer([Message("user", JUDGE + "PASS or FAIL for each criterion.")]).text.splitlines()
    assert {line.split(":")[0]: "PASS" in line for line in lines} == TRUTH


def test_marked_fields_and_fences_are_answered_in_kind():
    """Prompting libraries have forms of their own."""
    marked = (
        f"Your input fields are: task. Your output fields are: draft.\n[[ ## task ## ]]\nA report.\n{LIST}\n\n"
        "Respond with the corresponding output fields, starting with the field `[[ ## draft ## ]]`, and then ending "
        "with the marker for `[[ ## completed ## ]]`."
    )
    said = PLANT.answer([Message("user", marked)]).text
    assert said.startswith("[[ ## draft ## ]]\n# ")
    assert said.endswith("[[ ## completed ## ]]")
    fenced = (
        f"Criteria:\n{LIST}\n\nText:\n{DRAFT}\n\nWrite an improved version. Provide the new text within ``` blocks."
    )
    assert PLANT.answer([Message("user", fenced)]).text.startswith("```\n# ")


def test_advice_about_a_program_is_given_per_module():
    """A library that asks for advice on a failed prediction gets it for each module, about what truly fails."""
    bad = DRAFT.replace(next(line for line in DRAFT.splitlines() if PLANT.world.marks(line)), "")
    failed = [name for name, met in PLANT.truth(bad).items() if not met]
    ask = (
        f"[[ ## program_outputs ## ]]\n{bad}\n\n[[ ## reward_value ## ]]\n0.8\n\nThe task said:\n{LIST}\n\n"
        '[[ ## module_names ## ]]\n["predict"]\n\nRespond with the corresponding output fields, starting with the field '
        "`[[ ## discussion ## ]]`, then `[[ ## advice ## ]]`, and then ending with the marker for "
        "`[[ ## completed ## ]]`."
    )
    said = PLANT.answer([Message("user", ask)]).text
    advice = json.loads(said.split("[[ ## advice ## ]]\n")[1].split("\n\n[[ ## completed")[0])
    assert list(advice) == ["predict"]
    assert [name for name in TRUTH if name in advice["predict"]] == failed


def test_the_server_speaks_the_common_protocol():
    """Plain text with usage, a schema, a forced tool, several choices, and errors as errors."""
    with PlantServer(Plant(REGIME, 3)) as server:
        ask = {"model": "m", "messages": [{"role": "user", "content": f"Write a report.\nRequirements:\n{LIST}"}]}
        status, plain = post(server.url, ask)
        assert status == 200
        assert plain["choices"][0]["message"]["content"] == DRAFT  # type: ignore[index]
        usage = plain["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 300  # type: ignore[index]

        judge = [
            {"role": "system", "content": "You are a judge."},
            {"role": "user", "content": [{"type": "text", "text": JUDGE}]},
        ]
        schema = VERDICTS["list of objects"][0]
        form = {"type": "json_schema", "json_schema": {"name": "v", "schema": schema}}
        _status, judged = post(server.url, {"messages": judge, "response_format": form})
        assert len(json.loads(judged["choices"][0]["message"]["content"])["verdicts"]) == 8  # type: ignore[index]

        tool = {"type": "function", "function": {"name": "grade", "parameters": schema}}
        forced = {"type": "function", "function": {"name": "grade"}}
        for choice in (forced, "required"):
            _status, called = post(server.url, {"messages": judge, "tools": [tool], "tool_choice": choice})
            call = called["choices"][0]["message"]["tool_calls"][0]["function"]  # type: ignore[index]
            assert call["name"] == "grade"
            assert len(json.loads(call["arguments"])["verdicts"]) == 8
        _status, loose = post(server.url, {"messages": judge, "tools": [tool], "tool_choice": "auto", "n": 2})
        assert [one["message"].get("tool_calls") for one in loose["choices"]] == [None, None]  # type: ignore[attr-defined]

        _status, judged = post(server.url, {"messages": judge, "response_format": {"type": "json_object"}})
        text = judge[1]["content"][0]["text"]  # type: ignore[index]
        assert text
        assert post(server.url, {"no": "messages"})[0] == 400
        assert server.served.calls == 6


def test_the_server_keeps_a_cap():
    """What would break the cap is refused, and is not counted."""
    with PlantServer(Plant(REGIME, 3), tokens=1000) as server:
        ask = {"messages": [{"role": "user", "content": f"Write a report.\nRequirements:\n{LIST}"}]}
        answers = [post(server.url, ask)[0] for _ in range(4)]
        assert answers[0] == 200
        assert answers[-1] == 400
        assert server.served.calls == answers.count(200)


def test_json_objects_are_asked_for_by_the_prompt():
    """Without a schema, JSON is keyed by demand."""
    said = json.loads(PLANT.answer([Message("user", JUDGE + "Answer in JSON, one entry per criterion.")]).text)
    assert {name: one["pass"] for name, one in said.items()} == TRUTH


def test_a_reply_is_cut_at_its_limit():
    """The limit counts and is said to have been hit."""
    answer = PLANT.answer([Message("user", f"Write a report.\nRequirements:\n{LIST}")], max_tokens=50)
    assert (answer.finish, len(answer.text)) == ("length", 200)


FINDING = {
    "boolean and line": {"found": {"type": "boolean"}, "line": {"type": "integer"}, "quote": {"type": "string"}},
    "nullable name": {
        "competing_criterion": {"type": ["string", "null"]},
        "lines": {"type": "array", "items": {"type": "integer"}},
    },
}


@pytest.mark.parametrize("properties", FINDING.values(), ids=FINDING.keys())
@pytest.mark.parametrize("name", ["stubborn-competing", "stubborn-plain"])
def test_a_competing_instruction_is_found_only_if_there_is_one(properties, name):
    """The mediator's reader cites the line of the prompt that competes, in the prompt's own numbering."""
    plant = Plant(replace(REGIMES[name], fenced=0.0), 4)
    world = plant.world
    stubborn = plant.spec.criteria[world.stubborn or 0]
    listed = "\n".join(f"{n}: {c.says}" for n, c in enumerate(plant.spec.criteria, start=11))
    prompt = (
        f"An author was asked twice for this and did not do it: {stubborn.says}\nWhich instruction in its prompt, whose "
        f"lines are numbered, competes with that? Cite the line, or say that there is none.\n\n10: Write a report.\n{listed}"
    )
    said = json.loads(plant.answer([Message("user", prompt)], schema={"type": "object", "properties": properties}).text)
    there = name == "stubborn-competing"
    if "found" in said:
        assert said["found"] is there
        assert said["line"] == (11 + (world.rival or 0) if there else 0)
        assert (stubborn.says not in said["quote"]) or not there
    else:
        assert said["competing_criterion"] == (plant.spec.criteria[world.rival or 0].name if there else None)
        assert said["lines"] == ([11 + (world.rival or 0)] if there else [])
