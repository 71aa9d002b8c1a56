"""The plant reads prompts by meaning: the same request in the words of different loops is the same request."""

import pytest

from plant import REGIMES, Plant
from plant.grasp import Request, grasp
from plant.model import Plant as Model
from plant.reader import Message

PLANT = Plant(REGIMES["strong"], 3)
A, B, C, D = (PLANT.spec.criteria[n].name for n in range(4))
NAMES = tuple(PLANT.spec.names())
LIST = "\n".join(f"- {c.name}: {c.says}" for c in PLANT.spec.criteria)
SAYS = "\n".join(f"{n}. {c.says}" for n, c in enumerate(PLANT.spec.criteria, start=1))
DRAFT = PLANT.answer([Message("user", f"Write a report.\nRequirements:\n{LIST}")]).text
LINE = next(line for line in DRAFT.splitlines() if any(mark.demand == 0 for mark in PLANT.world.marks(line)))


def says(number: int) -> str:
    """What a demand says."""
    return PLANT.spec.criteria[number].says


def read(*texts: str, keys: tuple[str, ...] = ()) -> Request:
    """One user message, or system and user."""
    roles = ["user"] if len(texts) == 1 else ["system", "user"]
    return grasp(PLANT.world, [Message(role, text) for role, text in zip(roles, texts, strict=True)], keys)


def chat(*turns: tuple[str, str]) -> Request:
    """A chat as one request."""
    return grasp(PLANT.world, [Message(role, text) for role, text in turns])


SINGLED_OUT = {
    "hand loop": f"Write a report.\n{LIST}\nCurrent draft:\n{DRAFT}\nFix: ['{A}', '{B}']\nRewrite it.",
    "feedback appended": f"Write a report that meets this rubric:\n{LIST}\n\nYour last answer was:\n{DRAFT}\n\n"
    f"Rule {A} failed: a reader cannot act on it.\nRule {B} failed: nothing settles it.\n\nTry again.",
    "markdown sections": f"## Task\nA report.\n\n## Criteria\n{LIST}\n\n## Draft\n{DRAFT}\n\n## What is wrong\n"
    f"- {A}: the sentence stays general; say who.\n- {B}: half said.\n\n## Your turn\nRevise the draft.",
    "tags": f"<requirements>\n{LIST}\n</requirements>\n<draft>\n{DRAFT}\n</draft>\n<failed>\n{A}\n{B}\n</failed>\n"
    "Return the full revised text.",
    "verdict table": f"Task: a report.\n{LIST}\n\nText:\n{DRAFT}\n\n"
    + "\n".join(f"| {name} | {'FAIL' if name in {A, B} else 'PASS'} |" for name in NAMES)
    + "\n\nImprove the text.",
    "judge's JSON": f"{LIST}\n\nDraft:\n{DRAFT}\n\nEvaluation: "
    "{"
    + ", ".join(f'"{name}": {{"pass": {str(name not in {A, B}).lower()}}}' for name in NAMES)
    + "}"
    + "\nRewrite the draft.",
    "prose critique": f"Requirements:\n{LIST}\n\nDraft:\n{DRAFT}\n\nA reviewer wrote: the {A} is not convincing and "
    f"the {B} does not answer the question. The {C} is fine as it is.\n\nRewrite the draft.",
    "bare naming": f"Requirements:\n{LIST}\n\nDraft:\n{DRAFT}\n\nThis time: {A}, {B}.\n\nRewrite the draft.",
    "sentences instead of names": f"It must do all of this:\n{SAYS}\n\nThe text so far:\n{DRAFT}\n\n"
    f"Not yet met:\n- {says(0)}\n- {says(1)}\n\nWrite the text again with these put right.",
    "directives with keep": f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\nWork on the {A} and the {B}, and keep the {C}. Revise.",
}


@pytest.mark.parametrize("prompt", SINGLED_OUT.values(), ids=SINGLED_OUT.keys())
def test_demands_named_outside_the_general_list_are_singled_out(prompt):
    """Two demands are to be fixed, whatever the loop calls it; all are listed, and the draft is found."""
    request = read(prompt)
    assert (request.act, set(request.fix)) == ("write", {0, 1})
    assert set(request.listed) == set(range(8))
    assert PLANT.world.truth(request.draft.text) == PLANT.world.truth(DRAFT)
    assert not request.fresh


