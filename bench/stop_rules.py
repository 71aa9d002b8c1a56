"""Stop rules replayed on 2,000 recorded revision loops.

When is another pass worth its price? Each recorded loop has twenty passes with a count of errors per pass, so a rule
can be asked after every pass whether it would have gone on, and what it would have returned is known.

    python bench/stop_rules.py [--data ../shared/data/loop_traces] [--small] [--write]

Prints Markdown; with ``--write`` also draws ``docs/benchmarks/stop-rules.svg``. What a rule may see and how it is
scored is in ``stop_rules_replay.py``. Standard library only.
"""

import argparse
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from setpoint.core.policy import Policy
from setpoint.core.spec import Budget
from stop_rules_picture import Mark, Place, draw
from stop_rules_replay import (
    PLAIN,
    Case,
    CrossFitted,
    Family,
    Loop,
    Plain,
    Point,
    Resamples,
    Rule,
    cap,
    cross_fit,
    divergence,
    folds_by_prompt,
    load,
    patience,
    plain,
    ready,
    replay,
    tabulated,
)

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "benchmarks" / "stop-rules.svg"
RISE_OR_STALL: Final = "stop when errors rise or stall twice"
RUNGS: Final = len(Policy().short_ladder)
LADDER: Final = f"Setpoint's ladder: {RUNGS} fruitless, cap {Budget().passes}"
"""What of Setpoint's stop law a recording can show: every tactic once on the same best draft, within the budget."""


def known(cases: Sequence[Case]) -> list[Point]:
    """The rules with nothing fitted."""
    rules: dict[str, Rule] = {f"cap {limit}": cap(limit) for limit in (1, 2, 3, 4, 5, 6, 8, 10, 20)}
    rules |= {f"stop after {limit} fruitless": patience(limit) for limit in (1, 2, 3)}
    rules[RISE_OR_STALL] = divergence
    rules["Setpoint `canon`: stop after 1 fruitless"] = patience(1, Budget().passes)
    rules[LADDER] = patience(RUNGS, Budget().passes)
    return [Point(name, replay(cases, rule)) for name, rule in rules.items()]


def sign_test(won: int, lost: int) -> float:
    """The two-sided exact sign test: how likely so uneven a split is if both sides are equally likely."""
    trials = won + lost
    tail = sum(math.comb(trials, k) for k in range(min(won, lost) + 1)) / 2**trials
    return min(1.0, 2 * tail)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, what every rule on it is compared with, and the draws for the intervals."""

    cases: Sequence[Case]
    base: Point
    resamples: Resamples

    @classmethod
    def of(cls, loops: Iterable[Loop], times: int, seed: int) -> "Recording":
        """Compare with three passes at most."""
        cases = ready(loops)
        resamples = Resamples([case.loop.prompt for case in cases], times, seed)
        return cls(cases, Point("cap 3", replay(cases, cap(3))), resamples)

    def gains(self, point: Point) -> list[float]:
        """What a point passes more than the base, in points, loop by loop."""
        return [100.0 * (a.passed - b.passed) for a, b in zip(point.results, self.base.results, strict=True)]

    def row(self, point: Point, base: Point) -> str:
        """A line of the table."""
        pairs = list(zip(point.results, base.results, strict=True))
        gains = [a.passed - b.passed for a, b in pairs]
        gain = self.resamples.interval([100.0 * difference for difference in gains])
        cost = self.resamples.interval([float(a.passes - b.passes) for a, b in pairs])
        by_prompt: Counter[str] = Counter()
        for case, difference in zip(self.cases, gains, strict=True):
            by_prompt[case.loop.prompt] += difference
        won, lost = sum(n > 0 for n in by_prompt.values()), sum(n < 0 for n in by_prompt.values())
        return (
            f"| {point.name} | {point.passes:.2f} | {point.passed:.2f} | {point.reached:.1f} "
            f"| {gain.mean:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}] "
            f"| {cost.mean:+.2f} [{cost.low:+.2f}, {cost.high:+.2f}] "
            f"| {gains.count(1)} / {gains.count(-1)} | {won} / {lost} (p = {sign_test(won, lost):.2g}) |"
        )

    def table(self, points: Iterable[Point], base: Point | None = None) -> str:
        """The table of some points, each with its paired difference to a base (cap 3 unless told)."""
        base = base or self.base
        head = (
            f"| rule | mean passes | passed % | best reached % | passed, points over {base.name} [95 %] "
            f"| passes over {base.name} [95 %] | loops won / lost | prompts won / lost (sign test) |"
        )
        return "\n".join((head, "|---|" + "--:|" * 7, *(self.row(point, base) for point in points)))


FAMILIES: Final[Mapping[str, Family]] = {"hazard": tabulated(1), "rate, 8 ahead": tabulated(8), "plain": plain}
TWO: Final = ("hazard", "plain")
"""The families that are checked further; looking further ahead changes next to nothing."""

CEILINGS: Final = (1.7, 1.9, 2.0)
"""Bounds on mean passes in which the training folds choose: what cap 3 costs, and two steps up to the goal's bound."""

