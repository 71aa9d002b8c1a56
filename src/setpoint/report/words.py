"""The vocabulary of runs in plain sentences. Sentences only: nothing here looks at a run."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, assert_never

from setpoint.core.action import (
    Ask,
    Call,
    Contradict,
    Decided,
    Freeze,
    Judge,
    LockOutline,
    Mediate,
    Outcome,
    Prefer,
    Probe,
    Promote,
    Purpose,
    Reask,
    Restart,
    Revise,
    Role,
    SetAside,
    Thaw,
    Write,
)
from setpoint.core.belief import Belief
from setpoint.core.control import RULES, Strength
from setpoint.core.event import Answered, MoveFailure
from setpoint.core.policy import Policy
from setpoint.report.text import and_list, few, one_line, plural
from setpoint.report.view import CellStatus, ProbeView, Result

__all__ = [
    "CELL_WORDS",
    "RESULT_SHORT",
    "RESULT_WORDS",
    "answer_says",
    "call_says",
    "decision_says",
    "distrust_says",
    "failure_says",
    "outcome_says",
    "outcome_title",
    "policy_says",
    "purpose_says",
    "question_says",
    "role_says",
    "rule_says",
    "strength_says",
    "sure_says",
]

_NEARLY: Final = 0.99
"""Above this, a percentage would claim more than assumptions can carry."""

CELL_WORDS: Final[Mapping[CellStatus, str]] = MappingProxyType(
    {
        "pass": "pass",
        "fail": "fail",
        "cannot_assess": "cannot be assessed",
        "carried": "pass, carried over",
        "unread": "not measured",
    }
)

RESULT_WORDS: Final[Mapping[Result, str]] = MappingProxyType(
    {
        "kept": "kept",
        "rolled_back": "rolled back",
        "failed": "move failed",
        "unread": "not read in full",
        "pending": "being measured",
    }
)

RESULT_SHORT: Final[Mapping[Result, str]] = MappingProxyType(
    {"kept": "kept", "rolled_back": "back", "failed": "fail", "unread": "part", "pending": "now"}
)

_REFERENCE: Final = re.compile(r"\s*\(\d+(?:, \d+)*\)")


def rule_says(name: str) -> str:
    """A rule of the control law in one sentence: the first line of its docstring, without references."""
    if name == "given":
        return "The run began with a text that existed already."
    doc = next((rule.__doc__ for rule in RULES if rule.__name__ == name), None)
    return _REFERENCE.sub("", doc.strip().splitlines()[0]) if doc else f"The rule {name!r} asked for it."


def outcome_title(outcome: Outcome | Literal[""]) -> str:
    """An outcome as a heading."""
    return outcome.replace("_", " ").capitalize() if outcome else "Not finished"


def outcome_says(outcome: Outcome | Literal[""]) -> str:  # noqa: C901 - a case each
    """An outcome in one sentence, for somebody who never ran a loop."""
    match outcome:
        case "accepted":
            return "The text meets every criterion of the spec."
        case "unverified":
            return (
                "The text passes every criterion, but for some of them only a critic says so that failed its own test."
            )
        case "off_target":
            return (
                "The text misses the point: a core criterion is still not met, so polishing it further would not help."
            )
        case "contradiction":
            return "Two criteria exclude each other; no text can meet both as they stand."
        case "unsatisfiable":
            return "A criterion that matters could not be met by any tactic; the text is the nearest that was found."
        case "unmeasurable":
            return "What is still open cannot be judged from what the critic is given."
        case "settled":
            return "The loop has stopped gaining; the text is the best that was found, and something is still open."
        case "out_of_budget":
            return "The budget ended before every criterion was met; the text is the best that was found until then."
        case "cancelled":
            return "The run was ended by hand; the text is the best that was found until then."
        case "machinery":
            return "A model could not be used, so the run ended early. This says nothing about the text."
        case "":
            return "The run has not ended yet."
        case _:
            assert_never(outcome)


def strength_says(strength: Strength, probes: Sequence[ProbeView]) -> str:
    """What an acceptance rests on, in one sentence."""
    match strength:
        case "checks":
            return "Code measured every criterion; no model's opinion was needed."
        case "measured critic":
            found = and_list(f"{role_says(p.role)} noticed {p.sensitivity or 0:.0%} of planted faults" for p in probes)
            return f"Part of it rests on a model's judgement, which was tested: {found}."
        case "unmeasured critic":
            return "Part of it rests on a critic that was never tested; take its word as an opinion."
        case _:
            assert_never(strength)


def sure_says(belief: Belief) -> str:
    """How sure it is that a text truly meets every criterion, and what that rests on."""
    rows = belief.criteria
    if belief.basis == "nothing":
        return "not measured: nobody knows yet how often this critic is wrong (setpoint label, setpoint audit)"
    sure = "more than 99% sure" if belief.whole > _NEARLY else f"about {belief.whole:.0%} sure"
    known = [row for row in rows if row.basis == "criterion"]
    labels, texts = sum(row.labels for row in known), sum(row.texts for row in known)
    measured = plural(labels, "label") if labels == texts else f"{texts} texts, {labels} of them labelled by people"
    if len(known) == len(rows):
        return f"{sure} (critic measured on {measured})"
    if not known:
        return f"{sure}, as far as a short test on planted texts tells (setpoint label tells more)"
    return f"{sure} (critic measured on {measured} for {len(known)} of {len(rows)} criteria, else on planted texts)"


def distrust_says(probe: ProbeView, who: str = "it") -> str:
    """Why a critic is not believed, as a clause."""
    if probe.noticed_enough:
        return f"{who} fails sound text as readily as faulty text"
    return f"{who} lets too many faults through"


def failure_says(why: MoveFailure) -> str:  # noqa: C901 - a case each
    """Why a move brought no draft, in one sentence."""
    match why:
        case "patch_not_applied":
            return "The author's edits did not fit the text."
        case "lock_broken":
            return "The author changed text that is locked."
        case "skeleton_broken":
            return "The author changed the structure, which is locked."
        case "empty":
            return "The author's reply held no text."
        case "unchanged":
            return "The author gave back the same text."
        case "repeated":
            return "The author gave back a text that had been tried before."
        case "degenerate":
            return "The author's reply repeats itself without end."
        case "truncated":
            return "The author's reply was cut off at its longest length."
        case "refused":
            return "The author declined to write."
        case "unparsable":
            return "The author's reply did not follow the form that it was asked for."
        case _:
            assert_never(why)


def role_says(role: Role) -> str:
    """A role with its article."""
    return f"the {role}"


def purpose_says(purpose: Purpose) -> str:
    """Why a reading is taken, as the beginning of a sentence."""
    match purpose:
        case "first" | "fresh":
            return "Reading"
        case "alone":
            return "Asked once more, alone"
        case "second":
            return "Second reading of a loss"
        case "third":
            return "Third reading of a dispute"
        case "confirm":
            return "Confirmation"
        case "redirect":
            return "Asked for a directive that can be acted on"
        case _:
            assert_never(purpose)


def call_says(action: Call) -> str:
    """What a call is for, as the end of "now: …"."""
    match action:
        case Write(stage="outline"):
            return "writing the outline"
        case Write():
            return "writing anew from the spec" if action.lessons else "writing the first draft"
        case Revise():
            return f"{action.move} of draft {action.base} to fix {few(action.targets)}"
        case Reask():
            return f"asking again for the edits of draft {action.revise.base} that did not apply"
        case Judge():
            return f"{purpose_says(action.purpose).lower()} (draft {action.draft}): {few(action.criteria)}"
        case Probe():
            return f"testing the {action.role} on planted text {action.item + 1}"
        case Mediate():
            return f"looking for what competes with {action.criterion}"
        case _:
            assert_never(action)


def decision_says(event: Decided) -> str:
    """What the law decided without a call, in one or two sentences."""
    match event:
        case SetAside():
            why = one_line(event.why)
            return f"{event.criterion} was set aside: {why}. It is no longer targeted, and still counts."
        case Prefer():
            return (
                f"{event.winner} comes before {one_line(event.loser, 120)} where they pull apart (found by {event.by}: "
                f"{one_line(event.why, 160)}). The author is told so from now on."
            )
        case Promote():
            return (
                f"{event.criterion} was {one_line(event.why, 120)}: the author must now check its text against it and "
                "quote what shows it."
            )
        case Freeze():
            return f"{event.keep} is frozen and only {event.free} is worked on: {one_line(event.why, 160)}."
        case Thaw():
            end = "both hold now" if event.settled else "they could not be met together that way"
            return f"The freeze of {event.keep} is over: {end}."
        case Contradict():
            return f"{event.first} and {event.second} exclude each other. {one_line(event.proposal, 400)}"
        case Restart():
            return f"The run starts again from the spec: {one_line(event.why, 160)}. {one_line(event.approach, 240)}"
        case LockOutline():
            missed = f" It does not meet {and_list(event.open)}." if event.open else ""
            return f"The outline is locked with {plural(len(event.headings), 'heading')}; prose begins.{missed}"
        case _:
            assert_never(event)


def question_says(ask: Ask) -> str:
    """What a person is asked, in one sentence."""
    match ask.question:
        case "outline":
            return "Shall this outline be locked? Its headings stay as they are from then on, and prose begins."
        case "precedence":
            first, _, second = ask.subject.partition("/")
            return f"Shall {first} come before {one_line(second, 160)} where they pull apart?"
        case "amend":
            return f"{_pair(ask.subject)} exclude each other. Will you change the spec before the run goes on?"
        case _:
            assert_never(ask.question)


def answer_says(event: Answered) -> str:
    """What a person answered, in one sentence."""
    note = f" ({one_line(event.note)})" if event.note else ""
    match event.question:
        case "outline":
            return f"{event.who} {'approved' if event.approved else 'refused'} the outline{note}."
        case "precedence":
            before = " before ".join(event.subject.split("/", 1))
            return f"{event.who} {'approved' if event.approved else 'refused'} the order {one_line(before, 160)}{note}."
        case "amend":
            left = "was for another spec" if event.approved else "left the spec as it is"
            return f"{event.who} {left}, although {_pair(event.subject)} exclude each other{note}."
        case _:
            assert_never(event.question)


def policy_says(policy: Policy) -> str:
    """What is unusual about a policy, as the end of a sentence; empty if nothing is."""
    parts = (
        f"the preset {policy.preset}" if policy.preset != Policy().preset else "",
        f"asking a person about {and_list(policy.ask)}" if policy.ask else "",
        f"without {and_list(policy.off)}" if policy.off else "",
    )
    return ", ".join(part for part in parts if part)


def _pair(subject: str) -> str:
    return and_list(subject.split("/", 1))