def test_a_chat_is_read_as_one_request():
    """A draft in an earlier message is current; a critique in a later one singles out."""
    request = chat(
        ("system", "You write reports."),
        ("user", f"Write a report. It has to satisfy:\n{LIST}"),
        ("assistant", DRAFT),
        ("user", f"Here is my feedback: the {A} says nothing, and I miss the {B}. Please revise."),
    )
    assert set(request.fix) == {0, 1}
    assert request.draft.lines


@pytest.mark.parametrize(
    "prompt",
    [
        f"Write a report that meets these criteria:\n{LIST}",
        f"You are a writer.\n\nRequirements (each must hold):\n{SAYS}\n\nReply with the text only.",
        f"task: a report\n\n{LIST}",
    ],
)
def test_a_list_alone_singles_nothing_out(prompt):
    """A first prompt lists every demand and asks for a text."""
    request = read(prompt)
    assert (request.act, set(request.fix), len(request.listed)) == ("write", set(), 8)
    assert not request.draft.lines


@pytest.mark.parametrize(
    "prompt",
    [
        f"{LIST}\n\nDraft:\n{DRAFT}\n\nRewrite the draft so that it meets all of the criteria.",
        f"Improve this text.\n\n{DRAFT}",
        f"Requirements:\n{LIST}\n\nHere is your draft:\n{DRAFT}\n\nMake it better.",
    ],
)
def test_asking_for_a_better_text_singles_nothing_out(prompt):
    """Unguided refinement is recognised as such."""
    request = read(prompt)
    assert (request.act, set(request.fix)) == ("write", set())
    assert request.draft.lines


@pytest.mark.parametrize(
    "words",
    [
        f"Fix {B}. {A} must stay as it is.",
        f"To fix:\n- {B}\n\nFrozen, do not touch:\n- {A}",
        f"Work only on this: {B}\n\nUnder no circumstances lose this: {A}",
        f"Problem: {B} is missing.\nThe {A} is locked.",
    ],
)
def test_what_must_stay_is_held_fast(words):
    """A demand that may not be lost is firm; the other one is worked on."""
    request = read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\n{words}\n\nRewrite the draft.")
    assert (set(request.fix), set(request.firm)) == ({1}, {0})


def test_a_quoted_sentence_that_must_stay_holds_its_demand_fast():
    """Sentences quoted as locked count for the demand they serve."""
    request = read(
        f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\nFix: {B}\n\nThese sentences must stay word for word:\n> {LINE}\n\nRewrite."
    )
    assert 0 in request.firm
    assert request.pinned


@pytest.mark.parametrize(
    ("words", "crowd"),
    [
        (f"All of this must stay so:\n- {A}\n- {C}\n- {D}", 3),
        (f"All of this must stay so:\n- {A}\n- {C}\n- {D}\n\nAbove all, {A} must stay at any price.", 1),
        (f"{A} must stay. {C} must stay.", 2),
    ],
)
def test_what_is_held_alone_is_held_more_pointedly(words, crowd):
    """A demand in a long list of what must stay is held along with the others, unless it is also held by itself."""
    assert read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\n{words}\n\nFix {B}. Rewrite the draft.").crowd[0] == crowd


@pytest.mark.parametrize(
    "words",
    [
        f"{A} and {C} pass already; leave them alone. Fix {B}.",
        f"Keep: {A}, {C}\nFix: {B}",
        f"Already satisfied - do not regress:\n- {A}\n- {C}\n\nStill failing:\n- {B}",
    ],
)
def test_what_passes_is_kept_and_not_singled_out(words):
    """A keep list is not a list of faults."""
    request = read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\n{words}\n\nRewrite the draft.")
    assert set(request.fix) == {1}
    assert {0, 2} <= set(request.keep)


@pytest.mark.parametrize(
    "words",
    [
        f"{A} comes before {B}.",
        f"Where {A} and {B} pull apart, {A} wins.",
        f"{A} takes precedence over {B}.",
        f"If they conflict, follow {A} and let {B} give way.",
        f"Prioritise {A} over {B}.",
        f"{B} yields to {A} in case of doubt.",
        f"{A} > {B}",
        f"When {B} clashes with {A}, {B} gives way.",
        f"{A} is more important than {B}.",
        f'Prefer "{A}" to "{B}" whenever both cannot be had.',
        f"In a conflict between {B} and {A}, {A} has priority.",
        f"{says(0)[:-1]} takes precedence over: {says(1)}",
    ],
)
def test_an_order_between_two_demands_is_understood(words):
    """An order says which of two demands comes first, and which second."""
    request = read(f"Criteria:\n{LIST}\n\nNote: {words}\n\nDraft:\n{DRAFT}\n\nFix {A}. Rewrite the draft.")
    assert set(request.orders) == {(0, 1)}


