"""The parts a run works with."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from setpoint.core.action import Role
from setpoint.ports import Author, Check, Critic, Mediator, Person

__all__ = ["Crew"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The parts a run works with.

    Args:
        author: writes and revises.
        critics: by role; needed where the spec has criteria without a check.
        checks: by criterion name, one for each criterion that has a check.
        mediator: looks for what competes with a stubborn criterion, if there is one.
        person: answers what the policy asks a person; without one, a run that has a question waits.
        guards: criteria whose failure means that the text must not be shown to a critic (rule 19).
        clock: seconds, for how long calls take.
    """

    author: Author
    checks: Mapping[str, Check]
    critics: Mapping[Role, Critic] = field(default_factory=dict["Role", "Critic"])
    mediator: Mediator | None = None
    person: Person | None = None
    guards: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.monotonic
