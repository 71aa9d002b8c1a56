"""Errors about a spec name the right line or none."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.specfile.lines import dotted, find_lines


def lines_of(text: str) -> dict[str, int]:
    """The lines of the keys of a text."""
    return find_lines(text, tomllib.loads(text))


ODD = '''\
# a comment with brief = "x" and [brackets]
brief = """
[not.a.header]
key = 1
""" # behind a value
'quo ted' = 'literal # no comment'
"esc\\u0061ped" = "a \\" quote"
a.b . "c d" = 1_000
dates = [1979-05-27 07:32:00, 1979-05-27T07:32:00Z]   # with spaces in a value

list = [ # comment
  1,  # one

  "]", \'\'\'
] , [ ''\'\'\',
  [ [], {} ],
  { x = 1, y.z = [2] },
]

[budget]
passes = 1

[ table . "sub table" ]
x = """a"""""
y = \'\'\'
b\'\'\'\'\'
z = ""

[[criterion]]
name = "one"

[criterion.check]
words.max = 1
  [[criterion.check.nested]]
  deep = true
  [[criterion.check.nested]]
  deep = false

[[criterion]]
check = { words = { max = 2, min = 1 } }
name = "two"

[table]
late = inf
'''


def test_every_form_of_toml_is_understood() -> None:
    """Strings over several lines, dotted and quoted keys, nested lists, inline tables, tables of tables."""
    expected = {
        "brief": 2,
        '"quo ted"': 6,
        "escaped": 7,
        "a": 8,
        "a.b": 8,
        'a.b."c d"': 8,
        "dates": 9,
        "dates[1]": 9,
        "dates[2]": 9,
        "list": 11,
        "list[1]": 12,
        "list[2]": 14,
        "list[3]": 14,
        "list[4]": 16,
        "list[4][1]": 16,
        "list[4][2]": 16,
        "list[5]": 17,
        "list[5].x": 17,
        "list[5].y": 17,
        "list[5].y.z": 17,
        "list[5].y.z[1]": 17,
        "budget": 20,
        "budget.passes": 21,
        "table": 43,
        'table."sub table"': 23,
        'table."sub table".x': 24,
        'table."sub table".y': 25,
        'table."sub table".z': 27,
        "criterion": 29,
        "criterion[1]": 29,
        "criterion[1].name": 30,
        "criterion[1].check": 32,
        "criterion[1].check.words": 33,
        "criterion[1].check.words.max": 33,
        "criterion[1].check.nested": 34,
        "criterion[1].check.nested[1]": 34,
        "criterion[1].check.nested[1].deep": 35,
        "criterion[1].check.nested[2]": 36,
        "criterion[1].check.nested[2].deep": 37,
        "criterion[2]": 39,
        "criterion[2].check": 40,
        "criterion[2].check.words": 40,
        "criterion[2].check.words.max": 40,
        "criterion[2].check.words.min": 40,
        "criterion[2].name": 41,
        "table.late": 44,
    }
    assert lines_of(ODD) == expected


# Documents in which every value is the number of the line it stands on, written in all sorts of ways.

KEYS = st.sampled_from(["brief", "a b", "max", "criterion", 'q"uote', "é", "x.y", "1", "check", "#", "="])
NOISE = st.sampled_from(
    ["", "\n", "  \n\n", "# [x]\n", '# """\n', "\t# y = 1 '\n", "\r\n"],
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> object:
    """Tables, lists, and None where a number will stand."""
    if depth == 0 or draw(st.booleans()):
        return None
    inner = trees(depth - 1)
    return draw(
        st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(inner, max_size=3)
        | st.lists(st.dictionaries(KEYS, inner, min_size=1, max_size=3), min_size=1, max_size=3)
    )


