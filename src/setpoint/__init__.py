"""Setpoint makes language-model draft, critique and revise loops converge.

    result = await setpoint.refine("release-notes.toml", author="embedded:qwen2.5-coder-1.5b")
    print(result.outcome, result.text)

The spec is the fixed target; `refine` measures every draft against it, fixes the few faults that matter most, never
gives back what it has gained, and stops for a stated reason.
"""

from typing import TYPE_CHECKING

from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, CheckCall, Criterion, Source, Spec

if TYPE_CHECKING:
    from setpoint.compose.inputs import read_spec
    from setpoint.compose.refine import refine, refine_sync, resume
    from setpoint.run import Result

__all__ = [
    "Budget",
    "CheckCall",
    "Criterion",
    "Policy",
    "Result",
    "Source",
    "Spec",
    "read_spec",
    "refine",
    "refine_sync",
    "resume",
]

_LAZY = {
    "Result": "setpoint.run",
    "read_spec": "setpoint.compose.inputs",
    "refine": "setpoint.compose.refine",
    "refine_sync": "setpoint.compose.refine",
    "resume": "setpoint.compose.refine",
}


def __getattr__(name: str) -> object:
    """Import the loop when it is first used: a value type alone needs none of it."""
    if name in _LAZY:
        from importlib import import_module  # noqa: PLC0415 - part of being lazy

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'setpoint' has no attribute {name!r}")
