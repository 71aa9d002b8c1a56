"""Lint on specs with planted flaws, and on sound ones: what it must find, and what it must leave alone."""

import tomllib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rubric.planted_specs import SETS, expected, linted, specs
from setpoint import checks
from setpoint.core.spec import Source
from setpoint.rubric.lint import LINT_RULES, kind_of

FLAWED = [path for which in SETS for path in specs(which, "flawed")]
SOUND = [path for which in SETS for path in specs(which, "sound")]


@pytest.mark.parametrize("which", SETS)
def test_lint_finds_nine_in_ten_planted_flaws(which: str) -> None:
    """Each set by itself: one was looked at while the rules were made, the others were not."""
    planted = [(path, flaw) for path in specs(which, "flawed") for flaw in expected(path)]
    missed = [f"{path.name}: {flaw}" for path, flaw in planted if not flaw.found_in(linted(path))]
    assert len(missed) <= 0.1 * len(planted), missed


def test_at_most_one_sound_spec_in_twenty_gets_an_error_or_a_warning() -> None:
    """A tool that cries wolf is switched off."""
    alarms = {path: [(flaw.kind, flaw.says) for flaw in linted(path) if flaw.level != "hint"] for path in SOUND}
    false = {path.name: flaws for path, flaws in alarms.items() if flaws}
    assert len(false) <= 0.05 * len(alarms), false


def test_the_planted_set_is_as_large_as_promised() -> None:
    """At least 80 flawed and 40 sound specs, a third of each by strangers, and every kind of flaw is planted somewhere."""
    assert len(FLAWED) >= 80
    assert len(SOUND) >= 40
    for paths in (FLAWED, SOUND):
        assert 3 * sum(path.parent.parent.name in {"others", "fresh"} for path in paths) >= len(paths)
    assert {flaw.kind for path in FLAWED for flaw in expected(path)} == {kind_of(rule) for rule in LINT_RULES}


@pytest.mark.parametrize("path", [*FLAWED, *SOUND], ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_every_finding_quotes_the_spec_proposes_something_and_what_is_to_be_pasted_loads(path: Path) -> None:
    """A finding that cannot be acted on is noise."""
    text = " ".join(path.read_text(encoding="utf-8").split())
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    names = {entry["name"] for entry in data["criterion"]} | {"brief"}
    for flaw in linted(path):
        assert flaw.says, flaw
        assert flaw.instead, flaw
        assert set(flaw.criteria) <= names, flaw
        own = [quote for quote in flaw.quotes if " ".join(quote.replace('"', '\\"').split()) in text]
        own += [quote for quote in flaw.quotes if " ".join(quote.split()) in text and quote not in own]
        described = [
            c.get("check") is not None for c in data["criterion"] if not flaw.criteria or c["name"] in flaw.criteria
        ]
        assert len(own) == len(flaw.quotes) or any(described) or flaw.kind == "budget", flaw
        for table in _checks(flaw.toml):
            checks.build(checks.parse(table), checks.CheckContext(kind="markdown", sources=_sources(data)))


def _checks(toml: str) -> list[dict[str, object]]:
    pasted = tomllib.loads(toml)
    entries = pasted.get("criterion", [pasted])
    return [entry["check"] for entry in entries if "check" in entry]


def _sources(data: Mapping[str, object]) -> tuple[Source, ...]:
    entries = typing.cast("Sequence[dict[str, str]]", data.get("sources", []))
    return tuple(Source(**entry) for entry in entries) or (Source(name="any", text="1"),)
