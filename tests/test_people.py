"""What people decide, without a terminal: the prompt with scripted lines, the library, and what a spec's change says."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

import setpoint
from setpoint.compose.changes import changes
from setpoint.compose.people import TerminalPerson
from setpoint.compose.policies import tuned
from setpoint.core.action import Ask, Question
from setpoint.core.event import Answered, Extended, Resumed
from setpoint.core.fold import fold
from setpoint.core.policy import Policy, preset
from setpoint.core.spec import Budget, CheckCall, Criterion, Skeleton, Source, Spec
from setpoint.errors import ConfigError, UsageError
from setpoint.ledgers import MemoryLedger
from setpoint.report.summary import summarise
from setpoint.run import Run
from setpoint.specfile import PolicyChoice
from setpoint.testing import ScriptedAuthor, ScriptedCritic, ScriptedPerson
from worlds import crew, criterion, opened

# The prompt


def at_prompt(lines: Iterable[str]) -> tuple[TerminalPerson, StringIO, list[str]]:
    """A person who types these lines, then ends the input; with the screen, and when the view stood still."""
    left, screen, held = list(lines), StringIO(), list[str]()

    async def read() -> str:
        held.append("read")
        return left.pop(0) if left else ""

    @contextmanager
    def pause() -> Generator[None]:
        held.append("paused")
        yield
        held.append("on again")

    person = TerminalPerson(Console(file=screen, width=100), read=read, pause=pause, who="Ada")
    return person, screen, held


def asks(question: Question, subject: str = "1", text: str = "## Costs") -> Ask:
    """A question."""
    return Ask(question=question, subject=subject, text=text)


@pytest.mark.parametrize(
    ("lines", "approved", "note"),
    [
        (["yes\n"], True, ""),
        (["Y, as agreed\n"], True, "as agreed"),
        (["\n", "sure\n", "y\n"], True, ""),
        (["no\n", "another order\n"], False, "another order"),
        (["no\n", "\n"], False, ""),
        (["no\n"], False, ""),
        (["n another order\n"], False, "another order"),
    ],
)
async def test_yes_and_no_are_read_with_a_note(lines: list[str], approved: bool, note: str) -> None:  # noqa: FBT001
    """Anything else is asked for again; a refusal is asked for its reason once."""
    person, _, held = at_prompt(lines)
    expected = Answered(question="outline", subject="1", approved=approved, who="Ada", note=note)
    assert await person.answer(asks("outline")) == expected
    assert (held[0], held[-1]) == ("paused", "on again")


@pytest.mark.parametrize(("question", "lines"), [("outline", []), ("outline", ["what?\n"]), ("amend", ["yes\n"])])
async def test_the_end_of_the_input_and_an_amendment_leave_the_run_waiting(
    question: Question, lines: list[str]
) -> None:
    """An amendment is made with a spec, not with a word."""
    person, _, _ = at_prompt(lines)
    assert await person.answer(asks(question, "a/b")) is None


@pytest.mark.parametrize(
    ("question", "subject", "says"),
    [
        ("outline", "1", "Shall this outline be locked?"),
        ("precedence", "short/at most/two", "Shall short come before at most/two where they pull apart?"),
        ("amend", "short/full", "short and full exclude each other."),
    ],
)
async def test_the_question_and_what_it_is_about_are_shown_clean(question: Question, subject: str, says: str) -> None:
    """What a model wrote moves no cursor (rule 19)."""
    person, screen, _ = at_prompt(["no because\n"])
    await person.answer(asks(question, subject, "first\x1b[2J line\nsecond line"))
    shown = screen.getvalue()
    assert says in shown
    assert "  first line\n  second line\n" in shown
    assert "\x1b" not in shown


# The library


@pytest.fixture
def ledger() -> MemoryLedger:
    """A ledger that forgets."""
    return MemoryLedger()


OUTLINED = {
    "brief": "A note.",
    "kind": "markdown",
    "skeleton": {"criterion": [{"name": "parts", "check": {"headings": ["Costs"]}}]},
    "criterion": [{"name": "cheap", "check": {"contains": ["nine"]}}],
}


async def test_the_library_asks_a_person_of_ones_own(ledger: MemoryLedger) -> None:
    """`ask` says what, `person` who."""
    person = ScriptedPerson(lambda _ask: True)
    author = ScriptedAuthor(["# Costs\n\nwhat it costs", "# Costs\n\nnine"])
    result = await setpoint.refine(OUTLINED, author=author, ask=["outline"], person=person, ledger=ledger)
    assert (result.outcome, [ask.question for ask in person.asked]) == ("accepted", ["outline"])


async def test_without_a_person_the_result_holds_the_question(ledger: MemoryLedger) -> None:
    """It is no exception, and no outcome."""
    author = ScriptedAuthor(["# Costs\n\nwhat it costs"])
    result = await setpoint.refine(OUTLINED, author=author, ask=["outline"], ledger=ledger)
    assert (result.outcome, result.question is not None) == (None, True)
    assert result.reason.startswith("waiting for a person")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, Policy(preset="default", ask=("amend",))),
        ({"policy": "canon"}, preset("canon")),
        ({"policy": Policy(focus=1)}, Policy(focus=1)),
        ({"policy": Policy(focus=1), "ask": ["outline"]}, Policy(focus=1, ask=("outline",))),
        ({"ask": []}, Policy()),
    ],
)
async def test_a_policy_of_the_library_comes_before_the_specs(
    ledger: MemoryLedger, arguments: dict[str, object], expected: Policy
) -> None:
    """By value or by the name of its preset; `ask` overrides what it asks."""
    spec = {"brief": "b", "policy": {"ask": ["amend"]}, "criterion": [{"name": "a", "check": {"contains": ["a"]}}]}
    result = await setpoint.refine(spec, author=ScriptedAuthor(["a"]), ledger=ledger, **arguments)  # type: ignore[arg-type]
    assert fold(await ledger.replay(result.run)).policy == expected


async def test_a_preset_that_does_not_exist_is_a_mistake(ledger: MemoryLedger) -> None:
    """With what was probably meant."""
    with pytest.raises(ConfigError, match="did you mean 'canon'"):
        await setpoint.refine(OUTLINED, author=ScriptedAuthor([]), policy="cannon", ledger=ledger)  # type: ignore[arg-type]


def test_choosing_a_preset_keeps_what_is_asked_and_switched_off() -> None:
    """And choosing the preset that holds already keeps the numbers."""
    own = Policy(focus=1, ask=("amend",), off=("gain",))
    assert tuned(own, PolicyChoice(preset="canon")).ask == ("amend",)
    assert tuned(own, PolicyChoice(preset="default", off=("freeze", "gain"))) == replace(own, off=("gain", "freeze"))


# What the events of people do to a run


async def test_a_policy_changes_from_the_event_that_brings_it(ledger: MemoryLedger) -> None:
    """What was decided before was decided by the old one."""
    it = await Run.open("r", opened(Spec(brief="b", criteria=(criterion("alpha"),))), ledger)
    canon = Policy(preset="canon")
    await it.record(Resumed(policy=canon))
    assert it.state.policy == canon
    await it.record(Extended(passes=1))
    assert it.state.policy == canon
    assert fold(await ledger.replay("r")).policy == canon


async def test_an_ended_run_takes_no_policy_on_resume(ledger: MemoryLedger) -> None:
    """Resume reopens nothing."""
    spec = Spec(brief="b", criteria=(criterion("alpha"),))
    it = await Run.open("r", opened(spec), ledger)
    await it.drive(crew(spec, ["alpha"]))
    with pytest.raises(UsageError, match="setpoint continue r"):
        await it.resume(Policy())


async def test_a_ruling_on_a_draft_that_is_not_measured_yet_survives_its_measurement(ledger: MemoryLedger) -> None:
    """Cut between draft and measurement, overruled, taken up: the person's word counts."""
    spec = Spec(brief="b", criteria=(criterion("alpha"), criterion("beta")))
    it = await Run.open("r", opened(spec, given="beta"), ledger)
    await it.overrule("alpha", passes=True, who="Ada", why="it is there in spirit")
    result = await it.drive(crew(spec, []))
    assert (result.outcome, result.verdicts["alpha"].by) == ("accepted", "person")


