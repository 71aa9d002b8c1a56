"""Which environment variables hold keys of model providers.

Rule: keys found in the environment are only ever mentioned. A provider's key is used when that provider is named.
"""

from collections.abc import Mapping

__all__ = ["key_variables", "keys_in", "secret", "without_keys"]

_SHORTEST = 8
"""Providers' keys have 20 characters and more; what people make up for a server of their own may have fewer."""
_WORDS = 20
"""Below this length, letters alone are a stand-in such as ``ollama``, ``EMPTY`` or ``sk-no-key-required``."""


def key_variables() -> Mapping[str, tuple[str, ...]]:
    """Provider → the variables that may hold its key, the preferred one first."""
    return {
        "openai": ("OPENAI_API_KEY",),
        "anthropic": ("ANTHROPIC_API_KEY",),
        "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "ollama": ("OLLAMA_API_KEY",),
    }


def keys_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the provider key variables that are set, in alphabetical order; never their values."""
    names = {name for group in key_variables().values() for name in group}
    return tuple(sorted(name for name in names if environment.get(name)))


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process that needs no model: everything but the provider keys."""
    hidden = set(keys_in(environment))
    return {name: value for name, value in environment.items() if name not in hidden}


def secret(key: str) -> bool:
    """Whether a key must be kept out of texts, or is a stand-in for servers that want none.

    A stand-in is a word that texts may hold by chance: taking it out of them would damage them and protect nothing.
    """
    return len(key) >= _SHORTEST and (len(key) >= _WORDS or any(char.isdigit() for char in key))
