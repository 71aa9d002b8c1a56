"""Failures that users of other revise loops report, played against this one.

The scenarios are scripted: texts in a fixed order that no feedback changes, and a critic that words each fault anew, so
that only the control flow differs. `docs/reference/known-failures.md` says which test covers which report.
"""

import json
import re
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from setpoint import Budget, refine
from setpoint.core.action import Judge, Reask, Revise, Write
from setpoint.core.event import Judged, Misjudged, Recorded
from setpoint.core.fault import Verdict
from setpoint.core.spec import Criterion, Spec
from setpoint.core.state import State
from setpoint.errors import ModelError
from setpoint.ledgers.memory import MemoryLedger
from setpoint.ports import Prompt
from setpoint.run import Crew, Result, Run
from setpoint.testing import ScriptedCritic, ScriptedModel
from worlds import crew, criterion, meets, opened

FOUR = Spec(brief="b", criteria=tuple(criterion(name, judged=True) for name in ("c1", "c2", "c3", "c4")))
CHECKED = Spec(brief="b", criteria=tuple(criterion(name) for name in ("c1", "c2", "c3", "c4")))

COMPLAINTS = (
    "in line 1, say outright what {0} is",
    "the first line leaves {0} out; add it there",
    "line 1: work {0} in, in so many words",
    "nothing in line 1 speaks of {0}; write one clause on it",
    "put {0} into line 1, where a reader looks for it",
)


def rewording() -> Callable[[str, str, int], Verdict]:
    """A critic that is right and never says the same thing twice, in reason or directive."""
    number = count()

    def judge(name: str, text: str, _call: int) -> Verdict:
        turn = next(number)
        if meets(name, text):
            return Verdict(criterion=name, status="pass", reason=f"seen, reading {turn}", lines=(1,), by="critic")
        said = COMPLAINTS[turn % len(COMPLAINTS)].format(name)
        return Verdict(
            criterion=name, status="fail", reason=f"{said} ({turn})", directive=said, shortfall=1.0, by="critic"
        )

    return judge


