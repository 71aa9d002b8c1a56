"""People decide: questions in a terminal and away from one, amendments, overrulings, presets and switches."""

import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, cycle

import pytest

from conftest_cli import BAD, GOOD, SPEC, Shell
from setpoint.testing.server import Fault, FaultServer

Serve = Callable[..., str]

OUTLINED = """\
brief = "A note on what it costs."
kind = "markdown"

[budget]
passes = 5

[[skeleton.criterion]]
name = "parts"
check = { headings = { required = ["## Costs"] } }

[[criterion]]
name = "cheap"
check = { contains = ["nine euros"] }
impact = 5
"""
OUTLINE = "## Costs\n\nwhat it costs\n"
OTHER = "## Costs\n\nwhat it costs, and why\n"
TEXT = "## Costs\n\nIt costs nine euros.\n"

PAIR = """\
brief = "A note."

[budget]
passes = 9

[[criterion]]
name = "names-the-place"
check = { contains = ["town library"] }
impact = 5

[[criterion]]
name = "avoids-the-place"
check = { excludes = ["library"] }
impact = 4
"""

TIGHT = """\
brief = "A note."

[budget]
passes = 9

[[criterion]]
name = "names-the-place"
check = { contains = ["the town library"] }
impact = 5

[[criterion]]
name = "short"
check = { words = { max = 8 } }
impact = 4
"""


class Terminal:
    """A setpoint process at a terminal of its own: questions are read from its screen, answers are typed."""

    def __init__(self, shell: Shell, *arguments: str) -> None:
        self._here, there = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "setpoint", *arguments],
            cwd=shell.folder,
            stdin=there,
            stderr=there,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "LINES": "40"},
        )
        os.close(there)
        self.screen = ""

    def wait_for(self, words: str) -> None:
        """Read until the words stand on the screen."""
        deadline = time.monotonic() + 30
        while words not in self.screen:
            assert time.monotonic() < deadline, self.screen
            self._read(0.1)

    def type(self, line: str) -> None:
        """Type, from an empty screen on."""
        self.screen = ""
        os.write(self._here, line.encode())

    def end(self) -> tuple[int, str]:
        """Wait for the end; gives exit code and standard output."""
        deadline = time.monotonic() + 30
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.screen
            self._read(0.1)
        self._read(0.1)
        out, _ = self.process.communicate(timeout=10)
        return self.process.returncode, out

    def close(self) -> None:
        """Leave no process behind, whatever the test found."""
        if self.process.poll() is None:
            self.process.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process.wait(timeout=10)
        os.close(self._here)

    def _read(self, patience: float) -> None:
        ready, _, _ = select.select([self._here], [], [], patience)
        if ready:
            try:
                self.screen += os.read(self._here, 65536).decode(errors="replace")
            except OSError:  # the other end has been closed
                return


@pytest.fixture
def terminal(shell: Shell) -> Iterator[Callable[..., Terminal]]:
    """Start setpoint at a terminal."""
    started: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        started.append(Terminal(shell, *arguments))
        return started[-1]

    yield start
    for made in started:
        made.close()


@pytest.fixture
def outlined(shell: Shell) -> Shell:
    """A shell with a spec whose outline is settled first."""
    shell.write("outlined.toml", OUTLINED)
    return shell


def runs(shell: Shell) -> dict[str, str]:
    """What the list of runs says about the latest one."""
    return json.loads(shell.run("runs", "--json")[1])[0]


# Questions away from a terminal


def test_without_a_terminal_a_run_waits_and_says_how_to_answer(outlined: Shell, author: Serve) -> None:
    """Nothing is decided for a person, and an outline is not handed over as the text."""
    outlined.write("note.md", "kept\n")
    code, out, err = outlined.run(
        "run", "outlined.toml", "--author", author(OUTLINE), "--ask", "outline", "-o", "note.md"
    )
    known = runs(outlined)
    assert (code, out) == (1, "")
    assert "what it costs" in err
    assert f"`setpoint answer {known['run']} yes|no [--note …]`" in err
    assert f"`setpoint resume {known['run']}`" in err
    assert (known["outcome"], known["question"]) == ("", "outline")
    assert "asks: outline" in outlined.run("runs")[1]
    assert (outlined.folder / "note.md").read_text() == "kept\n"


