"""The plain loops and the command that compares them."""

from xml.etree import ElementTree as ET

import anyio
import pytest

from against import job, main, row, rows, setpoint_loop
from against_picture import draw
from against_record import Record, stamp
from against_tables import Row, compact, paired, wilson
from baselines import BASELINES, Job, Trial
from plant import REGIMES, Plant
from setpoint.errors import ModelError
from setpoint.ports import Prompt, Reply


def trial(name: str, regime: str, seed: int, *, tokens: int = 40_000, passes: int = 8) -> tuple[Plant, Trial]:
    """One loop on one plant."""
    plant = Plant(REGIMES[regime], seed)
    loop = BASELINES.get(name, setpoint_loop)
    return plant, anyio.run(loop, job(plant, seed, tokens=tokens, passes=passes))


@pytest.mark.parametrize("name", [*BASELINES, "Setpoint"])
def test_loops_keep_their_caps(name):
    """No loop spends more tokens or drafts than it may, however small the caps."""
    for tokens, passes in ((40_000, 8), (40_000, 2), (3_000, 8), (300, 8)):
        _plant, done = trial(name, "weak", 1, tokens=tokens, passes=passes)
        assert done.tokens <= tokens
        assert done.passes <= passes
        assert done.text in {"", *done.drafts}


@pytest.mark.parametrize("name", [*BASELINES, "Setpoint"])
def test_loops_are_repeatable(name):
    """The same plant and the same loop give the same trial."""
    assert trial(name, "middling", 4)[1] == trial(name, "middling", 4)[1]


def test_arms_start_from_the_same_first_draft():
    """Pairing: what the first prompt means is the same for all, so its luck is, too."""
    first = {trial(name, "middling", 4)[1].drafts[0] for name in BASELINES if name != "checklist redraft"}
    assert len(first) == 1
    assert trial("Setpoint", "middling", 4)[1].drafts[0].strip() == first.pop().strip()


def test_a_loop_claims_only_what_it_read():
    """One draft claims nothing; a loop that stops claims a pass by its own reading, which may be false."""
    assert trial("one draft", "middling", 4)[1].claims is None
    claims = [trial("rewrite all faults", "middling", seed) for seed in range(12)]
    assert any(done.claims for _plant, done in claims)
    assert all(done.claims is not None for _plant, done in claims)


class Silent:
    """A model that never answers."""

    name = "silent"

    async def ask(self, prompt: Prompt) -> Reply:
        del prompt
        raise ModelError("the line is down", kind="unreachable")


@pytest.mark.parametrize("name", BASELINES)
def test_a_critic_that_cannot_be_reached_passes_nothing(name):
    """Fail closed: no reading, no claim."""
    plant = Plant(REGIMES["easy"], 2)
    given = job(plant, 2, tokens=40_000, passes=3)
    work = Job(**{key: getattr(given, key) for key in given.__slots__} | {"critic": Silent()})  # type: ignore[arg-type]
    assert not anyio.run(BASELINES[name], work).claims


def test_rows_hold_the_latent_truth():
    """What a row says about a text is what the plant says."""
    plant, done = trial("rewrite all faults", "weak", 3)
    found = row("weak", "rewrite all faults", 3, plant, done)
    assert found.satisfied == plant.world.satisfied(done.text)
    final = plant.truth(done.text)
    once = {name for draft in done.drafts for name, met in plant.truth(draft).items() if met}
    assert found.lost == len(once) - sum(final.values())
    pairs = anyio.run(lambda: rows(REGIMES["easy"], [0, 1], dict(BASELINES), tokens=20_000, passes=3))
    assert len(pairs) == 2 * len(BASELINES)


def test_intervals_are_wilsons():
    """Known values, and the ends."""
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0


def a_loop(seed: int, met: int, *, regime: str = "r", arm: str = "a") -> Row:
    """A loop that only says whether it met everything."""
    return Row(
        regime=regime,
        arm=arm,
        seed=seed,
        satisfied=bool(met),
        claims=None,
        lost=0,
        passes=1,
        calls=1,
        tokens=1500,
        outcome="",
    )


