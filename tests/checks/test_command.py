"""Programs as criteria: what they see, what they cost at most, what is left of them, and what their output says."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checks.measuring import measure
from setpoint import checks
from setpoint.checks import sandbox, supervisor
from setpoint.checks.sandbox import Job, Result
from setpoint.ports import Finding

ISOLATED = checks.isolation() == "no network"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no limits on processes there")

MODES = [
    pytest.param(True, id="isolated", marks=pytest.mark.skipif(not ISOLATED, reason="no namespaces here")),
    pytest.param(False, id="not isolated"),
]


@pytest.fixture(params=MODES)
def isolate(request: pytest.FixtureRequest) -> bool:
    """Both ways to run a program, where the system has both."""
    return bool(request.param)


def python(code: str, *, isolate: bool, seconds: float = 10.0, memory: int = 1024) -> Result:
    """Run some Python under the limits."""
    job = Job(run=(sys.executable, "draft.py"), files={"draft.py": code.encode()}, seconds=seconds, memory=memory)
    return sandbox._execute(job, isolate=isolate)


def command(text: str, *, kind: str = "python", files: Mapping[str, str] | None = None, **params: object) -> Finding:
    """Measure one draft with a `command` check."""
    return measure({"command": {**params, "files": list(files)} if files else params}, text, kind=kind, files=files)


# What it sees


def test_no_variable_of_the_caller_reaches_the_program(monkeypatch: pytest.MonkeyPatch, *, isolate: bool) -> None:
    """Keys in the environment stay there: PATH, LANG and a temporary HOME are all it gets."""
    monkeypatch.setenv("CANARY_API_KEY", "canary-4711")
    result = sandbox._execute(Job(run=("env",), files={}), isolate=isolate)
    assert sorted(line.partition("=")[0] for line in result.output.splitlines()) == ["HOME", "LANG", "PATH"]
    assert "canary-4711" not in result.output
    assert str(Path.home()) not in result.output.partition("HOME=")[2].splitlines()[0]


@pytest.mark.skipif(not ISOLATED, reason="no namespaces here")
def test_the_keys_of_the_caller_cannot_be_read_from_its_process_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolated, the program sees no other process than its own."""
    monkeypatch.setenv("CANARY_API_KEY", "canary-4711")
    code = (
        "import os\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    print(pid, open(f'/proc/{pid}/environ').read())\n"
        f"print(os.path.exists('/proc/{os.getpid()}'))"
    )
    result = python(code, isolate=True)
    assert result.code == 0
    assert "canary-4711" not in result.output
    assert result.output.splitlines()[-1] == "False"


def test_its_directory_holds_the_draft_and_the_files_and_is_gone_afterwards(*, isolate: bool) -> None:
    """Nothing of the caller's is beside the draft."""
    result = python("import os; print(sorted(os.listdir()), os.getcwd())", isolate=isolate)
    listing, _, folder = result.output.strip().rpartition(" ")
    assert listing == "['draft.py']"
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("kind", "name"),
    [("python", "draft.py"), ("markdown", "draft.md"), ("text", "draft.txt"), ("klingon", "draft.txt")],
)
def test_the_draft_is_named_after_its_kind(kind: str, name: str) -> None:
    """Tools go by the ending."""
    assert command("x", kind=kind, run=["test", "-f", name]).passed
    assert command("x", kind=kind, run=["test", "-f", "mine.z"], draft="mine.z").passed


def test_the_draft_is_written_byte_for_byte_and_may_be_standard_input() -> None:
    """Line ends included; otherwise nothing is to be read."""
    text = "a\r\nb\u2028c é\n"
    check = "import sys; d = open('draft.txt', 'rb').read(); sys.exit(d != {!r} or sys.stdin.buffer.read() != {!r})"
    wanted = text.encode()
    assert command(text, kind="text", run=["python", "-c", check.format(wanted, wanted)], stdin=True).passed
    assert command(text, kind="text", run=["python", "-c", check.format(wanted, b"")]).passed


def test_a_file_of_the_spec_may_be_the_program() -> None:
    """Beside the draft, whatever folder it comes from."""
    script = "#!/bin/sh\ngrep -q good draft.txt"
    files = {"tools/check.sh": script}
    assert command("good", kind="text", run="./check.sh", files=files).passed
    assert command("bad", kind="text", run="./check.sh", files=files).passed is False


# The network


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server on this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def test_the_network_is_off_where_the_system_allows(server: int, *, isolate: bool) -> None:
    """Isolated, not even this machine can be reached; otherwise it can, and we say so."""
    result = python(f"import socket; socket.create_connection(('127.0.0.1', {server}), 2)", isolate=isolate)
    assert (result.code == 0) is not isolate


@pytest.mark.skipif(not ISOLATED, reason="no namespaces here")
def test_a_program_may_still_talk_to_itself() -> None:
    """Tests of a server start one on localhost."""
    code = "import socket\ns = socket.create_server(('127.0.0.1', 0))\nsocket.create_connection(s.getsockname(), 2)\n"
    assert python(code, isolate=True).code == 0


