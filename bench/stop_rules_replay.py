"""Replaying stop rules on recorded loops: what a rule sees, what it would have had, fitting without peeking.

Rules of this file:

1. A rule sees the errors so far and nothing else: no workload, framework, model or prompt.
2. Every rule stops at zero errors and returns the best draft so far. Rules differ only in when they give up.
3. Nothing is scored on what it was fitted to, and what is chosen (a threshold, a patience) is chosen on the training
   folds too. Loops of one prompt are in one fold.
4. Intervals are of paired differences, from resampled prompts: the prompt is drawn, with all its loops, since loops of
   one prompt resemble each other (the cluster bootstrap: Cameron, Gelbach and Miller 2008).
"""

import gzip
import itertools
import json
import math
import operator
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

# Loops


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One recorded loop. Only `errors` is for rules; the rest is for grouping and for checking.

    Args:
        prompt: what was asked for; loops with the same prompt are one group.
        workload: the kind of task, for leaving one out.
        errors: the count of errors after each pass; None where the call failed and nothing was measured.
    """

    prompt: str
    workload: str
    errors: tuple[float | None, ...]


def load(folder: Path, condition: str) -> list[Loop]:
    """The recorded loops of one condition (``B20``: twenty passes, ``B10``: ten, drawn independently)."""
    loops: list[Loop] = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row.get("_header"):
                    continue
                recorded = row["conditions"][condition]
                # A failed call is recorded with a million errors; it is no measurement.
                failed = frozenset[int](recorded["failed_iters"])
                errors = tuple(
                    None if number in failed else float(count)
                    for number, count in enumerate(recorded["error_history"], start=1)
                )
                loops.append(Loop(prompt=row["prompt"], workload=row["workload"].split("-")[0], errors=errors))
    return loops


Trend: TypeAlias = Literal["start", "flat", "rose", "fell"]


class Situation(NamedTuple):
    """What a rule sees after a pass that still has errors."""

    passes: int
    """Passes so far, the first draft included."""
    now: float
    """Errors of the draft measured last; infinite before the first measurement."""
    best: float
    """The fewest errors so far."""
    fruitless: int
    """Passes in a row, up to now, that did not beat the best before them."""
    stalls: int
    """Passes in a row, up to now, that left the count of errors unchanged."""
    trend: Trend
    """``start`` until a second draft is measured; ``fell`` if any pass has lowered the errors against the draft before
    it; else ``rose`` if any has raised them; else ``flat``."""


def situations(errors: Sequence[float | None]) -> tuple[Situation, ...]:
    """The situation after each pass, up to the first pass without errors (not included).

    A failed call is a fruitless pass.
    """
    now = best = math.inf
    fruitless = stalls = 0
    trend: Trend = "start"
    found: list[Situation] = []
    for number, count in enumerate(errors, start=1):
        if count == 0:
            break
        fruitless = 0 if count is not None and count < best else fruitless + 1
        if count is not None:
            stalls = stalls + 1 if count == now else 0
            if now < math.inf:
                trend = _trend(trend, count - now)
            now, best = count, min(best, count)
        found.append(Situation(number, now, best, fruitless, stalls, trend))
    return tuple(found)


def _trend(trend: Trend, change: float) -> Trend:
    if trend == "fell" or change < 0:
        return "fell"
    return "rose" if trend == "rose" or change > 0 else "flat"


# Replay

Rule: TypeAlias = Callable[[Situation], bool]
"""Whether to go on, asked after each pass that still has errors."""


class Replayed(NamedTuple):
    """What a rule would have had from one loop."""

    passes: int
    passed: bool
    """Whether a draft without errors was reached, and so returned."""
    reached: bool
    """Whether the returned draft is as good as the best one of the whole recording."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A course of errors made ready for replay: its situations are worked out once, for all rules and loops.

    Args:
        situations: one for each pass before the first without errors.
        length: the passes recorded.
        best: the fewest errors of all.
    """

    situations: tuple[Situation, ...]
    length: int
    best: float

    @property
    def solved_at(self) -> float:
        """The pass without errors that came first; infinite if none did."""
        return len(self.situations) + 1 if len(self.situations) < self.length else math.inf

    def replay(self, rule: Rule) -> Replayed:
        """Follow the recording for as long as the rule goes on; return the best draft, not the last."""
        for seen in self.situations:
            if seen.passes == self.length or not rule(seen):
                return Replayed(seen.passes, passed=False, reached=seen.best == self.best)
        return Replayed(len(self.situations) + 1, passed=True, reached=True)


class Case(NamedTuple):
    """A loop and its course of errors."""

    loop: Loop
    trace: Trace


def ready(loops: Iterable[Loop]) -> list[Case]:
    """The loops made ready; those with the same course of errors share a trace."""
    traces: dict[tuple[float | None, ...], Trace] = {}
    found: list[Case] = []
    for loop in loops:
        if loop.errors not in traces:
            best = min((count for count in loop.errors if count is not None), default=math.inf)
            traces[loop.errors] = Trace(situations(loop.errors), len(loop.errors), best)
        found.append(Case(loop, traces[loop.errors]))
    return found


def replay(played: Iterable[Case], rule: Rule) -> list[Replayed]:
    """Replay one rule on every loop."""
    known: dict[Trace, Replayed] = {}
    results: list[Replayed] = []
    for case in played:
        if case.trace not in known:
            known[case.trace] = case.trace.replay(rule)
        results.append(known[case.trace])
    return results


# Rules with nothing fitted


def cap(limit: int) -> Rule:
    """Stop after so many passes."""
    return lambda seen: seen.passes < limit


def patience(limit: int, passes: int = sys.maxsize) -> Rule:
    """Stop after so many fruitless passes in a row, or so many passes in all."""
    return lambda seen: seen.fruitless < limit and seen.passes < passes


def divergence(seen: Situation) -> bool:
    """Stop when the errors rise, or are the same twice: what monitors of the error's *gain* per pass do by default."""
    return seen.now <= seen.best and seen.stalls < 2