def test_differences_are_taken_over_paired_seeds():
    """Rows are matched by seed, not by place."""
    ours = [a_loop(0, 1), a_loop(1, 0)]
    assert paired(ours, [a_loop(1, 0), a_loop(0, 1)]).startswith("+0 [+0")
    assert paired(ours, [a_loop(1, 1), a_loop(0, 0)]).startswith("+0 [-")


def test_the_small_table_has_a_column_for_each_loop_with_ours_first():
    """Share in per cent and thousands of tokens; a cell that was not run is empty."""
    found = [a_loop(0, 1), a_loop(1, 0), a_loop(0, 1, arm="Setpoint"), a_loop(0, 0, regime="s")]
    lines = compact(found).splitlines()
    assert lines[0] == "| regime | Setpoint | a |"
    assert lines[2:] == ["| r | 100 (1.5k) | 50 (1.5k) |", "| s | - | 0 (1.5k) |"]


def test_the_picture_shows_every_loop_at_its_share():
    """A panel for each regime, a dot for each loop that was run there, at the place of its share."""
    found = [
        a_loop(seed, int(seed < 3), regime=name, arm=arm)
        for name in "rs"
        for arm in ("a", "Setpoint")
        for seed in range(4)
    ]
    drawn = draw([*found, a_loop(0, 1, regime="s", arm="b")])
    root = ET.fromstring(drawn)
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"r", "s", "a", "b", "Setpoint"} <= set(texts)
    places = [float(dot.attrib["cx"]) for dot in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(places) == 5
    zero, hundred = (
        {float(one.attrib["x"]) for one in root.iter("{http://www.w3.org/2000/svg}text") if one.text == said}
        for said in ("0", "100")
    )
    assert places[0] == pytest.approx(min(zero) + 0.75 * (min(hundred) - min(zero)), abs=0.1)


def test_an_interrupted_table_goes_on_where_it_was(tmp_path, capsys):
    """Loops that the file holds are taken as they are, and the page is the one of an uncut run."""
    uncut, cut = tmp_path / "uncut.jsonl", tmp_path / "cut.jsonl"
    asked = ["--regimes", "middling,weak", "--arms", "one draft,best of N", "--loops", "3"]
    assert main([*asked, "--json", str(uncut)]) == 0
    lines = uncut.read_text().splitlines(keepends=True)
    told = lines[1].replace('"tokens": ', '"tokens": 9')  # shows that it was not run again
    cut.write_text("".join([lines[0], told, *lines[2:7]]))
    capsys.readouterr()
    page, picture = tmp_path / "page.md", tmp_path / "picture.svg"
    more = ["--json", str(cut), "--resume", "--page", str(page), "--picture", str(picture)]
    assert main([*asked, *more]) == 0
    assert cut.read_text().splitlines(keepends=True) == [lines[0], told, *lines[2:]]
    assert page.read_text() == capsys.readouterr().out
    assert picture.read_text().startswith("<svg")


def test_loops_of_other_code_are_not_gone_on_with(tmp_path, capsys):
    """A record that another control law or another cap made is begun anew, and that is said."""
    path = tmp_path / "x.jsonl"
    first = Record(path, "40000 8")
    first.add(a_loop(0, 1))
    assert list(Record(path, "40000 8", resume=True).known) == [("r", "a", 0)]
    path.write_text(path.read_text().replace(stamp(), "0" * 16))
    assert Record(path, "40000 8", resume=True).known == {}
    assert "begun anew" in capsys.readouterr().err
    first.add(a_loop(0, 1))
    assert Record(path, "20000 8", resume=True).known == {}


def test_the_command_prints_a_table(capsys, tmp_path):
    """A row per regime and loop, labelled for what it is, and every loop on request."""
    asked = [
        "--loops",
        "2",
        "--regimes",
        "easy,conflict-true",
        "--arms",
        "one draft,Setpoint",
        "--json",
        str(tmp_path / "x.json"),
    ]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "echanism tests" in said
    assert said.count("| conflict-true |") == 4  # the small table, two loops, how Setpoint's runs ended
    assert len((tmp_path / "x.json").read_text().splitlines()) == 1 + 8
    assert main(["--regimes", "nowhere"]) == 2
