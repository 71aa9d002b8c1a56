"""People label what a critic judged; the loop is told; nothing is shown before the person has answered."""

import csv
import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from conftest_cli import Shell
from setpoint.compose import read_spec
from setpoint.core.event import RoleModel
from setpoint.core.spec import Budget
from setpoint.ledgers import SqliteLedger
from setpoint.roles import critic_form
from setpoint.run import Run
from worlds import crew, opened

Serve = Callable[..., str]
Type = Callable[[str], None]

JUDGED = """\
brief = "A note."

[[criterion]]
name = "greets"
says = "Greets the reader by name."
"""
GREETING = "Dear Ines, come on Tuesday."


async def _record(ledger: Path, spec: Path, texts: list[str], lenient: str, model: str) -> None:
    """A run for each text, by a real loop; the critic passes what greets, and what holds the lenient word."""
    target = read_spec(spec).spec
    models = (RoleModel(role="author", model="a"), RoleModel(role="critic", model=model, form=critic_form()))
    first = opened(target, models=models, budget=Budget(passes=1))
    async with SqliteLedger(ledger) as kept:
        for number, text in enumerate(texts):
            run = await Run.open(f"run-{number:02d}", first, kept)
            await run.drive(crew(target, [text], lambda _name, seen, _call: "Dear" in seen or lenient in seen))


@pytest.fixture
def history(shell: Shell) -> Callable[..., None]:
    """Fill the user's ledger: so many texts that greet, and so many that do not; the critic notices the odd ones."""

    def fill(good: int = 1, bad: int = 0, model: str = "fake:critic") -> None:
        shell.write("judged.toml", JUDGED)
        texts = [f"{GREETING} No. {n}" for n in range(good)]
        texts += [f"Come on Tuesday. No. {n}{'' if n % 4 else ', seen'}" for n in range(bad)]
        ledger = shell.folder / "home" / "runs.sqlite"
        anyio.run(partial(_record, ledger, shell.folder / "judged.toml", texts, "Come", model))

    return fill