class Plain(NamedTuple):
    """A rule to be said in one sentence: patience without a sign of life, a cap with one."""

    fruitless: int
    """Fruitless passes in a row that end a loop without a sign of life."""
    cap: int
    """Passes that end any loop."""
    one_left: bool
    """Whether a single error that has never become more is a sign of life too, not only that a pass lowered them."""

    @property
    def name(self) -> str:
        """The rule in a few words."""
        return f"{self.fruitless} fruitless unless {'fell or one left' if self.one_left else 'fell'}, cap {self.cap}"

    def __call__(self, seen: Situation) -> bool:
        """Whether to go on."""
        alive = seen.trend == "fell" or (self.one_left and seen.trend != "rose" and seen.now == 1)
        return seen.passes < self.cap and (alive or seen.fruitless < self.fruitless)


PLAIN: Final = tuple(itertools.starmap(Plain, itertools.product((1, 2, 3), (4, 5, 6, 7, 8, 10, 12), (False, True))))


# Rules that are fitted: a table of rates

Bin: TypeAlias = tuple[Hashable, ...]


def bins(seen: Situation) -> tuple[Bin, ...]:
    """The cell of a situation in the table, then the coarser cells it leans on, down to one cell for all."""
    late = next(k for k, last in enumerate((1, 2, 3, 5, 8, sys.maxsize)) if seen.passes <= last)
    few = math.ceil(min(seen.now, 3))
    return ((seen.trend, late, few), (seen.trend, late), (late,), ())


@dataclass(frozen=True, slots=True)
class Table:
    """How many loops pass per pass spent, by cell, looking up to `horizon` passes ahead.

    With a horizon of 1 this is the hazard of passing next. With more, a cell's rate is that of the best number of
    passes to commit to, so that a cell may be worth passing through (the index of Gittins 1979, estimated directly).
    A cell leans on the next coarser one with the weight of `LEAN` observations.
    """

    rates: Mapping[Bin, tuple[float, ...]]

    def rate(self, seen: Situation) -> float:
        """Loops passed per pass, in the best case over the horizons."""
        return max(next(self.rates[cell] for cell in bins(seen) if cell in self.rates))


LEAN: Final = 5.0

COARSER: Final[Mapping[int, Callable[[Bin], Bin]]] = {
    3: lambda cell: cell[:2],
    2: lambda cell: cell[1:],
    1: lambda _: (),
    0: lambda _: (),
}
"""The next coarser cell, by the length of a cell: the order of `bins`."""


