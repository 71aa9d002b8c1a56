"""The view model of a run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

import pytest
from inline_snapshot import snapshot

from setpoint.core.action import Revise, SetAside
from setpoint.core.control import RULES
from setpoint.core.diagnosis import diagnose
from setpoint.core.event import (
    Extended,
    Judged,
    Misjudged,
    MoveFailed,
    Recorded,
    Requested,
    Resumed,
    Stopped,
)
from setpoint.core.fold import begin, evolve, fold
from setpoint.core.policy import Preset, preset
from setpoint.core.spec import Budget, Spec
from setpoint.ledgers.memory import MemoryLedger
from setpoint.report.narrator import Narrator
from setpoint.report.summary import summarise, to_json
from setpoint.report.words import rule_says
from setpoint.run import Run
from worlds import crew, criterion, opened

Scene: TypeAlias = Callable[[str], tuple[Recorded, ...]]
SMALL = (
    "accepted",
    "unverified",
    "unmeasurable",
    "out_of_budget",
    "cancelled",
    "machinery",
    "unusable_critic",
    "hostile",
)


def _then(events: Sequence[Recorded], *more: object) -> tuple[Recorded, ...]:
    """The events with more behind them, two seconds apart."""
    last = events[-1]
    added = [
        replace(last, seq=last.seq + place, at=last.at + 2.0 * place, event=event)  # pyright: ignore[reportArgumentType]
        for place, event in enumerate(more, start=1)
    ]
    return (*events, *added)


def test_a_pass_is_kept_rolled_back_or_failed_by_what_became_of_the_best_draft(scene: Scene) -> None:
    """A pass resolves something only if the best draft changed; what it traded is named all the same."""
    summary = summarise(scene("accepted"))
    assert summary.outcome == "accepted"
    assert [(p.number, p.move, p.base, p.draft, p.result, p.best_after) for p in summary.passes] == [
        (1, "first", None, 1, "kept", 1),
        (2, "redraft", 1, 2, "rolled_back", 1),
        (3, "edit", 1, 3, "kept", 3),
        (4, "edit", 3, None, "failed", 3),
        (5, "redraft", 3, 4, "kept", 4),
    ]
    assert [(p.gained, p.lost) for p in summary.passes] == [
        ((), ()),
        (("short", "no-hype"), ("decides",)),
        (("upgrade-command", "short"), ()),
        ((), ()),
        (("no-hype",), ()),
    ]


def test_the_directive_is_shown_as_the_author_got_it(scene: Scene) -> None:
    """Each pass keeps the faults of its base at the time when the move was asked for."""
    passes = summarise(scene("accepted")).passes
    assert [(t.criterion, t.directive) for t in passes[2].targets] == [
        ("upgrade-command", 'add the phrase "acme self-update"'),
        ("no-hype", 'take out "revolutionary" in line 3'),
    ]
    assert passes[2].targets[1].quotes[0].startswith("We are thrilled")
    assert passes[0].targets == ()


def test_a_failed_move_keeps_its_reason_and_has_no_draft(scene: Scene) -> None:
    """What exactly went wrong stands beside a plain sentence."""
    failed = summarise(scene("accepted")).passes[3]
    assert (failed.failure, failed.cells, failed.diff, failed.distance) == ("lock_broken", (), None, None)
    assert failed.failure_says == "The author changed text that is locked."
    assert failed.detail == "the locked span 1 (lines 3 to 4) is not in the new text"


def test_costs_are_booked_to_passes_and_add_up(scene: Scene) -> None:
    """Nothing spent is lost: the passes and what came before them sum up to what the run has used."""
    for name in SMALL:
        summary = summarise(scene(name))
        if summary.spend_curve:
            last = summary.spend_curve[-1]
            assert last.tokens == summary.spent.tokens
            assert last.money == pytest.approx(summary.spent.money)
            assert last.seconds == pytest.approx(summary.spent.seconds)
    assert [p.tokens for p in summarise(scene("accepted")).passes] == [1340] * 5
    assert [p.tokens for p in summarise(scene("machinery")).passes] == [1340]


def test_the_probe_and_the_critics_share_are_visible(scene: Scene) -> None:
    """What a critic noticed, whether it may accept, and what its calls cost before the first draft."""
    summary = summarise(scene("unverified"))
    (probe,) = summary.probes
    assert (probe.state, probe.noticed, probe.failures, probe.passed, probe.passes) == ("measured now", 2, 6, 3, 4)
    assert probe.sensitivity == pytest.approx(1 / 3)
    assert not probe.trusted
    assert [(p.pass_number, p.tokens, p.author_tokens) for p in summary.spend_curve] == [
        (0, 1380, 0),
        (1, 3680, 1340),
        (2, 9240, 4020),
    ]
    assert summary.strength == "measured critic"
    assert "33%" in summary.strength_says


def test_edits_asked_for_again_belong_to_the_pass_they_were_made_for(scene: Scene) -> None:
    """The pass names the rule that wanted it, and tells that its edits missed at first."""
    second = summarise(scene("unverified")).passes[1]
    assert second.rule == "revise"
    assert second.notes[0].startswith("1 edit did not apply and the author was asked again (edit 1: the passage")
    assert second.notes[1:] == ("Confirmation (draft 2): decides passes.", "Confirmation (draft 2): calm passes.")


@pytest.mark.parametrize(
    ("name", "outcome", "steps"),
    [
        ("accepted", "accepted", ["Read the text once yourself"]),
        ("unverified", "unverified", ["--critic PROVIDER:NAME", "read the text"]),
        ("unmeasurable", "unmeasurable", ["Add a source or a check for calm"]),
        ("out_of_budget", "out_of_budget", ["`setpoint continue r-7f3a --passes +3`"]),
        ("cancelled", "cancelled", ["`setpoint resume r-7f3a`"]),
        ("machinery", "machinery", ["connection refused by 127.0.0.1:9", "--author PROVIDER:NAME"]),
        ("unusable_critic", "machinery", ["`--critic PROVIDER:NAME`"]),
    ],
)
def test_every_end_says_what_to_do_now(scene: Scene, name: str, outcome: str, steps: list[str]) -> None:
    """Each outcome has steps that name a command or a criterion."""
    summary = summarise(scene(name))
    assert summary.outcome == outcome
    assert len(summary.next_steps) == len(steps)
    for step, expected in zip(summary.next_steps, steps, strict=True):
        assert expected in step


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("off_target", "Read the brief as a stranger would: does it say what upgrade-command, short and no-hype"),
        ("contradiction", "Decide which of upgrade-command, short and no-hype goes first"),
        ("unsatisfiable", "Mend upgrade-command, short and no-hype by hand"),
        ("unmeasurable", "Add a source or a check for upgrade-command"),
        ("settled", "Take the text as it is if it may stay open: upgrade-command, short and no-hype."),
    ],
)
def test_rarer_ends_say_what_to_do_now_too(scene: Scene, outcome: str, expected: str) -> None:
    """Outcomes that no sample run reaches are told from the same facts."""
    events = scene("out_of_budget")
    stopped = cast("Stopped", events[-1].event)
    aside = SetAside(criterion="no-hype", why="still open after 6 tactics")
    other = replace(stopped, outcome=outcome)  # pyright: ignore[reportArgumentType]
    summary = summarise(_then(events[:-1], aside, other))
    assert summary.next_steps[0].startswith(expected)
    assert [(a.criterion, a.why) for a in summary.set_aside] == [("no-hype", "still open after 6 tactics")]
    (stubborn,) = (one for one in summary.diagnosis if one.name == "stubborn_criterion")
    assert "no-hype was set aside: still open after 6 tactics." in stubborn.evidence
    assert not any("no-hype" in line for line in summary.advice), "the diagnosis has said it"


@pytest.mark.parametrize(
    ("reason", "flag"),
    [
        ("the next step may need 4,000 tokens and 10 of 60,000 are left", "--tokens +20k"),
        ("all 8 passes are used", "--passes +3"),
    ],
)
def test_more_of_the_cap_that_was_hit_is_suggested(scene: Scene, reason: str, flag: str) -> None:
    """More passes would not help a run that ended for want of tokens."""
    events = scene("accepted")
    cut = next(e.seq for e in events if isinstance(e.event, Requested) and e.event.call == 2)
    stop = Stopped(outcome="out_of_budget", rule="budget", reason=reason, best=1)
    summary = summarise(_then(events[:cut], stop))
    assert flag in summary.next_steps[0]


@pytest.mark.parametrize("given", [None, "a text without the word"], ids=["no text", "a text that exists"])
async def test_where_replies_were_cut_off_more_room_is_suggested_not_more_passes(given: str | None) -> None:
    """With the same length, further passes would be cut off as well; going on with the run changes no length."""
    spec = Spec(brief="b", criteria=(criterion("alpha"),))
    ledger = MemoryLedger()
    run = await Run.open("r", opened(spec, budget=Budget(passes=3), given=given, reply_tokens=340), ledger)
    await run.drive(crew(spec, lambda call, *_: MoveFailed(call=call, move="first", why="truncated", detail="cut off")))
    steps = summarise(await ledger.replay("r")).next_steps
    assert "brought no draft, because the reply was cut off after 340 tokens" in steps[0]
    assert "`reply_tokens = 1360`" in steps[0]
    assert not any("continue" in step or "resume" in step for step in steps)


@pytest.mark.parametrize("name", [*SMALL, "crowded"])
def test_nothing_is_advised_twice(scene: Scene, name: str) -> None:
    """What the diagnosis says to change is neither among the next steps nor among the advice."""
    summary = summarise(scene(name))
    for signature in summary.diagnosis:
        assert signature.advice not in (*summary.next_steps, *summary.advice)
        if signature.name == "stubborn_criterion":
            assert not any("set aside" in line or "tighten" in line for line in summary.advice)
        if signature.name == "weak_critic":
            assert not any("planted" in line for line in summary.advice)
            assert not any("give" in step and "a check" in step for step in summary.next_steps)


def test_the_diagnosis_is_the_cores_own(scene: Scene) -> None:
    """The report tells what the core found, in its order."""
    for name in ("unverified", "out_of_budget", "crowded", "accepted"):
        assert summarise(scene(name)).diagnosis == diagnose(fold(scene(name)))


def test_the_open_faults_stand_in_the_order_of_their_weight(scene: Scene) -> None:
    """What the returned draft does not pass, with what to do about it."""
    summary = summarise(scene("out_of_budget"))
    assert [(f.criterion, f.impact, f.directive) for f in summary.open_faults] == [
        ("upgrade-command", 4, 'add the phrase "acme self-update"'),
        ("no-hype", 3, 'take out "revolutionary" in line 3'),
        ("short", 2, "121 words; cut at least 31"),
    ]
    assert summary.returned == 1
    assert summary.text.startswith("# Acme CLI 2.4")


def test_a_pass_carried_over_an_edit_is_shown_as_carried(scene: Scene) -> None:
    """It was not read again, and the table does not pretend that it was."""
    summary = summarise(scene("unmeasurable"))
    decides, command, calm = summary.passes[2].cells
    assert (decides.status, decides.lines) == ("carried", (1,))
    assert command.status == "pass"
    assert (calm.status, calm.votes) == ("cannot_assess", 2)
    assert "Asked once more, alone (draft 2): calm cannot be assessed." in summary.passes[2].notes


def test_a_draft_that_was_never_read_in_full_is_neither_kept_nor_rolled_back(scene: Scene) -> None:
    """A critic that cannot be used says nothing about the text."""
    summary = summarise(scene("unusable_critic"))
    assert [p.result for p in summary.passes] == ["unread"]
    assert [c.status for c in summary.passes[0].cells] == ["unread", "fail"]
    assert summary.returned is None
    assert sum(note.startswith("A critic's reply could not be used") for note in summary.passes[0].notes) == 3


def test_a_run_cut_short_says_what_is_in_flight(scene: Scene) -> None:
    """While a run goes on it has no outcome, and the call being made is named."""
    events = scene("accepted")
    cut = next(e.seq for e in events if isinstance(e.event, Requested) and e.event.call == 2)
    summary = summarise(events[: cut + 1])
    assert (summary.outcome, summary.outcome_title) == ("", "Not finished")
    assert summary.in_flight == (
        "the author's call 2 (embedded:qwen2.5-coder-1.5b): "
        "redraft of draft 1 to fix upgrade-command, no-hype and short"
    )
    assert "`setpoint resume r-7f3a`" in summary.next_steps[0]


def test_a_call_that_was_given_up_counts_as_uncertain(scene: Scene) -> None:
    """After a resume the reservation of the call in flight stands apart from what is known, and the run goes on."""
    events = scene("accepted")
    request = next(e for e in events if isinstance(e.event, Requested) and e.event.call == 2)
    resumed = summarise(_then(events[: request.seq + 1], Resumed()))
    assert resumed.spent.uncertain_tokens == cast("Requested", request.event).tokens
    assert resumed.spent.tokens == 1340 + resumed.spent.uncertain_tokens
    assert resumed.in_flight == ""


def test_an_extended_run_has_no_outcome_until_it_ends_again(scene: Scene) -> None:
    """`continue` takes the end back; the new budget counts."""
    summary = summarise(_then(scene("out_of_budget"), Extended(passes=3, tokens=20_000)))
    assert (summary.outcome, summary.budget.passes) == ("", 5)
    assert summary.passes[-1].notes == ("The budget was extended by 3 passes and 20,000 tokens.",)


def test_a_reading_that_overturns_another_is_told(scene: Scene) -> None:
    """Second, third and confirming readings stand in the pass they came after; first ones are in the table."""
    events = scene("unverified")
    judged = [e for e in events if isinstance(e.event, Judged)]
    assert len(judged) == 4
    told = [note for entry in summarise(events).passes for note in entry.notes if "Confirmation" in note]
    assert len(told) == 2


def test_a_rule_is_told_by_the_first_line_of_its_docstring() -> None:
    """The sentences come from the control law itself, without its references."""
    for rule in RULES:
        sentence = rule_says(rule.__name__)
        assert sentence.endswith(".")
        assert "(" not in sentence
        assert sentence[:-1] in (rule.__doc__ or "")
    assert rule_says("revise").startswith("Fix the few faults that matter most")


def test_a_run_without_events_is_refused() -> None:
    """There is nothing to show."""
    with pytest.raises(ValueError, match="without events"):
        summarise(())


@pytest.mark.parametrize("name", SMALL)
def test_any_beginning_of_a_run_can_be_summarised(scene: Scene, name: str) -> None:
    """A process may end after any event; the summary of what is there never fails and is plain JSON."""
    events = scene(name)
    for end in range(1, len(events) + 1):
        summary = summarise(events[:end])
        assert json.loads(json.dumps(to_json(summary)))["run"] == "r-7f3a"
        assert len(summary.passes) == len(summary.distance_curve)
        assert (summary.outcome == "") == (end < len(events))


def test_a_misreading_is_not_a_verdict(scene: Scene) -> None:
    """A reply that could not be used leaves the cell unread."""
    events = scene("unusable_critic")
    first = next(e.seq for e in events if isinstance(e.event, Misjudged))
    summary = summarise(events[: first + 1])
    assert summary.passes[0].result == "pending"
    assert summary.passes[0].cells[0].status == "unread"


def _shape(value: object) -> object:
    """The keys of a JSON value, and the types of its leaves."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_shape(items[0])] if items else []
    return type(value).__name__


