"""Which specs may run programs on this machine.

A spec with a ``command`` check runs only after its user has trusted it. What is remembered is the digest of the whole
spec, attachments included: change the command, a criterion or a test file, and it must be trusted again.

Rules of this module: whatever is doubtful is not trusted. A list that is damaged, or that others could have written
to, is refused in words and never repaired by guessing.
"""

import functools
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from setpoint.errors import ConfigError, NotTrusted

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["TrustStore", "Trusted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A spec that may run programs.

    Args:
        digest: the digest of the spec.
        path: where it was when it was trusted; for people, nothing depends on it.
        commands: what it runs, as shown to the user then.
        at: when it was trusted, in seconds since the epoch.
    """

    digest: str
    path: str
    commands: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """The file."""

    v: Literal[1]
    trusted: tuple[Trusted, ...]


class TrustStore:
    """The list of trusted specs, in one JSON file that only its owner can read or write.

    Of two processes that change it at the same moment, one change may be lost: a spec that was to be trusted is then
    asked about again, and one that was to be forgotten stays trusted until it is forgotten once more.

    Args:
        file: made on the first `trust`, with the folders that are missing.
        clock: gives the time in seconds since the epoch.
    """

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.file = file
        self._clock = clock

    def trusts(self, digest: str) -> bool:
        """Whether the spec of that digest may run programs.

        Raises:
            NotTrusted: if the list cannot be relied on; says why and what to do.
        """
        return digest in self._read()

    def trust(self, digest: str, path: str, commands: Iterable[str]) -> Trusted:
        """Let the spec of that digest run programs from now on.

        Raises:
            NotTrusted: if the list cannot be relied on.
            ConfigError: if it cannot be written.
        """
        shown = tuple(_utf8(command) for command in commands)
        entry = Trusted(digest=digest, path=_utf8(path), commands=shown, at=self._clock())
        self._write({**self._read(), digest: entry})
        return entry

    def forget(self, digest: str) -> bool:
        """Trust it no longer; gives back whether it was trusted.

        Raises:
            NotTrusted: if the list cannot be relied on.
            ConfigError: if it cannot be written.
        """
        entries = self._read()
        known = entries.pop(digest, None) is not None
        if known:
            self._write(entries)
        return known

    def listing(self) -> tuple[Trusted, ...]:
        """All trusted specs, the latest first.

        Raises:
            NotTrusted: if the list cannot be relied on.
        """
        return tuple(sorted(self._read().values(), key=lambda entry: (entry.at, entry.digest), reverse=True))

    def _read(self) -> dict[str, Trusted]:
        try:
            with self.file.open("rb") as file:
                self._require_private(os.fstat(file.fileno()))
                data = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise NotTrusted(
                f"the list of trusted specs, {self.file}, cannot be read ({error.strerror}), so nothing is trusted"
            ) from error
        try:
            listed = _adapter().validate_json(data, strict=True)
        except ValueError as error:
            raise NotTrusted(
                f"the list of trusted specs, {self.file}, is damaged, so nothing is trusted; delete it, and trust"
                " your specs again with `setpoint trust SPEC`"
            ) from error
        return {entry.digest: entry for entry in listed.trusted}

    def _require_private(self, status: os.stat_result) -> None:
        if os.name != "posix":
            return
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or status.st_uid not in {os.getuid(), 0}:
            raise NotTrusted(
                f"other users can write to the list of trusted specs, {self.file}, so nothing is trusted; look at"
                f" what it says, then delete it, or make it yours: chmod 600 {self.file}"
            )

    def _write(self, entries: Mapping[str, Trusted]) -> None:
        content = asdict(_Listed(v=1, trusted=tuple(entries.values())))
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A temporary file is readable by its owner only; replacing the old one leaves no moment with half a list.
            handle, name = tempfile.mkstemp(prefix=".trust-", dir=self.file.parent)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.file)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the list of trusted specs, {self.file}, cannot be written: {error.strerror or error}"
            ) from error


@functools.cache
def _adapter() -> "TypeAdapter[_Listed]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - only specs with commands need it

    return TypeAdapter(_Listed)


def _utf8(text: str) -> str:
    """File names may hold bytes that are not text; here they are only for people to read."""
    return text.encode("utf-8", "replace").decode()
