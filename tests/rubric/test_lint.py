"""What lint says of a spec, promise by promise; how much of what was planted it finds is in test_planted."""

import dataclasses

import pytest

from setpoint.core.spec import Budget, CheckCall, Criterion, Skeleton, Source, Spec
from setpoint.rubric.lint import LINT_RULES, Flaw, Target, excluded, lint


def found(*criteria: Criterion | str, brief: str = "A leaflet on ticks.", **more: object) -> tuple[Flaw, ...]:
    """What lint finds in some criteria; a sentence alone becomes one."""
    whole = tuple(c if isinstance(c, Criterion) else Criterion(name=f"c{n}", says=c) for n, c in enumerate(criteria, 1))
    budget = more.pop("budget", Budget())
    reply = more.pop("reply_tokens", 500)
    spec = Spec(brief=brief, criteria=whole, **more)  # type: ignore[arg-type]
    return lint(Target(spec=spec, budget=budget, reply_tokens=reply, reply_given=True))  # type: ignore[arg-type]


def kinds(*criteria: Criterion | str, **more: object) -> set[str]:
    """The kinds of what lint finds."""
    return {flaw.kind for flaw in found(*criteria, **more)}  # type: ignore[arg-type]


def checked(name: str, check: str, **params: object) -> Criterion:
    """A criterion with a check."""
    return Criterion(name=name, says=f"{name} holds.", check=CheckCall(name=check, params=params))


def test_every_rule_has_a_line_for_the_reference() -> None:
    """The reference is printed from the rules."""
    assert all((rule.__doc__ or "").strip().endswith(".") for rule in LINT_RULES)


def test_errors_come_first_and_hints_last() -> None:
    """What makes a run useless is read first."""
    levels = [flaw.level for flaw in found("At most 9 words.", "At least 20 words.", "Is engaging.")]
    assert levels == sorted(levels, key=["error", "warning", "hint"].index)
    assert levels[0] == "error"


def test_a_vague_criterion_is_quoted_and_something_observable_is_proposed() -> None:
    """The proposal is a sentence that yes or no can follow from: lint itself finds nothing vague in it."""
    (flaw,) = [flaw for flaw in found("The tone is engaging.") if flaw.kind == "vague"]
    assert (flaw.level, flaw.criteria, flaw.quotes) == ("warning", ("c1",), ("The tone is engaging.",))
    proposed = flaw.instead.partition(": ")[2]
    assert proposed
    assert "vague" not in kinds(proposed)


def test_every_proposal_for_a_vague_word_is_free_of_vague_words() -> None:
    """The lists are held to what they preach."""
    from setpoint.rubric.lint.lists import table

    entries = table("vague")["family"]
    for entry in entries:  # type: ignore[attr-defined]
        bad = [f for f in found(str(entry["instead"])) if f.kind == "vague" and f.level == "warning"]  # type: ignore[index]
        assert not bad, entry["instead"]  # type: ignore[index]


@pytest.mark.parametrize(
    "says",
    [
        'Is polite: thanks the reader and says "please".',
        "Makes clear who pays.",
        "Explains why the earlier approach was too slow for large files.",
        "Says that tweezers with a fine tip are best.",
        "Names the good and the bad time of day for walks.",
        "States the short name of the standard.",
        "Is friendly by naming what the reader did right.",
    ],
)
def test_an_observable_beside_the_word_or_a_word_of_the_subject_is_not_vague(says: str) -> None:
    """Only what a verdict would rest on counts."""
    assert [flaw for flaw in found(says) if flaw.kind == "vague" and flaw.level == "warning"] == []


def test_a_compound_criterion_is_taken_apart_into_its_demands() -> None:
    """Each part is proposed as a sentence."""
    (flaw,) = [f for f in found("Names the price and explains how to cancel.") if f.kind == "compound"]
    assert flaw.level == "warning"
    assert "“Names the price.”; “Explains how to cancel.”" in flaw.instead
    (flaw,) = [f for f in found("Is concise; contains a date and avoids jargon.") if f.kind == "compound"]
    assert flaw.instead.count("“") == 3


@pytest.mark.parametrize(
    "says",
    [
        "Explains how the tool finds files and removes the duplicates.",
        "States the amount of the refund and when it arrives.",
        "Names the author and the editor.",
        "Says who is affected, and what they must do.",
        "For each day, says where the child slept at noon.",
        "Under Decisions, gives the new water rate with the month from which it applies.",
    ],
)
def test_one_demand_about_two_things_is_not_compound(says: str) -> None:
    """What is joined inside a clause stays joined."""
    assert [flaw for flaw in found(says) if flaw.kind == "compound" and flaw.level == "warning"] == []