def test_show_and_report_tell_what_a_run_waits_for(outlined: Shell, author: Serve) -> None:
    """Whoever looks at the run sees the question."""
    outlined.run("run", "outlined.toml", "--author", author(OUTLINE), "--ask", "outline")
    shown = json.loads(outlined.run("show", "--json")[1])
    assert (shown["outcome_title"], shown["question"]["kind"], shown["question"]["subject"]) == (
        "Waiting for a person",
        "outline",
        "1",
    )
    assert shown["question"]["text"].strip() == OUTLINE.strip()
    page = outlined.run("report", "-o", "-")[1]
    assert "Waiting for a person" in page
    assert "what it costs" in page


def test_yes_locks_the_outline_and_resume_goes_on(outlined: Shell, author: Serve) -> None:
    """One question, one answer, and the run ends as if it had not waited."""
    outlined.run("run", "outlined.toml", "--author", author(OUTLINE, TEXT), "--ask", "outline")
    code, _, err = outlined.run("answer", "last", "yes", "--who", "Ada", "--note", "as agreed")
    assert code == 0
    assert "Ada approved the outline (as agreed)." in err
    assert "setpoint resume" in err
    assert outlined.run("resume")[:2] == (0, TEXT)
    notes = [note for entry in json.loads(outlined.run("show", "--json")[1])["passes"] for note in entry["notes"]]
    assert "Ada approved the outline (as agreed)." in notes


def test_no_has_another_outline_drafted_with_the_note_as_its_lesson(outlined: Shell) -> None:
    """What a person wants instead reaches the author in their own words."""
    left = [OUTLINE, OTHER, TEXT]
    with FaultServer(lambda _payload: left.pop(0)) as server:
        outlined.run("run", "outlined.toml", "--author", f"openai:m@{server.url}", "--ask", "outline")
        outlined.run("answer", "last", "no", "--note", "say why it costs that much")
        code, _, err = outlined.run("resume")
        assert code == 1
        assert "and why" in err
        assert "say why it costs that much" in server.requests[1].text
        outlined.run("answer", "last", "yes")
        assert outlined.run("resume")[:2] == (0, TEXT)


def test_time_spent_waiting_for_a_person_does_not_count(outlined: Shell, author: Serve) -> None:
    """A cap in seconds holds the run to its work, not people to an answer."""
    outlined.run("run", "outlined.toml", "--author", author(OUTLINE, TEXT), "--ask", "outline")
    before = json.loads(outlined.run("show", "--json")[1])["spent"]["seconds"]
    time.sleep(1.2)
    outlined.run("answer", "last", "yes")
    after = json.loads(outlined.run("show", "--json")[1])["spent"]["seconds"]
    assert after == before


def test_an_answer_that_nobody_waits_for_is_a_mistake(shell: Shell, author: Serve) -> None:
    """Neither an unknown run, nor one that has ended, nor an answer that is none."""
    assert "no run has been recorded yet" in shell.run("answer", "nope", "yes")[2]
    shell.run("run", "spec.toml", "--author", author(GOOD))
    code, _, err = shell.run("answer", "last", "yes")
    assert code == 2
    assert "it has ended as accepted" in err
    assert shell.run("answer", "last", "perhaps")[0] == 2


@pytest.fixture
def contradicted(shell: Shell) -> tuple[Shell, str]:
    """A run that has named a contradiction and waits to hear whether the spec is to be changed.

    Its author meets one of two demands which exclude each other, now this one, now that one.
    """
    shell.write("pair.toml", PAIR)
    number = count(1)
    places = cycle(["town library", "hall"])
    with FaultServer(lambda _payload: f"Come to the {next(places)}, {next(number)}.\n") as server:
        author = f"openai:m@{server.url}"
        shell.run("run", "pair.toml", "--author", author, "--ask", "amend", "--off", "competing", "--off", "promote")
    return shell, runs(shell)["run"]


