"""A draft as a reader sees it: its blocks, list items, words and sentences, each with the line it stands on.

Markdown is read by markdown-it up to `PARSED` characters. Longer texts, and plain ones, are read line by line: the
result is the same for ordinary texts, and the time stays in proportion to the length for any text.
HTML comments are never part of what is read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from setpoint.checks.patterns import scanner

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["PARSED", "Block", "Item", "Page", "Role", "read", "sentences", "uncommented", "words"]

PARSED: Final = 150_000
"""The longest markdown, in characters, that is parsed in full; some lists take the parser quadratic time."""

Role: TypeAlias = Literal["heading", "paragraph", "item", "cell", "code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of text without its markup; its lines are those of the draft, from ``line`` on."""

    line: int
    text: str
    role: Role
    depth: int = 0
    """The level of a heading, 1 to 6; of an item, 1 if it is numbered."""

    def lines(self) -> Iterator[tuple[int, str]]:
        """Its lines with their numbers in the draft."""
        return enumerate(self.text.split("\n"), self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a list, without the items nested in it."""

    line: int
    text: str
    numbered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a draft consists of."""

    blocks: tuple[Block, ...]
    items: tuple[Item, ...]

    def of(self, *roles: Role) -> tuple[Block, ...]:
        """The blocks of these roles that hold anything."""
        return tuple(block for block in self.blocks if block.role in roles and block.text.strip())

    @property
    def headings(self) -> tuple[Block, ...]:
        """The headings in their order, empty ones included."""
        return tuple(block for block in self.blocks if block.role == "heading")

    @property
    def prose(self) -> tuple[Block, ...]:
        """Paragraphs and list items."""
        return self.of("paragraph", "item")


def read(text: str, kind: str) -> Page:
    """Read a draft of that kind; its lines end in line feeds."""
    text = uncommented(text)
    if kind == "markdown" and len(text) <= PARSED:
        return _parsed(text)
    return _scanned(text, markdown=kind == "markdown")


def uncommented(text: str) -> str:
    """The text without HTML comments; each line keeps its number."""
    parts: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        parts.append("\n" * text.count("\n", start, end))
        at = end + 3
    return "".join((*parts, text[at:]))


# Words and sentences

# Han and kana are written without spaces: each character counts as a word, as word processors do it.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD: Final = scanner(
    rf"[{_SPACELESS}]"
    rf"|[[\w\p{{M}}]--[_{_SPACELESS}]]+"
    rf"(?:(?:['\u2019\u2010\u2011./@&_\-]|(?<=\d),(?=\d))[[\w\p{{M}}]--[_{_SPACELESS}]]+)*"
)


def words(text: str) -> list[str]:
    """The words: letters and digits of any script, with the hyphens, apostrophes and points inside them."""
    return _WORD.findall(text)


_STOP = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*(?=\s|\Z)|[\u3002\uff01\uff1f]+|\u0964")
_TITLES = frozenset("mr mrs ms mx dr prof st vs e.g i.e cf fig eq gen sen rep rev hon bzw z.b".split())  # noqa: SIM905
_LAST_WORD = re.compile(r"([^\s(\[\"'\u201c\u2018]+)\Z")
_LOOK_BACK = 24


def sentences(text: str) -> list[str]:
    """The sentences of one block; what stands after the last full stop is one too."""
    found: list[str] = []
    start = 0
    for stop in _STOP.finditer(text):
        if not _ends(text, stop):
            continue
        found.append(text[start : stop.end()])
        start = stop.end()
    found.append(text[start:])
    return [sentence.strip() for sentence in found if any(map(str.isalnum, sentence))]


def _ends(text: str, stop: "re.Match[str]") -> bool:
    """Whether a full stop ends a sentence rather than an abbreviation."""
    after = text[stop.end() : stop.end() + _LOOK_BACK].lstrip().lstrip("\"'\u201c\u2018([")[:1]
    if after.islower():
        return False
    if not stop[0].startswith(".") or stop[0].startswith(".."):
        return True
    before = _LAST_WORD.search(text, max(0, stop.start() - _LOOK_BACK), stop.start())
    word = before[1] if before else ""
    if word.lower() in _TITLES or (word.lower() == "no" and after.isdigit()):
        return False
    return not (len(word) == 1 and word.isupper() and word != "I")


# Markdown by the parser


# All checks of a spec read the same draft in turn, hence the small caches; two pages of a long text are enough to hold.


@lru_cache(maxsize=8)
def _parsed(text: str) -> Page:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only specs that read markdown pay for it

    walk = _Walk()
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        walk.enter(token)
        if token.type in {"inline", "fence", "code_block", "html_block"}:
            walk.hold(token)
    return Page(blocks=tuple(walk.blocks), items=tuple(walk.items))


