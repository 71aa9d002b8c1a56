"""Labels are appended, never changed; the latest of each person counts; sheets come back as they went."""

import csv
import io
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.errors import ConfigError, LedgerError
from setpoint.rubric.labels import Key, Label, LabelBook, consensus, from_csv, to_csv
from setpoint.rubric.trust_record import Counts, Entry, Subject, TrustRecord

KEY = Key(run="r-1", draft=2, criterion="warm", says="9a1b", text="77f0")
YES = Label(key=KEY, answer="pass", who="ines")


@pytest.fixture
def book(tmp_path: Path) -> LabelBook:
    """A book that does not exist yet."""
    return LabelBook(tmp_path / "runs.critics.sqlite", lambda: 12.5)


def test_labels_are_kept_in_order_and_the_latest_of_each_person_counts(book: LabelBook) -> None:
    """Labels are kept in order and the latest of each person counts."""
    no = replace(YES, answer="fail")
    book.add(YES, replace(no, who="jo"))
    book.add(no)

    assert [label.answer for label in book.all()] == ["pass", "fail", "fail"]
    assert {label.who: (label.answer, label.at) for label in book.current()} == {
        "ines": ("fail", 12.5),
        "jo": ("fail", 12.5),
    }
    assert stat.S_IMODE(book.file.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["UPDATE labels SET answer = 'fail'", "DELETE FROM labels"])
def test_a_label_that_was_given_cannot_be_changed(book: LabelBook, change: str) -> None:
    """A label that was given cannot be changed."""
    book.add(YES)
    connection = sqlite3.connect(book.file)
    with pytest.raises(sqlite3.IntegrityError, match="labels never change"):
        connection.execute(change)
    connection.close()


def test_two_people_may_label_at_the_same_moment(book: LabelBook) -> None:
    """Two people may label at the same moment."""

    def give(number: int) -> None:
        LabelBook(book.file, lambda: 0.0).add(replace(YES, key=replace(KEY, draft=number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give, range(30)))

    assert len(book.current()) == 30


def test_labels_and_counts_share_a_file(book: LabelBook) -> None:
    """Labels and counts share a file."""
    record = TrustRecord(book.file)
    book.add(YES)
    assert record.entries() == ()
    about = Subject(model="m", form="f", criterion="warm", digest="9a1b")
    record.add(Entry(subject=about, source="labels", counts=Counts(passed=1, passes=1)))

    assert (len(book.all()), len(record.entries())) == (1, 1)


def test_a_file_that_is_no_book_is_named(book: LabelBook) -> None:
    """A file that is no book is named."""
    book.file.write_bytes(b"nothing of the kind" * 50)
    with pytest.raises(LedgerError, match=r"runs\.critics\.sqlite"):
        book.all()


def test_the_majority_counts_and_a_tie_or_doubt_settles_nothing() -> None:
    """The majority counts and a tie or doubt settles nothing."""
    no, unsure = replace(YES, answer="fail", who="jo"), replace(YES, answer="unsure", who="al")
    assert consensus([YES, unsure]) == {KEY: True}
    assert consensus([YES, no]) == {}
    assert consensus([YES, no, replace(no, who="kim")]) == {KEY: False}
    assert consensus([unsure]) == {}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=80))
def test_any_text_in_a_sheet_leaves_the_label_what_it_was(text: str) -> None:
    """Any text in a sheet leaves the label what it was."""
    sheet = to_csv([(KEY, "pass", "ines", text, text)])
    assert from_csv(sheet, "s.csv", "x") == (YES,)
    assert not any(
        cell.startswith(("=", "+", "@")) for row in csv.reader(io.StringIO(sheet, newline="")) for cell in row[-2:]
    )


def test_rows_without_an_answer_are_left_out_and_who_is_filled_in() -> None:
    """Rows without an answer are left out and who is filled in."""
    sheet = to_csv([(KEY, "", "", "d", "t"), (replace(KEY, draft=3), "fail", "", "d", "t")])
    (label,) = from_csv(sheet, "s.csv", "jo")
    assert (label.key.draft, label.answer, label.who) == (3, "fail", "jo")


def test_a_sheet_that_is_none_is_refused_in_words() -> None:
    """A sheet that is none is refused in words."""
    with pytest.raises(ConfigError, match=r"s\.csv is no CSV sheet"):
        from_csv('run,draft\n"' + "x" * 200_000 + '",1\n', "s.csv", "jo")
