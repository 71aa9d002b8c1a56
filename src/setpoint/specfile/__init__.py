"""Spec files and ``setpoint.toml``: from text to values, with errors that name file, line and key.

`load` is for a file, `loads` for a text, `from_mapping` for a dict made by a program; all three are equally strict.
Inside: `lines` finds where keys stand, `tables` says which keys there are, `files` reads other files, `place` words
errors, `tuning` reads ``[policy]``, `build` makes the values.
"""

from setpoint.specfile.build import FIELD, GUARD, CheckParser, SpecFile, from_mapping, load, loads, starter
from setpoint.specfile.config import Config, load_config
from setpoint.specfile.tuning import PolicyChoice

__all__ = [
    "FIELD",
    "GUARD",
    "CheckParser",
    "Config",
    "PolicyChoice",
    "SpecFile",
    "from_mapping",
    "load",
    "load_config",
    "loads",
    "starter",
]
