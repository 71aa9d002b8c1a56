"""``[policy]``: which preset a run goes by, and what a person is asked.

How to get to the target is no part of the target: none of this is in the digest of a spec.
"""

from dataclasses import dataclass
from typing import Final, get_args

from setpoint.core.action import Question
from setpoint.core.policy import PRESETS, Preset
from setpoint.specfile.place import Place, nearest
from setpoint.specfile.tables import PolicyTable

__all__ = ["QUESTIONS", "PolicyChoice", "as_preset", "as_question", "policy_choice"]

QUESTIONS: Final[tuple[Question, ...]] = get_args(Question)
"""What a person can be asked (rule 20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChoice:
    """What one place (flags, a spec, ``setpoint.toml``) says about the policy.

    Args:
        preset: None if it says nothing.
        ask: what a person is asked; None if it says nothing, empty for nothing.
        off: what is switched off, by name.
    """

    preset: Preset | None = None
    ask: tuple[Question, ...] | None = None
    off: tuple[str, ...] = ()


def policy_choice(table: PolicyTable, place: Place) -> PolicyChoice:
    """What a ``[policy]`` table says.

    Raises:
        SpecError: if there is no such preset or question.
    """
    preset = None if table.preset is None else as_preset(table.preset)
    if table.preset is not None and preset is None:
        raise place.error(_unknown("preset", table.preset, tuple(PRESETS)), "policy.preset")
    ask: list[Question] = []
    for number, name in enumerate(table.ask or (), start=1):
        question = as_question(name)
        if question is None:
            raise place.error(_unknown("question", name, QUESTIONS), f"policy.ask[{number}]")
        ask.append(question)
    return PolicyChoice(preset=preset, ask=None if table.ask is None else tuple(dict.fromkeys(ask)))


def as_preset(name: str) -> Preset | None:
    """The preset of that name; None if there is none."""
    return next((preset for preset in PRESETS if preset == name), None)


def as_question(name: str) -> Question | None:
    """The question of that name; None if there is none."""
    return next((question for question in QUESTIONS if question == name), None)


def _unknown(what: str, name: str, names: tuple[str, ...]) -> str:
    meant = nearest(name, names)
    hint = f"did you mean {meant!r}?" if meant else f"there are: {', '.join(names)}"
    return f"there is no {what} {name!r}; {hint}"
