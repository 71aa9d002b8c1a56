"""The gallery: every spec is clean, a text passes it, and another fails it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from conftest_cli import Shell, shell
from setpoint.rubric.gallery import NAMES, entry

__all__ = ["shell"]


@pytest.fixture(params=NAMES)
def taken(request: pytest.FixtureRequest, shell: Shell) -> str:
    """The name of a spec that `setpoint new NAME --examples` has written."""
    code, _, _ = shell.run("new", request.param, "--examples")
    assert code == 0
    return request.param


def _example(shell: Shell, name: str, which: str) -> str:
    (path,) = shell.folder.glob(f"{name}-{which}.*")
    return path.name


def test_a_spec_of_the_gallery_is_lint_clean(taken: str, shell: Shell) -> None:
    """Not even a hint."""
    code, out, _ = shell.run("lint", f"{taken}.toml")
    assert (code, out) == (0, f"{taken}.toml: nothing to say\n")


def test_its_good_text_passes_every_check(taken: str, shell: Shell) -> None:
    """Programs of the spec are run, too."""
    code, out, _ = shell.run(
        "check", _example(shell, taken, "passes"), "--spec", f"{taken}.toml", "--checks-only", "--allow-commands"
    )
    assert code == 0, out


def test_its_bad_text_fails_at_least_half_of_the_checks(taken: str, shell: Shell) -> None:
    """A criterion that passes everything is decoration: all but the two least are failed by a bad text."""
    arguments = ("--spec", f"{taken}.toml", "--checks-only", "--allow-commands", "--format", "junit")
    code, out, _ = shell.run("check", _example(shell, taken, "fails"), *arguments)
    cases = list(ET.fromstring(out).iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None]
    assert code == 1
    assert 2 * len(failed) >= len(cases) - 1, [case.get("name") for case in cases if case not in failed]


def test_the_gallery_holds_what_the_listing_says(shell: Shell) -> None:
    """One line each, on standard output."""
    code, out, _ = shell.run("new", "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(NAMES)
    assert all(len(entry(name).purpose) > 20 for name in NAMES)


def test_every_spec_has_a_core_different_impacts_and_a_budget() -> None:
    """A user who copies one copies good habits."""
    for name in NAMES:
        spec = entry(name).spec
        assert spec.count("core = true") == 1, name
        assert "[budget]" in spec, name


def test_names_of_the_gallery_are_folders_and_nothing_is_forgotten() -> None:
    """What stands in the package is in the list."""
    from setpoint.rubric import gallery

    folder = Path(gallery.__file__).parent
    assert {path.name for path in folder.iterdir() if (path / "spec.toml").exists()} == set(NAMES)
