"""Adapters of other libraries; those that are not installed here are skipped, and run by `make peers`."""

from dataclasses import replace

import anyio
import pytest

from against import job, main
from baselines import CapReached, Desk, Trial, one_draft
from peers import PEERS, missing
from plant import REGIMES, Plant

REVISABLE = replace(REGIMES["easy"], name="revisable", first=0.93, fix=0.97)
"""An author who is good and a critic who is exact: first drafts often fail somewhere, and every loop should mend that."""


def installed(peer: str) -> None:
    """Skip, and say why, where the library is missing."""
    if lacks := missing(peer):
        pytest.skip(f"{peer}: {lacks}")


def loops(peer: str, regime: str, seeds: int, *, tokens: int = 40_000, passes: int = 8) -> list[tuple[Plant, Trial]]:
    """Some loops of a peer, each with its plant."""
    kind = REVISABLE if regime == REVISABLE.name else REGIMES[regime]
    plants = [Plant(kind, seed) for seed in range(seeds)]
    return [
        (plant, anyio.run(PEERS[peer].loop, job(plant, seed, tokens=tokens, passes=passes)))
        for seed, plant in enumerate(plants)
    ]


@pytest.mark.parametrize("peer", PEERS)
def test_an_adapter_succeeds_where_everyone_should(peer):
    """Before a peer's numbers count: nearly all texts truly meet everything, and some took more than one draft."""
    installed(peer)
    found = loops(peer, "revisable", 12)
    assert sum(all(plant.truth(trial.text).values()) for plant, trial in found) >= 11
    assert sum(trial.passes > 1 for _plant, trial in found) >= 3
    assert all(trial.claims for _plant, trial in found)


@pytest.mark.parametrize("peer", PEERS)
def test_an_adapter_keeps_the_caps_and_returns_a_draft(peer):
    """A hard task: drafts and tokens stay under the cap, but for the one reply that a server cannot foresee."""
    installed(peer)
    for _plant, trial in loops(peer, "weak", 3, tokens=20_000, passes=5):
        assert 1 <= trial.passes <= 5
        assert trial.tokens <= 20_000 + 2_000
        assert trial.text.strip()
        assert trial.text.strip() in {draft.strip() for draft in trial.drafts}
        assert trial.outcome


@pytest.mark.parametrize("peer", PEERS)
def test_an_adapter_starts_from_the_first_draft_that_all_get(peer):
    """The same task on the same plant gives the same first draft, however the request is worded: loops can be paired."""
    installed(peer)
    plant, trial = loops(peer, "middling", 1, passes=2)[0]
    plain = anyio.run(one_draft, job(Plant(plant.world.regime, 0), 0, tokens=40_000, passes=2))
    assert trial.drafts[0].strip() == plain.text.strip()


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
    assert all("make peers" in missing(peer) for peer in PEERS)
    assert main(["--loops", "1", "--regimes", "easy", "--arms", "one draft", "--peers"]) == 0
    said = capsys.readouterr()
    assert said.err.count("SKIPPED") == len(PEERS)
    assert "LoopGain" not in said.out