def test_a_contradiction_can_be_settled_by_another_spec(contradicted: tuple[Shell, str]) -> None:
    """Yes is said with a spec; the run is measured by it and ends without another call."""
    shell, run = contradicted
    assert runs(shell)["question"] == "amend"
    code, _, err = shell.run("answer", run, "yes")
    assert code == 2
    assert f"setpoint amend {run} SPEC" in err
    shell.write("pair.toml", PAIR.replace('excludes = ["library"]', 'excludes = ["cinema"]'))
    assert shell.run("amend", run, "pair.toml", "--why", "both cannot be")[0] == 0
    code, out, _ = shell.run("resume", run)
    assert (code, "town library" in out) == (0, True)


def test_a_contradiction_may_be_left_as_it_is(contradicted: tuple[Shell, str]) -> None:
    """No: the run goes on with the spec as it is, and ends with the pair by name."""
    shell, run = contradicted
    code, _, err = shell.run("answer", run, "no", "--who", "Ada")
    assert code == 0
    assert "Ada left the spec as it is" in err
    shell.run("resume", run)
    assert runs(shell)["outcome"] == "contradiction"


@pytest.mark.parametrize(("said", "told"), [("yes", True), ("no", False)])
def test_the_author_is_told_which_demand_comes_first_only_with_a_persons_leave(
    shell: Shell, *, said: str, told: bool
) -> None:
    """Code has found two demands that pull apart; approved, the order stands in the author's next prompt."""
    shell.write("pair.toml", TIGHT)
    number = count(1)
    with FaultServer(lambda _payload: f"Come to the hall, {next(number)}.\n") as server:
        author = f"openai:m@{server.url}"
        shell.run("run", "pair.toml", "--author", author, "--ask", "precedence", "--off", "mediate", "--off", "promote")
        assert runs(shell)["question"] == "precedence"
        shown = json.loads(shell.run("show", "--json")[1])["question"]
        assert shown["says"] == "Shall names-the-place come before short where they pull apart?"
        before = len(server.requests)
        _, _, err = shell.run("answer", "last", said, "--who", "Ada")
        assert "the order names-the-place before short" in err
        _, _, err = shell.run("resume")
        assert ("names-the-place comes before short" in err) == told
        assert len(server.requests) > before
    assert runs(shell)["question"] == ""


# Questions in a terminal


@pytest.mark.usefixtures("outlined")
def test_in_a_terminal_the_question_is_put_and_the_answer_is_read(terminal: Callable[..., Terminal]) -> None:
    """The live view stands still meanwhile; unclear answers are asked for again; no takes a note."""
    left = [OUTLINE, OTHER, TEXT]
    with FaultServer(lambda _payload: left.pop(0)) as server:
        shown = terminal("run", "outlined.toml", "--author", f"openai:m@{server.url}", "--ask", "outline")
        shown.wait_for("to decide later")
        assert "Shall this outline be locked?" in shown.screen
        assert "what it costs" in shown.screen
        shown.type("perhaps\n")
        shown.wait_for("to decide later")
        time.sleep(0.6)
        assert "\x1b[1A" not in shown.screen, "the view was redrawn over the prompt"
        shown.type("no\n")
        shown.wait_for("wanted instead?")
        shown.type("say why\n")
        shown.wait_for("and why")
        shown.wait_for("to decide later")
        shown.type("yes good\n")
        assert shown.end() == (0, TEXT)
        assert "say why" in server.requests[1].text
    assert "accepted" in shown.screen


def test_the_end_of_the_input_leaves_the_run_waiting(outlined: Shell, terminal: Callable[..., Terminal]) -> None:
    """Ctrl-D decides nothing."""
    with FaultServer(lambda _payload: OUTLINE) as server:
        shown = terminal("run", "outlined.toml", "--author", f"openai:m@{server.url}", "--ask", "outline", "--plain")
        shown.wait_for("to decide later")
        shown.type("\x04")
        assert shown.end() == (1, "")
    assert "setpoint answer" in shown.screen
    assert runs(outlined)["question"] == "outline"


