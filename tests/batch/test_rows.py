"""Reading rows: three formats, and what is wrong with a file is said with its line."""

from pathlib import Path

import polars as pl
import pytest

from setpoint.batch.rows import read_rows
from setpoint.errors import ConfigError, SpecError


def values(path: Path) -> list[dict[str, object]]:
    """The rows of a file by column."""
    return [dict(row.values) for row in read_rows(path)]


def test_the_three_formats_give_the_same_rows(tmp_path: Path) -> None:
    """Text with commas, quotes, line ends and other scripts."""
    rows: list[dict[str, object]] = [{"name": 'Ann, "the boss"', "note": "two\nlines"}, {"name": "深圳", "note": ""}]
    (tmp_path / "a.jsonl").write_text(
        '{"name": "Ann, \\"the boss\\"", "note": "two\\nlines"}\n\n{"name": "深圳", "note": ""}\n', encoding="utf-8"
    )
    (tmp_path / "a.csv").write_text(
        '\ufeffname,note\n"Ann, ""the boss""","two\nlines"\n深圳,\n', encoding="utf-8", newline=""
    )
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    for ending in ("jsonl", "csv", "parquet"):
        assert values(tmp_path / f"a.{ending}") == rows


def test_rows_are_numbered_without_the_heading_and_know_their_line(tmp_path: Path) -> None:
    """Errors name both."""
    (tmp_path / "a.csv").write_text('name\n"two\nlines"\nlast\n', encoding="utf-8")
    assert [(row.number, row.line) for row in read_rows(tmp_path / "a.csv")] == [(1, 3), (2, 4)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": ', r"a\.jsonl:2: row 2: not a JSON object"),
        ("a.jsonl", "[1]\n", r"row 1: each line is one object"),
        ("a.jsonl", '{"a": "x", "a": "y"}\n', r"the key 'a' stands twice"),
        ("a.csv", "a,b\n1,2,3\n", r"a\.csv:2: row 1: 3 cells, where the heading has 2"),
        ("a.csv", "a,b\n1\n", r"row 1: 1 cells, where the heading has 2"),
        ("a.csv", "a,a\n1,2\n", r"the column 'a' stands twice"),
        ("a.csv", 'a\n"open\n', r"not CSV"),
    ],
)
def test_a_row_that_is_none_is_an_error_with_its_line(tmp_path: Path, name: str, content: str, says: str) -> None:
    """Nothing is guessed and nothing is skipped."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(SpecError, match=says):
        values(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsx", b"", r"use one of \.jsonl"),
        ("a.jsonl", b"\xff\xfe{\x00", r"save it as UTF-8"),
        ("a.parquet", b"PAR1 nonsense", r"not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """The ending decides what a file is."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        values(tmp_path / name)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(ConfigError, match=r"none\.csv: cannot be read: No such file"):
        values(tmp_path / "none.csv")
