"""How sure Setpoint says it is, against what is true, on the plant."""

from dataclasses import replace

import anyio
import pytest

from plant import REGIMES, Plant
from sure import LABELS, Told, measured, told


def loops(rho: float, seeds: range) -> list[Told]:
    """Accepted runs."""
    regime = replace(REGIMES["middling"], rho=rho)
    return [one for seed in seeds if (one := anyio.run(told, regime, seed)) is not None]


def test_labels_are_drawn_from_the_critics_true_rates() -> None:
    """Counts over many tasks come out at the rates of the regime."""
    regime = REGIMES["weak"]
    known = [one for seed in range(20) for one in measured(Plant(regime, seed), seed)]
    texts = LABELS * len(known)
    assert sum(one.noticed for one in known) / texts == pytest.approx(regime.sensitivity, abs=0.03)
    assert sum(one.passed for one in known) / texts == pytest.approx(1 - regime.alarm, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_what_is_said_to_be_sure_is_true_as_often(rho: float) -> None:
    """Over 80 loops the stated share is no higher than the true one allows, and not idly low (two standard errors)."""
    found = loops(rho, range(80))
    stated = sum(one.sure for one in found) / len(found)
    true = sum(one.true for one in found) / len(found)

    assert len(found) > 60
    assert stated < true + 2 * 0.035
    assert stated > true - 0.15
