"""The plant: deterministic, truthful about what stands in a text, and helped only by the remedy that fits."""

import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from plant import REGIMES, Plant
from plant.critic import findings
from plant.grasp import Draft
from plant.reader import Message
from plant.regime import Regime
from plant.world import Mark, dice
from setpoint.core.draft import Edit, apply_edits

SEEDS = range(60)


def listing(plant: Plant) -> str:
    """The general list of demands."""
    return "\n".join(f"- {c.name}: {c.says}" for c in plant.spec.criteria)


def say(plant: Plant, text: str) -> str:
    """The reply to one message."""
    return plant.answer([Message("user", text)]).text


def first(plant: Plant) -> str:
    """The first draft."""
    return say(plant, f"{plant.spec.brief}\nRequirements:\n{listing(plant)}\n\nWrite the report.")


def sound(name: str, **changes: object) -> Regime:
    """A regime without the noise that has nothing to do with its obstacle."""
    quiet = {"fenced": 0.0, "broken": 0.0, "edit_miss": 0.0, "loss": 0.0, "first": 1.0}
    return replace(REGIMES[name], **(quiet | changes))  # type: ignore[arg-type]


def failing(plant: Plant, *demands: int) -> str:
    """A text that meets every demand but those."""
    rng = dice("text", plant.world.seed)
    lines = [plant.world.title]
    for place, heading in enumerate(plant.world.headings):
        lines += ["", f"## {heading}", ""]
        for number in range(len(plant.spec.criteria)):
            if number % len(plant.world.headings) == place and number != plant.world.structure:
                lines.append(plant.world.sentence(Mark(number, number not in demands), rng))
    return "\n".join(lines) + "\n"


def rate(regime: Regime, prompt: Callable[[Plant], str], met: Callable[[Plant, dict[str, bool]], bool]) -> float:
    """The share of seeds in which one call with that prompt gives a text that does."""
    hits = 0
    for seed in SEEDS:
        plant = Plant(regime, seed)
        hits += met(plant, plant.truth(say(plant, prompt(plant))))
    return hits / len(SEEDS)


def test_everything_follows_from_regime_seed_and_prompts():
    """Two plants that are asked the same say the same; another seed says something else."""
    one, two, other = (Plant(REGIMES["middling"], seed) for seed in (5, 5, 6))
    assert one.spec.digest == two.spec.digest
    assert one.spec.digest != other.spec.digest
    assert [first(one) for _ in range(3)] == [first(two) for _ in range(3)]
    assert len({first(one) for _ in range(3)}) == 3


def test_what_a_prompt_says_counts_and_not_its_wording():
    """The same request in other words has the same answer."""
    one, two = (Plant(replace(REGIMES["middling"], fenced=0.0), 5) for _ in range(2))
    said = say(two, f"You write reports.\n\n# Criteria\n\n{listing(two)}\n\nSend the whole text, nothing else.")
    assert first(one) == said


def test_truth_follows_edits():
    """Copying keeps it, dropping a line loses it, a good line gains it, a bad one beside it loses it again."""
    plant = Plant(REGIMES["strong"], 1)
    name = plant.spec.criteria[2].name
    text = failing(plant)
    assert all(plant.truth(text).values())
    line = next(line for line in text.splitlines() if any(mark.demand == 2 for mark in plant.world.marks(line)))
    dropped = apply_edits(text, (Edit(search=line, replace=""),)).text
    assert {key for key, met in plant.truth(dropped).items() if not met} == {name}
    bad = plant.world.sentence(Mark(2, good=False), dice("bad"))
    assert not plant.truth(text + bad)[name]
    assert plant.truth(apply_edits(text + bad, (Edit(search=bad, replace=""),)).text)[name]
    assert plant.truth("\n".join(reversed(text.splitlines())))[name]


def test_the_surface_says_nothing():
    """Good and bad sentences use the same words equally often, and codes of one demand share nothing."""
    plant = Plant(REGIMES["strong"], 1)
    rng = dice("surface")
    good = [plant.world.sentence(Mark(0, good=True), rng) for _ in range(2000)]
    bad = [plant.world.sentence(Mark(0, good=False), rng) for _ in range(2000)]
    for probe in ("record", "the", "ba", "zu", "-1", "-9"):
        share = [sum(probe in line for line in lines) / len(lines) for lines in (good, bad)]
        assert abs(share[0] - share[1]) < 0.05


