"""`setpoint estimate`: it looks ahead, spends nothing, and learns from the ledger."""

import json
from collections.abc import Callable

from conftest_cli import BAD, GOOD, SPEC, Shell

Serve = Callable[..., str]

NOBODY = "openai:m@http://127.0.0.1:9/v1"
"""Nothing listens on port 9: a call would fail."""


def test_an_estimate_makes_no_call_and_leaves_no_file(shell: Shell) -> None:
    """It answers on standard output, with a model that cannot be reached and without a ledger."""
    code, out, err = shell.run("estimate", "spec.toml", "--author", NOBODY)
    assert (code, err) == (0, "")
    for about in ("loop", "passes", "done by", "in budget", "tokens", "money", "converges", "bound", "rests on"):
        assert any(line.startswith(about) for line in out.splitlines()), out
    assert "typical numbers of a middling author and short texts" in out
    assert "none yet: 0 own finished runs, 20 are needed" in out
    assert not (shell.folder / "home" / "runs.sqlite").exists()


def test_no_author_has_to_be_named(shell: Shell) -> None:
    """Then it is a middling one, and what it costs is not known."""
    code, out, _ = shell.run("estimate", "spec.toml")
    assert code == 0
    assert "no price is known" in out


def test_json_says_the_same(shell: Shell) -> None:
    """The numbers for programs; None stands for more than the budget."""
    code, out, _ = shell.run("estimate", "spec.toml", "--json", "--author", "ollama:tiny-1b", "--passes", "2")
    found = json.loads(out)
    assert (code, found["version"]) == (0, 1)
    assert found["passes"]["budget"] == 2
    assert len(found["passes"]["done_by"]) == 2
    assert found["passes"]["p90"] is None
    assert found["chance"] == found["passes"]["done_by"][-1]
    assert found["bound"] == {"passes": None, "level": 0.9, "runs": 0, "needed": 20}


def test_what_the_budget_does_not_reach_is_printed_as_more(shell: Shell) -> None:
    """Where the budget ends, so does what is known."""
    _, out, _ = shell.run("estimate", "spec.toml", "--author", "ollama:tiny-1b", "--passes", "2")
    assert "half of such runs are done within 2, nine in ten only after more than 2" in " ".join(out.split())
    assert "more than" in out


def test_caps_are_taken_from_the_flags(shell: Shell) -> None:
    """1,000 tokens hold about one pass; an amount that is none is refused."""
    _, free, _ = shell.run("estimate", "spec.toml", "--json")
    _, capped, _ = shell.run("estimate", "spec.toml", "--json", "--tokens", "1k")
    assert json.loads(capped)["passes"]["affordable"] < json.loads(free)["passes"]["affordable"] == 4
    assert json.loads(capped)["chance"] < json.loads(free)["chance"]
    assert shell.run("estimate", "spec.toml", "--tokens", "many")[0] == 2


def test_a_pair_that_excludes_each_other_is_said_instead_of_a_chance(shell: Shell) -> None:
    """Eight words that a limit of six has no room for: no pass would help."""
    wanted = '["one", "two", "three", "four", "five", "six", "seven", "eight"]'
    shell.write(
        "spec.toml",
        'brief = "b"\n[[criterion]]\nname = "short"\ncheck = { words = { max = 6 } }\n'
        f'[[criterion]]\nname = "complete"\ncheck = {{ contains = {wanted} }}\n',
    )
    code, out, _ = shell.run("estimate", "spec.toml")
    assert code == 0
    assert "change the spec first: complete and short exclude each other" in " ".join(out.split())
    assert "in budget  0 %" in out


def test_a_budget_that_admits_no_draft_is_said_instead_of_a_chance(shell: Shell) -> None:
    """By the reservation that a run makes: 300 tokens do not hold the worst case of one call."""
    code, out, _ = shell.run("estimate", "spec.toml", "--tokens", "300")
    assert code == 0
    assert "change the budget first: no draft would be written" in " ".join(out.split())
    assert "in budget  0 %" in out


def test_a_cap_in_money_needs_a_price(shell: Shell) -> None:
    """As it does for a run."""
    code, _, err = shell.run("estimate", "spec.toml", "--author", NOBODY, "--money", "1")
    assert code == 2
    assert "no price is known" in err


def test_a_spec_that_cannot_be_used_is_a_mistake(shell: Shell) -> None:
    """Its error is that of a run."""
    shell.write("bad.toml", SPEC.replace("impact = 5", "impact = 9"))
    code, _, err = shell.run("estimate", "bad.toml")
    assert code == 2
    assert "impact" in err


def test_programs_of_a_spec_are_not_run(shell: Shell) -> None:
    """No trust is needed to look ahead."""
    shell.write(
        "code.toml", 'brief = "b"\n[[criterion]]\nname = "t"\nsays = "s"\ncheck = { command = ["touch", "ran"] }\n'
    )
    assert shell.run("estimate", "code.toml")[0] == 0
    assert not (shell.folder / "ran").exists()


def test_past_runs_of_the_author_change_the_estimate(shell: Shell, author: Serve) -> None:
    """Three runs accepted at once raise the chance of the first draft; another author's estimate stays as it was."""
    named = author(GOOD)
    _, before, _ = shell.run("estimate", "spec.toml", "--author", named, "--json")
    for _ in range(3):
        shell.run("run", "spec.toml", "--author", named)
    _, after, _ = shell.run("estimate", "spec.toml", "--author", named, "--json")
    one, two = json.loads(before), json.loads(after)
    assert two["passes"]["done_by"][0] > one["passes"]["done_by"][0]
    assert two["bound"]["runs"] == 3
    assert two["rests_on"].startswith("3 past runs of this author")
    assert json.loads(shell.run("estimate", "spec.toml", "--author", NOBODY, "--json")[1]) == one


def test_runs_that_were_cut_lower_the_estimate(shell: Shell, author: Serve) -> None:
    """A run that ended out of budget is a run, too."""
    named = author(BAD)
    _, before, _ = shell.run("estimate", "spec.toml", "--author", named, "--json")
    for _ in range(2):
        shell.run("run", "spec.toml", "--author", named, "--single")
    _, after, _ = shell.run("estimate", "spec.toml", "--author", named, "--json")
    one, two = json.loads(before), json.loads(after)
    assert two["passes"]["done_by"][0] < one["passes"]["done_by"][0]
    assert two["bound"]["runs"] == 2


def test_a_run_shows_its_forecast_first_and_the_fact_at_the_end(shell: Shell, author: Serve) -> None:
    """Before the first call on standard error; in the summary, the JSON and the report afterwards."""
    code, out, err = shell.run("run", "spec.toml", "--author", author(BAD, GOOD), "--json", "--report", "r.html")
    assert code == 0
    assert err.index("forecast:") < err.index("pass 1:")
    about = [line["about"] for line in json.loads(out)["forecast"]]
    assert about == ["at the start", "on the way", "in fact"]
    assert "in fact: 2 passes, accepted" in err
    assert "Forecast and fact" in (shell.folder / "r.html").read_text()


def test_a_given_text_is_forecast_once_it_was_measured(shell: Shell, author: Serve) -> None:
    """Nothing is known of a text before it is read."""
    shell.write("note.txt", BAD)
    _, out, err = shell.run("run", "spec.toml", "--draft", "note.txt", "--author", author(GOOD), "--json")
    assert "forecast:" not in err
    lines = {line["about"]: line["says"] for line in json.loads(out)["forecast"]}
    assert list(lines) == ["at the start", "in fact"]
