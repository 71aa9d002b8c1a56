"""The stranger: understands instructions in many wordings, and marks as not asked what was not asked."""

from dataclasses import replace

import pytest

from plant import REGIMES, Plant
from plant.grasp import Request
from plant.reader import Message
from plant.stranger import understand
from plant.world import Mark, dice

STRANGERS = [name for name in REGIMES if name.startswith("stranger-")]
PLANT = Plant(REGIMES["stranger-middling"], 3)
NAMES = tuple(c.name for c in PLANT.spec.criteria)
SAYS = tuple(c.says for c in PLANT.spec.criteria)


def listing(*numbers: int) -> str:
    """Demands as a list; all of them by default."""
    return "\n".join(f"- {NAMES[n]}: {SAYS[n]}" for n in numbers or range(len(NAMES)))


def text() -> str:
    """A draft in the plant's language."""
    rng = dice("text", 3)
    lines = [PLANT.world.title]
    for place, heading in enumerate(PLANT.world.headings):
        lines += ["", f"## {heading}", ""]
        lines += [
            PLANT.world.sentence(Mark(n, good=True), rng) for n in range(len(NAMES)) if PLANT.world.section(n) == place
        ]
    return "\n".join(lines)


def read(prompt: str, *keys: str, system: str = "") -> Request:
    """What the stranger makes of a prompt."""
    messages = [Message("system", system)] if system else []
    return understand(PLANT.world, [*messages, Message("user", prompt)], keys)


def test_a_first_draft_lists_all_demands_and_singles_out_none():
    """Nothing is to be mended where nothing stands yet."""
    request = read(
        f"Write a report for residents. It must meet these requirements:\n{listing()}\n\nSend the text only."
    )
    assert request.act == "write"
    assert request.draft.lines == ()
    assert request.listed == frozenset(range(len(NAMES)))
    assert (request.fix, request.keep, request.orders, request.verify) == (set(), set(), set(), set())
    assert not request.fresh


def test_a_draft_is_found_with_its_own_line_numbers():
    """However it is set off and numbered."""
    lines = text().splitlines()
    numbered = "\n".join(f"{n:>3} | {line}" for n, line in enumerate(lines, start=11))
    for body in (text(), f"<text>\n{text()}\n</text>", f"```\n{numbered}\n```"):
        request = read(f"Here is the draft:\n\n{body}\n\nRevise the draft. Requirements:\n{listing()}")
        assert request.draft.text.strip() == text().strip()
    assert request.draft.numbers[0] == 11


@pytest.mark.parametrize(
    "heading",
    [
        "The draft fails these:",
        "Please repair the following points.",
        "## Problems to solve",
        "What the reviewer found lacking:",
        "These demands are not yet met:",
    ],
)
def test_what_is_under_a_heading_about_faults_is_to_be_fixed(heading: str):
    """And the general list is not."""
    request = read(
        f"All requirements:\n{listing()}\n\nThe draft:\n\n{text()}\n\n{heading}\n{listing(2, 5)}\n\nRewrite the text."
    )
    assert request.fix == {2, 5}
    assert request.listed == frozenset(range(len(NAMES)))


@pytest.mark.parametrize(
    ("heading", "firm"),
    [
        ("Already met; keep them:", False),
        ("Please do not break what works:", False),
        ("These must stay as they are, whatever happens:", True),
        ("Frozen. A version that loses one of these is rejected:", True),
    ],
)
def test_what_is_to_be_kept_is_kept_and_a_must_is_firmer_than_a_wish(heading, firm):
    """Keeping and mending stand side by side."""
    request = read(f"{text()}\n\nFix this:\n{listing(1)}\n\n{heading}\n{listing(3)}\n\nSend the revised text.")
    assert request.fix == {1}
    assert request.keep == {3}
    assert request.firm == ({3} if firm else set())
    assert request.crowd == {3: 1}


def test_one_sentence_can_both_mend_and_keep():
    """A clause speaks for what it names."""
    request = read(f"{text()}\n\nRepair {NAMES[1]} without losing {NAMES[4]}, and send the whole text.")
    assert (request.fix, request.keep) == ({1}, {4})


