"""How a batch is shown: a live line with a bar on a terminal, plain lines elsewhere. Everything goes to the console."""

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from setpoint.batch.pricing import BatchOutlook
from setpoint.batch.results import RowResult
from setpoint.batch.tally import Tally
from setpoint.core.event import Recorded
from setpoint.report.text import clean, dollars, duration, plural, thousands

__all__ = ["BatchView", "Seldom", "outlook_lines", "standing_line"]

_SHARE: Final = 20
"""Plain lines come at every twentieth of the rows …"""
_SECONDS: Final = 60.0
"""… and once a minute."""


def _rounded(number: float) -> int:
    """To two digits; more would be a pretence."""
    whole = max(0, round(number))
    step = 10 ** max(0, len(str(whole)) - 2)
    return round(whole / step) * step


def outlook_lines(outlook: BatchOutlook) -> tuple[str, ...]:
    """What a batch will take, in words."""
    money = "money: unknown, because no price is known"
    if outlook.money_p50 is not None and outlook.money_p90 is not None:
        low, high = dollars(outlook.money_p50), dollars(outlook.money_p90)
        money = f"money: about {low}, in nine of ten such batches not more than {high}"
        if not outlook.money_p90:
            money = "money: none, these models cost nothing"
    accepted = thousands(round(outlook.accepted))
    tokens, most = thousands(_rounded(outlook.tokens_p50)), thousands(_rounded(outlook.tokens_p90))
    return (
        f"{plural(outlook.rows, 'row')} to run; about {accepted} of them are expected to be accepted",
        f"passes: about {thousands(_rounded(outlook.passes))}",
        f"tokens: about {tokens}, in nine of ten such batches not more than {most}",
        money,
    )


def standing_line(tally: Tally, seconds: float) -> str:
    """Counts per outcome, rate, spend, and when it will be done."""
    counts = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in tally.outcomes.most_common())
    parts = [counts or "none has ended yet"]
    here = tally.done - tally.earlier
    if seconds > 0 and here:
        parts.append(f"{60 * here / seconds:.1f} rows/min")
    spend = f"{thousands(tally.tokens)} tokens"
    if tally.unpriced:
        spend += ", price unknown"
    elif tally.money:
        spend += f", {dollars(tally.money)}"
    parts.append(spend)
    left = tally.remaining(seconds)
    if tally.done < tally.rows and math.isfinite(left):
        parts.append(f"about {duration(max(left, 1.0))} left")
    return " · ".join(parts)


class Seldom:
    """Passes lines on, but only one in a while: hundreds of loops say the same when a provider is down.

    Args:
        say: told a line, with how many were left out before it.
        seconds: so long nothing more is said after a line.
        clock: seconds, monotonic.
    """

    def __init__(
        self, say: Callable[[str], None], *, seconds: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._seconds = seconds
        self._clock = clock
        self._next = -math.inf
        self._left_out = 0

    def __call__(self, line: str) -> None:
        """Say a line, or leave it out."""
        now = self._clock()
        if now < self._next:
            self._left_out += 1
            return
        more = f" ({plural(self._left_out, 'line')} like this left out)" if self._left_out else ""
        self._next, self._left_out = now + self._seconds, 0
        self._say(line + more)


class BatchView:
    """Shows a batch while it runs; a context manager.

    Args:
        console: where to.
        tally: what is shown.
        plain: lines instead of a bar.
        clock: seconds, monotonic.
    """

    def __init__(
        self, console: Console, tally: Tally, *, plain: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tally = tally
        self._console = console
        self._plain = plain
        self._clock = clock
        self._began = clock()
        self._said = (self._began, tally.done)
        self._bar = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            refresh_per_second=4,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._began = self._clock()
        if not self._plain:
            self._task = self._bar.add_task(self._line(), total=self.tally.rows, completed=self.tally.done)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if not self._plain:
            self._refresh()
            self._bar.stop()

    def on_event(self, recorded: Recorded) -> None:
        """Count an event of any run."""
        self.tally.hear(recorded.event)
        if not self._plain and self._clock() - self._said[0] > 0.25:  # noqa: PLR2004 - as often as it is drawn
            self._refresh()

    def ended(self, result: RowResult) -> None:
        """Count a row that has ended, and show it if it is time."""
        self.tally.finish(result)
        if not self._plain:
            self._refresh()
            return
        now, done = self._clock(), self.tally.done
        due = (done - self._said[1]) * _SHARE >= self.tally.rows or now - self._said[0] >= _SECONDS
        if due or done == self.tally.rows:
            self._said = now, done
            self.say(f"{thousands(done)} of {plural(self.tally.rows, 'row')}: {self._line()}")

    def say(self, line: str) -> None:
        """A line of its own."""
        self._console.print(clean(line), markup=False, soft_wrap=True)

    def _line(self) -> str:
        return standing_line(self.tally, self._clock() - self._began)

    def _refresh(self) -> None:
        self._said = self._clock(), self.tally.done
        if self._task is not None:
            self._bar.update(self._task, completed=self.tally.done, description=self._line())