class Writer:
    """Writes a tree as TOML; a number is the line that its key begins on."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""

    def flip(self) -> bool:
        return self.draw(st.booleans())

    def line(self) -> int:
        return self.text.count("\n") + 1

    def noise(self) -> None:
        self.text += self.draw(NOISE)

    def key(self, key: str) -> str:
        bare = key.isascii() and key.isalnum()
        if "'" not in key and self.flip():
            return key if bare and self.flip() else f"'{key}'"
        return json.dumps(key)

    def table(self, tree: Mapping[str, object], path: tuple[str, ...]) -> None:
        later = {k: v for k, v in tree.items() if _is_tables(v) and self.flip()}
        for key, value in tree.items():
            if key not in later:
                self.noise()
                self.pair(key, value)
                self.text += self.draw(st.sampled_from(["\n", " # end\n", "\r\n"]))
        for key, value in later.items():
            name = " . ".join(self.key(part) for part in (*path, key))
            for item in value if isinstance(value, list) else [value]:
                self.noise()
                self.text += f"[[ {name} ]]" if isinstance(value, list) else f"[{name}]"
                self.text += "\n" if self.flip() else "# end\n"
                self.table(cast("dict[str, object]", item), (*path, key))

    def pair(self, key: str, value: object) -> None:
        began = self.line()
        self.text += self.key(key)
        while isinstance(value, dict) and len(value) == 1 and self.flip():
            ((key, value),) = cast("dict[str, object]", value).items()
            self.text += f" .{self.key(key)}"
        self.text += " = " if self.flip() else "="
        self.value(value, began)

    def value(self, value: object, began: int) -> None:
        if value is None:
            self.number(began)
        elif isinstance(value, dict):
            self.text += "{ "
            for place, (key, item) in enumerate(cast("dict[str, object]", value).items()):
                self.text += ", " if place else ""
                self.pair(key, item)
            self.text += " }"
        else:
            self.text += "["
            for item in cast("list[object]", value):
                self.noise()
                self.value(item, self.line())
                self.noise()
                self.text += ","
            self.text += "]"

    def number(self, line: int) -> None:
        """The line as a number, or as a text from which it can be read."""
        form = self.draw(
            st.sampled_from(["{}", '"{}"', "'{}'", '"""\n{}\\n#]}}"""', "'''\n\n{}'''", '"{} \\" ] # "', '"""{}"""""'])
        )
        self.text += form.format(line)


def _is_tables(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, dict) for item in items)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A TOML text with its line numbers as values."""
    writer = Writer(draw)
    tree = draw(st.dictionaries(KEYS, trees(), max_size=5))
    writer.table(tree, ())
    writer.noise()
    return writer.text


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, int]]:
    """The dotted key of every number, and the number."""
    if isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(cast("list[object]", value)):
            yield from leaves(item, (*path, place))
    else:
        digits = "".join(char for char in str(value) if char.isdigit())
        yield dotted(path), int(digits)


@given(documents())
def test_every_value_is_found_on_its_line(text: str) -> None:
    """However a document is written, each key is found, and on the line where it begins."""
    text = text.replace("\r\n", "\n")
    data = tomllib.loads(text)
    found = find_lines(text, data)
    expected = dict(leaves(data))
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a = 1\n", {"a": 1, "b": 2}),
        ("a = 1\nb = 2\n", {"a": 1}),
        ("a = [1]\n", {"a": [1, 2]}),
        ("a = \n", {"a": 1}),
        ("= 1", {"a": 1}),
        ("a = [", {"a": []}),
        ("a = {b", {"a": {}}),
        ('a = "', {"a": ""}),
        ("[", {}),
    ],
)
def test_a_text_that_was_misunderstood_gives_no_lines(text: str, data: dict[str, object]) -> None:
    """No line is better than a wrong one."""
    assert find_lines(text, data) == {}


def test_a_large_file_is_scanned_in_reasonable_time() -> None:
    """Two megabytes of keys and strings: linear, not quadratic."""
    text = "".join(f'key{number} = """{"x" * 80}\n"""\n' for number in range(20_000))
    assert lines_of(text)["key19999"] == 39_999


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("criterion", 1, "check", "words", "max"), "criterion[2].check.words.max"),
        (("a b", 0, "c.d"), '"a b"[1]."c.d"'),
        ((), ""),
    ],
)
def test_keys_are_written_as_people_write_them(path: tuple[str | int, ...], text: str) -> None:
    """Dots between keys, places in lists counted from 1, quotes where TOML needs them."""
    assert dotted(path) == text
