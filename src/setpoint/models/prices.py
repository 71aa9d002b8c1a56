"""What a model costs. A price file of the user goes first, then the prices that genai-prices carries.

Rule: a price that is not known is None, never 0. Only a model that runs on this machine costs nothing.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from setpoint.core.event import Usage
from setpoint.errors import ConfigError
from setpoint.models.names import RemoteName, split
from setpoint.models.settings import ModelSettings
from setpoint.models.suggest import nearest

__all__ = ["Tariff", "meter", "price"]

_MILLION = 1_000_000
_SAMPLE = 1_000
"""Tokens whose price is asked for: few, because some models cost more from a large prompt on."""
_FIELDS = ("input", "output", "cached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices in US dollars for a million tokens.

    Args:
        input: prompt tokens.
        output: reply tokens.
        cached: prompt tokens read from the provider's cache.
    """

    input: float
    output: float
    cached: float

    def money(self, usage: Usage) -> float:
        """What a call cost, in US dollars."""
        fresh = usage.input - usage.cached
        return (fresh * self.input + usage.cached * self.cached + usage.output * self.output) / _MILLION


_FREE = Tariff(input=0.0, output=0.0, cached=0.0)


def price(name: str, settings: ModelSettings) -> tuple[float | None, float | None]:
    """US dollars for a million input and a million output tokens.

    Args:
        name: ``provider:name``.
        settings: may name a price file.

    Returns:
        Both prices: 0 for models on this machine, None where the price is not known.

    Raises:
        ConfigError: if the price file cannot be used.
    """
    own = _own_tariff(name, settings)
    if own is not None:
        return own.input, own.output
    remote = split(name)
    return _each(_carried(remote, Usage(input=_SAMPLE))), _each(_carried(remote, Usage(output=_SAMPLE)))


def _each(money: float | None) -> float | None:
    return None if money is None else money * _MILLION / _SAMPLE


def meter(name: str, settings: ModelSettings) -> Callable[[Usage], float | None]:
    """A function that says what a call of this model cost in US dollars, or None if no price is known.

    Raises:
        ConfigError: if the price file cannot be used.
    """
    own = _own_tariff(name, settings)
    if own is not None:
        return own.money
    remote = split(name)
    return lambda usage: _carried(remote, usage)


def _own_tariff(name: str, settings: ModelSettings) -> Tariff | None:
    """The tariff that needs no price list: the user's, or nothing at all for what runs here."""
    found = _file(settings.prices).get(name) if settings.prices else None
    if found is not None:
        return found
    if name.startswith("embedded:"):
        return _FREE
    remote = split(name)
    return _FREE if remote.provider == "ollama" and remote.local and "cloud" not in remote.model else None


def _carried(remote: RemoteName, usage: Usage) -> float | None:
    """The price by the list that genai-prices carries; other servers set their own prices."""
    if remote.url:
        return None
    try:
        import genai_prices  # noqa: PLC0415 - reads a large table
    except ImportError:
        return None
    counted = genai_prices.Usage(input_tokens=usage.input, output_tokens=usage.output, cache_read_tokens=usage.cached)
    try:
        return float(genai_prices.calc_price(counted, model_ref=remote.model, provider_id=remote.provider).total_price)
    except LookupError:
        return None


def _file(path: Path) -> Mapping[str, Tariff]:
    try:
        content: Mapping[str, object] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot read the prices: {error}") from error
    return {name: _tariff(path, name, entry) for name, entry in content.items()}


def _tariff(path: Path, name: str, entry: object) -> Tariff:
    if not isinstance(entry, dict):
        raise ConfigError(
            f'{path}: {name!r} must be a table: ["{name}"] with input and output in US$ per million tokens'
        )
    fields = cast("dict[str, object]", entry)
    for key, value in fields.items():
        if key not in _FIELDS:
            raise ConfigError(
                f'{path}: ["{name}"] has no key {key!r}.{nearest(key, _FIELDS)} Keys: {", ".join(_FIELDS)}'
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ConfigError(f'{path}: ["{name}"] {key} must be a number of US dollars, 0 or more')
    if not {"input", "output"} <= fields.keys():
        raise ConfigError(f'{path}: ["{name}"] needs both input and output')
    numbers = cast("dict[str, float]", fields)
    paid = numbers["input"]
    return Tariff(input=paid, output=numbers["output"], cached=numbers.get("cached", paid))