def test_vague_words_that_are_joined_are_not_proposed_one_by_one() -> None:
    """One that reads “Is clear.” would be found vague itself."""
    (flaw,) = [f for f in found("Is clear, friendly and professional.") if f.kind == "compound"]
    assert flaw.instead == (
        "make a criterion of each (clear, friendly, professional) that says what stands in the text when it is met"
    )


@pytest.mark.parametrize("says", ["Under two hundred words, names the price.", "In plain English, lists the steps."])
def test_a_demand_at_the_beginning_stays_a_demand_of_its_own(says: str) -> None:
    """Only what says where a demand holds belongs to it."""
    assert [flaw.level for flaw in found(says) if flaw.kind == "compound"] == ["warning"]


CONTRADICTIONS = [
    ("At most 100 words.", checked("b", "words", min=200)),
    (checked("a", "sentences", min=50), "At most 30 words."),
    (checked("a", "contains", words=["we are sorry"]), checked("b", "excludes", words=["sorry"])),
    (checked("a", "contains", words=["note"], max=1), checked("b", "contains", words=["note"], min=2)),
    (checked("a", "case", style="lower"), checked("b", "starts_with", text="Dear")),
    (checked("a", "starts_with", text="Dear"), 'Begins with "Hello".'),
    (checked("a", "language", code="de"), "Is written in English."),
    (checked("a", "json_schema", schema={}), checked("b", "headings", required=["Costs"])),
    (checked("a", "excludes", regex="!"), checked("b", "contains", words=["Act now!"])),
    (checked("a", "contains", words=["red tape", "tape measure", "ruler"]), checked("b", "words", max=3)),
    ("Mentions the price of the vaccine.", "Does not mention the vaccine's price."),
]


@pytest.mark.parametrize("pair", CONTRADICTIONS, ids=range(len(CONTRADICTIONS)))
def test_what_no_text_can_meet_together_is_an_error_that_names_both(pair: tuple[Criterion | str, ...]) -> None:
    """In checks and in prose, in either order."""
    for criteria in (pair, pair[::-1]):
        flaws = [flaw for flaw in found(*criteria) if flaw.kind == "contradiction"]
        assert [(flaw.level, len(flaw.criteria), len(flaw.quotes)) for flaw in flaws] == [("error", 2, 2)]


AGREE = [
    (checked("a", "words", min=100), checked("b", "words", max=200)),
    (checked("a", "contains", words=["class"]), checked("b", "excludes", words=["ass"])),
    (checked("a", "case", style="lower"), checked("b", "contains", words=["Acme"])),
    (checked("a", "starts_with", text="Dear"), checked("b", "starts_with", text="Dear Ms Osei")),
    (checked("a", "sentences", min=5), checked("b", "words", max=120)),
    (checked("a", "contains", words=["x"], min=0, max=3), checked("b", "excludes", words=["x"])),
]

TIGHT = (checked("a", "contains", words=["red tape", "tape measure", "ruler"]), checked("b", "words", max=4))
"""Phrases may overlap: "red tape measure, ruler" has all three."""


@pytest.mark.parametrize("pair", AGREE, ids=range(len(AGREE)))
def test_what_a_text_can_meet_together_is_no_contradiction(pair: tuple[Criterion, ...]) -> None:
    """`contains` does not look at capitals, words are whole words, and a narrower beginning fits a wider one."""
    assert kinds(*pair) & {"contradiction", "crowded"} == set()


def test_only_what_checks_prove_is_excluded_and_tight_pairs_are_not() -> None:
    """What a run does not even try rests on checks, never on how a sentence reads."""
    proven = (checked("a", "contains", words=["x", "y", "z"]), checked("b", "words", max=2))
    assert excluded(Spec(brief="b", criteria=proven), Budget()) == (
        ("a", "b", "a needs at least 3 different words and b allows at most 2 words"),
    )
    assert excluded(Spec(brief="b", criteria=TIGHT), Budget()) == ()
    said = (
        Criterion(name="a", says="Mentions the price of the vaccine."),
        Criterion(name="b", says="Does not mention the vaccine's price."),
    )
    assert excluded(Spec(brief="b", criteria=said), Budget()) == ()


def test_a_number_that_is_required_and_not_in_the_sources_contradicts_their_check() -> None:
    """By the check itself, run on the phrase."""
    numbers = checked("numbers", "numbers_from_sources")
    sources = (Source(name="facts", text="64 euros"),)
    assert "contradiction" in kinds(checked("price", "contains", words=["72 euros"]), numbers, sources=sources)
    assert "contradiction" not in kinds(checked("price", "contains", words=["64 euros"]), numbers, sources=sources)