def test_ctrl_c_at_the_prompt_ends_as_cancelled_and_resume_asks_again(
    outlined: Shell, terminal: Callable[..., Terminal]
) -> None:
    """A prompt is no place to be caught in."""
    with FaultServer(lambda _payload: OUTLINE) as server:
        shown = terminal("run", "outlined.toml", "--author", f"openai:m@{server.url}", "--ask", "outline")
        shown.wait_for("to decide later")
        shown.process.send_signal(signal.SIGINT)
        code, _ = shown.end()
        assert code == 1
        assert "Traceback" not in shown.screen
        assert "Fatal" not in shown.screen
        assert runs(outlined)["outcome"] == "cancelled"
        assert outlined.run("resume")[0] == 1
    assert runs(outlined)["question"] == "outline"


# Amendments

OTHER_SPEC = SPEC.replace("max = 12", "max = 20").replace("impact = 5", "impact = 4") + (
    '\n[[criterion]]\nname = "day"\ncheck = { contains = ["Tuesday"] }\n'
)


def test_an_ended_run_goes_on_with_an_amended_spec(shell: Shell, author: Serve) -> None:
    """What changed is said; every check is built from the new spec."""
    shell.run("run", "spec.toml", "--author", author("Come to the town library.\n", GOOD))
    shell.write("spec.toml", OTHER_SPEC)
    code, _, err = shell.run("amend", "last", "spec.toml", "--why", "the day was missing", "--who", "Ada")
    assert code == 0
    assert 'criterion added: day (Contains "Tuesday".)' in err
    assert "criterion changed: says-where: impact 5 is now 4" in err
    assert "criterion changed: short: words (max = 12) is now words (max = 20)" in err
    assert "setpoint resume" in err
    assert runs(shell)["outcome"] == "", "it has not ended any more"
    assert shell.run("resume")[:2] == (0, GOOD)
    shown = json.loads(shell.run("show", "--json")[1])
    assert [row["name"] for row in shown["criteria"]] == ["says-where", "short", "day"]
    assert any("Ada changed the spec: the day was missing" in note for p in shown["passes"] for note in p["notes"])


def test_an_amended_run_without_passes_left_is_continued(shell: Shell, author: Serve) -> None:
    """The command that goes on is named, and works."""
    shell.run("run", "spec.toml", "--author", author("Come to the town library.\n", GOOD), "--single")
    shell.write("spec.toml", OTHER_SPEC)
    _, _, err = shell.run("amend", "last", "spec.toml", "--why", "the day was missing")
    assert "setpoint continue" in err
    assert shell.run("continue", "--passes", "+3")[:2] == (0, GOOD)


def test_what_is_no_amendment_is_refused_and_changes_nothing(shell: Shell, author: Serve) -> None:
    """The same spec, no reason, an unknown run, a pattern, a critic that is not there."""
    assert shell.run("amend", "nope", "spec.toml", "--why", "x")[0] == 2
    shell.run("run", "spec.toml", "--author", author(GOOD))
    shell.write("other.toml", OTHER_SPEC)
    shell.write("pattern.toml", SPEC.replace("says where", "says {{place}}"))
    shell.write("judged.toml", SPEC + '\n[[criterion]]\nname = "warm"\nsays = "Sounds like a person."\n')
    for arguments, says in (
        (("spec.toml", "--why", "x"), "nothing was amended"),
        (("other.toml",), "--why"),
        (("other.toml", "--why", " "), "say why"),
        (("gone.toml", "--why", "x"), "gone.toml"),
        (("pattern.toml", "--why", "x"), "place"),
        (("judged.toml", "--why", "x"), "has no critic"),
    ):
        code, _, err = shell.run("amend", "last", *arguments)
        assert (code, says in err) == (2, True), err
    assert runs(shell)["outcome"] == "accepted"


