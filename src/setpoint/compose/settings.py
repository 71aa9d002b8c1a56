"""Configuration and places. The only module of Setpoint that reads the environment."""

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from setpoint.compose.observing import Observing, from_environment, observers
from setpoint.errors import ConfigError
from setpoint.ledgers.database import is_database
from setpoint.models import ModelSettings
from setpoint.observe import Several
from setpoint.rubric.probe import ProbeCache
from setpoint.rubric.trust_record import TrustRecord, beside
from setpoint.specfile import Config, load_config
from setpoint.trust import TrustStore

__all__ = ["Settings", "login", "settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are on this machine, and what the user has configured.

    Args:
        models: keys, cache and limits for models.
        config: what ``setpoint.toml`` says.
        ledger: the file that runs are recorded in.
        database: the PostgreSQL database that they are recorded in instead; empty for none.
        engine: the database whose workers are meant where none is named; empty for none.
        state: the folder for what is remembered between runs (trust, probes).
        observing: which logs, traces and metrics are made.
        observer: what makes them.
    """

    models: ModelSettings
    config: Config
    ledger: Path
    state: Path
    observing: Observing = field(default_factory=Observing)
    observer: Several = field(default_factory=Several)
    database: str = ""
    engine: str = ""

    @property
    def trust(self) -> TrustStore:
        """The specs that may run programs."""
        return TrustStore(self.state / "trust.json")

    @property
    def probes(self) -> ProbeCache:
        """What is known about critics."""
        return ProbeCache(self.state / "probes.json")

    @property
    def critics(self) -> TrustRecord:
        """What labels and audits say about critics, and the labels; beside the ledger whose runs they are about."""
        return TrustRecord(beside(self.ledger))


def settings(
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    ledger: Path | str | None = None,
    notice: Callable[[str], None] = lambda _line: None,
    observing: Callable[[Observing], Observing] = lambda found: found,
) -> Settings:
    """Read the configuration.

    Args:
        folder: where to look for ``setpoint.toml``; the current folder by default.
        environment: instead of the process's own.
        ledger: a file, or the address of a PostgreSQL database, instead of the configured one.
        notice: told about downloads, line by line.
        observing: what is watched, given what the environment says about it.

    Raises:
        ConfigError: if ``setpoint.toml`` or a variable has an error, or a package for what is to be watched is missing.
    """
    variables = dict(os.environ if environment is None else environment)
    toml = (folder or Path.cwd()) / "setpoint.toml"
    config = load_config(toml) if toml.exists() else Config()
    home = variables.get("SETPOINT_HOME")
    state = Path(home) if home else platformdirs.user_data_path("setpoint")
    cache = variables.get("SETPOINT_CACHE")
    watched = observing(from_environment(variables))
    ledger = ledger or variables.get("SETPOINT_LEDGER")
    database = ledger if isinstance(ledger, str) and is_database(ledger) else ""
    file = Path(ledger) if ledger and not database else None
    return Settings(
        models=ModelSettings(
            environment=variables,
            cache=Path(cache) if cache else platformdirs.user_cache_path("setpoint"),
            prices=config.prices,
            offline=variables.get("SETPOINT_OFFLINE", "") not in {"", "0"},
            retries=_retries(variables.get("SETPOINT_RETRIES", "").strip()),
            notice=notice,
        ),
        config=config,
        ledger=file or config.ledger or state / "runs.sqlite",
        state=state,
        observing=watched,
        observer=observers(watched),
        database=database,
        engine=variables.get("SETPOINT_ENGINE", ""),
    )


def _retries(said: str) -> int:
    if said and not said.isdecimal():
        raise ConfigError(f"SETPOINT_RETRIES is {said!r}; write how often a failed call is made again, such as 0 or 4")
    return int(said) if said else 4


def login() -> str:
    """The user's login name, for what people decide; ``someone`` where the system knows none."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "someone"
