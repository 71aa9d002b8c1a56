"""The run in a terminal: the live view while it goes on, and the summary after its end.

Both write to the console they are given and to nothing else. Where the console is not a terminal, or on request, the
live view is plain numbered lines.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from setpoint.core.action import Revise, Write
from setpoint.core.event import Event, Opened, Recorded, Requested, Stopped
from setpoint.core.fold import begin, evolve
from setpoint.core.state import State
from setpoint.report.grid import glyphs_for, grid, safe
from setpoint.report.history import targets_of
from setpoint.report.narrator import Narrator, spending
from setpoint.report.outlook import forecast_says
from setpoint.report.readings import probe_view
from setpoint.report.text import clean, dollars, duration, one_line, plural, thousands
from setpoint.report.view import Summary, TargetView
from setpoint.report.words import call_says, distrust_says, question_says, role_says, rule_says
from setpoint.run import question_of

__all__ = ["LiveView", "clean", "render_summary"]

_FRAMES_PER_SECOND = 4
_AROUND_THE_GRID = 12
"""Lines of a frame that are neither criteria nor the facts below them."""
_LEGEND_LINES = 4
_FEWEST_ROWS = 3
_FAULTS = 4
"""So many of the faults being fixed are shown; a redraft takes on all of them."""
_LOW = 30
"""On a terminal with fewer lines one fault is shown, and no forecast."""
_BRIEF = 400


class LiveView:
    """Shows a run as it goes; a context manager.

    Args:
        console: where to write, usually standard error.
        plain: numbered lines even on a terminal.
        clock: seconds, from any start; only differences are used.
    """

    def __init__(self, console: Console, *, plain: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._plain = plain or not console.is_terminal
        self._clock = clock
        self._lock = threading.Lock()  # the screen is redrawn by a thread of its own
        self._narrator = Narrator()
        self._lines = 0
        self._state: State | None = None
        self._run = ""
        self._fixing: tuple[TargetView, ...] = ()
        self._forecast = ""
        self._since = clock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if not self._plain:
            self._live = Live(get_renderable=self._frame, console=self._console, refresh_per_second=_FRAMES_PER_SECOND)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Leave the terminal alone as long as the block runs; the last frame stays above what it writes."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        try:
            yield
        finally:
            if live is not None:
                self.__enter__()

    def catch_up(self, events: Iterable[Recorded]) -> None:
        """Take in events of an earlier process without telling them."""
        for recorded in events:
            self._follow(recorded)

    def on_event(self, recorded: Recorded) -> None:
        """Show one more event; events come in order, from the first of the run.

        Raises:
            ValueError: if the first event does not open a run.
        """
        before = self._state
        after = self._follow(recorded)
        if self._plain:
            for line in self._narrator.tell(before, after, recorded.event):
                self._lines += 1
                text = safe(line, self._console).rstrip("\n")
                self._console.print(Text(f"{self._lines:>3}  {text}"), soft_wrap=True)
        elif self._live is not None:
            self._live.refresh()

    def _follow(self, recorded: Recorded) -> State:
        with self._lock:
            before = self._state
            after = begin(recorded) if before is None else evolve(before, recorded)
            if isinstance(recorded.event, Requested):
                self._since = self._clock()
                if before is not None and isinstance(recorded.event.action, Write | Revise):
                    action = recorded.event.action
                    self._fixing = targets_of(before, action) if isinstance(action, Revise) else ()
            if isinstance(recorded.event, Opened) or (before is not None and _asks_anew(recorded.event)):
                self._forecast = forecast_says(before or after)
            self._run = recorded.run
            self._state = after
            return after

    def _frame(self) -> RenderableType:
        with self._lock:
            state, fixing, waited = self._state, self._fixing, self._clock() - self._since
            forecast = self._forecast
        if state is None:
            return Text(" starting", style="dim")
        title = Text(f" {safe(one_line(state.opened.title, 60), self._console)}", style="bold")
        title.append(f"   run {safe(self._run, self._console)}", style="dim not bold")
        low = self._console.height < _LOW
        facts = _now(state, fixing, waited, "" if low else forecast, 1 if low else _FAULTS)
        now = _facts(self._console, facts)
        rows, legend = self._room(now)
        table = grid(state, self._console, rows=rows, legend=legend)
        return Group(title, Text(), *table, Text(), now)

    def _room(self, below: RenderableType) -> tuple[int | None, bool]:
        """How many criteria fit, and whether the legend does: while it is redrawn a frame must fit on the screen."""
        if self._live is None:
            return None, True  # the last frame stays and may scroll
        lines = len(self._console.render_lines(below, self._console.options, pad=False))
        rows = self._console.height - _AROUND_THE_GRID - lines
        return (rows, True) if rows >= _FEWEST_ROWS else (max(_FEWEST_ROWS, rows + _LEGEND_LINES), False)


def _asks_anew(event: Event) -> bool:
    """Whether the last pass is settled and another begins, so that a forecast says something new."""
    return isinstance(event, Requested) and isinstance(event.action, Revise)


def _now(
    state: State, fixing: tuple[TargetView, ...], waited: float, forecast: str, faults: int
) -> Iterator[tuple[str, str]]:
    """What is being done, by which rule, about which fault, what is waited for, and what is spent."""
    request, stopped = state.pending, state.stopped
    for role in ("critic", "confirmer"):
        view = probe_view(state, role) if state.needs_critic else None
        if view is not None and view.sensitivity is not None and not view.trusted:
            yield "note", distrust_says(view, f"the {role}") + ": unverified at best"
    if stopped is not None:
        yield from _ended(stopped)
    elif request is not None:
        number = len(state.passes) + (request.role == "author")
        yield "now", f"pass {number}: {call_says(request.action)}" if number else call_says(request.action)
        yield "why", f"{rule_says(request.rule)} (rule {request.rule})"
        shown = fixing[:faults] if request.role == "author" else ()
        for target in shown:
            yield "fault", f"{target.criterion}: {one_line(target.directive, 160)}"
        if shown != fixing and shown:
            yield "fault", f"and {len(fixing) - len(shown)} more"
        model = state.model(request.role)
        yield "wait", f"{role_says(request.role)} ({model.model if model else 'unknown model'}), {duration(waited)}"
    elif (question := question_of(state)) is not None:
        yield "now", "waiting for a person"
        yield "asks", question_says(question)
    else:
        yield "now", "measuring"
    if stopped is None and forecast:
        yield "ahead", forecast
    yield "spent", spending(state)


def _ended(stopped: Stopped) -> Iterator[tuple[str, str]]:
    yield "end", f"{stopped.outcome.replace('_', ' ')}: {stopped.reason}"
    yield "why", f"{rule_says(stopped.rule)} (rule {stopped.rule})"


def _facts(console: Console, rows: Iterable[tuple[str, str | Text]]) -> Table:
    """Pairs of a word and a text; the text wraps below itself."""
    table = Table.grid(padding=(0, 2, 0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    previous = ""
    for word, text in rows:
        shown = text if isinstance(text, Text) else Text(safe(text, console))
        table.add_row(Text("" if word == previous else word), shown)
        previous = word
    return table


def render_summary(summary: Summary, console: Console, *, report: str = "") -> None:
    """Write what was asked, how it ended and why, what is open, what to do next and what it cost.

    Args:
        summary: from `summarise`.
        console: where to write.
        report: where the report file is; left out if empty.
    """
    heading = Text(safe(one_line(summary.title, 80), console) + ": ", style="bold")
    heading.append(summary.outcome_title.lower(), style="green" if summary.outcome == "accepted" else "yellow")
    console.print(heading)
    console.print(_facts(console, _summary_rows(summary, console, report)))


def _summary_rows(  # noqa: C901, PLR0912 - a row each
    summary: Summary, console: Console, report: str
) -> Iterator[tuple[str, str | Text]]:
    yield "asked", one_line(summary.brief, _BRIEF)
    yield "outcome", summary.outcome_says
    if summary.question is not None:
        yield "about", summary.question.text.strip()
    if summary.reason:
        yield "why", f"{one_line(summary.reason)} (rule {summary.rule})"
    if summary.strength:
        yield "rests on", f"{summary.strength}. {summary.strength_says}"
    if summary.sure is not None:
        yield "sure", summary.sure.says
    if summary.returned is not None:
        kept = f"draft {summary.returned} of {sum(entry.draft is not None for entry in summary.passes)}"
        yield "text", f"{kept}, {plural(len(summary.text.split()), 'word')}"
    else:
        drafts = any(entry.draft is not None for entry in summary.passes)
        yield "text", "none: no draft could be read in full" if drafts else "none: there is no draft yet"
    glyphs = glyphs_for(console)
    for fault in summary.open_faults:
        kind = "fail" if fault.status == "fail" else "cannot_assess"
        weight = f"core, impact {fault.impact}" if fault.core else f"impact {fault.impact}"
        line = Text(f"{glyphs.cells[kind]} ", style="bold red" if kind == "fail" else "yellow")
        line.append(
            safe(f"{fault.criterion} ({weight}): {one_line(fault.directive or fault.says)}", console),
            style="default not bold",
        )
        yield "open", line
    for aside in summary.set_aside:
        yield "set aside", f"{aside.criterion}: {one_line(aside.why)}"
    if summary.wishes:
        yield "parked", f"{plural(len(summary.wishes), 'wish')} of the critic that no criterion demands; see the report"
    for signature in summary.diagnosis[:1]:
        more = len(summary.diagnosis) - 1
        shown = f"{signature.title.lower()}. {one_line(signature.evidence[0])}"
        yield "trouble", f"{shown} ({more} more in the report)" if more else shown
        yield "change", signature.advice
    for step in summary.next_steps:
        yield "next", step
    yield "spent", _spent(summary)
    yield "run", summary.run
    for line in summary.forecast:
        yield "forecast", f"{line.about}: {line.says}"
    if report:
        yield "report", report


def _spent(summary: Summary) -> str:
    spent, budget = summary.spent, summary.budget
    of_tokens = f" of {thousands(budget.tokens)}" if budget.tokens is not None else ""
    unknown = (
        f"; {plural(spent.uncertain_tokens, 'token')} of them in calls that were given up"
        if spent.uncertain_tokens
        else ""
    )
    unpriced = f" and {plural(spent.unpriced, 'call')} of unknown price" if spent.unpriced else ""
    return (
        f"{spent.passes} of {plural(budget.passes, 'pass')}, {plural(spent.calls, 'call')}, "
        f"{thousands(spent.tokens)}{of_tokens} tokens, {dollars(spent.money)}{unpriced}, "
        f"{duration(spent.seconds)}{unknown}"
    )