def test_codes_of_another_world_mean_nothing():
    """A text of one task meets nothing of another."""
    one, two = Plant(REGIMES["strong"], 1), Plant(REGIMES["strong"], 2)
    assert sum(two.truth(failing(one)).values()) <= 1


def test_checks_measure_the_truth():
    """A plant's check agrees with the truth and directs."""
    plant = Plant(REGIMES["strong"], 1)
    name, check = next(iter(plant.checks().items()))
    number = plant.world.numbers[name]
    assert check.measure(failing(plant)).passed
    finding = check.measure(failing(plant, number))
    assert (finding.passed, len(finding.lines)) == (False, 1)
    assert plant.spec.criterion(name).says in finding.message
    assert check.measure("").passed is False


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_errors_of_the_critic_correlate_as_stated(rho):
    """The correlation of two calls' errors on one passage, over 6,000 passages, is rho within four standard errors."""
    regime = replace(REGIMES["middling"], rho=rho, sensitivity=0.7, words=40, spread=200.0, first=0.0)
    plant = Plant(regime, 7)
    rng = dice("rho", rho)
    both = one = two = 0
    judged: Counter[tuple[int, str]] = Counter()
    n = 6000
    for _ in range(n):
        draft = Draft((plant.world.sentence(Mark(0, good=False), rng),), (1,))
        missed = [findings(plant.world, draft, [0], judged)[0].status == "pass" for _ in range(2)]
        one, two, both = one + missed[0], two + missed[1], both + (missed[0] and missed[1])
    a, b = one / n, two / n
    correlation = (both / n - a * b) / math.sqrt(a * (1 - a) * b * (1 - b))
    # 997 variants of a sentence: passages repeat, which widens the spread of the estimate to that of 997 draws.
    assert abs(correlation - rho) < 4 / math.sqrt(997)
    assert abs(a - 0.3) < 0.06


def test_an_unchanged_passage_in_another_draft_is_judged_anew():
    """Without correlation, what the critic overlooked in one draft it may notice in the next that keeps the passage."""
    regime = replace(REGIMES["middling"], rho=0.0, sensitivity=0.7)
    plant = Plant(regime, 7)
    rng = dice("anew")
    judged: Counter[tuple[int, str]] = Counter()
    alike = 0
    for number in range(600):
        said = plant.world.sentence(Mark(0, good=False), rng)
        drafts = (Draft((said,), (1,)), Draft((f"Another line {number}.", said), (1, 2)))
        first, second = (findings(plant.world, draft, [0], judged)[0].status for draft in drafts)
        alike += first == second
    assert abs(alike / 600 - (0.7**2 + 0.3**2)) < 0.1


def test_the_critic_errs_at_its_rates():
    """Sensitivity and false alarms are those of the regime."""
    regime = replace(REGIMES["middling"], rho=0.0)
    plant = Plant(regime, 7)
    rng = dice("rates")
    n = 4000
    for good, expected in ((True, regime.alarm), (False, regime.sensitivity)):
        drafts = [Draft((plant.world.sentence(Mark(0, good=good), rng),), (1,)) for _ in range(n)]
        judged: Counter[tuple[int, str]] = Counter()
        failed = sum(findings(plant.world, d, [0], judged)[0].status == "fail" for d in drafts)
        assert abs(failed / n - expected) < 0.03


def test_an_edit_touches_only_its_lines():
    """Edits apply to the draft as it stands in the prompt and leave the rest alone."""
    plant = Plant(sound("strong", fix=1.0), 1)
    text = failing(plant, 2)
    name = plant.spec.criteria[2].name
    reply = say(
        plant,
        f"Criteria:\n{listing(plant)}\n\nDraft:\n{text}\n\nFix {name}. Reply with JSON: "
        '{"edits": [{"search": "...", "replace": "..."}]}',
    )
    edits = tuple(Edit(**edit) for edit in json.loads(reply)["edits"])
    patched = apply_edits(text, edits)
    assert (len(edits), patched.misses) == (1, ())
    assert all(plant.truth(patched.text).values())
    assert len(set(text.splitlines()) - set(patched.text.splitlines())) == 1


