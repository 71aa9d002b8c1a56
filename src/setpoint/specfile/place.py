"""How errors say where: the file, the line and the key."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from setpoint.errors import SpecError

__all__ = ["Place", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A text that keys stand in.

    Args:
        file: as the user named it; empty for values that a program made.
        lines: the line of each key, where known.
    """

    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict[str, int])

    def error(self, problem: str, key: str = "") -> SpecError:
        """An error about a key of this text."""
        return SpecError(problem, file=self.file, line=self.line(key), key=key)

    def line(self, key: str) -> int | None:
        """Where the key stands or, if it does not stand there, the innermost table that it belongs to."""
        while key and key not in self.lines:
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        return self.lines.get(key)

    @contextmanager
    def at(self, key: str) -> Generator[None]:
        """Errors about values, raised inside, are raised as errors about this key or one below it."""
        try:
            yield
        except SpecError as error:
            if error.key.startswith(key):
                key = error.key
            elif "." in error.key:  # a value knows its kind, not its number: criterion.name, criterion[2].name
                key = f"{key}.{error.key.partition('.')[2]}"
            raise self.error(error.problem, key) from error


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant; empty if none is near."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only mistakes need it

    found = process.extractOne(name.lower(), list(names), scorer=fuzz.ratio, score_cutoff=60)
    return found[0] if found else ""
