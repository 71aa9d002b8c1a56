"""`setpoint lint` and `setpoint new` as a user meets them."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

from conftest_cli import Shell
from setpoint.testing.server import Fault

VAGUE = """\
brief = "A note that says where and when."

[[criterion]]
name = "nice"
says = "The tone is engaging."
impact = 2

[[criterion]]
name = "short"
says = "Has at most 40 words."
impact = 1

[[criterion]]
name = "where"
says = "Names the room."
impact = 5
core = true
"""
PROPOSAL = json.dumps(
    {
        "kind": "text",
        "demands": [
            {
                "name": "says-when",
                "says": "Says that the lift is out of service on Tuesday.",
                "impact": 5,
                "core": True,
            },
            {"name": "short", "says": "Has at most 60 words.", "impact": 2, "core": False},
            {"name": "tone", "says": "Is professional.", "impact": 3, "core": False},
        ],
    }
)


def test_lint_names_place_level_and_criterion_and_ends_with_1(shell: Shell) -> None:
    """The line of the criterion, what is wrong, what to write, and the check to paste."""
    shell.write("vague.toml", VAGUE)
    code, out, err = shell.run("lint", "vague.toml")
    assert code == 1
    assert "vague.toml:3: warning: vague in nice\n    | The tone is engaging.\n" in out
    assert "        check = { words = { max = 40 } }\n" in out
    assert out.endswith("vague.toml: 2 warnings\n")
    assert err == ""


def test_hints_alone_end_with_0(shell: Shell) -> None:
    """A pipeline goes on."""
    shell.write("hint.toml", 'brief = "A note."\n[[criterion]]\nname = "where"\nsays = "Names the room."\n')
    code, out, _ = shell.run("lint", "hint.toml")
    assert (code, out.splitlines()[-1]) == (0, "hint.toml: 1 hint")


def test_kinds_can_be_ignored_and_an_unknown_one_is_a_mistake(shell: Shell) -> None:
    """A misspelt flag never hides a finding."""
    shell.write("vague.toml", VAGUE)
    assert shell.run("lint", "vague.toml", "--ignore", "vague", "--ignore", "measurable")[0] == 0
    code, _, err = shell.run("lint", "vague.toml", "--ignore", "vauge")
    assert code == 2
    assert "no such kind" in err


def test_formats_for_programs_say_the_same(shell: Shell) -> None:
    """JSON, JUnit and GitHub each hold every finding."""
    shell.write("vague.toml", VAGUE)
    code, out, _ = shell.run("lint", "vague.toml", "--format", "json")
    data = json.loads(out)
    assert (code, data["warnings"], [f["kind"] for f in data["findings"]]) == (1, 2, ["measurable", "vague"])
    _, out, _ = shell.run("lint", "vague.toml", "--format", "junit")
    assert [case.get("name") for case in ET.fromstring(out).iter("testcase")] == ["measurable: short", "vague: nice"]
    assert ET.fromstring(out).get("failures") == "2"
    _, out, _ = shell.run("lint", "vague.toml", "--format", "github")
    assert out.splitlines()[1].startswith("::warning file=vague.toml,line=3,title=vague%3A nice::“engaging”")
    shell.write(
        "hint.toml", 'brief = "A note."\n[[criterion]]\nname = "where"\nsays = "Names the room."\ncore = true\n'
    )
    _, out, _ = shell.run("lint", "hint.toml", "--format", "junit")
    assert ET.fromstring(out).get("tests") == "1"


def test_a_check_that_cannot_be_built_is_a_finding_and_a_broken_file_a_mistake(shell: Shell) -> None:
    """Lint speaks of specs that `run` would refuse; of what is no spec it cannot."""
    shell.write("regex.toml", 'brief = "A."\n[[criterion]]\nname = "x"\ncheck = { contains = { regex = "(" } }\n')
    code, out, _ = shell.run("lint", "regex.toml")
    assert code == 1
    assert "error: cannot-measure in x" in out
    shell.write("broken.toml", "brief = ")
    assert shell.run("lint", "broken.toml")[0] == 2


def test_control_sequences_in_a_spec_do_not_reach_the_terminal(shell: Shell) -> None:
    """A spec from a stranger may be linted."""
    shell.write("evil.toml", 'brief = "A."\n[[criterion]]\nname = "x"\nsays = "Is engaging.\\u001b[2J\\u202e"\n')
    for form in ("text", "junit", "github"):
        _, out, _ = shell.run("lint", "evil.toml", "--format", form)
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_a_model_adds_what_code_cannot_see(shell: Shell, author: Callable[..., str]) -> None:
    """Its findings stand beside those of code, and what it invents is counted."""
    shell.write("vague.toml", VAGUE)
    reply = {
        "conflicts": [
            {"first": 1, "second": 3, "first_words": "no such words", "second_words": "room", "why": "a b c d"}
        ],
        "missing": [{"words": "where and when", "demand": "Names the day and the hour of the meeting."}],
    }
    code, out, err = shell.run("lint", "vague.toml", "--model", author(json.dumps(reply)))
    assert code == 1
    assert "hint: missing-criterion in brief" in out
    assert "1 of its findings left out" in err


def test_a_model_that_cannot_be_read_is_machinery_and_the_rest_is_printed(
    shell: Shell, author: Callable[..., str]
) -> None:
    """Exit code 3: nobody takes silence for approval."""
    shell.write("vague.toml", VAGUE)
    code, out, err = shell.run("lint", "vague.toml", "--model", author("no findings, well done"))
    assert code == 3
    assert "warning: vague in nice" in out
    assert "cannot be used" in err
    assert shell.run("lint", "vague.toml", "--model", author(Fault(kind="server_error")))[0] == 3


def test_new_writes_a_spec_of_the_gallery_once_with_what_it_needs(shell: Shell) -> None:
    """Nothing is overwritten, and nothing is written by halves."""
    code, _, err = shell.run("new", "sql-query")
    assert code == 0
    assert "setpoint lint sql-query.toml" in err
    assert (shell.folder / "check_query.py").exists()
    (shell.folder / "sql-query.toml").unlink()
    code, _, err = shell.run("new", "sql-query")
    assert code == 2
    assert "check_query.py exists already" in err
    assert not (shell.folder / "sql-query.toml").exists()


def test_new_as_it_was_still_writes_the_starter(shell: Shell) -> None:
    """A file name writes the commented example; - prints it; no name is spec.toml, which is there already."""
    assert shell.run("new", "mine.toml")[0] == 0
    assert (shell.folder / "mine.toml").read_text(encoding="utf-8") == shell.run("new", "-")[1]
    assert shell.run("new")[0] == 2
    code, _, err = shell.run("new", "releasenotes", "x.toml")
    assert code == 2
    assert "did you mean 'release-notes'?" in err


def test_a_proposal_is_printed_and_nothing_is_written_unless_a_file_is_named(
    shell: Shell, author: Callable[..., str]
) -> None:
    """The findings are talk; the spec is the output."""
    before = set(shell.folder.iterdir())
    code, out, err = shell.run("new", "--from", "The lift is out of service on Tuesday.", "--model", author(PROPOSAL))
    assert code == 0
    assert 'name = "says-when"' in out
    assert "check = { words = { max = 60 } }" in out
    assert "left out: “Is professional.”" in err
    assert {path.name for path in set(shell.folder.iterdir()) - before} <= {"home"}
    code, out, err = shell.run("new", "lift.toml", "--from", "The lift is off on Tuesday.", "--model", author(PROPOSAL))
    assert (code, out) == (0, "")
    assert "nothing has run" in err
    assert shell.run("lint", "lift.toml")[0] == 0


def test_a_proposal_needs_a_model_a_brief_and_a_free_file(shell: Shell, author: Callable[..., str]) -> None:
    """Each mistake says what to do."""
    code, _, err = shell.run("new", "--from", "The lift is off.")
    assert code == 2
    assert "--model PROVIDER:NAME" in err
    assert "setpoint new --list" in err
    assert shell.run("new", "--from", "missing.txt", "--model", author())[0] == 2
    assert "exists already" in shell.run("new", "spec.toml", "--from", "The lift is off.", "--model", author())[2]
    assert shell.run("new", "--model", author())[0] == 2
    shell.write("brief.txt", "  \n")
    assert "is empty" in shell.run("new", "--from", "brief.txt", "--model", author())[2]


def test_the_reference_shows_what_lint_prints(shell: Shell) -> None:
    """The spec and the output in the docs, word for word."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "lint.md").read_text(encoding="utf-8")
    (spec,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    shown = re.findall(r"```console\n\$ setpoint lint notice.toml\n(.*?)```", page, re.DOTALL)
    shell.write("notice.toml", spec)
    assert [shell.run("lint", "notice.toml")[1]] == shown