def test_an_edit_can_be_asked_for_by_demand_and_from_an_excerpt():
    """Each demand's edits stand under its name, and a line of dots stands for lines that are left out."""
    plant = Plant(sound("strong", fix=1.0), 1)
    text = failing(plant, 2, 5)
    names = [plant.spec.criteria[number].name for number in (2, 5)]
    own = [line for line in text.splitlines() if any(m.demand in {2, 5} for m in plant.world.marks(line))]
    excerpt = "\n\n[…]\n\n".join(["# T", *own])
    form = json.dumps({"edits": {name: [{"search": "…", "replace": "…"}] for name in names}}, ensure_ascii=False)
    asked = f"Criteria:\n{listing(plant)}\n\nDraft, with […] for what is left out:\n{excerpt}\n\n"
    said = json.loads(say(plant, f"{asked}Fix {names[0]} and {names[1]}. Reply with JSON: {form}"))["edits"]
    assert list(said) == names
    assert [len(edits) for edits in said.values()] == [1, 1]
    patched = apply_edits(text, tuple(Edit(**edit) for edits in said.values() for edit in edits))
    assert patched.misses == ()
    assert all(plant.truth(patched.text).values())


def test_losses_grow_with_what_is_touched():
    """Of met demands, an edit loses fewest and a rewrite more; a draft from nothing draws all anew."""
    regime = sound("middling", loss=0.2, first=0.7, spread=1000.0)

    def losses(words: str) -> float:
        lost = 0
        for seed in SEEDS:
            plant = Plant(regime, seed)
            text = failing(plant, 0)
            name = plant.spec.criteria[0].name
            reply = say(plant, f"Criteria:\n{listing(plant)}\n\nDraft:\n{text}\n\n{words.format(name)}")
            if reply.startswith("{"):
                reply = apply_edits(text, tuple(Edit(**edit) for edit in json.loads(reply)["edits"])).text
            truth = plant.truth(reply)
            lost += sum(not met for key, met in truth.items() if key != name)
        return lost / len(SEEDS) / 7

    edit = losses('Fix {0}. Reply with JSON: {{"edits": [{{"search": "", "replace": ""}}]}}')
    rewrite = losses("Fix {0}. Rewrite the draft.")
    redraft = losses("Start over from scratch; {0} failed before.")
    assert edit < 0.06 < rewrite < 0.26 < redraft
    assert abs(rewrite - 0.2) < 0.06
    assert abs(redraft - 0.3) < 0.07


@pytest.mark.parametrize("name", ["strong", "middling", "weak"])
@pytest.mark.parametrize("singled", [1, 6])
def test_revisions_fix_and_lose_at_the_measured_rates(name, singled):
    """A rewrite fixes what is singled out and loses what held at the rates of the measured loops, crowding included."""
    regime = replace(REGIMES[name], fenced=0.0)
    fixed = lost = 0
    seeds = range(250)
    for seed in seeds:
        plant = Plant(regime, seed)
        wrong = range(singled)
        names = [plant.spec.criteria[n].name for n in wrong]
        ask = f"Criteria:\n{listing(plant)}\n\nDraft:\n{failing(plant, *wrong)}\n\nFailed: {names}. Rewrite the draft."
        truth = plant.truth(say(plant, ask))
        fixed += sum(truth[key] for key in names)
        lost += sum(not met for key, met in truth.items() if key not in names)
    expected = regime.fix / (1 + regime.crowding * (singled - 1))
    assert abs(fixed / (len(seeds) * singled) - expected) < 0.09
    assert abs(lost / (len(seeds) * (8 - singled)) - regime.loss) < 0.04


def draft_of(plant: Plant, *demands: int) -> str:
    """A prompt with a draft that fails those demands."""
    return f"Criteria:\n{listing(plant)}\n\nDraft:\n{failing(plant, *demands)}\n\n"


ORDERS = (
    "{0} comes before {1}. Fix {0}. Rewrite the draft.",
    "{0} failed. Where the two pull apart, as {0} and {1} may, {0} wins. Revise.",
    "Put {0} right and send the whole text again. {0} takes precedence over {1}.",
)
REPEATS = (
    "Fix {0}. Rewrite the draft.",
    "{0} still fails, for the third time! It is very important. Revise.",
    "The reviewer misses {0} and {1}. Improve the text.",
)


@pytest.mark.parametrize("words", ORDERS)
def test_a_stubborn_demand_with_a_rival_is_met_once_they_are_ordered(words):
    """An order between the two settles it in any wording."""

    def prompt(plant: Plant) -> str:
        names = [plant.spec.criteria[n].name for n in (plant.world.stubborn or 0, plant.world.rival or 0)]
        return draft_of(plant, plant.world.stubborn or 0) + words.format(*names)

    assert rate(sound("stubborn-competing"), prompt, lambda _plant, truth: all(truth.values())) > 0.7