async def test_a_ruling_under_another_spec_spares_no_confirmation(ledger: MemoryLedger) -> None:
    """An amendment voids it, so the critic is asked again, and once more before acceptance."""
    old = Spec(brief="b", criteria=(criterion("warm", judged=True),))
    it = await Run.open("r", opened(old, budget=Budget(passes=1)), ledger)
    await it.drive(crew(old, ["cold"]))
    await it.overrule("warm", passes=True, who="Ada", why="warm enough")
    await it.amend(replace(old, brief="c"), who="Ada", why="another brief")
    purposes: list[str] = []

    class Listening(ScriptedCritic):
        async def perform(self, call, action, state):
            purposes.append(action.purpose)
            return await super().perform(call, action, state)

    someone = replace(crew(old, []), critics={"critic": Listening(lambda _name, _text, _call: True)})
    assert (await it.drive(someone)).outcome == "accepted"
    assert purposes == ["first", "confirm"]


async def test_an_outline_that_is_locked_was_kept_and_one_that_a_person_refused_was_not(ledger: MemoryLedger) -> None:
    """The report says of outlines what became of them."""
    person = ScriptedPerson(lambda ask: True if "why" in ask.text else "say why")
    author = ScriptedAuthor(["# Costs\n\nwhat it costs", "# Costs\n\nwhat and why", "# Costs\n\nnine"])
    result = await setpoint.refine(OUTLINED, author=author, ask=["outline"], person=person, ledger=ledger)
    summary = summarise(await ledger.replay(result.run))
    assert [entry.result for entry in summary.passes] == ["rolled_back", "kept", "kept"]
    assert summary.question is None


