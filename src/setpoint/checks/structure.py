"""How it is arranged: headings, list items, capitals."""

import re
from collections.abc import Collection, Container, Iterator, Sequence
from itertools import pairwise
from typing import ClassVar, Final, Literal

from pydantic import Field, model_validator

from setpoint.checks.base import (
    PASSED,
    CheckContext,
    Params,
    PartBounds,
    Phrases,
    Rule,
    allowed,
    bounded,
    failed,
    listing,
    quoted,
)
from setpoint.checks.prose import Block, read, sentences, uncommented, words
from setpoint.ports import Finding

__all__ = ["Bullets", "Case", "Headings"]

_NUMBERING = re.compile(r"\s*(?:\d{1,3}(?:\.\d{1,3})*[.):]?|[ivxIVX]{1,5}[.)]|[A-Za-z][.)])\s+")


def _folded(heading: str) -> str:
    bare = _NUMBERING.sub("", heading, count=1)
    return " ".join(bare.split()).rstrip(" :.").casefold()


class Headings(Params):
    """``headings``."""

    check: ClassVar[str] = "headings"
    demands: ClassVar[str] = (
        "These headings are there, in this order, none is deeper than max_depth and, with only, there is no other. "
        "Capitals, numbering and a colon at the end do not count; a heading written with its # must have that level."
    )
    notes: ClassVar[str] = (
        "Headings are read as markdown in every kind of text. One inside a list item does not count. "
        "A title of level 1 in front of all others is not held against only."
    )
    example: ClassVar[str] = '{ headings = { required = ["What changed", "How to upgrade"], max_depth = 3 } }'
    bare: ClassVar[str] = "required"

    required: Phrases | None = Field(default=None, description="headings that must stand")
    order: bool = Field(default=True, description="whether they must stand in that order")
    max_depth: int | None = Field(default=None, ge=1, le=6, description="the deepest level allowed, 1 for `#`")
    only: bool = Field(default=False, description="whether no heading but these and a title may stand")

    @model_validator(mode="after")
    def _something(self) -> "Headings":
        if self.required is None and self.max_depth is None:
            raise ValueError("needs required or max_depth")
        if self.only and self.required is None:
            raise ValueError("only needs required: the headings that may stand")
        wanted = [_wanted(heading) for heading in self.required or ()]
        if len({name for _, name in wanted}) < len(wanted):
            raise ValueError("required names a heading twice")
        for depth, name in wanted:
            if not name:
                raise ValueError("required holds a heading without a word in it")
            if self.max_depth is not None and depth > self.max_depth:
                raise ValueError(f"required wants a heading of level {depth} but max_depth is {self.max_depth}")
        return self

    def demand(self) -> str:
        """The demand as a sentence."""
        parts: list[str] = []
        if self.required:
            order = ", in this order" if self.order and len(self.required) > 1 else ""
            only = ", and no other below the title" if self.only else ""
            parts.append(f"has the headings {', '.join(quoted(one) for one in self.required)}{order}{only}")
        if self.max_depth is not None:
            parts.append(f"has no heading deeper than {'#' * self.max_depth}")
        said = " and ".join(parts)
        return f"{said[0].upper()}{said[1:]}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        del context  # headings are markdown wherever they stand

        def measure(text: str) -> Finding:
            page = read(text, "markdown")
            found = page.headings
            faults: list[str] = []
            lines: list[int] = []
            places = [_place(heading, found) for heading in self.required or ()]
            missing = [name for name, place in zip(self.required or (), places, strict=True) if place is None]
            items = {_folded(item.text.split("\n", 1)[0].lstrip("# ")): item.line for item in page.items}
            listed = {name: items[_wanted(name)[1]] for name in missing if _wanted(name)[1] in items}
            there = [place for place in places if place is not None]
            others = self._others(found, set(there)) if self.only else []
            renamed = self._renamed(found, others, [name for name in missing if name not in listed])
            lines += [block.line for block, _ in renamed]
            faults += [
                f"the heading {quoted(block.text)} must be {quoted(name)} instead; rename it" for block, name in renamed
            ]
            absent = [] if renamed else [quoted(name) for name in missing if name not in listed]
            if absent:
                faults.append(f"no heading {listing(absent)}; add {'it' if len(absent) == 1 else 'them'}")
            if listed:
                names = listing([quoted(name) for name in listed])
                faults.append(f"{names} stands as a list item; make it a heading at the beginning of its line")
                lines += listed.values()
            moved = [later for earlier, later in pairwise(there) if later < earlier]
            if self.order and moved:
                names = [quoted(found[place].text) for place in sorted(there)]
                faults.append(f"the headings stand in the order {listing(names)}; order them as {self._sequence()}")
                lines += [found[place].line for place in moved]
            deep = [block for block in found if self.max_depth is not None and block.depth > self.max_depth]
            if deep:
                faults.append(f"{quoted(deep[0].text)} is of level {deep[0].depth}; use at most {self.max_depth}")
                lines += [block.line for block in deep]
            if others and not renamed:
                names = listing([quoted(block.text) for block in others])
                one = len(others) == 1
                faults.append(
                    f"the heading{'' if one else 's'} {names} may not stand; remove {'it' if one else 'them'}"
                )
                lines += [block.line for block in others]
            inside = _nested(text, listed.values()) if self.only else []
            if inside:
                where = listing([f"line {number}" for number in inside])
                faults.append(f"a heading stands in a list item ({where}); make it a plain item or remove it")
                lines += inside
            if not faults:
                return PASSED
            wrong = (
                len(inside) + len(missing) + (len(moved) if self.order else 0) + len({b.line for b in (*deep, *others)})
            )
            return failed("; ".join(faults), shortfall=wrong / (wrong + len(found)), lines=lines)

        return measure

    @staticmethod
    def _others(found: Sequence[Block], wanted: Container[int]) -> list[Block]:
        """The headings that were not asked for, a title in front of all others excepted."""
        return [b for at, b in enumerate(found) if at not in wanted and not (at == 0 and b.depth == 1)]

    def _renamed(
        self, found: Sequence[Block], others: Sequence[Block], missing: Sequence[str]
    ) -> list[tuple[Block, str]]:
        """Headings that only have another name than the missing one whose place they hold; all of them or none."""
        if not self.order or not others or len(others) != len(missing):
            return []
        pairs = list(zip(others, missing, strict=True))
        names = {block.line: name for block, name in pairs}
        title = bool(found) and found[0].depth == 1 and found[0].line not in names
        after = [_wanted(names.get(block.line, block.text))[1] for block in found[title:]]
        fits = after == [_wanted(name)[1] for name in self.required or ()]
        levels = all(_wanted(name)[0] in {0, block.depth} for block, name in pairs)
        return pairs if fits and levels else []

    def _sequence(self) -> str:
        return listing([quoted(heading) for heading in self.required or ()], most=20)