def test_the_json_keeps_its_shape(scene: Scene) -> None:
    """Other programs read it: names may be added, never renamed or removed, within a version."""
    content = to_json(summarise(scene("unverified")))
    assert content["version"] == 1
    assert _shape(content) == snapshot(
        {
            "version": "int",
            "run": "str",
            "title": "str",
            "brief": "str",
            "kind": "str",
            "digest": "str",
            "started": "float",
            "ended": "float",
            "sources": [{"name": "str", "characters": "int"}],
            "models": [
                {
                    "role": "str",
                    "model": "str",
                    "calls": "int",
                    "tokens": "int",
                    "money": "float",
                }
            ],
            "outcome": "str",
            "outcome_title": "str",
            "outcome_says": "str",
            "rule": "str",
            "rule_says": "str",
            "reason": "str",
            "strength": "str",
            "strength_says": "str",
            "criteria": [
                {
                    "name": "str",
                    "says": "str",
                    "impact": "int",
                    "core": "bool",
                    "minor": "bool",
                    "measured_by": "str",
                    "check": "str",
                    "status": "str",
                }
            ],
            "passes": [
                {
                    "number": "int",
                    "rule": "str",
                    "rule_says": "str",
                    "move": "str",
                    "setting": "str",
                    "base": "NoneType",
                    "targets": [],
                    "draft": "int",
                    "failure": "str",
                    "failure_says": "str",
                    "detail": "str",
                    "result": "str",
                    "gained": [],
                    "lost": [],
                    "distance": {"core": "int", "impact": "int", "shortfall": "float"},
                    "best_after": "int",
                    "cells": [
                        {
                            "criterion": "str",
                            "status": "str",
                            "reason": "str",
                            "directive": "str",
                            "lines": ["int"],
                            "by": "str",
                            "votes": "int",
                            "shortfall": "float",
                        }
                    ],
                    "words": "int",
                    "diff": "NoneType",
                    "tokens": "int",
                    "author_tokens": "int",
                    "money": "float",
                    "seconds": "float",
                    "notes": [],
                }
            ],
            "distance_curve": [
                {
                    "pass_number": "int",
                    "draft": {"core": "int", "impact": "int", "shortfall": "float"},
                    "best": {"core": "int", "impact": "int", "shortfall": "float"},
                }
            ],
            "spend_curve": [
                {
                    "pass_number": "int",
                    "tokens": "int",
                    "author_tokens": "int",
                    "money": "float",
                    "seconds": "float",
                }
            ],
            "returned": "int",
            "text": "str",
            "open_faults": [],
            "set_aside": [],
            "wishes": ["str"],
            "probes": [
                {
                    "role": "str",
                    "model": "str",
                    "state": "str",
                    "sensitivity": "float",
                    "specificity": "float",
                    "noticed": "int",
                    "failures": "int",
                    "passed": "int",
                    "passes": "int",
                    "trusted": "bool",
                    "noticed_enough": "bool",
                }
            ],
            "budget": {
                "passes": "int",
                "tokens": "int",
                "money": "float",
                "seconds": "NoneType",
            },
            "spent": {
                "passes": "int",
                "calls": "int",
                "tokens": "int",
                "input": "int",
                "output": "int",
                "cached": "int",
                "money": "float",
                "unpriced": "int",
                "seconds": "float",
                "uncertain_tokens": "int",
                "uncertain_money": "float",
            },
            "in_flight": "str",
            "question": "NoneType",
            "trouble": "str",
            "diagnosis": [
                {
                    "name": "str",
                    "title": "str",
                    "evidence": ["str"],
                    "advice": "str",
                    "weight": "float",
                    "criteria": ["str"],
                }
            ],
            "next_steps": ["str"],
            "advice": ["str"],
            "forecast": [{"about": "str", "says": "str"}],
            "sure": {
                "probability": "float",
                "says": "str",
                "prior": "float",
                "correlation": "float",
                "criteria": [
                    {
                        "criterion": "str",
                        "probability": "float",
                        "basis": "str",
                        "votes": "int",
                        "texts": "int",
                        "labels": "int",
                    }
                ],
            },
        }
    )


