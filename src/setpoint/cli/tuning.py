"""The flags that choose a policy, shared by the commands that spend."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from setpoint.compose import from_flags
from setpoint.specfile import PolicyChoice

__all__ = ["Tuning"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How the loop goes about it; overrides the spec's."""

    preset: str | None = None
    """default, or canon: the textbook, which reads every draft in full and stops at a pass that resolves nothing."""
    ask: str | None = None
    """What to ask a person before going on, joined by commas: outline, amend, precedence."""
    off: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Switch a rule off by name, to see what it buys; may be given several times."""

    def choice(self) -> PolicyChoice:
        """What was chosen."""
        return from_flags(self.preset, self.ask, self.off)
