"""What an audit has paid for: one JSON line for each call, so that the same command goes on where it was cut.

Rules of this module: a line is on the disk before its result is used; a line that was cut is dropped, and its call
made again; a file that belongs to another audit is refused, not overwritten.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from setpoint.core.event import Usage
from setpoint.errors import LedgerError

__all__ = ["Journal"]


class Journal:
    """Answers by key, kept in a file or, without one, in memory.

    Args:
        file: where they are kept; its folder is made.
        about: what makes this audit this one; kept in the first line.

    Raises:
        LedgerError: if the file cannot be read, or holds another audit.
    """

    def __init__(self, file: Path | None, about: Mapping[str, object]) -> None:
        self.file = file
        self._known: dict[str, tuple[object, Usage]] = {}
        if file is not None:
            self._open(file, dict(about))

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> tuple[object, Usage] | None:
        """What a call gave, and what it used; None if it was never completed."""
        return self._known.get(key)

    def put(self, key: str, gave: object, usage: Usage) -> None:
        """Keep what a call gave.

        Raises:
            LedgerError: if it cannot be written.
        """
        used = {"input": usage.input, "output": usage.output, "money": usage.money}
        if self.file is not None:
            self._append({"call": key, "gave": gave, "used": used})
        self._known[key] = (gave, usage)

    def _open(self, file: Path, about: dict[str, object]) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            data = file.read_bytes() if file.exists() else b""
            whole = data[: data.rfind(b"\n") + 1]
            if len(whole) < len(data):  # a line that was cut: its call is made again
                with file.open("r+b") as cut:
                    cut.truncate(len(whole))
        except OSError as error:
            raise LedgerError(f"the record of the audit, {file}, cannot be opened: {error.strerror}") from error
        lines = whole.decode("utf-8", "replace").splitlines()
        if not lines:
            self._append({"audit": about})
            return
        try:
            entries = [cast("dict[str, object]", json.loads(line)) for line in lines]
            if entries[0].get("audit") != json.loads(json.dumps(about)):
                raise LedgerError(f"{file} is the record of another audit; name another file, or delete it")
            for entry in entries[1:]:
                used = cast("dict[str, float | None]", entry["used"])
                usage = Usage(input=int(used["input"] or 0), output=int(used["output"] or 0), money=used["money"])
                self._known[str(entry["call"])] = (entry["gave"], usage)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerError(f"the record of the audit, {file}, is damaged; delete it to begin anew") from error

    def _append(self, entry: Mapping[str, object]) -> None:
        assert self.file is not None  # noqa: S101 - the callers have looked
        try:
            with self.file.open("ab") as out:
                out.write(json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise LedgerError(f"the record of the audit, {self.file}, cannot be written: {error.strerror}") from error
