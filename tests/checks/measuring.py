"""How the tests of the checks measure: through the public functions, as a run does."""

from collections.abc import Mapping

from setpoint import checks
from setpoint.core.spec import Source
from setpoint.ports import Finding

__all__ = ["made", "measure", "sources"]


def sources(**texts: str) -> tuple[Source, ...]:
    """Sources by name."""
    return tuple(Source(name=name, text=text) for name, text in texts.items())


def measure(
    check: Mapping[str, object] | str,
    text: str,
    *,
    kind: str = "markdown",
    material: tuple[Source, ...] = (),
    files: Mapping[str, str] | None = None,
) -> Finding:
    """Parse and build a check, and measure one text with it."""
    context = checks.CheckContext(kind=kind, sources=material, attachments=made(files or {}))
    return checks.build(checks.parse(check), context).measure(text)


def made(files: Mapping[str, str]) -> tuple[Source, ...]:
    """Attachments by name."""
    return tuple(Source(name=name, text=text) for name, text in files.items())
