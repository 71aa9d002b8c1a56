"""The checks: criteria that code decides (rule 3).

`parse` reads a check from a spec, `build` makes it ready to measure, `describe` says it to an author. Everything else
in this folder is one module per family of checks; `registry.py` lists them.
"""

from setpoint.checks.base import CheckContext
from setpoint.checks.competing import competing
from setpoint.checks.registry import (
    CUSTOM,
    GUARDS,
    CheckInfo,
    ParameterInfo,
    build,
    describe,
    files,
    parse,
    reference,
    runs_programs,
)
from setpoint.checks.sandbox import Isolation, isolation

__all__ = [
    "CUSTOM",
    "GUARDS",
    "CheckContext",
    "CheckInfo",
    "Isolation",
    "ParameterInfo",
    "build",
    "competing",
    "describe",
    "files",
    "isolation",
    "parse",
    "reference",
    "runs_programs",
]
