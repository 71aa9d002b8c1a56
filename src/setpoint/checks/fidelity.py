"""Whether it is true to its sources: numbers and quotations that must occur there.

Code cannot tell whether a claim follows from a source, but an invented number or quotation is the kind of fault that
readers trust and critics miss.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import ClassVar

from pydantic import Field

from setpoint.checks.base import PASSED, CheckContext, Params, Phrases, Rule, failed, listing, quoted
from setpoint.checks.prose import Block, read
from setpoint.errors import SpecError
from setpoint.ports import Finding

__all__ = ["NumbersFromSources", "QuotesFromSources", "numbers"]

# Numbers

# U+00A0, U+2009 and U+202F are the spaces that group digits.
_NUMBER = re.compile("(?:(?<!\\d)\\.)?\\d+(?:[.,'\u2019\u00a0\u2009\u202f ]\\d+)*")
_GROUPED = re.compile("\\d{1,3}(?:(?P<by>[,'\u2019\u00a0\u2009\u202f ])\\d{3})(?:(?P=by)\\d{3})*(?:\\.\\d+)?")
_GROUPED_BY_POINTS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
_DECIMAL_COMMA = re.compile(r"\d+,(?!\d{3}\b)\d+")
_NUMBERING = re.compile(
    r"\s*(?:#{1,6}\s+)?(?:(?:step|part|section|chapter|appendix|phase)\s+)?\d{1,3}(?:\.\d{1,3})*[.):](?=\s|\Z)",
    re.IGNORECASE,
)


def numbers(token: str) -> tuple[frozenset[str], ...]:
    """The ways to read a run of digits and separators, each as the set of numbers it then holds.

    ``1,000`` is one number however its thousands are grouped; ``1, 5`` may be two, ``1,5`` also a decimal;
    ``1.000`` may be one or a thousand. ``2.4.1`` is a version and only equals itself.
    """
    token = _digits(token)
    ways: list[str] = []
    grouped = _GROUPED.fullmatch(token)
    by_points = _GROUPED_BY_POINTS.fullmatch(token)
    if grouped:
        ways.append(re.sub(r"[^\d.]", "", token))
    if by_points:
        ways.append(token.replace(".", "").replace(",", "."))
    if _DECIMAL_COMMA.fullmatch(token):
        ways.append(token.replace(",", "."))
    sets = [frozenset((_canonical(way),)) for way in ways]
    surely_one = (grouped and grouped["by"] != " ") or (by_points and "," in token)
    if not surely_one:
        sets.append(frozenset(_canonical(part) for part in re.split(r"[^\d.]+", token) if part))
    return tuple(sets)


def _digits(token: str) -> str:
    return token if token.isascii() else "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in token)


def _canonical(number: str) -> str:
    if number.count(".") > 1:
        return number
    whole, _, fraction = number.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _tokens(blocks: Iterable[Block]) -> Iterator[tuple[int, str]]:
    """The runs of digits with their lines, the numbering of items and headings left out."""
    for block in blocks:
        for line, text in block.lines():
            numbered = _NUMBERING.match(text) if block.role in {"heading", "paragraph"} else None
            for found in _NUMBER.finditer(text, numbered.end() if numbered else 0):
                yield line, found[0]


class NumbersFromSources(Params):
    """``numbers_from_sources``."""

    check: ClassVar[str] = "numbers_from_sources"
    demands: ClassVar[str] = (
        "Every number in the text occurs in the sources. 1,000, 1 000 and 1000 are the same, 1.50 and 1.5 too. "
        "The numbering of lists and headings does not count."
    )
    notes: ClassVar[str] = (
        "Signs, units and numbers written as words are not compared, and a sum of two numbers is not in the sources. "
        "The brief is not a source: put the numbers it names into `allow`."
    )
    example: ClassVar[str] = '{ numbers_from_sources = { allow = ["2.4"] } }'

    allow: Phrases | None = Field(default=None, description="numbers that may stand although no source has them")

    def demand(self) -> str:
        """The demand as a sentence."""
        return "Every number occurs in the sources."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        if not context.sources:
            raise SpecError(
                'there are no sources to compare with; add sources = ["…"] to the spec', key=f"check.{self.check}"
            )
        material = (*(source.text for source in context.sources), *(self.allow or ()))
        known = frozenset(
            number
            for text in material
            for token in set(_NUMBER.findall(text))
            for way in numbers(token)
            for number in way
        )

        @cache
        def invented(token: str) -> bool:
            return not any(way <= known for way in numbers(token))

        def measure(text: str) -> Finding:
            found = list(_tokens(read(text, context.kind).blocks))
            wrong = [(line, token) for line, token in found if invented(token)]
            if not wrong:
                return PASSED
            names = list(dict.fromkeys(token for _, token in wrong))
            one = len(names) == 1
            said = f"{listing(names)} {'is' if one else 'are'} not in the sources; remove {'it, or use a number that is' if one else 'them, or use numbers that are'}"
            return failed(said, shortfall=len(wrong) / len(found), lines=[line for line, _ in wrong[:20]])

        return measure


# Quotations

_QUOTED = re.compile(
    "\u201c([^\u201c\u201d]{1,4000})\u201d|"
    "\u201e([^\u201e\u201c\u201d]{1,4000})[\u201c\u201d]|"
    "\u00ab([^\u00ab\u00bb]{1,4000})\u00bb|"
    "\u00bb([^\u00ab\u00bb]{1,4000})\u00ab|"
    "\u300c([^\u300c\u300d]{1,4000})\u300d|"
    '(?<!\\w)"(?=\\S)([^"]{1,4000})"(?!\\w)'
)
_LEFT_OUT = re.compile(r"\[[^\[\]]{0,200}\]|\.{3,}|\u2026")
_FOLDS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "*": "",
        "_": "",
        "`": "",
        "\u00ad": "",
    }
)


def _folded(passage: str) -> str:
    return " ".join(passage.translate(_FOLDS).casefold().split())


def _occurs(passage: str, source: str) -> bool:
    """Whether it stands there between word ends: "safe at all" does not occur in "unsafe at all"."""
    at = source.find(passage)
    while at >= 0:
        end = at + len(passage)
        joined_before = at > 0 and source[at - 1].isalnum() and passage[0].isalnum()
        joined_after = end < len(source) and source[end].isalnum() and passage[-1].isalnum()
        if not (joined_before or joined_after):
            return True
        at = source.find(passage, at + 1)
    return False


class QuotesFromSources(Params):
    """``quotes_from_sources``."""

    check: ClassVar[str] = "quotes_from_sources"
    demands: ClassVar[str] = (
        "Every passage in quotation marks of at least min_words words stands in a source, word for word. "
        "White space, capitals, emphasis and the style of quotes and dashes do not count; "
        "[…] and … may stand for what was left out."
    )
    notes: ClassVar[str] = (
        "Double quotes of any style and 「」 are read; single quotes and block quotes are not, "
        "since apostrophes and call-outs look the same."
    )
    example: ClassVar[str] = "{ quotes_from_sources = { min_words = 4 } }"

    min_words: int = Field(default=3, ge=1, description="shorter passages are taken for names and terms")

    def demand(self) -> str:
        """The demand as a sentence."""
        return "Every quotation stands in the sources word for word."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        if not context.sources:
            raise SpecError(
                'there are no sources to compare with; add sources = ["…"] to the spec', key=f"check.{self.check}"
            )
        sources = tuple(_folded(source.text) for source in context.sources)

        @cache
        def genuine(passage: str) -> bool:
            parts = [_folded(part).strip(" .,;:!?") for part in _LEFT_OUT.split(passage)]
            return any(all(_occurs(part, source) for part in parts if part) for source in sources)

        def measure(text: str) -> Finding:
            found = list(self._passages(read(text, context.kind).blocks))
            wrong = [(line, passage) for line, passage in found if not genuine(passage)]
            if not wrong:
                return PASSED
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            said = f"{quoted(wrong[0][1])} is not in the sources{more}; quote word for word or drop the quotation marks"
            return failed(said, shortfall=len(wrong) / len(found), lines=[line for line, _ in wrong[:20]])

        return measure

    def _passages(self, blocks: Iterable[Block]) -> Iterator[tuple[int, str]]:
        for block in blocks:
            if block.role == "code":
                continue
            line, at = block.line, 0
            for found in _QUOTED.finditer(block.text):
                line += block.text.count("\n", at, found.start())
                at = found.start()
                passage = next(group for group in found.groups() if group is not None)
                if len(passage.split()) >= self.min_words:
                    yield line, passage
