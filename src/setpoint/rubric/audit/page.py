"""An audit as one HTML file that needs nothing else; made by what makes the report of a run."""

from functools import cache
from importlib.resources import files

from setpoint.report.html import page
from setpoint.rubric.audit.result import Audit
from setpoint.rubric.audit.show import interval, share
from setpoint.rubric.audit.words import sentences

__all__ = ["audit_html"]


def audit_html(result: Audit, title: str) -> str:
    """The page of an audit.

    Args:
        result: what was found.
        title: how the spec is called.

    Returns:
        A whole HTML document; encode it as UTF-8.
    """
    bad = [entry for entry in result.criteria if entry.standing in {"decoration", "false alarms"}]
    loose = [canary for canary in result.canaries if canary.caught in {"nobody", "check"}]
    reliable = all(entry.standing == "reliable" for entry in result.criteria)
    return page(
        _template(),
        a=result,
        title=title,
        says=sentences(result),
        tone="bad" if bad or loose else "good" if reliable and not result.stopped else "mixed",
        share=share,
        interval=interval,
        caught={
            "guard": "stopped by code",
            "critic": "failed by the critic",
            "check": "passed by the critic, failed by a check",
            "nobody": "passed",
            "unusable": "the reply could not be used",
        },
    )


@cache
def _template() -> str:
    return files("setpoint.rubric.audit").joinpath("page.html.j2").read_text(encoding="utf-8")