_IN_A_LIST: Final = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])[ \t]+#{1,6}[ \t]+\S")


def _nested(text: str, known: Collection[int]) -> list[int]:
    """The lines with a heading inside a list item, which a reader sees as one, those told about already left out."""
    lines = uncommented(text).split("\n")
    return [number for number, line in enumerate(lines, 1) if _IN_A_LIST.match(line) and number not in known]


def _wanted(heading: str) -> tuple[int, str]:
    """The level asked for, 0 for any, and the name."""
    name = heading.lstrip("#")
    return len(heading) - len(name), _folded(name.strip())


def _place(heading: str, found: Sequence[Block]) -> int | None:
    depth, name = _wanted(heading)
    for place, block in enumerate(found):
        if _folded(block.text) == name and depth in {0, block.depth}:
            return place
    return None


class Bullets(PartBounds):
    """``bullets``."""

    check: ClassVar[str] = "bullets"
    demands: ClassVar[str] = "So many list items, on all levels, and none longer than max_words."
    notes: ClassVar[str] = "Lines that begin with -, * or + and a space; in plain text also •, ‣ and ◦."
    example: ClassVar[str] = "{ bullets = { min = 3, max = 6, max_words = 20 } }"

    numbered: bool = Field(default=False, description="whether items of numbered lists count too")

    def demand(self) -> str:
        """The demand as a sentence."""
        parts: list[str] = []
        if self.min is not None or self.max is not None:
            parts.append(f"has {allowed(self.min, self.max, *self._units())}")
        if self.max_words is not None:
            parts.append(f"has no {self._units()[0]} longer than {self.max_words} words")
        said = " and ".join(parts)
        return f"{said[0].upper()}{said[1:]}."

    def _units(self) -> tuple[str, str]:
        return ("list item", "list items") if self.numbered else ("bullet point", "bullet points")

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            items = [item for item in read(text, context.kind).items if self.numbered or not item.numbered]
            one, many = self._units()
            count = bounded(len(items), low=self.min, high=self.max, one=one, many=many)
            if not count.passed:
                lack = self.min is not None and len(items) < self.min
                hint = ', each on a line that begins with "- "' if lack else ""
                lines = [] if lack else [item.line for item in items[self.max or 0 :]]
                return failed(count.message + hint, shortfall=count.shortfall, lines=lines)
            longest = self.max_words
            long = [(item, size) for item in items if longest and (size := len(words(item.text))) > longest]
            if not long or longest is None:
                return PASSED
            item, size = max(long, key=lambda pair: pair[1])
            said = f"the {one} {quoted(item.text, 40)} has {size} words; cut each to at most {longest}"
            return failed(said, shortfall=len(long) / len(items), lines=[found.line for found, _ in long])

        return measure


