"""Whether a program accepts it: tests of code, a linter, any tool with an exit code.

How the program is run is in `sandbox.py`; here are the parameters, and what its output tells the author.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field

from setpoint.checks import sandbox
from setpoint.checks.base import (
    CheckContext,
    NonBlank,
    Params,
    Phrases,
    Rule,
    failed,
    listing,
    one_line,
    quoted,
    unassessed,
)
from setpoint.errors import SpecError
from setpoint.ports import Finding

__all__ = ["Command"]

_KEY = "check.command"
_SUFFIX: Final[Mapping[str, str]] = {
    "bash": "sh",
    "c": "c",
    "c++": "cpp",
    "css": "css",
    "csv": "csv",
    "go": "go",
    "html": "html",
    "java": "java",
    "javascript": "js",
    "json": "json",
    "latex": "tex",
    "markdown": "md",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "shell": "sh",
    "sql": "sql",
    "toml": "toml",
    "typescript": "ts",
    "xml": "xml",
    "yaml": "yaml",
}


def _split(value: object) -> object:
    """A string is split as a shell would, but nothing in it is expanded."""
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError as error:
        raise ValueError(f"cannot be split into arguments ({error}); write it as a list") from error


class Command(Params):
    """``command``."""

    check: ClassVar[str] = "command"
    demands: ClassVar[str] = (
        "A program run on the draft ends with exit code 0; what it prints becomes the directive. "
        "A spec with this check runs only once it is trusted."
    )
    notes: ClassVar[str] = (
        "No shell: no pipes, no variables. It runs in a fresh directory that holds the draft and `files`, sees only "
        "PATH, LANG and a temporary HOME, and is ended with everything it started after `timeout` seconds. "
        f"Limits: {sandbox.PROCESSES} processes, {sandbox.FILE_MEGABYTES} MB to a file, "
        f"{sandbox.OUTPUT_MEGABYTES} MB of output, `memory` for each process (not for all together; Node and Java "
        "reserve much, so give them 16,000 or more). On Linux, where user namespaces may be made, it has no network "
        "and sees no other process; elsewhere it is not isolated, a program bent on it can outlive the check, and for "
        "root the limit on processes is only enforced by counting. "
        "It runs as you and can read your files: trust a spec before you run it. "
        "A draft of code can end its own tests early with exit code 0; `expect` guards against that."
    )
    example: ClassVar[str] = (
        '{ command = { run = "python -m pytest -q test_slug.py", files = ["test_slug.py"], expect = "passed" } }'
    )
    bare: ClassVar[str] = "run"
    verbatim: ClassVar[bool] = True

    run: Annotated[list[str], BeforeValidator(_split), Field(min_length=1)] = Field(
        description="the program and its arguments, as a list or as one text; `python` is the running interpreter"
    )
    files: Phrases | None = Field(
        default=None, description="files beside the spec, or below it, to put beside the draft"
    )
    draft: NonBlank | None = Field(
        default=None, description="the name the draft gets; by default `draft` with the ending of its kind: draft.py"
    )
    stdin: bool = Field(default=False, description="whether the draft is also its standard input")
    expect: NonBlank | None = Field(default=None, description="text that its output must hold besides exit code 0")
    timeout: float = Field(default=20.0, gt=0, le=3600, description="seconds it may take")
    memory: int = Field(default=1024, ge=16, description="megabytes of address space for each process")

    def attached(self) -> tuple[str, ...]:
        """The files beside the draft."""
        return tuple(self.files or ())

    def demand(self) -> str:
        """The demand as a sentence."""
        prints = f" and prints {quoted(self.expect)}" if self.expect else ""
        return f"`{shlex.join(self.run)}` succeeds on it{prints}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        if sys.platform == "win32":
            raise SpecError("programs cannot be run under limits on Windows; use WSL", key=_KEY)
        name = self._draft_name(context.kind)
        files = self._attached(context, name)
        run = self._program({name, *files})

        def measure(text: str) -> Finding:
            job = sandbox.Job(
                run=run,
                files={**files, name: text.encode("utf-8", "replace")},
                stdin=name if self.stdin else "",
                seconds=self.timeout,
                memory=self.memory,
            )
            try:
                result = sandbox.execute(job)
            except OSError as error:
                return unassessed(f"`{self.run[0]}` could not be run: {error}; free disk space or processes and retry")
            return self._judged(result, name, text)

        return measure

    def _draft_name(self, kind: str) -> str:
        name = self.draft or f"draft.{_SUFFIX.get(kind, 'txt')}"
        if not _beside(name):
            raise SpecError(f"{name!r} must be a plain file name, without folders", key=f"{_KEY}.draft")
        return name

    def _attached(self, context: CheckContext, draft: str) -> dict[str, bytes]:
        key = f"{_KEY}.files"
        found: dict[str, bytes] = {}
        for wanted in self.files or ():
            attachment = context.attachment(wanted)
            if attachment is None:
                raise SpecError(f"there is no file {wanted!r} with the spec; put it beside the spec", key=key)
            name = PurePosixPath(wanted.replace("\\", "/")).name
            if not _beside(name):
                raise SpecError(f"{wanted!r} does not end in a file name", key=key)
            if name == draft or name in found:
                raise SpecError(f"two files would be called {name!r} beside the draft; rename one", key=key)
            found[name] = attachment.text.encode("utf-8", "replace")
        return found

    def _program(self, files: set[str]) -> tuple[str, ...]:
        program, *arguments = self.run
        if program in {"python", "python3"}:
            return (sys.executable, *arguments)
        if program.removeprefix("./") in files and program.startswith("./"):
            return (program, *arguments)
        if shutil.which(program, path=sandbox.search_path()) is None:
            raise SpecError(
                f"the program {program!r} was not found; install it, or write ./{program} for one of the files",
                key=f"{_KEY}.run",
            )
        return (program, *arguments)

    def _judged(self, result: sandbox.Result, draft: str, text: str) -> Finding:
        """What the end of the program means for the draft."""
        named = f"`{one_line(shlex.join(self.run), 80)}`"
        output = _ESCAPES.sub("", result.output)
        told = _informative(output)
        evidence = f": {told}" if told else ""
        lines = _line(output, draft, len(text.splitlines()))
        match result.ended:
            case "exit" if result.code == 0:
                if self.expect is None or self.expect in output:
                    note = (
                        "" if sandbox.isolation() == "no network" else "not isolated: the program could use the network"
                    )
                    return Finding(passed=True, message=note)
                said = f"{named} ended well but did not print {quoted(self.expect)}{evidence}; let its checks run to the end"
                return failed(said, lines=lines)
            case "exit":
                said = f"make {named} succeed; it ended with code {result.code}{evidence}"
                return failed(said, shortfall=_share_failed(output), lines=lines)
            case "signal":
                said = f"make {named} succeed; it was ended by {_signal(result.code)}{evidence}"
                return failed(said, lines=lines)
            case "timeout":
                said = f"{named} was still running after {self.timeout:g} s; remove what never ends, or make it faster"
                return failed(said)
            case "processes":
                return failed(f"{named} started more than {sandbox.PROCESSES} processes; start fewer")
            case "flood":
                return failed(f"{named} printed more than {sandbox.OUTPUT_MEGABYTES} MB; print less{evidence}")
            case "missing" | "setup" | "stopped":
                return unassessed(f"{named} could not be run: {result.detail or result.ended}; check the command")


def _beside(name: str) -> bool:
    return name not in {"", ".", ".."} and not set(name) & set("/\\\0")


def _signal(number: int) -> str:
    import signal  # noqa: PLC0415 - some names exist on some systems only

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# What the output says

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[@-_])")
_FAILED_TEST = re.compile(r"^(?:FAILED|ERROR) \S*::(\S+)", re.MULTILINE)
_PYTEST = re.compile(r"^E +((?:[\w.]*(?:Error|Exception|Failed)\b|assert ).*)", re.MULTILINE)
_RAISED = re.compile(r"^((?:[\w.]*(?:Error|Exception|Exit|Interrupt)|\w+Warning)\b.*)", re.MULTILINE)
_COMPLAINT = re.compile(r"^(.*\b(?:[Ee]rror|ERROR|[Ff]atal|FATAL|not ok|FAIL)\b.*)", re.MULTILINE)
_SUMMARY = re.compile(
    r"[=\-_*\s]*|[=\s]*\d+ (?:failed|passed|error)\b.*|FAILED \(.*\)|Ran \d+ tests? in .*|[.F\s]*\[.*\]"
)
_SHOWN = 3
_EVIDENCE = 240


def _informative(output: str) -> str:
    """The lines of the output that say most about why it failed, as one line."""
    lines = "\n".join(line.rstrip() for line in re.split(r"[\n\r]+", output))
    if found := _PYTEST.findall(lines):
        tests = list(dict.fromkeys(_FAILED_TEST.findall(lines)))
        named = f"{listing(tests, _SHOWN)}: " if tests else ""
        return one_line(named + " | ".join(list(dict.fromkeys(found))[:_SHOWN]), _EVIDENCE)
    if found := _RAISED.findall(lines):
        return one_line(found[-1], _EVIDENCE)
    if found := _COMPLAINT.findall(lines):
        return one_line(" | ".join(list(dict.fromkeys(found))[:_SHOWN]), _EVIDENCE)
    rest = [line for line in lines.split("\n") if line and not _SUMMARY.fullmatch(line)]
    return one_line(" | ".join(rest[-_SHOWN:]), _EVIDENCE)


def _line(output: str, draft: str, most: int) -> tuple[int, ...]:
    """The line of the draft that the output names last: a traceback ends where it happened."""
    found = [int(line) for line in re.findall(re.escape(draft) + r"(?::|\", line )(\d{1,7})", output)]
    return tuple(line for line in found[-1:] if 1 <= line <= most)


def _share_failed(output: str) -> float:
    """The share of tests that failed, where the last summary says so: nine of ten passing is nearer than none."""
    counts = {
        word: int(found[-1])
        for word in ("passed", "failed", "error")
        if (found := re.findall(rf"\b(\d{{1,6}}) {word}s?\b", output[-2000:]))
    }
    bad = counts.get("failed", 0) + counts.get("error", 0)
    good = counts.get("passed", 0)
    return bad / (bad + good) if bad else 1.0
