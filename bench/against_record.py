"""Loops written down as they end, so that a long table can be interrupted and gone on with.

A record begins with a stamp of all code that decides how a loop goes. Loops of other code are not gone on with: a table
must not mix two control laws.
"""

import json
import sys
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeAlias

import setpoint
from against_tables import Row

__all__ = ["Key", "Record", "stamp"]

Key: TypeAlias = tuple[str, str, int]
"""Regime, arm and seed."""

_BENCH: Final = Path(__file__).resolve().parent
_CODE: Final = ("against.py", "baselines.py", "plant", "peers")


def stamp() -> str:
    """A digest of the library, the simulator and the loops."""
    roots = [Path(setpoint.__file__).resolve().parent, *(_BENCH / name for name in _CODE)]
    digest = blake2b(digest_size=8)
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.suffix in {".py", ".md", ".toml"}:
                digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Record:
    """A file with one loop a line.

    Args:
        path: the file; None keeps nothing.
        settings: what else the loops depend on: caps and the like.
        resume: take the loops that it holds as they are, if the same code and settings made them.
    """

    def __init__(self, path: Path | None, settings: str, *, resume: bool = False) -> None:
        self.path = path
        self.known: dict[Key, Row] = {}
        if path is None:
            return
        head = {"code": stamp(), "settings": settings}
        lines = path.read_text(encoding="utf-8").splitlines() if resume and path.exists() else []
        if lines and json.loads(lines[0]) == head:
            found = [Row(**json.loads(line)) for line in lines[1:]]
            self.known = {(one.regime, one.arm, one.seed): one for one in found}
            return
        if lines:
            print(f"{path}: made by other code or with other caps, so it is begun anew", file=sys.stderr)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(head) + "\n", encoding="utf-8")

    def add(self, one: Row) -> None:
        """Write one loop down."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")