@pytest.mark.parametrize("words", REPEATS)
@pytest.mark.parametrize("name", ["stubborn-competing", "stubborn-plain"])
def test_a_stubborn_demand_is_not_met_by_repeating_it(name, words):
    """Louder is no remedy."""

    def prompt(plant: Plant) -> str:
        stubborn = plant.world.stubborn or 0
        other = next(n for n in range(1, 8) if n != stubborn)
        return draft_of(plant, stubborn) + words.format(*(plant.spec.criteria[n].name for n in (stubborn, other)))

    assert rate(sound(name), prompt, lambda _plant, truth: all(truth.values())) == 0


@pytest.mark.parametrize(
    "words",
    [
        "Verify your text against this list and quote the sentence that meets each item:\n- {0}\n\nRewrite the draft.",
        "Confirm that {0} holds, citing the line that shows it. Then send the revised text.",
        "Fix this.\n\nTo check, each with evidence from the text:\n* {0}\n\nRevise.",
    ],
)
def test_a_stubborn_demand_without_a_rival_is_met_when_it_must_be_verified(words):
    """A list to verify with evidence settles it in any wording."""

    def prompt(plant: Plant) -> str:
        stubborn = plant.world.stubborn or 0
        return draft_of(plant, stubborn) + words.format(plant.spec.criteria[stubborn].name)

    assert rate(sound("stubborn-plain"), prompt, lambda _plant, truth: all(truth.values())) > 0.7
    assert rate(sound("stubborn-competing"), prompt, lambda _plant, truth: all(truth.values())) == 0


FREEZES = (
    "Fix {1}. {0} must stay as it is. Rewrite the draft.",
    "Frozen:\n- {0}\n\nTo fix:\n- {1}\n\nSend the revised text.",
    "Where {0} and {1} conflict, {0} wins. {1} is missing. Revise the draft.",
)


def pair(plant: Plant) -> tuple[int, int]:
    """The conflicting pair."""
    assert plant.world.pair is not None
    return plant.world.pair


@pytest.mark.parametrize("words", FREEZES)
def test_a_satisfiable_conflict_is_settled_by_holding_one_and_working_on_the_other(words):
    """Freeze one and fix the other, or order them: both hold then."""

    def prompt(plant: Plant) -> str:
        a, b = pair(plant)
        return draft_of(plant, b) + words.format(plant.spec.criteria[a].name, plant.spec.criteria[b].name)

    assert rate(sound("conflict-satisfiable", fix=1.0), prompt, lambda _p, truth: all(truth.values())) > 0.8
    assert rate(sound("conflict-true", fix=1.0), prompt, lambda _p, truth: all(truth.values())) == 0


@pytest.mark.parametrize(
    "words",
    [
        "Fix {1}. Rewrite the draft.",
        "Fix {1}. Keep everything that passes already: {keep}. Rewrite the draft.",
        "{1} failed. Improve the text without making anything else worse.",
    ],
)
def test_a_satisfiable_conflict_trades_one_for_the_other_otherwise(words):
    """Fixing one breaks the other in most tries."""

    def prompt(plant: Plant) -> str:
        a, b = pair(plant)
        keep = ", ".join(c.name for n, c in enumerate(plant.spec.criteria) if n != b)
        return draft_of(plant, b) + words.format(plant.spec.criteria[a].name, plant.spec.criteria[b].name, keep=keep)

    regime = sound("conflict-satisfiable", fix=1.0)
    assert rate(regime, prompt, lambda _p, truth: all(truth.values())) < 0.4
    traded = rate(regime, prompt, lambda p, truth: sum(truth[p.spec.criteria[n].name] for n in pair(p)) == 1)
    assert traded > 0.6


@pytest.mark.parametrize(
    "words",
    [
        "Start over from scratch, by a different approach.",
        "Throw that text away and take another angle; write it anew.",
        "Begin again on a blank page with an alternative premise.",
    ],
)
def test_a_wrong_premise_is_left_behind_by_a_new_start_that_takes_another_approach(words):
    """The core holds then in most tries."""

    def core(plant: Plant, truth: dict[str, bool]) -> bool:
        return truth[plant.spec.criteria[0].name]

    regime = sound("wrong-premise")
    assert rate(regime, lambda plant: draft_of(plant, 0) + words, core) > 0.7


