"""How sure a reading is, against values worked out by hand, and what the loop makes of it."""

import itertools
from dataclasses import replace

import pytest

from setpoint.core.action import Judge, Stop
from setpoint.core.belief import CAP, Ballot, Quality, believes, likelihood, met, prior, quality
from setpoint.core.control import decide
from setpoint.core.event import CriticOn, Drafted, Event, Judged, Measured, Opened, Recorded, Requested
from setpoint.core.fault import Status, Verdict
from setpoint.core.fold import fold
from setpoint.core.spec import Budget, Spec, says_digest
from setpoint.core.state import State
from worlds import criterion, opened

WARM = criterion("warm", judged=True)
SPEC = Spec(brief="A letter.", criteria=(WARM,))
GOOD = Quality(sensitivity=0.9, specificity=0.8, basis="criterion")


def known(noticed: int, failures: int, passed: int, passes: int, **changes: str) -> CriticOn:
    """Counts on the one criterion."""
    counts = CriticOn(
        role="critic",
        criterion="warm",
        digest=says_digest(WARM),
        noticed=noticed,
        failures=failures,
        passed=passed,
        passes=passes,
        labels=failures + passes,
    )
    return replace(counts, **changes)  # type: ignore[arg-type]


def read(first: Opened, *said: Status) -> State:
    """A run with one draft, read once per word."""
    events: list[Event] = [first, Drafted(call=None, text="warm", origin="given"), Measured(draft=1, verdicts=())]
    for number, status in enumerate(said, start=1):
        purpose = "first" if number == 1 else "confirm"
        asked = Judge(draft=1, criteria=("warm",), purpose=purpose)
        events.append(Requested(call=number, role="critic", rule="read", action=asked, tokens=1))
        verdict = Verdict(criterion="warm", status=status, by="critic", shortfall=float(status != "pass"))
        events.append(Judged(call=number, draft=1, verdicts=(verdict,)))
    return fold(Recorded(run="r", seq=n, at=0.0, digest="d", event=event) for n, event in enumerate(events))


def test_one_pass_is_worth_what_bayes_says() -> None:
    """One pass is worth what bayes says."""
    # 0.75 x 0.8 against 0.25 x 0.1.
    assert met([Ballot(quality=GOOD, votes=(True,))], prior=0.75) == pytest.approx(0.6 / 0.625)


def test_independent_votes_multiply() -> None:
    """Independent votes multiply."""
    # 0.5 x 0.8 x 0.8 against 0.5 x 0.1 x 0.1.
    assert met([Ballot(quality=GOOD, votes=(True, True))], prior=0.5, rho=0.0) == pytest.approx(0.64 / 0.65)


def test_votes_that_always_repeat_are_worth_one() -> None:
    """Votes that always repeat are worth one."""
    once = met([Ballot(quality=GOOD, votes=(True,))])
    assert met([Ballot(quality=GOOD, votes=(True,) * 9)], rho=1.0 - 1e-12) == pytest.approx(once)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.57, 0.9])
def test_the_law_of_votes_has_the_correlation_that_it_names(rho: float) -> None:
    """The law of votes has the correlation that it names."""
    rate = 0.8
    pairs = {pair: likelihood(pair, rate, rho) for pair in itertools.product((True, False), repeat=2)}

    assert sum(pairs.values()) == pytest.approx(1.0)
    assert (pairs[True, True] - rate**2) / (rate * (1 - rate)) == pytest.approx(rho)


def test_the_order_of_votes_does_not_matter() -> None:
    """The order of votes does not matter."""
    values = [likelihood(votes, 0.7, 0.57) for votes in itertools.permutations((True, True, False, True))]
    assert values == pytest.approx([values[0]] * len(values))


def test_a_second_model_adds_less_than_it_would_alone_and_never_takes_away() -> None:
    """A second model adds less than it would alone and never takes away."""
    one = Ballot(quality=GOOD, votes=(True,))
    blind = Ballot(quality=Quality(sensitivity=0.3, specificity=0.7, basis="criterion"), votes=(True,))

    assert met([one, blind]) == pytest.approx(met([one]))
    assert met([one]) < met([one, one]) < met([one, one], other=0.0)


def test_a_short_perfect_probe_is_no_proof_of_perfection() -> None:
    """A short perfect probe is no proof of perfection."""
    worth = quality(read(opened(SPEC)), "critic", WARM)

    assert worth.basis == "planted"
    assert (worth.sensitivity, worth.specificity) == (pytest.approx(12.5 / 13), pytest.approx(9.5 / 10))


def test_too_few_texts_about_a_criterion_are_no_knowledge() -> None:
    """Too few texts about a criterion are no knowledge."""
    state = read(opened(SPEC, known=(known(9, 9, 40, 40),)))
    assert quality(state, "critic", WARM).basis == "planted"


def test_counts_on_a_criterion_that_reads_otherwise_by_now_are_left_alone() -> None:
    """Counts on a criterion that reads otherwise by now are left alone."""
    state = read(opened(SPEC, known=(known(20, 20, 20, 20, digest="another"),)))
    assert quality(state, "critic", WARM).basis == "planted"


