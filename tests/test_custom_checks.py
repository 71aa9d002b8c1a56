"""Checks that the calling program brings: wired like any other, and asked for again when a run is resumed."""

from collections.abc import Callable
from pathlib import Path

import pytest

import setpoint
from checks.measuring import Balanced, measure
from setpoint.compose import read_spec
from setpoint.core.event import Measured, Recorded
from setpoint.core.spec import CheckCall, Criterion, Spec
from setpoint.errors import ConfigError, SpecError
from setpoint.ledgers import MemoryLedger, SqliteLedger
from setpoint.ports import Finding
from setpoint.testing import ScriptedAuthor

LISP = Spec(
    brief="Write a Lisp expression.",
    criteria=(
        Criterion(name="balanced", says="Brackets balance.", check=CheckCall(name="custom", params={"name": "b"})),
        Criterion(name="adds", says="It adds.", check=CheckCall(name="contains", params={"words": ["add"]})),
    ),
)


class Says:
    """A check that answers by a function."""

    def __init__(self, said: Callable[[str], Finding]) -> None:
        self._said = said

    def measure(self, text: str) -> Finding:
        return self._said(text)


async def test_a_custom_check_decides_beside_the_built_in_ones() -> None:
    """Its message goes to the author, and the run is accepted when it passes."""
    heard: list[Recorded] = []
    author = ScriptedAuthor(["(add (2", "(add 2)"])
    ledger = MemoryLedger()
    result = await setpoint.refine(LISP, author=author, checks={"b": Balanced()}, ledger=ledger, on_event=heard.append)
    assert (result.outcome, result.passes, result.strength) == ("accepted", 2, "checks")
    first = next(r.event for r in heard if isinstance(r.event, Measured))
    assert first.verdicts[0].directive == "2 brackets are open; close them"
    assert first.verdicts[0].shortfall == pytest.approx(0.2)


def test_a_mapping_names_a_custom_check_by_its_name_alone() -> None:
    """As a built-in check with one parameter; `refine_sync` takes it, too."""
    spec = {
        "brief": "b",
        "criterion": [{"name": "balanced", "says": "Brackets balance.", "check": {"custom": "b"}}],
    }
    result = setpoint.refine_sync(
        spec, author=ScriptedAuthor(["(add 1)"]), checks={"b": Balanced()}, ledger=MemoryLedger()
    )
    assert result.accepted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"'b' is brought by a program, and none were given; hand it in: setpoint.refine\(…, checks=\{'b': …\}\)"),
        ({"c": Balanced()}, r"no criterion is measured by the check 'c' that was handed in; the spec uses b\."),
        ({"b": Balanced(), "c": Balanced()}, "no criterion is measured by the check 'c'"),
    ],
)
async def test_a_check_that_is_missing_or_not_used_is_named_before_anything_is_spent(given, said) -> None:
    """A misspelt name must not end in a criterion that nobody measures."""
    author = ScriptedAuthor([])
    with pytest.raises((SpecError, ConfigError), match=said):
        await setpoint.refine(LISP, author=author, checks=given, ledger=MemoryLedger())


def test_a_custom_check_must_be_said_in_words() -> None:
    """The author could not know otherwise what is demanded."""
    with pytest.raises(SpecError, match=r'what the custom check .b. demands must be said: add says = "…"'):
        read_spec({"brief": "b", "criterion": [{"name": "x", "check": {"custom": "b"}}]}, {"b": Balanced()})


def test_a_new_version_of_a_check_is_another_target() -> None:
    """The digest cannot see code; the version stands for it."""

    def digest(params: dict[str, object]) -> str:
        criterion = Criterion(name="x", says="s", check=CheckCall(name="custom", params=params))
        return Spec(brief="b", criteria=(criterion,)).digest

    assert digest({"name": "b"}) != digest({"name": "b", "version": "2"})


@pytest.mark.parametrize(
    ("finding", "passed", "message", "shortfall"),
    [
        (Finding(passed=True, message="fine"), True, "fine", 0.0),
        (Finding(passed=False, shortfall=7.0), False, "the check b did not pass; meet what is demanded here", 1.0),
        (Finding(passed=None), None, "the check b did not pass; meet what is demanded here", 0.0),
        (Finding(passed=False, message="two\nlines\x1b[31m"), False, "two lines[31m", 0.0),
    ],
)
def test_an_odd_finding_is_made_fit_for_author_and_terminal(finding, passed, message, shortfall) -> None:
    """A shortfall out of range, no message, or several lines of it do not reach the loop."""
    found = measure({"custom": "b"}, "text", custom={"b": Says(lambda _: finding)})
    assert (found.passed, found.shortfall) == (passed, shortfall)
    assert found.message.replace(" ", "") == message.replace(" ", "")


async def test_a_check_that_raises_passes_nothing() -> None:
    """A check that breaks its contract neither accepts a text nor ends a paid-for run with a traceback."""

    def broken(_text: str) -> Finding:
        raise ZeroDivisionError("oh")

    result = await setpoint.refine(
        LISP, author=ScriptedAuthor(["(add)"]), checks={"b": Says(broken)}, ledger=MemoryLedger()
    )
    assert result.outcome == "unmeasurable"
    assert "ZeroDivisionError" in result.verdicts["balanced"].reason


async def test_it_measures_the_text_byte_for_byte() -> None:
    """A built-in check reads lines made alike; a program may care for what is at the ends of them."""
    seen: list[str] = []

    def note(text: str) -> Finding:
        seen.append(text)
        return Finding(passed=True)

    measure({"custom": "b"}, "a\r\nb\u2028\n", custom={"b": Says(note)})
    assert seen == ["a\r\nb\u2028\n"]


class Cut(Exception):  # noqa: N818 - it stands for a process that was killed
    """The process ends here."""


async def test_a_cut_run_is_resumed_with_the_same_checks(tmp_path: Path) -> None:
    """The ledger holds no code: without the check the error names it, with it the run goes on where it was."""
    file = tmp_path / "runs.sqlite"

    def cut(recorded: Recorded) -> None:
        if isinstance(recorded.event, Measured):
            raise Cut

    author = ScriptedAuthor(["(add (2", "(add 2)"])
    async with SqliteLedger(file) as ledger:
        with pytest.raises(Cut):
            await setpoint.refine(LISP, author=author, checks={"b": Balanced()}, ledger=ledger, on_event=cut)
    async with SqliteLedger(file) as ledger:
        with pytest.raises(SpecError, match="'b' is brought by a program"):
            await setpoint.resume(author=author, ledger=ledger)
        with pytest.raises(ConfigError, match="no criterion is measured by the check 'd'"):
            await setpoint.resume(author=author, ledger=ledger, checks={"b": Balanced(), "d": Balanced()})
        result = await setpoint.resume("last", author=author, ledger=ledger, checks={"b": Balanced()})
    assert (result.outcome, result.text, result.passes) == ("accepted", "(add 2)", 2)