@pytest.mark.parametrize(
    "words", ["Fix {0}. Rewrite the draft.", "Start over from scratch; {0} failed before.", "{0} is wrong. Revise."]
)
def test_a_wrong_premise_survives_everything_else(words):
    """Repair and a mere new draft keep it."""

    def prompt(plant: Plant) -> str:
        return draft_of(plant, 0) + words.format(plant.spec.criteria[0].name)

    regime = sound("wrong-premise")
    assert rate(regime, prompt, lambda plant, truth: truth[plant.spec.criteria[0].name]) < 0.15


@pytest.mark.parametrize(
    "words",
    [
        "Fix {0}. The headings stay exactly as they are. Rewrite the draft.",
        "Use exactly these sections in this order:\n{1}\n\n{0} failed. Revise the draft.",
        "{0} is missing. Do not rename or reorder the sections. Send the whole text.",
    ],
)
def test_a_right_structure_survives_rewrites_if_the_outline_is_fixed(words):
    """A fixed outline ends the flipping, in any wording."""

    def prompt(plant: Plant) -> str:
        outline = "\n".join(f"## {heading}" for heading in plant.world.headings)
        return draft_of(plant, 1) + words.format(plant.spec.criteria[1].name, outline)

    assert rate(sound("sloppy-structure"), prompt, lambda _p, truth: truth["arrangement"]) == 1
    loose = rate(
        sound("sloppy-structure"),
        lambda plant: draft_of(plant, 1) + f"Fix {plant.spec.criteria[1].name}. Rewrite the draft.",
        lambda _p, truth: truth["arrangement"],
    )
    assert 0.3 < loose < 0.8


def test_a_sloppy_author_gets_the_structure_wrong_at_first():
    """Nine drafts of ten have their sections in a wrong order, and an outline can be had alone."""
    regime = sound("sloppy-structure")
    ask = "Requirements:\n{}\n\nWrite the report."
    wrong = 1 - rate(regime, lambda plant: ask.format(listing(plant)), lambda _p, truth: truth["arrangement"])
    assert 0.75 < wrong <= 1
    plant = Plant(regime, 1)
    outline = say(plant, f"Requirements:\n{listing(plant)}\n\nWrite the outline only, no prose.")
    assert len(outline.split("##")) == 5
    assert not plant.world.marks(outline)


def test_a_rewording_critic_says_the_same_fault_in_other_words():
    """Same verdict, same demand, other words; a critic that does not reword repeats itself."""
    for name, distinct in (("rewording", True), ("middling", False)):
        plant = Plant(replace(REGIMES[name], rho=1.0, sensitivity=1.0, alarm=0.0, fenced=0.0), 1)
        text = failing(plant, 2)
        ask = f"Criteria:\n{listing(plant)}\n\nText:\n{text}\n\nJudge it: PASS or FAIL for each criterion."
        replies = [say(plant, ask) for _ in range(4)]
        assert all(reply.count("FAIL") == 1 for reply in replies)
        assert (len(set(replies)) > 1) == distinct


def test_broken_replies_come_at_their_rate_and_in_all_kinds():
    """Prose, cut, refused, empty."""
    plant = Plant(replace(REGIMES["broken-replies"], fenced=0.0), 1)
    prompt = f"Requirements:\n{listing(plant)}\n\nWrite the report."
    answers = [plant.answer([Message("user", prompt)]) for _ in range(600)]
    kinds = {
        "refusal": sum(a.finish == "refusal" for a in answers),
        "cut": sum(a.finish == "length" for a in answers),
        "empty": sum(not a.text for a in answers),
        "prose": sum(a.text.startswith("I have thought") for a in answers),
    }
    assert abs(sum(kinds.values()) / 600 - 0.15) < 0.05
    assert all(count > 8 for count in kinds.values())


def test_long_texts_are_long():
    """About as many words as the regime says."""
    plant = Plant(REGIMES["long-text"], 1)
    assert 1300 < len(first(plant).split()) < 1800


@pytest.mark.parametrize("name", REGIMES)
def test_every_regime_answers_a_first_prompt(name):
    """No regime breaks the plant."""
    texts = [first(Plant(replace(REGIMES[name], broken=0.0), seed)) for seed in range(8)]
    assert all("##" in text for text in texts)


def test_easy_is_easy_and_hopeless_hopeless():
    """Nineteen of twenty first drafts are done where looping cannot help; none where nothing can."""

    def prompt(plant: Plant) -> str:
        return f"Requirements:\n{listing(plant)}\n\nWrite the report."

    assert rate(REGIMES["easy"], prompt, lambda _p, truth: all(truth.values())) > 0.85
    assert rate(REGIMES["hopeless"], prompt, lambda _p, truth: all(truth.values())) == 0