def test_a_second_amendment_must_be_said_twice(shell: Shell, author: Serve) -> None:
    """A target that keeps moving does not get hit (rule 1)."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    shell.write("other.toml", OTHER_SPEC)
    assert shell.run("amend", "last", "other.toml", "--why", "a")[0] == 0
    code, _, err = shell.run("amend", "last", "spec.toml", "--why", "b")
    assert code == 2
    assert "--again" in err
    assert shell.run("amend", "last", "spec.toml", "--why", "b", "--again")[0] == 0
    assert shell.run("resume")[:2] == (0, GOOD)


def test_a_name_of_the_outline_cannot_be_given_to_a_criterion_of_the_text(outlined: Shell, author: Serve) -> None:
    """A name means one demand in a run, whatever the spec says later."""
    outlined.run("run", "outlined.toml", "--author", author(OUTLINE, TEXT))
    outlined.write("other.toml", SPEC.replace('"short"', '"parts"'))
    code, _, err = outlined.run("amend", "last", "other.toml", "--why", "x")
    assert (code, "'parts' is the name" in err) == (2, True)


def test_an_amendment_while_an_outline_waits_leaves_the_question_and_counts_for_the_text(
    outlined: Shell, author: Serve
) -> None:
    """The outline goes on as it was; the prose is measured by the new spec."""
    outlined.run("run", "outlined.toml", "--author", author(OUTLINE, TEXT), "--ask", "outline")
    outlined.write("outlined.toml", OUTLINED.replace("nine euros", "costs nine"))
    _, _, err = outlined.run("amend", "last", "outlined.toml", "--why", "another wording")
    assert "criterion changed: cheap" in err
    assert runs(outlined)["question"] == "outline"
    outlined.run("answer", "last", "yes")
    code, out, _ = outlined.run("resume")
    assert (code, out) == (0, TEXT)
    rows = json.loads(outlined.run("show", "--json")[1])["criteria"]
    assert [(row["name"], row["status"]) for row in rows] == [("parts", "pass"), ("cheap", "pass")]


def test_an_amendment_with_programs_needs_trust_before_the_run_goes_on(shell: Shell, author: Serve) -> None:
    """Trust is in a digest, and the digest is another one."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    shell.write("cmd.toml", SPEC + '\n[[criterion]]\nname = "runs"\ncheck = { command = { run = ["env"] } }\n')
    code, _, err = shell.run("amend", "last", "cmd.toml", "--why", "it must run")
    assert code == 0
    assert "`setpoint trust cmd.toml`" in err
    assert shell.run("resume")[0] == 2
    assert shell.run("trust", "cmd.toml")[0] == 0
    assert shell.run("resume")[:2] == (0, GOOD)