@pytest.fixture
def type_(monkeypatch: pytest.MonkeyPatch) -> Type:
    """What comes through the pipe into standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def sheet_of(shell: Shell) -> list[dict[str, str]]:
    """The exported sheet."""
    _, out, _ = shell.run("label", "--spec", "judged.toml", "--export", "-")
    return list(csv.DictReader(io.StringIO(out)))


def answer_truly(shell: Shell, who: str = "ines") -> tuple[int, str, str]:
    """Label everything by the truth, in a sheet."""
    rows = sheet_of(shell)
    for row in rows:
        row["answer"] = "pass" if "Dear" in row["passage"] else "fail"
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    shell.write("labels.csv", out.getvalue())
    return shell.run("label", "--spec", "judged.toml", "--import", "labels.csv", "--who", who)


def test_the_critics_verdict_is_hidden_until_the_person_has_answered(
    shell: Shell, history: Callable[..., None], type_: Type
) -> None:
    """The critics verdict is hidden until the person has answered."""
    history()
    type_("")
    code, out, before = shell.run("label", "last")
    type_("p\n")
    _, _, after = shell.run("label", "last")

    assert (code, out) == (0, "")
    assert "   1  Dear Ines" in before
    assert "greets: Greets the reader by name." in before
    assert "fake:critic" not in before
    assert "fake:critic said pass" in after
    assert "1 label stored" in after


def test_a_session_goes_on_where_it_was_left(shell: Shell, history: Callable[..., None], type_: Type) -> None:
    """A session goes on where it was left."""
    history(good=3)
    type_("p\nq\n")
    shell.run("label", "--spec", "judged.toml")
    type_("x\np\n\np\n")  # what is no key is asked again
    _, _, said = shell.run("label", "--spec", "judged.toml")

    assert "1 of 3 are answered already" in said
    assert "2 labels stored" in said


def test_back_answers_again_and_the_latest_answer_counts(
    shell: Shell, history: Callable[..., None], type_: Type
) -> None:
    """Back answers again and the latest answer counts."""
    history(good=2)
    type_("f\nb\np\np\n")
    shell.run("label", "--spec", "judged.toml", "--who", "ines")

    assert [
        row["answer"]
        for row in csv.DictReader(
            io.StringIO(shell.run("label", "--spec", "judged.toml", "--export", "-", "--who", "ines")[1])
        )
    ] == ["pass", "pass"]


def test_a_sample_is_drawn_by_chance_and_the_same_seed_draws_the_same(
    shell: Shell, history: Callable[..., None]
) -> None:
    """A sample is drawn by chance and the same seed draws the same."""
    history(good=12)

    def drawn(seed: str) -> list[str]:
        _, out, _ = shell.run("label", "--spec", "judged.toml", "--sample", "4", "--seed", seed, "--export", "-")
        return [row["run"] for row in csv.DictReader(io.StringIO(out))]

    assert len(drawn("1")) == 4
    assert drawn("1") == drawn("1") != drawn("2")


def test_the_sheet_tells_nothing_of_the_critic(shell: Shell, history: Callable[..., None]) -> None:
    """The sheet tells nothing of the critic."""
    history(good=2, bad=2)
    _, out, _ = shell.run("label", "--spec", "judged.toml", "--export", "-")
    assert "fake:critic" not in out
    assert {row["answer"] for row in sheet_of(shell)} == {""}


def test_labels_of_a_sheet_are_those_of_the_person_who_imports_it(shell: Shell, history: Callable[..., None]) -> None:
    """Who exported an empty sheet has said nothing in it; what was answered keeps its name in the next sheet."""
    history(good=1, bad=1)
    assert {row["who"] for row in sheet_of(shell)} == {""}
    for who in ("ines", "jo"):
        answer_truly(shell, who)
    _, out, _ = shell.run("label", "--spec", "judged.toml", "--export", "-", "--who", "jo")
    said = sorted((row["answer"], row["who"]) for row in csv.DictReader(io.StringIO(out)))
    assert said == [("fail", "jo"), ("pass", "jo")]
    assert {row["answer"] for row in sheet_of(shell)} == {""}


def test_labels_become_a_table_with_intervals(shell: Shell, history: Callable[..., None]) -> None:
    """12 sound texts, 12 faulty ones, of which the critic passes all."""
    history(good=12, bad=12)
    assert answer_truly(shell)[0] == 0
    code, out, _ = shell.run("calibrate", "--json")
    (row,) = json.loads(out)["critics"]

    assert code == 0
    assert row["counts"] == {"noticed": 0, "failures": 12, "passed": 12, "passes": 12}
    assert row["sensitivity"]["value"] == 0.0
    assert 0.2 < row["sensitivity"]["high"] < 0.3
    assert row["kappa"]["value"] == 0.0
    assert (row["corrected"], row["verdict"]) == (None, "tells nothing")
    assert "24 labels" in shell.run("calibrate")[1]


def test_too_few_labels_give_no_number(shell: Shell, history: Callable[..., None]) -> None:
    """Too few labels give no number."""
    history(good=9, bad=9)
    answer_truly(shell)
    table = shell.run("calibrate")[1]

    assert "not enough data (0 of 9)" in table
    assert "%" not in table.split("95 %")[0]


def test_labels_of_two_people_that_differ_settle_nothing(
    shell: Shell, history: Callable[..., None], type_: Type
) -> None:
    """Labels of two people that differ settle nothing."""
    history(good=1, bad=1)
    answer_truly(shell)
    type_("f\nf\n")
    shell.run("label", "--spec", "judged.toml", "--who", "jo")
    (row,) = json.loads(shell.run("calibrate", "--json")[1])["critics"]
    assert row["sources"]["labels"] == {"noticed": 0, "failures": 1, "passed": 0, "passes": 0}


def test_an_overruling_counts_as_a_label_of_its_own_kind(shell: Shell, history: Callable[..., None]) -> None:
    """An overruling counts as a label of its own kind."""
    history(bad=1, good=0)
    shell.run("overrule", "last", "greets", "--fail", "--why", "nobody is greeted")
    (row,) = json.loads(shell.run("calibrate", "--json")[1])["critics"]
    assert row["sources"] == {"overrulings": {"noticed": 0, "failures": 1, "passed": 0, "passes": 0}}


def test_the_next_run_is_told_what_labels_say_about_its_critic(
    shell: Shell, history: Callable[..., None], author: Serve
) -> None:
    """A critic that people know to be blind to a criterion accepts nothing on it."""
    said = {"lines": [1], "finding": "It greets Ines.", "verdict": "pass", "do": ""}
    reading = json.dumps({"readings": {"greets": said}, "other": []})
    model = author(GREETING, reading, reading, reading)
    history(good=12, bad=12, model=model)
    answer_truly(shell)

    code, out, err = shell.run("run", "judged.toml", "--author", model, "--no-probe", "--json")
    found = json.loads(out)

    assert (code, found["outcome"]) == (1, "unverified"), err
    assert "known to miss its faults" in found["reason"]
    assert found["sure"]["criteria"][0]["labels"] == 24
    assert "critic measured on 24 labels" in found["sure"]["says"]


def test_control_sequences_in_a_draft_do_not_reach_the_terminal(shell: Shell, type_: Type) -> None:
    """Control sequences in a draft do not reach the terminal."""
    shell.write("judged.toml", JUDGED)
    ledger = shell.folder / "home" / "runs.sqlite"
    anyio.run(partial(_record, ledger, shell.folder / "judged.toml", ["Dear \x1b[2J\x07 Ines"], "Come", "fake:critic"))
    type_("p\n")
    assert "\x1b[2J" not in shell.run("label", "last")[2]


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        ("run,draft\nrun-00,1\n", "has no column 'criterion'"),
        ("run,draft,criterion,says,text,answer\nrun-00,1,greets,a,b,maybe\n", "row 2: 'maybe' is no answer"),
        (
            "run,draft,criterion,says,text,answer\nrun-00,1,greets,a,b,pass\n",
            "draft 1 of run run-00, which is not among",
        ),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_and_nothing_is_stored(
    shell: Shell, history: Callable[..., None], sheet: str, told: str
) -> None:
    """A sheet that does not fit is refused and nothing is stored."""
    history()
    shell.write("wrong.csv", sheet)
    code, _, err = shell.run("label", "last", "--import", "wrong.csv")
    assert code == 2
    assert told in err
    assert json.loads(shell.run("calibrate", "--json")[1])["critics"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a run"),
        (("last", "--sample", "0"), "from 1 on"),
        (("last", "--export", "a.csv", "--import", "b.csv"), "one at a time"),
        (("last", "--import", "missing.csv"), "missing.csv cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(
    shell: Shell, history: Callable[..., None], arguments: tuple[str, ...], told: str
) -> None:
    """What cannot be done is said with what to do."""
    history()
    code, _, err = shell.run("label", *arguments)
    assert code == 2
    assert told in err


def test_runs_whose_criteria_are_measured_by_checks_have_nothing_to_label(shell: Shell, author: Serve) -> None:
    """Runs whose criteria are measured by checks have nothing to label."""
    shell.run("run", "spec.toml", "--author", author("Come to the town library on Tuesday.\n"))
    code, _, err = shell.run("label", "last")
    assert code == 2
    assert "measured by checks" in err
