"""Forecasts in words: before a run, within it, and against what came of it (rule 17)."""

from collections.abc import Callable, Iterator, Sequence

from setpoint.core.action import Revise
from setpoint.core.detect import excluded
from setpoint.core.event import Recorded, Requested, Stopped
from setpoint.core.expected import Amount
from setpoint.core.fold import begin, evolve
from setpoint.core.forecast import BOUND_LEVEL, ENOUGH_RUNS, Outlook, reforecast
from setpoint.core.past import USUAL_PASSES, Habit
from setpoint.core.state import State
from setpoint.report.text import dollars, plural, thousands
from setpoint.report.view import ForecastLine

__all__ = ["forecast_lines", "forecast_says", "outlook_json", "outlook_lines", "passes_says"]

_NAMED = 5
_SHOWN = 8
"""So many passes are shown one by one."""


def passes_says(passes: int | None, budget: int) -> str:
    """``3``, or ``>8`` where a budget of 8 passes does not reach."""
    return f">{budget}" if passes is None else str(passes)


def outlook_lines(outlook: Outlook) -> Iterator[ForecastLine]:
    """An outlook before the start, a line for each thing it says."""
    rates = outlook.rates
    yield ForecastLine(about="loop", says=f"{outlook.advice}: {outlook.reason}")
    yield ForecastLine(about="passes", says=_within(outlook))
    chances = ", ".join(f"{number}: {_percent(chance)}" for number, chance in enumerate(outlook.done[:_SHOWN], start=1))
    yield ForecastLine(about="done by", says=f"pass {chances}")
    yield ForecastLine(about="in budget", says=f"{_percent(outlook.chance)} ({_caps(outlook)})")
    yield ForecastLine(about="tokens", says=_spread(outlook, lambda amount: thousands(_rounded(amount.tokens))))
    if outlook.cost_p90.money is None:
        yield ForecastLine(about="money", says="unknown: no price is known")
    elif not outlook.cost_p90.money:
        yield ForecastLine(about="money", says="none: these models cost nothing")
    else:
        yield ForecastLine(about="money", says=_spread(outlook, lambda amount: dollars(amount.money or 0.0)))
    yield ForecastLine(
        about="converges",
        says=f"R = {outlook.convergence:.2f}: {outlook.convergence_says}",
    )
    yield ForecastLine(about="bound", says=_bound(outlook))
    yield ForecastLine(about="rests on", says=rates.source)
    if outlook.habit is not None:
        yield ForecastLine(about="so far", says=_habit(outlook.habit))


def _within(outlook: Outlook) -> str:
    """How many passes half of such runs take, and nine in ten, as far as the budget reaches."""
    if outlook.p50 is None:
        return f"half of such runs take more than {outlook.budget.passes}"
    p90 = f"within {outlook.p90}" if outlook.p90 is not None else f"only after more than {outlook.budget.passes}"
    return f"half of such runs are done within {outlook.p50}, nine in ten {p90}"


def _habit(habit: Habit) -> str:
    open_then = ", ".join(f"{name} ({times})" for name, times in habit.open[:_NAMED])
    return (
        f"{habit.long} of {habit.runs} runs of this spec were not done within {USUAL_PASSES} passes. Open by then: "
        f"{open_then}. Say more exactly what these ask for, or give them a check"
    )


def _percent(chance: float) -> str:
    """Whole percents; never 0 or 100 for what is not certain."""
    if 0.0 < chance < 0.005:  # noqa: PLR2004 - rounds to 0
        return "<1 %"
    if 0.995 <= chance < 1.0:  # noqa: PLR2004 - rounds to 100
        return ">99 %"
    return f"{chance:.0%}".replace("%", " %")


def _rounded(tokens: float) -> int:
    """To two digits; more would be a pretence."""
    whole = max(0, round(tokens))
    step = 10 ** max(0, len(str(whole)) - 2)
    return round(whole / step) * step


def _spread(outlook: Outlook, amount: Callable[[Amount], str]) -> str:
    middle, high = amount(outlook.cost_p50), amount(outlook.cost_p90)
    if outlook.p50 is None:
        return f"more than {middle} for half of such runs: they need more passes than the budget has"
    beyond = "more than " if outlook.p90 is None else ""
    return f"about {middle} for half of such runs, {beyond}{high} for nine in ten"


def _caps(outlook: Outlook) -> str:
    budget = outlook.budget
    caps = [plural(budget.passes, "pass")]
    caps += [plural(budget.tokens, "token")] if budget.tokens is not None else []
    caps += [dollars(budget.money)] if budget.money is not None else []
    tight = outlook.affordable < budget.passes
    fits = f"; about {plural(outlook.affordable, 'pass')} fit" if tight else ""
    return f"at most {', '.join(caps)}{fits}"


