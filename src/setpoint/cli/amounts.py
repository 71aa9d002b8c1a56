"""Amounts as people write them: ``8``, ``+3``, ``20k``, ``+1.5M``, ``60_000``, ``$0.50``; and moments: ``7d``."""

import re
from datetime import datetime

from setpoint.errors import ConfigError

__all__ = ["count", "moment", "number"]

_AMOUNT = re.compile(r"\+?\$?(\d[\d_,]*(?:\.\d+)?)([kKmM]?)\Z")
_AGO = re.compile(r"(\d+(?:\.\d+)?)([mhdw])\Z")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
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


def moment(flag: str, written: str | None, now: float) -> float | None:
    """The moment that was written, in seconds since the epoch: ``90m``, ``12h``, ``7d`` or ``2w`` ago, or a date.

    Raises:
        ConfigError: if it is no moment.
    """
    if written is None:
        return None
    found = _AGO.match(written.strip())
    if found is not None:
        return now - float(found.group(1)) * _SECONDS[found.group(2)]
    try:
        return datetime.fromisoformat(written.strip()).astimezone().timestamp()  # without a zone: the local one
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{flag}: {written!r} is no moment; write how long ago (90m, 12h, 7d, 2w) or a date (2026-11-23)"
        ) from error