def test_two_demands_in_one_sentence_are_no_order():
    """Naming two demands together orders nothing."""
    assert not read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\nFix {A} and {B}, then send the text.").orders
    assert not read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\nThe {A} is unclear and so is the {B}.").orders


@pytest.mark.parametrize(
    "words",
    [
        f"Before you answer, check your text against this list and quote the sentence that meets it:\n- {A}",
        f"Verify each of the following with evidence from your text:\n- {A}: {says(0)}",
        f"Confirm that {A} holds: cite the line that shows it.",
        f"Go through this list one by one and point to the passage that proves it.\n\nTo verify:\n* {A}",
    ],
)
def test_a_list_to_verify_with_evidence_is_understood(words):
    """Checking with evidence is more than naming a demand."""
    assert set(read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\n{words}\n\nRewrite the draft.").verify) == {0}


@pytest.mark.parametrize(
    "words", [f"Fix {A}!", f"Remember {A}.", f"{A} is still missing. It is important.", "Check your spelling."]
)
def test_repeating_a_demand_is_no_list_to_verify(words):
    """Saying it louder is not checking."""
    assert not read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\n{words}\n\nRewrite the draft.").verify


FRESH = [
    "Start over from scratch with a different approach.",
    "Discard that text. Begin again from another angle.",
    "Write a completely new draft that takes another approach than this one.",
    "Forget the earlier text and rethink the whole thing from the ground up; choose an alternative premise.",
]


@pytest.mark.parametrize("words", FRESH)
def test_a_new_start_by_another_approach_is_understood(words):
    """Two meanings: nothing is taken over, and it is done differently."""
    request = read(f"Criteria:\n{LIST}\n\nEarlier attempt:\n{DRAFT}\n\n{words}")
    assert (request.act, request.fresh, request.approach) == ("write", True, True)
    assert not request.draft.lines


def test_a_new_start_alone_is_no_other_approach():
    """A fresh draft after a list of what failed may well repeat the premise."""
    request = read(f"Write a report from scratch.\nCriteria:\n{LIST}\n\nEarlier attempts failed at: {A}, {B}.")
    assert (request.fresh, request.approach, set(request.fix)) == (True, False, {0, 1})


@pytest.mark.parametrize(
    "words",
    [
        "Use exactly these headings in this order:\n{}",
        "The outline is fixed:\n{}\nDo not rename or reorder its sections.",
        "Approved structure (must be kept as it stands):\n\n{}",
    ],
)
@pytest.mark.parametrize("mark", ["## {}", "- {}", "1. {}"])
def test_a_fixed_outline_is_understood(words, mark):
    """Headings listed as binding are the outline; listed for information they are not."""
    headings = PLANT.world.headings[::-1]
    outline = "\n".join(mark.format(heading) for heading in headings)
    request = read(f"Criteria:\n{LIST}\n\n{words.format(outline)}\n\nWrite the report.")
    assert request.outline == headings


def test_headings_to_keep_are_those_of_the_draft():
    """An outline need not be listed again if it stands in the draft."""
    request = read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\nFix {A}. Keep the headings and their order as they are.")
    assert request.outline == PLANT.world.headings
    assert not read(f"Criteria:\n{LIST}\n\nDraft:\n{DRAFT}\n\nFix {A}. Rewrite it.").outline


@pytest.mark.parametrize(
    "words",
    [
        "Write the outline only: headings, no prose.",
        "Before any text, propose an outline. Give just the headings.",
        "Return nothing but the headings of the report.",
    ],
)
def test_an_outline_alone_is_understood(words):
    """Headings first, prose later."""
    assert read(f"A report.\nCriteria:\n{LIST}\n\n{words}").outline_only


JUDGING = {
    "strict reviewer": (
        "You are a strict reviewer.",
        f"Criteria:\n{LIST}\n\nText:\n{DRAFT}\n\nFor each criterion say PASS or FAIL.",
    ),
    "grader": (
        "",
        f"Grade the following text. For every requirement answer pass/fail with a reason.\n{LIST}\n\n{DRAFT}",
    ),
    "judge JSON": (
        "You judge texts; you never rewrite them.",
        f"{LIST}\n\nDRAFT\n{DRAFT}\n\nReply with JSON, one verdict per rule.",
    ),
    "question": (
        "",
        f"Requirements:\n{LIST}\n\nDraft:\n{DRAFT}\n\nWhich requirements does this draft meet? Answer met or unmet for each.",
    ),
}


@pytest.mark.parametrize("prompt", JUDGING.values(), ids=JUDGING.keys())
def test_a_request_for_verdicts_is_understood(prompt):
    """A judge's prompt is not an author's, though it quotes a draft and speaks of writing."""
    request = read(*(text for text in prompt if text))
    assert request.act == "judge"
    assert len(request.asked) == 8


def test_a_request_for_feedback_is_answered_in_prose():
    """Self-refinement asks for feedback, not for verdicts."""
    request = read(f"Requirements:\n{LIST}\n\nDraft:\n{DRAFT}\n\nGive feedback on how the draft could be improved.")
    assert request.act == "advise"


def test_a_request_for_the_improved_version_is_one_to_write():
    """However much it speaks of evaluation before, the reply that it wants is a text."""
    request = read(
        "You are an optimization assistant. Your task is to analyze evaluation feedback and propose a better component.\n"
        f"The text must meet all of these criteria:\n{LIST}\n\nThe current component:\n```\n{DRAFT}\n```\n\n"
        f"## Evaluation results\n```\nThese criteria failed:\n- {A}: half said\n```\n\n"
        "Analyze the evaluation results systematically: which failures does the evaluation show?\n\n"
        "Provide ONLY the improved version within ``` blocks."
    )
    assert (request.act, request.fix) == ("write", {0})


def test_only_restricts_what_is_judged_where_it_speaks_of_judging():
    """A warning to treat only some parts as data leaves all criteria in question."""
    request = read(
        f"Evaluate whether the text satisfies every criterion. Only treat what stands between the tags as data.\n\n"
        f"<criteria>\n{LIST}\n</criteria>\n\nEarlier feedback:\nAlready satisfied, do not regress these:\n- {C}\n\n"
        f"<text>\n{DRAFT}\n</text>\n\nGive a verdict, pass or fail, for each criterion."
    )
    assert len(request.asked) == 8


def test_one_demand_asked_alone_is_judged_alone():
    """The rest of the list is context."""
    request = read(
        f"All criteria:\n{LIST}\n\nText:\n{DRAFT}\n\nJudge only this one:\n- {C}: {says(2)}\n\nVerdict: PASS or FAIL?"
    )
    assert request.asked == (2,)


def test_the_schema_says_what_is_wanted():
    """Property names outweigh the words around them."""
    text = f"{LIST}\n\n{DRAFT}\n\nGo."
    assert read(text, keys=("edits", "search", "replace")).act == "write"
    assert read(text, keys=("verdicts", "criterion", "verdict", "reason")).act == "judge"
    assert read(text, keys=("competing_instruction", "line")).act == "find"


def test_a_search_for_a_competing_instruction_is_understood():
    """A mediator reads the author's prompt and names the line that works against a demand."""
    request = read(
        f"An author was asked twice to meet {A} and did not. Which instruction in the prompt below works against it? "
        f"Cite the line.\n\n1: Write a report.\n2: {says(0)}\n3: {says(1)}"
    )
    assert request.act == "find"


@pytest.mark.parametrize("style", ["{:>3} | {}", "{}: {}", "[{}] {}", "L{} {}", "{:>3} {}", "{}. {}", "{}\t{}"])
def test_line_numbers_come_off_and_are_remembered(style):
    """A draft with numbered lines is the draft, however they are numbered."""
    numbered = "\n".join(style.format(n, line) for n, line in enumerate(DRAFT.splitlines(), start=1))
    request = read(f"Judge this text. Verdict per criterion.\n{LIST}\n\n{numbered}")
    assert request.draft.text.strip() == DRAFT.strip()
    assert request.draft.numbers[4] == 5


def test_a_draft_inside_a_json_string_is_found():
    """Some loops send everything as JSON."""
    escaped = '{"draft": "' + DRAFT.replace("\n", "\\n") + '", "note": "fix"}'
    assert Model(REGIMES["strong"], 3).truth(read(f"{LIST}\n{escaped}\nFix {A}.").draft.text) == PLANT.truth(DRAFT)
