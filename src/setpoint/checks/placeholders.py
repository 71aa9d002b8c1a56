"""What is left to fill in: TBD, [name], <insert date>, {{field}}."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from setpoint.checks.base import PASSED, CheckContext, Params, Phrases, Rule, failed, quoted
from setpoint.checks.prose import uncommented
from setpoint.ports import Finding

__all__ = ["NoPlaceholder"]

_PROSE_KINDS = frozenset({"text", "markdown", "html"})
_NAMED = 20
_LONG_LINE = 10_000

_WORD_MARK = re.compile(r"\b(?:TBD|TBC|TBA|TODO|FIXME|X{3,})\b|\b[Ll]orem [Ii]psum\b|\bLOREM IPSUM\b")
_MUSTACHE = re.compile(r"\{\{[^{}\n]{1,80}\}\}|\$\{[A-Za-z_][^{}\n]{0,60}\}|%%[A-Z_]{2,40}%%")
_BLANK = re.compile(r"(?<=[\w:.,)] )_{3,}|(?<=:)_{3,}")
_BRACKETED = re.compile(r"(?<![\w\]!])\[([^\[\]\n]{1,60})\](?![(\[:])")
_ANGLED = re.compile(r"<([A-Za-z][^<>\n]{0,60})>")
_ORDER = re.compile(
    r"\s*(?:your|insert|add|enter|fill|replace|(?:briefly )?(?:describe|explain)|brief |specif|provide|include|mention|list "
    r"|relevant|placeholder|image of|type of|any other|e\.g\.|to be )",
    re.IGNORECASE,
)  # fmt: skip
_FIELDS = frozenset(
    """
    name names date dates time company title address email e-mail phone telephone number link url city state country
    amount price position role product customer client recipient sender signature department organization organisation
    version location website team month year day contact details topic subject manager person place field value reason
    description first last restaurant hotel item metric industry audience deadline duration
    skill skills username feature benefit
    """.split()  # noqa: SIM905 - a list of fifty quoted words is harder to read
)
_FIELD_WORDS = 4
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:[_ ][A-Z0-9]+)+\Z")
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`)[^\n]{0,2000}?(?<!`)\1(?!`)")
_DEFINED = re.compile(r"^ {0,3}\[([^\[\]\n]{1,60})\]:", re.MULTILINE)


class NoPlaceholder(Params):
    """``no_placeholder``."""

    check: ClassVar[str] = "no_placeholder"
    demands: ClassVar[str] = (
        "Nothing is left to fill in: TBD, TODO, FIXME, XXX, lorem ipsum, `[name]`, `<insert date>`, `{{field}}`, "
        "`Name: ____`."
    )
    notes: ClassVar[str] = (
        "Links, footnotes, check boxes, code and data are not placeholders; in code and data only the words count."
    )
    example: ClassVar[str] = "{ no_placeholder = true }"

    allow: Phrases | None = Field(default=None, description="what may stand although it looks like one")

    def demand(self) -> str:
        """The demand as a sentence."""
        return "Holds no placeholder such as TBD, TODO or [name]."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        spared = {phrase.casefold() for phrase in self.allow or ()}
        prose = context.kind in _PROSE_KINDS

        def measure(text: str) -> Finding:
            found = [hit for hit in _placeholders(text, prose=prose) if hit[1].casefold() not in spared]
            if not found:
                return PASSED
            (line, first), more = found[0], len(found) - 1
            also = f" and {more} more like it" if more else ""
            said = f"{quoted(first, 40)} on line {line} is a placeholder{also}; write what belongs there or remove it"
            return failed(said, shortfall=len(found) / (len(found) + 1), lines=[at for at, _ in found[:_NAMED]])

        return measure


def _placeholders(text: str, *, prose: bool) -> Iterator[tuple[int, str]]:
    """Each with its line."""
    defined = {label.casefold() for label in _DEFINED.findall(text)} if prose else set[str]()
    fenced = False
    for number, line in enumerate(uncommented(text).split("\n"), 1):
        if not line or line.isspace():
            continue
        if prose and _FENCE.match(line):
            fenced = not fenced
        yield from ((number, mark[0]) for mark in _WORD_MARK.finditer(line))
        if prose and not fenced:
            # Nobody writes lines that long by hand, and looking for code in one could take its length squared.
            shown = _CODE.sub("", line) if len(line) <= _LONG_LINE else line
            yield from ((number, mark) for mark in _fields(shown, defined))


def _fields(line: str, defined: set[str]) -> Iterator[str]:
    """The fields to fill in on one line of prose."""
    for pattern in (_MUSTACHE, _BLANK):
        yield from (mark[0] for mark in pattern.finditer(line))
    for mark in _BRACKETED.finditer(line):
        if mark[1].casefold() not in defined and _is_field(mark[1]):
            yield mark[0]
    for mark in _ANGLED.finditer(line):
        if "=" not in mark[1] and "@" not in mark[1] and (_ORDER.match(mark[1]) or _CONSTANT.match(mark[1])):
            yield mark[0]


def _is_field(label: str) -> bool:
    """Whether what stands in brackets names something to fill in, rather than a remark of the editor."""
    if _ORDER.match(label) or _CONSTANT.match(label):
        return True
    found = re.findall(r"[a-z][a-z-]*", label.lower())
    # "[the company]" in a quotation is an editor's remark; "[Company]" is a field.
    return bool(found) and len(found) <= _FIELD_WORDS and found[0] != "the" and bool(_FIELDS & set(found))
