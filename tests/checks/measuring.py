"""How the tests of the checks measure: through the public functions, as a run does."""

from collections.abc import Mapping

from setpoint import checks
from setpoint.core.spec import Source
from setpoint.ports import Check, Finding

__all__ = ["Balanced", "made", "measure", "sources"]


class Balanced:
    """A check of a program's own: as many brackets are closed as are opened."""

    def measure(self, text: str) -> Finding:
        missing = text.count("(") - text.count(")")
        if missing == 0:
            return Finding(passed=True)
        return Finding(passed=False, message=f"{missing} brackets are open; close them", shortfall=missing / 10)


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
    custom: Mapping[str, Check] | None = None,
) -> Finding:
    """Parse and build a check, and measure one text with it."""
    context = checks.CheckContext(kind=kind, sources=material, attachments=made(files or {}), custom=custom or {})
    return checks.build(checks.parse(check), context).measure(text)


def made(files: Mapping[str, str]) -> tuple[Source, ...]:
    """Attachments by name."""
    return tuple(Source(name=name, text=text) for name, text in files.items())
