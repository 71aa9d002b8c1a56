"""Commands that spend: run, resume, continue."""

import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import anyio
import stamina.instrumentation
from cyclopts import App, Parameter
from rich.console import Console

from setpoint.cli import groups
from setpoint.cli.amounts import count, number
from setpoint.cli.output import Output, writable, write_text
from setpoint.cli.tuning import Tuning
from setpoint.compose import (
    Request,
    Settings,
    begin_run,
    find_run,
    login,
    more_for,
    open_ledger,
    person_at,
    read_draft,
    read_spec,
    settings,
    supervised,
    take_up_run,
    tuned,
)
from setpoint.core.event import Extended
from setpoint.core.fold import fold
from setpoint.core.spec import Budget
from setpoint.core.state import State
from setpoint.errors import ConfigError
from setpoint.ports import Ledger, Person
from setpoint.report.html import render_html
from setpoint.report.summary import Summary, summarise, to_json
from setpoint.report.terminal import LiveView, render_summary
from setpoint.report.text import duration
from setpoint.run import Crew, Result, Run
from setpoint.specfile import PolicyChoice

__all__ = ["Casting", "Limits", "again", "driven", "finish", "play", "register"]

_BUSY_SECONDS: Final = 120.0
"""For so long after a call began another process may well be waiting for its reply."""

Begin: TypeAlias = Callable[[Settings, Ledger, LiveView, Person | None], Awaitable[tuple[Run, Crew]]]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Casting:
    """Who does what; names are PROVIDER:NAME, such as embedded:qwen2.5-coder-1.5b."""

    author: str | None = None
    """Writes and revises."""
    critic: str | None = None
    """Judges the criteria that have no check; the author's model in a context of its own by default."""
    confirmer: str | None = None
    """Reads an accepted text once more; the critic by default."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that may be spent; overrides the spec's budget."""

    passes: str | None = None
    """Drafts and failed moves, the first draft counted."""
    tokens: str | None = None
    """Tokens of all calls, such as 60k."""
    money: str | None = None
    """US dollars."""
    seconds: str | None = None
    """Active time."""
    single: Annotated[bool, Parameter(negative="")] = False
    """Never loop: one draft, measured."""

    def budget(self, spec: Budget) -> Budget:
        """The spec's budget with these limits instead."""
        limits = {
            "passes": 1 if self.single else count("--passes", self.passes),
            "tokens": count("--tokens", self.tokens),
            "money": number("--money", self.money),
            "seconds": number("--seconds", self.seconds),
        }
        return replace(spec, **{name: value for name, value in limits.items() if value is not None})


def register(app: App) -> None:
    """Add the commands."""
    app.command(run, group=groups.REFINE)
    app.command(resume, group=groups.REFINE)
    app.command(continue_, name="continue", group=groups.REFINE)


def run(  # noqa: PLR0913 - each is a flag, or a group of them
    spec: Path,
    /,
    *,
    draft: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    casting: Casting | None = None,
    limits: Limits | None = None,
    tuning: Tuning | None = None,
    output: Output | None = None,
    seed: int = 0,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
    probe: bool = True,
) -> int:
    """Refine a text until its spec is met.

    Parameters
    ----------
    spec
        The spec file.
    draft
        A text that exists already, - for standard input; without it the author writes the first draft.
    seed
        What the sampling seeds are derived from.
    allow_commands
        Run the programs that the spec's checks name, without setpoint trust.
    probe
        Try a critic that is new on planted faults first.
    """
    out, casting, limits = output or Output(), casting or Casting(), limits or Limits()
    file = read_spec(spec)
    request = Request(
        spec=file,
        draft=read_draft(draft) if draft else None,
        author=casting.author,
        critic=casting.critic,
        confirmer=casting.confirmer,
        budget=limits.budget(file.budget),
        choice=(tuning or Tuning()).choice(),
        seed=seed,
        allow_commands=allow_commands,
        probe=probe,
    )

    async def begin(where: Settings, ledger: Ledger, view: LiveView, person: Person | None) -> tuple[Run, Crew]:
        return await begin_run(replace(request, person=person), where, ledger, view.on_event)

    return anyio.run(play, out, begin)