async def play(spec: Spec, someone: Crew, **changes: object) -> tuple[Result, State, list[Recorded]]:
    """Play a run to its end."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(spec, **changes), ledger)
    result = await run.drive(someone)
    return result, run.state, list(await ledger.replay("r"))


def failing(result: Result) -> set[str]:
    """What the returned text fails, by what was read."""
    return {name for name, verdict in result.verdicts.items() if verdict.status != "pass"}


def script(*missing: str) -> list[str]:
    """Texts by what each lacks: "23" lacks c2 and c3. A number tells texts that lack the same apart."""
    words = ("c1", "c2", "c3", "c4")
    return [" ".join([f"v{n}", *(w for w in words if w[1] not in lacks)]) for n, lacks in enumerate(missing, start=1)]


ENDINGS = {
    "converge": (script("234", "34", "4", ""), "accepted", 4),
    "slow": (script("234", "234", "34", "34", "4", "4", ""), "accepted", 7),
    "late win": (script("234", "234", "234", ""), "accepted", 4),
}


@pytest.mark.parametrize("spec", [FOUR, CHECKED], ids=["judged", "checked"])
@pytest.mark.parametrize(("texts", "outcome", "draft"), ENDINGS.values(), ids=ENDINGS.keys())
async def test_a_plateau_is_no_reason_to_give_up(texts: list[str], outcome: str, draft: int, spec: Spec) -> None:
    """Loops that watch one number stop at the first plateau; these three succeed after it, within the default budget."""
    result, *_ = await play(spec, crew(spec, texts, rewording()))
    assert (result.outcome, result.draft, result.text) == (outcome, draft, texts[draft - 1])


@pytest.mark.parametrize("spec", [FOUR, CHECKED], ids=["judged", "checked"])
async def test_the_worst_draft_is_never_what_is_returned(spec: Spec) -> None:
    """The second draft has one fault and all later ones have three: the second is returned, and not as accepted."""
    texts = script("234", "4", *["134"] * 6)
    result, *_ = await play(spec, crew(spec, texts, rewording()))
    assert (result.text, result.accepted) == (texts[1], False)
    assert failing(result) == {"c4"}


async def test_two_demands_that_swing_are_named_though_the_critic_rewords_them() -> None:
    """Fixing one breaks the other, each time in other words: the pair is named within the default budget."""
    swinging = script(*["2", "3"] * 4)
    result, _, events = await play(FOUR, crew(FOUR, swinging, rewording()))
    named = [{r.event.keep, r.event.free} for r in events if r.event.kind == "freeze"]
    assert named
    assert all(pair == {"c2", "c3"} for pair in named)
    assert not result.accepted
    assert len(failing(result)) == 1


async def test_a_fault_that_no_pass_mends_is_named() -> None:
    """The same criterion fails for ever: the run ends by itself or at its budget, and names it."""
    result, *_ = await play(FOUR, crew(FOUR, script(*["3"] * 8), rewording()))
    assert result.outcome in {"unsatisfiable", "settled", "out_of_budget"}
    assert failing(result) == {"c3"}


async def test_repairs_that_break_something_else_do_not_pile_up() -> None:
    """Each repair costs two other criteria: every move starts from the draft with one fault, and that one is returned."""
    names = [f"c{n}" for n in range(1, 10)]
    spec = Spec(brief="b", criteria=tuple(criterion(name) for name in names))
    faults: list[int] = []

    def write(call: int, action: Write | Revise | Reask, state: State) -> str:
        if not isinstance(action, Revise):
            return " ".join(names[1:])
        base = set(state.draft(action.base).draft.text.split())
        faults.append(len(set(names) - base))
        made = 2 * len(faults)  # other ones each time, so that no two of them look like a pair
        return " ".join(sorted((base | set(action.targets)) - set(names[made - 1 : made + 1]) | {f"v{call}"}))

    result, *_ = await play(spec, crew(spec, write), budget=Budget(passes=5))
    assert faults == [1, 1, 1, 1]
    assert failing(result) == {"c1"}


async def test_nothing_is_asked_after_the_run_is_done() -> None:
    """An acceptance is latched: driving the run again, or a process that takes it up, makes no call."""
    ledger = MemoryLedger()
    run = await Run.open("r", opened(FOUR), ledger)
    first = await run.drive(crew(FOUR, script("")))
    before = len(list(await ledger.replay("r")))
    again = await (await Run.take_up("r", ledger)).drive(crew(FOUR, []))
    assert (first.outcome, again.outcome, again.text) == ("accepted", "accepted", first.text)
    assert len(list(await ledger.replay("r"))) == before


async def test_a_critic_that_always_has_another_wish_does_not_keep_a_run_going() -> None:
    """Every reading brings something new that no criterion asks for: the run ends when the criteria are met."""
    number = count()

    class Insatiable(ScriptedCritic):
        """Finds the criteria met or not, and something else to want, every time."""

        async def perform(self, call: int, action: Judge, state: State) -> Judged | Misjudged:
            said = await super().perform(call, action, state)
            assert isinstance(said, Judged)
            wish = f"wish {next(number)}"
            return Judged(call=call, draft=said.draft, verdicts=said.verdicts, wishes=(wish,), usage=said.usage)

    someone = crew(FOUR, script("4", ""), critic=Insatiable(lambda name, text, _call: meets(name, text)))
    result, *_ = await play(FOUR, someone)
    assert (result.outcome, result.passes) == ("accepted", 2)
    assert len(result.wishes) >= 2


async def test_a_false_alarm_that_moves_on_with_every_draft_does_not_lose_a_good_text() -> None:
    """A critic that wrongly finds another criterion failing in each draft: the text that is returned is a good one."""
    number = count()
    alarms: dict[str, str] = {}

    def judge(name: str, text: str, _call: int) -> bool:
        wrong = alarms.setdefault(text, ("c1", "c2", "c3", "c4")[next(number) % 4])
        return meets(name, text) and name != wrong

    result, state, _ = await play(FOUR, crew(FOUR, script(*[""] * 8), judge))
    assert len(state.passes) <= 8
    assert all(meets(name, result.text) for name in FOUR.names())
    assert len(failing(result)) <= 1


async def test_a_failure_of_the_critics_machinery_never_reaches_the_author() -> None:
    """An error of the critic's service is no critique: no prompt of the author holds a word of it.

    Each draft is read after a call that failed and a reply that was of no use; what the critic then says does reach
    the author, so the prompts that are looked through were written after the trouble.
    """
    prompts: list[str] = []
    asked = count()
    verdict = {"verdict": "fail", "lines": [1], "finding": "It is cold.", "do": "in line 1, greet the reader by name"}

    def author(prompt: Prompt) -> str:
        prompts.append(f"{prompt.system}\n{prompt.user}")
        return f"A plain answer about rain, number {len(prompts)}, with one fact and a date: 3 May."

    def critic(_prompt: Prompt) -> str:
        turn = next(asked)
        if turn % 3 == 0:
            raise ModelError("HTTP 529 overloaded-xyzzy", kind="unreachable")
        if turn % 3 == 1:
            return "not a verdict at all, xyzzy"
        return json.dumps({"readings": {"warm": verdict}, "other": []})

    spec = Spec(brief="An answer about rain.", criteria=(Criterion(name="warm", says="It is warm in tone."),))
    result = await refine(
        spec,
        author=ScriptedModel(author),
        critic=ScriptedModel(critic),
        ledger=MemoryLedger(),
        budget=Budget(passes=3),
        probe=False,
    )
    assert result.text.startswith("A plain answer")
    assert len(prompts) > 1
    assert "greet the reader by name" in prompts[1]
    assert not any("xyzzy" in prompt or "529" in prompt for prompt in prompts)


async def test_a_second_run_has_a_budget_of_its_own() -> None:
    """The same models and the same spec, twice: what the first run spent counts in the first run only."""
    someone = crew(CHECKED, script(*["3"] * 8))
    first, *_ = await play(CHECKED, someone, budget=Budget(passes=3))
    second, *_ = await play(CHECKED, someone, budget=Budget(passes=3))
    assert (first.outcome, first.passes) == ("out_of_budget", 3)
    assert (second.outcome, second.passes, second.spent) == (first.outcome, first.passes, first.spent)


async def test_no_call_goes_out_that_the_budget_could_not_pay() -> None:
    """The cap is held before the call: a run that is allowed next to nothing spends nothing."""
    asked: list[Prompt] = []

    def author(prompt: Prompt) -> str:
        asked.append(prompt)
        return "words"

    spec = Spec(brief="A report on rain.", criteria=(Criterion(name="warm", says="It is warm in tone."),))
    result = await refine(
        spec,
        author=ScriptedModel(author),
        ledger=MemoryLedger(),
        budget=Budget(passes=8, tokens=50),
        probe=False,
    )
    assert (result.outcome, asked, result.spent.tokens) == ("out_of_budget", [], 0)


async def test_a_local_fault_of_a_long_text_is_edited_and_the_rest_keeps_its_bytes() -> None:
    """A rewrite of a long text loses content: the first move on it is an edit, and untouched lines stay as they are."""
    moves: list[str] = []
    body = [f"Paragraph {n} keeps its own words, figures and names, as they were on day {n}." for n in range(120)]

    def write(_call: int, action: Write | Revise | Reask, state: State) -> str:
        assert isinstance(action, Revise)
        moves.append(action.move)
        text = state.draft(action.base).draft.text
        return text.replace("on day 60.", "on day 60. c1 c2 c3 c4")

    result, *_ = await play(CHECKED, crew(CHECKED, write), given="\n\n".join(body), reply_tokens=3000)
    assert (moves, result.outcome) == (["edit"], "accepted")
    kept: Sequence[str] = result.text.split("\n\n")
    assert [line for n, line in enumerate(kept) if n != 60] == [line for n, line in enumerate(body) if n != 60]


def test_every_test_that_the_page_names_exists() -> None:
    """All fifteen failures are in the table, each with tests that are there."""
    root = Path(__file__).resolve().parent.parent
    page = (root / "docs/reference/known-failures.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    assert [row[1].strip() for row in rows if row[1].strip().isdigit()] == [str(n) for n in range(1, 16)]
    for row in rows:
        named: list[tuple[str, str]] = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", row[-2])
        assert named or not row[1].strip()
        for file, name in named:
            assert f"def {name}(" in (root / file).read_text(encoding="utf-8"), f"{file} has no {name}"