RECOMMENDED: Final = Plain(fruitless=2, cap=Budget().passes, one_left=True)
FRUGAL: Final = Plain(fruitless=1, cap=Budget().passes, one_left=True)


def named(point: Point, name: str) -> Point:
    """The point under another name."""
    return Point(name, point.results)


def picked(fitted: Mapping[str, CrossFitted]) -> list[Point]:
    """What the training folds chose, family after family."""
    return [
        named(point, f"{family}, chosen for ≤ {ceiling} passes")
        for family, result in fitted.items()
        for ceiling, point in result.chosen.items()
    ]


def workload_table(cases: Sequence[Case], points: Sequence[Point]) -> str:
    """Where the difference comes from: share passed and mean passes, a workload each."""
    lines = [
        "| workload | loops | " + " | ".join(point.name for point in points) + " |",
        "|---|--:" * (2 + len(points)),
    ]
    lines[1] = "|---|--:|" + "--:|" * len(points)
    for workload in sorted({case.loop.workload for case in cases}):
        places = [place for place, case in enumerate(cases) if case.loop.workload == workload]
        parts = [Point(point.name, [point.results[place] for place in places]) for point in points]
        cells = " | ".join(f"{part.passed:.1f} % at {part.passes:.2f}" for part in parts)
        lines.append(f"| {workload} | {len(places)} | {cells} |")
    return "\n".join(lines)


