"""Runs a program on a draft in a directory of its own, under limits, with nothing of the caller's environment.

Not a wall against malice: the program runs as the user and may read what the user may read, which is why a spec that
runs commands must be trusted first. It is a guard against drafts that loop, flood, fork or call out, and against keys
in the environment.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from setpoint.checks import supervisor

__all__ = ["FILE_MEGABYTES", "OUTPUT_MEGABYTES", "PROCESSES", "Ended", "Isolation", "Job", "Result", "execute",
           "isolation", "search_path"]  # fmt: skip

Isolation: TypeAlias = Literal["no network", "not isolated"]
Ended: TypeAlias = Literal["exit", "signal", "timeout", "processes", "missing", "setup", "stopped", "flood"]

PROCESSES: Final = 256
FILE_MEGABYTES: Final = 64
OUTPUT_MEGABYTES: Final = 8
_MEGABYTE = 1_048_576
_KEPT = 65_536
_CHUNK = 65_536
_GRACE = 5.0
_PROBE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One program to run.

    Args:
        run: the program and its arguments; no shell is involved.
        files: what stands in its working directory, by name.
        stdin: the file among them that it reads as standard input; empty for none.
        seconds: the time it may take.
        memory: megabytes of address space for each of its processes.
    """

    run: tuple[str, ...]
    files: Mapping[str, bytes]
    stdin: str = ""
    seconds: float = 20.0
    memory: int = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a program ended.

    Args:
        ended: by itself (``exit``), by a signal, or ended by us; ``missing`` if it could not be started,
            ``setup`` or ``stopped`` if the sandbox failed.
        code: the exit code or the signal.
        output: the end of what it printed, standard output and error as they came.
        detail: more about a failure of the sandbox.
    """

    ended: Ended
    code: int = 0
    output: str = ""
    detail: str = ""


@cache
def isolation() -> Isolation:
    """Whether programs are kept off the network here. Asked of the system once, by trying."""
    if sys.platform != "linux":
        return "not isolated"
    probe = Job(run=(sys.executable, "-I", "-S", "-c", ""), files={}, seconds=_PROBE_SECONDS)
    result = _execute(probe, isolate=True)
    return "no network" if (result.ended, result.code) == ("exit", 0) else "not isolated"


def execute(job: Job) -> Result:
    """Run a program and wait for its end; nothing it started is left when this returns."""
    return _execute(job, isolate=isolation() == "no network")


def search_path() -> str:
    """Where programs are looked for: the user's PATH, then beside the running interpreter."""
    # The one variable that is read here: the program would not be found without it, and it holds no secret.
    return os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))


def _execute(job: Job, *, isolate: bool) -> Result:
    with tempfile.TemporaryDirectory(prefix="setpoint-", ignore_cleanup_errors=True) as folder:
        work, home = Path(folder, "work"), Path(folder, "home")
        work.mkdir()
        home.mkdir()
        for name, content in job.files.items():
            (work / name).write_bytes(content)
            (work / name).chmod(0o700 if job.run[0] == f"./{name}" else 0o600)
        with _started(job, work, home, isolate=isolate) as (process, reading):
            output, flooded = _drained(process, time.monotonic() + job.seconds + _GRACE)
            _end(process)
            report = _reported(reading)
    # The name of the directory differs from run to run and tells the author nothing.
    text = output.decode("utf-8", "replace").replace(f"{work.resolve()}/", "").replace(f"{work}/", "")
    if flooded:
        return Result(ended="flood", output=text)
    if report is None:
        return Result(ended="stopped", output=text, detail="its supervisor was ended")
    return Result(ended=cast("Ended", report["ended"]), code=report["code"], output=text, detail=report["detail"])


@contextlib.contextmanager
def _started(job: Job, work: Path, home: Path, *, isolate: bool) -> Generator[tuple["subprocess.Popen[bytes]", int]]:
    """The running supervisor, and where its report can be read."""
    reading, writing = os.pipe()
    plan = supervisor.Plan(
        run=list(job.run),
        seconds=job.seconds,
        memory=job.memory * _MEGABYTE,
        processes=PROCESSES,
        file_size=FILE_MEGABYTES * _MEGABYTE,
        isolate=isolate,
        report=writing,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reading)
        try:
            stdin = stack.enter_context((work / job.stdin).open("rb")) if job.stdin else subprocess.DEVNULL
            process = subprocess.Popen(  # noqa: S603 - the program is the user's, trusted by name
                [sys.executable, "-I", "-S", "-B", supervisor.__file__, json.dumps(plan)],
                cwd=work,
                env={"PATH": search_path(), "LANG": "C.UTF-8", "HOME": str(home)},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        stack.enter_context(process)
        stack.callback(_end, process)
        yield process, reading


def _drained(process: "subprocess.Popen[bytes]", deadline: float) -> tuple[bytes, bool]:
    """The end of what is printed until nothing more can come, and whether it was too much."""
    pipe = process.stdout
    if pipe is None:
        return b"", False
    kept, total = b"", 0
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([pipe], [], [], left)
        chunk = os.read(pipe.fileno(), _CHUNK) if ready else b""
        if not chunk:
            break
        total += len(chunk)
        kept = (kept + chunk)[-_KEPT:]
        if total > OUTPUT_MEGABYTES * _MEGABYTE:
            return kept, True
    # The supervisor ends just after its program, if it has not been told to yet.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline - time.monotonic()))
    return kept, False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the supervisor to end everything; insist if it does not answer."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _reported(reading: int) -> supervisor.Report | None:
    os.set_blocking(reading, False)
    try:
        return cast("supervisor.Report", json.loads(os.read(reading, _CHUNK)))
    except (OSError, ValueError):
        return None
