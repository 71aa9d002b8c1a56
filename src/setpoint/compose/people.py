"""What people decide about a run: answers, amendments and overrulings (rules 1 and 20).

Each is recorded and costs no call; the run goes on when it is taken up again. What there is to say about it comes back
as lines, in which commands stand in backticks.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, TextIO

import anyio
from rich.console import Console
from rich.text import Text

from setpoint.compose.changes import changes
from setpoint.compose.inputs import commands
from setpoint.compose.ledger import find_run
from setpoint.compose.settings import Settings
from setpoint.core.action import Ask, Judge, Stop
from setpoint.core.control import decide
from setpoint.core.event import Answered, Stopped
from setpoint.core.fold import fold
from setpoint.core.state import State
from setpoint.errors import ConfigError, LedgerError, UsageError
from setpoint.ports import Ledger, RunInfo
from setpoint.report.advice import how_to_answer, next_steps
from setpoint.report.grid import safe
from setpoint.report.text import and_list
from setpoint.report.words import answer_says, question_says
from setpoint.run import Run, question_of
from setpoint.specfile import SpecFile

__all__ = ["TerminalPerson", "amend", "answer", "overrule", "person_at", "waiting"]

_WORDS: Final = {"yes": True, "y": True, "no": False, "n": False}


class TerminalPerson:
    """A `setpoint.ports.Person` at a terminal.

    Args:
        console: where questions are put, usually standard error.
        read: waits for the next line that is typed; empty at the end of the input.
        pause: holds whatever redraws the terminal, as long as the question stands.
        who: the person's name, as it is recorded.
    """

    def __init__(
        self,
        console: Console,
        *,
        read: Callable[[], Awaitable[str]],
        pause: Callable[[], AbstractContextManager[None]],
        who: str,
    ) -> None:
        self._console = console
        self._read = read
        self._pause = pause
        self._who = who

    async def answer(self, ask: Ask) -> Answered | None:
        """Show the question and read yes or no; None at the end of the input, or to amend the spec first."""
        with self._pause():
            self._say()
            self._say(question_says(ask))
            self._say("\n".join(f"  {line}".rstrip() for line in ask.text.strip().splitlines()))
            said = await self._decision()
            if said is None or (ask.question == "amend" and said[0]):
                return None
            approved, note = said
            if not approved and not note:
                note = await self._line("What is wanted instead? One line, or Enter for nothing: ") or ""
        return Answered(question=ask.question, subject=ask.subject, approved=approved, who=self._who, note=note.strip())

    async def _decision(self) -> tuple[bool, str] | None:
        """Yes or no, and a note if one stands behind it; None at the end of the input."""
        while (line := await self._line("yes or no, and a note if you like (Ctrl-D to decide later): ")) is not None:
            word, _, note = line.strip().partition(" ")
            approved = _WORDS.get(word.lower().rstrip(",.:;"))
            if approved is not None:
                return approved, note
        return None

    async def _line(self, prompt: str) -> str | None:
        self._console.print(Text(safe(prompt, self._console)), end="", soft_wrap=True)
        line = await self._read()
        if not line:
            self._say()  # the cursor still stands behind the prompt
        return line or None

    def _say(self, text: str = "") -> None:
        self._console.print(Text(safe(text, self._console)))


def person_at(
    console: Console, typed: TextIO, pause: Callable[[], AbstractContextManager[None]], who: str
) -> TerminalPerson | None:
    """The person at a terminal; None if nobody can see the questions, or type."""

    async def line() -> str:
        # A thread that waits in readline could not be cancelled, and would hold the stream when the process ends.
        await anyio.wait_readable(typed)
        return typed.readline()

    return TerminalPerson(console, read=line, pause=pause, who=who) if console.is_terminal and typed.isatty() else None


async def waiting(ledger: Ledger, known: Sequence[RunInfo]) -> dict[str, Ask]:
    """The runs that wait for a person, with what they ask; one that cannot be read waits for nobody."""
    found: dict[str, Ask] = {}
    for info in known:
        if info.outcome:
            continue
        try:
            question = question_of(fold(await ledger.replay(info.run)))
        except LedgerError:
            continue  # a list of runs must not fail for one that a newer version has written
        if question is not None:
            found[info.run] = question
    return found


async def answer(name: str, ledger: Ledger, *, approved: bool, note: str, who: str) -> tuple[str, ...]:
    """Record the answer to what a run asks.

    Raises:
        UsageError: if it asks nothing, or if the answer would be an amendment.
    """
    run = await Run.take_up(await find_run(name, ledger), ledger)
    question, stopped = question_of(run.state), run.state.stopped
    if question is None:
        how = (
            f"it has ended as {stopped.outcome}" if stopped is not None else f"go on with it: setpoint resume {run.id}"
        )
        raise UsageError(f"run {run.id} waits for no answer; {how}")
    if question.question == "amend" and approved:
        raise UsageError(
            f"the spec of run {run.id} is changed with another spec: setpoint amend {run.id} SPEC --why … "
            f"(or leave it as it is: setpoint answer {run.id} no)"
        )
    given = Answered(question=question.question, subject=question.subject, approved=approved, who=who, note=note)
    await run.answer(given)
    return answer_says(given), *_outlook(run)


async def amend(
    name: str, file: SpecFile, where: Settings, ledger: Ledger, *, why: str, who: str, again: bool = False
) -> tuple[str, ...]:
    """Record another target for a run; says what changed and how to go on.

    Raises:
        UsageError: if the spec is the same, cannot be used for this run, or was amended before and ``again`` is not set.
    """
    if not why.strip():
        raise ConfigError('say why the target changes: --why "…"')
    if file.fields:
        raise ConfigError(f"{file.path}: the spec has fields to be filled in ({', '.join(file.fields)})")
    run = await Run.take_up(await find_run(name, ledger), ledger)
    old, new = run.state.spec, file.spec
    if new.judged and run.state.model("critic") is None:
        raise ConfigError(
            f"run {run.id} has no critic, and {and_list(c.name for c in new.judged)} would need one. Give it a check, "
            f"or begin a new run from the text: setpoint run {file.path or 'SPEC'} --draft FILE --critic PROVIDER:NAME"
        )
    taken = [c.name for c in run.state.opened.outline if c.name in set(new.names())]
    if taken:
        raise ConfigError(f"{taken[0]!r} is the name of a criterion of this run's outline; choose another for the text")
    await run.amend(new, who=who, why=why.strip(), again=again)
    lines = [*changes(old, new), "Every draft is measured again by the new spec."]
    if commands(new) and not where.trust.trusts(new.digest):
        lines.append(f"It runs programs that were not trusted yet: `setpoint trust {file.path or 'SPEC'}`")
    return *lines, _go_on(run)


async def overrule(name: str, criterion: str, ledger: Ledger, *, passes: bool, why: str, who: str) -> tuple[str, ...]:
    """Settle a verdict on the draft that a run would return; says what would come of it.

    Raises:
        UsageError: if there is no draft, or no such criterion.
    """
    if not why.strip():
        raise ConfigError('say what the verdict rests on: --why "…"')
    run = await Run.take_up(await find_run(name, ledger), ledger)
    await run.overrule(criterion, passes=passes, who=who, why=why.strip())
    ruling = run.state.overruled[-1]
    settled = f"{criterion} {'passes' if passes else 'fails'} on draft {ruling.draft}, by the word of {who}"
    return settled, *_outlook(run)


def _go_on(run: Run) -> str:
    """The command that goes on; more budget first if no pass is left."""
    state = run.state
    if len(state.passes) >= state.budget.passes:
        more = f"`setpoint continue {run.id} --passes +3`"
        return f"No pass is left. To measure only: `setpoint resume {run.id}`; to go on: {more}"
    return f"Go on: `setpoint resume {run.id}`"


def _outlook(run: Run) -> tuple[str, ...]:
    """What the run would do if it were taken up now, and how to take it up."""
    state = _taken_up(run.state)
    rule, action = decide(state)
    resume = f"`setpoint resume {run.id}`"
    match action:
        case Ask():
            return question_says(action), how_to_answer(action, run.id)
        case Stop(outcome="out_of_budget"):
            returned = state.best or state.latest
            best = returned.number if returned is not None else None
            ended = replace(state, stopped=Stopped(outcome=action.outcome, rule=rule, reason=action.reason, best=best))
            return f"The run would end as out of budget: {action.reason}", *next_steps(ended, run.id, returned)
        case Stop():
            ends = f"The run would end as {action.outcome.replace('_', ' ')} now: {action.reason}"
            return ends, f"To end it so, without an author call: {resume}"
        case Judge(purpose="confirm"):
            confirmed = "Every criterion passes now; what a critic judged is read once more before it is believed"
            return confirmed, f"Go on, without an author call: {resume}"
        case _:
            best = state.best
            still = and_list(state.open_criteria(best)) if best is not None else ""
            return (f"Still open: {still}. Go on: {resume}" if still else f"Go on: {resume}",)


def _taken_up(state: State) -> State:
    """The state as a resume would find it: a call in flight is given up."""
    return replace(state, pending=None)