def test_a_process_killed_after_an_amendment_loses_nothing(shell: Shell) -> None:
    """Killed during a call, amended, killed again during the next call, resumed: the end is the amended spec's."""
    left: list[str] = [BAD]
    with FaultServer(lambda _payload: left.pop(0) if left else Fault(kind="hang")) as server:

        def killed_at(requests: int, *arguments: str) -> None:
            process = subprocess.Popen(
                [sys.executable, "-m", "setpoint", *arguments],
                cwd=shell.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            deadline = time.monotonic() + 30
            while len(server.requests) < requests:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.kill()
            process.communicate(timeout=20)

        killed_at(2, "run", "spec.toml", "--author", f"openai:m@{server.url}")
        shell.write("spec.toml", OTHER_SPEC)
        assert shell.run("amend", "last", "spec.toml", "--why", "the day was missing")[0] == 0
        killed_at(3, "resume")
        left.append(GOOD)
        code, out, _ = shell.run("resume")
        assert "Tuesday" in server.requests[-1].text
    assert (code, out) == (0, GOOD)


# Overrulings


def test_when_everything_passes_by_a_persons_word_resume_accepts_without_a_call(shell: Shell) -> None:
    """No author is asked, and the report says whose word it was."""
    left = [BAD]
    with FaultServer(lambda _payload: left.pop(0)) as server:
        shell.run("run", "spec.toml", "--author", f"openai:m@{server.url}", "--single")
        code, _, err = shell.run("overrule", "last", "says-where", "--pass", "--why", "all know it", "--who", "Ada")
        assert code == 0
        assert "says-where passes on draft 1, by the word of Ada" in err
        assert "would end as accepted now" in err
        assert shell.run("resume")[:2] == (0, BAD)
        assert len(server.requests) == 1
    (entry,) = json.loads(shell.run("show", "--json")[1])["passes"]
    assert [cell["by"] for cell in entry["cells"]] == ["person", "check"]
    assert "Ada settled that says-where passes (draft 1): all know it" in entry["notes"]


def test_a_person_may_fail_what_was_accepted_and_the_author_reads_why(shell: Shell) -> None:
    """An accepted run goes on; the reason is the directive."""
    left = [GOOD, "Come to the town library on Tuesday at nine.\n"]
    with FaultServer(lambda _payload: left.pop(0)) as server:
        shell.run("run", "spec.toml", "--author", f"openai:m@{server.url}")
        _, _, err = shell.run("overrule", "last", "short", "--fail", "--why", "say at what time")
        assert "Still open: short" in err
        assert runs(shell)["outcome"] == ""
        code, out, _ = shell.run("resume")
        assert "say at what time" in server.requests[1].text
    assert (code, out) == (0, "Come to the town library on Tuesday at nine.\n")


def test_an_overruling_that_does_not_settle_the_run_says_what_is_open(shell: Shell, author: Serve) -> None:
    """Out of passes: the way on is named."""
    long = "Come to the town hall, which is the one with the tower, at nine on Tuesday morning, please.\n"
    shell.run("run", "spec.toml", "--author", author(long), "--single")
    _, _, err = shell.run("overrule", "last", "short", "--pass", "--why", "long enough is good")
    assert "would end as out of budget" in err
    assert "Still open: says-where" in err
    assert "setpoint continue" in err


def test_a_criterion_that_a_person_ruled_on_is_not_confirmed_again_but_the_others_are(shell: Shell) -> None:
    """A judged criterion by a person's word, another one by the critic: only that one is read once more."""
    judged = SPEC + "".join(f'\n[[criterion]]\nname = "{n}"\nsays = "Sounds {n}."\n' for n in ("warm", "calm"))
    shell.write("judged.toml", judged)
    asked: list[str] = []

    def critic(payload: object) -> str:
        text = json.dumps(payload)
        names = [name for name in ("warm", "calm") if f"Sounds {name}" in text]
        asked.append("+".join(names))
        said = {"lines": [1], "finding": "It says come.", "verdict": "pass", "do": ""}
        bad = {**said, "verdict": "fail", "do": "in line 1, greet the reader by name"}
        return json.dumps({"readings": {name: bad if name == "warm" else said for name in names}, "other": []})

    with FaultServer(lambda _payload: GOOD) as writer, FaultServer(critic) as judge:
        models = ["--author", f"openai:m@{writer.url}", "--critic", f"openai:m@{judge.url}", "--no-probe", "--single"]
        shell.run("run", "judged.toml", *models)
        before = len(asked)
        _, _, err = shell.run("overrule", "last", "warm", "--pass", "--why", "warm enough")
        assert "read once more" in err
        code, out, _ = shell.run("resume")
    assert (code, out) == (0, GOOD)
    assert asked[before:] == ["calm"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("shrt", "--pass", "--why", "x"), "the spec has: says-where, short"),
        (("short", "--why", "x"), "--pass"),
        (("short", "--pass"), "--why"),
        (("short", "--pass", "--why", ""), "what the verdict rests on"),
    ],
)
def test_a_ruling_that_cannot_be_recorded_is_a_mistake(
    shell: Shell, author: Serve, arguments: tuple[str, ...], says: str
) -> None:
    """The error names what there is, or what is missing."""
    assert shell.run("overrule", "nope", "short", "--pass", "--why", "x")[0] == 2
    shell.run("run", "spec.toml", "--author", author(GOOD))
    code, _, err = shell.run("overrule", "last", *arguments)
    assert (code, says in err) == (2, True), err
    assert runs(shell)["outcome"] == "accepted"


def test_a_run_without_a_draft_has_nothing_to_overrule(shell: Shell) -> None:
    """A verdict is about a text."""
    shell.run("run", "spec.toml", "--author", "openai:m@http://127.0.0.1:9/v1")
    code, _, err = shell.run("overrule", "last", "short", "--pass", "--why", "x")
    assert code == 2
    assert "no draft yet" in err


# Presets and switches


def policy_of(shell: Shell) -> str:
    """What the narrator says about the policy of a run of the spec."""
    return next((line for line in shell.run("resume")[2].splitlines() if "policy" in line), "")