class _Walk:
    """Goes through the parser's tokens and remembers what it is inside of."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.items: list[Item] = []
        self._numbered: list[bool] = []
        self._inside: list[int] = []
        self._role: Role = "paragraph"
        self._depth = 0

    def enter(self, token: "Token") -> None:
        """Note the beginning or the end of what has an inside."""
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._numbered.append(token.type == "ordered_list_open")
            case "bullet_list_close" | "ordered_list_close":
                self._numbered.pop()
            case "list_item_open":
                self._inside.append(len(self.items))
                self.items.append(Item(line=_first_line(token), text="", numbered=self._numbered[-1]))
            case "list_item_close":
                self._inside.pop()
            case "heading_open":
                # Inside a list item it is part of a list, not of the structure of the text.
                self._role, self._depth = ("item", 0) if self._inside else ("heading", int(token.tag[1:]))
            case "paragraph_open":
                self._role, self._depth = ("item" if self._inside else "paragraph"), 0
            case "th_open" | "td_open":
                self._role, self._depth = "cell", 0
            case _:
                pass

    def hold(self, token: "Token") -> None:
        """Keep what a token says."""
        block = _block(token, self._role, self._depth)
        self.blocks.append(block)
        if self._inside and block.role == "item":
            held = self.items[self._inside[-1]]
            self.items[self._inside[-1]] = replace(held, text=f"{held.text}\n{block.text}".lstrip("\n"))


def _first_line(token: "Token") -> int:
    return token.map[0] + 1 if token.map else 1


_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")


def _block(token: "Token", role: Role, depth: int) -> Block:
    line, content = _first_line(token), token.content.rstrip("\n")
    match token.type:
        case "inline":
            return Block(line=line, text=_visible(token), role=role, depth=depth)
        case "html_block":
            return Block(line=line, text=_TAG.sub("", content), role="paragraph")
        case "fence":
            return Block(line=line + 1, text=content, role="code")
        case _:
            return Block(line=line, text=content, role="code")


def _visible(inline: "Token") -> str:
    parts: list[str] = []
    for token in inline.children or ():
        match token.type:
            case "text" | "code_inline" | "image" | "text_special":
                parts.append(token.content)
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case _:
                pass
    return "".join(parts)


# Line by line

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_ITEM = re.compile(r"\s*(?:([-*+\u2022\u2023\u25e6])|\d{1,3}[.)])[ \t]+(?=\S)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,1000}\)")
_MARKUP = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")
_QUOTE = re.compile(r" {0,3}(?:> ?)+")


@lru_cache(maxsize=2)
def _scanned(text: str, *, markdown: bool) -> Page:
    """Read line by line: headings, list items and fences by how their first line begins."""
    groups: list[list[Block]] = []
    starts: list[tuple[int, bool]] = []
    grows = False
    for number, line, code in _fenced(text):
        block = Block(line=number, text=line, role="code") if code else _line(line, number, markdown=markdown)
        if block is None:
            grows = False
            continue
        if grows and block.role not in {"heading", "item"} and (groups[-1][0].role == "code") == code:
            groups[-1].append(block)
        else:
            groups.append([block])
        if block.role == "item":
            starts.append((len(groups) - 1, block.depth > 0))
        grows = block.role != "heading"
    blocks = tuple(
        replace(group[0], text="\n".join(block.text for block in group)) if len(group) > 1 else group[0]
        for group in groups
    )
    items = tuple(Item(line=blocks[at].line, text=blocks[at].text, numbered=numbered) for at, numbered in starts)
    return Page(blocks=blocks, items=items)


def _fenced(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each line with its number, and whether it is code; the lines of the fence itself come as empty."""
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line)
        if fence:
            closes = mark is not None and mark[1].startswith(fence) and not line.strip("`~ \t")
            fence = "" if closes else fence
            yield number, "" if closes else line, not closes
        else:
            fence = mark[1] if mark else ""
            yield number, "" if mark else line, False


def _line(line: str, number: int, *, markdown: bool) -> Block | None:
    if not line or line.isspace():
        return None
    if item := _ITEM.match(line):
        content = line[item.end() :]
        text = _unmarked(content) if markdown else content
        return Block(line=number, text=text, role="item", depth=0 if item[1] else 1)
    if heading := _HEADING.match(line):
        return Block(line=number, text=_unmarked(heading[2] or ""), role="heading", depth=len(heading[1]))
    text = _unmarked(_QUOTE.sub("", line, count=1)) if markdown else line
    return Block(line=number, text=text.strip(), role="paragraph")


def _unmarked(line: str) -> str:
    return _MARKUP.sub("", _LINK.sub(r"\1", line))
