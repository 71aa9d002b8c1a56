"""Adapters of other libraries; those that are not installed here are skipped, and run by `make peers`."""

import http.client
import json
from dataclasses import replace
from urllib.parse import urlparse

import anyio
import pytest

from against import job, main
from baselines import CapReached, Desk, Trial, first_draft, one_draft
from peers import PEERS, missing
from peers.booth import Booth, Ended, at_booth
from plant import REGIMES, Plant
from setpoint.errors import UsageError
from setpoint.testing import ScriptedModel

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


def test_what_a_library_asks_by_itself_counts_with_what_is_asked_for_it():
    """One cap over both: a reading leaves less for the server, which then refuses."""
    statuses: list[int] = []

    def work(booth: Booth) -> Ended:
        text = booth.write(first_draft(booth.desk))
        faults = booth.faults(text)
        assert set(booth.open_checks(text)) <= {fault.name for fault in faults}
        statuses.extend(ask(booth.server.url, first_draft(booth.desk)) for _ in range(30))
        return Ended(text=booth.best(), claims=not faults, outcome="ended")

    plant = Plant(REGIMES["weak"], 1)
    trial = anyio.run(at_booth, job(plant, 1, tokens=8_000, passes=8), work)
    assert statuses[0] == 200
    assert statuses[-1] == 400
    assert trial.calls == 2 + statuses.count(200)
    assert 7_000 < trial.tokens <= 8_000 + 1_000
    assert (trial.text, trial.outcome) == (trial.drafts[0], "ended")


def ask(url: str, prompt: str) -> int:
    """One request to a server: its status."""
    where = urlparse(url)
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    body = json.dumps({"model": "plant", "messages": [{"role": "user", "content": prompt}]})
    line.request("POST", f"{where.path}/chat/completions", body, {"Content-Type": "application/json"})
    status = line.getresponse().status
    line.close()
    return status


def test_a_library_that_speaks_http_needs_a_plant_behind_a_server():
    """Any other author is refused before anything is asked."""
    plant = Plant(REGIMES["weak"], 1)
    other = replace(job(plant, 1, tokens=8_000, passes=8), author=ScriptedModel([]))
    with pytest.raises(UsageError, match="plant behind a server"):
        anyio.run(at_booth, other, lambda _booth: Ended(text="", claims=False, outcome=""))


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
