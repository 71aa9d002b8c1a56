"""``setpoint.toml``: what a user or a project sets once for all specs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from setpoint.core.action import Role
from setpoint.errors import ConfigError, SpecError
from setpoint.specfile.build import read_toml, role_models
from setpoint.specfile.files import read_text
from setpoint.specfile.place import Place
from setpoint.specfile.tables import ConfigTable, parse
from setpoint.specfile.tuning import PolicyChoice, policy_choice

__all__ = ["Config", "load_config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What ``setpoint.toml`` says.

    Args:
        models: who plays which role unless the spec or a flag says otherwise.
        policy: which preset runs go by and what a person is asked, unless the spec or a flag says otherwise.
        ledger: the file that runs are recorded in; None for the usual place.
        prices: a file of model prices that come before the built-in ones; None for none.
        path: the file that this was read from; empty if there is none.
    """

    models: Mapping[Role, str] = field(default_factory=dict["Role", str])
    policy: PolicyChoice = field(default_factory=PolicyChoice)
    ledger: Path | None = None
    prices: Path | None = None
    path: str = ""


def load_config(path: Path) -> Config:
    """Read ``setpoint.toml``; paths in it start from its folder, and ``~`` is the home folder.

    Raises:
        ConfigError: if it cannot be used; names the file, the key, and the line where known.
    """
    try:
        place = Place(file=str(path))
        with place.at(""):
            text = read_text(path)
        data, place = read_toml(text, str(path))
        table = parse(ConfigTable, data, place)
        models = role_models(table.models, place)
        policy = policy_choice(table.policy, place)
    except SpecError as error:
        raise ConfigError(str(error)) from error
    return Config(
        models=models,
        policy=policy,
        ledger=path.parent / Path(table.ledger.path).expanduser() if table.ledger else None,
        prices=path.parent / Path(table.prices.file).expanduser() if table.prices else None,
        path=str(path),
    )