def _bound(outlook: Outlook) -> str:
    share = f"{BOUND_LEVEL:.0%}".replace("%", " %")
    if outlook.runs < ENOUGH_RUNS:
        return f"none yet: {plural(outlook.runs, 'own finished run')}, {ENOUGH_RUNS} are needed"
    bound = passes_says(outlook.bound, outlook.budget.passes)
    return f"{bound} passes in {share} of runs, by {plural(outlook.runs, 'own finished run')}"


def outlook_json(outlook: Outlook) -> dict[str, object]:
    """An outlook as plain JSON values."""
    return {
        "version": 1,
        "advice": outlook.advice,
        "reason": outlook.reason,
        "passes": {
            "p50": outlook.p50,
            "p90": outlook.p90,
            "budget": outlook.budget.passes,
            "affordable": outlook.affordable,
            "done_by": list(outlook.done),
        },
        "chance": outlook.chance,
        "tokens": {"p50": round(outlook.cost_p50.tokens), "p90": round(outlook.cost_p90.tokens)},
        "money": {"p50": outlook.cost_p50.money, "p90": outlook.cost_p90.money},
        "convergence": {"ratio": outlook.convergence, "says": outlook.convergence_says},
        "bound": {"passes": outlook.bound, "level": BOUND_LEVEL, "runs": outlook.runs, "needed": ENOUGH_RUNS},
        "rests_on": outlook.rates.source,
        "habit": outlook.habit and {**outlook.habit._asdict(), "open": dict(outlook.habit.open)},
    }


def forecast_says(state: State) -> str:
    """The forecast of a run as it stands, in one line; empty while a given text has not been read."""
    if state.opened.given is not None and state.best is None:
        return ""
    outlook = reforecast(state)
    if excluded(state) is not None:
        return f"{outlook.advice}: {outlook.reason}"
    total = outlook.budget.passes
    return (
        f"{_percent(outlook.chance)} to finish within {plural(total, 'pass')}; half of such runs take "
        f"{passes_says(outlook.p50, total)}, nine in ten {passes_says(outlook.p90, total)}"
    )


def forecast_lines(events: Sequence[Recorded]) -> tuple[ForecastLine, ...]:
    """The forecast of a run at its start and after each pass, and what came of it.

    Computed from the events alone, so that it is what a reader of the run would have been told at the time: of
    earlier runs it knows what this one was opened with.

    Args:
        events: all events of the run in order.

    Raises:
        ValueError: if there are no events, or the first does not open a run.
    """
    state = begin(events[0])
    start = None if state.opened.given is not None else reforecast(state)
    lines = [_at_the_start(state, start)] if start else []
    chances: list[str] = []
    for recorded in events[1:]:
        if isinstance(recorded.event, Requested) and isinstance(recorded.event.action, Revise):
            outlook = reforecast(state)
            if start is None:  # of a text that existed, nothing is forecast before it was measured
                start = outlook
                lines.append(_at_the_start(state, start))
            else:
                chances.append(f"after pass {len(state.passes)}: {_percent(outlook.chance)}")
        state = evolve(state, recorded)
        if isinstance(recorded.event, Stopped):
            stopped = recorded.event
            fact = f"{plural(len(state.passes), 'pass')}, {stopped.outcome.replace('_', ' ')}"
            lines += _on_the_way(chances)
            chances = []
            if start is not None:
                verdict = _against(start, state, accepted=stopped.outcome == "accepted")
                lines.append(ForecastLine(about="in fact", says=f"{fact}; {verdict}"))
    return (*lines, *_on_the_way(chances))


def _at_the_start(state: State, start: Outlook) -> ForecastLine:
    return ForecastLine(about="at the start", says=f"{forecast_says(state)} ({start.rates.source})")


def _on_the_way(chances: Sequence[str]) -> list[ForecastLine]:
    said = "chance to finish " + ", ".join(chances)
    return [ForecastLine(about="on the way", says=said)] if chances else []


def _against(start: Outlook, state: State, *, accepted: bool) -> str:
    """How the fact compares with the forecast at the start."""
    if not accepted:
        return f"at the start {_percent(start.chance)} of such runs were expected to finish"
    took = len(state.passes)
    if start.p50 is None:
        return "fewer than half of such runs were expected to finish within the budget"
    if took <= start.p50:
        return "no longer than half of such runs were expected to take"
    if start.p90 is None or took <= start.p90:
        return "longer than half of such runs were expected to take"
    return "longer than nine in ten were expected to take"