def fit(training: Iterable[Case], horizon: int) -> Table:
    """Count what followed each situation in the training loops."""
    gained: dict[Bin, list[float]] = defaultdict(lambda: [0.0] * horizon)
    spent: dict[Bin, list[float]] = defaultdict(lambda: [0.0] * horizon)
    times: Counter[Bin] = Counter()
    for trace, loops in Counter(case.trace for case in training).items():
        for seen in trace.situations:
            if seen.passes == trace.length:
                continue
            for cell in bins(seen):
                times[cell] += loops
                for ahead in range(1, horizon + 1):
                    until = min(seen.passes + ahead, trace.length)
                    gained[cell][ahead - 1] += loops * (trace.solved_at <= until)
                    spent[cell][ahead - 1] += loops * (min(trace.solved_at, until) - seen.passes)
    smooth: dict[Bin, tuple[list[float], list[float]]] = {(): ([0.0] * horizon, [0.0] * horizon)}
    for cell in sorted(times, key=len):
        # The coarsest cell leans on nothing; every other one on the cell that `bins` names after it.
        lean = LEAN if cell else 0.0
        gain, cost = smooth[COARSER[len(cell)](cell)]
        smooth[cell] = (
            [(g + lean * mean) / (times[cell] + lean) for g, mean in zip(gained[cell], gain, strict=True)],
            [(s + lean * mean) / (times[cell] + lean) for s, mean in zip(spent[cell], cost, strict=True)],
        )
    return Table({cell: tuple(g / s for g, s in zip(*pair, strict=True)) for cell, pair in smooth.items()})


# Cross-fitting


def folds_by_prompt(loops: Iterable[Loop], folds: int, seed: int) -> dict[str, int]:
    """A fold for each prompt, drawn at random among prompts with equally many loops.

    Prompts are dealt out from those with the most loops to those with the fewest, so that the folds are alike in size:
    thirty prompts have half of the loops, and a fold short of them would have another mean of passes.
    """
    sizes = Counter(loop.prompt for loop in loops)
    prompts = sorted(sizes)
    random.Random(seed).shuffle(prompts)
    prompts.sort(key=lambda prompt: -sizes[prompt])
    return {prompt: place % folds for place, prompt in enumerate(prompts)}


Candidates: TypeAlias = Mapping[str, Rule]
Family: TypeAlias = Callable[[Sequence[Case]], Candidates]
"""From training loops to the rules of a family, by name; the names are the same whatever the training loops are."""

THRESHOLDS: Final = tuple(0.004 * 1.12**step for step in range(40))
"""Loops passed per pass below which it isn't worth going on: 0.4 % to 33 %."""


def plain(_training: Sequence[Case]) -> Candidates:
    """Nothing is fitted but the choice between the rules."""
    return {rule.name: rule for rule in PLAIN}


def tabulated(horizon: int) -> Family:
    """Go on while the table's rate exceeds a threshold."""

    def family(training: Sequence[Case]) -> Candidates:
        table = fit(training, horizon)
        known: dict[Situation, float] = {}

        def rate(seen: Situation) -> float:
            if seen not in known:
                known[seen] = table.rate(seen)
            return known[seen]

        return {f"{least:.4f}": lambda seen, least=least: rate(seen) > least for least in THRESHOLDS}

    return family


@dataclass(frozen=True, slots=True)
class Point:
    """A rule scored on every loop, in the order of the loops."""

    name: str
    results: Sequence[Replayed]

    @property
    def passes(self) -> float:
        """Mean passes."""
        return sum(result.passes for result in self.results) / len(self.results)

    @property
    def passed(self) -> float:
        """Share of loops that returned a draft without errors, in per cent."""
        return 100 * sum(result.passed for result in self.results) / len(self.results)

    @property
    def reached(self) -> float:
        """Share of loops that returned the best draft of the whole recording, or an equal one, in per cent."""
        return 100 * sum(result.reached for result in self.results) / len(self.results)


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """A family scored on loops that it was not fitted to.

    Args:
        frontier: each of its rules, always at the same setting.
        chosen: for each ceiling on mean passes, what the training folds choose, scored on the fold left out.
        choices: the settings chosen, a fold each.
    """

    frontier: tuple[Point, ...]
    chosen: Mapping[float, Point]
    choices: Mapping[float, tuple[str, ...]]


