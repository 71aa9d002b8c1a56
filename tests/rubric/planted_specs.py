"""The planted specs: TOML files whose first comments say which flaws were planted."""

from dataclasses import dataclass
from pathlib import Path

from setpoint import checks
from setpoint.compose.workshop import target_of
from setpoint.rubric.lint import Flaw, lint
from setpoint.specfile import load

__all__ = ["SETS", "Expected", "expected", "linted", "specs"]

ROOT = Path(__file__).parent / "planted"
SETS = sorted(folder.name for folder in ROOT.iterdir() if folder.is_dir())


@dataclass(frozen=True)
class Expected:
    """A planted flaw: its kind, and the criteria it is about."""

    kind: str
    names: frozenset[str]

    def found_in(self, flaws: tuple[Flaw, ...]) -> bool:
        """Whether a finding is of that kind and names these criteria."""
        return any(flaw.kind == self.kind and self.names <= set(flaw.criteria) for flaw in flaws)


def specs(which: str, sort: str) -> list[Path]:
    """The files of a set, flawed or sound."""
    return sorted((ROOT / which / sort).glob("*.toml"))


def expected(path: Path) -> list[Expected]:
    """What is planted in a file."""
    lines = [
        line.split()[2:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# expect: ")
    ]
    return [Expected(kind, frozenset(names)) for kind, *names in lines]


def linted(path: Path) -> tuple[Flaw, ...]:
    """What lint finds in a file."""
    return lint(target_of(load(path, checks)))
