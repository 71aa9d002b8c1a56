"""Configuration and places. The only module of Setpoint that reads the environment."""

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from setpoint.models import ModelSettings
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
        state: the folder for what is remembered between runs (trust, probes).
    """

    models: ModelSettings
    config: Config
    ledger: Path
    state: Path

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
    ledger: Path | None = None,
    notice: Callable[[str], None] = lambda _line: None,
) -> Settings:
    """Read the configuration.

    Args:
        folder: where to look for ``setpoint.toml``; the current folder by default.
        environment: instead of the process's own.
        ledger: instead of the configured one.
        notice: told about downloads, line by line.

    Raises:
        ConfigError: if ``setpoint.toml`` has an error.
    """
    variables = dict(os.environ if environment is None else environment)
    file = (folder or Path.cwd()) / "setpoint.toml"
    config = load_config(file) if file.exists() else Config()
    home = variables.get("SETPOINT_HOME")
    state = Path(home) if home else platformdirs.user_data_path("setpoint")
    cache = variables.get("SETPOINT_CACHE")
    return Settings(
        models=ModelSettings(
            environment=variables,
            cache=Path(cache) if cache else platformdirs.user_cache_path("setpoint"),
            prices=config.prices,
            offline=variables.get("SETPOINT_OFFLINE", "") not in {"", "0"},
            retries=int(retries) if (retries := variables.get("SETPOINT_RETRIES", "")).isdigit() else 4,
            notice=notice,
        ),
        config=config,
        ledger=ledger or config.ledger or state / "runs.sqlite",
        state=state,
    )


def login() -> str:
    """The user's login name, for what people decide; ``someone`` where the system knows none."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "someone"
