"""Findings in the formats of the command line: for people, JSON, JUnit XML, GitHub annotations."""

from collections.abc import Iterator, Sequence
from typing import Final

from setpoint.report.escapes import github_data, github_property, xml_attribute, xml_text
from setpoint.report.text import clean, one_line, plural
from setpoint.rubric.lint.flaw import Flaw

__all__ = ["as_json", "github", "junit", "plain"]

_GITHUB: Final = {"error": "error", "warning": "warning", "hint": "notice"}
_WIDTH: Final = 100


def plain(flaws: Sequence[Flaw], file: str) -> str:
    """For people: each finding with the quote, what is wrong, and what to write instead."""
    lines = [line for flaw in flaws for line in _lines(flaw, file)]
    return "".join(f"{clean(line)}".rstrip() + "\n" for line in [*lines, _total(flaws, file)])


def _lines(flaw: Flaw, file: str) -> Iterator[str]:
    where = f"{file}:{flaw.line}" if flaw.line else file
    about = ", ".join(flaw.criteria)
    yield f"{where}: {flaw.level}: {flaw.kind}{f' in {about}' if about else ''}"
    for quote in flaw.quotes:
        yield f"    | {one_line(quote, _WIDTH)}"
    yield f"    {one_line(flaw.says, 500)}."
    yield f"    → {one_line(flaw.instead, 600)}"
    for line in flaw.toml.splitlines():
        yield f"        {line}"
    yield ""


def _total(flaws: Sequence[Flaw], file: str) -> str:
    counts = [(level, sum(flaw.level == level for flaw in flaws)) for level in ("error", "warning", "hint")]
    return f"{file}: " + (", ".join(plural(n, level) for level, n in counts if n) or "nothing to say")


def as_json(flaws: Sequence[Flaw], file: str) -> dict[str, object]:
    """For programs."""
    return {
        "file": file,
        "findings": [{name: getattr(flaw, name) for name in flaw.__slots__} for flaw in flaws],
        **{f"{level}s": sum(flaw.level == level for flaw in flaws) for level in ("error", "warning", "hint")},
    }


def junit(flaws: Sequence[Flaw], file: str) -> str:
    """JUnit XML: a test case for each finding; hints are passed cases with their text as output."""
    errors, warnings = (sum(flaw.level == level for flaw in flaws) for level in ("error", "warning"))
    cases = len(flaws) or 1
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name={xml_attribute(f"lint {file}")} tests="{cases}" failures="{errors + warnings}" errors="0">',
    ]
    for flaw in flaws:
        name = f"{flaw.kind}: {', '.join(flaw.criteria)}" if flaw.criteria else flaw.kind
        text = "\n".join([*flaw.quotes, flaw.says, flaw.instead, *([flaw.toml] if flaw.toml else [])])
        tag = "system-out" if flaw.level == "hint" else "failure"
        message = xml_attribute(one_line(flaw.says))
        given = "" if flaw.level == "hint" else f" type={xml_attribute(flaw.level)} message={message}"
        lines += [
            f"  <testcase classname={xml_attribute(file)} name={xml_attribute(name)}>",
            f"    <{tag}{given}>{xml_text(text)}</{tag}>",
            "  </testcase>",
        ]
    if not flaws:
        lines.append(f'  <testcase classname={xml_attribute(file)} name="lint"/>')
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def github(flaws: Sequence[Flaw], file: str) -> str:
    """Workflow commands: an annotation for each finding."""
    lines: list[str] = []
    for flaw in flaws:
        place = f"file={github_property(file)}" + (f",line={flaw.line}" if flaw.line else "")
        title = f"{flaw.kind}: {', '.join(flaw.criteria)}" if flaw.criteria else flaw.kind
        text = f"{flaw.says}. {flaw.instead}" + (f"\n{flaw.toml}" if flaw.toml else "")
        lines.append(f"::{_GITHUB[flaw.level]} {place},title={github_property(title)}::{github_data(text)}")
    return "".join(line + "\n" for line in lines)