@pytest.mark.parametrize("kind", ["default", "canon"])
async def test_where_the_textbook_would_stop_a_run_says_why_it_goes_on(kind: Preset) -> None:
    """A pass that resolved nothing is followed by another tactic, which is named; the textbook ends there."""
    spec = Spec(brief="b", criteria=(criterion("alpha"), criterion("beta")))
    first = opened(spec, policy=preset(kind), budget=Budget(passes=4))
    ledger, told = MemoryLedger(), list[str]()
    run = await Run.open("r", first, ledger)
    await run.drive(crew(spec, ["alpha", "alpha one", "alpha two", "alpha beta"]))
    events = list(await ledger.replay("r"))
    narrator, state = Narrator(), None
    for recorded in events:
        after = begin(recorded) if state is None else evolve(state, recorded)
        told += narrator.tell(state, after, recorded.event)
        state = after
    why = [line for line in told if "The preset canon stops here" in line]
    notes = [note for entry in summarise(events).passes for note in entry.notes if "canon stops here" in note]
    assert why == notes
    if kind == "canon":
        assert (why, run.state.stopped is not None) == ([], True)
    else:
        action = run.state.passes[2].action
        assert isinstance(action, Revise)
        assert [line.partition(" (rule")[0] for line in why] == [
            f"The last pass resolved nothing; continuing because this is untried: {action.move}"
        ]
