"""A reading in the formats of continuous integration: JUnit XML and GitHub annotations.

What was not measured is an error, not a success: a pipeline never passes by accident.
"""

from collections.abc import Sequence
from typing import Final

from setpoint.report.escapes import github_data, github_property, xml_attribute, xml_text
from setpoint.report.text import clean, one_line
from setpoint.report.view import Cell, CriterionRow, Summary

__all__ = ["github", "junit", "plain"]

_SAYS: Final = {"fail": "failed", "cannot_assess": "could not be assessed", "unread": "was not measured"}


def _rows(summary: Summary) -> Sequence[tuple[CriterionRow, Cell | None]]:
    cells = {cell.criterion: cell for cell in summary.passes[-1].cells} if summary.passes else {}
    return [(row, cells.get(row.name)) for row in summary.criteria]


def _passed(row: CriterionRow) -> bool:
    return row.status in {"pass", "carried"}


def _message(row: CriterionRow, cell: Cell | None) -> str:
    if row.status == "unread":
        return f"{row.says} (needs a critic: name one with --critic, or leave it out with --checks-only)"
    return (cell.directive or cell.reason if cell else "") or row.says


def junit(summary: Summary, draft: str) -> str:
    """JUnit XML: a test case for each criterion."""
    rows = _rows(summary)
    failures = sum(row.status == "fail" for row, _ in rows)
    errors = sum(not _passed(row) and row.status != "fail" for row, _ in rows)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name={xml_attribute(summary.title)} tests="{len(rows)}" failures="{failures}" errors="{errors}">',
    ]
    for row, cell in rows:
        case = f"  <testcase classname={xml_attribute(draft)} name={xml_attribute(row.name)}"
        if _passed(row):
            lines.append(case + "/>")
            continue
        tag = "failure" if row.status == "fail" else "error"
        message = _message(row, cell)
        lines += [
            case + ">",
            f"    <{tag} message={xml_attribute(one_line(message))}>{xml_text(message)}</{tag}>",
            "  </testcase>",
        ]
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def github(summary: Summary, draft: str) -> str:
    """Workflow commands: an annotation for each criterion that does not pass."""
    lines: list[str] = []
    for row, cell in _rows(summary):
        if _passed(row):
            continue
        level = "warning" if row.minor else "error"
        place = f"file={github_property(draft)}"
        if cell is not None and cell.lines:
            place += f",line={cell.lines[0]}"
        lines.append(f"::{level} {place},title={github_property(row.name)}::{github_data(_message(row, cell))}")
    return "".join(line + "\n" for line in lines)


def plain(summary: Summary) -> str:
    """A line for each criterion, for people."""
    width = max(len(row.name) for row in summary.criteria)
    lines: list[str] = []
    for row, cell in _rows(summary):
        mark = "pass" if _passed(row) else "FAIL" if row.status == "fail" else "????"
        says = "" if _passed(row) else f"  {_SAYS.get(row.status, '')}: {one_line(_message(row, cell))}"
        place = f" (line {cell.lines[0]})" if cell is not None and cell.lines and not _passed(row) else ""
        lines.append(f"{mark}  {row.name:<{width}}{says}{place}".rstrip())
    return "".join(clean(line) + "\n" for line in lines)
