"""Edits of a long text, from the spec to the report: what the author sees, what applies, what is told."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import setpoint
from setpoint import checks
from setpoint.core.excerpt import ELISION
from setpoint.core.spec import Criterion
from setpoint.ledgers import MemoryLedger
from setpoint.ports import Prompt
from setpoint.report.summary import Summary, summarise
from setpoint.run import Result
from setpoint.testing import ScriptedModel


def checked(name: str, check: str | dict[str, object]) -> Criterion:
    """A criterion that code measures."""
    call = checks.parse(check)
    return Criterion(name=name, says=checks.describe(call), check=call)


SPEC = setpoint.Spec(
    brief="A report on the harbour.",
    kind="markdown",
    criteria=(
        checked("no-jargon", {"excludes": ["synergy"]}),
        checked("finished", "no_placeholder"),
        checked("says-when", {"contains": ["on 4 May"]}),
    ),
)
MORE = "They are told here at some length, so that the paragraph holds more than its first words do."
BODY = [
    f"Paragraph {n} tells of pier {n}, its boats, and of those who mend them in the winter. {MORE}" for n in range(40)
]
DRAFT = "\n\n".join(["# The harbour", *BODY[:20], "There is synergy at [place].", *BODY[20:]]) + "\n"


async def repaired(replies: Sequence[dict[str, Any]], most: int = 8) -> tuple[Result, list[Prompt], Summary]:
    """The run of an author that sends these edits, one reply after another."""
    model, ledger = ScriptedModel([json.dumps({"edits": reply}) for reply in replies]), MemoryLedger()
    result = await setpoint.refine(SPEC, draft=DRAFT, author=model, ledger=ledger, budget=setpoint.Budget(passes=most))
    return result, model.prompts, summarise(await ledger.replay(result.run))


JARGON = {"search": "synergy", "replace": "calm"}
PLACE = {"search": "[place]", "replace": "pier 9"}
WHEN = {"after": 1, "add": "It opens on 4 May."}


async def test_faults_with_a_place_are_mended_from_an_excerpt_in_one_call() -> None:
    """The author reads a quarter of the text and writes three sentences; all else keeps its bytes."""
    result, prompts, _ = await repaired([{"no-jargon": [JARGON], "finished": [PLACE], "says-when": [WHEN]}])
    assert (result.outcome, len(prompts)) == ("accepted", 1)
    assert BODY[5] not in prompts[0].user
    assert "There is synergy at [place]." in prompts[0].user
    assert ELISION in prompts[0].user
    assert result.text == DRAFT.replace("# The harbour", "# The harbour\n\nIt opens on 4 May.").replace(
        "synergy at [place]", "calm at pier 9"
    )


async def test_edits_that_apply_are_kept_when_others_miss_a_second_time() -> None:
    """What was paid for and fits is not thrown away; the report says what did not fit."""
    wrong = {"search": "[town]", "replace": "pier 9"}
    reply = {"no-jargon": [JARGON], "finished": [wrong], "says-when": [WHEN]}
    result, prompts, summary = await repaired([reply, reply, {"finished": [PLACE]}])
    assert (result.outcome, len(prompts), result.passes) == ("accepted", 3, 3)
    assert "could not be applied" in prompts[1].user
    assert json.dumps({"edits": {"no-jargon": [JARGON]}})[:-2] in prompts[1].user  # under the names it was sent for
    notes = [note for entry in summary.passes for note in entry.notes]
    assert any("1 edit did not apply and the author was asked again" in note for note in notes)
    assert any("1 edit did not apply; the others did" in note for note in notes)


async def test_a_miss_is_not_asked_for_again_where_another_edit_for_its_fault_applied() -> None:
    """A small author cut three words of four that the criterion names; the fourth did not stand there."""
    also = {"search": "leverage", "replace": ""}
    result, prompts, summary = await repaired([{"no-jargon": [also, JARGON], "finished": [PLACE], "says-when": [WHEN]}])
    assert (result.outcome, len(prompts)) == ("accepted", 1)
    assert any("1 edit did not apply; the others did" in note for entry in summary.passes for note in entry.notes)


async def test_a_reply_whose_edits_all_miss_twice_is_a_failed_move() -> None:
    """There is nothing to keep."""
    nothing = {"no-jargon": [{"search": "no such words", "replace": "x"}]}
    _, _, summary = await repaired([nothing, nothing], most=2)
    assert [entry.failure for entry in summary.passes][1] == "patch_not_applied"


async def test_words_that_stand_only_where_the_text_was_not_shown_are_no_edit() -> None:
    """Told "7 points; cut 2", a small author changed a 7 in a paragraph that it had never seen."""
    spec = replace(SPEC, criteria=SPEC.criteria[:2])
    guess, also = {"search": "pier 7", "replace": "pier 5"}, {"search": "[place]", "replace": "pier 9"}
    model = ScriptedModel([json.dumps({"edits": {"no-jargon": [JARGON, guess], "finished": [also]}})])
    result = await setpoint.refine(spec, draft=DRAFT, author=model, ledger=MemoryLedger())
    assert (result.outcome, len(model.prompts)) == ("accepted", 1)
    assert result.text == DRAFT.replace("synergy at [place]", "calm at pier 9")


async def test_a_fault_of_the_whole_shows_the_whole() -> None:
    """What makes a text too long stands everywhere."""
    spec = replace(SPEC, criteria=(*SPEC.criteria, checked("short", {"words": {"max": 300}})))
    model = ScriptedModel([json.dumps({"edits": {"short": []}})])
    await setpoint.refine(spec, draft=DRAFT, author=model, ledger=MemoryLedger(), budget=setpoint.Budget(passes=2))
    assert DRAFT.strip() in model.prompts[0].user


async def test_a_critics_fault_says_which_passage_it_concerns_and_a_checks_message_names_the_words() -> None:
    """A check quotes what is wrong; a small author that is also shown where a passage begins looks for that instead."""
    spec = replace(SPEC, criteria=(*SPEC.criteria, Criterion(name="kind", says="Is kind to those who mend.")))
    model = ScriptedModel([json.dumps({"edits": {"kind": [PLACE]}})])
    critic = ScriptedModel(cold)
    await setpoint.refine(
        spec,
        draft=DRAFT,
        author=model,
        critic=critic,
        ledger=MemoryLedger(),
        policy=setpoint.Policy(off=("redirect",)),
        budget=setpoint.Budget(passes=2),
    )
    assert f"It concerns the passage with: {BODY[4][:40]}" in model.prompts[0].user
    assert model.prompts[0].user.count("It concerns the passage with:") == 1


def cold(prompt: Prompt) -> str:
    """A critic that fails whatever it is asked about, also while it is tried out."""
    schema: Any = prompt.schema
    names = schema["properties"]["readings"]["properties"]
    return json.dumps({"readings": dict.fromkeys(names, COLD), "other": []})


COLD = {"lines": [11], "finding": "It is cold.", "verdict": "fail", "do": "in line 11, thank those who mend the boats"}
