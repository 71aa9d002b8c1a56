"""What is known about critics is kept: by source, without counting anything twice, and for its owner only."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from setpoint.core.spec import Criterion
from setpoint.errors import LedgerError
from setpoint.rubric.trust_record import Counts, Entry, TrustRecord, beside, subject

WARM = Criterion(name="warm-tone", says="Addresses the reader by name.")
ABOUT = subject("fake:critic", "form-1", WARM)
TWO_OF_THREE = Counts(noticed=2, failures=3, passed=4, passes=4)


@pytest.fixture
def record(tmp_path: Path) -> TrustRecord:
    """A record that does not exist yet."""
    return TrustRecord(tmp_path / "new" / "folder" / "runs.critics.sqlite")


def test_nothing_is_known_before_anything_is_added(record: TrustRecord) -> None:
    """Nothing is known before anything is added."""
    assert record.get(ABOUT) == {}
    assert not record.file.exists()


def test_counts_of_different_origins_add_up_by_source(record: TrustRecord) -> None:
    """Counts of different origins add up by source."""
    record.add(
        Entry(subject=ABOUT, source="audit", counts=TWO_OF_THREE, origin="audit-1"),
        Entry(subject=ABOUT, source="audit", counts=TWO_OF_THREE, origin="audit-2"),
        Entry(subject=ABOUT, source="labels", counts=Counts(passed=1, passes=2), origin="run-1"),
    )

    assert record.get(ABOUT) == {
        "audit": Counts(noticed=4, failures=6, passed=8, passes=8),
        "labels": Counts(passed=1, passes=2),
    }


def test_the_same_origin_replaces_its_own_counts(record: TrustRecord) -> None:
    """The same origin replaces its own counts."""
    for counts in (Counts(passed=1, passes=1), TWO_OF_THREE):
        record.add(Entry(subject=ABOUT, source="labels", counts=counts, origin="run-1"))

    assert record.get(ABOUT) == {"labels": TWO_OF_THREE}


def test_another_wording_of_the_criterion_or_the_prompts_is_another_subject(record: TrustRecord) -> None:
    """Another wording of the criterion or the prompts is another subject."""
    record.add(Entry(subject=ABOUT, source="audit", counts=TWO_OF_THREE))

    reworded = subject("fake:critic", "form-1", replace(WARM, says="Is warm."))
    assert record.get(reworded) == {}
    assert record.get(subject("fake:critic", "form-2", WARM)) == {}
    assert record.get(subject("fake:critic", "form-1", replace(WARM, says="Addresses the  reader\nby name."))) != {}


def test_one_record_takes_over_another(record: TrustRecord, tmp_path: Path) -> None:
    """One record takes over another."""
    colleague = TrustRecord(tmp_path / "theirs.sqlite")
    colleague.add(Entry(subject=ABOUT, source="audit", counts=TWO_OF_THREE, origin="audit-9"))

    record.merge(colleague.entries())
    record.merge(colleague.entries())

    assert record.get(ABOUT) == {"audit": TWO_OF_THREE}


def test_two_writers_lose_nothing(record: TrustRecord) -> None:
    """Two writers lose nothing."""

    def write(number: int) -> None:
        one = Entry(subject=ABOUT, source="labels", counts=Counts(passed=1, passes=1), origin=f"run-{number}")
        TrustRecord(record.file).add(one)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))

    assert record.get(ABOUT) == {"labels": Counts(passed=40, passes=40)}


def test_only_its_owner_can_read_it(record: TrustRecord) -> None:
    """Only its owner can read it."""
    record.add(Entry(subject=ABOUT, source="probe", counts=TWO_OF_THREE))

    assert stat.S_IMODE(record.file.stat().st_mode) == 0o600


def test_a_damaged_record_is_named_with_what_to_do(record: TrustRecord) -> None:
    """A damaged record is named with what to do."""
    record.file.parent.mkdir(parents=True)
    record.file.write_bytes(b"no database" * 100)

    with pytest.raises(LedgerError, match=r"runs\.critics\.sqlite.*may be deleted"):
        record.get(ABOUT)


def test_a_part_is_never_larger_than_its_whole() -> None:
    """A part is never larger than its whole."""
    with pytest.raises(ValueError, match="not counts"):
        Counts(noticed=2, failures=1)


def test_the_record_stands_beside_its_ledger() -> None:
    """The record stands beside its ledger."""
    assert beside(Path("a/runs.sqlite")) == Path("a/runs.critics.sqlite")