def choose(training: Mapping[str, Sequence[Replayed]], ceiling: float) -> str:
    """The rule that passes most on the training loops within a ceiling on mean passes; of equals the cheapest.

    If none keeps within the ceiling, the cheapest.
    """

    def merit(name: str) -> tuple[int, int]:
        spent = sum(result.passes for result in training[name])
        within = spent <= ceiling * len(training[name])
        return (sum(result.passed for result in training[name]) if within else -1, -spent)

    return max(training, key=merit)


def cross_fit(
    family: Family,
    fold_of: Callable[[Loop], int],
    fitted: Sequence[Case],
    scored: Sequence[Case],
    ceilings: Sequence[float],
) -> CrossFitted:
    """Fit on all folds but one and score on that one, in turn.

    Args:
        family: what to fit.
        fold_of: the fold of a loop; loops that share a prompt must share it.
        fitted: the loops to fit to, all folds.
        scored: the loops to score on, all folds; the same ones, or another recording of the same prompts.
        ceilings: bounds on mean passes under which the training folds choose a rule.
    """
    rows: dict[str, dict[int, Replayed]] = defaultdict(dict)
    chosen: dict[float, dict[int, Replayed]] = {ceiling: {} for ceiling in ceilings}
    choices: dict[float, list[str]] = {ceiling: [] for ceiling in ceilings}
    for fold in sorted({fold_of(case.loop) for case in scored}):
        training = [case for case in fitted if fold_of(case.loop) != fold]
        places = [place for place, case in enumerate(scored) if fold_of(case.loop) == fold]
        rules = family(training)
        for name, rule in rules.items():
            rows[name].update(zip(places, replay([scored[place] for place in places], rule), strict=True))
        seen = {name: replay(training, rule) for name, rule in rules.items()}
        for ceiling in ceilings:
            pick = choose(seen, ceiling)
            choices[ceiling].append(pick)
            chosen[ceiling].update((place, rows[pick][place]) for place in places)

    def point(name: str, results: Mapping[int, Replayed]) -> Point:
        return Point(name, [results[place] for place in range(len(scored))])

    return CrossFitted(
        tuple(point(name, results) for name, results in rows.items()),
        {ceiling: point(f"at most {ceiling}", results) for ceiling, results in chosen.items()},
        {ceiling: tuple(names) for ceiling, names in choices.items()},
    )


# Intervals


class Interval(NamedTuple):
    """A mean difference with its 95 % interval."""

    mean: float
    low: float
    high: float


class Resamples:
    """Prompts drawn again and again with replacement; the same draws serve every comparison.

    Args:
        prompts: the prompt of each loop, in the order of the loops.
        times: how many resamples.
        seed: fixes the draws.
    """

    def __init__(self, prompts: Sequence[str], times: int, seed: int) -> None:
        self._places = {prompt: place for place, prompt in enumerate(sorted(set(prompts)))}
        self._prompts = prompts
        self._loops = self._by_prompt([1.0] * len(prompts))
        rng = random.Random(seed)
        count = len(self._places)
        self._weights: list[list[int]] = []
        for _ in range(times):
            drawn = Counter(rng.choices(range(count), k=count))
            self._weights.append([drawn[place] for place in range(count)])
        self._sizes = [sum(map(operator.mul, weights, self._loops)) for weights in self._weights]

    def _by_prompt(self, values: Sequence[float]) -> list[float]:
        sums = [0.0] * len(self._places)
        for prompt, value in zip(self._prompts, values, strict=True):
            sums[self._places[prompt]] += value
        return sums

    def interval(self, differences: Sequence[float]) -> Interval:
        """The mean of a difference per loop, and the 2.5 % and 97.5 % quantiles of its resampled means."""
        sums = self._by_prompt(differences)
        means = sorted(
            sum(map(operator.mul, weights, sums)) / size
            for weights, size in zip(self._weights, self._sizes, strict=True)
        )
        tail = int(0.025 * len(means))
        return Interval(sum(differences) / len(differences), means[tail], means[-1 - tail])