def test_the_textbook_stops_where_the_default_goes_on_and_can_be_continued_by_the_default(
    shell: Shell, author: Serve
) -> None:
    """`--preset canon` ends at the first pass that resolves nothing; `continue --preset default` goes on."""
    server = author(BAD, "Come to the city hall.\n", "Come to the hall.\n", GOOD)
    code, _, err = shell.run("run", "spec.toml", "--author", server, "--preset", "canon")
    assert code == 1
    assert "policy: the preset canon" in err
    assert "resolved nothing" in err
    code, out, err = shell.run("continue", "last", "--preset", "default")
    assert (code, out) == (0, GOOD)
    assert "policy: the usual one" in err


def test_flags_come_before_the_spec_and_the_spec_before_the_configuration(shell: Shell, author: Serve) -> None:
    """Each part of the policy is taken from the first place that names it."""
    server = author(GOOD)
    shell.write("setpoint.toml", f'[models]\nauthor = "{server}"\n[policy]\npreset = "canon"\nask = ["amend"]\n')
    assert "the preset canon, asking a person about amend" in shell.run("run", "spec.toml")[2]
    shell.write("own.toml", SPEC + "\n[policy]\nask = []\n")
    _, _, err = shell.run("run", "own.toml")
    assert "policy: the preset canon\n" in err
    _, _, err = shell.run("run", "own.toml", "--preset", "default", "--ask", "precedence,outline", "--off", "gain")
    assert "policy: asking a person about precedence and outline, without gain\n" in err


def test_a_policy_is_no_part_of_the_target(shell: Shell, author: Serve) -> None:
    """How to get there does not change the digest."""
    shell.write("own.toml", SPEC + '\n[policy]\npreset = "canon"\nask = ["outline"]\n')
    shell.run("run", "spec.toml", "--author", author(GOOD))
    shell.run("run", "own.toml", "--author", author(GOOD))
    first, second = json.loads(shell.run("runs", "--json")[1])
    assert first["digest"] == second["digest"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--preset", "cannon"), "did you mean 'canon'?"),
        (("--ask", "outlines"), "did you mean 'outline'?"),
        (("--ask", "xyz"), "there are: outline, amend, precedence"),
        (("--off", "gian"), "did you mean 'gain'?"),
    ],
)
def test_an_unknown_name_is_a_mistake_with_a_suggestion(
    shell: Shell, author: Serve, flags: tuple[str, ...], says: str
) -> None:
    """Before anything is spent."""
    broken = author(Fault(kind="server_error"))
    code, _, err = shell.run("run", "spec.toml", "--author", broken, *flags)
    assert (code, says in err) == (2, True), err
    code, _, err = shell.run("continue", "last", *flags)
    assert (code, says in err) == (2, True), err


def test_another_policy_for_an_ended_run_needs_continue(shell: Shell, author: Serve) -> None:
    """Resume never reopens an end."""
    shell.run("run", "spec.toml", "--author", author(BAD), "--single")
    code, _, err = shell.run("resume", "--preset", "canon")
    assert code == 2
    assert "setpoint continue" in err


def test_a_policy_given_on_resume_holds_from_there_on(outlined: Shell, author: Serve) -> None:
    """A run that waits can be told not to ask."""
    outlined.run("run", "outlined.toml", "--author", author(OUTLINE, TEXT), "--ask", "outline")
    code, out, err = outlined.run("resume", "--ask", "")
    assert (code, out) == (0, TEXT)
    assert "policy: the usual one" in err


def test_a_run_that_cannot_be_read_does_not_break_the_list(shell: Shell, author: Serve) -> None:
    """A run that a newer version has begun is listed all the same."""
    shell.run("run", "spec.toml", "--author", author(GOOD))
    kept = sqlite3.connect(shell.folder / "home" / "runs.sqlite")
    kept.execute(
        "INSERT INTO events (run, seq, at, digest, kind, title, body) VALUES ('new', 0, 1.0, 'd', 'opened', 't', ?)",
        ('{"v":99,"event":{"kind":"opened"}}',),
    )
    kept.commit()
    kept.close()
    code, out, _ = shell.run("runs")
    assert (code, "not ended" in out, "accepted" in out) == (0, True, True)