# What an amendment says

BASE = Spec(
    brief="A note.",
    criteria=(
        Criterion(name="short", says="Is short.", check=CheckCall(name="words", params={"max": 9})),
        Criterion(name="warm", says="Is warm."),
    ),
    sources=(Source(name="facts", text="12345"),),
)


def edited(**fields: object) -> Spec:
    """The spec with another first criterion."""
    first = replace(BASE.criteria[0], **fields)  # type: ignore[arg-type]
    return replace(BASE, criteria=(first, *BASE.criteria[1:]))


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (BASE, []),
        (replace(BASE, brief="A letter."), ["brief: A letter."]),
        (replace(BASE, kind="markdown"), ["kind: text is now markdown"]),
        (replace(BASE, criteria=BASE.criteria[:1]), ["criterion removed: warm (Is warm.)"]),
        (
            replace(BASE, criteria=(*BASE.criteria, Criterion(name="calm", says="Is calm."))),
            ["criterion added: calm (Is calm.)"],
        ),
        (replace(BASE, criteria=BASE.criteria[::-1]), ["order of the criteria: warm, short"]),
        (edited(impact=5, core=True), ["criterion changed: short: impact 3 is now 5; it is core now"]),
        (edited(check=None), ["criterion changed: short: words (max = 9) is now judged by a critic"]),
        (edited(says="Is brief."), ["criterion changed: short: it says now: Is brief."]),
        (replace(BASE, sources=()), ["source removed: facts"]),
        (
            replace(BASE, sources=(Source(name="facts", text="123"), Source(name="tone", text="12"))),
            ["source added: tone (2 characters)", "source changed: facts (5 characters, now 3)"],
        ),
        (replace(BASE, attachments=(Source(name="t.py", text="1"),)), ["file of a check added: t.py (1 characters)"]),
        (replace(BASE, skeleton=Skeleton(headings=("## A", "## B"))), ["locked headings: ## A, ## B"]),
        (
            replace(BASE, skeleton=Skeleton(criteria=(Criterion(name="parts", says="Has parts."),))),
            ["criterion of the outline added: parts (Has parts.)"],
        ),
    ],
)
def test_every_difference_of_two_specs_is_told(new: Spec, says: list[str]) -> None:
    """What has another digest says what is different; what has the same says nothing."""
    assert list(changes(BASE, new)) == says
    assert bool(changes(BASE, new)) == (new.digest != BASE.digest)
