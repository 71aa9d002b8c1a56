"""Adapters of other libraries, against stand-ins with the documented interface where the library is not installed."""

import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace

import anyio
import pytest

from against import job, main
from baselines import CapReached, Desk
from peers import PEERS, loopgain, missing
from plant import REGIMES, Plant


class StandIn:
    """Stops at no errors or at the cap, and keeps the best output: the documented contract of a LoopGain monitor."""

    def __init__(self, *, target_error: int, max_iterations: int) -> None:
        self.target, self.most = target_error, max_iterations
        self.seen: list[tuple[int, str]] = []

    def should_continue(self) -> bool:
        done = bool(self.seen) and self.seen[-1][0] <= self.target
        return not done and len(self.seen) < self.most

    def observe(self, errors: Sequence[str], *, output: str) -> None:
        self.seen.append((len(errors), output))

    @property
    def result(self) -> SimpleNamespace:
        best = min(self.seen, key=lambda one: one[0])
        return SimpleNamespace(best_output=best[1], outcome="converged" if best[0] == 0 else "max_iterations")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in under the library's name."""
    module = ModuleType("loopgain")
    module.LoopGain = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "loopgain", module)


@pytest.mark.usefixtures("stand_in")
def test_loopgain_stops_the_loop_and_gives_back_the_best():
    """The monitor sees the names of what failed and the text; the best it saw is returned."""
    ended: set[str] = set()
    for seed in range(8):
        plant = Plant(REGIMES["middling"], seed)
        trial = anyio.run(loopgain, job(plant, seed, tokens=40_000, passes=4))
        assert trial.text in trial.drafts
        assert trial.passes <= 4
        assert trial.tokens <= 40_000
        assert trial.claims == (trial.outcome == "converged")
        ended.add(trial.outcome)
    assert "converged" in ended


@pytest.mark.usefixtures("stand_in")
def test_loopgain_keeps_the_cap_on_tokens():
    """A cap that allows one draft and its reading gives that draft back."""
    plant = Plant(REGIMES["weak"], 1)
    trial = anyio.run(loopgain, job(plant, 1, tokens=3_000, passes=8))
    assert 1 <= trial.passes <= 2
    assert trial.text == trial.drafts[0]


def test_tokens_spent_by_others_count_under_the_same_cap():
    """A library's own calls leave less for the readings."""
    plant = Plant(REGIMES["weak"], 1)
    desk = Desk(job(plant, 1, tokens=3_000, passes=8))
    desk.held = 2_999

    async def go() -> str:
        return await desk.ask(plant, "Write.", limit=100)

    with pytest.raises(CapReached):
        anyio.run(go)
    assert desk.calls == 0


def test_a_peer_that_is_not_installed_is_left_out_loudly(capsys, monkeypatch):
    """The table goes on without it, and says so."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert all(missing(peer) for peer in PEERS)
    assert main(["--loops", "1", "--regimes", "easy", "--arms", "one draft", "--peers"]) == 0
    said = capsys.readouterr()
    assert said.err.count("SKIPPED") == len(PEERS)
    assert "LoopGain" not in said.out