def resume(
    run: str = "last",
    /,
    *,
    tuning: Tuning | None = None,
    output: Output | None = None,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Go on with a run that was interrupted, or that waited for a person.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    allow_commands
        Run the programs that the spec's checks name, without setpoint trust.
    """
    choice = (tuning or Tuning()).choice()
    return anyio.run(play, output or Output(), partial(_take_up, run, None, choice, allow=allow_commands))


def continue_(
    run: str = "last",
    /,
    *,
    limits: Limits | None = None,
    tuning: Tuning | None = None,
    output: Output | None = None,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Give a run more to spend, or another policy, and go on with it.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    allow_commands
        Run the programs that the spec's checks name, without setpoint trust.
    """
    more = limits or Limits()
    extended = Extended(
        passes=count("--passes", more.passes) or 0,
        tokens=count("--tokens", more.tokens) or 0,
        money=number("--money", more.money) or 0.0,
        seconds=number("--seconds", more.seconds) or 0.0,
    )
    choice = (tuning or Tuning()).choice()
    if extended == Extended() and choice == PolicyChoice():
        raise ConfigError("nothing is added; say how much, for example --passes +3 --tokens +20k")
    return anyio.run(play, output or Output(), partial(_take_up, run, extended, choice, allow=allow_commands))


async def _take_up(
    name: str,
    extended: Extended | None,
    choice: PolicyChoice,
    where: Settings,
    ledger: Ledger,
    view: LiveView,
    person: Person | None,
    *,
    allow: bool,
) -> tuple[Run, Crew]:
    known = await find_run(name, ledger)
    view.catch_up(await ledger.replay(known))
    it, crew = await take_up_run(known, where, ledger, view.on_event, allow_commands=allow, person=person)
    if (word := _perhaps_busy(it.state, time.time())) is not None:
        where.models.notice(word)
    policy = None if choice == PolicyChoice() else tuned(it.state.policy, choice)
    await (it.resume(policy) if extended is None else it.extend(replace(extended, policy=policy)))
    return it, crew


def _perhaps_busy(state: State, now: float) -> str | None:
    """What to say of a run whose last call began a moment ago; a ledger cannot tell a busy process from a killed one."""
    ago = now - state.at
    if state.pending is None or not 0 <= ago < _BUSY_SECONDS:
        return None
    return (
        f"the run was at work {duration(ago)} ago; if another process still is, it is stopped at its next step, "
        "and its call in flight is made again here"
    )


async def again(
    run: str, where: Settings, ledger: Ledger, view: LiveView, person: Person | None, *, allow: bool
) -> tuple[Run, Crew]:
    """Take an ended run up that may end otherwise now."""
    extended = more_for(run, fold(await ledger.replay(run)))
    return await _take_up(run, extended, PolicyChoice(), where, ledger, view, person, allow=allow)


async def play(out: Output, begin: Begin) -> int:
    """Drive a run in the terminal and hand over what came of it; gives the exit code."""
    return finish(*await driven(out, begin), out)


async def driven(out: Output, begin: Begin) -> tuple[Summary, Result]:
    """Drive a run in the terminal and say how it ended."""
    stamina.instrumentation.set_on_retry_hooks(())  # its log lines would run across the live view
    writable(out.output)
    writable(out.report)
    talk = _talk()
    where = settings(ledger=out.ledger, notice=partial(_notice, talk), observing=out.observing)
    talk.quiet = _logged(where)
    view = LiveView(talk, plain=out.plain or not talk.is_terminal)
    person = None if talk.quiet else person_at(talk, sys.stdin, view.paused, login())
    async with open_ledger(where) as ledger:
        with view:
            it, crew = await begin(where, ledger, view, person)
            result = await supervised(it, crew, where)
        summary = summarise(await ledger.replay(it.id))
    shown = ""
    if out.report is not None:
        with _kept_in_ledger(summary.run, "report"):
            write_text(out.report, render_html(summary))
        shown = str(out.report)
    if not talk.quiet:
        render_summary(summary, talk, report=shown)
    return summary, result


@contextmanager
def _kept_in_ledger(run: str, what: Literal["text", "report"]) -> Generator[None]:
    """Says, where a file cannot be written after all, how to get what it was to hold."""
    try:
        yield
    except ConfigError as error:
        command = f"setpoint show {run} > FILE" if what == "text" else f"setpoint report {run} -o FILE"
        raise ConfigError(f"{error}; nothing is lost: {command}") from error


def _talk() -> Console:
    return Console(stderr=True, highlight=False)


def _logged(where: Settings) -> bool:
    """Whether log lines take the place of everything else on standard error."""
    return where.observing.log is not None


def _notice(talk: Console, line: str) -> None:
    """What a model has to tell: that it is downloaded, or asked again."""
    if talk.quiet:
        logging.getLogger("setpoint").info(line)
    else:
        talk.print(line, markup=False, soft_wrap=True)


def finish(summary: Summary, result: Result, out: Output, *, text: bool = True) -> int:
    """Hand over the text, or the run as JSON; gives the exit code."""
    waits = result.question is not None  # the text is not final; it may be no more than an outline
    if out.output is not None and not waits:
        with _kept_in_ledger(summary.run, "text"):
            write_text(out.output, result.text)
    if out.json:
        sys.stdout.write(json.dumps(to_json(summary), indent=2) + "\n")
    elif text and out.output is None and not waits:
        sys.stdout.write(result.text if result.text.endswith("\n") or not result.text else result.text + "\n")
    sys.stdout.flush()
    return {"accepted": 0, "machinery": 3}.get(result.outcome or "", 1)
