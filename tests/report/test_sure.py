"""The report says how sure `accepted` is, and what that rests on; it never gives a number where nothing is known."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from setpoint.core.event import CriticOn, Opened
from setpoint.core.spec import Criterion, Spec, says_digest
from setpoint.ledgers import MemoryLedger
from setpoint.report.html import render_html
from setpoint.report.summary import summarise, to_json
from setpoint.report.terminal import render_summary
from setpoint.report.view import Summary
from setpoint.run import Run
from worlds import crew, criterion, opened

WARM, CALM = criterion("warm", judged=True), criterion("calm", judged=True)
SPEC = Spec(brief="A letter.", criteria=(WARM, CALM))


def known(about: Criterion, *, labels: int = 24) -> CriticOn:
    """A critic that is good on a criterion, by 24 texts."""
    return CriticOn(
        role="critic",
        criterion=about.name,
        digest=says_digest(about),
        noticed=10,
        failures=12,
        passed=12,
        passes=12,
        labels=labels,
    )


async def summary(first: Opened) -> Summary:
    """The summary of a run that is accepted at its first draft."""
    ledger = MemoryLedger(lambda: 0.0)
    run = await Run.open("r", first, ledger)
    await run.drive(crew(first.spec, ["warm calm alpha"]))
    return summarise(await ledger.replay("r"))


async def test_a_critic_that_was_never_measured_gives_no_number() -> None:
    """A critic that was never measured gives no number."""
    first = opened(SPEC)
    unmeasured = replace(first, models=tuple(replace(m, sensitivity=None, specificity=None) for m in first.models))
    found = (await summary(unmeasured)).sure

    assert found is not None
    assert found.probability is None
    assert found.says.startswith("not measured")
    assert "%" not in found.says


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ((known(WARM), known(CALM)), "sure (critic measured on 48 labels)"),
        ((known(WARM, labels=4), known(CALM)), "sure (critic measured on 48 texts, 28 of them labelled by people)"),
        ((known(WARM),), "sure (critic measured on 24 labels for 1 of 2 criteria, else on planted texts)"),
        ((), "sure, as far as a short test on planted texts tells (setpoint label tells more)"),
    ],
)
async def test_the_number_comes_with_what_it_rests_on(what: tuple[CriticOn, ...], told: str) -> None:
    """The number comes with what it rests on."""
    found = (await summary(opened(SPEC, known=what))).sure

    assert found is not None
    assert found.probability is not None
    assert found.says == f"about {found.probability:.0%} {told}"
    assert 0.9 < found.probability < 1.0


async def test_what_code_measured_needs_no_such_number() -> None:
    """What code measured needs no such number."""
    checked = Spec(brief="A letter.", criteria=(criterion("alpha"),))
    assert (await summary(opened(checked))).sure is None


async def test_terminal_page_and_json_say_the_same() -> None:
    """Terminal page and json say the same."""
    shown = await summary(opened(SPEC, known=(known(WARM), known(CALM))))
    assert shown.sure is not None
    out = StringIO()
    render_summary(shown, Console(file=out, width=200))

    assert shown.sure.says in out.getvalue()
    assert shown.sure.says[1:] in render_html(shown)
    content = to_json(shown)["sure"]
    assert isinstance(content, dict)
    assert content["says"] == shown.sure.says
    assert [row["criterion"] for row in content["criteria"]] == ["warm", "calm"]
