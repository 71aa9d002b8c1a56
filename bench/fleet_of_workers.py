"""A fleet to be tried, by tests and benchmarks: a model that counts its calls, a database, and workers that are processes of their own."""

import json
import multiprocessing
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from setpoint.cli import main

SPEC = """\
brief = "A note for {{who}} that says where and when."

[budget]
passes = 4

[[criterion]]
name = "says-where"
check = { contains = ["town library"] }
impact = 5

[[criterion]]
name = "short"
check = { words = { max = 12 } }
"""
CALLS_PER_ROW = 2
"""The first text misses, the second meets everything."""


class SlowModel:
    """A model server that takes its time, for many requests at once, and counts them by row.

    Its answer follows from the question alone, so that a repeated call is answered as before.

    Args:
        seconds: for each answer.
    """

    def __init__(self, seconds: float) -> None:
        self.calls: Counter[str] = Counter()
        self.in_flight = 0
        self._lock = threading.Lock()
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = json.dumps(model.answer(body, seconds)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients that were killed hang up; that is what this is for."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def name(self) -> str:
        """For ``--author``."""
        return f"openai:m@http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())

    def answer(self, body: str, seconds: float) -> dict[str, object]:
        """One answer."""
        row = re.findall(r"note for (\w+) that", body)[0]
        with self._lock:
            self.calls[row] += 1
            self.in_flight += 1
        time.sleep(seconds)
        with self._lock:
            self.in_flight -= 1
        text = "Come to the town library on Tuesday." if "town hall" in body else "Come to the town hall on Tuesday."
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "pytest",
        "setpoint.cli",
        "setpoint.durable.serving",
        "setpoint.durable.submitting",
        "procrastinate",
        "psycopg_pool",
        "openai",
        "pydantic_ai.direct",
        "pydantic_ai.models.openai",
    ]
)


def _become(words: Sequence[str], folder: str, environment: Mapping[str, str], said: str) -> None:
    """What a new process does: be the command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    main(list(words))


class Command:
    """A command in a process of its own, forked from one that has imported everything: what is tried is not the start."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], number: int) -> None:
        self._said = folder / f"said-{number}.txt"
        target = (words, str(folder), dict(environment), str(self._said))
        self._process = _PROCESSES.Process(target=_become, args=target, daemon=True)
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """At once, as a power cut would."""
        self._process.kill()
        self._process.join(10)

    def wait(self, timeout: float) -> int:
        """Its exit code."""
        self._process.join(timeout)
        assert self.returncode is not None, f"still running after {timeout} s; it said: {self.said}"
        return self.returncode

    def ends(self, timeout: float) -> str:
        """Wait for its end, and give all that it said."""
        self.wait(timeout)
        return self.said

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def said(self) -> str:
        """What it said so far."""
        return self._said.read_text(encoding="utf-8") if self._said.exists() else ""


@dataclass
class Fleet:
    """A folder with a spec and rows, a database, and what was started in it; ends all of it."""

    folder: Path
    url: str
    model: SlowModel
    rows: int
    workers: dict[str, Command] = field(default_factory=dict[str, Command])
    killed: int = 0
    started: list[Command] = field(default_factory=list[Command])

    def __enter__(self) -> Self:
        (self.folder / "spec.toml").write_text(SPEC)
        names = (f"P{number:03d}" for number in range(1, self.rows + 1))
        (self.folder / "rows.jsonl").write_text("".join(json.dumps({"who": name}) + "\n" for name in names))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.started:
            if process.returncode is None:
                process.kill()

    @property
    def environment(self) -> dict[str, str]:
        """Of the processes: a home of their own, one attempt per call, and a key that must not get anywhere."""
        return {
            **os.environ,
            "SETPOINT_HOME": str(self.folder / "home"),
            "SETPOINT_ENGINE": self.url,
            "SETPOINT_RETRIES": "0",
            "OPENAI_API_KEY": "canary-key",
            "COLUMNS": "200",
        }

    def start(self, *words: str) -> Command:
        """Start a command."""
        process = Command(words, self.folder, self.environment, len(self.started))
        self.started.append(process)
        return process

    def work(self, name: str, slots: int = 2) -> Command:
        """Start a worker."""
        self.workers[name] = self.start("worker", "--name", name, "--slots", str(slots))
        return self.workers[name]

    def kill(self, name: str) -> None:
        """Kill a worker as a power cut would."""
        self.workers[name].kill()
        self.killed += 1

    def batch(self, *more: str) -> Command:
        """Start the batch; it ends when all rows have."""
        files = ["spec.toml", "rows.jsonl", "--out", "out.jsonl"]
        return self.start("batch", *files, "--engine", self.url, "--author", self.model.name, "--yes", "--plain", *more)

    def everything_said(self) -> str:
        """End all, and give what they have said."""
        for process in self.started:
            process.kill()
        return "\n".join(process.said for process in self.started)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def outcomes(self, file: str = "out.jsonl") -> Counter[str]:
        """How the rows ended, as the output says."""
        return Counter(json.loads(line)["outcome"] for line in (self.folder / file).read_text().splitlines())

    def nothing_ended_twice(self) -> None:
        """Each run has one end, and it is its last event."""
        ends = self.query("SELECT run, count(*), max(seq) FROM setpoint.events WHERE kind = 'stopped' GROUP BY run")
        lengths = {run: last for run, last in self.query("SELECT run, max(seq) FROM setpoint.events GROUP BY run")}  # noqa: C416
        assert len(ends) == len(lengths) == self.rows
        for run, count, last in ends:
            assert (count, last) == (1, lengths[run])


def wait_until(true: Callable[[], object], seconds: float = 40.0, *, said: Callable[[], object] = str) -> None:
    """Wait until something is so; fails with what is said, if it takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, said()
        time.sleep(0.02)
