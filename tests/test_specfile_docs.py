"""The example that `setpoint new` writes, and the reference page: both are true."""

import re
from pathlib import Path

import pytest

from setpoint.compose import read_spec
from setpoint.compose.structure import outline_for
from setpoint.specfile import load_config, starter
from setpoint.specfile.tables import (
    BudgetTable,
    ConfigTable,
    CriterionTable,
    ModelsTable,
    PolicyTable,
    SkeletonTable,
    SourceTable,
    SpecTable,
)

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "spec.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "settle-the-structure-first.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE + HOW_TO, re.DOTALL | re.MULTILINE)
CONFIGS = re.findall(r"^```toml config\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the examples name."""
    (tmp_path / "changes.md").write_text("- faster\n")
    (tmp_path / "test_slugify.py").write_text("import unittest\n")
    return tmp_path


def test_the_starter_loads_and_shows_both_kinds_of_criteria(tmp_path: Path) -> None:
    """What `setpoint new` writes works as it is: criteria for code, one for a critic, a budget, no model."""
    file = tmp_path / "new.toml"
    file.write_text(starter(), encoding="utf-8")
    found = read_spec(file)
    assert (len(found.spec.checked), len(found.spec.judged)) == (3, 1), "with the guard of the critic"
    assert found.budget.tokens is not None
    assert (dict(found.models), found.fields) == ({}, ())


def test_the_models_in_the_starter_can_be_switched_on(tmp_path: Path) -> None:
    """Taking the comment signs away gives a valid spec, too."""
    text = re.sub(r"^# (\[models\]|author|critic)", r"\1", starter(), flags=re.MULTILINE)
    (tmp_path / "new.toml").write_text(text, encoding="utf-8")
    assert set(read_spec(tmp_path / "new.toml").models) == {"author", "critic"}


def test_the_starter_is_short_enough_to_read() -> None:
    """It fits a screen, and no line is cut off."""
    lines = starter().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*.toml")), ids=lambda file: file.name)
def test_an_example_spec_loads(file: Path) -> None:
    """With its sources and with checks that can be built."""
    assert read_spec(file).spec.criteria


def test_the_incident_report_drafts_an_outline_before_its_text() -> None:
    """The example for a structure that is settled first."""
    found = read_spec(ROOT / "examples" / "incident-report.toml")
    assert [c.name for c in found.spec.outline] == ["parts", "brief-outline"]
    assert outline_for(found.spec, None) == found.spec.outline
    assert outline_for(found.spec, "a text that exists") == ()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_reference_loads(folder: Path, number: int) -> None:
    """Each example is a whole spec whose checks can be built."""
    (folder / "spec.toml").write_text(EXAMPLES[number], encoding="utf-8")
    assert read_spec(folder / "spec.toml").spec.criteria


def test_the_example_configuration_loads(folder: Path) -> None:
    """The one for ``setpoint.toml``."""
    (folder / "setpoint.toml").write_text(CONFIGS[0], encoding="utf-8")
    assert load_config(folder / "setpoint.toml").ledger == folder / "runs" / "all.sqlite"


@pytest.mark.parametrize(
    "table", [SpecTable, BudgetTable, ModelsTable, PolicyTable, SkeletonTable, CriterionTable, SourceTable, ConfigTable]
)
def test_every_key_is_described(table: type[SpecTable]) -> None:
    """A key that is added to the code is missed here until the page has it."""
    missing = [key for key in table.model_fields if not re.search(rf"`\[*{key}\]*`", PAGE)]
    assert missing == []