def test_outline_and_text_are_measured_apart_and_never_contradict_each_other() -> None:
    """An outline of 50 words may stand before a text of 500."""
    skeleton = Skeleton(criteria=(checked("small", "words", max=50),))
    assert "contradiction" not in kinds(checked("large", "words", min=500), skeleton=skeleton)


def test_tones_exclude_each_other_only_where_they_are_about_the_same_part() -> None:
    """A formal greeting may stand above a casual closing."""
    assert "tone-conflict" in kinds("Is formal.", "Uses a casual tone.")
    assert "tone-conflict" in kinds("Uses a casual tone.", brief="A formal letter to the council.")
    assert "tone-conflict" not in kinds("The greeting is formal.", "The closing is casual.")
    assert "tone-conflict" not in kinds("Names the formal requirements.", "Uses a casual tone.")


def test_the_two_ends_of_a_text_mean_the_whole_of_it() -> None:
    """A sentence that names both ends is about no part, so tones are compared."""
    pair = ("The mood is sombre from the first line to the last.", "The text is cheerful.")
    assert "tone-conflict" in kinds(*pair)
    assert "tone-conflict" not in kinds("The first line is sombre.", "The text is cheerful.")


@pytest.mark.parametrize(
    ("says", "check", "params"),
    [
        ("Readable at school grade 6 or below.", "reading_grade", {"max": 12}),
        ("At most 160 characters, so that it goes out as one message.", "words", {"max": 160}),
        ("At most 160 words in order to fit the card.", "words", {"max": 200}),
        ("Has the headings Findings, Risks and Costs.", "headings", {"required": ["# Findings", "Prices"]}),
    ],
)
def test_a_sentence_that_asks_for_another_thing_than_its_check_is_found(
    says: str, check: str, params: dict[str, object]
) -> None:
    """The author follows the sentence, whatever it is for."""
    criterion = Criterion(name="c", says=says, check=CheckCall(name=check, params=params))
    assert [flaw.criteria for flaw in found(criterion) if flaw.kind == "says-differs"] == [("c",)]


def test_a_sentence_may_name_fewer_headings_than_its_check() -> None:
    """It need not repeat them all, and a heading's level makes no other heading of it."""
    call = CheckCall(name="headings", params={"required": ["## Findings", "## Risks", "## Costs"]})
    criterion = Criterion(name="c", says="Has the headings Findings and Costs.", check=call)
    assert "says-differs" not in kinds(criterion)


def test_a_budget_that_no_draft_fits_is_an_error_with_one_that_works() -> None:
    """By the reservation that a run makes; the proposed budget passes lint."""
    (flaw,) = [f for f in found("Names the doctor.", budget=Budget(tokens=900)) if f.kind == "budget"]
    assert flaw.level == "error"
    enough = int(flaw.instead.removeprefix("tokens = ").replace("_", ""))
    assert "budget" not in kinds("Names the doctor.", budget=Budget(tokens=enough))


def test_replies_that_are_cut_below_the_minimum_are_an_error() -> None:
    """900 words do not fit into 300 tokens."""
    levels = [f.level for f in found(checked("long", "words", min=900), reply_tokens=300) if f.kind == "budget"]
    assert levels == ["error"]


def test_a_source_counts_as_used_where_a_criterion_shares_its_words_numbers_or_name() -> None:
    """Otherwise no criterion would notice if the text ignored it."""
    sources = (Source(name="pricelist", text="Tube 9.50 euros, service 85 euros, ready on Friday."),)
    assert "unused-source" in kinds("Opens with a question.", sources=sources)
    assert "unused-source" not in kinds("Says that a service takes until Friday.", sources=sources)
    assert "unused-source" not in kinds("Gives two prices of the pricelist.", sources=sources)
    assert "unused-source" not in kinds(checked("true", "numbers_from_sources"), sources=sources)


def test_a_heading_that_is_called_like_a_source_does_not_use_it() -> None:
    """A name in common compares nothing."""
    headings = checked("parts", "headings", required=["Results", "Limits"])
    source = Source(name="results", text="The fill rate was 0.3 m.")
    assert "unused-source" in kinds(headings, sources=(source,))


def test_criteria_that_setpoint_adds_itself_are_never_complained_about() -> None:
    """Guards and fixed headings are not the user's wording."""
    guard = Criterion(name="judgeable", says="Is a real text.", impact=5, check=CheckCall(name="judgeable"))
    assert all("judgeable" not in flaw.criteria for flaw in found("Is engaging.", guard))


def test_findings_are_plain_values() -> None:
    """They can be compared, stored and shown anywhere."""
    one, same = found("Is engaging."), found("Is engaging.")
    assert one == same
    assert all(dataclasses.is_dataclass(flaw) for flaw in one)
