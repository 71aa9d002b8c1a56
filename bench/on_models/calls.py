"""Every reply as it came, so that a loop that was cut off is played again up to the cut without asking anything twice."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from setpoint.ports import Prompt, Reply

__all__ = ["Calls", "Memory"]

_MARK: Final = re.compile(r"\[[0-9a-f]{8} ")
"""The delimiters of a run are random (rule 19); two plays of a loop differ in them and in nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    loop: str
    number: int
    prompt: str
    reply: Reply


_LINE: Final = TypeAdapter(_Line)


def _digest(prompt: Prompt) -> str:
    said = repr((prompt.system, prompt.user, prompt.max_tokens, prompt.schema, prompt.temperature, prompt.seed))
    return hashlib.sha256(_MARK.sub("[ ", said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Calls:
    """A file of replies, one JSON object a line.

    Args:
        file: made with its folder if it is not there; a last line that was cut off is left out.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._known: dict[tuple[str, int], _Line] = {}
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        for raw in whole.split("\n")[:-1]:  # a reply may hold line ends that only `splitlines` knows
            line = _LINE.validate_json(raw)
            self._known[line.loop, line.number] = line
        if whole != text:
            file.write_text(whole, encoding="utf-8")

    def of(self, loop: str) -> "Memory":
        """What is remembered of one loop."""
        return Memory(
            find=lambda number, prompt: self._find(loop, number, prompt),
            keep=lambda number, prompt, reply: self._keep(loop, number, prompt, reply),
        )

    def _find(self, loop: str, number: int, prompt: Prompt) -> Reply | None:
        line = self._known.get((loop, number))
        return line.reply if line is not None and line.prompt == _digest(prompt) else None

    def _keep(self, loop: str, number: int, prompt: Prompt, reply: Reply) -> None:
        line = _Line(loop=loop, number=number, prompt=_digest(prompt), reply=reply)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(_LINE.dump_json(line).decode() + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The replies that one loop has had.

    Args:
        find: the reply to its call of that number, if it was asked the same before.
        keep: remember one.
    """

    find: Callable[[int, Prompt], Reply | None] = lambda _number, _prompt: None
    keep: Callable[[int, Prompt, Reply], None] = lambda _number, _prompt, _reply: None
