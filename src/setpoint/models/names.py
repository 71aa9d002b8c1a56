"""The parts of a name of a model over HTTP: ``provider:model`` or ``provider:model@https://host/v1``."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from setpoint.errors import ConfigError

__all__ = ["RemoteName", "split"]

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OLLAMA = "http://localhost:11434/v1"
_SECRETS = frozenset({"key", "api_key", "api-key", "apikey", "token", "access_token", "secret"})
"""Parameters of an address that hold keys; names of models are recorded, so addresses must hold none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteName:
    """A name, taken apart.

    Args:
        provider: what stands before the colon.
        model: the provider's name for the model.
        url: the server's address, if the user gave one.
    """

    provider: str
    model: str
    url: str = ""

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.address).hostname in _LOCAL

    @property
    def address(self) -> str:
        """The server's address; empty for the provider's own."""
        return self.url or (_OLLAMA if self.provider == "ollama" else "")


def split(name: str) -> RemoteName:
    """Take a name apart.

    Raises:
        ConfigError: if the address is not one, or holds a user or password.
    """
    provider, _, rest = name.partition(":")
    for scheme in ("@http://", "@https://"):
        model, found, host = rest.partition(scheme)
        if not found:
            continue
        url = scheme.removeprefix("@") + host.rstrip("/")
        parts = urlsplit(url)
        if parts.username or parts.password or _SECRETS & {name.lower() for name in parse_qs(parts.query)}:
            raise ConfigError(f"{provider}:{model}: put the key into a variable, not into the address")
        if not model or not parts.hostname:
            raise ConfigError(f"{name!r}: expected {provider}:MODEL@{scheme[1:]}HOST/v1")
        return RemoteName(provider=provider, model=model, url=url)
    if "://" in rest:
        raise ConfigError(
            f"{name!r}: an address begins with http:// or https://, as in {provider}:MODEL@https://HOST/v1"
        )
    return RemoteName(provider=provider, model=rest)
