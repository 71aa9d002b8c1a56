"""The word lists that lint goes by: package data, one TOML file each."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import cast

__all__ = ["table", "words_of"]


@cache
def table(name: str) -> Mapping[str, object]:
    """One list file, as it stands."""
    text = resources.files("setpoint.rubric.lint.lists").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def words_of(name: str, key: str) -> tuple[str, ...]:
    """The entries under a key: those of a list, or the words of a text, in their order."""
    value = table(name)[key]
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(cast("list[str]", value))
