"""Prompts from templates: package data, one file each, filled with values and never with other templates."""

import hashlib
import re
from functools import cache, partial
from importlib import resources
from typing import Final

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from setpoint.core.draft import folded

__all__ = ["environment", "fixed_headings", "fixed_sentences", "form", "mark", "render", "seed_for"]


_PACKAGE: Final = "setpoint.roles"


def _load(name: str, package: str = _PACKAGE) -> str:
    return resources.files(package).joinpath("prompts", name).read_text(encoding="utf-8")


@cache
def environment(package: str) -> Environment:
    """The prompts of a package: the files of its folder ``prompts``, read when they are first filled."""
    # Prompts are plain text: escaping for HTML would change what the model reads. Reports escape on their own.
    return Environment(
        loader=FunctionLoader(partial(_load, package=package)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )


@cache
def _template(name: str) -> Template:
    return environment(_PACKAGE).get_template(name)


def render(template: str, **values: object) -> str:
    """Fill a prompt template."""
    return _template(template).render(values).strip()


def mark(nonce: str, role: str) -> str:
    """The delimiter for one role: as unpredictable as the nonce, and of no help to the other role's texts (rule 19)."""
    return hashlib.sha256(f"{nonce}:{role}".encode()).hexdigest()[:8]


def seed_for(seed: int, call: int) -> int:
    """The sampling seed of a call, so that a run can be repeated."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{call}".encode()).digest()[:4], "big") >> 1


def form(*templates: str) -> str:
    """A name for the wording of some prompts: it changes when they do."""
    return hashlib.sha256("\0".join(_load(name) for name in templates).encode()).hexdigest()[:12]


_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.:?!])\s+|\n")
_FEWEST_WORDS = 4


@cache
def fixed_sentences(*templates: str) -> frozenset[str]:
    """The sentences of some prompts that are the same for every spec, folded; short ones left out."""
    pieces = [piece for name in templates for part in _TAG.split(_load(name)) for piece in _SENTENCE.split(part)]
    return frozenset(bare for piece in pieces if len((bare := folded(piece)).split()) >= _FEWEST_WORDS)


@cache
def fixed_headings(*templates: str) -> frozenset[str]:
    """The headings of some prompts, as they stand."""
    return frozenset(
        line.strip()
        for name in templates
        for line in _load(name).splitlines()
        if line.startswith("#") and "{" not in line
    )