def test_a_pass_says_if_it_was_not_isolated() -> None:
    """The report can show what the result rests on."""
    note = "" if ISOLATED else "not isolated: the program could use the network"
    assert command("", run=["python", "-c", ""]) == Finding(passed=True, message=note)


# What it may cost


def test_a_program_that_sleeps_is_ended_at_its_time(*, isolate: bool) -> None:
    """Soon after, at any rate."""
    start = time.monotonic()
    result = python("import time; time.sleep(60)", isolate=isolate, seconds=0.5)
    assert result.ended == "timeout"
    assert time.monotonic() - start < 8


def test_a_program_that_ignores_requests_to_end_is_ended_too(*, isolate: bool) -> None:
    """Signals it can catch are not what ends it."""
    code = "import signal, time\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)"
    assert python(code, isolate=isolate, seconds=0.5).ended == "timeout"


def test_a_flood_of_output_is_cut_off(*, isolate: bool) -> None:
    """What is kept of it is bounded."""
    result = python("while True: print('x' * 1000)", isolate=isolate, seconds=30)
    assert result.ended == "flood"
    assert len(result.output) <= 65_536


def test_a_fork_bomb_is_bounded_and_leaves_nothing(*, isolate: bool) -> None:
    """By the limit on processes or, for root, by counting them."""
    code = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"
    result = python(code, isolate=isolate, seconds=3)
    assert result.ended in {"processes", "timeout"}
    time.sleep(0.2)
    assert processes("draft.py") == 0


def processes(word: str) -> int:
    """How many processes have that word in their command line."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found += word.encode() in (folder / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def test_a_huge_file_cannot_be_written(*, isolate: bool) -> None:
    """The write fails at the limit."""
    result = python("open('big', 'wb').write(b'x' * 200_000_000)", isolate=isolate, seconds=30)
    assert result.code == 1
    assert "File too large" in result.output


def test_what_went_over_a_limit_is_said() -> None:
    """So that the author can keep below it."""
    flood = command("while True: print('x' * 1000)", run="python draft.py")
    assert flood.message.startswith("`python draft.py` printed more than 8 MB; print less")
    bomb = "import os, time\nfor _ in range(9):\n  try: os.fork()\n  except OSError: pass\ntime.sleep(5)"
    assert command(bomb, run="python draft.py", timeout=4).message == (
        "`python draft.py` started more than 256 processes; start fewer"
    )


def test_memory_is_limited(*, isolate: bool) -> None:
    """And the limit is a parameter."""
    code = "x = bytearray(300_000_000); print(len(x))"
    assert "MemoryError" in python(code, isolate=isolate, memory=128).output
    assert python(code, isolate=isolate, memory=1024).code == 0


# What is left


HEARTBEAT = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in (0, 1, 2):
            os.close(fd)
        while True:
            with open({path!r}, "a") as file:
                file.write("x")
            time.sleep(0.02)
    os._exit(0)
while not os.path.exists({path!r}):
    time.sleep(0.01)
"""


def still_beats(path: Path) -> bool:
    """Whether anything goes on writing to the file."""
    before = path.stat().st_size
    time.sleep(0.4)
    return path.stat().st_size > before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the process group is ended")
@pytest.mark.parametrize("end", ["", "time.sleep(60)"], ids=["success", "time-out"])
def test_a_grandchild_that_slips_away_is_ended(tmp_path: Path, end: str, *, isolate: bool) -> None:
    """In a session of its own, with all files closed, after success as after a time-out."""
    beat = tmp_path / "beat"
    result = python(HEARTBEAT.format(path=str(beat)) + end, isolate=isolate, seconds=3)
    assert result.ended == ("timeout" if end else "exit")
    assert beat.stat().st_size > 0
    assert not still_beats(beat)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells the supervisor")
def test_the_program_ends_when_setpoint_is_killed(tmp_path: Path, *, isolate: bool) -> None:
    """By a signal that cannot be caught."""
    beat = tmp_path / "beat"
    code = HEARTBEAT.format(path=str(beat)) + "time.sleep(60)"
    caller = (
        "import sys\nfrom setpoint.checks.sandbox import Job, _execute\n"
        f"_execute(Job(run=(sys.executable, '-c', {code!r}), files={{}}, seconds=60), isolate={isolate})"
    )
    with subprocess.Popen([sys.executable, "-c", caller], env={**os.environ, "TMPDIR": str(tmp_path)}) as process:
        while not beat.exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    time.sleep(0.3)
    assert not still_beats(beat)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path) -> None:
    """Not even of a program that takes away its own rights."""
    before = set(Path(tempfile.gettempdir()).glob("setpoint-*"))
    command("import os; os.mkdir('d'); open('d/f', 'w').close(); os.chmod('d', 0)", run="python draft.py")
    assert set(Path(tempfile.gettempdir()).glob("setpoint-*")) <= before
    assert list(tmp_path.iterdir()) == []


