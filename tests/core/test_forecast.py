"""Forecasts: priors, learning, conformal bounds, advice, and what a run in progress adds."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint.core.action import Revise
from setpoint.core.event import MoveRecord, RoleModel
from setpoint.core.expected import Amount, Cost, expected_cost, likely_words
from setpoint.core.fold import fold
from setpoint.core.forecast import (
    ENOUGH_RUNS,
    Outlook,
    conformal_bound,
    estimate,
    first_curve,
    reforecast,
)
from setpoint.core.past import PastRun, alike, calibrated, experience, habit, past_run, relevant, tries
from setpoint.core.rates import PRIORS, Experience, Rates, first_open, learn, rates_for, skill_of
from setpoint.core.spec import Budget, CheckCall, Criterion, Spec
from setpoint.core.state import State
from setpoint.ledgers import MemoryLedger
from setpoint.run import Run
from worlds import Has, World, crew, criterion, opened

STRONG, MIDDLING, WEAK = (PRIORS[skill, "short"] for skill in ("strong", "middling", "weak"))
COST = Cost(first=Amount(100, 0.01), again=Amount(100, 0.01))


def spec(checks: int = 3, judged: int = 0) -> Spec:
    """A spec with so many criteria of each kind."""
    names = [criterion(f"word{n}") for n in range(checks)]
    return Spec(brief="b", criteria=(*names, *(criterion(f"seen{n}", judged=True) for n in range(judged))))


def rates(p: float = 0.6, q: float = 0.02, first: float = 0.6) -> Rates:
    """Rates with little difference between criteria."""
    return Rates(a=20 * p, b=20 * (1 - p), q=q, first_check=first, first_critic=first, source="a test")


def run_that_took(
    passes: int,
    *,
    accepted: bool = True,
    cut: bool = False,
    size: int = 3,
    digest: str = "d",
    late: tuple[str, ...] = (),
) -> PastRun:
    """A past run with one criterion open until its last pass."""
    return PastRun(
        digest=digest,
        checks=size,
        judged=0,
        given=False,
        open=(*[1] * (passes - accepted), *[0] * accepted),
        accepted=accepted,
        cut=cut,
        tokens=100.0,
        experience=Experience(),
        late=late,
    )


# Priors and learning


@pytest.mark.parametrize(
    ("model", "skill"),
    [
        ("embedded:qwen2.5-coder-1.5b", "weak"),
        ("ollama:llama3.1:8b", "middling"),
        ("openai:m@http://127.0.0.1:8000/70b", "middling"),
        ("groq:llama-3.3-70b-versatile", "strong"),
        ("anthropic:claude-sonnet-4-6", "strong"),
        ("openai:gpt-5-mini", "strong"),
        ("openai:gpt-4.1-nano", "weak"),
        ("", "middling"),
    ],
)
def test_an_authors_strength_is_guessed_from_its_name(model: str, skill: str) -> None:
    """The size in the name decides, else its family; an address tells nothing."""
    assert skill_of(model) == skill


def test_priors_are_in_order() -> None:
    """A stronger author passes more at first, fixes more and loses less, and long texts lose no more than short ones."""
    for length in ("short", "long"):
        strong, middling, weak = (PRIORS[skill, length] for skill in ("strong", "middling", "weak"))
        assert strong.p > middling.p > weak.p
        assert strong.q < middling.q < weak.q
        assert strong.first_check > middling.first_check > weak.first_check
    assert rates_for("m", 2000).q < rates_for("m", 100).q


def test_the_priors_agree_with_what_they_are_said_to_be_from() -> None:
    """Strong: 84.6 % pass four checks at first, then 46 and 27 % of those left; weak: between IFEval and our own demo."""
    assert first_open(STRONG, 4, 0)[0] == pytest.approx(0.846, abs=0.005)
    assert STRONG.a / (STRONG.a + STRONG.b) == pytest.approx(0.46, abs=0.005)
    assert STRONG.a / (STRONG.a + STRONG.b + 1) == pytest.approx(0.27, abs=0.005)
    by_size = [first_open(WEAK, size, 0)[0] for size in (1, 2, 3)]
    # IFEval asks for one, two or three things in 305, 179 and 57 of its 541 prompts.
    assert 0.44 < (305 * by_size[0] + 179 * by_size[1] + 57 * by_size[2]) / 541 < 0.56
    assert 0.5 < WEAK.first_check < 0.84


@given(st.integers(0, 8), st.integers(0, 4))
def test_what_a_first_draft_leaves_open_is_a_distribution(checks: int, judged: int) -> None:
    """Its chances add up to 1 and its mean is the sum of the chances to fail."""
    chances = first_open(MIDDLING, checks, judged)
    assert sum(chances) == pytest.approx(1.0)
    mean = sum(count * chance for count, chance in enumerate(chances))
    assert mean == pytest.approx(checks * (1 - MIDDLING.first_check) + judged * (1 - MIDDLING.first_critic))


def test_nothing_seen_changes_nothing() -> None:
    """The posterior of no data is the prior."""
    learnt = learn(MIDDLING, Experience())
    assert (learnt.p, learnt.a + learnt.b) == (pytest.approx(MIDDLING.p), pytest.approx(MIDDLING.a + MIDDLING.b))
    assert (learnt.q, learnt.first_check) == (pytest.approx(MIDDLING.q), pytest.approx(MIDDLING.first_check))


def test_learning_finds_the_truth() -> None:
    """From 4,000 criteria with known Beta chances the rates come back, the difference between criteria included."""
    dice = random.Random(3)
    a, b = 0.5, 0.5
    counts = [[0, 0] for _ in range(6)]
    for _ in range(4000):
        chance = dice.betavariate(a, b)
        for age in range(6):
            counts[age][0] += 1
            if dice.random() < chance:
                counts[age][1] += 1
                break
    seen = Experience(tries=tuple((t, f) for t, f in counts), held=1000, lost=300, checks=(500, 400))
    learnt = learn(STRONG, seen)
    assert learnt.p == pytest.approx(0.5, abs=0.03)
    assert learnt.a + learnt.b == pytest.approx(1.0, rel=0.45)
    assert learnt.q == pytest.approx(0.3, abs=0.02)
    assert learnt.first_check == pytest.approx(0.8, abs=0.01)


def test_experience_adds_up() -> None:
    """Counts of different ages are added age by age."""
    one = Experience(tries=((3, 1),), held=4, lost=1, checks=(2, 1))
    two = Experience(tries=((1, 1), (2, 0)), held=1, judged=(3, 3))
    assert one.plus(two) == Experience(tries=((4, 2), (2, 0)), held=5, lost=1, checks=(2, 1), judged=(3, 3))
    assert two.plus(one) == one.plus(two)


# Conformal bounds


@pytest.mark.parametrize("n", [9, 19, 50])
@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5])
def test_conformal_bounds_cover_what_they_promise_and_are_the_smallest_that_do(n: int, alpha: float) -> None:
    """4,000 calibration sets from a law with a heavy tail; the next smaller score would not cover."""
    dice = random.Random(f"{n}{alpha}")
    times, covered, smaller = 4000, 0, 0
    for _ in range(times):
        scores = [dice.paretovariate(0.8) for _ in range(n)]
        bound = conformal_bound(scores, alpha)
        assert bound is not None
        new = dice.paretovariate(0.8)
        covered += new <= bound
        below = [score for score in scores if score < bound]
        smaller += bool(below) and new <= max(below)
    slack = 3 * (alpha * (1 - alpha) / times) ** 0.5
    assert covered / times >= 1 - alpha - slack
    assert covered / times <= 1 - alpha + 1 / (n + 1) + slack
    assert smaller / times < 1 - alpha + slack


@pytest.mark.parametrize(("n", "alpha"), [(8, 0.1), (18, 0.05), (3, 0.2)])
def test_too_few_scores_give_no_bound(n: int, alpha: float) -> None:
    """One score more is enough."""
    assert conformal_bound([1.0] * n, alpha) is None
    assert conformal_bound([1.0] * (n + 1), alpha) == 1.0


def test_censored_scores_count_and_are_endless() -> None:
    """Two censored runs of nineteen leave the 90 % bound endless; one does not."""
    assert conformal_bound([1.0] * 18 + [math.inf], 0.1) == 1.0
    assert conformal_bound([1.0] * 17 + [math.inf] * 2, 0.1) == math.inf


def test_an_estimate_has_a_bound_only_from_twenty_own_runs_on() -> None:
    """Nineteen fives are none; twenty vouch for five; if a fifth of them was cut, the bound lies beyond the budget."""
    target = spec()
    few = [run_that_took(5, digest=target.digest)] * (ENOUGH_RUNS - 1)
    assert estimate(target, Budget(), MIDDLING, COST, past=few).bound is None
    enough = [*few, run_that_took(5, digest=target.digest)]
    outlook = estimate(target, Budget(), MIDDLING, COST, past=enough)
    assert (outlook.bound, outlook.runs) == (5, ENOUGH_RUNS)
    cut = [*enough[:16], *[run_that_took(8, accepted=False, cut=True, digest=target.digest)] * 4]
    assert estimate(target, Budget(), MIDDLING, COST, past=cut).bound is None


def test_bounds_over_simulated_histories_hold() -> None:
    """Thirty runs of a hidden law vouch for the next one in at least nine of ten cases."""
    target, dice = spec(4), random.Random(11)

    def drawn() -> PastRun:
        took = 1
        while took < 30 and dice.random() < 0.55:
            took += 1
        return run_that_took(took, size=4, digest=target.digest)

    held, times = 0, 300
    for _ in range(times):
        past = [drawn() for _ in range(30)]
        bound = estimate(target, Budget(passes=30), MIDDLING, COST, past=past).bound
        held += bound is None or drawn().passes <= bound
    assert held / times >= 0.9 - 3 * (0.09 / times) ** 0.5


# Like runs


def test_like_runs_draw_the_chances_towards_what_they_showed() -> None:
    """A hundred runs of two passes make two passes likely; the chances still never fall."""
    done = first_curve(MIDDLING, 3, 0, 0, 8)
    drawn = calibrated(done, [run_that_took(2)] * 100)
    assert drawn[0] < 0.1
    assert drawn[1] > 0.9
    assert all(earlier <= later for earlier, later in itertools.pairwise(drawn))
    assert calibrated(done, []) == pytest.approx(done)


def test_a_run_that_was_cut_says_nothing_of_later_passes_and_one_that_gave_up_does() -> None:
    """Cut after two passes: pass 3 is as the chain says. Given up after two: pass 3 is less likely to end it."""
    done = first_curve(MIDDLING, 3, 0, 0, 8)

    def hazard(chances: Sequence[float], number: int) -> float:
        return (chances[number - 1] - chances[number - 2]) / (1 - chances[number - 2])

    cut = calibrated(done, [run_that_took(2, accepted=False, cut=True)] * 50)
    gave_up = calibrated(done, [run_that_took(2, accepted=False)] * 50)
    assert hazard(cut, 3) == pytest.approx(hazard(done, 3))
    assert hazard(gave_up, 3) < hazard(done, 3) / 2
    assert cut[1] == pytest.approx(gave_up[1])


def test_within_a_run_only_runs_that_stood_alike_count() -> None:
    """After one pass with one criterion open, runs that then had two open are no guide."""
    done = (0.0, 0.5, 0.75)
    alike_then = calibrated(done, [run_that_took(2)] * 20, used=1, still_open=1)
    others = calibrated(done, [run_that_took(2)] * 20, used=1, still_open=2)
    assert alike_then[1] > 0.8
    assert others == pytest.approx(done)


def test_runs_of_the_same_spec_go_before_runs_of_the_same_size() -> None:
    """And runs that began with a text are none."""
    same, size, other = run_that_took(1, digest="a"), run_that_took(2, digest="b"), run_that_took(3, digest="c", size=5)
    assert alike([same, size, other], "a", 3, 0) == [same]
    assert alike([size, other], "a", 3, 0) == [size]
    assert alike([other], "a", 3, 0) == []
    assert relevant([same] * ENOUGH_RUNS + [other], "a") == [same] * ENOUGH_RUNS
    assert relevant([same, other], "a") == [same, other]


# Estimates


@given(
    p=st.floats(0.05, 0.95),
    q=st.floats(0, 0.3),
    first=st.floats(0.05, 0.95),
    checks=st.integers(1, 6),
    passes=st.integers(1, 9),
    focus=st.integers(0, 2),
)
@settings(max_examples=50, deadline=None)
def test_an_outlook_is_in_order(p: float, q: float, first: float, checks: int, passes: int, focus: int) -> None:
    """Chances are chances, quantiles are in order, and None stands for more than the budget."""
    outlook = estimate(spec(checks), Budget(passes=passes), rates(p, q, first), COST, focus=focus)
    assert len(outlook.done) == passes
    assert all(0.0 <= chance <= 1.0 for chance in outlook.done)
    assert list(outlook.done) == sorted(outlook.done)
    assert outlook.chance == outlook.done[-1]
    for quantile, share in ((outlook.p50, 0.5), (outlook.p90, 0.9)):
        assert (quantile is None) == (outlook.done[-1] < share)
        if quantile is not None:
            assert outlook.done[quantile - 1] >= share
            assert quantile == 1 or outlook.done[quantile - 2] < share
    assert outlook.p50 is None or outlook.p90 is None or outlook.p50 <= outlook.p90
    assert outlook.cost_p50.tokens <= outlook.cost_p90.tokens


@pytest.mark.parametrize(
    ("p", "q", "first", "size", "advice"),
    [
        (0.6, 0.0, 0.97, 2, "a single prompt is enough"),
        (0.9, 0.0, 0.5, 2, "expect 1 or 2 passes"),
        (0.8, 0.0, 0.3, 4, "expect 3 passes"),
        (0.6, 0.0, 0.3, 4, "expect 4 or 5 passes"),
        (0.35, 0.05, 0.3, 5, "expect more than 5 passes"),
        (0.2, 0.2, 0.5, 12, "split the spec"),
    ],
)
def test_the_advice_says_loop_or_not(p: float, q: float, first: float, size: int, advice: str) -> None:
    """From a certain success at once to a loop that is not worth it; with the number it rests on."""
    outlook = estimate(spec(size), Budget(), rates(p, q, first), COST)
    assert outlook.advice == advice
    assert "%" in outlook.reason


def test_advice_does_not_depend_on_the_budget() -> None:
    """A budget of one pass does not make a spec worth splitting."""
    wide, narrow = (estimate(spec(3), Budget(passes=n), rates(0.9, 0.0, 0.5), COST) for n in (8, 1))
    assert wide.advice == narrow.advice
    assert narrow.p90 is None


@pytest.mark.parametrize(
    ("criteria", "q", "p", "ratio", "says"),
    [
        (1, 0.5, 0.5, 0.0, "a pass gains far more than it loses"),
        (9, 0.05, 0.5, 0.8, "a pass gains more than it loses, but the last faults take long"),
        (25, 0.065, 0.8, 1.95, "each pass is likely to lose more than it gains: split the spec or use edits"),
    ],
)
def test_the_convergence_number_is_said_in_words(criteria: int, q: float, p: float, ratio: float, says: str) -> None:
    """R = (K - 1) q / p; the last row is GPT-3.5 on 25 concept words."""
    outlook = estimate(spec(criteria), Budget(), rates(p, q), COST)
    assert outlook.convergence == pytest.approx(ratio)
    assert outlook.convergence_says == says


def test_what_keeps_every_run_from_being_done_is_said_instead_of_a_chance() -> None:
    """And nothing is left of the chances."""
    outlook = estimate(
        spec(3), Budget(), MIDDLING, COST, obstacle=("change the spec first", "a and b exclude each other")
    )
    assert (outlook.advice, outlook.reason) == ("change the spec first", "a and b exclude each other")
    assert (set(outlook.done), outlook.chance, outlook.p50) == ({0.0}, 0.0, None)


def test_an_outline_takes_a_pass() -> None:
    """Nothing is done by pass 1 then, and by pass 2 what would have been done by pass 1."""
    plain = estimate(spec(3), Budget(), MIDDLING, COST)
    outlined = estimate(spec(3), Budget(), MIDDLING, COST, outline=True)
    assert outlined.done == (0.0, *plain.done[:-1])


def test_caps_on_tokens_and_money_lower_the_chance() -> None:
    """Passes of 100 tokens and a cent: 350 tokens are three passes, two cents are two."""
    sure = rates(0.5, 0.0, 0.5)
    free = estimate(spec(4), Budget(), sure, COST)
    tokens = estimate(spec(4), Budget(tokens=350), sure, COST)
    money = estimate(spec(4), Budget(money=0.02), sure, COST)
    assert (free.affordable, tokens.affordable, money.affordable) == (8, 3, 2)
    assert (tokens.chance, money.chance) == (free.done[2], free.done[1])
    assert estimate(spec(4), Budget(tokens=50), sure, COST).chance == 0.0


def test_runs_of_the_same_spec_correct_what_a_pass_costs() -> None:
    """Three runs that took twice the tokens double the estimate."""
    target = spec()
    expected = estimate(target, Budget(), MIDDLING, Cost(first=Amount(50), again=Amount(50)))
    past = [run_that_took(3, digest=target.digest)] * 3
    corrected = estimate(target, Budget(), MIDDLING, Cost(first=Amount(50), again=Amount(50)), past=past)
    assert corrected.cost_p90.tokens / (corrected.p90 or 8) == pytest.approx(
        2 * expected.cost_p90.tokens / (expected.p90 or 8)
    )


def test_the_length_of_a_text_comes_from_its_limits() -> None:
    """Words go before characters, the narrower limit decides, and 300 words are assumed without any."""

    def limited(*calls: CheckCall) -> Spec:
        names = [Criterion(name=f"c{n}", says="s", check=call) for n, call in enumerate(calls)]
        return Spec(brief="b", criteria=tuple(names))

    assert likely_words(limited(CheckCall(name="words", params={"max": 180}))) == 144
    assert likely_words(limited(CheckCall(name="words", params={"min": 1000}))) == 1200
    assert likely_words(limited(CheckCall(name="characters", params={"max": 600}))) == 80
    assert likely_words(limited(CheckCall(name="contains", params={}))) == 300


def test_critics_edits_and_prices_are_in_the_cost() -> None:
    """A critic adds readings, a confirmation and its probe; an edit replies shorter; an unknown price is no price."""
    author = RoleModel(role="author", model="m", input_price=1.0, output_price=10.0)
    critic = RoleModel(role="critic", model="m", input_price=1.0, output_price=10.0)
    alone = expected_cost(spec(3), [author], words=300)
    judged = expected_cost(spec(3, 2), [author, critic], words=300, probe_items=5)
    assert judged.first.tokens > alone.first.tokens
    assert judged.confirm.tokens > alone.confirm.tokens == 0.0
    assert judged.start.tokens > alone.start.tokens == 0.0
    assert expected_cost(spec(3, 2), [author, critic], words=300).start.tokens == 0.0
    edited = expected_cost(spec(3), [author], words=2000, edits=True)
    assert edited.again.money < expected_cost(spec(3), [author], words=2000).again.money  # type: ignore[operator]
    unpriced = RoleModel(role="author", model="m", input_price=None, output_price=None)
    assert expected_cost(spec(3), [unpriced], words=300).of(3).money is None
    assert alone.of(3).money == pytest.approx(alone.first.money + 2 * alone.again.money)  # type: ignore[operator]


def test_each_call_is_priced_by_its_own_model() -> None:
    """Each part has the tokens of its prompts and replies; critic and confirmer have prices of their own."""
    author = RoleModel(role="author", model="a", input_price=1.0, output_price=2.0)
    critic = RoleModel(role="critic", model="c", input_price=3.0, output_price=5.0, sensitivity=1.0)
    confirmer = RoleModel(role="confirmer", model="d", input_price=7.0, output_price=11.0, sensitivity=1.0)
    target = Spec(brief="b" * 382, criteria=(criterion("seen0", judged=True), criterion("seen1", judged=True)))
    demands = sum(len(one.name) + len(one.says) for one in target.criteria)
    prompt = (382 + demands) / 4
    text = 100 * 1.35

    def dollars(model: RoleModel, read: float, written: float) -> float:
        return (read * (model.input_price or 0) + written * (model.output_price or 0)) / 1e6

    read = prompt + text + 700
    found = expected_cost(target, [author, critic], words=100)
    reading = dollars(critic, read, 2 * 70)
    assert found.first.money == pytest.approx(dollars(author, prompt + 400, text) + reading)
    assert found.again.money == pytest.approx(dollars(author, prompt + 400 + 2 * 60, text) + reading)
    assert found.confirm.money == pytest.approx(2 * dollars(critic, read, 100)), "one call for each criterion"
    assert found.first.tokens == pytest.approx(prompt + 400 + text + read + 2 * 70)
    edited = expected_cost(target, [author, critic], words=100, edits=True)
    assert edited.again.money == pytest.approx(dollars(author, prompt + 400 + text + 2 * 60, 0.3 * text) + reading)
    other = expected_cost(target, [author, critic, confirmer], words=100)
    assert other.first == found.first
    assert other.confirm.money == pytest.approx(dollars(confirmer, read, 2 * 70)), "another model reads all at once"


# Within a run


async def played(target: Spec, texts: list[str], passes: int = 8, **changes: object) -> State:
    """The state at the end of a run whose author sends these texts."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(target, budget=Budget(passes=passes), **changes), ledger)
    await run.drive(crew(target, texts))
    return fold(await ledger.replay("r"))


