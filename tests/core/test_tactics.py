"""The odds of moves before anything was seen: chances, weak enough to be overruled, as their sources have them."""

import pytest

from setpoint.core.rates import Skill  # noqa: TC001 - a test is short
from setpoint.core.tactics import PRIORS, Chance

MOVES = ("rewrite", "redraft", "edit")


@pytest.mark.parametrize("skill", PRIORS)
@pytest.mark.parametrize("move", MOVES)
def test_a_prior_is_a_chance_and_a_handful_of_tries_outweighs_it(skill: str, move: str) -> None:
    """Four imagined tries for fixing, ten for losing, three for failing."""
    odds = PRIORS[skill][move]  # type: ignore[index]
    assert tuple(one.tries for one in odds) == (4, 10, 3)
    assert all(0 < one.mean < 1 for one in odds)
    assert odds.lose.mean < odds.fix.mean, "no move is expected to lose as readily as it fixes"


def test_priors_say_what_was_measured() -> None:
    """Fix and loss per item of a rewrite in the measured loops; a weak author does better with a redraft."""
    measured: dict[Skill, tuple[float, float]] = {
        "strong": (0.90, 0.015),
        "middling": (0.75, 0.065),
        "weak": (0.22, 0.12),
    }
    for skill, (fix, lose) in measured.items():
        odds = PRIORS[skill]["rewrite"]
        assert (odds.fix.mean, odds.lose.mean) == (pytest.approx(fix), pytest.approx(lose))
    weak = PRIORS["weak"]
    assert weak["redraft"].fix.mean > weak["rewrite"].fix.mean
    assert weak["edit"].fail.mean > weak["rewrite"].fail.mean
    assert all(PRIORS[skill]["edit"].lose.mean < PRIORS[skill]["rewrite"].lose.mean for skill in PRIORS)


def test_evidence_adds_to_a_chance() -> None:
    """Two hits in two tries on top of two in four."""
    assert Chance(2, 4).plus(2, 2) == Chance(4, 6)
    assert Chance(2, 4).plus(2, 2).mean == pytest.approx(2 / 3)