@pytest.mark.parametrize(
    "wording",
    [
        "{0} takes precedence over {1}.",
        "Where {1} and {0} pull in different directions, {0} wins.",
        "If {0} and {1} conflict, let {1} give way.",
        "{1} is secondary to {0}.",
        "Put {0} before {1}.",
        "Satisfy {0} even at the expense of {1}.",
        "{0} and {1} compete. The former comes first.",
        "In case of doubt, sacrifice {1} for {0}.",
        "Order of priority:\n1. {0}\n2. {1}",
    ],
)
def test_an_order_between_two_demands_is_seen_in_the_right_direction(wording: str):
    """Whichever is named first."""
    request = read(f"{text()}\n\n{wording.format(NAMES[2], NAMES[6])}\n\nRewrite the text.")
    assert request.orders == {(2, 6)}


@pytest.mark.parametrize("wording", ["Serve both {0} and {1}.", "Requirements:\n- {0}\n- {1}", "Fix {0} and {1}."])
def test_two_demands_in_one_breath_are_no_order(wording: str):
    """An order must be stated."""
    assert read(f"{text()}\n\n{wording.format(NAMES[2], NAMES[6])}\n\nRewrite the text.").orders == frozenset()


@pytest.mark.parametrize(
    "wording",
    [
        "Before you send the text, check it against this and quote the line that proves it:\n{}",
        "Verify for each of these that your draft satisfies it:\n{}",
        "Self-check (cite the sentence that shows it):\n{}",
    ],
)
def test_a_list_to_check_oneself_against_is_seen(wording: str):
    """A mere list is not one."""
    prompt = f"Requirements:\n{listing()}\n\n{wording.format(listing(4))}\n\nWrite the text."
    assert read(prompt).verify == {4}
    assert read(f"Requirements:\n{listing()}\n\nWrite the text.").verify == frozenset()


@pytest.mark.parametrize(
    "wording",
    [
        "Start over from a blank page and take a different approach.",
        "The previous attempts failed. Write the text from scratch, from another angle.",
        "Discard the old draft. This time: begin with the people.",
    ],
)
def test_a_new_start_with_another_approach_is_no_revision(wording: str):
    """Even if the old text is shown."""
    request = read(f"Requirements:\n{listing()}\n\nEarlier draft:\n\n{text()}\n\n{wording}")
    assert request.fresh
    assert request.approach
    assert request.draft.lines == ()


def test_a_new_start_alone_is_not_another_approach():
    """Trying again is not trying otherwise."""
    request = read(f"Requirements:\n{listing()}\n\nAn earlier draft failed at:\n{listing(2)}\n\nWrite it from scratch.")
    assert request.fresh
    assert not request.approach
    assert request.fix == {2}


def test_an_outline_alone_and_an_outline_that_is_settled_are_told_apart():
    """The one is asked for, the other is given."""
    only = read(f"Requirements:\n{listing()}\n\nWrite the outline only, no prose yet.")
    assert only.outline_only
    given = "\n".join(f"## {heading}" for heading in PLANT.world.headings)
    settled = read(f"Requirements:\n{listing()}\n\nUse exactly these headings:\n\n{given}\n\nWrite the text.")
    assert not settled.outline_only
    assert settled.outline == PLANT.world.headings


def test_a_critic_is_asked_about_what_it_is_to_judge():
    """All of a list, or the only one."""
    prompt = f"Criteria:\n{listing()}\n\nDraft:\n\n{text()}\n\nFor each criterion, give a verdict: pass or fail."
    assert read(prompt).act == "judge"
    assert read(prompt).asked == tuple(range(len(NAMES)))
    alone = read(f"Context:\n{listing()}\n\nJudge only this:\n{listing(5)}\n\n{text()}", "verdict", "reason")
    assert (alone.act, alone.asked) == ("judge", (5,))


def test_feedback_without_verdicts_is_advice():
    """What reads as advice is answered in prose."""
    assert read(f"Draft:\n{text()}\n\nGive feedback: what could be improved in this draft?").act == "advise"


