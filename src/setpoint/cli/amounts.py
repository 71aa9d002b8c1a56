"""Amounts as people write them: ``8``, ``+3``, ``20k``, ``+1.5M``, ``60_000``, ``$0.50``."""

import re

from setpoint.errors import ConfigError

__all__ = ["count", "number"]

_AMOUNT = re.compile(r"\+?\$?(\d[\d_,]*(?:\.\d+)?)([kKmM]?)\Z")
_FACTOR = {"": 1, "k": 1_000, "m": 1_000_000}


def number(flag: str, written: str | None) -> float | None:
    """The amount that was written.

    Raises:
        ConfigError: if it is no amount.
    """
    if written is None:
        return None
    found = _AMOUNT.match(written.strip())
    if found is None:
        raise ConfigError(f"{flag}: {written!r} is not an amount; write it like 8, +3, 20k or 0.50")
    return float(found.group(1).replace("_", "").replace(",", "")) * _FACTOR[found.group(2).lower()]


def count(flag: str, written: str | None) -> int | None:
    """The whole number that was written.

    Raises:
        ConfigError: if it is no whole number.
    """
    amount = number(flag, written)
    if amount is not None and amount != int(amount):
        raise ConfigError(f"{flag}: {written!r} is not a whole number")
    return None if amount is None else int(amount)
