"""What the models need to know from outside: one value, made by the composition root.

Nothing in this package reads the environment, a configuration file or a home folder by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setpoint.models.engine import Engines
from setpoint.ports import Model

__all__ = ["ModelSettings"]


def _silent(_line: str) -> None:
    """Say nothing."""


def _as_it_is(model: Model) -> Model:
    """Put nothing around it."""
    return model


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How models are reached, where their files lie, and who is told about downloads.

    Args:
        environment: the environment variables that may hold keys and endpoints; never printed.
        cache: the user's cache folder; weights are kept in its sub-folder ``models``.
        prices: a TOML file with prices that go before the built-in ones.
        timeout: seconds that one request over HTTP may take.
        retries: how often a request that may succeed later is sent again.
        notice: told, line by line, what is being downloaded, from where and how far it is.
        offline: never download; weights must be in the cache already.
        patience: seconds after which a request is not sent again, waiting included.
        around: put around each model that is built, inside of its retries: what all runs of a fleet share.
        engines: loaded embedded models, so that two roles that name the same file share it.
    """

    environment: Mapping[str, str] = field(repr=False)
    cache: Path
    prices: Path | None = None
    timeout: float = 120.0
    retries: int = 4
    notice: Callable[[str], None] = _silent
    offline: bool = False
    patience: float = 300.0
    around: Callable[[Model], Model] = _as_it_is
    engines: Engines = field(default_factory=Engines, repr=False, compare=False)