def test_checks_may_run_in_several_threads() -> None:
    """Each in its own directory with its own result."""
    found: dict[int, Finding] = {}

    def run(number: int) -> None:
        found[number] = command(f"raise SystemExit({number})", run="python draft.py")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number].passed for number in range(4)] == [True, False, False, False]
    assert "code 3" in found[3].message


# What its output says

TESTS = """
from draft import slug

def test_spaces():
    assert slug("a b") == "a-b"

def test_plain():
    assert slug("a") == "a"
"""


def test_failing_tests_become_one_line_that_directs() -> None:
    """Which test, what was wrong; the shortfall is the share of tests that fail."""
    run = "python -m pytest -q -p no:cacheprovider test_slug.py"
    found = command("def slug(s): return s\n", run=run, files={"test_slug.py": TESTS})
    assert found.message == (
        f"make `{run}` succeed; it ended with code 1: test_spaces: AssertionError: assert 'a b' == 'a-b'"
    )
    assert found.shortfall == 0.5
    good = "def slug(s): return s.replace(' ', '-')\n"
    assert command(good, run=run, files={"test_slug.py": TESTS}, expect="2 passed").passed


def test_a_traceback_names_the_error_and_the_line_of_the_draft() -> None:
    """The line of the draft, not of the library it called."""
    found = command("import json\n\njson.loads('{')\n", run="python draft.py")
    assert found.lines == (3,)
    assert found.message.startswith(
        "make `python draft.py` succeed; it ended with code 1: json.decoder.JSONDecodeError"
    )


def test_a_syntax_error_points_at_its_line() -> None:
    """The commonest fault of a drafted program."""
    found = command("x = 1\ndef f(:\n", run="python draft.py")
    assert found.lines == (2,)
    assert "SyntaxError: invalid syntax" in found.message


def test_other_programs_are_quoted_by_their_last_lines() -> None:
    """Without control characters, in one line."""
    script = "printf 'one\\ntwo\\n\\033[31mthree\\033[0m \\007is wrong\\n'; exit 2"
    assert command("", run=["sh", "-c", script]).message == (
        f"make `{shlex.join(['sh', '-c', script])}` succeed; it ended with code 2: one | two | three is wrong"
    )
    assert (
        "lint: error: bad name" in command("", run=["sh", "-c", "echo lint: error: bad name; echo bye; false"]).message
    )


def test_the_same_draft_gives_the_same_finding() -> None:
    """No name of a temporary directory, nothing that differs from run to run."""
    draft = "import os; raise ValueError(os.path.abspath('draft.py'))"
    first, second = (command(draft, run="python draft.py") for _ in range(2))
    assert first == second
    assert "ValueError: draft.py" in first.message


def test_a_draft_that_ends_its_tests_early_does_not_pass() -> None:
    """Exit code 0 alone would let it."""
    cheat = "import os; os._exit(0)"
    run = "python -m pytest -q -p no:cacheprovider test_slug.py"
    assert command(cheat, run=run, files={"test_slug.py": TESTS}).passed
    found = command(cheat, run=run, files={"test_slug.py": TESTS}, expect="2 passed")
    assert found.passed is False
    assert found.message == f'`{run}` ended well but did not print "2 passed"; let its checks run to the end'


def test_the_end_by_a_signal_or_at_the_time_limit_is_said() -> None:
    """A crash is not the same as a failed test."""
    crashed = command("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", run="python draft.py")
    assert crashed.message == "make `python draft.py` succeed; it was ended by SIGSEGV"
    endless = command("while True: pass", run="python draft.py", timeout=0.5)
    assert endless.message == (
        "`python draft.py` was still running after 0.5 s; remove what never ends, or make it faster"
    )


def test_a_program_that_cannot_be_started_cannot_be_assessed(tmp_path: Path) -> None:
    """It was there when the spec was loaded and is gone now: no fault of the draft."""
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o700)
    built = checks.build(checks.parse({"command": [str(program)]}), checks.CheckContext())
    assert built.measure("x").passed
    program.unlink()
    gone = built.measure("x")
    assert gone.passed is None
    assert gone.message == f"`{program}` could not be run: No such file or directory; check the command"


def test_output_that_is_not_text_is_shown_as_far_as_it_is() -> None:
    """Bytes that are no UTF-8 do not break the check."""
    found = command("", run=["python", "-c", "import os; os.write(1, b'bad \\xff byte'); os._exit(1)"])
    assert found.message.endswith("it ended with code 1: bad \ufffd byte")


def test_the_supervisor_needs_nothing_but_the_standard_library() -> None:
    """It starts with `-I -S`, where no package is found."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", supervisor.__file__], capture_output=True, text=True, check=False
    )
    assert "IndexError" in done.stderr  # no plan was given
    assert "ModuleNotFoundError" not in done.stderr