async def outlooks(target: Spec, texts: list[str], passes: int = 8) -> list[Outlook]:
    """The forecast at the start and before each revision."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(target, budget=Budget(passes=passes)), ledger)
    await run.drive(crew(target, texts))
    events = await ledger.replay("r")
    asked = [n for n, recorded in enumerate(events) if isinstance(getattr(recorded.event, "action", None), Revise)]
    return [reforecast(fold(events[:n])) for n in (1, *asked)]


@pytest.mark.parametrize(
    ("past", "found"),
    [
        ([run_that_took(7, late=("short",)), run_that_took(8, late=("short", "tone")), run_that_took(2)], (2, 3)),
        ([run_that_took(7, late=("short",)), run_that_took(7, late=("short",))], None),  # two are no habit
        ([run_that_took(7, late=("short",)), run_that_took(2), run_that_took(2)], None),
        # cut after three passes: what would have been open after five is not known
        ([run_that_took(3, accepted=False, cut=True, late=("short",))] * 3, None),
        ([run_that_took(7, late=("short",), digest="other")] * 3, None),
    ],
)
def test_a_spec_that_routinely_needs_more_than_five_passes_is_told_so(
    past: list[PastRun], found: tuple[int, int] | None
) -> None:
    """With the criteria that were open by then, the most frequent first."""
    told = habit(past, "d")
    assert (told and (told.long, told.runs)) == found
    if told is not None:
        assert told.open == (("short", 2), ("tone", 1))


async def test_what_was_open_after_five_passes_is_remembered() -> None:
    """Of a run that was accepted in its seventh pass."""
    pair = Spec(brief="b", criteria=(criterion("alpha"), criterion("beta")))
    state = await played(pair, ["alpha", *[f"alpha {n}" for n in range(5)], "alpha beta"])
    run = past_run(state)
    assert run is not None
    assert (run.passes, run.late) == (7, ("beta",))


async def test_a_run_that_loses_makes_its_own_forecast_worse() -> None:
    """Each fruitless pass lowers the chance; passes that are gone are never forecast."""
    found = await outlooks(spec(3), ["word0", "word0 a", "word0 b", "word0 c"], passes=4)
    chances = [outlook.chance for outlook in found[1:]]
    assert chances == sorted(chances, reverse=True)
    assert [outlook.used for outlook in found] == [0, 1, 2, 3]
    assert all(outlook.done[: outlook.used] == (0.0,) * outlook.used for outlook in found)
    assert found[1].reason == "2 of 3 criteria are open"


async def test_a_gain_makes_the_forecast_better() -> None:
    """Two of three open, then one."""
    _, before, after = await outlooks(spec(3), ["word0", "word0 word1", "word0 word1 word2"])
    assert after.chance > before.chance
    assert after.rates.p > before.rates.p


async def test_what_passes_have_cost_replaces_what_they_were_expected_to() -> None:
    """After one pass the next is still expected to cost what was expected; after two, what they cost on average."""
    ledger = MemoryLedger()
    it = await Run.open("r", opened(spec(3), budget=Budget(passes=4)), ledger)
    await it.drive(crew(spec(3), ["word0", "word0 word1", "word0 word1 a", "word0 word1 b"]))
    events = await ledger.replay("r")
    states = [fold(events[: n + 1]) for n in range(len(events))]
    one, two = (next(s for s in states if len(s.passes) == n and s.pending is None) for n in (1, 2))
    first, second = reforecast(one), reforecast(two)
    assert first.cost_p50.tokens != pytest.approx(one.spent.tokens * (first.p50 or 4))
    assert second.cost_p50.tokens == pytest.approx(two.spent.tokens / 2 * (second.p50 or 4))


async def test_what_a_critic_said_of_a_first_draft_is_experience() -> None:
    """Criteria with a check and criteria for a critic are counted apart."""
    state = await played(spec(2, 3), ["word0 seen1 seen2"], passes=1)
    seen = experience(state)
    assert (seen.checks, seen.judged) == ((2, 1), (3, 2))


async def test_an_accepted_run_is_done_and_remembered() -> None:
    """The chance is 1 from its last pass on; as a past run it took two passes and left one, then none open."""
    state = await played(spec(2), ["word0", "word0 word1"])
    outlook = reforecast(state)
    assert outlook.chance == 1.0
    assert outlook.advice == "nothing is open"
    assert outlook.p50 == outlook.p90 == 2
    past = past_run(state)
    assert past is not None
    assert (past.passes, past.open, past.accepted, past.cut) == (2, (1, 0), True, False)
    assert past.experience == Experience(tries=((1, 1),), held=1, lost=0, checks=(2, 1))


async def test_a_run_out_of_budget_is_censored_and_not_dropped() -> None:
    """Its tries are counted by age, its end is a cut."""
    state = await played(spec(2), ["word0", "word0 x", "word0 y"], passes=3)
    past = past_run(state)
    assert past is not None
    assert (past.passes, past.accepted, past.cut) == (3, False, True)
    assert past.experience.tries == ((1, 0), (1, 0))
    assert tries(state) == {"word1": 2}


async def test_a_text_that_was_given_is_no_first_draft() -> None:
    """Its author never wrote it."""
    past = past_run(await played(spec(2), ["never asked for", "word0 word1"], given="word0"))
    assert past is not None
    assert past.given
    assert past.experience.checks == (0, 0)
    assert past.experience.tries == ((1, 1),)


async def test_a_run_that_has_not_ended_is_not_past() -> None:
    """Its outcome is open."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(spec(2)), ledger)
    assert past_run(run.state) is None


