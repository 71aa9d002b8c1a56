"""Runs one program under limits and leaves nothing of it behind. A script of its own, started by `sandbox.py`.

It stands between Setpoint and the program because limits and namespaces have to be set in a process that then becomes
the program, and doing that from a threaded parent (``preexec_fn``) can deadlock. Standard library only: it starts
with ``-I -S``, so that it costs some 20 ms and nothing from the working directory is imported.

Isolated (Linux, where user namespaces may be made), the program sees its own users, network, processes and ``/proc``:
there is no route to anywhere, and when this script ends, the kernel ends every process that was started. Elsewhere
the script adopts orphans and ends its descendants one by one; a program that works at it may get away.
"""

import contextlib
import ctypes
import fcntl
import itertools
import json
import math
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn, TypedDict, cast

__all__ = ["Plan", "Report", "main"]


class Plan(TypedDict):
    """What to run, as JSON in the first argument."""

    run: list[str]
    seconds: float
    memory: int
    """Bytes of address space for each process."""
    processes: int
    file_size: int
    """Bytes for each file written."""
    isolate: bool
    report: int
    """The file descriptor that the report is written to."""


class Report(TypedDict):
    """How it ended, as JSON."""

    ended: str
    """``exit``, ``signal``, ``timeout``, ``processes``, ``missing``, ``setup`` or ``stopped``."""
    code: int
    """The exit code or the signal."""
    detail: str


_NEW_NAMESPACES = 0x10000000 | 0x40000000 | 0x20000000 | 0x00020000 | 0x08000000  # user, net, pid, mount, ipc
_MOUNT_PRIVATE = 0x4000 | 0x40000
_MOUNT_PROC = 0x2 | 0x4 | 0x8
_PARENT_DEATH_SIGNAL = 1
_CHILD_SUBREAPER = 36
_NO_NEW_PRIVILEGES = 38
_SET_INTERFACE_FLAGS = 0x8914
_INTERFACE_UP = 0x1 | 0x40
_INTERVAL = 0.01
_TICKS_PER_COUNT = 5
_ROUNDS = 100


class _StopError(Exception):
    """Setpoint wants it ended."""


def main() -> None:
    """Run the plan in the first argument and report how it ended."""
    plan = cast("Plan", json.loads(sys.argv[1]))
    os.set_inheritable(plan["report"], False)  # noqa: FBT003 - its only form
    signal.signal(signal.SIGTERM, _on_stop)
    _control(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    try:
        report = _isolated(plan) if plan["isolate"] else _plain(plan)
    except _StopError:
        report = Report(ended="stopped", code=0, detail="")
    except OSError as error:
        report = Report(ended="setup", code=0, detail=str(error))
    if report is not None:
        _say(plan, report)


def _on_stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _StopError


def _say(plan: Plan, report: Report) -> None:
    with contextlib.suppress(OSError):
        os.write(plan["report"], json.dumps(report).encode())


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _control(option: int, value: int) -> None:
    if sys.platform == "linux":
        _libc().prctl(option, value, 0, 0, 0)


# Isolated


def _isolated(plan: Plan) -> Report | None:
    """None if the first process of the namespace has reported by itself."""
    _enter_namespaces()
    init = os.fork()
    if init == 0:
        _be_first(plan)
    _control(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    # With SIGTERM handled by default, this process dies of it, and the namespace with it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _, status = os.waitpid(init, 0)
    return None if status == 0 else Report(ended="setup", code=status, detail="the first process of the namespace died")


def _enter_namespaces() -> None:
    uid, gid = os.getuid(), os.getgid()
    if _libc().unshare(_NEW_NAMESPACES) != 0:
        raise OSError(ctypes.get_errno(), "no namespaces")
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is slow to import
            file.write(content)
    # Nothing mounted from here on may show outside.
    if _libc().mount(b"none", b"/", None, _MOUNT_PRIVATE, None) != 0:
        raise OSError(ctypes.get_errno(), "mounts stay shared")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # Programs may talk to themselves over localhost.
        fcntl.ioctl(any_socket, _SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", _INTERFACE_UP))


def _be_first(plan: Plan) -> NoReturn:
    """Be process 1 of the namespace: everything in it ends when this does."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _control(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        counted = _libc().mount(b"proc", b"/proc", b"proc", _MOUNT_PROC, None) == 0
        _say(plan, _supervised(plan, room=plan["processes"], counted=counted))
        status = 0
    finally:
        os._exit(status)


# Not isolated


def _plain(plan: Plan) -> Report:
    _control(_CHILD_SUBREAPER, 1)
    try:
        return _supervised(plan, room=_running() + plan["processes"], counted=True)
    finally:
        _end_descendants()


def _running() -> int:
    """How many processes and threads the user has: the limit on processes counts them all."""
    total = 0
    for pid in _pids():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == os.getuid():  # noqa: PTH116 - pathlib is slow to import
                total += len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208
    return total


def _pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        yield from (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for pid in _pids():
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                parent = int(file.read().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        young = children.get(waiting.pop(), [])
        found += young
        waiting += young
    return found


def _end_descendants() -> None:
    for _ in range(_ROUNDS):
        alive = _descendants()
        for pid in alive:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        if not alive:
            return
        time.sleep(_INTERVAL)


# The program


def _supervised(plan: Plan, *, room: int, counted: bool) -> Report:
    """Start the program and wait for its end, the deadline or too many processes."""
    reading, writing = os.pipe()
    deadline = time.monotonic() + plan["seconds"]
    program = os.fork()
    if program == 0:
        _become(plan, room, writing)
    os.close(writing)
    if trouble := os.read(reading, 4096):
        return Report(ended="missing", code=0, detail=trouble.decode(errors="replace"))
    try:
        for tick in itertools.count():
            if time.monotonic() > deadline:
                break
            if program in (ended := _reap()):
                status = os.waitstatus_to_exitcode(ended[program])
                return Report(ended="signal" if status < 0 else "exit", code=abs(status), detail="")
            if counted and tick % _TICKS_PER_COUNT == 0 and len(_descendants()) > plan["processes"]:
                return Report(ended="processes", code=0, detail="")
            time.sleep(_INTERVAL)
        return Report(ended="timeout", code=0, detail="")
    finally:
        with contextlib.suppress(OSError):
            os.killpg(program, signal.SIGKILL)


def _reap() -> dict[int, int]:
    """The children that have ended, with their status."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = status
    return ended


def _become(plan: Plan, room: int, writing: int) -> NoReturn:
    try:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _control(_NO_NEW_PRIVILEGES, 1)
        _control(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        for limit, value in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, math.ceil(plan["seconds"]) + 1),
            (resource.RLIMIT_AS, plan["memory"]),
            (resource.RLIMIT_FSIZE, plan["file_size"]),
            (resource.RLIMIT_NPROC, room),
        ):
            # Some systems do not know some limits, and none may be raised.
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(limit, (value, value))
        os.execvp(plan["run"][0], plan["run"])  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(writing, (error.strerror or "cannot be started").encode())
    finally:
        os._exit(127)


if __name__ == "__main__":
    main()
