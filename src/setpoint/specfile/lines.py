"""Where each key of a TOML text stands; tomllib reads the values and forgets the places.

Rules of this module:
- It scans only texts that tomllib has accepted, so it checks nothing and can be small.
- What it found is compared with what tomllib read. If the two do not name the same keys, it has misunderstood the
  text and gives no lines at all: no line is better than a wrong one.
"""

import bisect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

__all__ = ["dotted", "find_lines"]

Path: TypeAlias = tuple[str | int, ...]
"""Keys, and places in lists counted from 0."""

_BLANK: Final = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACES: Final = re.compile(r"[ \t]*")
_KEY: Final = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|("(?:\\.|[^"\\\n])*")|'([^'\n]*)')[ \t]*""")
# A multi-line string may end in up to five quotes, of which the first two belong to the text.
_STRING: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:'{0,2})|"(?:\\.|[^"\\\n])*"|'[^'\n]*\'''', re.DOTALL
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: Sequence[str | int]) -> str:
    """A key as people write it; places in lists are counted from 1: ``criterion[2].check.words.max``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False))
    return text


def find_lines(text: str, data: Mapping[str, object]) -> dict[str, int]:
    """The line, counted from 1, on which each key begins.

    Args:
        text: valid TOML, with lines that end in a line feed.
        data: what tomllib read from it.
    """
    try:
        found = _Scanner(text).scan()
    except (AttributeError, IndexError, RecursionError, ValueError):
        return {}
    return {dotted(path): line for path, line in found.items()} if set(found) == set(_paths(data)) else {}


def _paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Every key of every table and every place of every list."""
    if isinstance(value, dict):
        inner: list[tuple[str | int, object]] = list(cast("dict[str | int, object]", value).items())
    elif isinstance(value, list):
        inner = list(enumerate(cast("list[object]", value)))
    else:
        return
    for part, item in inner:
        yield (*path, part)
        yield from _paths(item, (*path, part))


class _Scanner:
    """One walk over the text. What cannot match raises AttributeError or IndexError, and that ends the walk."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._tables: dict[Path, int] = {}  # how many tables each list of tables has so far
        self._found: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip() < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._found

    def _skip(self) -> int:
        """Past blanks, line ends and comments."""
        self._at = self._match(_BLANK).end()
        return self._at

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"offset {self._at} is not understood")
        return match

    def _line(self) -> int:
        return bisect.bisect_left(self._breaks, self._at) + 1

    def _note(self, path: Path, *, since: int) -> None:
        """The key, and the tables around it that have not been named on their own."""
        line = self._line()
        for end in range(since + 1, len(path) + 1):
            self._found.setdefault(path[:end], line)

    def _header(self) -> Path:
        many = self._text.startswith("[[", self._at)
        self._at += 2 if many else 1
        parts = self._key()
        path = cast("Path", ())
        for place, part in enumerate(parts, start=1):
            path = (*path, part)
            if many and place == len(parts):
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        self._note(path, since=0)
        self._found[path] = self._line()  # a header of its own counts more than having been mentioned
        self._at += 2 if many else 1
        return path

    def _pair(self, table: Path) -> None:
        path = (*table, *self._key())  # on one line: keys never break
        self._note(path, since=len(table))
        self._at += 1
        self._at = self._match(_SPACES).end()
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            match = self._match(_KEY)
            bare, basic, literal = match.groups()
            parts.append(bare or (tomllib.loads(f"key = {basic}")["key"] if basic else literal))
            self._at = match.end()
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case '"' | "'":
                self._at = self._match(_STRING).end()
            case "[":
                self._list(path)
            case "{":
                self._inline(path)
            case _:
                self._at = self._match(_SCALAR).end()

    def _list(self, path: Path) -> None:
        self._at += 1
        place = 0
        while self._text[self._skip()] != "]":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._note((*path, place), since=len(path))
            self._value((*path, place))
            place += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._text[self._skip()] != "}":
            if self._text[self._at] == ",":
                self._at += 1
            else:
                self._pair(path)
        self._at += 1