async def test_what_earlier_runs_showed_is_part_of_the_forecast_within_a_run() -> None:
    """Records of short texts count for a short text, those of long ones do not."""
    target = spec(3)

    async def first(*history: MoveRecord) -> Outlook:
        return reforecast((await Run.open("r", opened(target, history=history), MemoryLedger())).state)

    plain = await first()
    good = MoveRecord(move="redraft", long=False, tried=40, fixed=38, held=80, lost=0, moves=20)
    assert (await first(good)).rates.p > plain.rates.p
    assert (await first(good)).rates.q < plain.rates.q
    assert (await first(good)).rates.source.startswith("earlier runs of this author")
    assert await first(replace(good, long=True)) == plain


@pytest.mark.parametrize("outlined", [False, True])
@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_a_forecast_can_be_made_at_every_event(seed: int, outlined: bool) -> None:  # noqa: FBT001
    """Chances stay chances, experience stays countable, in worlds of any skill and trouble."""
    target = spec(3, 2)
    ledger = MemoryLedger()
    run = await Run.open("r", opened(target, outline=(criterion("plan-word0"),) if outlined else ()), ledger)
    people = World(spec=target, seed=seed, skill=0.3 + 0.05 * seed, trouble=0.2).crew()
    await run.drive(replace(people, checks={**people.checks, "plan-word0": Has("word0")}))
    events = await ledger.replay("r")
    for n in range(1, len(events) + 1):
        state = fold(events[:n])
        outlook = reforecast(state)
        assert 0.0 <= outlook.chance <= 1.0
        assert list(outlook.done) == sorted(outlook.done)
        seen = experience(state)
        assert all(0 <= fixed <= tried for tried, fixed in (*seen.tries, seen.checks, seen.judged))
        assert 0 <= seen.lost <= seen.held
        assert seen.checks[0] % 3 == 0
        open_now = state.open_criteria(state.best) if state.best else ()
        if any(name in state.set_aside for name in open_now):
            assert outlook.chance == 0.0