Style = Literal["upper", "lower", "title", "sentence"]
Part = Literal["text", "headings", "first_line"]

_SMALL = frozenset(
    "a an the and but or nor for so yet as at by in of off on per to up via vs with from into over than".split()  # noqa: SIM905
)
_DEMAND: dict[Style, str] = {
    "upper": "in capitals only",
    "lower": "in small letters only",
    "title": "in title case (Every Major Word With a Capital)",
    "sentence": "in sentence case (a capital at the beginning, none for ordinary words)",
}
_PART: dict[Part, str] = {"text": "the text", "headings": "every heading", "first_line": "the first line"}
_TITLED = 3


class Case(Params):
    """``case``."""

    check: ClassVar[str] = "case"
    demands: ClassVar[str] = "Capitals and small letters are used in one style."
    notes: ClassVar[str] = (
        "Code is left out. Names cannot be told from other words, so `sentence` fails a heading only if three or more "
        "words after its first are all capitalised; in a text it wants every sentence to begin with a capital. "
        "Scripts without capitals pass."
    )
    example: ClassVar[str] = '{ case = { style = "sentence", of = "headings" } }'
    bare: ClassVar[str] = "style"

    style: Style = Field(description="the style")
    of: Part = Field(default="text", description="what must be written so")

    def demand(self) -> str:
        """The demand as a sentence."""
        part = _PART[self.of]
        return f"{part[0].upper()}{part[1:]} is {_DEMAND[self.style]}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            units = self._units(text, context.kind)
            wrong = [(line, unit) for line, unit in units if not _in_case(unit, self.style, whole=self.of != "text")]
            if not wrong:
                return PASSED
            said = f"{quoted(wrong[0][1], 40)} is not {_DEMAND[self.style].partition(' (')[0]}; rewrite it"
            more = f" and {len(wrong) - 1} more like it" if len(wrong) > 1 else ""
            return failed(said + more, shortfall=len(wrong) / len(units), lines=[line for line, _ in wrong])

        return measure

    def _units(self, text: str, kind: str) -> list[tuple[int, str]]:
        """What is looked at, one by one, with the line it stands on."""
        if self.of == "headings":
            return [(block.line, block.text) for block in read(text, "markdown").headings if block.text.strip()]
        blocks = read(text, kind).of("heading", "paragraph", "item", "cell")
        lines = [(number, line) for block in blocks for number, line in block.lines() if line.strip()]
        if self.of == "first_line":
            return lines[:1]
        if self.style != "sentence":
            return lines
        prose = [block for block in blocks if block.role in {"heading", "paragraph", "item"}]
        return [unit for block in prose for unit in _numbered(block)]


def _numbered(block: Block) -> Iterator[tuple[int, str]]:
    """The sentences of a block with the lines they begin on."""
    line, at = block.line, 0
    for sentence in sentences(block.text):
        start = block.text.find(sentence, at)
        line += block.text.count("\n", at, start)
        at = start
        yield line, sentence


def _in_case(unit: str, style: Style, *, whole: bool) -> bool:
    match style:
        case "upper":
            return not any(map(str.islower, unit))
        case "lower":
            return not any(map(str.isupper, unit))
        case "title":
            return _titled(unit)
        case "sentence":
            return _begins_with_capital(unit) and not (whole and _over_capitalised(unit))


def _titled(unit: str) -> bool:
    found = words(unit)
    last = len(found) - 1
    for at, word in enumerate(found):
        minor = word in _SMALL and at not in {0, last}
        # A capital inside, as in "iPhone", is how the name is written.
        if word[0].islower() and not minor and not any(map(str.isupper, word)):
            return False
    return True


def _begins_with_capital(unit: str) -> bool:
    first = next(iter(words(unit)), "")
    return not first[:1].islower() or any(map(str.isupper, first))


def _over_capitalised(unit: str) -> bool:
    later = [word for word in words(unit)[1:] if word not in _SMALL and word[0].isalpha()]
    return len(later) >= _TITLED and all(word[0].isupper() and not word.isupper() for word in later)
