"""A check that the calling program brings: the way to measure what no check of this folder does."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from setpoint.checks.base import CheckContext, NonBlank, Params, Rule, listing
from setpoint.errors import SpecError
from setpoint.ports import Finding

__all__ = ["Custom"]


class Custom(Params):
    """``custom``."""

    check: ClassVar[str] = "custom"
    demands: ClassVar[str] = (
        "What a check of your own program finds, which `setpoint.refine(checks={name: check})` brings."
    )
    notes: ClassVar[str] = (
        "Only a Python program can bring one, so such a spec is not for the command line; a program in any language "
        "is a `command`. The criterion needs `says`. A run is resumed with the same checks: `setpoint.resume(run, "
        "checks={…})`."
    )
    example: ClassVar[str] = '{ custom = "balanced" }'
    bare: ClassVar[str] = "name"
    verbatim: ClassVar[bool] = True

    name: NonBlank = Field(description="its name among the `checks` that are handed in")
    version: NonBlank | None = Field(
        default=None, description="anything that changes when the check does, so that the target is another one then"
    )

    def demand(self) -> str:
        """Nobody here knows what it demands.

        Raises:
            SpecError: always.
        """
        raise SpecError(f'what the custom check {self.name!r} demands must be said: add says = "…"')

    def rule(self, context: CheckContext) -> Rule:
        """The rule of the check that was handed in."""
        own = context.custom.get(self.name)
        if own is None:
            given = f"given were: {listing(list(context.custom))}" if context.custom else "none were given"
            raise SpecError(
                f"the custom check {self.name!r} is brought by a program, and {given}; hand it in: "
                f"setpoint.refine(…, checks={{{self.name!r}: …}}), or setpoint.resume for a run that was cut"
            )

        def measure(text: str) -> Finding:
            finding = own.measure(text)
            if finding.passed or finding.message.strip():
                return finding
            # A fault without a message would reach the author as an empty line.
            return replace(finding, message=f"the check {self.name} did not pass; meet what is demanded here")

        return measure