def test_a_search_for_what_competes_is_about_the_demand_that_is_missed():
    """Not about the prompt that is searched."""
    material = "\n".join(f"{n}| {line}" for n, line in enumerate(listing().splitlines(), start=1))
    request = read(f"The writer keeps missing {NAMES[3]}.\n\n{material}\n\nWhich instruction competes with it?")
    assert (request.act, request.fix) == ("find", {3})


def test_quoted_sentences_are_no_draft():
    """A citation in a complaint stays part of the complaint."""
    quote = next(line for line in text().splitlines() if PLANT.world.marks(line))
    request = read(f'Fix:\n- {NAMES[0]}, line 3 "{quote}": say it in figures.\n\nWrite the text.')
    assert request.draft.lines == ()
    assert request.fix == {0}


def test_strangers_share_task_and_luck_with_the_regime_they_read_for():
    """So that two readings are compared on the same tasks."""
    assert len(STRANGERS) >= 4
    for name in STRANGERS:
        here, there = Plant(REGIMES[name], 7), Plant(REGIMES[name.removeprefix("stranger-")], 7)
        assert here.spec == there.spec
        assert (here.world.pair, here.world.stubborn) == (there.world.pair, there.world.stubborn)


def test_the_remedy_acts_on_the_stranger():
    """A stated order ends a competing instruction that asking does not."""
    regime = replace(REGIMES["stranger-stubborn-competing"], fenced=0.0, remedied=1.0)
    asked = ordered = 0
    for seed in range(20):
        plant = Plant(regime, seed)
        assert plant.world.stubborn is not None
        assert plant.world.rival is not None
        name, rival = (plant.spec.criteria[n].name for n in (plant.world.stubborn, plant.world.rival))
        draft = plant.answer([Message("user", "Write the report.")]).text
        again = f"Draft:\n\n{draft}\n\nThis is not met:\n- {name}\n\nRevise the text."
        asked += plant.truth(plant.answer([Message("user", again)]).text)[name]
        told = f"{again}\n\n{name} takes precedence over {rival}."
        ordered += plant.truth(plant.answer([Message("user", told)]).text)[name]
    assert asked == 0
    assert ordered == 20


@pytest.mark.parametrize("number", ["{:>3} | ", "{:>3} ", "{}: ", "[{}] ", "L{}\t", "{:>4}\t", "{}  "])
def test_line_numbers_of_every_layout_are_taken_off(number: str):
    """Editors and tools print them in many ways; a draft is the same under all of them."""
    lines = [number.format(n) + line for n, line in enumerate(text().splitlines(), start=11)]
    for numbered in ("\n".join(lines), "\n".join(line.rstrip() for line in lines)):
        request = read(f"Criteria:\n{listing()}\n\nDraft:\n\n{numbered}\n\nGive a verdict for each: pass or fail.")
        assert [line.strip() for line in request.draft.lines] == text().splitlines()
        assert request.draft.numbers == tuple(range(11, 11 + len(text().splitlines())))
        assert request.asked == tuple(range(len(NAMES)))


def test_a_prompt_that_is_quoted_asks_for_nothing():
    """Whoever shows a writer's instructions to a reviewer does not want them followed."""
    quoted = f"You are a writer. Write the report.\nRequirements:\n{listing()}\nSend the whole text. Rewrite the text."
    numbered = "\n".join(f"{n:>3} {line}" for n, line in enumerate(quoted.splitlines(), start=1))
    question = "Find the line that conflicts with it and cite it."
    for material in (numbered, f"<prompt>\n{quoted}\n</prompt>", f"[begin of material]\n{quoted}\n[end of material]"):
        request = read(f"The writer keeps missing {NAMES[3]}.\n\n{material}\n\n{question}", "line", "why")
        assert (request.act, request.fix) == ("find", {3})


def test_headings_between_two_paragraphs_part_them():
    """What introduces the headings does not introduce the list after them."""
    given = "\n".join(f"## {heading}" for heading in PLANT.world.headings)
    request = read(
        f"Use these headings, in this order:\n{given}\nAlready met; keep them:\n{listing(2, 4)}\n\nWrite it."
    )
    assert request.keep == {2, 4}
    assert request.orders == frozenset()
