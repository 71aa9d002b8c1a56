"""From a name to a model: ``provider:name``. Nothing is imported, read or downloaded before it is needed.

Rule: a remote model is used only because its name was given. A key in the environment never chooses a model.
"""

import threading

from setpoint.errors import ConfigError
from setpoint.models.catalogue import catalogue
from setpoint.models.embedded import embedded, locate
from setpoint.models.keys import key_variables
from setpoint.models.settings import ModelSettings
from setpoint.models.suggest import nearest
from setpoint.ports import Model

__all__ = ["prepare", "provider_names", "resolve"]


def provider_names() -> tuple[str, ...]:
    """All prefixes that a model name may have."""
    return ("embedded", *key_variables())


def resolve(name: str, settings: ModelSettings) -> Model:
    """Build the model that a name stands for. Models over HTTP come with retries.

    Args:
        name: ``provider:name``, as in ``embedded:qwen2.5-coder-1.5b`` or ``openai:NAME@http://localhost:8000/v1``.
        settings: keys, cache, limits.

    Raises:
        ConfigError: if the name is not understood, an extra is not installed, or a key is missing. The message says
            what to set; it never holds a key.
    """
    provider, colon, rest = name.partition(":")
    if not colon or not rest:
        raise ConfigError(
            f"{name!r} is not a model name: expected PROVIDER:NAME, for example embedded:{catalogue()[0].name}. "
            f"Providers: {', '.join(provider_names())}."
        )
    if provider == "embedded":
        return settings.around(embedded(name, settings))
    if provider not in provider_names():
        raise ConfigError(
            f"{name!r}: no provider {provider!r}.{nearest(provider, provider_names())} Providers: {', '.join(provider_names())}. "
            "For any other server that speaks the OpenAI protocol: openai:NAME@https://HOST/v1."
        )
    try:  # these import seconds of provider libraries
        from setpoint.models.providers import remote  # noqa: PLC0415
        from setpoint.models.retrying import Retrying  # noqa: PLC0415
    except ImportError as missing:
        raise ConfigError(
            f"{name} needs more packages: pip install 'setpoint[providers]'. "
            f"A model that runs here needs none of them: embedded:{catalogue()[0].name}"
        ) from missing
    around = settings.around(remote(name, settings))
    return Retrying(model=around, retries=settings.retries, notice=settings.notice, in_all=settings.patience)


def prepare(name: str, settings: ModelSettings, stop: threading.Event | None = None) -> None:
    """Bring the weights of an embedded model now rather than at its first question; nothing for other models.

    Blocks while it downloads, and tells `settings.notice`.

    Args:
        name: ``provider:name``.
        settings: cache and limits.
        stop: ends a running download when set; without it, a thread that runs this ends with the download only.

    Raises:
        ConfigError: if there is no such embedded model.
        WeightsError: if its file cannot be fetched.
    """
    provider, _, rest = name.partition(":")
    if provider == "embedded":
        locate(rest, settings)(stop or threading.Event())
