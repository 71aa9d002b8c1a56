"""The workshop's prompts: package data, one file each."""

from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined

__all__ = ["render"]


def _load(name: str) -> str:
    return resources.files("setpoint.rubric").joinpath("prompts", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    # Prompts are plain text: escaping for HTML would change what the model reads.
    return Environment(
        loader=FunctionLoader(_load),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )


def render(template: str, **values: object) -> str:
    """Fill a prompt template."""
    return _environment().get_template(template).render(**values).strip()