def test_counts_on_the_criterion_lean_a_little_on_the_probe() -> None:
    """Counts on the criterion lean a little on the probe."""
    worth = quality(read(opened(SPEC, known=(known(6, 20, 18, 20),))), "critic", WARM)

    assert (worth.basis, worth.labels) == ("criterion", 40)
    assert 0.3 < worth.sensitivity == pytest.approx((6 + 4 * 12.5 / 13) / 24)


def test_where_nothing_is_known_two_passes_accept_as_ever() -> None:
    """Where nothing is known two passes accept as ever."""
    _, action = decide(read(opened(SPEC), "pass", "pass"))
    assert action == Stop(outcome="accepted", reason="every criterion passes")


def test_a_critic_known_to_be_blind_to_a_criterion_accepts_nothing_on_it() -> None:
    """Although it passed its probe; and no further vote is paid for (latest pass: 1)."""
    _, action = decide(read(opened(SPEC, known=(known(3, 20, 20, 20),)), "pass", "pass"))

    assert isinstance(action, Stop)
    assert (action.outcome, action.reason) == (
        "unverified",
        "every criterion passes, but warm only by a critic that is known to miss its faults",
    )


def test_a_critic_that_failed_its_probe_is_believed_where_it_is_known_to_be_good() -> None:
    """A critic that failed its probe is believed where it is known to be good."""
    first = opened(SPEC, known=(known(20, 20, 20, 20),))
    weak = replace(first, models=tuple(replace(m, sensitivity=0.3) for m in first.models))

    _, action = decide(read(weak, "pass", "pass"))

    assert isinstance(action, Stop)
    assert action.outcome == "accepted"
    assert isinstance(stopped := decide(read(replace(weak, known=()), "pass", "pass"))[1], Stop)
    assert stopped.outcome == "unverified"


def test_a_middling_critic_is_asked_again_while_more_passes_could_make_it_sure() -> None:
    """A middling critic is asked again while more passes could make it sure."""
    first = opened(SPEC, known=(known(14, 20, 17, 20),))
    said: list[Status] = ["pass", "pass"]
    while isinstance(action := decide(read(first, *said))[1], Judge):
        assert (action.purpose, action.criteria) == ("confirm", ("warm",))
        said.append("pass")

    assert 2 < len(said) <= CAP
    assert believes(read(first, *said), read(first, *said).draft(1)).whole >= 0.95
    assert isinstance(action, Stop)
    assert action.outcome == "accepted"


def test_readings_end_at_the_cap() -> None:
    """Readings end at the cap."""
    first = opened(SPEC, known=(known(14, 20, 17, 20),))
    _, action = decide(read(first, "pass", "pass", "fail", "pass", "pass"))
    assert not isinstance(action, Judge)


def test_a_further_reading_that_does_not_fit_the_budget_is_left_out() -> None:
    """A further reading that does not fit the budget is left out."""
    first = opened(SPEC, known=(known(14, 20, 17, 20),), budget=Budget(tokens=100))
    _, action = decide(read(first, "pass", "pass"))
    assert action == Stop(outcome="accepted", reason="every criterion passes")


def test_the_whole_text_is_as_sure_as_all_its_criteria_together() -> None:
    """The whole text is as sure as all its criteria together."""
    cold = criterion("cold", judged=True)
    state = read(opened(Spec(brief="A letter.", criteria=(WARM, cold))), "pass")
    draft = state.draft(1)
    both = replace(draft, votes={**draft.votes, "cold": draft.votes["warm"]})

    found = believes(state, both)

    assert found.basis == "planted"
    assert found.whole == pytest.approx(found.criteria[0].probability ** 2)


def test_what_code_or_a_person_settled_is_certain() -> None:
    """What code or a person settled is certain."""
    state = read(opened(SPEC), "fail")
    draft = state.draft(1)
    ruled = (*draft.votes["warm"], Verdict(criterion="warm", status="pass", by="person"))

    assert believes(state, replace(draft, votes={"warm": ruled})).whole == 1.0
    assert believes(read(opened(SPEC), "fail"), draft).whole < 0.2


def test_what_is_assumed_of_a_text_depends_on_its_author_and_on_the_runs_other_drafts() -> None:
    """A weak author's text starts lower; other drafts that failed pull it further down, its own readings do not."""
    first = opened(SPEC)
    weak = replace(first, models=(replace(first.models[0], model="x:tiny-1b"), *first.models[1:]))
    middling, low = read(first, "pass"), read(weak, "pass")
    other = replace(middling.draft(1), draft=replace(middling.draft(1).draft, number=2))
    failed = replace(other, votes={"warm": (Verdict(criterion="warm", status="fail", by="critic"),)})

    assert prior(middling, middling.draft(1)) == pytest.approx(0.75)
    assert prior(low, low.draft(1)) == pytest.approx(0.55)
    beside = replace(middling, drafts=(middling.draft(1), failed))
    assert 0.6 < prior(beside, beside.draft(1)) < 0.72