def hazards(cases: Sequence[Case]) -> str:
    """How often the next pass was without errors, by what a plain rule looks at; all loops, nothing smoothed."""
    spans = (("2", 2, 2), ("3", 3, 3), ("4-5", 4, 5), ("6-8", 6, 8), ("9-19", 9, 19))
    kinds: Mapping[str, Rule] = {
        "a pass has lowered the errors": lambda seen: seen.trend == "fell",
        "never lowered or raised, one error": lambda seen: seen.trend == "flat" and seen.now == 1,
        "never lowered or raised, more errors": lambda seen: seen.trend == "flat" and seen.now > 1,
        "raised and never lowered": lambda seen: seen.trend == "rose",
    }
    lines = [
        "| so far | " + " | ".join(f"after pass {name}" for name, _, _ in spans) + " |",
        "|---|" + "--:|" * len(spans),
    ]
    for kind, belongs in kinds.items():
        cells: list[str] = []
        for _, low, high in spans:
            followed = [
                case.trace.solved_at == seen.passes + 1
                for case in cases
                for seen in case.trace.situations
                if low <= seen.passes <= high and belongs(seen)
            ]
            cells.append(f"{sum(followed)} of {len(followed)}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def place(*points: Point) -> Place:
    """The mean place of some points."""
    return Place(statistics.fmean(p.passes for p in points), statistics.fmean(p.passed for p in points))


def picture(fixed: Sequence[Point], runs: Sequence[Mapping[str, CrossFitted]], ours: Sequence[Point]) -> str:
    """The picture of this report; what is fitted is drawn as its mean over the splits into folds."""
    spots = {p.name: place(p) for p in fixed}
    fitted = {name: place(*(run[name].chosen[1.9] for run in runs)) for name in TWO}
    frontier = [place(*points) for points in zip(*(run["hazard"].frontier for run in runs), strict=True)]
    marks = (
        Mark(spots["cap 2"], "cap 2", 8, 14),
        Mark(spots["cap 3"], "cap 3", 8, 14),
        Mark(spots["cap 4"], "cap 4", 8, 14),
        Mark(spots["cap 6"], "cap 6", 8, 14),
        Mark(spots["cap 10"], "cap 10", 8, 16),
        Mark(spots["cap 20"], "cap 20", -4, -10, anchor="end"),
        Mark(spots[LADDER], LADDER, -20, -16, anchor="middle"),
        Mark(spots[RISE_OR_STALL], RISE_OR_STALL, 14, 20),
        Mark(fitted["hazard"], "hazard, ≤ 1.9", -12, 6, "a", "end"),
        Mark(fitted["plain"], "plain, ≤ 1.9", 6, -18, "a"),
        Mark(place(ours[0]), "plain rule, 2 fruitless", -8, -8, "b", "end"),
        Mark(place(ours[1]), "plain rule, 1 fruitless", -8, -8, "b", "end"),
    )
    caps = [spot for name, spot in spots.items() if name.startswith("cap ")]
    return draw(len(fixed[0].results), caps, frontier, marks)


# The report


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is measured, a section each.

    Args:
        long: the recording with twenty passes, which rules are fitted to.
        short: the same prompts recorded again, ten passes.
        folds: how many folds.
        splits: how many splits into folds, for what hangs on them.
        seed: fixes the first split; the others follow from it.
    """

    long: Recording
    short: Recording
    folds: int
    splits: int
    seed: int

    def crossed(self, scored: Recording, fold: Callable[[Loop], int], names: Iterable[str]) -> dict[str, CrossFitted]:
        """Families fitted to the long recording and scored on a recording, fold by fold."""
        return {name: cross_fit(FAMILIES[name], fold, self.long.cases, scored.cases, CEILINGS) for name in names}

    def by_prompt(self, seed: int) -> Callable[[Loop], int]:
        """A split into folds by prompt."""
        folds = folds_by_prompt((case.loop for case in self.long.cases), self.folds, seed)
        return lambda loop: folds[loop.prompt]

    def by_workload(self) -> Callable[[Loop], int]:
        """A workload a fold."""
        names = sorted({case.loop.workload for case in self.long.cases})
        return lambda loop: names.index(loop.workload)

    def spread(self, runs: Sequence[Mapping[str, CrossFitted]]) -> str:
        """What is left when the folds are drawn again and again: the mean over the splits, loop by loop."""
        lines = [
            (
                "| family, chosen for | mean passes (least to most) | passed % (least to most) "
                "| passed, points over cap 3 [95 %] | splits whose interval is above 0 |"
            ),
            "|---|--:|--:|--:|--:|",
        ]
        for name, ceiling in itertools.product(TWO, CEILINGS):
            points = [run[name].chosen[ceiling] for run in runs]
            gains = [self.long.gains(point) for point in points]
            gain = self.long.resamples.interval([statistics.fmean(loop) for loop in zip(*gains, strict=True)])
            above = sum(self.long.resamples.interval(each).low > 0 for each in gains)
            spent, passed = [p.passes for p in points], [p.passed for p in points]
            lines.append(
                f"| {name}, ≤ {ceiling} | {statistics.fmean(spent):.2f} ({min(spent):.2f} to {max(spent):.2f}) "
                f"| {statistics.fmean(passed):.2f} ({min(passed):.2f} to {max(passed):.2f}) "
                f"| {gain.mean:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}] | {above} of {self.splits} |"
            )
        return "\n".join(lines)

    def render(self) -> tuple[str, str]:
        """The report in Markdown, and the picture."""
        fixed = known(self.long.cases)
        runs = [self.crossed(self.long, self.by_prompt(self.seed + number), TWO) for number in range(self.splits)]
        fitted = self.crossed(self.long, self.by_prompt(self.seed), FAMILIES)
        again = self.crossed(self.short, self.by_prompt(self.seed), TWO)
        elsewhere = self.crossed(self.long, self.by_workload(), TWO)
        ours = plainly(self.long)
        ten = Point("cap 10", replay(self.short.cases, cap(10)))
        frontier = [named(p, f"hazard > {p.name}") for p in fitted["hazard"].frontier]
        sections = (
            "## Nothing fitted",
            self.long.table(fixed),
            f"## Fitted, scored on other prompts ({self.folds} folds)",
            self.long.table(picked(fitted)),
            settings(fitted),
            "### The whole frontier of the hazard rule, over its threshold",
            self.long.table(frontier),
            f"### How much hangs on the folds ({self.splits} splits)",
            self.spread(runs),
            "## The plain rule, as recommended",
            SEEN,
            self.long.table(ours),
            "The same rules against the ladder as it is:",
            self.long.table(ours, next(point for point in fixed if point.name == LADDER)),
            "Passed at mean passes, over the parts of the rule:",
            plain_grid(self.long.cases),
            "Passed at mean passes, by workload (which no rule sees):",
            workload_table(self.long.cases, [self.long.base, *ours]),
            "### The same prompts recorded again (ten passes), fitted on the first recording of other prompts",
            self.short.table([self.short.base, ten, *picked(again), *plainly(self.short)]),
            "### A whole workload left out of the fit",
            ELSEWHERE,
            self.long.table(picked(elsewhere)),
            "## How often the next pass is without errors",
            hazards(self.long.cases),
            "## The rule in words",
            in_words(ours, self.long.base),
        )
        return "\n\n".join(sections), picture(fixed, runs, ours)


SEEN: Final = (
    "Its shape was found by looking at this recording, so these rows are not out of sample. The plain rows above (the "
    "same shape, its numbers chosen on other prompts) and the sections below are the test of it."
)

ELSEWHERE: Final = (
    "The ceiling holds for the workloads that were fitted to, not for the one left out. A table that never met loops "
    "that cannot pass doesn't know them, and buys them many passes; the plain rule's shape bounds that."
)


def plain_grid(cases: Sequence[Case]) -> str:
    """Every plain rule, on the recording that their shape was found on."""
    caps = sorted({rule.cap for rule in PLAIN})
    lines = ["| goes on after | " + " | ".join(f"cap {limit}" for limit in caps) + " |", "|---|" + "--:|" * len(caps)]
    for fruitless, one_left in sorted({(rule.fruitless, rule.one_left) for rule in PLAIN}):
        points = [Point("", replay(cases, Plain(fruitless, limit, one_left))) for limit in caps]
        signs = "fell or one left" if one_left else "fell"
        cells = " | ".join(f"{point.passed:.2f} % at {point.passes:.2f}" for point in points)
        lines.append(f"| {fruitless} fruitless only if {signs} | {cells} |")
    return "\n".join(lines)


def plainly(recording: Recording) -> list[Point]:
    """The recommended rules on a recording."""
    return [Point(f"plain: {rule.name}", replay(recording.cases, rule)) for rule in (RECOMMENDED, FRUGAL)]


def settings(fitted: Mapping[str, CrossFitted]) -> str:
    """What the training folds chose: a threshold in loops passed per pass, or a plain rule."""
    lines = [
        f"- {name}, ≤ {ceiling}: {'; '.join(names)}"
        for name, result in fitted.items()
        for ceiling, names in result.choices.items()
    ]
    return "The setting chosen, a fold each (a threshold in loops passed per pass, or a plain rule):\n\n" + "\n".join(
        lines
    )


def in_words(ours: Sequence[Point], base: Point) -> str:
    """The rule in words, and what a replay cannot show."""
    usual, frugal = (f"{point.passed:.2f} % at {point.passes:.2f} passes" for point in ours)
    return f"""\
After {RECOMMENDED.fruitless} fruitless passes in a row go on only if some pass has lowered the errors
(against the draft before it), or if one error is open and no pass has ever raised the errors.
Stop after {RECOMMENDED.cap} passes whatever happens. Here: {usual}; cap 3: {base.passed:.2f} % at {base.passes:.2f}.

Where a pass is dear, ask already after {FRUGAL.fruitless} fruitless pass: {frugal}.

What a replay cannot show: restarts, other tactics, freezing and the return to the best draft before the next move are
not in the recordings, where each pass revises the draft before it. The tasks are short, and code counts the errors.
In a run the number of open criteria stands for the errors."""


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data" / "loop_traces", help="the recordings"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="fewer resamples and one split into folds")
    parser.add_argument("--write", action="store_true", help=f"draw {PICTURE.relative_to(ROOT)}")
    args = parser.parse_args()
    if not any(args.data.glob("*.jsonl.gz")):
        parser.error(f"no recordings in {args.data}; say where they are with --data")
    times, splits = (500, 1) if args.small else (args.resamples, 10)
    long, short = (Recording.of(load(args.data, name), times, args.seed) for name in ("B20", "B10"))
    prompts = {case.loop.prompt for case in long.cases}
    print(f"# Stop rules replayed on {len(long.cases):,} recorded loops of {len(prompts)} prompts\n")
    print("Best draft returned, stop at zero errors; a rule sees the errors so far and nothing else.")
    print(f"Intervals: paired, {times:,} resamples of prompts, seed {args.seed}.")
    print("*Best reached*: the returned draft is as good as the best one of the whole recording.\n")
    text, drawn = Report(long=long, short=short, folds=args.folds, splits=splits, seed=args.seed).render()
    print(text)
    if args.write:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
