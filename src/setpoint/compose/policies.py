"""Which policy a run goes by: flags come before the spec, the spec before ``setpoint.toml``."""

from collections.abc import Sequence
from dataclasses import replace

from setpoint.core.action import Question
from setpoint.core.policy import PRESETS, SWITCHES, Policy, Preset, preset
from setpoint.errors import ConfigError
from setpoint.specfile import PolicyChoice
from setpoint.specfile.place import nearest
from setpoint.specfile.tuning import QUESTIONS, as_preset, as_question

__all__ = ["chosen", "from_flags", "named_policy", "tuned"]


def from_flags(name: str | None, ask: str | None, off: Sequence[str]) -> PolicyChoice:
    """What flags say.

    Args:
        name: of a preset; None if the flag was not given.
        ask: questions joined by commas; None if the flag was not given, empty for none.
        off: names of what is switched off.

    Raises:
        ConfigError: if a name is not known.
    """
    words = [] if ask is None else [word.strip() for word in ask.split(",") if word.strip()]
    asked: tuple[Question, ...] = tuple(dict.fromkeys(_question(word) for word in words))
    for switch in off:
        if switch not in SWITCHES:
            raise ConfigError(f"--off: {_unknown(switch, SWITCHES)}")
    return PolicyChoice(
        preset=None if name is None else _preset("--preset", name), ask=None if ask is None else asked, off=tuple(off)
    )


def named_policy(policy: Policy | Preset | None) -> Policy | None:
    """A policy that may have been given by the name of its preset.

    Raises:
        ConfigError: if there is no such preset.
    """
    return preset(_preset("policy", policy)) if isinstance(policy, str) else policy


def chosen(*choices: PolicyChoice) -> PolicyChoice:
    """Several choices as one: for each part, the first that says something."""
    return PolicyChoice(
        preset=next((choice.preset for choice in choices if choice.preset is not None), None),
        ask=next((choice.ask for choice in choices if choice.ask is not None), None),
        off=tuple(dict.fromkeys(name for choice in choices for name in choice.off)),
    )


def tuned(policy: Policy, choice: PolicyChoice) -> Policy:
    """The policy with what was chosen; what was not chosen stays."""
    if choice.preset is not None and choice.preset != policy.preset:
        policy = replace(preset(choice.preset), ask=policy.ask, off=policy.off)
    ask = policy.ask if choice.ask is None else choice.ask
    return replace(policy, ask=ask, off=tuple(dict.fromkeys((*policy.off, *choice.off))))


def _preset(where: str, name: str) -> Preset:
    found = as_preset(name)
    if found is None:
        raise ConfigError(f"{where}: {_unknown(name, tuple(PRESETS))}")
    return found


def _question(name: str) -> Question:
    found = as_question(name)
    if found is None:
        raise ConfigError(f"--ask: {_unknown(name, QUESTIONS)}")
    return found


def _unknown(name: str, names: Sequence[str]) -> str:
    meant = nearest(name, names)
    return f"{name!r} is not known; " + (f"did you mean {meant!r}?" if meant else f"there are: {', '.join(names)}")
