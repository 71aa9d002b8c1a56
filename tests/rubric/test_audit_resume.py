"""An audit that is cut anywhere goes on from its record."""

import json
from pathlib import Path

import pytest

from audit_world import auditor, critic, plan, planter
from setpoint.errors import LedgerError, ModelError
from setpoint.rubric.audit import Journal, Limits, audit
from setpoint.testing import ScriptedCritic

ABOUT = {"spec": "d"}


class Dying(Exception):  # noqa: N818 - it is no error
    """The process is killed here."""


def dying(after: int) -> tuple[ScriptedCritic, list[int]]:
    """A critic that answers so many calls; the one after kills."""
    who, calls = critic(0.6), [0]
    perform = who.perform

    async def counted(call, action, state):  # type: ignore[no-untyped-def]
        calls[0] += 1
        if calls[0] > after:
            raise Dying
        return await perform(call, action, state)

    who.perform = counted  # type: ignore[method-assign]
    return who, calls


@pytest.mark.parametrize("after", [0, 1, 17, 40])
async def test_a_killed_audit_repeats_at_most_the_call_in_flight(tmp_path: Path, after: int) -> None:
    """And ends like one that was not cut."""
    file = tmp_path / "audit.jsonl"
    of = plan()
    whole, calls = dying(10_000)
    uncut = audit(of, await auditor(of, whole, planter()).run())
    first, first_calls = dying(after)
    with pytest.raises(Dying):
        await auditor(of, first, planter(), journal=Journal(file, ABOUT)).run()
    second, second_calls = dying(10_000)
    work = auditor(of, second, planter(), journal=Journal(file, ABOUT))
    resumed = audit(of, await work.run())
    assert first_calls[0] + second_calls[0] == calls[0] + 1
    assert work.findings.spent.calls == uncut.spent.calls
    assert resumed.criteria == uncut.criteria
    assert resumed.canaries == uncut.canaries
    third, third_calls = dying(0)
    again = audit(of, await auditor(of, third, planter(), journal=Journal(file, ABOUT)).run())
    assert third_calls[0] == 0
    assert again.criteria == uncut.criteria


async def test_a_line_that_was_cut_is_made_again(tmp_path: Path) -> None:
    """Half a line at the end is no answer."""
    file = tmp_path / "audit.jsonl"
    of = plan()
    await auditor(of, critic(), journal=Journal(file, ABOUT), limits=Limits(calls=5)).run()
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert len(Journal(file, ABOUT)) == 4
    await auditor(of, critic(), journal=Journal(file, ABOUT), limits=Limits(calls=5)).run()
    assert file.read_bytes() == whole


def test_the_record_of_another_audit_is_refused(tmp_path: Path) -> None:
    """Nothing is overwritten; damage is said, not guessed around."""
    file = tmp_path / "audit.jsonl"
    Journal(file, ABOUT)
    before = file.read_bytes()
    with pytest.raises(LedgerError, match="another audit"):
        Journal(file, {"spec": "other"})
    assert file.read_bytes() == before
    file.write_bytes(before + b'{"call": 3}\n')
    with pytest.raises(LedgerError, match="damaged"):
        Journal(file, ABOUT)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(calls=9), "limit of 9 calls is used up"),
        (Limits(tokens=4_000), "of 4,000 are left"),
    ],
)
async def test_a_limit_is_never_passed_and_more_goes_on(tmp_path: Path, limits: Limits, words: str) -> None:
    """The result says that it is not complete, and why; the same audit with more goes on."""
    file = tmp_path / "audit.jsonl"
    of = plan()
    work = auditor(of, critic(), journal=Journal(file, ABOUT), limits=limits)
    found = audit(of, await work.run())
    assert words in found.stopped
    assert found.spent.calls <= (limits.calls or 10_000)
    assert found.spent.tokens <= (limits.tokens or 10**9)
    more, calls = dying(10_000)
    done = audit(of, await auditor(of, more, journal=Journal(file, ABOUT)).run())
    assert done.stopped == ""
    assert calls[0] == done.spent.calls - found.spent.calls


async def test_a_model_that_fails_leaves_what_was_paid_for(tmp_path: Path) -> None:
    """The error is raised; the record has every call before it."""
    file = tmp_path / "audit.jsonl"
    of = plan()
    who = critic()
    perform, calls = who.perform, [0]

    async def failing(call, action, state):  # type: ignore[no-untyped-def]
        calls[0] += 1
        if calls[0] == 8:
            raise ModelError("the server is gone", kind="unreachable")
        return await perform(call, action, state)

    who.perform = failing  # type: ignore[method-assign]
    with pytest.raises(ModelError):
        await auditor(of, who, journal=Journal(file, ABOUT)).run()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 1 + 7
