"""The specs planted by people who had not seen lint: every one loads, and says what it expects in the agreed form."""

import re
from pathlib import Path

import pytest

from setpoint import checks
from setpoint.specfile import load

PLACE = Path(__file__).parent / "planted"
SETS = ("others", "fresh")
FLAWED = sorted(file for which in SETS for file in (PLACE / which / "flawed").glob("*.toml"))
SOUND = sorted(file for which in SETS for file in (PLACE / which / "sound").glob("*.toml"))
KINDS = {
    *("vague", "compound", "duplicate", "contradiction", "tone-conflict", "crowded", "negative", "no-core", "all-core"),
    *("equal-impacts", "measurable", "says-differs", "budget", "unused-source", "missing-source", "unfinished"),
    "cannot-measure",
}
WHOLE = {"no-core", "all-core", "equal-impacts", "budget", "unused-source"}
PAIRS = {"duplicate", "contradiction", "tone-conflict", "crowded"}


def expected(file: Path) -> list[tuple[str, list[str]]]:
    """The flaws that a file says it holds: kind and criteria."""
    lines = re.findall(r"^# expect: (\S+) ?(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return [(kind, names.split()) for kind, names in lines]


@pytest.mark.parametrize("file", FLAWED, ids=lambda file: file.stem)
def test_a_flawed_spec_loads_and_names_what_it_plants(file: Path):
    """One to three flaws of known kinds, about criteria that are there."""
    names = {criterion.name for criterion in load(file, checks).spec.criteria} | {"brief"}
    flaws = expected(file)
    assert 1 <= len(flaws) <= 3
    for kind, about in flaws:
        assert kind in KINDS
        assert set(about) <= names
        assert len(about) == (0 if kind in WHOLE else 2 if kind in PAIRS else 1)


@pytest.mark.parametrize("file", SOUND, ids=lambda file: file.stem)
def test_a_sound_spec_loads_and_has_a_core_and_unequal_impacts(file: Path):
    """And expects nothing."""
    criteria = load(file, checks).spec.criteria
    assert expected(file) == []
    assert any(criterion.core for criterion in criteria)
    assert len({criterion.impact for criterion in criteria}) > 1


def test_there_are_enough_of_both_and_every_kind_is_planted():
    """Two sets, and in each no kind of finding left out."""
    assert (len(FLAWED), len(SOUND)) == (42, 29)
    for which in SETS:
        planted = {kind for file in FLAWED if file.parent.parent.name == which for kind, _ in expected(file)}
        assert planted == KINDS
